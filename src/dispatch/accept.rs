//! Accepts an event: routes it and commits what it comes to, in one batch.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::join::guarded;
use super::passwords;
use super::refer::refer;
use super::routing::{Candidate, Candidates, LeftOut, Routed, route};
use super::shared::Shared;
use super::snapshot::Snapshot;
use super::terms::{left_out, nothing_sent};
use crate::delivery::{Lane, Members, Presence, Step, plan};
use crate::error::{ErrorKind, Result};
use crate::model::{
    Deprovision, Event, EventChange, LaneKey, Member, Membership, Resource, ResourceKey,
    ResourceKind, Scope, SkipReason, Target, TargetKey,
};
use crate::store::{Durability, Hint, MembershipWrite, Opening, StoredResource, key_of, member_of};

/// Lanes of a group's members whose outcome the caller of a blocking provisioner waits for.
const MOST_AWAITED: usize = 100;

/// An accepted event.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) routed: Routed,
    /// Groups' lanes that the event reaches too (P17).
    pub(super) follow_ups: Vec<LaneKey>,
}

/// Commits an event. When this returns, it is durable (P1).
pub(super) async fn accept(
    shared: &Shared,
    snapshot: &Snapshot,
    event: &Event,
    candidates: &Candidates,
    fulfils: &[Hint],
) -> Result<Accepted> {
    loop {
        // Somebody else may have written to the same resource: then it is routed again, behind theirs.
        if let Some(accepted) =
            try_accept(shared, snapshot, event, candidates, fulfils, None).await?
        {
            return Ok(accepted);
        }
    }
}

/// Commits an event, unless somebody else has written to its resource: since this revision, where one is given, or
/// else since it was read here.
pub(super) async fn try_accept(
    shared: &Shared,
    snapshot: &Snapshot,
    event: &Event,
    candidates: &Candidates,
    fulfils: &[Hint],
    since: Option<u64>,
) -> Result<Option<Accepted>> {
    let mut accepted = prepare(shared, snapshot, event, &event.resource_key(), candidates).await?;
    let mut batch = std::mem::take(&mut accepted.routed.batch);
    let read = batch.resource.as_ref().map(|write| write.expected);
    if since.is_some() && since != read {
        return Ok(None);
    }
    batch.fulfil.extend_from_slice(fulfils);
    let committed = shared.store.commit(batch, Durability::Immediate).await?;
    Ok(committed.is_done().then_some(accepted))
}

/// What accepting an event comes to, with the rows as they are now. Writes nothing.
pub(super) async fn prepare(
    shared: &Shared,
    snapshot: &Snapshot,
    event: &Event,
    key: &ResourceKey,
    candidates: &Candidates,
) -> Result<Accepted> {
    let mut known = shared.store.resource(key).await?;
    let mut candidates = candidates.clone();
    for (target, candidate) in &mut candidates.targets {
        let target = TargetKey::new(key.organization.clone(), target.clone());
        if shared.withdrawal(&target).await?.is_some() {
            *candidate = Candidate::Skipped(SkipReason::Withdrawn);
        }
    }
    let loaded = load_group(shared, event, key, &mut known).await?;
    let is_there = |target: &Target| {
        let lane = known.lanes.iter().find(|lane| lane.key.target == *target);
        lane.is_some_and(|lane| {
            lane.record.account().is_some() && lane.record.presence() == Presence::Present
        })
    };
    let wants = |target: &Target| passwords::is_wanted(snapshot, target, event, is_there(target));
    let (life, moment) = (shared.store.life(), shared.moment());
    let mut routed = route(&known, event, &candidates, wants, life, &moment);
    if let Some(password) = &event.password {
        let number = routed.event;
        for stop in routed.stops.iter_mut().filter(|stop| stop.taken.is_ok()) {
            if !wants(&stop.target) {
                continue;
            }
            let key = LaneKey::new(routed.key.clone(), stop.target.clone());
            let writes = routed.batch.lanes.iter_mut().filter(|write| write.key == key);
            for record in writes.filter_map(|write| write.record.as_mut()) {
                shared.keep_password(&key, record, number, password)?;
            }
            // There is something to send, whatever else is.
            stop.is_quiet = false;
        }
    }
    // What the host says of the whole group comes before what the event says of some of its members.
    routed.batch.membership.splice(0..0, loaded);
    conclude(shared, snapshot, &mut routed).await?;
    for stop in routed.stops.iter_mut().filter(|stop| stop.taken.is_ok()) {
        let target = TargetKey::new(key.organization.clone(), stop.target.clone());
        if shared.withdrawal(&target).await?.is_some() {
            // It is remembered, and not sent.
            stop.taken = Err(LeftOut::Skip(SkipReason::Withdrawn));
        }
    }
    let mut follow_ups = Vec::new();
    let affected = affected(shared, snapshot, &known, event).await?;
    // Who waits for the event waits for some of them; a worker sees to the others, which are due.
    follow_ups.extend(affected.iter().take(MOST_AWAITED).cloned());
    routed.batch.judge.extend(affected);
    if event.kind() == ResourceKind::Group && event.change.removes() {
        keep_open(shared, snapshot, key, &mut routed).await?;
    }
    if event.change.removes() {
        let member = member_of(key);
        for group in shared.store.groups_of(key).await? {
            routed.batch.membership.push(MembershipWrite::Leave(group.clone(), member.clone()));
            let lanes = match shared.store.resource(&group).await {
                Ok(group) => group.lanes,
                // Nobody keeps an account because a group's row is damaged (F16).
                Err(error) if error.kind() == ErrorKind::Damaged => continue,
                Err(error) => return Err(error),
            };
            for lane in lanes {
                if lane.record.presence() == Presence::Present {
                    let members = vec![member.clone()];
                    routed.batch.open.push(Opening::These(lane.key.clone(), members));
                    routed.batch.wake.push(lane.key.clone());
                    follow_ups.push(lane.key);
                }
            }
        }
    }
    Ok(Accepted { routed, follow_ups })
}

/// A group that is deleted and left at a target: should it come back, its members are seen to.
async fn keep_open(
    shared: &Shared,
    snapshot: &Snapshot,
    key: &ResourceKey,
    routed: &mut Routed,
) -> Result<()> {
    let is_left = |lane: &LaneKey| {
        let settings = snapshot.configuration.settings(&lane.target);
        settings.is_some_and(|it| it.deprovisioning.deleted != Deprovision::Delete)
    };
    for opening in &mut routed.batch.open {
        if let Opening::Nobody(lane) = opening
            && is_left(lane)
        {
            *opening = Opening::These(lane.clone(), shared.store.members_of(key).await?);
        }
    }
    Ok(())
}

/// What has come may need no request: the lane is then written as it would be after an attempt, and needs none.
async fn conclude(shared: &Shared, snapshot: &Snapshot, routed: &mut Routed) -> Result<()> {
    let moment = shared.moment();
    for stop in &mut routed.stops {
        let key = LaneKey::new(routed.key.clone(), stop.target.clone());
        let Ok(lane) = &mut stop.taken else { continue };
        if !stop.is_quiet {
            continue;
        }
        match needs_nothing(shared, snapshot, &key, lane).await {
            Ok(true) => {}
            Ok(false) => continue,
            // The attempt will say what is wrong; the event is accepted all the same.
            Err(error) if error.kind() != ErrorKind::Storage => continue,
            Err(error) => return Err(error),
        }
        let outcome = nothing_sent(lane);
        let writes = routed.batch.lanes.iter_mut().filter(|write| write.key == key);
        for record in writes.filter_map(|write| write.record.as_mut()) {
            record.conclude(lane.clone(), &outcome, &moment);
        }
        let reason = left_out(lane);
        stop.taken = Err(reason.map_or(LeftOut::Nothing, LeftOut::Skip));
    }
    Ok(())
}

/// Whether a lane would be left as it is by an attempt. Applies the target's terms to it.
async fn needs_nothing(
    shared: &Shared,
    snapshot: &Snapshot,
    key: &LaneKey,
    lane: &mut Lane,
) -> Result<bool> {
    // A group's members are open in rows of their own.
    if key.resource.kind != ResourceKind::User {
        return Ok(false);
    }
    let mut stood = lane.clone();
    let is_well = shared.stand(snapshot, key, &mut stood).await?.is_ok();
    if !is_well || stood.is_softened() || stood.unmapped().is_some() {
        return Ok(false);
    }
    if stood.is_stripped() != lane.is_stripped() {
        // Its groups are to be seen to.
        return Ok(false);
    }
    let settings = snapshot.configuration.settings(&key.target);
    let is_content = if stood.presence() == Presence::Absent {
        // A group that lets the user in may be on its way, and would find nobody to judge.
        !settings.is_some_and(|settings| settings.scope.asks_for_groups())
    } else {
        let connector = snapshot.connector(&key.target);
        let itself = connector.and_then(|it| guarded(|| (it.capabilities(), it.fingerprint())));
        let Ok((capabilities, fingerprint)) = itself else { return Ok(false) };
        if stood.account_at(&fingerprint).is_none() {
            return Ok(false);
        }
        let members = Members::default();
        let referred = refer(shared, key, &stood, &members, &fingerprint).await?;
        let step = plan(&stood, &members, &key.resource, capabilities, &referred.accounts);
        matches!(step, Step::Done)
    };
    if is_content {
        *lane = stood;
    }
    Ok(is_content)
}

/// Lanes of users who may enter or leave a scope because of what happened to a group. There may be none of some of them
/// yet: it may come while the event is accepted.
async fn affected(
    shared: &Shared,
    snapshot: &Snapshot,
    known: &StoredResource,
    event: &Event,
) -> Result<Vec<LaneKey>> {
    if event.kind() != ResourceKind::Group {
        return Ok(Vec::new());
    }
    let scopes = scopes_by(shared, snapshot, known, event).await?;
    if scopes.is_empty() {
        return Ok(Vec::new());
    }
    let group = event.resource_key();
    let mut members: Vec<Member> = match &event.change {
        EventChange::MembersChanged(_, changes) => {
            changes.added.iter().chain(&changes.removed).cloned().collect()
        }
        _ => shared.store.members_of(&group).await?,
    };
    if let Some(state) = event.change.state() {
        members.extend(state.members().iter().cloned());
    }
    let nested = scopes.iter().any(|(_, scope)| scope.nested);
    let (mut users, mut seen) = (BTreeSet::new(), BTreeSet::new());
    while let Some(member) = members.pop() {
        let key = key_of(&event.organization, &member);
        match member.kind {
            ResourceKind::User => {
                users.insert(key);
            }
            ResourceKind::Group if nested && seen.insert(key.clone()) => {
                members.extend(shared.store.members_of(&key).await?);
            }
            ResourceKind::Group => {}
        }
    }
    let lanes_of = |user: &ResourceKey| {
        let user = user.clone();
        scopes.iter().map(move |(target, _)| LaneKey::new(user.clone(), target.clone()))
    };
    Ok(users.iter().flat_map(lanes_of).collect())
}

/// The targets whose scope asks for a group that has changed, or for one that it is in.
async fn scopes_by<'a>(
    shared: &Shared,
    snapshot: &'a Snapshot,
    known: &StoredResource,
    event: &Event,
) -> Result<Vec<(Target, &'a Scope)>> {
    let mut scopes = snapshot.configuration.scopes_by_group();
    if scopes.is_empty() {
        return Ok(scopes);
    }
    let states = known.attributes.iter().chain(event.change.state());
    let mut names: Vec<Option<String>> =
        states.map(|state| Some(state.name().to_owned())).collect();
    // What only keeps its name, and gets no members, moves nobody.
    if matches!(event.change, EventChange::Updated(_))
        && names.windows(2).all(|pair| matches!(pair, [one, other] if one == other))
        && names.len() > 1
    {
        return Ok(Vec::new());
    }
    names.push(None);
    let id = event.local_id().as_str();
    let own = |name: Option<String>| Membership { id: id.to_owned(), name };
    let own: Vec<Membership> = names.into_iter().map(own).collect();
    let mut outer = Vec::new();
    if scopes.iter().any(|(_, scope)| scope.nested) {
        outer = shared.memberships(&event.resource_key(), true).await?;
    }
    scopes.retain(|(_, scope)| {
        own.iter().any(|group| scope.names(group))
            || (scope.nested && outer.iter().any(|group| scope.names(group)))
    });
    Ok(scopes)
}

/// Members changed in a group that was never announced: the host is asked for the rest, if it can be (design 5).
async fn load_group(
    shared: &Shared,
    event: &Event,
    key: &ResourceKey,
    known: &mut StoredResource,
) -> Result<Vec<MembershipWrite>> {
    let is_unknown =
        matches!(event.change, EventChange::MembersChanged(..)) && known.attributes.is_none();
    let Some(source) = shared.resources.as_ref().filter(|_| is_unknown) else {
        return Ok(Vec::new());
    };
    let Some(Resource::Group(mut group)) = source.load(key).await? else { return Ok(Vec::new()) };
    let members = std::mem::take(&mut group.members);
    known.attributes = Some(Arc::new(group.into()));
    Ok(members.into_iter().map(|member| MembershipWrite::Join(key.clone(), member)).collect())
}
