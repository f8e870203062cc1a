//! An organization with one target, a clock that is moved by hand, and a worker.
#![allow(dead_code, reason = "every user takes only its part")]

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use outbound_provisioning::connector::Connector;
use outbound_provisioning::dispatch::{DispatcherBuilder, LaneState, LaneStatus, Report};
use outbound_provisioning::host::{ConfigurationSource, Observation, Observer, Runtime};
use outbound_provisioning::mock::{Call, ManualRuntime, MockConnector};
use outbound_provisioning::model::{
    Configuration, Connection, Event, LaneKey, OrganizationConfiguration, Properties, Provisioner,
    Resource, ResourceKey, ResourceKind, Target, TargetKey, Timestamp, User,
};
use outbound_provisioning::worker::{Stopped, Worked};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Outcome, Worker};
use tokio::sync::oneshot;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// Virtual time, and dice that always fall the same way.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    pub(crate) manual: ManualRuntime,
    dice: Arc<AtomicU64>,
}

impl Clock {
    /// A pause of 999 ms after a failure.
    pub(crate) fn new() -> Self {
        Self { manual: ManualRuntime::new(), dice: Arc::new(AtomicU64::new(999)) }
    }

    pub(crate) fn throw(&self, dice: u64) {
        self.dice.store(dice, Ordering::Relaxed);
    }

    pub(crate) fn advance(&self, duration: Duration) {
        self.manual.advance(duration);
    }
}

#[async_trait]
impl Runtime for Clock {
    fn now(&self) -> Timestamp {
        self.manual.now()
    }

    fn random(&self) -> u64 {
        self.dice.load(Ordering::Relaxed)
    }

    async fn sleep(&self, duration: Duration) {
        self.manual.sleep(duration).await;
    }

    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.manual.spawn(task);
    }
}

/// One organization that sends to `crm` via `mock`.
pub(crate) fn organization(provisioner: Provisioner) -> OrganizationConfiguration {
    OrganizationConfiguration::new()
        .with_connection("crm", Connection::new("CRM").with_connector("mock", Properties::new()))
        .with_provisioner(provisioner)
}

pub(crate) fn queued() -> OrganizationConfiguration {
    organization(Provisioner::new("crm", "mock"))
}

pub(crate) fn acme(organization: OrganizationConfiguration) -> Configuration {
    Configuration::new().with_organization("acme", organization)
}

pub(crate) struct Host {
    pub(crate) dispatcher: Dispatcher,
    pub(crate) crm: MockConnector,
    pub(crate) clock: Clock,
}

impl Host {
    /// One organization, one target, not blocking.
    pub(crate) fn new() -> Self {
        let crm = MockConnector::new();
        Self::with(crm.clone(), crm, |builder| builder)
    }

    pub(crate) fn with(
        crm: MockConnector,
        connector: impl Connector,
        more: impl FnOnce(DispatcherBuilder) -> DispatcherBuilder,
    ) -> Self {
        let registry = ConnectorRegistry::new().with_instance("mock", connector);
        Self::configured(acme(queued()), registry, crm, more)
    }

    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]
    pub(crate) fn configured(
        configuration: impl ConfigurationSource,
        registry: ConnectorRegistry,
        crm: MockConnector,
        more: impl FnOnce(DispatcherBuilder) -> DispatcherBuilder,
    ) -> Self {
        let clock = Clock::new();
        let builder = Dispatcher::builder(configuration, registry).runtime(clock.clone());
        Self { dispatcher: more(builder).build().unwrap(), crm, clock }
    }

    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]
    pub(crate) async fn report(&self, event: Event) -> Report {
        let event = event.in_organization("acme");
        self.driven(self.dispatcher.dispatch(event).into_future()).await.unwrap()
    }

    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]
    pub(crate) async fn accept(&self, event: Event) -> Outcome {
        self.report(event).await.at("crm", "mock").unwrap().clone()
    }

    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]
    pub(crate) async fn work(&self) -> Worked {
        Worker::builder(&self.dispatcher).build().run_once().await.unwrap()
    }

    /// Accepts it, and delivers everything.
    pub(crate) async fn deliver(&self, event: Event) -> Worked {
        self.accept(event).await;
        self.work().await
    }

    /// Lets time go by, and works on what is due then.
    pub(crate) async fn later(&self, pause: Duration) -> Worked {
        self.clock.advance(pause);
        self.work().await
    }

    pub(crate) fn start(&self) -> Running {
        self.start_worker(Worker::builder(&self.dispatcher).build())
    }

    pub(crate) fn start_worker(&self, worker: Worker) -> Running {
        Running::start(worker, &self.clock)
    }

    /// Waits, and lets tasks run meanwhile.
    pub(crate) async fn driven<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        poll_fn(|context| {
            if let Poll::Ready(result) = future.as_mut().poll(context) {
                return Poll::Ready(result);
            }
            self.clock.manual.run();
            future.as_mut().poll(context)
        })
        .await
    }

    pub(crate) async fn status_of(&self, id: &str) -> LaneStatus {
        self.status(&user_key(id)).await
    }

    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]
    pub(crate) async fn status(&self, key: &ResourceKey) -> LaneStatus {
        self.dispatcher.status(key).await.unwrap().pop().unwrap()
    }

    pub(crate) async fn is_settled(&self, id: &str) -> bool {
        self.status_of(id).await.state == LaneState::Settled
    }
}

/// A worker that runs.
pub(crate) struct Running {
    stop: Option<oneshot::Sender<()>>,
    stopped: Arc<Mutex<Option<Stopped>>>,
    clock: Clock,
}

impl Running {
    #[expect(clippy::unwrap_used, reason = "a test that cannot be set up should stop")]
    pub(crate) fn start(worker: Worker, clock: &Clock) -> Self {
        let (stop, stopping) = oneshot::channel::<()>();
        let stopped = Arc::new(Mutex::new(None));
        let report = Arc::clone(&stopped);
        clock.spawn(Box::pin(async move {
            let shutdown = async {
                stopping.await.unwrap_or_default();
            };
            *report.lock().unwrap() = Some(worker.run(shutdown).await.unwrap());
        }));
        clock.manual.run();
        Self { stop: Some(stop), stopped, clock: clock.clone() }
    }

    /// Tells it to stop; the report, once it has stopped.
    pub(crate) fn stop(&mut self) -> Option<Stopped> {
        drop(self.stop.take());
        self.clock.manual.run();
        self.stopped()
    }

    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    pub(crate) fn stopped(&self) -> Option<Stopped> {
        *self.stopped.lock().unwrap()
    }
}

/// Everything that a host may watch, as text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watcher(Arc<Mutex<Vec<String>>>);

impl Observer for Watcher {
    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    fn observe(&self, observation: &Observation<'_>) {
        self.0.lock().unwrap().push(format!("{observation:?}"));
    }
}

impl Watcher {
    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    pub(crate) fn saw(&self, words: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|seen| seen.contains(words)).count()
    }
}

pub(crate) fn ada() -> User {
    User::new("u-1", "ada")
}

/// The `n`th of many users.
pub(crate) fn nth(number: usize) -> User {
    User::new(format!("u-{number}"), format!("user{number}"))
}

pub(crate) fn target() -> Target {
    Target::new("crm", "mock")
}

pub(crate) fn target_key() -> TargetKey {
    TargetKey::new("acme".into(), target())
}

pub(crate) fn user_key(id: &str) -> ResourceKey {
    ResourceKey::new("acme".into(), ResourceKind::User, id.into())
}

pub(crate) fn group_key(id: &str) -> ResourceKey {
    ResourceKey::new("acme".into(), ResourceKind::Group, id.into())
}

pub(crate) fn lane(resource: ResourceKey) -> LaneKey {
    LaneKey::new(resource, target())
}

pub(crate) fn users(mock: &MockConnector) -> Vec<User> {
    let resources = mock.remote_resources().into_iter();
    let user = |(_, resource)| match resource {
        Resource::User(user) => Some(user),
        Resource::Group(_) => None,
    };
    resources.filter_map(user).collect()
}

/// How many members a group at the target has; none if it is not there.
pub(crate) fn members(mock: &MockConnector, id: &str) -> Option<usize> {
    mock.remote_resources().into_iter().find_map(|(_, resource)| match resource {
        Resource::Group(group) if group.external_id.as_str() == id => Some(group.members.len()),
        _ => None,
    })
}

/// What was called, in words: `create`, `update`, …
pub(crate) fn words(mock: &MockConnector) -> Vec<&'static str> {
    mock.calls().iter().map(word).collect()
}

fn word(call: &Call) -> &'static str {
    match call {
        Call::Create(_) => "create",
        Call::Update(..) => "update",
        Call::Delete(_) => "delete",
        Call::Find(_) => "find",
        Call::ChangeMembers(..) => "change_members",
        _ => "other",
    }
}
