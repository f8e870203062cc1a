//! Announcements: no committed change of the host is lost between its commit and ours (design 6).
#![cfg(all(feature = "mock", feature = "blocking", feature = "non-blocking"))]

#[path = "support/acme.rs"]
mod acme;
#[path = "support/folder.rs"]
mod folder;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use acme::{Host, SECOND, ada, group_key, members, nth, user_key, users, words};
use async_trait::async_trait;
use outbound_provisioning::host::ResourceSource;
use outbound_provisioning::mock::MockConnector;
use outbound_provisioning::model::{Event, Group, Member, Resource, ResourceKey, User};
use outbound_provisioning::{Error, ErrorKind, Outcome, Result};

/// The host's own database.
#[derive(Clone, Debug, Default)]
struct Truth(Arc<Mutex<Rows>>);

#[derive(Debug, Default)]
struct Rows {
    resources: BTreeMap<ResourceKey, Resource>,
    failures: BTreeMap<ResourceKey, usize>,
    asked: usize,
}

impl Truth {
    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    fn has(&self, resource: impl Into<Resource>) {
        let resource = resource.into();
        let key = ResourceKey::new("acme".into(), resource.kind(), resource.local_id().clone());
        self.0.lock().unwrap().resources.insert(key, resource);
    }

    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    fn has_not(&self, key: &ResourceKey) {
        self.0.lock().unwrap().resources.remove(key);
    }

    /// The next so many questions about a resource are not answered.
    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    fn fails(&self, key: &ResourceKey, times: usize) {
        self.0.lock().unwrap().failures.insert(key.clone(), times);
    }

    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    fn asked(&self) -> usize {
        self.0.lock().unwrap().asked
    }
}

#[async_trait]
impl ResourceSource for Truth {
    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    async fn load(&self, key: &ResourceKey) -> Result<Option<Resource>> {
        let mut rows = self.0.lock().unwrap();
        rows.asked += 1;
        if let Some(left) = rows.failures.get_mut(key).filter(|left| **left > 0) {
            *left -= 1;
            return Err(Error::new(ErrorKind::Storage, "the host's database is down"));
        }
        Ok(rows.resources.get(key).cloned())
    }
}

fn host(truth: &Truth) -> Host {
    let crm = MockConnector::new();
    Host::with(crm.clone(), crm, |builder| builder.resources(truth.clone()))
}

#[tokio::test]
async fn without_somebody_to_ask_there_is_nothing_to_announce() {
    let host = Host::new();
    let refused = host.dispatcher.announce(user_key("u-1")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn an_announcement_is_fulfilled_by_its_event() {
    let (truth, event) = (Truth::default(), Event::user_created(ada()));
    let host = host(&truth);
    let announcement = host.dispatcher.announce(user_key("u-1")).await.unwrap();
    let dispatch = host.dispatcher.dispatch(event.in_organization("acme"));
    dispatch.fulfilling(announcement).await.unwrap();
    assert_eq!(host.dispatcher.recover().await.unwrap(), 0);
    assert_eq!((host.work().await.recovered, truth.asked()), (0, 0));
    assert_eq!(users(&host.crm), [ada()]);
}

#[tokio::test]
async fn an_announcement_that_is_withdrawn_asks_nobody() {
    let truth = Truth::default();
    let host = host(&truth);
    host.dispatcher.announce(user_key("u-1")).await.unwrap().withdraw().await.unwrap();
    assert_eq!((host.work().await.recovered, truth.asked()), (0, 0));
}

#[tokio::test]
async fn p1_while_an_announcement_is_held_nobody_is_asked_and_once_it_is_dropped_the_truth_is() {
    let truth = Truth::default();
    let host = host(&truth);
    let announcement = host.dispatcher.announce(user_key("u-1")).await.unwrap();
    assert_eq!(host.dispatcher.recover().await.unwrap(), 0, "it may still come");
    // The host commits, and the task is dropped before the event is dispatched.
    truth.has(ada());
    drop(announcement);
    assert_eq!(host.dispatcher.recover().await.unwrap(), 1);
    assert_eq!(host.dispatcher.recover().await.unwrap(), 0);
    host.work().await;
    assert_eq!(users(&host.crm), [ada()]);
}

#[tokio::test]
async fn p2_what_the_host_does_not_have_is_deleted_and_what_nobody_knew_is_nothing() {
    let truth = Truth::default();
    let host = host(&truth);
    host.deliver(Event::user_created(ada())).await;
    host.crm.forget_calls();
    drop(host.dispatcher.announce(user_key("u-1")).await.unwrap());
    // Rolled back, and never seen: no ghost comes of it.
    drop(host.dispatcher.announce(user_key("u-2")).await.unwrap());
    drop(host.dispatcher.announce(group_key("g-2")).await.unwrap());
    assert_eq!(host.work().await.recovered, 3);
    assert_eq!(words(&host.crm), ["delete"]);
    assert!(users(&host.crm).is_empty());
}

#[tokio::test]
async fn an_event_that_is_refused_does_not_use_up_its_announcement() {
    let truth = Truth::default();
    let host = host(&truth);
    truth.has(ada());
    let announcement = host.dispatcher.announce(user_key("u-1")).await.unwrap();
    let invalid = Event::user_created(User::new("u-1", "")).in_organization("acme");
    assert!(host.dispatcher.dispatch(invalid).fulfilling(announcement).await.is_err());
    host.work().await;
    assert_eq!(users(&host.crm), [ada()]);
}

#[tokio::test]
async fn a_group_is_recovered_with_those_who_came_and_without_those_who_left() {
    let truth = Truth::default();
    let host = host(&truth);
    for number in 1..=3 {
        host.accept(Event::user_created(nth(number))).await;
    }
    let staff = |numbers: &[usize]| {
        let member = |group: Group, number| group.with_member(Member::user(format!("u-{number}")));
        numbers.iter().fold(Group::new("g-1", "Staff"), member)
    };
    host.deliver(Event::group_created(staff(&[1, 2]))).await;
    assert_eq!(members(&host.crm, "g-1"), Some(2));
    truth.has(staff(&[2, 3]));
    drop(host.dispatcher.announce(group_key("g-1")).await.unwrap());
    host.work().await;
    let there = host.crm.remote_resources();
    let id_of = |name: &str| {
        let user = there.iter().find(|(_, resource)| resource.name() == name);
        user.unwrap().0.as_str().to_owned()
    };
    let group = there.iter().find_map(|(_, resource)| match resource {
        Resource::Group(group) => Some(group),
        Resource::User(_) => None,
    });
    let mut ids: Vec<_> =
        group.unwrap().members.iter().map(|member| member.value.as_str().to_owned()).collect();
    ids.sort();
    let mut expected = [id_of("user2"), id_of("user3")];
    expected.sort();
    assert_eq!(ids, expected);
    // A group that is gone at the host is deleted.
    truth.has_not(&group_key("g-1"));
    drop(host.dispatcher.announce(group_key("g-1")).await.unwrap());
    host.work().await;
    assert_eq!(members(&host.crm, "g-1"), None);
}

#[tokio::test]
async fn f73_a_group_that_is_larger_than_an_event_may_be_is_recovered_all_the_same() {
    let truth = Truth::default();
    let host = host(&truth);
    host.accept(Event::user_created(nth(39_999))).await;
    let member = |group: Group, number| group.with_member(Member::user(format!("u-{number}")));
    truth.has((0..40_000).fold(Group::new("g-1", "Staff"), member));
    drop(host.dispatcher.announce(group_key("g-1")).await.unwrap());
    assert_eq!(host.dispatcher.recover().await.unwrap(), 1);
    host.work().await;
    assert_eq!(members(&host.crm, "g-1"), Some(1), "the one who has an account");
}

#[tokio::test]
async fn a_source_that_fails_is_asked_again_and_holds_up_no_other() {
    let truth = Truth::default();
    let host = host(&truth);
    let bob = nth(2);
    truth.has(ada());
    truth.has(bob.clone());
    truth.fails(&user_key("u-1"), 1);
    for id in ["u-1", "u-2"] {
        drop(host.dispatcher.announce(user_key(id)).await.unwrap());
    }
    host.accept(Event::user_created(nth(3))).await;
    let error = host.dispatcher.recover().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    host.work().await;
    assert_eq!(users(&host.crm).len(), 3, "the second time it answers");
}

#[tokio::test]
async fn what_fails_is_told_by_run_once_after_everything_else_was_delivered() {
    let truth = Truth::default();
    let host = host(&truth);
    truth.fails(&user_key("u-1"), usize::MAX);
    drop(host.dispatcher.announce(user_key("u-1")).await.unwrap());
    host.accept(Event::user_created(nth(2))).await;
    let worker = outbound_provisioning::Worker::builder(&host.dispatcher).build();
    assert_eq!(worker.run_once().await.unwrap_err().kind(), ErrorKind::Storage);
    assert_eq!(users(&host.crm), [nth(2)]);
}

#[tokio::test]
async fn a_worker_that_runs_recovers_on_its_own_and_asks_again_after_a_failure() {
    let truth = Truth::default();
    let host = host(&truth);
    let mut running = host.start();
    truth.has(ada());
    truth.fails(&user_key("u-1"), 1);
    drop(host.dispatcher.announce(user_key("u-1")).await.unwrap());
    host.clock.manual.run();
    assert_eq!((truth.asked(), users(&host.crm).len()), (1, 0));
    host.clock.advance(9 * SECOND);
    assert_eq!(truth.asked(), 1);
    host.clock.advance(SECOND);
    host.clock.advance(SECOND);
    assert_eq!(users(&host.crm), [ada()]);
    assert_eq!(running.stop().unwrap().worked.recovered, 1);
}

#[tokio::test]
async fn a_truth_that_is_not_newer_is_delivered_and_changes_nothing() {
    let truth = Truth::default();
    let host = host(&truth);
    host.deliver(Event::user_created(ada())).await;
    truth.has(ada());
    host.crm.forget_calls();
    drop(host.dispatcher.announce(user_key("u-1")).await.unwrap());
    host.work().await;
    assert!(host.crm.calls().is_empty());
    assert!(host.is_settled("u-1").await);
}

#[cfg(feature = "redb")]
mod durable {
    use super::*;
    use folder::TempFolder;
    use outbound_provisioning::store::RedbStore;

    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]
    fn host(folder: &Path, truth: Option<&Truth>, crm: &MockConnector) -> Host {
        let store = RedbStore::open(folder.join("outbound.redb")).unwrap();
        Host::with(crm.clone(), crm.clone(), |builder| match truth {
            Some(truth) => builder.store(store).resources(truth.clone()),
            None => builder.store(store),
        })
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn c2_what_was_announced_is_recovered_by_the_next_life() {
        let (folder, truth, crm) = (TempFolder::new(), Truth::default(), MockConnector::new());
        {
            let host = host(folder.path(), Some(&truth), &crm);
            for id in ["u-1", "u-2", "u-3"] {
                // As a process that dies: nobody tells anybody.
                std::mem::forget(host.dispatcher.announce(user_key(id)).await.unwrap());
            }
            truth.has(ada());
            truth.has(nth(2));
        }
        // The announcement that was forgotten holds the store open in this process; the file is copied, as a crash
        // would leave it.
        let copy = TempFolder::new();
        std::fs::copy(folder.path().join("outbound.redb"), copy.path().join("outbound.redb"))
            .unwrap();
        {
            // Nobody can be asked: that is told, and nothing is lost.
            let host = host(copy.path(), None, &crm);
            let error = host.dispatcher.recover().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
        }
        let host = host(copy.path(), Some(&truth), &crm);
        assert_eq!(host.work().await.recovered, 3);
        assert_eq!(users(&host.crm).len(), 2);
        assert_eq!(host.dispatcher.recover().await.unwrap(), 0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_announcement_that_was_fulfilled_is_not_in_the_next_life() {
        let (folder, truth, crm) = (TempFolder::new(), Truth::default(), MockConnector::new());
        {
            let host = host(folder.path(), Some(&truth), &crm);
            let announcement = host.dispatcher.announce(user_key("u-1")).await.unwrap();
            let event = Event::user_created(ada()).in_organization("acme");
            let dispatch = host.dispatcher.dispatch(event).fulfilling(announcement);
            assert_eq!(dispatch.await.unwrap().at("crm", "mock"), Some(&Outcome::Queued));
        }
        let host = host(folder.path(), Some(&truth), &crm);
        assert_eq!((host.work().await.recovered, truth.asked()), (0, 0));
        assert_eq!(users(&host.crm), [ada()]);
    }
}
