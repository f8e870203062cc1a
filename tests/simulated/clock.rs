//! Virtual time and the tasks of one process. Which of the tasks that are ready runs first, the dice say.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use async_trait::async_trait;
use outbound_provisioning::host::Runtime;
use outbound_provisioning::model::Timestamp;

use super::dice::Dice;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
type Ready = Arc<Mutex<Vec<Arc<Call>>>>;

/// Polls without any time going by; more of them means that somebody runs in a circle.
const MOST_POLLS: u64 = 200_000;

#[derive(Clone)]
pub(crate) struct Clock {
    inner: Arc<Mutex<Inner>>,
    ready: Ready,
}

struct Inner {
    now: i64,
    dice: Dice,
    numbers: u64,
    timers: BTreeMap<(i64, u64), Waker>,
    tasks: HashMap<u64, Task>,
}

struct Call {
    task: u64,
    queued: AtomicBool,
    ready: Ready,
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            let ready = Arc::clone(&self.ready);
            lock(&ready).push(self);
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clock {
    pub(crate) fn new(dice: Dice) -> Self {
        // Not the beginning of time: that means "at once" to a lane.
        let inner = Inner {
            now: 1_000_000,
            dice,
            numbers: 0,
            timers: BTreeMap::new(),
            tasks: HashMap::new(),
        };
        Self { inner: Arc::new(Mutex::new(inner)), ready: Ready::default() }
    }

    pub(crate) fn millis(&self) -> i64 {
        lock(&self.inner).now
    }

    /// Runs every task as far as it gets without time going by, or until `halt`. False when they run in a circle.
    pub(crate) fn run(&self, halt: impl Fn() -> bool) -> bool {
        for _ in 0..MOST_POLLS {
            let next = {
                let mut ready = lock(&self.ready);
                if ready.is_empty() {
                    return true;
                }
                let place = lock(&self.inner).dice.index(ready.len());
                ready.swap_remove(place)
            };
            next.queued.store(false, Ordering::Release);
            let Some(mut task) = lock(&self.inner).tasks.remove(&next.task) else { continue };
            let waker = Waker::from(Arc::clone(&next));
            if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                lock(&self.inner).tasks.insert(next.task, task);
            }
            if halt() {
                return true;
            }
        }
        false
    }

    /// When the next timer rings.
    pub(crate) fn next_timer(&self) -> Option<i64> {
        lock(&self.inner).timers.keys().next().map(|(at, _)| *at)
    }

    /// Lets time go by, and wakes whose time has come.
    pub(crate) fn advance_to(&self, at: i64) {
        let mut due = Vec::new();
        {
            let mut inner = lock(&self.inner);
            inner.now = inner.now.max(at);
            let behind = inner.now.saturating_add(1);
            let later = inner.timers.split_off(&(behind, 0));
            due.extend(std::mem::replace(&mut inner.timers, later).into_values());
        }
        due.into_iter().for_each(Waker::wake);
    }

    /// The process is dead: nothing of it ever runs again.
    pub(crate) fn kill(&self) {
        let (tasks, timers) = {
            let mut inner = lock(&self.inner);
            (std::mem::take(&mut inner.tasks), std::mem::take(&mut inner.timers))
        };
        // Outside of the lock: what is dropped may ask for the time.
        drop(tasks);
        drop(timers);
        lock(&self.ready).clear();
    }

    pub(crate) async fn pause(&self, millis: i64) {
        let until = self.millis().saturating_add(millis);
        let mut timer = Timer { clock: self, place: None };
        poll_fn(|context| {
            let mut inner = lock(&timer.clock.inner);
            if inner.now >= until {
                return Poll::Ready(());
            }
            let place = timer.place.unwrap_or_else(|| {
                inner.numbers += 1;
                (until, inner.numbers)
            });
            inner.timers.insert(place, context.waker().clone());
            drop(inner);
            timer.place = Some(place);
            Poll::Pending
        })
        .await;
    }

    /// Lets others go first, without time going by.
    pub(crate) async fn give_way(&self) {
        let mut waited = false;
        poll_fn(|context| {
            if waited {
                return Poll::Ready(());
            }
            waited = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

struct Timer<'a> {
    clock: &'a Clock,
    place: Option<(i64, u64)>,
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            let _waker = lock(&self.clock.inner).timers.remove(&place);
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[async_trait]
impl Runtime for Clock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis())
    }

    fn random(&self) -> u64 {
        lock(&self.inner).dice.next()
    }

    async fn sleep(&self, duration: Duration) {
        self.pause(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)).await;
    }

    fn spawn(&self, task: Task) {
        let number = {
            let mut inner = lock(&self.inner);
            inner.numbers += 1;
            let number = inner.numbers;
            inner.tasks.insert(number, task);
            number
        };
        let call =
            Call { task: number, queued: AtomicBool::new(false), ready: Arc::clone(&self.ready) };
        Arc::new(call).wake();
    }
}
