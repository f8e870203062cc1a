//! A worker at work.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::crew::Crew;
use super::limits::Limits;
use super::stock::Stock;
use crate::delivery::{Next, Outcome};
use crate::dispatch::{Shared, recover};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{LaneKey, Timestamp};

/// How long a deleted resource is remembered after the last request about it can have landed (P11).
const TOMBSTONES: Duration = Duration::from_secs(30 * 24 * 3600);
/// Rows that are looked at in one go when the store is tidied.
const TIDIED: usize = 256;
/// While there is enough to do, what is new is looked at so often.
const LOOK: Duration = Duration::from_millis(20);
/// A pause after the store has failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// A pause for a lane that could not be read or written.
const LANE_PAUSE: Duration = Duration::from_secs(5);
/// A pause for a lane on which somebody else works.
const TAKEN_PAUSE: Duration = Duration::from_millis(100);
/// A pause after the host could not tell the truth of what was announced.
const SOURCE_PAUSE: Duration = Duration::from_secs(10);

/// Delivers what is due. Needs no runtime for [`run_once`](Self::run_once); [`run`](Self::run) needs one.
#[derive(Debug)]
pub struct Worker {
    shared: Arc<Shared>,
    limits: Limits,
}

/// What a worker did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Worked {
    /// Lanes that are in the wanted state now.
    pub done: usize,
    /// Lanes that are tried again later.
    pub queued: usize,
    /// Lanes that wait for a person.
    pub parked: usize,
    /// Announcements for which the host was asked.
    pub recovered: usize,
}

/// How a worker stopped (P23).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stopped {
    /// What it did before.
    pub worked: Worked,
    /// Lanes that were finished after it was told to stop.
    pub finished: usize,
    /// Lanes that were still under way when its time was over: what became of their requests is unknown, and the next
    /// attempt looks it up.
    pub unknown: usize,
}

impl Worked {
    fn note(&mut self, outcome: &Result<Outcome>) {
        match outcome {
            Ok(Outcome::Failed { next: Next::Parked(_), .. }) => self.parked += 1,
            Err(_) | Ok(Outcome::Failed { .. } | Outcome::StillPending | Outcome::Held(_)) => {
                self.queued += 1;
            }
            Ok(_) => self.done += 1,
        }
    }
}

/// A lane that is no longer worked on. No outcome: somebody else works on it.
type Ended = (LaneKey, Option<Result<Outcome>>);

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, limits: Limits) -> Self {
        Self { shared, limits }
    }

    /// Works on everything that is due now, and on what comes of it, until nothing is. Needs no runtime. What fails is
    /// due again later, so this ends.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage) when the store cannot be read; whatever the
    /// [`ResourceSource`](crate::host::ResourceSource) says of announcements. What goes wrong at a target is no error
    /// of the worker.
    pub async fn run_once(&self) -> Result<Worked> {
        let recovered = recover(&self.shared).await;
        let mut worked = Worked::default();
        let (mut stock, mut crew) = (Stock::default(), Crew::new());
        loop {
            if let Err(error) = stock.fill(&self.shared, &self.limits).await {
                // What is under way ends first: else nobody would know what became of it.
                while crew.len() > 0 {
                    poll_fn(|context| crew.poll_next(context)).await;
                }
                return Err(error);
            }
            self.begin(&mut stock, &mut crew).await;
            if crew.len() == 0 {
                // The host's own store may fail where ours does not: that is told, and holds up nothing.
                worked.recovered = recovered?;
                return Ok(worked);
            }
            let (lane, outcome) = poll_fn(|context| crew.poll_next(context)).await;
            stock.ended(&lane);
            outcome.iter().for_each(|outcome| worked.note(outcome));
            if !matches!(outcome, Some(Ok(_))) {
                // It is due still, and would be for ever.
                stock.put_off(&lane, Timestamp::from_millis(i64::MAX));
            }
        }
    }

    /// Works until it is told to stop, and sleeps while nothing is due. When told, it begins nothing more, lets requests
    /// under way end for as long as its [`grace`](super::WorkerBuilder::grace) lasts, and reports. Dropping the future
    /// instead is safe too: that is what a crash does.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when the dispatcher has no runtime: there is no timer then. A store
    /// that fails is tried again.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) -> Result<Stopped> {
        let Some(runtime) = self.shared.runtime.clone() else {
            let message =
                "a worker that runs needs a timer; give the dispatcher a runtime, or call run_once";
            return Err(Error::new(ErrorKind::Configuration, message));
        };
        let mut shutdown = pin!(shutdown);
        let mut worked = Worked::default();
        let (mut stock, mut crew) = (Stock::default(), Crew::new());
        let (mut heard, mut looked, mut news) = (0, self.shared.now(), true);
        loop {
            let rings = self.shared.bell.rings();
            let now = self.shared.now();
            let due = stock.next.is_some_and(|next| next <= now);
            news |= rings != heard;
            let mut pause = None;
            if due || (news && (stock.is_low() || now.since(looked) >= LOOK)) {
                match self.restock(&mut stock, &mut worked).await {
                    Ok(()) => (heard, looked, news) = (rings, now, false),
                    // What is due next is not known now, so the next look must not wait for news.
                    Err(_) => (news, pause) = (true, Some(STORE_PAUSE)),
                }
            }
            // What is due later at the same target comes into sight once what was due now is under way.
            news |= self.begin(&mut stock, &mut crew).await;
            let next = stock.next.map(|next| next.since(self.shared.now()));
            let wait = match pause {
                Some(pause) => pause,
                None if news => LOOK,
                None => next.unwrap_or(Duration::from_secs(3600)),
            };
            let mut timer: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(runtime.sleep(wait));
            let woke = poll_fn(|context| {
                if shutdown.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Woke::Stop);
                }
                if let Poll::Ready(ended) = crew.poll_next(context) {
                    return Poll::Ready(Woke::Ended(ended));
                }
                let rang = pause.is_none()
                    && !news
                    && self.shared.bell.poll_after(rings, context).is_ready();
                if rang || timer.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Woke::Look);
                }
                Poll::Pending
            })
            .await;
            match woke {
                Woke::Stop => break,
                Woke::Look => {}
                Woke::Ended((lane, outcome)) => {
                    stock.ended(&lane);
                    outcome.iter().for_each(|outcome| worked.note(outcome));
                    match outcome {
                        Some(Ok(_)) => {}
                        Some(Err(_)) => stock.put_off(&lane, self.shared.now().after(LANE_PAUSE)),
                        None => stock.put_off(&lane, self.shared.now().after(TAKEN_PAUSE)),
                    }
                    news = true;
                }
            }
        }
        let mut stopped = Stopped { worked, ..Stopped::default() };
        let mut timer = pin!(runtime.sleep(self.limits.grace));
        while crew.len() > 0 {
            let ended = poll_fn(|context| match crew.poll_next(context) {
                Poll::Ready(ended) => Poll::Ready(Some(ended)),
                Poll::Pending => timer.as_mut().poll(context).map(|()| None),
            });
            let Some((_, outcome)) = ended.await else { break };
            outcome.iter().for_each(|outcome| stopped.worked.note(outcome));
            stopped.finished += 1;
        }
        stopped.unknown = crew.len();
        Ok(stopped)
    }

    async fn restock(&self, stock: &mut Stock, worked: &mut Worked) -> Result<()> {
        let now = self.shared.now();
        let mut asked_again = None;
        if stock.asks_again_at().is_some_and(|at| at <= now) || self.shared.has_adrift() {
            match recover(&self.shared).await {
                Ok(recovered) => {
                    worked.recovered += recovered;
                    stock.ask_again_at(None);
                }
                // The host's own store may fail where ours does not.
                Err(_) => asked_again = Some(now.after(SOURCE_PAUSE)),
            }
        }
        stock.fill(&self.shared, &self.limits).await?;
        if let Some(at) = asked_again {
            stock.ask_again_at(Some(at));
        }
        if stock.is_time_to_tidy(now) {
            // What cannot be tidied now is another time.
            let _forgotten = self.shared.store.tidy(now.before(TOMBSTONES), TIDIED).await;
        }
        Ok(())
    }

    /// Begins as much as may be under way at once. Answers whether anything was begun.
    async fn begin<'a>(&'a self, stock: &mut Stock, crew: &mut Crew<'a, Ended>) -> bool {
        let before = crew.len();
        if before == 0
            && let Some(lane) = stock.take_saved()
        {
            crew.add(self.deliver(lane));
            return true;
        }
        while crew.len() < self.limits.in_all && !stock.is_alone() {
            let Some(lane) = stock.take(&self.limits) else { break };
            if self.is_suspect(&lane).await {
                // Nobody else is begun until it has run, and it runs when nobody can be taken down with it.
                stock.leave_alone(&lane);
                if crew.len() > 0 {
                    stock.ended(&lane);
                    stock.save_for_later(lane);
                    break;
                }
            }
            crew.add(self.deliver(lane));
        }
        crew.len() > before
    }

    /// Whether the process has died over this lane before. Only looked at after it has died at all.
    async fn is_suspect(&self, lane: &LaneKey) -> bool {
        let life = self.shared.store.life();
        if life.unclean_before != life.era {
            return false;
        }
        // A row that cannot be read is told of by whoever works on the lane.
        let row = self.shared.store.lane(lane).await.ok().flatten();
        row.is_some_and(|row| row.record.is_suspect())
    }

    async fn deliver(&self, lane: LaneKey) -> Ended {
        let outcome = self.shared.deliver(&lane).await;
        (lane, outcome)
    }
}

enum Woke {
    Stop,
    Look,
    Ended(Ended),
}
