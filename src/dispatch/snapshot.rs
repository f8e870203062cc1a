//! One configuration, checked, with its connectors: an event sees one of these and never a mixture.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::join::guarded;
use super::modes::{self, Served};
use super::passwords;
use crate::connector::{BuildContext, Connector, ConnectorRegistry};
use crate::error::{Error, ErrorKind, Result};
use crate::host::{ConfigurationSource, Observation, Observer, Runtime, SecretSource};
use crate::mapping::Functions;
use crate::model::{Configuration, OrganizationConfiguration, OrganizationId, Problems, Target};
use crate::turnstile::{Turn, Turnstile};

/// Organizations whose configuration is kept at hand. The one unused for longest makes room; it is loaded again when
/// it is needed.
const CACHED_ORGANIZATIONS: usize = 10_000;

/// The configuration of one organization at one moment, with its connectors.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) version: u64,
    pub(super) configuration: Arc<OrganizationConfiguration>,
    connectors: HashMap<Target, Result<Built>>,
}

/// A connector, and whether it was told what is known of its target.
#[derive(Debug)]
struct Built {
    connector: Arc<dyn Connector>,
    told: AtomicBool,
    /// One at a time tells it, so that no request goes out before it knows.
    telling: Turnstile,
}

impl Snapshot {
    /// The connector of a target; an error when it cannot be built or is no longer there.
    pub(super) fn connector(&self, target: &Target) -> Result<Arc<dyn Connector>> {
        self.built(target).map(|built| Arc::clone(&built.connector))
    }

    /// Whether the connector of a target is still to be told what is known of it.
    pub(super) fn is_untold(&self, target: &Target) -> bool {
        self.built(target).is_ok_and(|built| !built.told.load(Ordering::Acquire))
    }

    /// Waits until nobody else tells the connector of a target what is known of it.
    pub(super) async fn tell_alone(&self, target: &Target) -> Result<Turn<'_>> {
        Ok(self.built(target)?.telling.enter().await)
    }

    /// The connector of a target knows what there is to know of it.
    pub(super) fn is_told(&self, target: &Target) {
        if let Ok(built) = self.built(target) {
            built.told.store(true, Ordering::Release);
        }
    }

    fn built(&self, target: &Target) -> Result<&Built> {
        match self.connectors.get(target) {
            Some(built) => built.as_ref().map_err(Clone::clone),
            None => {
                let message = format!(
                    "the connection or connector of {target} is no longer set up; set it up again to finish what is open there"
                );
                Err(Error::new(ErrorKind::Configuration, message))
            }
        }
    }
}

/// Loads, checks and keeps the snapshots of all organizations.
#[derive(Debug)]
pub(super) struct Snapshots {
    pub(super) source: Arc<dyn ConfigurationSource>,
    pub(super) registry: ConnectorRegistry,
    pub(super) secrets: Arc<dyn SecretSource>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) runtime: Option<Arc<dyn Runtime>>,
    pub(super) has_rules: bool,
    pub(super) functions: Functions,
    /// Whether there are keys for passwords.
    pub(super) seals: bool,
    pub(super) cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
pub(super) struct Cache {
    entries: HashMap<OrganizationId, Entry>,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    snapshot: Arc<Snapshot>,
    /// The newest version that was refused, so that it is not read again for every event.
    refused: Option<u64>,
    used: u64,
}

impl Snapshots {
    /// Notes what is wrong with one organization's configuration.
    pub(super) fn check(
        &self,
        organization: &OrganizationConfiguration,
        path: &str,
        problems: &mut Problems,
    ) {
        self.registry.check_organization(organization, path, problems);
        let served = Served { timer: self.runtime.is_some(), rules: self.has_rules };
        modes::check(organization, path, served, problems);
        for (id, connection) in &organization.connections {
            for (name, settings) in &connection.connectors {
                let path = format!("{path}.connections.{id}.connectors.{name}");
                passwords::check(settings.passwords, self.seals, &path, problems);
                let path = format!("{path}.mapping");
                settings.mapping.check_functions(&self.functions, &path, problems);
            }
        }
    }

    /// Tells the observer. One that panics has told whoever reads the panic's message, and breaks nothing else.
    pub(super) fn tell(&self, observation: &Observation<'_>) {
        let _ = guarded(|| self.observer.observe(observation));
    }

    /// Everything that is wrong with a whole document.
    pub(super) fn check_document(&self, document: &Configuration) -> Result<(), Problems> {
        let mut problems = Problems::new();
        for (id, organization) in document.organizations() {
            self.check(organization, &format!("organizations.{id}"), &mut problems);
        }
        problems.or(())
    }

    /// Keeps a document that was checked as the last good one, until it is asked for its version.
    pub(super) fn seed(&self, document: &Configuration) {
        for (id, organization) in document.organizations().take(CACHED_ORGANIZATIONS) {
            self.keep(id, &Arc::new(self.build(id, 0, Arc::new(organization.clone()))));
        }
    }

    /// The snapshot for an event that comes now. An invalid or unreachable new version keeps the last good one, and
    /// the observer is told.
    pub(super) async fn current(&self, organization: &OrganizationId) -> Result<Arc<Snapshot>> {
        let kept = self.cached(organization);
        let version = match (self.source.version(organization).await, kept) {
            (Ok(version), Some((snapshot, refused))) => {
                if version == snapshot.version || refused == Some(version) {
                    return Ok(snapshot);
                }
                version
            }
            (Ok(version), None) => version,
            (Err(error), Some((snapshot, _))) => {
                self.tell(&Observation::ConfigurationUnavailable { organization, error: &error });
                return Ok(snapshot);
            }
            (Err(error), None) => return Err(error),
        };
        match self.load(organization).await {
            Ok(snapshot) => {
                let snapshot = Arc::new(snapshot);
                self.keep(organization, &snapshot);
                Ok(snapshot)
            }
            Err(refusal) => self.keep_last_good(organization, version, refusal),
        }
    }

    /// The newest snapshot that any event has seen.
    pub(super) fn newest(&self, organization: &OrganizationId) -> Option<Arc<Snapshot>> {
        self.cached(organization).map(|(snapshot, _)| snapshot)
    }

    /// Takes the newest configuration into use, or says why not.
    pub(super) async fn refresh(&self, organization: &OrganizationId) -> Result<()> {
        match self.load(organization).await {
            Ok(snapshot) => {
                self.keep(organization, &Arc::new(snapshot));
                Ok(())
            }
            Err(Refusal::Invalid { problems, .. }) => Err(problems.into()),
            Err(Refusal::Unavailable(error)) => Err(error),
        }
    }

    async fn load(&self, organization: &OrganizationId) -> Result<Snapshot, Refusal> {
        let (version, configuration) =
            match self.source.load(organization).await.map_err(Refusal::Unavailable)? {
                Some(loaded) => (loaded.version, loaded.configuration),
                None => (
                    self.source.version(organization).await.map_err(Refusal::Unavailable)?,
                    Arc::default(),
                ),
            };
        let mut problems = Problems::new();
        self.check(&configuration, &format!("organizations.{organization}"), &mut problems);
        problems.or(()).map_err(|problems| Refusal::Invalid { version, problems })?;
        Ok(self.build(organization, version, configuration))
    }

    fn build(
        &self,
        organization: &OrganizationId,
        version: u64,
        configuration: Arc<OrganizationConfiguration>,
    ) -> Snapshot {
        let mut connectors = HashMap::new();
        for (connection, settings) in &configuration.connections {
            for (connector, settings) in &settings.connectors {
                let target = Target::new(connection.clone(), connector.clone());
                let context = BuildContext::new(
                    organization.clone(),
                    target.clone(),
                    version,
                    settings.properties.clone(),
                    Arc::clone(&self.secrets),
                )
                .with_runtime(self.runtime.clone());
                let connector = guarded(|| self.registry.build(&context)).and_then(|built| built);
                let built = connector.map(|connector| Built {
                    connector,
                    told: AtomicBool::new(false),
                    telling: Turnstile::default(),
                });
                connectors.insert(target, built);
            }
        }
        Snapshot { version, configuration, connectors }
    }

    fn keep_last_good(
        &self,
        organization: &OrganizationId,
        version: u64,
        refusal: Refusal,
    ) -> Result<Arc<Snapshot>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = cache.entries.get_mut(organization).map(|entry| {
            if let Refusal::Invalid { .. } = refusal {
                entry.refused = Some(version);
            }
            Arc::clone(&entry.snapshot)
        });
        drop(cache);
        let error = match refusal {
            Refusal::Invalid { version, problems } => {
                self.tell(&Observation::ConfigurationRefused {
                    organization,
                    version,
                    problems: &problems,
                });
                problems.into()
            }
            Refusal::Unavailable(error) => {
                self.tell(&Observation::ConfigurationUnavailable { organization, error: &error });
                error
            }
        };
        kept.ok_or(error)
    }

    fn cached(&self, organization: &OrganizationId) -> Option<(Arc<Snapshot>, Option<u64>)> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.clock += 1;
        let now = cache.clock;
        let entry = cache.entries.get_mut(organization)?;
        entry.used = now;
        Some((Arc::clone(&entry.snapshot), entry.refused))
    }

    fn keep(&self, organization: &OrganizationId, snapshot: &Arc<Snapshot>) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let used = cache.clock;
        if let Some(entry) = cache.entries.get_mut(organization) {
            // Another event may have loaded a newer one meanwhile.
            if entry.snapshot.version <= snapshot.version {
                *entry = Entry { snapshot: Arc::clone(snapshot), refused: None, used };
            }
            return;
        }
        if cache.entries.len() >= CACHED_ORGANIZATIONS {
            let oldest =
                cache.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(id, _)| id.clone());
            oldest.and_then(|id| cache.entries.remove(&id));
        }
        cache.entries.insert(
            organization.clone(),
            Entry { snapshot: Arc::clone(snapshot), refused: None, used },
        );
    }
}

enum Refusal {
    Invalid { version: u64, problems: Problems },
    Unavailable(Error),
}
