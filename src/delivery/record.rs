//! A lane as a store keeps it: what waits, what the last attempts left behind, whose turn it is, and when the next
//! comes.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::asked::{Asked, Order};
use super::due::{Columns, Due, Era, Life, Priority};
use super::failure::{Failure, Next, ParkReason};
use super::lane::{Lane, is_disabled, manager_of};
use super::moment::Moment;
use super::outcome::{HoldReason, Outcome};
use super::pending::{LaneChange, Pending, Presence};
use crate::error::{Effect, Error, ErrorKind};
use crate::model::{
    ApplicationId, EventId, Member, RemoteId, Resource, SealedSecret, SkipReason, Timestamp,
    Trigger,
};

/// Process deaths in a row after which a lane waits for a person (P12).
const DEATHS_BEFORE_PARKING: u32 = 3;

/// What an attempt came to, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Came {
    Delivered(RemoteId),
    NotNeeded,
    Unsupported,
    Skipped(SkipReason),
    Held(HoldReason),
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
    #[serde(skip_serializing_if = "Asked::is_default")]
    asked: Asked,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    orders: Vec<Order>,
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
    /// What the rule engine said last, and how long it is to be left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    ruled: Option<String>,
    #[serde(skip)]
    ask_again: Option<Duration>,
    /// Why the attempt under way keeps it out.
    #[serde(skip)]
    turned_away: Option<SkipReason>,
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
            aside: self.account().is_none() && self.is_aside(),
            refers_to: self.refers_to(),
        }
    }

    /// When the next attempt is due; none while nothing is open, or while it waits for a person.
    pub fn due(&self) -> Option<Due> {
        let priority = if self.deprovisions() {
            Priority::Urgent
        } else if self.orders.contains(&Order::Reassert) && self.pending.is_empty() {
            Priority::Low
        } else {
            Priority::Normal
        };
        let at = match (&self.owner, self.parked) {
            // Keeps its place until the attempt ends, so that nothing is lost with whoever works on it.
            (Some(_), _) => self.retry_at.unwrap_or_default(),
            // It waits for a person; but what may still land may be what stands in its way, and is looked at (P10).
            (None, Some(ParkReason::NameTaken | ParkReason::Conflict)) => self.unsettled()?,
            (None, Some(_)) => return None,
            (None, None) if self.retry_at.is_some() => self.retry_at.unwrap_or_default(),
            (None, None) if !self.pending.is_empty() || self.woken => Timestamp::default(),
            (None, None) => {
                let unsettled = self.lane.unsettled.as_ref().map(|unsettled| unsettled.until);
                unsettled.into_iter().chain(self.lane.deleted_at()).min()?
            }
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
            (None, false) => self.pending.unassigns() || self.lane.deprovisions(),
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

    /// Whether the host's word is kept although the target is not to have it.
    pub(crate) fn is_aside(&self) -> bool {
        self.lane.is_aside()
    }

    /// The user's password comes with an event, and waits for the target.
    pub(crate) fn keep_password(&mut self, event: EventId, password: SealedSecret) {
        self.pending.keep_password(event, password);
    }

    /// By which way the host's last word came.
    pub(crate) fn asked(&self) -> &Asked {
        &self.asked
    }

    /// The host's word comes by this way.
    pub(crate) fn ask(&mut self, application: Option<&ApplicationId>, trigger: Trigger) {
        self.asked = Asked { application: application.cloned(), trigger };
    }

    /// What the rule engine says of it, in its own words.
    pub(crate) fn rule(&mut self, reason: String, ask_again: Option<Duration>) {
        (self.ruled, self.ask_again) = (Some(reason), ask_again);
    }

    /// What the rule engine said when it last stood in the way.
    pub(crate) fn ruled(&self) -> Option<&str> {
        self.ruled.as_deref()
    }

    /// It is kept out of the target, and what the host said of it is not kept (R5).
    pub(crate) fn turn_away(&mut self, reason: SkipReason) {
        self.lane.turn_away();
        (self.exclusion, self.turned_away) = (Some(reason), Some(reason));
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
            && !self.is_aside()
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
        self.ruled = None;
        self.epoch += 1;
        self.tries = self.tries.saturating_add(1);
        self.owner = Some(life.era);
        self.taken = self.newest;
        self.woken = false;
        self.retry_at = None;
        self.parked = None;
        self.lane.begin();
        self.lane.recheck(moment.now);
        self.carry_out_orders();
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
        self.lane.reasserted |= stored.woken && stored.lane.reasserted;
        self.exclusion = self.turned_away.or(stored.exclusion);
        self.asked = stored.asked.clone();
        self.orders.clone_from(&stored.orders);
        if stored.lane.password().is_none() && !stored.pending.has_password() {
            self.lane.shred_password();
        }
        if self.owner.is_none() && self.orders.contains(&Order::Retry) {
            (self.parked, self.retry_at) = (None, None);
        }
        if self.owner.is_none() && self.orders.contains(&Order::Reassert) {
            self.parked = self.parked.filter(|reason| *reason != ParkReason::Mapping);
        }
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
            Outcome::Skipped(reason) => Came::Skipped(*reason),
            Outcome::Held(reason) => {
                match reason {
                    HoldReason::MassChange => self.parked = Some(ParkReason::MassChange),
                    HoldReason::Protected => self.parked = Some(ParkReason::Protected),
                    _ => {
                        let asked = self.ask_again.take();
                        self.retry_at = Some(moment.next_try(self.tries, asked));
                    }
                }
                Came::Held(*reason)
            }
            Outcome::NotNeeded | Outcome::Queued | Outcome::StillPending => Came::NotNeeded,
        };
        if !matches!(came, Came::Failed(..) | Came::Held(_)) {
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

    /// The target is withdrawn: passwords that wait for it are forgotten at once (P28).
    pub(crate) fn withdraw(&mut self) {
        self.pending.forget_password();
        self.lane.shred_password();
        self.retry();
        // Also if an attempt is under way that ends by waiting for a person.
        self.order(Order::Retry);
    }

    /// A person allows what was held back.
    pub(crate) fn allow(&mut self) {
        self.order(Order::Allow);
        self.retry();
    }

    /// A person wants it to be brought to what the target's terms of now make of it.
    pub(crate) fn reassert(&mut self) {
        self.order(Order::Reassert);
        self.exclusion = None;
        // Another mapping may be what it waits for.
        self.parked = self.parked.filter(|reason| *reason != ParkReason::Mapping);
    }

    /// What it is in has changed: it is judged by the scope of now.
    pub fn judge(&mut self) {
        self.order(Order::Judge);
    }

    fn order(&mut self, order: Order) {
        if !self.orders.contains(&order) {
            self.orders.push(order);
        }
        self.woken = true;
    }

    /// The lane as the next attempt would find it.
    pub(crate) fn foreseen(&self) -> Lane {
        let mut foreseen = self.clone();
        foreseen.carry_out_orders();
        foreseen.lane.absorb(&self.pending);
        foreseen.lane
    }

    fn carry_out_orders(&mut self) {
        for order in std::mem::take(&mut self.orders) {
            match order {
                Order::Allow => self.lane.allow(),
                Order::Judge | Order::Reassert => self.lane.reasserted = true,
                Order::Retry => {}
            }
        }
    }

    /// Whether nothing waits at the lane, and nothing is in doubt: then nobody works on it.
    pub(crate) fn is_quiet(&self, life: Life) -> bool {
        !self.survived(life)
            && self.owner.is_none()
            && self.pending.is_empty()
            && !self.woken
            && self.parked.is_none()
            && self.retry_at.is_none()
            && self.lane.unsettled.is_none()
    }

    /// What has just come needs no attempt: the lane is as it would be after one.
    pub(crate) fn conclude(&mut self, lane: Lane, outcome: &Outcome, moment: &Moment) {
        self.lane = lane;
        self.pending = Pending::default();
        self.taken = self.newest;
        self.end(outcome, moment);
    }

    /// A person decides that what is open need not be done. What is known of the account is kept.
    pub(crate) fn discard(&mut self, now: Timestamp) {
        self.pending = Pending::default();
        self.orders.clear();
        self.parked = None;
        self.retry_at = None;
        self.woken = false;
        self.tries = 0;
        self.lane.give_up();
        self.settled = self.newest;
        self.last = Some((now, Came::Discarded));
    }
}
