//! The next step of a lane, from what the lane remembers and nothing else.

use std::sync::Arc;

use super::failure::{Failure, ParkReason};
use super::lane::{Desired, Lane, LookUp};
use super::members::{Before, Members, References};
use super::pending::Presence;
use crate::error::{Error, ErrorKind};
use crate::model::{
    AttributePath, Capabilities, Difference, Manager, Member, MemberChanges, Reference, RemoteId,
    Resource, ResourceKey, ResourceKind, Secret,
};

/// What to do next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Ask the target who carries our id.
    Find { name: String },
    /// Create it; a group with this piece of its members, in the host's ids.
    Create { wanted: Arc<Resource>, members: MemberChanges, before: Before },
    /// Change it.
    Update {
        id: RemoteId,
        wanted: Arc<Resource>,
        difference: Difference,
        version: Option<String>,
        doubtful_before: Vec<AttributePath>,
    },
    /// Change a group's members: the piece in the host's ids, and as it is sent.
    ChangeMembers { id: RemoteId, piece: MemberChanges, sent: MemberChanges, before: Before },
    /// Remove it.
    Delete { id: RemoteId },
    /// Nothing is left to do.
    Done,
    /// Nothing can be done.
    Stop(Failure),
}

/// The next step.
pub(crate) fn plan(
    lane: &Lane,
    members: &Members,
    key: &ResourceKey,
    capabilities: Capabilities,
    references: &References,
) -> Step {
    if key.kind == ResourceKind::Group
        && !capabilities.groups
        && lane.presence() != Presence::Absent
    {
        return Step::Stop(Failure::Unsupported);
    }
    let wanted = match &lane.desired {
        Desired::Present(resource) if !lane.replace => resource,
        Desired::Present(_) | Desired::Absent => return plan_removal(lane),
        Desired::Unknown => return plan_unknown(lane, members),
    };
    match &lane.link {
        _ if lane.look_up.is_some() => {
            Step::Find { name: known_name(lane).unwrap_or(wanted.name()).to_owned() }
        }
        None => plan_create(members, wanted, capabilities, references),
        Some(link) => {
            let wanted = project(wanted, references);
            let difference = match &link.confirmed {
                Some(base) if link.shown => Difference::between(base, &wanted).without_removals(),
                Some(base) => Difference::between(base, &wanted),
                None => Difference::from_nothing(&wanted),
            };
            let difference = difference.and_again(&link.doubtful, &wanted);
            if !difference.is_empty() {
                return Step::Update {
                    id: link.remote_id.clone(),
                    wanted,
                    difference,
                    version: link.version.clone(),
                    doubtful_before: link.doubtful.clone(),
                };
            }
            let piece =
                members.next_piece(references, capabilities.members_per_request, lane.whole);
            if piece.is_empty() {
                return Step::Done;
            }
            Step::ChangeMembers {
                id: link.remote_id.clone(),
                sent: members.translated(&piece, references),
                before: members.places(&piece),
                piece,
            }
        }
    }
}

/// The name under which the resource is or may be at the target, which is not always the wanted one.
fn known_name(lane: &Lane) -> Option<&str> {
    let confirmed = lane.link.as_ref().and_then(|link| link.confirmed.as_ref());
    let doubtful = lane.doubtful_name.as_ref().map(Secret::expose);
    doubtful.or(confirmed.map(|confirmed| confirmed.name()))
}

fn plan_removal(lane: &Lane) -> Step {
    let name = known_name(lane);
    match &lane.link {
        _ if lane.look_up.is_some() => Step::Find { name: name.unwrap_or_default().to_owned() },
        Some(link) => Step::Delete { id: link.remote_id.clone() },
        None => Step::Done,
    }
}

/// Members of a group about which nothing else is known (design 5, last row of the event table).
fn plan_unknown(lane: &Lane, members: &Members) -> Step {
    if lane.presence() == Presence::Leaving {
        return plan_removal(lane);
    }
    if !members.any_wanted() {
        return Step::Done;
    }
    let message = "members changed in a group that was never announced here; send the group's state with Event::group_updated";
    Step::Stop(Failure::parked(
        Error::new(ErrorKind::InvalidEvent, message),
        ParkReason::NeedsState,
    ))
}

fn plan_create(
    members: &Members,
    wanted: &Arc<Resource>,
    capabilities: Capabilities,
    references: &References,
) -> Step {
    let piece = if capabilities.members_on_create {
        let piece = members.next_piece(references, capabilities.members_per_request, true);
        MemberChanges { added: piece.added, ..MemberChanges::default() }
    } else {
        MemberChanges::default()
    };
    let mut wanted = project(wanted, references);
    if !piece.is_empty()
        && let Resource::Group(group) = Arc::make_mut(&mut wanted)
    {
        group.members = members.translated(&piece, references).added.into_iter().collect();
    }
    Step::Create { wanted, before: members.places(&piece), members: piece }
}

/// What the target should see: references in its own ids, and without those it has no id for yet (P17).
fn project(resource: &Arc<Resource>, references: &References) -> Arc<Resource> {
    let Resource::User(user) = &**resource else {
        return Arc::clone(resource);
    };
    let Some(manager) = user.enterprise.as_ref().and_then(|enterprise| enterprise.manager.as_ref())
    else {
        return Arc::clone(resource);
    };
    let remote = references.get(&Member::user(manager.value.clone()));
    let mut user = user.clone();
    if let Some(enterprise) = &mut user.enterprise {
        enterprise.manager = remote.map(|id| Manager::new(Reference::from(id)));
    }
    Arc::new(user.into())
}

/// Nothing is left to do: from now on what the target showed counts as what we sent.
pub(crate) fn settle(lane: &mut Lane, references: &References) {
    lane.seen_to();
    if let (Desired::Present(wanted), Some(link)) = (&lane.desired, &mut lane.link)
        && link.shown
    {
        link.confirmed = Some(project(wanted, references));
        link.shown = false;
    }
}

/// Notes in the lane what is about to be sent, so that nothing is forgotten if no answer is ever read.
pub(crate) fn intend(lane: &mut Lane, members: &mut Members, step: &Step, references: &References) {
    match step {
        Step::Create { members: piece, wanted, .. } => {
            lane.look_up = Some(LookUp::Doubt);
            lane.doubtful_name = Some(Secret::new(wanted.name()));
            members.intend(piece, references);
        }
        Step::Update { difference, .. } => {
            if let Some(link) = &mut lane.link {
                for (path, _) in difference.iter() {
                    if !link.doubtful.contains(path) {
                        link.doubtful.push(path.clone());
                    }
                }
            }
        }
        Step::ChangeMembers { piece, .. } => members.intend(piece, references),
        Step::Find { .. } | Step::Delete { .. } | Step::Done | Step::Stop(_) => {}
    }
}
