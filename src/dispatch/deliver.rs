//! Takes a lane's turn, works on it, and tells all who wait.

use super::attempt::attempt;
use super::join::caught;
use super::shared::Shared;
use super::snapshot::Snapshot;
use super::turns::Holder;
use crate::delivery::Outcome;
use crate::error::{Error, ErrorKind, Result};
use crate::host::Observation;
use crate::model::{EventId, LaneKey};

impl Shared {
    /// Works on a lane, unless somebody else does.
    ///
    /// # Errors
    /// When the lane is as it was, because it could not be read or written: it is due still.
    pub(crate) async fn deliver(&self, lane: &LaneKey) -> Option<Result<Outcome>> {
        let holder = self.turns.take(lane)?;
        Some(self.try_work(None, holder, None).await)
    }

    /// Works on a lane whose turn was taken, and tells all who wait.
    pub(super) async fn work(
        &self,
        snapshot: Option<&Snapshot>,
        holder: Holder,
        event: Option<EventId>,
    ) -> Outcome {
        self.try_work(snapshot, holder, event).await.unwrap_or_else(Outcome::queued)
    }

    async fn try_work(
        &self,
        snapshot: Option<&Snapshot>,
        mut holder: Holder,
        event: Option<EventId>,
    ) -> Result<Outcome> {
        let organization = &holder.lane.resource.organization;
        // How it is sent is decided now, for newer events that are carried out too (P19).
        let newest = match self.snapshots.newest(organization) {
            Some(newest) => Ok(newest),
            None => self.snapshots.current(organization).await,
        };
        let worked = match (&newest, snapshot) {
            (Ok(newest), _) => caught(attempt(self, newest, &mut holder, event)).await,
            (Err(_), Some(older)) => caught(attempt(self, older, &mut holder, event)).await,
            (Err(error), None) => Some(Err(error.clone())),
        };
        let defect =
            || Err(Error::new(ErrorKind::Internal, "an attempt panicked; this is a defect"));
        match worked.unwrap_or_else(defect) {
            Ok((carried_out, outcome)) => {
                let resource = &holder.lane.resource;
                let target = &holder.lane.target;
                self.snapshots.tell(&Observation::Settled {
                    resource,
                    target,
                    event: carried_out,
                    outcome: &outcome,
                });
                holder.settle(carried_out, outcome.clone());
                Ok(outcome)
            }
            // What was noted before the request is in the store: the next attempt begins with a look-up.
            Err(error) => {
                drop(holder);
                Err(error)
            }
        }
    }
}
