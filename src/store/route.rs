//! Which lanes an event reaches: the event table, a pure function.
//!
//! | event | linked at the target | excluded there | neither |
//! |---|---|---|---|
//! | created, updated | brought to the state | skipped, with the reason | created, with the full state |
//! | deleted | deleted | nothing to do; the exclusion is forgotten | skipped |
//! | members changed | the difference | skipped, with the reason | created from our own member set, else parked |

use std::sync::Arc;

use crate::delivery::LaneChange;
use crate::model::{EventChange, Member, Resource};
use crate::resolver::{Level, SkipReason};

/// A target that an event may reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Candidate {
    /// The resolver chose it, at this level.
    Chosen(Level),
    /// The resolver left it out.
    Skipped(SkipReason),
    /// No provisioner points there, but the resource is there.
    Linked,
}

/// What becomes of an event at a target.
#[derive(Debug)]
pub(crate) enum Route {
    /// The lane takes it.
    Take(LaneChange),
    /// The lane does not.
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
    pub(super) members: std::collections::BTreeSet<Member>,
}

/// Applies the table to one lane, which the resource `concerned` or not. Remembers and forgets the exclusion (R5).
pub(super) fn route(
    concerned: bool,
    exclusion: &mut Option<SkipReason>,
    change: &EventChange,
    state: Option<&Arc<Resource>>,
    group: Option<&KnownGroup>,
    candidate: Candidate,
) -> Route {
    if let EventChange::Deleted(..) = change {
        let excluded = exclusion.take().is_some();
        return match (concerned, excluded) {
            (true, _) => Route::Take(LaneChange::Delete),
            (false, true) => Route::Nothing,
            (false, false) => Route::Skip(SkipReason::NotProvisioned),
        };
    }
    if !concerned {
        if let Some(reason) = *exclusion {
            return Route::Skip(reason);
        }
        if let Candidate::Skipped(reason) = candidate {
            *exclusion = reason.excludes().then_some(reason);
            return Route::Skip(reason);
        }
    }
    let all_members = || {
        group
            .map(|group| group.members.iter().cloned().collect())
            .unwrap_or_default()
    };
    match change {
        EventChange::MembersChanged(_, changes) if concerned => {
            Route::Take(LaneChange::Members(changes.clone()))
        }
        EventChange::MembersChanged(_, changes) => {
            match group.and_then(|group| group.attributes.as_ref()) {
                Some(attributes) => {
                    Route::Take(LaneChange::State(Arc::clone(attributes), all_members()))
                }
                None => Route::Take(LaneChange::Members(changes.clone())),
            }
        }
        EventChange::Created(Resource::Group(group)) if concerned => match state {
            Some(state) => Route::Take(LaneChange::State(Arc::clone(state), group.members.clone())),
            None => Route::Nothing,
        },
        _ => match state {
            Some(state) if concerned => {
                Route::Take(LaneChange::State(Arc::clone(state), Vec::new()))
            }
            Some(state) => Route::Take(LaneChange::State(Arc::clone(state), all_members())),
            None => Route::Nothing,
        },
    }
}
