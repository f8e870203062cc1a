//! Requests that land later than anybody hears: whatever they do, the newest state stays (P8, P10, P11).
#![cfg(all(feature = "mock", feature = "blocking", feature = "non-blocking"))]

#[path = "support/acme.rs"]
mod acme;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use acme::{Host, MINUTE, SECOND, ada, members, nth, users, words};
use async_trait::async_trait;
use outbound_provisioning::connector::{Attempt, Capabilities, Connector, Lookup, Remote, Update};
use outbound_provisioning::mock::{Fault, MockConnector};
use outbound_provisioning::model::{
    Difference, Event, Group, Member, MemberChanges, RemoteId, Resource, ResourceKind,
};
use outbound_provisioning::store::{Batch, Durability, MemoryStore};
use outbound_provisioning::{Error, ErrorKind, Outcome, Result};

/// A request that has left and not arrived.
#[derive(Debug)]
enum Request {
    Create(Resource),
    Update(RemoteId, Resource, Difference),
    Delete(RemoteId, ResourceKind),
    Members(RemoteId, MemberChanges),
}

/// Keeps requests back on their way, tells their sender that no answer came, and lets them land when it is told to.
#[derive(Clone, Debug)]
struct Late {
    inner: MockConnector,
    state: Arc<Mutex<(usize, Delayed)>>,
}

type Delayed = VecDeque<(Request, Attempt)>;

impl Late {
    fn new() -> Self {
        Self { inner: MockConnector::new(), state: Arc::default() }
    }

    /// The next so many requests are late.
    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    fn delay(&self, count: usize) {
        self.state.lock().unwrap().0 = count;
    }

    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    fn is_late(&self, request: impl FnOnce() -> Request, attempt: &Attempt) -> Result<()> {
        let mut state = self.state.lock().unwrap();
        if state.0 == 0 {
            return Ok(());
        }
        state.0 -= 1;
        state.1.push_back((request(), attempt.clone()));
        Err(Error::new(ErrorKind::Timeout, "no answer in time"))
    }

    /// Everything that is on its way lands. What the target says to it nobody hears.
    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    async fn land(&self) {
        let requests = std::mem::take(&mut self.state.lock().unwrap().1);
        for (request, attempt) in requests {
            let _unheard = match request {
                Request::Create(resource) => {
                    self.inner.create(&resource, &attempt).await.map(|_| ())
                }
                Request::Update(id, wanted, difference) => {
                    let update = Update::new(&wanted, &difference);
                    self.inner.update(&id, &update, &attempt).await.map(|_| ())
                }
                Request::Delete(id, kind) => self.inner.delete(&id, kind, &attempt).await,
                Request::Members(id, changes) => {
                    self.inner.change_members(&id, &changes, &attempt).await.map(|_| ())
                }
            };
        }
        self.inner.forget_calls();
    }
}

#[async_trait]
impl Connector for Late {
    async fn create(&self, resource: &Resource, attempt: &Attempt) -> Result<Remote> {
        self.is_late(|| Request::Create(resource.clone()), attempt)?;
        self.inner.create(resource, attempt).await
    }

    async fn update(
        &self,
        id: &RemoteId,
        update: &Update<'_>,
        attempt: &Attempt,
    ) -> Result<Remote> {
        let late = || Request::Update(id.clone(), update.wanted.clone(), update.difference.clone());
        self.is_late(late, attempt)?;
        self.inner.update(id, update, attempt).await
    }

    async fn delete(&self, id: &RemoteId, kind: ResourceKind, attempt: &Attempt) -> Result<()> {
        self.is_late(|| Request::Delete(id.clone(), kind), attempt)?;
        self.inner.delete(id, kind, attempt).await
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn find(&self, lookup: &Lookup<'_>, attempt: &Attempt) -> Result<Vec<Remote>> {
        self.inner.find(lookup, attempt).await
    }

    async fn change_members(
        &self,
        id: &RemoteId,
        changes: &MemberChanges,
        attempt: &Attempt,
    ) -> Result<Remote> {
        self.is_late(|| Request::Members(id.clone(), changes.clone()), attempt)?;
        self.inner.change_members(id, changes, attempt).await
    }
}

fn late() -> (Host, Late) {
    let late = Late::new();
    (Host::with(late.inner.clone(), late.clone(), |builder| builder), late)
}

async fn is_unsettled(host: &Host, id: &str) -> bool {
    host.status_of(id).await.unsettled_until.is_some()
}

#[tokio::test]
async fn f34_an_update_that_lands_after_a_newer_one_is_repaired() {
    let (host, late) = late();
    host.deliver(Event::user_created(ada())).await;
    late.delay(1);
    host.deliver(Event::user_updated(ada().with_display_name("old"))).await;
    host.clock.advance(SECOND);
    host.deliver(Event::user_updated(ada().with_display_name("new"))).await;
    assert_eq!(users(&host.crm)[0].display_name.as_deref(), Some("new"));
    assert!(is_unsettled(&host, "u-1").await);
    late.land().await;
    assert_eq!(users(&host.crm)[0].display_name.as_deref(), Some("old"), "the fault");
    host.later(58 * SECOND).await;
    assert!(host.crm.calls().is_empty(), "the window is open");
    host.later(SECOND).await;
    assert_eq!(words(&host.crm), ["find", "update"]);
    assert_eq!(users(&host.crm)[0].display_name.as_deref(), Some("new"));
    assert!(host.is_settled("u-1").await);
    host.crm.forget_calls();
    host.later(10 * MINUTE).await;
    assert!(host.crm.calls().is_empty(), "and it stays so");
}

#[tokio::test]
async fn p10_what_did_not_come_late_costs_one_look() {
    let (host, late) = late();
    host.deliver(Event::user_created(ada())).await;
    late.delay(1);
    host.deliver(Event::user_updated(ada().with_display_name("A"))).await;
    host.later(SECOND).await;
    host.crm.forget_calls();
    host.later(MINUTE).await;
    assert_eq!(words(&host.crm), ["find"]);
    assert!(host.is_settled("u-1").await);
}

#[tokio::test]
async fn p10_an_attribute_that_was_cleared_and_comes_back_late_is_cleared_again() {
    let (host, late) = late();
    host.deliver(Event::user_created(ada())).await;
    late.delay(1);
    host.deliver(Event::user_updated(ada().with_email("a@example.com"))).await;
    host.clock.advance(SECOND);
    host.deliver(Event::user_updated(ada())).await;
    late.land().await;
    assert_eq!(users(&host.crm)[0].emails.len(), 1, "the fault");
    host.later(MINUTE).await;
    assert_eq!(users(&host.crm), [ada()]);
}

#[tokio::test]
async fn p11_a_create_that_lands_after_the_delete_is_removed() {
    let (host, late) = late();
    late.delay(1);
    host.deliver(Event::user_created(ada())).await;
    host.deliver(Event::user_deleted("u-1")).await;
    assert!(users(&host.crm).is_empty());
    late.land().await;
    assert_eq!(users(&host.crm).len(), 1, "the fault");
    host.later(MINUTE).await;
    assert!(users(&host.crm).is_empty(), "no account survives its owner");
    assert_eq!(words(&host.crm), ["find", "delete"]);
    assert!(host.is_settled("u-1").await);
}

#[tokio::test]
async fn p10_a_create_of_an_earlier_state_that_is_found_keeps_nothing_of_it() {
    let (host, late) = late();
    late.delay(1);
    host.deliver(Event::user_created(ada().with_email("old@example.com"))).await;
    host.accept(Event::user_deleted("u-1")).await;
    late.land().await;
    assert_eq!(users(&host.crm)[0].emails.len(), 1, "the fault");
    host.deliver(Event::user_created(ada())).await;
    host.later(2 * MINUTE).await;
    assert_eq!(users(&host.crm), [ada()]);
}

#[tokio::test]
async fn p11_an_update_that_enables_again_after_the_disable_is_undone() {
    let (host, late) = late();
    host.deliver(Event::user_created(ada().with_active(false))).await;
    late.delay(1);
    host.deliver(Event::user_updated(ada())).await;
    host.clock.advance(SECOND);
    host.deliver(Event::user_updated(ada().with_active(false))).await;
    late.land().await;
    assert!(users(&host.crm)[0].active, "the fault");
    host.later(MINUTE).await;
    assert!(!users(&host.crm)[0].active);
}

#[tokio::test]
async fn p11_a_delete_that_lands_after_a_new_create_costs_no_account() {
    let (host, late) = late();
    host.deliver(Event::user_created(ada())).await;
    late.delay(1);
    host.deliver(Event::user_deleted("u-1")).await;
    host.accept(Event::user_created(ada().with_display_name("new"))).await;
    host.later(SECOND).await;
    assert_eq!(users(&host.crm).len(), 1);
    late.land().await;
    host.later(2 * MINUTE).await;
    assert_eq!(users(&host.crm), [ada().with_display_name("new")]);
}

#[tokio::test]
async fn p10_a_member_that_was_removed_and_comes_back_late_is_removed_again() {
    let (host, late) = late();
    host.accept(Event::user_created(nth(1))).await;
    host.deliver(Event::group_created(Group::new("g-1", "Staff"))).await;
    late.delay(1);
    host.deliver(Event::members_changed("g-1", [Member::user("u-1")], [])).await;
    host.clock.advance(SECOND);
    host.deliver(Event::members_changed("g-1", [], [Member::user("u-1")])).await;
    late.land().await;
    assert_eq!(members(&host.crm, "g-1"), Some(1), "the fault");
    host.later(MINUTE).await;
    assert_eq!(members(&host.crm, "g-1"), Some(0));
}

#[tokio::test]
async fn p10_a_member_that_was_added_again_and_is_removed_late_comes_back() {
    let (host, late) = late();
    host.accept(Event::user_created(nth(1))).await;
    let staff = Group::new("g-1", "Staff").with_member(Member::user("u-1"));
    host.deliver(Event::group_created(staff)).await;
    late.delay(1);
    host.deliver(Event::members_changed("g-1", [], [Member::user("u-1")])).await;
    host.clock.advance(SECOND);
    host.deliver(Event::members_changed("g-1", [Member::user("u-1")], [])).await;
    late.land().await;
    assert_eq!(members(&host.crm, "g-1"), Some(0), "the fault");
    host.later(MINUTE).await;
    assert_eq!(members(&host.crm, "g-1"), Some(1));
}

#[tokio::test]
async fn p10_a_late_create_of_a_group_that_was_deleted_is_removed() {
    let (host, late) = late();
    late.delay(1);
    host.deliver(Event::group_created(Group::new("g-1", "Staff"))).await;
    host.deliver(Event::group_deleted("g-1")).await;
    late.land().await;
    assert_eq!(members(&host.crm, "g-1"), Some(0), "the fault");
    host.later(MINUTE).await;
    assert_eq!(members(&host.crm, "g-1"), None);
}

#[tokio::test]
async fn p10_every_new_doubt_opens_the_window_anew() {
    let (host, late) = late();
    host.deliver(Event::user_created(ada())).await;
    late.delay(1);
    host.deliver(Event::user_updated(ada().with_display_name("A"))).await;
    host.clock.advance(40 * SECOND);
    late.delay(1);
    host.deliver(Event::user_updated(ada().with_display_name("B"))).await;
    host.later(SECOND).await;
    host.crm.forget_calls();
    host.later(30 * SECOND).await;
    assert!(host.crm.calls().is_empty(), "the second one may still land");
    late.land().await;
    host.later(40 * SECOND).await;
    assert_eq!(users(&host.crm)[0].display_name.as_deref(), Some("B"));
    assert!(!is_unsettled(&host, "u-1").await);
}

#[tokio::test]
async fn p10_the_window_is_the_hosts_to_choose() {
    let late = Late::new();
    let window = 10 * SECOND;
    let host =
        Host::with(late.inner.clone(), late.clone(), |builder| builder.settle_window(window));
    host.deliver(Event::user_created(ada())).await;
    late.delay(1);
    host.deliver(Event::user_updated(ada().with_display_name("A"))).await;
    host.later(SECOND).await;
    host.crm.forget_calls();
    host.later(9 * SECOND).await;
    assert_eq!(words(&host.crm), ["find"]);
}

#[tokio::test]
async fn p10_a_worker_that_runs_looks_again_on_its_own() {
    let (host, late) = late();
    let _running = host.start();
    late.delay(1);
    host.accept(Event::user_created(ada())).await;
    host.clock.manual.run();
    host.accept(Event::user_deleted("u-1")).await;
    host.clock.manual.run();
    late.land().await;
    host.clock.advance(MINUTE);
    host.clock.advance(SECOND);
    assert!(users(&host.crm).is_empty());
}

// ---- creates in doubt where names are not unique (P8.4) -----------------------------------------

fn not_unique() -> MockConnector {
    let capabilities = Capabilities::new().with_groups().with_find();
    MockConnector::new().with_capabilities(capabilities)
}

#[tokio::test]
async fn p8_4_a_create_in_doubt_waits_out_the_window_where_a_second_one_would_be_taken() {
    let crm = not_unique();
    let host = Host::with(crm.clone(), crm, |builder| builder);
    host.crm.then(Fault::TimeOutBefore);
    host.deliver(Event::user_created(ada())).await;
    for _ in 0..58 {
        host.later(SECOND).await;
    }
    assert!(!words(&host.crm)[1..].contains(&"create"), "{:?}", words(&host.crm));
    host.later(3 * SECOND).await;
    let words = words(&host.crm);
    assert_eq!(words.last(), Some(&"create"), "{words:?}");
    assert!(words.len() <= 4, "and no more looks than needed: {words:?}");
    assert_eq!(users(&host.crm).len(), 1);
}

#[tokio::test]
async fn p8_4_where_names_are_unique_it_is_repeated_at_once() {
    let host = Host::new();
    host.crm.then(Fault::TimeOutBefore);
    host.deliver(Event::user_created(ada())).await;
    host.later(SECOND).await;
    assert_eq!(words(&host.crm), ["create", "find", "create"]);
}

#[tokio::test]
async fn f46_an_account_that_a_lagging_index_does_not_show_is_not_created_twice() {
    let crm = not_unique();
    let host = Host::with(crm.clone(), crm, |builder| builder);
    host.crm.then(Fault::TimeOutAfter);
    host.deliver(Event::user_created(ada())).await;
    // The index knows nothing of it yet.
    host.crm.then(Fault::WrongAnswer);
    host.later(SECOND).await;
    host.later(2 * MINUTE).await;
    host.later(2 * MINUTE).await;
    assert_eq!(words(&host.crm).iter().filter(|word| **word == "create").count(), 1);
    assert_eq!(users(&host.crm).len(), 1);
    assert!(host.is_settled("u-1").await);
}

// ---- idling -------------------------------------------------------------------------------------

#[path = "support/counting.rs"]
mod counting;
use counting::Counting;

#[tokio::test]
async fn p24_a_worker_with_nothing_to_do_asks_the_store_nothing() {
    let crm = MockConnector::new();
    let store = Counting::new(MemoryStore::new());
    let kept = store.clone();
    let host = Host::with(crm.clone(), crm, |builder| builder.store(store));
    let mut running = host.start();
    host.accept(Event::user_created(ada())).await;
    host.clock.advance(SECOND);
    assert_eq!(users(&host.crm).len(), 1);
    let before = kept.reads();
    for _ in 0..3_600 {
        host.clock.advance(SECOND);
    }
    assert_eq!(kept.reads(), before, "an hour of silence");
    assert_eq!(host.accept(Event::user_created(nth(2))).await, Outcome::Queued);
    host.clock.manual.run();
    assert_eq!(users(&host.crm).len(), 2, "and it is awake at once");
    assert_eq!(running.stop().unwrap().worked.done, 2);
    let empty =
        outbound_provisioning::store::Store::commit(&kept, Batch::new(), Durability::Immediate);
    assert!(empty.await.unwrap().is_done());
}

#[tokio::test]
async fn p24_a_worker_that_waits_for_a_pause_asks_when_it_is_over_and_not_before() {
    let crm = MockConnector::new();
    let store = Counting::new(MemoryStore::new());
    let kept = store.clone();
    let host = Host::with(crm.clone(), crm, |builder| builder.store(store));
    let _running = host.start();
    host.crm.fail_next(Error::new(ErrorKind::RateLimited, "429").with_retry_after(30 * MINUTE));
    host.accept(Event::user_created(ada())).await;
    host.clock.advance(SECOND);
    let before = kept.reads();
    for _ in 0..29 {
        host.clock.advance(MINUTE);
    }
    assert_eq!(kept.reads(), before);
    host.clock.advance(MINUTE);
    assert_eq!(users(&host.crm).len(), 1);
}
