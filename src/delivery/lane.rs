//! What is remembered of one resource at one target: what it should be, what it is, and what is in doubt.

use std::sync::Arc;

use super::failure::Failure;
use super::members::Membership;
use crate::error::Error;
use crate::model::{Link, Member, MemberChanges, RemoteId, Resource, Secret};

/// The unit of order and of mutual exclusion: one resource at one target.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lane {
    /// What the target should have.
    pub(crate) desired: Desired,
    /// The account that is there must go before a new one is created (delete and create folded together, P7).
    pub(crate) replace: bool,
    /// The account that is there.
    pub(crate) link: Option<Link>,
    /// Why the target must be asked before anything is created (P8).
    pub(crate) look_up: Option<LookUp>,
    /// The name under which a create was sent that may have landed.
    pub(crate) doubtful_name: Option<Secret>,
    /// Which system the lane's accounts are at: what the connector said of itself (P19).
    fingerprint: String,
    /// There is an account of ours at a system that the connection no longer leads to.
    pub(super) elsewhere: bool,
    /// A group's members.
    pub(crate) membership: Membership,
    /// Attempts in a row that failed for good (P12).
    pub(crate) failures: u32,
}

/// What a target should have.
#[derive(Clone, Debug, Default)]
pub(crate) enum Desired {
    /// Nobody has said.
    #[default]
    Unknown,
    /// This. A group without its members.
    Present(Arc<Resource>),
    /// Nothing.
    Absent,
}

/// Where a resource stands at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Neither there nor wanted there.
    Absent,
    /// Not wanted there, and its removal is not done yet.
    Leaving,
    /// Wanted there. Updates and deletes go there.
    Present,
}

/// Why a look-up comes before a create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookUp {
    /// The target says that it has such a resource.
    Conflict,
    /// A create may have landed, or the account we knew is gone.
    Doubt,
}

/// What an event asks of a lane.
#[derive(Clone, Debug)]
pub(crate) enum LaneChange {
    /// Be this; with, for a new group, these members.
    State(Arc<Resource>, Vec<Member>),
    /// Be gone.
    Delete,
    /// Gain and lose these members.
    Members(MemberChanges),
    /// A member has this account there now, perhaps in place of another.
    Moved(Member, RemoteId),
    /// Nothing new: finish what is open.
    Touch,
}

impl Lane {
    /// The resources whose ids at the target are needed to write this one.
    pub(crate) fn referred(&self) -> Vec<Member> {
        let mut referred: Vec<Member> = self.membership.changing().cloned().collect();
        if let Desired::Present(resource) = &self.desired
            && let Resource::User(user) = &**resource
        {
            let manager =
                user.enterprise.as_ref().and_then(|enterprise| enterprise.manager.as_ref());
            referred.extend(manager.map(|manager| Member::user(manager.value.clone())));
        }
        referred
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

    /// Whether something at the target may be ours.
    fn may_exist(&self) -> bool {
        self.link.is_some() || self.look_up.is_some()
    }

    /// An attempt at this system begins. What was linked at another one proves nothing here (P19).
    pub(crate) fn begin_at(&mut self, fingerprint: &str) {
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
        self.membership.lost();
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

    /// Folds one more change into what is desired (P7). Only done when the lane is claimed, never while an attempt
    /// is under way.
    pub(crate) fn absorb(&mut self, change: &LaneChange) {
        match change {
            LaneChange::State(resource, members) => {
                if !matches!(self.desired, Desired::Present(_)) {
                    self.membership.announced();
                }
                self.desired = Desired::Present(Arc::clone(resource));
                self.membership.absorb(&MemberChanges::new(members.iter().cloned(), []));
            }
            LaneChange::Delete => {
                self.replace = self.may_exist();
                self.look_up = self.look_up.map(|_| LookUp::Doubt);
                self.desired = Desired::Absent;
                self.membership = Membership::default();
            }
            LaneChange::Members(changes) => self.membership.absorb(changes),
            LaneChange::Moved(member, account) => {
                self.membership.moved(member, account);
                return;
            }
            LaneChange::Touch => return,
        }
        // A newer event gives a parked lane another chance (P12).
        self.failures = 0;
    }
}
