//! Two of ours and one name at a target: who waits is told when the name is free (P8.5, F77, F78).

use super::attempt::Work;
use crate::delivery::{Failure, Holder, contest};
use crate::error::{ErrorKind, Result};
use crate::model::{LaneKey, LocalId, Member, ResourceKey, Timestamp};
use crate::store::{Batch, StoredLane, key_of, member_of};

/// Lanes that wait for each other in a row; in a longer one nobody looks for a circle.
const MOST_IN_A_ROW: usize = 16;

impl Work<'_> {
    /// Another has the name that the resource is to have. Answers how the attempt ends, unless it goes on.
    pub(super) async fn contest(
        &mut self,
        id: LocalId,
        asked: Timestamp,
    ) -> Result<std::result::Result<(), Failure>> {
        let own = &self.row.key.resource;
        let resource = ResourceKey::new(own.organization.clone(), own.kind, id.clone());
        let lane = LaneKey::new(resource, self.row.key.target.clone());
        let row = readable(self.shared.store.lane(&lane).await)?;
        let own = member_of(own);
        let waits_for_us = match &row {
            Some(row) => self.is_waited_for(&own, row).await?,
            None => false,
        };
        let record = row.as_ref().map(|row| &row.record);
        let there = record.and_then(|record| record.lane.name_there()).map(str::to_owned);
        self.holder = Some((lane, there));
        let holder = Holder { id: &id, record, waits_for_us };
        let moment = self.shared.moment();
        let lane = &mut self.row.record.lane;
        Ok(contest(lane, &own, holder, asked, &moment, self.policy))
    }

    /// Whether a lane waits for the name that this one has, if only by way of others.
    async fn is_waited_for(&self, own: &Member, first: &StoredLane) -> Result<bool> {
        let mut next = first.record.contested().cloned();
        for _ in 0..MOST_IN_A_ROW {
            let Some(member) = next else { return Ok(false) };
            if member == *own {
                return Ok(true);
            }
            let resource = key_of(&self.row.key.resource.organization, &member);
            let lane = LaneKey::new(resource, self.row.key.target.clone());
            let row = readable(self.shared.store.lane(&lane).await)?;
            next = row.and_then(|row| row.record.contested().cloned());
        }
        Ok(false)
    }

    /// The resource has another name at the target now, or none: who waits for the old one is woken by the same batch.
    pub(super) async fn call_waiters(&mut self) -> Result<()> {
        let name = self.row.record.lane.name_there();
        if name == self.name_there.as_deref() {
            return Ok(());
        }
        let name = name.map(str::to_owned);
        if std::mem::replace(&mut self.name_there, name).is_none() {
            return Ok(());
        }
        let own = member_of(&self.row.key.resource);
        let referring = self.shared.store.referring(&self.row.key).await?;
        let resources: Vec<_> = referring.into_iter().map(|lane| lane.resource).collect();
        let rows = self.shared.store.lanes_at(&self.row.key.target_key(), &resources).await?;
        let waiters = rows.into_iter().filter(|row| row.record.contested() == Some(&own));
        self.waiters.extend(waiters.map(|row| row.key));
        Ok(())
    }

    /// Whoever has the name may have given it up before it could be seen that somebody waits.
    pub(super) async fn look_back(&mut self) -> Result<()> {
        let Some((lane, there)) = self.holder.take() else { return Ok(()) };
        let row = readable(self.shared.store.lane(&lane).await)?;
        let now = row.as_ref().and_then(|row| row.record.lane.name_there());
        if now == there.as_deref() {
            return Ok(());
        }
        let mut batch = Batch::new();
        batch.wake.push(self.row.key.clone());
        self.shared.commit_unguarded(batch).await
    }
}

/// A row of another that is damaged says nothing of it, and must not stop this one (F16).
fn readable(row: Result<Option<StoredLane>>) -> Result<Option<StoredLane>> {
    match row {
        Err(error) if error.kind() == ErrorKind::Damaged => Ok(None),
        row => row,
    }
}
