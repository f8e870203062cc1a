//! Hands one result from work to whoever waits for it.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

#[derive(Debug)]
struct State<T> {
    result: Option<T>,
    /// The work is gone, whether or not it brought a result.
    closed: bool,
    waker: Option<Waker>,
}

/// The work's end.
#[derive(Debug)]
pub(crate) struct Giver<T>(Arc<Mutex<State<T>>>);

/// The waiting end.
#[derive(Debug)]
pub(crate) struct Taker<T>(Arc<Mutex<State<T>>>);

pub(crate) fn handover<T>() -> (Giver<T>, Taker<T>) {
    let state = Arc::new(Mutex::new(State { result: None, closed: false, waker: None }));
    (Giver(Arc::clone(&state)), Taker(state))
}

impl<T> Giver<T> {
    pub(crate) fn give(self, result: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).result = Some(result);
    }
}

impl<T> Drop for Giver<T> {
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

impl<T> Taker<T> {
    /// The result; none when the work ended without one, as it does when its runtime is shut down.
    pub(crate) async fn take(&self) -> Option<T> {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.closed {
                return Poll::Ready(state.result.take());
            }
            state.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}
