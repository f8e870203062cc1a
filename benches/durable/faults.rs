//! Faults at the target [G16, G17, G18].

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use outbound_provisioning::connector::{Attempt, Capabilities, Connector, Lookup, Remote, Update};
use outbound_provisioning::host::TokioRuntime;
use outbound_provisioning::model::{
    Configuration, Connection, Event, LocalId, OrganizationConfiguration, Properties, Provisioner,
    RemoteId, Resource, ResourceKind, User,
};
use outbound_provisioning::store::{MemoryStore, RedbStore};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Effect, Error, ErrorKind, Worker};

use crate::measure::{Folder, Spread, size, workers};
use crate::sample::{ACME, BoxError, Settled};

type Result<T> = outbound_provisioning::Result<T>;

/// A target that goes wrong for some: 5 % 429, 3 % 500, 2 % reset, 1 % lost answers. It keeps what it was told.
#[derive(Clone, Debug, Default)]
struct Flaky(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    faults: bool,
    down: std::sync::atomic::AtomicBool,
    requests: AtomicU64,
    extra: AtomicU64,
    lost: AtomicU64,
    created_twice: AtomicUsize,
    out_of_order: AtomicUsize,
    overlaps: AtomicUsize,
    early: AtomicUsize,
    users: Mutex<HashMap<String, Account>>,
}

#[derive(Debug, Default)]
struct Account {
    sequence: u64,
    there: bool,
    busy: bool,
    /// Not to be asked again before this.
    silent_until: Option<Instant>,
    hit: bool,
}

fn sequence(resource: &Resource) -> u64 {
    match resource {
        Resource::User(user) => {
            user.display_name.as_deref().unwrap_or_default().parse().unwrap_or(0)
        }
        Resource::Group(_) => 0,
    }
}

impl Flaky {
    fn new(faults: bool) -> Self {
        Self(Arc::new(Inner { faults, ..Inner::default() }))
    }

    fn with<T>(&self, id: &str, act: impl FnOnce(&mut Account) -> T) -> T {
        let mut users = self.0.users.lock().unwrap_or_else(PoisonError::into_inner);
        act(users.entry(id.to_owned()).or_default())
    }

    async fn write(&self, id: &str, resource: &Resource, creates: bool) -> Result<Remote> {
        let number = self.0.requests.fetch_add(1, Ordering::Relaxed);
        if self.0.down.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Unavailable, "down").with_effect(Effect::NotSent));
        }
        let early = self.with(id, |account| {
            if std::mem::replace(&mut account.busy, true) {
                self.0.overlaps.fetch_add(1, Ordering::Relaxed);
            }
            account.silent_until.is_some_and(|until| Instant::now() < until)
        });
        self.0.early.fetch_add(usize::from(early), Ordering::Relaxed);
        tokio::task::yield_now().await;
        let fate = if self.0.faults {
            (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % 100
        } else {
            99
        };
        self.with(id, |account| {
            account.busy = false;
            account.hit |= fate < 11;
            match fate {
                0..5 => {
                    let wait = Duration::from_millis(1);
                    account.silent_until = Some(Instant::now() + wait);
                    return Err(Error::new(ErrorKind::RateLimited, "429").with_retry_after(wait));
                }
                5..8 => return Err(Error::new(ErrorKind::Unavailable, "500")),
                8..10 => return Err(Error::new(ErrorKind::Unavailable, "reset")),
                _ => {}
            }
            if creates && std::mem::replace(&mut account.there, true) {
                self.0.created_twice.fetch_add(1, Ordering::Relaxed);
            }
            let sequence = sequence(resource);
            if sequence < account.sequence {
                self.0.out_of_order.fetch_add(1, Ordering::Relaxed);
            }
            account.sequence = sequence;
            if fate == 10 {
                self.0.lost.fetch_add(1, Ordering::Relaxed);
                return Err(Error::new(ErrorKind::Timeout, "lost"));
            }
            Remote::new(id)
        })
    }
}

#[async_trait]
impl Connector for Flaky {
    async fn create(&self, resource: &Resource, _: &Attempt) -> Result<Remote> {
        self.write(resource.local_id().as_str(), resource, true).await
    }

    async fn update(&self, id: &RemoteId, update: &Update<'_>, _: &Attempt) -> Result<Remote> {
        self.write(id.as_str(), update.wanted, false).await
    }

    async fn delete(&self, _: &RemoteId, _: ResourceKind, _: &Attempt) -> Result<()> {
        Ok(())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new().with_find().with_unique_names(ResourceKind::User)
    }

    async fn find(&self, lookup: &Lookup<'_>, _: &Attempt) -> Result<Vec<Remote>> {
        self.0.extra.fetch_add(1, Ordering::Relaxed);
        let id = lookup.external_id.as_str();
        self.with(id, |account| {
            if !account.there {
                return Ok(Vec::new());
            }
            let shown = User::new(LocalId::from(id), id);
            Ok(vec![Remote::new(id)?.showing(shown.into())])
        })
    }
}

fn dispatcher(
    targets: &[(&str, Flaky)],
    store: impl outbound_provisioning::store::Store,
) -> std::result::Result<(Dispatcher, Settled), BoxError> {
    let mut organization = OrganizationConfiguration::new();
    let mut registry = ConnectorRegistry::new();
    for (name, target) in targets {
        let connection = Connection::new(*name).with_connector(*name, Properties::new());
        organization = organization
            .with_connection(*name, connection)
            .with_provisioner(Provisioner::new(*name, *name));
        registry = registry.with_instance(*name, target.clone());
    }
    let settled = Settled::default();
    let configuration = Configuration::new().with_organization(ACME, organization);
    let builder = Dispatcher::builder(configuration, registry)
        .store(store)
        .settle_window(Duration::from_secs(5))
        .runtime(TokioRuntime::current()?)
        .observer(settled.clone());
    Ok((builder.build()?, settled))
}

fn event(user: usize, sequence: usize) -> Event {
    let id = format!("u-{user}");
    Event::user_updated(User::new(id.as_str(), id.as_str()).with_display_name(sequence.to_string()))
        .in_organization(ACME)
}

pub(crate) fn compare() -> std::result::Result<(), BoxError> {
    let (users, updates) = (size(50, 2_000), 10);
    let mut ratios = Vec::new();
    let mut last = None;
    for _ in 0..size(1, 5) {
        let calm = workers()?.block_on(run(&Flaky::new(false), users, updates))?;
        let target = Flaky::new(true);
        ratios.push(calm / workers()?.block_on(run(&target, users, updates))?);
        last = Some(target);
    }
    let Some(Flaky(inner)) = last else { return Ok(()) };
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    println!(
        "5 % 429, 3 % 500, 2 % reset, 1 % lost answers, {users} users, {updates} updates each [G16]"
    );
    println!(
        "  order violations {}, overlaps {}, created twice {}, early retries {}; look-ups {} for {} lost answers and re-checks",
        count(&inner.out_of_order),
        count(&inner.overlaps),
        count(&inner.created_twice),
        count(&inner.early),
        inner.extra.load(Ordering::Relaxed),
        inner.lost.load(Ordering::Relaxed),
    );
    println!(
        "  time until every user that no fault hit is done, without faults / with: {} [G17 >= 0.80]",
        Spread::of(ratios)
    );
    coalesced()
}

/// Seconds until all users that were not hit by a fault have their newest state.
async fn run(target: &Flaky, users: usize, updates: usize) -> std::result::Result<f64, BoxError> {
    let folder = Folder::new()?;
    let store = RedbStore::open(folder.file("faults"))?;
    let (dispatcher, _) = dispatcher(&[("one", target.clone())], store)?;
    let worker = Worker::builder(&dispatcher).build();
    let running = tokio::spawn(async move { worker.run(std::future::pending()).await });
    let start = Instant::now();
    for sequence in 1..=updates {
        let producing = dispatcher.clone();
        crate::measure::timed(64, users, move |user| {
            let dispatcher = producing.clone();
            async move {
                dispatcher.dispatch(event(user, sequence)).await?;
                Ok(())
            }
        })
        .await?;
    }
    let newest = updates as u64;
    loop {
        let open = {
            let accounts = target.0.users.lock().unwrap_or_else(PoisonError::into_inner);
            accounts.len() < users
                || accounts.values().any(|account| !account.hit && account.sequence < newest)
        };
        if !open {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let seconds = start.elapsed().as_secs_f64();
    running.abort();
    Ok(seconds)
}

/// Updates that were queued while the target was down: one request each user when it is back [G18].
fn coalesced() -> std::result::Result<(), BoxError> {
    let (users, updates) = (size(20, 500), 100);
    let target = Flaky::new(false);
    let requests = workers()?.block_on(async {
        let (dispatcher, _) = dispatcher(&[("one", target.clone())], MemoryStore::new())?;
        for sequence in 1..=updates {
            for user in 0..users {
                dispatcher.dispatch(event(user, sequence)).await?;
            }
        }
        Worker::builder(&dispatcher).build().run_once().await?;
        Ok::<_, BoxError>(target.0.requests.load(Ordering::Relaxed))
    })?;
    println!(
        "{updates} updates of each of {users} users queued: requests / users {:.2} [G18 = 1]",
        requests as f64 / users as f64
    );
    Ok(())
}
