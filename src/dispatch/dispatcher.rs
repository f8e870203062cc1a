//! The handle a host holds.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::builder::DispatcherBuilder;
use super::drive::drive;
use super::handover::handover;
use super::join::{join_all, unless};
use super::plan::{Plan, plan};
use super::report::{Because, Delivery, Report};
use super::snapshot::{Snapshot, Snapshots};
use crate::connector::ConnectorRegistry;
use crate::delivery::{HoldReason, Outcome};
use crate::error::Result;
use crate::host::{ConfigurationSource, Runtime};
use crate::model::{Event, EventChange, EventId, OrganizationId, ResourceKey, Target, Wait};
use crate::resolver::{Resolution, resolve, switched_off};
use crate::store::{Accepted, Candidate, LaneSlot, MemoryStore, Routed, Stop};

/// Tells every external system that must know what happened. Clones are handles to the same dispatcher.
///
/// What it remembers (links, exclusions, what is still open) is in memory in this version: it is lost with the
/// process.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) snapshots: Snapshots,
    pub(super) store: MemoryStore,
    pub(super) runtime: Option<Arc<dyn Runtime>>,
}

impl Dispatcher {
    /// Starts building one. See the [module](crate::dispatch) for an example.
    pub fn builder(
        configuration: impl ConfigurationSource,
        registry: ConnectorRegistry,
    ) -> DispatcherBuilder {
        DispatcherBuilder::new(configuration, registry)
    }

    pub(super) fn new(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Accepts an event and waits for the outcome at the targets of blocking provisioners, and at targets that have
    /// the resource. All targets are attempted at once; one failure hides no other.
    ///
    /// Blocking is the provisioning option: the caller waits for the target's answer. It never overtakes earlier work
    /// on the same resource at the same target, but carries it out. Dropping the future ends the waiting. With a
    /// [`Runtime`] the work goes on; without one it is finished by the resource's next event.
    ///
    /// # Errors
    /// [`InvalidEvent`](crate::ErrorKind::InvalidEvent), from [`Event::check`];
    /// [`Configuration`](crate::ErrorKind::Configuration) when the organization's configuration is invalid and there
    /// is no last good one; whatever the [`ConfigurationSource`] says when there is none. The event was then not
    /// accepted. What goes wrong at a target is in the [`Report`].
    pub fn dispatch(&self, event: Event) -> Dispatch {
        Dispatch {
            shared: Arc::clone(&self.shared),
            event,
            within: None,
        }
    }

    /// What [`dispatch`](Self::dispatch) would do now. Writes nothing and sends nothing.
    ///
    /// # Errors
    /// As for [`dispatch`](Self::dispatch).
    pub async fn plan(&self, event: &Event) -> Result<Plan> {
        event.check()?;
        let snapshot = self.shared.snapshots.current(&event.organization).await?;
        let resolution = resolve(
            &snapshot.configuration,
            event.application.as_ref(),
            event.trigger,
        );
        Ok(plan(&self.shared.store, &snapshot, &resolution, event))
    }

    /// Checks the organization's newest configuration now, and takes it into use if it is good.
    ///
    /// # Errors
    /// As for [`dispatch`](Self::dispatch).
    pub async fn check_configuration(&self, organization: &OrganizationId) -> Result<()> {
        self.shared.snapshots.current(organization).await.map(drop)
    }

    /// Lets a resource in again that JIT-off, an override or a disabled application kept out of a target (R5). Its
    /// next event creates it there. Answers whether it was kept out.
    pub fn lift_exclusion(&self, resource: &ResourceKey, target: &Target) -> bool {
        self.shared.store.forget_exclusion(resource, target)
    }
}

/// An event on its way. Await it.
#[derive(Debug)]
#[must_use = "nothing is accepted until it is awaited"]
pub struct Dispatch {
    shared: Arc<Shared>,
    event: Event,
    within: Option<Duration>,
}

impl Dispatch {
    /// Waits this long at most, where the provisioner would wait longer. Needs a [`Runtime`]; without one the
    /// provisioner's own waiting stands.
    pub fn within(mut self, deadline: Duration) -> Self {
        self.within = Some(deadline);
        self
    }
}

impl IntoFuture for Dispatch {
    type Output = Result<Report>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Report>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(dispatch(self.shared, self.event, self.within))
    }
}

async fn dispatch(shared: Arc<Shared>, event: Event, within: Option<Duration>) -> Result<Report> {
    event.check()?;
    let snapshot = shared.snapshots.current(&event.organization).await?;
    let resolution = resolve(
        &snapshot.configuration,
        event.application.as_ref(),
        event.trigger,
    );
    let Accepted {
        event: id,
        stops,
        follow_ups,
    } = shared.store.accept(&event, &candidates(&resolution));
    let application = resolution.application;
    let key = event.resource_key();
    let run = Run {
        shared,
        snapshot,
        id,
        within,
    };

    let deliveries = run.deliver(&key, stops).await;
    let mut slots = follow_ups;
    for delivery in deliveries
        .iter()
        .filter(|delivery| delivery.outcome.is_done())
    {
        let target = Target::new(delivery.connection.clone(), delivery.connector.clone());
        slots.extend(run.shared.store.waiting_groups(id, &key, &target));
    }
    let follow_ups = run
        .settle_all(
            slots
                .into_iter()
                .map(|slot| (slot, Because::MemberChanged))
                .collect(),
        )
        .await;
    if let EventChange::Deleted(..) = event.change {
        run.shared.store.forget_idle(&key);
    }
    Ok(Report {
        event: id,
        application,
        deliveries,
        follow_ups,
    })
}

/// The targets of a resolution, each once. A target that is chosen at one level is not left out at another.
pub(super) fn candidates(resolution: &Resolution<'_>) -> Vec<(Target, Candidate)> {
    let chosen = resolution.chosen.iter();
    let mut candidates: Vec<(Target, Candidate)> = chosen
        .map(|chosen| {
            (
                chosen.provisioner.target.clone(),
                Candidate::Chosen(chosen.level),
            )
        })
        .collect();
    for skipped in &resolution.skipped {
        let target = &skipped.provisioner.target;
        if !candidates.iter().any(|(known, _)| known == target) {
            candidates.push((target.clone(), Candidate::Skipped(skipped.reason)));
        }
    }
    candidates
}

/// One event on its way, with the configuration it saw.
struct Run {
    shared: Arc<Shared>,
    snapshot: Arc<Snapshot>,
    id: EventId,
    within: Option<Duration>,
}

impl Run {
    async fn deliver(&self, key: &ResourceKey, stops: Vec<Stop>) -> Vec<Delivery> {
        let mut lanes = Vec::with_capacity(stops.len());
        let mut deliveries = Vec::with_capacity(stops.len());
        for Stop {
            target,
            candidate,
            routed,
        } in stops
        {
            let outcome = match routed {
                Routed::Lane(slot) => {
                    lanes.push((slot, candidate.into()));
                    continue;
                }
                Routed::Skipped(reason) => Outcome::Skipped(reason),
                Routed::Nothing => Outcome::NotNeeded,
            };
            deliveries.push(Delivery::new(
                key.clone(),
                &target,
                candidate.into(),
                outcome,
            ));
        }
        let mut settled = self.settle_all(lanes).await;
        settled.append(&mut deliveries);
        settled
    }

    async fn settle_all(&self, lanes: Vec<(Arc<LaneSlot>, Because)>) -> Vec<Delivery> {
        join_all(
            lanes
                .into_iter()
                .map(|(slot, because)| self.settle(slot, because))
                .collect(),
        )
        .await
    }

    async fn settle(&self, slot: Arc<LaneSlot>, because: Because) -> Delivery {
        let outcome = match switched_off(&self.snapshot.configuration, &slot.target) {
            Some(_) => {
                slot.drop_ticket(self.id);
                Outcome::Held(HoldReason::SwitchedOff)
            }
            None => self.wait(Arc::clone(&slot)).await,
        };
        let waiting_for = if outcome.is_done() {
            slot.with_lane(|lane| lane.membership.joining().count())
        } else {
            0
        };
        Delivery {
            waiting_for,
            ..Delivery::new(slot.key.clone(), &slot.target, because, outcome)
        }
    }

    async fn wait(&self, slot: Arc<LaneSlot>) -> Outcome {
        let deadline = self.deadline(&slot.target);
        let work = drive(
            Arc::clone(&self.shared),
            Arc::clone(&self.snapshot),
            slot,
            self.id,
        );
        let Some(runtime) = &self.shared.runtime else {
            return work.await;
        };
        let (giver, taker) = handover();
        runtime.spawn(Box::pin(async move { giver.give(work.await) }));
        let outcome = match deadline {
            Some(deadline) => unless(taker.take(), runtime.sleep(deadline))
                .await
                .flatten(),
            None => taker.take().await,
        };
        // No outcome in time, or a runtime that was shut down: the lane keeps what is open.
        outcome.unwrap_or(Outcome::StillPending)
    }

    /// How long to wait for a target: as long as a provisioner that points there says, and never longer than the
    /// caller.
    fn deadline(&self, target: &Target) -> Option<Duration> {
        let provisioner = self
            .snapshot
            .configuration
            .all_provisioners()
            .find(|provisioner| provisioner.target == *target);
        let own = match provisioner.map(|provisioner| provisioner.wait) {
            Some(Wait::Blocking(deadline)) => deadline,
            Some(Wait::NonBlocking) | None => None,
        };
        own.into_iter().chain(self.within).min()
    }
}
