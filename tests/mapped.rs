//! Attribute mapping on the whole dispatcher: what arrives at targets, what is sent again and what is not, and that
//! nothing of one target is seen by another.
#![cfg(all(
    feature = "mock",
    feature = "blocking",
    feature = "non-blocking",
    feature = "scim2",
    feature = "conformance",
    feature = "redb"
))]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/acme.rs"]
mod acme;
#[path = "support/counting.rs"]
mod counting;
#[path = "support/folder.rs"]
mod folder;
#[path = "support/remote.rs"]
mod remote;

use acme::{Clock, Host, MINUTE, SECOND, acme, ada, target_key};
use counting::Counting;
use folder::TempFolder;
use outbound_provisioning::conformance::Scim2Target;
use outbound_provisioning::delivery::{Next, ParkReason};
use outbound_provisioning::dispatch::LaneState;
use outbound_provisioning::host::SharedConfiguration;
use outbound_provisioning::mock::MockConnector;
use outbound_provisioning::model::mapping::Mapping;
use outbound_provisioning::model::{
    Connection, ConnectorSettings, ENTERPRISE_USER, EnterpriseUser, Event, Filter, Group, Manager,
    Member, MultiValue, Name, OrganizationConfiguration, Problems, Properties, Provisioner, Scope,
    User,
};
use outbound_provisioning::store::{MemoryStore, RedbStore};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, ErrorKind, Outcome, Worker};
use remote::Remote;
use serde_json::{Value, json};

fn mapping(document: &Value) -> Mapping {
    let mut problems = Problems::new();
    let mapping = Mapping::from_json(document, "mapping", &mut problems);
    assert!(problems.is_empty(), "{problems}");
    mapping
}

fn rules(rules: &Value) -> ConnectorSettings {
    let mapping = mapping(&json!({ "users": rules }));
    ConnectorSettings::from(Properties::new()).with_mapping(mapping)
}

fn organization(
    settings: ConnectorSettings,
    provisioner: Provisioner,
) -> OrganizationConfiguration {
    OrganizationConfiguration::new()
        .with_connection("crm", Connection::new("CRM").with_connector("mock", settings))
        .with_provisioner(provisioner)
}

fn blocking(settings: ConnectorSettings) -> OrganizationConfiguration {
    organization(settings, Provisioner::new("crm", "mock").blocking())
}

struct Scene {
    host: Host,
    remote: Remote,
    shared: SharedConfiguration,
}

impl Scene {
    fn new(remote: &Remote, settings: ConnectorSettings) -> Self {
        let shared = SharedConfiguration::new(acme(blocking(settings)));
        let host =
            Host::configured(shared.clone(), remote.registry(), remote.as_mock(), |builder| {
                builder
            });
        Self { host, remote: remote.clone(), shared }
    }

    fn change(&self, settings: ConnectorSettings) {
        self.shared.replace(acme(blocking(settings)));
    }

    async fn tell(&self, event: Event) -> Outcome {
        self.host.accept(event).await
    }

    fn seen(&self) -> Value {
        self.remote.account("u-1").unwrap().attributes
    }
}

/// A person with a bit of everything.
fn full() -> User {
    let mut ada = ada().with_display_name("Ada L").with_email("Ada@Example.com");
    ada.name = Some(Name::new("Ada", "Lovelace"));
    ada.title = Some("Editor".to_owned());
    ada.locale = Some("en-GB".to_owned());
    ada
}

/// What a target sent in a PATCH.
fn patched(target: &Scim2Target) -> Vec<String> {
    let requests = target.requests().into_iter();
    let patches = requests.filter(|request| request.method.as_str() == "PATCH");
    patches.map(|request| request.body.unwrap_or_default()["Operations"].to_string()).collect()
}

// ---- what arrives -------------------------------------------------------------------------------

#[tokio::test]
async fn what_the_rules_make_arrives() {
    let rows = [
        (json!({ "to": "title", "constant": "Sir" }), "title", json!("Sir")),
        (json!({ "to": "nickName", "from": "title" }), "nickName", json!("Editor")),
        (json!({ "to": "nickName", "rename": "title" }), "title", Value::Null),
        (json!({ "to": "nickName", "default": "Nick" }), "nickName", json!("Nick")),
        (json!({ "to": "title", "default": "Nick" }), "title", json!("Editor")),
        (json!({ "to": "title", "drop": true }), "title", Value::Null),
        (json!({ "to": "title", "clear": true }), "title", Value::Null),
        (
            json!({ "to": "displayName", "expression": r#"Join(", ", [name.familyName], [name.givenName])"# }),
            "displayName",
            json!("Lovelace, Ada"),
        ),
        (
            json!({ "to": "userName", "expression": r#"Pattern("{UN,TD}", "@")"# }),
            "userName",
            json!("ada@acme"),
        ),
        (
            json!({ "to": "nickName", "expression": "ToLower([emails[type eq \"work\"].value])" }),
            "nickName",
            json!("ada@example.com"),
        ),
    ];
    for (rule, attribute, expected) in rows {
        for remote in Remote::all() {
            let scene = Scene::new(&remote, rules(&json!([rule])));
            assert!(scene.tell(Event::user_created(full())).await.is_done(), "{rule}");
            assert_eq!(scene.seen()[attribute], expected, "{rule} at the {remote}");
            assert_eq!(scene.seen()["externalId"], "u-1", "{rule} at the {remote}");
            // The same again is nothing.
            remote.forget();
            assert_eq!(scene.tell(Event::user_updated(full())).await, Outcome::NotNeeded, "{rule}");
            assert_eq!(remote.requests(), 0, "{rule} at the {remote}");
        }
    }
}

#[tokio::test]
async fn rules_for_groups_count_for_groups() {
    for remote in Remote::all() {
        let document = json!({ "groups": [
            { "to": "displayName", "expression": r#"Join("-", "app", [displayName])"# }
        ] });
        let settings = ConnectorSettings::from(Properties::new()).with_mapping(mapping(&document));
        let scene = Scene::new(&remote, settings);
        scene.tell(Event::user_created(full())).await;
        let staff = Group::new("g-1", "staff").with_member(Member::user("u-1"));
        assert!(scene.tell(Event::group_created(staff)).await.is_done());
        assert!(remote.account("u-1").unwrap().in_group, "{remote}");
        assert_eq!(scene.seen()["userName"], "ada");
        let name = match &remote {
            Remote::Mock(mock) => {
                let resources = mock.remote_resources().into_iter();
                let mut names = resources.map(|(_, resource)| resource.name().to_owned());
                names.find(|name| name.starts_with("app"))
            }
            Remote::Scim(target) => target.groups()[0]["displayName"].as_str().map(str::to_owned),
        };
        assert_eq!(name.as_deref(), Some("app-staff"));
    }
}

#[tokio::test]
async fn two_connections_see_what_is_theirs_and_nothing_of_each_other() {
    let (one, two, three) = (MockConnector::new(), MockConnector::new(), MockConnector::new());
    let organization = OrganizationConfiguration::new()
        .with_connection(
            "crm",
            Connection::new("CRM")
                .with_connector("mock", rules(&json!([{ "to": "title", "constant": "One" }]))),
        )
        .with_connection(
            "hr",
            Connection::new("HR").with_connector(
                "other",
                rules(&json!([
                    { "to": "title", "drop": true },
                    { "to": "userName", "expression": r#"Pattern("{UN,TD}", "@")"# }
                ])),
            ),
        )
        .with_connection("erp", Connection::new("ERP").with_connector("plain", Properties::new()))
        .with_provisioner(Provisioner::new("crm", "mock").blocking())
        .with_provisioner(Provisioner::new("hr", "other").blocking())
        .with_provisioner(Provisioner::new("erp", "plain").blocking());
    let registry = ConnectorRegistry::new()
        .with_instance("mock", one.clone())
        .with_instance("other", two.clone())
        .with_instance("plain", three.clone());
    let host = Host::configured(acme(organization), registry, one.clone(), |builder| builder);
    let states = [full(), full().with_display_name("New"), full()];
    for state in states {
        let event = if one.calls().is_empty() {
            Event::user_created(state.clone())
        } else {
            Event::user_updated(state.clone())
        };
        let report = host.report(event).await;
        assert!(report.deliveries.iter().all(|delivery| delivery.outcome.is_done()), "{report:?}");
        let seen = |mock: &MockConnector| {
            let user = acme::users(mock).pop().unwrap();
            (user.user_name, user.title, user.display_name)
        };
        let name = state.display_name.clone();
        assert_eq!(seen(&one), ("ada".to_owned(), Some("One".to_owned()), name.clone()));
        assert_eq!(seen(&two), ("ada@acme".to_owned(), None, name.clone()));
        assert_eq!(seen(&three), ("ada".to_owned(), Some("Editor".to_owned()), name));
    }
}

// ---- updates ------------------------------------------------------------------------------------

#[tokio::test]
async fn updates_send_what_differs_and_no_more() {
    let rows = [
        // Rule, the host's change, the attribute and what it is then, whether anything is sent.
        // A default never overwrites.
        (json!({ "to": "title", "default": "Member" }), "", "title", json!("Editor"), false),
        (json!({ "to": "title", "default": "Member" }), "Boss", "title", json!("Boss"), true),
        (
            json!({ "to": "title", "from": "title", "on": "create" }),
            "Boss",
            "title",
            json!("Editor"),
            false,
        ),
        (
            json!({ "to": "title", "from": "title", "on": "create" }),
            "",
            "title",
            json!("Editor"),
            false,
        ),
        (json!({ "to": "title", "drop": true }), "Boss", "title", Value::Null, false),
        (json!({ "to": "title", "clear": true }), "Boss", "title", Value::Null, false),
        (json!({ "to": "title", "constant": "Sir" }), "Boss", "title", json!("Sir"), false),
        (json!({ "to": "nickName", "from": "title" }), "Boss", "nickName", json!("Boss"), true),
        (json!({ "to": "nickName", "from": "title" }), "", "nickName", Value::Null, true),
        (json!({ "to": "nickName", "rename": "title" }), "Boss", "nickName", json!("Boss"), true),
    ];
    for (rule, title, attribute, expected, is_sent) in rows {
        for remote in Remote::all() {
            let row = format!("{rule}, {title:?} at the {remote}");
            let scene = Scene::new(&remote, rules(&json!([rule])));
            scene.tell(Event::user_created(full())).await;
            remote.forget();
            let mut changed = full();
            changed.title = (!title.is_empty()).then(|| title.to_owned());
            let outcome = scene.tell(Event::user_updated(changed)).await;
            assert_eq!(scene.seen()[attribute], expected, "{row}");
            assert_eq!(remote.changes().len(), usize::from(is_sent), "{row}");
            assert_eq!(outcome == Outcome::NotNeeded, !is_sent, "{row}: {outcome}");
        }
    }
}

#[tokio::test]
async fn what_is_not_ours_stays_as_others_set_it() {
    let target = Scim2Target::new();
    let remote = Remote::Scim(target.clone());
    let scene = Scene::new(&remote, rules(&json!([{ "to": "title", "drop": true }])));
    scene.tell(Event::user_created(full())).await;
    set_title(&target, "Set there");
    for name in ["A", "B"] {
        let mut state = full().with_display_name(name);
        state.title = (name == "A").then(|| "Boss".to_owned());
        scene.tell(Event::user_updated(state)).await;
        assert_eq!(scene.seen()["displayName"], name);
        assert_eq!(scene.seen()["title"], "Set there", "{name}");
    }
}

/// Somebody at the target gives all users this title.
fn set_title(target: &Scim2Target, title: &str) {
    for user in target.users() {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "path": "title", "value": title }]
        });
        let request =
            http::Request::patch(format!("/scim/v2/Users/{}", user["id"].as_str().unwrap()))
                .header("content-type", "application/scim+json")
                .body(body.to_string().into_bytes())
                .unwrap();
        assert!(target.answer(&request).status().is_success());
    }
}

#[tokio::test]
async fn a_changed_mapping_sends_the_difference_with_the_next_event_and_nothing_before() {
    let target = Scim2Target::new();
    let remote = Remote::Scim(target.clone());
    let scene = Scene::new(&remote, rules(&json!([])));
    scene.tell(Event::user_created(full())).await;
    target.forget_requests();
    scene.change(rules(&json!([{ "to": "title", "constant": "Sir" }])));
    scene.host.later(60 * MINUTE).await;
    assert_eq!(target.requests().len(), 0);
    assert!(scene.tell(Event::user_updated(full())).await.is_done());
    assert_eq!(scene.seen()["title"], "Sir");
    let [patch] = &patched(&target)[..] else { panic!("not one") };
    assert!(patch.contains("Sir") && !patch.contains("Lovelace"), "{patch}");
    // Taken away again: what the host says comes back.
    scene.change(rules(&json!([])));
    target.forget_requests();
    scene.tell(Event::user_updated(full())).await;
    assert_eq!(scene.seen()["title"], "Editor");
    assert_eq!(patched(&target).len(), 1);
}

#[tokio::test]
async fn a_changed_mapping_is_planned_and_reasserted() {
    for remote in Remote::all() {
        let scene = Scene::new(&remote, rules(&json!([])));
        scene.tell(Event::user_created(full())).await;
        let mut bob = User::new("u-2", "bob");
        bob.title = Some("Sir".to_owned());
        scene.tell(Event::user_created(bob)).await;
        remote.forget();
        scene.change(rules(&json!([{ "to": "title", "constant": "Sir" }])));
        let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
        assert_eq!((plan.updates, plan.unchanged), (1, 1), "{plan}");
        assert_eq!(remote.requests(), 0);
        scene.host.dispatcher.reassert(&plan).await.unwrap();
        scene.host.work().await;
        assert_eq!(remote.changes(), ["update"], "{remote}");
        assert_eq!(scene.seen()["title"], "Sir");
    }
}

#[tokio::test]
async fn a_name_that_the_mapping_changes_is_a_new_name_of_the_same_account() {
    for remote in Remote::all() {
        let scene = Scene::new(&remote, rules(&json!([])));
        scene.tell(Event::user_created(full())).await;
        let before = remote.account("u-1").unwrap().id;
        let named = json!([{ "to": "userName", "expression": r#"Pattern("{UN,TD}", "@")"# }]);
        scene.change(rules(&named));
        assert!(scene.tell(Event::user_updated(full())).await.is_done());
        assert_eq!(scene.seen()["userName"], "ada@acme", "{remote}");
        assert_eq!((remote.account("u-1").unwrap().id, remote.users()), (before, 1), "{remote}");
        assert!(scene.tell(Event::user_deleted("u-1")).await.is_done());
        assert_eq!(remote.users(), 0, "{remote}");
    }
}

#[tokio::test]
async fn an_account_in_doubt_is_found_under_the_name_that_was_sent() {
    let remote = Remote::mock();
    let named = json!([{ "to": "userName", "expression": r#"Pattern("{UN,TD}", "@")"# }]);
    let scene = Scene::new(&remote, rules(&named));
    remote.as_mock().then(outbound_provisioning::mock::Fault::TimeOutAfter);
    scene.tell(Event::user_created(full())).await;
    scene.host.later(MINUTE).await;
    scene.host.later(MINUTE).await;
    assert_eq!((remote.users(), remote.changes()), (1, vec!["create"]));
    assert_eq!(scene.seen()["userName"], "ada@acme");
    assert!(scene.host.status_of("u-1").await.remote_id.is_some());
}

// ---- switched off and scope ---------------------------------------------------------------------

#[tokio::test]
async fn switched_off_is_switched_off_as_the_target_saw_the_account() {
    for remote in Remote::all() {
        let title = json!([{ "to": "title", "constant": "Sir" }]);
        let scope = Scope::new().of_users(Filter::equals("locale", "en-GB"));
        let scene = Scene::new(&remote, rules(&title).with_scope(scope));
        // The scope asks for what the host says, and not for what the target sees.
        scene.tell(Event::user_created(full())).await;
        let mut left = full().with_display_name("Left");
        left.locale = None;
        scene.tell(Event::user_updated(left)).await;
        let account = remote.account("u-1").unwrap();
        assert!(!account.is_active(), "{remote}");
        assert_eq!(account.attributes["title"], "Sir", "{remote}");
        assert_eq!(account.attributes["displayName"], "Ada L", "{remote}");
        scene.tell(Event::user_updated(full())).await;
        assert!(remote.account("u-1").unwrap().is_active(), "{remote}");
        assert_eq!(remote.changes(), ["create", "update", "update"], "{remote}");
    }
}

// ---- rules that fail ----------------------------------------------------------------------------

#[tokio::test]
async fn f67_a_rule_that_fails_parks_this_user_and_a_newer_event_or_mapping_heals_it() {
    for by_event in [true, false] {
        for remote in Remote::all() {
            let row = format!("by an event: {by_event}, at the {remote}");
            let by_nick = json!([{ "to": "userName", "from": "nickName" }]);
            let scene = Scene::new(&remote, rules(&by_nick));
            let outcome = scene.tell(Event::user_created(full())).await;
            let Outcome::Failed { error, next } = &outcome else { panic!("{row}: {outcome}") };
            assert_eq!(*next, Next::Parked(ParkReason::Mapping), "{row}: {error}");
            assert_eq!(error.kind(), ErrorKind::Configuration, "{row}: {error}");
            let status = scene.host.status_of("u-1").await;
            assert_eq!(status.state, LaneState::Parked(ParkReason::Mapping), "{row}");
            assert!(!format!("{error} {status:?}").contains("Lovelace"), "{row}");
            scene.host.later(60 * MINUTE).await;
            assert_eq!(remote.requests(), 0, "{row}");
            // Somebody else is not concerned.
            let mut bob = User::new("u-2", "bob");
            bob.nick_name = Some("bobby".to_owned());
            assert!(scene.tell(Event::user_created(bob)).await.is_done(), "{row}");
            assert!(
                scene
                    .host
                    .dispatcher
                    .targets()
                    .await
                    .unwrap()
                    .iter()
                    .all(|target| { target.quarantined.is_none() })
            );
            let mut state = full();
            if by_event {
                state.nick_name = Some("ada".to_owned());
            } else {
                scene.change(rules(&json!([])));
            }
            assert!(scene.tell(Event::user_updated(state)).await.is_done(), "{row}");
            assert_eq!(scene.seen()["userName"], "ada", "{row}");
        }
    }
}

#[tokio::test]
async fn f67_who_is_parked_for_the_mapping_is_healed_by_a_person_too_and_loses_access_all_the_same()
{
    let remote = Remote::mock();
    let scene = Scene::new(&remote, rules(&json!([])));
    scene.tell(Event::user_created(full())).await;
    scene.change(rules(&json!([{ "to": "userName", "from": "nickName" }])));
    let outcome = scene.tell(Event::user_updated(full().with_display_name("New"))).await;
    assert!(
        matches!(outcome, Outcome::Failed { next: Next::Parked(ParkReason::Mapping), .. }),
        "{outcome}"
    );
    // A delete needs no mapping.
    assert!(scene.tell(Event::user_deleted("u-1")).await.is_done());
    assert_eq!(remote.users(), 0);

    let scene = Scene::new(&remote, rules(&json!([{ "to": "userName", "from": "nickName" }])));
    scene.tell(Event::user_created(full())).await;
    scene.change(rules(&json!([])));
    assert!(scene.host.dispatcher.retry(&acme::lane(acme::user_key("u-1"))).await.unwrap());
    scene.host.work().await;
    assert_eq!(remote.users(), 1);
}

// ---- references ---------------------------------------------------------------------------------

#[tokio::test]
async fn managers_and_extensions_go_through_the_rules() {
    for remote in Remote::all() {
        let document = json!([
            { "to": format!("{ENTERPRISE_USER}:department"), "expression": format!("ToUpper([{ENTERPRISE_USER}:department])") },
            { "to": "urn:example:badge:colour", "constant": "green" }
        ]);
        let scene = Scene::new(&remote, rules(&document));
        let mut enterprise = EnterpriseUser::default();
        enterprise.department = Some("Research".to_owned());
        enterprise.manager = Some(Manager::new("u-2"));
        let mut state = full();
        state.enterprise = Some(enterprise);
        assert!(scene.tell(Event::user_created(state)).await.is_done(), "{remote}");
        assert_eq!(scene.seen()[ENTERPRISE_USER]["department"], "RESEARCH", "{remote}");
        if matches!(remote, Remote::Mock(_)) {
            assert_eq!(scene.seen()["urn:example:badge"]["colour"], "green");
        }
        // The manager comes later, by the target's own id.
        scene.tell(Event::user_created(User::new("u-2", "bob"))).await;
        scene.host.work().await;
        let bob = remote.account("u-2").unwrap().id;
        assert_eq!(scene.seen()[ENTERPRISE_USER]["manager"]["value"], bob.as_str(), "{remote}");
        assert_eq!(scene.seen()[ENTERPRISE_USER]["department"], "RESEARCH", "{remote}");
    }
}

#[tokio::test]
async fn one_of_several_values_is_changed_and_the_others_stay() {
    for remote in Remote::all() {
        let document = json!([{
            "to": "emails[type eq \"work\"].value",
            "expression": "ToLower([emails[type eq \"work\"].value])"
        }]);
        let scene = Scene::new(&remote, rules(&document));
        let mut state = full();
        state.emails.push(MultiValue::new("home", "Ada@Home.example"));
        assert!(scene.tell(Event::user_created(state.clone())).await.is_done());
        let values = |seen: &Value| {
            let emails = seen["emails"].as_array().unwrap().iter();
            let mut values: Vec<String> =
                emails.map(|email| email["value"].as_str().unwrap().to_owned()).collect();
            values.sort();
            values
        };
        assert_eq!(values(&scene.seen()), ["Ada@Home.example", "ada@example.com"], "{remote}");
        state.emails.pop();
        assert!(scene.tell(Event::user_updated(state)).await.is_done());
        assert_eq!(values(&scene.seen()), ["ada@example.com"], "{remote}");
    }
}

// ---- what it costs ------------------------------------------------------------------------------

#[tokio::test]
async fn what_changes_nothing_there_costs_the_acceptance_and_no_more() {
    for provisioner in [Provisioner::new("crm", "mock"), Provisioner::new("crm", "mock").blocking()]
    {
        let remote = Remote::mock();
        let settings = rules(&json!([{ "to": "title", "drop": true }]));
        let store = Counting::new(MemoryStore::new());
        let kept = store.clone();
        let host = Host::configured(
            acme(organization(settings, provisioner)),
            remote.registry(),
            remote.as_mock(),
            |builder| builder.store(kept),
        );
        host.accept(Event::user_created(full())).await;
        host.work().await;
        remote.forget();
        for title in ["A", "B", "C"] {
            let before = store.batches().len();
            let mut state = full();
            state.title = Some(title.to_owned());
            assert_eq!(host.accept(Event::user_updated(state)).await, Outcome::NotNeeded);
            host.work().await;
            assert_eq!(store.batches().len() - before, 1, "one commit, of the event itself");
        }
        assert_eq!(remote.requests(), 0);
        let status = host.status_of("u-1").await;
        assert_eq!((status.state, status.newest), (LaneState::Settled, status.settled));
    }
}

// ---- a process that ends uncleanly --------------------------------------------------------------

#[tokio::test]
async fn a_life_that_ends_uncleanly_clears_nothing_that_others_set() {
    for is_sent in [false, true] {
        let folder = TempFolder::new();
        let target = Scim2Target::new();
        let remote = Remote::Scim(target.clone());
        let clock = Clock::new();
        let life = || {
            let settings = rules(&json!([
                { "to": "title", "drop": true }, { "to": "nickName", "from": "displayName" }
            ]));
            let configuration = acme(organization(settings, Provisioner::new("crm", "mock")));
            let store = RedbStore::open(folder.path().join("outbound.redb")).unwrap();
            let builder = Dispatcher::builder(configuration, remote.registry());
            builder.runtime(clock.clone()).store(store).build().unwrap()
        };
        let work = async |dispatcher: &Dispatcher| {
            Worker::builder(dispatcher).build().run_once().await.unwrap();
        };
        let tell = async |dispatcher: &Dispatcher, event: Event| {
            dispatcher.dispatch(event.in_organization("acme")).await.unwrap();
        };
        let first = life();
        tell(&first, Event::user_created(full())).await;
        work(&first).await;
        set_title(&target, "Set there");
        let mut state = full().with_display_name("New");
        state.title = Some("Never sent".to_owned());
        tell(&first, Event::user_updated(state)).await;
        if is_sent {
            work(&first).await;
        }
        // Without a word.
        drop(first);
        let second = life();
        for _ in 0..5 {
            work(&second).await;
            clock.advance(60 * SECOND);
        }
        let seen = remote.account("u-1").unwrap().attributes;
        assert_eq!(seen["title"], "Set there", "sent: {is_sent}");
        assert_eq!((&seen["displayName"], &seen["nickName"]), (&json!("New"), &json!("New")));
        assert!(!patched(&target).concat().contains("Never sent"));
    }
}
