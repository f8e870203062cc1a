//! One history: a host at work for twenty seconds of faults, and what is left of it when they are over.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use outbound_provisioning::Dispatcher;
use outbound_provisioning::host::{ResourceSource, Runtime};
use outbound_provisioning::model::{ConnectorSettings, OrganizationId, Properties, ResourceKey};

use crate::checks;
use crate::host::{Answers, Change, STRANGER, Truth};
use crate::simulated::clock::{Clock, lock};
use crate::simulated::dice::Dice;
use crate::simulated::directory::Own;
use crate::simulated::store::Loss;
use crate::simulated::weather::Plan;
use crate::simulated::world::{ACME, Setting, World, provisioner};
use crate::terms::Terms;

/// The faults stop after so many milliseconds.
const FAULTS: i64 = 20_000;

/// What a history was made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) events: u64,
    pub(crate) crashes: u64,
    pub(crate) late: u64,
    pub(crate) requests: u64,
    pub(crate) calls: u64,
    pub(crate) retried: u64,
    pub(crate) violations: Vec<String>,
    pub(crate) log: Vec<String>,
}

/// Work of the host that has begun: what it changes, and whom it keeps busy.
#[derive(Clone, Debug)]
struct Open {
    change: Change,
    busy: BTreeSet<Own>,
}

pub(crate) struct History {
    pub(crate) world: World,
    pub(crate) truth: Arc<Mutex<Truth>>,
    pub(crate) terms: Terms,
    dice: Dice,
    /// The host announces its changes, and forgets them when it dies; else it remembers and tells them again.
    hints: bool,
    open: BTreeMap<u64, Open>,
    ended: Arc<Mutex<Vec<u64>>>,
    started: u64,
    told: Told,
}

pub(crate) fn tell(seed: u64, unique: bool, verbose: bool) -> Told {
    let mut dice = Dice::new(seed);
    let until = 1_000_000 + FAULTS;
    let deaths = u32::try_from(dice.below(6)).unwrap_or(0);
    let plan = Plan::Chance {
        dice: dice.fork(),
        until,
        deaths,
        die_one_in: 60,
        fail_one_in: if dice.one_in(3) { 150 } else { 0 },
        request_one_in: 3 + dice.below(6),
    };
    let provisioner = match dice.below(4) {
        0 => provisioner().blocking(),
        1 => provisioner().blocking_within(Duration::from_secs(2)),
        _ => provisioner(),
    };
    let hints = dice.one_in(3);
    let loss = if dice.one_in(4) { Loss::Nothing } else { Loss::Chance };
    let temporary_names = dice.one_in(2);
    let mut settings = ConnectorSettings::from(Properties::new());
    if temporary_names {
        settings = settings.with_temporary_names();
    }
    let mut world_dice = dice.fork();
    let terms = Terms::draw(&mut world_dice, unique);
    let settings = terms.set(settings);
    let setting = Setting { unique, plan, loss, provisioner, settings, verbose };
    let mut world = World::new(world_dice, setting);
    let planted = lock(&world.target.directory).plant(STRANGER);
    if planted.is_err() {
        world.weather.violated(world.clock.millis(), "no stranger");
    }
    let truth = Arc::new(Mutex::new(Truth {
        ids_are_new: hints,
        // A host that forgets a change when it dies would forget half of a swap.
        names_come_back: temporary_names && !hints,
        ..Truth::default()
    }));
    let answers = Answers {
        truth: Arc::clone(&truth),
        clock: world.clock.clone(),
        dice: Arc::new(Mutex::new(dice.fork())),
    };
    let answers: Arc<dyn ResourceSource> = Arc::new(answers);
    world = world.with_resources(answers);
    let history = History {
        world,
        truth,
        terms,
        dice,
        hints,
        open: BTreeMap::new(),
        ended: Arc::default(),
        started: 0,
        told: Told::default(),
    };
    history.run()
}

impl History {
    fn run(mut self) -> Told {
        self.world.boot();
        let end = self.world.clock.millis() + FAULTS;
        let pace = 200 + self.dice.millis(0, 1_500);
        let mut next_change = self.world.clock.millis();
        loop {
            let now = self.world.clock.millis();
            if now >= end {
                break;
            }
            if now >= next_change {
                for _ in 0..=self.dice.below(3) {
                    self.begin_change();
                }
                next_change = now + 1 + self.dice.millis(0, pace);
                if self.dice.one_in(40) {
                    // The machine stands still, and the world goes on.
                    let pause = self.dice.millis(500, 8_000);
                    self.world.weather.note(now, || format!("---- a pause of {pause} ms"));
                    self.world.advance_to(now + pause);
                }
            }
            if !self.world.run() {
                self.come_back();
            }
            self.tidy_up();
            let next = self.world.next().unwrap_or(i64::MAX).min(next_change).min(end);
            self.world.advance_to(next.max(self.world.clock.millis()));
        }
        if lock(&self.truth).second_half.is_some() {
            self.begin_change();
        }
        self.world.weather.clear_up();
        checks::at_rest(&mut self);
        self.told.crashes = u64::from(self.world.deaths);
        self.told.late = self.world.late;
        self.told.calls = self.world.weather.calls();
        self.told.requests = lock(&self.world.target.directory).requests;
        self.told.violations = self.world.weather.violations();
        self.told.log = self.world.weather.log();
        self.told
    }

    /// The process died: it starts again, and the host tells again what it does not know to be accepted.
    pub(crate) fn come_back(&mut self) {
        let down = self.dice.millis(0, 2_000);
        self.world.advance_to(self.world.clock.millis() + down);
        self.world.boot();
        self.tidy_up();
        let open = std::mem::take(&mut self.open);
        if self.hints {
            return;
        }
        for (_, open) in open {
            self.start(open, true);
        }
    }

    pub(crate) fn tidy_up(&mut self) {
        let ended = std::mem::take(&mut *lock(&self.ended));
        for number in ended {
            self.open.remove(&number);
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    pub(crate) fn note_retry(&mut self) {
        self.told.retried += 1;
    }

    fn begin_change(&mut self) {
        if self.world.dispatcher().is_none() {
            return;
        }
        let busy: BTreeSet<Own> =
            self.open.values().flat_map(|open| open.busy.iter().cloned()).collect();
        let coming: Vec<Change> = self.open.values().map(|open| open.change.clone()).collect();
        let change = {
            let mut truth = lock(&self.truth);
            let Some(change) = truth.think_of(&mut self.dice, &busy, &coming) else { return };
            Open { busy: truth.touches(&change), change }
        };
        self.told.events += 1;
        self.start(change, false);
    }

    fn start(&mut self, open: Open, again: bool) {
        let Some(dispatcher) = self.world.dispatcher() else { return };
        self.started += 1;
        let number = self.started;
        let change = open.change.clone();
        self.world.weather.note(self.world.clock.millis(), || {
            format!(
                "HOST {number}{} {change:?} {:?}",
                if again { " again" } else { "" },
                version(&change)
            )
        });
        let work = Work {
            dispatcher,
            clock: self.world.clock.clone(),
            truth: Arc::clone(&self.truth),
            directory: self.world.target.clone(),
            change,
            impatient: if self.dice.one_in(12) { Some(self.dice.millis(0, 300)) } else { None },
        };
        if !again && !self.hints {
            work.commit();
        }
        let (ended, hints) = (Arc::clone(&self.ended), self.hints);
        self.open.insert(number, open);
        self.world.clock.spawn(Box::pin(async move {
            if hints {
                work.announced().await
            } else {
                work.told_until_accepted().await
            }
            lock(&ended).push(number);
        }));
    }
}

fn version(change: &Change) -> String {
    match change {
        Change::Create(user) | Change::Update(user) => {
            format!("`{}` {:?} active={}", user.user_name, user.display_name, user.active)
        }
        Change::CreateGroup(group) | Change::UpdateGroup(group) => {
            format!("{} {:?}", group.display_name, group.members)
        }
        _ => String::new(),
    }
}

/// One change of the host on its way.
struct Work {
    dispatcher: Dispatcher,
    clock: Clock,
    truth: Arc<Mutex<Truth>>,
    directory: crate::simulated::target::Target,
    change: Change,
    /// The host drops the future after so long, whatever became of it.
    impatient: Option<i64>,
}

impl Work {
    fn commit(&self) {
        lock(&self.truth).commit(&self.change);
        if matches!(self.change, Change::Delete(_) | Change::DeleteGroup(_)) {
            lock(&self.directory.directory).deleted.insert(self.change.own());
        }
    }

    /// What was never accepted is told again, as by a host that keeps its own list.
    async fn told_until_accepted(mut self) {
        loop {
            let dispatch = self.dispatcher.dispatch(self.change.event()).into_future();
            let accepted = match self.impatient.take() {
                Some(millis) => first(dispatch, self.clock.pause(millis)).await,
                None => Some(dispatch.await),
            };
            if matches!(accepted, Some(Ok(_))) {
                return;
            }
            self.clock.pause(100).await;
        }
    }

    /// The host announces, commits and tells once. What then goes wrong the library finds out.
    async fn announced(self) {
        let (kind, id) = self.change.own();
        let key = ResourceKey::new(OrganizationId::from(ACME), kind, id);
        let Ok(announcement) = self.dispatcher.announce(key).await else { return };
        self.commit();
        let dispatch = self.dispatcher.dispatch(self.change.event()).fulfilling(announcement);
        let dispatch = dispatch.into_future();
        match self.impatient {
            Some(millis) => drop(
                first(
                    dispatch,
                    self.clock.sleep(Duration::from_millis(u64::try_from(millis).unwrap_or(0))),
                )
                .await,
            ),
            None => drop(dispatch.await),
        }
    }
}

async fn first<T>(work: impl Future<Output = T>, limit: impl Future<Output = ()>) -> Option<T> {
    let (mut work, mut limit) = (pin!(work), pin!(limit));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => limit.as_mut().poll(context).map(|()| None),
    })
    .await
}
