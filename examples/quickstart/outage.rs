//! The scene in which nothing is lost: the target is down, events queue, the process is killed, the target returns.
//! The identity server is this program once more, in a process of its own, so that it can really be killed.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use outbound_provisioning::conformance::Scim2Target;
use outbound_provisioning::host::TokioRuntime;
use outbound_provisioning::model::{
    Configuration, Connection, Event, OrganizationConfiguration, Properties, Provisioner,
    ResourceKey, ResourceKind, User,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::store::RedbStore;
use outbound_provisioning::transport::{HttpResponse, NetworkPolicy, ReqwestClient};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Worker};

use crate::support::folder::TempFolder;
use crate::support::loopback::Loopback;

type Result<T = (), E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// Set in the identity server's process: what it is to do.
pub(crate) const PART: &str = "QUICKSTART_PART";
const PEOPLE: [&str; 3] = ["ann", "ben", "cat"];

pub(crate) async fn scene() -> Result {
    println!("\nAn outage, with a non-blocking provisioner (the default) and a store in a file:");
    let (target, down) = (Scim2Target::new(), Arc::new(AtomicBool::new(true)));
    let (answering, is_down) = (target.clone(), Arc::clone(&down));
    let server = Loopback::serve(move |request| {
        if is_down.load(Ordering::SeqCst) {
            let mut answer = HttpResponse::new(Vec::new());
            *answer.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
            return answer;
        }
        answering.answer(request)
    })
    .await?;
    let folder = TempFolder::new();
    let start = |part: &str| {
        Command::new(std::env::current_exe()?)
            .env(PART, part)
            .env("QUICKSTART_URL", server.url("/scim/v2"))
            .env("QUICKSTART_STORE", folder.path().join("outbound.redb"))
            .stdout(Stdio::piped())
            .spawn()
    };

    println!("  the target is down (503), and three users are created");
    let mut host = start("accept")?;
    show(&mut host, "tried")?;
    host.kill()?;
    host.wait()?;
    println!("  the identity server is killed (kill -9)");
    down.store(false, Ordering::SeqCst);
    println!("  the target returns, the identity server is started again");
    let mut host = start("deliver")?;
    show(&mut host, "everything")?;
    host.wait()?;
    drop(server);
    Ok(())
}

/// Prints what the other process says, up to the line that begins like this.
fn show(host: &mut Child, last: &str) -> Result {
    let output = host.stdout.take().ok_or("no output")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("    {line}");
        if line.starts_with(last) {
            return Ok(());
        }
    }
    Err("the identity server ended before it was done".into())
}

/// The identity server.
pub(crate) async fn part(part: &str) -> Result {
    let dispatcher = dispatcher()?;
    if part == "accept" {
        for name in PEOPLE {
            let user =
                User::new(format!("u-{name}"), name).with_email(format!("{name}@example.com"));
            let event = Event::user_created(user).in_organization("acme");
            for delivery in dispatcher.dispatch(event).await?.deliveries {
                println!("{name} at {}: {}", delivery.connection, delivery.outcome);
            }
        }
    }
    let worker = Worker::builder(&dispatcher).build();
    let until = async {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            match (part, open(&dispatcher).await) {
                ("accept", Ok((tried, _))) if tried == PEOPLE.len() => return,
                ("deliver", Ok((_, 0))) => return,
                _ => {}
            }
        }
    };
    worker.run(until).await?;
    if part == "accept" {
        println!("tried, and will be tried again: {} users", PEOPLE.len());
        // Until somebody ends this process.
        std::future::pending::<()>().await;
    }
    for name in PEOPLE {
        for lane in dispatcher.status(&key(name)).await? {
            let account = lane.remote_id.ok_or("nobody is there")?;
            println!("{name} has the account {account}");
        }
    }
    let ending = dispatcher.close().await?;
    println!("everything arrived; a clean end: {}", ending.is_clean());
    Ok(())
}

/// How many users were tried in vain, and how many are not done yet.
async fn open(dispatcher: &Dispatcher) -> Result<(usize, usize)> {
    let (mut tried, mut open) = (0, 0);
    for name in PEOPLE {
        for lane in dispatcher.status(&key(name)).await? {
            tried += usize::from(lane.last.is_some());
            open += usize::from(lane.settled < lane.newest);
        }
    }
    Ok((tried, open))
}

fn key(name: &str) -> ResourceKey {
    ResourceKey::new("acme".into(), ResourceKind::User, format!("u-{name}").into())
}

fn dispatcher() -> Result<Dispatcher> {
    let properties = Properties::new()
        .with("base_url", std::env::var("QUICKSTART_URL")?)
        .with("authentication", "none");
    let acme = OrganizationConfiguration::new()
        .with_connection("hr", Connection::new("HR").with_connector("scim2", properties))
        .with_provisioner(Provisioner::new("hr", "scim2"));
    let client = ReqwestClient::new(NetworkPolicy::new().allow_loopback())?;
    let registry = ConnectorRegistry::new().with(Scim2Factory::new(client));
    let store = RedbStore::open(PathBuf::from(std::env::var("QUICKSTART_STORE")?))?;
    Ok(Dispatcher::builder(Configuration::new().with_organization("acme", acme), registry)
        .store(store)
        .runtime(TokioRuntime::current()?)
        .build()?)
}
