//! The connectors a host offers, by name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::contract::Connector;
use super::factory::{BuildContext, ConnectorFactory};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Configuration, ConnectorName, ConnectorSettings, FormField, FormSection,
    OrganizationConfiguration, Problems, Properties, PropertySpec, document,
};

/// The connectors that administrators can pick. There is no global one: each dispatcher gets its own.
///
/// ```
/// # #[cfg(feature = "mock")] {
/// use outbound_provisioning::{ConnectorRegistry, mock::MockConnector};
///
/// let registry = ConnectorRegistry::new().with_instance("mock", MockConnector::new());
/// assert_eq!(registry.names().collect::<Vec<_>>(), ["mock"]);
/// # }
/// ```
#[derive(Clone, Default)]
pub struct ConnectorRegistry(BTreeMap<ConnectorName, Arc<dyn ConnectorFactory>>);

impl ConnectorRegistry {
    /// No connector.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same registry with this factory in place of any of that name.
    #[must_use]
    pub fn with(mut self, factory: impl ConnectorFactory) -> Self {
        self.0.insert(factory.name().into(), Arc::new(factory));
        self
    }

    /// The same registry with a connector that a function builds. It takes any settings; write a
    /// [`ConnectorFactory`] to have them described and checked.
    #[must_use]
    pub fn with_fn<C, F>(self, name: impl Into<String>, build: F) -> Self
    where
        C: Connector,
        F: Fn(&BuildContext) -> Result<C> + Send + Sync + 'static,
    {
        self.with(FnFactory { name: name.into(), build: move |context: &BuildContext| Ok(Arc::new(build(context)?) as Arc<dyn Connector>) })
    }

    /// The same registry with one ready connector for every connection.
    #[must_use]
    pub fn with_instance(self, name: impl Into<String>, connector: impl Connector) -> Self {
        let connector: Arc<dyn Connector> = Arc::new(connector);
        self.with(FnFactory {
            name: name.into(),
            build: move |_: &BuildContext| Ok(Arc::clone(&connector)),
        })
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(ConnectorName::as_str)
    }

    /// One factory.
    pub fn factory(&self, name: &ConnectorName) -> Option<&dyn ConnectorFactory> {
        self.0.get(name).map(|factory| &**factory)
    }

    /// What can be set for a connector, as a form shows it: its own properties, and the parts that every connector has.
    /// None where no connector of this name is registered.
    ///
    /// The attributes that a mapping can name are the factory's [`schemas`](ConnectorFactory::schemas), the functions
    /// of its expressions [`Expression::functions`](crate::model::mapping::Expression::functions). What is wrong with
    /// what was typed is told by [`Configuration::from_json`] and [`check`](Self::check).
    pub fn form(&self, name: &ConnectorName) -> Option<Vec<FormSection>> {
        let mut specs: Vec<&PropertySpec> = self.factory(name)?.properties().iter().collect();
        specs.sort_by_key(|spec| spec.order);
        let own = FormSection::new(name.as_str(), "How the target is reached")
            .with(specs.into_iter().map(FormField::from));
        Some([own].into_iter().chain(ConnectorSettings::form()).collect())
    }

    /// Everything that is wrong with a configuration, at once: what [`OrganizationConfiguration::check`] finds,
    /// connectors nobody registered, settings that their connector does not take, and mappings that make attributes its
    /// targets do not have.
    ///
    /// # Errors
    /// [`Problems`], each with its path.
    pub fn check(&self, configuration: &Configuration) -> Result<(), Problems> {
        let mut problems = Problems::new();
        for (id, organization) in configuration.organizations() {
            self.check_organization(organization, &format!("organizations.{id}"), &mut problems);
        }
        problems.or(())
    }

    /// The same for one organization.
    pub fn check_organization(
        &self,
        organization: &OrganizationConfiguration,
        path: &str,
        problems: &mut Problems,
    ) {
        organization.check(path, problems);
        for (id, connection) in &organization.connections {
            for (name, settings) in &connection.connectors {
                let path = format!("{path}.connections.{id}.connectors.{name}");
                if let Some(factory) =
                    self.factory(name).filter(|_| !settings.mapping.is_identity())
                {
                    for schema in factory.schemas() {
                        settings.mapping.check(&schema, &format!("{path}.mapping"), problems);
                    }
                }
                match self.factory(name) {
                    Some(factory) if factory.properties().is_empty() => {
                        factory.check(&settings.properties, &path, problems);
                    }
                    Some(factory) => {
                        settings.properties.check(factory.properties(), &path, problems);
                        factory.check(&settings.properties, &path, problems);
                    }
                    None => {
                        problems.note_unknown_name(
                            path,
                            "connector registered",
                            name.as_str(),
                            self.names().collect::<Vec<_>>(),
                        );
                    }
                }
            }
        }
    }

    /// The document of a configuration, to be kept in a file or shown: secrets as references, never in clear.
    ///
    /// # Errors
    /// [`Problems`]: what [`check`](Self::check) finds, since a setting that is wrong may hold a secret where none
    /// belongs; a secret that is not a reference; a setting that nobody describes.
    pub fn save(&self, configuration: &Configuration) -> Result<Value, Problems> {
        let specs = |name: &_| self.factory(name).map(ConnectorFactory::properties);
        let document = document(configuration, specs)?;
        self.check(configuration).map(|()| document)
    }

    /// A connector for a connection.
    pub(crate) fn build(&self, context: &BuildContext) -> Result<Arc<dyn Connector>> {
        match self.factory(&context.target.connector) {
            Some(factory) => factory.build(context),
            None => Err(Error::new(
                ErrorKind::Configuration,
                format!(
                    "no connector `{}` is registered; register it or pick another",
                    context.target.connector
                ),
            )),
        }
    }
}

impl fmt::Debug for ConnectorRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectorRegistry({:?})", self.names().collect::<Vec<_>>())
    }
}

struct FnFactory<F> {
    name: String,
    build: F,
}

impl<F> fmt::Debug for FnFactory<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FnFactory({})", self.name)
    }
}

impl<F> ConnectorFactory for FnFactory<F>
where
    F: Fn(&BuildContext) -> Result<Arc<dyn Connector>> + Send + Sync + 'static,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn properties(&self) -> &[PropertySpec] {
        &[]
    }

    fn check(&self, _: &Properties, _: &str, _: &mut Problems) {}

    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Connector>> {
        (self.build)(context)
    }
}
