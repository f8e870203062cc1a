//! Servers on which the name of a deleted user stays taken: who comes back is found, by whatever works there, and
//! switched on again.

use outbound_provisioning::conformance::Quirk;

use crate::open::{self, Open};
use crate::quirks::{ROWS, Row, complaints};

/// How deleting does not delete, in which other ways the server is odd, and what does not succeed there yet.
const SERVERS: &[(&[Quirk], Open)] = &[
    (&[Quirk::ConflictWithoutType], ""),
    (&[Quirk::ConflictAs(400)], ""),
    (&[Quirk::ConflictAs(500)], ""),
    (&[Quirk::NoFilter(400)], ""),
    (&[Quirk::NoFilter(501), Quirk::PageSize(5)], ""),
    (&[Quirk::FilterIgnored, Quirk::PageSize(5)], ""),
    (&[Quirk::FilterIgnored, Quirk::PageSize(5), Quirk::PagesRepeat, Quirk::NoTotalResults], ""),
    (&[Quirk::FilterIgnored, Quirk::PageSize(5), Quirk::CursorOnly], ""),
    (&[Quirk::FilterCaseSensitive], ""),
    (&[Quirk::NoExternalIdFilter(400)], ""),
    (&[Quirk::ExternalIdFilterEmpty], ""),
    (&[Quirk::Drops("externalId")], "the account that was ours before is no proof (P8.6)"),
    (&[Quirk::NumericIds, Quirk::TextActive, Quirk::LowerCaseListKey], ""),
];
const KEEPING: [Quirk; 2] = [Quirk::DeleteDeactivates, Quirk::NoDelete(405)];

/// Whether such a server is in the list of what does not succeed yet.
pub(crate) fn is_open(rows: &[Row]) -> bool {
    let has = |quirk: &Quirk| rows.iter().any(|row| row.quirk == *quirk);
    let keeps =
        rows.iter().any(|row| matches!(row.quirk, Quirk::DeleteDeactivates | Quirk::NoDelete(_)));
    keeps && SERVERS.iter().any(|(quirks, open)| !open.is_empty() && quirks.iter().all(has))
}

fn row_of(quirk: Quirk) -> Option<Row> {
    ROWS.iter().find(|row| row.quirk == quirk).copied()
}

#[test]
fn who_comes_back_is_found_and_switched_on_again() {
    let mut report = Vec::new();
    for (quirks, reason) in SERVERS {
        for keeping in KEEPING {
            let all = quirks.iter().copied().chain([keeping]);
            let rows: Vec<Row> = all.filter_map(row_of).collect();
            assert_eq!(rows.len(), quirks.len() + 1, "a quirk without a row");
            let name = format!("{keeping:?} and {quirks:?}");
            open::note(&mut report, &name, &complaints(&rows, 200), reason);
        }
    }
    open::settle(&report);
}
