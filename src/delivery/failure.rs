//! What comes after a failure: another try, or a person.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Effect, Error, ErrorKind};

/// Attempts that fail for good before a lane is parked (P12).
const FAILURES_BEFORE_PARKING: u32 = 3;

/// Why an attempt ended before all was done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Failure {
    /// It failed, and what comes next.
    Failed { error: Error, next: Next },
    /// The target or its connector cannot do this at all.
    Unsupported,
}

/// What becomes of work that failed. It is never dropped (P3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "P3 is a complete case distinction: it is tried again, or it waits for a person"
)]
pub enum Next {
    /// It is tried again, at the latest with the resource's next event.
    Queued,
    /// It waits for a person, or for a newer event of the same resource.
    Parked(ParkReason),
}

/// Why work waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ParkReason {
    /// The target reports a conflict and shows no resource that would explain it.
    Conflict,
    /// Two or more resources at the target carry our id (F47). None was touched.
    DuplicateRemote,
    /// The target has lost it, and the connection says that a person decides (F59).
    Gone,
    /// A create may have landed, and the connector offers no way to find out (P8).
    InDoubt,
    /// It is to go, and is at a system that the connection no longer leads to (P19).
    Moved,
    /// Somebody else's resource has the name (F107). It was not touched.
    NameTaken,
    /// The mapping cannot make what the target should see (F67).
    Mapping,
    /// It is held back with others, until a person allows or rejects them (P16).
    MassChange,
    /// The user's password cannot be opened, or made up: the keys are missing that it was sealed with.
    Password,
    /// The account is protected: a person decides.
    Protected,
    /// Members changed in a group of which nothing else is known.
    NeedsState,
    /// The connector failed in a way that it should not, again and again (P12).
    Poison,
    /// The target refused the data, again and again (P12).
    Rejected,
}

impl ParkReason {
    /// A stable code for programs: `name_taken`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::DuplicateRemote => "duplicate_remote",
            Self::Gone => "gone",
            Self::InDoubt => "in_doubt",
            Self::Mapping => "mapping",
            Self::MassChange => "mass_change",
            Self::Password => "password",
            Self::Protected => "protected",
            Self::Moved => "moved",
            Self::NameTaken => "name_taken",
            Self::NeedsState => "needs_state",
            Self::Poison => "poison",
            Self::Rejected => "rejected",
        }
    }
}

impl fmt::Display for ParkReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Conflict => "the target reports a conflict with something it does not show",
            Self::DuplicateRemote => "two or more resources at the target carry our id",
            Self::Gone => "the target has lost it",
            Self::InDoubt => "a create may have landed, and the connector cannot look it up",
            Self::Mapping => "the mapping cannot make what the target should see",
            Self::MassChange => "too many accounts were to be switched off or deleted at once",
            Self::Password => "the user's password cannot be opened",
            Self::Protected => "the account is protected",
            Self::Moved => "it is at a system that the connection no longer leads to",
            Self::NameTaken => "somebody else's resource has the name",
            Self::NeedsState => "the group's own state is needed first",
            Self::Poison => "the connector failed again and again",
            Self::Rejected => "the target refused the data again and again",
        })
    }
}

impl Failure {
    /// Work that waits for a person.
    pub(crate) fn parked(error: Error, reason: ParkReason) -> Self {
        Self::Failed { error, next: Next::Parked(reason) }
    }

    /// The mapping cannot make what the target should see: a person, a newer state or another mapping is needed.
    pub(crate) fn mapping(error: Error) -> Self {
        Self::parked(error, ParkReason::Mapping)
    }

    /// Work that is tried again, and counts as no failure.
    pub(crate) fn queued(error: Error) -> Self {
        Self::Failed { error, next: Next::Queued }
    }

    /// What comes after an error, given how many attempts in a row failed for good; counts this one (P12, P14).
    pub(super) fn after(error: Error, failures: &mut u32) -> Self {
        let counts = match error.kind() {
            ErrorKind::Unsupported => return Self::Unsupported,
            ErrorKind::Internal => Some(ParkReason::Poison),
            ErrorKind::Conflict => Some(ParkReason::Conflict),
            // The connection's fault, not the resource's.
            ErrorKind::Configuration
            | ErrorKind::InvalidResponse
            | ErrorKind::PermissionDenied
            | ErrorKind::RateLimited
            | ErrorKind::Unauthenticated => None,
            // Others change it too: nothing is wrong with what we send.
            ErrorKind::Stale => None,
            _ if error.effect() == Effect::Rejected => Some(ParkReason::Rejected),
            _ => None,
        };
        let next = match counts {
            Some(reason) => {
                *failures = failures.saturating_add(1);
                if *failures >= FAILURES_BEFORE_PARKING {
                    Next::Parked(reason)
                } else {
                    Next::Queued
                }
            }
            None => Next::Queued,
        };
        Self::Failed { error, next }
    }
}
