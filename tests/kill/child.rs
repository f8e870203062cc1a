//! The identity server that is killed.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use outbound_provisioning::dispatch::LaneState;
use outbound_provisioning::host::{Observation, Observer, TokioRuntime};
use outbound_provisioning::model::{
    Configuration, Connection, ConnectorSettings, Guard, OrganizationConfiguration, Properties,
    Provisioner, ResourceKey, ResourceKind,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::store::{LaneQuery, RedbStore, Store, Which};
use outbound_provisioning::transport::{NetworkPolicy, ReqwestClient};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Outcome, Worker};
use tokio::sync::Notify;

use crate::Result;
use crate::script::{ACME, Dice, Script};

/// Set in the child: its [`Orders`].
pub(crate) const CHILD: &str = "KILL_CHILD";
/// The longest that a request may take.
pub(crate) const DEADLINE: Duration = Duration::from_millis(400);
/// After so long a request has taken effect or never will.
pub(crate) const SETTLE_WINDOW: Duration = Duration::from_millis(800);
/// The child gives up coming to rest.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the parent tells the child.
#[derive(Debug)]
pub(crate) struct Orders {
    pub(crate) store: PathBuf,
    pub(crate) base_url: String,
    pub(crate) life: u64,
    pub(crate) seed: u64,
    /// Events that were confirmed.
    pub(crate) position: u64,
    /// Dispatch one more event, come to rest and end.
    pub(crate) last: bool,
    /// The number under which each resource's newest confirmed event was accepted.
    pub(crate) confirmed: Vec<(String, u64)>,
}

impl Orders {
    pub(crate) fn to_json(&self) -> String {
        serde_json::json!({
            "store": self.store, "base_url": self.base_url, "life": self.life, "seed": self.seed,
            "position": self.position, "last": self.last, "confirmed": self.confirmed,
        })
        .to_string()
    }

    fn from_json(text: &str) -> Result<Self> {
        let json: serde_json::Value = serde_json::from_str(text)?;
        let number = |name: &str| json.get(name).and_then(serde_json::Value::as_u64);
        let text = |name: &str| json.get(name).and_then(serde_json::Value::as_str);
        Ok(Self {
            store: text("store").ok_or("no store")?.into(),
            base_url: text("base_url").ok_or("no base URL")?.to_owned(),
            life: number("life").ok_or("no life")?,
            seed: number("seed").ok_or("no seed")?,
            position: number("position").ok_or("no position")?,
            last: json.get("last").and_then(serde_json::Value::as_bool).unwrap_or_default(),
            confirmed: serde_json::from_value(
                json.get("confirmed").cloned().ok_or("nothing confirmed")?,
            )?,
        })
    }
}

/// Tells the parent. One line is one write, so a kill leaves whole lines.
fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Wakes whoever waits for the next attempt to end, and tells the parent of what should not be.
#[derive(Debug, Default)]
struct Watch(Notify);

impl Observer for Watch {
    fn observe(&self, observation: &Observation<'_>) {
        let text = match observation {
            Observation::Settled { resource, outcome, .. } => {
                self.0.notify_waiters();
                match outcome {
                    Outcome::Failed { next, .. }
                        if *next != outbound_provisioning::delivery::Next::Queued =>
                    {
                        Some(format!("parked {} {outcome}", resource.id))
                    }
                    _ => None,
                }
            }
            Observation::Quarantined { reason, .. } => Some(format!("quarantined {reason:?}")),
            _ => None,
        };
        if let Some(text) = text {
            // A parent that is gone has no use for it.
            let _ = say(&text);
        }
    }
}

/// One life: continues the script until it is killed or told to stop.
pub(crate) fn live(orders: &str) -> Result<()> {
    let orders = Orders::from_json(orders)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async move {
        let store = Arc::new(RedbStore::open(&orders.store)?);
        let watch = Arc::new(Watch::default());
        let dispatcher = dispatcher(&orders, Arc::clone(&store), Arc::clone(&watch))?;
        for (who, number) in &orders.confirmed {
            let newest = store.resource(&key(who)).await?.newest.number();
            if newest < *number {
                say(&format!("lost {who}: event {number} was confirmed, the newest is {newest}"))?;
            }
        }
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let worker = Worker::builder(&dispatcher).grace(DEADLINE * 2).build();
        let working = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            worker.run(stopped).await
        });
        say("ready")?;
        if orders.last {
            dispatch(&orders, &dispatcher, &watch, 1).await?;
            come_to_rest(&dispatcher, &watch).await?;
        } else {
            // The parent closes the standard input for an orderly end, and by dying. A thread of its own, for a
            // runtime would wait for it.
            let (tell, told) = tokio::sync::oneshot::channel();
            std::thread::spawn(|| {
                let _ = std::io::stdin().read_line(&mut String::new());
                let _ = tell.send(());
            });
            tokio::select! {
                ended = dispatch(&orders, &dispatcher, &watch, u64::MAX) => ended?,
                _ = told => {}
            }
        }
        // An error means that the worker is gone already, which the next line tells.
        let _ = stop.send(());
        let stopped = working.await??;
        drop(dispatcher);
        store.close().await?;
        say(&format!("ended {}", stopped.unknown))
    })
}

fn key(who: &str) -> ResourceKey {
    let kind = if who.starts_with('u') { ResourceKind::User } else { ResourceKind::Group };
    ResourceKey::new(ACME.into(), kind, who.into())
}

fn dispatcher(orders: &Orders, store: Arc<RedbStore>, watch: Arc<Watch>) -> Result<Dispatcher> {
    let properties = Properties::new()
        .with("base_url", orders.base_url.as_str())
        .with("authentication", "bearer")
        .with("token", format!("life-{}", orders.life));
    let acme = OrganizationConfiguration::new()
        .with_connection("hr", Connection::new("HR").with_connector("scim2", unguarded(properties)))
        .with_provisioner(Provisioner::new("hr", "scim2"));
    let configuration = Configuration::new().with_organization(ACME, acme);
    let policy = NetworkPolicy::new().allow_loopback().with_timeouts(DEADLINE, DEADLINE);
    let registry = ConnectorRegistry::new().with(Scim2Factory::new(ReqwestClient::new(policy)?));
    Ok(Dispatcher::builder(configuration, registry)
        .store(store)
        .settle_window(SETTLE_WINDOW)
        .observer(watch)
        .runtime(TokioRuntime::current()?)
        .build()?)
}

/// Dispatches the next events of the script, and tells the parent of each that was accepted.
async fn dispatch(
    orders: &Orders,
    dispatcher: &Dispatcher,
    watch: &Watch,
    events: u64,
) -> Result<()> {
    let mut script = Script::after(orders.seed, orders.position);
    let mut dice = Dice::new(orders.seed ^ orders.life);
    for position in orders.position..orders.position.saturating_add(events) {
        let happening = script.next();
        let report = dispatcher.dispatch(happening.event).await?;
        say(&format!("confirmed {position} {} {}", happening.who, report.event.number()))?;
        if dice.below(4) == 0 {
            // Not everything is folded: some of it has the time to arrive.
            let settled = watch.0.notified();
            let _or_not = tokio::time::timeout(Duration::from_millis(20), settled).await;
        }
    }
    Ok(())
}

/// Waits until nothing is due, now or later. What waits for a person is tried again, once.
async fn come_to_rest(dispatcher: &Dispatcher, watch: &Watch) -> Result<()> {
    // After failures in a row a lane waits for minutes, and rightly so; that is cut short, and counted.
    let mut rounds = 0;
    while tokio::time::timeout(PATIENCE / 10, nothing_due(dispatcher, watch)).await.is_err() {
        rounds += 1;
        for lane in dispatcher.lanes(&LaneQuery::new(ACME.into(), Which::Due)).await? {
            if rounds > 10 {
                say(&format!("restless {lane:?}"))?;
                return Err("it did not come to rest".into());
            }
            say(&format!("waits {lane:?}"))?;
            dispatcher.retry(&lane.lane).await?;
        }
    }
    let parked = dispatcher.lanes(&LaneQuery::new(ACME.into(), Which::Parked)).await?;
    for lane in &parked {
        say(&format!("retried {} {}", lane.lane.resource.id, lane.state))?;
        dispatcher.retry(&lane.lane).await?;
    }
    tokio::time::timeout(PATIENCE, nothing_due(dispatcher, watch)).await??;
    for lane in dispatcher.lanes(&LaneQuery::new(ACME.into(), Which::Parked)).await? {
        if matches!(lane.state, LaneState::Parked(_)) {
            say(&format!("stuck {lane:?}"))?;
        }
    }
    say("quiet")
}

async fn nothing_due(dispatcher: &Dispatcher, watch: &Watch) -> Result<()> {
    loop {
        let mut settled = std::pin::pin!(watch.0.notified());
        settled.as_mut().enable();
        let lanes = dispatcher.lanes(&LaneQuery::new(ACME.into(), Which::Due).limit(1)).await?;
        if lanes.is_empty() {
            return Ok(());
        }
        settled.await;
    }
}

/// It creates and deletes by the hundred, and no person is there to allow it.
fn unguarded(properties: Properties) -> ConnectorSettings {
    ConnectorSettings::from(properties).with_guard(Guard::new(u32::MAX, 100))
}
