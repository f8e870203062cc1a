//! What is remembered of one resource at one target: what it should be, what it is, and what is in doubt.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::guard::Takes;
use super::members::{Members, References};
use super::missing::add_missing;
use super::moment::Moment;
use super::pending::{Assignment, Pending, Presence};
use super::standing::Leaving;
use crate::error::Error;
use crate::model::{
    AttributePath, Cause, Difference, Link, Member, RemoteId, Resource, SealedSecret, Secret,
    Timestamp,
};

/// The unit of order and of mutual exclusion: one resource at one target.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Lane {
    /// What the target should have.
    #[serde(skip_serializing_if = "Desired::is_unknown")]
    pub(crate) desired: Desired,
    /// The last that the host said, where the target is to have something else.
    #[serde(with = "crate::model::stored", skip_serializing_if = "Option::is_none")]
    pub(super) told: Option<Arc<Resource>>,
    /// It is to lose what it has there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) leaving: Option<Leaving>,
    /// It is out of the groups that are provisioned there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) stripped: bool,
    /// The last that it was to be, until the target's terms are applied to what came after it.
    #[serde(with = "crate::model::stored", skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Arc<Resource>>,
    /// The host's word has come since the target's terms were last applied.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) news: bool,
    /// The host's last word was that it is gone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) deleted: bool,
    /// The target is withdrawn, and the host's word is kept for when it is not any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) withdrawn: bool,
    /// All that is known of the person is to be forgotten.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) erased: bool,
    /// A person decided that it stays as it is, until the host's next word.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) rests: bool,
    /// A process ended uncleanly, and what was last sent may be an older state. What was in doubt before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lost: Option<Vec<AttributePath>>,
    /// The mapping failed for somebody who is switched off all the same. Only true within an attempt.
    #[serde(skip)]
    pub(super) unmapped: Option<Error>,
    /// The user's password, until the target has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<SealedSecret>,
    /// What the guard, or a person, has let be taken away.
    #[serde(skip_serializing_if = "Takes::is_nothing")]
    pub(super) cleared: Takes,
    /// It is switched off in place of being deleted, until a person says more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) softened: bool,
    /// By which scope it was judged last.
    #[serde(skip_serializing_if = "is_zero_stamp")]
    pub(crate) scope: u64,
    /// A person wants it to be judged by the scope of now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) reasserted: bool,
    /// The account that is there must go before a new one is created (delete and create folded together, P7).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) replace: bool,
    /// The account that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<Link>,
    /// Why the target must be asked before anything is created (P8).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) look_up: Option<LookUp>,
    /// The name under which a create was sent that may have landed.
    #[serde(with = "kept_name", skip_serializing_if = "Option::is_none")]
    pub(super) doubtful_name: Option<Secret>,
    /// The attributes that creates set which may have landed. Unlike those that others set there they are ours to clear.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) doubtful_attributes: Vec<AttributePath>,
    /// Which system the lane's accounts are at: what the connector said of itself (P19).
    #[serde(skip_serializing_if = "String::is_empty")]
    fingerprint: String,
    /// There is an account of ours at a system that the connection no longer leads to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) elsewhere: bool,
    /// Nobody but the members we know is in the group: we created it. In a group that was found there may be anybody.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) whole: bool,
    /// Until when a request may still land that nobody heard of, and what it may change (P10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unsettled: Option<Unsettled>,
    /// Members of whom nobody knows whether they are in the group, now that the window is over: until they are seen to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    again: Vec<(Member, RemoteId)>,
    /// A process died with a request under way, and nobody knows which members it named.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unnamed: bool,
    /// Who has the name that it is to have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) contested: Option<Member>,
    /// It gives its name up to another, for one that nobody else has.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) temporary: bool,
    /// The name was not at the target right before the create that is in doubt (P8.6).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) absent: bool,
    /// The target cannot be asked who has the name before a create. Only true within an attempt.
    #[serde(skip)]
    pub(super) unasked: bool,
    /// A person wants it created again although the target has lost it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) recreate: bool,
    /// Attempts in a row that failed for good (P12).
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) failures: u32,
}

/// A time in which the lane's account may still change by requests of ours that nobody heard of (P10, P11).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Unsettled {
    /// When it ends.
    pub(crate) until: Timestamp,
    /// Attributes that may change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) paths: Vec<AttributePath>,
    /// Members who may join or leave, and under which id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    members: Vec<(Member, RemoteId)>,
}

/// What a target should have.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Desired {
    /// Nobody has said.
    #[default]
    Unknown,
    /// This. A group without its members.
    Present(#[serde(with = "present")] Arc<Resource>),
    /// Nothing.
    Absent,
}

/// Why the target is asked what it has before anything else is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LookUp {
    /// The target says that it has such a resource.
    Conflict,
    /// A create may have landed, or the account we knew is gone.
    Doubt,
    /// It has changed since we last saw it.
    Stale,
    /// Somebody else has the name that it is to have.
    Name,
    /// The time is over in which a request could still land: what is there now is what stays (P10, P11).
    Recheck,
}

impl Lane {
    /// The resources whose ids at the target are needed to write this one.
    pub(crate) fn referred(&self, members: &Members) -> Vec<Member> {
        let mut referred = members.referred();
        if let Desired::Present(resource) = &self.desired {
            referred.extend(manager_of(resource));
        }
        referred
    }

    /// What the target should have, if it should have anything.
    pub(super) fn wanted(&self) -> Option<&Arc<Resource>> {
        match &self.desired {
            Desired::Present(resource) => Some(resource),
            Desired::Unknown | Desired::Absent => None,
        }
    }

    /// Whether the resource is to be at the target, or may still be there although it should not.
    pub(crate) fn presence(&self) -> Presence {
        match self.desired {
            Desired::Present(_) => Presence::Present,
            Desired::Unknown | Desired::Absent if self.may_exist() => Presence::Leaving,
            Desired::Unknown | Desired::Absent => Presence::Absent,
        }
    }

    /// Whether the resource is to be gone.
    pub(super) fn wants_nothing(&self) -> bool {
        matches!(self.desired, Desired::Absent)
    }

    /// The user's password, until the target has it.
    pub(crate) fn password(&self) -> Option<&SealedSecret> {
        self.password.as_ref()
    }

    /// Forgets the password: the target has it, or cannot have it. Answers whether there was one.
    pub(crate) fn shred_password(&mut self) -> bool {
        self.password.take().is_some()
    }

    /// Whether whatever is there is to go.
    pub(crate) fn is_to_go(&self) -> bool {
        self.is_leaving()
    }

    /// Whether an account that is there must go, if only to make room for a new one.
    pub(super) fn is_leaving(&self) -> bool {
        self.replace || self.wanted().is_none()
    }

    /// Whether the resource is to be gone or switched off, which goes before everything else (P15).
    pub(super) fn deprovisions(&self) -> bool {
        match &self.desired {
            Desired::Unknown => false,
            Desired::Present(resource) => self.replace || is_disabled(resource),
            Desired::Absent => true,
        }
    }

    /// Whether something at the target may be ours.
    pub(super) fn may_exist(&self) -> bool {
        self.link.is_some() || self.look_up.is_some()
    }

    /// An attempt at this system begins. What was linked at another one proves nothing here (P19).
    pub(crate) fn begin_at(&mut self, fingerprint: &str, members: &mut Members) {
        if self.fingerprint == fingerprint {
            return;
        }
        fingerprint.clone_into(&mut self.fingerprint);
        let link = self.link.take();
        if link.is_none() && self.look_up.is_none() {
            return;
        }
        self.elsewhere |= link.is_some();
        if self.doubtful_name.is_none() {
            let confirmed = link.and_then(|link| link.confirmed);
            self.doubtful_name = confirmed.map(|confirmed| Secret::new(confirmed.name()));
        }
        self.look_up = Some(LookUp::Doubt);
        self.lose_members(members);
    }

    /// Whether nobody but the members we know is in the group.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// The account of this resource, if it is at the same system as another one.
    pub(super) fn account_beside(&self, other: &Self) -> Option<&RemoteId> {
        self.account_at(&other.fingerprint)
    }

    /// The group at the target is gone, or is another one: who was in it may or may not be, and is added again.
    pub(super) fn lose_members(&mut self, members: &mut Members) {
        self.whole = false;
        members.lose();
    }

    /// The name under which it is at the target.
    pub(crate) fn name_there(&self) -> Option<&str> {
        self.link.as_ref()?.confirmed.as_deref().map(Resource::name)
    }

    /// An attempt begins: what was only true within the last one is forgotten.
    pub(super) fn begin(&mut self) {
        self.contested = None;
        self.unasked = false;
        self.look_up = self.look_up.filter(|look_up| *look_up != LookUp::Name);
        self.absent &= self.look_up.is_some();
    }

    /// The account, if it is at this system.
    pub(crate) fn account_at(&self, fingerprint: &str) -> Option<&RemoteId> {
        let link = self.link.as_ref().filter(|_| self.fingerprint == fingerprint);
        link.map(|link| &link.remote_id)
    }

    /// What comes after an error that ended an attempt; counts it.
    pub(crate) fn fail(&mut self, error: Error) -> Failure {
        Failure::after(error, &mut self.failures)
    }

    /// Folds what waits into what is desired (P7). Only when an attempt begins.
    pub(super) fn absorb(&mut self, pending: &Pending) {
        if pending.is_empty() {
            return;
        }
        if pending.deletes() || pending.state().is_some() {
            self.remember(pending.last());
        }
        if pending.deletes() {
            self.replace = self.may_exist();
            self.look_up = self.look_up.map(|look_up| match look_up {
                // The account is known, and goes by its id: a look-up that shows nothing does not end it.
                LookUp::Recheck | LookUp::Stale if self.link.is_some() => look_up,
                _ => LookUp::Doubt,
            });
            self.desired = Desired::Absent;
            self.told = None;
            (self.deleted, self.news) = (true, true);
            self.erased = pending.erases();
        }
        if let Some(state) = pending.state() {
            if self.wants_nothing() && self.link.is_none() && self.unsettled.is_some() {
                // It was to go and comes back, and an earlier create may still land: it is asked for first (P8).
                self.look_up = self.look_up.or(Some(LookUp::Doubt));
            }
            self.temporary = false;
            self.desired = Desired::Present(Arc::clone(state));
            self.told = Some(Arc::clone(state));
            (self.deleted, self.news) = (false, true);
        }
        if pending.deletes() {
            self.password = None;
        }
        if let Some(password) = pending.password() {
            self.password = Some(password.clone());
        }
        match pending.assignment() {
            Some(Assignment::Lost) => self.part(Cause::Unassigned),
            Some(Assignment::Given) => self.leaving = None,
            None => {}
        }
        // A newer event gives a parked lane another chance (P12).
        self.failures = 0;
    }

    /// A request was sent, or may have been, and nobody knows what became of it: it may land until the window is over.
    pub(super) fn unsettle(&mut self, moment: &Moment, members: Vec<(Member, RemoteId)>) {
        let doubtful = self.link.as_ref().map(|link| link.doubtful.as_slice()).unwrap_or_default();
        let unsettled = self.unsettled.get_or_insert_with(|| Unsettled {
            until: moment.now,
            paths: Vec::new(),
            members: Vec::new(),
        });
        unsettled.until = unsettled.until.max(moment.settled());
        add_missing(&mut unsettled.paths, doubtful.iter().cloned());
        add_missing(&mut unsettled.members, members);
    }

    /// Whether the window is open in which a request may still land.
    pub(super) fn is_unsettled(&self, now: Timestamp) -> bool {
        !self.unsettled_for(now).is_zero()
    }

    /// How long it stays open.
    pub(super) fn unsettled_for(&self, now: Timestamp) -> Duration {
        self.unsettled.as_ref().map(|unsettled| unsettled.until.since(now)).unwrap_or_default()
    }

    /// Once the window is over, what is there is looked at again: it stays so (P10, P11).
    pub(super) fn recheck(&mut self, now: Timestamp) {
        let Some(unsettled) = self.unsettled.take_if(|unsettled| unsettled.until <= now) else {
            return;
        };
        self.look_up = self.look_up.or(Some(LookUp::Recheck));
        if let Some(link) = &mut self.link {
            add_missing(&mut link.doubtful, unsettled.paths);
        }
        add_missing(&mut self.again, unsettled.members);
    }

    /// A create is sent, or was, and may land.
    pub(super) fn doubt_create(&mut self, wanted: &Resource) {
        self.doubtful_name = Some(Secret::new(wanted.name()));
        for (path, _) in Difference::from_nothing(wanted).iter() {
            if !self.doubtful_attributes.contains(path) {
                self.doubtful_attributes.push(path.clone());
            }
        }
    }

    /// What became of the last create is known. An earlier one may still land.
    pub(super) fn forget_create(&mut self) {
        self.doubtful_name = None;
        if self.unsettled.is_none() {
            self.doubtful_attributes.clear();
        }
    }

    /// The members to look at again: by every attempt, until one has seen to all of them.
    pub(crate) fn again(&self) -> &[(Member, RemoteId)] {
        &self.again
    }

    /// All of them have been seen to.
    pub(super) fn seen_to(&mut self) {
        self.again.clear();
    }

    /// A process died over an attempt: what it had noted says what it sent, but not that it may land later.
    pub(super) fn died(&mut self, moment: &Moment) {
        self.unnamed = true;
        self.whole = false;
        self.unsettle(moment, Vec::new());
    }

    /// Everybody who is open may be whom the last request was about: they are asked for again, now and once nothing can
    /// land any more (C11, P10).
    pub(crate) fn name_members(
        &mut self,
        members: &mut Members,
        references: &References,
        moment: &Moment,
    ) {
        if self.unnamed {
            let accounts = members.doubt_all(references);
            self.unsettle(moment, accounts);
            // Further ones come with the next window.
            self.unnamed = members.more;
        }
    }

    /// A person gave up what is open: what is there is what is desired.
    pub(super) fn give_up(&mut self) {
        self.replace = false;
        self.look_up = None;
        self.unsettled = None;
        self.forget_create();
        self.contested = None;
        (self.temporary, self.absent, self.recreate) = (false, false, false);
        self.again.clear();
        self.unnamed = false;
        self.failures = 0;
        self.password = None;
        self.told = self.told().cloned();
        (self.leaving, self.news, self.rests) = (None, false, true);
        self.desired = match self.link.as_mut() {
            Some(link) => {
                link.doubtful.clear();
                link.confirmed.clone().map_or(Desired::Unknown, Desired::Present)
            }
            None => Desired::Absent,
        };
    }

    /// The process died without a trace of what it was about to send: whatever was open may have been sent (C12).
    pub(super) fn lost_intents(&mut self, pending: &Pending, moment: &Moment) {
        // What an earlier create found proves nothing about one of which there is no trace.
        self.absent &= self.look_up.is_some();
        let mut doubtful: Vec<AttributePath> = Vec::new();
        let link = self.link.as_ref().map(|link| link.doubtful.as_slice());
        let unsettled = self.unsettled.as_ref().map(|unsettled| unsettled.paths.as_slice());
        for paths in link.into_iter().chain(unsettled) {
            add_missing(&mut doubtful, paths.iter().cloned());
        }
        self.lost.get_or_insert(doubtful);
        let states = self.wanted().into_iter().chain(pending.last()).chain(pending.state());
        let states: Vec<Arc<Resource>> = states.map(Arc::clone).collect();
        match &mut self.link {
            Some(link) => {
                for state in &states {
                    let changes = match &link.confirmed {
                        Some(confirmed) => Difference::between(confirmed, state),
                        None => Difference::from_nothing(state),
                    };
                    add_missing(&mut link.doubtful, changes.iter().map(|(path, _)| path.clone()));
                }
                add_missing(&mut link.doubtful, pending.superseded().iter().cloned());
            }
            None if states.is_empty() && !pending.deletes() => {}
            None => {
                self.look_up = Some(LookUp::Doubt);
                let mut name = self.doubtful_name.take();
                for state in &states {
                    self.doubt_create(state);
                }
                if let Some(first) = states.first() {
                    name.get_or_insert_with(|| Secret::new(first.name()));
                }
                self.doubtful_name = name;
            }
        }
        self.died(moment);
    }
}

impl Desired {
    fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// To whom a state refers beside a group's members.
pub(super) fn manager_of(resource: &Resource) -> Option<Member> {
    let Resource::User(user) = resource else { return None };
    let manager = user.enterprise.as_ref()?.manager.as_ref()?;
    Some(Member::user(manager.value.clone()))
}

/// Whether a state switches the account off.
pub(super) fn is_disabled(resource: &Resource) -> bool {
    matches!(resource, Resource::User(user) if !user.active)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero_stamp(stamp: &u64) -> bool {
    *stamp == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Custody ends at the store, which keeps names in clear until payloads are sealed.
mod kept_name {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::model::Secret;

    pub(super) fn serialize<S: Serializer>(
        name: &Option<Secret>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        name.as_ref().map(Secret::expose).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Secret>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
    }
}

mod present {
    use std::sync::Arc;

    use serde::{Deserializer, Serializer};

    use crate::model::{Resource, stored};

    pub(super) fn serialize<S: Serializer>(
        resource: &Arc<Resource>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        stored::serialize(&Some(Arc::clone(resource)), serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<Resource>, D::Error> {
        stored::deserialize(deserializer)?
            .ok_or_else(|| serde::de::Error::custom("a state without a resource"))
    }
}
