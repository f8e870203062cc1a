//! Which lanes an event reaches: the event table, a pure function.
//!
//! | event | linked at the target | excluded there | neither |
//! |---|---|---|---|
//! | created, updated | brought to the state | skipped, with the reason | created, with the full state |
//! | deleted | deleted | nothing to do; the exclusion is forgotten | skipped |
//! | members changed | the difference | skipped, with the reason | created from our own member set, else parked |

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::delivery::{LaneChange, Presence};
use crate::model::{EventChange, Member, Resource, Wait};
use crate::resolver::{Level, SkipReason};

/// A target that an event may reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Candidate {
    /// The resolver chose it, at this level; so long the caller waits.
    Chosen(Level, Wait),
    /// The resolver left it out.
    Skipped(SkipReason),
    /// No provisioner points there, but the resource is there.
    Linked,
}

/// Why a lane does not take an event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LeftOut {
    /// For this reason.
    Skip(SkipReason),
    /// There is nothing to do, and nothing to explain.
    Nothing,
}

/// What is known of a group beyond single lanes: from its own events.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownGroup {
    /// Its attributes, once they were announced.
    pub(super) attributes: Option<Arc<Resource>>,
    /// Its members.
    pub(super) members: BTreeSet<Member>,
}

/// Applies the table to one lane. Remembers and forgets the exclusion (R5).
pub(super) fn route(
    presence: Presence,
    exclusion: &mut Option<SkipReason>,
    change: &EventChange,
    state: Option<&Arc<Resource>>,
    group: Option<&KnownGroup>,
    candidate: Candidate,
) -> Result<LaneChange, LeftOut> {
    match (change, presence) {
        (EventChange::Deleted(..), _) => {
            let excluded = exclusion.take().is_some();
            match presence {
                Presence::Present | Presence::Leaving => Ok(LaneChange::Delete),
                Presence::Absent if excluded => Err(LeftOut::Nothing),
                Presence::Absent => Err(LeftOut::Skip(SkipReason::NotProvisioned)),
            }
        }
        (EventChange::MembersChanged(_, changes), Presence::Present) => {
            Ok(LaneChange::Members(changes.clone()))
        }
        (EventChange::Created(created), Presence::Present) => {
            known(state, created.members().to_vec())
        }
        (_, Presence::Present) => known(state, Vec::new()),
        (_, Presence::Leaving | Presence::Absent) => {
            let kept_out = exclusion.or(match candidate {
                Candidate::Chosen(..) => None,
                Candidate::Skipped(reason) => Some(reason),
                Candidate::Linked => Some(SkipReason::NotProvisioned),
            });
            match kept_out {
                None => enter(change, state, group),
                Some(reason) => {
                    *exclusion = reason.excludes().then_some(reason);
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

/// The resource comes to the target for the first time, or again: with its full state.
fn enter(
    change: &EventChange,
    state: Option<&Arc<Resource>>,
    group: Option<&KnownGroup>,
) -> Result<LaneChange, LeftOut> {
    match (change, state) {
        (EventChange::MembersChanged(_, changes), None) => Ok(LaneChange::Members(changes.clone())),
        (_, state) => {
            let members = group.map(|group| group.members.iter().cloned().collect());
            known(state, members.unwrap_or_default())
        }
    }
}

fn known(state: Option<&Arc<Resource>>, members: Vec<Member>) -> Result<LaneChange, LeftOut> {
    state.map_or(Err(LeftOut::Nothing), |state| Ok(LaneChange::State(Arc::clone(state), members)))
}
