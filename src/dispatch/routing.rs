//! Which lanes an event reaches, and what it writes: the event table, a pure function.
//!
//! | event | linked at the target | excluded there | neither |
//! |---|---|---|---|
//! | created, updated | brought to the state | skipped, with the reason | created, with the full state |
//! | deleted | deleted | nothing to do; the exclusion is forgotten | skipped |
//! | members changed | the difference | skipped, with the reason | created from our own member set, else parked |

use std::sync::Arc;

use crate::delivery::{Lane, LaneChange, LaneRecord, Life, Moment, Presence};
use crate::model::{
    Event, EventChange, EventId, LaneKey, Member, Resource, ResourceKey, ResourceKind, Target, Wait,
};
use crate::resolver::{Level, SkipReason};
use crate::store::{Batch, LaneWrite, MembershipWrite, Opening, ResourceWrite, StoredResource};

/// A target that an event may reach.
#[derive(Clone, Copy, Debug)]
pub(super) enum Candidate {
    /// The resolver chose it, at this level; so long the caller waits.
    Chosen(Level, Wait),
    /// The resolver left it out.
    Skipped(SkipReason),
    /// No provisioner points there, but the resource is there.
    Linked,
}

/// The targets that an event may reach.
#[derive(Clone, Debug)]
pub(super) struct Candidates {
    /// Each once.
    pub(super) targets: Vec<(Target, Candidate)>,
    /// And wherever the resource is besides.
    pub(super) and_linked: bool,
}

/// Why a lane does not take an event.
#[derive(Clone, Copy, Debug)]
pub(super) enum LeftOut {
    /// For this reason.
    Skip(SkipReason),
    /// There is nothing to do, and nothing to explain.
    Nothing,
}

/// An event at one target.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) target: Target,
    pub(super) candidate: Candidate,
    /// Nothing waits at the lane, and nothing is in doubt.
    pub(super) is_quiet: bool,
    /// The lane as it will be, if it takes the event.
    pub(super) taken: Result<Lane, LeftOut>,
}

/// What an event comes to, before it is committed.
#[derive(Debug)]
pub(super) struct Routed {
    pub(super) event: EventId,
    pub(super) key: ResourceKey,
    pub(super) stops: Vec<Stop>,
    pub(super) batch: Batch,
}

/// Routes an event, given what is known of its resource. All lanes it reaches take it in one batch, so that two
/// events of one resource are in the same order everywhere (P5, P6).
pub(super) fn route(
    known: &StoredResource,
    event: &Event,
    candidates: &Candidates,
    wants_password: impl Fn(&Target) -> bool,
    life: Life,
    moment: &Moment,
) -> Routed {
    let key = event.resource_key();
    let number = known.newest.next();
    let attributes = attributes_after(known, &event.change);
    let mut routed = Routed { event: number, key, stops: Vec::new(), batch: Batch::new() };
    let mut write = ResourceWrite::new(routed.key.clone(), known.revision, number);
    write.attributes.clone_from(&attributes);
    routed.batch.resource = Some(write);
    routed.batch.membership = membership(&routed.key, &event.change);
    let own = event.change.state().filter(|state| state.kind() == ResourceKind::User);
    let state = own.or(attributes.as_ref());
    for (target, candidate) in with_linked(known, candidates) {
        let stored = known.lanes.iter().find(|lane| lane.key.target == target);
        let mut record = stored.map(|lane| lane.record.clone()).unwrap_or_default();
        let before = (record.presence(), *record.exclusion());
        let is_quiet = record.is_quiet(life);
        let taken = decide(&mut record, &event.change, state, candidate, wants_password(&target));
        let lane = LaneKey::new(routed.key.clone(), target.clone());
        let taken = taken.map(|change| {
            routed.batch.open.extend(opening(&lane, before.0, &event.change));
            let foreseen = record.foresee(change.clone());
            record.ask(event.application.as_ref(), event.trigger);
            record.accept(number, change, life, moment);
            foreseen
        });
        if taken.is_ok() || before.1 != *record.exclusion() {
            let revision = stored.map_or(0, |lane| lane.revision);
            routed.batch.lanes.push(LaneWrite::new(lane, revision, Some(record)));
        }
        routed.stops.push(Stop { target, candidate, is_quiet, taken });
    }
    routed
}

/// The candidates, and every target that has the resource although none of them points there.
fn with_linked(known: &StoredResource, candidates: &Candidates) -> Vec<(Target, Candidate)> {
    let mut all = candidates.targets.clone();
    if !candidates.and_linked {
        return all;
    }
    let linked = known.lanes.iter().filter(|lane| {
        (lane.record.presence() != Presence::Absent || lane.record.is_aside())
            && !candidates.targets.iter().any(|(target, _)| *target == lane.key.target)
    });
    all.extend(linked.map(|lane| (lane.key.target.clone(), Candidate::Linked)));
    all
}

/// A group's attributes once the event is in; nothing for users, whose events say it all.
fn attributes_after(known: &StoredResource, change: &EventChange) -> Option<Arc<Resource>> {
    match change {
        EventChange::MembersChanged(..) => known.attributes.clone(),
        change => {
            let group = change.state().filter(|state| state.kind() == ResourceKind::Group);
            group.map(Resource::without_members)
        }
    }
}

/// Who comes and goes at the host.
fn membership(key: &ResourceKey, change: &EventChange) -> Vec<MembershipWrite> {
    let join = |member: &Member| MembershipWrite::Join(key.clone(), member.clone());
    let leave = |member: &Member| MembershipWrite::Leave(key.clone(), member.clone());
    match change {
        EventChange::Created(resource) => match &**resource {
            Resource::Group(group) => group.members.iter().map(join).collect(),
            Resource::User(_) => Vec::new(),
        },
        EventChange::MembersChanged(_, changes) => {
            changes.added.iter().map(join).chain(changes.removed.iter().map(leave)).collect()
        }
        EventChange::Deleted(ResourceKind::Group, _) => {
            vec![MembershipWrite::Dissolve(key.clone())]
        }
        EventChange::Deleted(ResourceKind::User, _)
        | EventChange::Erased(_)
        | EventChange::Assigned(_)
        | EventChange::Unassigned(_)
        | EventChange::PasswordChanged(_)
        | EventChange::Updated(_) => Vec::new(),
    }
}

/// Whose place in the group the target must see to.
fn opening(lane: &LaneKey, presence: Presence, change: &EventChange) -> Option<Opening> {
    if lane.resource.kind == ResourceKind::User {
        return None;
    }
    let these =
        |members: Vec<Member>| (!members.is_empty()).then(|| Opening::These(lane.clone(), members));
    match change {
        EventChange::Deleted(..) => Some(Opening::Nobody(lane.clone())),
        _ if presence != Presence::Present => Some(Opening::Everybody(lane.clone())),
        EventChange::MembersChanged(_, changes) => {
            these(changes.added.iter().chain(&changes.removed).cloned().collect())
        }
        EventChange::Created(resource) => match &**resource {
            Resource::Group(group) => these(group.members.clone()),
            Resource::User(_) => None,
        },
        // The others are users'.
        _ => None,
    }
}

/// Applies the table to one lane. Remembers and forgets the exclusion (R5).
fn decide(
    record: &mut LaneRecord,
    change: &EventChange,
    state: Option<&Arc<Resource>>,
    candidate: Candidate,
    is_password_wanted: bool,
) -> Result<LaneChange, LeftOut> {
    let known =
        || state.map_or(Err(LeftOut::Nothing), |state| Ok(LaneChange::State(Arc::clone(state))));
    match (change, record.presence()) {
        (EventChange::Deleted(..) | EventChange::Erased(_), presence) => {
            let excluded = record.exclusion().take().is_some();
            let erased = matches!(change, EventChange::Erased(_));
            match presence {
                Presence::Present | Presence::Leaving => Ok(LaneChange::Delete { erased }),
                Presence::Absent if record.is_aside() => Ok(LaneChange::Delete { erased }),
                Presence::Absent if excluded => Err(LeftOut::Nothing),
                Presence::Absent => Err(LeftOut::Skip(SkipReason::NotProvisioned)),
            }
        }
        (EventChange::Unassigned(_), presence) => match candidate {
            Candidate::Chosen(Level::Application, _)
                if presence != Presence::Absent || record.is_aside() =>
            {
                Ok(LaneChange::Unassign)
            }
            Candidate::Chosen(Level::Application, _) => {
                Err(LeftOut::Skip(SkipReason::NotProvisioned))
            }
            // The application does not lead there, or the user has another way.
            _ => Err(LeftOut::Skip(SkipReason::NotAssigned)),
        },
        (EventChange::Assigned(user), presence) => match candidate {
            Candidate::Chosen(Level::Application, _) => {
                *record.exclusion() = None;
                Ok(LaneChange::Assign(Arc::clone(user)))
            }
            Candidate::Chosen(Level::Organization, _) => known(),
            _ if presence == Presence::Present => known(),
            Candidate::Skipped(reason) => Err(LeftOut::Skip(reason)),
            Candidate::Linked => Err(LeftOut::Nothing),
        },
        (EventChange::PasswordChanged(_), Presence::Present) if is_password_wanted => {
            Ok(LaneChange::Touch)
        }
        (EventChange::PasswordChanged(_), _) => Err(LeftOut::Nothing),
        (EventChange::MembersChanged(..), Presence::Present) => Ok(LaneChange::Touch),
        (_, Presence::Present) => known(),
        // Out of the scope, or to lose what it has there: what the host says is kept for when it comes back.
        (EventChange::Created(_) | EventChange::Updated(_), _) if record.is_aside() => known(),
        (_, presence) => {
            let kept_out = record.exclusion().or(match candidate {
                Candidate::Chosen(..) => None,
                Candidate::Skipped(reason) => Some(reason),
                Candidate::Linked => Some(SkipReason::NotProvisioned),
            });
            match (kept_out, change) {
                // Members of a group of which nothing else is known: its own state is needed first.
                (None, EventChange::MembersChanged(..)) if state.is_none() => Ok(LaneChange::Touch),
                (None, _) => known(),
                (Some(reason), _) => {
                    *record.exclusion() = reason.excludes().then_some(reason);
                    match presence {
                        // What still has to go there is tried again.
                        Presence::Leaving => Ok(LaneChange::Touch),
                        Presence::Present | Presence::Absent => Err(LeftOut::Skip(reason)),
                    }
                }
            }
        }
    }
}
