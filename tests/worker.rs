//! Non-blocking dispatch and the worker: what waits, what is folded, whose turn it is, and how it stops.
#![cfg(all(feature = "mock", feature = "blocking", feature = "non-blocking"))]

#[path = "support/acme.rs"]
mod acme;

use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use acme::{Host, MINUTE, SECOND, ada, lane, members, nth, queued, user_key, users, words};
use outbound_provisioning::connector::Capabilities;
use outbound_provisioning::dispatch::LaneState;
use outbound_provisioning::mock::{Call, Fault, MockConnector, Stall};
use outbound_provisioning::model::{
    ApplicationConfiguration, Configuration, Connection, Event, Group, Member,
    OrganizationConfiguration, Properties, Provisioner, ResourceKind,
};
use outbound_provisioning::{
    ConnectorRegistry, Dispatcher, Effect, Error, ErrorKind, Outcome, Worker,
};

fn down() -> Error {
    Error::new(ErrorKind::Unavailable, "down")
}

#[expect(clippy::unwrap_used, reason = "a constant of the test")]
fn most(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

fn stalls(mock: &MockConnector, count: usize) -> Vec<Stall> {
    let stalls: Vec<Stall> = (0..count).map(|_| Stall::new()).collect();
    stalls.iter().for_each(|stall| mock.then(Fault::Slow(stall.clone())));
    stalls
}

// ---- accepting and delivering -------------------------------------------------------------------

#[tokio::test]
async fn p20_a_non_blocking_dispatch_is_queued_and_sends_nothing() {
    let host = Host::new();
    assert_eq!(host.accept(Event::user_created(ada())).await, Outcome::Queued);
    assert!(host.crm.calls().is_empty());
    let status = host.status_of("u-1").await;
    assert!(matches!(status.state, LaneState::Pending(..)), "{status:?}");
    let worked = host.work().await;
    assert_eq!((worked.done, worked.queued, worked.parked), (1, 0, 0));
    assert_eq!(users(&host.crm), [ada()]);
    assert!(host.is_settled("u-1").await);
    let again = host.work().await;
    assert_eq!((again.done, again.queued, host.crm.calls().len()), (0, 0, 1));
}

#[tokio::test]
async fn a_worker_that_runs_hears_of_an_event_at_once() {
    let host = Host::new();
    let mut running = host.start();
    for number in 1..=3 {
        host.accept(Event::user_created(nth(number))).await;
        host.clock.manual.run();
        assert_eq!(users(&host.crm).len(), number);
    }
    assert_eq!(running.stop().unwrap().worked.done, 3);
}

#[tokio::test]
async fn a_worker_that_runs_needs_a_timer() {
    let registry = ConnectorRegistry::new().with_instance("mock", MockConnector::new());
    let dispatcher = Dispatcher::builder(acme::acme(queued()), registry).build().unwrap();
    let run = Worker::builder(&dispatcher).build().run(std::future::pending()).await;
    assert_eq!(run.unwrap_err().kind(), ErrorKind::Configuration);
}

// ---- folding (P7) -------------------------------------------------------------------------------

#[tokio::test]
async fn p7_a_create_and_its_updates_are_one_create_with_the_newest_state() {
    let host = Host::new();
    host.accept(Event::user_created(ada())).await;
    for name in ["A", "B", "C"] {
        host.accept(Event::user_updated(ada().with_display_name(name))).await;
    }
    host.work().await;
    let newest = ada().with_display_name("C");
    assert_eq!(host.crm.calls(), [Call::Create(newest.into())]);
}

#[tokio::test]
async fn p7_updates_of_a_linked_user_are_one_update() {
    let host = Host::new();
    host.deliver(Event::user_created(ada())).await;
    host.crm.forget_calls();
    host.accept(Event::user_updated(ada().with_display_name("A"))).await;
    host.accept(Event::user_updated(ada().with_email("a@example.com"))).await;
    host.accept(Event::user_updated(ada().with_display_name("B"))).await;
    host.work().await;
    assert_eq!(words(&host.crm), ["update"]);
    assert_eq!(users(&host.crm), [ada().with_display_name("B")]);
}

#[tokio::test]
async fn f81_a_hundred_updates_of_one_user_are_one_request() {
    let host = Host::new();
    host.deliver(Event::user_created(ada())).await;
    host.crm.forget_calls();
    for number in 0..100 {
        host.accept(Event::user_updated(ada().with_display_name(number.to_string()))).await;
    }
    host.work().await;
    assert_eq!(words(&host.crm), ["update"]);
    assert_eq!(users(&host.crm)[0].display_name.as_deref(), Some("99"));
    let status = host.status_of("u-1").await;
    assert_eq!(status.newest, status.settled);
}

#[tokio::test]
async fn p7_what_never_left_and_is_deleted_sends_nothing() {
    let host = Host::new();
    host.accept(Event::user_created(ada())).await;
    host.accept(Event::user_updated(ada().with_display_name("A"))).await;
    host.accept(Event::user_deleted("u-1")).await;
    host.work().await;
    assert!(host.crm.calls().is_empty());
    assert!(host.is_settled("u-1").await);
}

#[tokio::test]
async fn p7_a_delete_after_a_create_in_doubt_is_looked_up_and_looked_at_again_after_the_window() {
    for fault in [Fault::TimeOutAfter, Fault::TimeOutBefore] {
        let host = Host::new();
        host.crm.then(fault.clone());
        host.deliver(Event::user_created(ada())).await;
        host.accept(Event::user_deleted("u-1")).await;
        host.work().await;
        let expected: &[_] = match fault {
            Fault::TimeOutAfter => &["create", "find", "delete"],
            _ => &["create", "find"],
        };
        assert_eq!(words(&host.crm), expected);
        host.crm.forget_calls();
        host.later(59 * SECOND).await;
        assert!(host.crm.calls().is_empty(), "the window is not over");
        host.later(SECOND).await;
        assert_eq!(words(&host.crm), ["find"]);
        assert!(users(&host.crm).is_empty());
        assert!(host.is_settled("u-1").await);
    }
}

#[tokio::test]
async fn p7_updates_and_a_delete_of_a_linked_user_are_one_delete() {
    let host = Host::new();
    host.deliver(Event::user_created(ada())).await;
    host.crm.forget_calls();
    host.accept(Event::user_updated(ada().with_display_name("A"))).await;
    host.accept(Event::user_deleted("u-1")).await;
    host.work().await;
    assert_eq!(words(&host.crm), ["delete"]);
    assert!(users(&host.crm).is_empty());
}

#[tokio::test]
async fn p7_delete_and_create_are_two_steps_and_safe_in_between() {
    for dies in [false, true] {
        let host = Host::new();
        host.deliver(Event::user_created(ada())).await;
        host.crm.forget_calls();
        host.accept(Event::user_deleted("u-1")).await;
        host.accept(Event::user_created(ada().with_display_name("new"))).await;
        if dies {
            // C10: the worker is dropped after the first step, while the second is under way.
            let stalls = stalls(&host.crm, 2);
            stalls[0].release();
            poll_and_drop(Worker::builder(&host.dispatcher).build().run_once());
            assert_eq!(words(&host.crm), ["delete", "create"]);
            assert!(users(&host.crm).is_empty());
            host.work().await;
            assert_eq!(words(&host.crm), ["delete", "create", "find", "create"]);
        } else {
            host.work().await;
            assert_eq!(words(&host.crm), ["delete", "create"]);
        }
        assert_eq!(users(&host.crm), [ada().with_display_name("new")]);
    }
}

#[tokio::test]
async fn p7_disable_and_enable_are_the_newest_of_both() {
    let host = Host::new();
    host.deliver(Event::user_created(ada())).await;
    host.crm.forget_calls();
    host.accept(Event::user_updated(ada().with_active(false))).await;
    host.accept(Event::user_updated(ada().with_display_name("A"))).await;
    host.work().await;
    assert_eq!(words(&host.crm), ["update"]);
    assert_eq!(users(&host.crm), [ada().with_display_name("A")]);
    host.crm.forget_calls();
    host.accept(Event::user_updated(ada().with_active(false))).await;
    host.accept(Event::user_updated(ada().with_display_name("A"))).await;
    host.work().await;
    assert!(host.crm.calls().is_empty(), "there and back again is nothing");
}

#[tokio::test]
async fn p7_members_that_come_and_go_are_the_net_difference() {
    let host = Host::new();
    for number in 1..=2 {
        host.accept(Event::user_created(nth(number))).await;
    }
    host.accept(Event::group_created(Group::new("g-1", "Staff"))).await;
    host.work().await;
    host.crm.forget_calls();
    let (one, two) = (|| [Member::user("u-1")], || [Member::user("u-2")]);
    host.accept(Event::members_changed("g-1", one(), [])).await;
    host.accept(Event::members_changed("g-1", [], one())).await;
    host.accept(Event::members_changed("g-1", two(), [])).await;
    host.work().await;
    assert_eq!(words(&host.crm), ["change_members"]);
    let Some(Call::ChangeMembers(_, changes)) = host.crm.calls().pop() else { panic!("no change") };
    assert_eq!((changes.added.len(), changes.removed.len()), (1, 0));
    assert_eq!(members(&host.crm, "g-1"), Some(1));
}

// ---- urgency and head of line (P13, P15) --------------------------------------------------------

#[tokio::test]
async fn p15_a_delete_overtakes_everything_else_of_its_target() {
    let host = Host::new();
    for number in 0..1_002 {
        host.accept(Event::user_created(nth(number))).await;
    }
    host.work().await;
    for number in 0..1_000 {
        let changed = nth(number).with_display_name("changed");
        host.accept(Event::user_updated(changed)).await;
    }
    host.crm.forget_calls();
    let held = stalls(&host.crm, 2);
    let worker = Worker::builder(&host.dispatcher).in_flight_per_target(most(2)).build();
    let mut running = host.start_worker(worker);
    assert_eq!(host.crm.calls().len(), 2);
    host.accept(Event::user_deleted("u-1000")).await;
    host.accept(Event::user_updated(nth(1_001).with_active(false))).await;
    host.clock.advance(Duration::from_millis(20));
    held.iter().for_each(Stall::release);
    host.clock.manual.run();
    let calls = host.crm.calls();
    let first_four = &words(&host.crm)[..4];
    assert_eq!(first_four.iter().filter(|word| **word == "delete").count(), 1, "{first_four:?}");
    let disables =
        calls.iter().take(4).filter(|call| matches!(call, Call::Update(_, user) if is_off(user)));
    assert_eq!(disables.count(), 1);
    assert_eq!(calls.len(), 1_002);
    assert_eq!(running.stop().unwrap().worked.done, 1_002);
}

fn is_off(resource: &outbound_provisioning::model::Resource) -> bool {
    matches!(resource, outbound_provisioning::model::Resource::User(user) if !user.active)
}

#[tokio::test]
async fn p15_a_delete_does_not_wait_for_the_pause_after_a_failure() {
    let host = Host::new();
    host.deliver(Event::user_created(ada())).await;
    host.crm.fail_next(down());
    host.deliver(Event::user_updated(ada().with_display_name("A"))).await;
    host.crm.forget_calls();
    host.deliver(Event::user_deleted("u-1")).await;
    assert_eq!(words(&host.crm), ["delete"]);
}

fn two_targets() -> OrganizationConfiguration {
    queued()
        .with_connection("hr", Connection::new("HR").with_connector("slow", Properties::new()))
        .with_provisioner(Provisioner::new("hr", "slow"))
}

#[tokio::test]
async fn p13_a_stalled_target_holds_up_no_other() {
    let (crm, hr) = (MockConnector::new(), MockConnector::new());
    let registry = ConnectorRegistry::new()
        .with_instance("mock", crm.clone())
        .with_instance("slow", hr.clone());
    let host = Host::configured(acme::acme(two_targets()), registry, crm, |builder| builder);
    let held = stalls(&hr, 8);
    let mut running = host.start();
    for number in 0..100 {
        host.accept(Event::user_created(nth(number))).await;
    }
    host.clock.advance(SECOND);
    assert_eq!(users(&host.crm).len(), 100);
    assert_eq!((hr.calls().len(), users(&hr).len()), (8, 0), "its own limit, and no more");
    held.iter().for_each(Stall::release);
    host.clock.manual.run();
    assert_eq!(users(&hr).len(), 100);
    assert_eq!(running.stop().unwrap().worked.done, 200);
}

#[tokio::test]
async fn p13_a_stalled_lane_delays_no_retry_of_another_at_the_same_target() {
    let host = Host::new();
    let held = stalls(&host.crm, 1);
    let _running = host.start();
    host.accept(Event::user_created(nth(1))).await;
    host.clock.manual.run();
    host.crm.fail_next(down().with_effect(Effect::NotSent));
    host.accept(Event::user_created(nth(2))).await;
    host.clock.advance(Duration::from_millis(20));
    assert_eq!(words(&host.crm), ["create", "create"]);
    host.clock.advance(Duration::from_millis(900));
    assert_eq!(host.crm.calls().len(), 2);
    for _ in 0..10 {
        host.clock.advance(Duration::from_millis(20));
    }
    assert_eq!(host.crm.calls().len(), 3, "its pause is over");
    assert_eq!(users(&host.crm).len(), 1);
    held.iter().for_each(Stall::release);
    host.clock.manual.run();
    assert_eq!(users(&host.crm).len(), 2);
}

#[tokio::test]
async fn p13_an_attempt_that_becomes_due_while_another_is_under_way_is_not_forgotten() {
    let host = Host::new();
    host.crm.fail_next(down().with_effect(Effect::NotSent));
    host.deliver(Event::user_created(nth(1))).await;
    // One lane is due later, one now: the worker begins the second, and must know of the first.
    let _held = stalls(&host.crm, 1);
    host.accept(Event::user_created(nth(2))).await;
    let _running = host.start();
    assert_eq!(host.crm.calls().len(), 2);
    for _ in 0..60 {
        host.clock.advance(Duration::from_millis(20));
    }
    assert_eq!(users(&host.crm), [nth(1)]);
}

fn two_organizations() -> (Configuration, ConnectorRegistry, MockConnector, MockConnector) {
    let (big, small) = (MockConnector::new(), MockConnector::new());
    let organization = |connector: &str| {
        OrganizationConfiguration::new()
            .with_connection(
                "it",
                Connection::new("IT").with_connector(connector, Properties::new()),
            )
            .with_provisioner(Provisioner::new("it", connector))
    };
    let configuration = Configuration::new()
        .with_organization("big", organization("big"))
        .with_organization("small", organization("small"));
    let registry = ConnectorRegistry::new()
        .with_instance("big", big.clone())
        .with_instance("small", small.clone());
    (configuration, registry, big, small)
}

/// How many requests of the big organization had gone out when the small one's last came.
#[expect(clippy::expect_used, reason = "a test that cannot be set up should stop")]
async fn before_the_small_one_is_done(weight: Option<usize>) -> usize {
    let (configuration, registry, big, small) = two_organizations();
    let host = Host::configured(configuration, registry, big.clone(), |builder| builder);
    for number in 0..200 {
        let event = Event::user_created(nth(number)).in_organization("big");
        host.dispatcher.dispatch(event).await.expect("accepted");
    }
    for number in 0..10 {
        let event = Event::user_created(nth(number)).in_organization("small");
        host.dispatcher.dispatch(event).await.expect("accepted");
    }
    let big_before = Arc::new(AtomicUsize::new(0));
    // Held back so that the count is taken when the tenth goes out.
    let gate = Stall::new();
    (0..9).for_each(|_| {
        let open = Stall::new();
        open.release();
        small.then(Fault::Slow(open));
    });
    small.then(Fault::Slow(gate.clone()));
    let mut worker = Worker::builder(&host.dispatcher).in_flight(most(1));
    if let Some(weight) = weight {
        worker = worker.weight("big", most(weight));
    }
    let _running = host.start_worker(worker.build());
    big_before.store(big.calls().len(), Ordering::Relaxed);
    assert_eq!(small.calls().len(), 10);
    gate.release();
    host.clock.manual.run();
    assert_eq!(users(&big).len(), 200);
    big_before.load(Ordering::Relaxed)
}

#[tokio::test]
async fn p13_an_organization_with_a_backlog_takes_no_more_than_its_share() {
    let turns = before_the_small_one_is_done(None).await;
    assert!((9..=11).contains(&turns), "{turns}");
}

#[tokio::test]
async fn p13_an_organization_may_have_more_turns_than_others() {
    let turns = before_the_small_one_is_done(Some(3)).await;
    assert!((27..=33).contains(&turns), "{turns}");
}

#[tokio::test]
async fn p13_no_more_is_under_way_than_a_target_and_a_worker_may_have() {
    let (configuration, registry, big, small) = two_organizations();
    let host = Host::configured(configuration, registry, big.clone(), |builder| builder);
    for organization in ["big", "small"] {
        for number in 0..20 {
            let event = Event::user_created(nth(number)).in_organization(organization);
            host.dispatcher.dispatch(event).await.unwrap();
        }
    }
    let (held_big, held_small) = (stalls(&big, 20), stalls(&small, 20));
    let worker = Worker::builder(&host.dispatcher).in_flight_per_target(most(5)).in_flight(most(8));
    let mut running = host.start_worker(worker.build());
    assert_eq!((big.calls().len(), small.calls().len()), (4, 4), "eight in all, in turns");
    held_small.iter().for_each(Stall::release);
    host.clock.manual.run();
    assert_eq!((big.calls().len(), small.calls().len()), (5, 20), "five at one target");
    held_big.iter().for_each(Stall::release);
    host.clock.manual.run();
    assert_eq!((big.calls().len(), small.calls().len()), (20, 20));
    assert_eq!(running.stop().unwrap().worked.done, 40);
}

// ---- stopping (P23) -----------------------------------------------------------------------------

fn poll_and_drop(future: impl Future) {
    let mut future = pin!(future);
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

#[tokio::test]
async fn p23_what_is_under_way_ends_and_nothing_new_begins() {
    let host = Host::new();
    for number in 0..10 {
        host.accept(Event::user_created(nth(number))).await;
    }
    let held = stalls(&host.crm, 3);
    let worker = Worker::builder(&host.dispatcher).in_flight_per_target(most(3)).build();
    let mut running = host.start_worker(worker);
    assert!(running.stop().is_none(), "three are under way");
    held.iter().take(2).for_each(Stall::release);
    host.clock.advance(10 * SECOND);
    assert!(running.stopped().is_none());
    assert_eq!(host.crm.calls().len(), 3, "nothing new");
    held[2].release();
    host.clock.manual.run();
    let stopped = running.stopped().unwrap();
    assert_eq!((stopped.finished, stopped.unknown, stopped.worked.done), (3, 0, 3));
    // The others were not touched.
    assert_eq!(host.work().await.done, 7);
    assert!(!words(&host.crm).contains(&"find"));
}

#[tokio::test]
async fn p23_what_does_not_end_in_time_is_unknown_and_looked_up_by_the_next_attempt() {
    let host = Host::new();
    for number in 0..3 {
        host.accept(Event::user_created(nth(number))).await;
    }
    let held = stalls(&host.crm, 3);
    let worker = Worker::builder(&host.dispatcher).grace(5 * SECOND).build();
    let mut running = host.start_worker(worker);
    held[0].release();
    running.stop();
    host.clock.advance(Duration::from_millis(4_999));
    assert!(running.stopped().is_none());
    host.clock.advance(Duration::from_millis(1));
    let stopped = running.stopped().unwrap();
    assert_eq!((stopped.finished + stopped.worked.done, stopped.unknown), (2, 2));
    host.crm.forget_calls();
    host.work().await;
    assert_eq!(words(&host.crm), ["find", "create", "find", "create"]);
    assert_eq!(users(&host.crm).len(), 3);
    host.crm.forget_calls();
    host.later(MINUTE).await;
    assert_eq!(words(&host.crm), ["find", "find"], "and once more after the window (P10)");
}

#[tokio::test]
async fn p23_dropping_a_worker_half_way_loses_nothing() {
    let host = Host::new();
    host.accept(Event::user_created(ada())).await;
    let _held = stalls(&host.crm, 1);
    poll_and_drop(Worker::builder(&host.dispatcher).build().run(std::future::pending()));
    assert_eq!(host.status_of("u-1").await.state, LaneState::InFlight);
    assert_eq!(host.work().await.done, 1);
    assert_eq!(words(&host.crm), ["create", "find", "create"]);
    assert_eq!(users(&host.crm).len(), 1);
}

#[tokio::test]
async fn p23_a_lane_taken_up_again_keeps_to_a_pause_of_its_target() {
    let host = Host::new();
    host.accept(Event::user_created(ada())).await;
    let _held = stalls(&host.crm, 1);
    poll_and_drop(Worker::builder(&host.dispatcher).build().run_once());
    host.dispatcher.pause(&acme::target_key()).await.unwrap();
    host.work().await;
    assert_eq!(words(&host.crm), ["create"], "paused");
    host.dispatcher.resume(&acme::target_key()).await.unwrap();
    host.work().await;
    assert_eq!(words(&host.crm), ["create", "find", "create"]);
}

// ---- blocking and non-blocking (P20) ------------------------------------------------------------

/// The organization's provisioner is not blocking, the application's is.
fn both(deadline: Option<Duration>) -> Configuration {
    let blocking = Provisioner::new("crm", "mock");
    let blocking = match deadline {
        Some(deadline) => blocking.blocking_within(deadline),
        None => blocking.blocking(),
    };
    let shop = ApplicationConfiguration::new().with_provisioner(blocking);
    acme::acme(queued().with_application("shop", shop))
}

fn blocking_host(deadline: Option<Duration>) -> Host {
    let crm = MockConnector::new();
    let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
    Host::configured(both(deadline), registry, crm, |builder| builder)
}

#[tokio::test]
async fn p20_a_blocking_dispatch_carries_out_the_earlier_work_of_its_lane() {
    let host = blocking_host(None);
    assert_eq!(host.accept(Event::user_created(ada())).await, Outcome::Queued);
    let newer = Event::user_updated(ada().with_display_name("A")).through("shop");
    assert!(host.accept(newer).await.is_done());
    assert_eq!(words(&host.crm), ["create"]);
    assert_eq!(users(&host.crm), [ada().with_display_name("A")]);
    assert_eq!(host.work().await.done, 0, "nothing is left to the worker");
}

#[tokio::test]
async fn p20_a_blocking_dispatch_waits_for_the_worker_at_its_lane() {
    let host = blocking_host(None);
    let held = stalls(&host.crm, 1);
    let _running = host.start();
    host.accept(Event::user_created(ada())).await;
    host.clock.manual.run();
    let newer = Event::user_updated(ada().with_display_name("A")).through("shop");
    let newer = host.dispatcher.dispatch(newer.in_organization("acme")).into_future();
    let waiting = host.driven(newer);
    let release = async {
        assert_eq!(words(&host.crm), ["create"], "one at a time");
        held[0].release();
        host.clock.manual.run();
    };
    let (report, ()) = tokio::join!(waiting, release);
    assert!(report.unwrap().at("crm", "mock").unwrap().is_done());
    assert_eq!(words(&host.crm), ["create", "update"]);
    assert_eq!(users(&host.crm), [ada().with_display_name("A")]);
}

#[tokio::test]
async fn p20_after_the_deadline_the_work_goes_on_and_is_finished_later() {
    let host = blocking_host(Some(5 * SECOND));
    let held = stalls(&host.crm, 1);
    let event = Event::user_created(ada()).through("shop").in_organization("acme");
    let waiting = host.driven(host.dispatcher.dispatch(event).into_future());
    let time = async { host.clock.advance(5 * SECOND) };
    let (report, ()) = tokio::join!(waiting, time);
    assert_eq!(report.unwrap().at("crm", "mock"), Some(&Outcome::StillPending));
    held[0].release();
    host.clock.manual.run();
    assert_eq!(users(&host.crm).len(), 1);
    assert!(host.is_settled("u-1").await);
}

#[tokio::test]
async fn p20_what_a_blocking_dispatch_could_not_do_the_worker_does() {
    let host = blocking_host(None);
    host.crm.fail_next(down().with_effect(Effect::NotSent));
    let outcome = host.accept(Event::user_created(ada()).through("shop")).await;
    assert!(matches!(outcome, Outcome::Failed { .. }));
    assert_eq!(host.later(SECOND).await.done, 1);
    assert_eq!(users(&host.crm).len(), 1);
}

// ---- references ---------------------------------------------------------------------------------

#[tokio::test]
async fn a_create_that_two_workers_want_goes_out_once() {
    let host = Host::new();
    let held = stalls(&host.crm, 1);
    let (mut one, mut two) = (host.start(), host.start());
    host.accept(Event::user_created(ada())).await;
    host.clock.advance(SECOND);
    assert_eq!(words(&host.crm), ["create"]);
    held[0].release();
    host.clock.advance(SECOND);
    let done = [one.stop(), two.stop()].map(|stopped| stopped.unwrap().worked.done);
    assert_eq!(done.iter().sum::<usize>(), 1);
}

#[tokio::test]
async fn a_target_without_groups_costs_one_look_at_each() {
    let capabilities = Capabilities::new().with_find().with_unique_names(ResourceKind::User);
    let crm = MockConnector::new().with_capabilities(capabilities);
    let host = Host::with(crm.clone(), crm, |builder| builder);
    host.accept(Event::group_created(Group::new("g-1", "Staff"))).await;
    host.accept(Event::user_created(ada())).await;
    host.work().await;
    assert_eq!(words(&host.crm), ["create"], "the user");
    let lanes = host.dispatcher.status(&acme::group_key("g-1")).await.unwrap();
    assert_eq!(lanes[0].last.as_deref(), Some("unsupported"));
    assert!(!host.dispatcher.retry(&lane(user_key("u-1"))).await.unwrap());
}
