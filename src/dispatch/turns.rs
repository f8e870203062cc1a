//! Whose turn it is at a lane, within this process, and who waits for what comes of it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::delivery::Outcome;
use crate::model::{EventId, LaneKey};

/// The turns of every lane that is worked on, or waited for.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    turns: HashMap<LaneKey, Turn>,
    /// Lanes whose attempt was dropped half-way, and what it left behind.
    abandoned: HashMap<LaneKey, Trace>,
    tickets: u64,
}

#[derive(Debug, Default)]
struct Turn {
    busy: bool,
    /// How many attempts have begun.
    begun: u64,
    waiting: HashMap<u64, Waiting>,
    wakers: Vec<Waker>,
}

#[derive(Debug)]
struct Waiting {
    /// The event whose outcome is waited for; none: whatever the next attempt brings.
    event: Option<EventId>,
    /// Attempts that had begun before.
    begun: u64,
    outcome: Option<Outcome>,
}

/// What an attempt leaves behind that nobody settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trace {
    /// The lane is in the store as it was, and due as it was.
    Nothing,
    /// The store may believe that somebody works on the lane, and does not show it as due. Nothing was sent.
    Marked,
    /// Something may have been sent.
    Sent,
}

/// What somebody who waits for a lane can do.
#[derive(Debug)]
pub(super) enum Next {
    /// Work on it, for all who wait.
    Work(Holder),
    /// Take the outcome.
    Settled(Outcome),
}

impl Turns {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it is held; if something did, the turns would still be whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues up for the outcome of an event at a lane, or of whatever is open there.
    pub(super) fn queue_up(&self, lane: LaneKey, event: Option<EventId>) -> Ticket {
        let mut inner = self.lock();
        inner.tickets += 1;
        let number = inner.tickets;
        let turn = inner.turns.entry(lane.clone()).or_default();
        let waiting = Waiting { event, begun: turn.begun, outcome: None };
        turn.waiting.insert(number, waiting);
        drop(inner);
        Ticket { turns: self.clone(), lane, event, number }
    }

    /// The turn at a lane, if nobody has it.
    pub(super) fn take(&self, lane: &LaneKey) -> Option<Holder> {
        let trace = self.lock().take(lane)?;
        Some(self.holder(lane, trace))
    }

    fn holder(&self, lane: &LaneKey, trace: Trace) -> Holder {
        Holder { turns: self.clone(), lane: lane.clone(), trace, result: None }
    }

    /// Whether nobody works on anything, and nothing was sent of which nobody knows what became.
    pub(super) fn is_quiet(&self) -> bool {
        let inner = self.lock();
        !inner.abandoned.values().any(|trace| *trace == Trace::Sent)
            && !inner.turns.values().any(|turn| turn.busy)
    }

    /// The lanes on which somebody works.
    pub(super) fn busy(&self) -> HashSet<LaneKey> {
        let inner = self.lock();
        let busy = inner.turns.iter().filter(|(_, turn)| turn.busy);
        busy.map(|(lane, _)| lane.clone()).collect()
    }

    /// Whether somebody works on a lane.
    pub(super) fn is_busy(&self, lane: &LaneKey) -> bool {
        self.lock().turns.get(lane).is_some_and(|turn| turn.busy)
    }

    /// The lanes whose attempt was dropped half-way.
    pub(super) fn abandoned(&self) -> Vec<LaneKey> {
        self.lock().abandoned.keys().cloned().collect()
    }
}

impl Inner {
    fn take(&mut self, lane: &LaneKey) -> Option<Trace> {
        let turn = self.turns.entry(lane.clone()).or_default();
        if turn.busy {
            return None;
        }
        turn.busy = true;
        turn.begun += 1;
        Some(self.abandoned.remove(lane).unwrap_or(Trace::Nothing))
    }
}

/// The right to know what becomes of an event at a lane. Dropping it ends the waiting and not the work.
#[derive(Debug)]
pub(super) struct Ticket {
    turns: Turns,
    pub(super) lane: LaneKey,
    pub(super) event: Option<EventId>,
    number: u64,
}

impl Ticket {
    /// Waits until the event is settled or the lane is free. The earlier events of the lane are never overtaken: who
    /// takes the turn carries them out too (P20).
    pub(super) fn poll_next(&self, context: &mut Context<'_>) -> Poll<Next> {
        let mut inner = self.turns.lock();
        let turn = inner.turns.entry(self.lane.clone()).or_default();
        if let Some(outcome) =
            turn.waiting.get(&self.number).and_then(|waiting| waiting.outcome.clone())
        {
            return Poll::Ready(Next::Settled(outcome));
        }
        if turn.busy {
            if !turn.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
                turn.wakers.push(context.waker().clone());
            }
            return Poll::Pending;
        }
        let trace = inner.take(&self.lane).unwrap_or(Trace::Nothing);
        drop(inner);
        Poll::Ready(Next::Work(self.turns.holder(&self.lane, trace)))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut inner = self.turns.lock();
        if let Some(turn) = inner.turns.get_mut(&self.lane) {
            turn.waiting.remove(&self.number);
            if !turn.busy && turn.waiting.is_empty() {
                inner.turns.remove(&self.lane);
            }
        }
    }
}

/// The right to work on a lane. Dropping it unsettled leaves the lane as it is in the store; whether that is half-way,
/// its trace says.
#[derive(Debug)]
pub(super) struct Holder {
    turns: Turns,
    pub(super) lane: LaneKey,
    /// What an attempt before this one left behind, and then this one.
    trace: Trace,
    result: Option<(EventId, Outcome)>,
}

impl Holder {
    /// Whether something may have been sent by an attempt that was dropped half-way, or could not write down what it
    /// had learnt.
    pub(super) fn may_have_sent(&self) -> bool {
        self.trace == Trace::Sent
    }

    /// From now on the attempt leaves this behind, unless it is settled.
    pub(super) fn leaves(&mut self, trace: Trace) {
        self.trace = self.trace.max(trace);
    }

    /// Tells all who wait for what was carried out, up to this event.
    pub(super) fn settle(mut self, carried_out: EventId, outcome: Outcome) {
        self.result = Some((carried_out, outcome));
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let mut inner = self.turns.lock();
        if self.result.is_none() && self.trace != Trace::Nothing {
            inner.abandoned.insert(self.lane.clone(), self.trace);
        }
        let Some(turn) = inner.turns.get_mut(&self.lane) else { return };
        turn.busy = false;
        if let Some((carried_out, outcome)) = &self.result {
            let begun = turn.begun;
            for waiting in turn.waiting.values_mut() {
                let carried = match waiting.event {
                    Some(event) => event <= *carried_out,
                    None => waiting.begun < begun,
                };
                if carried && waiting.outcome.is_none() {
                    waiting.outcome = Some(outcome.clone());
                }
            }
        }
        let wakers = std::mem::take(&mut turn.wakers);
        if turn.waiting.is_empty() {
            inner.turns.remove(&self.lane);
        }
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
    }
}
