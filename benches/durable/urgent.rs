//! Who is to lose access does not wait behind others (P13, P15): how long until the request is sent.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use outbound_provisioning::connector::{Attempt, Connector, Remote, Update};
use outbound_provisioning::host::TokioRuntime;
use outbound_provisioning::model::{
    ApplicationConfiguration, Configuration, Connection, Event, OrganizationConfiguration,
    Properties, Provisioner, RemoteId, Resource, ResourceKind,
};
use outbound_provisioning::store::RedbStore;
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Worker};

use crate::measure::{Folder, size, timed, workers};
use crate::sample::{self, ACME, BoxError};

type Result<T> = outbound_provisioning::Result<T>;

/// A target that answers after a while, or never; and when somebody lost access there.
#[derive(Clone, Debug)]
struct Target {
    latency: Option<Duration>,
    cut_off: Arc<Mutex<Option<Instant>>>,
}

impl Target {
    fn new(latency: Option<Duration>) -> Self {
        Self { latency, cut_off: Arc::default() }
    }

    fn cuts_off(&self) {
        *self.cut_off.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn cut_off(&self) -> Option<Instant> {
        *self.cut_off.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self) {
        match self.latency {
            Some(latency) => tokio::time::sleep(latency).await,
            None => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Connector for Target {
    async fn create(&self, _: &Resource, _: &Attempt) -> Result<Remote> {
        self.answer().await;
        Remote::new("1")
    }

    async fn update(&self, id: &RemoteId, update: &Update<'_>, _: &Attempt) -> Result<Remote> {
        if matches!(update.wanted, Resource::User(user) if !user.active) {
            self.cuts_off();
        }
        self.answer().await;
        Ok(Remote::of(id.clone()))
    }

    async fn delete(&self, _: &RemoteId, _: ResourceKind, _: &Attempt) -> Result<()> {
        self.cuts_off();
        self.answer().await;
        Ok(())
    }
}

fn dispatcher(
    folder: &Folder,
    dead: &Target,
    well: &Target,
) -> std::result::Result<Dispatcher, BoxError> {
    let through =
        |name: &str| ApplicationConfiguration::new().with_provisioner(Provisioner::new(name, name));
    let connected = |name: &str| Connection::new(name).with_connector(name, Properties::new());
    let organization = OrganizationConfiguration::new()
        .with_connection("dead", connected("dead"))
        .with_connection("well", connected("well"))
        .with_application("dead", through("dead"))
        .with_application("well", through("well"));
    let registry = ConnectorRegistry::new()
        .with_instance("dead", dead.clone())
        .with_instance("well", well.clone());
    let configuration = Configuration::new().with_organization(ACME, organization);
    Ok(Dispatcher::builder(configuration, registry)
        .store(RedbStore::open(folder.file("urgent"))?)
        .runtime(TokioRuntime::current()?)
        .build()?)
}

pub(crate) fn compare() -> std::result::Result<(), BoxError> {
    let pending = size(1_000, 100_000);
    workers()?.block_on(async {
        let folder = Folder::new()?;
        let (dead, well) = (Target::new(None), Target::new(Some(Duration::from_millis(5))));
        let dispatcher = dispatcher(&folder, &dead, &well)?;
        let worker = Worker::builder(&dispatcher).build();
        dispatcher.dispatch(sample::created(0).through("well")).await?;
        dispatcher.dispatch(sample::created(1).through("well")).await?;
        worker.run_once().await?;
        let running = tokio::spawn(async move { worker.run(std::future::pending()).await });

        fill(&dispatcher, pending, "dead").await?;
        let start = Instant::now();
        dispatcher.dispatch(Event::user_deleted(sample::local_id(0)).in_organization(ACME)).await?;
        let took = wait(&well, start).await;
        println!(
            "A delete on one connection, with {pending} updates pending on another that is dead: sent after {took:.3} s [<= 1]"
        );

        *well.cut_off.lock().unwrap_or_else(PoisonError::into_inner) = None;
        fill(&dispatcher, pending, "well").await?;
        let start = Instant::now();
        let disabled = sample::user(1).with_active(false);
        dispatcher.dispatch(Event::user_updated(disabled).in_organization(ACME)).await?;
        let took = wait(&well, start).await;
        println!(
            "A disable with {pending} updates pending on its own connection, which is well: sent after {took:.3} s [<= 1]"
        );
        running.abort();
        Ok(())
    })
}

async fn fill(
    dispatcher: &Dispatcher,
    pending: usize,
    application: &'static str,
) -> std::result::Result<(), BoxError> {
    let producing = dispatcher.clone();
    timed(64, pending, move |number| {
        let dispatcher = producing.clone();
        async move {
            dispatcher.dispatch(sample::created(number + 10).through(application)).await?;
            Ok(())
        }
    })
    .await?;
    Ok(())
}

async fn wait(target: &Target, start: Instant) -> f64 {
    loop {
        if let Some(at) = target.cut_off() {
            return at.duration_since(start).as_secs_f64();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
