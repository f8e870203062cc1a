//! The event table of the design, a test per cell; who is told and who is not; exclusions (R5).
#![cfg(all(feature = "mock", feature = "blocking"))]

use outbound_provisioning::delivery::{HoldReason, Next, Outcome, ParkReason};
use outbound_provisioning::dispatch::{Action, Because, Report};
use outbound_provisioning::host::SharedConfiguration;
use outbound_provisioning::mock::{Call, MockConnector};
use outbound_provisioning::model::{
    ApplicationConfiguration, ApplicationMode, Configuration, Connection, Event, Group, Member,
    OrganizationConfiguration, Properties, Provisioner, ResourceKey, ResourceKind, Target, Trigger,
    User,
};
use outbound_provisioning::resolver::{ApplicationFound, Level, SkipReason};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Error, ErrorKind};

/// Two connections: `org` is the organization's, `app` that of the application `payroll`.
struct Host {
    dispatcher: Dispatcher,
    shared: SharedConfiguration,
    org: MockConnector,
    app: MockConnector,
}

fn acme() -> OrganizationConfiguration {
    OrganizationConfiguration::new()
        .with_connection("org", Connection::new("HR").with_connector("m", Properties::new()))
        .with_connection("app", Connection::new("Payroll").with_connector("n", Properties::new()))
        .with_provisioner(Provisioner::new("org", "m").blocking())
        .with_application(
            "payroll",
            ApplicationConfiguration::new()
                .with_provisioner(Provisioner::new("app", "n").blocking()),
        )
        .with_application(
            "silent",
            ApplicationConfiguration::new().with_mode(ApplicationMode::Disabled),
        )
}

fn document(organization: OrganizationConfiguration) -> Configuration {
    Configuration::new().with_organization("acme", organization)
}

impl Host {
    fn new(organization: OrganizationConfiguration) -> outbound_provisioning::Result<Self> {
        let (org, app) = (MockConnector::new(), MockConnector::new());
        let registry = ConnectorRegistry::new()
            .with_instance("m", org.clone())
            .with_instance("n", app.clone());
        let shared = SharedConfiguration::new(document(organization));
        let dispatcher = Dispatcher::builder(shared.clone(), registry).build()?;
        Ok(Self { dispatcher, shared, org, app })
    }

    async fn send(&self, event: Event) -> outbound_provisioning::Result<Report> {
        self.dispatcher.dispatch(event.in_organization("acme")).await
    }
}

fn ada() -> User {
    User::new("u-1", "ada")
}

fn staff() -> Group {
    Group::new("g-1", "Staff")
}

fn org(report: &Report) -> Option<&Outcome> {
    report.at("org", "m")
}

fn app(report: &Report) -> Option<&Outcome> {
    report.at("app", "n")
}

fn delivered(outcome: Option<&Outcome>) -> bool {
    matches!(outcome, Some(Outcome::Delivered { .. }))
}

fn skipped(reason: SkipReason) -> Option<Outcome> {
    Some(Outcome::Skipped(reason))
}

// ---- created ------------------------------------------------------------------------------------

#[tokio::test]
async fn created_neither_is_created() {
    let host = Host::new(acme()).unwrap();
    let report = host.send(Event::user_created(ada())).await.unwrap();
    assert!(delivered(org(&report)));
    assert_eq!(report.deliveries[0].because, Because::Provisioner(Level::Organization));
    assert_eq!(host.org.calls(), [Call::Create(ada().into())]);
    assert_eq!(report.deliveries.len(), 1, "nobody else is concerned");
}

#[tokio::test]
async fn created_linked_is_updated() {
    let host = Host::new(acme()).unwrap();
    host.send(Event::user_created(ada())).await.unwrap();
    let renamed = ada().with_display_name("Ada");
    let report = host.send(Event::user_created(renamed.clone())).await.unwrap();
    assert!(delivered(org(&report)));
    assert!(
        matches!(&host.org.calls()[..], [Call::Create(_), Call::Update(_, wanted)] if *wanted == renamed.into())
    );
}

#[tokio::test]
async fn created_excluded_is_skipped_with_the_reason() {
    let host = Host::new(acme()).unwrap();
    host.send(Event::user_created(ada()).triggered_by(Trigger::JustInTime)).await.unwrap();
    let report =
        host.send(Event::user_created(ada()).triggered_by(Trigger::Console)).await.unwrap();
    assert_eq!(org(&report).cloned(), skipped(SkipReason::JitExcluded));
    assert!(host.org.calls().is_empty());
}

// ---- updated ------------------------------------------------------------------------------------

#[tokio::test]
async fn updated_linked_is_updated() {
    let host = Host::new(acme()).unwrap();
    host.send(Event::user_created(ada())).await.unwrap();
    let report = host.send(Event::user_updated(ada().with_active(false))).await.unwrap();
    assert!(delivered(org(&report)));
    assert_eq!(host.org.calls().len(), 2);
}

#[tokio::test]
async fn updated_excluded_is_skipped() {
    let host = Host::new(acme()).unwrap();
    host.send(Event::user_created(ada()).triggered_by(Trigger::JustInTime)).await.unwrap();
    let report = host.send(Event::user_updated(ada())).await.unwrap();
    assert_eq!(org(&report).cloned(), skipped(SkipReason::JitExcluded));
    assert!(host.org.calls().is_empty());
}

#[tokio::test]
async fn updated_neither_is_created_with_the_full_state() {
    let host = Host::new(acme()).unwrap();
    let full = ada().with_display_name("Ada").with_email("ada@example.com");
    let report = host.send(Event::user_updated(full.clone())).await.unwrap();
    assert!(delivered(org(&report)));
    assert_eq!(host.org.calls(), [Call::Create(full.into())]);
}

#[tokio::test]
async fn updated_without_a_change_costs_no_request() {
    let host = Host::new(acme()).unwrap();
    host.send(Event::user_created(ada())).await.unwrap();
    let report = host.send(Event::user_updated(ada())).await.unwrap();
    assert_eq!(org(&report), Some(&Outcome::NotNeeded));
    assert_eq!(host.org.calls().len(), 1);
}

// ---- deleted ------------------------------------------------------------------------------------

#[tokio::test]
async fn deleted_linked_is_deleted() {
    let host = Host::new(acme()).unwrap();
    host.send(Event::user_created(ada())).await.unwrap();
    let report = host.send(Event::user_deleted("u-1")).await.unwrap();
    assert!(delivered(org(&report)));
    assert!(host.org.remote_resources().is_empty());
}

#[tokio::test]
async fn deleted_excluded_is_nothing_to_do_and_the_exclusion_is_forgotten() {
    let host = Host::new(acme()).unwrap();
    host.send(Event::user_created(ada()).triggered_by(Trigger::JustInTime)).await.unwrap();
    let report = host.send(Event::user_deleted("u-1")).await.unwrap();
    assert_eq!(org(&report), Some(&Outcome::NotNeeded));
    let report = host.send(Event::user_created(ada())).await.unwrap();
    assert!(delivered(org(&report)), "the exclusion died with the user");
}

#[tokio::test]
async fn deleted_neither_is_skipped_with_the_reason() {
    let host = Host::new(acme()).unwrap();
    let report = host.send(Event::user_deleted("u-1")).await.unwrap();
    assert_eq!(org(&report).cloned(), skipped(SkipReason::NotProvisioned));
    assert!(host.org.calls().is_empty());
}

#[tokio::test]
async fn deleted_twice_is_harmless() {
    let host = Host::new(acme()).unwrap();
    host.send(Event::user_created(ada())).await.unwrap();
    host.send(Event::user_deleted("u-1")).await.unwrap();
    let report = host.send(Event::user_deleted("u-1")).await.unwrap();
    assert_eq!(org(&report).cloned(), skipped(SkipReason::NotProvisioned));
    assert_eq!(host.org.calls().len(), 2);
}

// ---- members changed ----------------------------------------------------------------------------

#[tokio::test]
async fn members_changed_linked_sends_the_difference() {
    let host = Host::new(acme()).unwrap();
    host.send(Event::user_created(ada())).await.unwrap();
    host.send(Event::group_created(staff())).await.unwrap();
    host.org.forget_calls();
    let report = host.send(Event::members_changed("g-1", [Member::user("u-1")], [])).await.unwrap();
    assert!(delivered(org(&report)));
    assert!(
        matches!(&host.org.calls()[..], [Call::ChangeMembers(_, changes)] if changes.added.len() == 1)
    );
}

#[tokio::test]
async fn members_changed_excluded_is_skipped() {
    let host = Host::new(acme()).unwrap();
    host.send(Event::group_created(staff()).triggered_by(Trigger::JustInTime)).await.unwrap();
    let report = host.send(Event::members_changed("g-1", [Member::user("u-1")], [])).await.unwrap();
    assert_eq!(org(&report).cloned(), skipped(SkipReason::JitExcluded));
    assert!(host.org.calls().is_empty());
}

#[tokio::test]
async fn members_changed_neither_creates_from_our_own_member_set() {
    let host = Host::new(acme()).unwrap();
    for name in ["ada", "bob"] {
        host.send(Event::user_created(User::new(format!("u-{name}"), name)).through("payroll"))
            .await
            .unwrap();
    }
    // The organization's target is new: it has never heard of the group, but we have.
    let organization = acme();
    let without = OrganizationConfiguration::new()
        .with_connection("org", Connection::new("HR").with_connector("m", Properties::new()))
        .with_connection("app", Connection::new("Payroll").with_connector("n", Properties::new()))
        .with_provisioner(Provisioner::new("app", "n").blocking());
    host.shared.replace(document(without));
    host.send(Event::group_created(staff().with_member(Member::user("u-ada")))).await.unwrap();
    host.shared.replace(document(organization));
    for name in ["ada", "bob"] {
        let key = ResourceKey::new("acme".into(), ResourceKind::User, format!("u-{name}").into());
        host.dispatcher.lift_exclusion(&key, &Target::new("org", "m")).await.unwrap();
        host.send(Event::user_updated(User::new(format!("u-{name}"), name))).await.unwrap();
    }
    let report =
        host.send(Event::members_changed("g-1", [Member::user("u-bob")], [])).await.unwrap();
    assert!(delivered(org(&report)));
    let group = host
        .org
        .remote_resources()
        .into_iter()
        .find(|(_, resource)| resource.kind() == ResourceKind::Group);
    let Some((_, outbound_provisioning::model::Resource::Group(group))) = group else {
        panic!("no group")
    };
    assert_eq!(group.members.len(), 2, "also the member of whom this event says nothing");
}

#[tokio::test]
async fn members_changed_of_an_unknown_group_is_parked_until_its_state_comes() {
    let host = Host::new(acme()).unwrap();
    host.send(Event::user_created(ada())).await.unwrap();
    let report = host.send(Event::members_changed("g-1", [Member::user("u-1")], [])).await.unwrap();
    assert!(matches!(
        org(&report),
        Some(Outcome::Failed { next: Next::Parked(ParkReason::NeedsState), .. })
    ));
    let report = host.send(Event::group_updated(staff())).await.unwrap();
    assert!(delivered(org(&report)));
    let Call::Create(outbound_provisioning::model::Resource::Group(group)) =
        host.org.calls().pop().unwrap()
    else {
        panic!("not created")
    };
    assert_eq!(group.members.len(), 1, "the member that was parked came along");
}

// ---- where the resource is ----------------------------------------------------------------------

#[tokio::test]
async fn a_delete_from_the_console_reaches_the_applications_target() {
    let host = Host::new(acme()).unwrap();
    let report = host.send(Event::user_created(ada()).through("payroll")).await.unwrap();
    assert!(delivered(app(&report)));
    assert_eq!(org(&report).cloned(), skipped(SkipReason::Overridden));
    let report =
        host.send(Event::user_deleted("u-1").triggered_by(Trigger::Console)).await.unwrap();
    assert!(delivered(app(&report)), "no account survives its owner");
    assert_eq!(
        report.deliveries.iter().find(|d| d.connection.as_str() == "app").unwrap().because,
        Because::Linked
    );
    assert!(host.app.remote_resources().is_empty());
}

#[tokio::test]
async fn an_update_goes_to_every_link_whatever_the_jit_option_says() {
    let host = Host::new(acme()).unwrap();
    host.send(Event::user_created(ada())).await.unwrap();
    let event = Event::user_updated(ada().with_active(false)).triggered_by(Trigger::JustInTime);
    let report = host.send(event).await.unwrap();
    assert!(delivered(org(&report)), "disabling is never stopped by a filter");
}

#[tokio::test]
async fn r5_an_override_is_remembered_until_it_is_lifted() {
    let host = Host::new(acme()).unwrap();
    host.send(Event::user_created(ada()).through("payroll")).await.unwrap();
    let report = host.send(Event::user_updated(ada().with_display_name("Ada"))).await.unwrap();
    assert_eq!(org(&report).cloned(), skipped(SkipReason::Overridden));
    assert!(delivered(app(&report)));
    let key = ResourceKey::new("acme".into(), ResourceKind::User, "u-1".into());
    assert!(host.dispatcher.lift_exclusion(&key, &Target::new("org", "m")).await.unwrap());
    assert!(!host.dispatcher.lift_exclusion(&key, &Target::new("org", "m")).await.unwrap());
    let report = host.send(Event::user_updated(ada().with_display_name("Ada"))).await.unwrap();
    assert!(delivered(org(&report)));
}

#[tokio::test]
async fn r5_a_disabled_application_keeps_its_users_out() {
    let host = Host::new(acme()).unwrap();
    let report = host.send(Event::user_created(ada()).through("silent")).await.unwrap();
    assert_eq!(org(&report).cloned(), skipped(SkipReason::ApplicationDisabled));
    let report = host.send(Event::user_updated(ada())).await.unwrap();
    assert_eq!(org(&report).cloned(), skipped(SkipReason::ApplicationDisabled));
}

#[tokio::test]
async fn r5_a_target_out_of_order_excludes_nobody() {
    let mut organization = acme();
    organization.connections.insert(
        "org".into(),
        Connection::new("HR").with_connector("m", Properties::new()).disabled(),
    );
    let host = Host::new(organization).unwrap();
    let report = host.send(Event::user_created(ada())).await.unwrap();
    assert_eq!(org(&report).cloned(), skipped(SkipReason::ConnectionDisabled));
    host.shared.replace(document(acme()));
    let report = host.send(Event::user_updated(ada())).await.unwrap();
    assert!(delivered(org(&report)));
}

#[tokio::test]
async fn an_event_for_a_linked_target_that_is_switched_off_is_held_and_catches_up() {
    let host = Host::new(acme()).unwrap();
    host.send(Event::user_created(ada())).await.unwrap();
    let mut off = acme();
    off.connections.insert(
        "org".into(),
        Connection::new("HR").with_connector("m", Properties::new()).disabled(),
    );
    host.shared.replace(document(off));
    let report = host.send(Event::user_deleted("u-1")).await.unwrap();
    assert_eq!(org(&report), Some(&Outcome::Held(HoldReason::SwitchedOff)));
    assert_eq!(host.org.remote_resources().len(), 1);
    host.shared.replace(document(acme()));
    let report = host.send(Event::user_deleted("u-1")).await.unwrap();
    assert!(!host.org.calls().is_empty());
    assert!(host.org.remote_resources().is_empty(), "the delete was not lost: {report:?}");
}

#[tokio::test]
async fn an_unknown_application_is_never_an_error_for_the_host() {
    let host = Host::new(acme()).unwrap();
    let report = host.send(Event::user_created(ada()).through("nobody-knows")).await.unwrap();
    assert_eq!(report.application, ApplicationFound::Unknown);
    assert!(delivered(org(&report)));
}

#[tokio::test]
async fn r3_an_organization_without_anything_gives_an_empty_report() {
    let host = Host::new(acme()).unwrap();
    let report = host
        .dispatcher
        .dispatch(Event::user_created(ada()).in_organization("other"))
        .await
        .unwrap();
    assert!(report.deliveries.is_empty());
}

#[tokio::test]
async fn organizations_are_strangers_to_each_other() {
    let (one, two) = (MockConnector::new(), MockConnector::new());
    let registry =
        ConnectorRegistry::new().with_instance("m", one.clone()).with_instance("n", two.clone());
    let organization = |connector: &str| {
        OrganizationConfiguration::new()
            .with_connection(
                "hr",
                Connection::new("HR").with_connector(connector, Properties::new()),
            )
            .with_provisioner(Provisioner::new("hr", connector).blocking())
    };
    let configuration = Configuration::new()
        .with_organization("a", organization("m"))
        .with_organization("b", organization("n"));
    let dispatcher = Dispatcher::builder(configuration, registry).build().unwrap();
    dispatcher.dispatch(Event::user_created(ada()).in_organization("a")).await.unwrap();
    dispatcher.dispatch(Event::user_deleted("u-1").in_organization("b")).await.unwrap();
    assert_eq!(one.remote_resources().len(), 1);
    assert!(two.calls().is_empty());
}

// ---- the four results ---------------------------------------------------------------------------

#[tokio::test]
async fn one_failure_hides_no_other_target() {
    let mut organization = acme();
    organization.applications.get_mut("payroll").unwrap().mode = ApplicationMode::Add;
    let host = Host::new(organization).unwrap();
    host.app.fail_next(Error::new(ErrorKind::Unavailable, "down"));
    let report = host.send(Event::user_created(ada()).through("payroll")).await.unwrap();
    assert!(matches!(app(&report), Some(Outcome::Failed { next: Next::Queued, .. })));
    assert!(delivered(org(&report)));
    assert_eq!(report.deliveries[0].connection.as_str(), "app", "the application's come first");
}

#[tokio::test]
async fn done_skipped_unsupported_and_failed_are_four_different_answers() {
    let host = Host::new(acme()).unwrap();
    let done = host.send(Event::user_created(ada())).await.unwrap();
    assert!(org(&done).unwrap().is_done());
    let jit = Event::user_created(User::new("u-2", "bob")).triggered_by(Trigger::JustInTime);
    assert!(matches!(org(&host.send(jit).await.unwrap()), Some(Outcome::Skipped(_))));
    host.org.fail_next(Error::new(ErrorKind::Unsupported, "no"));
    let unsupported = host.send(Event::user_created(User::new("u-3", "eve"))).await.unwrap();
    assert_eq!(org(&unsupported), Some(&Outcome::Unsupported));
    host.org.fail_next(Error::new(ErrorKind::Rejected, "no"));
    let failed = host.send(Event::user_created(User::new("u-4", "dan"))).await.unwrap();
    assert!(matches!(org(&failed), Some(Outcome::Failed { .. })));
}

// ---- plan ---------------------------------------------------------------------------------------

#[tokio::test]
async fn plan_decides_and_neither_writes_nor_sends() {
    let host = Host::new(acme()).unwrap();
    let event = Event::user_created(ada()).in_organization("acme");
    for _ in 0..2 {
        let plan = host.dispatcher.plan(&event).await.unwrap();
        assert_eq!(plan.targets[0].action, Action::Create);
    }
    let jit = event.clone().triggered_by(Trigger::JustInTime);
    let plan = host.dispatcher.plan(&jit).await.unwrap();
    assert_eq!(plan.targets[0].action, Action::Skip(SkipReason::JitExcluded));
    assert!(host.org.calls().is_empty());
    assert!(
        delivered(org(&host.dispatcher.dispatch(event.clone()).await.unwrap())),
        "no exclusion was written"
    );

    let changed = Event::user_updated(ada().with_display_name("Ada")).in_organization("acme");
    let plan = host.dispatcher.plan(&changed).await.unwrap();
    assert_eq!(plan.targets[0].action.to_string(), "update displayName");
    let plan = host.dispatcher.plan(&event).await.unwrap();
    assert_eq!(plan.targets[0].action, Action::Nothing);
    let plan =
        host.dispatcher.plan(&Event::user_deleted("u-1").in_organization("acme")).await.unwrap();
    assert_eq!(plan.targets[0].action, Action::Delete);
}
