//! What a look-up shows, and what of it is ours (P8).

use std::sync::Arc;

use super::failure::{Failure, ParkReason};
use super::lane::{Lane, LookUp, is_disabled};
use super::members::Members;
use super::verdict::{Scene, Verdict, advanced, failed};
use crate::error::{Effect, Error, ErrorKind};
use crate::model::{Difference, Link, LinkPolicy, Remote, RemoteId, Resource, WhenGone};

/// Only our own `externalId` in the resource's own body proves that it is ours (P8), or the id that we know.
pub(super) fn recognise(
    lane: &mut Lane,
    members: &mut Members,
    scene: Scene<'_>,
    name: &str,
    found: Vec<Remote>,
) -> Verdict {
    let known = lane.link.as_ref().map(|link| link.remote_id.clone());
    let is_own = |remote: &Remote| {
        remote.external_id.as_ref() == Some(&scene.key.id) || known.as_ref() == Some(&remote.id)
    };
    let (mut own, others): (Vec<Remote>, Vec<Remote>) = found.into_iter().partition(is_own);
    if lane.look_up == Some(LookUp::Name) {
        lane.look_up = None;
        return if others.is_empty() { unexplained(lane) } else { taken(&others) };
    }
    if own.len() > 1 {
        let message = "two or more resources at the target carry our id; remove all but one there";
        let error = Error::new(ErrorKind::Conflict, message);
        return Verdict::Stop(Failure::parked(error, ParkReason::DuplicateRemote));
    }
    match own.pop() {
        // All that a delete does there has been done.
        Some(remote)
            if scene.capabilities.deactivates && lane.is_leaving() && is_switched_off(&remote) =>
        {
            lane.elsewhere = false;
            removed(lane, members, remote.id)
        }
        Some(remote) => {
            let id = remote.id.clone();
            if known.as_ref() == Some(&id) {
                seen_again(lane, remote);
            } else {
                link(lane, members, remote);
            }
            advanced(lane, id)
        }
        None => match adoptable(lane, scene, name, &others) {
            Some(remote) => {
                let id = remote.id.clone();
                link(lane, members, remote.clone());
                lane.failures = 0;
                Verdict::Adopted(id)
            }
            None => not_found(lane, members, scene, name, &others),
        },
    }
}

/// The account that we know is there.
fn seen_again(lane: &mut Lane, remote: Remote) {
    found(lane);
    lane.doubtful_attributes.clear();
    if let Some(link) = &mut lane.link {
        link.version = remote.version.or(link.version.take());
    }
    compare(lane, remote.resource.as_deref());
}

/// From now on this is the lane's account. What others set there stays; what creates of ours may have set does not.
fn link(lane: &mut Lane, members: &mut Members, remote: Remote) {
    found(lane);
    lane.lose_members(members);
    let shown = remote.resource.map(Arc::<Resource>::from);
    lane.link = Some(Link {
        remote_id: remote.id,
        version: remote.version,
        confirmed: shown.as_ref().map(Resource::without_members),
        shown: true,
        doubtful: std::mem::take(&mut lane.doubtful_attributes),
    });
    compare(lane, shown.as_deref());
}

fn found(lane: &mut Lane) {
    lane.look_up = None;
    lane.doubtful_name = None;
    lane.elsewhere = false;
    lane.recreate = false;
}

/// The one account that has the wanted name and nobody's id, if the connection allows to take it for ours (P8.5, P8.6).
fn adoptable<'a>(
    lane: &Lane,
    scene: Scene<'_>,
    name: &str,
    others: &'a [Remote],
) -> Option<&'a Remote> {
    let [twin] = others else { return None };
    let is_candidate = lane.link.is_none() && !lane.is_leaving() && is_nameless_twin(twin, name);
    // Where no id of ours is kept every account looks like nobody's, those of our other lanes too.
    let shows_owners = !scene.capabilities.forgets_external_ids(scene.key.kind);
    let allowed = match (scene.policy.link, lane.look_up) {
        (LinkPolicy::IfUnmanaged, _) => shows_owners && is_same_name(name, lane.wanted()?.name()),
        (LinkPolicy::TrustAbsence, Some(LookUp::Doubt | LookUp::Recheck)) => lane.absent,
        _ => false,
    };
    (is_candidate && allowed).then_some(twin)
}

fn not_found(
    lane: &mut Lane,
    members: &mut Members,
    scene: Scene<'_>,
    name: &str,
    others: &[Remote],
) -> Verdict {
    match lane.look_up {
        // Nothing was sent yet, and the name is free: that is kept with the create (P8.6).
        None if others.is_empty() => {
            lane.absent = true;
            Verdict::Continue(None)
        }
        Some(LookUp::Conflict) if others.is_empty() => {
            // It may be a create of ours that is not shown yet, or somebody who has gone meanwhile: it is tried again
            // before a person is asked, a few times (F43).
            lane.look_up = Some(LookUp::Doubt);
            unexplained(lane)
        }
        // An index may lag. Only the target's own word to a request for the id that we know says that it is gone.
        Some(LookUp::Recheck | LookUp::Stale) if lane.link.is_some() => {
            lane.look_up = None;
            Verdict::Continue(None)
        }
        None | Some(LookUp::Conflict | LookUp::Name) => {
            lane.look_up = None;
            lane.forget_create();
            taken(others)
        }
        Some(LookUp::Doubt | LookUp::Recheck | LookUp::Stale) => {
            not_there(lane, members, scene, name, others)
        }
    }
}

/// It was asked for in doubt, and nothing that was found proves to be ours.
fn not_there(
    lane: &mut Lane,
    members: &mut Members,
    scene: Scene<'_>,
    name: &str,
    others: &[Remote],
) -> Verdict {
    let (error, reason) = if lane.link.is_none()
        && others.iter().any(|remote| is_nameless_twin(remote, name))
    {
        // The target keeps no id of ours: whether this is what we created cannot be told (P8.6).
        let message = "a resource at the target has the name of one that we may have created, and shows no id of ours";
        (Error::new(ErrorKind::Conflict, message), ParkReason::InDoubt)
    } else if lane.look_up != Some(LookUp::Recheck) && lane.elsewhere && lane.wants_nothing() {
        let message = "the resource is at a system that the connection no longer leads to; remove it there, or lead the connection back";
        (Error::new(ErrorKind::NotFound, message), ParkReason::Moved)
    } else if lane.link.is_some()
        && !lane.is_leaving()
        && !lane.recreate
        && scene.policy.gone == WhenGone::Park
    {
        // It is asked for again before anything is sent.
        lane.look_up = Some(LookUp::Doubt);
        let message = "the target has lost the resource; retry it to have it created again";
        (Error::new(ErrorKind::NotFound, message), ParkReason::Gone)
    } else if lane.look_up != Some(LookUp::Recheck)
        && !scene.is_unique()
        && !lane.wants_nothing()
        && lane.link.is_none()
        && lane.is_unsettled(scene.moment.now)
    {
        // An index may lag, and a create may still be under way: where two of them could both succeed, the window is
        // waited out (P8.4, F46).
        let message = "a create may still land, and the target would take a second one; it is looked up again after the settle window";
        let wait = lane.unsettled_for(scene.moment.now);
        let error = Error::new(ErrorKind::Timeout, message).with_effect(Effect::NotSent);
        return failed(lane, error.with_retry_after(wait));
    } else {
        return gone(lane, members, scene, name);
    };
    Verdict::Stop(Failure::parked(error, reason))
}

/// It is not there. A link means that its end was not believed at once: now it is.
fn gone(lane: &mut Lane, members: &mut Members, scene: Scene<'_>, name: &str) -> Verdict {
    lane.look_up = None;
    if !lane.is_unsettled(scene.moment.now) {
        // Nothing can land any more under that name.
        lane.forget_create();
    }
    lane.absent = lane.wanted().is_some_and(|wanted| is_same_name(wanted.name(), name));
    lane.replace = false;
    lane.elsewhere = false;
    lane.recreate = false;
    if lane.link.is_some() {
        lane.lose_members(members);
    }
    Verdict::Continue(lane.link.take().map(|link| link.remote_id))
}

/// Nobody is shown who would explain the conflict: somebody may have gone meanwhile, or is not shown yet.
fn unexplained(lane: &mut Lane) -> Verdict {
    let message = "the target reports a conflict with a resource that it does not show";
    failed(lane, Error::new(ErrorKind::Conflict, message))
}

/// The name is somebody else's: perhaps another of ours, who is to give it up (P8.5).
fn taken(others: &[Remote]) -> Verdict {
    if let Some(holder) = others.iter().find_map(|remote| remote.external_id.clone()) {
        return Verdict::Contested(holder);
    }
    Verdict::Stop(name_taken(STRANGERS.to_owned()))
}

pub(super) const STRANGERS: &str = "the name belongs to a resource at the target that is not ours; rename one of them or link it on purpose";

pub(super) fn name_taken(message: String) -> Failure {
    Failure::parked(Error::new(ErrorKind::Conflict, message), ParkReason::NameTaken)
}

/// Shows the name that was asked for, and nobody's id.
fn is_nameless_twin(remote: &Remote, name: &str) -> bool {
    let shown = remote.resource.as_deref().map(Resource::name);
    remote.external_id.is_none() && shown.is_some_and(|shown| is_same_name(shown, name))
}

pub(super) fn is_same_name(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}

fn is_switched_off(remote: &Remote) -> bool {
    remote.resource.as_deref().is_some_and(is_disabled)
}

/// The account is gone, or as good as gone.
pub(super) fn removed(lane: &mut Lane, members: &mut Members, id: RemoteId) -> Verdict {
    lane.link = None;
    lane.look_up = None;
    lane.forget_create();
    lane.replace = false;
    lane.whole = false;
    if lane.wants_nothing() {
        members.clear();
    } else {
        // Another group comes in its place, and who was in the old one is not in the new one.
        members.lose();
    }
    advanced(lane, id)
}

/// Of what is in doubt, only what differs from what the target shows is sent again (P10).
fn compare(lane: &mut Lane, shown: Option<&Resource>) {
    let (Some(wanted), Some(shown)) = (lane.wanted().map(Arc::clone), shown) else { return };
    let Some(link) = &mut lane.link else { return };
    let differs = Difference::between(shown, &wanted);
    // What we believe is there must be right too, or a later change would be held against what never was.
    let believed = match &link.confirmed {
        Some(confirmed) => Difference::between(confirmed, &wanted),
        None => Difference::from_nothing(&wanted),
    };
    let mut open = Vec::new();
    open.extend(differs.iter().chain(believed.iter()).map(|(path, _)| path));
    link.doubtful.retain(|path| open.contains(&path));
}
