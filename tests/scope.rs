//! Who is provisioned: filters, groups by name and id, groups within groups; entering and leaving; and that a scope that
//! is changed touches nobody before a person says so.
#![cfg(all(feature = "mock", feature = "blocking", feature = "non-blocking"))]
#![expect(
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/acme.rs"]
mod acme;

use std::collections::BTreeSet;
use std::time::Duration;

use acme::{
    Host, MINUTE, Watcher, acme, ada, group_key, members, nth, target_key, user_key, users, words,
};
use outbound_provisioning::delivery::ParkReason;
use outbound_provisioning::dispatch::{Action, LaneState};
use outbound_provisioning::host::SharedConfiguration;
use outbound_provisioning::mock::{Call, MockConnector};
use outbound_provisioning::model::{
    Cause, Connection, ConnectorSettings, Deprovision, Deprovisioning, Event, Filter, Group, Guard,
    Member, OrganizationConfiguration, Properties, Provisioner, Resource, Scope, User,
};
use outbound_provisioning::resolver::SkipReason;
use outbound_provisioning::{ConnectorRegistry, ErrorKind, Outcome};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn filter(text: &str) -> Filter {
    Filter::parse(text).unwrap()
}

fn scoped(scope: Scope) -> ConnectorSettings {
    ConnectorSettings::from(Properties::new()).with_scope(scope)
}

fn organization(settings: ConnectorSettings) -> OrganizationConfiguration {
    OrganizationConfiguration::new()
        .with_connection("crm", Connection::new("CRM").with_connector("mock", settings))
        .with_provisioner(Provisioner::new("crm", "mock").blocking())
}

struct Scene {
    host: Host,
    shared: SharedConfiguration,
    watcher: Watcher,
}

impl Scene {
    fn new(settings: ConnectorSettings) -> Self {
        let (crm, watcher) = (MockConnector::new(), Watcher::default());
        let shared = SharedConfiguration::new(acme(organization(settings)));
        let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
        let observer = watcher.clone();
        let host =
            Host::configured(shared.clone(), registry, crm, |builder| builder.observer(observer));
        Self { host, shared, watcher }
    }

    fn of(scope: Scope) -> Self {
        Self::new(scoped(scope))
    }

    /// The event, and everything that follows from it.
    async fn tell(&self, event: Event) -> Option<Outcome> {
        let report = self.host.report(event).await;
        self.host.work().await;
        report.at("crm", "mock").cloned()
    }

    async fn join(&self, group: &str, member: &str) {
        self.tell(Event::members_changed(group, [Member::user(member)], [])).await;
    }

    async fn leave(&self, group: &str, member: &str) {
        self.tell(Event::members_changed(group, [], [Member::user(member)])).await;
    }

    async fn people(&self, names: &[&str]) {
        for name in names {
            self.tell(Event::user_created(User::new(format!("u-{name}"), *name))).await;
        }
    }

    /// Who has an account that is switched on.
    fn there(&self) -> BTreeSet<String> {
        let active = users(&self.host.crm).into_iter().filter(|user| user.active);
        active.map(|user| user.user_name).collect()
    }

    fn is_there(&self, names: &[&str]) {
        let names: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(self.there(), names);
    }

    fn groups(&self) -> BTreeSet<String> {
        let resources = self.host.crm.remote_resources().into_iter();
        let name = |(_, resource)| match resource {
            Resource::Group(group) => Some(group.display_name),
            Resource::User(_) => None,
        };
        resources.filter_map(name).collect()
    }
}

fn out() -> Option<Outcome> {
    Some(Outcome::Skipped(SkipReason::OutOfScope))
}

fn titled(title: &str) -> User {
    let mut ada = ada();
    ada.title = Some(title.to_owned());
    ada
}

// ---- users --------------------------------------------------------------------------------------

#[tokio::test]
async fn a_filter_says_which_users_are_provisioned() {
    let rows = [
        (r#"title eq "Engineer""#, true),
        (r#"title eq "engineer""#, true),
        (r#"title sw "Eng" and active eq true"#, true),
        (r#"not (title sw "Intern")"#, true),
        ("title pr", true),
        (r#"title eq "Intern""#, false),
        ("nickName pr", false),
        (r#"title sw "Eng" and nickName pr"#, false),
        (r#"emails[type eq "work"].value pr"#, false),
        (r#"userName eq "ada" or nickName pr"#, true),
    ];
    for (text, is_in) in rows {
        let scene = Scene::of(Scope::new().of_users(filter(text)));
        let outcome = scene.tell(Event::user_created(titled("Engineer"))).await;
        let status = scene.host.status_of("u-1").await;
        if is_in {
            assert!(matches!(outcome, Some(Outcome::Delivered { .. })), "{text}");
            assert_eq!(status.leaving, None, "{text}");
        } else {
            assert_eq!(outcome, out(), "{text}");
            assert_eq!(status.leaving, Some(Cause::LeftScope), "{text}");
            assert_eq!(
                (status.state, status.last.as_deref()),
                (LaneState::Settled, Some("skipped"))
            );
        }
        assert_eq!(scene.host.crm.calls().len(), usize::from(is_in), "{text}");
    }
}

#[tokio::test]
async fn members_of_a_group_are_provisioned_by_its_name_or_its_id() {
    for named in ["Staff", "g-1"] {
        let scene = Scene::of(Scope::new().of_members([named]));
        let staff = Group::new("g-1", "Staff").with_member(Member::user("u-ada"));
        scene.tell(Event::group_created(staff)).await;
        scene.tell(Event::group_created(Group::new("g-2", "Others"))).await;
        scene.people(&["ada", "bob"]).await;
        scene.is_there(&["ada"]);
        assert_eq!(scene.groups().len(), 2, "groups are no matter of it");
    }
}

#[tokio::test]
async fn members_of_one_of_several_groups_are_provisioned_and_both_conditions_count() {
    let scope = Scope::new().of_members(["Staff", "g-2"]).of_users(filter(r#"userName ne "eve""#));
    let scene = Scene::of(scope);
    let staff = Group::new("g-1", "Staff").with_member(Member::user("u-ada"));
    let second = Group::new("g-2", "X")
        .with_member(Member::user("u-bob"))
        .with_member(Member::user("u-eve"));
    scene.tell(Event::group_created(staff)).await;
    scene.tell(Event::group_created(second)).await;
    scene.people(&["ada", "bob", "eve", "dan"]).await;
    scene.is_there(&["ada", "bob"]);
    assert_eq!(members(&scene.host.crm, "g-2"), Some(1), "in the group is who has an account");
}

#[tokio::test]
async fn groups_within_groups_count_only_where_that_is_said() {
    for nested in [false, true] {
        let scope = Scope::new().of_members(["Staff"]);
        let scene = Scene::of(if nested { scope.with_nested_groups() } else { scope });
        // Staff ⊃ Engineers ⊃ Interns ⊃ Staff: a circle.
        let staff = Group::new("g-1", "Staff")
            .with_member(Member::user("u-ada"))
            .with_member(Member::group("g-2"));
        let engineers = Group::new("g-2", "Engineers")
            .with_member(Member::user("u-bob"))
            .with_member(Member::group("g-3"));
        let interns = Group::new("g-3", "Interns")
            .with_member(Member::user("u-eve"))
            .with_member(Member::group("g-1"));
        for group in [staff, engineers, interns] {
            scene.tell(Event::group_created(group)).await;
        }
        scene.people(&["ada", "bob", "eve", "dan"]).await;
        scene.is_there(if nested { &["ada", "bob", "eve"] } else { &["ada"] });
        // An inner group leaves, and everybody who was in only through it.
        scene.tell(Event::members_changed("g-1", [], [Member::group("g-2")])).await;
        scene.is_there(&["ada"]);
        scene.tell(Event::members_changed("g-1", [Member::group("g-3")], [])).await;
        scene.is_there(if nested { &["ada", "eve"] } else { &["ada"] });
    }
}

// ---- groups -------------------------------------------------------------------------------------

#[tokio::test]
async fn groups_are_pushed_as_the_scope_says_and_their_members_in_any_case() {
    let rows = [
        (Scope::new(), vec!["app-crm", "other"]),
        (Scope::new().without_groups(), vec![]),
        (Scope::new().of_groups(filter(r#"displayName sw "app-""#)), vec!["app-crm"]),
        (Scope::new().of_groups(filter(r#"displayName sw "no""#)), vec![]),
    ];
    for (scope, expected) in rows {
        let scene = Scene::of(scope.clone());
        scene.people(&["ada"]).await;
        let pushed = Group::new("g-1", "app-crm").with_member(Member::user("u-ada"));
        let outcome = scene.tell(Event::group_created(pushed)).await;
        scene.tell(Event::group_created(Group::new("g-2", "other"))).await;
        let is_in = expected.contains(&"app-crm");
        assert_eq!(outcome == out(), !is_in, "{scope:?}");
        assert_eq!(scene.groups(), expected.iter().map(|name| (*name).to_owned()).collect());
        scene.is_there(&["ada"]);
        let before = scene.host.crm.calls().len();
        scene.leave("g-1", "u-ada").await;
        scene.join("g-1", "u-ada").await;
        let calls = scene.host.crm.calls().len() - before;
        assert_eq!(calls, if is_in { 2 } else { 0 }, "{scope:?}");
    }
}

#[tokio::test]
async fn a_group_that_enters_comes_with_all_its_members_and_one_that_leaves_goes_by_the_policy() {
    for (policy, left) in [(Deprovision::Leave, 1), (Deprovision::Delete, 0)] {
        let policy = Deprovisioning::default().when_out_of_scope(policy);
        let scope = Scope::new().of_groups(filter(r#"displayName sw "app-""#));
        let scene = Scene::new(scoped(scope).with_deprovisioning(policy));
        scene.people(&["ada", "bob"]).await;
        let group = Group::new("g-1", "crm").with_member(Member::user("u-ada"));
        scene.tell(Event::group_created(group)).await;
        scene.join("g-1", "u-bob").await;
        assert_eq!(members(&scene.host.crm, "g-1"), None);
        scene.tell(Event::group_updated(Group::new("g-1", "app-crm"))).await;
        assert_eq!(members(&scene.host.crm, "g-1"), Some(2));
        scene.tell(Event::group_updated(Group::new("g-1", "crm"))).await;
        assert_eq!(scene.groups().len(), left);
        scene.is_there(&["ada", "bob"]);
    }
}

// ---- entering -----------------------------------------------------------------------------------

#[tokio::test]
async fn who_is_out_costs_no_request_and_enters_with_the_newest_state() {
    let scene = Scene::of(Scope::new().of_users(filter(r#"title eq "Engineer""#)));
    scene.tell(Event::user_created(titled("Intern"))).await;
    for name in ["A", "B", "C"] {
        let outcome =
            scene.tell(Event::user_updated(titled("Intern").with_display_name(name))).await;
        assert_eq!(outcome, out());
    }
    assert!(scene.host.crm.calls().is_empty());
    let newest = titled("Engineer").with_display_name("C");
    let outcome = scene.tell(Event::user_updated(newest.clone())).await;
    assert!(matches!(outcome, Some(Outcome::Delivered { .. })));
    assert_eq!(scene.host.crm.calls(), [Call::Create(newest.into())]);
}

#[tokio::test]
async fn a_membership_lets_somebody_in_with_the_last_that_the_host_said() {
    for named in ["Staff", "g-1"] {
        let scene = Scene::of(Scope::new().of_members([named]));
        scene.tell(Event::group_created(Group::new("g-1", "Staff"))).await;
        scene.tell(Event::user_created(ada())).await;
        let newest = ada().with_display_name("Ada").with_email("ada@example.com");
        scene.tell(Event::user_updated(newest.clone())).await;
        assert!(users(&scene.host.crm).is_empty());
        scene.join("g-1", "u-1").await;
        assert_eq!(users(&scene.host.crm), [newest]);
        assert_eq!(members(&scene.host.crm, "g-1"), Some(1));
        assert_eq!(scene.host.status_of("u-1").await.leaving, None);
    }
}

#[tokio::test]
async fn a_group_that_is_created_renamed_or_deleted_changes_who_is_in() {
    let scene = Scene::of(Scope::new().of_members(["Staff"]));
    scene.people(&["ada", "bob"]).await;
    scene.is_there(&[]);
    let staff = Group::new("g-1", "Staff").with_member(Member::user("u-ada"));
    scene.tell(Event::group_created(staff)).await;
    scene.is_there(&["ada"]);
    let others = Group::new("g-2", "Others").with_member(Member::user("u-bob"));
    scene.tell(Event::group_created(others)).await;
    scene.is_there(&["ada"]);
    scene.tell(Event::group_updated(Group::new("g-1", "Old staff"))).await;
    scene.is_there(&[]);
    scene.tell(Event::group_updated(Group::new("g-2", "Staff"))).await;
    scene.is_there(&["bob"]);
    scene.tell(Event::group_deleted("g-2")).await;
    scene.is_there(&[]);
    scene.tell(Event::group_updated(Group::new("g-1", "Staff"))).await;
    scene.is_there(&["ada"]);
    assert_eq!(users(&scene.host.crm).len(), 2, "switched off, and never a second account");
}

#[tokio::test]
async fn an_assignment_does_not_let_in_whom_the_scope_keeps_out() {
    let scene = Scene::of(Scope::new().of_users(filter("title pr")));
    let outcome = scene.tell(Event::user_assigned(ada()).through("payroll")).await;
    assert_eq!(outcome, out());
    assert!(scene.host.crm.calls().is_empty());
}

// ---- leaving ------------------------------------------------------------------------------------

#[tokio::test]
async fn who_leaves_is_deprovisioned_by_the_policy_by_whatever_event() {
    let policies = [
        (Deprovision::Leave, Some(true), vec![]),
        (Deprovision::Deactivate, Some(false), vec!["update"]),
        (Deprovision::DeactivateThenDelete, Some(false), vec!["update"]),
        (Deprovision::Delete, None, vec!["delete"]),
    ];
    for (policy, active, expected) in policies {
        for own in [false, true] {
            let row = format!("{policy:?}, by their own event: {own}");
            let policy = Deprovisioning::default().when_out_of_scope(policy);
            let scope = Scope::new().of_members(["Staff"]).of_users(filter("title pr"));
            let scene = Scene::new(scoped(scope.without_groups()).with_deprovisioning(policy));
            let staff = Group::new("g-1", "Staff").with_member(Member::user("u-1"));
            scene.tell(Event::group_created(staff)).await;
            scene.tell(Event::user_created(titled("Engineer"))).await;
            assert_eq!(users(&scene.host.crm).len(), 1, "{row}");
            scene.host.crm.forget_calls();
            if own {
                scene.tell(Event::user_updated(ada())).await;
            } else {
                scene.leave("g-1", "u-1").await;
            }
            let account = users(&scene.host.crm).pop();
            assert_eq!(account.map(|account| account.active), active, "{row}");
            assert_eq!(words(&scene.host.crm), expected, "{row}");
            assert_eq!(scene.host.status_of("u-1").await.leaving, Some(Cause::LeftScope), "{row}");
        }
    }
}

#[tokio::test]
async fn who_has_left_and_is_deleted_goes_by_the_policy_for_that() {
    let scene = Scene::of(Scope::new().of_users(filter("title pr")));
    scene.tell(Event::user_created(titled("Engineer"))).await;
    scene.tell(Event::user_updated(ada())).await;
    scene.is_there(&[]);
    assert_eq!(users(&scene.host.crm).len(), 1);
    let outcome = scene.tell(Event::user_deleted("u-1")).await;
    assert!(matches!(outcome, Some(Outcome::Delivered { .. })));
    assert!(users(&scene.host.crm).is_empty());
}

#[tokio::test]
async fn who_never_was_in_and_is_deleted_is_forgotten() {
    let scene = Scene::of(Scope::new().of_users(filter("title pr")));
    scene.tell(Event::user_created(ada())).await;
    let outcome = scene.tell(Event::user_deleted("u-1")).await;
    assert_eq!(outcome, Some(Outcome::NotNeeded));
    assert!(scene.host.crm.calls().is_empty());
    // Nothing of the person is kept that could let them in.
    scene.tell(Event::user_created(titled("Engineer"))).await;
    scene.is_there(&["ada"]);
}

#[tokio::test]
async fn out_and_in_again_within_one_queue_is_nothing() {
    let mut organization = organization(scoped(Scope::new().of_users(filter("title pr"))));
    organization.provisioners = vec![Provisioner::new("crm", "mock")];
    let crm = MockConnector::new();
    let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
    let host = Host::configured(acme(organization), registry, crm, |builder| builder);
    host.deliver(Event::user_created(titled("Engineer"))).await;
    host.crm.forget_calls();
    host.accept(Event::user_updated(titled("Engineer").with_display_name("A"))).await;
    host.accept(Event::user_updated(ada())).await;
    host.accept(Event::user_updated(titled("Engineer"))).await;
    host.work().await;
    assert!(!words(&host.crm).contains(&"delete"));
    assert!(users(&host.crm)[0].active);
    assert_eq!(users(&host.crm), [titled("Engineer")]);
}

#[tokio::test]
async fn two_targets_have_scopes_of_their_own() {
    let (one, two) = (MockConnector::new(), MockConnector::new());
    let by = |text| scoped(Scope::new().of_users(filter(text)));
    let organization = OrganizationConfiguration::new()
        .with_connection("crm", Connection::new("CRM").with_connector("mock", by("title pr")))
        .with_connection("hr", Connection::new("HR").with_connector("other", by("nickName pr")))
        .with_provisioner(Provisioner::new("crm", "mock").blocking())
        .with_provisioner(Provisioner::new("hr", "other").blocking());
    let registry = ConnectorRegistry::new()
        .with_instance("mock", one.clone())
        .with_instance("other", two.clone());
    let host = Host::configured(acme(organization), registry, one.clone(), |builder| builder);
    let report = host.report(Event::user_created(titled("Engineer"))).await;
    assert!(matches!(report.at("crm", "mock"), Some(Outcome::Delivered { .. })));
    assert_eq!(report.at("hr", "other").cloned(), out());
    assert_eq!((users(&one).len(), users(&two).len()), (1, 0));
}

// ---- a scope that is changed --------------------------------------------------------------------

/// A thousand people; 300 of them are interns.
async fn thousand(guard: Guard) -> Scene {
    let settings = ConnectorSettings::from(Properties::new()).with_guard(guard);
    let scene = Scene::new(settings);
    for number in 0..1_000 {
        let mut user = nth(number);
        user.title = Some(if number < 300 { "Intern" } else { "Engineer" }.to_owned());
        scene.host.report(Event::user_created(user)).await;
    }
    assert_eq!(users(&scene.host.crm).len(), 1_000);
    scene.host.crm.forget_calls();
    let narrower = Scope::new().of_users(filter(r#"title ne "Intern""#));
    let settings = scoped(narrower).with_guard(guard);
    scene.shared.replace(acme(organization(settings)));
    scene
}

#[tokio::test]
async fn a_changed_scope_touches_nobody_until_it_is_reasserted() {
    let scene = thousand(Guard::new(0, 100)).await;
    for _ in 0..3 {
        scene.host.later(24 * HOUR).await;
    }
    assert!(scene.host.crm.calls().is_empty());
    let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
    assert_eq!((plan.deactivations, plan.unchanged, plan.changes.len()), (300, 700, 300));
    assert_eq!((plan.creates, plan.updates, plan.deletions, plan.unknown), (0, 0, 0, 0));
    assert!(scene.host.crm.calls().is_empty(), "planning asks no target");
    assert_eq!(scene.host.dispatcher.reassert(&plan).await.unwrap(), 300);
    scene.host.work().await;
    assert_eq!(words(&scene.host.crm), ["update"; 300]);
    assert_eq!(scene.there().len(), 700);
    let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
    assert_eq!((plan.unchanged, plan.changes.len()), (1_000, 0), "{plan}");
    // And back again.
    scene.shared.replace(acme(organization(scoped(Scope::new()))));
    let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
    assert_eq!((plan.updates, plan.unchanged), (300, 700), "{plan}");
    scene.host.dispatcher.reassert(&plan).await.unwrap();
    scene.host.work().await;
    assert_eq!(scene.there().len(), 1_000);
}

#[tokio::test]
async fn three_hundred_of_a_thousand_are_held_explained_and_decided_by_one_call() {
    for allow in [false, true] {
        let scene = thousand(Guard::default()).await;
        let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
        assert_eq!(plan.deactivations, 300);
        let (who, what) = &plan.changes[0];
        assert!(matches!(what, Action::Update(_)), "{who:?}: {what}");
        scene.host.dispatcher.reassert(&plan).await.unwrap();
        scene.host.work().await;
        // A fifth of a thousand goes through; the others wait for a person.
        let held = scene.host.dispatcher.held(&target_key()).await.unwrap();
        assert_eq!((held.len(), scene.there().len()), (100, 800));
        assert_eq!(scene.watcher.saw("MassChangeHeld"), 100);
        let status = scene.host.status(&held[0].resource).await;
        assert_eq!(status.state, LaneState::Parked(ParkReason::MassChange));
        assert_eq!(status.leaving, Some(Cause::LeftScope));
        assert_eq!(status.last.as_deref(), Some("mass_change"));
        let dispatcher = &scene.host.dispatcher;
        let decided = if allow {
            dispatcher.allow_held(&target_key()).await.unwrap()
        } else {
            dispatcher.reject_held(&target_key()).await.unwrap()
        };
        assert_eq!(decided, 100);
        scene.host.work().await;
        scene.host.later(48 * HOUR).await;
        assert_eq!(scene.there().len(), if allow { 700 } else { 800 });
        assert!(dispatcher.held(&target_key()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn the_next_event_of_a_person_is_judged_by_the_scope_of_now() {
    let scene = Scene::of(Scope::new());
    scene.people(&["ada", "bob"]).await;
    let narrower = scoped(Scope::new().of_users(filter("title pr")));
    scene.shared.replace(acme(organization(narrower)));
    scene.host.later(HOUR).await;
    scene.is_there(&["ada", "bob"]);
    let outcome = scene.tell(Event::user_updated(User::new("u-ada", "ada"))).await;
    assert!(matches!(outcome, Some(Outcome::Delivered { .. })), "{outcome:?}");
    scene.is_there(&["bob"]);
}

#[tokio::test]
async fn a_wider_scope_lets_in_whom_it_kept_out_when_it_is_reasserted() {
    let scene = Scene::of(Scope::new().of_users(filter("title pr")));
    scene.people(&["ada", "bob"]).await;
    scene.is_there(&[]);
    scene.shared.replace(acme(organization(scoped(Scope::new()))));
    scene.host.later(HOUR).await;
    scene.is_there(&[]);
    let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
    assert_eq!((plan.creates, plan.changes.len()), (2, 2), "{plan}");
    scene.host.dispatcher.reassert(&plan).await.unwrap();
    scene.host.work().await;
    scene.is_there(&["ada", "bob"]);
}

#[tokio::test]
async fn a_changed_scope_of_groups_is_reasserted_too() {
    let scene = Scene::of(Scope::new());
    scene.people(&["ada", "bob"]).await;
    let staff = Group::new("g-1", "Staff").with_member(Member::user("u-ada"));
    scene.tell(Event::group_created(staff)).await;
    let scope = Scope::new().of_members(["Staff"]).without_groups();
    let policy = Deprovisioning::default().when_out_of_scope(Deprovision::Delete);
    let settings = scoped(scope).with_deprovisioning(policy);
    scene.shared.replace(acme(organization(settings)));
    let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
    assert_eq!((plan.deletions, plan.unchanged), (2, 1), "{plan}: Bob, and the group");
    scene.host.dispatcher.reassert(&plan).await.unwrap();
    scene.host.work().await;
    scene.is_there(&["ada"]);
    assert!(scene.groups().is_empty());
    let status = scene.host.status(&group_key("g-1")).await;
    assert_eq!(status.leaving, Some(Cause::LeftScope));
}

#[tokio::test]
async fn a_plan_that_is_old_is_refused() {
    let scene = Scene::of(Scope::new());
    scene.people(&["ada"]).await;
    scene.shared.replace(acme(organization(scoped(Scope::new().of_users(filter("title pr"))))));
    let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
    scene.shared.replace(acme(organization(scoped(Scope::new()))));
    let refused = scene.host.dispatcher.reassert(&plan).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Stale);
    scene.host.later(MINUTE).await;
    scene.is_there(&["ada"]);
    assert_eq!(scene.host.status(&user_key("u-ada")).await.state, LaneState::Settled);
}

#[tokio::test]
async fn once_a_scope_is_reasserted_a_membership_counts_by_it_for_everybody() {
    let scene = Scene::of(Scope::new().of_members(["Staff"]));
    let staff = Group::new("g-1", "Staff").with_member(Member::user("u-ada"));
    scene.tell(Event::group_created(staff)).await;
    scene.tell(Event::group_created(Group::new("g-2", "Sales"))).await;
    scene.people(&["ada", "bob"]).await;
    let wider = scoped(Scope::new().of_members(["Staff", "Sales"]));
    scene.shared.replace(acme(organization(wider)));
    let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
    scene.host.dispatcher.reassert(&plan).await.unwrap();
    scene.host.work().await;
    scene.is_there(&["ada"]);
    scene.join("g-2", "u-bob").await;
    scene.is_there(&["ada", "bob"]);
    scene.leave("g-1", "u-ada").await;
    scene.is_there(&["bob"]);
}
