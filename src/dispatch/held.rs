//! What is held back, and what a person says to it (P16).

use super::dispatcher::Dispatcher;
use crate::delivery::{LaneRecord, ParkReason};
use crate::error::Result;
use crate::model::{LaneKey, TargetKey};
use crate::store::{LaneQuery, StoredLane, Which};

/// Lanes that are looked at in one go.
pub(super) const PAGE: usize = 500;

impl Dispatcher {
    /// Allows what is held back at one lane, because too many or because the account is protected. Answers whether
    /// anything was.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    pub async fn allow(&self, lane: &LaneKey) -> Result<bool> {
        self.change(lane, |record| {
            let is_held =
                matches!(record.parked(), Some(ParkReason::MassChange | ParkReason::Protected));
            if is_held {
                record.allow();
            }
            is_held
        })
        .await
    }

    /// Allows every account to be switched off or deleted that is held back at a target because there are too many.
    /// The hour is counted anew. Answers how many there were.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage). What was allowed until then stays so.
    pub async fn allow_held(&self, target: &TargetKey) -> Result<usize> {
        self.change_health(target, crate::delivery::Health::forget_removals).await?;
        let mut allowed = 0;
        for lane in self.held(target).await? {
            let allow = |record: &mut LaneRecord| {
                let is_held = is_one_of_many(record);
                if is_held {
                    record.allow();
                }
                is_held
            };
            allowed += usize::from(self.change(&lane, allow).await?);
        }
        Ok(allowed)
    }

    /// Decides that the accounts that are held back at a target because there are too many stay as they are. They stay
    /// ours, and their next events are delivered as any other. Answers how many there were.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage). What was rejected until then stays so.
    pub async fn reject_held(&self, target: &TargetKey) -> Result<usize> {
        let mut rejected = 0;
        for lane in self.held(target).await? {
            rejected += usize::from(self.discard(&lane).await?);
        }
        Ok(rejected)
    }

    /// Lanes of a target that are held back because there are too many.
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage).
    pub async fn held(&self, target: &TargetKey) -> Result<Vec<LaneKey>> {
        let rows = self.all_lanes(target, Which::Parked).await?;
        let held = rows.into_iter().filter(|row| is_one_of_many(&row.record));
        Ok(held.map(|row| row.key).collect())
    }

    /// All lanes of a target that have something in common.
    pub(super) async fn all_lanes(
        &self,
        target: &TargetKey,
        which: Which,
    ) -> Result<Vec<StoredLane>> {
        let query = LaneQuery::new(target.organization.clone(), which).limit(PAGE);
        let mut query = query.at(target.target.clone());
        let mut all = Vec::new();
        loop {
            let page = self.shared().store.lanes(&query).await?;
            let Some(last) = page.last() else { return Ok(all) };
            query = query.after(last.key.clone());
            all.extend(page);
        }
    }
}

fn is_one_of_many(record: &LaneRecord) -> bool {
    record.parked() == Some(ParkReason::MassChange)
}
