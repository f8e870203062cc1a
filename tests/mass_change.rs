//! Too much at once: nothing is deleted that nobody decided about, what a person allows is, and everything else goes on
//! (P16).
#![cfg(all(
    feature = "mock",
    feature = "blocking",
    feature = "non-blocking",
    feature = "scim2",
    feature = "conformance"
))]
#![expect(
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/acme.rs"]
mod acme;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use acme::{
    Clock, Host, MINUTE, SECOND, Watcher, acme, group_key, lane, nth, target_key, user_key, users,
    words,
};
use outbound_provisioning::conformance::{Quirk, Scim2Target};
use outbound_provisioning::connector::{BuildContext, ConnectorFactory};
use outbound_provisioning::delivery::{HoldReason, ParkReason, QuarantineReason};
use outbound_provisioning::dispatch::LaneState;
use outbound_provisioning::host::{NoSecrets, SharedConfiguration};
use outbound_provisioning::mock::{Fault, MockConnector};
use outbound_provisioning::model::{
    Connection, ConnectorSettings, Deprovision, Deprovisioning, Event, Filter, Group, Guard,
    Member, OrganizationConfiguration, Properties, Provisioner, ResourceKind, Scope, Target,
    TargetKey, User, Withdrawal,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::store::MemoryStore;
use outbound_provisioning::transport::http_fn;
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Error, ErrorKind, Outcome, Worker};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn guarded(guard: Guard) -> ConnectorSettings {
    ConnectorSettings::from(Properties::new()).with_guard(guard)
}

fn organization(settings: ConnectorSettings) -> OrganizationConfiguration {
    OrganizationConfiguration::new()
        .with_connection("crm", Connection::new("CRM").with_connector("mock", settings))
        .with_provisioner(Provisioner::new("crm", "mock"))
}

struct Scene {
    host: Host,
    watcher: Watcher,
    shared: SharedConfiguration,
    people: usize,
}

impl Scene {
    /// So many people with an account each.
    async fn of(people: usize, settings: ConnectorSettings) -> Self {
        let scene = Self::empty(people, settings);
        for number in 0..people {
            scene.host.accept(Event::user_created(nth(number))).await;
        }
        scene.host.work().await;
        assert_eq!(scene.accounts(), people);
        scene.host.crm.forget_calls();
        scene
    }

    fn empty(people: usize, settings: ConnectorSettings) -> Self {
        let (crm, watcher) = (MockConnector::new(), Watcher::default());
        let shared = SharedConfiguration::new(acme(organization(settings)));
        let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
        let observer = watcher.clone();
        let host =
            Host::configured(shared.clone(), registry, crm, |builder| builder.observer(observer));
        Self { host, watcher, shared, people }
    }

    fn accounts(&self) -> usize {
        users(&self.host.crm).len()
    }

    fn deleted(&self) -> usize {
        self.people - self.accounts()
    }

    fn switched_off(&self) -> usize {
        users(&self.host.crm).iter().filter(|user| !user.active).count()
    }

    fn alarms(&self) -> usize {
        self.watcher.saw("MassChangeHeld")
    }

    async fn held(&self) -> usize {
        self.host.dispatcher.held(&target_key()).await.unwrap().len()
    }

    /// These people are deleted at the host.
    async fn delete(&self, people: std::ops::Range<usize>) {
        for number in people {
            self.host.accept(Event::user_deleted(nth(number).external_id)).await;
        }
        self.host.work().await;
    }

    async fn switch_off(&self, people: std::ops::Range<usize>) {
        for number in people {
            self.host.accept(Event::user_updated(nth(number).with_active(false))).await;
        }
        self.host.work().await;
    }

    async fn allow_held(&self) -> usize {
        let allowed = self.host.dispatcher.allow_held(&target_key()).await.unwrap();
        self.host.work().await;
        allowed
    }
}

// ---- what goes wrong at the source --------------------------------------------------------------

#[tokio::test]
async fn p16_01_an_empty_source_deletes_no_more_than_the_limit() {
    for (guard, limit) in [
        (Guard::new(0, 0), 0),
        (Guard::new(5, 0), 5),
        (Guard::new(5, 20), 10),
        (Guard::new(20, 10), 20),
    ] {
        let scene = Scene::of(50, guarded(guard)).await;
        scene.delete(0..50).await;
        scene.host.later(HOUR * 24 * 30).await;
        assert_eq!((scene.deleted(), scene.held().await), (limit, 50 - limit), "{guard:?}");
        assert_eq!(scene.alarms(), 50 - limit, "{guard:?}: an alarm for each");
        assert_eq!(scene.allow_held().await, 50 - limit, "{guard:?}");
        assert_eq!((scene.accounts(), scene.held().await), (0, 0), "{guard:?}");
        assert_eq!(scene.alarms(), 50 - limit, "{guard:?}: once");
    }
}

#[tokio::test]
async fn p16_02_by_default_a_hundred_or_a_fifth_go_through() {
    for (people, limit) in [(150, 100), (600, 120)] {
        let scene = Scene::of(people, guarded(Guard::default())).await;
        scene.delete(0..people).await;
        assert_eq!(scene.deleted(), limit, "of {people}");
    }
}

#[tokio::test]
async fn p16_03_a_mass_switching_off_is_held_like_a_mass_deletion() {
    for (guard, limit) in [(Guard::new(5, 0), 5), (Guard::new(0, 20), 10)] {
        let scene = Scene::of(50, guarded(guard)).await;
        scene.switch_off(0..50).await;
        assert_eq!((scene.switched_off(), scene.held().await), (limit, 50 - limit), "{guard:?}");
        assert_eq!(scene.allow_held().await, 50 - limit);
        assert_eq!((scene.switched_off(), scene.deleted()), (50, 0));
    }
}

#[tokio::test]
async fn p16_04_a_mass_exit_from_the_scope_is_held() {
    let scope = Scope::new().of_members(["Staff"]);
    let scene = Scene::empty(50, guarded(Guard::new(5, 0)).with_scope(scope));
    let mut staff = Group::new("g-1", "Staff");
    for number in 0..50 {
        staff = staff.with_member(Member::user(nth(number).external_id.as_str()));
    }
    scene.host.accept(Event::group_created(staff)).await;
    for number in 0..50 {
        scene.host.accept(Event::user_created(nth(number))).await;
    }
    scene.host.work().await;
    assert_eq!(scene.accounts(), 50);
    // The source says that nobody is in the group any more.
    let all = (0..50).map(|number| Member::user(nth(number).external_id.as_str()));
    scene.host.report(Event::members_changed("g-1", [], all)).await;
    scene.host.work().await;
    assert_eq!((scene.switched_off(), scene.held().await, scene.alarms()), (5, 45, 45));
    assert_eq!(scene.allow_held().await, 45);
    assert_eq!((scene.switched_off(), scene.deleted()), (50, 0));
}

#[tokio::test]
async fn p16_05_whatever_takes_something_away_counts_together() {
    let scene = Scene::of(30, guarded(Guard::new(6, 0))).await;
    scene.delete(0..3).await;
    scene.switch_off(3..6).await;
    assert_eq!((scene.deleted(), scene.switched_off(), scene.held().await), (3, 3, 0));
    scene.delete(6..9).await;
    scene.switch_off(9..12).await;
    for id in 12..15 {
        scene.host.accept(Event::user_erased(nth(id).external_id)).await;
    }
    scene.host.work().await;
    assert_eq!((scene.deleted(), scene.switched_off(), scene.held().await), (3, 3, 9));
}

#[tokio::test]
async fn p16_06_deleting_groups_counts_too() {
    let scene = Scene::empty(0, guarded(Guard::new(2, 0)));
    for number in 0..5 {
        let group = Group::new(format!("g-{number}"), format!("Group {number}"));
        scene.host.accept(Event::group_created(group)).await;
    }
    scene.host.work().await;
    for number in 0..5 {
        scene.host.accept(Event::group_deleted(format!("g-{number}"))).await;
    }
    scene.host.work().await;
    assert_eq!((scene.host.crm.remote_resources().len(), scene.held().await), (3, 3));
    let held = scene.host.dispatcher.held(&target_key()).await.unwrap();
    assert!(held.iter().all(|lane| lane.resource.kind == ResourceKind::Group));
    assert_eq!(scene.allow_held().await, 3);
    assert!(scene.host.crm.remote_resources().is_empty());
    assert!(scene.host.dispatcher.status(&group_key("g-1")).await.unwrap().len() <= 1);
}

// ---- how it is counted --------------------------------------------------------------------------

#[tokio::test]
async fn p16_07_a_slow_trickle_below_the_limit_goes_through() {
    let scene = Scene::of(50, guarded(Guard::new(5, 0))).await;
    for hour in 0..10 {
        scene.delete(hour * 5..hour * 5 + 5).await;
        scene.host.clock.advance(HOUR);
    }
    assert_eq!((scene.deleted(), scene.held().await, scene.alarms()), (50, 0, 0));
}

#[tokio::test]
async fn p16_08_the_limit_itself_goes_through_and_one_more_does_not() {
    let scene = Scene::of(20, guarded(Guard::new(5, 0))).await;
    scene.delete(0..5).await;
    assert_eq!((scene.deleted(), scene.held().await), (5, 0));
    scene.delete(5..6).await;
    assert_eq!((scene.deleted(), scene.held().await, scene.alarms()), (5, 1, 1));
}

#[tokio::test]
async fn p16_09_the_larger_of_count_and_share_is_the_limit() {
    for (count, share, limit) in [(10, 5, 10), (2, 25, 10), (0, 50, 20), (3, 0, 3), (0, 100, 40)] {
        let scene = Scene::of(40, guarded(Guard::new(count, share))).await;
        for number in 0..40 {
            // One after the other, as they come.
            scene.delete(number..number + 1).await;
        }
        assert_eq!(scene.deleted(), limit, "{count}, {share} %");
    }
}

#[tokio::test]
async fn p16_10_the_window_slides_and_what_is_held_stays_held() {
    let scene = Scene::of(30, guarded(Guard::new(4, 0))).await;
    scene.delete(0..2).await;
    scene.host.clock.advance(40 * MINUTE);
    scene.delete(2..4).await;
    scene.delete(4..5).await;
    assert_eq!((scene.deleted(), scene.held().await), (4, 1));
    // The first two are an hour old, the next two are not.
    scene.host.clock.advance(20 * MINUTE);
    scene.delete(5..8).await;
    assert_eq!((scene.deleted(), scene.held().await), (6, 2));
    scene.host.later(10 * HOUR).await;
    assert_eq!((scene.deleted(), scene.held().await), (6, 2), "a person decides, and not time");
}

#[tokio::test]
async fn p16_11_targets_are_counted_apart() {
    let (one, two) = (MockConnector::new(), MockConnector::new());
    let organization = OrganizationConfiguration::new()
        .with_connection(
            "crm",
            Connection::new("CRM").with_connector("mock", guarded(Guard::new(3, 0))),
        )
        .with_connection(
            "hr",
            Connection::new("HR").with_connector("other", guarded(Guard::new(8, 0))),
        )
        .with_provisioner(Provisioner::new("crm", "mock"))
        .with_provisioner(Provisioner::new("hr", "other"));
    let registry = ConnectorRegistry::new()
        .with_instance("mock", one.clone())
        .with_instance("other", two.clone());
    let host = Host::configured(acme(organization), registry, one.clone(), |builder| builder);
    for number in 0..10 {
        host.accept(Event::user_created(nth(number))).await;
    }
    host.work().await;
    for number in 0..10 {
        host.accept(Event::user_deleted(nth(number).external_id)).await;
    }
    host.work().await;
    assert_eq!((users(&one).len(), users(&two).len()), (7, 2));
    let other = TargetKey::new("acme".into(), Target::new("hr", "other"));
    assert_eq!(host.dispatcher.allow_held(&other).await.unwrap(), 2);
    host.work().await;
    assert_eq!((users(&one).len(), users(&two).len()), (7, 0));
}

#[tokio::test]
async fn p16_12_a_restart_forgets_neither_the_count_nor_what_is_held() {
    let (crm, store, clock) = (MockConnector::new(), Arc::new(MemoryStore::new()), Clock::new());
    let life = || {
        let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
        let settings = guarded(Guard::new(5, 0));
        let builder = Dispatcher::builder(acme(organization(settings)), registry);
        builder.runtime(clock.clone()).store(Arc::clone(&store)).build().unwrap()
    };
    let work = async |dispatcher: &Dispatcher| {
        Worker::builder(dispatcher).build().run_once().await.unwrap();
    };
    let delete = async |dispatcher: &Dispatcher, number: usize| {
        let event = Event::user_deleted(nth(number).external_id).in_organization("acme");
        dispatcher.dispatch(event).await.unwrap();
    };
    let first = life();
    for number in 0..20 {
        let event = Event::user_created(nth(number)).in_organization("acme");
        first.dispatch(event).await.unwrap();
    }
    work(&first).await;
    for number in 0..4 {
        delete(&first, number).await;
    }
    work(&first).await;
    drop(first);
    let second = life();
    for number in 4..10 {
        delete(&second, number).await;
    }
    work(&second).await;
    assert_eq!(users(&crm).len(), 15, "four before, and one more");
    drop(second);
    let third = life();
    work(&third).await;
    assert_eq!(users(&crm).len(), 15);
    assert_eq!(third.allow_held(&target_key()).await.unwrap(), 5);
    work(&third).await;
    assert_eq!(users(&crm).len(), 10);
}

#[tokio::test]
async fn p16_13_a_share_of_a_hundred_is_no_limit_and_none_is_a_limit_of_none() {
    let scene = Scene::of(30, guarded(Guard::new(0, 100))).await;
    scene.delete(0..30).await;
    assert_eq!((scene.accounts(), scene.alarms()), (0, 0));
    let scene = Scene::of(30, guarded(Guard::new(0, 0))).await;
    scene.delete(0..1).await;
    assert_eq!((scene.deleted(), scene.alarms()), (0, 1));
}

#[tokio::test]
async fn p16_14_what_failed_counts_once_however_often_it_is_tried() {
    let scene = Scene::of(10, guarded(Guard::new(2, 0))).await;
    for _ in 0..6 {
        scene.host.crm.fail_next(Error::new(ErrorKind::Unavailable, "down"));
    }
    scene.delete(0..2).await;
    for _ in 0..5 {
        scene.host.later(10 * SECOND).await;
    }
    assert_eq!((scene.deleted(), scene.held().await, scene.alarms()), (2, 0, 0));
}

#[tokio::test]
async fn p16_15_whoever_never_had_an_account_counts_for_nothing() {
    let scene = Scene::of(10, guarded(Guard::new(2, 0))).await;
    for number in 100..200 {
        scene.host.accept(Event::user_deleted(nth(number).external_id)).await;
    }
    scene.delete(0..2).await;
    assert_eq!((scene.deleted(), scene.held().await), (2, 0));
    // Who is switched off already loses nothing by a second word, and nothing counts twice.
    let scene = Scene::of(10, guarded(Guard::new(2, 0))).await;
    for _ in 0..5 {
        scene.switch_off(0..2).await;
    }
    assert_eq!((scene.switched_off(), scene.held().await), (2, 0));
}

// ---- meanwhile ----------------------------------------------------------------------------------

#[tokio::test]
async fn p16_16_creates_and_updates_go_on_while_others_are_held() {
    let scene = Scene::of(20, guarded(Guard::new(0, 0))).await;
    scene.delete(0..10).await;
    assert_eq!(scene.held().await, 10);
    scene.host.crm.forget_calls();
    for number in 10..15 {
        let state = nth(number).with_display_name("New");
        scene.host.accept(Event::user_updated(state)).await;
    }
    for number in 20..25 {
        scene.host.accept(Event::user_created(nth(number))).await;
    }
    scene.host.work().await;
    let mut words = words(&scene.host.crm);
    words.sort_unstable();
    assert_eq!(words, [["create"; 5], ["update"; 5]].concat());
    assert_eq!(scene.held().await, 10);
}

#[tokio::test]
async fn p16_17_the_callers_of_a_blocking_dispatch_are_told() {
    let settings = guarded(Guard::new(0, 0));
    let mut organization = organization(settings);
    organization.provisioners = vec![Provisioner::new("crm", "mock").blocking()];
    let crm = MockConnector::new();
    let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
    let host = Host::configured(acme(organization), registry, crm, |builder| builder);
    host.accept(Event::user_created(nth(1))).await;
    let outcome = host.accept(Event::user_deleted("u-1")).await;
    assert_eq!(outcome, Outcome::Held(HoldReason::MassChange));
    let status = host.status_of("u-1").await;
    assert_eq!(status.state, LaneState::Parked(ParkReason::MassChange));
    assert_eq!(status.last.as_deref(), Some("mass_change"));
    assert!(host.dispatcher.allow(&lane(user_key("u-1"))).await.unwrap());
    host.work().await;
    assert!(users(&host.crm).is_empty());
}

// ---- decisions ----------------------------------------------------------------------------------

#[tokio::test]
async fn p16_18_what_is_rejected_stays_and_is_ours_and_its_next_event_counts() {
    let scene = Scene::of(10, guarded(Guard::new(0, 0))).await;
    scene.delete(0..5).await;
    assert_eq!(scene.host.dispatcher.reject_held(&target_key()).await.unwrap(), 5);
    scene.host.later(HOUR * 48).await;
    assert_eq!((scene.accounts(), scene.switched_off(), scene.held().await), (10, 0, 0));
    assert!(scene.host.crm.calls().is_empty());
    let status = scene.host.status_of("u-1").await;
    assert_eq!(status.state, LaneState::Settled);
    assert_eq!(status.last.as_deref(), Some("discarded"));
    assert!(status.remote_id.is_some(), "it is ours still");
    let state = nth(1).with_display_name("Back");
    scene.host.accept(Event::user_updated(state)).await;
    scene.host.work().await;
    assert_eq!(words(&scene.host.crm), ["update"]);
}

#[tokio::test]
async fn p16_19_a_person_allows_one_and_nobody_else() {
    let scene = Scene::of(10, guarded(Guard::new(0, 0))).await;
    scene.delete(0..5).await;
    assert!(scene.host.dispatcher.allow(&lane(user_key("u-3"))).await.unwrap());
    assert!(!scene.host.dispatcher.allow(&lane(user_key("u-9"))).await.unwrap(), "not held");
    scene.host.work().await;
    assert_eq!((scene.deleted(), scene.held().await), (1, 4));
    assert!(users(&scene.host.crm).iter().all(|user| user.external_id.as_str() != "u-3"));
}

#[tokio::test]
async fn p16_20_who_comes_back_while_held_keeps_the_account_and_a_later_yes_is_not_about_them() {
    let scene = Scene::of(10, guarded(Guard::new(0, 0))).await;
    let before = scene.host.crm.remote_resources();
    scene.delete(0..10).await;
    // The source is mended, and tells of everybody again.
    for number in 0..9 {
        scene.host.accept(Event::user_created(nth(number))).await;
    }
    scene.host.work().await;
    assert_eq!(scene.host.crm.remote_resources(), before, "nobody is touched");
    assert!(scene.host.crm.calls().is_empty());
    assert_eq!(scene.held().await, 1);
    assert_eq!(scene.allow_held().await, 1);
    assert_eq!(scene.deleted(), 1);
    assert_eq!(scene.alarms(), 10, "and no other");
}

#[tokio::test]
async fn p16_21_deleted_and_created_anew_in_one_go_is_no_deletion_while_others_are_held() {
    let scene = Scene::of(10, guarded(Guard::new(0, 0))).await;
    let before = scene.host.crm.remote_resources();
    for number in 0..10 {
        scene.host.accept(Event::user_deleted(nth(number).external_id)).await;
        scene.host.accept(Event::user_created(nth(number))).await;
    }
    scene.host.work().await;
    assert_eq!(scene.host.crm.remote_resources(), before);
    assert_eq!((scene.held().await, scene.alarms()), (0, 0));
}

#[tokio::test]
async fn p16_22_a_decision_is_about_what_is_held_and_not_about_the_next_mass_change() {
    let scene = Scene::of(30, guarded(Guard::new(5, 0))).await;
    scene.delete(0..10).await;
    assert_eq!(scene.allow_held().await, 5);
    assert_eq!(scene.deleted(), 10);
    scene.delete(10..30).await;
    assert_eq!((scene.deleted(), scene.held().await), (15, 15), "the hour was counted anew");
    // Who was let go once and came back is asked about again.
    let scene = Scene::of(10, guarded(Guard::new(0, 0))).await;
    scene.switch_off(0..1).await;
    assert_eq!(scene.allow_held().await, 1);
    scene.host.accept(Event::user_updated(nth(0))).await;
    scene.host.work().await;
    assert_eq!(scene.switched_off(), 0);
    scene.switch_off(0..1).await;
    assert_eq!((scene.switched_off(), scene.held().await), (0, 1));
}

#[tokio::test]
async fn p16_23_softened_deletions_switch_off_until_a_person_allows_more() {
    let scene = Scene::of(20, guarded(Guard::new(5, 0).softening())).await;
    scene.delete(0..20).await;
    assert_eq!((scene.deleted(), scene.switched_off(), scene.held().await), (5, 15, 15));
    assert_eq!(scene.alarms(), 15);
    scene.host.later(HOUR * 24 * 30).await;
    assert_eq!((scene.deleted(), scene.switched_off(), scene.held().await), (5, 15, 15));
    // Some come back, the others are allowed to go.
    for number in 0..20 {
        if scene.host.status_of(nth(number).external_id.as_str()).await.remote_id.is_some()
            && number >= 15
        {
            scene.host.accept(Event::user_created(nth(number))).await;
        }
    }
    scene.host.work().await;
    let back = users(&scene.host.crm).iter().filter(|user| user.active).count();
    assert_eq!(scene.held().await, 15 - back);
    assert_eq!(scene.allow_held().await, 15 - back);
    assert_eq!((scene.accounts(), scene.switched_off()), (back, 0));
    assert!(back > 0);
}

#[tokio::test]
async fn p16_who_is_deleted_and_created_again_under_a_softening_guard_keeps_the_account() {
    let scene = Scene::of(10, guarded(Guard::new(0, 0).softening())).await;
    // Both before an attempt: what would be deleted only to make room stays.
    for number in 0..3 {
        let id = nth(number).external_id;
        scene.host.accept(Event::user_deleted(id)).await;
        scene.host.accept(Event::user_created(nth(number))).await;
    }
    scene.host.work().await;
    assert_eq!((scene.deleted(), scene.switched_off(), scene.held().await), (0, 0, 0));
    assert_eq!(scene.accounts(), 10);
}

#[tokio::test]
async fn who_was_deleted_and_kept_by_a_person_is_not_created_by_a_withdrawal_that_is_taken_back() {
    let scene = Scene::of(3, guarded(Guard::new(0, 0))).await;
    scene.delete(0..1).await;
    assert_eq!(scene.host.dispatcher.reject_held(&target_key()).await.unwrap(), 1);
    scene.host.dispatcher.withdraw(&target_key(), Withdrawal::Delete).await.unwrap();
    scene.host.work().await;
    assert_eq!(scene.allow_held().await, 3);
    assert_eq!(scene.accounts(), 0);
    scene.host.dispatcher.reinstate(&target_key()).await.unwrap();
    scene.host.work().await;
    assert_eq!(scene.accounts(), 2, "the two whom the host has");
}

#[tokio::test]
async fn p16_24_softened_and_rejected_stays_switched_off_and_ours() {
    let scene = Scene::of(10, guarded(Guard::new(0, 0).softening())).await;
    scene.delete(0..4).await;
    assert_eq!((scene.deleted(), scene.switched_off(), scene.held().await), (0, 4, 4));
    assert_eq!(scene.host.dispatcher.reject_held(&target_key()).await.unwrap(), 4);
    scene.host.later(HOUR).await;
    assert_eq!((scene.deleted(), scene.switched_off(), scene.held().await), (0, 4, 0));
}

#[tokio::test]
async fn p16_25_a_deletion_after_the_grace_is_counted_and_one_that_a_person_allowed_goes() {
    let policy = Deprovisioning::default()
        .when_deleted(Deprovision::DeactivateThenDelete)
        .with_grace(24 * HOUR);
    let settings = guarded(Guard::new(3, 0)).with_deprovisioning(policy);
    let scene = Scene::of(10, settings).await;
    scene.delete(0..6).await;
    assert_eq!((scene.deleted(), scene.switched_off(), scene.held().await), (0, 3, 3));
    assert_eq!(scene.allow_held().await, 3);
    assert_eq!((scene.deleted(), scene.switched_off()), (0, 6));
    scene.host.later(24 * HOUR).await;
    scene.host.work().await;
    assert_eq!((scene.deleted(), scene.held().await), (6, 0), "three by a person, three by count");
}

#[tokio::test]
async fn p16_26_a_guard_that_is_changed_decides_what_comes_next() {
    let scene = Scene::of(20, guarded(Guard::new(0, 0))).await;
    scene.delete(0..5).await;
    assert_eq!(scene.held().await, 5);
    scene.shared.replace(acme(organization(guarded(Guard::new(10, 0)))));
    scene.host.later(MINUTE).await;
    assert_eq!((scene.deleted(), scene.held().await), (0, 5), "a person decides");
    scene.delete(5..10).await;
    assert_eq!((scene.deleted(), scene.held().await), (5, 5));
}

// ---- what goes wrong at the target --------------------------------------------------------------

/// What answers at the address of the connection.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Answers {
    /// The system.
    Ours,
    /// Another one, without anybody of ours.
    Another,
    /// A web server that knows no such page.
    NoSuchPage,
    /// The system, with a token that sees nobody and may do nothing.
    Blind,
}

struct Wires {
    host: Host,
    ours: Scim2Target,
    another: Scim2Target,
    answers: Arc<AtomicU8>,
    watcher: Watcher,
}

impl Wires {
    async fn of(people: usize, settings: ConnectorSettings) -> Self {
        // Ids that mean nobody at the other one.
        let another = Scim2Target::new().with_quirk(Quirk::NumericIds);
        let ours = Scim2Target::new();
        let answers = Arc::new(AtomicU8::new(Answers::Ours as u8));
        let systems = (ours.clone(), another.clone(), Arc::clone(&answers));
        let client = http_fn(move |request| {
            let (ours, another, answers) = &systems;
            let text = |status: u16, kind: &str, body: &str| {
                let response = http::Response::builder().status(status);
                response.header("content-type", kind).body(body.as_bytes().to_vec()).unwrap()
            };
            Ok(match answers.load(Ordering::Relaxed) {
                0 => ours.answer(&request),
                1 => another.answer(&request),
                2 => text(404, "text/html", "<html><h1>Not Found</h1></html>"),
                _ if request.method() == http::Method::GET => text(
                    200,
                    "application/scim+json",
                    r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}"#,
                ),
                _ => text(
                    404,
                    "application/scim+json",
                    r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404"}"#,
                ),
            })
        });
        let properties = Properties::new()
            .with("base_url", "http://127.0.0.1/scim/v2")
            .with("authentication", "none");
        let context = BuildContext::new(
            "acme".into(),
            Target::new("crm", "mock"),
            1,
            properties,
            Arc::new(NoSecrets::new()),
        );
        let connector = Scim2Factory::new(client).build(&context).unwrap();
        let registry = ConnectorRegistry::new().with_instance("mock", connector);
        let watcher = Watcher::default();
        let observer = watcher.clone();
        let host = Host::configured(
            acme(organization(settings)),
            registry,
            MockConnector::new(),
            |builder| builder.observer(observer),
        );
        for number in 0..people {
            host.accept(Event::user_created(nth(number))).await;
        }
        host.work().await;
        assert_eq!(ours.users().len(), people);
        Self { host, ours, another, answers, watcher }
    }

    fn now_answers(&self, who: Answers) {
        self.answers.store(who as u8, Ordering::Relaxed);
        self.ours.forget_requests();
        self.another.forget_requests();
    }

    fn sent(&self, method: &str) -> usize {
        let requests = self.ours.requests().into_iter().chain(self.another.requests());
        requests.filter(|request| request.method.as_str() == method).count()
    }

    async fn quarantined(&self) -> Option<QuarantineReason> {
        let targets = self.host.dispatcher.targets().await.unwrap();
        targets.iter().find_map(|target| target.quarantined)
    }
}

#[tokio::test]
async fn f54_a_wrong_base_url_ends_no_account_and_creates_none() {
    let wires = Wires::of(30, guarded(Guard::default())).await;
    wires.now_answers(Answers::NoSuchPage);
    for number in 0..10 {
        wires.host.accept(Event::user_deleted(nth(number).external_id)).await;
    }
    for number in 10..20 {
        let state = nth(number).with_display_name("New");
        wires.host.accept(Event::user_updated(state)).await;
    }
    wires.host.work().await;
    wires.host.later(MINUTE).await;
    assert!(wires.quarantined().await.is_some());
    assert_eq!(wires.ours.users().len(), 30);
    wires.now_answers(Answers::Ours);
    wires.host.dispatcher.resume(&target_key()).await.unwrap();
    for _ in 0..10 {
        wires.host.later(HOUR).await;
    }
    let names: Vec<_> = wires.ours.users();
    assert_eq!(names.len(), 20, "the deletes were not taken for done");
    assert_eq!(names.iter().filter(|user| user["displayName"] == "New").count(), 10);
    assert_eq!(wires.sent("POST"), 0, "no update has become a create");
}

#[tokio::test]
async fn p16_another_tenant_gets_a_few_accounts_at_most_until_a_person_has_looked() {
    for people in [60, 400] {
        let wires = Wires::of(people, guarded(Guard::default())).await;
        wires.now_answers(Answers::Another);
        for number in 0..people {
            let state = nth(number).with_display_name("New");
            wires.host.accept(Event::user_updated(state)).await;
        }
        wires.host.work().await;
        for _ in 0..5 {
            wires.host.later(HOUR).await;
        }
        let created = wires.another.users().len();
        // Five per cent of all, those that were made again among them.
        assert!(created <= 21, "{created} of {people}");
        assert_eq!(wires.quarantined().await, Some(QuarantineReason::Losses));
        assert_eq!(wires.watcher.saw("Losses"), 1, "one alarm");
        // Led back: nothing was lost, and everybody is as they should be.
        wires.now_answers(Answers::Ours);
        wires.host.dispatcher.resume(&target_key()).await.unwrap();
        for _ in 0..5 {
            wires.host.later(HOUR).await;
        }
        assert_eq!(wires.ours.users().len(), people);
        let renamed = wires.ours.users().iter().filter(|user| user["displayName"] == "New").count();
        assert!(renamed >= people - created, "{renamed} of {people}");
    }
}

#[tokio::test]
async fn p16_a_person_may_want_everybody_created_again() {
    let wires = Wires::of(60, guarded(Guard::default())).await;
    wires.now_answers(Answers::Another);
    for number in 0..60 {
        wires.host.accept(Event::user_updated(nth(number).with_display_name("New"))).await;
    }
    wires.host.work().await;
    for _ in 0..20 {
        wires.host.dispatcher.resume(&target_key()).await.unwrap();
        wires.host.later(HOUR).await;
    }
    assert_eq!(wires.another.users().len(), 60);
}

#[tokio::test]
async fn p16_a_token_that_sees_nobody_creates_nobody_twice() {
    let wires = Wires::of(60, guarded(Guard::default())).await;
    wires.now_answers(Answers::Blind);
    for number in 0..60 {
        wires.host.accept(Event::user_updated(nth(number).with_display_name("New"))).await;
    }
    wires.host.work().await;
    for _ in 0..5 {
        wires.host.later(HOUR).await;
    }
    assert_eq!(wires.ours.users().len(), 60);
    wires.now_answers(Answers::Ours);
    wires.host.dispatcher.resume(&target_key()).await.unwrap();
    for number in 0..60 {
        let _ = wires.host.dispatcher.retry(&lane(user_key(&format!("u-{number}")))).await.unwrap();
    }
    for _ in 0..5 {
        wires.host.later(HOUR).await;
    }
    let users = wires.ours.users();
    assert_eq!(users.len(), 60);
    assert!(users.iter().all(|user| user["displayName"] == "New"), "everybody is found again");
}

#[tokio::test]
async fn p16_accounts_restored_under_other_ids_are_found_and_not_made_again() {
    // The target came back from a backup, or ours did: the links lead nowhere.
    let scene = Scene::of(60, guarded(Guard::new(0, 0))).await;
    for (id, resource) in scene.host.crm.remote_resources() {
        assert!(scene.host.crm.remove(&id, resource.kind()));
        scene.host.crm.insert(resource).unwrap();
    }
    for number in 0..60 {
        let state = nth(number).with_display_name("New");
        scene.host.accept(Event::user_updated(state)).await;
    }
    scene.host.work().await;
    assert_eq!(scene.accounts(), 60);
    assert!(!words(&scene.host.crm).contains(&"create"));
    assert!(!words(&scene.host.crm).contains(&"delete"));
    let renamed = |user: &User| user.display_name.as_deref() == Some("New");
    assert!(users(&scene.host.crm).iter().all(renamed));
    assert_eq!(scene.watcher.saw("Quarantined"), 0, "nobody was lost");
}

#[tokio::test]
async fn p16_a_target_restored_to_before_our_accounts_is_left_alone_until_a_person_resumes_it() {
    let scene = Scene::of(60, guarded(Guard::default())).await;
    for (id, resource) in scene.host.crm.remote_resources() {
        assert!(scene.host.crm.remove(&id, resource.kind()));
    }
    let touch = async || {
        for number in 0..60 {
            let state = nth(number).with_display_name("New");
            scene.host.accept(Event::user_updated(state)).await;
        }
        scene.host.work().await;
    };
    touch().await;
    for _ in 0..48 {
        scene.host.later(HOUR).await;
    }
    assert!(scene.accounts() <= 20, "{} are made again", scene.accounts());
    assert_eq!(scene.watcher.saw("Quarantined"), 1);
    let creates = words(&scene.host.crm).iter().filter(|word| **word == "create").count();
    assert_eq!(creates, scene.accounts());
}

#[tokio::test]
async fn p16_a_few_lost_accounts_are_made_again_without_ado() {
    let scene = Scene::of(60, guarded(Guard::default())).await;
    for (id, resource) in scene.host.crm.remote_resources().into_iter().take(20) {
        assert!(scene.host.crm.remove(&id, resource.kind()));
    }
    for number in 0..60 {
        scene.host.accept(Event::user_updated(nth(number).with_display_name("New"))).await;
    }
    scene.host.work().await;
    assert_eq!((scene.accounts(), scene.watcher.saw("Quarantined")), (60, 0));
}

#[tokio::test]
async fn p16_refused_credentials_hold_everything_and_lose_nothing() {
    let scene = Scene::of(10, guarded(Guard::new(10, 0))).await;
    for _ in 0..3 {
        scene.host.crm.then(Fault::Refuse(Error::new(ErrorKind::PermissionDenied, "403")));
    }
    scene.delete(0..10).await;
    assert!(scene.deleted() < 10);
    for _ in 0..6 {
        scene.host.later(HOUR).await;
    }
    assert_eq!((scene.deleted(), scene.held().await), (10, 0));
}

#[tokio::test]
async fn p16_who_leaves_no_scope_by_a_filter_is_not_held() {
    // A wide change that takes nothing away.
    let scope = Scope::new().of_users(Filter::present("userName"));
    let scene = Scene::of(50, guarded(Guard::new(0, 0)).with_scope(scope)).await;
    for number in 0..50 {
        scene.host.accept(Event::user_updated(nth(number).with_display_name("New"))).await;
    }
    scene.host.work().await;
    assert_eq!((scene.held().await, scene.alarms()), (0, 0));
}
