//! The embedded store: one file, one process, one thread that writes.

mod file;
mod options;
mod reseal;
mod rows;
mod sealing;
mod writer;

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use async_trait::async_trait;

use self::file::{File, ReadTables};
pub use self::options::RedbOptions;
use self::reseal::Pass;
use self::writer::{Request, Shared, Writer, closed};
use super::batch::{Batch, Committed, Durability};
use super::contract::Store;
use super::due;
use super::ledger;
use super::references;
use super::rows::{Hint, LaneQuery, OpenMembers, StoredLane, StoredResource, Which};
use super::tables::{self, Tables};
use crate::delivery::{Health, Life};
use crate::error::Result;
use crate::model::{Fact, LaneKey, Member, ResourceKey, TargetKey, Timestamp};

/// A durable store in one file.
///
/// Accepted events and new ids of targets are on disk before a call returns. Intents and acknowledgements follow with
/// the next of those, or a tenth of a second later; should the process die in between, every lane that was open is
/// looked up once before anything is sent (C12).
///
/// Reads happen where they are called, from pages that are mostly in memory; writes on a thread of the store's own,
/// which commits all that waits in one transaction.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("outbound-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let path = folder.join("outbound.redb");
/// use outbound_provisioning::store::{RedbStore, Store};
///
/// let store = RedbStore::open(&path)?;
/// assert_eq!(store.life().era.number(), 1);
/// // One process works on a file at a time.
/// assert!(RedbStore::open(&path).unwrap_err().to_string().contains("open already"));
/// # drop(store);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), outbound_provisioning::Error>(())
/// ```
pub struct RedbStore {
    file: Shared,
    life: Mutex<Life>,
    writer: Writer,
    path: PathBuf,
    resealing: Mutex<Pass>,
}

impl RedbStore {
    /// Opens the store in this file, or makes one. See [`options`](Self::options) for more than that.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage) when the file is open elsewhere (F19), was written by a newer version of
    /// the library, or cannot be read and written as a store.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::options().open(path)
    }

    /// The same, with so many bytes of memory for pages of the file. Default: 16 MiB.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_with_cache(path: impl AsRef<Path>, bytes: usize) -> Result<Self> {
        Self::options().cache(bytes).open(path)
    }

    /// How a file is opened: with how much memory, and sealed with which keys.
    ///
    /// ```
    /// # #[cfg(feature = "seal")] {
    /// # let folder = std::env::temp_dir().join(format!("outbound-doc-seal-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let path = folder.join("outbound.redb");
    /// # let key: [u8; 32] = std::array::from_fn(|place| place as u8);
    /// use outbound_provisioning::seal::SealingKeys;
    /// use outbound_provisioning::store::RedbStore;
    ///
    /// let keys = SealingKeys::new("2026", key)?;
    /// let store = RedbStore::options().cache(64 * 1024 * 1024).sealing(keys).open(&path)?;
    /// # drop(store);
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # }
    /// # Ok::<(), outbound_provisioning::Error>(())
    /// ```
    pub fn options() -> RedbOptions {
        RedbOptions::new()
    }

    fn open_as(path: PathBuf, options: RedbOptions) -> Result<Self> {
        let file = File::open(&path, &options)?;
        let begun = file.life();
        let life = Mutex::new(begun);
        let file = Arc::new(RwLock::new(Some(file)));
        let writer = Writer::start(Arc::clone(&file), begun, path.clone(), options)?;
        Ok(Self { file, life, writer, path, resealing: Mutex::default() })
    }

    /// Seals at most so many rows anew that are in clear or under an older key; answers how many there were. 0: the
    /// newest key has sealed every row, on disk, and the older ones can be given up (F127).
    ///
    /// Others read and write meanwhile. It goes on where the last call ended, and after a restart from the beginning:
    /// call it until it answers 0. What is looked at is read where this is called, which takes a while where much is
    /// kept; what is written is one transaction, so hundreds of rows at once are a good number.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) when the store was opened without keys or with a wrong one, and
    /// [`Storage`](crate::ErrorKind::Storage) as everywhere. When all other rows are done: the error of the first that
    /// cannot be opened, [`Configuration`](crate::ErrorKind::Configuration) when its key is not there,
    /// [`Damaged`](crate::ErrorKind::Damaged) when it is damaged (F16). Nothing else of it is touched.
    pub async fn reseal(&self, limit: usize) -> Result<usize> {
        let limit = limit.max(1);
        loop {
            let stretch = self.read(|tables| reseal::next(tables, &self.resealing, limit))?;
            let rows = Arc::clone(&stretch.rows);
            let resealed = self.writer.ask(|giver| Request::Reseal(rows, giver)).await?;
            if let Some(done) = reseal::note(&self.resealing, &stretch, resealed)? {
                return Ok(done);
            }
        }
    }

    fn read<T>(&self, read: impl FnOnce(&ReadTables<'_>) -> Result<T>) -> Result<T> {
        let file = self.file.read().unwrap_or_else(PoisonError::into_inner);
        file.as_ref().ok_or_else(closed)?.read(read)
    }
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore").field("path", &self.path).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for RedbStore {
    fn life(&self) -> Life {
        let mut life = self.life.lock().unwrap_or_else(PoisonError::into_inner);
        // A file that had to be opened anew has begun another one.
        if let Some(file) = &*self.file.read().unwrap_or_else(PoisonError::into_inner) {
            *life = file.life();
        }
        *life
    }

    fn is_shared(&self) -> bool {
        false
    }

    async fn resource(&self, key: &ResourceKey) -> Result<StoredResource> {
        self.read(|tables| ledger::resource(tables, key))
    }

    async fn lane(&self, key: &LaneKey) -> Result<Option<StoredLane>> {
        self.read(|tables| tables.lane(key))
    }

    async fn lanes_at(
        &self,
        target: &TargetKey,
        resources: &[ResourceKey],
    ) -> Result<Vec<StoredLane>> {
        self.read(|tables| ledger::lanes_at(tables, target, resources))
    }

    async fn lanes(&self, query: &LaneQuery) -> Result<Vec<StoredLane>> {
        self.read(|tables| ledger::lanes(tables, query))
    }

    async fn count(&self, target: &TargetKey, which: Which) -> Result<usize> {
        self.read(|tables| ledger::count(tables, target, which))
    }

    async fn open_members(&self, group: &LaneKey, limit: usize) -> Result<OpenMembers> {
        self.read(|tables| ledger::open_members(tables, group, limit))
    }

    async fn named_members(&self, group: &LaneKey, members: &[Member]) -> Result<OpenMembers> {
        self.read(|tables| ledger::named_members(tables, group, members))
    }

    async fn waiting_members(&self, group: &LaneKey) -> Result<usize> {
        self.read(|tables| ledger::waiting_members(tables, group))
    }

    async fn members_of(&self, group: &ResourceKey) -> Result<Vec<Member>> {
        self.read(|tables| ledger::members_of(tables, group))
    }

    async fn groups_of(&self, member: &ResourceKey) -> Result<Vec<ResourceKey>> {
        self.read(|rows| tables::groups_of(rows, member))
    }

    async fn referring(&self, lane: &LaneKey) -> Result<Vec<LaneKey>> {
        self.read(|tables| references::referring(tables, lane))
    }

    async fn due(
        &self,
        target: &TargetKey,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<LaneKey>> {
        let era = self.life().era;
        self.read(|tables| due::due(tables, era, target, until, limit))
    }

    async fn agenda(&self, busy: &HashSet<LaneKey>) -> Result<Vec<(TargetKey, Timestamp)>> {
        let era = self.life().era;
        self.read(|tables| due::agenda(tables, era, busy))
    }

    async fn health(&self, target: &TargetKey) -> Result<Health> {
        self.read(|tables| ledger::health(tables, target))
    }

    async fn healths(&self) -> Result<Vec<(TargetKey, Health)>> {
        self.read(|tables| ledger::healths(tables))
    }

    async fn facts(&self, target: &TargetKey) -> Result<Vec<Fact>> {
        self.read(|tables| ledger::facts(tables, target))
    }

    async fn hints(&self, limit: usize) -> Result<Vec<Hint>> {
        self.read(|tables| ledger::hints(tables, limit))
    }

    async fn commit(&self, batch: Batch, durability: Durability) -> Result<Committed> {
        self.writer.ask(|giver| Request::Commit(Box::new(batch), durability, giver)).await
    }

    async fn tidy(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.writer.ask(|giver| Request::Tidy(before, limit, giver)).await
    }

    async fn close(&self) -> Result<()> {
        self.writer.ask(Request::Close).await
    }
}
