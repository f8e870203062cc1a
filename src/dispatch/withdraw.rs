//! A connection that is to go: what becomes of its accounts, and when all is done (P18).

use super::dispatcher::Dispatcher;
use super::reassert::is_set_up;
use crate::delivery::{Health, LaneRecord};
use crate::error::Result;
use crate::model::{TargetKey, Withdrawal};
use crate::store::{StoredLane, Which};

/// How far a target's withdrawal has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Withdrawing {
    /// Lanes at which something is still to be done.
    pub open: usize,
    /// Those among them that wait for a person, because of the [`Guard`](crate::model::Guard) or of an error.
    pub parked: usize,
}

impl Withdrawing {
    /// Whether nothing is left to do: the connection can be taken out of the configuration.
    pub fn is_done(&self) -> bool {
        self.open == 0
    }
}

impl Dispatcher {
    /// Withdraws a target: nobody is created or changed there any more, and its accounts are left, switched off or deleted,
    /// under the target's [`Guard`](crate::model::Guard). A worker does it. What the host says meanwhile is skipped, and
    /// remembered in case the target is [reinstated](Self::reinstate). The connection stays in the configuration until
    /// [`withdrawing`](Self::withdrawing) says that all is done.
    ///
    /// It can be called again, also after a crash half-way, and with another choice as long as nothing was deleted.
    /// Answers how many lanes there are to see to.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) when there is no such target;
    /// [`Storage`](crate::ErrorKind::Storage).
    pub async fn withdraw(&self, target: &TargetKey, withdrawal: Withdrawal) -> Result<usize> {
        let snapshot = self.shared().snapshots.current(&target.organization).await?;
        is_set_up(&snapshot, target)?;
        // First, so that nothing comes while the accounts are marked.
        self.change_health(target, |health| health.withdraw(withdrawal)).await?;
        self.see_to_all(target, LaneRecord::withdraw).await
    }

    /// How far a target's withdrawal has come; none if it is not withdrawn.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    pub async fn withdrawing(&self, target: &TargetKey) -> Result<Option<Withdrawing>> {
        let shared = self.shared();
        let look = |health: &mut Health| health.withdrawal();
        if shared.healths.look(&*shared.store, target, look).await?.is_none() {
            return Ok(None);
        }
        let parked = shared.store.count(target, Which::Parked).await?;
        let due = shared.store.count(target, Which::Due).await?;
        Ok(Some(Withdrawing { open: due + parked, parked }))
    }

    /// Takes a withdrawal back: everybody is brought to what the host has said meanwhile, as a worker comes to it. Answers
    /// how many there are.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    pub async fn reinstate(&self, target: &TargetKey) -> Result<usize> {
        self.change_health(target, Health::reinstate).await?;
        self.see_to_all(target, LaneRecord::retry).await
    }

    /// Makes every lane due at which a withdrawal changes anything.
    async fn see_to_all(&self, target: &TargetKey, how: fn(&mut LaneRecord)) -> Result<usize> {
        let mut seen_to = 0;
        for row in self.concerned(target).await? {
            let see_to = |record: &mut LaneRecord| {
                how(record);
                true
            };
            seen_to += usize::from(self.change(&row.key, see_to).await?);
        }
        Ok(seen_to)
    }

    /// Lanes at which a withdrawal changes anything.
    async fn concerned(&self, target: &TargetKey) -> Result<Vec<StoredLane>> {
        let mut rows = Vec::new();
        for which in [Which::Linked, Which::Aside, Which::Due, Which::Parked] {
            rows.extend(self.all_lanes(target, which).await?);
        }
        rows.sort_by(|left, right| left.key.cmp(&right.key));
        rows.dedup_by(|left, right| left.key == right.key);
        Ok(rows)
    }
}
