//! The embedded store: what it keeps, and what it refuses.
#![cfg(all(feature = "redb", feature = "mock", feature = "non-blocking"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/counting.rs"]
mod counting;
#[path = "support/folder.rs"]
mod folder;

use std::path::Path;

use counting::Counting;
use folder::TempFolder;
use outbound_provisioning::connector::Capabilities;
use outbound_provisioning::delivery::ParkReason;
use outbound_provisioning::dispatch::{Ending, LaneState};
use outbound_provisioning::mock::{Fault, MockConnector, Stall};
use outbound_provisioning::model::{
    Configuration, Connection, ConnectorSettings, Event, Fact, Group, LaneKey, LinkPolicy, Member,
    OrganizationConfiguration, Properties, Provisioner, Resource, ResourceKey, ResourceKind,
    Target, TargetKey, Timestamp, User,
};
use outbound_provisioning::store::{Batch, Durability, LaneQuery, RedbStore, Store, Which};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Error, ErrorKind, Outcome, Worker};
use redb::{Database, ReadableTable, TableDefinition};

fn acme() -> Configuration {
    let acme = OrganizationConfiguration::new()
        .with_connection("crm", Connection::new("CRM").with_connector("mock", Properties::new()))
        .with_provisioner(Provisioner::new("crm", "mock"));
    Configuration::new().with_organization("acme", acme)
}

fn file(folder: &TempFolder) -> std::path::PathBuf {
    folder.path().join("outbound.redb")
}

fn host(folder: &TempFolder, mock: &MockConnector) -> Dispatcher {
    host_at(RedbStore::open(file(folder)).unwrap(), mock)
}

fn host_at(store: impl Store, mock: &MockConnector) -> Dispatcher {
    let registry = ConnectorRegistry::new().with_instance("mock", mock.clone());
    Dispatcher::builder(acme(), registry).store(store).build().unwrap()
}

fn user(id: &str) -> User {
    User::new(id, id)
}

fn key(kind: ResourceKind, id: &str) -> ResourceKey {
    ResourceKey::new("acme".into(), kind, id.into())
}

async fn accept(host: &Dispatcher, event: Event) -> Outcome {
    let report = host.dispatch(event.in_organization("acme")).await.unwrap();
    report.deliveries[0].outcome.clone()
}

// ---- what it keeps ------------------------------------------------------------------------------

#[tokio::test]
async fn p1_what_was_accepted_is_delivered_by_the_next_life() {
    let (folder, mock) = (TempFolder::new(), MockConnector::new());
    {
        let host = host(&folder, &mock);
        assert_eq!(accept(&host, Event::user_created(user("u-1"))).await, Outcome::Queued);
        let staff = Group::new("g-1", "Staff").with_member(Member::user("u-1"));
        accept(&host, Event::group_created(staff)).await;
        assert!(mock.calls().is_empty());
    }
    let host = host(&folder, &mock);
    let worked = Worker::builder(&host).build().run_once().await.unwrap();
    assert!(worked.done >= 2, "{worked:?}");
    assert_eq!(mock.remote_resources().len(), 2);
    let (_, group) = mock.remote_resources().pop().unwrap();
    assert!(matches!(group, Resource::Group(group) if group.members.len() == 1));
}

#[tokio::test]
async fn links_survive_so_that_an_update_is_an_update() {
    let (folder, mock) = (TempFolder::new(), MockConnector::new());
    for name in ["Ada", "Ada L.", "Ada L."] {
        let host = host(&folder, &mock);
        accept(&host, Event::user_updated(user("u-1").with_display_name(name))).await;
        Worker::builder(&host).build().run_once().await.unwrap();
    }
    assert_eq!(mock.calls().len(), 2, "create, update, nothing: {:?}", mock.calls());
}

/// Each case has a file of its own, and may open it again.
#[cfg(feature = "conformance")]
#[tokio::test]
async fn s01_to_s16_the_contract_of_stores_is_kept() {
    use outbound_provisioning::conformance;
    use std::sync::atomic::{AtomicU32, Ordering};

    let (folder, number) = (TempFolder::new(), AtomicU32::new(0));
    let fresh = || {
        let name = format!("case-{}.redb", number.fetch_add(1, Ordering::Relaxed));
        let path = folder.path().join(name);
        async move { RedbStore::open(path) }
    };
    let suite = conformance::store(fresh).await;
    assert!(suite.is_passed(), "{suite}");
    let reopened = conformance::store_reopened(|name| {
        let path = folder.path().join(name);
        async move { RedbStore::open(path) }
    })
    .await;
    assert!(reopened.is_passed(), "{reopened}");
}

#[tokio::test]
async fn a_pause_and_a_quarantine_survive() {
    let (folder, mock) = (TempFolder::new(), MockConnector::new());
    let target =
        outbound_provisioning::model::TargetKey::new("acme".into(), Target::new("crm", "mock"));
    {
        let host = host(&folder, &mock);
        mock.fail_next(Error::new(ErrorKind::Unauthenticated, "401"));
        accept(&host, Event::user_created(user("u-1"))).await;
        Worker::builder(&host).build().run_once().await.unwrap();
        host.pause(&target).await.unwrap();
    }
    let host = host(&folder, &mock);
    let [status] = &host.targets().await.unwrap()[..] else { panic!("one target") };
    assert!(status.paused && status.quarantined.is_some());
    Worker::builder(&host).build().run_once().await.unwrap();
    assert_eq!(mock.calls().len(), 1);
    assert!(matches!(accept(&host, Event::user_created(user("u-2"))).await, Outcome::Held(_)));
    // Resuming asks for a probe at once; the pause after the failure is a person's to end too.
    host.resume(&target).await.unwrap();
    host.retry(&lane("u-1")).await.unwrap();
    Worker::builder(&host).build().run_once().await.unwrap();
    assert_eq!(mock.remote_resources().len(), 2);
}

fn lane(id: &str) -> LaneKey {
    LaneKey::new(key(ResourceKind::User, id), Target::new("crm", "mock"))
}

#[tokio::test]
async fn c12_an_end_with_a_request_half_way_is_not_clean_and_closes_nothing() {
    let (folder, mock, stall) = (TempFolder::new(), MockConnector::new(), Stall::new());
    let host = host(&folder, &mock);
    mock.then(Fault::Slow(stall.clone()));
    accept(&host, Event::user_created(user("u-1"))).await;
    let worker = Worker::builder(&host).build();
    tokio::select! {
        worked = worker.run_once() => panic!("{worked:?}"),
        () = stall.reached() => {}
    }
    assert_eq!(host.close().await.unwrap(), Ending::Unclean);
    // What was left half-way is taken up again, and then nothing is.
    stall.release();
    assert_eq!(worker.run_once().await.unwrap().done, 1);
    assert_eq!(host.close().await.unwrap(), Ending::Clean);
    assert_eq!(worker.run_once().await.unwrap_err().kind(), ErrorKind::Storage);
}

/// An account that is there by then may be anybody's.
#[tokio::test]
async fn p8_6_that_a_name_was_free_for_an_earlier_create_proves_nothing_after_an_unclean_end() {
    let (folder, later) = (TempFolder::new(), TempFolder::new());
    let capabilities = Capabilities::new()
        .with_find()
        .with_forgotten_external_ids(ResourceKind::User)
        .with_unique_names(ResourceKind::User);
    let mock = MockConnector::new().with_capabilities(capabilities);
    let host_of = |folder: &TempFolder| {
        let settings = ConnectorSettings::from(Properties::new());
        let settings = settings.with_link_policy(LinkPolicy::TrustAbsence);
        let acme = OrganizationConfiguration::new()
            .with_connection("crm", Connection::new("CRM").with_connector("mock", settings))
            .with_provisioner(Provisioner::new("crm", "mock"));
        let registry = ConnectorRegistry::new().with_instance("mock", mock.clone());
        let builder =
            Dispatcher::builder(Configuration::new().with_organization("acme", acme), registry);
        builder.store(RedbStore::open(file(folder)).unwrap()).build().unwrap()
    };
    let first = host_of(&folder);
    for event in [Event::user_created(user("u-1")), Event::user_deleted("u-1")] {
        accept(&first, event).await;
        Worker::builder(&first).build().run_once().await.unwrap();
    }
    accept(&first, Event::user_created(user("u-1"))).await;
    // As if the power had failed now.
    std::fs::copy(file(&folder), file(&later)).unwrap();
    drop(first);
    mock.insert(User::new("", "u-1")).unwrap();
    let second = host_of(&later);
    Worker::builder(&second).build().run_once().await.unwrap();
    let status = second.status(&key(ResourceKind::User, "u-1")).await.unwrap();
    assert_eq!(status[0].state, LaneState::Parked(ParkReason::InDoubt));
    assert_eq!(status[0].remote_id, None);
}

// ---- what it refuses ----------------------------------------------------------------------------

#[tokio::test]
async fn f19_one_process_works_on_a_file_at_a_time() {
    let folder = TempFolder::new();
    let first = RedbStore::open(file(&folder)).unwrap();
    let second = RedbStore::open(file(&folder)).unwrap_err();
    assert_eq!(second.kind(), ErrorKind::Storage);
    assert!(second.message().contains("open already"), "{second}");
    first.close().await.unwrap();
    let closed = first.agenda(&std::collections::HashSet::new()).await.unwrap_err();
    assert!(closed.message().contains("closed"), "{closed}");
    RedbStore::open(file(&folder)).unwrap();
}

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const LANES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("lanes");

#[test]
fn p25_a_file_from_the_future_is_refused_and_not_touched() {
    let folder = TempFolder::new();
    drop(RedbStore::open(file(&folder)).unwrap());
    let raw = |format: Option<u64>| {
        let database = Database::open(file(&folder)).unwrap();
        let transaction = database.begin_write().unwrap();
        let era = {
            let mut meta = transaction.open_table(META).unwrap();
            if let Some(format) = format {
                meta.insert("format", format).unwrap();
            }
            meta.get("era").unwrap().unwrap().value()
        };
        transaction.commit().unwrap();
        era
    };
    let era = raw(Some(3));
    let refused = RedbStore::open(file(&folder)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Storage);
    assert!(refused.message().contains("newer version"), "{refused}");
    assert!(refused.message().contains("format 3"), "{refused}");
    assert_eq!(raw(Some(1)), era, "no life began");
    RedbStore::open(file(&folder)).unwrap();
}

#[test]
fn what_is_no_store_is_refused_and_left_as_it_is() {
    let folder = TempFolder::new();
    let text = "this is somebody's letter, and long enough to be a page of it".repeat(100);
    std::fs::write(file(&folder), &text).unwrap();
    let refused = RedbStore::open(file(&folder)).unwrap_err();
    assert!(refused.message().contains("cannot be opened as a store"), "{refused}");
    assert_eq!(std::fs::read_to_string(file(&folder)).unwrap(), text);
    assert!(RedbStore::open(folder.path()).is_err(), "a folder");
    assert!(RedbStore::open(folder.path().join("not/there.redb")).is_err());
}

/// Turns a bit in a lane's row.
fn damage(path: &Path, id: &str) {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut lanes = transaction.open_table(LANES).unwrap();
        let holds = |key: &[u8]| key.windows(id.len()).any(|window| window == id.as_bytes());
        let rows: Vec<(Vec<u8>, Vec<u8>)> = lanes
            .iter()
            .unwrap()
            .map(|row| row.unwrap())
            .map(|(key, value)| (key.value().to_vec(), value.value().to_vec()))
            .filter(|(key, _)| holds(key))
            .collect();
        let [(key, row)] = &rows[..] else { panic!("{} rows", rows.len()) };
        let mut row = row.clone();
        let middle = row.len() / 2;
        row[middle] ^= 1;
        lanes.insert(key.as_slice(), row.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
}

#[tokio::test]
async fn f16_a_damaged_row_stops_its_own_lane_and_no_other() {
    let (folder, mock) = (TempFolder::new(), MockConnector::new());
    {
        let host = host(&folder, &mock);
        for number in 0..30 {
            accept(&host, Event::user_created(user(&format!("u-{number:02}")))).await;
        }
    }
    // More of them than a worker looks at in one go, and in front of all others.
    let damaged: Vec<String> = (0..20).map(|number| format!("u-{number:02}")).collect();
    damaged.iter().for_each(|id| damage(&file(&folder), id));
    let host = host(&folder, &mock);
    let worked = Worker::builder(&host).build().run_once().await.unwrap();
    assert_eq!((worked.done, worked.queued), (10, 20));
    assert_eq!(mock.remote_resources().len(), 10);
    for id in &damaged {
        let error = host.status(&key(ResourceKind::User, id)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged);
        assert!(error.message().contains("damaged"), "{error}");
        assert!(!error.to_string().contains(id.as_str()), "{error}");
        let event = Event::user_deleted(id.as_str()).in_organization("acme");
        assert_eq!(host.dispatch(event).await.unwrap_err().kind(), ErrorKind::Damaged);
    }
    // New work is done as ever, also with groups that a damaged one is in.
    let staff = Group::new("g-1", "Staff")
        .with_member(Member::user("u-00"))
        .with_member(Member::user("u-25"));
    accept(&host, Event::group_created(staff)).await;
    accept(&host, Event::user_updated(user("u-25").with_display_name("new"))).await;
    let worked = Worker::builder(&host).build().run_once().await.unwrap();
    assert_eq!((worked.done, worked.queued), (2, 20));
    let parked = LaneQuery::new("acme".into(), Which::Parked);
    assert!(host.lanes(&parked).await.unwrap().is_empty());
    // Nothing was sent for a row that cannot be read, so nothing stands in the way of a clean end.
    assert_eq!(host.close().await.unwrap(), Ending::Clean);
    let life = RedbStore::open(file(&folder)).unwrap().life();
    assert_ne!(life.unclean_before, life.era, "it ended cleanly");
}

#[tokio::test]
async fn f16_who_has_a_name_cannot_be_read_and_who_wants_it_waits_for_a_person() {
    let (folder, mock) = (TempFolder::new(), MockConnector::new());
    {
        let host = host(&folder, &mock);
        accept(&host, Event::user_created(user("u-1"))).await;
        Worker::builder(&host).build().run_once().await.unwrap();
    }
    damage(&file(&folder), "u-1");
    let host = host(&folder, &mock);
    accept(&host, Event::user_created(User::new("u-2", "u-1"))).await;
    Worker::builder(&host).build().run_once().await.unwrap();
    let status = host.status(&key(ResourceKind::User, "u-2")).await.unwrap();
    assert_eq!(status[0].state, LaneState::Parked(ParkReason::NameTaken));
}

#[tokio::test]
async fn f16_a_fact_that_is_damaged_is_learnt_again_and_stops_nobody() {
    let folder = TempFolder::new();
    let target = TargetKey::new("acme".into(), Target::new("crm", "mock"));
    let fact = |name: &str| Fact::new(name, 1.into(), Timestamp::default());
    {
        let store = RedbStore::open(file(&folder)).unwrap();
        let mut batch = Batch::new();
        for name in ["damaged", "kept"] {
            batch.facts.push((target.clone(), name.to_owned(), Some(fact(name))));
        }
        assert!(store.commit(batch, Durability::Immediate).await.unwrap().is_done());
    }
    const SMALL: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("small");
    let database = Database::open(file(&folder)).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut small = transaction.open_table(SMALL).unwrap();
        let rows = small.iter().unwrap().map(|row| row.unwrap().0.value().to_vec());
        let is_it = |key: &Vec<u8>| key.windows(7).any(|window| window == b"damaged");
        let [key] = &rows.filter(is_it).collect::<Vec<_>>()[..] else { panic!("one row") };
        small.insert(key.as_slice(), b"{".as_slice()).unwrap();
    }
    transaction.commit().unwrap();
    drop(database);
    let store = RedbStore::open(file(&folder)).unwrap();
    assert_eq!(store.facts(&target).await.unwrap(), [fact("kept")]);
}

#[tokio::test]
async fn f16_a_damaged_group_costs_its_members_nothing() {
    let (folder, mock) = (TempFolder::new(), MockConnector::new());
    {
        let host = host(&folder, &mock);
        let staff = Group::new("g-1", "Staff").with_member(Member::user("u-1"));
        accept(&host, Event::group_created(staff)).await;
        Worker::builder(&host).build().run_once().await.unwrap();
    }
    damage(&file(&folder), "g-1");
    let host = host(&folder, &mock);
    accept(&host, Event::user_created(user("u-1"))).await;
    let worked = Worker::builder(&host).build().run_once().await.unwrap();
    assert_eq!((worked.done, worked.queued), (1, 0));
    let deleted = host.dispatch(Event::user_deleted("u-1").in_organization("acme")).await;
    assert!(deleted.is_ok(), "nobody keeps an account because of a group: {deleted:?}");
    Worker::builder(&host).build().run_once().await.unwrap();
    assert_eq!(mock.remote_resources().len(), 1, "the group");
}

/// It may be able to read the row in a moment; a damaged one it never can.
#[tokio::test]
async fn f16_a_store_that_fails_is_no_damaged_row() {
    let (folder, mock) = (TempFolder::new(), MockConnector::new());
    let store = Counting::new(RedbStore::open(file(&folder)).unwrap());
    let host = host_at(store.clone(), &mock);
    accept(&host, Event::user_created(user("u-1"))).await;
    let staff = Group::new("g-1", "Staff").with_member(Member::user("u-1"));
    accept(&host, Event::group_created(staff)).await;
    Worker::builder(&host).build().run_once().await.unwrap();
    assert_eq!(mock.remote_resources().len(), 2);
    let delete = || host.dispatch(Event::user_deleted("u-1").in_organization("acme")).into_future();
    store.fail_at(Some(key(ResourceKind::Group, "g-1")));
    assert_eq!(delete().await.unwrap_err().kind(), ErrorKind::Storage);
    store.fail_at(None);
    delete().await.unwrap();
    Worker::builder(&host).build().run_once().await.unwrap();
    let [(_, Resource::Group(staff))] = &mock.remote_resources()[..] else { panic!("one group") };
    assert!(staff.members.is_empty(), "{:?}", staff.members);
}
