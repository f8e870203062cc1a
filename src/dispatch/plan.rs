//! What would happen, without letting it.

use std::fmt;

use super::join::guarded;
use super::report::Because;
use super::shared::candidates;
use super::snapshot::Snapshot;
use crate::delivery::{self, HoldReason, Lane, Outcome, Step};
use crate::model::{ConnectionId, ConnectorName, Difference, Event, ResourceKey, Target};
use crate::resolver::{ApplicationFound, Resolution, SkipReason, switched_off};
use crate::store::{LeftOut, MemoryStore, Stop};

/// What dispatching an event would do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// What became of the application that the event names.
    pub application: ApplicationFound,
    /// Each target that would be chosen, left out, or has the resource.
    pub targets: Vec<Planned>,
}

/// What would happen at one target.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Planned {
    /// The external system.
    pub connection: ConnectionId,
    /// The way to reach it.
    pub connector: ConnectorName,
    /// Why this target.
    pub because: Because,
    /// What would be done first.
    pub action: Action,
}

/// The first thing that would be done at a target; a look-up or a larger change may bring others after it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Create the resource.
    Create,
    /// Change it.
    Update(Difference),
    /// Change this many members of a group.
    ChangeMembers(usize),
    /// Remove the resource.
    Delete,
    /// Ask the target first: an earlier request may have landed.
    LookUp,
    /// Nothing: the target is in the wanted state.
    Nothing,
    /// Keep the event.
    Hold(HoldReason),
    /// Nothing: the target is not to know.
    Skip(SkipReason),
    /// Report that the target or its connector cannot do this, or cannot be reached as it is set up.
    Refuse(Outcome),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create => f.write_str("create"),
            Self::Update(difference) => {
                f.write_str("update")?;
                for (place, (path, _)) in difference.iter().enumerate() {
                    write!(f, "{} {path}", if place == 0 { "" } else { "," })?;
                }
                Ok(())
            }
            Self::ChangeMembers(count) => write!(f, "change {count} members"),
            Self::Delete => f.write_str("delete"),
            Self::LookUp => f.write_str("look up"),
            Self::Nothing => f.write_str("nothing"),
            Self::Hold(reason) => write!(f, "hold: {reason}"),
            Self::Skip(reason) => write!(f, "skip: {reason}"),
            Self::Refuse(outcome) => outcome.fmt(f),
        }
    }
}

pub(super) fn plan(
    store: &MemoryStore,
    snapshot: &Snapshot,
    resolution: &Resolution<'_>,
    event: &Event,
) -> Plan {
    let key = event.resource_key();
    let targets = store
        .preview(event, &candidates(resolution))
        .into_iter()
        .map(|Stop { target, candidate, taken }| {
            let action = match taken {
                Err(LeftOut::Skip(reason)) => Action::Skip(reason),
                Err(LeftOut::Nothing) => Action::Nothing,
                Ok(_) if switched_off(&snapshot.configuration, &target).is_some() => {
                    Action::Hold(HoldReason::SwitchedOff)
                }
                Ok(lane) => first_action(store, snapshot, &key, &target, &lane),
            };
            let because = candidate.into();
            Planned { connection: target.connection, connector: target.connector, because, action }
        })
        .collect();
    Plan { application: resolution.application, targets }
}

fn first_action(
    store: &MemoryStore,
    snapshot: &Snapshot,
    key: &ResourceKey,
    target: &Target,
    lane: &Lane,
) -> Action {
    let able =
        snapshot.connector(target).and_then(|it| guarded(|| (it.capabilities(), it.fingerprint())));
    let (capabilities, fingerprint) = match able {
        Ok(itself) => itself,
        Err(error) => return Action::Refuse(Outcome::queued(error)),
    };
    let references = store.references(&key.organization, target, &fingerprint, &lane.referred());
    match delivery::plan(lane, key, capabilities, &references) {
        Step::Find { .. } => Action::LookUp,
        Step::Create { .. } => Action::Create,
        Step::Update { difference, .. } => Action::Update(difference),
        Step::ChangeMembers { piece, .. } => Action::ChangeMembers(piece.len()),
        Step::Delete { .. } => Action::Delete,
        Step::Done => Action::Nothing,
        Step::Stop(failure) => Action::Refuse(failure.into()),
    }
}
