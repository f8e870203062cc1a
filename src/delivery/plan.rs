//! The next step of a lane, from what the lane remembers and nothing else.

use std::sync::Arc;

use super::contest::temporary_name;
use super::failure::{Failure, ParkReason};
use super::lane::{Desired, Lane, LookUp, manager_of};
use super::members::{Before, Members, References};
use super::missing::add_missing;
use super::pending::Presence;
use crate::error::{Error, ErrorKind};
use crate::model::{
    AttributePath, Capabilities, Cause, Difference, Manager, MemberChanges, Reference, RemoteId,
    Resource, ResourceKey, ResourceKind, Secret,
};

/// What to do next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Ask the target who carries our id, or else, or only, who has the name.
    Find { name: String, name_only: bool },
    /// Create it; a group with this piece of its members, in the host's ids.
    Create {
        wanted: Arc<Resource>,
        members: MemberChanges,
        before: Before,
        doubtful_before: Vec<AttributePath>,
    },
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
            let name_only = lane.look_up == Some(LookUp::Name);
            let known = known_name(lane).filter(|_| !name_only);
            Step::Find { name: known.unwrap_or(wanted.name()).to_owned(), name_only }
        }
        // A name that is there now could not be told from our own later (P8.6).
        None if lane.may_create()
            && capabilities.forgets_external_ids(key.kind)
            && capabilities.find
            && !(lane.absent || lane.unasked) =>
        {
            Step::Find { name: wanted.name().to_owned(), name_only: false }
        }
        None if !lane.may_create() => Step::Done,
        None => plan_create(lane, members, wanted, capabilities, references),
        Some(link) => {
            let wanted = for_now(lane, key, project(wanted, references));
            let difference = match &link.confirmed {
                Some(base) if link.shown => Difference::between(base, &wanted).without_removals(),
                Some(base) => Difference::between(base, &wanted),
                None => Difference::from_nothing(&wanted),
            };
            let again: Vec<AttributePath> =
                link.doubtful.iter().filter(|path| lane.sends_again(path)).cloned().collect();
            let difference = difference.and_again(&again, &wanted);
            // Who is only switched off is to find the newest password when they come back.
            let stays = matches!(lane.leaves(), None | Some(Cause::Disabled));
            let sets_password = lane.password.is_some() && capabilities.passwords && stays;
            if !difference.is_empty() || sets_password {
                return Step::Update {
                    id: link.remote_id.clone(),
                    wanted,
                    difference,
                    version: link.version.clone(),
                    doubtful_before: link.doubtful.clone(),
                };
            }
            let piece = members.next_piece(references, capabilities, lane.whole);
            if piece.is_empty() || !lane.sends_members() {
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
        _ if lane.look_up.is_some() => {
            Step::Find { name: name.unwrap_or_default().to_owned(), name_only: false }
        }
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
    lane: &Lane,
    members: &Members,
    wanted: &Arc<Resource>,
    capabilities: Capabilities,
    references: &References,
) -> Step {
    let piece = joining(members, capabilities, references);
    let mut wanted = project(wanted, references);
    if !piece.is_empty()
        && let Resource::Group(group) = Arc::make_mut(&mut wanted)
    {
        group.members = members.translated(&piece, references).added.into_iter().collect();
    }
    Step::Create {
        wanted,
        before: members.places(&piece),
        members: piece,
        doubtful_before: lane.doubtful_attributes.clone(),
    }
}

/// What it is to be now: with a name of its own while it gives way to another (F77).
fn for_now(lane: &Lane, key: &ResourceKey, mut wanted: Arc<Resource>) -> Arc<Resource> {
    let Some(there) = lane.name_there().filter(|_| lane.temporary) else { return wanted };
    let name = temporary_name(key.id.as_str(), there);
    if there != name {
        match Arc::make_mut(&mut wanted) {
            Resource::User(user) => user.user_name = name,
            Resource::Group(group) => group.display_name = name,
        }
    }
    wanted
}

/// The members that a group is created with.
pub(super) fn joining(
    members: &Members,
    capabilities: Capabilities,
    references: &References,
) -> MemberChanges {
    if !capabilities.members_on_create {
        return MemberChanges::default();
    }
    let piece = members.next_piece(references, capabilities, true);
    MemberChanges { added: piece.added, ..MemberChanges::default() }
}

/// What the target should see: references in its own ids, and without those it has no id for yet (P17).
fn project(resource: &Arc<Resource>, references: &References) -> Arc<Resource> {
    let Resource::User(user) = &**resource else {
        return Arc::clone(resource);
    };
    let Some(manager) = manager_of(resource) else {
        return Arc::clone(resource);
    };
    let remote = references.get(&manager);
    let mut user = user.clone();
    if let Some(enterprise) = &mut user.enterprise {
        enterprise.manager = remote.map(|id| Manager::new(Reference::from(id)));
    }
    Arc::new(user.into())
}

/// Nothing is left to do: from now on what the target showed counts as what we sent.
pub(crate) fn settle(lane: &mut Lane, references: &References) {
    lane.seen_to();
    if lane.link.is_none() {
        lane.gone();
    }
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
            lane.doubt_create(wanted);
            members.intend(piece, references);
        }
        Step::Update { difference, .. } => {
            if let Some(link) = &mut lane.link {
                add_missing(&mut link.doubtful, difference.iter().map(|(path, _)| path.clone()));
            }
        }
        Step::ChangeMembers { piece, .. } => members.intend(piece, references),
        Step::Find { .. } | Step::Delete { .. } | Step::Done | Step::Stop(_) => {}
    }
}
