//! A store whose process can die: what was committed deferred since the last immediate commit may then be lost.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use outbound_provisioning::delivery::{Era, Health, Life};
use outbound_provisioning::model::{Fact, LaneKey, Member, ResourceKey, TargetKey, Timestamp};
use outbound_provisioning::store::{
    Batch, Committed, Durability, Hint, LaneQuery, MemoryStore, OpenMembers, Store, StoredLane,
    StoredResource, Which,
};
use outbound_provisioning::{Error, ErrorKind, Result};

use super::clock::{Clock, lock};
use super::dice::Dice;
use super::weather::{Strike, Weather};

/// Calls without any time going by; more of them means that somebody runs in a circle.
const MOST_CALLS: u64 = 20_000;

/// What survives a process.
#[derive(Clone, Debug)]
pub(crate) struct Disk(Arc<Mutex<Log>>);

#[derive(Debug)]
struct Log {
    entries: Vec<Entry>,
    /// So many of them are synced.
    synced: usize,
    era: u64,
    /// Whether several processes could work on it: then what is about to be sent is written first.
    shared: bool,
    dice: Dice,
}

#[derive(Clone, Debug)]
enum Entry {
    Commit(Arc<Batch>),
    Tidy(Timestamp, usize),
}

/// What is lost at a death, of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The machine died too.
    All,
    /// The process was killed.
    Nothing,
    /// Anything between.
    Chance,
}

impl Disk {
    pub(crate) fn new(mut dice: Dice) -> Self {
        let shared = dice.below(2) == 0;
        Self(Arc::new(Mutex::new(Log { entries: Vec::new(), synced: 0, era: 1, shared, dice })))
    }

    /// How many events of a resource were accepted, as far as the disk knows.
    pub(crate) fn accepted(&self, key: &ResourceKey) -> usize {
        let of = |entry: &&Entry| match entry {
            Entry::Commit(batch) => batch.resource.as_ref().is_some_and(|write| write.key == *key),
            Entry::Tidy(..) => false,
        };
        lock(&self.0).entries.iter().filter(of).count()
    }

    /// The process died, and the store is opened again.
    pub(crate) fn open(&self, loss: Loss, weather: &Weather, clock: &Clock) -> CrashingStore {
        let mut log = lock(&self.0);
        let unsynced = log.entries.len() - log.synced;
        let kept = match loss {
            Loss::All => 0,
            Loss::Nothing => unsynced,
            Loss::Chance => match log.dice.below(4) {
                0 => 0,
                1 => unsynced,
                _ => log.dice.index(unsynced + 1),
            },
        };
        let kept = log.synced + kept;
        log.entries.truncate(kept);
        log.synced = kept;
        log.era += 1;
        let tables = MemoryStore::new();
        for entry in &log.entries {
            match entry {
                Entry::Commit(batch) => {
                    let again = ready(tables.commit((**batch).clone(), Durability::Immediate));
                    if !matches!(again, Some(Ok(Committed::Done(_)))) {
                        weather.violated(
                            clock.millis(),
                            "a batch that was committed is refused when it is replayed",
                        );
                    }
                }
                Entry::Tidy(before, limit) => {
                    let _forgotten = ready(tables.tidy(*before, *limit));
                }
            }
        }
        // The tables believe that they are in era 1, and hide what that works on.
        let unclean = if log.era == 2 { Era::default() } else { Era::new(log.era) };
        CrashingStore {
            disk: self.clone(),
            tables,
            life: Life::new(Era::new(log.era), unclean),
            shared: log.shared,
            weather: weather.clone(),
            clock: clock.clone(),
            dice: Mutex::new(log.dice.fork()),
            calls_now: AtomicU64::new(0),
            now: AtomicI64::new(0),
        }
    }
}

/// Memory is always ready.
fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

#[derive(Debug)]
pub(crate) struct CrashingStore {
    disk: Disk,
    tables: MemoryStore,
    life: Life,
    shared: bool,
    weather: Weather,
    clock: Clock,
    dice: Mutex<Dice>,
    calls_now: AtomicU64,
    now: AtomicI64,
}

fn failed() -> Error {
    Error::new(ErrorKind::Storage, "the simulated store fails")
}

impl CrashingStore {
    async fn strike(&self, writes: bool) -> Strike {
        let now = self.clock.millis();
        if self.now.swap(now, Ordering::Relaxed) == now {
            if self.calls_now.fetch_add(1, Ordering::Relaxed) > MOST_CALLS {
                self.weather
                    .violated(now, "the store is called again and again without any time going by");
                self.weather.die().await;
            }
        } else {
            self.calls_now.store(0, Ordering::Relaxed);
        }
        let (give_way, pause) = {
            let mut dice = lock(&self.dice);
            (dice.one_in(8), if writes && dice.one_in(8) { dice.millis(1, 4) } else { 0 })
        };
        if give_way {
            self.clock.give_way().await;
        }
        if pause > 0 {
            self.clock.pause(pause).await;
        }
        let strike = self.weather.strike(self.clock.millis(), writes);
        if strike != Strike::Nothing {
            self.weather.note(self.clock.millis(), || format!("STORE {strike:?}"));
        }
        strike
    }

    async fn reads(&self) -> Result<()> {
        match self.strike(false).await {
            Strike::Nothing => Ok(()),
            Strike::DieBefore | Strike::DieAfter => {
                self.weather.die().await;
                Ok(())
            }
            Strike::FailBefore | Strike::FailAfter => Err(failed()),
        }
    }

    async fn before(&self, strike: Strike) -> Result<()> {
        match strike {
            Strike::DieBefore => {
                self.weather.die().await;
                Ok(())
            }
            Strike::FailBefore => Err(failed()),
            _ => Ok(()),
        }
    }

    async fn after(&self, strike: Strike) -> Result<()> {
        match strike {
            Strike::DieAfter => {
                self.weather.die().await;
                Ok(())
            }
            Strike::FailAfter => Err(failed()),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Store for CrashingStore {
    fn life(&self) -> Life {
        self.life
    }

    fn is_shared(&self) -> bool {
        self.shared
    }

    async fn resource(&self, key: &ResourceKey) -> Result<StoredResource> {
        self.reads().await?;
        self.tables.resource(key).await
    }

    async fn lane(&self, key: &LaneKey) -> Result<Option<StoredLane>> {
        self.reads().await?;
        self.tables.lane(key).await
    }

    async fn lanes_at(
        &self,
        target: &TargetKey,
        resources: &[ResourceKey],
    ) -> Result<Vec<StoredLane>> {
        self.reads().await?;
        self.tables.lanes_at(target, resources).await
    }

    async fn lanes(&self, query: &LaneQuery) -> Result<Vec<StoredLane>> {
        self.reads().await?;
        self.tables.lanes(query).await
    }

    async fn count(&self, target: &TargetKey, which: Which) -> Result<usize> {
        self.reads().await?;
        self.tables.count(target, which).await
    }

    async fn open_members(&self, group: &LaneKey, limit: usize) -> Result<OpenMembers> {
        self.reads().await?;
        self.tables.open_members(group, limit).await
    }

    async fn named_members(&self, group: &LaneKey, members: &[Member]) -> Result<OpenMembers> {
        self.reads().await?;
        self.tables.named_members(group, members).await
    }

    async fn waiting_members(&self, group: &LaneKey) -> Result<usize> {
        self.reads().await?;
        self.tables.waiting_members(group).await
    }

    async fn members_of(&self, group: &ResourceKey) -> Result<Vec<Member>> {
        self.reads().await?;
        self.tables.members_of(group).await
    }

    async fn groups_of(&self, member: &ResourceKey) -> Result<Vec<ResourceKey>> {
        self.reads().await?;
        self.tables.groups_of(member).await
    }

    async fn referring(&self, lane: &LaneKey) -> Result<Vec<LaneKey>> {
        self.reads().await?;
        self.tables.referring(lane).await
    }

    /// The tables in memory know one life only, so what an earlier life owned is found here.
    async fn due(
        &self,
        target: &TargetKey,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<LaneKey>> {
        self.reads().await?;
        let query = LaneQuery::new(target.organization.clone(), Which::Due)
            .at(target.target.clone())
            .limit(usize::MAX);
        let rows = self.tables.lanes(&query).await?.into_iter();
        let due = rows.filter(|row| {
            row.record.due().is_some_and(|due| due.at <= until)
                && row.record.owner() != Some(self.life.era)
        });
        Ok(due.map(|row| row.key).take(limit).collect())
    }

    async fn agenda(
        &self,
        busy: &std::collections::HashSet<LaneKey>,
    ) -> Result<Vec<(TargetKey, Timestamp)>> {
        self.reads().await?;
        self.tables.agenda(busy).await
    }

    async fn health(&self, target: &TargetKey) -> Result<Health> {
        self.reads().await?;
        self.tables.health(target).await
    }

    async fn healths(&self) -> Result<Vec<(TargetKey, Health)>> {
        self.reads().await?;
        self.tables.healths().await
    }

    async fn facts(&self, target: &TargetKey) -> Result<Vec<Fact>> {
        self.reads().await?;
        self.tables.facts(target).await
    }

    async fn hints(&self, limit: usize) -> Result<Vec<Hint>> {
        self.reads().await?;
        self.tables.hints(limit).await
    }

    async fn commit(&self, batch: Batch, durability: Durability) -> Result<Committed> {
        let strike = self.strike(true).await;
        self.before(strike).await?;
        let kept = Arc::new(batch.clone());
        let committed = self.tables.commit(batch, durability).await?;
        if committed.is_done() {
            let mut log = lock(&self.disk.0);
            log.entries.push(Entry::Commit(kept));
            if durability == Durability::Immediate {
                log.synced = log.entries.len();
            }
        }
        self.after(strike).await?;
        Ok(committed)
    }

    async fn tidy(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let strike = self.strike(true).await;
        self.before(strike).await?;
        lock(&self.disk.0).entries.push(Entry::Tidy(before, limit));
        let forgotten = self.tables.tidy(before, limit).await?;
        self.after(strike).await?;
        Ok(forgotten)
    }

    async fn close(&self) -> Result<()> {
        let mut log = lock(&self.disk.0);
        log.synced = log.entries.len();
        Ok(())
    }
}
