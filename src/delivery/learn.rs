//! What an answer means for the lane (P8, P9).

use super::failure::{Failure, ParkReason};
use super::lane::{Lane, LookUp};
use super::members::Members;
use super::missing::add_missing;
use super::plan::{Step, joining};
use super::recognise::{recognise, removed};
use super::verdict::{Scene, Verdict, advanced, failed};
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::model::{
    AttributePath, Difference, Link, MemberChanges, Remote, Resource, ResourceKind,
};

/// What the target answered to a step.
#[derive(Debug)]
pub(crate) enum Answer {
    /// To a create, an update or a change of members.
    Resource(Result<Remote>),
    /// To a look-up.
    Found(Result<Vec<Remote>>),
    /// To a delete.
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
        (
            Step::Create { wanted, members: piece, before, doubtful_before },
            Answer::Resource(answer),
        ) => match answer {
            Ok(remote) if is_anothers(&remote, &scene) => {
                // The look-up that stays in doubt would not show it, and each try would leave one more there.
                let message = format!(
                    "the target answered a create with {}, which shows another id than ours; see to it there, then retry this",
                    remote.id
                );
                let error = Error::new(ErrorKind::Conflict, message);
                Verdict::Stop(Failure::parked(error, ParkReason::Conflict))
            }
            Ok(remote) => {
                let remote_id = remote.id.clone();
                lane.doubtful_attributes = doubtful_before;
                lane.link = Some(Link {
                    remote_id: remote.id,
                    version: remote.version,
                    confirmed: Some(Resource::without_members(&wanted)),
                    shown: false,
                    doubtful: remote.again,
                });
                lane.look_up = None;
                lane.forget_create();
                if scene.has_set_password() {
                    lane.password = None;
                }
                lane.whole = true;
                if remote.without_members {
                    members.withdraw(before);
                } else {
                    members.confirm(&piece);
                }
                advanced(lane, remote_id)
            }
            Err(error) => {
                if error.effect() != Effect::Unknown {
                    lane.doubtful_attributes = doubtful_before;
                }
                if error.kind() == ErrorKind::Conflict {
                    // What is there may be an earlier create of ours: members stay in doubt.
                    lane.look_up = Some(LookUp::Conflict);
                    return Verdict::Continue(None);
                }
                if error.effect() != Effect::Unknown {
                    members.withdraw(before);
                    lane.look_up = None;
                    lane.forget_create();
                }
                let smaller = joining(members, scene.capabilities, scene.references);
                if is_to_be_cut(&error, &piece, &smaller) {
                    return Verdict::Continue(None);
                }
                failed(lane, error)
            }
        },
        (
            Step::Update { id: remote_id, wanted, difference, doubtful_before, .. },
            Answer::Resource(answer),
        ) => {
            match answer {
                Ok(remote) if remote.id != remote_id || is_anothers(&remote, &scene) => {
                    let message = "the target answered an update with another resource";
                    failed(lane, Error::new(ErrorKind::InvalidResponse, message))
                }
                Ok(remote) => {
                    if let Some(link) = &mut lane.link {
                        link.confirmed = Some(wanted);
                        link.shown = false;
                        link.version = remote.version;
                        // What was not sent again is in doubt still.
                        let sent =
                            |path: &AttributePath| difference.iter().any(|(sent, _)| sent == path);
                        link.doubtful = doubtful_before;
                        link.doubtful.retain(|path| !sent(path));
                        add_missing(&mut link.doubtful, remote.again);
                    }
                    lane.temporary = false;
                    if scene.has_set_password() {
                        lane.password = None;
                    }
                    advanced(lane, remote_id)
                }
                Err(error) => {
                    if error.effect() != Effect::Unknown
                        && let Some(link) = &mut lane.link
                    {
                        link.doubtful = doubtful_before;
                    }
                    // A conflict about anything but the name is nobody's who could be found by it.
                    if error.kind() == ErrorKind::Conflict && renames(&difference, wanted.kind()) {
                        let was_temporary = std::mem::take(&mut lane.temporary);
                        if scene.capabilities.find && !was_temporary {
                            lane.look_up = Some(LookUp::Name);
                            return Verdict::Continue(None);
                        }
                        return Verdict::Stop(Failure::parked(error, ParkReason::NameTaken));
                    }
                    refused(lane, error)
                }
            }
        }
        (Step::ChangeMembers { id: remote_id, piece, before, .. }, Answer::Resource(answer)) => {
            match answer {
                Ok(remote) if remote.id != remote_id => {
                    let message = "the target answered a change of members with another group";
                    failed(lane, Error::new(ErrorKind::InvalidResponse, message))
                }
                Ok(remote) => {
                    if let Some(link) = &mut lane.link {
                        link.version = remote.version;
                    }
                    members.confirm(&piece);
                    advanced(lane, remote_id)
                }
                Err(error) => {
                    if error.effect() != Effect::Unknown {
                        members.withdraw(before);
                    }
                    let smaller =
                        members.next_piece(scene.references, scene.capabilities, lane.whole);
                    if is_to_be_cut(&error, &piece, &smaller) {
                        return Verdict::Continue(None);
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
            _ => removed(lane, members, remote_id),
        },
        (Step::Find { name, .. }, Answer::Found(answer)) => match answer {
            Ok(found) => recognise(lane, members, scene, &name, found),
            // The time to look again comes with the next attempt.
            Err(error) if lane.look_up == Some(LookUp::Recheck) => {
                if error.kind() == ErrorKind::Unsupported {
                    lane.look_up = None;
                    return Verdict::Continue(None);
                }
                failed(lane, error)
            }
            Err(error) if lane.look_up == Some(LookUp::Name) => {
                lane.look_up = None;
                if error.kind() == ErrorKind::Unsupported {
                    return Verdict::Stop(Failure::parked(error, ParkReason::NameTaken));
                }
                failed(lane, error)
            }
            // Without a version tag the next update cannot be stale.
            Err(error) if lane.look_up == Some(LookUp::Stale) => {
                lane.look_up = None;
                if error.kind() == ErrorKind::Unsupported {
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
            // Nothing was sent yet, so nothing can have landed: it is created without having been asked for.
            Err(error) if error.kind() == ErrorKind::Unsupported && lane.look_up.is_none() => {
                lane.unasked = true;
                Verdict::Continue(None)
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

/// Whether a change is one of the name, too.
fn renames(difference: &Difference, kind: ResourceKind) -> bool {
    let name = match kind {
        ResourceKind::User => "userName",
        ResourceKind::Group => "displayName",
    };
    difference.iter().any(|(path, _)| path.schema.is_none() && path.attribute == name)
}

/// Whether an answer shows somebody else's id of the host's: perhaps another system answers, where the target's own ids
/// are counted.
fn is_anothers(remote: &Remote, scene: &Scene<'_>) -> bool {
    remote.external_id.as_ref().is_some_and(|shown| *shown != scene.key.id)
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
        // Changed since we last saw it: the version that we knew is worth nothing, and what is there is looked at
        // before the same is sent again.
        ErrorKind::Stale if error.effect() == Effect::Rejected => {
            lane.look_up = Some(LookUp::Stale);
            if let Some(link) = &mut lane.link {
                link.version = None;
            }
            Verdict::Continue(None)
        }
        _ => failed(lane, error),
    }
}

/// Whether a piece of members was too large, and the connector has learnt from it: a smaller one is sent at once.
fn is_to_be_cut(error: &Error, piece: &MemberChanges, smaller: &MemberChanges) -> bool {
    error.kind() == ErrorKind::TooLarge
        && error.effect() == Effect::Rejected
        && smaller.len() < piece.len()
}

/// The target was asked often enough in one attempt: it contradicts itself (F43), or others change the resource as fast
/// as it is looked at.
pub(crate) fn asked_enough(lane: &mut Lane) -> Failure {
    if lane.look_up == Some(LookUp::Stale) {
        lane.look_up = None;
        let message = "the resource changes at the target as fast as it is looked at";
        return lane.fail(Error::new(ErrorKind::Stale, message));
    }
    let message = "the target contradicts itself about whether the resource is there";
    Failure::parked(Error::new(ErrorKind::Conflict, message), ParkReason::Conflict)
}
