//! The health of every target, at hand.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::delivery::{Gate, Health, Moment, QuarantineReason};
use crate::error::{Error, Result};
use crate::model::{TargetKey, Timestamp};
use crate::store::Store;

/// What is known of targets; the store keeps what matters of it.
#[derive(Debug, Default)]
pub(super) struct Healths(Mutex<HashMap<TargetKey, Health>>);

impl Healths {
    fn lock(&self) -> MutexGuard<'_, HashMap<TargetKey, Health>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anything may be sent to a target now.
    pub(super) async fn gate(
        &self,
        store: &dyn Store,
        target: &TargetKey,
        now: Timestamp,
    ) -> Result<Gate> {
        if let Some(health) = self.lock().get(target) {
            return Ok(health.gate(now));
        }
        let stored = store.health(target).await?;
        Ok(self.lock().entry(target.clone()).or_insert(stored).gate(now))
    }

    /// Looks at a target's health, and notes in it what happens there.
    pub(super) async fn look<T>(
        &self,
        store: &dyn Store,
        target: &TargetKey,
        look: impl FnOnce(&mut Health) -> T,
    ) -> Result<T> {
        if let Some(health) = self.lock().get_mut(target) {
            return Ok(look(health));
        }
        let stored = store.health(target).await?;
        Ok(look(self.lock().entry(target.clone()).or_insert(stored)))
    }

    /// A target's health, if it is at hand.
    pub(super) fn known(&self, target: &TargetKey) -> Option<Health> {
        self.lock().get(target).cloned()
    }

    /// Takes in what became of a request. Answers the health if it changed in a way that is to be kept, and why the
    /// target is left alone from now on, if that is new.
    pub(super) fn note(
        &self,
        target: &TargetKey,
        error: Option<&Error>,
        moment: &Moment,
    ) -> Option<Option<QuarantineReason>> {
        let mut healths = self.lock();
        let health = match healths.get_mut(target) {
            Some(health) => health,
            None => healths.entry(target.clone()).or_default(),
        };
        let before = health.quarantined();
        let changed = health.note(error, moment);
        changed.then(|| health.quarantined().filter(|reason| before != Some(*reason)))
    }

    /// Changes a target's health; answers it.
    pub(super) async fn change(
        &self,
        store: &dyn Store,
        target: &TargetKey,
        change: impl FnOnce(&mut Health),
    ) -> Result<Health> {
        let stored = store.health(target).await?;
        let mut healths = self.lock();
        let health = healths.entry(target.clone()).or_insert(stored);
        change(health);
        Ok(health.clone())
    }

    /// The configuration of these targets changed, which may have mended them.
    pub(super) fn probe_now(&self, of: impl Fn(&TargetKey) -> bool) {
        let mut healths = self.lock();
        healths
            .iter_mut()
            .filter(|(target, _)| of(target))
            .for_each(|(_, health)| health.probe_now());
    }
}
