//! Where configurations come from.

use std::fmt::Debug;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;

use crate::error::Result;
use crate::model::{Configuration, OrganizationConfiguration, OrganizationId};

/// The configuration of one organization at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Versioned {
    /// Rises with every change; two answers of one version are the same.
    pub version: u64,
    /// The configuration.
    pub configuration: Arc<OrganizationConfiguration>,
}

impl Versioned {
    /// A configuration of this version.
    pub fn new(version: u64, configuration: impl Into<Arc<OrganizationConfiguration>>) -> Self {
        Self { version, configuration: configuration.into() }
    }
}

/// The host's configurations, organization by organization, for hosts with very many of them.
///
/// # Contract
/// 1. [`version`](Self::version) is cheap: it is asked for every event.
/// 2. [`load`](Self::load) answers version and configuration of one moment, never a mixture.
/// 3. An organization without a configuration is not an error: nothing is provisioned for it.
///
/// A new version that is invalid does not replace the last good one; the [`Observer`](super::Observer) is told.
#[async_trait]
pub trait ConfigurationSource: Debug + Send + Sync + 'static {
    /// The newest version of an organization's configuration. Its removal is a change too, and raises the version.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage) when the host cannot tell. The last good configuration then stays.
    async fn version(&self, organization: &OrganizationId) -> Result<u64>;

    /// The newest configuration of an organization.
    ///
    /// # Errors
    /// As for [`version`](Self::version).
    async fn load(&self, organization: &OrganizationId) -> Result<Option<Versioned>>;

    /// The whole configuration, where the source holds it in memory. It is then checked when the dispatcher is built.
    /// Default: none.
    fn document(&self) -> Option<Arc<Configuration>> {
        None
    }
}

/// A configuration in memory that can be replaced while it is in use.
///
/// ```
/// use outbound_provisioning::host::SharedConfiguration;
/// use outbound_provisioning::model::Configuration;
///
/// let shared = SharedConfiguration::new(Configuration::new());
/// let handle = shared.clone(); // clones share the document
/// assert_eq!(handle.replace(Configuration::new()), 2);
/// ```
#[derive(Clone, Debug)]
pub struct SharedConfiguration(Arc<RwLock<(u64, Arc<Configuration>)>>);

impl SharedConfiguration {
    /// Version 1.
    pub fn new(configuration: Configuration) -> Self {
        Self(Arc::new(RwLock::new((1, Arc::new(configuration)))))
    }

    /// Puts another configuration in place and answers its version. Events that are under way keep the old one.
    pub fn replace(&self, configuration: Configuration) -> u64 {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *current = (current.0 + 1, Arc::new(configuration));
        current.0
    }

    fn current(&self) -> (u64, Arc<Configuration>) {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl ConfigurationSource for SharedConfiguration {
    async fn version(&self, _: &OrganizationId) -> Result<u64> {
        Ok(self.current().0)
    }

    async fn load(&self, organization: &OrganizationId) -> Result<Option<Versioned>> {
        let (version, configuration) = self.current();
        Ok(configuration
            .organization(organization)
            .map(|found| Versioned::new(version, found.clone())))
    }

    fn document(&self) -> Option<Arc<Configuration>> {
        Some(self.current().1)
    }
}

/// A document that never changes: version 1 for ever.
#[async_trait]
impl ConfigurationSource for Configuration {
    async fn version(&self, _: &OrganizationId) -> Result<u64> {
        Ok(1)
    }

    async fn load(&self, organization: &OrganizationId) -> Result<Option<Versioned>> {
        Ok(self.organization(organization).map(|found| Versioned::new(1, found.clone())))
    }

    fn document(&self) -> Option<Arc<Configuration>> {
        Some(Arc::new(self.clone()))
    }
}

macro_rules! forward {
    ($($pointer:ident),+) => {$(
        #[deny(clippy::missing_trait_methods, reason = "a method that is not forwarded would fall back to its default")]
        #[async_trait]
        impl<T: ConfigurationSource + ?Sized> ConfigurationSource for $pointer<T> {
            async fn version(&self, organization: &OrganizationId) -> Result<u64> {
                (**self).version(organization).await
            }

            async fn load(&self, organization: &OrganizationId) -> Result<Option<Versioned>> {
                (**self).load(organization).await
            }

            fn document(&self) -> Option<Arc<Configuration>> {
                (**self).document()
            }
        }
    )+};
}

forward!(Arc, Box);
