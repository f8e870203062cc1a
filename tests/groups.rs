//! Groups and their members at a target: who has an account is in it, and the others follow (P17).
#![cfg(all(feature = "mock", feature = "blocking", feature = "non-blocking"))]

#[path = "support/acme.rs"]
mod acme;
#[path = "support/folder.rs"]
mod folder;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use acme::{Host, MINUTE, SECOND, ada, lane, members, nth, target_key, user_key, words};
use async_trait::async_trait;
use outbound_provisioning::connector::{Attempt, Capabilities, Connector, Lookup, Remote, Update};
use outbound_provisioning::delivery::LaneRecord;
use outbound_provisioning::mock::{Call, Fault, MockConnector};
use outbound_provisioning::model::{
    Event, Group, Member, MemberChanges, RemoteId, Resource, ResourceKind,
};
use outbound_provisioning::store::{Batch, Durability, LaneWrite, MemoryStore, Store};
use outbound_provisioning::{Error, ErrorKind, Result};

fn staff(members: impl IntoIterator<Item = usize>) -> Group {
    let member = |group: Group, number| group.with_member(Member::user(format!("u-{number}")));
    members.into_iter().fold(Group::new("g-1", "Staff"), member)
}

fn user(number: usize) -> Member {
    Member::user(format!("u-{number}"))
}

// ---- who has no account yet ---------------------------------------------------------------------

#[tokio::test]
async fn p17_a_group_is_sent_with_those_who_have_an_account_and_the_others_follow() {
    let host = Host::new();
    host.deliver(Event::user_created(nth(1))).await;
    host.deliver(Event::group_created(staff([1, 2, 3]))).await;
    assert_eq!(members(&host.crm, "g-1"), Some(1));
    for (number, expected) in [(2, 2), (3, 3)] {
        host.crm.forget_calls();
        host.deliver(Event::user_created(nth(number))).await;
        assert_eq!(words(&host.crm), ["create", "change_members"]);
        assert_eq!(members(&host.crm, "g-1"), Some(expected));
    }
}

#[tokio::test]
async fn p17_a_worker_that_runs_adds_them_by_itself() {
    let host = Host::new();
    let mut running = host.start();
    host.accept(Event::group_created(staff(1..=20))).await;
    host.clock.manual.run();
    assert_eq!(members(&host.crm, "g-1"), Some(0));
    for number in 1..=20 {
        host.accept(Event::user_created(nth(number))).await;
    }
    host.clock.advance(SECOND);
    assert_eq!(members(&host.crm, "g-1"), Some(20));
    assert!(running.stop().is_some());
}

#[tokio::test]
async fn p17_a_parked_user_blocks_no_group() {
    let host = Host::new();
    host.crm.insert(outbound_provisioning::model::User::new("not-ours", "user2")).unwrap();
    for number in 1..=2 {
        host.accept(Event::user_created(nth(number))).await;
    }
    host.accept(Event::group_created(staff([1, 2]))).await;
    let worked = host.work().await;
    assert_eq!(worked.parked, 1);
    assert_eq!(members(&host.crm, "g-1"), Some(1));
    let mut renamed = nth(2);
    renamed.user_name = "another".to_owned();
    host.deliver(Event::user_updated(renamed)).await;
    assert_eq!(members(&host.crm, "g-1"), Some(2));
}

#[tokio::test]
async fn p17_nested_groups_are_filled_from_the_inside() {
    let host = Host::new();
    let nested = |id: &str, member: Member| Group::new(id, id).with_member(member);
    host.accept(Event::group_created(nested("g-out", Member::group("g-in")))).await;
    host.work().await;
    assert_eq!(members(&host.crm, "g-out"), Some(0));
    host.accept(Event::group_created(nested("g-in", user(1)))).await;
    host.work().await;
    assert_eq!((members(&host.crm, "g-out"), members(&host.crm, "g-in")), (Some(1), Some(0)));
    host.deliver(Event::user_created(nth(1))).await;
    assert_eq!(members(&host.crm, "g-in"), Some(1));
}

#[tokio::test]
async fn p17_groups_may_be_members_of_each_other() {
    for with_worker in [false, true] {
        let host = Host::new();
        let running = with_worker.then(|| host.start());
        let ring = ["g-1", "g-2", "g-3"];
        for (place, id) in ring.into_iter().enumerate() {
            let next = ring[(place + 1) % ring.len()];
            let group = Group::new(id, id).with_member(Member::group(next)).with_member(user(1));
            host.accept(Event::group_created(group)).await;
        }
        host.accept(Event::group_created(
            Group::new("g-self", "self").with_member(Member::group("g-self")),
        ))
        .await;
        host.accept(Event::user_created(nth(1))).await;
        match running {
            Some(_) => host.clock.advance(SECOND),
            None => drop(host.work().await),
        }
        for id in ring {
            assert_eq!(members(&host.crm, id), Some(2), "{id}");
        }
        assert_eq!(members(&host.crm, "g-self"), Some(1));
        host.crm.forget_calls();
        host.later(10 * MINUTE).await;
        assert!(host.crm.calls().is_empty(), "and it ends");
    }
}

#[tokio::test]
async fn p17_a_deleted_user_leaves_its_groups_and_comes_back_into_none() {
    let host = Host::new();
    for number in 1..=2 {
        host.accept(Event::user_created(nth(number))).await;
    }
    host.deliver(Event::group_created(staff([1, 2]))).await;
    host.deliver(Event::user_deleted("u-1")).await;
    assert_eq!(members(&host.crm, "g-1"), Some(1));
    host.deliver(Event::user_created(nth(1))).await;
    assert_eq!(members(&host.crm, "g-1"), Some(1));
    assert!(host.is_settled("u-1").await);
}

#[tokio::test]
async fn p17_a_user_that_is_deleted_before_it_has_an_account_is_waited_for_no_longer() {
    let host = Host::new();
    host.deliver(Event::group_created(staff([1]))).await;
    host.accept(Event::user_created(nth(1))).await;
    host.accept(Event::user_deleted("u-1")).await;
    host.work().await;
    host.crm.forget_calls();
    host.deliver(Event::user_created(nth(1))).await;
    assert_eq!(words(&host.crm), ["create"], "a new user of that id is not in the group");
    assert_eq!(members(&host.crm, "g-1"), Some(0));
}

#[tokio::test]
async fn p17_a_deleted_group_is_filled_no_more() {
    let host = Host::new();
    host.deliver(Event::group_created(staff([1]))).await;
    host.deliver(Event::group_deleted("g-1")).await;
    host.crm.forget_calls();
    host.deliver(Event::user_created(nth(1))).await;
    assert_eq!(words(&host.crm), ["create"]);
    host.deliver(Event::group_created(Group::new("g-1", "new"))).await;
    assert_eq!(members(&host.crm, "g-1"), Some(0), "its members went with it");
}

#[tokio::test]
async fn p17_a_group_that_fails_keeps_who_waits() {
    let host = Host::new();
    host.accept(Event::user_created(nth(1))).await;
    host.deliver(Event::group_created(staff([]))).await;
    host.crm.then(Fault::TimeOutBefore);
    host.deliver(Event::members_changed("g-1", [user(1), user(2)], [])).await;
    assert_eq!(members(&host.crm, "g-1"), Some(0));
    host.accept(Event::user_created(nth(2))).await;
    host.later(SECOND).await;
    assert_eq!(members(&host.crm, "g-1"), Some(2));
    host.later(2 * MINUTE).await;
    assert_eq!(members(&host.crm, "g-1"), Some(2));
}

// ---- a hundred thousand members -----------------------------------------------------------------

/// Keeps no list of members: only counts them.
#[derive(Clone, Debug, Default)]
struct Fast {
    calls: Arc<Mutex<Vec<(&'static str, usize)>>>,
    members: Arc<AtomicUsize>,
}

impl Fast {
    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    fn take_calls(&self) -> Vec<(&'static str, usize)> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    fn note(&self, call: &'static str, size: usize) {
        self.calls.lock().unwrap().push((call, size));
    }
}

#[async_trait]
impl Connector for Fast {
    async fn create(&self, resource: &Resource, _: &Attempt) -> Result<Remote> {
        self.note("create", 0);
        Remote::new(format!("remote-{}", resource.local_id()))
    }

    async fn update(&self, id: &RemoteId, _: &Update<'_>, _: &Attempt) -> Result<Remote> {
        self.note("update", 0);
        Ok(Remote::of(id.clone()))
    }

    async fn delete(&self, _: &RemoteId, _: ResourceKind, _: &Attempt) -> Result<()> {
        self.note("delete", 0);
        Ok(())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new().with_groups().with_find()
    }

    async fn find(&self, _: &Lookup<'_>, _: &Attempt) -> Result<Vec<Remote>> {
        self.note("find", 0);
        Err(Error::new(ErrorKind::Internal, "nobody should ask"))
    }

    async fn change_members(
        &self,
        id: &RemoteId,
        changes: &MemberChanges,
        _: &Attempt,
    ) -> Result<Remote> {
        self.note("change_members", changes.len());
        self.members.fetch_add(changes.added.len(), Ordering::Relaxed);
        self.members.fetch_sub(changes.removed.len(), Ordering::Relaxed);
        Ok(Remote::of(id.clone()))
    }
}

const EVERYBODY: usize = 100_000;

/// Gives everybody an account as the first one got it, without an event for each.
#[expect(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]
async fn give_accounts(store: &dyn Store) {
    let first = store.lane(&lane(user_key("u-0"))).await.unwrap().unwrap();
    let row = serde_json::to_string(&first.record).unwrap();
    let mut batch = Batch::new();
    for number in 1..EVERYBODY {
        let id = format!("u-{number}");
        let record: LaneRecord = serde_json::from_str(&row.replace("u-0", &id)).unwrap();
        batch.lanes.push(LaneWrite::new(lane(user_key(&id)), 0, Some(record)));
    }
    assert!(store.commit(batch, Durability::Immediate).await.unwrap().is_done());
}

#[tokio::test]
async fn p17_one_change_in_a_group_of_a_hundred_thousand_costs_one_request_and_no_look_up() {
    let (fast, store) = (Fast::default(), Arc::new(MemoryStore::new()));
    let kept = Arc::clone(&store);
    let crm = MockConnector::new();
    let host = Host::with(crm, fast.clone(), |builder| builder.store(store));
    host.deliver(Event::user_created(nth(0))).await;
    give_accounts(&*kept).await;
    host.accept(Event::group_created(staff([]))).await;
    // F73: no event is larger than 1 MiB.
    for piece in (0..EVERYBODY).collect::<Vec<_>>().chunks(25_000) {
        let event = Event::members_changed("g-1", piece.iter().copied().map(user), []);
        host.accept(event).await;
    }
    host.work().await;
    assert_eq!(fast.members.load(Ordering::Relaxed), EVERYBODY);
    fast.take_calls();
    for (added, removed) in [(None, Some(77_777)), (Some(77_777), None)] {
        let event = Event::members_changed("g-1", added.map(user), removed.map(user));
        host.deliver(event).await;
        assert_eq!(fast.take_calls(), [("change_members", 1)]);
    }
    assert_eq!(fast.members.load(Ordering::Relaxed), EVERYBODY);
    let gone = Event::user_deleted("u-5");
    host.deliver(gone).await;
    let mut calls = fast.take_calls();
    calls.sort_unstable();
    assert_eq!(calls, [("change_members", 1), ("delete", 0)]);
    assert!(kept.agenda(&std::collections::HashSet::new()).await.unwrap().is_empty());
    assert!(kept.health(&target_key()).await.is_ok());
}

// ---- pieces -------------------------------------------------------------------------------------

fn in_pieces() -> MockConnector {
    let capabilities = Capabilities::new()
        .with_groups()
        .with_find()
        .with_members_per_request(100)
        .with_unique_names(ResourceKind::User)
        .with_unique_names(ResourceKind::Group);
    MockConnector::new().with_capabilities(capabilities)
}

fn pieces(crm: &MockConnector) -> Vec<usize> {
    let size = |call: &Call| match call {
        Call::ChangeMembers(_, changes) => Some(changes.len()),
        _ => None,
    };
    crm.calls().iter().filter_map(size).collect()
}

#[tokio::test]
async fn p17_large_changes_go_in_pieces_and_a_piece_in_doubt_is_repeated() {
    let crm = in_pieces();
    let host = Host::with(crm.clone(), crm, |builder| builder);
    for number in 0..250 {
        host.accept(Event::user_created(nth(number))).await;
    }
    host.work().await;
    host.crm.forget_calls();
    host.accept(Event::group_created(staff(0..250))).await;
    let stalls = [(); 2].map(|()| outbound_provisioning::mock::Stall::new());
    stalls.iter().for_each(|stall| {
        stall.release();
        host.crm.then(Fault::Slow(stall.clone()));
    });
    host.crm.then(Fault::TimeOutAfter);
    host.work().await;
    assert_eq!(pieces(&host.crm), [100, 100], "the second one got no answer");
    host.later(SECOND).await;
    assert_eq!(pieces(&host.crm), [100, 100, 100, 50]);
    assert_eq!(members(&host.crm, "g-1"), Some(250));
    host.crm.forget_calls();
    let (gone, come) = ((0..130).map(user), [Member::user("u-999")]);
    host.deliver(Event::members_changed("g-1", come, gone)).await;
    assert_eq!(pieces(&host.crm), [100, 30]);
    assert_eq!(members(&host.crm, "g-1"), Some(120));
}

#[tokio::test]
async fn f50_a_piece_that_is_refused_leaves_everybody_where_they_were() {
    let crm = in_pieces();
    let host = Host::with(crm.clone(), crm, |builder| builder);
    for number in 0..150 {
        host.accept(Event::user_created(nth(number))).await;
    }
    host.accept(Event::group_created(staff([]))).await;
    host.work().await;
    host.crm.fail_next(Error::new(ErrorKind::Rejected, "400"));
    host.deliver(Event::members_changed("g-1", (0..150).map(user), [])).await;
    host.crm.forget_calls();
    host.later(SECOND).await;
    assert_eq!(words(&host.crm), ["change_members", "change_members"]);
    assert_eq!(members(&host.crm, "g-1"), Some(150));
    host.deliver(Event::user_updated(ada())).await;
}

#[cfg(feature = "redb")]
mod durable {
    use std::path::Path;

    use super::*;
    use folder::TempFolder;
    use outbound_provisioning::Worker;
    use outbound_provisioning::mock::Stall;
    use outbound_provisioning::store::RedbStore;

    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]
    fn host(folder: &Path, crm: &MockConnector) -> Host {
        let store = RedbStore::open(folder.join("outbound.redb")).unwrap();
        Host::with(crm.clone(), crm.clone(), |builder| builder.store(store))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn c11_after_a_death_between_pieces_only_the_piece_in_doubt_and_the_rest_are_sent() {
        let (folder, crm) = (TempFolder::new(), in_pieces());
        {
            let host = host(folder.path(), &crm);
            for number in 0..350 {
                host.accept(Event::user_created(nth(number))).await;
            }
            host.work().await;
            host.deliver(Event::group_created(staff([]))).await;
            crm.forget_calls();
            host.accept(Event::members_changed("g-1", (0..350).map(user), [])).await;
            let (first, second) = (Stall::new(), Stall::new());
            first.release();
            crm.then(Fault::Slow(first));
            crm.then(Fault::Slow(second.clone()));
            let worker = Worker::builder(&host.dispatcher).build();
            tokio::select! {
                worked = worker.run_once() => panic!("not held: {worked:?}"),
                () = second.reached() => {}
            }
            assert_eq!((pieces(&crm), members(&crm, "g-1")), (vec![100, 100], Some(100)));
        }
        crm.forget_calls();
        let host = host(folder.path(), &crm);
        host.work().await;
        assert_eq!(pieces(&crm), [100, 100, 50], "the first piece is not sent again");
        assert_eq!(members(&crm, "g-1"), Some(350));
        assert!(!words(&crm).contains(&"find"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_waits_for_an_account_is_remembered_by_the_next_life() {
        let (folder, crm) = (TempFolder::new(), MockConnector::new());
        host(folder.path(), &crm).deliver(Event::group_created(staff([1, 2]))).await;
        let host = host(folder.path(), &crm);
        host.deliver(Event::user_created(nth(2))).await;
        assert_eq!(members(&crm, "g-1"), Some(1));
    }
}
