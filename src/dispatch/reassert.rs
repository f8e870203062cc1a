//! A changed scope or mapping: first what it would come to, then, when a person wants it, letting it.

use std::fmt;

use super::dispatcher::Dispatcher;
use super::held::PAGE;
use super::plan::{Action, first_action};
use super::snapshot::Snapshot;
use super::terms::takes_away;
use crate::delivery::{LaneRecord, ParkReason, Takes};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{LaneKey, TargetKey};
use crate::store::{Batch, Durability, LaneWrite, StoredLane, Which};

/// What bringing a target to its scope and mapping of now would come to. Nobody is touched by making one.
///
/// ```
/// # #[cfg(all(feature = "mock", feature = "blocking"))]
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use outbound_provisioning::mock::MockConnector;
/// use outbound_provisioning::model::{Configuration, TargetKey, Target};
/// use outbound_provisioning::{ConnectorRegistry, Dispatcher};
///
/// let configuration = Configuration::from_json(r#"{ "organizations": { "acme": {
///     "connections": { "crm": { "connectors": { "mock": { "scope": { "users": "title pr" } } } } },
///     "provisioners": [{ "connection": "crm", "connector": "mock", "blocking": true }] } } }"#)?;
/// let registry = ConnectorRegistry::new().with_instance("mock", MockConnector::new());
/// let dispatcher = Dispatcher::builder(configuration, registry).build()?;
///
/// let crm = TargetKey::new("acme".into(), Target::new("crm", "mock"));
/// let plan = dispatcher.plan_reassert(&crm).await?;
/// assert_eq!(plan.to_string(), "0 to create, 0 to change, 0 to switch off, 0 to delete, 0 to look up, 0 unchanged, 0 that cannot be told");
/// assert_eq!(dispatcher.reassert(&plan).await?, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reassertion {
    /// Where.
    pub target: TargetKey,
    /// Who enters the scope.
    pub creates: usize,
    /// Whose attributes change, groups with other members among them.
    pub updates: usize,
    /// Who is switched off.
    pub deactivations: usize,
    /// Who is deleted.
    pub deletions: usize,
    /// Who is asked for first: what follows cannot be told yet.
    pub look_ups: usize,
    /// Who stays as they are.
    pub unchanged: usize,
    /// Of whom it cannot be told: a mapping that fails, a connector that cannot be built.
    pub unknown: usize,
    /// Everybody who would not stay as they are, and what would be done with them first.
    pub changes: Vec<(LaneKey, Action)>,
    /// The version of the configuration that it was made with.
    pub version: u64,
}

impl fmt::Display for Reassertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} to create, {} to change, {} to switch off, {} to delete, {} to look up, {} unchanged, {} that cannot be told",
            self.creates,
            self.updates,
            self.deactivations,
            self.deletions,
            self.look_ups,
            self.unchanged,
            self.unknown
        )
    }
}

impl Dispatcher {
    /// What bringing everybody that a target is known to have, or to have kept out of its scope, to the scope and
    /// mapping of now would come to. Asks no target, and writes nothing.
    ///
    /// Who was never told to it is not among them: see [`load`](Self::load).
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when there is no valid one, or no such target in it;
    /// [`Storage`](ErrorKind::Storage).
    pub async fn plan_reassert(&self, target: &TargetKey) -> Result<Reassertion> {
        let snapshot = self.shared().snapshots.current(&target.organization).await?;
        is_set_up(&snapshot, target)?;
        let mut plan = Reassertion {
            target: target.clone(),
            creates: 0,
            updates: 0,
            deactivations: 0,
            deletions: 0,
            look_ups: 0,
            unchanged: 0,
            unknown: 0,
            changes: Vec::new(),
            version: snapshot.version,
        };
        for which in [Which::Linked, Which::Aside, Which::Parked] {
            for row in self.all_lanes(target, which).await? {
                // The others are in one of the other lists, or nothing that changed is in their way.
                let is_new = row.record.account().is_none() && !row.record.is_aside();
                let waits = row.record.parked() == Some(ParkReason::Mapping);
                if which == Which::Parked && !(is_new && waits) {
                    continue;
                }
                let (action, takes) = self.foresee(&snapshot, &row).await?;
                let count = match (&action, takes) {
                    (_, Takes::Account) => &mut plan.deletions,
                    (_, Takes::Access) => &mut plan.deactivations,
                    (Action::Create, _) => &mut plan.creates,
                    (Action::Update(_) | Action::ChangeMembers(_), _) => &mut plan.updates,
                    (Action::LookUp, _) => &mut plan.look_ups,
                    (Action::Refuse(_), _) => &mut plan.unknown,
                    _ => {
                        plan.unchanged += 1;
                        continue;
                    }
                };
                *count += 1;
                plan.changes.push((row.key, action));
            }
        }
        Ok(plan)
    }

    async fn foresee(&self, snapshot: &Snapshot, row: &StoredLane) -> Result<(Action, Takes)> {
        let mut record = row.record.clone();
        record.reassert();
        let lane = record.foreseen();
        let (action, stood) =
            first_action(self.shared(), snapshot, &row.key, &lane, &Batch::new()).await?;
        let takes = takes_away(&action, &stood);
        Ok((action, takes))
    }

    /// Brings everybody whom the plan names to the target's scope and mapping of now: at low priority, and under the
    /// target's [`Guard`](crate::model::Guard). A worker does it. Answers how many there are.
    ///
    /// # Errors
    /// [`Stale`](ErrorKind::Stale) when the configuration has changed since the plan was made: make another one;
    /// [`Storage`](ErrorKind::Storage). Who was marked until then stays so.
    pub async fn reassert(&self, plan: &Reassertion) -> Result<usize> {
        let snapshot = self.shared().snapshots.current(&plan.target.organization).await?;
        if snapshot.version != plan.version {
            let message = "the configuration has changed since this was planned; plan it again";
            return Err(Error::new(ErrorKind::Stale, message));
        }
        let mut marked = 0;
        for (lane, _) in &plan.changes {
            let reassert = |record: &mut LaneRecord| {
                record.reassert();
                true
            };
            marked += usize::from(self.change(lane, reassert).await?);
        }
        if let Some(settings) = snapshot.configuration.settings(&plan.target.target) {
            self.judge_by(settings.scope.stamp(), &plan.target).await?;
        }
        Ok(marked)
    }

    /// From now on the scope of this number counts for those too who stay as they are: a group that they join or leave
    /// is judged by it.
    async fn judge_by(&self, scope: u64, target: &TargetKey) -> Result<()> {
        let is_stale = |record: &LaneRecord| record.lane.scope != scope && !record.lane.reasserted;
        let judge = |record: &mut LaneRecord| {
            let is_stale = is_stale(record);
            record.lane.scope = scope;
            is_stale
        };
        for which in [Which::Linked, Which::Aside] {
            let rows = self.all_lanes(target, which).await?;
            let stale: Vec<_> = rows.into_iter().filter(|row| is_stale(&row.record)).collect();
            for rows in stale.chunks(PAGE) {
                let mut batch = Batch::new();
                batch.lanes.extend(rows.iter().map(|row| {
                    let mut record = row.record.clone();
                    judge(&mut record);
                    LaneWrite::new(row.key.clone(), row.revision, Some(record))
                }));
                if self.shared().store.commit(batch, Durability::Immediate).await?.is_done() {
                    continue;
                }
                // Somebody works there: one after the other.
                for row in rows {
                    self.change(&row.key, judge).await?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a target is set up.
pub(super) fn is_set_up(snapshot: &Snapshot, target: &TargetKey) -> Result<()> {
    if snapshot.configuration.settings(&target.target).is_some() {
        return Ok(());
    }
    let message = format!("there is no connection or connector {}; set it up first", target.target);
    Err(Error::new(ErrorKind::Configuration, message))
}
