//! Hands one outcome from a task to whoever waits for it.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use crate::delivery::Outcome;

#[derive(Debug, Default)]
struct State {
    outcome: Option<Outcome>,
    /// The task is gone, whether or not it brought an outcome.
    closed: bool,
    waker: Option<Waker>,
}

/// The task's end.
#[derive(Debug)]
pub(super) struct Giver(Arc<Mutex<State>>);

/// The waiting end.
#[derive(Debug)]
pub(super) struct Taker(Arc<Mutex<State>>);

pub(super) fn handover() -> (Giver, Taker) {
    let state = Arc::<Mutex<State>>::default();
    (Giver(Arc::clone(&state)), Taker(state))
}

impl Giver {
    pub(super) fn give(self, outcome: Outcome) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .outcome = Some(outcome);
    }
}

impl Drop for Giver {
    fn drop(&mut self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.closed = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Taker {
    /// The outcome; none when the task ended without one, as it does when its runtime is shut down.
    pub(super) async fn take(&self) -> Option<Outcome> {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.closed {
                return Poll::Ready(state.outcome.take());
            }
            state.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}
