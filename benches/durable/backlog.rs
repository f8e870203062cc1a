//! Many pending events: memory, disk, start, claim time, and what waiting costs [G12, G13, G14, G20].

use std::process::Command;
use std::time::{Duration, Instant};

use outbound_provisioning::connector::{Attempt, Connector, Remote, Update};
use outbound_provisioning::model::{
    Event, Member, OrganizationId, RemoteId, Resource, ResourceKind, Target, TargetKey, Timestamp,
};
use outbound_provisioning::store::{RedbStore, Store};
use outbound_provisioning::{Dispatcher, Error, ErrorKind, Worker};

use crate::measure::{Folder, Spread, cpu, memory, size, timed, workers};
use crate::sample::{self, ACME, BoxError};

/// A target that is down, or that says how long it took until its first request.
#[derive(Debug)]
struct Down;

#[async_trait::async_trait]
impl Connector for Down {
    async fn create(&self, _: &Resource, _: &Attempt) -> outbound_provisioning::Result<Remote> {
        Err(Error::new(ErrorKind::RateLimited, "429").with_retry_after(Duration::from_secs(3600)))
    }

    async fn update(
        &self,
        _: &RemoteId,
        _: &Update<'_>,
        _: &Attempt,
    ) -> outbound_provisioning::Result<Remote> {
        Err(Error::new(ErrorKind::Unavailable, "503"))
    }

    async fn delete(
        &self,
        _: &RemoteId,
        _: ResourceKind,
        _: &Attempt,
    ) -> outbound_provisioning::Result<()> {
        Err(Error::new(ErrorKind::Unavailable, "503"))
    }
}

/// Runs one part in a process of its own; it prints numbers.
fn ask(mode: &str, folder: &Folder) -> Result<Vec<f64>, BoxError> {
    let output = Command::new(std::env::current_exe()?)
        .env("MODE", mode)
        .env("FOLDER", folder.path())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let text = String::from_utf8(output.stdout)?;
    Ok(text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
}

pub(crate) fn compare() -> Result<(), BoxError> {
    let (events, users) = (size(20_000, 1_000_000), size(2_000, 100_000));
    println!("{events} pending events of {users} users, in one file");
    let folder = Folder::new()?;
    let (json, filled) = (ask("json", &folder)?, ask("fill", &folder)?);
    let (started, drained) = (ask("start", &folder)?, ask("drain", &folder)?);
    let [kept_json, json_bytes] = json[..] else { return Err("json".into()) };
    let [grown, bytes] = filled[..] else { return Err("fill".into()) };
    let [first, scan, open] = started[..] else { return Err("start".into()) };
    let [rest, seconds] = drained[..] else { return Err("drain".into()) };
    println!(
        "  memory: grows by {grown:.0} KiB; JSON in memory {kept_json:.0} KiB; ratio {:.3} [G12 <= 0.05]",
        grown / kept_json
    );
    println!(
        "  start: {first:.2} s until the first request ({open:.2} s to open), reading the file {scan:.2} s; ratio {:.2} [G13 <= 5]",
        first / scan
    );
    println!(
        "  disk: {:.0} bytes an event, JSON {:.0}; ratio {:.2} [G14 <= 1.35]",
        bytes / events as f64,
        json_bytes / events as f64,
        bytes / json_bytes
    );
    println!(
        "  after the drain ({:.0} lanes/s): {rest:.0} bytes, {:.2} of the peak; each user's link stays [G14 <= 0.20]",
        users as f64 / seconds,
        rest / bytes
    );
    Ok(())
}

pub(crate) fn child(mode: &str) -> Result<(), BoxError> {
    let path = std::path::PathBuf::from(std::env::var("FOLDER")?).join("store");
    let (events, users) = (size(20_000, 1_000_000), size(2_000, 100_000));
    match mode {
        "json" => {
            let before = memory("VmRSS")?;
            let kept: Vec<Vec<u8>> = (0..events)
                .map(|number| serde_json::to_vec(&sample::user(number % users)))
                .collect::<Result<_, _>>()?;
            let bytes: usize = kept.iter().map(Vec::len).sum();
            println!("{} {bytes}", memory("VmRSS")? - before);
            Ok(())
        }
        "fill" => workers()?.block_on(async {
            let store = RedbStore::open(&path)?;
            let (dispatcher, _) = sample::queued_dispatcher(store, sample::Noop)?;
            // The runtime, the pages and whatever else a running host has anyway.
            fill(&dispatcher, 0..users / 10, users).await?;
            let before = memory("VmRSS")?;
            fill(&dispatcher, users / 10..events, users).await?;
            println!("{} {}", memory("VmRSS")? - before, std::fs::metadata(&path)?.len());
            Ok(())
        }),
        "start" => workers()?.block_on(async {
            let start = Instant::now();
            let bytes = std::fs::read(&path)?;
            std::hint::black_box(bytes.iter().fold(0_u64, |sum, byte| sum ^ u64::from(*byte)));
            let (scan, start) = (start.elapsed().as_secs_f64(), Instant::now());
            let store = RedbStore::open(&path)?;
            let open = start.elapsed().as_secs_f64();
            let (dispatcher, settled) = sample::queued_dispatcher(store, sample::Noop)?;
            let worker = Worker::builder(&dispatcher).build();
            let running = tokio::spawn(async move { worker.run(std::future::pending()).await });
            while settled.so_far() == 0 {
                tokio::task::yield_now().await;
            }
            let first = start.elapsed().as_secs_f64();
            running.abort();
            println!("{first} {scan} {open}");
            Ok(())
        }),
        "drain" => workers()?.block_on(async {
            let start = Instant::now();
            {
                let (dispatcher, _) =
                    sample::queued_dispatcher(RedbStore::open(&path)?, sample::Noop)?;
                Worker::builder(&dispatcher).build().run_once().await?;
            }
            println!("{} {}", std::fs::metadata(&path)?.len(), start.elapsed().as_secs_f64());
            Ok(())
        }),
        _ => Err(format!("MODE={mode} is not known").into()),
    }
}

async fn fill(
    dispatcher: &Dispatcher,
    numbers: std::ops::Range<usize>,
    users: usize,
) -> Result<(), BoxError> {
    let (dispatcher, first) = (dispatcher.clone(), numbers.start);
    timed(64, numbers.len(), move |number| {
        let dispatcher = dispatcher.clone();
        async move { crate::enqueue::accept(&dispatcher, (first + number) % users).await }
    })
    .await?;
    Ok(())
}

/// What is due, with 100,000 parked lanes and with none.
pub(crate) fn claims() -> Result<(), BoxError> {
    let parked = size(1_000, 100_000);
    let folder = Folder::new()?;
    workers()?.block_on(async {
        let empty = claim_time(&folder.file("empty"), 0).await?;
        let full = claim_time(&folder.file("full"), parked).await?;
        println!(
            "Claim time with {parked} parked lanes / without: {} [<= 2]",
            Spread::of(full.iter().zip(&empty).map(|(full, empty)| full / empty))
        );
        Ok(())
    })
}

async fn claim_time(path: &std::path::Path, parked: usize) -> Result<Vec<f64>, BoxError> {
    let store = std::sync::Arc::new(RedbStore::open(path)?);
    let (dispatcher, _) = sample::queued_dispatcher(std::sync::Arc::clone(&store), Groups)?;
    let parking = dispatcher.clone();
    timed(64, parked, move |number| {
        let dispatcher = parking.clone();
        async move {
            // A group of which nobody has said what it is.
            let group = format!("g-{number}");
            let joined = Event::members_changed(group, [Member::user("u-1")], []);
            dispatcher.dispatch(joined.in_organization(ACME)).await?;
            Ok(())
        }
    })
    .await?;
    Worker::builder(&dispatcher).build().run_once().await?;
    for number in 0..100 {
        crate::enqueue::accept(&dispatcher, number).await?;
    }
    let target = TargetKey::new(OrganizationId::from(ACME), Target::new("one", "c"));
    let now = Timestamp::from_millis(i64::MAX);
    let mut times = Vec::new();
    for _ in 0..size(3, 9) {
        let start = Instant::now();
        for _ in 0..200 {
            let due = store.due(&target, now, 16).await?;
            if due.len() != 16 || store.agenda(&std::collections::HashSet::new()).await?.len() != 1
            {
                return Err("not what was accepted".into());
            }
        }
        times.push(start.elapsed().as_secs_f64());
    }
    Ok(times)
}

/// A target that knows groups, and does nothing at once.
#[derive(Debug)]
struct Groups;

#[async_trait::async_trait]
impl Connector for Groups {
    async fn create(&self, _: &Resource, _: &Attempt) -> outbound_provisioning::Result<Remote> {
        Remote::new("1")
    }

    async fn update(
        &self,
        id: &RemoteId,
        _: &Update<'_>,
        _: &Attempt,
    ) -> outbound_provisioning::Result<Remote> {
        Ok(Remote::of(id.clone()))
    }

    async fn delete(
        &self,
        _: &RemoteId,
        _: ResourceKind,
        _: &Attempt,
    ) -> outbound_provisioning::Result<()> {
        Ok(())
    }

    fn capabilities(&self) -> outbound_provisioning::connector::Capabilities {
        outbound_provisioning::connector::Capabilities::new().with_groups()
    }
}

/// CPU while many lanes wait for a target that has asked for an hour of silence.
pub(crate) fn idle() -> Result<(), BoxError> {
    let waiting = size(1_000, 100_000);
    let seconds = size(1, 20);
    let folder = Folder::new()?;
    workers()?.block_on(async {
        let store = RedbStore::open(folder.file("idle"))?;
        let (dispatcher, _) = sample::queued_dispatcher(store, Down)?;
        fill(&dispatcher, 0..waiting, waiting).await?;
        let worker = Worker::builder(&dispatcher).build();
        let running = tokio::spawn(async move { worker.run(std::future::pending()).await });
        tokio::time::sleep(Duration::from_millis(500)).await;
        let before = cpu()?;
        tokio::time::sleep(Duration::from_secs(seconds as u64)).await;
        let used = (cpu()? - before) * 60.0 / seconds as f64;
        running.abort();
        println!(
            "Idle with {waiting} lanes waiting an hour: {used:.3} s of CPU in 60 s (counted in steps of 0.01 s over {seconds} s) [G20 <= 0.05]"
        );
        Ok(())
    })
}
