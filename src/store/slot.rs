//! One lane's place in the store, and whose turn it is there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::delivery::{Lane, LaneChange, Outcome, Presence};
use crate::model::{EventId, ResourceKey, Target};
use crate::resolver::SkipReason;

/// A lane, the events that wait for it, and who waits for their outcome.
#[derive(Debug)]
pub(crate) struct LaneSlot {
    pub(crate) key: ResourceKey,
    pub(crate) target: Target,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    lane: Lane,
    /// Why the resource was kept out of the target (R5).
    exclusion: Option<SkipReason>,
    /// Accepted and not yet folded into the lane, oldest first.
    pending: Vec<(EventId, LaneChange)>,
    /// The newest event that is folded in.
    newest: Option<EventId>,
    /// Somebody works on the lane.
    claimed: bool,
    /// Attempts since the lane was last done.
    attempts: u32,
    /// Who waits for which event, and what became of it.
    tickets: HashMap<EventId, Option<Outcome>>,
    wakers: Vec<Waker>,
}

impl State {
    /// Folds what is pending into the lane. Only while nobody works on it.
    fn fold(&mut self) {
        for (event, change) in std::mem::take(&mut self.pending) {
            self.lane.absorb(&change);
            self.newest = self.newest.max(Some(event));
        }
    }

    /// Where the resource stands, with what is pending.
    fn presence(&self) -> Presence {
        let decisive = self.pending.iter().rev().find_map(|(_, change)| match change {
            LaneChange::State(..) => Some(Presence::Present),
            LaneChange::Delete => Some(Presence::Leaving),
            LaneChange::Members(_) | LaneChange::Moved(..) | LaneChange::Touch => None,
        });
        decisive.unwrap_or_else(|| self.lane.presence())
    }
}

/// What somebody who waits for an event can do.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Work on the lane, for all who wait.
    Work(Claim),
    /// Take the outcome.
    Settled(Outcome),
}

impl LaneSlot {
    pub(super) fn new(key: ResourceKey, target: Target) -> Self {
        Self { key, target, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held; if something did, the state would still be whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at or changes the lane.
    pub(crate) fn with_lane<T>(&self, act: impl FnOnce(&mut Lane) -> T) -> T {
        act(&mut self.lock().lane)
    }

    /// Where the resource stands at the target.
    pub(super) fn presence(&self) -> Presence {
        self.lock().presence()
    }

    /// Whether there is nothing to remember: dropping the lane loses nothing.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.lock();
        !state.claimed
            && state.exclusion.is_none()
            && state.pending.is_empty()
            && state.tickets.is_empty()
            && state.lane.presence() == Presence::Absent
            && state.lane.membership.joining().next().is_none()
    }

    /// Forgets that the resource was kept out. Answers whether it was.
    pub(super) fn forget_exclusion(&self) -> bool {
        self.lock().exclusion.take().is_some()
    }

    /// The lane as it will be once everything that waits, and the change that `decide` makes, is folded in.
    pub(super) fn preview<R>(
        &self,
        decide: impl FnOnce(Presence, &mut Option<SkipReason>) -> Result<LaneChange, R>,
    ) -> Result<Lane, R> {
        let state = self.lock();
        let change = decide(state.presence(), &mut state.exclusion.clone())?;
        let mut lane = state.lane.clone();
        for change in state.pending.iter().map(|(_, change)| change).chain([&change]) {
            lane.absorb(change);
        }
        Ok(lane)
    }

    /// Accepts an event, if `decide` makes a change of it. Who gets the ticket waits for its outcome.
    pub(super) fn accept<R>(
        self: &Arc<Self>,
        event: EventId,
        decide: impl FnOnce(Presence, &mut Option<SkipReason>) -> Result<LaneChange, R>,
    ) -> Result<Ticket, R> {
        let mut state = self.lock();
        let presence = state.presence();
        let change = decide(presence, &mut state.exclusion)?;
        state.pending.push((event, change));
        state.tickets.insert(event, None);
        Ok(Ticket { slot: Arc::clone(self), event })
    }

    fn release(&self, newest: EventId, outcome: Option<&Outcome>) {
        let mut state = self.lock();
        state.claimed = false;
        if let Some(outcome) = outcome {
            if matches!(outcome, Outcome::Delivered { .. } | Outcome::NotNeeded) {
                state.attempts = 0;
            }
            for (_, open) in
                state.tickets.iter_mut().filter(|(event, open)| **event <= newest && open.is_none())
            {
                *open = Some(outcome.clone());
            }
        }
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// The right to know what becomes of an event in a lane. Dropping it ends the waiting and not the work.
#[derive(Debug)]
pub(crate) struct Ticket {
    slot: Arc<LaneSlot>,
    event: EventId,
}

impl Ticket {
    pub(crate) fn slot(&self) -> &Arc<LaneSlot> {
        &self.slot
    }

    /// Folds what is pending now, because nobody will work on it for a while: many events must not pile up.
    pub(crate) fn fold(&self) {
        let mut state = self.slot.lock();
        if !state.claimed {
            state.fold();
        }
    }

    /// Waits until the event is settled or the lane is free. The earlier events of the lane are never overtaken: who
    /// takes the turn carries them out too (P20).
    pub(crate) fn poll_turn(&self, context: &mut Context<'_>) -> Poll<Turn> {
        let mut state = self.slot.lock();
        if let Some(Some(outcome)) = state.tickets.get(&self.event) {
            return Poll::Ready(Turn::Settled(outcome.clone()));
        }
        if state.claimed {
            if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
                state.wakers.push(context.waker().clone());
            }
            return Poll::Pending;
        }
        state.claimed = true;
        state.attempts = state.attempts.saturating_add(1);
        state.fold();
        Poll::Ready(Turn::Work(Claim {
            slot: Arc::clone(&self.slot),
            newest: state.newest.unwrap_or(self.event),
            attempt: state.attempts,
            outcome: None,
        }))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.slot.lock().tickets.remove(&self.event);
    }
}

/// The right to work on a lane. Dropping it gives the turn to the next who waits, with what the lane remembers.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) slot: Arc<LaneSlot>,
    /// The newest event that is carried out.
    pub(crate) newest: EventId,
    /// 1 for the first try.
    pub(crate) attempt: u32,
    outcome: Option<Outcome>,
}

impl Claim {
    /// Tells all who wait for what was carried out.
    pub(crate) fn settle(mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.slot.release(self.newest, self.outcome.as_ref());
    }
}
