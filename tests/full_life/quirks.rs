//! Each quirk alone: what the target cannot hold is known beforehand, everything else must be there.

use std::collections::BTreeSet;

use outbound_provisioning::conformance::Quirk;

use crate::open::{self, Open};
use crate::stage::live;

/// A server, and what is expected of a life there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) quirk: Quirk,
    /// What such a server cannot hold.
    pub(crate) limits: &'static [&'static str],
    /// Requests for each hundred of the fewest.
    pub(crate) most: u64,
    /// Why this does not succeed yet.
    pub(crate) open: Open,
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const ENTERPRISE_PARTS: &[&str] =
    &["enterprise.department", "enterprise.employeeNumber", "enterprise.manager"];

const fn row(quirk: Quirk, limits: &'static [&'static str], most: u64) -> Row {
    Row { quirk, limits, most, open: "" }
}

/// Every quirk.
pub(crate) const ROWS: &[Row] = &[
    // A PUT costs a GET at most, where the confirmed copy is not whole.
    row(Quirk::NoPatch(405), &[], 160),
    row(Quirk::NoPatch(501), &[], 160),
    row(Quirk::NoPatch(404), &[], 160),
    row(Quirk::NoPut(405), &[], 110),
    row(Quirk::NoPut(404), &[], 110),
    row(Quirk::NoDelete(405), &["accounts", "groups"], 150),
    row(Quirk::NoDelete(501), &["accounts", "groups"], 150),
    row(Quirk::DeleteDeactivates, &["accounts"], 125),
    row(Quirk::NoServiceProviderConfig, &[], 110),
    row(Quirk::NoDiscovery, &[], 110),
    row(Quirk::OldDiscoveryName, &[], 110),
    row(Quirk::BareDiscovery, &[], 110),
    row(Quirk::LowerCaseEndpoints, &[], 115),
    row(Quirk::NoGroups, &["groups"], 110),
    row(Quirk::NoFilter(400), &[], 110),
    row(Quirk::NoFilter(403), &[], 110),
    row(Quirk::NoFilter(501), &[], 110),
    row(Quirk::FilterIgnored, &[], 110),
    row(Quirk::FilterCaseSensitive, &[], 110),
    row(Quirk::NoExternalIdFilter(400), &[], 110),
    row(Quirk::ExternalIdFilterEmpty, &[], 110),
    row(Quirk::PageSize(5), &[], 110),
    row(Quirk::CursorOnly, &[], 110),
    row(Quirk::PagesRepeat, &[], 110),
    row(Quirk::WrongItemsPerPage, &[], 110),
    row(Quirk::LowerCaseListKey, &[], 110),
    row(Quirk::NoTotalResults, &[], 110),
    row(Quirk::TextTotalResults, &[], 110),
    row(Quirk::NoEtag, &[], 110),
    // A change of members, and a delete, are told the version after a refusal.
    row(Quirk::IfMatchRequired, &[], 190),
    row(Quirk::MemberCap { most: 4, status: 413 }, &[], 150),
    row(Quirk::MemberCap { most: 4, status: 400 }, &[], 150),
    row(Quirk::OneRemovalPerRequest, &[], 170),
    row(Quirk::NoMixedMemberChanges, &[], 120),
    row(Quirk::MembersDroppedOnCreate, &[], 115),
    row(Quirk::MembersNeverListed, &[], 115),
    row(Quirk::MembersRemovedByValueList, &[], 115),
    row(Quirk::PathlessTakesOneAttribute, &[], 110),
    // A list is read before it is written whole.
    row(Quirk::PathlessOnly, &[], 130),
    row(Quirk::NoValuePaths, &[], 125),
    row(Quirk::CapitalOpsOnly, &[], 115),
    row(Quirk::LowerOpsOnly, &[], 110),
    row(Quirk::TextBooleansOnly, &[], 115),
    row(Quirk::PatchMustChange, &[], 120),
    row(Quirk::PatchShowsResource, &[], 110),
    row(Quirk::PatchShowsChange, &[], 110),
    row(Quirk::Drops("nickName"), &["nickName"], 110),
    row(Quirk::Drops("phoneNumbers"), &["phoneNumbers"], 110),
    row(Quirk::Drops("displayName"), &["displayName"], 110),
    // Without a proof of what is ours, the name is looked up before each create (P8.6).
    row(Quirk::Drops("externalId"), &[], 145),
    row(Quirk::Drops(ENTERPRISE), ENTERPRISE_PARTS, 110),
    row(Quirk::Refuses("nickName"), &["nickName"], 120),
    row(Quirk::Refuses("phoneNumbers"), &["phoneNumbers"], 120),
    row(Quirk::Refuses("title"), &["title"], 120),
    row(Quirk::Requires("displayName"), &[], 110),
    row(Quirk::Requires("name.givenName"), &[], 110),
    row(Quirk::NoEnterprise, ENTERPRISE_PARTS, 120),
    row(Quirk::OneEmail, &["emails"], 120),
    row(Quirk::KeepsOneEmail, &["emails"], 120),
    row(Quirk::LowerCasesUserName, &["userName"], 110),
    row(Quirk::UserNameFixed, &["userName"], 125),
    row(Quirk::GroupNameFixed, &["displayName of groups"], 115),
    row(Quirk::ExternalIdNotEchoed, &[], 110),
    row(Quirk::ConflictWithoutType, &[], 110),
    row(Quirk::ConflictAs(400), &[], 110),
    row(Quirk::ConflictAs(500), &[], 110),
    row(Quirk::NumericIds, &[], 110),
    row(Quirk::TextActive, &[], 110),
    row(Quirk::NoLocation, &[], 110),
    // The look-up after each new resource.
    row(Quirk::CreatedWithoutBody, &[], 150),
    row(Quirk::CreatedAs200, &[], 110),
    row(Quirk::PutWithoutBody, &[], 110),
    row(Quirk::HtmlNotFound, &[], 115),
    row(Quirk::RateLimited { every: 5, retry_after: Some(2) }, &[], 140),
    row(Quirk::RateLimited { every: 5, retry_after: None }, &[], 140),
    row(Quirk::UserAgentRequired, &[], 110),
    row(Quirk::PlainJsonOnly, &[], 115),
];

/// What differs from what is expected of a life at a server with these quirks. Of several, each limit of each may be
/// met, and need not be.
pub(crate) fn complaints(rows: &[Row], most: u64) -> Vec<String> {
    let quirks: Vec<Quirk> = rows.iter().map(|row| row.quirk).collect();
    let told = live(&quirks);
    let mut complaints = told.failures;
    let expected: BTreeSet<String> =
        rows.iter().flat_map(|row| row.limits).map(|limit| (*limit).to_owned()).collect();
    for limit in told.limits.difference(&expected) {
        complaints.push(format!("the target could hold it, and does not: {limit}"));
    }
    if rows.len() == 1 && complaints.is_empty() {
        for limit in expected.difference(&told.limits) {
            complaints.push(format!("the target holds it, and should not be able to: {limit}"));
        }
    }
    if told.sent * 100 > told.minimum * most {
        complaints.push(format!(
            "{} requests, and {} would do ({most} for each hundred are allowed)",
            told.sent, told.minimum
        ));
    }
    complaints
}

#[test]
fn without_quirks_it_takes_as_many_requests_as_it_must() {
    let told = live(&[]);
    assert!(told.failures.is_empty() && told.limits.is_empty(), "{told:?}");
    assert!(told.sent * 100 <= told.minimum * 110, "{} instead of {}", told.sent, told.minimum);
}

/// `FULL_LIFE=NoPatch` shows every request of a life at each server with such a quirk.
fn show(name: &str) {
    for row in ROWS.iter().filter(|row| format!("{:?}", row.quirk).starts_with(name)) {
        let told = live(&[row.quirk]);
        println!("{:?}: {} requests, {} would do", row.quirk, told.sent, told.minimum);
        for exchange in &told.exchanges {
            println!("{:<24} {exchange:?}", exchange.operation.name());
        }
        for fact in told.facts.values() {
            println!("learnt: {} = {}", fact.name, fact.value);
        }
        println!("{:#?}\n{:?}", told.failures, told.limits);
    }
}

#[test]
fn at_a_server_with_any_one_quirk_everything_arrives_that_can() {
    if let Ok(name) = std::env::var("FULL_LIFE") {
        return show(&name);
    }
    let mut report = Vec::new();
    for row in ROWS {
        let name = format!("{:?}", row.quirk);
        open::note(&mut report, &name, &complaints(&[*row], row.most), row.open);
    }
    open::settle(&report);
}
