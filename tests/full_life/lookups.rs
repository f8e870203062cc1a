//! Storms at servers on which nothing is found easily: what was lost must be looked up, by whatever works there.

use outbound_provisioning::conformance::Quirk;

use crate::open::{self, Open};
use crate::storms::weathered;

/// Servers on which look-ups are hard, and what does not succeed there yet.
const SERVERS: &[(&[Quirk], Open)] = &[
    (&[Quirk::NoFilter(400)], ""),
    (&[Quirk::NoFilter(403), Quirk::PageSize(5)], ""),
    (&[Quirk::NoFilter(501), Quirk::NoDiscovery], ""),
    (&[Quirk::FilterIgnored], ""),
    (&[Quirk::FilterIgnored, Quirk::PageSize(5)], ""),
    (&[Quirk::FilterIgnored, Quirk::PageSize(5), Quirk::PagesRepeat], ""),
    (&[Quirk::FilterIgnored, Quirk::PageSize(5), Quirk::NoTotalResults], ""),
    (&[Quirk::FilterIgnored, Quirk::PageSize(5), Quirk::CursorOnly], ""),
    (&[Quirk::FilterCaseSensitive], ""),
    (&[Quirk::NoExternalIdFilter(400)], ""),
    (&[Quirk::ExternalIdFilterEmpty], ""),
    (&[Quirk::Drops("externalId")], "without a proof a create in doubt waits for a person (P8.6)"),
    (&[Quirk::ExternalIdNotEchoed], ""),
    (&[Quirk::LowerCaseListKey, Quirk::NoTotalResults], ""),
    (&[Quirk::TextTotalResults, Quirk::WrongItemsPerPage], ""),
    (&[Quirk::ConflictWithoutType], ""),
    (&[Quirk::ConflictAs(400)], ""),
    (&[Quirk::HtmlNotFound], ""),
    (&[Quirk::NoPatch(405)], ""),
    (&[Quirk::NoEtag], ""),
    (&[Quirk::DeleteDeactivates], ""),
    (&[Quirk::MembersDroppedOnCreate, Quirk::OneRemovalPerRequest], ""),
];
const SEEDS: u64 = 2;

#[test]
fn in_storms_what_was_lost_is_found_by_whatever_works() {
    let mut report = Vec::new();
    for (quirks, reason) in SERVERS {
        // Even seeds wait for each phase, so that only the look-ups are in the way.
        let complaints: Vec<String> =
            (0..SEEDS).flat_map(|seed| weathered(seed * 2, false, quirks)).collect();
        open::note(&mut report, &format!("{quirks:?}"), &complaints, reason);
    }
    open::settle(&report);
}
