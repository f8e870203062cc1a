//! A lane as a store keeps it: what waits, what the last attempts left behind, whose turn it is, and when the next
//! comes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::failure::{Failure, Next, ParkReason};
use super::lane::{Lane, is_disabled, manager_of};
use super::moment::Moment;
use super::outcome::Outcome;
use super::pending::{LaneChange, Pending, Presence};
use crate::error::{Effect, Error, ErrorKind};
use crate::model::{EventId, Member, RemoteId, Resource, SkipReason, Timestamp};

/// Process deaths in a row after which a lane waits for a person (P12).
const DEATHS_BEFORE_PARKING: u32 = 3;

/// One life of one process that works on a store. A later life never has an earlier one's number.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Era(u64);

impl Era {
    /// The era of this number; 0 is before the first.
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// Whose turn it is at a store, and which earlier turns ended without a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Life {
    /// This life.
    pub era: Era,
    /// Lives before this one may have sent what no row tells of: they ended uncleanly, and what a store had not yet
    /// synced is lost (C12). The first era after the newest such end; 0 when there was none.
    pub unclean_before: Era,
}

impl Life {
    /// A life at a store.
    pub fn new(era: Era, unclean_before: Era) -> Self {
        Self { era, unclean_before }
    }
}

/// When a lane's next attempt is due, and how urgent it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Due {
    /// Urgent goes before everything else of its target.
    pub priority: Priority,
    /// Not before this. The beginning of time: at once.
    pub at: Timestamp,
}

/// What goes first at a target (P15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "a store orders by it, and must know all of it")]
pub enum Priority {
    /// Somebody is to lose access: deletes and deactivations.
    Urgent,
    /// Everything else.
    Normal,
}

/// What a lane is found by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Columns {
    /// See [`LaneRecord::due`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Due>,
    /// See [`LaneRecord::owner`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Era>,
    /// Whether it waits for a person.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub parked: bool,
    /// Whether requests may still land of which nobody heard.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unsettled: bool,
    /// See [`LaneRecord::account`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<RemoteId>,
    /// See [`LaneRecord::refers_to`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refers_to: Vec<Member>,
}

/// What an attempt came to, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Came {
    Delivered(RemoteId),
    NotNeeded,
    Unsupported,
    Failed(ErrorKind, String),
    /// A person decided that it need not be done.
    Discarded,
}

/// A lane as a store keeps it. Opaque: a store needs only what the methods tell.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LaneRecord {
    // Written when events come.
    #[serde(skip_serializing_if = "Pending::is_empty")]
    pending: Pending,
    newest: EventId,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    woken: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclusion: Option<SkipReason>,
    // Written by whoever works on the lane.
    pub(crate) lane: Lane,
    settled: EventId,
    taken: EventId,
    epoch: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Era>,
    era: Era,
    #[serde(skip_serializing_if = "is_zero")]
    tries: u32,
    #[serde(skip_serializing_if = "is_zero")]
    deaths: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parked: Option<ParkReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<(Timestamp, Came)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What a store asks of a record.
impl LaneRecord {
    /// What it is found by.
    pub fn columns(&self) -> Columns {
        Columns {
            due: self.due(),
            owner: self.owner,
            parked: self.parked.is_some(),
            unsettled: self.lane.unsettled.is_some(),
            account: self.account().cloned(),
            refers_to: self.refers_to(),
        }
    }

    /// When the next attempt is due; none while nothing is open, or while it waits for a person.
    pub fn due(&self) -> Option<Due> {
        let priority = if self.deprovisions() { Priority::Urgent } else { Priority::Normal };
        let at = match (&self.owner, self.parked) {
            // Keeps its place until the attempt ends, so that nothing is lost with whoever works on it.
            (Some(_), _) => self.retry_at.unwrap_or_default(),
            // It waits for a person; but what may still land may be what stands in its way, and is looked at (P10).
            (None, Some(ParkReason::NameTaken | ParkReason::Conflict)) => self.unsettled()?,
            (None, Some(_)) => return None,
            (None, None) if self.retry_at.is_some() => self.retry_at.unwrap_or_default(),
            (None, None) if !self.pending.is_empty() || self.woken => Timestamp::default(),
            (None, None) => self.lane.unsettled.as_ref().map(|unsettled| unsettled.until)?,
        };
        Some(Due { priority, at })
    }

    /// Whose attempt is under way.
    pub fn owner(&self) -> Option<Era> {
        self.owner
    }

    /// The target's id of the resource, if it is there.
    pub fn account(&self) -> Option<&RemoteId> {
        self.lane.link.as_ref().map(|link| &link.remote_id)
    }

    /// The same, if it is at the system where a group is that the resource is to join.
    pub fn account_beside(&self, group: &Self) -> Option<&RemoteId> {
        self.lane.account_beside(&group.lane)
    }

    /// To whom the resource refers as it is to be, beside a group's members: a user's manager, and who has the name that
    /// it is to have. The lane is woken when one of them gets another account at the target.
    pub fn refers_to(&self) -> Vec<Member> {
        let manager = self.wanted().and_then(|wanted| manager_of(wanted));
        manager.into_iter().chain(self.lane.contested.clone()).collect()
    }

    /// Whether the resource is to be at the target, with what waits: only then is anybody opened in a group there.
    pub fn is_wanted(&self) -> bool {
        self.presence() == Presence::Present
    }

    /// Whether it waits for a person.
    pub fn parked(&self) -> Option<ParkReason> {
        self.parked
    }

    /// Until when requests may still land of which nobody heard (P10).
    pub fn unsettled(&self) -> Option<Timestamp> {
        self.lane.unsettled.as_ref().map(|unsettled| unsettled.until)
    }

    /// Since when the lane has remembered nothing but that the resource is gone; none while it remembers more.
    pub fn tombstone_since(&self) -> Option<Timestamp> {
        let last = self.last.as_ref().map(|(at, _)| *at).unwrap_or_default();
        self.is_idle().then_some(last)
    }

    /// Makes the lane due, because something that it waits for has come. A pause after a failure, and a person's
    /// turn, go on.
    ///
    /// Whoever waits for a name that another of ours had is different: that pause is over, and a person's turn if it was
    /// about the name.
    pub fn wake(&mut self) {
        self.woken = true;
        if self.lane.contested.is_some() {
            self.parked = self.parked.filter(|reason| *reason != ParkReason::NameTaken);
            self.retry_at = None;
        }
    }
}

impl LaneRecord {
    fn deprovisions(&self) -> bool {
        match (self.pending.state(), self.pending.deletes()) {
            (Some(state), delete) => {
                is_disabled(state) || (delete && self.lane.presence() != Presence::Absent)
            }
            (None, true) => true,
            (None, false) => self.lane.deprovisions(),
        }
    }

    /// What the target should have, with what waits; none if it should have nothing.
    fn wanted(&self) -> Option<&Arc<Resource>> {
        let kept = || self.lane.wanted().filter(|_| !self.pending.deletes());
        self.pending.state().or_else(kept)
    }

    /// The name that it should have there.
    pub(crate) fn wanted_name(&self) -> Option<&str> {
        self.wanted().map(|wanted| wanted.name())
    }

    /// Who has the name that it is to have.
    pub(crate) fn contested(&self) -> Option<&Member> {
        self.lane.contested.as_ref()
    }

    /// Where the resource stands at the target, with what waits.
    pub(crate) fn presence(&self) -> Presence {
        self.pending.presence().unwrap_or_else(|| self.lane.presence())
    }

    /// Why the resource was kept out of the target (R5).
    pub(crate) fn exclusion(&mut self) -> &mut Option<SkipReason> {
        &mut self.exclusion
    }

    /// Whether there is nothing to remember: forgetting the lane loses nothing.
    pub(crate) fn is_idle(&self) -> bool {
        self.owner.is_none()
            && self.exclusion.is_none()
            && self.pending.is_empty()
            && !self.woken
            && self.parked.is_none()
            && self.retry_at.is_none()
            && self.lane.unsettled.is_none()
            && self.lane.presence() == Presence::Absent
    }

    /// The newest event that reached the lane.
    pub(crate) fn newest(&self) -> EventId {
        self.newest
    }

    /// The newest event that the attempt under way carries out.
    pub(crate) fn taken(&self) -> EventId {
        self.taken
    }

    /// The newest event that is done with.
    pub(crate) fn settled(&self) -> EventId {
        self.settled
    }

    /// Attempts since the lane was last done, this one included.
    pub(crate) fn tries(&self) -> u32 {
        self.tries
    }

    /// How often in a row the process died while it worked on the lane.
    pub(crate) fn deaths(&self) -> u32 {
        self.deaths
    }

    /// Whether the process is known to have died over this lane: it had been taken durably.
    pub(crate) fn is_suspect(&self) -> bool {
        self.deaths >= 2 || (self.deaths >= 1 && self.owner.is_some())
    }

    /// Which attempt this is; every attempt has a number of its own.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether anything is still to be done, now or later.
    pub(crate) fn is_open(&self) -> bool {
        self.due().is_some() || self.parked.is_some()
    }

    /// Whether something that it waited for has come.
    pub(crate) fn is_woken(&self) -> bool {
        self.woken && self.parked.is_none()
    }

    /// When the last attempt ended, and what it came to.
    pub(crate) fn last(&self) -> Option<&(Timestamp, Came)> {
        self.last.as_ref()
    }

    /// Whatever was open in a life that ended without a trace may have been sent (C12).
    fn touch(&mut self, life: Life, moment: &Moment) {
        if self.survived(life) {
            self.lane.lost_intents(&self.pending, moment);
            self.deaths = if self.begin_again() {
                self.deaths.saturating_add(1)
            } else {
                // Perhaps nobody worked on it. From now on it is taken durably, and the next death is known for sure.
                self.deaths.max(1)
            };
        }
        self.era = life.era;
    }

    /// Forgets an attempt of which no end is known. It is begun again: it says nothing about the target, and must not
    /// make the pause after the next failure longer (P10). Answers whether there was one.
    fn begin_again(&mut self) -> bool {
        let was_under_way = self.owner.take().is_some();
        self.tries = self.tries.saturating_sub(u32::from(was_under_way));
        was_under_way
    }

    /// Whether it was open in a life that ended without a trace.
    pub(crate) fn survived(&self, life: Life) -> bool {
        self.era < life.unclean_before && self.is_open()
    }

    /// Takes in one more event.
    pub(crate) fn accept(
        &mut self,
        event: EventId,
        change: LaneChange,
        life: Life,
        moment: &Moment,
    ) {
        self.touch(life, moment);
        let touches = matches!(change, LaneChange::Touch);
        self.pending.push(event, change);
        self.newest = event;
        self.renew(touches);
    }

    /// A newer event gives a parked lane another chance (P12), and one that takes access away does not wait (P15).
    fn renew(&mut self, touches: bool) {
        let was_parked = self.parked.take().is_some();
        if was_parked {
            self.deaths = 0;
            self.tries = 0;
        }
        if was_parked || (!touches && self.deprovisions()) {
            self.retry_at = None;
        }
    }

    /// The lane as it would be once everything that waits, and this change, is folded in.
    pub(crate) fn foresee(&self, change: LaneChange) -> Lane {
        let (mut lane, mut pending) = (self.lane.clone(), self.pending.clone());
        pending.push(self.newest.next(), change);
        lane.absorb(&pending);
        lane
    }

    /// An attempt begins: what waits is folded in, and what an earlier attempt left in doubt is seen, also one that was
    /// abandoned and left no trace.
    ///
    /// # Errors
    /// When the process has died too often over this lane.
    pub(crate) fn begin(
        &mut self,
        life: Life,
        moment: &Moment,
        abandoned: bool,
    ) -> Result<(), Failure> {
        self.touch(life, moment);
        if abandoned {
            self.lane.lost_intents(&self.pending, moment);
        }
        // A death of the process was counted before; this is an attempt that ended otherwise without a trace.
        if self.begin_again() {
            self.lane.died(moment);
        }
        self.epoch += 1;
        self.tries = self.tries.saturating_add(1);
        self.owner = Some(life.era);
        self.taken = self.newest;
        self.woken = false;
        self.retry_at = None;
        self.parked = None;
        self.lane.begin();
        self.lane.recheck(moment.now);
        self.lane.absorb(&std::mem::take(&mut self.pending));
        if self.deaths >= DEATHS_BEFORE_PARKING {
            let message =
                "the process died each time this was worked on; mend the connector, then retry it";
            let error = Error::new(ErrorKind::Internal, message);
            return Err(Failure::parked(error, ParkReason::Poison));
        }
        Ok(())
    }

    /// Whether this is still the attempt that began with that number.
    pub(crate) fn is_attempt(&self, life: Life, epoch: u64) -> bool {
        self.owner == Some(life.era) && self.epoch == epoch
    }

    /// Takes over what came meanwhile from the record in the store.
    pub(crate) fn catch_up(&mut self, stored: &Self) {
        self.pending = stored.pending.after(self.taken, stored.newest);
        self.newest = stored.newest;
        self.woken = stored.woken;
        self.exclusion = stored.exclusion;
        if self.owner.is_none() && !self.pending.is_empty() {
            // The attempt has ended, and what came meanwhile must not wait for the person that only the attempt needs.
            self.renew(self.pending.state().is_none() && !self.pending.deletes());
        }
    }

    /// The attempt was refused because another one had begun: what it sent may land later (P21).
    pub(crate) fn refuse(&mut self, moment: &Moment) {
        self.lane.unsettle(moment, Vec::new());
    }

    /// The attempt ends.
    pub(crate) fn end(&mut self, outcome: &Outcome, moment: &Moment) {
        self.owner = None;
        self.deaths = 0;
        let came = match outcome {
            Outcome::Delivered { remote_id } => Came::Delivered(remote_id.clone()),
            Outcome::Unsupported => Came::Unsupported,
            Outcome::Failed { error, next } => {
                match next {
                    Next::Parked(reason) => self.parked = Some(*reason),
                    // Nothing was sent, and the time is known when it can be: no failure that makes pauses longer.
                    Next::Queued
                        if error.effect() == Effect::NotSent && error.retry_after().is_some() =>
                    {
                        self.tries = self.tries.saturating_sub(1);
                        self.retry_at = Some(moment.next_try(1, error.retry_after()));
                    }
                    Next::Queued => {
                        self.retry_at = Some(moment.next_try(self.tries, error.retry_after()));
                    }
                }
                Came::Failed(error.kind(), error.message().to_owned())
            }
            _ => Came::NotNeeded,
        };
        if !matches!(came, Came::Failed(..)) {
            self.tries = 0;
            self.settled = self.taken;
        }
        self.last = Some((moment.now, came));
    }

    /// A person wants it tried again, now.
    pub(crate) fn retry(&mut self) {
        self.lane.recreate |= self.parked == Some(ParkReason::Gone);
        self.parked = None;
        self.retry_at = None;
        self.deaths = 0;
        self.lane.failures = 0;
        self.woken = true;
    }

    /// A person decides that what is open need not be done. What is known of the account is kept.
    pub(crate) fn discard(&mut self, now: Timestamp) {
        self.pending = Pending::default();
        self.parked = None;
        self.retry_at = None;
        self.woken = false;
        self.tries = 0;
        self.lane.give_up();
        self.settled = self.newest;
        self.last = Some((now, Came::Discarded));
    }
}
