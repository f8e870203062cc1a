//! The host's own users and groups, for when an event does not say enough.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::Result;
use crate::model::{Resource, ResourceKey};

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
}

macro_rules! forward {
    ($($pointer:ident),+) => {$(
        #[deny(clippy::missing_trait_methods, reason = "a method that is not forwarded would fall back to its default")]
        #[async_trait]
        impl<T: ResourceSource + ?Sized> ResourceSource for $pointer<T> {
            async fn load(&self, key: &ResourceKey) -> Result<Option<Resource>> {
                (**self).load(key).await
            }
        }
    )+};
}

forward!(Arc, Box);
