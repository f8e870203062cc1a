//! Everything in memory.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::batch::{Batch, Committed, Durability};
use super::contract::Store;
use super::due;
use super::ledger;
use super::references;
use super::rows::{Hint, LaneQuery, OpenMembers, StoredLane, StoredResource, Which};
use super::tables::{self, Tables, TablesMut};
use crate::delivery::{Columns, Era, Health, LaneRecord, Life};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Fact, LaneKey, Member, ResourceKey, Target, TargetKey, Timestamp};

/// A store in memory: for tests, and for hosts that accept that everything is lost with the process.
///
/// ```
/// use outbound_provisioning::store::{MemoryStore, Store};
///
/// let store = MemoryStore::new();
/// assert_eq!(store.life().era.number(), 1);
/// ```
#[derive(Default)]
pub struct MemoryStore(Mutex<MemoryTables>);

#[derive(Default)]
struct MemoryTables {
    resources: BTreeMap<ResourceKey, StoredResource>,
    lanes: BTreeMap<ResourceKey, BTreeMap<Target, (u64, LaneRecord)>>,
    small: BTreeMap<Vec<u8>, Vec<u8>>,
    numbers: u64,
    tidied: Option<ResourceKey>,
    closed: bool,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> Result<MutexGuard<'_, MemoryTables>> {
        // Nothing panics while it is held; if something did, the tables would still be whole.
        let tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tables.closed {
            return Err(Error::new(ErrorKind::Storage, "the store is closed; open a new one"));
        }
        Ok(tables)
    }
}

/// Shows how much there is, and none of it.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resources = self.lock().map(|tables| tables.resources.len()).unwrap_or_default();
        f.debug_struct("MemoryStore").field("resources", &resources).finish_non_exhaustive()
    }
}

impl Tables for MemoryTables {
    fn resource(&self, key: &ResourceKey) -> Result<Option<StoredResource>> {
        Ok(self.resources.get(key).cloned())
    }

    fn lane(&self, key: &LaneKey) -> Result<Option<StoredLane>> {
        let row = self.lanes.get(&key.resource).and_then(|lanes| lanes.get(&key.target));
        Ok(row.map(|(revision, record)| StoredLane::new(key.clone(), *revision, record.clone())))
    }

    fn columns(&self, key: &LaneKey) -> Result<Option<(u64, Columns)>> {
        let row = self.lanes.get(&key.resource).and_then(|lanes| lanes.get(&key.target));
        Ok(row.map(|(revision, record)| (*revision, record.columns())))
    }

    fn lanes_of(&self, key: &ResourceKey) -> Result<Vec<StoredLane>> {
        let lanes = self.lanes.get(key).into_iter().flatten();
        let lanes = lanes.map(|(target, (revision, record))| {
            StoredLane::new(LaneKey::new(key.clone(), target.clone()), *revision, record.clone())
        });
        Ok(lanes.collect())
    }

    fn small(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.small.get(key).cloned())
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        if from >= to {
            return Ok(Vec::new());
        }
        let rows = self.small.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
        Ok(rows.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn count(&self, from: &[u8], to: &[u8]) -> Result<usize> {
        Ok(self.small.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to))).count())
    }

    fn resources(&self, after: Option<&ResourceKey>, limit: usize) -> Result<Vec<ResourceKey>> {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.resources.range((after, Bound::Unbounded));
        Ok(rows.take(limit).map(|(key, _)| key.clone()).collect())
    }
}

impl TablesMut for MemoryTables {
    fn put_resource(&mut self, key: &ResourceKey, row: Option<&StoredResource>) -> Result<()> {
        match row {
            Some(row) => self.resources.insert(key.clone(), row.clone()),
            None => self.resources.remove(key),
        };
        Ok(())
    }

    fn put_lane(&mut self, key: &LaneKey, row: Option<(u64, &LaneRecord)>) -> Result<()> {
        match (row, self.lanes.get_mut(&key.resource)) {
            (Some((revision, record)), Some(lanes)) => {
                lanes.insert(key.target.clone(), (revision, record.clone()));
            }
            (Some((revision, record)), None) => {
                let lanes = [(key.target.clone(), (revision, record.clone()))];
                self.lanes.insert(key.resource.clone(), lanes.into());
            }
            (None, Some(lanes)) => {
                lanes.remove(&key.target);
                if lanes.is_empty() {
                    self.lanes.remove(&key.resource);
                }
            }
            (None, None) => {}
        }
        Ok(())
    }

    fn put_small(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        match value {
            Some(value) => self.small.insert(key.to_vec(), value.to_vec()),
            None => self.small.remove(key),
        };
        Ok(())
    }

    fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn life(&self) -> Life {
        Life::new(Era::new(1), Era::default())
    }

    fn is_shared(&self) -> bool {
        false
    }

    async fn resource(&self, key: &ResourceKey) -> Result<StoredResource> {
        ledger::resource(&*self.lock()?, key)
    }

    async fn lane(&self, key: &LaneKey) -> Result<Option<StoredLane>> {
        self.lock()?.lane(key)
    }

    async fn lanes_at(
        &self,
        target: &TargetKey,
        resources: &[ResourceKey],
    ) -> Result<Vec<StoredLane>> {
        ledger::lanes_at(&*self.lock()?, target, resources)
    }

    async fn lanes(&self, query: &LaneQuery) -> Result<Vec<StoredLane>> {
        ledger::lanes(&*self.lock()?, query)
    }

    async fn count(&self, target: &TargetKey, which: Which) -> Result<usize> {
        ledger::count(&*self.lock()?, target, which)
    }

    async fn open_members(&self, group: &LaneKey, limit: usize) -> Result<OpenMembers> {
        ledger::open_members(&*self.lock()?, group, limit)
    }

    async fn named_members(&self, group: &LaneKey, members: &[Member]) -> Result<OpenMembers> {
        ledger::named_members(&*self.lock()?, group, members)
    }

    async fn waiting_members(&self, group: &LaneKey) -> Result<usize> {
        ledger::waiting_members(&*self.lock()?, group)
    }

    async fn members_of(&self, group: &ResourceKey) -> Result<Vec<Member>> {
        ledger::members_of(&*self.lock()?, group)
    }

    async fn groups_of(&self, member: &ResourceKey) -> Result<Vec<ResourceKey>> {
        tables::groups_of(&*self.lock()?, member)
    }

    async fn referring(&self, lane: &LaneKey) -> Result<Vec<LaneKey>> {
        references::referring(&*self.lock()?, lane)
    }

    async fn due(
        &self,
        target: &TargetKey,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<LaneKey>> {
        due::due(&*self.lock()?, self.life().era, target, until, limit)
    }

    async fn agenda(&self, busy: &HashSet<LaneKey>) -> Result<Vec<(TargetKey, Timestamp)>> {
        due::agenda(&*self.lock()?, self.life().era, busy)
    }

    async fn health(&self, target: &TargetKey) -> Result<Health> {
        ledger::health(&*self.lock()?, target)
    }

    async fn healths(&self) -> Result<Vec<(TargetKey, Health)>> {
        ledger::healths(&*self.lock()?)
    }

    async fn facts(&self, target: &TargetKey) -> Result<Vec<Fact>> {
        ledger::facts(&*self.lock()?, target)
    }

    async fn hints(&self, limit: usize) -> Result<Vec<Hint>> {
        ledger::hints(&*self.lock()?, limit)
    }

    async fn commit(&self, batch: Batch, _: Durability) -> Result<Committed> {
        ledger::apply(&mut *self.lock()?, &batch)
    }

    async fn tidy(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let mut tables = self.lock()?;
        let mut after = tables.tidied.take();
        let forgotten = ledger::tidy(&mut *tables, before, &mut after, limit)?;
        tables.tidied = after;
        Ok(forgotten)
    }

    async fn close(&self) -> Result<()> {
        self.lock()?.closed = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{LaneChange, Moment};
    use crate::model::{EventId, ResourceKind};
    use crate::store::{LaneWrite, ResourceWrite, Which};

    fn lane(organization: &str, id: &str, connection: &str) -> LaneKey {
        let resource = ResourceKey::new(organization.into(), ResourceKind::User, id.into());
        LaneKey::new(resource, Target::new(connection, "scim2"))
    }

    fn queued() -> LaneRecord {
        let mut record = LaneRecord::default();
        let settle = std::time::Duration::from_secs(60);
        let moment = Moment { now: Timestamp::default(), settle, dice: 0 };
        let life = Life::new(Era::new(1), Era::default());
        record.accept(EventId::new(1), LaneChange::Touch, life, &moment);
        record
    }

    async fn put(store: &MemoryStore, lane: LaneKey, record: LaneRecord) {
        let mut batch = Batch::new();
        let resource = ResourceWrite::new(lane.resource.clone(), 0, EventId::new(1));
        batch.resource = Some(resource);
        batch.lanes.push(LaneWrite::new(lane, 0, Some(record)));
        let committed = store.commit(batch, Durability::Immediate).await.unwrap();
        assert!(committed.is_done());
    }

    #[tokio::test]
    async fn a_page_shows_nothing_of_other_targets_and_organizations() {
        let store = MemoryStore::new();
        let lanes = [("a", "u-1", "x"), ("a", "u-2", "x"), ("b", "u-3", "x"), ("b", "u-4", "y")];
        let lanes = lanes.map(|(organization, id, at)| lane(organization, id, at));
        for lane in &lanes {
            put(&store, lane.clone(), queued()).await;
        }
        let page = async |query: &LaneQuery| {
            let rows = store.lanes(query).await.unwrap();
            rows.into_iter().map(|row| row.key).collect::<Vec<_>>()
        };
        let query = LaneQuery::new("b".into(), Which::Due);
        assert_eq!(page(&query.clone().after(lanes[0].clone())).await, lanes[2..]);
        let query = query.at(Target::new("y", "scim2"));
        assert_eq!(page(&query.after(lanes[2].clone())).await, lanes[3..]);
    }

    #[tokio::test]
    async fn no_more_is_forgotten_than_asked_for() {
        let store = MemoryStore::new();
        for id in ["u-1", "u-2", "u-3"] {
            put(&store, lane("a", id, "x"), LaneRecord::default()).await;
        }
        let mut forgotten = Vec::new();
        for _ in 0..4 {
            forgotten.push(store.tidy(Timestamp::from_millis(1), 2).await.unwrap());
        }
        assert_eq!(forgotten, [2, 2, 2, 0]);
    }

    #[tokio::test]
    async fn a_closed_store_answers_nothing() {
        let store = MemoryStore::new();
        store.close().await.unwrap();
        assert_eq!(store.agenda(&HashSet::new()).await.unwrap_err().kind(), ErrorKind::Storage);
    }
}
