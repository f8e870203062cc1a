//! What administrators see, and what they can do about it.

use std::fmt;

use super::dispatcher::Dispatcher;
use crate::delivery::{Came, Health, LaneRecord, ParkReason, Priority, QuarantineReason};
use crate::error::Result;
use crate::model::{Cause, EventId, LaneKey, RemoteId, ResourceKey, Target, TargetKey, Timestamp};
use crate::resolver::SkipReason;
use crate::store::{Batch, Durability, LaneQuery, LaneWrite, StoredLane};

/// Where a resource stands at one target (P29).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LaneStatus {
    /// Which resource, and where.
    pub lane: LaneKey,
    /// Where the work stands.
    pub state: LaneState,
    /// The target's id of the resource, if it is there.
    pub remote_id: Option<RemoteId>,
    /// The newest event that reached the lane, and the newest that is done with.
    pub newest: EventId,
    /// The newest event that is done with.
    pub settled: EventId,
    /// Attempts since it was last done.
    pub attempts: u32,
    /// What the last attempt came to, as a stable code: `delivered`, `not_needed`, `unsupported`, `discarded`, or the
    /// kind of an error.
    pub last: Option<String>,
    /// The sentence of its error; no secrets and no personal data.
    pub message: Option<String>,
    /// When it ended.
    pub last_at: Option<Timestamp>,
    /// Until when a request may still land of which nobody heard (P10).
    pub unsettled_until: Option<Timestamp>,
    /// Why the resource is kept out of the target (R5).
    pub excluded: Option<SkipReason>,
    /// What the rule engine said when it last stood in the way: its own words, which may quote what it was told. For the
    /// administrator who asks, and for no log.
    pub ruled: Option<String>,
    /// Why it is to lose what it has there, if it is: the policy of the cause says what becomes of the account.
    pub leaving: Option<Cause>,
    /// When its account is deleted, while it is only switched off.
    pub deleted_at: Option<Timestamp>,
}

/// Where the work at a lane stands. Every event is in exactly one of these until it is done with (P3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LaneState {
    /// Nothing is to be done.
    Settled,
    /// It is due at this time; the beginning of time means at once.
    Pending(Priority, Timestamp),
    /// An attempt is under way.
    InFlight,
    /// It waits for a person.
    Parked(ParkReason),
}

impl LaneState {
    /// A stable code for programs: `settled`, `pending`, `in_flight`, `parked`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Pending(..) => "pending",
            Self::InFlight => "in_flight",
            Self::Parked(_) => "parked",
        }
    }
}

impl fmt::Display for LaneState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parked(reason) => write!(f, "parked: {reason}"),
            other => f.write_str(other.code()),
        }
    }
}

/// How a target is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TargetStatus {
    /// Which.
    pub target: TargetKey,
    /// Whether an administrator paused it.
    pub paused: bool,
    /// Why it is left alone, if it is.
    pub quarantined: Option<QuarantineReason>,
    /// Since when.
    pub quarantined_since: Option<Timestamp>,
    /// When it is tried next, while it is left alone or has asked for silence.
    pub next_try: Option<Timestamp>,
}

impl TargetStatus {
    fn new(target: TargetKey, health: &Health) -> Self {
        Self {
            target,
            paused: health.is_paused(),
            quarantined: health.quarantined(),
            quarantined_since: health.quarantined_since(),
            next_try: health.next_try(),
        }
    }
}

fn status(lane: LaneKey, mut record: LaneRecord, busy: bool) -> LaneStatus {
    let state = match (record.parked(), record.due()) {
        _ if busy || record.owner().is_some() => LaneState::InFlight,
        (Some(reason), _) => LaneState::Parked(reason),
        (None, Some(due)) => LaneState::Pending(due.priority, due.at),
        (None, None) => LaneState::Settled,
    };
    let (last, message) = match record.last().map(|(_, came)| came) {
        None => (None, None),
        Some(Came::Delivered(_)) => (Some("delivered".to_owned()), None),
        Some(Came::NotNeeded) => (Some("not_needed".to_owned()), None),
        Some(Came::Unsupported) => (Some("unsupported".to_owned()), None),
        Some(Came::Discarded) => (Some("discarded".to_owned()), None),
        Some(Came::Skipped(reason)) => (Some("skipped".to_owned()), Some(reason.to_string())),
        Some(Came::Held(reason)) => (Some(reason.code().to_owned()), Some(reason.to_string())),
        Some(Came::Failed(kind, message)) => (Some(kind.code().to_owned()), Some(message.clone())),
    };
    LaneStatus {
        state,
        remote_id: record.account().cloned(),
        newest: record.newest(),
        settled: record.settled(),
        attempts: record.tries(),
        last,
        message,
        last_at: record.last().map(|(at, _)| *at),
        unsettled_until: record.unsettled(),
        excluded: *record.exclusion(),
        ruled: record.ruled().map(str::to_owned),
        leaving: record.lane.leaves(),
        deleted_at: record.lane.deleted_at(),
        lane,
    }
}

impl Dispatcher {
    /// Where a resource stands at every target that knows of it.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    pub async fn status(&self, resource: &ResourceKey) -> Result<Vec<LaneStatus>> {
        let lanes = self.shared().store.resource(resource).await?.lanes;
        Ok(lanes.into_iter().map(|row| self.status_of(row)).collect())
    }

    fn status_of(&self, row: StoredLane) -> LaneStatus {
        // One that was left half-way is taken up again, and nobody knows yet what it sent.
        let busy = self.shared().is_busy(&row.key) || self.shared().abandoned().contains(&row.key);
        status(row.key, row.record, busy)
    }

    /// Lanes that have something in common: what is due, parked or unsettled. What is due at a paused or quarantined
    /// target is what is held there.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    pub async fn lanes(&self, query: &LaneQuery) -> Result<Vec<LaneStatus>> {
        let lanes = self.shared().store.lanes(query).await?;
        Ok(lanes.into_iter().map(|row| self.status_of(row)).collect())
    }

    /// Every target that is or was paused, quarantined or asked for silence.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    pub async fn targets(&self) -> Result<Vec<TargetStatus>> {
        let healths = self.shared().store.healths().await?;
        Ok(healths.into_iter().map(|(key, health)| TargetStatus::new(key, &health)).collect())
    }

    /// Tries a lane again now, also one that waits for a person. Answers whether there was something to do.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    pub async fn retry(&self, lane: &LaneKey) -> Result<bool> {
        self.change(lane, |record| {
            let is_open = record.is_open();
            if is_open {
                record.retry();
            }
            is_open
        })
        .await
    }

    /// Decides that what is open at a lane need not be done. That is recorded: [`status`](Self::status) says
    /// `discarded`. What is known of the account is kept, and the resource's next event is delivered as any other.
    /// Answers whether there was something open and nobody worked on it.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    pub async fn discard(&self, lane: &LaneKey) -> Result<bool> {
        // Its turn, so that nobody else works on it meanwhile.
        let Some(_turn) = self.shared().turns.take(lane) else { return Ok(false) };
        let now = self.shared().now();
        self.change(lane, |record| {
            let may = record.is_open() && record.owner().is_none();
            if may {
                record.discard(now);
            }
            may
        })
        .await
    }

    /// Sends nothing more to a target until it is resumed. What is under way ends; what comes is kept.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    pub async fn pause(&self, target: &TargetKey) -> Result<()> {
        self.change_health(target, |health| health.pause(true)).await
    }

    /// Sends to a target again, also to one that is quarantined: its next attempt is a probe.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    pub async fn resume(&self, target: &TargetKey) -> Result<()> {
        self.change_health(target, Health::resume).await
    }

    /// Lets a resource in again that JIT-off, an override or a disabled application kept out of a target (R5). Its
    /// next event creates it there. Answers whether it was kept out.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    pub async fn lift_exclusion(&self, resource: &ResourceKey, target: &Target) -> Result<bool> {
        let lane = LaneKey::new(resource.clone(), target.clone());
        self.change(&lane, |record| record.exclusion().take().is_some()).await
    }

    pub(super) async fn change(
        &self,
        lane: &LaneKey,
        change: impl Fn(&mut LaneRecord) -> bool,
    ) -> Result<bool> {
        let store = &self.shared().store;
        loop {
            let Some(row) = store.lane(lane).await? else { return Ok(false) };
            let mut record = row.record;
            if !change(&mut record) {
                return Ok(false);
            }
            let mut batch = Batch::new();
            batch.lanes.push(LaneWrite::new(lane.clone(), row.revision, Some(record)));
            if store.commit(batch, Durability::Immediate).await?.is_done() {
                self.shared().bell.ring();
                return Ok(true);
            }
        }
    }

    pub(super) async fn change_health(
        &self,
        target: &TargetKey,
        change: impl FnOnce(&mut Health),
    ) -> Result<()> {
        let shared = self.shared();
        let health = shared.healths.change(&*shared.store, target, change).await?;
        let mut batch = Batch::new();
        batch.health = Some((target.clone(), health));
        shared.commit_unguarded(batch).await?;
        shared.bell.ring();
        Ok(())
    }
}
