//! What would happen, without letting it.

use std::fmt;

use super::accept::prepare;
use super::join::guarded;
use super::refer::refer;
use super::report::Because;
use super::routing::{LeftOut, Stop};
use super::shared::{Shared, candidates_of};
use super::snapshot::Snapshot;
use super::terms::left_out;
use crate::delivery::{self, HoldReason, Lane, Members, OpenMember, Outcome, Step};
use crate::error::Result;
use crate::model::{ConnectionId, ConnectorName, Difference, Event, LaneKey, Member};
use crate::resolver::{ApplicationFound, Resolution, SkipReason};
use crate::store::{Batch, MembershipWrite, Opening};

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

pub(super) async fn plan(
    shared: &Shared,
    snapshot: &Snapshot,
    resolution: &Resolution<'_>,
    event: &Event,
) -> Result<Plan> {
    let key = event.resource_key();
    let candidates = candidates_of(event, &snapshot.configuration, resolution);
    let prepared = prepare(shared, snapshot, event, &key, &candidates).await?;
    let batch = prepared.routed.batch;
    let mut targets = Vec::new();
    for Stop { target, candidate, taken, .. } in prepared.routed.stops {
        let lane = LaneKey::new(key.clone(), target.clone());
        let action = match taken {
            Err(LeftOut::Skip(reason)) => Action::Skip(reason),
            Err(LeftOut::Nothing) => Action::Nothing,
            Ok(foreseen) => match shared.held(snapshot, &lane).await? {
                Some(reason) => Action::Hold(reason),
                None => first_action(shared, snapshot, &lane, &foreseen, &batch).await?.0,
            },
        };
        let because = candidate.into();
        targets.push(Planned {
            connection: target.connection,
            connector: target.connector,
            because,
            action,
        });
    }
    Ok(Plan { application: resolution.application, targets })
}

/// The first thing that would be done at a lane, and the lane with the target's terms applied.
pub(super) async fn first_action(
    shared: &Shared,
    snapshot: &Snapshot,
    key: &LaneKey,
    lane: &Lane,
    batch: &Batch,
) -> Result<(Action, Lane)> {
    let mut lane = lane.clone();
    let able = snapshot
        .connector(&key.target)
        .and_then(|it| guarded(|| (it.capabilities(), it.fingerprint())));
    let (capabilities, fingerprint) = match able {
        Ok(itself) => itself,
        Err(error) => return Ok((Action::Refuse(Outcome::queued(error)), lane)),
    };
    let mut members = foreseen_members(shared, key, batch).await?;
    if let Err(failure) = shared.stand(snapshot, key, &mut lane).await? {
        return Ok((Action::Refuse(failure.into()), lane));
    }
    let referred = refer(shared, key, &lane, &members, &fingerprint).await?;
    members.leave_out(&referred.stripped);
    let references = &referred.accounts;
    let step = delivery::plan(&lane, &members, &key.resource, capabilities, references);
    let action = match step {
        Step::Find { .. } => Action::LookUp,
        Step::Create { .. } => Action::Create,
        Step::Update { difference, .. } => Action::Update(difference),
        Step::ChangeMembers { piece, .. } => Action::ChangeMembers(piece.len()),
        Step::Delete { .. } => Action::Delete,
        Step::Done => left_out(&lane).map_or(Action::Nothing, Action::Skip),
        Step::Stop(failure) => Action::Refuse(failure.into()),
    };
    Ok((action, lane))
}

/// A group's open members as they would be once the event is in.
async fn foreseen_members(shared: &Shared, key: &LaneKey, batch: &Batch) -> Result<Members> {
    let mut open = shared.store.open_members(key, usize::MAX).await?.members;
    for opening in &batch.open {
        let names: Vec<Member> = match opening {
            Opening::These(lane, members) if lane == key => members.clone(),
            Opening::Everybody(lane) if lane == key => {
                shared.store.members_of(&key.resource).await?
            }
            Opening::Nobody(lane) if lane == key => {
                open.clear();
                continue;
            }
            _ => continue,
        };
        let named = shared.store.named_members(key, &names).await?.members;
        open.retain(|member| !names.contains(&member.member));
        open.extend(named);
    }
    for write in &batch.membership {
        match write {
            MembershipWrite::Join(_, member) => want(&mut open, member, true),
            MembershipWrite::Leave(_, member) => want(&mut open, member, false),
            MembershipWrite::Dissolve(_) => {}
        }
    }
    Ok(Members::new(open, false))
}

fn want(open: &mut Vec<OpenMember>, member: &Member, wanted: bool) {
    match open.iter_mut().find(|known| known.member == *member) {
        Some(known) => known.wanted = wanted,
        None if wanted => open.push(OpenMember::new(member.clone(), true, None, 0)),
        None => {}
    }
}
