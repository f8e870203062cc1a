//! One event on its way to its lanes: who waits, for how long, and what follows from it.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::time::Duration;

use super::accept::Accepted;
use super::join::{join_all, unless};
use super::report::{Because, Delivery};
use super::routing::{Candidate, LeftOut, Stop};
use super::shared::Shared;
use super::snapshot::Snapshot;
use super::turns::{Next, Ticket};
use crate::delivery::Outcome;
use crate::handover::handover;
use crate::model::{EventId, LaneKey, RemoteId, ResourceKind, Target, Timestamp, Wait};

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

/// How long the caller waits at one target.
#[derive(Clone, Copy, Debug)]
enum Patience {
    /// Not at all: a worker delivers.
    None,
    /// So long, or until it is done.
    Until(Option<Duration>),
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

    /// Works on every lane that took the event and whose outcome is waited for, all at once: the deliveries, and what
    /// followed from them.
    pub(super) async fn carry_out(&self, accepted: Accepted) -> (Vec<Delivery>, Vec<Delivery>) {
        let key = accepted.routed.key;
        let (mut lanes, mut left_out) = (Vec::new(), Vec::new());
        for Stop { target, candidate, taken, .. } in accepted.routed.stops {
            let because = Because::from(candidate);
            let outcome = match taken {
                Ok(_) => {
                    let patience = self.patience(candidate, &target);
                    let lane = LaneKey::new(key.clone(), target);
                    lanes.push((lane, Some(self.event), because, patience));
                    continue;
                }
                Err(LeftOut::Skip(reason)) => Outcome::Skipped(reason),
                Err(LeftOut::Nothing) => Outcome::NotNeeded,
            };
            left_out.push(Delivery::new(key.clone(), &target, because, outcome));
        }
        let own = lanes.len();
        for lane in accepted.follow_ups {
            let patience = self.patience(Candidate::Linked, &lane.target);
            lanes.push((lane, None, Because::MemberChanged, patience));
        }
        let works = lanes
            .into_iter()
            .map(|(lane, event, because, patience)| self.settle(lane, event, because, patience));
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
        lane: LaneKey,
        event: Option<EventId>,
        because: Because,
        patience: Patience,
    ) -> (Delivery, Vec<Delivery>) {
        let (outcome, follow_ups) = match self.shared.held(&self.snapshot, &lane).await {
            Ok(Some(reason)) => (Outcome::Held(reason), Vec::new()),
            Err(error) => (Outcome::queued(error), Vec::new()),
            Ok(None) => match patience {
                Patience::None => (Outcome::Queued, Vec::new()),
                Patience::Until(patience) => self.wait(&lane, event, patience).await,
            },
        };
        let mut delivery = Delivery::new(lane.resource.clone(), &lane.target, because, outcome);
        if delivery.outcome.is_done() && lane.resource.kind == ResourceKind::Group {
            // An error of the dispatch would say that the event was not accepted, and it is delivered. Who waits is not
            // lost with the number: the store knows, and the next report counts anew.
            let waiting = self.shared.store.waiting_members(&lane).await;
            delivery.waiting_for = waiting.unwrap_or(0);
        }
        (delivery, follow_ups)
    }

    /// With a runtime the work is a task of its own, which nobody's patience ends; without one it stands still when
    /// nobody waits. The lane's own outcome is known before what follows from it begins.
    async fn wait(
        &self,
        lane: &LaneKey,
        event: Option<EventId>,
        patience: Option<Duration>,
    ) -> (Outcome, Vec<Delivery>) {
        let ticket = self.shared.turns.queue_up(lane.clone(), event);
        let Some(runtime) = &self.shared.runtime else {
            let outcome = self.drive(ticket).await;
            return (outcome, self.follow(lane).await);
        };
        let ((giver, own), (rest_giver, rest)) = (handover(), handover());
        let (run, lane) = (self.clone(), lane.clone());
        // Not polled by the caller: one who keeps the future and looks elsewhere would hold up the resource.
        runtime.spawn(Box::pin(async move {
            giver.give(run.drive(ticket).await);
            rest_giver.give(run.follow(&lane).await);
        }));
        let outcome = self.patiently(own.take(), patience).await.flatten();
        let follow_ups = self.patiently(rest.take(), patience).await.flatten();
        (outcome.unwrap_or(Outcome::StillPending), follow_ups.unwrap_or_default())
    }

    /// Waits for the lane's turn and works on it, unless somebody else's work settles the event first.
    async fn drive(&self, ticket: Ticket) -> Outcome {
        match poll_fn(|context| ticket.poll_next(context)).await {
            Next::Settled(outcome) => outcome,
            Next::Work(holder) => {
                let outcome = self.shared.work(Some(&self.snapshot), holder, ticket.event).await;
                // What is to be tried again, a worker tries again.
                self.shared.bell.ring();
                outcome
            }
        }
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

    /// Works on the groups and users that waited for a resource to have an account at a target, and on those that
    /// waited for them in turn (P17).
    async fn follow(&self, lane: &LaneKey) -> Vec<Delivery> {
        let mut follow_ups = Vec::new();
        let mut appeared = vec![lane.clone()];
        while let Some(member) = appeared.pop() {
            for lane in self.woken(&member).await {
                let before = self.account(&lane).await;
                let ticket = self.shared.turns.queue_up(lane.clone(), None);
                let outcome = self.drive(ticket).await;
                let because = match lane.resource.kind {
                    ResourceKind::Group => Because::MemberChanged,
                    ResourceKind::User => Because::Awaited,
                };
                let resource = lane.resource.clone();
                follow_ups.push(Delivery::new(resource, &lane.target, because, outcome));
                if self.account(&lane).await != before {
                    appeared.push(lane);
                }
            }
        }
        follow_ups
    }

    /// The lanes at the same target that were woken because somebody whom they refer to has an account there now. What
    /// cannot be read now a worker finds later: the lanes are due.
    async fn woken(&self, referred: &LaneKey) -> Vec<LaneKey> {
        let groups = self.shared.store.groups_of(&referred.resource).await.unwrap_or_default();
        let groups = groups.into_iter().map(|group| LaneKey::new(group, referred.target.clone()));
        let users = self.shared.store.referring(referred).await.unwrap_or_default();
        let mut woken = Vec::new();
        for lane in groups.chain(users) {
            let row = self.shared.store.lane(&lane).await.ok().flatten();
            if row.is_some_and(|row| row.record.is_woken()) {
                woken.push(lane);
            }
        }
        woken
    }

    async fn account(&self, lane: &LaneKey) -> Option<RemoteId> {
        let row = self.shared.store.lane(lane).await.ok().flatten();
        row.and_then(|row| row.record.account().cloned())
    }

    /// How long to wait for a target: as long as the provisioner that was chosen says, or else one that points there,
    /// and never longer than the caller.
    fn patience(&self, candidate: Candidate, target: &Target) -> Patience {
        let provisioners = || self.snapshot.configuration.all_provisioners();
        let wait = match candidate {
            Candidate::Chosen(_, wait) => wait,
            Candidate::Skipped(_) | Candidate::Linked => {
                let pointing = provisioners().find(|provisioner| provisioner.target == *target);
                let any_queued =
                    || provisioners().any(|provisioner| provisioner.wait == Wait::NonBlocking);
                match pointing {
                    Some(provisioner) => provisioner.wait,
                    // Nobody says: it goes as the organization's others do.
                    None if any_queued() => Wait::NonBlocking,
                    None => Wait::Blocking(None),
                }
            }
        };
        match wait {
            Wait::NonBlocking => Patience::None,
            Wait::Blocking(deadline) => {
                Patience::Until(deadline.into_iter().chain(self.within).min())
            }
        }
    }
}
