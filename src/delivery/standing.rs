//! What a target's terms make of what the host says: whether the resource is to be there, and like what; and what
//! becomes of the account of who is to lose it.
//!
//! A lane remembers the host's word ([`Lane::told`]) beside what the target should have, wherever the two are not the
//! same. So terms that change make another state of it, at the next occasion, and nothing needs to be told again.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::guard::Takes;
use super::lane::{Desired, Lane, is_disabled};
use super::missing::add_missing;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    AttributePath, Cause, Deprovision, Difference, Resource, Timestamp, Withdrawal,
};

/// Who is to lose what it has at the target, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Leaving {
    pub(crate) cause: Cause,
    /// Since when; none until the target's terms were applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<Timestamp>,
    /// When its account is deleted, if that comes later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<Timestamp>,
    /// What is desired is not the host's own word: what was confirmed there, or that switched off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    made_up: bool,
}

/// What a target should see of a state, given what was confirmed there; the same value where it sees all of it.
pub(crate) type Mapping<'a> =
    dyn Fn(&Arc<Resource>, Option<&Resource>) -> Result<Arc<Resource>> + 'a;

/// A target's terms, as they are now.
pub(crate) struct Terms<'a> {
    /// What is done for a cause.
    pub(crate) deprovision: &'a dyn Fn(Cause) -> Deprovision,
    /// What becomes of all accounts there, if the target is withdrawn.
    pub(crate) withdrawal: Option<Withdrawal>,
    /// How long who is deleted later is only switched off.
    pub(crate) grace: Duration,
    /// Whether a state is in the scope; none where that is not to be judged anew.
    pub(crate) in_scope: Option<&'a dyn Fn(&Resource) -> bool>,
    /// What the target should see of a state, given what was confirmed there.
    pub(crate) mapping: &'a Mapping<'a>,
    /// Whether the target sees all of it.
    pub(crate) is_identity: bool,
    /// Now.
    pub(crate) now: Timestamp,
}

impl Lane {
    /// Applies a target's terms. Only when an attempt begins, after what waits was folded in.
    ///
    /// # Errors
    /// What the mapping says.
    pub(crate) fn stand(&mut self, terms: &Terms<'_>) -> Result<()> {
        if let Some(withdrawal) = terms.withdrawal {
            return self.withdraw(withdrawal, terms);
        }
        let comes_back = std::mem::take(&mut self.withdrawn);
        let is_news = std::mem::take(&mut self.news);
        if self.rests && !is_news && !comes_back {
            return Ok(());
        }
        self.rests = false;
        let told = match comes_back {
            true => self.told.clone(),
            false => self.told().cloned(),
        };
        let before = self.leaving;
        // What the host says of a user changes nothing about an application that was lost.
        let lasts = |cause| !is_news || (told.is_some() && cause == Cause::Unassigned);
        let lasting = before.map(|leaving| leaving.cause).filter(|cause| lasts(*cause));
        if self.replace && (terms.deprovision)(self.removal()) != Deprovision::Delete {
            // It was gone for a moment, and its account is still there: it comes back.
            self.replace = false;
        }
        let cause = match (lasting, &told) {
            (Some(cause @ (Cause::LeftScope | Cause::Disabled)), Some(told)) => {
                Self::judge(terms, told, Some(cause))
            }
            (Some(cause), _) => Some(cause),
            (None, Some(told)) => Self::judge(terms, told, before.map(|leaving| leaving.cause)),
            (None, None) if self.deleted || self.wants_nothing() => Some(self.removal()),
            (None, None) => return Ok(()),
        };
        let Some(cause) = cause else {
            (self.leaving, self.stripped, self.last) = (None, false, None);
            let Some(told) = told else { return Ok(()) };
            self.bring(told, terms)?;
            if !self.is_switching_off() {
                // Nothing is taken away any more, so what was allowed is over.
                (self.cleared, self.softened) = (Takes::Nothing, false);
            }
            return Ok(());
        };
        let since = before.filter(|before| before.cause == cause).and_then(|before| before.since);
        let since = since.unwrap_or(terms.now);
        self.leave(told, cause, since, terms)
    }

    /// It is to lose what it has there, for this. Who is deleted has lost more.
    pub(crate) fn part(&mut self, cause: Cause) {
        let Some(told) = self.told().cloned() else { return };
        self.rests = false;
        self.told = Some(told);
        if self.leaving.is_none_or(|leaving| leaving.cause != cause) {
            self.leaving = Some(Leaving { cause, since: None, until: None, made_up: true });
        }
    }

    /// Its state is another one, or none. The host's last word is remembered: what becomes of the account is not known
    /// yet, nor whether there is one.
    pub(super) fn remember(&mut self, last: Option<&Arc<Resource>>) {
        let last = last.or(self.told());
        self.last = last.cloned().or(self.last.take());
    }

    /// The host's last word, as far as it is known, also of what is deleted.
    pub(crate) fn last_told(&self) -> Option<&Arc<Resource>> {
        self.told().or(self.last.as_ref())
    }

    /// What was to be deleted to make room for a new account stays in place of it. Answers whether anything was.
    pub(crate) fn keep(&mut self) -> bool {
        std::mem::take(&mut self.replace) && self.wanted().is_some()
    }

    /// Why it is to go, if the host says that it is gone.
    fn removal(&self) -> Cause {
        if self.erased { Cause::Erased } else { Cause::Deleted }
    }

    /// Why a state that the host tells is not to be at the target, or not switched on.
    fn judge(terms: &Terms<'_>, told: &Resource, before: Option<Cause>) -> Option<Cause> {
        let is_in = match terms.in_scope {
            Some(in_scope) => in_scope(told),
            None => before != Some(Cause::LeftScope),
        };
        match is_in {
            false => Some(Cause::LeftScope),
            true => is_disabled(told).then_some(Cause::Disabled),
        }
    }

    /// The last that the host said of the resource, unless that was that it is gone.
    pub(crate) fn told(&self) -> Option<&Arc<Resource>> {
        let is_own = !self.is_made_up() && !self.rests;
        self.told.as_ref().or_else(|| self.wanted().filter(|_| is_own))
    }

    /// Whether what is desired is not the host's own word.
    fn is_made_up(&self) -> bool {
        self.withdrawn || self.leaving.is_some_and(|leaving| leaving.made_up)
    }

    /// The target is withdrawn: what the host says is kept for when it is not any more.
    fn withdraw(&mut self, withdrawal: Withdrawal, terms: &Terms<'_>) -> Result<()> {
        if !self.withdrawn {
            self.told = self.told().cloned();
            self.withdrawn = true;
        }
        let deprovision = match withdrawal {
            Withdrawal::Delete => Deprovision::Delete,
            Withdrawal::Deactivate => Deprovision::Deactivate,
            _ => Deprovision::Leave,
        };
        self.desired = self.state_for(deprovision, terms)?;
        Ok(())
    }

    fn leave(
        &mut self,
        told: Option<Arc<Resource>>,
        cause: Cause,
        since: Timestamp,
        terms: &Terms<'_>,
    ) -> Result<()> {
        let mut leaving = Leaving { cause, since: Some(since), until: None, made_up: true };
        let mut deprovision = (terms.deprovision)(cause);
        if deprovision == Deprovision::DeactivateThenDelete {
            let until = since.after(terms.grace);
            deprovision = if until <= terms.now {
                Deprovision::Delete
            } else {
                leaving.until = Some(until);
                Deprovision::Deactivate
            };
        }
        self.stripped = deprovision == Deprovision::StripGroups;
        let is_brought = cause == Cause::Disabled
            && deprovision == Deprovision::Deactivate
            && (self.may_exist() || leaving.until.is_none());
        leaving.made_up = !is_brought;
        self.leaving = Some(leaving);
        if is_brought {
            self.replace = false;
            // The host's own word, and somebody who never was there is created switched off.
            let Some(told) = told else { return Ok(()) };
            let Err(error) = self.bring(Arc::clone(&told), terms) else { return Ok(()) };
            // Nobody stays switched on because a mapping fails: what was confirmed is switched off, and then a person is
            // told.
            let Some(confirmed) = self.link.as_ref().and_then(|link| link.confirmed.as_ref())
            else {
                return Err(error);
            };
            self.desired = Desired::Present(switched_off(confirmed));
            (self.told, self.unmapped) = (Some(told), Some(error));
            return Ok(());
        }
        self.told = told;
        self.desired = self.state_for(deprovision, terms)?;
        Ok(())
    }

    /// What the target is to have of what is to lose its account, or some of it.
    fn state_for(&mut self, mut deprovision: Deprovision, terms: &Terms<'_>) -> Result<Desired> {
        if deprovision == Deprovision::Delete && self.softened {
            deprovision = Deprovision::Deactivate;
        }
        if deprovision == Deprovision::Delete || !self.may_exist() {
            return Ok(Desired::Absent);
        }
        // It comes back, or stays: nothing needs to make room.
        self.replace = false;
        let kept = self.kept(deprovision, terms)?;
        if let Some(before) = self.lost.take().filter(|_| !terms.is_identity) {
            self.doubt_all(before, &kept);
        }
        Ok(Desired::Present(match deprovision {
            Deprovision::Deactivate | Deprovision::DeactivateThenDelete => switched_off(&kept),
            Deprovision::Leave | Deprovision::StripGroups | Deprovision::Delete => kept,
        }))
    }

    /// The account as it is believed to be: as it was confirmed last, or, where something newer may have landed, as the
    /// host's last word makes it.
    fn kept(&self, deprovision: Deprovision, terms: &Terms<'_>) -> Result<Arc<Resource>> {
        let confirmed = self.link.as_ref().and_then(|link| link.confirmed.as_ref());
        let last = self.told.as_ref().or(self.last.as_ref());
        let is_in_doubt = self.link.as_ref().is_none_or(|link| !link.doubtful.is_empty());
        // What is left is not touched, and a withdrawn target hears nothing new.
        let hears = deprovision == Deprovision::Deactivate && !self.withdrawn && is_in_doubt;
        match (confirmed, last.filter(|_| hears || confirmed.is_none())) {
            (Some(confirmed), None) => Ok(Arc::clone(confirmed)),
            (Some(confirmed), Some(last)) => {
                Ok((terms.mapping)(last, None).unwrap_or_else(|_| Arc::clone(confirmed)))
            }
            (None, Some(last)) => (terms.mapping)(last, None),
            (None, None) => {
                let message = "nothing is known of the account that is to be kept; see to it at the target, and discard this";
                Err(Error::new(ErrorKind::Conflict, message))
            }
        }
    }

    /// What the target should see of what the host tells.
    fn bring(&mut self, told: Arc<Resource>, terms: &Terms<'_>) -> Result<()> {
        let confirmed = self.link.as_ref().and_then(|link| link.confirmed.as_deref());
        let seen = (terms.mapping)(&told, confirmed)?;
        self.told = (!Arc::ptr_eq(&seen, &told)).then_some(told);
        self.desired = Desired::Present(Arc::clone(&seen));
        if let Some(before) = self.lost.take().filter(|_| !terms.is_identity) {
            self.doubt_all(before, &seen);
        }
        Ok(())
    }

    /// Nobody knows what was sent of an earlier state: all that the target should see is in doubt, beside what was before,
    /// and nothing else is.
    fn doubt_all(&mut self, before: Vec<AttributePath>, seen: &Resource) {
        let Some(link) = &mut self.link else {
            if self.look_up.is_some() {
                self.doubtful_name = None;
                self.doubtful_attributes.clear();
                self.doubt_create(seen);
            }
            return;
        };
        let mut paths = before;
        let confirmed = link.confirmed.as_deref();
        for state in confirmed.into_iter().chain([seen]) {
            let all = Difference::from_nothing(state);
            add_missing(&mut paths, all.iter().map(|(path, _)| path.clone()));
        }
        if let Some(unsettled) = &mut self.unsettled {
            unsettled.paths.clone_from(&paths);
        }
        link.doubtful = paths;
    }

    /// What the mapping said when it could not make what the target should see of somebody who is switched off.
    pub(crate) fn unmapped(&mut self) -> Option<Error> {
        self.unmapped.take()
    }

    /// Nobody is there, and nobody is to be: what was allowed is over.
    pub(super) fn gone(&mut self) {
        (self.cleared, self.softened) = (Takes::Nothing, false);
        if !self.may_create() {
            self.desired = Desired::Absent;
        }
    }

    /// It is not to be there, and what the host said of it is not kept.
    pub(super) fn turn_away(&mut self) {
        (self.told, self.leaving, self.stripped) = (None, None, false);
        self.password = None;
        self.desired = Desired::Absent;
    }

    /// Whether an account may be created: nobody who is to lose one gets one.
    pub(super) fn may_create(&self) -> bool {
        let is_to_lose_it = self.leaving.is_some_and(|leaving| leaving.until.is_some());
        !self.is_made_up() && !is_to_lose_it
    }

    /// Whether the host's word is kept although the target is not to have it.
    pub(super) fn is_aside(&self) -> bool {
        self.told.is_some() && (self.leaving.is_some() || self.withdrawn)
    }

    /// When its account is to be deleted, while it is only switched off.
    pub(crate) fn deleted_at(&self) -> Option<Timestamp> {
        self.leaving?.until.filter(|_| self.link.is_some() && !self.withdrawn)
    }

    /// Whether the scope of this number is to judge it: whoever it judged before, whom the host has just spoken of, or
    /// whom a person wants to be judged. A scope that is new touches nobody else.
    pub(crate) fn is_judged_by(&mut self, scope: u64) -> bool {
        let is_judged = self.news || self.scope == scope || self.reasserted;
        if is_judged {
            (self.scope, self.reasserted) = (scope, false);
        }
        is_judged
    }

    /// Why it is to lose what it has there.
    pub(crate) fn leaves(&self) -> Option<Cause> {
        match self.withdrawn {
            true => Some(Cause::Withdrawn),
            false => self.leaving.map(|leaving| leaving.cause),
        }
    }

    /// Of what is in doubt, what is to be sent again: nothing of an older state, but that it is switched off.
    pub(super) fn sends_again(&self, path: &AttributePath) -> bool {
        let is_switch = path.schema.is_none() && path.attribute == "active";
        let is_off = self.wanted().is_some_and(|wanted| is_disabled(wanted));
        !self.is_made_up() || (is_switch && is_off)
    }

    /// Whether changes of its members go to the target: not to a group that is out of scope, and left as it is.
    pub(crate) fn sends_members(&self) -> bool {
        !self.is_made_up()
    }

    /// Whether it is to leave the groups that are provisioned at the target.
    pub(crate) fn is_stripped(&self) -> bool {
        self.stripped
    }
}

fn switched_off(last: &Arc<Resource>) -> Arc<Resource> {
    let mut last = Arc::clone(last);
    if let Resource::User(user) = Arc::make_mut(&mut last) {
        user.active = false;
    }
    last
}
