//! Lets one at a time through, and everybody else wait: for what must not be asked for twice at once.

use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};

use crate::bell::Bell;

/// Open or taken.
#[derive(Debug, Default)]
pub(crate) struct Turnstile {
    taken: Mutex<bool>,
    bell: Bell,
}

/// Whoever has this is the only one.
#[derive(Debug)]
pub(crate) struct Turn<'a>(&'a Turnstile);

impl Turnstile {
    /// Waits until nobody else is inside.
    pub(crate) async fn enter(&self) -> Turn<'_> {
        loop {
            let heard = self.bell.rings();
            if !std::mem::replace(&mut *self.lock(), true) {
                return Turn(self);
            }
            poll_fn(|context| self.bell.poll_after(heard, context)).await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, bool> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.lock() = false;
        self.0.bell.ring();
    }
}
