//! The embedded store: what it keeps, and what it refuses.
#![cfg(all(feature = "redb", feature = "mock", feature = "non-blocking"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/folder.rs"]
mod folder;

use std::path::Path;

use folder::TempFolder;
use outbound_provisioning::mock::MockConnector;
use outbound_provisioning::model::{
    Configuration, Connection, Event, Group, LaneKey, Member, OrganizationConfiguration,
    Properties, Provisioner, Resource, ResourceKey, ResourceKind, Target, User,
};
use outbound_provisioning::store::{LaneQuery, RedbStore, Store, Which};
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
    let registry = ConnectorRegistry::new().with_instance("mock", mock.clone());
    let store = RedbStore::open(file(folder)).unwrap();
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
    let era = raw(Some(2));
    let refused = RedbStore::open(file(&folder)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Storage);
    assert!(refused.message().contains("newer version"), "{refused}");
    assert!(refused.message().contains("format 2"), "{refused}");
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
        assert_eq!(error.kind(), ErrorKind::Storage);
        assert!(error.message().contains("damaged"), "{error}");
        assert!(!error.to_string().contains(id.as_str()), "{error}");
        let event = Event::user_deleted(id.as_str()).in_organization("acme");
        assert_eq!(host.dispatch(event).await.unwrap_err().kind(), ErrorKind::Storage);
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
