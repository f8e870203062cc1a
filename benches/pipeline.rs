//! The blocking pipeline (event → resolver → SCIM2 connector → `ReqwestClient` → link kept) beside a bare reqwest loop
//! that sends byte for byte the same POST and reads the id out of the answer. Both create the sample user again and
//! again at one server on this machine, which needs a few microseconds a request and runs in a process of its own.
//!
//! ```console
//! $ cargo bench --bench pipeline --features full             # two minutes
//! $ QUICK=1 cargo bench --bench pipeline --features full     # a smoke test of seconds; its figures mean little
//! ```
//!
//! How to read it: only ratios mean anything, and only those of one run. Loop and pipeline take turns; a ratio is the
//! median of the rounds' own ratios, pipeline over loop, with the lowest and highest behind it. Users/s: higher is
//! better, 1 is the loop. CPU per user and memory: lower is better. Nothing is asserted. The aims are in brackets:
//! G1 users/s without latency ≥ 0.95, G2 with 20 ms ≥ 0.97, G3 CPU per user at concurrency 16 ≤ 1.10, G15 requests per
//! operation = the least there can be and connections ≤ concurrency, G23 peak memory at concurrency 64 ≤ 2.0. The
//! in-memory store keeps every user it has created, so memory is also given per user kept.
//!
//! `ROUNDS` and `USERS` (a round, without latency) change its length; `RUNTIME=none` takes the dispatcher's
//! `TokioRuntime` away. `MODE=instructions-…` is for `scripts/instructions`.

mod sample;
mod stub;

use std::hint::black_box;
use std::ops::Range;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use outbound_provisioning::host::TokioRuntime;
use outbound_provisioning::model::{
    Configuration, Connection, ConnectorSettings, Event, Group, Guard, Member,
    OrganizationConfiguration, Properties, Provisioner,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::{NetworkPolicy, ReqwestClient};
use outbound_provisioning::{ConnectorRegistry, Dispatcher};
use reqwest::Client;
use serde::Deserialize;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use sample::{ACME, BoxError, PlainUser};
use stub::{STUB, Stub};

type Result<T, E = BoxError> = std::result::Result<T, E>;

const CONCURRENCIES: [usize; 3] = [1, 16, 64];
const TOKEN: &str = "t0ken-t0ken-t0ken-t0ken";

/// CPU time is counted in steps of 10 ms; below this many a ratio is noise.
const FEWEST_TICKS: f64 = 20.0;

fn main() -> Result<()> {
    if let Ok(latency) = std::env::var(STUB) {
        return stub::serve(Duration::from_millis(latency.parse()?));
    }
    let Ok(mode) = std::env::var("MODE") else {
        return compare();
    };
    let users = setting("USERS", 200);
    match &*mode {
        "instructions-loop" => one_by_one(Kind::Loop, users),
        "instructions-pipeline" => one_by_one(Kind::Pipeline, users),
        "instructions-events" => {
            (0..users).for_each(|number| drop(black_box(sample::created(number))));
            Ok(())
        }
        "instructions-resolve" => idle(users),
        "memory-loop" => memory(Kind::Loop, users),
        "memory-pipeline" => memory(Kind::Pipeline, users),
        _ => Err(format!("MODE={mode} is not known").into()),
    }
}

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The whole comparison.
fn compare() -> Result<()> {
    let quick = std::env::var_os("QUICK").is_some();
    let rounds = setting("ROUNDS", if quick { 3 } else { 5 });
    let users = setting("USERS", if quick { 1_000 } else { 30_000 });
    let runtime = workers()?;

    println!("Pipeline / loop; median of {rounds} rounds (lowest to highest)\n");
    for (latency, goal) in [(0, "G1"), (20, "G2")] {
        let stub = Stub::start(latency)?;
        println!("{latency} ms of server latency [{goal}; CPU: G3; requests, connections: G15]");
        println!(
            "  {:>3}  {:>12} {:>16}  {:<22} {:<22} {:>13} {:>11}",
            "c",
            "loop users/s",
            "pipeline users/s",
            "users/s ratio",
            "CPU per user ratio",
            "requests/user",
            "connections"
        );
        for concurrency in CONCURRENCIES {
            let users = match latency {
                0 => users,
                _ => concurrency * if quick { 4 } else { 50 },
            };
            compare_at(&runtime, &stub, concurrency, users, rounds)?;
        }
        println!();
    }
    operations(&runtime, &Stub::start(0)?)?;
    memories(if quick { 500 } else { 2_000 })
}

fn compare_at(
    runtime: &Runtime,
    stub: &Stub,
    concurrency: usize,
    users: usize,
    rounds: usize,
) -> Result<()> {
    let (mut loops, mut pipelines) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        loops.push(runtime.block_on(round(Kind::Loop, stub, concurrency, users))?);
        pipelines.push(runtime.block_on(round(Kind::Pipeline, stub, concurrency, users))?);
    }
    let speed = |rounds: &[Round]| {
        Spread::of(rounds.iter().map(|round| users as f64 / round.seconds)).median
    };
    let both = || loops.iter().zip(&pipelines);
    let faster = Spread::of(both().map(|(bare, ours)| bare.seconds / ours.seconds));
    let cpu = match both().all(|(bare, _)| bare.ticks >= FEWEST_TICKS) {
        true => Spread::of(both().map(|(bare, ours)| ours.ticks / bare.ticks)).to_string(),
        false => "too little to count".to_owned(),
    };
    let requests = Spread::of(pipelines.iter().map(|round| round.requests));
    let connections = Spread::of(pipelines.iter().map(|round| round.connections));
    println!(
        "  {concurrency:>3}  {:>12.0} {:>16.0}  {faster:<22} {cpu:<22} {:>13.2} {:>11.2}",
        speed(&loops),
        speed(&pipelines),
        requests.median,
        connections.median
    );
    let bytes = |rounds: &[Round]| Spread::of(rounds.iter().map(|round| round.bytes)).median;
    if bytes(&loops) != bytes(&pipelines) {
        println!(
            "       not the same request: {} bytes and {} bytes",
            bytes(&loops),
            bytes(&pipelines)
        );
    }
    Ok(())
}

/// One side at one concurrency, once.
struct Round {
    seconds: f64,
    ticks: f64,
    /// Per user.
    requests: f64,
    /// Per user.
    bytes: f64,
    /// Per concurrent user.
    connections: f64,
}

async fn round(kind: Kind, stub: &Stub, concurrency: usize, users: usize) -> Result<Round> {
    let unconnected = stub.seen()?;
    let side = kind.side(&stub.base_url())?;
    let warm = concurrency + users / 20;
    create_all(&side, concurrency, 0..warm).await?;
    let (seen, ticks, start) = (stub.seen()?, ticks()?, Instant::now());
    create_all(&side, concurrency, warm..warm + users).await?;
    let seconds = start.elapsed().as_secs_f64();
    let (ticks, later) = (self::ticks()? - ticks, stub.seen()?);
    Ok(Round {
        seconds,
        ticks,
        requests: (later.requests - seen.requests) as f64 / users as f64,
        bytes: (later.bytes - seen.bytes) as f64 / users as f64,
        connections: (later.connections - unconnected.connections) as f64 / concurrency as f64,
    })
}

/// Creates these users, so many at once.
async fn create_all(side: &Arc<Side>, concurrency: usize, numbers: Range<usize>) -> Result<()> {
    let next = Arc::new(AtomicUsize::new(numbers.start));
    let mut tasks = JoinSet::new();
    for _ in 0..concurrency {
        let (side, next, end) = (Arc::clone(side), Arc::clone(&next), numbers.end);
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= end {
                    return Ok::<(), BoxError>(());
                }
                side.create(number).await?;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Kind {
    Loop,
    Pipeline,
}

/// What is compared.
enum Side {
    Loop { client: Client, url: String, token: HeaderValue },
    Pipeline(Dispatcher),
}

impl Kind {
    /// A new one, without a connection yet. Called inside of a tokio runtime.
    fn side(self, base_url: &str) -> Result<Arc<Side>> {
        Ok(Arc::new(match self {
            Self::Loop => Side::Loop {
                client: bare_client()?,
                url: format!("{base_url}/Users"),
                token: HeaderValue::from_str(&format!("Bearer {TOKEN}"))?,
            },
            Self::Pipeline => Side::Pipeline(dispatcher(base_url)?),
        }))
    }
}

impl Side {
    async fn create(&self, number: usize) -> Result<()> {
        match self {
            Self::Loop { client, url, token } => {
                #[derive(Deserialize)]
                struct Created {
                    id: String,
                }
                let request = client
                    .post(url)
                    .header(
                        ACCEPT,
                        HeaderValue::from_static("application/scim+json, application/json"),
                    )
                    .header(CONTENT_TYPE, HeaderValue::from_static("application/scim+json"))
                    .header(AUTHORIZATION, token.clone())
                    .body(serde_json::to_vec(&PlainUser::new(number))?);
                let answer = request.send().await?.error_for_status()?.bytes().await?;
                let created: Created = serde_json::from_slice(&answer)?;
                black_box(created.id);
                Ok(())
            }
            Self::Pipeline(dispatcher) => deliver(dispatcher, sample::created(number)).await,
        }
    }
}

fn bare_client() -> Result<Client> {
    // The same TLS set-up as the library's costs nothing here: plain HTTP is spoken.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let name = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    Ok(Client::builder().tls_backend_preconfigured(tls).user_agent(name).build()?)
}

fn dispatcher(base_url: &str) -> Result<Dispatcher> {
    let properties = Properties::new()
        .with("base_url", base_url)
        .with("authentication", "bearer")
        .with("token", TOKEN);
    let organization = OrganizationConfiguration::new()
        .with_connection("hr", Connection::new("HR").with_connector("scim2", unguarded(properties)))
        .with_provisioner(Provisioner::new("hr", "scim2").blocking());
    let client = ReqwestClient::new(NetworkPolicy::new().allow_loopback())?;
    let registry = ConnectorRegistry::new().with(Scim2Factory::new(client));
    let builder =
        Dispatcher::builder(Configuration::new().with_organization(ACME, organization), registry);
    Ok(match std::env::var("RUNTIME").as_deref() {
        Ok("none") => builder.build()?,
        _ => builder.runtime(TokioRuntime::current()?).build()?,
    })
}

async fn deliver(dispatcher: &Dispatcher, event: Event) -> Result<()> {
    let report = dispatcher.dispatch(event).await?;
    match report.deliveries.iter().all(|delivery| delivery.outcome.is_done()) {
        true => Ok(()),
        false => Err(format!("not delivered: {report:?}").into()),
    }
}

/// Requests per operation, against the least there can be [G15].
fn operations(runtime: &Runtime, stub: &Stub) -> Result<()> {
    let changed = || (0..200).map(|number| sample::user(number).with_display_name("Ada King"));
    // Nobody who is deleted is in a group, so that no group changes with them.
    let members = || (100..200).map(|number| Member::user(sample::local_id(number)));
    let peopled = members().fold(Group::new("g-2", "Analysts"), Group::with_member);
    let steps: [(&str, u64, Vec<Event>); 8] = [
        ("create a user", 1, (0..200).map(sample::user).map(Event::user_created).collect()),
        ("update a user", 1, changed().map(Event::user_updated).collect()),
        ("update a user with nothing new", 0, changed().map(Event::user_updated).collect()),
        ("create a group", 1, vec![Event::group_created(Group::new("g-1", "Staff"))]),
        ("create a group with 100 members", 1, vec![Event::group_created(peopled)]),
        ("add 100 members to a group", 1, vec![Event::members_changed("g-1", members(), [])]),
        ("remove 100 members from a group", 1, vec![Event::members_changed("g-1", [], members())]),
        ("delete a user", 1, (0..100).map(sample::local_id).map(Event::user_deleted).collect()),
    ];
    println!("Requests per operation [G15]: pipeline, and the least there can be");
    runtime.block_on(async {
        let dispatcher = dispatcher(&stub.base_url())?;
        for (name, least, events) in steps {
            let (before, many) = (stub.seen()?.requests, events.len());
            for event in events {
                deliver(&dispatcher, event.in_organization(ACME)).await?;
            }
            let requests = (stub.seen()?.requests - before) as f64 / many as f64;
            println!("  {name:<32} {requests:>5.2} {least:>3}");
        }
        println!();
        Ok(())
    })
}

/// Peak memory of either side, each in a process of its own [G23].
fn memories(users: usize) -> Result<()> {
    let peak = |mode: &str, users: usize| -> Result<f64> {
        let output = Command::new(std::env::current_exe()?)
            .env("MODE", mode)
            .env("USERS", users.to_string())
            .output()?;
        Ok(String::from_utf8(output.stdout)?.trim().parse()?)
    };
    let mut ratios = Vec::new();
    let mut kept = Vec::new();
    for _ in 0..5 {
        let (bare, ours) = (peak("memory-loop", users)?, peak("memory-pipeline", users)?);
        ratios.push(ours / bare);
        kept.push((peak("memory-pipeline", users * 11)? - ours) * 1024.0 / (users * 10) as f64);
    }
    println!("Peak memory at c = 64 [G23], {users} users: {}", Spread::of(ratios));
    println!(
        "  bytes for each further user that the in-memory store keeps: {:.0}",
        Spread::of(kept).median
    );
    Ok(())
}

/// Prints the peak memory of one side in KiB.
fn memory(kind: Kind, users: usize) -> Result<()> {
    let stub = Stub::start(0)?;
    workers()?.block_on(async {
        let side = kind.side(&stub.base_url())?;
        create_all(&side, 64, 0..users).await
    })?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!(
        "{}",
        peak.and_then(|line| line.split_whitespace().next())
            .ok_or("no VmHWM in /proc/self/status")?
    );
    Ok(())
}

/// Creates users one after the other on one thread: for counting instructions.
fn one_by_one(kind: Kind, users: usize) -> Result<()> {
    let stub = Stub::start(0)?;
    one_thread()?.block_on(async {
        let side = kind.side(&stub.base_url())?;
        for number in 0..users {
            side.create(number).await?;
        }
        // What is kept is not taken down after every user.
        std::mem::forget(side);
        Ok(())
    })
}

/// Dispatches to three of 1,000 connections that do nothing: for counting instructions.
fn idle(users: usize) -> Result<()> {
    let dispatcher = sample::idle_dispatcher(1_000, [0, 500, 999])?;
    one_thread()?.block_on(async {
        for number in 0..users {
            deliver(&dispatcher, sample::created(number)).await?;
        }
        std::mem::forget(dispatcher);
        Ok(())
    })
}

fn workers() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

fn one_thread() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// CPU time of this process so far, in steps of the system's clock.
fn ticks() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name in brackets may hold blanks; user and system time are the 12th and 13th field after it.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let times: Vec<f64> = fields.skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(times.iter().sum())
}

/// The middle one of several figures, the lowest and the highest.
struct Spread {
    median: f64,
    lowest: f64,
    highest: f64,
}

impl Spread {
    fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let at = |place: usize| figures.get(place).copied().unwrap_or(f64::NAN);
        Self {
            median: f64::midpoint(at((figures.len().max(1) - 1) / 2), at(figures.len() / 2)),
            lowest: at(0),
            highest: at(figures.len().max(1) - 1),
        }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{:.2} ({:.2} to {:.2})", self.median, self.lowest, self.highest))
    }
}

/// It creates and deletes by the hundred, and no person is there to allow it.
fn unguarded(properties: Properties) -> ConnectorSettings {
    ConnectorSettings::from(properties).with_guard(Guard::new(u32::MAX, 100))
}
