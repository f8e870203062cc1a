//! The host's own users and groups, for when an event does not say enough.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{LocalId, OrganizationId, Resource, ResourceKey, ResourceKind};

/// Loads the truth of one resource. Optional: asked for the resources whose announcement was never fulfilled, and for
/// groups of which only members are known.
#[async_trait]
pub trait ResourceSource: Debug + Send + Sync + 'static {
    /// The resource as the host has it now, committed changes only; a group with its members. None if it has no such
    /// resource.
    ///
    /// # Errors
    /// Whatever the host's own store says; it is asked again later.
    async fn load(&self, key: &ResourceKey) -> Result<Option<Resource>>;

    /// The ids of the next users or groups that an organization has, at most so many, in an order that does not change,
    /// behind this one. None when there are no more. Asked for by a first [`load`](crate::Dispatcher::load) only.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) by default; whatever the host's own store says.
    async fn list(
        &self,
        organization: &OrganizationId,
        kind: ResourceKind,
        after: Option<&LocalId>,
        most: usize,
    ) -> Result<Vec<LocalId>> {
        let _ = (organization, kind, after, most);
        let message = "this resource source cannot list; implement ResourceSource::list";
        Err(Error::new(ErrorKind::Unsupported, message))
    }
}

macro_rules! forward {
    ($($pointer:ident),+) => {$(
        #[deny(clippy::missing_trait_methods, reason = "a method that is not forwarded would fall back to its default")]
        #[async_trait]
        impl<T: ResourceSource + ?Sized> ResourceSource for $pointer<T> {
            async fn load(&self, key: &ResourceKey) -> Result<Option<Resource>> {
                (**self).load(key).await
            }

            async fn list(
                &self,
                organization: &OrganizationId,
                kind: ResourceKind,
                after: Option<&LocalId>,
                most: usize,
            ) -> Result<Vec<LocalId>> {
                (**self).list(organization, kind, after, most).await
            }
        }
    )+};
}

forward!(Arc, Box);
