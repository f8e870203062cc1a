//! A resource as a target shows it.

use crate::error::Result;

use super::ids::{LocalId, RemoteId};
use super::path::AttributePath;
use super::resource::Resource;

/// A resource at a target.
///
/// ```
/// use outbound_provisioning::connector::Remote;
///
/// let remote = Remote::new("2819c223").unwrap().with_version(r#"W/"1""#);
/// assert_eq!(remote.version.as_deref(), Some(r#"W/"1""#));
/// assert!(Remote::new("..").is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Remote {
    /// The target's id.
    pub id: RemoteId,
    /// The version tag (`ETag`) as it came.
    pub version: Option<String>,
    /// The `externalId` that the resource's own body shows: the only proof that it is ours (P8).
    pub external_id: Option<LocalId>,
    /// What its body shows, where the answer had one and it was read.
    pub resource: Option<Box<Resource>>,
    /// A new group was made without the members it was to be created with: they are to follow.
    pub without_members: bool,
    /// What the target took otherwise than it was sent, and takes in another form: it is to be sent again.
    pub again: Vec<AttributePath>,
    /// What the target does not let change; everything else was done.
    pub fixed: Vec<AttributePath>,
}

impl Remote {
    /// A resource of which only the id is known.
    ///
    /// # Errors
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) for an id that would lead a request astray; see
    /// [`RemoteId::new`].
    pub fn new(id: impl Into<String>) -> Result<Self> {
        RemoteId::new(id).map(Self::of)
    }

    /// A resource with an id that was proven harmless before.
    pub fn of(id: RemoteId) -> Self {
        Self {
            id,
            version: None,
            external_id: None,
            resource: None,
            without_members: false,
            again: Vec::new(),
            fixed: Vec::new(),
        }
    }

    /// The same resource with a version tag.
    #[must_use]
    pub fn with_version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// The same resource with what its body shows.
    #[must_use]
    pub fn showing(mut self, resource: Resource) -> Self {
        self.external_id = Some(resource.local_id().clone()).filter(|id| !id.as_str().is_empty());
        self.resource = Some(Box::new(resource));
        self
    }
}
