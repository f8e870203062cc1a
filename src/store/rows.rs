//! What a store is asked for and answers.

use std::sync::Arc;

use crate::delivery::{Era, LaneRecord, OpenMember};
use crate::model::{EventId, LaneKey, OrganizationId, Resource, ResourceKey, ResourceKind, Target};

/// What a store knows of a resource.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct StoredResource {
    /// 0 while there is no row.
    pub revision: u64,
    /// The number of its newest event.
    pub newest: EventId,
    /// A group's attributes as the host last said.
    pub attributes: Option<Arc<Resource>>,
    /// Its lanes, by target.
    pub lanes: Vec<StoredLane>,
}

impl StoredResource {
    /// A row without attributes and lanes.
    pub fn new(revision: u64, newest: EventId) -> Self {
        Self { revision, newest, attributes: None, lanes: Vec::new() }
    }
}

/// A lane as it was found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoredLane {
    /// Which.
    pub key: LaneKey,
    /// Its revision.
    pub revision: u64,
    /// What is kept.
    pub record: LaneRecord,
}

impl StoredLane {
    /// A lane as it was found.
    pub fn new(key: LaneKey, revision: u64, record: LaneRecord) -> Self {
        Self { key, revision, record }
    }
}

/// Open members of a group at a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenMembers {
    /// Each.
    pub members: Vec<OpenMember>,
    /// Whether there are more.
    pub more: bool,
}

impl OpenMembers {
    /// These members.
    pub fn new(members: Vec<OpenMember>, more: bool) -> Self {
        Self { members, more }
    }
}

/// Which lanes to list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LaneQuery {
    /// Whose.
    pub organization: OrganizationId,
    /// What they have in common.
    pub which: Which,
    /// Only those of this target.
    pub target: Option<Target>,
    /// Only those behind this one, by target and then by resource.
    pub after: Option<LaneKey>,
    /// So many at most.
    pub limit: usize,
}

impl LaneQuery {
    /// The first hundred of an organization.
    pub fn new(organization: OrganizationId, which: Which) -> Self {
        Self { organization, which, target: None, after: None, limit: 100 }
    }

    /// Only those of this target.
    #[must_use]
    pub fn at(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// Only those behind this one.
    #[must_use]
    pub fn after(mut self, lane: LaneKey) -> Self {
        self.after = Some(lane);
        self
    }

    /// So many at most.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }
}

/// What listed lanes have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a store keeps an index for each")]
pub enum Which {
    /// They are due, now or later.
    Due,
    /// They wait for a person.
    Parked,
    /// Requests may still land of which nobody heard.
    Unsettled,
    /// They have an account at the target.
    Linked,
    /// They have none, and what the host said last is kept for when they are to have one.
    Aside,
}

/// An announcement: a resource is about to change at the host, whose own commit cannot be joined (design 6).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Hint {
    /// The life in which it was made.
    pub era: Era,
    /// Its number in that life.
    pub number: u64,
    /// Whose resource, and which.
    pub resource: ResourceKey,
}

impl Hint {
    /// An announcement.
    pub fn new(era: Era, number: u64, resource: ResourceKey) -> Self {
        Self { era, number, resource }
    }

    /// Whether it is about a user or a group.
    pub fn kind(&self) -> ResourceKind {
        self.resource.kind
    }
}
