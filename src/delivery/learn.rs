//! What an answer means for the lane (P8, P9).

use std::sync::Arc;

use super::failure::{Failure, ParkReason};
use super::lane::{Lane, LookUp};
use super::members::Members;
use super::moment::Moment;
use super::plan::Step;
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::model::{Difference, Link, LocalId, Remote, RemoteId, Resource};

/// What the target answered to a step.
#[derive(Debug)]
pub(crate) enum Answer {
    /// To a create or an update.
    Resource(Result<Remote>),
    /// To a look-up.
    Found(Result<Vec<Remote>>),
    /// To a delete or a change of members.
    Empty(Result<()>),
}

impl Answer {
    /// What went wrong, if anything did.
    pub(crate) fn error(&self) -> Option<&Error> {
        match self {
            Self::Resource(answer) => answer.as_ref().err(),
            Self::Found(answer) => answer.as_ref().err(),
            Self::Empty(answer) => answer.as_ref().err(),
        }
    }
}

/// Whether the attempt goes on.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Plan again. Names the account, where this step touched one.
    Continue(Option<RemoteId>),
    /// Stop here.
    Stop(Failure),
}

/// What an answer is held against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    /// The host's id of the resource.
    pub(crate) id: &'a LocalId,
    /// When the answer came.
    pub(crate) moment: &'a Moment,
    /// The target refuses a second resource of this kind with the same name or id.
    pub(crate) unique: bool,
}

/// Takes in the answer to a step.
pub(crate) fn learn(
    lane: &mut Lane,
    members: &mut Members,
    scene: Scene<'_>,
    step: Step,
    answer: Answer,
) -> Verdict {
    let may_land = answer.error().is_some_and(|error| {
        error.effect() == Effect::Unknown && error.kind() != ErrorKind::NotFound
    });
    if may_land && !matches!(step, Step::Find { .. }) {
        let piece = match &step {
            Step::Create { before, .. } | Step::ChangeMembers { before, .. } => {
                members.accounts(before)
            }
            _ => Vec::new(),
        };
        lane.unsettle(scene.moment, piece);
    }
    match (step, answer) {
        (Step::Create { wanted, members: piece, before }, Answer::Resource(answer)) => match answer
        {
            Ok(remote) if remote.external_id.as_ref().is_some_and(|shown| shown != scene.id) => {
                let message = "the target answered a create with a resource that is not ours";
                failed(lane, Error::new(ErrorKind::InvalidResponse, message))
            }
            Ok(remote) => {
                let remote_id = remote.id.clone();
                lane.link = Some(Link {
                    remote_id: remote.id,
                    version: remote.version,
                    confirmed: Some(Resource::without_members(&wanted)),
                    shown: false,
                    doubtful: Vec::new(),
                });
                lane.look_up = None;
                lane.doubtful_name = None;
                lane.whole = true;
                members.confirm(&piece);
                advanced(lane, remote_id)
            }
            Err(error) => {
                if error.kind() == ErrorKind::Conflict {
                    // What is there may be an earlier create of ours: members stay in doubt.
                    lane.look_up = Some(LookUp::Conflict);
                    return Verdict::Continue(None);
                }
                if error.effect() != Effect::Unknown {
                    members.withdraw(before);
                    lane.look_up = None;
                    lane.doubtful_name = None;
                }
                failed(lane, error)
            }
        },
        (Step::Update { id: remote_id, wanted, doubtful_before, .. }, Answer::Resource(answer)) => {
            match answer {
                Ok(remote) if remote.id != remote_id => {
                    let message = "the target answered an update with another resource";
                    failed(lane, Error::new(ErrorKind::InvalidResponse, message))
                }
                Ok(remote) => {
                    if let Some(link) = &mut lane.link {
                        link.confirmed = Some(wanted);
                        link.shown = false;
                        link.version = remote.version;
                        link.doubtful.clear();
                    }
                    advanced(lane, remote_id)
                }
                Err(error) => {
                    if error.effect() != Effect::Unknown
                        && let Some(link) = &mut lane.link
                    {
                        link.doubtful = doubtful_before;
                    }
                    if error.kind() == ErrorKind::Conflict {
                        return Verdict::Stop(Failure::parked(error, ParkReason::NameTaken));
                    }
                    refused(lane, error)
                }
            }
        }
        (Step::ChangeMembers { id: remote_id, piece, before, .. }, Answer::Empty(answer)) => {
            match answer {
                Ok(()) => {
                    members.confirm(&piece);
                    advanced(lane, remote_id)
                }
                Err(error) => {
                    if error.effect() != Effect::Unknown {
                        members.withdraw(before);
                    }
                    refused(lane, error)
                }
            }
        }
        (Step::Delete { id: remote_id }, Answer::Empty(answer)) => match answer {
            // Not the target's own word that it is gone: it is asked for before that is believed (F54).
            Err(error)
                if error.kind() == ErrorKind::NotFound && error.effect() == Effect::Unknown =>
            {
                lane.look_up = Some(LookUp::Doubt);
                Verdict::Continue(None)
            }
            Err(error) if error.kind() != ErrorKind::NotFound => failed(lane, error),
            _ => {
                lane.link = None;
                lane.look_up = None;
                lane.doubtful_name = None;
                lane.replace = false;
                lane.whole = false;
                if lane.wants_nothing() {
                    members.clear();
                } else {
                    // Another group comes in its place, and who was in the old one is not in the new one.
                    members.lose();
                }
                advanced(lane, remote_id)
            }
        },
        (Step::Find { name }, Answer::Found(answer)) => match answer {
            Ok(found) => recognise(lane, members, scene, &name, found),
            // The time to look again comes with the next attempt.
            Err(error) if lane.look_up == Some(LookUp::Recheck) => {
                if error.kind() == ErrorKind::Unsupported {
                    lane.look_up = None;
                    return Verdict::Continue(None);
                }
                failed(lane, error)
            }
            // Only whether it is gone was asked. That is not known, so the next attempt sends the same again.
            Err(error) if lane.link.is_some() => {
                lane.look_up = None;
                let message = "the target says that the resource is gone, and the look-up failed; check the base URL";
                let error = Error::new(ErrorKind::InvalidResponse, message).with_source(error);
                failed(lane, error.with_effect(Effect::Rejected))
            }
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                let reason = match lane.look_up.take() {
                    Some(LookUp::Conflict) => ParkReason::Conflict,
                    doubt => {
                        lane.look_up = doubt;
                        ParkReason::InDoubt
                    }
                };
                Verdict::Stop(Failure::parked(error, reason))
            }
            Err(error) => failed(lane, error),
        },
        // The driver pairs steps and answers; a mismatch is a defect and changes nothing.
        _ => failed(
            lane,
            Error::new(ErrorKind::Internal, "an answer came to a step that was not asked"),
        ),
    }
}

/// Only our own `externalId` in the resource's own body proves that it is ours (P8), or the id that we know.
fn recognise(
    lane: &mut Lane,
    members: &mut Members,
    scene: Scene<'_>,
    name: &str,
    found: Vec<Remote>,
) -> Verdict {
    let known = lane.link.as_ref().map(|link| link.remote_id.clone());
    let is_own = |remote: &Remote| {
        remote.external_id.as_ref() == Some(scene.id) || known.as_ref() == Some(&remote.id)
    };
    let is_nameless_twin = |remote: &Remote| {
        let shown = remote.resource.as_deref().map(Resource::name);
        remote.external_id.is_none()
            && shown.is_some_and(|shown| shown.to_lowercase() == name.to_lowercase())
    };
    let (mut own, others): (Vec<Remote>, Vec<Remote>) = found.into_iter().partition(is_own);
    if own.len() > 1 {
        let message = "two or more resources at the target carry our id; remove all but one there";
        let error = Error::new(ErrorKind::Conflict, message);
        return Verdict::Stop(Failure::parked(error, ParkReason::DuplicateRemote));
    }
    match (own.pop(), lane.look_up) {
        (Some(remote), _) => {
            lane.look_up = None;
            lane.doubtful_name = None;
            lane.elsewhere = false;
            let remote_id = remote.id.clone();
            if known.as_ref() == Some(&remote_id) {
                if let Some(link) = &mut lane.link {
                    link.version = remote.version.or(link.version.take());
                }
                compare(lane, remote.resource.as_deref());
            } else {
                lane.lose_members(members);
                lane.link = Some(Link {
                    remote_id: remote.id,
                    version: remote.version,
                    confirmed: remote
                        .resource
                        .map(|shown| Resource::without_members(&Arc::from(shown))),
                    shown: true,
                    doubtful: Vec::new(),
                });
            }
            advanced(lane, remote_id)
        }
        // The target keeps no id of ours: whether this is what we created cannot be told (P8.6).
        (None, Some(LookUp::Doubt | LookUp::Recheck))
            if lane.link.is_none() && others.iter().any(is_nameless_twin) =>
        {
            let message = "a resource at the target has the name of one that we may have created, and shows no id of ours";
            let error = Error::new(ErrorKind::Conflict, message);
            Verdict::Stop(Failure::parked(error, ParkReason::InDoubt))
        }
        (None, Some(LookUp::Doubt)) if lane.elsewhere && lane.wants_nothing() => {
            let message = "the resource is at a system that the connection no longer leads to; remove it there, or lead the connection back";
            let error = Error::new(ErrorKind::NotFound, message);
            Verdict::Stop(Failure::parked(error, ParkReason::Moved))
        }
        // An index may lag, and a create may still be under way: where two of them could both succeed, the window is
        // waited out (P8.4, F46).
        (None, Some(LookUp::Doubt))
            if !scene.unique
                && !lane.wants_nothing()
                && lane.link.is_none()
                && lane.is_unsettled(scene.moment.now) =>
        {
            let message = "a create may still land, and the target would take a second one; it is looked up again after the settle window";
            let wait = lane.unsettled_for(scene.moment.now);
            let error = Error::new(ErrorKind::Timeout, message).with_effect(Effect::NotSent);
            failed(lane, error.with_retry_after(wait))
        }
        (None, Some(LookUp::Doubt | LookUp::Recheck)) => {
            lane.look_up = None;
            if !lane.is_unsettled(scene.moment.now) {
                // Nothing can land any more under that name.
                lane.doubtful_name = None;
            }
            lane.replace = false;
            lane.elsewhere = false;
            if lane.link.is_some() {
                lane.lose_members(members);
            }
            // A link means that its end was not believed at once: now it is.
            Verdict::Continue(lane.link.take().map(|link| link.remote_id))
        }
        (None, _) => {
            // Where nothing explains the conflict it may be a create of ours that is not shown yet.
            lane.look_up = others.is_empty().then_some(LookUp::Doubt);
            if !others.is_empty() {
                lane.doubtful_name = None;
            }
            let (message, reason) = if others.is_empty() {
                (
                    "the target reports a conflict with a resource that it does not show",
                    ParkReason::Conflict,
                )
            } else {
                (
                    "the name belongs to a resource at the target that is not ours; rename one of them or link it on purpose",
                    ParkReason::NameTaken,
                )
            };
            Verdict::Stop(Failure::parked(Error::new(ErrorKind::Conflict, message), reason))
        }
    }
}

/// Of what is in doubt, only what differs from what the target shows is sent again (P10).
fn compare(lane: &mut Lane, shown: Option<&Resource>) {
    let wanted = match (&lane.desired, shown) {
        (super::lane::Desired::Present(wanted), Some(_)) => Arc::clone(wanted),
        _ => return,
    };
    if let (Some(link), Some(shown)) = (&mut lane.link, shown) {
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
}

/// An update or a change of members that was not taken.
fn refused(lane: &mut Lane, error: Error) -> Verdict {
    match error.kind() {
        // Gone: perhaps it only changed its id, or the address is wrong, so it is looked up before anything is
        // forgotten or created again (F48, F54, F59).
        ErrorKind::NotFound => {
            lane.look_up = Some(LookUp::Doubt);
            Verdict::Continue(None)
        }
        _ => failed(lane, error),
    }
}

fn advanced(lane: &mut Lane, id: RemoteId) -> Verdict {
    lane.failures = 0;
    Verdict::Continue(Some(id))
}

fn failed(lane: &mut Lane, error: Error) -> Verdict {
    Verdict::Stop(lane.fail(error))
}
