//! What every handle and every piece of work shares.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use super::healths::Healths;
use super::routing::{Candidate, Candidates};
use super::snapshot::{Snapshot, Snapshots};
use super::turns::Turns;
use crate::bell::Bell;
use crate::delivery::{Gate, HoldReason, Moment};
use crate::error::{Error, ErrorKind, Result};
use crate::host::{ResourceSource, Runtime, now};
use crate::mapping::Functions;
use crate::model::{
    ApplicationId, Event, EventChange, LaneKey, OrganizationConfiguration, Provisioner, Target,
    TargetKey, Timestamp,
};
use crate::resolver::{Chosen, Level, Resolution, switched_off};
use crate::rules::RuleEngine;
use crate::seal::SealingKeys;
use crate::store::{Batch, Committed, Durability, Store};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) snapshots: Snapshots,
    pub(crate) store: Arc<dyn Store>,
    pub(super) resources: Option<Arc<dyn ResourceSource>>,
    pub(super) rules: Option<Arc<dyn RuleEngine>>,
    /// The host's own, for mappings.
    pub(super) functions: Functions,
    /// For passwords on their way.
    pub(super) sealing: Option<SealingKeys>,
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

/// The targets that an event may reach, each once.
pub(super) fn candidates_of(
    event: &Event,
    organization: &OrganizationConfiguration,
    resolution: &Resolution<'_>,
) -> Candidates {
    let targets = match &event.change {
        EventChange::Unassigned(_) => assigned_by(event.application.as_ref(), organization),
        _ => candidates(resolution),
    };
    Candidates { targets, and_linked: true }
}

/// One target, to which some provisioner leads, at whichever level.
pub(super) fn leading_to(target: &Target, organization: &OrganizationConfiguration) -> Candidates {
    let own = organization.provisioners.iter().map(|it| (it, Level::Organization));
    let applications = organization.applications.values().flat_map(|it| &it.provisioners);
    let mut all = own.chain(applications.map(|it| (it, Level::Application)));
    let leading = all.find(|(provisioner, _)| provisioner.target == *target);
    let chosen = |(provisioner, level): (&Provisioner, Level)| {
        (target.clone(), Candidate::Chosen(level, provisioner.wait))
    };
    Candidates { targets: leading.map(chosen).into_iter().collect(), and_linked: false }
}

/// The targets that a user has by an application. No filter keeps anybody from losing them.
fn assigned_by(
    application: Option<&ApplicationId>,
    organization: &OrganizationConfiguration,
) -> Vec<(Target, Candidate)> {
    let application = application.and_then(|id| organization.applications.get(id));
    let Some(application) = application else { return Vec::new() };
    // Whoever loses the application has the target still by the organization's default.
    let is_default =
        |target: &Target| organization.provisioners.iter().any(|other| other.target == *target);
    let own = application.provisioners.iter().filter(|own| !is_default(&own.target));
    own.map(|own| (own.target.clone(), Candidate::Chosen(Level::Application, own.wait))).collect()
}

/// The targets of a resolution, each once. A target that is chosen at one level is not left out at another.
fn candidates(resolution: &Resolution<'_>) -> Vec<(Target, Candidate)> {
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
