//! One process around the production code, in a simulated world: it boots, works, dies and boots again.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use outbound_provisioning::host::{ResourceSource, Runtime};
use outbound_provisioning::model::{
    Configuration, Connection, ConnectorSettings, LaneKey, OrganizationConfiguration, Provisioner,
    Target as At,
};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Worker};

use super::clock::{Clock, lock};
use super::dice::Dice;
use super::store::{Disk, Loss};
use super::target::Target;
use super::weather::{Plan, SETTLE, Weather};

pub(crate) const ACME: &str = "acme";

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) weather: Weather,
    pub(crate) target: Target,
    pub(crate) deaths: u32,
    pub(crate) late: u64,
    pub(crate) disk: Disk,
    loss: Loss,
    provisioner: Provisioner,
    settings: ConnectorSettings,
    resources: Option<Arc<dyn ResourceSource>>,
    process: Option<Dispatcher>,
    with_worker: bool,
}

/// How to set a world up.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) unique: bool,
    pub(crate) plan: Plan,
    pub(crate) loss: Loss,
    pub(crate) provisioner: Provisioner,
    /// What the target is to have, and how.
    pub(crate) settings: ConnectorSettings,
    pub(crate) verbose: bool,
}

pub(crate) fn provisioner() -> Provisioner {
    Provisioner::new("crm", "sim")
}

pub(crate) fn at_target() -> At {
    At::new("crm", "sim")
}

impl World {
    pub(crate) fn new(mut dice: Dice, setting: Setting) -> Self {
        let clock = Clock::new(dice.fork());
        let weather = Weather::new(setting.plan, setting.verbose);
        let target = Target::new(setting.unique, clock.clone(), weather.clone(), dice.fork());
        Self {
            disk: Disk::new(dice.fork()),
            clock,
            weather,
            target,
            deaths: 0,
            late: 0,
            loss: setting.loss,
            provisioner: setting.provisioner,
            settings: setting.settings,
            resources: None,
            process: None,
            with_worker: true,
        }
    }

    pub(crate) fn with_resources(mut self, resources: Arc<dyn ResourceSource>) -> Self {
        self.resources = Some(resources);
        self
    }

    /// The process starts. Again, if it ran before: then what was not synced may be lost.
    pub(crate) fn boot(&mut self) {
        let store = self.disk.open(self.loss, &self.weather, &self.clock);
        let settings = self.settings.clone();
        let configuration = Configuration::new().with_organization(
            ACME,
            OrganizationConfiguration::new()
                .with_connection("crm", Connection::new("CRM").with_connector("sim", settings))
                .with_provisioner(self.provisioner.clone()),
        );
        let registry = ConnectorRegistry::new().with_instance("sim", self.target.clone());
        let settle = Duration::from_millis(u64::try_from(SETTLE).unwrap_or(0));
        let mut builder = Dispatcher::builder(configuration, registry)
            .runtime(self.clock.clone())
            .store(store)
            .settle_window(settle);
        if let Some(resources) = &self.resources {
            builder = builder.resources(Arc::clone(resources));
        }
        let dispatcher = match builder.build() {
            Ok(dispatcher) => dispatcher,
            Err(error) => {
                self.weather.violated(self.clock.millis(), format!("no dispatcher: {error}"));
                return;
            }
        };
        if self.with_worker {
            let worker = Worker::builder(&dispatcher).build();
            self.clock.spawn(Box::pin(async move {
                let _never = worker.run(pending()).await;
            }));
        }
        self.process = Some(dispatcher);
    }

    pub(crate) fn without_worker(mut self) -> Self {
        self.with_worker = false;
        self
    }

    pub(crate) fn dispatcher(&self) -> Option<Dispatcher> {
        self.process.clone()
    }

    /// Runs what can run now. False when the process has died of it.
    pub(crate) fn run(&mut self) -> bool {
        let weather = self.weather.clone();
        if !self.clock.run(|| weather.is_dead()) {
            self.weather
                .violated(self.clock.millis(), "tasks wake each other without any time going by");
            self.kill();
            return false;
        }
        if self.weather.is_dead() {
            self.kill();
            return false;
        }
        true
    }

    /// The process is gone. The store keeps what was synced, and perhaps more.
    pub(crate) fn kill(&mut self) {
        self.weather.note(self.clock.millis(), || "---- the process is dead".to_owned());
        self.deaths += 1;
        self.process = None;
        self.clock.kill();
        self.weather.revive();
    }

    /// When something happens next, if anything ever does.
    pub(crate) fn next(&self) -> Option<i64> {
        let late = lock(&self.target.directory).next_late();
        self.clock.next_timer().into_iter().chain(late).min()
    }

    /// Lets time go by. Late requests take effect on the way.
    pub(crate) fn advance_to(&mut self, at: i64) {
        let landed = lock(&self.target.directory).land(at);
        for (request, taken) in landed {
            self.late += 1;
            self.weather.note(at, || {
                let brief = super::target::brief(&request);
                format!("   LANDS ({}): {brief}", if taken { "done" } else { "refused" })
            });
        }
        self.clock.advance_to(at);
    }

    /// Works until nothing happens for an hour, which is how long an idle worker sleeps. False when that takes longer than this, or the process dies.
    pub(crate) fn settle(&mut self, within: i64) -> bool {
        let end = self.clock.millis() + within;
        loop {
            if !self.run() {
                return false;
            }
            match self.next() {
                Some(next) if next <= self.clock.millis() + 3_599_000 => {
                    if next > end {
                        return false;
                    }
                    self.advance_to(next);
                }
                _ => return true,
            }
        }
    }

    /// Runs one piece of work of a host to its end, as time goes by. None when the process dies of it
    /// first, or the work never ends.
    pub(crate) fn finish<T: Send + 'static>(
        &mut self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let result = Arc::new(std::sync::Mutex::new(None));
        let place = Arc::clone(&result);
        self.clock.spawn(Box::pin(async move {
            let value = work.await;
            *lock(&place) = Some(value);
        }));
        loop {
            let alive = self.run();
            // What the host has heard counts, also when the process dies right after.
            if let Some(value) = lock(&result).take() {
                return Some(value);
            }
            if !alive {
                return None;
            }
            let next = self.next()?;
            self.advance_to(next);
        }
    }

    /// Tries a lane that waits for a person again.
    pub(crate) fn retry(&mut self, lane: LaneKey) {
        let Some(dispatcher) = self.dispatcher() else { return };
        let _tried = self.finish(async move { dispatcher.retry(&lane).await });
    }
}
