//! Several futures at once, each polled only when it was woken.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

type Job<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Work under way. Dropping it drops the work.
pub(super) struct Crew<'a, T> {
    jobs: Vec<(Job<'a, T>, Arc<Call>)>,
}

/// Whether a job was woken, and whom to tell.
#[derive(Debug, Default)]
struct Call {
    woken: AtomicBool,
    foreman: Mutex<Option<Waker>>,
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        let foreman = self.foreman.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(foreman) = foreman {
            foreman.wake();
        }
    }
}

impl<'a, T> Crew<'a, T> {
    pub(super) fn new() -> Self {
        Self { jobs: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    pub(super) fn add(&mut self, job: impl Future<Output = T> + Send + 'a) {
        let call = Call { woken: AtomicBool::new(true), foreman: Mutex::default() };
        self.jobs.push((Box::pin(job), Arc::new(call)));
    }

    /// The next result; pending while nobody has one.
    pub(super) fn poll_next(&mut self, context: &Context<'_>) -> Poll<T> {
        for place in 0..self.jobs.len() {
            let Some((job, call)) = self.jobs.get_mut(place) else { break };
            // First whom to tell, then whether there was news: nothing falls between.
            *call.foreman.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(context.waker().clone());
            if !call.woken.swap(false, Ordering::AcqRel) {
                continue;
            }
            let waker = Waker::from(Arc::clone(call));
            if let Poll::Ready(result) = job.as_mut().poll(&mut Context::from_waker(&waker)) {
                drop(self.jobs.swap_remove(place));
                return Poll::Ready(result);
            }
        }
        Poll::Pending
    }
}

impl<T> fmt::Debug for Crew<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew").field("jobs", &self.jobs.len()).finish()
    }
}
