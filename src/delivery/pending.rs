//! What waits for a lane: changes in a normal form that a request has never carried (P7).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::missing::add_missing;
use crate::model::{AttributePath, Difference, EventId, Resource};

/// Where a resource stands at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Neither there nor wanted there.
    Absent,
    /// Not wanted there, and its removal is not done yet.
    Leaving,
    /// Wanted there. Updates and deletes go there.
    Present,
}

/// What an event asks of a lane. A group's members travel beside it, in rows of their own.
#[derive(Clone, Debug)]
pub(crate) enum LaneChange {
    /// Be this.
    State(Arc<Resource>),
    /// Be gone.
    Delete,
    /// Members came or went, or what is open is to be finished.
    Touch,
}

/// Everything that waits, folded: at most a removal, then a state. Folding `n` events and folding them in one by one
/// come to the same, so what is superseded need not be kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Pending {
    /// First, be gone; with the event that said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    delete: Option<EventId>,
    /// Then, be this.
    #[serde(with = "crate::model::stored", skip_serializing_if = "Option::is_none")]
    state: Option<Arc<Resource>>,
    /// The event that said so.
    #[serde(skip_serializing_if = "EventId::is_none")]
    told: EventId,
    /// What differs in states that were superseded: one of them may be under way, with nothing in the store to say so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    superseded: Vec<AttributePath>,
    /// Something waits, if only members.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    any: bool,
}

impl Pending {
    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        !self.any
    }

    /// Whether it is to be gone, first.
    pub(super) fn deletes(&self) -> bool {
        self.delete.is_some()
    }

    /// What it is to be.
    pub(super) fn state(&self) -> Option<&Arc<Resource>> {
        self.state.as_ref()
    }

    /// Attributes that a superseded state may have changed.
    pub(super) fn superseded(&self) -> &[AttributePath] {
        &self.superseded
    }

    /// One more change.
    pub(super) fn push(&mut self, event: EventId, change: LaneChange) {
        self.any = true;
        match change {
            LaneChange::State(state) => {
                if let Some(before) = self.state.replace(state)
                    && let Some(after) = &self.state
                {
                    let differences = Difference::between(&before, after);
                    let paths = differences.iter().map(|(path, _)| path.clone());
                    add_missing(&mut self.superseded, paths);
                }
                self.told = event;
            }
            LaneChange::Delete => {
                self.state = None;
                self.delete = Some(event);
            }
            LaneChange::Touch => {}
        }
    }

    /// Only what came after this event.
    pub(super) fn after(&self, event: EventId, newest: EventId) -> Self {
        let mut rest = self.clone();
        rest.delete = rest.delete.filter(|delete| *delete > event);
        if rest.told <= event {
            rest.state = None;
        }
        rest.any = newest > event;
        rest
    }

    /// Where the resource stands once this is done, if this says so.
    pub(super) fn presence(&self) -> Option<Presence> {
        if self.state.is_some() {
            Some(Presence::Present)
        } else {
            self.delete.is_some().then_some(Presence::Leaving)
        }
    }
}
