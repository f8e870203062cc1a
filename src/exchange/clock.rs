//! The time: the host's, or the machine's where the host has no runtime.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use crate::host::{Runtime, now};
use crate::model::Timestamp;

/// Says what time it is, and throws dice.
#[derive(Clone, Debug)]
pub(super) struct Clock(Option<Arc<dyn Runtime>>);

impl Clock {
    pub(super) fn new(runtime: Option<Arc<dyn Runtime>>) -> Self {
        Self(runtime)
    }

    pub(super) fn now(&self) -> Timestamp {
        now(self.0.as_deref())
    }

    /// A number that nobody can predict.
    pub(super) fn random(&self) -> u64 {
        match &self.0 {
            Some(runtime) => runtime.random(),
            None => RandomState::new().hash_one(0_u8),
        }
    }
}
