//! Dispatcher, worker and connector in virtual time, in front of a simulated server.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use outbound_provisioning::conformance::{Quirk, Scim2Target};
use outbound_provisioning::dispatch::LaneStatus;
use outbound_provisioning::host::Runtime;
use outbound_provisioning::model::{
    Configuration, Connection, Event, Fact, OrganizationConfiguration, Properties, Provisioner,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::store::{LaneQuery, MemoryStore, Which};
use outbound_provisioning::transport::HttpClient;
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Worker};

use crate::count::{Counting, Exchange, Ledger};
use crate::flat::known_attributes;
use crate::judge::{self, Case, Judgement, Shown};
use crate::learning::Learning;
use crate::scenario::{Phase, Scenario};
use crate::simulated::clock::{Clock, lock};
use crate::simulated::dice::Dice;
use crate::wanted::Wanted;

const ACME: &str = "acme";
pub(crate) const PREFIX: &str = "life-";
pub(crate) const USERS: usize = 20;
pub(crate) const GROUPS: usize = 3;
/// A request has taken effect after so long, or never will.
pub(crate) const SETTLE: Duration = Duration::from_secs(60);
/// Longer than the longest pause between two tries or probes: who waits for more than this waits for nothing.
const IDLE: i64 = 3_599_000;

/// One host in virtual time.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) clock: Clock,
    pub(crate) target: Scim2Target,
    pub(crate) ledger: Ledger,
    pub(crate) learning: Arc<Learning>,
    dispatcher: Dispatcher,
    has_groups: bool,
    has_profile: bool,
}

impl Stage {
    /// A host whose target has these quirks.
    pub(crate) fn new(quirks: &[Quirk]) -> Self {
        Self::at(quirks, None)
    }

    /// The same, where an administrator has said which vendor's target it is.
    pub(crate) fn at(quirks: &[Quirk], profile: Option<&str>) -> Self {
        let mut dice = Dice::new(1);
        let clock = Clock::new(dice.fork());
        let target =
            quirks.iter().fold(Scim2Target::new(), |target, quirk| target.with_quirk(*quirk));
        let mut stage = Self::with_profile(clock, target.clone(), target, profile);
        stage.has_groups = !quirks.contains(&Quirk::NoGroups);
        stage
    }

    /// A host that sends through this client, which leads to the target somehow.
    pub(crate) fn before(clock: Clock, target: Scim2Target, client: impl HttpClient) -> Self {
        Self::with_profile(clock, target, client, None)
    }

    fn with_profile(
        clock: Clock,
        target: Scim2Target,
        client: impl HttpClient,
        profile: Option<&str>,
    ) -> Self {
        let (ledger, learning) = (Ledger::new(), Arc::new(Learning::default()));
        let mut properties = Properties::new()
            .with("base_url", "http://localhost/scim/v2")
            .with("authentication", "none");
        if let Some(profile) = profile {
            properties = properties.with("profile", profile);
        }
        let acme = OrganizationConfiguration::new()
            .with_connection("target", Connection::new("T").with_connector("scim2", properties))
            .with_provisioner(Provisioner::new("target", "scim2"));
        let client = Counting::new(client, ledger.clone());
        let dispatcher = Dispatcher::builder(
            Configuration::new().with_organization(ACME, acme),
            ConnectorRegistry::new().with(Scim2Factory::new(client)),
        )
        .store(MemoryStore::new())
        .settle_window(SETTLE)
        .observer(Arc::clone(&learning))
        .runtime(clock.clone())
        .build()
        .unwrap();
        let worker = Worker::builder(&dispatcher).build();
        clock.spawn(Box::pin(async move {
            let _never = worker.run(pending()).await;
        }));
        Self {
            clock,
            target,
            ledger,
            learning,
            dispatcher,
            has_groups: true,
            has_profile: profile.is_some(),
        }
    }

    pub(crate) fn dispatch(&self, events: &[Event]) {
        for event in events {
            let (dispatcher, event) =
                (self.dispatcher.clone(), event.clone().in_organization(ACME));
            self.finish(async move { dispatcher.dispatch(event).await }).unwrap();
        }
    }

    /// Runs a piece of the host's own work to its end.
    fn finish<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        let result = Arc::new(Mutex::new(None));
        let place = Arc::clone(&result);
        self.clock.spawn(Box::pin(async move {
            let value = work.await;
            *lock(&place) = Some(value);
        }));
        loop {
            assert!(self.clock.run(|| false), "tasks wake each other without any time going by");
            if let Some(value) = lock(&result).take() {
                return value;
            }
            self.clock.advance_to(self.clock.next_timer().expect("work that nothing wakes"));
        }
    }

    /// Lets this much time go by.
    pub(crate) fn pass(&self, millis: i64) {
        let until = self.clock.millis() + millis;
        loop {
            assert!(self.clock.run(|| false), "tasks wake each other without any time going by");
            match self.clock.next_timer() {
                Some(next) if next <= until => self.clock.advance_to(next),
                _ => return self.clock.advance_to(until),
            }
        }
    }

    /// Works until nothing is due any more. False when that takes longer than this.
    pub(crate) fn rest(&self, within: i64) -> bool {
        let end = self.clock.millis() + within;
        loop {
            assert!(self.clock.run(|| false), "tasks wake each other without any time going by");
            match self.clock.next_timer() {
                // An idle worker looks once an hour, and so does one whose target is quarantined.
                Some(next) if next > self.clock.millis() + IDLE && self.due().is_empty() => {
                    return true;
                }
                Some(next) if next <= end => self.clock.advance_to(next),
                Some(_) => return self.due().is_empty(),
                None => return true,
            }
        }
    }

    fn due(&self) -> Vec<LaneStatus> {
        self.lanes(Which::Due)
    }

    /// Lanes at which something is open: due, or waiting for a person.
    pub(crate) fn open(&self) -> Vec<LaneStatus> {
        self.due().into_iter().chain(self.lanes(Which::Parked)).collect()
    }

    fn lanes(&self, which: Which) -> Vec<LaneStatus> {
        let dispatcher = self.dispatcher.clone();
        let query = LaneQuery::new(ACME.into(), which).limit(usize::MAX);
        self.finish(async move { dispatcher.lanes(&query).await }).unwrap()
    }

    /// What the target says of its attributes, asked past everything that counts.
    fn schema(&self) -> Option<BTreeSet<String>> {
        let request = http::Request::get("/scim/v2/Schemas").header("user-agent", "judge");
        let answer = self.target.answer(&request.body(Vec::new()).ok()?);
        known_attributes(&serde_json::from_slice(answer.body()).ok()?)
    }

    /// What the target's own directory has, beside what is wanted.
    pub(crate) fn judge(&self, wanted: &Wanted) -> Judgement {
        let shown = Shown {
            users: self.target.users(),
            groups: self.has_groups.then(|| self.target.groups()),
            schema: self.schema(),
        };
        judge::judge(&Case {
            prefix: PREFIX,
            wanted,
            shown: &shown,
            exchanges: &self.ledger.exchanges(),
            open: &self.open(),
            has_profile: self.has_profile,
        })
    }
}

/// What became of a whole life.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Everything that went wrong.
    pub(crate) failures: Vec<String>,
    /// What the target cannot hold, by the attribute that it is about.
    pub(crate) limits: BTreeSet<String>,
    pub(crate) sent: u64,
    pub(crate) minimum: u64,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) facts: BTreeMap<String, Fact>,
}

/// The whole life at a server with these quirks.
pub(crate) fn live(quirks: &[Quirk]) -> Told {
    live_at(quirks, None)
}

/// The same, where an administrator has said which vendor's server it is.
pub(crate) fn live_at(quirks: &[Quirk], profile: Option<&str>) -> Told {
    let stage = Stage::at(quirks, profile);
    let mut told = Told::default();
    let mut phases = Scenario::phases(PREFIX, USERS, GROUPS);
    let wanted = phases.last().map(|phase| phase.wanted.clone()).unwrap_or_default();
    phases.push(Scenario::tidy_up(&wanted));
    let last = phases.len() - 2;
    for (number, phase) in phases.iter().enumerate() {
        told.minimum += phase.minimum;
        if !play(&stage, phase) {
            told.failures.push(format!("after `{}` it does not come to rest", phase.name));
        }
        if number >= last || !told.failures.is_empty() {
            take(&mut told, stage.judge(&phase.wanted), phase.name);
        }
        if !told.failures.is_empty() {
            break;
        }
    }
    told.exchanges = stage.ledger.exchanges();
    told.facts = stage.learning.facts();
    told.sent = u64::try_from(told.exchanges.len()).unwrap_or(u64::MAX);
    told
}

fn play(stage: &Stage, phase: &Phase) -> bool {
    stage.ledger.begin(phase.operation);
    stage.dispatch(&phase.events);
    stage.rest(6 * 3_600_000)
}

fn take(told: &mut Told, judgement: Judgement, phase: &str) {
    let failures = judgement.failures.into_iter();
    told.failures.extend(failures.map(|failure| format!("after `{phase}`: {failure}")));
    let head = |text: &String| text.split(':').next().unwrap_or_default().to_owned();
    told.limits.extend(judgement.limits.keys().map(head));
}
