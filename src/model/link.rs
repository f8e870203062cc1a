//! What a lane remembers about a resource at a target.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ids::{ConnectionId, ConnectorName, OrganizationId, RemoteId};
use super::kind::ResourceKey;
use super::path::AttributePath;
use super::resource::Resource;

/// An external system by one way to reach it: a connection and one of its connectors.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Target {
    /// The connection.
    pub connection: ConnectionId,
    /// The connector.
    pub connector: ConnectorName,
}

impl Target {
    /// The target of this connection and connector.
    pub fn new(connection: impl Into<ConnectionId>, connector: impl Into<ConnectorName>) -> Self {
        Self { connection: connection.into(), connector: connector.into() }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} via {}", self.connection, self.connector)
    }
}

/// A target of one organization.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct TargetKey {
    /// Whose.
    pub organization: OrganizationId,
    /// Which.
    pub target: Target,
}

impl TargetKey {
    /// The key of a target.
    pub fn new(organization: OrganizationId, target: Target) -> Self {
        Self { organization, target }
    }
}

/// One resource at one target: what order and mutual exclusion hang on (P5).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct LaneKey {
    /// The resource.
    pub resource: ResourceKey,
    /// The target.
    pub target: Target,
}

impl LaneKey {
    /// The key of a lane.
    pub fn new(resource: ResourceKey, target: Target) -> Self {
        Self { resource, target }
    }

    /// The target, with its organization.
    pub fn target_key(&self) -> TargetKey {
        TargetKey::new(self.resource.organization.clone(), self.target.clone())
    }
}

/// The proof that a resource exists at a target, and what it was last confirmed to look like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Link {
    /// The target's id.
    pub(crate) remote_id: RemoteId,
    /// The version tag (`ETag`) as it came, if the target gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// The state the target last confirmed, as it was sent.
    #[serde(default, with = "super::stored", skip_serializing_if = "Option::is_none")]
    pub(crate) confirmed: Option<Arc<Resource>>,
    /// Whether that state is what the target showed and not what we sent: it may hold what others set.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) shown: bool,
    /// Attributes that a request with an unknown outcome may have changed since. They are sent again (P10).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) doubtful: Vec<AttributePath>,
}
