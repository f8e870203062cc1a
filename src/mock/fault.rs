//! What can be made to go wrong.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use crate::error::Error;

/// What the next call of a [`MockConnector`](super::MockConnector) does instead of its work.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The target does nothing and answers this.
    Refuse(Error),
    /// No answer comes, and the target has done nothing.
    TimeOutBefore,
    /// No answer comes, but the target has acted.
    TimeOutAfter,
    /// The target acts once the test lets it.
    Slow(Stall),
    /// The connector panics.
    Panic,
    /// The target acts, and answers with somebody else's resource.
    WrongAnswer,
}

/// Holds a call back until the test releases it.
///
/// ```
/// use outbound_provisioning::mock::{Fault, MockConnector, Stall};
///
/// let stall = Stall::new();
/// MockConnector::new().then(Fault::Slow(stall.clone()));
/// stall.release();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Stall(Arc<Mutex<StallState>>);

#[derive(Debug, Default)]
struct StallState {
    reached: bool,
    released: bool,
    wakers: Vec<Waker>,
}

impl Stall {
    /// A stall that nobody has reached.
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits until a call is held here.
    pub async fn reached(&self) {
        self.wait(|state| state.reached).await;
    }

    /// Lets the call go on.
    pub fn release(&self) {
        self.change(|state| state.released = true);
    }

    pub(super) async fn hold(&self) {
        self.change(|state| state.reached = true);
        self.wait(|state| state.released).await;
    }

    fn change(&self, change: impl FnOnce(&mut StallState)) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    async fn wait(&self, done: fn(&StallState) -> bool) {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if done(&state) {
                return Poll::Ready(());
            }
            state.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
