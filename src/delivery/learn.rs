//! What an answer means for the lane (P8, P9).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::failure::{Failure, ParkReason};
use super::lane::{Lane, LookUp};
use super::plan::Step;
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::model::{Link, LocalId, Remote, RemoteId, Resource};

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

/// Takes in the answer to a step.
pub(crate) fn learn(lane: &mut Lane, id: &LocalId, step: Step, answer: Answer) -> Verdict {
    match (step, answer) {
        (Step::Create { wanted, members }, Answer::Resource(answer)) => match answer {
            Ok(remote) if remote.external_id.as_ref().is_some_and(|shown| shown != id) => {
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
                lane.membership.created_with(&members);
                advanced(lane, remote_id)
            }
            Err(error) => {
                if error.kind() == ErrorKind::Conflict {
                    // What is there may be an earlier create of ours: members stay in doubt.
                    lane.look_up = Some(LookUp::Conflict);
                    return Verdict::Continue(None);
                }
                if error.effect() != Effect::Unknown {
                    lane.membership.withdraw(&members, &BTreeSet::new());
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
        (
            Step::ChangeMembers { id: remote_id, piece, doubtful_before, .. },
            Answer::Empty(answer),
        ) => match answer {
            Ok(()) => {
                lane.membership.confirm(&piece);
                advanced(lane, remote_id)
            }
            Err(error) => {
                if error.effect() != Effect::Unknown {
                    lane.membership.withdraw(&piece, &doubtful_before);
                }
                refused(lane, error)
            }
        },
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
                advanced(lane, remote_id)
            }
        },
        (Step::Find { name }, Answer::Found(answer)) => match answer {
            Ok(found) => recognise(lane, id, &name, found),
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
fn recognise(lane: &mut Lane, id: &LocalId, name: &str, found: Vec<Remote>) -> Verdict {
    let known = lane.link.as_ref().map(|link| link.remote_id.clone());
    let is_own = |remote: &Remote| {
        remote.external_id.as_ref() == Some(id) || known.as_ref() == Some(&remote.id)
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
            if known.as_ref() != Some(&remote_id) {
                lane.membership.lost();
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
        (None, Some(LookUp::Doubt)) if others.iter().any(is_nameless_twin) => {
            let message = "a resource at the target has the name of one that we may have created, and shows no id of ours";
            let error = Error::new(ErrorKind::Conflict, message);
            Verdict::Stop(Failure::parked(error, ParkReason::InDoubt))
        }
        (None, Some(LookUp::Doubt)) if lane.elsewhere && lane.wants_nothing() => {
            let message = "the resource is at a system that the connection no longer leads to; remove it there, or lead the connection back";
            let error = Error::new(ErrorKind::NotFound, message);
            Verdict::Stop(Failure::parked(error, ParkReason::Moved))
        }
        (None, Some(LookUp::Doubt)) => {
            lane.look_up = None;
            lane.doubtful_name = None;
            lane.replace = false;
            lane.elsewhere = false;
            if lane.link.is_some() {
                lane.membership.lost();
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
