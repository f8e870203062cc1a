//! What becomes of the accounts of those who are to lose them: every policy with every cause, coming back, grace,
//! protection; and that nobody keeps access whom nobody thought of.
#![cfg(all(
    feature = "mock",
    feature = "blocking",
    feature = "non-blocking",
    feature = "scim2",
    feature = "conformance"
))]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/acme.rs"]
mod acme;
#[path = "support/remote.rs"]
mod remote;

use std::time::Duration;

use acme::{Host, MINUTE, acme, ada, lane, organization, user_key};
use outbound_provisioning::delivery::{HoldReason, ParkReason};
use outbound_provisioning::dispatch::LaneState;
use outbound_provisioning::host::{Runtime, SharedConfiguration};
use outbound_provisioning::mock::{Fault, MockConnector};
use outbound_provisioning::model::{
    ApplicationConfiguration, Cause, Connection, ConnectorSettings, Deprovision, Deprovisioning,
    Event, Filter, Group, LinkPolicy, Member, OrganizationConfiguration, Properties, Provisioner,
    Scope, Trigger, User,
};
use outbound_provisioning::resolver::SkipReason;
use outbound_provisioning::rules::{RuleDecision, RuleEngine, RuleRequest};
use outbound_provisioning::{Error, ErrorKind, Outcome};
use remote::Remote;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const GRACE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

const CAUSES: [Cause; 5] =
    [Cause::Deleted, Cause::Disabled, Cause::Erased, Cause::LeftScope, Cause::Unassigned];
const POLICIES: [Deprovision; 5] = [
    Deprovision::Leave,
    Deprovision::Deactivate,
    Deprovision::StripGroups,
    Deprovision::DeactivateThenDelete,
    Deprovision::Delete,
];

/// This policy for this cause, and for every other one that would be noticed.
fn only(cause: Cause, policy: Deprovision) -> Deprovisioning {
    let all = Deprovisioning::default().with_grace(GRACE);
    match cause {
        Cause::Deleted => all.when_deleted(policy),
        Cause::Disabled => all.when_disabled(policy),
        Cause::Erased => all.when_erased(policy),
        Cause::LeftScope => all.when_out_of_scope(policy),
        _ => all.when_unassigned(policy),
    }
}

fn employees() -> Scope {
    Scope::new().of_users(Filter::equals("userType", "Employee"))
}

fn typed(mut user: User, user_type: &str) -> User {
    user.user_type = Some(user_type.to_owned());
    user
}

fn employee() -> User {
    typed(ada(), "Employee")
}

fn settings() -> ConnectorSettings {
    ConnectorSettings::from(Properties::new())
}

/// What is set up for a cause: an application of its own where one is lost.
fn set_up(cause: Cause, settings: ConnectorSettings) -> OrganizationConfiguration {
    let provisioner = Provisioner::new("crm", "mock").blocking();
    let connection = Connection::new("CRM").with_connector("mock", settings);
    let organization = OrganizationConfiguration::new().with_connection("crm", connection);
    if cause == Cause::Unassigned {
        let payroll = ApplicationConfiguration::new().with_provisioner(provisioner);
        organization.with_application("payroll", payroll)
    } else {
        organization.with_provisioner(provisioner)
    }
}

fn host(remote: &Remote, organization: OrganizationConfiguration) -> Host {
    Host::configured(acme(organization), remote.registry(), remote.as_mock(), |builder| builder)
}

/// The event that is the cause.
fn happens(cause: Cause) -> Event {
    match cause {
        Cause::Deleted => Event::user_deleted("u-1"),
        Cause::Disabled => Event::user_updated(employee().with_active(false)),
        Cause::Erased => Event::user_erased("u-1"),
        Cause::LeftScope => Event::user_updated(typed(ada(), "Guest")),
        _ => Event::user_unassigned("u-1").through("payroll"),
    }
}

/// The event that undoes the cause.
fn returns(cause: Cause) -> Event {
    match cause {
        Cause::Deleted | Cause::Erased => Event::user_created(employee()),
        Cause::Unassigned => Event::user_assigned(employee()).through("payroll"),
        _ => Event::user_updated(employee()),
    }
}

fn enters(cause: Cause) -> Event {
    match cause {
        Cause::Unassigned => Event::user_created(employee()).through("payroll"),
        _ => Event::user_created(employee()),
    }
}

fn staff(cause: Cause) -> Event {
    let staff = Group::new("g-1", "Staff").with_member(Member::user("u-1"));
    match cause {
        Cause::Unassigned => Event::group_created(staff).through("payroll"),
        _ => Event::group_created(staff),
    }
}

fn why(cause: Cause) -> Option<SkipReason> {
    match cause {
        Cause::LeftScope => Some(SkipReason::OutOfScope),
        Cause::Unassigned => Some(SkipReason::Unassigned),
        _ => None,
    }
}

/// A host whose user is there, in a group.
async fn settled(remote: &Remote, cause: Cause, deprovisioning: Deprovisioning) -> Host {
    let settings = settings().with_deprovisioning(deprovisioning).with_scope(employees());
    let host = host(remote, set_up(cause, settings));
    assert!(host.accept(enters(cause)).await.is_done());
    assert!(host.accept(staff(cause)).await.is_done());
    assert!(remote.account("u-1").unwrap().in_group);
    remote.forget();
    host
}

// ---- policy × cause -----------------------------------------------------------------------------

#[tokio::test]
async fn every_policy_with_every_cause() {
    for cause in CAUSES {
        for policy in POLICIES {
            for remote in Remote::all() {
                row(cause, policy, &remote).await;
            }
        }
    }
}

async fn row(cause: Cause, policy: Deprovision, remote: &Remote) {
    let row = format!("{cause}: {policy:?} at the {remote}");
    let host = settled(remote, cause, only(cause, policy)).await;
    let before = remote.account("u-1").unwrap();
    let began = host.clock.manual.now();
    let outcome = host.accept(happens(cause)).await;
    host.work().await;
    let (changes, requests) = (remote.changes(), remote.requests());
    let status = host.status_of("u-1").await;
    let after = remote.account("u-1");

    assert_eq!(status.leaving, Some(cause), "{row}");
    let later = policy == Deprovision::DeactivateThenDelete;
    assert_eq!(status.deleted_at, later.then(|| began.after(GRACE)), "{row}");

    let takes = !matches!(policy, Deprovision::Leave | Deprovision::StripGroups);
    match (takes, why(cause)) {
        (true, _) => assert!(matches!(outcome, Outcome::Delivered { .. }), "{row}: {outcome}"),
        (false, Some(reason)) => assert_eq!(outcome, Outcome::Skipped(reason), "{row}"),
        (false, None) => assert_eq!(outcome, Outcome::NotNeeded, "{row}"),
    }
    // Who is gone at the host is in no group of the host's, whatever becomes of the account.
    let is_gone = matches!(cause, Cause::Deleted | Cause::Erased);
    match policy {
        Deprovision::Delete => {
            assert_eq!(changes, ["delete"], "{row}");
            assert_eq!(after, None, "{row}");
        }
        _ => {
            let after = after.unwrap_or_else(|| panic!("{row}: the account is gone"));
            assert_eq!(after.id, before.id, "{row}");
            assert_eq!(after.is_active(), !takes, "{row}");
            assert_eq!(changes, if takes { vec!["update"] } else { Vec::new() }, "{row}");
            let stripped = policy == Deprovision::StripGroups;
            assert_eq!(after.in_group, !(is_gone || stripped), "{row}");
            assert_eq!(after.attributes["userName"], "ada", "{row}");
            // Nothing else of the account has changed.
            assert_eq!(after.attributes["userType"], "Employee", "{row}");
            if policy == Deprovision::Leave && !is_gone {
                assert_eq!(requests, 0, "{row}");
            }
        }
    }
    // It stays so.
    remote.forget();
    host.later(MINUTE).await;
    assert!(remote.changes().is_empty(), "{row}");
}

#[tokio::test]
async fn who_comes_back_has_the_same_account_if_it_is_there_still() {
    for cause in CAUSES {
        for policy in POLICIES {
            for remote in Remote::all() {
                let row = format!("{cause}: {policy:?} at the {remote}");
                let host = settled(&remote, cause, only(cause, policy)).await;
                let before = remote.account("u-1").unwrap();
                host.accept(happens(cause)).await;
                host.work().await;
                host.clock.advance(GRACE / 2);
                remote.forget();
                let outcome = host.accept(returns(cause)).await;
                host.work().await;
                let after = remote.account("u-1").unwrap_or_else(|| panic!("{row}: nobody"));
                assert!(outcome.is_done(), "{row}: {outcome}");
                assert!(after.is_active(), "{row}");
                let is_kept = policy != Deprovision::Delete;
                assert_eq!(after.id == before.id, is_kept, "{row}");
                let is_member = !matches!(cause, Cause::Deleted | Cause::Erased);
                assert_eq!(after.in_group, is_member, "{row}");
                let expected = match policy {
                    Deprovision::Leave | Deprovision::StripGroups => Vec::new(),
                    Deprovision::Delete => vec!["create"],
                    _ => vec!["update"],
                };
                assert_eq!(remote.changes(), expected, "{row}");
                let status = host.status_of("u-1").await;
                assert_eq!((status.leaving, status.deleted_at), (None, None), "{row}");
                // What was to be deleted later is not, now.
                host.later(GRACE * 2).await;
                assert!(remote.account("u-1").is_some(), "{row}");
            }
        }
    }
}

// ---- grace --------------------------------------------------------------------------------------

#[tokio::test]
async fn the_account_is_deleted_when_the_grace_is_over_and_not_before() {
    for cause in CAUSES {
        for remote in Remote::all() {
            let row = format!("{cause} at the {remote}");
            let policy = only(cause, Deprovision::DeactivateThenDelete);
            let host = settled(&remote, cause, policy).await;
            let before = remote.account("u-1").unwrap();
            host.accept(happens(cause)).await;
            remote.forget();
            host.later(GRACE - Duration::from_millis(1)).await;
            assert!(remote.changes().is_empty(), "{row}");
            assert!(!remote.account("u-1").unwrap().is_active(), "{row}");
            host.later(Duration::from_millis(1)).await;
            assert_eq!(remote.changes(), ["delete"], "{row}");
            assert_eq!(remote.users(), 0, "{row}");
            let status = host.status_of("u-1").await;
            assert_eq!((status.deleted_at, status.remote_id), (None, None), "{row}");
            // Who comes back now is somebody new there.
            host.accept(returns(cause)).await;
            host.work().await;
            let after = remote.account("u-1").unwrap_or_else(|| panic!("{row}: nobody"));
            assert_ne!(after.id, before.id, "{row}");
            assert!(after.is_active(), "{row}");
        }
    }
}

#[tokio::test]
async fn a_running_worker_deletes_on_time() {
    let remote = Remote::mock();
    let cause = Cause::Deleted;
    let host = settled(&remote, cause, only(cause, Deprovision::DeactivateThenDelete)).await;
    host.accept(happens(cause)).await;
    let mut running = host.start();
    host.clock.advance(GRACE - Duration::from_millis(1));
    assert_eq!(remote.users(), 1);
    host.clock.advance(Duration::from_millis(1));
    assert_eq!(remote.users(), 0);
    running.stop().unwrap();
}

#[tokio::test]
async fn a_second_event_of_the_same_cause_does_not_begin_the_grace_anew() {
    for cause in CAUSES {
        let remote = Remote::mock();
        let host = settled(&remote, cause, only(cause, Deprovision::DeactivateThenDelete)).await;
        host.accept(happens(cause)).await;
        let due = host.status_of("u-1").await.deleted_at;
        assert!(due.is_some(), "{cause}");
        host.later(DAY).await;
        remote.forget();
        host.accept(happens(cause)).await;
        host.work().await;
        assert_eq!(host.status_of("u-1").await.deleted_at, due, "{cause}");
        assert!(remote.changes().is_empty(), "{cause}");
        host.later(GRACE - DAY).await;
        assert_eq!(remote.users(), 0, "{cause}");
    }
}

#[tokio::test]
async fn another_cause_has_a_policy_and_a_grace_of_its_own() {
    // Switched off with a grace, then deleted: the delete's own policy counts, at once.
    let remote = Remote::mock();
    let policy = Deprovisioning::default()
        .with_grace(GRACE)
        .when_disabled(Deprovision::DeactivateThenDelete);
    let host = settled(&remote, Cause::Disabled, policy).await;
    host.accept(happens(Cause::Disabled)).await;
    assert_eq!(remote.users(), 1);
    host.accept(happens(Cause::Deleted)).await;
    host.work().await;
    assert_eq!(remote.users(), 0);
    assert_eq!(host.status_of("u-1").await.leaving, Some(Cause::Deleted));
}

#[tokio::test]
async fn a_group_has_no_switch_and_is_left_until_it_is_deleted() {
    for (policy, at_once, after_grace) in [
        (Deprovision::Leave, 1, 1),
        (Deprovision::Deactivate, 1, 1),
        (Deprovision::StripGroups, 1, 1),
        (Deprovision::DeactivateThenDelete, 1, 0),
        (Deprovision::Delete, 0, 0),
    ] {
        for remote in Remote::all() {
            let row = format!("{policy:?} at the {remote}");
            let host = settled(&remote, Cause::Deleted, only(Cause::Deleted, policy)).await;
            host.accept(Event::group_deleted("g-1")).await;
            host.work().await;
            assert_eq!(remote.groups(), at_once, "{row}");
            host.later(GRACE).await;
            assert_eq!(remote.groups(), after_grace, "{row}");
            assert!(remote.account("u-1").unwrap().is_active(), "{row}: the member stays");
        }
    }
}

// ---- whose accounts -----------------------------------------------------------------------------

#[tokio::test]
async fn only_accounts_that_were_created_or_adopted_are_ever_taken_away() {
    for (link, owner, expected) in [
        (LinkPolicy::Never, "", 1),
        (LinkPolicy::IfUnmanaged, "somebody-else", 1),
        (LinkPolicy::IfUnmanaged, "", 0),
    ] {
        let remote = Remote::mock();
        let mock = remote.as_mock();
        mock.insert(User::new(owner, "ada")).unwrap();
        let settings = settings().with_link_policy(link);
        let host = host(&remote, set_up(Cause::Deleted, settings));
        host.accept(Event::user_created(ada())).await;
        host.accept(Event::user_deleted("u-1")).await;
        host.work().await;
        host.later(DAY).await;
        assert_eq!(remote.users(), expected, "{link:?}, of {owner:?}");
    }
}

#[tokio::test]
async fn what_is_protected_is_held_until_a_person_allows_it() {
    let root = Filter::equals("userName", "ada");
    for cause in CAUSES {
        for policy in
            [Deprovision::Deactivate, Deprovision::DeactivateThenDelete, Deprovision::Delete]
        {
            for remote in Remote::all() {
                let row = format!("{cause}: {policy:?} at the {remote}");
                let policy = only(cause, policy).protecting(root.clone());
                let host = settled(&remote, cause, policy).await;
                let outcome = host.accept(happens(cause)).await;
                assert_eq!(outcome, Outcome::Held(HoldReason::Protected), "{row}");
                host.later(30 * DAY).await;
                assert!(remote.changes().is_empty(), "{row}");
                let status = host.status_of("u-1").await;
                assert_eq!(status.state, LaneState::Parked(ParkReason::Protected), "{row}");
                assert!(host.dispatcher.allow(&lane(user_key("u-1"))).await.unwrap(), "{row}");
                assert!(!host.dispatcher.allow(&lane(user_key("u-1"))).await.unwrap(), "{row}");
                host.work().await;
                let left = remote.account("u-1").is_some_and(|account| account.is_active());
                assert!(!left, "{row}: it was allowed");
            }
        }
    }
}

#[tokio::test]
async fn what_is_protected_is_updated_as_any_other_and_heals_when_its_owner_comes_back() {
    let remote = Remote::mock();
    let policy = Deprovisioning::default().protecting(Filter::equals("userName", "ada"));
    let host = settled(&remote, Cause::Deleted, policy).await;
    let outcome = host.accept(Event::user_updated(employee().with_display_name("Ada"))).await;
    assert!(matches!(outcome, Outcome::Delivered { .. }));
    host.accept(Event::user_deleted("u-1")).await;
    remote.forget();
    let outcome = host.accept(returns(Cause::Deleted)).await;
    assert!(outcome.is_done(), "{outcome}");
    assert_eq!(remote.changes(), ["update"], "the display name, which it has no more");
    assert_eq!(host.status_of("u-1").await.state, LaneState::Settled);
}

// ---- nobody keeps access ------------------------------------------------------------------------

/// Denies everything.
#[derive(Debug)]
struct Denies;

#[async_trait::async_trait]
impl RuleEngine for Denies {
    async fn decide(&self, _: &RuleRequest<'_>) -> Result<RuleDecision, Error> {
        Ok(RuleDecision::deny())
    }
}

/// Never answers anything of use.
#[derive(Debug)]
struct Breaks;

#[async_trait::async_trait]
impl RuleEngine for Breaks {
    async fn decide(&self, _: &RuleRequest<'_>) -> Result<RuleDecision, Error> {
        Err(Error::new(ErrorKind::Unavailable, "down"))
    }
}

#[tokio::test]
async fn a_leaver_loses_access_whatever_else_would_keep_an_event_away() {
    let provisioner = || Provisioner::new("crm", "mock").blocking();
    let with = |provisioner: Provisioner, settings: ConnectorSettings| {
        OrganizationConfiguration::new()
            .with_connection("crm", Connection::new("CRM").with_connector("mock", settings))
            .with_provisioner(provisioner)
    };
    let nobody = || settings().with_scope(Scope::new().of_users(Filter::equals("title", "?")));
    let nowhere = OrganizationConfiguration::new()
        .with_connection("crm", Connection::new("CRM").with_connector("mock", settings()));
    let rows = [
        ("rules deny", with(provisioner().with_rules(), settings()), Trigger::Api),
        ("JIT is off", with(provisioner(), settings()), Trigger::JustInTime),
        ("the scope says no", with(provisioner(), nobody()), Trigger::Api),
        ("no provisioner points there", nowhere, Trigger::Api),
    ];
    for (row, later, trigger) in rows {
        for cause in [Cause::Deleted, Cause::Erased, Cause::Disabled] {
            for breaks in [false, true] {
                let row = format!("{cause}, and {row}");
                let shared = SharedConfiguration::new(acme(organization(provisioner())));
                let remote = Remote::mock();
                let host = Host::configured(
                    shared.clone(),
                    remote.registry(),
                    remote.as_mock(),
                    |builder| if breaks { builder.rules(Breaks) } else { builder.rules(Denies) },
                );
                host.accept(Event::user_created(employee())).await;
                assert!(remote.account("u-1").unwrap().is_active(), "{row}");
                shared.replace(acme(later.clone()));
                host.accept(happens(cause).triggered_by(trigger)).await;
                host.work().await;
                let keeps = remote.account("u-1").is_some_and(|account| account.is_active());
                assert!(!keeps, "{row}");
            }
        }
    }
}

#[tokio::test]
async fn a_leaver_through_another_application_loses_access_too() {
    for application in [None, Some("payroll"), Some("nobody-knows")] {
        let remote = Remote::mock();
        let settings = settings().with_scope(employees());
        let host = host(&remote, set_up(Cause::Unassigned, settings));
        host.accept(enters(Cause::Unassigned)).await;
        let mut event = Event::user_deleted("u-1");
        if let Some(application) = application {
            event = event.through(application);
        }
        host.report(event).await;
        host.work().await;
        assert_eq!(remote.users(), 0, "{application:?}");
    }
}

#[tokio::test]
async fn a_leaver_of_whom_a_create_is_under_way_loses_it_once_that_is_known() {
    for cause in CAUSES {
        for policy in POLICIES {
            for fault in [Fault::TimeOutBefore, Fault::TimeOutAfter] {
                let row = format!("{cause}: {policy:?} after {fault:?}");
                let remote = Remote::mock();
                let mock = remote.as_mock();
                let settings =
                    settings().with_deprovisioning(only(cause, policy)).with_scope(employees());
                let host = host(&remote, set_up(cause, settings));
                mock.then(fault.clone());
                host.accept(enters(cause)).await;
                mock.forget_calls();
                host.accept(happens(cause)).await;
                host.work().await;
                host.later(DAY).await;
                host.later(DAY).await;
                let landed = matches!(fault, Fault::TimeOutAfter);
                let account = remote.account("u-1");
                // Who is switched off at the host is created switched off, by default.
                let is_made = cause == Cause::Disabled && policy == Deprovision::Deactivate;
                if !landed && !is_made {
                    assert!(!remote.changes().contains(&"create"), "{row}");
                    assert_eq!(account, None, "{row}");
                    continue;
                }
                let leaves = matches!(policy, Deprovision::Leave | Deprovision::StripGroups);
                if policy == Deprovision::Delete {
                    assert_eq!(account, None, "{row}");
                } else {
                    let account = account.unwrap_or_else(|| panic!("{row}: nobody"));
                    assert_eq!(account.is_active(), leaves, "{row}");
                }
            }
        }
    }
}

// ---- who never had one --------------------------------------------------------------------------

#[tokio::test]
async fn nobody_gets_an_account_to_lose_it() {
    for cause in CAUSES {
        for policy in POLICIES {
            let row = format!("{cause}: {policy:?}");
            let remote = Remote::mock();
            let settings =
                settings().with_deprovisioning(only(cause, policy)).with_scope(employees());
            let host = host(&remote, set_up(cause, settings));
            host.report(happens(cause)).await;
            host.work().await;
            host.later(GRACE * 2).await;
            // The host has such a user, and says how it is.
            let is_told = cause == Cause::Disabled && policy == Deprovision::Deactivate;
            let expected: &[_] = if is_told { &["create"] } else { &[] };
            assert_eq!(remote.changes(), expected, "{row}");
            assert!(!remote.account("u-1").is_some_and(|account| account.is_active()), "{row}");
        }
    }
}

// ---- names --------------------------------------------------------------------------------------

#[tokio::test]
async fn a_new_name_is_no_new_account() {
    for remote in Remote::all() {
        let host = settled(&remote, Cause::Deleted, Deprovisioning::default()).await;
        let before = remote.account("u-1").unwrap();
        let renamed = typed(User::new("u-1", "ada.l"), "Employee");
        assert!(host.accept(Event::user_updated(renamed)).await.is_done());
        assert!(host.accept(Event::group_updated(Group::new("g-1", "People"))).await.is_done());
        let after = remote.account("u-1").unwrap();
        assert_eq!((&after.id, after.in_group), (&before.id, true), "{remote}");
        assert_eq!(after.attributes["userName"], "ada.l", "{remote}");
        assert_eq!(remote.changes(), ["update"], "{remote}");
        assert_eq!((remote.users(), remote.groups()), (1, 1), "{remote}");
    }
}

#[tokio::test]
async fn whoever_has_left_keeps_the_account_through_a_new_name() {
    // Switched off, renamed at the host meanwhile, and back under the new name.
    let remote = Remote::mock();
    let cause = Cause::LeftScope;
    let host = settled(&remote, cause, only(cause, Deprovision::Deactivate)).await;
    let before = remote.account("u-1").unwrap();
    host.accept(happens(cause)).await;
    remote.forget();
    host.accept(Event::user_updated(User::new("u-1", "ada.l"))).await;
    host.work().await;
    assert_eq!(remote.requests(), 0);
    assert_eq!(remote.account("u-1").unwrap().attributes["userName"], "ada");
    let back = typed(User::new("u-1", "ada.l"), "Employee");
    host.accept(Event::user_updated(back)).await;
    let after = remote.account("u-1").unwrap();
    assert_eq!((&after.id, after.is_active()), (&before.id, true));
    assert_eq!(after.attributes["userName"], "ada.l");
}

#[tokio::test]
async fn a_target_that_has_lost_the_account_of_a_leaver_gets_no_new_one() {
    for cause in CAUSES {
        for policy in POLICIES {
            let row = format!("{cause}: {policy:?}");
            let mock = MockConnector::new();
            let remote = Remote::Mock(mock.clone());
            let host = settled(&remote, cause, only(cause, policy)).await;
            let id = host.status_of("u-1").await.remote_id.unwrap();
            assert!(mock.remove(&id, outbound_provisioning::model::ResourceKind::User));
            host.accept(happens(cause)).await;
            host.work().await;
            host.later(GRACE * 2).await;
            let is_told = cause == Cause::Disabled && policy == Deprovision::Deactivate;
            let is_made = remote.changes().contains(&"create");
            assert!(!is_made || is_told, "{row}");
            assert!(!remote.account("u-1").is_some_and(|account| account.is_active()), "{row}");
        }
    }
}
