//! What administrators see of lanes and targets, and what they can do about it (P3, P29).
#![cfg(all(feature = "mock", feature = "blocking", feature = "non-blocking"))]

#[path = "support/acme.rs"]
mod acme;

use acme::{
    Host, MINUTE, SECOND, acme, ada, group_key, lane, nth, organization, queued, target,
    target_key, user_key, users, words,
};
use outbound_provisioning::delivery::{HoldReason, ParkReason, Priority};
use outbound_provisioning::dispatch::{LaneState, LaneStatus};
use outbound_provisioning::host::SharedConfiguration;
use outbound_provisioning::mock::{Fault, MockConnector, Stall};
use outbound_provisioning::model::{
    Connection, Event, EventId, Group, Member, OrganizationConfiguration, Properties, Provisioner,
    Timestamp, Trigger,
};
use outbound_provisioning::resolver::SkipReason;
use outbound_provisioning::store::{LaneQuery, Which};
use outbound_provisioning::{ConnectorRegistry, Error, ErrorKind, Outcome};

fn no() -> Error {
    Error::new(ErrorKind::Rejected, "the target refuses it")
}

async fn parked(host: &Host, number: usize) {
    (0..3).for_each(|_| host.crm.fail_next(no()));
    host.accept(Event::user_created(nth(number))).await;
    for _ in 0..3 {
        host.later(MINUTE).await;
    }
}

#[expect(clippy::unwrap_used, reason = "a test that cannot read its store should stop")]
async fn lanes(host: &Host, query: LaneQuery) -> Vec<LaneStatus> {
    host.dispatcher.lanes(&query).await.unwrap()
}

fn all(which: Which) -> LaneQuery {
    LaneQuery::new("acme".into(), which)
}

fn ids(lanes: &[LaneStatus]) -> Vec<&str> {
    lanes.iter().map(|status| status.lane.resource.id.as_str()).collect()
}

// ---- status -------------------------------------------------------------------------------------

#[tokio::test]
async fn p29_each_state_has_a_code_and_each_end_a_word() {
    let host = Host::new();
    assert!(host.dispatcher.status(&user_key("u-1")).await.unwrap().is_empty());
    host.accept(Event::user_created(ada())).await;
    let pending = host.status_of("u-1").await;
    assert_eq!(pending.state, LaneState::Pending(Priority::Normal, Timestamp::default()));
    assert_eq!((pending.state.code(), pending.last.as_deref()), ("pending", None));
    assert_eq!((pending.newest, pending.settled), (EventId::new(1), EventId::new(0)));

    let stall = Stall::new();
    host.crm.then(Fault::Slow(stall.clone()));
    let _running = host.start();
    assert_eq!(host.status_of("u-1").await.state.code(), "in_flight");
    stall.release();
    host.clock.manual.run();
    let settled = host.status_of("u-1").await;
    assert_eq!((settled.state.code(), settled.last.as_deref()), ("settled", Some("delivered")));
    assert_eq!((settled.settled, settled.attempts), (EventId::new(1), 0));
    assert!(settled.remote_id.is_some() && settled.message.is_none());
    assert_eq!(settled.last_at, Some(Timestamp::default()));

    host.accept(Event::user_updated(ada())).await;
    host.clock.manual.run();
    assert_eq!(host.status_of("u-1").await.last.as_deref(), Some("not_needed"));
}

#[tokio::test]
async fn p29_a_failure_is_shown_with_its_code_its_sentence_and_the_next_time() {
    let host = Host::new();
    host.crm.fail_next(no());
    host.deliver(Event::user_created(ada())).await;
    let status = host.status_of("u-1").await;
    let next = Timestamp::from_millis(999);
    assert_eq!(status.state, LaneState::Pending(Priority::Normal, next));
    assert_eq!(status.last.as_deref(), Some("rejected"));
    assert_eq!(status.message.as_deref(), Some("the target refuses it"));
    host.accept(Event::user_updated(ada().with_active(false))).await;
    let status = host.status_of("u-1").await;
    assert!(matches!(status.state, LaneState::Pending(Priority::Urgent, _)), "{status:?}");
}

#[tokio::test]
async fn p29_what_waits_for_a_person_says_why() {
    let host = Host::new();
    parked(&host, 1).await;
    let status = host.status_of("u-1").await;
    assert_eq!(status.state, LaneState::Parked(ParkReason::Rejected));
    assert_eq!(status.state.code(), "parked");
    assert_eq!(status.state.to_string(), "parked: the target refused the data again and again");
    assert_eq!(status.attempts, 3);
}

#[tokio::test]
async fn p10_a_lane_says_until_when_it_is_unsettled() {
    let host = Host::new();
    host.crm.then(Fault::TimeOutAfter);
    host.deliver(Event::user_created(ada())).await;
    host.later(SECOND).await;
    let status = host.status_of("u-1").await;
    assert_eq!(status.unsettled_until, Some(Timestamp::from_millis(60_000)));
    assert_eq!(ids(&lanes(&host, all(Which::Unsettled)).await), ["u-1"]);
    host.later(MINUTE).await;
    assert!(lanes(&host, all(Which::Unsettled)).await.is_empty());
}

#[tokio::test]
async fn r5_an_exclusion_is_shown_and_can_be_lifted() {
    let host = Host::new();
    let jit = Event::user_created(ada()).triggered_by(Trigger::JustInTime);
    assert_eq!(host.accept(jit).await, Outcome::Skipped(SkipReason::JitExcluded));
    let status = host.status_of("u-1").await;
    assert_eq!(status.excluded, Some(SkipReason::JitExcluded));
    assert_eq!(status.state, LaneState::Settled);
    assert!(host.dispatcher.lift_exclusion(&user_key("u-1"), &target()).await.unwrap());
    assert_eq!(host.status_of("u-1").await.excluded, None);
    host.deliver(Event::user_updated(ada())).await;
    assert_eq!(users(&host.crm), [ada()]);
}

// ---- lists --------------------------------------------------------------------------------------

#[tokio::test]
async fn p29_lists_come_in_pages_and_each_lane_is_on_one() {
    let host = Host::new();
    for number in 0..25 {
        (0..3).for_each(|_| host.crm.fail_next(no()));
        host.accept(Event::user_created(nth(number))).await;
        for _ in 0..3 {
            host.later(SECOND * 5).await;
        }
    }
    for number in 100..125 {
        host.accept(Event::user_created(nth(number))).await;
    }
    for (which, expected) in [(Which::Parked, 0..25), (Which::Due, 100..125)] {
        let mut seen = Vec::new();
        let mut query = all(which).limit(10);
        loop {
            let page = lanes(&host, query.clone()).await;
            seen.extend(page.iter().map(|status| status.lane.resource.id.as_str().to_owned()));
            match page.last() {
                Some(last) if page.len() == 10 => query = query.after(last.lane.clone()),
                _ => break,
            }
        }
        let mut expected: Vec<String> = expected.map(|number| format!("u-{number}")).collect();
        expected.sort();
        seen.sort();
        assert_eq!(seen, expected, "{which:?}");
    }
}

#[tokio::test]
async fn p29_lists_are_of_one_organization_and_of_one_target_where_asked() {
    let (crm, hr) = (MockConnector::new(), MockConnector::new());
    let registry =
        ConnectorRegistry::new().with_instance("mock", crm.clone()).with_instance("hr", hr.clone());
    let organization = || {
        queued()
            .with_connection("hr", Connection::new("HR").with_connector("hr", Properties::new()))
            .with_provisioner(Provisioner::new("hr", "hr"))
    };
    let configuration = acme(organization()).with_organization("other", organization());
    let host = Host::configured(configuration, registry, crm, |builder| builder);
    host.accept(Event::user_created(ada())).await;
    let other = Event::user_created(nth(9)).in_organization("other");
    host.dispatcher.dispatch(other).await.unwrap();
    assert_eq!(ids(&lanes(&host, all(Which::Due)).await), ["u-1", "u-1"]);
    assert_eq!(ids(&lanes(&host, all(Which::Due).at(target())).await), ["u-1"]);
    assert!(lanes(&host, LaneQuery::new("nobody".into(), Which::Due)).await.is_empty());
}

// ---- retry and discard --------------------------------------------------------------------------

#[tokio::test]
async fn p3_a_person_has_a_parked_lane_tried_again() {
    let host = Host::new();
    parked(&host, 1).await;
    assert!(host.dispatcher.retry(&lane(user_key("u-1"))).await.unwrap());
    assert!(lanes(&host, all(Which::Parked)).await.is_empty());
    assert_eq!(host.work().await.done, 1);
    assert_eq!(users(&host.crm), [nth(1)]);
    assert!(!host.dispatcher.retry(&lane(user_key("u-1"))).await.unwrap(), "nothing to do");
    assert!(!host.dispatcher.retry(&lane(user_key("u-9"))).await.unwrap(), "nobody");
}

#[tokio::test]
async fn a_person_need_not_wait_for_a_pause() {
    let host = Host::new();
    let mut running = host.start();
    host.crm.fail_next(no());
    host.accept(Event::user_created(ada())).await;
    host.clock.manual.run();
    assert!(host.dispatcher.retry(&lane(user_key("u-1"))).await.unwrap());
    host.clock.manual.run();
    assert_eq!(users(&host.crm).len(), 1);
    assert_eq!(running.stop().unwrap().worked.done, 1);
}

#[tokio::test]
async fn a_person_gives_up_a_lane_and_that_is_recorded_and_later_events_are_delivered() {
    let host = Host::new();
    host.deliver(Event::user_created(nth(1))).await;
    (0..3).for_each(|_| host.crm.fail_next(no()));
    host.accept(Event::user_updated(nth(1).with_display_name("bad"))).await;
    for _ in 0..3 {
        host.later(MINUTE).await;
    }
    assert!(host.dispatcher.discard(&lane(user_key("u-1"))).await.unwrap());
    let status = host.status_of("u-1").await;
    assert_eq!((status.state, status.last.as_deref()), (LaneState::Settled, Some("discarded")));
    assert!(status.remote_id.is_some(), "what is known of the account is kept");
    assert_eq!(status.newest, status.settled);
    assert!(!host.dispatcher.discard(&lane(user_key("u-1"))).await.unwrap());
    host.crm.forget_calls();
    host.later(60 * MINUTE).await;
    assert!(host.crm.calls().is_empty());
    host.deliver(Event::user_updated(nth(1).with_display_name("good"))).await;
    assert_eq!(words(&host.crm), ["update"]);
    assert_eq!(users(&host.crm)[0].display_name.as_deref(), Some("good"));
}

#[tokio::test]
async fn a_create_that_was_given_up_is_created_by_the_next_event() {
    let host = Host::new();
    host.accept(Event::user_created(ada())).await;
    assert!(host.dispatcher.discard(&lane(user_key("u-1"))).await.unwrap());
    host.work().await;
    assert!(host.crm.calls().is_empty());
    host.deliver(Event::user_updated(ada().with_display_name("A"))).await;
    assert_eq!(users(&host.crm), [ada().with_display_name("A")]);
}

#[tokio::test]
async fn what_is_under_way_cannot_be_given_up() {
    let host = Host::new();
    let stall = Stall::new();
    host.crm.then(Fault::Slow(stall.clone()));
    host.accept(Event::user_created(ada())).await;
    let _running = host.start();
    assert!(!host.dispatcher.discard(&lane(user_key("u-1"))).await.unwrap());
    stall.release();
    host.clock.manual.run();
    assert!(host.is_settled("u-1").await);
}

// ---- pause and resume ---------------------------------------------------------------------------

#[tokio::test]
async fn a_paused_target_gets_nothing_and_catches_up() {
    let host = Host::new();
    let mut running = host.start();
    host.dispatcher.pause(&target_key()).await.unwrap();
    assert!(host.dispatcher.targets().await.unwrap()[0].paused);
    for number in 0..20 {
        let outcome = host.accept(Event::user_created(nth(number))).await;
        assert_eq!(outcome, Outcome::Held(HoldReason::Paused));
    }
    host.clock.advance(60 * MINUTE);
    assert!(host.crm.calls().is_empty());
    assert_eq!(lanes(&host, all(Which::Due).at(target())).await.len(), 20);
    host.dispatcher.resume(&target_key()).await.unwrap();
    host.clock.manual.run();
    assert_eq!(users(&host.crm).len(), 20);
    assert!(!host.dispatcher.targets().await.unwrap()[0].paused);
    assert_eq!(running.stop().unwrap().worked.done, 20);
}

#[tokio::test]
async fn what_is_under_way_when_a_target_is_paused_ends() {
    let host = Host::new();
    let stall = Stall::new();
    host.crm.then(Fault::Slow(stall.clone()));
    host.accept(Event::user_created(ada())).await;
    let _running = host.start();
    host.dispatcher.pause(&target_key()).await.unwrap();
    stall.release();
    host.clock.manual.run();
    assert!(host.is_settled("u-1").await);
}

#[tokio::test]
async fn a_blocking_dispatch_to_a_paused_target_is_held_too() {
    let crm = MockConnector::new();
    let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
    let blocking = organization(Provisioner::new("crm", "mock").blocking());
    let host = Host::configured(acme(blocking), registry, crm, |builder| builder);
    host.dispatcher.pause(&target_key()).await.unwrap();
    let outcome = host.accept(Event::user_created(ada())).await;
    assert_eq!(outcome, Outcome::Held(HoldReason::Paused));
    host.dispatcher.resume(&target_key()).await.unwrap();
    assert_eq!(host.work().await.done, 1, "the worker catches up for blocking provisioners too");
    assert_eq!(users(&host.crm).len(), 1);
}

#[tokio::test]
async fn a_target_that_is_healthy_is_not_listed_and_a_quarantined_one_says_since_when() {
    let host = Host::new();
    host.deliver(Event::user_created(ada())).await;
    assert!(host.dispatcher.targets().await.unwrap().is_empty());
    host.clock.advance(SECOND);
    host.crm.fail_next(Error::new(ErrorKind::Unauthenticated, "401"));
    host.deliver(Event::user_updated(ada().with_display_name("A"))).await;
    let [status] = &host.dispatcher.targets().await.unwrap()[..] else { panic!("one target") };
    assert_eq!(status.target, target_key());
    assert_eq!(status.quarantined_since, Some(Timestamp::from_millis(1_000)));
    assert_eq!(status.next_try, Some(Timestamp::from_millis(61_000)));
    assert!(!status.paused);
}

// ---- switched off -------------------------------------------------------------------------------

fn switched_off() -> OrganizationConfiguration {
    let mut off = queued();
    let connection = Connection::new("CRM").with_connector("mock", Properties::new());
    off.connections.insert("crm".into(), connection.disabled());
    off
}

#[tokio::test]
async fn a_target_that_was_switched_off_catches_up_once_it_is_on_again() {
    let crm = MockConnector::new();
    let shared = SharedConfiguration::new(acme(queued()));
    let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
    let host = Host::configured(shared.clone(), registry, crm, |builder| builder);
    host.deliver(Event::user_created(ada())).await;
    host.accept(Event::user_created(nth(2))).await;
    shared.replace(acme(switched_off()));
    let newer = ada().with_display_name("A");
    let outcome = host.accept(Event::user_updated(newer.clone())).await;
    assert_eq!(outcome, Outcome::Held(HoldReason::SwitchedOff));
    let unknown = host.accept(Event::user_created(nth(3))).await;
    assert_eq!(unknown, Outcome::Skipped(SkipReason::ConnectionDisabled));
    host.crm.forget_calls();
    host.later(60 * MINUTE).await;
    assert!(host.crm.calls().is_empty());
    shared.replace(acme(queued()));
    let mut running = host.start();
    assert_eq!(users(&host.crm), [newer, nth(2)]);
    assert_eq!(running.stop().unwrap().worked.done, 2);
}

#[tokio::test]
async fn a_worker_that_runs_hears_that_a_target_is_on_again() {
    let crm = MockConnector::new();
    let shared = SharedConfiguration::new(acme(queued()));
    let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
    let host = Host::configured(shared.clone(), registry, crm, |builder| builder);
    host.accept(Event::user_created(ada())).await;
    shared.replace(acme(switched_off()));
    let _running = host.start();
    host.clock.advance(MINUTE);
    assert!(host.crm.calls().is_empty());
    shared.replace(acme(queued()));
    host.dispatcher.check_configuration(&"acme".into()).await.unwrap();
    host.clock.manual.run();
    assert_eq!(users(&host.crm), [ada()]);
}

#[tokio::test]
async fn a_groups_lane_is_shown_like_any_other() {
    let host = Host::new();
    let staff = Group::new("g-1", "Staff").with_member(Member::user("u-1"));
    host.deliver(Event::group_created(staff)).await;
    assert_eq!(host.status(&group_key("g-1")).await.state, LaneState::Settled);
    let unknown = Event::members_changed("g-2", [Member::user("u-1")], []);
    host.deliver(unknown).await;
    let status = host.status(&group_key("g-2")).await;
    assert_eq!(status.state, LaneState::Parked(ParkReason::NeedsState));
    assert_eq!(status.last.as_deref(), Some("invalid_event"));
}
