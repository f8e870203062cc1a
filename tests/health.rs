//! What fails is tried again: pauses, targets that ask for silence, quarantine, poison (P12, P14).
#![cfg(all(feature = "mock", feature = "blocking", feature = "non-blocking"))]

#[path = "support/acme.rs"]
mod acme;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acme::{
    Host, MINUTE, SECOND, Watcher, ada, lane, nth, queued, target_key, user_key, users, words,
};
use async_trait::async_trait;
use outbound_provisioning::connector::{Attempt, Connector, Remote, Update};
use outbound_provisioning::delivery::{ParkReason, Priority, QuarantineReason};
use outbound_provisioning::dispatch::LaneState;
use outbound_provisioning::host::Runtime;
use outbound_provisioning::mock::{Fault, MockConnector};
use outbound_provisioning::model::{
    Connection, Event, Properties, Provisioner, RemoteId, Resource, ResourceKind, Timestamp,
};
use outbound_provisioning::{ConnectorRegistry, Effect, Error, ErrorKind, Result};

fn down() -> Error {
    Error::new(ErrorKind::Unavailable, "503").with_effect(Effect::NotSent)
}

fn at(host: &Host) -> Timestamp {
    host.clock.manual.now()
}

// ---- pauses -------------------------------------------------------------------------------------

#[tokio::test]
async fn what_failed_is_not_tried_before_its_pause_is_over_and_then_is() {
    let host = Host::new();
    host.crm.fail_next(down());
    host.deliver(Event::user_created(ada())).await;
    let status = host.status_of("u-1").await;
    assert_eq!((status.attempts, status.last.as_deref()), (1, Some("unavailable")));
    assert_eq!(status.message.as_deref(), Some("503"));
    host.later(Duration::from_millis(998)).await;
    assert_eq!(host.crm.calls().len(), 1);
    host.later(Duration::from_millis(1)).await;
    assert_eq!(host.crm.calls().len(), 2);
    let status = host.status_of("u-1").await;
    assert_eq!((status.attempts, status.last.as_deref()), (0, Some("delivered")));
}

#[tokio::test]
async fn the_pause_doubles_up_to_an_hour_and_chance_says_how_much_of_it() {
    let longest = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 3_600, 3_600];
    for dice in [0, 1, 3_599_999, 1 << 40, u64::MAX] {
        let host = Host::new();
        host.clock.throw(dice);
        host.accept(Event::user_created(ada())).await;
        for longest in longest {
            host.crm.fail_next(down());
            let before = host.crm.calls().len();
            host.work().await;
            assert_eq!(host.crm.calls().len(), before + 1);
            let LaneState::Pending(Priority::Normal, due) = host.status_of("u-1").await.state
            else {
                panic!("not pending")
            };
            let pause = due.since(at(&host));
            assert!(pause > Duration::ZERO && pause < longest * SECOND, "{dice}: {pause:?}");
            host.clock.advance(pause);
        }
    }
}

#[tokio::test]
async fn a_pause_is_forgotten_once_the_work_is_done() {
    let host = Host::new();
    (0..3).for_each(|_| host.crm.fail_next(down()));
    host.deliver(Event::user_created(ada())).await;
    for _ in 0..3 {
        host.later(5 * SECOND).await;
    }
    assert!(host.is_settled("u-1").await);
    host.crm.fail_next(down());
    host.deliver(Event::user_updated(ada().with_display_name("A"))).await;
    assert_eq!(host.status_of("u-1").await.attempts, 1);
}

// ---- targets that ask for silence (F51) ---------------------------------------------------------

fn two() -> (Host, MockConnector) {
    let (crm, hr) = (MockConnector::new(), MockConnector::new());
    let registry =
        ConnectorRegistry::new().with_instance("mock", crm.clone()).with_instance("hr", hr.clone());
    let organization = queued()
        .with_connection("hr", Connection::new("HR").with_connector("hr", Properties::new()))
        .with_provisioner(Provisioner::new("hr", "hr"));
    (Host::configured(acme::acme(organization), registry, crm, |builder| builder), hr)
}

#[tokio::test]
async fn f51_retry_after_slows_the_whole_target_and_no_other() {
    for error in [ErrorKind::RateLimited, ErrorKind::Unavailable] {
        let (host, hr) = two();
        host.crm.fail_next(Error::new(error, "busy").with_retry_after(30 * SECOND));
        host.deliver(Event::user_created(nth(1))).await;
        host.accept(Event::user_created(nth(2))).await;
        host.later(29 * SECOND).await;
        assert_eq!((host.crm.calls().len(), users(&hr).len()), (1, 2));
        host.later(SECOND).await;
        assert_eq!(users(&host.crm).len(), 2);
    }
}

#[tokio::test]
async fn f51_a_target_without_a_word_or_with_an_absurd_one_waits_a_second_or_an_hour() {
    for (asked, pause) in [(None, SECOND), (Some(u32::MAX * SECOND), 60 * MINUTE)] {
        let host = Host::new();
        let mut error = Error::new(ErrorKind::RateLimited, "429");
        if let Some(asked) = asked {
            error = error.with_retry_after(asked);
        }
        host.crm.fail_next(error);
        host.deliver(Event::user_created(ada())).await;
        host.later(pause - Duration::from_millis(1)).await;
        assert_eq!(host.crm.calls().len(), 1);
        host.later(Duration::from_millis(1)).await;
        assert_eq!(users(&host.crm).len(), 1);
    }
}

#[tokio::test]
async fn f51_a_worker_that_runs_sleeps_until_the_target_may_be_asked_again() {
    let host = Host::new();
    let mut running = host.start();
    host.crm.fail_next(Error::new(ErrorKind::RateLimited, "429").with_retry_after(30 * SECOND));
    host.accept(Event::user_created(ada())).await;
    host.clock.manual.run();
    host.clock.advance(30 * SECOND);
    host.clock.advance(Duration::from_millis(20));
    assert_eq!(users(&host.crm).len(), 1);
    assert_eq!(running.stop().unwrap().worked.done, 1);
}

// ---- quarantine (P14) ---------------------------------------------------------------------------

fn watched() -> (Host, Watcher) {
    let (crm, watcher) = (MockConnector::new(), Watcher::default());
    let host = Host::with(crm.clone(), crm, |builder| builder.observer(watcher.clone()));
    (host, watcher)
}

fn refused(kind: ErrorKind) -> Error {
    Error::new(kind, "401")
}

#[tokio::test]
async fn f53_refused_credentials_quarantine_the_target_with_probes_and_use_up_no_attempt() {
    let (host, watcher) = watched();
    for number in 0..20 {
        host.accept(Event::user_created(nth(number))).await;
    }
    (0..14).for_each(|_| host.crm.fail_next(refused(ErrorKind::Unauthenticated)));
    host.work().await;
    assert_eq!(watcher.saw("Quarantined"), 1, "told once");
    let begun = host.crm.calls().len();
    assert!(begun <= 8, "no more than were under way: {begun}");
    let [target] = &host.dispatcher.targets().await.unwrap()[..] else { panic!("one target") };
    assert_eq!(target.quarantined, Some(QuarantineReason::Credentials));
    assert_eq!(target.next_try, Some(Timestamp::from_millis(60_000)));
    let mut calls = begun;
    for minutes in [1, 5, 15, 60, 60, 60] {
        host.later(minutes * MINUTE - SECOND).await;
        assert_eq!(host.crm.calls().len(), calls, "not before {minutes} min");
        host.later(SECOND).await;
        calls += 1;
        assert_eq!(host.crm.calls().len(), calls, "one probe after {minutes} min");
    }
    for number in 0..20 {
        let status = host.status_of(&format!("u-{number}")).await;
        assert!(matches!(status.state, LaneState::Pending(..)), "never parked: {status:?}");
    }
    // The secret is right again.
    while words(&host.crm).len() < 15 {
        host.later(60 * MINUTE).await;
    }
    assert_eq!(users(&host.crm).len(), 20, "the first good probe opens the gate for all");
    assert_eq!(host.dispatcher.targets().await.unwrap()[0].quarantined, None);
}

#[tokio::test]
async fn p14_each_of_these_quarantines_and_none_parks() {
    for (kind, reason) in [
        (ErrorKind::Unauthenticated, QuarantineReason::Credentials),
        (ErrorKind::PermissionDenied, QuarantineReason::Credentials),
        (ErrorKind::Configuration, QuarantineReason::Configuration),
        (ErrorKind::InvalidResponse, QuarantineReason::Answers),
    ] {
        let (host, watcher) = watched();
        host.accept(Event::user_created(ada())).await;
        for _ in 0..5 {
            host.crm.fail_next(refused(kind));
            host.later(60 * MINUTE).await;
        }
        assert_eq!(watcher.saw(&format!("{reason:?} }}")), 1, "{kind}");
        assert!(matches!(host.status_of("u-1").await.state, LaneState::Pending(..)), "{kind}");
        host.later(60 * MINUTE).await;
        assert_eq!(users(&host.crm).len(), 1, "{kind}");
        let status = host.dispatcher.targets().await.unwrap();
        assert_eq!(status[0].quarantined, None, "{kind}");
    }
}

#[tokio::test]
async fn p14_a_quarantined_target_holds_up_no_other() {
    let (host, hr) = two();
    host.crm.fail_next(refused(ErrorKind::Unauthenticated));
    for number in 0..10 {
        host.accept(Event::user_created(nth(number))).await;
    }
    host.work().await;
    assert_eq!(users(&hr).len(), 10);
}

#[tokio::test]
async fn p14_an_administrator_who_mended_it_need_not_wait_for_the_probe() {
    let host = Host::new();
    host.crm.fail_next(refused(ErrorKind::Unauthenticated));
    host.deliver(Event::user_created(ada())).await;
    host.later(SECOND).await;
    assert_eq!(host.crm.calls().len(), 1);
    host.dispatcher.check_configuration(&"acme".into()).await.unwrap();
    host.work().await;
    assert_eq!(users(&host.crm).len(), 1);
    host.crm.fail_next(refused(ErrorKind::Unauthenticated));
    host.deliver(Event::user_updated(ada().with_display_name("A"))).await;
    host.clock.advance(SECOND);
    host.dispatcher.resume(&target_key()).await.unwrap();
    host.work().await;
    assert_eq!(users(&host.crm)[0].display_name.as_deref(), Some("A"));
}

#[tokio::test]
async fn p14_a_worker_that_runs_probes_and_recovers_on_its_own() {
    let host = Host::new();
    let _running = host.start();
    (0..2).for_each(|_| host.crm.fail_next(refused(ErrorKind::Unauthenticated)));
    host.accept(Event::user_created(ada())).await;
    host.clock.manual.run();
    host.clock.advance(MINUTE);
    assert_eq!(host.crm.calls().len(), 2);
    host.clock.advance(5 * MINUTE);
    host.clock.advance(SECOND);
    assert_eq!(users(&host.crm).len(), 1);
}

#[tokio::test]
async fn p14_too_many_failures_quarantine_and_nothing_is_dropped() {
    let (host, watcher) = watched();
    for number in 0..100 {
        host.accept(Event::user_created(nth(number))).await;
    }
    (0..60).for_each(|_| host.crm.fail_next(down()));
    host.work().await;
    assert_eq!(watcher.saw("Quarantined"), 1);
    let calls = host.crm.calls().len();
    assert!((50..58).contains(&calls), "fifty, and those under way: {calls}");
    let status = host.dispatcher.targets().await.unwrap();
    assert_eq!(status[0].quarantined, Some(QuarantineReason::Failures));
    for _ in 0..20 {
        host.later(60 * MINUTE).await;
    }
    assert_eq!(users(&host.crm).len(), 100);
}

#[tokio::test]
async fn p14_a_few_failures_among_many_do_not_quarantine() {
    let (host, watcher) = watched();
    for number in 0..200 {
        if number % 3 == 0 {
            host.crm.fail_next(down());
        }
        host.deliver(Event::user_created(nth(number))).await;
    }
    assert_eq!(watcher.saw("Quarantined"), 0);
}

#[tokio::test]
async fn f52_a_target_that_is_away_for_three_days_loses_nothing() {
    let host = Host::new();
    for number in 0..60 {
        host.accept(Event::user_created(nth(number))).await;
    }
    let mut hours = 0;
    while hours < 72 {
        (0..200).for_each(|_| host.crm.fail_next(down()));
        host.later(60 * MINUTE).await;
        for number in 0..60 {
            host.accept(Event::user_updated(nth(number).with_display_name(hours.to_string())))
                .await;
        }
        hours += 1;
    }
    while users(&host.crm).len() < 60 && hours < 10_000 {
        host.later(60 * MINUTE).await;
        hours += 1;
    }
    assert!(users(&host.crm).iter().all(|user| user.display_name.as_deref() == Some("71")));
}

// ---- poison (P12) -------------------------------------------------------------------------------

#[tokio::test]
async fn p12_what_is_refused_three_times_waits_for_a_person() {
    let host = Host::new();
    (0..3).for_each(|_| host.crm.fail_next(Error::new(ErrorKind::Rejected, "400")));
    host.deliver(Event::user_created(ada())).await;
    host.later(MINUTE).await;
    let worked = host.later(MINUTE).await;
    assert_eq!(worked.parked, 1);
    assert_eq!(host.status_of("u-1").await.state, LaneState::Parked(ParkReason::Rejected));
    host.later(100 * MINUTE).await;
    assert_eq!(host.crm.calls().len(), 3, "not tried again");
}

#[tokio::test]
async fn f4_a_panic_is_counted_and_the_worker_goes_on() {
    let host = Host::new();
    for round in 0..3 {
        host.crm.then(Fault::Panic);
        if round == 0 {
            host.accept(Event::user_created(ada())).await;
        }
        host.later(MINUTE).await;
    }
    assert_eq!(host.status_of("u-1").await.state, LaneState::Parked(ParkReason::Poison));
    host.deliver(Event::user_created(nth(2))).await;
    assert_eq!(users(&host.crm), [nth(2)]);
}

#[tokio::test]
async fn p12_a_newer_event_gives_a_parked_lane_another_chance() {
    let host = Host::new();
    (0..3).for_each(|_| host.crm.fail_next(Error::new(ErrorKind::Rejected, "400")));
    host.deliver(Event::user_created(ada())).await;
    host.later(MINUTE).await;
    host.later(MINUTE).await;
    let newer = ada().with_display_name("better");
    host.deliver(Event::user_updated(newer.clone())).await;
    assert_eq!(users(&host.crm), [newer]);
    assert!(host.is_settled("u-1").await);
}

/// Panics, or refuses, for users whose name says so.
#[derive(Clone, Debug)]
struct Picky {
    inner: MockConnector,
    calls: Arc<Mutex<BTreeMap<String, usize>>>,
}

#[async_trait]
impl Connector for Picky {
    #[expect(clippy::panic, clippy::unwrap_used, reason = "that is what it is for")]
    async fn create(&self, resource: &Resource, attempt: &Attempt) -> Result<Remote> {
        *self.calls.lock().unwrap().entry(resource.name().to_owned()).or_default() += 1;
        match resource.name() {
            "panic" => panic!("told to"),
            "refuse" => Err(Error::new(ErrorKind::Rejected, "400")),
            _ => self.inner.create(resource, attempt).await,
        }
    }

    async fn update(
        &self,
        id: &RemoteId,
        update: &Update<'_>,
        attempt: &Attempt,
    ) -> Result<Remote> {
        self.inner.update(id, update, attempt).await
    }

    async fn delete(&self, id: &RemoteId, kind: ResourceKind, attempt: &Attempt) -> Result<()> {
        self.inner.delete(id, kind, attempt).await
    }
}

#[tokio::test]
async fn p12_poison_blocks_nobody_else() {
    let crm = MockConnector::new();
    let picky = Picky { inner: crm.clone(), calls: Arc::default() };
    let host = Host::with(crm, picky.clone(), |builder| builder);
    let mut running = host.start();
    for (number, name) in ["panic", "ada", "refuse", "bob"].into_iter().enumerate() {
        let mut user = nth(number);
        user.user_name = name.to_owned();
        host.accept(Event::user_created(user)).await;
    }
    host.clock.manual.run();
    assert_eq!(users(&host.crm).len(), 2);
    for _ in 0..100 {
        host.clock.advance(SECOND);
    }
    let parked = |id: &'static str| host.status_of(id);
    // A create whose connector panicked is looked up, and this connector cannot: that comes first.
    assert!(matches!(parked("u-0").await.state, LaneState::Parked(_)));
    assert_eq!(parked("u-2").await.state, LaneState::Parked(ParkReason::Rejected));
    assert_eq!(picky.calls.lock().unwrap()["refuse"], 3);
    assert_eq!(running.stop().unwrap().worked.parked, 2);
    assert!(host.dispatcher.retry(&lane(user_key("u-2"))).await.unwrap());
    host.work().await;
    assert_eq!(picky.calls.lock().unwrap()["refuse"], 4);
}
