//! Servers with several quirks at once, drawn by chance that can be repeated.

use crate::open;
use crate::quirks::{ROWS, Row, complaints};
use crate::simulated::dice::Dice;
use crate::taken;
use outbound_provisioning::conformance::Quirk;

/// How many servers are drawn.
const SERVERS: u64 = 30;

/// Quirks of one kind exclude each other, or would make a server that no client can work with.
fn kind(quirk: Quirk) -> u8 {
    match quirk {
        Quirk::NoPatch(_) | Quirk::NoPut(_) | Quirk::PutWithoutBody => 0,
        Quirk::NoDelete(_) | Quirk::DeleteDeactivates => 1,
        Quirk::NoServiceProviderConfig
        | Quirk::NoDiscovery
        | Quirk::OldDiscoveryName
        | Quirk::BareDiscovery
        | Quirk::LowerCaseEndpoints => 2,
        Quirk::NoFilter(_)
        | Quirk::FilterIgnored
        | Quirk::FilterCaseSensitive
        | Quirk::NoExternalIdFilter(_)
        | Quirk::ExternalIdFilterEmpty => 3,
        Quirk::PageSize(_)
        | Quirk::CursorOnly
        | Quirk::PagesRepeat
        | Quirk::WrongItemsPerPage
        | Quirk::LowerCaseListKey
        | Quirk::NoTotalResults
        | Quirk::TextTotalResults => 4,
        Quirk::NoEtag | Quirk::IfMatchRequired => 5,
        Quirk::MemberCap { .. } | Quirk::OneRemovalPerRequest | Quirk::NoMixedMemberChanges => 6,
        Quirk::MembersDroppedOnCreate | Quirk::MembersNeverListed => 7,
        Quirk::PathlessTakesOneAttribute
        | Quirk::PathlessOnly
        | Quirk::NoValuePaths
        | Quirk::CapitalOpsOnly
        | Quirk::LowerOpsOnly => 8,
        Quirk::PatchShowsResource | Quirk::PatchShowsChange | Quirk::PatchMustChange => 9,
        Quirk::Drops(_)
        | Quirk::Refuses(_)
        | Quirk::Requires(_)
        | Quirk::NoEnterprise
        | Quirk::OneEmail
        | Quirk::KeepsOneEmail
        | Quirk::LowerCasesUserName
        | Quirk::UserNameFixed
        | Quirk::GroupNameFixed => 10,
        Quirk::ConflictWithoutType | Quirk::ConflictAs(_) => 11,
        Quirk::NoLocation | Quirk::CreatedWithoutBody | Quirk::CreatedAs200 => 12,
        Quirk::NoGroups => 13,
        Quirk::NumericIds | Quirk::TextActive | Quirk::HtmlNotFound => 14,
        _ => 15,
    }
}

/// Whether there can be such a server: without PATCH a group comes whole, and then all members in one request.
fn can_be(rows: &[Row]) -> bool {
    let has = |is: fn(&Quirk) -> bool| rows.iter().any(|row| is(&row.quirk));
    !(has(|quirk| matches!(quirk, Quirk::NoPatch(_)))
        && has(|quirk| matches!(quirk, Quirk::MemberCap { .. })))
}

/// The quirks of a server: two to six kinds, one of each.
fn drawn(seed: u64) -> Vec<Row> {
    let mut dice = Dice::new(seed);
    let count = 2 + dice.index(5);
    let mut rows: Vec<Row> = Vec::new();
    while rows.len() < count {
        let Some(row) = dice.pick(ROWS).copied() else { break };
        if rows.iter().all(|other| kind(other.quirk) != kind(row.quirk)) {
            rows.push(row);
            if !can_be(&rows) {
                rows.pop();
            }
        }
    }
    rows
}

#[test]
fn at_servers_with_several_quirks_everything_arrives_that_can() {
    let mut report = Vec::new();
    for seed in 0..SERVERS {
        let rows = drawn(seed);
        // What one quirk alone makes fail, may fail or succeed beside others.
        let complaints = complaints(&rows, 240);
        if rows.iter().all(|row| row.open.is_empty()) && !taken::is_open(&rows) {
            let quirks: Vec<Quirk> = rows.iter().map(|row| row.quirk).collect();
            open::note(&mut report, &format!("seed {seed}: {quirks:?}"), &complaints, "");
        }
    }
    open::settle(&report);
}
