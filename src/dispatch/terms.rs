//! A target's terms, applied to a lane: who is in its scope, what it should see, and what may be taken away.

use std::sync::Arc;

use super::join::guarded;
use super::plan::Action;
use super::shared::Shared;
use super::snapshot::Snapshot;
use crate::delivery::{
    Failure, Health, HoldReason, LOSSES, Lane, Moment, Outcome, Step, Takes, Terms,
};
use crate::error::{Error, ErrorKind, Result};
use crate::mapping::MappingContext;
use crate::model::{
    Cause, ConnectorSettings, Deprovision, GuardAction, LaneKey, Membership, OnRuleExit, Resource,
    ResourceKey, ResourceKind, SkipReason, TargetKey, Timestamp, Withdrawal,
};
use crate::store::Which;

/// Groups within groups that are looked at for one user.
const MOST_GROUPS: usize = 1_000;

impl Shared {
    /// Applies the terms of now to a lane into which what waits was folded.
    pub(super) async fn stand(
        &self,
        snapshot: &Snapshot,
        key: &LaneKey,
        lane: &mut Lane,
    ) -> Result<std::result::Result<(), Failure>> {
        let Some(settings) = snapshot.configuration.settings(&key.target) else {
            return Ok(Ok(()));
        };
        let ConnectorSettings { scope, deprovisioning, .. } = settings;
        let memberships = match key.resource.kind {
            ResourceKind::User if scope.asks_for_groups() => {
                match self.memberships(&key.resource, scope.nested).await {
                    Ok(memberships) => memberships,
                    Err(error) if error.kind() == ErrorKind::Storage => return Err(error),
                    Err(error) => return Ok(Err(Failure::queued(error))),
                }
            }
            _ => Vec::new(),
        };
        let withdrawal = self.withdrawal(&key.target_key()).await?;
        let in_scope = |resource: &Resource| scope.admits(resource, &memberships);
        let deprovision = |cause| match cause {
            Cause::Deleted => deprovisioning.deleted,
            Cause::Disabled => deprovisioning.disabled,
            Cause::Erased => deprovisioning.erased,
            Cause::LeftScope => deprovisioning.left_scope,
            Cause::Unassigned => deprovisioning.unassigned,
            Cause::Denied if settings.rules.on_exit == OnRuleExit::Delete => Deprovision::Delete,
            // A withdrawn target says itself what becomes of its accounts.
            Cause::Denied | Cause::Withdrawn => Deprovision::Deactivate,
        };
        let mapping = |told: &Arc<Resource>, confirmed: Option<&Resource>| {
            let (organization, connection) = (&key.resource.organization, &key.target.connection);
            let context = MappingContext::new(organization, connection).functions(&self.functions);
            let context = match confirmed {
                Some(confirmed) => context.confirmed(confirmed),
                None => context,
            };
            // The host's own functions may be part of it.
            let mapped = guarded(|| settings.mapping.apply_shared(told, &context))?;
            mapped.map_err(Error::from)
        };
        let is_judged = lane.is_judged_by(scope.stamp());
        let terms = Terms {
            deprovision: &deprovision,
            withdrawal,
            grace: deprovisioning.grace,
            in_scope: is_judged.then_some(&in_scope),
            mapping: &mapping,
            is_identity: settings.mapping.is_identity(),
            now: self.now(),
        };
        Ok(lane.stand(&terms).map_err(Failure::mapping))
    }

    /// What becomes of a target's accounts, if it is withdrawn.
    pub(super) async fn withdrawal(&self, target: &TargetKey) -> Result<Option<Withdrawal>> {
        self.healths.look(&*self.store, target, |health| health.withdrawal()).await
    }

    /// The groups that a user is in at the host; with `nested`, those too that these are in.
    ///
    /// # Errors
    /// Also when a group cannot be read, or there are too many: nobody loses anything because of that.
    pub(super) async fn memberships(
        &self,
        user: &ResourceKey,
        nested: bool,
    ) -> Result<Vec<Membership>> {
        let mut groups = self.store.groups_of(user).await?;
        let (mut memberships, mut next) = (Vec::new(), 0);
        while let Some(group) = groups.get(next).cloned() {
            next += 1;
            if next > MOST_GROUPS {
                let message = "somebody is in more than 1,000 groups; a scope by groups is not judged for them";
                return Err(Error::new(ErrorKind::TooLarge, message));
            }
            let row = self.store.resource(&group).await?;
            let name = row.attributes.map(|attributes| attributes.name().to_owned());
            memberships.push(Membership { id: group.id.as_str().to_owned(), name });
            if nested {
                let outer = self.store.groups_of(&group).await?;
                let new = outer.into_iter().filter(|group| !groups.contains(group));
                groups.extend(new.collect::<Vec<_>>());
            }
        }
        Ok(memberships)
    }

    /// How many accounts a target has, with those that were deleted within the hour: as counted within the last minute.
    async fn accounts(&self, key: &TargetKey, now: Timestamp) -> Result<u64> {
        let known = |health: &mut Health| (health.counted(now), health.deletions(now));
        let (counted, deleted) = self.healths.look(&*self.store, key, known).await?;
        if let Some(accounts) = counted {
            return Ok(accounts);
        }
        let linked = self.store.count(key, Which::Linked).await?;
        let accounts = u64::try_from(linked).unwrap_or(u64::MAX).saturating_add(deleted);
        let note = |health: &mut Health| health.note_accounts(accounts, now);
        self.healths.look(&*self.store, key, note).await?;
        Ok(accounts)
    }

    /// Why a step that takes something away must wait, if it must. What goes through is counted.
    pub(super) async fn guard(
        &self,
        settings: &ConnectorSettings,
        key: &TargetKey,
        lane: &mut Lane,
        takes: Takes,
    ) -> Result<Guarded> {
        if lane.is_cleared(takes) {
            return Ok(Guarded::Goes);
        }
        if is_protected(settings, lane) {
            return Ok(Guarded::Held(HoldReason::Protected));
        }
        let now = self.now();
        let may = |limit| move |health: &mut Health| health.note_removal(takes, limit, now);
        let count = settings.guard.count.into();
        if !self.healths.look(&*self.store, key, may(count)).await? {
            let accounts = self.accounts(key, now).await?;
            let limit = settings.guard.limit(accounts);
            if !self.healths.look(&*self.store, key, may(limit)).await? {
                return Ok(match (settings.guard.then, takes) {
                    (GuardAction::SoftenToDisable, Takes::Account) if !lane.is_softened() => {
                        Guarded::Softened
                    }
                    (GuardAction::SoftenToDisable, Takes::Account) => {
                        Guarded::Held(HoldReason::MassChange)
                    }
                    // Who is only switched off can be switched on again.
                    (GuardAction::SoftenToDisable, _) => Guarded::Goes,
                    (GuardAction::Hold, _) => Guarded::Held(HoldReason::MassChange),
                });
            }
        }
        lane.clear(takes);
        Ok(Guarded::Counted)
    }

    /// The target has lost an account that we knew. If it has lost so many that a person is asked before anything is
    /// created again, answers whether that is new.
    pub(super) async fn note_loss(
        &self,
        target: &TargetKey,
        moment: &Moment,
    ) -> Result<Option<bool>> {
        let note = |health: &mut Health| health.note_loss(moment.now);
        let losses = self.healths.look(&*self.store, target, note).await?;
        if losses <= LOSSES {
            return Ok(None);
        }
        let linked = self.store.count(target, Which::Linked).await?;
        let accounts = u64::try_from(linked).unwrap_or(u64::MAX).saturating_add(losses);
        let judge = |health: &mut Health| health.judge_losses(losses, accounts, moment);
        self.healths.look(&*self.store, target, judge).await
    }
}

/// What becomes of a step that takes something away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guarded {
    /// It was let through before, or nobody counts it.
    Goes,
    /// It goes through, and counts.
    Counted,
    /// It is switched off in place of being deleted.
    Softened,
    /// It is not deleted to make room for a new one: its owner is there again.
    Stays,
    /// It waits.
    Held(HoldReason),
}

/// Whether an account is never touched before a person has said so.
fn is_protected(settings: &ConnectorSettings, lane: &Lane) -> bool {
    let Some(filter) = &settings.deprovisioning.protected else { return false };
    let confirmed = lane.link.as_ref().and_then(|link| link.confirmed.as_deref());
    let mut states = lane.last_told().map(|told| &**told).into_iter().chain(confirmed);
    states.any(|state| filter.matches(&state.attributes()))
}

/// What an attempt came to in which nothing had to be sent.
pub(super) fn nothing_sent(lane: &Lane) -> Outcome {
    if lane.is_softened() {
        return Outcome::Held(HoldReason::MassChange);
    }
    left_out(lane).map_or(Outcome::NotNeeded, Outcome::Skipped)
}

/// Why the target is not to have what the host says.
pub(super) fn left_out(lane: &Lane) -> Option<SkipReason> {
    match lane.leaves()? {
        Cause::LeftScope => Some(SkipReason::OutOfScope),
        Cause::Unassigned => Some(SkipReason::Unassigned),
        Cause::Denied => Some(SkipReason::Denied),
        Cause::Withdrawn => Some(SkipReason::Withdrawn),
        Cause::Deleted | Cause::Disabled | Cause::Erased => None,
    }
}

/// What an action that is planned takes away.
pub(super) fn takes_away(action: &Action, lane: &Lane) -> Takes {
    match action {
        Action::Delete => Takes::Account,
        Action::Update(_) if lane.is_switching_off() => Takes::Access,
        _ => Takes::Nothing,
    }
}

/// What a step takes away.
pub(super) fn takes(step: &Step, lane: &Lane) -> Option<Takes> {
    Some(Takes::of(step, lane)).filter(|takes| *takes != Takes::Nothing)
}
