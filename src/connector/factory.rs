//! What names a connector, describes its settings to a form, and builds it.

use std::fmt::Debug;
use std::sync::Arc;

use super::contract::Connector;
use crate::error::Result;
use crate::host::{Runtime, SecretSource};
use crate::model::mapping::TargetSchema;
use crate::model::{OrganizationId, Problems, Properties, PropertySpec, Target};

/// Builds connectors of one kind.
///
/// # Contract
/// 1. `name`, `properties` and `schemas` never change.
/// 2. `check` notes every problem of the settings, without any I/O.
/// 3. `build` does no I/O either: a target that is down must not keep the configuration from loading.
pub trait ConnectorFactory: Debug + Send + Sync + 'static {
    /// The name under which administrators pick it, for example `scim2`.
    fn name(&self) -> &str;

    /// Its settings, for an admin form and for validation. The names that
    /// [`ConnectorSettings::form`](crate::model::ConnectorSettings::form) has are taken.
    fn properties(&self) -> &[PropertySpec];

    /// Notes what is wrong with the settings beyond what [`properties`](Self::properties) can say, such as two
    /// settings that contradict each other. Default: nothing.
    fn check(&self, properties: &Properties, path: &str, problems: &mut Problems) {
        let _ = (properties, path, problems);
    }

    /// The attributes that its targets take, for an admin form and for the check of a
    /// [`Mapping`](crate::model::mapping::Mapping); at most one of each kind of resource. Default: none, and then any
    /// attribute may be named.
    fn schemas(&self) -> Vec<TargetSchema> {
        Vec::new()
    }

    /// A connector with these settings.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) when the settings do not do.
    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Connector>>;
}

/// What a connector is built from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BuildContext {
    /// Whose connection.
    pub organization: OrganizationId,
    /// Which connection, by which connector.
    pub target: Target,
    /// The version of the configuration it is built from. Tokens are cached per generation.
    pub generation: u64,
    /// The settings, checked.
    pub properties: Properties,
    /// Resolves references to secrets, when they are needed and not before.
    pub secrets: Arc<dyn SecretSource>,
    /// The clock for what ages: tokens, budgets, what was learnt. None: the machine's.
    pub runtime: Option<Arc<dyn Runtime>>,
}

impl BuildContext {
    /// A context.
    pub fn new(
        organization: OrganizationId,
        target: Target,
        generation: u64,
        properties: Properties,
        secrets: Arc<dyn SecretSource>,
    ) -> Self {
        Self { organization, target, generation, properties, secrets, runtime: None }
    }

    /// The same context with the host's clock.
    #[must_use]
    pub fn with_runtime(mut self, runtime: Option<Arc<dyn Runtime>>) -> Self {
        self.runtime = runtime;
        self
    }
}

macro_rules! forward {
    ($($pointer:ident),+) => {$(
        #[deny(clippy::missing_trait_methods, reason = "a method that is not forwarded would fall back to its default")]
        impl<T: ConnectorFactory + ?Sized> ConnectorFactory for $pointer<T> {
            fn name(&self) -> &str {
                (**self).name()
            }

            fn properties(&self) -> &[PropertySpec] {
                (**self).properties()
            }

            fn check(&self, properties: &Properties, path: &str, problems: &mut Problems) {
                (**self).check(properties, path, problems);
            }

            fn schemas(&self) -> Vec<TargetSchema> {
                (**self).schemas()
            }

            fn build(&self, context: &BuildContext) -> Result<Arc<dyn Connector>> {
                (**self).build(context)
            }
        }
    )+};
}

forward!(Arc, Box);
