//! One event on its way to its lanes: who waits, for how long, and what follows from it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::drive::drive;
use super::handover::handover;
use super::join::{join_all, unless};
use super::report::{Because, Delivery};
use super::shared::Shared;
use super::snapshot::Snapshot;
use crate::delivery::{HoldReason, Outcome};
use crate::model::{EventId, Target, Timestamp, Wait};
use crate::resolver::switched_off;
use crate::store::{Accepted, Candidate, LaneSlot, LeftOut, Stop, Ticket};

/// An accepted event, with the configuration it saw.
#[derive(Clone, Debug)]
pub(super) struct Run {
    shared: Arc<Shared>,
    snapshot: Arc<Snapshot>,
    event: EventId,
    /// The longest that the caller waits.
    within: Option<Duration>,
    /// When the waiting began.
    began: Option<Timestamp>,
}

impl Run {
    pub(super) fn new(
        shared: Arc<Shared>,
        snapshot: Arc<Snapshot>,
        event: EventId,
        within: Option<Duration>,
        began: Option<Timestamp>,
    ) -> Self {
        Self { shared, snapshot, event, within, began }
    }

    pub(super) fn event(&self) -> EventId {
        self.event
    }

    /// Works on every lane that took the event, all at once: the deliveries, and what followed from them.
    pub(super) async fn carry_out(&self, accepted: Accepted) -> (Vec<Delivery>, Vec<Delivery>) {
        let (mut lanes, mut left_out) = (Vec::new(), Vec::new());
        for Stop { target, candidate, taken } in accepted.stops {
            let because = Because::from(candidate);
            let outcome = match taken {
                Ok(ticket) => {
                    lanes.push((ticket, because, self.patience(candidate, &target)));
                    continue;
                }
                Err(LeftOut::Skip(reason)) => Outcome::Skipped(reason),
                Err(LeftOut::Nothing) => Outcome::NotNeeded,
            };
            left_out.push(Delivery::new(accepted.key.clone(), &target, because, outcome));
        }
        let own = lanes.len();
        for ticket in accepted.follow_ups {
            let patience = self.patience(Candidate::Linked, &ticket.slot().target);
            lanes.push((ticket, Because::MemberChanged, patience));
        }
        let works = lanes
            .into_iter()
            .map(|(ticket, because, patience)| self.settle(ticket, because, patience));
        let (mut deliveries, mut follow_ups) = (Vec::new(), Vec::new());
        for (place, (delivery, followed)) in join_all(works.collect()).await.into_iter().enumerate()
        {
            if place < own {
                deliveries.push(delivery)
            } else {
                follow_ups.push(delivery)
            }
            follow_ups.extend(followed);
        }
        deliveries.append(&mut left_out);
        (deliveries, follow_ups)
    }

    async fn settle(
        &self,
        ticket: Ticket,
        because: Because,
        patience: Option<Duration>,
    ) -> (Delivery, Vec<Delivery>) {
        let slot = Arc::clone(ticket.slot());
        let (outcome, follow_ups) = match switched_off(&self.snapshot.configuration, &slot.target) {
            Some(_) => {
                ticket.fold();
                (Outcome::Held(HoldReason::SwitchedOff), Vec::new())
            }
            None => self.wait(ticket, patience).await,
        };
        let mut delivery = Delivery::new(slot.key.clone(), &slot.target, because, outcome);
        if delivery.outcome.is_done() {
            delivery.waiting_for = slot.with_lane(|lane| lane.membership.joining().count());
        }
        (delivery, follow_ups)
    }

    /// With a runtime the work is a task of its own, which nobody's patience ends; without one it stands still when
    /// nobody waits. The lane's own outcome is known before what follows from it begins.
    async fn wait(&self, ticket: Ticket, patience: Option<Duration>) -> (Outcome, Vec<Delivery>) {
        let slot = Arc::clone(ticket.slot());
        let Some(runtime) = &self.shared.runtime else {
            let outcome = drive(&self.shared, &self.snapshot, ticket).await;
            return (outcome, self.follow(slot).await);
        };
        let ((giver, own), (rest_giver, rest)) = (handover(), handover());
        let run = self.clone();
        // Not polled by the caller: one who keeps the future and looks elsewhere would hold up the resource.
        runtime.spawn(Box::pin(async move {
            giver.give(drive(&run.shared, &run.snapshot, ticket).await);
            rest_giver.give(run.follow(slot).await);
        }));
        let outcome = self.patiently(own.take(), patience).await.flatten();
        let follow_ups = self.patiently(rest.take(), patience).await.flatten();
        (outcome.unwrap_or(Outcome::StillPending), follow_ups.unwrap_or_default())
    }

    /// The result, or none when the patience, counted from the start, ends first.
    async fn patiently<T>(
        &self,
        work: impl Future<Output = T>,
        patience: Option<Duration>,
    ) -> Option<T> {
        match (patience, &self.shared.runtime) {
            (Some(patience), Some(runtime)) => {
                let waited = runtime.now().since(self.began.unwrap_or_default());
                unless(work, runtime.sleep(patience.saturating_sub(waited))).await
            }
            _ => Some(work.await),
        }
    }

    /// Works on the groups that waited for a resource to have an account at a target, and on the groups that waited
    /// for those in turn (P17).
    async fn follow(&self, slot: Arc<LaneSlot>) -> Vec<Delivery> {
        let mut follow_ups = Vec::new();
        let mut appeared = vec![Arc::clone(&slot)];
        while let Some(member) = appeared.pop() {
            for ticket in self.shared.store.waiting_groups(&member.key, &member.target) {
                let group = Arc::clone(ticket.slot());
                let account = || {
                    group.with_lane(|lane| lane.link.as_ref().map(|link| link.remote_id.clone()))
                };
                let before = account();
                let outcome = drive(&self.shared, &self.snapshot, ticket).await;
                let because = Because::MemberChanged;
                follow_ups.push(Delivery::new(group.key.clone(), &group.target, because, outcome));
                if account() != before {
                    appeared.push(Arc::clone(&group));
                }
            }
        }
        if slot.is_idle() {
            self.shared.store.forget_idle(&slot.key);
        }
        follow_ups
    }

    /// How long to wait for a target: as long as the provisioner that was chosen says, or else one that points there,
    /// and never longer than the caller.
    fn patience(&self, candidate: Candidate, target: &Target) -> Option<Duration> {
        let wait = match candidate {
            Candidate::Chosen(_, wait) => Some(wait),
            Candidate::Skipped(_) | Candidate::Linked => {
                let mut provisioners = self.snapshot.configuration.all_provisioners();
                let pointing = provisioners.find(|provisioner| provisioner.target == *target);
                pointing.map(|provisioner| provisioner.wait)
            }
        };
        let own = match wait {
            Some(Wait::Blocking(deadline)) => deadline,
            Some(Wait::NonBlocking) | None => None,
        };
        own.into_iter().chain(self.within).min()
    }
}
