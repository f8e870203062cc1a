//! Rings when there is something to do, so that nobody looks for it in vain.

use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Counts its rings; who has heard fewer wakes up.
#[derive(Debug, Default)]
pub(crate) struct Bell(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    rings: u64,
    wakers: Vec<Waker>,
}

impl Bell {
    /// How often it has rung.
    pub(crate) fn rings(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rings
    }

    pub(crate) fn ring(&self) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.rings += 1;
        let wakers = std::mem::take(&mut inner.wakers);
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Waits until it has rung more often than this.
    pub(crate) fn poll_after(&self, heard: u64, context: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.rings > heard {
            return Poll::Ready(());
        }
        if !inner.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            inner.wakers.push(context.waker().clone());
        }
        Poll::Pending
    }
}
