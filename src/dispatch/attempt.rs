//! Works on one lane: takes it from the store, asks the core for the next step, sends it, hands the answer back, and
//! commits what was learnt before the next one.

use super::facts::{self, Facts};
use super::join::guarded;
use super::refer::refer;
use super::ruling::Ruled;
use super::send::{operation, send};
use super::shared::Shared;
use super::snapshot::Snapshot;
use super::terms::{Guarded, nothing_sent, takes};
use super::turns::{Holder, Trace};
use crate::connector::{Attempt, Capabilities, Connector};
use crate::delivery::{
    Answer, Came, Failure, HoldReason, Members, Moment, Outcome, ParkReason, QuarantineReason,
    References, Scene, Step, Takes, Verdict, asked_enough, intend, learn, plan, settle,
};
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::host::Observation;
use crate::model::{EventId, LaneKey, Member, RemoteId, ResourceKind, Secret, TargetPolicy};
use crate::store::{Batch, Committed, Durability, LaneWrite, Opening, StoredLane, member_of};

/// Look-ups in one attempt; more means that the target contradicts itself (F43).
const MOST_LOOK_UPS: usize = 3;

/// Open members that an attempt looks at at once (P24).
const WINDOW: usize = 5_000;

/// Works on a lane until nothing is left to do there, or nothing can be done. Answers what came of it, and up to
/// which event.
pub(super) async fn attempt(
    shared: &Shared,
    snapshot: &Snapshot,
    holder: &mut Holder,
    event: Option<EventId>,
) -> Result<(EventId, Outcome)> {
    let Some((work, first)) = Work::begin(shared, snapshot, holder, event).await? else {
        return Ok((event.unwrap_or_default(), Outcome::NotNeeded));
    };
    match first {
        Begun::Settled(event, outcome) => Ok((event, outcome)),
        Begun::Ended(outcome) => Ok((work.row.record.taken(), outcome)),
        Begun::Step(connector, step) => {
            holder.leaves(Trace::Sent);
            let outcome = work.run(&*connector, step).await?;
            Ok(outcome)
        }
    }
}

/// One attempt under way.
pub(super) struct Work<'a> {
    pub(super) shared: &'a Shared,
    pub(super) row: StoredLane,
    members: Members,
    references: References,
    pub(super) capabilities: Capabilities,
    fingerprint: String,
    /// The account that a step touched.
    account: Option<RemoteId>,
    /// The target does not let everything change that should, or cannot have a password that it should.
    is_fixed: bool,
    /// The account was made by this attempt.
    pub(super) has_created: bool,
    /// The password that goes with the next step.
    password: Option<Secret>,
    /// The target's health changed in a way that is to be kept.
    health_changed: bool,
    /// What the connector learnt of the target.
    facts: Facts,
    /// The configuration that the attempt sees.
    pub(super) snapshot: &'a Snapshot,
    /// The rule engine has been asked.
    pub(super) is_ruled: bool,
    /// Groups in which the resource is to be seen to.
    openings: Vec<Opening>,
    /// What the connection says of accounts that are there already, and of those that are gone.
    pub(super) policy: TargetPolicy,
    /// The name under which the resource was at the target, as the store has it.
    pub(super) name_there: Option<String>,
    /// Who waits for that name, and is to be told that it is free.
    pub(super) waiters: Vec<LaneKey>,
    /// Who has the name that the resource is to have, and the name under which it was seen to be there.
    pub(super) holder: Option<(LaneKey, Option<String>)>,
    /// The process has died over this lane, or may have: every step of it is kept, so that a death is not counted
    /// that was none (P12).
    suspect: bool,
}

enum Begun {
    /// This event was carried out before.
    Settled(EventId, Outcome),
    /// Nothing had to be sent, or nothing could be.
    Ended(Outcome),
    Step(std::sync::Arc<dyn Connector>, Step),
}

impl<'a> Work<'a> {
    /// Takes the lane: what waits is folded in, and the first step is noted before it is sent. None if there is no
    /// such lane.
    async fn begin(
        shared: &'a Shared,
        snapshot: &'a Snapshot,
        holder: &mut Holder,
        event: Option<EventId>,
    ) -> Result<Option<(Self, Begun)>> {
        loop {
            let Some(row) = shared.store.lane(&holder.lane).await? else { return Ok(None) };
            let settings = snapshot.configuration.settings(&holder.lane.target);
            let mut work = Self {
                shared,
                row,
                members: Members::default(),
                references: References::new(),
                capabilities: Capabilities::default(),
                fingerprint: String::new(),
                account: None,
                is_fixed: false,
                has_created: false,
                password: None,
                health_changed: false,
                facts: Facts::new(),
                policy: settings.map(|settings| settings.policy).unwrap_or_default(),
                snapshot,
                is_ruled: false,
                openings: Vec::new(),
                name_there: None,
                waiters: Vec::new(),
                holder: None,
                suspect: false,
            };
            if let Some(event) = event
                && !holder.may_have_sent()
                && let Some(outcome) = work.settled_already(event)
            {
                return Ok(Some((work, Begun::Settled(event, outcome))));
            }
            // A lane that was open when the process died is taken durably, so that it is known should that happen
            // again (P12).
            work.suspect =
                work.row.record.survived(shared.store.life()) || work.row.record.deaths() > 0;
            let begun = work.first(snapshot, holder.may_have_sent()).await?;
            let ended = matches!(begun, Begun::Ended(_));
            if !ended && !work.suspect && !shared.store.is_shared() {
                return Ok(Some((work, begun)));
            }
            let durability =
                if work.suspect { Durability::Immediate } else { Durability::Deferred };
            let batch = work.batch(ended);
            if !ended {
                // Also a commit of which no answer comes may be in the store.
                holder.leaves(Trace::Marked);
            }
            if let Committed::Done(revisions) = shared.store.commit(batch, durability).await? {
                work.row.revision = revisions.first().copied().unwrap_or_default();
                return Ok(Some((work, begun)));
            }
        }
    }

    /// The event was carried out before anybody asked for it.
    fn settled_already(&self, event: EventId) -> Option<Outcome> {
        let record = &self.row.record;
        if event > record.settled()
            || record.newest() > record.settled()
            || record.owner().is_some()
        {
            return None;
        }
        Some(match record.last()? {
            (_, Came::Delivered(remote_id)) => Outcome::Delivered { remote_id: remote_id.clone() },
            (_, Came::Unsupported) => Outcome::Unsupported,
            _ => Outcome::NotNeeded,
        })
    }

    async fn first(&mut self, snapshot: &Snapshot, abandoned: bool) -> Result<Begun> {
        let (life, moment) = (self.shared.store.life(), self.shared.moment());
        self.name_there = self.row.record.lane.name_there().map(str::to_owned);
        if let Err(failure) = self.row.record.begin(life, &moment, abandoned) {
            return Ok(Begun::Ended(self.end(failure.into())));
        }
        self.forget_unwanted_password();
        let connector = facts::connector(self.shared, snapshot, &self.row.key.target_key()).await;
        let connector = connector.and_then(|connector| {
            let itself = guarded(|| (connector.capabilities(), connector.fingerprint()))?;
            Ok((connector, itself))
        });
        let (connector, itself) = match connector {
            Ok(connector) => connector,
            Err(error) => {
                self.note(Some(&error));
                let failure = self.row.record.lane.fail(error);
                return Ok(Begun::Ended(self.end(failure.into())));
            }
        };
        (self.capabilities, self.fingerprint) = itself;
        if self.row.key.resource.kind == ResourceKind::Group {
            self.members = self.window().await?;
            let again = self.row.record.lane.again().to_vec();
            let names: Vec<Member> = again.iter().map(|(member, _)| member.clone()).collect();
            if !names.is_empty() {
                let named = self.shared.store.named_members(&self.row.key, &names).await?;
                self.members.include(named.members);
                self.members.doubt(again);
            }
        }
        self.row.record.lane.begin_at(&self.fingerprint, &mut self.members);
        if let Err(failure) = self.stand().await? {
            return Ok(Begun::Ended(self.end(failure.into())));
        }
        self.refer().await?;
        self.row.record.lane.name_members(&mut self.members, &self.references, &moment);
        Ok(match self.next().await? {
            Ok(step) => Begun::Step(connector, step),
            Err(outcome) => Begun::Ended(outcome),
        })
    }

    async fn window(&self) -> Result<Members> {
        let open = self.shared.store.open_members(&self.row.key, WINDOW).await?;
        Ok(Members::new(open.members, open.more))
    }

    /// The target's ids of everybody that the lane's resource refers to.
    async fn refer(&mut self) -> Result<()> {
        let StoredLane { key, record, .. } = &self.row;
        let (lane, members) = (&record.lane, &self.members);
        let referred = refer(self.shared, key, lane, members, &self.fingerprint).await?;
        self.members.leave_out(&referred.stripped);
        self.references = referred.accounts;
        Ok(())
    }

    /// The next request, noted as about to be sent; or how the attempt ends.
    async fn next(&mut self) -> Result<std::result::Result<Step, Outcome>> {
        let lane = &self.row.record.lane;
        let key = &self.row.key.resource;
        let step = plan(lane, &self.members, key, self.capabilities, &self.references);
        let takes = takes(&step, lane);
        Ok(match step {
            Step::Done if self.members.more && lane.sends_members() && lane.link.is_some() => {
                Ok(Step::Done)
            }
            Step::Done => {
                settle(&mut self.row.record.lane, &self.references);
                if let Some(error) = self.row.record.lane.unmapped() {
                    return Ok(Err(self.end(Failure::mapping(error).into())));
                }
                let lacks_password = self.settle_password();
                let nothing_sent = nothing_sent(&self.row.record.lane);
                let outcome = match self.account.take() {
                    // Never a success for what was not done.
                    _ if self.is_fixed || lacks_password => Outcome::Unsupported,
                    _ if matches!(nothing_sent, Outcome::Held(_)) => nothing_sent,
                    Some(remote_id) => Outcome::Delivered { remote_id },
                    None => nothing_sent,
                };
                Err(self.end(outcome))
            }
            Step::Stop(failure) => Err(self.end(failure.into())),
            step => {
                match self.rule(&step).await? {
                    Ruled::Goes => {}
                    Ruled::Leaves => return Box::pin(self.stand_again()).await,
                    Ruled::Ends(outcome) => return Ok(Err(self.end(outcome))),
                }
                if let Some(takes) = takes {
                    match self.guard(takes).await? {
                        Guarded::Goes => {}
                        Guarded::Counted => self.health_changed = true,
                        Guarded::Softened => {
                            self.row.record.lane.soften();
                            return Box::pin(self.stand_again()).await;
                        }
                        Guarded::Stays => return Box::pin(self.next()).await,
                        Guarded::Held(reason) => return Ok(Err(self.end(Outcome::Held(reason)))),
                    }
                }
                // Before the step is noted as sent: without its password it is not.
                match self.password(&step) {
                    Ok(password) => self.password = password,
                    Err(error) => {
                        let failure = Failure::parked(error, ParkReason::Password);
                        return Ok(Err(self.end(failure.into())));
                    }
                }
                let lane = &mut self.row.record.lane;
                intend(lane, &mut self.members, &step, &self.references);
                Ok(step)
            }
        })
    }

    /// The target has lost the account. If it has lost too many, nothing is created again before a person has looked.
    async fn note_loss(&mut self, moment: &Moment) -> Result<Option<Outcome>> {
        let key = self.row.key.target_key();
        self.health_changed = true;
        let Some(is_new) = self.shared.note_loss(&key, moment).await? else { return Ok(None) };
        if is_new {
            let (organization, target) = (&key.organization, &key.target);
            let reason = QuarantineReason::Losses;
            self.shared.snapshots.tell(&Observation::Quarantined { organization, target, reason });
        }
        let message = "too many accounts that we knew are gone at the target; see whether the connection leads to another system, and resume the target";
        let error = Error::new(ErrorKind::NotFound, message).with_effect(Effect::NotSent);
        Ok(Some(self.end(Outcome::queued(error))))
    }

    /// Whether what a step takes away goes through (P16).
    async fn guard(&mut self, takes: Takes) -> Result<Guarded> {
        let target = self.row.key.target_key();
        let Some(settings) = self.snapshot.configuration.settings(&target.target) else {
            return Ok(Guarded::Goes);
        };
        let guarded =
            self.shared.guard(settings, &target, &mut self.row.record.lane, takes).await?;
        let is_stopped = matches!(guarded, Guarded::Held(_) | Guarded::Softened);
        if is_stopped && self.row.record.lane.keep() {
            return Ok(Guarded::Stays);
        }
        if matches!(guarded, Guarded::Held(HoldReason::MassChange) | Guarded::Softened) {
            let (organization, target) = (&target.organization, &target.target);
            let resource = &self.row.key.resource;
            let observation = Observation::MassChangeHeld { organization, target, resource };
            self.shared.snapshots.tell(&observation);
        }
        Ok(guarded)
    }

    /// The terms have changed within the attempt.
    async fn stand_again(&mut self) -> Result<std::result::Result<Step, Outcome>> {
        match self.stand().await? {
            Ok(()) => self.next().await,
            Err(failure) => Ok(Err(self.end(failure.into()))),
        }
    }

    /// Applies the target's terms of now. Who leaves the groups there, or comes back into them, is opened in each.
    async fn stand(&mut self) -> Result<std::result::Result<(), Failure>> {
        let key = self.row.key.clone();
        let was_stripped = self.row.record.lane.is_stripped();
        let stood = self.shared.stand(self.snapshot, &key, &mut self.row.record.lane).await?;
        if self.row.record.lane.is_stripped() != was_stripped {
            let member = member_of(&key.resource);
            let groups = self.shared.store.groups_of(&key.resource).await?;
            let lanes = self.shared.store.lanes_at(&key.target_key(), &groups).await?;
            for group in lanes.into_iter().map(|row| row.key) {
                self.openings.push(Opening::These(group.clone(), vec![member.clone()]));
                self.waiters.push(group);
            }
        }
        Ok(stood)
    }

    fn end(&mut self, outcome: Outcome) -> Outcome {
        self.row.record.end(&outcome, &self.shared.moment());
        outcome
    }

    async fn run(mut self, connector: &dyn Connector, first: Step) -> Result<(EventId, Outcome)> {
        let (mut step, mut look_ups) = (first, 0);
        loop {
            let known = self.row.record.account().cloned();
            let next = match &step {
                Step::Done => self.next_window().await?,
                Step::Find { .. } if look_ups == MOST_LOOK_UPS => {
                    let failure = asked_enough(&mut self.row.record.lane);
                    Err(self.end(failure.into()))
                }
                _ => {
                    look_ups += usize::from(matches!(step, Step::Find { .. }));
                    self.ask(connector, step).await?
                }
            };
            let durability = if self.row.record.account() == known.as_ref() && !self.suspect {
                Durability::Deferred
            } else {
                Durability::Immediate
            };
            self.call_waiters().await?;
            if !self.commit(next.is_err(), durability).await? {
                return Ok((self.row.record.taken(), Outcome::StillPending));
            }
            if next.is_err() {
                self.look_back().await?;
            }
            match next {
                Ok(next) => step = next,
                Err(outcome) => {
                    return Ok((self.row.record.taken(), outcome));
                }
            }
        }
    }

    /// Sends a step and takes in what the target answers.
    async fn ask(
        &mut self,
        connector: &dyn Connector,
        step: Step,
    ) -> Result<std::result::Result<Step, Outcome>> {
        let key = self.row.key.clone();
        let (resource, target) = (&key.resource, &key.target);
        let attempt = Attempt::new(
            resource.organization.clone(),
            self.row.record.taken(),
            target.clone(),
            self.row.record.tries(),
        );
        let attempt = attempt.with_password(self.password.take());
        let sets_password = attempt.password.is_some();
        let lacks_password = !sets_password && self.makes_up_password(&step);
        let asked = self.shared.now();
        let answer = send(connector, &key, &step, &attempt).await;
        self.facts.extend(facts::learnt(self.shared, &key.target_key(), connector));
        let error = answer.error().cloned();
        if let Answer::Resource(Ok(remote)) = &answer {
            self.is_fixed |= !remote.fixed.is_empty() || lacks_password;
            self.has_created |= matches!(step, Step::Create { .. });
        }
        self.note(error.as_ref());
        let (operation, looked_up) = (operation(&step), matches!(step, Step::Find { .. }));
        let creates = matches!(step, Step::Create { .. });
        let moment = self.shared.moment();
        if let Ok(capabilities) = guarded(|| connector.capabilities()) {
            // The answer may have taught it a limit.
            self.capabilities = capabilities;
        }
        let scene = Scene {
            key: resource,
            moment: &moment,
            capabilities: self.capabilities,
            sets_password,
            references: &self.references,
            policy: self.policy,
        };
        let account_before = self.row.record.account().cloned();
        let was_there = account_before.is_some() && !self.row.record.lane.is_to_go();
        let verdict = learn(&mut self.row.record.lane, &mut self.members, scene, step, answer);
        let is_lost = was_there && looked_up && self.row.record.account().is_none();
        // Only now: an observer that panics must not cost what was learnt.
        let error = error.as_ref();
        self.shared.snapshots.tell(&Observation::Answered { resource, target, operation, error });
        if is_lost && let Some(outcome) = self.note_loss(&moment).await? {
            return Ok(Err(outcome));
        }
        if looked_up {
            // A group that turned out to be another one refers to everybody who was in it.
            self.refer().await?;
            // Who has an account already keeps its password.
            self.forget_unwanted_password();
        }
        // What becomes of an account, and what is made for it only once, depends on which it is found to be.
        let is_another = !creates && self.row.record.account().cloned() != account_before;
        if (is_another || (looked_up && self.row.record.lane.leaves().is_some()))
            && let Err(failure) = self.stand().await?
        {
            return Ok(Err(self.end(failure.into())));
        }
        Ok(match verdict {
            Verdict::Continue(touched) => {
                self.account = touched.or(self.account.take());
                self.next().await?
            }
            Verdict::Adopted(account) => {
                let account = self.account.insert(account);
                let observation = Observation::Adopted { resource, target, account };
                self.shared.snapshots.tell(&observation);
                self.next().await?
            }
            Verdict::Contested(holder) => match self.contest(holder, asked).await? {
                Ok(()) => self.next().await?,
                Err(failure) => Err(self.end(failure.into())),
            },
            Verdict::Stop(failure) => Err(self.end(failure.into())),
        })
    }

    /// The next of a large group's members.
    async fn next_window(&mut self) -> Result<std::result::Result<Step, Outcome>> {
        self.members = self.window().await?;
        self.refer().await?;
        let moment = self.shared.moment();
        self.row.record.lane.name_members(&mut self.members, &self.references, &moment);
        self.next().await
    }

    fn note(&mut self, error: Option<&Error>) {
        let (target, moment) = (self.row.key.target_key(), self.shared.moment());
        if let Some(reason) = self.shared.healths.note(&target, error, &moment) {
            if let Some(reason) = reason {
                let (organization, target) = (&target.organization, &target.target);
                let observation = Observation::Quarantined { organization, target, reason };
                self.shared.snapshots.tell(&observation);
            }
            self.health_changed = true;
        }
    }

    fn batch(&mut self, ended: bool) -> Batch {
        let mut batch = Batch::new();
        let (key, revision) = (self.row.key.clone(), self.row.revision);
        if key.resource.kind == ResourceKind::Group {
            // Who has no account waits only once there is nothing else to do with the window.
            let ended = ended || self.members.more;
            let whole = self.row.record.lane.is_whole();
            let writes = self.members.writes(&self.references, whole, ended);
            batch.members = Some((key.clone(), writes));
        }
        batch.facts = std::mem::take(&mut self.facts);
        batch.wake = std::mem::take(&mut self.waiters);
        batch.open = std::mem::take(&mut self.openings);
        if std::mem::take(&mut self.health_changed) {
            // As it is now: somebody may have paused the target meanwhile.
            let target = key.target_key();
            batch.health = self.shared.healths.known(&target).map(|health| (target, health));
        }
        batch.lanes.push(LaneWrite::new(key, revision, Some(self.row.record.clone())));
        batch
    }

    /// Commits what was learnt, and what is about to be sent. False when another attempt has begun meanwhile.
    async fn commit(&mut self, ended: bool, durability: Durability) -> Result<bool> {
        let (life, epoch) = (self.shared.store.life(), self.row.record.epoch());
        let shared = self.shared.store.is_shared();
        let mut batch = self.batch(ended);
        loop {
            let kept = batch.clone();
            if let Committed::Done(revisions) = self.shared.store.commit(batch, durability).await? {
                self.row.revision = revisions.first().copied().unwrap_or_default();
                return Ok(true);
            }
            batch = kept;
            if let Some((target, health)) = &mut batch.health
                && let Some(newest) = self.shared.healths.known(target)
            {
                // Somebody may have paused or withdrawn it meanwhile.
                *health = newest;
            }
            let Some(stored) = self.shared.store.lane(&self.row.key).await? else {
                return Ok(false);
            };
            // Where nobody else works on the store, whoever has the turn is the only one.
            if shared && !stored.record.is_attempt(life, epoch) {
                self.refuse(stored).await?;
                return Ok(false);
            }
            self.row.record.catch_up(&stored.record);
            self.row.revision = stored.revision;
            let record = Some(self.row.record.clone());
            batch.lanes = vec![LaneWrite::new(self.row.key.clone(), stored.revision, record)];
        }
    }

    /// Another attempt has begun: what this one sent may land later, and the lane must know (P21).
    async fn refuse(&self, mut stored: StoredLane) -> Result<()> {
        loop {
            stored.record.refuse(&self.shared.moment());
            let mut batch = Batch::new();
            let record = Some(stored.record);
            batch.lanes.push(LaneWrite::new(stored.key.clone(), stored.revision, record));
            if self.shared.store.commit(batch, Durability::Deferred).await?.is_done() {
                return Ok(());
            }
            match self.shared.store.lane(&stored.key).await? {
                Some(newer) => stored = newer,
                None => return Ok(()),
            }
        }
    }
}
