//! What the host may watch.

use std::fmt::Debug;
use std::sync::Arc;

use crate::delivery::{Outcome, QuarantineReason};
use crate::error::Error;
use crate::model::{EventId, Fact, OrganizationId, Problems, RemoteId, ResourceKey, Target};
use crate::rules::{Operation, RuleDecision};

/// Is told what happens. Called in line: an observer that is slow makes the library slow.
pub trait Observer: Debug + Send + Sync + 'static {
    /// Something happened.
    fn observe(&self, observation: &Observation<'_>);
}

/// Something that happened. Holds no secrets and no personal data beyond ids.
#[derive(Debug)]
#[non_exhaustive]
pub enum Observation<'a> {
    /// An alarm: a new version of a configuration is invalid and the last good one stays in use.
    ConfigurationRefused {
        /// Whose configuration.
        organization: &'a OrganizationId,
        /// The version that is refused.
        version: u64,
        /// What is wrong with it.
        problems: &'a Problems,
    },
    /// A configuration could not be asked for; the last good one stays in use.
    ConfigurationUnavailable {
        /// Whose configuration.
        organization: &'a OrganizationId,
        /// Why.
        error: &'a Error,
    },
    /// An alarm: a target is left alone until a probe succeeds (P14). Nothing is lost meanwhile.
    Quarantined {
        /// Whose target.
        organization: &'a OrganizationId,
        /// Which.
        target: &'a Target,
        /// Why.
        reason: QuarantineReason,
    },
    /// An alarm: an account was to be switched off or deleted, and is held back because there are too many (P16).
    MassChangeHeld {
        /// Whose target.
        organization: &'a OrganizationId,
        /// Which.
        target: &'a Target,
        /// Whose account.
        resource: &'a ResourceKey,
    },
    /// A rule engine has decided.
    Ruled {
        /// Whose resource.
        resource: &'a ResourceKey,
        /// Where.
        target: &'a Target,
        /// What was to be done.
        operation: Operation,
        /// The decision, with its reason in the engine's words: they may quote what it was told.
        decision: &'a RuleDecision,
    },
    /// Something was learnt of a target: what it can do, or what it said of itself.
    Learnt {
        /// Whose target.
        organization: &'a OrganizationId,
        /// Which.
        target: &'a Target,
        /// What; null when what was known before no longer holds.
        fact: &'a Fact,
    },
    /// An account that was at the target already counts as ours from now on, by the connection's
    /// [`LinkPolicy`](crate::model::LinkPolicy).
    Adopted {
        /// Whose resource.
        resource: &'a ResourceKey,
        /// Where.
        target: &'a Target,
        /// The target's id.
        account: &'a RemoteId,
    },
    /// An attempt at a lane ended.
    Settled {
        /// Whose resource.
        resource: &'a ResourceKey,
        /// Where.
        target: &'a Target,
        /// The newest event that was carried out; those before it that were not reported are superseded by it (P3).
        event: EventId,
        /// What came of it.
        outcome: &'a Outcome,
    },
    /// A request to a target ended.
    Answered {
        /// Whose resource.
        resource: &'a ResourceKey,
        /// Where.
        target: &'a Target,
        /// `create`, `update`, `delete`, `find` or `change_members`.
        operation: &'static str,
        /// Why it failed, if it did.
        error: Option<&'a Error>,
    },
}

/// Watches nothing.
#[derive(Debug)]
pub(crate) struct Silent;

impl Observer for Silent {
    fn observe(&self, _: &Observation<'_>) {}
}

macro_rules! forward {
    ($($pointer:ident),+) => {$(
        #[deny(clippy::missing_trait_methods, reason = "a method that is not forwarded would fall back to its default")]
        impl<T: Observer + ?Sized> Observer for $pointer<T> {
            fn observe(&self, observation: &Observation<'_>) {
                (**self).observe(observation);
            }
        }
    )+};
}

forward!(Arc, Box);
