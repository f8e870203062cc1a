//! A process that dies without a word, as a real one: this test program starts itself again, and the child aborts.
#![cfg(all(feature = "redb", feature = "mock", feature = "non-blocking"))]
#![expect(
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/folder.rs"]
mod folder;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use async_trait::async_trait;
use folder::TempFolder;
use outbound_provisioning::connector::{Attempt, Capabilities, Connector, Lookup, Remote, Update};
use outbound_provisioning::delivery::ParkReason;
use outbound_provisioning::dispatch::{Ending, LaneState, LaneStatus};
use outbound_provisioning::model::{
    Configuration, Connection, Event, OrganizationConfiguration, Properties, Provisioner, RemoteId,
    Resource, ResourceKey, ResourceKind, User,
};
use outbound_provisioning::store::{RedbStore, Store};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Error, ErrorKind, Result, Worker};

/// Where the child finds its folder.
const CHILD: &str = "OUTBOUND_PROVISIONING_TEST_CHILD";

/// A target that outlives the process: an account is a file, and every call a line of a log.
#[derive(Clone, Debug)]
struct Files {
    folder: PathBuf,
    /// The process dies once this user's account is there.
    dies_after: Option<&'static str>,
    /// The process dies before this user's account is there.
    dies_before: Option<&'static str>,
    /// It does not answer look-ups.
    is_down: bool,
}

impl Files {
    fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), dies_after: None, dies_before: None, is_down: false }
    }

    fn log(&self, line: &str) {
        let path = self.folder.join("log");
        let mut log = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(log, "{line}").unwrap();
    }

    fn calls(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    fn called(&self, call: &str) -> usize {
        self.calls().iter().filter(|line| *line == call).count()
    }

    fn account(&self, id: &str) -> PathBuf {
        self.folder.join(format!("account-{id}"))
    }

    fn accounts(&self) -> usize {
        let files = fs::read_dir(&self.folder).unwrap();
        files
            .filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().starts_with("acc"))
            .count()
    }
}

#[async_trait]
impl Connector for Files {
    async fn create(&self, resource: &Resource, _: &Attempt) -> Result<Remote> {
        let id = resource.local_id().as_str();
        self.log(&format!("create {id}"));
        if self.dies_before == Some(id) {
            std::process::abort();
        }
        if self.dies_before.is_some() {
            // Whoever shares the process with the one who kills it is under way when it dies.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
        fs::write(self.account(id), serde_json::to_string(resource).unwrap()).unwrap();
        if self.dies_after == Some(id) {
            std::process::abort();
        }
        Remote::new(format!("remote-{id}"))
    }

    async fn update(&self, id: &RemoteId, _: &Update<'_>, _: &Attempt) -> Result<Remote> {
        self.log(&format!("update {id}"));
        Ok(Remote::of(id.clone()))
    }

    async fn delete(&self, id: &RemoteId, _: ResourceKind, _: &Attempt) -> Result<()> {
        self.log(&format!("delete {id}"));
        Ok(())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new().with_find().with_unique_names(ResourceKind::User)
    }

    async fn find(&self, lookup: &Lookup<'_>, _: &Attempt) -> Result<Vec<Remote>> {
        let id = lookup.external_id.as_str();
        self.log(&format!("find {id}"));
        if self.is_down {
            return Err(Error::new(ErrorKind::Unavailable, "503"));
        }
        let Ok(account) = fs::read_to_string(self.account(id)) else { return Ok(Vec::new()) };
        let user: User = serde_json::from_str(&account).unwrap();
        Ok(vec![Remote::new(format!("remote-{id}"))?.showing(user.into())])
    }
}

fn store(folder: &Path) -> RedbStore {
    RedbStore::open(folder.join("outbound.redb")).unwrap()
}

fn host(store: RedbStore, target: &Files) -> Dispatcher {
    let acme = OrganizationConfiguration::new()
        .with_connection("crm", Connection::new("CRM").with_connector("files", Properties::new()))
        .with_provisioner(Provisioner::new("crm", "files"));
    let registry = ConnectorRegistry::new().with_instance("files", target.clone());
    let configuration = Configuration::new().with_organization("acme", acme);
    Dispatcher::builder(configuration, registry).store(store).build().unwrap()
}

/// The folder, when this is the child.
fn child() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

/// Runs a test of this program in a process of its own. Answers whether it came to its end.
fn life(test: &str, folder: &Path) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--test-threads=1"]).env(CHILD, folder);
    child.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

async fn accept(host: &Dispatcher, id: &str) {
    let event = Event::user_created(User::new(id, id)).in_organization("acme");
    host.dispatch(event).await.unwrap();
}

async fn status(host: &Dispatcher, id: &str) -> LaneStatus {
    let key = ResourceKey::new("acme".into(), ResourceKind::User, id.into());
    host.status(&key).await.unwrap().pop().unwrap()
}

/// Linked, and done with. A death between the answer and its acknowledgement leaves nothing to do but to see that.
async fn is_delivered(host: &Dispatcher, id: &str) -> bool {
    let status = status(host, id).await;
    status.remote_id.is_some()
        && status.newest == status.settled
        && matches!(status.last.as_deref(), Some("delivered" | "not_needed"))
}

#[tokio::test]
async fn p1_what_a_process_that_died_had_accepted_is_there() {
    let name = "p1_what_a_process_that_died_had_accepted_is_there";
    if let Some(folder) = child() {
        let host = host(store(&folder), &Files::new(&folder));
        for number in 0..50 {
            accept(&host, &format!("u-{number}")).await;
        }
        std::process::abort();
    }
    let folder = TempFolder::new();
    assert!(!life(name, folder.path()));
    let (store, target) = (store(folder.path()), Files::new(folder.path()));
    assert_eq!(store.life().unclean_before, store.life().era, "it ended without a word");
    let host = host(store, &target);
    assert_eq!(Worker::builder(&host).build().run_once().await.unwrap().done, 50);
    assert_eq!(target.accounts(), 50);
}

#[tokio::test]
async fn c12_after_a_death_every_open_lane_is_looked_up_once_before_anything_is_created() {
    let name = "c12_after_a_death_every_open_lane_is_looked_up_once_before_anything_is_created";
    if let Some(folder) = child() {
        let mut target = Files::new(&folder);
        target.dies_after = Some("u-1");
        let host = host(store(&folder), &target);
        accept(&host, "u-1").await;
        accept(&host, "u-2").await;
        Worker::builder(&host).build().run_once().await.unwrap();
    }
    let folder = TempFolder::new();
    let target = Files::new(folder.path());
    assert!(!life(name, folder.path()));
    assert_eq!(target.called("create u-1"), 1);
    let host = host(store(folder.path()), &target);
    Worker::builder(&host).build().run_once().await.unwrap();
    assert_eq!((target.called("create u-1"), target.called("find u-1")), (1, 1), "F2");
    let calls = target.calls();
    let second = calls.iter().filter(|call| call.ends_with("u-2")).collect::<Vec<_>>();
    assert!(second.ends_with(&[&"find u-2".into(), &"create u-2".into()]), "{calls:?}");
    assert_eq!(target.accounts(), 2);
    for id in ["u-1", "u-2"] {
        assert!(is_delivered(&host, id).await, "{:?}", target.calls());
    }
}

#[tokio::test]
async fn c12_a_clean_end_costs_no_look_up() {
    let (folder, _) = (TempFolder::new(), ());
    let target = Files::new(folder.path());
    {
        let host = host(store(folder.path()), &target);
        accept(&host, "u-1").await;
        assert_eq!(host.close().await.unwrap(), Ending::Clean);
    }
    let host = host(store(folder.path()), &target);
    Worker::builder(&host).build().run_once().await.unwrap();
    assert_eq!(target.calls(), ["create u-1"]);
}

#[tokio::test]
async fn p12_one_user_that_kills_the_process_is_parked_the_third_time_and_others_are_delivered() {
    let name =
        "p12_one_user_that_kills_the_process_is_parked_the_third_time_and_others_are_delivered";
    let ids = ["u-0", "u-1", "u-2", "u-3", "u-4", "u-5"];
    if let Some(folder) = child() {
        let mut target = Files::new(&folder);
        target.dies_before = Some("u-3");
        let host = host(store(&folder), &target);
        if target.calls().is_empty() {
            for id in ids {
                accept(&host, id).await;
            }
        }
        Worker::builder(&host).build().run_once().await.unwrap();
        return;
    }
    let folder = TempFolder::new();
    let target = Files::new(folder.path());
    let mut deaths = 0;
    while !life(name, folder.path()) {
        deaths += 1;
        assert!(deaths <= 3, "{:?}", target.calls());
    }
    assert_eq!((deaths, target.called("create u-3")), (3, 3), "F5");
    assert_eq!(target.accounts(), 5);
    let host = host(store(folder.path()), &target);
    for id in ids {
        if id == "u-3" {
            let state = status(&host, id).await.state;
            assert_eq!(state, LaneState::Parked(ParkReason::Poison));
        } else {
            assert!(is_delivered(&host, id).await, "{id}");
        }
    }
}

#[tokio::test]
async fn p12_a_lane_that_was_never_tried_is_not_poison_however_often_the_process_died() {
    let name = "p12_a_lane_that_was_never_tried_is_not_poison_however_often_the_process_died";
    if let Some(folder) = child() {
        let host = host(store(&folder), &Files::new(&folder));
        accept(&host, "u-1").await;
        std::process::abort();
    }
    let folder = TempFolder::new();
    let target = Files::new(folder.path());
    for _ in 0..5 {
        assert!(!life(name, folder.path()));
    }
    let host = host(store(folder.path()), &target);
    Worker::builder(&host).build().run_once().await.unwrap();
    assert!(is_delivered(&host, "u-1").await, "{:?}", target.calls());
}

#[tokio::test]
async fn p10_an_attempt_that_died_is_begun_again_and_makes_no_pause_longer() {
    let name = "p10_an_attempt_that_died_is_begun_again_and_makes_no_pause_longer";
    if let Some(folder) = child() {
        let mut target = Files::new(&folder);
        target.dies_before = Some("u-1");
        let host = host(store(&folder), &target);
        if target.calls().is_empty() {
            accept(&host, "u-1").await;
        }
        Worker::builder(&host).build().run_once().await.unwrap();
    }
    let folder = TempFolder::new();
    // The first life leaves no trace of its attempt, the second one does.
    assert!(!life(name, folder.path()));
    assert!(!life(name, folder.path()));
    let mut target = Files::new(folder.path());
    assert_eq!(target.called("create u-1"), 2);
    target.is_down = true;
    let host = host(store(folder.path()), &target);
    Worker::builder(&host).build().run_once().await.unwrap();
    assert_eq!(status(&host, "u-1").await.attempts, 1);
}

#[tokio::test]
async fn f6_dying_again_and_again_while_recovering_comes_to_the_same() {
    let name = "f6_dying_again_and_again_while_recovering_comes_to_the_same";
    let ids: Vec<String> = (0..10).map(|number| format!("u-{number}")).collect();
    const DIES: [&str; 5] = ["u-0", "u-3", "u-5", "u-8", "u-9"];
    if let Some(folder) = child() {
        let mut target = Files::new(&folder);
        // Each life dies once the account of another user is there.
        target.dies_after = DIES.into_iter().find(|id| !target.account(id).exists());
        let host = host(store(&folder), &target);
        if target.calls().is_empty() {
            for id in &ids {
                accept(&host, id).await;
            }
        }
        Worker::builder(&host)
            .in_flight(std::num::NonZeroUsize::MIN)
            .build()
            .run_once()
            .await
            .unwrap();
        return;
    }
    let folder = TempFolder::new();
    let target = Files::new(folder.path());
    let mut deaths = 0;
    while !life(name, folder.path()) {
        deaths += 1;
        assert!(deaths <= DIES.len());
    }
    assert_eq!((deaths, target.accounts()), (DIES.len(), 10));
    let host = host(store(folder.path()), &target);
    for id in &ids {
        assert_eq!(target.called(&format!("create {id}")), 1, "{:?}", target.calls());
        assert!(is_delivered(&host, id).await, "{:?}", target.calls());
    }
}
