//! Builds a dispatcher.

use std::sync::{Arc, Mutex};

use super::dispatcher::Dispatcher;
use super::shared::Shared;
use super::snapshot::{Cache, Snapshots};
use crate::connector::ConnectorRegistry;
use crate::error::Result;
use crate::host::{ConfigurationSource, NoSecrets, Observer, Runtime, SecretSource, Silent};
use crate::store::MemoryStore;

/// Builds a [`Dispatcher`]. Only the configuration and the connectors are needed.
#[derive(Debug)]
#[must_use]
pub struct DispatcherBuilder {
    source: Arc<dyn ConfigurationSource>,
    registry: ConnectorRegistry,
    secrets: Arc<dyn SecretSource>,
    observer: Arc<dyn Observer>,
    runtime: Option<Arc<dyn Runtime>>,
}

impl Dispatcher {
    /// Starts building one. See the [module](crate::dispatch) for an example.
    pub fn builder(
        configuration: impl ConfigurationSource,
        registry: ConnectorRegistry,
    ) -> DispatcherBuilder {
        DispatcherBuilder::new(configuration, registry)
    }
}

impl DispatcherBuilder {
    fn new(source: impl ConfigurationSource, registry: ConnectorRegistry) -> Self {
        Self {
            source: Arc::new(source),
            registry,
            secrets: Arc::new(NoSecrets),
            observer: Arc::new(Silent),
            runtime: None,
        }
    }

    /// With time and tasks: deadlines work, and work goes on when nobody waits for it any more.
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// With a source for references to secrets.
    pub fn secrets(mut self, secrets: impl SecretSource) -> Self {
        self.secrets = Arc::new(secrets);
        self
    }

    /// With somebody who is told what happens.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// The dispatcher. A configuration that is in memory is checked here, whole.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration), with every problem on a line of its own.
    pub fn build(self) -> Result<Dispatcher> {
        let snapshots = Snapshots {
            source: self.source,
            registry: self.registry,
            secrets: self.secrets,
            observer: self.observer,
            has_timer: self.runtime.is_some(),
            cache: Mutex::new(Cache::default()),
        };
        if let Some(document) = snapshots.source.document() {
            snapshots.check_document(&document)?;
            snapshots.seed(&document);
        }
        Ok(Dispatcher::new(Shared {
            snapshots,
            store: MemoryStore::default(),
            runtime: self.runtime,
        }))
    }
}
