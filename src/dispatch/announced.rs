//! What was announced in this life.

use std::collections::HashSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::Hint;

/// What was announced in this life, and what of it nobody will fulfil any more.
#[derive(Debug, Default)]
pub(super) struct Announced {
    pub(super) numbers: AtomicU64,
    adrift: Mutex<Vec<Hint>>,
    /// Somebody in this process will still fulfil them, whatever has become of the store's life meanwhile.
    live: Mutex<HashSet<Hint>>,
}

impl Announced {
    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<Hint>> {
        self.adrift.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there are announcements that nobody in this process will fulfil.
    pub(super) fn has_adrift(&self) -> bool {
        !self.lock().is_empty()
    }

    pub(super) fn live(&self) -> MutexGuard<'_, HashSet<Hint>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
