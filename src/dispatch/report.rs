//! What dispatch answers.

use std::fmt;

use super::routing::Candidate;
use crate::delivery::Outcome;
use crate::model::{ConnectionId, ConnectorName, EventId, ResourceKey, Target};
use crate::resolver::{ApplicationFound, Level};

/// What became of an event, target by target. An empty one is not an error (R3).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The number under which the event was accepted.
    pub event: EventId,
    /// What became of the application that the event names.
    pub application: ApplicationFound,
    /// Each target that was chosen, left out, or has the resource.
    pub deliveries: Vec<Delivery>,
    /// Groups that changed because their member came or went (P17).
    pub follow_ups: Vec<Delivery>,
}

impl Report {
    /// What became of the event at one target.
    pub fn at(&self, connection: &str, connector: &str) -> Option<&Outcome> {
        let mut deliveries = self.deliveries.iter();
        deliveries
            .find(|delivery| {
                delivery.connection.as_str() == connection
                    && delivery.connector.as_str() == connector
            })
            .map(|delivery| &delivery.outcome)
    }
}

/// What became of a resource at one target.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// The resource.
    pub resource: ResourceKey,
    /// The external system.
    pub connection: ConnectionId,
    /// The way to reach it.
    pub connector: ConnectorName,
    /// Why this target.
    pub because: Because,
    /// What became of it.
    pub outcome: Outcome,
    /// Members that are left out until they have an account at the target (P17). None are counted where the store could
    /// not be read any more.
    pub waiting_for: usize,
}

impl Delivery {
    pub(super) fn new(
        resource: ResourceKey,
        target: &Target,
        because: Because,
        outcome: Outcome,
    ) -> Self {
        Self {
            resource,
            connection: target.connection.clone(),
            connector: target.connector.clone(),
            because,
            outcome,
            waiting_for: 0,
        }
    }
}

/// Why a target is told of an event, or could have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Because {
    /// A provisioner of this level points there.
    Provisioner(Level),
    /// A provisioner points there and was left out.
    LeftOut,
    /// The resource is there.
    Linked,
    /// A member of the group came or went.
    MemberChanged,
    /// What it waited for is there: its manager's account, or its name.
    Awaited,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provisioner(level) => write!(f, "{level} level"),
            Self::LeftOut => f.write_str("left out"),
            Self::Linked => f.write_str("linked"),
            Self::MemberChanged => f.write_str("member changed"),
            Self::Awaited => f.write_str("awaited"),
        }
    }
}

impl From<Candidate> for Because {
    fn from(candidate: Candidate) -> Self {
        match candidate {
            Candidate::Chosen(level, _) => Self::Provisioner(level),
            Candidate::Skipped(_) => Self::LeftOut,
            Candidate::Linked => Self::Linked,
        }
    }
}
