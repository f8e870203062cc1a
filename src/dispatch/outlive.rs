//! Work that outlives whoever waits for it.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Context;

use crate::host::Runtime;

/// Work that is done where somebody waits for it, and becomes a task of the runtime when nobody does any more. So the
/// common case pays for no task and no change of threads.
pub(super) struct Outlive {
    runtime: Arc<dyn Runtime>,
    work: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Outlive {
    pub(super) fn new(
        runtime: Arc<dyn Runtime>,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self { runtime, work: Some(Box::pin(work)) }
    }

    /// Works until what is waited for is there.
    pub(super) async fn until<T>(&mut self, waited_for: impl Future<Output = T>) -> T {
        let mut waited_for = pin!(waited_for);
        poll_fn(|context| {
            self.poll(context);
            waited_for.as_mut().poll(context)
        })
        .await
    }

    fn poll(&mut self, context: &mut Context<'_>) {
        if let Some(work) = &mut self.work
            && work.as_mut().poll(context).is_ready()
        {
            self.work = None;
        }
    }
}

impl Drop for Outlive {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            self.runtime.spawn(work);
        }
    }
}

impl fmt::Debug for Outlive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlive").field("done", &self.work.is_none()).finish_non_exhaustive()
    }
}
