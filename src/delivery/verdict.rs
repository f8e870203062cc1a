//! What an answer comes to, and what it is held against.

use super::failure::Failure;
use super::lane::Lane;
use super::members::References;
use super::moment::Moment;
use crate::error::Error;
use crate::model::{Capabilities, LocalId, RemoteId, ResourceKey, TargetPolicy};

/// Whether the attempt goes on.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Plan again. Names the account, where this step touched one.
    Continue(Option<RemoteId>),
    /// The same, and this account was at the target already and counts as ours from now on.
    Adopted(RemoteId),
    /// Somebody who may be another of ours has the name.
    Contested(LocalId),
    /// Stop here.
    Stop(Failure),
}

/// What an answer is held against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    /// The resource.
    pub(crate) key: &'a ResourceKey,
    /// When the answer came.
    pub(crate) moment: &'a Moment,
    /// What the connector can do, as it says now that the answer is there.
    pub(crate) capabilities: Capabilities,
    /// A password went along.
    pub(crate) sets_password: bool,
    /// Whom the target has of those that the resource refers to.
    pub(crate) references: &'a References,
    /// What the connection says of accounts that are there already, and of those that are gone.
    pub(crate) policy: TargetPolicy,
}

impl Scene<'_> {
    /// Whether the target has the password, now that it has taken what was sent. A connector that learns only from the
    /// answer that it can set passwords was not given this one, and one that learns that it cannot did not set it.
    pub(super) fn has_set_password(&self) -> bool {
        self.sets_password && self.capabilities.passwords
    }

    /// Whether the target refuses a second resource of this kind with the same name or id.
    pub(super) fn is_unique(&self) -> bool {
        self.capabilities.unique_names(self.key.kind)
    }
}

pub(super) fn advanced(lane: &mut Lane, id: RemoteId) -> Verdict {
    lane.failures = 0;
    Verdict::Continue(Some(id))
}

pub(super) fn failed(lane: &mut Lane, error: Error) -> Verdict {
    Verdict::Stop(lane.fail(error))
}
