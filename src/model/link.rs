//! What a lane remembers about a resource at a target.

use std::fmt;
use std::sync::Arc;

use super::ids::{ConnectionId, ConnectorName, RemoteId};
use super::path::AttributePath;
use super::resource::Resource;

/// An external system by one way to reach it: a connection and one of its connectors.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// The proof that a resource exists at a target, and what it was last confirmed to look like.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Link {
    /// The target's id.
    pub(crate) remote_id: RemoteId,
    /// The version tag (`ETag`) as it came, if the target gives one.
    pub(crate) version: Option<String>,
    /// The state the target last confirmed, as it was sent.
    pub(crate) confirmed: Option<Arc<Resource>>,
    /// Whether that state is what the target showed and not what we sent: it may hold what others set.
    pub(crate) shown: bool,
    /// Attributes that a request with an unknown outcome may have changed since. They are sent again (P10).
    pub(crate) doubtful: Vec<AttributePath>,
}
