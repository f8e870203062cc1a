//! Load: many users are created, changed and deleted at a SCIM 2.0 target, through event, store, worker and connector.
//!
//! ```text
//! cargo run --release --example load --features full -- \
//!     --base-url http://127.0.0.1:8080/scim/v2 --users 20000 --updates 20000 --deletes 5000 --concurrency 16 \
//!     --store load.redb
//! ```
//!
//! It may be killed at any moment and continues with `--resume` and the same numbers. Without arguments it shows itself
//! with a few users at a target embedded in this process.
//!
//! **How it knows where it was.** The script follows from the numbers alone, and every event of a user gets the next
//! number of that user, from 1, in the commit that accepts it. So the store itself says how many events of each user
//! were accepted, exactly: nothing is repeated, and there is no record of progress beside it that could differ.

mod arguments;
mod machine;
mod script;
mod tally;

use std::error::Error;
use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use outbound_provisioning::conformance::Scim2Target;
use outbound_provisioning::host::TokioRuntime;
use outbound_provisioning::model::{
    Configuration, Connection, ConnectorSettings, Guard, OrganizationConfiguration, Properties,
    Provisioner, Timestamp,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::store::{LaneQuery, RedbStore, Store, Which};
use outbound_provisioning::transport::{HttpClient, NetworkPolicy, ReqwestClient};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Worker};
use tokio::task::JoinSet;
use url::{Host, Url};

use arguments::{Arguments, Parsed, USAGE};
use script::{ACME, Script};
use tally::{Counted, Tally};

type BoxError = Box<dyn Error + Send + Sync>;
type Result<T, E = BoxError> = std::result::Result<T, E>;

/// The longest that a request may take, and with it the time after which one has taken effect or never will.
const DEADLINE: Duration = Duration::from_secs(30);
/// Tasks that dispatch: many wait for one sync of the store.
const DISPATCHING: usize = 64;
/// From so many requests at once on, two workers share them.
const TWO_WORKERS: usize = 16;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    match Arguments::parse(std::env::args().skip(1)) {
        Parsed::Load(arguments) => {
            let url = Url::parse(&arguments.base_url)?;
            let mut policy = NetworkPolicy::new().with_timeouts(Duration::from_secs(5), DEADLINE);
            if is_loopback(&url) {
                policy = policy.allow_loopback();
            }
            let is_there = arguments.store.exists();
            if is_there && !arguments.resume {
                return Err(
                    "the store is there already; continue it with --resume, or name another file"
                        .into(),
                );
            }
            if !is_there && arguments.resume {
                return Err("there is no such store to resume".into());
            }
            load(&arguments, ReqwestClient::new(policy)?).await
        }
        Parsed::Demonstration => demonstrate().await,
        Parsed::Wrong(complaint) => {
            eprintln!("{complaint}\n{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// A few users, at a target in this process.
async fn demonstrate() -> Result<ExitCode> {
    println!("A demonstration at a target embedded in this process; for a real one:\n{USAGE}\n");
    let folder = std::env::temp_dir().join(format!("load-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let arguments = Arguments::small(folder.join("load.redb"));
    let target = Scim2Target::new();
    let ended = load(&arguments, target.clone()).await;
    std::fs::remove_dir_all(&folder)?;
    println!("accounts at the target   {}", target.users().len());
    if target.users().len() != arguments.users - arguments.deletes {
        return Err("the target has another number of accounts than it should".into());
    }
    ended
}

async fn load(arguments: &Arguments, client: impl HttpClient) -> Result<ExitCode> {
    let script = Script::new(arguments.users, arguments.updates, arguments.deletes);
    let tally = Arc::new(Tally::new(&script));
    let store = Arc::new(RedbStore::open(&arguments.store)?);
    let dispatcher = dispatcher(arguments, client, Arc::clone(&store), &tally)?;
    let accepted = accepted(&dispatcher, &script, &tally, arguments.resume).await?;
    let began = Instant::now();

    let mut workers = JoinSet::new();
    let count = if arguments.concurrency >= TWO_WORKERS { 2 } else { 1 };
    let share =
        NonZeroUsize::new(arguments.concurrency.div_ceil(count)).unwrap_or(NonZeroUsize::MIN);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    for _ in 0..count {
        let worker =
            Worker::builder(&dispatcher).in_flight_per_target(share).in_flight(share).build();
        let mut stopped = stopped.clone();
        workers.spawn(async move {
            // An error means that nobody can tell it any more: then too it ends.
            worker.run(async { drop(stopped.wait_for(|stopped| *stopped).await) }).await
        });
    }
    let progress = tokio::spawn(show_progress(Arc::clone(&tally), began));

    let mut dispatching = JoinSet::new();
    for steps in script.shares(DISPATCHING, &accepted) {
        let (dispatcher, tally) = (dispatcher.clone(), Arc::clone(&tally));
        dispatching.spawn(async move {
            for step in steps {
                dispatcher.dispatch(step.event()).await?;
                tally.accepted();
            }
            Ok::<(), BoxError>(())
        });
    }
    while let Some(ended) = dispatching.join_next().await {
        ended??;
    }
    let accepted_after = began.elapsed();
    wait_until_done(&dispatcher, &tally).await?;
    stop.send_replace(true);
    while let Some(ended) = workers.join_next().await {
        ended??;
    }
    progress.abort();
    let parked = dispatcher.lanes(&query(Which::Parked).limit(usize::MAX)).await?;
    drop(dispatcher);
    store.close().await?;

    tally.print(began, accepted_after, parked.len());
    machine::print();
    for lane in parked.iter().take(5) {
        let message = lane.message.as_deref().unwrap_or_default();
        println!("parked: {} ({}): {message}", lane.lane.resource.id, lane.state);
    }
    Ok(if parked.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn dispatcher(
    arguments: &Arguments,
    client: impl HttpClient,
    store: Arc<RedbStore>,
    tally: &Arc<Tally>,
) -> Result<Dispatcher> {
    let mut properties = Properties::new().with("base_url", arguments.base_url.as_str());
    properties = match &arguments.token {
        Some(token) => properties.with("authentication", "bearer").with("token", token.as_str()),
        None => properties.with("authentication", "none"),
    };
    let acme = OrganizationConfiguration::new()
        .with_connection(
            "load",
            Connection::new("Load").with_connector("scim2", unguarded(properties)),
        )
        .with_provisioner(Provisioner::new("load", "scim2"));
    let client = Counted::new(client, Arc::clone(tally));
    Ok(Dispatcher::builder(
        Configuration::new().with_organization(ACME, acme),
        ConnectorRegistry::new().with(Scim2Factory::new(client)),
    )
    .store(store)
    .settle_window(DEADLINE)
    .observer(Arc::clone(tally))
    .runtime(TokioRuntime::current()?)
    .build()?)
}

/// How many events of each user were accepted in an earlier life; the tally learns what was done with by then.
async fn accepted(
    dispatcher: &Dispatcher,
    script: &Script,
    tally: &Tally,
    resume: bool,
) -> Result<Vec<u64>> {
    let mut accepted = vec![0; script.users()];
    if resume {
        for (user, accepted) in accepted.iter_mut().enumerate() {
            for lane in dispatcher.status(&script::key(user)).await? {
                *accepted = lane.newest.number();
                tally.resumed(user, lane.newest.number(), lane.settled.number());
            }
        }
        println!(
            "resumed: {} of {} events were accepted before",
            accepted.iter().sum::<u64>(),
            script.len()
        );
    }
    Ok(accepted)
}

fn query(which: Which) -> LaneQuery {
    LaneQuery::new(ACME.into(), which)
}

/// Waits until nothing is due, now or later. Accounts about which a request was lost are looked at again once it can
/// no longer take effect; that is waited for too, and is not counted as work.
async fn wait_until_done(dispatcher: &Dispatcher, tally: &Tally) -> Result<()> {
    let mut said = false;
    loop {
        let next = dispatcher.lanes(&query(Which::Due).limit(1)).await?;
        if next.is_empty() {
            return Ok(());
        }
        if !said && tally.is_all_done() {
            let lanes = dispatcher.lanes(&query(Which::Unsettled).limit(usize::MAX)).await?;
            let until = lanes.iter().filter_map(|lane| lane.unsettled_until).max();
            if let Some(until) = until {
                eprintln!(
                    "\nall done; {} accounts are looked at again, {}",
                    lanes.len(),
                    within(until)
                );
            }
            said = true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn within(until: Timestamp) -> String {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let now = Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
    format!("the last in {} s", until.since(now).as_secs())
}

/// A bar where somebody looks at it, else a line now and then.
async fn show_progress(tally: Arc<Tally>, began: Instant) {
    let is_terminal = std::io::stderr().is_terminal();
    let pause = if is_terminal { Duration::from_millis(200) } else { Duration::from_secs(5) };
    let mut ticks = tokio::time::interval(pause);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let line = tally.progress(began.elapsed());
        if is_terminal { eprint!("\r{line}\x1b[K") } else { eprintln!("{line}") }
    }
}

/// It creates and deletes by the hundred, and no person is there to allow it.
fn unguarded(properties: Properties) -> ConnectorSettings {
    ConnectorSettings::from(properties).with_guard(Guard::new(u32::MAX, 100))
}
