//! Builds a dispatcher.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::announced::Announced;
use super::dispatcher::Dispatcher;
use super::healths::Healths;
use super::shared::Shared;
use super::snapshot::{Cache, Snapshots};
use super::turns::Turns;
use crate::bell::Bell;
use crate::connector::ConnectorRegistry;
use crate::error::Result;
use crate::host::{
    ConfigurationSource, NoSecrets, Observer, ResourceSource, Runtime, SecretSource, Silent,
};
use crate::mapping::Functions;
use crate::rules::RuleEngine;
use crate::seal::SealingKeys;
use crate::store::{MemoryStore, Store};

/// After so long a request has taken effect, or never will: twice the longest that one is waited for (Δ, P10).
const SETTLE_WINDOW: Duration = Duration::from_secs(60);

/// Builds a [`Dispatcher`]. Only the configuration and the connectors are needed.
#[derive(Debug)]
#[must_use]
pub struct DispatcherBuilder {
    source: Arc<dyn ConfigurationSource>,
    registry: ConnectorRegistry,
    secrets: Arc<dyn SecretSource>,
    observer: Arc<dyn Observer>,
    runtime: Option<Arc<dyn Runtime>>,
    store: Arc<dyn Store>,
    resources: Option<Arc<dyn ResourceSource>>,
    rules: Option<Arc<dyn RuleEngine>>,
    functions: Functions,
    sealing: Option<SealingKeys>,
    settle_window: Duration,
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
            store: Arc::new(MemoryStore::new()),
            resources: None,
            rules: None,
            functions: Functions::new(),
            sealing: None,
            settle_window: SETTLE_WINDOW,
        }
    }

    /// With time and tasks: deadlines work, and work goes on when nobody waits for it any more.
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// With a store, which belongs to this dispatcher alone: another one gets a store of its own, or a clone of this
    /// dispatcher. Default: a [`MemoryStore`], which is lost with the process.
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// With the host's own users and groups, for when an event does not say enough.
    pub fn resources(mut self, resources: impl ResourceSource) -> Self {
        self.resources = Some(Arc::new(resources));
        self
    }

    /// With a rule engine, for provisioners whose [`rules`](crate::model::Provisioner::rules) option is on.
    pub fn rules(mut self, engine: impl RuleEngine) -> Self {
        self.rules = Some(Arc::new(engine));
        self
    }

    /// With functions of the host's own for mappings' expressions.
    pub fn functions(mut self, functions: Functions) -> Self {
        self.functions = functions;
        self
    }

    /// With keys to seal passwords with, from the event that brings one to the target that is given it (P28). What a store
    /// keeps of everything else is the store's to seal.
    pub fn sealing(mut self, keys: SealingKeys) -> Self {
        self.sealing = Some(keys);
        self
    }

    /// With another time after which a request that was sent has taken effect or never will (Δ, P10). Default: 60 s.
    /// At least as long as the longest deadline of a request.
    pub fn settle_window(mut self, window: Duration) -> Self {
        self.settle_window = window;
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
            runtime: self.runtime.clone(),
            has_rules: self.rules.is_some(),
            functions: self.functions.clone(),
            seals: self.sealing.is_some(),
            cache: Mutex::new(Cache::default()),
        };
        if let Some(document) = snapshots.source.document() {
            snapshots.check_document(&document)?;
            snapshots.seed(&document);
        }
        Ok(Dispatcher::new(Shared {
            snapshots,
            store: self.store,
            resources: self.resources,
            rules: self.rules,
            functions: self.functions,
            sealing: self.sealing,
            runtime: self.runtime,
            turns: Turns::default(),
            healths: Healths::default(),
            bell: Bell::default(),
            settle_window: self.settle_window,
            hints: Announced::default(),
        }))
    }
}
