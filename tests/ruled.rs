//! The *rules* option on the whole dispatcher: what follows from each decision, for whom, and that an engine that breaks
//! loses nothing.
#![cfg(all(feature = "mock", feature = "blocking", feature = "non-blocking"))]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/acme.rs"]
mod acme;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use acme::{Host, MINUTE, SECOND, Watcher, acme, ada, target, user_key, users, words};
use async_trait::async_trait;
use outbound_provisioning::delivery::HoldReason;
use outbound_provisioning::dispatch::LaneState;
use outbound_provisioning::mock::{Fault, MockConnector};
use outbound_provisioning::model::{
    ApplicationConfiguration, Cause, Connection, ConnectorSettings, Event, Group, Member,
    OnRuleExit, OrganizationConfiguration, Properties, Provisioner, RuleSettings,
    WhenIndeterminate, WhenNotApplicable, WhenObliged,
};
use outbound_provisioning::resolver::SkipReason;
use outbound_provisioning::rules::{
    NativeRules, Obligation, RuleDecision, RuleEngine, RuleRequest, Verdict,
};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Error, ErrorKind, Outcome, Result};

/// What a scripted engine does.
#[derive(Clone)]
enum Says {
    This(RuleDecision),
    Fails(Error),
    Panics,
}

/// Answers as it is told, and keeps what it was asked.
#[derive(Clone)]
struct Scripted(Arc<Mutex<(Says, Vec<String>)>>);

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}

impl Scripted {
    fn new(says: Says) -> Self {
        Self(Arc::new(Mutex::new((says, Vec::new()))))
    }

    fn says(&self, says: Says) {
        self.0.lock().unwrap().0 = says;
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().1)
    }
}

#[async_trait]
impl RuleEngine for Scripted {
    async fn decide(&self, request: &RuleRequest<'_>) -> Result<RuleDecision> {
        let says = {
            let mut inner = self.0.lock().unwrap();
            let line = format!("{} {}", request.operation, request.resource.name());
            inner.1.push(line);
            inner.0.clone()
        };
        match says {
            Says::This(decision) => Ok(decision),
            Says::Fails(error) => Err(error),
            Says::Panics => panic!("the engine was told to panic"),
        }
    }
}

fn permit() -> Says {
    Says::This(RuleDecision::permit())
}

fn deny() -> Says {
    Says::This(RuleDecision::deny().because("not in finance").by_policy("p-1"))
}

fn not_applicable() -> Says {
    Says::This(RuleDecision::new(Verdict::NotApplicable))
}

fn obliged() -> Says {
    Says::This(RuleDecision::permit().with_obligation(Obligation::new("urn:example:notify")))
}

fn unsure() -> Says {
    Says::This(RuleDecision::indeterminate("an attribute is missing"))
}

fn down() -> Says {
    Says::Fails(Error::new(ErrorKind::Unavailable, "the decision point is down"))
}

fn settings(change: impl FnOnce(&mut RuleSettings)) -> RuleSettings {
    let mut settings = RuleSettings::default();
    change(&mut settings);
    settings
}

fn organization(rules: RuleSettings, provisioner: Provisioner) -> OrganizationConfiguration {
    let connector = ConnectorSettings::from(Properties::new()).with_rules(rules);
    OrganizationConfiguration::new()
        .with_connection("crm", Connection::new("CRM").with_connector("mock", connector))
        .with_provisioner(provisioner)
}

fn ruled() -> Provisioner {
    Provisioner::new("crm", "mock").blocking().with_rules()
}

struct Scene {
    host: Host,
    engine: Scripted,
    watcher: Watcher,
}

impl Scene {
    fn with(organization: OrganizationConfiguration, says: Says) -> Self {
        let (crm, engine, watcher) =
            (MockConnector::new(), Scripted::new(says), Watcher::default());
        let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
        let (rules, observer) = (engine.clone(), watcher.clone());
        let host = Host::configured(acme(organization), registry, crm, |builder| {
            builder.rules(rules).observer(observer)
        });
        Self { host, engine, watcher }
    }

    fn new(rules: RuleSettings, says: Says) -> Self {
        Self::with(organization(rules, ruled()), says)
    }

    async fn tell(&self, event: Event) -> Outcome {
        self.host.accept(event).await
    }

    /// With somebody who is there by permission.
    async fn there(rules: RuleSettings) -> Self {
        let scene = Self::new(rules, permit());
        assert!(scene.tell(Event::user_created(ada())).await.is_done());
        scene.engine.asked();
        scene.host.crm.forget_calls();
        scene
    }
}

fn denied() -> Outcome {
    Outcome::Skipped(SkipReason::Denied)
}

fn held() -> Outcome {
    Outcome::Held(HoldReason::Undecided)
}

fn delivered(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Delivered { .. })
}

// ---- decisions ----------------------------------------------------------------------------------

#[tokio::test]
async fn what_follows_from_each_decision_on_a_create() {
    let skip_silence = |rules: &mut RuleSettings| rules.not_applicable = WhenNotApplicable::Skip;
    let skip_doubt = |rules: &mut RuleSettings| rules.indeterminate = WhenIndeterminate::Skip;
    let ignore = |rules: &mut RuleSettings| rules.obligations = WhenObliged::Ignore;
    let default = RuleSettings::default;
    // Decision, settings, what comes of it (none: it is done), and the reason.
    let rows = [
        ("permit", permit(), default(), None, ""),
        ("deny", deny(), default(), Some(denied()), "not in finance"),
        ("silence", not_applicable(), default(), None, ""),
        (
            "silence, skipped",
            not_applicable(),
            settings(skip_silence),
            Some(denied()),
            "no rule speaks of it",
        ),
        ("doubt", unsure(), default(), Some(held()), "an attribute is missing"),
        (
            "doubt, skipped",
            unsure(),
            settings(skip_doubt),
            Some(denied()),
            "an attribute is missing",
        ),
        ("an obligation", obliged(), default(), Some(denied()), "urn:example:notify"),
        ("an obligation, ignored", obliged(), settings(ignore), None, ""),
        ("down", down(), default(), Some(held()), "the decision point is down"),
        (
            "down, skipped",
            down(),
            settings(skip_doubt),
            Some(denied()),
            "the decision point is down",
        ),
        ("panic", Says::Panics, default(), Some(held()), "the rule engine panicked"),
    ];
    for (row, says, rules, expected, reason) in rows {
        let scene = Scene::new(rules, says);
        let outcome = scene.tell(Event::user_created(ada())).await;
        match &expected {
            Some(expected) => assert_eq!(outcome, *expected, "{row}"),
            None => assert!(delivered(&outcome), "{row}: {outcome}"),
        }
        assert_eq!(scene.engine.asked(), ["create ada"], "{row}");
        assert_eq!(scene.watcher.saw("Ruled"), 1, "{row}");
        assert_eq!(scene.host.crm.calls().len(), usize::from(expected.is_none()), "{row}");
        let status = scene.host.status_of("u-1").await;
        let said = status.ruled.clone().unwrap_or_default();
        assert!(said.contains(reason) && said.is_empty() == reason.is_empty(), "{row}: {said}");
        let is_denied = expected == Some(denied());
        assert_eq!(status.excluded, is_denied.then_some(SkipReason::Denied), "{row}");
        match expected {
            Some(Outcome::Held(_)) => {
                assert!(matches!(status.state, LaneState::Pending(..)), "{row}: {status:?}");
                assert_eq!(status.last.as_deref(), Some("undecided"), "{row}");
            }
            _ => assert_eq!(status.state, LaneState::Settled, "{row}"),
        }
    }
}

#[tokio::test]
async fn who_is_denied_stays_out_and_nobody_asks_again_until_that_is_lifted() {
    let scene = Scene::new(RuleSettings::default(), deny());
    assert_eq!(scene.tell(Event::user_created(ada())).await, denied());
    scene.engine.asked();
    scene.engine.says(permit());
    for name in ["A", "B"] {
        let event = Event::user_updated(ada().with_display_name(name));
        assert_eq!(scene.tell(event).await, denied());
    }
    assert!(scene.engine.asked().is_empty());
    assert!(scene.host.crm.calls().is_empty());
    assert!(scene.host.dispatcher.lift_exclusion(&user_key("u-1"), &target()).await.unwrap());
    assert!(delivered(&scene.tell(Event::user_updated(ada().with_display_name("C"))).await));
    assert_eq!(scene.engine.asked(), ["create ada"]);
    assert_eq!(users(&scene.host.crm), [ada().with_display_name("C")]);
}

#[tokio::test]
async fn an_assignment_lifts_it_too_and_is_ruled_upon_itself() {
    let rules = RuleSettings::default();
    let mut organization = organization(rules, ruled());
    let payroll = ApplicationConfiguration::new().with_provisioner(ruled());
    organization = organization.with_application("payroll", payroll);
    let scene = Scene::with(organization, deny());
    assert_eq!(scene.tell(Event::user_created(ada()).through("payroll")).await, denied());
    assert_eq!(scene.tell(Event::user_assigned(ada()).through("payroll")).await, denied());
    scene.engine.says(permit());
    assert_eq!(scene.tell(Event::user_updated(ada()).through("payroll")).await, denied());
    assert!(delivered(&scene.tell(Event::user_assigned(ada()).through("payroll")).await));
}

#[tokio::test]
async fn who_is_denied_and_deleted_is_forgotten_and_may_come_as_somebody_new() {
    let scene = Scene::new(RuleSettings::default(), deny());
    scene.tell(Event::user_created(ada())).await;
    assert_eq!(scene.tell(Event::user_deleted("u-1")).await, Outcome::NotNeeded);
    scene.engine.says(permit());
    assert!(delivered(&scene.tell(Event::user_created(ada())).await));
}

#[tokio::test]
async fn what_is_held_is_asked_again_with_a_pause_and_nothing_is_lost() {
    for says in [unsure(), down(), Says::Panics] {
        let scene = Scene::new(RuleSettings::default(), says);
        assert_eq!(scene.tell(Event::user_created(ada())).await, held());
        scene.engine.asked();
        scene.host.later(998 * SECOND / 1_000).await;
        assert!(scene.engine.asked().is_empty(), "not before the pause is over");
        scene.host.later(SECOND / 1_000).await;
        assert_eq!(scene.engine.asked().len(), 1);
        // It grows, to an hour at most.
        for _ in 0..20 {
            scene.host.later(60 * MINUTE).await;
        }
        assert_eq!(scene.engine.asked().len(), 20);
        // What comes meanwhile is held with it, and the newest goes.
        let newest = ada().with_display_name("Newest");
        assert_eq!(scene.tell(Event::user_updated(newest.clone())).await, held());
        assert!(scene.host.crm.calls().is_empty());
        scene.engine.says(permit());
        scene.host.later(60 * MINUTE).await;
        assert_eq!(users(&scene.host.crm), [newest]);
        assert_eq!(words(&scene.host.crm), ["create"]);
        let status = scene.host.status_of("u-1").await;
        assert_eq!((status.state, status.ruled), (LaneState::Settled, None));
    }
}

#[tokio::test]
async fn an_engine_that_asks_for_silence_is_left_alone_as_long() {
    let busy = Error::new(ErrorKind::RateLimited, "busy").with_retry_after(Duration::from_secs(90));
    let scene = Scene::new(RuleSettings::default(), Says::Fails(busy));
    assert_eq!(scene.tell(Event::user_created(ada())).await, held());
    scene.engine.asked();
    scene.host.later(89 * SECOND).await;
    assert!(scene.engine.asked().is_empty());
    scene.host.later(2 * SECOND).await;
    assert_eq!(scene.engine.asked().len(), 1);
    // And the target is not: somebody else, for whom nobody asks, is served.
    assert!(scene.host.dispatcher.targets().await.unwrap().is_empty());
}

// ---- updates ------------------------------------------------------------------------------------

#[tokio::test]
async fn a_denied_update_keeps_deactivates_or_deletes_and_a_permit_brings_back() {
    for (on_exit, active, expected) in [
        (OnRuleExit::Keep, Some(true), vec![]),
        (OnRuleExit::Deactivate, Some(false), vec!["update"]),
        (OnRuleExit::Delete, None, vec!["delete"]),
    ] {
        let scene = Scene::there(settings(|rules| rules.on_exit = on_exit)).await;
        scene.engine.says(deny());
        let outcome = scene.tell(Event::user_updated(ada().with_display_name("New"))).await;
        scene.host.work().await;
        let account = users(&scene.host.crm).pop();
        assert_eq!(account.as_ref().map(|user| user.active), active, "{on_exit:?}");
        assert!(account.is_none_or(|user| user.display_name.is_none()), "{on_exit:?}");
        assert_eq!(words(&scene.host.crm), expected, "{on_exit:?}");
        let status = scene.host.status_of("u-1").await;
        assert_eq!(status.ruled.as_deref(), Some("not in finance"), "{on_exit:?}");
        assert_eq!(outcome == denied(), on_exit == OnRuleExit::Keep, "{on_exit:?}: {outcome}");
        let leaving = (on_exit != OnRuleExit::Keep).then_some(Cause::Denied);
        assert_eq!(status.leaving, leaving, "{on_exit:?}");
        // Denied again: it stays so, and costs nothing.
        scene.host.crm.forget_calls();
        scene.tell(Event::user_updated(ada().with_display_name("Newer"))).await;
        assert!(scene.host.crm.calls().is_empty(), "{on_exit:?}: {:?}", words(&scene.host.crm));
        // And permitted: the newest state, whatever was lost.
        scene.engine.says(permit());
        if on_exit == OnRuleExit::Delete {
            let lifted = scene.host.dispatcher.lift_exclusion(&user_key("u-1"), &target()).await;
            assert!(lifted.unwrap(), "it was turned away like anybody new");
        }
        let newest = ada().with_display_name("Newest");
        assert!(delivered(&scene.tell(Event::user_updated(newest.clone())).await), "{on_exit:?}");
        assert_eq!(users(&scene.host.crm), [newest], "{on_exit:?}");
        assert_eq!(scene.host.status_of("u-1").await.leaving, None, "{on_exit:?}");
    }
}

#[tokio::test]
async fn an_update_that_nobody_can_decide_waits_and_the_account_stays() {
    for on_exit in [OnRuleExit::Keep, OnRuleExit::Deactivate, OnRuleExit::Delete] {
        let scene = Scene::there(settings(|rules| rules.on_exit = on_exit)).await;
        scene.engine.says(down());
        let newest = ada().with_display_name("New");
        assert_eq!(scene.tell(Event::user_updated(newest.clone())).await, held());
        assert_eq!(users(&scene.host.crm), [ada()]);
        scene.engine.says(permit());
        scene.host.later(60 * MINUTE).await;
        assert_eq!(users(&scene.host.crm), [newest], "{on_exit:?}");
    }
}

#[tokio::test]
async fn what_changes_nothing_asks_nobody() {
    let scene = Scene::there(RuleSettings::default()).await;
    scene.engine.says(deny());
    assert_eq!(scene.tell(Event::user_updated(ada())).await, Outcome::NotNeeded);
    assert!(scene.engine.asked().is_empty());
}

#[tokio::test]
async fn a_create_in_doubt_is_looked_up_without_a_question_and_created_again_only_by_permission() {
    for landed in [true, false] {
        let scene = Scene::new(RuleSettings::default(), permit());
        scene.host.crm.then(if landed { Fault::TimeOutAfter } else { Fault::TimeOutBefore });
        scene.tell(Event::user_created(ada())).await;
        scene.engine.says(deny());
        scene.engine.asked();
        for _ in 0..5 {
            scene.host.later(MINUTE).await;
        }
        let asked = scene.engine.asked();
        assert_eq!(asked.is_empty(), landed, "{asked:?}");
        assert_eq!(users(&scene.host.crm).len(), usize::from(landed));
    }
}

// ---- groups -------------------------------------------------------------------------------------

#[tokio::test]
async fn groups_and_their_members_are_ruled_upon_too() {
    let scene = Scene::there(RuleSettings::default()).await;
    let staff = Group::new("g-1", "Staff");
    assert!(delivered(&scene.tell(Event::group_created(staff)).await));
    assert_eq!(scene.engine.asked(), ["create Staff"]);
    scene.engine.says(deny());
    let join = Event::members_changed("g-1", [Member::user("u-1")], []);
    assert_eq!(scene.tell(join).await, denied());
    assert_eq!(scene.engine.asked(), ["change_members Staff"]);
    assert_eq!(acme::members(&scene.host.crm, "g-1"), Some(0));
    // It is not forgotten: the next time that it is permitted, it is done.
    scene.engine.says(permit());
    scene.tell(Event::group_updated(Group::new("g-1", "People"))).await;
    scene.host.work().await;
    assert_eq!(acme::members(&scene.host.crm, "g-1"), Some(1));
}

// ---- deprovisioning -----------------------------------------------------------------------------

#[tokio::test]
async fn deprovisioning_passes_unless_it_is_switched_on() {
    for deprovisioning in [false, true] {
        for (event, asked) in [
            (Event::user_deleted("u-1"), "delete ada"),
            (Event::user_erased("u-1"), "delete ada"),
            (Event::user_updated(ada().with_active(false)), "disable ada"),
        ] {
            for says in [deny(), down(), Says::Panics] {
                let rules = settings(|rules| rules.deprovisioning = deprovisioning);
                let scene = Scene::there(rules).await;
                scene.engine.says(says);
                let outcome = scene.tell(event.clone()).await;
                let keeps = users(&scene.host.crm).iter().any(|user| user.active);
                assert_eq!(keeps, deprovisioning, "{asked}: {outcome}");
                let expected: &[&str] = if deprovisioning { &[asked] } else { &[] };
                assert_eq!(scene.engine.asked(), expected);
                if !deprovisioning {
                    continue;
                }
                // What nobody could decide is asked again.
                scene.engine.says(permit());
                scene.host.later(60 * MINUTE).await;
                let keeps = users(&scene.host.crm).iter().any(|user| user.active);
                assert_eq!(keeps, outcome == denied(), "{asked}: {outcome}");
            }
        }
    }
}

// ---- whose option it is -------------------------------------------------------------------------

#[tokio::test]
async fn the_option_of_the_provisioner_that_was_chosen_counts() {
    // The organization's and the application's options, whether the event comes through it, and whether rules count.
    let rows = [
        (false, false, false, false),
        (true, false, false, true),
        (false, true, false, false),
        (false, true, true, true),
        (true, false, true, false),
        (true, true, true, true),
    ];
    for (by_organization, by_application, through, counts) in rows {
        let row = format!("{by_organization}, {by_application}, through: {through}");
        let plain = || Provisioner::new("crm", "mock").blocking();
        let of = |with: bool| if with { plain().with_rules() } else { plain() };
        let payroll = ApplicationConfiguration::new().with_provisioner(of(by_application));
        let organization = organization(RuleSettings::default(), of(by_organization))
            .with_application("payroll", payroll);
        let scene = Scene::with(organization, deny());
        let mut event = Event::user_created(ada());
        if through {
            event = event.through("payroll");
        }
        let outcome = scene.tell(event).await;
        assert_eq!(outcome == denied(), counts, "{row}: {outcome}");
        assert_eq!(scene.engine.asked().len(), usize::from(counts), "{row}");
    }
}

#[tokio::test]
async fn a_worker_asks_as_a_blocking_dispatch_does() {
    let provisioner = Provisioner::new("crm", "mock").with_rules();
    let scene = Scene::with(organization(RuleSettings::default(), provisioner), deny());
    assert_eq!(scene.tell(Event::user_created(ada())).await, Outcome::Queued);
    assert!(scene.engine.asked().is_empty(), "nobody asks before it is sent");
    scene.host.work().await;
    assert_eq!(scene.engine.asked(), ["create ada"]);
    let status = scene.host.status_of("u-1").await;
    assert_eq!(
        (status.excluded, status.ruled.as_deref()),
        (Some(SkipReason::Denied), Some("not in finance"),)
    );
    assert!(scene.host.crm.calls().is_empty());
}

#[tokio::test]
async fn rules_without_an_engine_are_refused() {
    let registry = ConnectorRegistry::new().with_instance("mock", MockConnector::new());
    let configuration = acme(organization(RuleSettings::default(), ruled()));
    let refused = Dispatcher::builder(configuration.clone(), registry.clone()).build();
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("rules"), "{error}");
    assert!(Dispatcher::builder(configuration, registry).rules(NativeRules::new()).build().is_ok());
    // For an application's provisioner as well.
    let registry = ConnectorRegistry::new().with_instance("mock", MockConnector::new());
    let payroll = ApplicationConfiguration::new().with_provisioner(ruled());
    let plain = Provisioner::new("crm", "mock").blocking();
    let organization =
        organization(RuleSettings::default(), plain).with_application("payroll", payroll);
    assert!(Dispatcher::builder(acme(organization), registry).build().is_err());
}

// ---- rules of our own ---------------------------------------------------------------------------

#[tokio::test]
async fn native_rules_see_groups_operations_and_the_application() {
    let rules: NativeRules = r#"
        permit if resourceType eq "Group"
        permit if groups eq "Finance" and operation eq "create"
        permit if operation eq "update" and title ne "Boss"
        deny because "finance only"
    "#
    .parse()
    .unwrap();
    let crm = MockConnector::new();
    let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
    let configuration = acme(organization(RuleSettings::default(), ruled()));
    let host = Host::configured(configuration, registry, crm, |builder| builder.rules(rules));
    let finance = Group::new("g-1", "Finance").with_member(Member::user("u-1"));
    assert!(host.accept(Event::group_created(finance)).await.is_done());
    assert!(host.accept(Event::user_created(ada())).await.is_done());
    let bob = outbound_provisioning::model::User::new("u-2", "bob");
    assert_eq!(host.accept(Event::user_created(bob)).await, denied());
    let status = host.status_of("u-2").await;
    assert_eq!(status.ruled.as_deref(), Some("finance only"));
    let mut boss = ada();
    boss.title = Some("Boss".to_owned());
    assert_eq!(host.accept(Event::user_updated(boss)).await, denied());
    assert!(host.accept(Event::user_updated(ada().with_display_name("Ada"))).await.is_done());
    assert_eq!(users(&host.crm), [ada().with_display_name("Ada")]);
    assert!(host.accept(Event::user_deleted("u-1")).await.is_done(), "nobody is kept by rules");
    assert!(users(&host.crm).is_empty());
}
