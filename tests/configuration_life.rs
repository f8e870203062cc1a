//! The life of a configuration: a target that comes to others and is loaded, a scope or a mapping that changes, and a
//! target that is withdrawn (P16, P18, P19).
#![cfg(all(feature = "mock", feature = "blocking", feature = "non-blocking", feature = "tokio"))]
#![expect(
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/acme.rs"]
mod acme;
#[cfg(feature = "redb")]
#[path = "support/folder.rs"]
mod folder;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use acme::{Host, MINUTE, ada, group_key, lane, members, nth, target_key, user_key, users, words};
use async_trait::async_trait;
use outbound_provisioning::delivery::ParkReason;
use outbound_provisioning::dispatch::{Action, LaneState, LaneStatus};
use outbound_provisioning::host::{ResourceSource, SharedConfiguration};
use outbound_provisioning::mock::{Call, MockConnector};
use outbound_provisioning::model::{
    Configuration, Event, Group, LocalId, Member, OrganizationId, Resource, ResourceKey,
    ResourceKind, Target, TargetKey, Trigger, User, Withdrawal,
};
use outbound_provisioning::resolver::SkipReason;
use outbound_provisioning::store::{MemoryStore, Store};
use outbound_provisioning::{
    ConnectorRegistry, Dispatcher, Error, ErrorKind, Outcome, Result, Worker,
};
use serde_json::{Value, json};

/// What the host has, and what happens while it is asked.
#[derive(Clone, Default)]
struct Truth(Arc<Mutex<Rows>>);

#[derive(Default)]
struct Rows {
    resources: BTreeMap<ResourceKey, Resource>,
    /// Ids that are listed although nobody is there any more.
    ghosts: Vec<ResourceKey>,
    asked: Vec<ResourceKey>,
    /// The question after so many is not answered.
    fails_after: Option<usize>,
    /// While the first question about somebody is answered, with what was true before, this is told.
    meanwhile: Option<(ResourceKey, Dispatcher, Event)>,
}

impl std::fmt::Debug for Truth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Truth")
    }
}

impl Truth {
    fn has(&self, resource: impl Into<Resource>) {
        let resource = resource.into();
        self.0.lock().unwrap().resources.insert(key_of(&resource), resource);
    }

    fn has_not(&self, key: &ResourceKey) {
        self.0.lock().unwrap().resources.remove(key);
    }

    fn asked(&self) -> Vec<ResourceKey> {
        self.0.lock().unwrap().asked.clone()
    }
}

fn key_of(resource: &Resource) -> ResourceKey {
    ResourceKey::new("acme".into(), resource.kind(), resource.local_id().clone())
}

#[async_trait]
impl ResourceSource for Truth {
    async fn load(&self, key: &ResourceKey) -> Result<Option<Resource>> {
        let (answer, meanwhile) = {
            let mut rows = self.0.lock().unwrap();
            if rows.fails_after == Some(rows.asked.len()) {
                rows.fails_after = None;
                return Err(Error::new(ErrorKind::Storage, "the host's database is down"));
            }
            rows.asked.push(key.clone());
            let meanwhile = rows.meanwhile.take_if(|(about, ..)| about == key);
            (rows.resources.get(key).cloned(), meanwhile)
        };
        if let Some((_, dispatcher, event)) = meanwhile {
            // The host commits, and says so; whoever asked before sees what was before.
            match &event.change {
                outbound_provisioning::model::EventChange::Updated(resource) => {
                    self.has((**resource).clone());
                }
                _ => self.has_not(key),
            }
            dispatcher.dispatch(event.in_organization("acme")).await?;
        }
        Ok(answer)
    }

    async fn list(
        &self,
        organization: &OrganizationId,
        kind: ResourceKind,
        after: Option<&LocalId>,
        most: usize,
    ) -> Result<Vec<LocalId>> {
        let rows = self.0.lock().unwrap();
        let mut keys: Vec<&ResourceKey> = rows.resources.keys().chain(&rows.ghosts).collect();
        keys.sort();
        let ids =
            keys.into_iter().filter(|key| key.kind == kind && key.organization == *organization);
        let ids = ids.map(|key| key.id.clone()).filter(|id| after.is_none_or(|after| id > after));
        Ok(ids.take(most).collect())
    }
}

/// Two targets. `hr` was there before; `crm` is the one that is looked at.
struct Scene {
    host: Host,
    hr: MockConnector,
    shared: SharedConfiguration,
    truth: Truth,
}

/// What one target is like, and who points to which.
fn document(crm: Value, points: &[&str]) -> Configuration {
    let provisioners: Vec<Value> = points
        .iter()
        .map(|connection| match *connection {
            "crm" => json!({ "connection": "crm", "connector": "mock" }),
            other => json!({ "connection": other, "connector": "other" }),
        })
        .collect();
    let document = json!({ "organizations": { "acme": {
        "connections": {
            "crm": { "connectors": { "mock": crm } },
            "hr": { "connectors": { "other": {} } },
        },
        "provisioners": provisioners,
    } } });
    Configuration::from_json(&document.to_string()).unwrap()
}

fn both(crm: Value) -> Configuration {
    document(crm, &["crm", "hr"])
}

impl Scene {
    fn new(configuration: Configuration) -> Self {
        Self::at(configuration, MemoryStore::new(), MockConnector::new(), Truth::default())
    }

    fn at(
        configuration: Configuration,
        store: impl Store,
        crm: MockConnector,
        truth: Truth,
    ) -> Self {
        let (shared, hr) = (SharedConfiguration::new(configuration), MockConnector::new());
        let registry = ConnectorRegistry::new()
            .with_instance("mock", crm.clone())
            .with_instance("other", hr.clone());
        let host = Host::configured(shared.clone(), registry, crm, |builder| {
            builder.resources(truth.clone()).store(store)
        });
        Self { host, hr, shared, truth }
    }

    /// The host has it, and has said so.
    async fn tells(&self, resource: impl Into<Resource>) {
        let resource = resource.into();
        self.truth.has(resource.clone());
        let event = match resource {
            Resource::User(user) => Event::user_updated(user),
            Resource::Group(group) => Event::group_created(group),
        };
        self.host.report(event).await;
        self.host.work().await;
    }

    async fn change(&self, configuration: Configuration) {
        self.shared.replace(configuration);
        self.host.dispatcher.check_configuration(&"acme".into()).await.unwrap();
    }

    /// Loads everybody in pages of so many. Answers how many calls it took.
    async fn load(&self, most: usize) -> usize {
        for calls in 1.. {
            let loading = self.host.dispatcher.load(&target_key(), most).await.unwrap();
            assert_eq!(
                self.host.dispatcher.loading(&target_key()).await.unwrap(),
                Some(loading.clone())
            );
            if loading.is_done {
                return calls;
            }
            assert!(calls < 10_000, "it has no end");
        }
        0
    }

    fn forget_calls(&self) {
        self.host.crm.forget_calls();
        self.hr.forget_calls();
    }

    async fn outcome(&self, event: Event, connection: &str, connector: &str) -> Option<Outcome> {
        self.host.report(event).await.at(connection, connector).cloned()
    }

    async fn at_crm(&self, event: Event) -> Option<Outcome> {
        self.outcome(event, "crm", "mock").await
    }

    async fn status(&self, id: &str) -> LaneStatus {
        let all = self.host.dispatcher.status(&user_key(id)).await.unwrap();
        all.into_iter().find(|status| status.lane.target == target_key().target).unwrap()
    }

    async fn worked(&self) {
        // As long as the guard's hour does not pass.
        self.host.work().await;
        self.host.later(MINUTE).await;
    }
}

fn named(id: usize, name: &str) -> User {
    nth(id).with_display_name(name)
}

// ---- a first load -------------------------------------------------------------------------------

#[tokio::test]
async fn a_load_tells_everybody_in_pages_users_before_groups_and_only_one_target() {
    for (most, calls) in [(1, 28), (7, 7), (10, 6), (1_000, 4), (0, 28)] {
        let scene = Scene::new(document(json!({}), &["hr"]));
        for number in 1..=23 {
            scene.tells(nth(number)).await;
        }
        for number in 1..=3 {
            let ids = (1..=23).filter(|id| id % 3 == number % 3);
            let members: Vec<Member> = ids.map(|id| Member::user(format!("u-{id}"))).collect();
            let group = Group::new(format!("g-{number}"), format!("Group {number}"));
            let group = members.into_iter().fold(group, |group, member| group.with_member(member));
            scene.tells(group).await;
        }
        assert!(scene.host.crm.calls().is_empty());
        scene.forget_calls();
        scene.change(both(json!({}))).await;
        assert_eq!(scene.host.dispatcher.loading(&target_key()).await.unwrap(), None);
        assert_eq!(scene.load(most).await, calls, "pages of {most}");
        let loading = scene.host.dispatcher.loading(&target_key()).await.unwrap().unwrap();
        assert_eq!((loading.told, loading.missing, loading.failed), (26, 0, 0));
        let kinds: Vec<ResourceKind> = scene.truth.asked().iter().map(|key| key.kind).collect();
        assert!(kinds.is_sorted_by_key(|kind| *kind == ResourceKind::Group), "users first");
        assert_eq!(kinds.len(), 26, "each once");
        scene.host.work().await;
        assert_eq!(users(&scene.host.crm).len(), 23);
        for (group, there) in [("g-1", 8), ("g-2", 8), ("g-3", 7)] {
            assert_eq!(members(&scene.host.crm, group), Some(there), "{group}");
        }
        assert!(scene.hr.calls().is_empty(), "the other target is not told");
        // It is over: nothing is asked any more, until somebody wants it again, and that costs no request.
        scene.forget_calls();
        scene.load(most).await;
        assert_eq!(scene.truth.asked().len(), 26);
        scene.host.dispatcher.load_again(&target_key()).await.unwrap();
        scene.load(1_000).await;
        assert_eq!(scene.truth.asked().len(), 52);
        scene.worked().await;
        assert!(scene.host.crm.calls().is_empty(), "{:?}", words(&scene.host.crm));
        assert!(scene.hr.calls().is_empty());
    }
}

#[tokio::test]
async fn a_load_goes_on_where_it_was_when_the_host_could_not_answer() {
    let scene = Scene::new(both(json!({})));
    for number in 1..=9 {
        scene.truth.has(nth(number));
    }
    scene.truth.0.lock().unwrap().fails_after = Some(5);
    let error = scene.host.dispatcher.load(&target_key(), 100).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    let loading = scene.host.dispatcher.loading(&target_key()).await.unwrap().unwrap();
    assert_eq!((loading.told, loading.is_done), (5, false));
    scene.load(100).await;
    assert_eq!(scene.truth.asked().len(), 9, "nobody is asked for twice");
    scene.host.work().await;
    assert_eq!(users(&scene.host.crm).len(), 9);
}

#[cfg(feature = "redb")]
#[tokio::test]
async fn a_load_goes_on_in_the_next_life() {
    use outbound_provisioning::store::RedbStore;

    let folder = folder::TempFolder::new();
    let path = folder.path().join("outbound.redb");
    let (crm, truth) = (MockConnector::new(), Truth::default());
    for number in 1..=9 {
        truth.has(nth(number));
    }
    truth.has(Group::new("g-1", "Staff").with_member(Member::user("u-9")));
    let start = || {
        let store = RedbStore::open(&path).unwrap();
        Scene::at(both(json!({})), store, crm.clone(), truth.clone())
    };
    // Three pages of users, one that is empty, and the same of groups.
    let expected = [0, 4, 8, 9, 9, 10];
    let mut lives = 0;
    loop {
        let scene = start();
        let before = scene.host.dispatcher.loading(&target_key()).await.unwrap();
        let told = before.map(|loading| loading.told).unwrap_or_default();
        assert_eq!(told, expected[lives], "life {lives}");
        lives += 1;
        if scene.host.dispatcher.load(&target_key(), 4).await.unwrap().is_done {
            break;
        }
    }
    assert_eq!(lives, expected.len());
    assert_eq!(truth.asked().len(), 10);
    let scene = start();
    scene.host.later(10 * MINUTE).await;
    scene.host.later(10 * MINUTE).await;
    assert_eq!((users(&crm).len(), members(&crm, "g-1")), (9, Some(1)));
}

#[tokio::test]
async fn a_load_deletes_nobody_whatever_the_host_says() {
    let scene = Scene::new(both(json!({})));
    for number in 1..=3 {
        scene.tells(nth(number)).await;
    }
    scene.tells(Group::new("g-1", "Staff").with_member(Member::user("u-1"))).await;
    scene.forget_calls();
    // Listed, and gone when it was asked for: its own event says so, and not the load.
    for key in [user_key("u-2"), user_key("u-7"), group_key("g-1")] {
        scene.truth.has_not(&key);
        scene.truth.0.lock().unwrap().ghosts.push(key);
    }
    scene.load(10).await;
    let loading = scene.host.dispatcher.loading(&target_key()).await.unwrap().unwrap();
    assert_eq!((loading.told, loading.missing, loading.failed), (2, 3, 0));
    scene.worked().await;
    assert!(scene.host.crm.calls().is_empty() && scene.hr.calls().is_empty());
    // And a host that has nobody at all.
    for key in [user_key("u-1"), user_key("u-3")] {
        scene.truth.has_not(&key);
    }
    scene.truth.0.lock().unwrap().ghosts.clear();
    scene.host.dispatcher.load_again(&target_key()).await.unwrap();
    assert_eq!(scene.load(10).await, 2);
    scene.worked().await;
    assert!(scene.host.crm.calls().is_empty() && scene.hr.calls().is_empty());
    assert_eq!((users(&scene.host.crm).len(), users(&scene.hr).len()), (3, 3));
}

#[tokio::test]
async fn p5_an_event_that_comes_during_the_load_is_not_overtaken_by_what_was_before() {
    let newer = || named(1, "New");
    for event in [Event::user_updated(newer()), Event::user_deleted("u-1")] {
        let scene = Scene::new(both(json!({})));
        scene.truth.has(named(1, "Old"));
        scene.truth.has(nth(2));
        scene.truth.0.lock().unwrap().meanwhile =
            Some((user_key("u-1"), scene.host.dispatcher.clone(), event.clone()));
        scene.load(10).await;
        scene.worked().await;
        let mut there: Vec<User> = users(&scene.host.crm);
        there.sort_by(|one, other| one.external_id.cmp(&other.external_id));
        match &event.change {
            outbound_provisioning::model::EventChange::Updated(_) => {
                assert_eq!(there, [newer(), nth(2)]);
                assert!(!scene.host.crm.calls().iter().any(|call| matches!(
                    call,
                    Call::Create(Resource::User(user)) if user.display_name.as_deref() == Some("Old")
                )));
            }
            _ => {
                assert_eq!(there, [nth(2)], "who is gone does not come back");
                let loading = scene.host.dispatcher.loading(&target_key()).await.unwrap().unwrap();
                assert_eq!((loading.told, loading.missing), (1, 1));
            }
        }
    }
}

#[tokio::test]
async fn a_load_brings_nobody_to_another_target() {
    let scene = Scene::new(document(json!({}), &["hr"]));
    scene.tells(nth(1)).await;
    scene.change(both(json!({}))).await;
    // The host has somebody of whom it never spoke.
    scene.truth.has(nth(2));
    scene.forget_calls();
    scene.load(10).await;
    scene.worked().await;
    assert_eq!(users(&scene.host.crm).len(), 2);
    assert_eq!(users(&scene.hr), [nth(1)]);
    assert!(scene.hr.calls().is_empty());
}

#[tokio::test]
async fn a_load_tells_no_other_target_even_what_it_had_not_heard() {
    let scene = Scene::new(document(json!({}), &["hr"]));
    scene.tells(nth(1)).await;
    scene.tells(Group::new("g-1", "Staff")).await;
    scene.change(both(json!({}))).await;
    // The host forgot to say so.
    scene.truth.has(named(1, "New"));
    scene.truth.has(Group::new("g-1", "All staff"));
    scene.forget_calls();
    scene.load(10).await;
    scene.worked().await;
    assert_eq!(users(&scene.host.crm), [named(1, "New")]);
    assert!(scene.hr.calls().is_empty(), "{:?}", words(&scene.hr));
}

#[tokio::test]
async fn a_load_keeps_to_the_scope_the_mapping_and_the_exclusions() {
    let crm = json!({
        "scope": { "users": "displayName pr" },
        "mapping": { "users": [{ "to": "userType", "constant": "Employee" }] },
    });
    let scene = Scene::new(both(crm));
    // Kept out by the option for users who are created just in time.
    let event = Event::user_created(named(1, "One")).triggered_by(Trigger::JustInTime);
    let out = scene.at_crm(event).await;
    assert_eq!(out, Some(Outcome::Skipped(SkipReason::JitExcluded)), "{out:?}");
    scene.truth.has(named(1, "One"));
    scene.truth.has(named(2, "Two"));
    scene.truth.has(nth(3));
    // One that no event could bring keeps nobody else waiting.
    scene.truth.has(User::new("u-4", ""));
    scene.truth.has(named(5, "Five"));
    scene.load(10).await;
    let loading = scene.host.dispatcher.loading(&target_key()).await.unwrap().unwrap();
    assert_eq!((loading.told, loading.missing, loading.failed), (4, 0, 1));
    scene.worked().await;
    let there = users(&scene.host.crm);
    assert_eq!(there.len(), 2);
    assert!(there.iter().all(|user| user.user_type.as_deref() == Some("Employee")));
    assert_eq!(scene.status("u-1").await.excluded, Some(SkipReason::JitExcluded));
}

#[tokio::test]
async fn a_load_that_cannot_be_says_why() {
    let host = Host::new();
    let error = host.dispatcher.load(&target_key(), 10).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("resource source"), "{error}");
    let scene = Scene::new(both(json!({})));
    let nowhere = TargetKey::new("acme".into(), Target::new("crm", "nowhere"));
    let error = scene.host.dispatcher.load(&nowhere, 10).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("nowhere"), "{error}");
    assert_eq!(scene.host.dispatcher.loading(&nowhere).await.unwrap(), None);

    /// Knows each, and not all.
    #[derive(Debug)]
    struct Mute;
    #[async_trait]
    impl ResourceSource for Mute {
        async fn load(&self, _: &ResourceKey) -> Result<Option<Resource>> {
            Ok(None)
        }
    }
    let crm = MockConnector::new();
    let host = Host::with(crm.clone(), crm, |builder| builder.resources(Mute));
    let error = host.dispatcher.load(&target_key(), 10).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_withdrawn_target_is_loaded_with_nobody() {
    let scene = Scene::new(both(json!({})));
    scene.truth.has(nth(1));
    scene.host.dispatcher.withdraw(&target_key(), Withdrawal::Leave).await.unwrap();
    scene.load(10).await;
    scene.worked().await;
    assert!(scene.host.crm.calls().is_empty());
}

// ---- a mapping or a scope that changes ----------------------------------------------------------

/// A hundred people, each with a title.
async fn hundred(crm: Value) -> Scene {
    let scene = Scene::new(both(crm));
    for number in 1..=100 {
        let mut user = nth(number);
        user.title = Some(if number <= 30 { "Intern" } else { "Engineer" }.to_owned());
        scene.host.report(Event::user_created(user)).await;
    }
    scene.host.work().await;
    scene.forget_calls();
    scene
}

/// Interns are not told apart from engineers.
fn untitled() -> Value {
    json!({ "mapping": { "users": [{ "to": "title", "constant": "Engineer" }] } })
}

#[tokio::test]
async fn p19_a_changed_mapping_resends_only_what_differs_and_only_when_a_person_wants_it() {
    let scene = hundred(json!({})).await;
    scene.change(both(untitled())).await;
    for _ in 0..3 {
        scene.host.later(60 * MINUTE).await;
    }
    assert!(scene.host.crm.calls().is_empty(), "nobody is touched");
    let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
    assert_eq!((plan.updates, plan.unchanged, plan.changes.len()), (30, 70, 30), "{plan}");
    for (lane, action) in &plan.changes {
        assert_eq!(action.to_string(), "update title", "{lane:?}");
    }
    assert!(scene.host.crm.calls().is_empty(), "a plan asks no target");
    scene.worked().await;
    assert!(scene.host.crm.calls().is_empty(), "and changes nothing");
    assert_eq!(scene.host.dispatcher.reassert(&plan).await.unwrap(), 30);
    scene.host.work().await;
    assert_eq!(words(&scene.host.crm), ["update"; 30]);
    assert!(users(&scene.host.crm).iter().all(|user| user.title.as_deref() == Some("Engineer")));
    assert!(scene.hr.calls().is_empty(), "the other target has a mapping of its own");
    let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
    assert_eq!((plan.unchanged, plan.changes.len()), (100, 0));
    assert_eq!(scene.host.dispatcher.reassert(&plan).await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_reasserted_goes_behind_ordinary_work() {
    let scene = hundred(json!({})).await;
    scene.change(both(untitled())).await;
    let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
    scene.host.dispatcher.reassert(&plan).await.unwrap();
    scene.host.report(Event::user_created(nth(777))).await;
    scene.host.report(Event::user_updated(nth(50).with_active(false))).await;
    let one = NonZeroUsize::MIN;
    let worker =
        Worker::builder(&scene.host.dispatcher).in_flight_per_target(one).in_flight(one).build();
    worker.run_once().await.unwrap();
    let calls = scene.host.crm.calls();
    assert_eq!(calls.len(), 32);
    let [Call::Update(_, Resource::User(leaver)), Call::Create(Resource::User(joiner)), ..] =
        &calls[..]
    else {
        panic!("{:?}", words(&scene.host.crm))
    };
    assert_eq!((leaver.external_id.as_str(), joiner.external_id.as_str()), ("u-50", "u-777"));
}

#[tokio::test]
async fn what_happens_after_the_plan_counts_and_costs_no_request_twice() {
    let scene = hundred(json!({})).await;
    scene.change(both(untitled())).await;
    let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
    // Deleted and changed between the plan and the word of the person.
    scene.host.report(Event::user_deleted("u-1")).await;
    scene.host.report(Event::user_updated(named(2, "Two"))).await;
    scene.host.work().await;
    scene.forget_calls();
    scene.host.dispatcher.reassert(&plan).await.unwrap();
    scene.host.work().await;
    assert_eq!(words(&scene.host.crm), ["update"; 28]);
    assert_eq!(users(&scene.host.crm).len(), 99);
    // Again, by a click too many.
    scene.forget_calls();
    scene.host.dispatcher.reassert(&plan).await.unwrap();
    scene.worked().await;
    assert!(scene.host.crm.calls().is_empty(), "{:?}", words(&scene.host.crm));
}

#[tokio::test]
async fn a_plan_is_refused_once_the_configuration_is_another() {
    let scene = hundred(json!({})).await;
    scene.change(both(untitled())).await;
    let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
    scene.change(both(json!({}))).await;
    let error = scene.host.dispatcher.reassert(&plan).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stale);
    scene.worked().await;
    assert!(scene.host.crm.calls().is_empty());
    let nowhere = TargetKey::new("acme".into(), Target::new("nowhere", "mock"));
    let error = scene.host.dispatcher.plan_reassert(&nowhere).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn three_of_ten_leave_by_a_changed_scope_under_the_guard() {
    for allow in [true, false] {
        let guard = json!({ "count": 10, "share_percent": 0 });
        let scene = hundred(json!({ "guard": guard })).await;
        let narrower = json!({ "guard": guard, "scope": { "users": "title ne \"Intern\"" } });
        scene.change(both(narrower)).await;
        scene.worked().await;
        assert!(scene.host.crm.calls().is_empty(), "nobody is touched before a person says so");
        let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
        assert_eq!((plan.deactivations, plan.unchanged, plan.changes.len()), (30, 70, 30));
        assert_eq!((plan.creates, plan.updates, plan.deletions, plan.look_ups), (0, 0, 0, 0));
        scene.host.dispatcher.reassert(&plan).await.unwrap();
        scene.worked().await;
        let is_off = || users(&scene.host.crm).iter().filter(|user| !user.active).count();
        let held = scene.host.dispatcher.held(&target_key()).await.unwrap();
        assert_eq!((is_off(), held.len()), (10, 20));
        if allow {
            assert_eq!(scene.host.dispatcher.allow_held(&target_key()).await.unwrap(), 20);
            scene.worked().await;
            assert_eq!(is_off(), 30);
        } else {
            assert_eq!(scene.host.dispatcher.reject_held(&target_key()).await.unwrap(), 20);
            scene.worked().await;
            assert_eq!(is_off(), 10);
            // They stay ours: the next event of one of them is delivered as any other, and judged.
            let one = held[0].resource.id.clone();
            let mut user =
                users(&scene.host.crm).into_iter().find(|user| user.external_id == one).unwrap();
            user.title = Some("Engineer".to_owned());
            scene.host.report(Event::user_updated(user)).await;
            scene.forget_calls();
            scene.worked().await;
            assert_eq!(words(&scene.host.crm), ["update"]);
        }
        assert!(scene.host.dispatcher.held(&target_key()).await.unwrap().is_empty());
        assert_eq!(users(&scene.host.crm).len(), 100, "nobody is deleted");
        assert!(users(&scene.hr).iter().all(|user| user.active), "nor touched elsewhere");
    }
}

#[tokio::test]
async fn who_is_excluded_and_who_is_gone_is_not_reasserted() {
    let scene = hundred(json!({})).await;
    scene.host.report(Event::user_created(nth(500)).triggered_by(Trigger::JustInTime)).await;
    scene.host.report(Event::user_deleted("u-1")).await;
    scene.host.work().await;
    scene.forget_calls();
    scene.change(both(untitled())).await;
    let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
    assert_eq!((plan.updates, plan.creates, plan.unchanged), (29, 0, 70), "{plan}");
    scene.host.dispatcher.reassert(&plan).await.unwrap();
    scene.worked().await;
    assert_eq!(words(&scene.host.crm), ["update"; 29]);
    let status = scene.status("u-500").await;
    assert_eq!((status.excluded, status.remote_id), (Some(SkipReason::JitExcluded), None));
}

#[tokio::test]
async fn a_mapping_that_fails_for_some_is_planned_as_what_cannot_be_told() {
    let scene = hundred(json!({})).await;
    // `displayName` is what nobody has.
    let fails = json!({ "mapping": { "users": [
        { "to": "userName", "expression": "Left([displayName], 3)" } ] } });
    scene.change(both(fails)).await;
    let plan = scene.host.dispatcher.plan_reassert(&target_key()).await.unwrap();
    assert_eq!((plan.unknown, plan.changes.len()), (100, 100), "{plan}");
    assert!(plan.changes.iter().all(|(_, action)| matches!(action, Action::Refuse(_))));
    scene.host.dispatcher.reassert(&plan).await.unwrap();
    scene.worked().await;
    assert!(scene.host.crm.calls().is_empty());
    let status = scene.status("u-7").await;
    assert_eq!(status.state, LaneState::Parked(ParkReason::Mapping));
    // And mended.
    scene.change(both(json!({}))).await;
    assert!(scene.host.dispatcher.retry(&lane(user_key("u-7"))).await.unwrap());
    scene.worked().await;
    assert_eq!(scene.status("u-7").await.state, LaneState::Settled);
    assert!(scene.host.crm.calls().is_empty());
}

// ---- a target that is withdrawn -----------------------------------------------------------------

const EVERYBODY: usize = 5;

/// Five people and their group, at both targets.
async fn five(crm: Value) -> Scene {
    let scene = Scene::new(both(crm));
    fill(&scene).await;
    scene
}

async fn fill(scene: &Scene) {
    let mut staff = Group::new("g-1", "Staff");
    for number in 1..=EVERYBODY {
        scene.tells(nth(number)).await;
        staff = staff.with_member(Member::user(format!("u-{number}")));
    }
    scene.tells(staff).await;
    assert_eq!(members(&scene.host.crm, "g-1"), Some(EVERYBODY));
    scene.forget_calls();
}

#[tokio::test]
async fn p18_accounts_are_left_switched_off_or_deleted() {
    for (withdrawal, on, there, groups) in [
        (Withdrawal::Leave, 5, 5, 1),
        (Withdrawal::Deactivate, 0, 5, 1),
        (Withdrawal::Delete, 0, 0, 0),
    ] {
        let scene = five(json!({})).await;
        assert_eq!(scene.host.dispatcher.withdrawing(&target_key()).await.unwrap(), None);
        assert_eq!(scene.host.dispatcher.withdraw(&target_key(), withdrawal).await.unwrap(), 6);
        let open = scene.host.dispatcher.withdrawing(&target_key()).await.unwrap().unwrap();
        assert_eq!((open.open, open.parked, open.is_done()), (6, 0, false));
        scene.worked().await;
        let open = scene.host.dispatcher.withdrawing(&target_key()).await.unwrap().unwrap();
        assert!(open.is_done(), "{withdrawal:?}: {open:?}");
        let left = users(&scene.host.crm);
        let switched_on = left.iter().filter(|user| user.active).count();
        assert_eq!((switched_on, left.len()), (on, there), "{withdrawal:?}");
        let left = scene.host.crm.remote_resources().len() - there;
        assert_eq!(left, groups, "{withdrawal:?}: {:?}", words(&scene.host.crm));
        assert!(scene.hr.calls().is_empty(), "the other target is not touched");
        if withdrawal == Withdrawal::Leave {
            assert!(scene.host.crm.calls().is_empty());
        }
        // Nothing is done twice.
        scene.forget_calls();
        scene.host.dispatcher.withdraw(&target_key(), withdrawal).await.unwrap();
        scene.worked().await;
        assert!(scene.host.crm.calls().is_empty(), "{withdrawal:?}: {:?}", words(&scene.host.crm));
    }
}

#[tokio::test]
async fn p18_what_waits_is_given_up_and_what_comes_is_skipped() {
    let scene = five(json!({})).await;
    scene.host.report(Event::user_updated(named(1, "New"))).await;
    scene.host.report(Event::user_created(nth(6))).await;
    scene.host.report(Event::members_changed("g-1", [Member::user("u-6")], [])).await;
    scene.host.dispatcher.withdraw(&target_key(), Withdrawal::Leave).await.unwrap();
    for event in [
        Event::user_updated(named(2, "New")),
        Event::user_created(nth(7)),
        Event::user_deleted("u-3"),
        Event::user_deleted("u-6"),
        Event::members_changed("g-1", [Member::user("u-7")], [Member::user("u-1")]),
        Event::group_updated(Group::new("g-1", "All staff")),
        Event::group_created(Group::new("g-2", "Others")),
    ] {
        let key = event.clone().in_organization("acme").resource_key();
        let report = scene.host.report(event.clone()).await;
        // At once, or when a worker comes to it: it is no success.
        let outcome = report.at("crm", "mock").cloned().unwrap();
        let skipped = Outcome::Skipped(SkipReason::Withdrawn);
        assert!(outcome == skipped || outcome == Outcome::Queued, "{event:?}: {outcome}");
        assert_eq!(report.at("hr", "other"), Some(&Outcome::Queued), "{event:?}");
        scene.host.work().await;
        let all = scene.host.dispatcher.status(&key).await.unwrap();
        let crm = all.iter().find(|status| status.lane.target == target_key().target);
        assert!(
            crm.is_none_or(|crm| crm.last.as_deref() != Some("delivered")
                || crm.settled < crm.newest
                || crm.leaving.is_some()),
            "{crm:?}"
        );
    }
    scene.worked().await;
    assert!(scene.host.crm.calls().is_empty(), "{:?}", words(&scene.host.crm));
    assert_eq!(users(&scene.host.crm).len(), EVERYBODY);
    let done = scene.host.dispatcher.withdrawing(&target_key()).await.unwrap().unwrap();
    assert!(done.is_done(), "{done:?}");
    assert_eq!(users(&scene.hr).len(), 5, "u-7 came, u-3 left, and u-6 came and left");
    assert_eq!(members(&scene.hr, "g-1"), Some(4));
}

#[tokio::test]
async fn p16_p18_a_withdrawal_goes_by_the_guard() {
    for allow in [true, false] {
        let scene = five(json!({ "guard": { "count": 2, "share_percent": 0 } })).await;
        scene.host.dispatcher.withdraw(&target_key(), Withdrawal::Delete).await.unwrap();
        scene.worked().await;
        let open = scene.host.dispatcher.withdrawing(&target_key()).await.unwrap().unwrap();
        assert_eq!((open.open, open.parked), (4, 4));
        assert_eq!(scene.host.crm.remote_resources().len(), 4);
        if allow {
            assert_eq!(scene.host.dispatcher.allow_held(&target_key()).await.unwrap(), 4);
        } else {
            assert_eq!(scene.host.dispatcher.reject_held(&target_key()).await.unwrap(), 4);
        }
        scene.worked().await;
        let open = scene.host.dispatcher.withdrawing(&target_key()).await.unwrap().unwrap();
        assert!(open.is_done());
        let left = if allow { 0 } else { 4 };
        assert_eq!(scene.host.crm.remote_resources().len(), left);
        assert!(scene.hr.calls().is_empty());
    }
}

#[tokio::test]
async fn p18_another_choice_may_be_made_as_long_as_nobody_was_deleted() {
    let scene = five(json!({})).await;
    for withdrawal in [Withdrawal::Leave, Withdrawal::Deactivate, Withdrawal::Delete] {
        scene.host.dispatcher.withdraw(&target_key(), withdrawal).await.unwrap();
        scene.worked().await;
        let on = users(&scene.host.crm).iter().filter(|user| user.active).count();
        match withdrawal {
            Withdrawal::Leave => assert_eq!(on, EVERYBODY),
            Withdrawal::Deactivate => {
                assert_eq!((on, users(&scene.host.crm).len()), (0, EVERYBODY))
            }
            _ => assert!(scene.host.crm.remote_resources().is_empty()),
        }
    }
}

#[tokio::test]
async fn p18_a_target_that_is_down_is_withdrawn_from_once_it_is_back() {
    let scene = five(json!({})).await;
    scene.host.dispatcher.withdraw(&target_key(), Withdrawal::Delete).await.unwrap();
    for _ in 0..12 {
        scene.host.crm.fail_next(Error::new(ErrorKind::Unavailable, "down for lunch"));
    }
    scene.host.work().await;
    let open = scene.host.dispatcher.withdrawing(&target_key()).await.unwrap().unwrap();
    assert!(!open.is_done());
    for _ in 0..20 {
        scene.host.later(60 * MINUTE).await;
    }
    let open = scene.host.dispatcher.withdrawing(&target_key()).await.unwrap().unwrap();
    assert!(open.is_done(), "{open:?}");
    assert!(scene.host.crm.remote_resources().is_empty());
}

#[cfg(feature = "redb")]
#[tokio::test]
async fn p18_a_withdrawal_goes_on_in_the_next_life() {
    use outbound_provisioning::store::RedbStore;

    let folder = folder::TempFolder::new();
    let path = folder.path().join("outbound.redb");
    let crm = MockConnector::new();
    let start = || {
        let store = RedbStore::open(&path).unwrap();
        Scene::at(both(json!({})), store, crm.clone(), Truth::default())
    };
    {
        let scene = start();
        fill(&scene).await;
        scene.host.dispatcher.withdraw(&target_key(), Withdrawal::Deactivate).await.unwrap();
        scene.host.report(Event::user_updated(named(1, "New"))).await;
    }
    let scene = start();
    let open = scene.host.dispatcher.withdrawing(&target_key()).await.unwrap().unwrap();
    assert!(!open.is_done());
    let skipped = scene.at_crm(Event::user_created(nth(9))).await;
    assert_eq!(skipped, Some(Outcome::Skipped(SkipReason::Withdrawn)));
    // It may be said again, in case the process died while the accounts were marked.
    scene.host.dispatcher.withdraw(&target_key(), Withdrawal::Deactivate).await.unwrap();
    scene.host.later(10 * MINUTE).await;
    scene.host.later(10 * MINUTE).await;
    let open = scene.host.dispatcher.withdrawing(&target_key()).await.unwrap().unwrap();
    assert!(open.is_done(), "{open:?}");
    let left = users(&crm);
    assert_eq!(left.len(), EVERYBODY);
    for user in left {
        let id = &user.external_id;
        assert!(!user.active, "{id}: {:?}", scene.status(id.as_str()).await);
        assert_eq!(user.display_name, None, "{id}: {:?}", scene.status(id.as_str()).await);
    }
}

#[tokio::test]
async fn p18_a_withdrawal_that_is_taken_back_lets_everybody_come_back() {
    let scene = five(json!({})).await;
    scene.host.dispatcher.withdraw(&target_key(), Withdrawal::Deactivate).await.unwrap();
    scene.worked().await;
    scene.host.report(Event::user_created(nth(6))).await;
    scene.host.report(Event::user_updated(named(1, "New"))).await;
    scene.worked().await;
    scene.host.dispatcher.reinstate(&target_key()).await.unwrap();
    assert_eq!(scene.host.dispatcher.withdrawing(&target_key()).await.unwrap(), None);
    // With their next event, or all at once by a load.
    let outcome = scene.at_crm(Event::user_updated(named(2, "Two"))).await;
    assert_eq!(outcome, Some(Outcome::Queued));
    scene.worked().await;
    let on = |scene: &Scene| users(&scene.host.crm).iter().filter(|user| user.active).count();
    assert!(
        users(&scene.host.crm)
            .iter()
            .any(|user| user.active && user.display_name.as_deref() == Some("Two"))
    );
    for user in [named(1, "New"), named(2, "Two"), nth(6)] {
        scene.truth.has(user);
    }
    scene.load(10).await;
    scene.worked().await;
    assert_eq!((on(&scene), users(&scene.host.crm).len()), (6, 6));
    assert!(users(&scene.host.crm).iter().any(|user| user.display_name.as_deref() == Some("New")));
}

#[tokio::test]
async fn a_withdrawal_that_is_taken_back_before_anything_was_done_changes_nothing() {
    for withdrawal in [Withdrawal::Leave, Withdrawal::Deactivate, Withdrawal::Delete] {
        let scene = five(json!({})).await;
        scene.host.dispatcher.withdraw(&target_key(), withdrawal).await.unwrap();
        scene.host.dispatcher.reinstate(&target_key()).await.unwrap();
        scene.worked().await;
        assert_eq!(users(&scene.host.crm).iter().filter(|user| user.active).count(), EVERYBODY);
        scene.host.report(Event::user_updated(named(1, "New"))).await;
        scene.forget_calls();
        scene.worked().await;
        assert_eq!(words(&scene.host.crm), ["update"], "{withdrawal:?}");
    }
}

#[tokio::test]
async fn an_attempt_that_is_under_way_ends_and_is_withdrawn_then() {
    use outbound_provisioning::mock::{Fault, Stall};

    let scene = five(json!({})).await;
    let stall = Stall::new();
    scene.host.crm.then(Fault::Slow(stall.clone()));
    scene.host.report(Event::user_updated(named(1, "New"))).await;
    let mut worker = scene.host.start();
    stall.reached().await;
    scene.host.dispatcher.withdraw(&target_key(), Withdrawal::Delete).await.unwrap();
    stall.release();
    scene.host.clock.manual.run();
    scene.host.clock.advance(MINUTE);
    worker.stop();
    scene.worked().await;
    assert!(scene.host.crm.remote_resources().is_empty(), "{:?}", words(&scene.host.crm));
    let done = scene.host.dispatcher.withdrawing(&target_key()).await.unwrap().unwrap();
    assert!(done.is_done());
}

#[tokio::test]
async fn only_what_is_set_up_is_withdrawn() {
    let scene = five(json!({})).await;
    let nowhere = TargetKey::new("acme".into(), Target::new("crm", "nowhere"));
    let error = scene.host.dispatcher.withdraw(&nowhere, Withdrawal::Delete).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let outcome = scene.at_crm(Event::user_updated(ada())).await;
    assert_eq!(outcome, Some(Outcome::Queued));
}
