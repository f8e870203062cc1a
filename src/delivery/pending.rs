//! What waits for a lane: changes in a normal form that a request has never carried (P7).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::missing::add_missing;
use crate::model::{AttributePath, Difference, EventId, Resource, SealedSecret};

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
    /// Be gone; and forgotten, where a person asked for that.
    Delete { erased: bool },
    /// Be this, through an application that the user has been given.
    Assign(Arc<Resource>),
    /// Lose what was had through an application.
    Unassign,
    /// Members came or went, or what is open is to be finished.
    Touch,
}

/// What became of the application through which a user is provisioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Assignment {
    Given,
    Lost,
}

/// Everything that waits, folded: at most a removal, then a state. Folding `n` events and folding them in one by one
/// come to the same, so what is superseded need not be kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Pending {
    /// First, be gone; with the event that said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    delete: Option<EventId>,
    /// And be forgotten.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    erased: bool,
    /// Then, be this.
    #[serde(with = "crate::model::stored", skip_serializing_if = "Option::is_none")]
    state: Option<Arc<Resource>>,
    /// What it was to be before it was to be gone, if that was never sent.
    #[serde(with = "crate::model::stored", skip_serializing_if = "Option::is_none")]
    last: Option<Arc<Resource>>,
    /// The event that said so.
    #[serde(skip_serializing_if = "EventId::is_none")]
    told: EventId,
    /// The application was given or lost, by this event.
    #[serde(skip_serializing_if = "Option::is_none")]
    assignment: Option<(EventId, Assignment)>,
    /// The user's password, from this event.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<(EventId, SealedSecret)>,
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

    /// Whether it is to be forgotten, too.
    pub(super) fn erases(&self) -> bool {
        self.erased
    }

    /// Whether the application was lost.
    pub(super) fn unassigns(&self) -> bool {
        self.assignment() == Some(Assignment::Lost)
    }

    /// What became of the application.
    pub(super) fn assignment(&self) -> Option<Assignment> {
        self.assignment.map(|(_, assignment)| assignment)
    }

    /// What it was to be before it was to be gone.
    pub(super) fn last(&self) -> Option<&Arc<Resource>> {
        self.last.as_ref()
    }

    /// The user's password.
    pub(super) fn password(&self) -> Option<&SealedSecret> {
        self.password.as_ref().map(|(_, password)| password)
    }

    /// The user's password comes with an event.
    pub(super) fn keep_password(&mut self, event: EventId, password: SealedSecret) {
        self.any = true;
        self.password = Some((event, password));
    }

    pub(super) fn has_password(&self) -> bool {
        self.password.is_some()
    }

    pub(super) fn forget_password(&mut self) {
        self.password = None;
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
        match &change {
            LaneChange::Assign(_) => self.assignment = Some((event, Assignment::Given)),
            LaneChange::Unassign => self.assignment = Some((event, Assignment::Lost)),
            LaneChange::Delete { .. } => (self.assignment, self.password) = (None, None),
            LaneChange::State(_) | LaneChange::Touch => {}
        }
        match change {
            LaneChange::State(state) | LaneChange::Assign(state) => {
                if let Some(before) = self.state.replace(state)
                    && let Some(after) = &self.state
                {
                    let differences = Difference::between(&before, after);
                    let paths = differences.iter().map(|(path, _)| path.clone());
                    add_missing(&mut self.superseded, paths);
                }
                self.told = event;
            }
            LaneChange::Delete { erased } => {
                self.last = self.state.take().or(self.last.take());
                self.delete = Some(event);
                self.erased = erased;
            }
            LaneChange::Unassign | LaneChange::Touch => {}
        }
    }

    /// Only what came after this event.
    pub(super) fn after(&self, event: EventId, newest: EventId) -> Self {
        let mut rest = self.clone();
        rest.delete = rest.delete.filter(|delete| *delete > event);
        if rest.told <= event {
            rest.state = None;
        }
        rest.last = rest.last.filter(|_| rest.delete.is_some());
        rest.erased &= rest.delete.is_some();
        rest.assignment = rest.assignment.filter(|(since, _)| *since > event);
        rest.password = rest.password.filter(|(since, _)| *since > event);
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
