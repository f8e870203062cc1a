//! A clock that is moved by hand, and tasks that run when they are told to.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use async_trait::async_trait;

use crate::host::Runtime;
use crate::model::Timestamp;

/// Virtual time: nothing sleeps, and nothing happens until [`run`](Self::run) or [`advance`](Self::advance) is called.
/// Clones share the clock and the tasks.
///
/// ```
/// use std::time::Duration;
/// use outbound_provisioning::host::Runtime;
/// use outbound_provisioning::mock::ManualRuntime;
///
/// let runtime = ManualRuntime::new();
/// runtime.advance(Duration::from_secs(3600)); // takes no time at all
/// assert_eq!(runtime.now().as_millis(), 3_600_000);
/// ```
#[derive(Clone, Default)]
pub struct ManualRuntime(Arc<Mutex<Inner>>);

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Default)]
struct Inner {
    now: Timestamp,
    tasks: Vec<(Task, Arc<Woken>)>,
    sleepers: Vec<Waker>,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl ManualRuntime {
    /// Midnight, 1 January 1970.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs every task as far as it gets without time going by.
    pub fn run(&self) {
        loop {
            // Outside of the lock: a task may ask for the time, or spawn.
            let ready: Vec<(Task, Arc<Woken>)> = {
                let mut inner = self.lock();
                let (ready, waiting) = std::mem::take(&mut inner.tasks)
                    .into_iter()
                    .partition(|(_, woken)| woken.0.load(Ordering::Acquire));
                inner.tasks = waiting;
                ready
            };
            if ready.is_empty() {
                return;
            }
            for (mut task, woken) in ready {
                woken.0.store(false, Ordering::Release);
                let waker = Waker::from(Arc::clone(&woken));
                if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                    self.lock().tasks.push((task, woken));
                }
            }
        }
    }

    /// Lets time go by, then runs.
    pub fn advance(&self, duration: Duration) {
        let sleepers = {
            let mut inner = self.lock();
            inner.now = inner.now.after(duration);
            std::mem::take(&mut inner.sleepers)
        };
        sleepers.into_iter().for_each(Waker::wake);
        self.run();
    }

    /// How many tasks have not come to their end.
    pub fn open_tasks(&self) -> usize {
        self.lock().tasks.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ManualRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        f.debug_struct("ManualRuntime")
            .field("now", &inner.now)
            .field("tasks", &inner.tasks.len())
            .finish()
    }
}

#[async_trait]
impl Runtime for ManualRuntime {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.now().after(duration);
        poll_fn(|context| {
            let mut inner = self.lock();
            if inner.now >= until {
                return Poll::Ready(());
            }
            inner.sleepers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn spawn(&self, task: Task) {
        self.lock().tasks.push((task, Arc::new(Woken(AtomicBool::new(true)))));
    }
}
