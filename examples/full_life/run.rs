//! The scenario, through dispatcher and worker, until everything has come to rest.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use outbound_provisioning::dispatch::LaneStatus;
use outbound_provisioning::host::TokioRuntime;
use outbound_provisioning::model::{
    Configuration, Connection, ConnectorSettings, Guard, OrganizationConfiguration, Properties,
    Provisioner, Target, TargetKey,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::store::{LaneQuery, MemoryStore, Which};
use outbound_provisioning::transport::{NetworkPolicy, ReqwestClient};
use outbound_provisioning::{ConnectorRegistry, Dispatcher};

use crate::args::{Arguments, Credentials};
use crate::count::{Counting, Ledger};
use crate::learning::Learning;
use crate::scenario::Phase;

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

const ACME: &str = "acme";
/// The longest that a request may take, and with it the time after which one has taken effect or never will.
const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) fn target() -> TargetKey {
    TargetKey::new(ACME.into(), Target::new("target", "scim2"))
}

/// A host's dispatcher, with one connection.
pub(crate) fn dispatcher(
    arguments: &Arguments,
    base_url: &str,
    ledger: &Ledger,
    learning: &Arc<Learning>,
) -> Result<Dispatcher, BoxError> {
    let mut properties = Properties::new().with("base_url", base_url);
    properties = match &arguments.credentials {
        Credentials::None => properties.with("authentication", "none"),
        Credentials::Token(token) => {
            properties.with("authentication", "bearer").with("token", token.expose())
        }
        Credentials::Basic { user, password } => properties
            .with("authentication", "basic")
            .with("username", user.as_str())
            .with("password", password.expose()),
    };
    if let Some(profile) = &arguments.profile {
        properties = properties.with("profile", profile.as_str());
    }
    let acme = OrganizationConfiguration::new()
        .with_connection(
            "target",
            Connection::new("Target").with_connector("scim2", unguarded(properties)),
        )
        .with_provisioner(Provisioner::new("target", "scim2"));
    let policy =
        NetworkPolicy::new().allow_loopback().with_timeouts(Duration::from_secs(5), DEADLINE);
    let client = Counting::new(ReqwestClient::new(policy)?, ledger.clone());
    Ok(Dispatcher::builder(
        Configuration::new().with_organization(ACME, acme),
        ConnectorRegistry::new().with(Scim2Factory::new(client)),
    )
    .store(MemoryStore::new())
    .settle_window(DEADLINE)
    .observer(Arc::clone(learning))
    .runtime(TokioRuntime::current()?)
    .build()?)
}

/// Dispatches a phase and waits until nothing is due any more. Answers whether it came to that.
pub(crate) async fn phase(
    dispatcher: &Dispatcher,
    ledger: &Ledger,
    phase: &Phase,
    patience: Duration,
) -> Result<bool, BoxError> {
    ledger.begin(phase.operation);
    let before = ledger.len();
    for event in &phase.events {
        dispatcher.dispatch(event.clone().in_organization(ACME)).await?;
    }
    let is_at_rest = rest(dispatcher, patience).await?;
    println!(
        "  {:<44} {:>4} events {:>4} requests{}",
        phase.name,
        phase.events.len(),
        ledger.len() - before,
        if is_at_rest { "" } else { "  DOES NOT COME TO REST" }
    );
    Ok(is_at_rest)
}

async fn rest(dispatcher: &Dispatcher, patience: Duration) -> Result<bool, BoxError> {
    let began = Instant::now();
    loop {
        let due = dispatcher.lanes(&LaneQuery::new(ACME.into(), Which::Due).limit(1)).await?;
        if due.is_empty() {
            return Ok(true);
        }
        if began.elapsed() > patience {
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Lanes at which something is open: due, or waiting for a person.
pub(crate) async fn open(dispatcher: &Dispatcher) -> Result<Vec<LaneStatus>, BoxError> {
    let mut open = Vec::new();
    for which in [Which::Due, Which::Parked] {
        let query = LaneQuery::new(ACME.into(), which).limit(usize::MAX);
        open.extend(dispatcher.lanes(&query).await?);
    }
    Ok(open)
}

/// It creates and deletes by the hundred, and no person is there to allow it.
fn unguarded(properties: Properties) -> ConnectorSettings {
    ConnectorSettings::from(properties).with_guard(Guard::new(u32::MAX, 100))
}
