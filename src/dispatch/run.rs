//! One event on its way to its lanes: who waits, for how long, and what follows from it.

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
use crate::store::{Accepted, LeftOut, Stop, Ticket};

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

/// What became of a lane, and of the groups that waited for it.
#[derive(Debug)]
struct Settled {
    outcome: Outcome,
    waiting_for: usize,
    follow_ups: Vec<Delivery>,
}

impl Run {
    pub(super) fn new(
        shared: Arc<Shared>,
        snapshot: Arc<Snapshot>,
        event: EventId,
        within: Option<Duration>,
    ) -> Self {
        let began = shared.runtime.as_ref().map(|runtime| runtime.now());
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
                    lanes.push((ticket, because));
                    continue;
                }
                Err(LeftOut::Skip(reason)) => Outcome::Skipped(reason),
                Err(LeftOut::Nothing) => Outcome::NotNeeded,
            };
            left_out.push(Delivery::new(accepted.key.clone(), &target, because, outcome));
        }
        let own = lanes.len();
        lanes
            .extend(accepted.follow_ups.into_iter().map(|ticket| (ticket, Because::MemberChanged)));
        let works =
            lanes.into_iter().map(|(ticket, because)| self.settle(ticket, because)).collect();
        let (mut deliveries, mut follow_ups) = (Vec::new(), Vec::new());
        for (place, (delivery, followed)) in join_all(works).await.into_iter().enumerate() {
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

    async fn settle(&self, ticket: Ticket, because: Because) -> (Delivery, Vec<Delivery>) {
        let (key, target) = (ticket.slot().key.clone(), ticket.slot().target.clone());
        let settled = match switched_off(&self.snapshot.configuration, &target) {
            Some(_) => Settled::now(Outcome::Held(HoldReason::SwitchedOff)),
            None => self.wait(ticket, &target).await,
        };
        let delivery = Delivery::new(key, &target, because, settled.outcome);
        (Delivery { waiting_for: settled.waiting_for, ..delivery }, settled.follow_ups)
    }

    /// With a runtime the work is a task of its own, which nobody's patience ends; without one it is done here.
    async fn wait(&self, ticket: Ticket, target: &Target) -> Settled {
        let deadline = self.deadline(target);
        let work = self.clone().work(ticket);
        let Some(runtime) = &self.shared.runtime else { return work.await };
        let (giver, taker) = handover();
        runtime.spawn(Box::pin(async move { giver.give(work.await) }));
        let settled = match deadline {
            Some(deadline) => {
                let began = self.began.unwrap_or_default();
                let left = deadline.saturating_sub(runtime.now().since(began));
                unless(taker.take(), runtime.sleep(left)).await.flatten()
            }
            None => taker.take().await,
        };
        // Not in time, or a runtime that was shut down: the lane keeps what is open.
        settled.unwrap_or_else(|| Settled::now(Outcome::StillPending))
    }

    /// Works on a lane, then on the groups that waited for it to be linked there (P17).
    async fn work(self, ticket: Ticket) -> Settled {
        let slot = Arc::clone(ticket.slot());
        let outcome = drive(&self.shared, &self.snapshot, ticket).await;
        if !outcome.is_done() {
            return Settled::now(outcome);
        }
        let mut follow_ups = Vec::new();
        for ticket in self.shared.store.waiting_groups(&slot.key, &slot.target) {
            let (key, target) = (ticket.slot().key.clone(), ticket.slot().target.clone());
            let outcome = drive(&self.shared, &self.snapshot, ticket).await;
            follow_ups.push(Delivery::new(key, &target, Because::MemberChanged, outcome));
        }
        let waiting_for = slot.with_lane(|lane| lane.membership.joining().count());
        if slot.is_idle() {
            self.shared.store.forget_idle(&slot.key);
        }
        Settled { outcome, waiting_for, follow_ups }
    }

    /// How long to wait for a target: as long as a provisioner that points there says, and never longer than the
    /// caller.
    fn deadline(&self, target: &Target) -> Option<Duration> {
        let mut provisioners = self.snapshot.configuration.all_provisioners();
        let provisioner = provisioners.find(|provisioner| provisioner.target == *target);
        let own = match provisioner.map(|provisioner| provisioner.wait) {
            Some(Wait::Blocking(deadline)) => deadline,
            Some(Wait::NonBlocking) | None => None,
        };
        own.into_iter().chain(self.within).min()
    }
}

impl Settled {
    fn now(outcome: Outcome) -> Self {
        Self { outcome, waiting_for: 0, follow_ups: Vec::new() }
    }
}
