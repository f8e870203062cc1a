//! Small things around other code: several futures at once, the first of two, and what may panic.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;

use crate::error::{Error, ErrorKind, Result};

/// Runs all at once and gives their results in order.
pub(crate) async fn join_all<T, F: Future<Output = T>>(futures: Vec<F>) -> Vec<T> {
    let mut running: Vec<(Pin<Box<F>>, Option<T>)> =
        futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        let mut open = false;
        for (future, result) in running.iter_mut().filter(|(_, result)| result.is_none()) {
            match future.as_mut().poll(context) {
                Poll::Ready(value) => *result = Some(value),
                Poll::Pending => open = true,
            }
        }
        if open { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    running.into_iter().filter_map(|(_, result)| result).collect()
}

/// The result of `work`, or none when `limit` is over first.
pub(super) async fn unless<T>(
    work: impl Future<Output = T>,
    limit: impl Future<Output = ()>,
) -> Option<T> {
    let (mut work, mut limit) = (pin!(work), pin!(limit));
    poll_fn(|context| match (work.as_mut().poll(context), limit.as_mut()) {
        (Poll::Ready(value), _) => Poll::Ready(Some(value)),
        (Poll::Pending, limit) => limit.poll(context).map(|()| None),
    })
    .await
}

/// The result of `work`, or none when it panics (F4). It is not polled again.
pub(super) async fn caught<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(poll) => poll.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}

/// What `work` gives, or an error when it panics (F4).
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| panicked())
}

pub(super) fn panicked() -> Error {
    Error::new(ErrorKind::Internal, "the connector panicked; its author must mend it")
}
