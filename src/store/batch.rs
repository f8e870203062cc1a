//! What is written together.

use std::sync::Arc;

use super::rows::Hint;
use crate::delivery::{Health, LaneRecord, MemberWrites};
use crate::model::{EventId, Fact, LaneKey, Member, Resource, ResourceKey, TargetKey};

/// Writes that are committed whole or not at all, in the order of the fields.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Batch {
    /// What is known of a resource.
    pub resource: Option<ResourceWrite>,
    /// Who comes into groups and who leaves them, at the host.
    pub membership: Vec<MembershipWrite>,
    /// Lanes.
    pub lanes: Vec<LaneWrite>,
    /// Members to open in groups at targets.
    pub open: Vec<Opening>,
    /// What an attempt learnt of a group's members at a target.
    pub members: Option<(LaneKey, MemberWrites)>,
    /// Lanes to wake.
    pub wake: Vec<LaneKey>,
    /// Lanes to have judged by their scopes, because a group has changed that their resources are in.
    pub judge: Vec<LaneKey>,
    /// A target's health.
    pub health: Option<(TargetKey, Health)>,
    /// What was learnt of a target; `None` forgets it.
    pub facts: Vec<(TargetKey, String, Option<Fact>)>,
    /// Announcements to keep.
    pub announce: Vec<Hint>,
    /// Announcements that are fulfilled.
    pub fulfil: Vec<Hint>,
}

impl Batch {
    /// No writes.
    pub fn new() -> Self {
        Self::default()
    }
}

/// A write of a resource's row.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResourceWrite {
    /// Which.
    pub key: ResourceKey,
    /// The revision that this was made from; 0 for a new row.
    pub expected: u64,
    /// The number of its newest event.
    pub newest: EventId,
    /// A group's attributes as the host last said, without members; `None` for users and unknown groups.
    pub attributes: Option<Arc<Resource>>,
}

impl ResourceWrite {
    /// A write of a resource without attributes.
    pub fn new(key: ResourceKey, expected: u64, newest: EventId) -> Self {
        Self { key, expected, newest, attributes: None }
    }
}

/// A write of a lane's row.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LaneWrite {
    /// Which.
    pub key: LaneKey,
    /// The revision that this was made from; 0 for a new row.
    pub expected: u64,
    /// The row, or `None` to forget it.
    pub record: Option<LaneRecord>,
}

impl LaneWrite {
    /// A write of a lane.
    pub fn new(key: LaneKey, expected: u64, record: Option<LaneRecord>) -> Self {
        Self { key, expected, record }
    }
}

/// A change of who is in a group at the host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MembershipWrite {
    /// A member joins.
    Join(ResourceKey, Member),
    /// A member leaves.
    Leave(ResourceKey, Member),
    /// The group is gone: everybody leaves.
    Dissolve(ResourceKey),
}

/// Members whose place in a group at a target may have to change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Opening {
    /// These are open from now on, under a new mark.
    These(LaneKey, Vec<Member>),
    /// Everybody whom the host has in the group.
    Everybody(LaneKey),
    /// Nobody any more, nor does anybody wait.
    Nobody(LaneKey),
}

/// When a commit has to be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a store must know both")]
pub enum Durability {
    /// Before the answer.
    Immediate,
    /// With the next one that is immediate.
    Deferred,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a batch is committed whole or not at all")]
#[must_use]
pub enum Committed {
    /// It is in the store. The revisions of the lanes that it wrote, in the batch's order.
    Done(Vec<u64>),
    /// A row that it was made from has changed. Nothing was written.
    Conflict,
}

impl Committed {
    /// Whether it is in the store.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}
