//! Accepts an event: routes it and commits what it comes to, in one batch.

use std::sync::Arc;

use super::routing::{Candidate, Routed, route};
use super::shared::Shared;
use crate::delivery::Presence;
use crate::error::{ErrorKind, Result};
use crate::model::{Event, EventChange, LaneKey, Resource, ResourceKey, Target};
use crate::store::{Durability, Hint, MembershipWrite, Opening, StoredResource, member_of};

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
    event: &Event,
    candidates: &[(Target, Candidate)],
    fulfils: &[Hint],
) -> Result<Accepted> {
    loop {
        // Somebody else may have written to the same resource: then it is routed again, behind theirs.
        if let Some(accepted) = try_accept(shared, event, candidates, fulfils, None).await? {
            return Ok(accepted);
        }
    }
}

/// Commits an event, unless somebody else has written to its resource: since this revision, where one is given, or
/// else since it was read here.
pub(super) async fn try_accept(
    shared: &Shared,
    event: &Event,
    candidates: &[(Target, Candidate)],
    fulfils: &[Hint],
    since: Option<u64>,
) -> Result<Option<Accepted>> {
    let mut accepted = prepare(shared, event, &event.resource_key(), candidates).await?;
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
    event: &Event,
    key: &ResourceKey,
    candidates: &[(Target, Candidate)],
) -> Result<Accepted> {
    let mut known = shared.store.resource(key).await?;
    let loaded = load_group(shared, event, key, &mut known).await?;
    let mut routed = route(&known, event, candidates, shared.store.life(), &shared.moment());
    // What the host says of the whole group comes before what the event says of some of its members.
    routed.batch.membership.splice(0..0, loaded);
    let mut follow_ups = Vec::new();
    if matches!(event.change, EventChange::Deleted(..)) {
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
