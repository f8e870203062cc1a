//! A store that counts what it is asked, keeps what it is given, and fails where it is told to.
#![allow(dead_code, reason = "every user takes only its part")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use outbound_provisioning::delivery::{Health, Life};
use outbound_provisioning::model::{Fact, LaneKey, Member, ResourceKey, TargetKey, Timestamp};
use outbound_provisioning::store::{
    Batch, Committed, Durability, Hint, LaneQuery, OpenMembers, Store, StoredLane, StoredResource,
    Which,
};
use outbound_provisioning::{Error, ErrorKind, Result};

#[derive(Clone, Debug)]
pub(crate) struct Counting {
    inner: Arc<dyn Store>,
    reads: Arc<AtomicUsize>,
    batches: Arc<Mutex<Vec<Batch>>>,
    fails_at: Arc<Mutex<Option<ResourceKey>>>,
}

impl Counting {
    pub(crate) fn new(inner: impl Store) -> Self {
        Self {
            inner: Arc::new(inner),
            reads: Arc::default(),
            batches: Arc::default(),
            fails_at: Arc::default(),
        }
    }

    /// How often anything was read or tidied.
    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    /// Everything that was committed.
    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    pub(crate) fn batches(&self) -> Vec<Batch> {
        self.batches.lock().unwrap().clone()
    }

    /// From now on this resource cannot be read, as if the store's file were not open.
    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    pub(crate) fn fail_at(&self, resource: Option<ResourceKey>) {
        *self.fails_at.lock().unwrap() = resource;
    }

    fn read(&self) -> &dyn Store {
        self.reads.fetch_add(1, Ordering::Relaxed);
        &*self.inner
    }
}

#[async_trait]
impl Store for Counting {
    fn life(&self) -> Life {
        self.inner.life()
    }
    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    async fn resource(&self, key: &ResourceKey) -> Result<StoredResource> {
        if self.fails_at.lock().unwrap().as_ref() == Some(key) {
            return Err(Error::new(ErrorKind::Storage, "the store's file is closed"));
        }
        self.read().resource(key).await
    }
    async fn lane(&self, key: &LaneKey) -> Result<Option<StoredLane>> {
        self.read().lane(key).await
    }
    async fn lanes_at(
        &self,
        target: &TargetKey,
        resources: &[ResourceKey],
    ) -> Result<Vec<StoredLane>> {
        self.read().lanes_at(target, resources).await
    }
    async fn lanes(&self, query: &LaneQuery) -> Result<Vec<StoredLane>> {
        self.read().lanes(query).await
    }
    async fn count(&self, target: &TargetKey, which: Which) -> Result<usize> {
        self.read().count(target, which).await
    }
    async fn open_members(&self, group: &LaneKey, limit: usize) -> Result<OpenMembers> {
        self.read().open_members(group, limit).await
    }
    async fn named_members(&self, group: &LaneKey, members: &[Member]) -> Result<OpenMembers> {
        self.read().named_members(group, members).await
    }
    async fn waiting_members(&self, group: &LaneKey) -> Result<usize> {
        self.read().waiting_members(group).await
    }
    async fn members_of(&self, group: &ResourceKey) -> Result<Vec<Member>> {
        self.read().members_of(group).await
    }
    async fn groups_of(&self, member: &ResourceKey) -> Result<Vec<ResourceKey>> {
        self.read().groups_of(member).await
    }
    async fn referring(&self, lane: &LaneKey) -> Result<Vec<LaneKey>> {
        self.read().referring(lane).await
    }
    async fn due(
        &self,
        target: &TargetKey,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<LaneKey>> {
        self.read().due(target, until, limit).await
    }
    async fn agenda(
        &self,
        busy: &std::collections::HashSet<LaneKey>,
    ) -> Result<Vec<(TargetKey, Timestamp)>> {
        self.read().agenda(busy).await
    }
    async fn health(&self, target: &TargetKey) -> Result<Health> {
        self.read().health(target).await
    }
    async fn healths(&self) -> Result<Vec<(TargetKey, Health)>> {
        self.read().healths().await
    }
    async fn facts(&self, target: &TargetKey) -> Result<Vec<Fact>> {
        self.read().facts(target).await
    }
    async fn hints(&self, limit: usize) -> Result<Vec<Hint>> {
        self.read().hints(limit).await
    }
    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    async fn commit(&self, batch: Batch, durability: Durability) -> Result<Committed> {
        self.batches.lock().unwrap().push(batch.clone());
        self.inner.commit(batch, durability).await
    }
    async fn tidy(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.read().tidy(before, limit).await
    }
    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}
