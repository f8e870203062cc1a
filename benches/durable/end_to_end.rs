//! From the event to the target and back into the store [G10, G11].

use std::num::NonZeroUsize;

use outbound_provisioning::host::TokioRuntime;
use outbound_provisioning::model::{
    Configuration, Connection, ConnectorSettings, Guard, OrganizationConfiguration, Properties,
    Provisioner,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::store::{MemoryStore, RedbStore, Store};
use outbound_provisioning::transport::{NetworkPolicy, ReqwestClient};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Worker};

use crate::enqueue::accept;
use crate::floors::Floor;
use crate::measure::{Folder, Spread, cpu, size, timed, workers};
use crate::sample::{self, ACME, BoxError, Settled};
use crate::stub::Stub;

/// A no-op target: what the library itself costs, beside a plain group commit [G11].
pub(crate) fn compare() -> Result<(), BoxError> {
    println!(
        "Durable, end to end, no-op connector, 64 producers; ours / plain redb group commit [G11]"
    );
    let events = size(2_000, 20_000);
    let mut ratios = Vec::new();
    for _ in 0..size(1, 5) {
        let folder = Folder::new()?;
        let (floor, ours) = workers()?.block_on(async {
            let floor = Floor::redb(&folder.file("floor"))?;
            let floor = timed(64, events, move |number| {
                let floor = floor.clone();
                async move {
                    let user = serde_json::to_vec(&sample::user(number))?;
                    floor.enqueue(sample::local_id(number), user).await
                }
            })
            .await?;
            let store = RedbStore::open(folder.file("ours"))?;
            let (dispatcher, settled) = sample::queued_dispatcher(store, sample::Noop)?;
            let ours = through(&dispatcher, &settled, events).await?;
            Ok::<_, BoxError>((floor, ours))
        })?;
        println!("  floor {:>8.0}/s  ours {:>8.0}/s", events as f64 / floor, events as f64 / ours);
        ratios.push(floor / ours);
    }
    println!("  ratio {}", Spread::of(ratios));
    Ok(())
}

/// Seconds until so many events are accepted and delivered.
async fn through(
    dispatcher: &Dispatcher,
    settled: &Settled,
    events: usize,
) -> Result<f64, BoxError> {
    let start = std::time::Instant::now();
    let mut work = Vec::new();
    for _ in 0..2 {
        let half = NonZeroUsize::new(32).unwrap_or(NonZeroUsize::MIN);
        let builder = Worker::builder(dispatcher);
        let worker = builder.in_flight(half).in_flight_per_target(half).build();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = tokio::spawn(async move { worker.run(async { drop(stopped.await) }).await });
        work.push((stop, running));
    }
    let producing = dispatcher.clone();
    timed(64, events, move |number| {
        let dispatcher = producing.clone();
        async move { accept(&dispatcher, number).await }
    })
    .await?;
    while settled.so_far() < events {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let seconds = start.elapsed().as_secs_f64();
    for (stop, running) in work {
        drop(stop);
        running.await??;
    }
    Ok(seconds)
}

/// The durable pipeline over HTTP, beside the blocking one in memory [G10].
pub(crate) fn pipelines() -> Result<(), BoxError> {
    println!(
        "Durable pipeline / blocking pipeline, c = 64 [G10: >= 0.5 at 0 ms, >= 0.95 at 20 ms, CPU <= 2]"
    );
    for latency in [0, 20] {
        let stub = Stub::start(latency)?;
        let users = if latency == 0 { size(1_000, 20_000) } else { size(500, 12_000) };
        let (mut speeds, mut cpus) = (Vec::new(), Vec::new());
        for _ in 0..size(1, 5) {
            let folder = Folder::new()?;
            let (blocking, durable) = workers()?.block_on(async {
                let (dispatcher, _) = over_http(&stub, MemoryStore::new(), true)?;
                let before = cpu()?;
                let seconds = timed(64, users, move |number| {
                    let dispatcher = dispatcher.clone();
                    async move {
                        let report = dispatcher.dispatch(sample::created(number)).await?;
                        let done = report.deliveries.iter().all(|it| it.outcome.is_done());
                        if done { Ok(()) } else { Err(format!("{report:?}").into()) }
                    }
                })
                .await?;
                let blocking = (seconds, cpu()? - before);
                let store = RedbStore::open(folder.file("durable"))?;
                let (dispatcher, settled) = over_http(&stub, store, false)?;
                let before = cpu()?;
                let seconds = through(&dispatcher, &settled, users).await?;
                Ok::<_, BoxError>((blocking, (seconds, cpu()? - before)))
            })?;
            speeds.push(blocking.0 / durable.0);
            cpus.push(durable.1 / blocking.1);
        }
        println!(
            "  {latency:>2} ms  users/s {:<24} CPU {:<24}",
            Spread::of(speeds).to_string(),
            Spread::of(cpus).to_string()
        );
    }
    Ok(())
}

fn over_http(
    stub: &Stub,
    store: impl Store,
    blocking: bool,
) -> Result<(Dispatcher, Settled), BoxError> {
    let properties = Properties::new()
        .with("base_url", stub.base_url())
        .with("authentication", "bearer")
        .with("token", "t0ken");
    let provisioner = Provisioner::new("hr", "scim2");
    let organization = OrganizationConfiguration::new()
        .with_connection("hr", Connection::new("HR").with_connector("scim2", unguarded(properties)))
        .with_provisioner(if blocking { provisioner.blocking() } else { provisioner });
    let client = ReqwestClient::new(NetworkPolicy::new().allow_loopback())?;
    let registry = ConnectorRegistry::new().with(Scim2Factory::new(client));
    let configuration = Configuration::new().with_organization(ACME, organization);
    let settled = Settled::default();
    let builder = Dispatcher::builder(configuration, registry).store(store);
    let builder = builder.runtime(TokioRuntime::current()?).observer(settled.clone());
    Ok((builder.build()?, settled))
}

/// It creates and deletes by the hundred, and no person is there to allow it.
fn unguarded(properties: Properties) -> ConnectorSettings {
    ConnectorSettings::from(properties).with_guard(Guard::new(u32::MAX, 100))
}
