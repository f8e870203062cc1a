//! The embedded store with a key: what its file shows, and what becomes of it when keys change, are missing, or are
//! wrong (P28, F16, F70, F127).
#![cfg(all(feature = "seal", feature = "redb", feature = "mock", feature = "non-blocking"))]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/folder.rs"]
mod folder;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use folder::TempFolder;
use outbound_provisioning::mock::MockConnector;
use outbound_provisioning::model::{
    Configuration, Connection, Event, Group, LaneKey, Member, OrganizationConfiguration,
    Properties, Provisioner, Resource, ResourceKey, ResourceKind, Target, Timestamp, User,
};
use outbound_provisioning::seal::SealingKeys;
use outbound_provisioning::store::{Durability, RedbStore, Store};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, ErrorKind, Outcome, Worker};
use redb::{Database, ReadableTable, TableDefinition};

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const RESOURCES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("resources");
const LANES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("lanes");
const SMALL: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("small");

const OLD: (&str, u8) = ("key-of-2025", 1);
const NEW: (&str, u8) = ("key-of-2026", 2);

/// A key that is not random, so that a failure can be looked at again.
fn key_of(seed: u8) -> [u8; 32] {
    std::array::from_fn(|place| u8::try_from(place).unwrap_or(0).wrapping_mul(7) ^ seed)
}

fn keys((id, seed): (&str, u8)) -> SealingKeys {
    SealingKeys::new(id, key_of(seed)).unwrap()
}

/// While the key is rotated.
fn both() -> SealingKeys {
    keys(NEW).with_older(OLD.0, key_of(OLD.1)).unwrap()
}

fn file(folder: &TempFolder) -> PathBuf {
    folder.path().join("outbound.redb")
}

fn sealed(folder: &TempFolder, keys: SealingKeys) -> RedbStore {
    RedbStore::options().sealing(keys).open(file(folder)).unwrap()
}

fn host(store: impl Store, mock: &MockConnector) -> Dispatcher {
    let acme = OrganizationConfiguration::new()
        .with_connection("crm", Connection::new("CRM").with_connector("mock", Properties::new()))
        .with_provisioner(Provisioner::new("crm", "mock"));
    let registry = ConnectorRegistry::new().with_instance("mock", mock.clone());
    let configuration = Configuration::new().with_organization("acme", acme);
    Dispatcher::builder(configuration, registry).store(store).build().unwrap()
}

fn user(id: &str) -> User {
    User::new(id, format!("perso-{id}")).with_email(format!("perso-{id}@example.com"))
}

fn group() -> Group {
    Group::new("g-1", "perso-group")
        .with_member(Member::user("u-1"))
        .with_member(Member::user("u-2"))
}

fn resource(kind: ResourceKind, id: &str) -> ResourceKey {
    ResourceKey::new("acme".into(), kind, id.into())
}

fn lane(id: &str) -> LaneKey {
    LaneKey::new(resource(ResourceKind::User, id), Target::new("crm", "mock"))
}

async fn accept(host: &Dispatcher, event: Event) {
    let report = host.dispatch(event.in_organization("acme")).await.unwrap();
    assert_eq!(report.deliveries[0].outcome, Outcome::Queued);
}

async fn work(host: &Dispatcher) -> (usize, usize) {
    let worked = Worker::builder(host).build().run_once().await.unwrap();
    (worked.done, worked.queued)
}

/// Three users and a group: some delivered, one waiting.
async fn live(store: RedbStore, mock: &MockConnector) {
    let host = host(store, mock);
    for id in ["u-1", "u-2"] {
        accept(&host, Event::user_created(user(id))).await;
    }
    accept(&host, Event::group_created(group())).await;
    work(&host).await;
    accept(&host, Event::user_created(user("u-3"))).await;
}

/// Rows of a life as above: resources and lanes.
const ROWS: usize = 8;

type Rows = Vec<(Vec<u8>, Vec<u8>)>;

fn rows_of(path: &Path, table: TableDefinition<'_, &[u8], &[u8]>) -> Rows {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    let table = transaction.open_table(table).unwrap();
    let rows = table.iter().unwrap().map(|row| row.unwrap());
    rows.map(|(key, value)| (key.value().to_vec(), value.value().to_vec())).collect()
}

/// Every row that may be sealed.
fn rows(folder: &TempFolder) -> Rows {
    [rows_of(&file(folder), RESOURCES), rows_of(&file(folder), LANES)].concat()
}

fn meta(folder: &TempFolder, key: &str) -> Option<u64> {
    let database = Database::open(file(folder)).unwrap();
    let transaction = database.begin_write().unwrap();
    let meta = transaction.open_table(META).unwrap();
    let value = meta.get(key).unwrap();
    value.map(|value| value.value())
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// How many rows have a text in them: a key's id, or what should be sealed.
fn with(rows: &Rows, text: &str) -> usize {
    rows.iter().filter(|(_, value)| holds(value, text)).count()
}

fn file_holds(folder: &TempFolder, text: &str) -> bool {
    holds(&std::fs::read(file(folder)).unwrap(), text)
}

/// Changes the row of a lane.
fn change(folder: &TempFolder, id: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let database = Database::open(file(folder)).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut lanes = transaction.open_table(LANES).unwrap();
        let rows = lanes.iter().unwrap().map(|row| row.unwrap());
        let mut rows = rows
            .map(|(key, value)| (key.value().to_vec(), value.value().to_vec()))
            .filter(|(key, _)| holds(key, id));
        let (key, mut value) = rows.next().unwrap();
        assert!(rows.next().is_none());
        drop(rows);
        change(&mut value);
        lanes.insert(key.as_slice(), value.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
}

/// Seals what is left to seal; answers how many rows there were.
async fn reseal(store: &RedbStore) -> usize {
    let mut all = 0;
    loop {
        match store.reseal(3).await.unwrap() {
            0 => return all,
            done => {
                assert!(done <= 3);
                all += done;
            }
        }
    }
}

// ---- what a file shows --------------------------------------------------------------------------

#[tokio::test]
async fn p28_a_sealed_file_shows_nothing_personal() {
    let (folder, clear, mock) = (TempFolder::new(), TempFolder::new(), MockConnector::new());
    live(sealed(&folder, keys(OLD)), &mock).await;
    assert!(!file_holds(&folder, "perso"), "somewhere in the file");
    assert_eq!(with(&rows(&folder), OLD.0), ROWS);
    assert!(!file_holds(&folder, std::str::from_utf8(&key_of(OLD.1)[..8]).unwrap()), "the key");
    // What the search finds where nothing is sealed.
    live(RedbStore::open(file(&clear)).unwrap(), &MockConnector::new()).await;
    assert!(file_holds(&clear, "perso"));
    assert!(with(&rows(&clear), "perso") > 0);
    // Ids are in keys, and stay readable: that much is said.
    assert!(file_holds(&folder, "u-1"));
    let small = rows_of(&file(&folder), SMALL);
    assert!(small.iter().all(|(key, value)| !holds(key, "perso") && !holds(value, "perso")));
}

#[tokio::test]
async fn what_is_sealed_is_delivered_by_the_next_life() {
    let (folder, mock) = (TempFolder::new(), MockConnector::new());
    live(sealed(&folder, keys(OLD)), &mock).await;
    assert_eq!(mock.remote_resources().len(), 3);
    let host = host(sealed(&folder, keys(OLD)), &mock);
    assert_eq!(work(&host).await, (1, 0));
    accept(&host, Event::user_updated(user("u-1").with_display_name("Ada"))).await;
    assert_eq!(work(&host).await, (1, 0));
    let remote = mock.remote_resources();
    assert_eq!(remote.len(), 4);
    let is_ada = |(_, resource): &(_, Resource)| matches!(resource, Resource::User(user) if user.display_name.as_deref() == Some("Ada"));
    assert_eq!(remote.iter().filter(|row| is_ada(row)).count(), 1);
}

#[tokio::test]
async fn p25_a_sealed_file_is_of_another_format_and_a_clear_one_is_not() {
    let (folder, mock) = (TempFolder::new(), MockConnector::new());
    live(RedbStore::open(file(&folder)).unwrap(), &mock).await;
    assert_eq!(meta(&folder, "format"), Some(1), "older versions read it");
    drop(sealed(&folder, keys(OLD)));
    assert_eq!(meta(&folder, "format"), Some(2), "older versions refuse it");
    drop(RedbStore::open(file(&folder)).unwrap());
    assert_eq!(meta(&folder, "format"), Some(2));
}

// ---- from clear to sealed, from key to key ------------------------------------------------------

#[tokio::test]
async fn what_was_written_in_clear_is_read_and_sealed_when_it_is_written_next() {
    let (folder, mock) = (TempFolder::new(), MockConnector::new());
    live(RedbStore::open(file(&folder)).unwrap(), &mock).await;
    {
        let host = host(sealed(&folder, keys(OLD)), &mock);
        assert_eq!(work(&host).await, (1, 0));
    }
    assert_eq!(with(&rows(&folder), OLD.0), 1, "the lane that was worked on");
    let store = sealed(&folder, keys(OLD));
    let before = store.lane(&lane("u-1")).await.unwrap().unwrap();
    assert_eq!(reseal(&store).await, ROWS - 1);
    let after = store.lane(&lane("u-1")).await.unwrap().unwrap();
    assert_eq!(after.revision, before.revision, "an attempt under way is not disturbed");
    drop(store);
    assert_eq!(with(&rows(&folder), OLD.0), ROWS);
    assert_eq!(with(&rows(&folder), "perso"), 0);
    assert_eq!(reseal(&sealed(&folder, keys(OLD))).await, 0);
}

#[tokio::test]
async fn f127_a_key_is_rotated_without_a_stop_and_then_given_up() {
    let (folder, mock) = (TempFolder::new(), MockConnector::new());
    live(sealed(&folder, keys(OLD)), &mock).await;
    {
        let host = host(sealed(&folder, both()), &mock);
        assert_eq!(work(&host).await, (1, 0), "under the old key");
        accept(&host, Event::user_created(user("u-4"))).await;
    }
    let rows_now = rows(&folder);
    assert_eq!((with(&rows_now, OLD.0), with(&rows_now, NEW.0)), (ROWS - 1, 3), "half done");
    {
        let store = sealed(&folder, both());
        assert_eq!(store.reseal(2).await.unwrap(), 2);
    }
    // A restart half-way.
    let store = sealed(&folder, both());
    assert_eq!(reseal(&store).await, ROWS - 3);
    drop(store);
    let rows_now = rows(&folder);
    assert_eq!((with(&rows_now, OLD.0), with(&rows_now, NEW.0)), (0, ROWS + 2));
    let host = host(sealed(&folder, keys(NEW)), &mock);
    assert_eq!(work(&host).await, (1, 0), "without the old key");
    accept(&host, Event::group_updated(Group::new("g-1", "perso-other"))).await;
    assert_eq!(work(&host).await, (1, 0));
    assert_eq!(mock.remote_resources().len(), 5);
}

#[tokio::test]
async fn f127_what_is_sealed_anew_is_on_disk_before_the_old_key_can_be_given_up() {
    let (folder, later, mock) = (TempFolder::new(), TempFolder::new(), MockConnector::new());
    live(sealed(&folder, keys(OLD)), &mock).await;
    let store = Arc::new(sealed(&folder, both()));
    // Some of it is deferred: on disk with the next immediate commit.
    work(&host(Arc::clone(&store), &mock)).await;
    assert_eq!(reseal(&store).await, ROWS - 1);
    // As if the power had failed now.
    std::fs::copy(file(&folder), file(&later)).unwrap();
    drop(store);
    assert_eq!(with(&rows(&later), OLD.0), 0);
    let store = sealed(&later, keys(NEW));
    for id in ["u-1", "u-2", "u-3"] {
        assert!(store.lane(&lane(id)).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn nothing_can_be_sealed_anew_without_keys() {
    let folder = TempFolder::new();
    let store = RedbStore::open(file(&folder)).unwrap();
    assert_eq!(store.reseal(10).await.unwrap_err().kind(), ErrorKind::Configuration);
    drop(store);
    let store = sealed(&folder, keys(OLD));
    assert_eq!(store.reseal(0).await.unwrap(), 0, "an empty store");
    assert_eq!(store.reseal(usize::MAX).await.unwrap(), 0);
}

// ---- keys that are missing or wrong, rows that are damaged --------------------------------------

/// What a store without the right key must be like, whatever it was opened with.
async fn nothing_goes_without_the_key(folder: &TempFolder, open: impl Fn() -> RedbStore) {
    let before = rows(folder);
    {
        let store = open();
        for id in ["u-1", "u-2", "u-3"] {
            let error = store.lane(&lane(id)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.message().contains(&format!("`{}`", OLD.0)), "{error}");
        }
        let group = store.resource(&resource(ResourceKind::Group, "g-1")).await.unwrap_err();
        assert_eq!(group.kind(), ErrorKind::Configuration);
        assert_eq!(store.reseal(10).await.unwrap_err().kind(), ErrorKind::Configuration);
        let tidied = store.tidy(Timestamp::from_millis(i64::MAX), 100).await;
        assert_eq!(tidied.unwrap_err().kind(), ErrorKind::Configuration);
    }
    let mock = MockConnector::new();
    {
        let host = host(open(), &mock);
        for event in [
            Event::user_updated(user("u-1")),
            Event::user_deleted("u-2"),
            Event::user_created(user("u-new")),
            Event::group_updated(Group::new("g-1", "perso-other")),
        ] {
            let error = host.dispatch(event.in_organization("acme")).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        }
        assert_eq!(work(&host).await, (0, 1));
    }
    assert!(mock.calls().is_empty(), "nothing was sent");
    assert_eq!(rows(folder), before, "nothing was overwritten, nothing was added");
}

#[tokio::test]
async fn f70_without_its_key_a_store_opens_and_is_left_as_it_is() {
    let (folder, mock) = (TempFolder::new(), MockConnector::new());
    live(sealed(&folder, keys(OLD)), &mock).await;
    nothing_goes_without_the_key(&folder, || RedbStore::open(file(&folder)).unwrap()).await;
    // The key comes back, and everything goes on.
    assert_eq!(work(&host(sealed(&folder, keys(OLD)), &mock)).await, (1, 0));
    assert_eq!(mock.remote_resources().len(), 4);
}

#[tokio::test]
async fn f70_another_key_under_the_same_id_writes_nothing() {
    let (folder, mock) = (TempFolder::new(), MockConnector::new());
    live(sealed(&folder, keys(OLD)), &mock).await;
    nothing_goes_without_the_key(&folder, || sealed(&folder, keys((OLD.0, 9)))).await;
    assert_eq!(work(&host(sealed(&folder, keys(OLD)), &mock)).await, (1, 0));
    assert_eq!(mock.remote_resources().len(), 4);
}

/// The new key is good, so what is new is sealed with it; what the lost one sealed is neither read nor overwritten.
#[tokio::test]
async fn f70_an_older_key_that_is_missing_costs_its_own_rows_only() {
    let (folder, mock) = (TempFolder::new(), MockConnector::new());
    live(sealed(&folder, keys(OLD)), &mock).await;
    let before = rows(&folder);
    let host = host(sealed(&folder, keys(NEW)), &mock);
    accept(&host, Event::user_created(user("u-4"))).await;
    assert_eq!(work(&host).await, (1, 1));
    let error = host.status(&resource(ResourceKind::User, "u-3")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.message().contains(OLD.0), "{error}");
    drop(host);
    let after = rows(&folder);
    assert!(before.iter().all(|row| after.contains(row)));
    assert_eq!(with(&after, NEW.0), 2);
    let store = sealed(&folder, keys(NEW));
    let error = store.reseal(100).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.message().contains(OLD.0), "{error}");
    let again = store.reseal(1).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Configuration);
    drop(store);
    assert_eq!(rows(&folder), after);
    // With it, it goes on.
    let store = sealed(&folder, both());
    assert_eq!(store.reseal(100).await.unwrap(), ROWS);
}

#[tokio::test]
async fn f16_a_flipped_bit_in_a_sealed_row_stops_its_own_lane_and_no_other() {
    let length = {
        let (folder, mock) = (TempFolder::new(), MockConnector::new());
        live(sealed(&folder, keys(OLD)), &mock).await;
        let of_it = rows_of(&file(&folder), LANES).into_iter().find(|(key, _)| holds(key, "u-3"));
        of_it.unwrap().1.len()
    };
    // The checksum, the revision, the columns, the name of the key, the nonce, the text, the tag.
    for place in [0, 5, 20, length / 4, length / 3, length / 2, length - 1] {
        let (folder, mock) = (TempFolder::new(), MockConnector::new());
        live(sealed(&folder, keys(OLD)), &mock).await;
        change(&folder, "u-3", |row| {
            let place = place.min(row.len() - 1);
            row[place] ^= 1;
        });
        {
            let host = host(sealed(&folder, both()), &mock);
            accept(&host, Event::user_created(user("u-4"))).await;
            assert_eq!(work(&host).await, (1, 1), "byte {place}");
            let error = host.status(&resource(ResourceKind::User, "u-3")).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Damaged, "byte {place}");
        }
        let store = sealed(&folder, both());
        let mut done = 0;
        let error = loop {
            match store.reseal(2).await {
                Ok(0) => panic!("byte {place}: a row is left"),
                Ok(some) => done += some,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Damaged, "byte {place}");
        assert_eq!(done, ROWS - 1, "byte {place}");
    }
}

#[tokio::test]
async fn a_row_in_anothers_place_is_damaged() {
    let (folder, mock) = (TempFolder::new(), MockConnector::new());
    live(sealed(&folder, keys(OLD)), &mock).await;
    let lanes = rows_of(&file(&folder), LANES);
    let of = |id: &str| lanes.iter().find(|(key, _)| holds(key, id)).unwrap().1.clone();
    let other = of("u-2");
    change(&folder, "u-1", |row| *row = other);
    let store = sealed(&folder, keys(OLD));
    let error = store.lane(&lane("u-1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged);
    assert!(store.lane(&lane("u-2")).await.unwrap().is_some());
}

// ---- the contract -------------------------------------------------------------------------------

#[cfg(feature = "conformance")]
#[tokio::test]
async fn the_contract_of_stores_is_kept_by_a_sealed_one() {
    use outbound_provisioning::conformance;
    use std::sync::atomic::{AtomicU32, Ordering};

    let (folder, number) = (TempFolder::new(), AtomicU32::new(0));
    let fresh = || {
        let name = format!("case-{}.redb", number.fetch_add(1, Ordering::Relaxed));
        let path = folder.path().join(name);
        async move { RedbStore::options().sealing(keys(OLD)).open(path) }
    };
    let suite = conformance::store(fresh).await;
    assert!(suite.is_passed(), "{suite}");
    // Each life rotates the key, and has the others as older ones.
    let lives = AtomicU32::new(0);
    let reopened = conformance::store_reopened(|name| {
        let path = folder.path().join(name);
        let first = lives.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
        let rotated = keys(OLD).with_older(NEW.0, key_of(NEW.1)).unwrap();
        let keys = if first { rotated } else { both() };
        async move { RedbStore::options().sealing(keys).open(path) }
    })
    .await;
    assert!(reopened.is_passed(), "{reopened}");
}

/// An empty batch is how a store is asked to put on disk what was deferred.
#[tokio::test]
async fn what_needs_no_row_is_written_without_a_key() {
    let folder = TempFolder::new();
    drop(sealed(&folder, keys(OLD)));
    let store = RedbStore::open(file(&folder)).unwrap();
    let batch = outbound_provisioning::store::Batch::new();
    assert!(store.commit(batch, Durability::Immediate).await.unwrap().is_done());
    store.close().await.unwrap();
}
