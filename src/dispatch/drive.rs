//! Works on one lane: asks the core for the next step, sends it, hands the answer back.

use std::future::poll_fn;

use super::join::{caught, guarded, panicked};
use super::shared::Shared;
use super::snapshot::Snapshot;
use crate::connector::{Attempt, Connector, Lookup, Update};
use crate::delivery::{Answer, Outcome, ParkReason, Step, Verdict, intend, learn, plan, settle};
use crate::error::{Error, ErrorKind, Result};
use crate::host::Observation;
use crate::store::{Claim, Ticket, Turn};

/// Look-ups in one attempt; more means that the target contradicts itself (F43).
const MOST_LOOK_UPS: usize = 3;

/// Waits for the lane's turn and works on it, unless somebody else's work settles the event first.
pub(super) async fn drive(shared: &Shared, snapshot: &Snapshot, ticket: Ticket) -> Outcome {
    match poll_fn(|context| ticket.poll_turn(context)).await {
        Turn::Settled(outcome) => outcome,
        Turn::Work(claim) => {
            // How it is sent is decided now, for newer events that are carried out too (P19).
            let newest = shared.snapshots.newest(&claim.slot.key.organization);
            let outcome = work(shared, newest.as_deref().unwrap_or(snapshot), &claim).await;
            claim.settle(outcome.clone());
            outcome
        }
    }
}

async fn work(shared: &Shared, snapshot: &Snapshot, claim: &Claim) -> Outcome {
    let slot = &claim.slot;
    let connector = snapshot.connector(&slot.target).and_then(|connector| {
        let itself = guarded(|| (connector.capabilities(), connector.fingerprint()))?;
        Ok((connector, itself))
    });
    let (connector, (capabilities, fingerprint)) = match connector {
        Ok(connector) => connector,
        Err(error) => return slot.with_lane(|lane| lane.fail(error)).into(),
    };
    slot.with_lane(|lane| lane.begin_at(&fingerprint));
    let organization = &slot.key.organization;
    let refer = || {
        let referred = slot.with_lane(|lane| lane.referred());
        shared.store.references(organization, &slot.target, &fingerprint, &referred)
    };
    let mut references = refer();
    let attempt =
        Attempt::new(organization.clone(), claim.newest, slot.target.clone(), claim.attempt);
    let (mut account, mut look_ups) = (None, 0);
    loop {
        let step = slot.with_lane(|lane| {
            let step = plan(lane, &slot.key, capabilities, &references);
            intend(lane, &step, &references);
            step
        });
        let answer = match &step {
            Step::Done => {
                slot.with_lane(|lane| settle(lane, &references));
                return account
                    .map_or(Outcome::NotNeeded, |remote_id| Outcome::Delivered { remote_id });
            }
            Step::Stop(failure) => return failure.clone().into(),
            Step::Find { .. } if look_ups == MOST_LOOK_UPS => {
                let error = Error::new(
                    ErrorKind::Conflict,
                    "the target contradicts itself about whether the resource is there",
                );
                return Outcome::parked(error, ParkReason::Conflict);
            }
            Step::Find { .. } => {
                look_ups += 1;
                send(&*connector, claim, &step, &attempt).await
            }
            _ => send(&*connector, claim, &step, &attempt).await,
        };
        let answered = (operation(&step), answer.error().cloned());
        let looked_up = matches!(step, Step::Find { .. });
        let verdict = slot.with_lane(|lane| learn(lane, &slot.key.id, step, answer));
        // Only now: an observer that panics must not cost what was learnt.
        observe(shared, claim, answered);
        if looked_up {
            // A group that turned out to be another one refers to everybody who was in it.
            references = refer();
        }
        match verdict {
            Verdict::Continue(touched) => account = touched.or(account),
            Verdict::Stop(failure) => return failure.into(),
        }
    }
}

/// One call of the connector. A panic is an error like any other (F4).
async fn send(connector: &dyn Connector, claim: &Claim, step: &Step, attempt: &Attempt) -> Answer {
    let key = &claim.slot.key;
    match step {
        Step::Find { name } => {
            let lookup = Lookup::new(key.kind, &key.id, name);
            Answer::Found(settled(caught(connector.find(&lookup, attempt)).await))
        }
        Step::Create { wanted, .. } => {
            Answer::Resource(settled(caught(connector.create(wanted, attempt)).await))
        }
        Step::Update { id, wanted, difference, version, .. } => {
            let update = Update::new(wanted, difference).on_version(version.as_deref());
            Answer::Resource(settled(caught(connector.update(id, &update, attempt)).await))
        }
        Step::ChangeMembers { id, sent, .. } => {
            Answer::Empty(settled(caught(connector.change_members(id, sent, attempt)).await))
        }
        Step::Delete { id } => {
            Answer::Empty(settled(caught(connector.delete(id, key.kind, attempt)).await))
        }
        // The caller has returned by now.
        Step::Done | Step::Stop(_) => Answer::Empty(Ok(())),
    }
}

fn settled<T>(answer: Option<Result<T>>) -> Result<T> {
    answer.unwrap_or_else(|| Err(panicked()))
}

fn operation(step: &Step) -> &'static str {
    match step {
        Step::Find { .. } => "find",
        Step::Create { .. } => "create",
        Step::Update { .. } => "update",
        Step::ChangeMembers { .. } => "change_members",
        Step::Delete { .. } => "delete",
        Step::Done | Step::Stop(_) => "nothing",
    }
}

fn observe(shared: &Shared, claim: &Claim, (operation, error): (&'static str, Option<Error>)) {
    let (resource, target) = (&claim.slot.key, &claim.slot.target);
    let error = error.as_ref();
    let observation = Observation::Answered { resource, target, operation, error };
    shared.snapshots.tell(&observation);
}
