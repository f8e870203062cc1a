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
            Ok(remote) => {
                let remote_id = remote.id.clone();
                lane.link = Some(Link {
                    remote_id: remote.id,
                    version: remote.version,
                    confirmed: Some(without_members(wanted)),
                    doubtful: Vec::new(),
                });
                lane.look_up = None;
                lane.membership.created_with(&members);
                advanced(lane, remote_id)
            }
            Err(error) => {
                if error.effect() != Effect::Unknown {
                    lane.membership.withdraw(&members, &BTreeSet::new());
                    lane.look_up = None;
                }
                if error.kind() == ErrorKind::Conflict {
                    lane.look_up = Some(LookUp::Conflict);
                    return Verdict::Continue(None);
                }
                failed(lane, error)
            }
        },
        (Step::Update { id: remote_id, wanted, doubtful_before, .. }, Answer::Resource(answer)) => {
            match answer {
                Ok(remote) => {
                    if let Some(link) = &mut lane.link {
                        link.confirmed = Some(wanted);
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
                lane.replace = false;
                advanced(lane, remote_id)
            }
        },
        (Step::Find { .. }, Answer::Found(answer)) => match answer {
            Ok(found) => recognise(lane, id, found),
            // Only whether it is gone was asked. It is not known, so the delete is sent again.
            Err(error) if lane.link.is_some() => {
                lane.look_up = None;
                let message = "the target says in a form of its own that the resource is gone, and the look-up failed; check the base URL";
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

/// Only our own `externalId` in the resource's own body proves that it is ours (P8).
fn recognise(lane: &mut Lane, id: &LocalId, found: Vec<Remote>) -> Verdict {
    let name_is_taken = found.iter().any(|remote| remote.external_id.as_ref() != Some(id));
    let mut own = found.into_iter().filter(|remote| remote.external_id.as_ref() == Some(id));
    match (own.next(), own.next()) {
        (Some(remote), None) => {
            let remote_id = remote.id.clone();
            lane.link = Some(Link {
                remote_id: remote.id,
                version: remote.version,
                confirmed: remote.resource.map(|resource| without_members(Arc::new(*resource))),
                doubtful: Vec::new(),
            });
            lane.look_up = None;
            advanced(lane, remote_id)
        }
        (Some(_), Some(_)) => {
            let error = Error::new(
                ErrorKind::Conflict,
                "two or more resources at the target carry our id; remove all but one there",
            );
            Verdict::Stop(Failure::parked(error, ParkReason::DuplicateRemote))
        }
        (None, _) if lane.look_up == Some(LookUp::Doubt) => {
            lane.look_up = None;
            lane.replace = false;
            // A link means that a delete was not believed at once: now it is.
            Verdict::Continue(lane.link.take().map(|link| link.remote_id))
        }
        (None, _) => {
            lane.look_up = None;
            let (message, reason) = if name_is_taken {
                (
                    "the name belongs to a resource at the target that is not ours; rename one of them or link it on purpose",
                    ParkReason::NameTaken,
                )
            } else {
                (
                    "the target reports a conflict with a resource that it does not show",
                    ParkReason::Conflict,
                )
            };
            Verdict::Stop(Failure::parked(Error::new(ErrorKind::Conflict, message), reason))
        }
    }
}

/// An update or a change of members that was not taken.
fn refused(lane: &mut Lane, error: Error) -> Verdict {
    match error.kind() {
        // Gone: perhaps it only changed its id, so it is looked up before it is created again (F48, F59).
        ErrorKind::NotFound => {
            lane.link = None;
            lane.look_up = Some(LookUp::Doubt);
            lane.membership.lost();
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

fn without_members(mut resource: Arc<Resource>) -> Arc<Resource> {
    let has_members = matches!(&*resource, Resource::Group(group) if !group.members.is_empty());
    if has_members && let Resource::Group(group) = Arc::make_mut(&mut resource) {
        group.members.clear();
    }
    resource
}
