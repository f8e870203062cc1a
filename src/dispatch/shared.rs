//! What every handle and every piece of work shares.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use super::healths::Healths;
use super::routing::Candidate;
use super::snapshot::{Snapshot, Snapshots};
use super::turns::Turns;
use crate::bell::Bell;
use crate::delivery::{Gate, HoldReason, Moment};
use crate::error::{Error, ErrorKind, Result};
use crate::host::{ResourceSource, Runtime, now};
use crate::model::{LaneKey, Target, TargetKey, Timestamp};
use crate::resolver::{Chosen, Resolution, switched_off};
use crate::store::{Batch, Committed, Durability, Store};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) snapshots: Snapshots,
    pub(crate) store: Arc<dyn Store>,
    pub(super) resources: Option<Arc<dyn ResourceSource>>,
    pub(crate) runtime: Option<Arc<dyn Runtime>>,
    pub(super) turns: Turns,
    pub(super) healths: Healths,
    /// Rings when there is something to do.
    pub(crate) bell: Bell,
    pub(super) settle_window: Duration,
    /// Announcements made in this life.
    pub(super) hints: super::announced::Announced,
}

impl Shared {
    /// The time now: the runtime's, or else the machine's.
    pub(crate) fn now(&self) -> Timestamp {
        now(self.runtime.as_deref())
    }

    pub(super) fn moment(&self) -> Moment {
        let dice = match &self.runtime {
            Some(runtime) => runtime.random(),
            None => RandomState::new().hash_one(0_u8),
        };
        Moment { now: self.now(), settle: self.settle_window, dice }
    }

    /// Commits what has no guards, and so cannot conflict: announcements and healths.
    pub(super) async fn commit_unguarded(&self, batch: Batch) -> Result<()> {
        match self.store.commit(batch, Durability::Immediate).await? {
            Committed::Done(_) => Ok(()),
            Committed::Conflict => Err(Error::new(
                ErrorKind::Storage,
                "the store refused a batch without guards; it breaks its contract",
            )),
        }
    }

    /// Why a target is sent nothing, if it is not.
    pub(super) async fn held(
        &self,
        snapshot: &Snapshot,
        lane: &LaneKey,
    ) -> Result<Option<HoldReason>> {
        if switched_off(&snapshot.configuration, &lane.target).is_some() {
            return Ok(Some(HoldReason::SwitchedOff));
        }
        let gate = self.healths.gate(&*self.store, &lane.target_key(), self.now()).await?;
        Ok((gate == Gate::Paused).then_some(HoldReason::Paused))
    }

    /// Whether anything may be sent to a target now.
    pub(crate) async fn gate(&self, target: &TargetKey) -> Result<Gate> {
        let snapshot = self.snapshots.current(&target.organization).await?;
        if switched_off(&snapshot.configuration, &target.target).is_some() {
            return Ok(Gate::Paused);
        }
        self.healths.gate(&*self.store, target, self.now()).await
    }

    /// Whether there are announcements that nobody in this process will fulfil.
    pub(crate) fn has_adrift(&self) -> bool {
        self.hints.has_adrift()
    }

    /// The lanes on which somebody works in this process.
    pub(crate) fn busy(&self) -> HashSet<LaneKey> {
        self.turns.busy()
    }

    /// Whether somebody works on a lane in this process.
    pub(crate) fn is_busy(&self, lane: &LaneKey) -> bool {
        self.turns.is_busy(lane)
    }

    /// Lanes whose attempt was dropped half-way, in this life.
    pub(crate) fn abandoned(&self) -> Vec<LaneKey> {
        self.turns.abandoned()
    }
}

/// The targets of a resolution, each once. A target that is chosen at one level is not left out at another.
pub(super) fn candidates(resolution: &Resolution<'_>) -> Vec<(Target, Candidate)> {
    let chosen = resolution.chosen.iter();
    let mut candidates: Vec<(Target, Candidate)> = chosen
        .map(|Chosen { provisioner, level }| {
            (provisioner.target.clone(), Candidate::Chosen(*level, provisioner.wait))
        })
        .collect();
    for skipped in &resolution.skipped {
        let target = &skipped.provisioner.target;
        if !candidates.iter().any(|(known, _)| known == target) {
            candidates.push((target.clone(), Candidate::Skipped(skipped.reason)));
        }
    }
    candidates
}
