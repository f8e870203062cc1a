//! What became of an event at a target. Done, skipped, unsupported and failed are four different answers.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::failure::{Failure, Next};
use crate::error::Error;
use crate::model::{RemoteId, SkipReason};

/// What became of an event at one target. Never a success for what was not done.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// The target has confirmed it.
    Delivered {
        /// The target's id of the resource.
        remote_id: RemoteId,
    },
    /// The target is in the wanted state already; no request was needed.
    NotNeeded,
    /// It is kept, and a worker delivers it: the provisioner is not blocking.
    Queued,
    /// The deadline passed before the target answered. The work goes on (P20).
    StillPending,
    /// The event is kept and waits for a decision.
    Held(HoldReason),
    /// The target is not to know.
    Skipped(SkipReason),
    /// The target, or its connector, cannot do this.
    Unsupported,
    /// It did not work.
    Failed {
        /// Why.
        error: Error,
        /// What comes next. Nothing is dropped.
        next: Next,
    },
}

impl Outcome {
    /// Whether the target is known to be in the wanted state.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Delivered { .. } | Self::NotNeeded)
    }

    /// An error after which the work is tried again.
    pub(crate) fn queued(error: Error) -> Self {
        Self::Failed { error, next: Next::Queued }
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Failed { error, next } => Self::Failed { error, next },
            Failure::Unsupported => Self::Unsupported,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivered { remote_id } => write!(f, "delivered as {remote_id}"),
            Self::NotNeeded => f.write_str("not needed"),
            Self::Queued => f.write_str("queued"),
            Self::StillPending => f.write_str("still pending"),
            Self::Held(reason) => write!(f, "held: {reason}"),
            Self::Skipped(reason) => write!(f, "skipped: {reason}"),
            Self::Unsupported => f.write_str("unsupported"),
            Self::Failed { error, next: Next::Queued } => {
                write!(f, "failed, stays queued: {error}")
            }
            Self::Failed { error, next: Next::Parked(reason) } => {
                write!(f, "failed, parked ({reason}): {error}")
            }
        }
    }
}

/// Why an event is kept and not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HoldReason {
    /// The resource is at a target that is switched off. It catches up when the target is switched on again.
    SwitchedOff,
    /// An administrator paused the connection. It catches up when the connection is resumed.
    Paused,
    /// More accounts were to be switched off or deleted within an hour than the target's
    /// [`Guard`](crate::model::Guard) lets through (P16). A person [allows](crate::Dispatcher::allow_held) or
    /// [rejects](crate::Dispatcher::reject_held) them.
    MassChange,
    /// The account is protected. A person [allows](crate::Dispatcher::allow) what was to be done, or discards it.
    Protected,
    /// The rule engine could not decide. It is asked again.
    Undecided,
}

impl HoldReason {
    /// A stable code for programs: `mass_change`.
    pub fn code(self) -> &'static str {
        match self {
            Self::SwitchedOff => "switched_off",
            Self::Paused => "paused",
            Self::MassChange => "mass_change",
            Self::Protected => "protected",
            Self::Undecided => "undecided",
        }
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SwitchedOff => "the connection or connector is switched off",
            Self::Paused => "the connection is paused",
            Self::MassChange => "too many accounts were to be switched off or deleted at once",
            Self::Protected => "the account is protected",
            Self::Undecided => "the rule engine could not decide",
        })
    }
}
