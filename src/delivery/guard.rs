//! What a step takes away from somebody, and whether that goes through (P16).

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lane::{Lane, is_disabled};
use super::plan::Step;
use crate::model::Timestamp;

/// What a step takes away.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Takes {
    /// Nothing.
    #[default]
    Nothing,
    /// The account is switched off.
    Access,
    /// The account is deleted.
    Account,
}

impl Takes {
    /// What a step takes away from the lane's resource.
    pub(crate) fn of(step: &Step, lane: &Lane) -> Self {
        match step {
            Step::Delete { .. } => Self::Account,
            Step::Update { .. } if lane.is_switching_off() => Self::Access,
            _ => Self::Nothing,
        }
    }

    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }
}

/// How often something happened, by the minute. What is older than an hour is forgotten.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Tally(VecDeque<(i64, u64)>);

const HOUR: i64 = 60;

impl Tally {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// It happened once more. A clock that goes back counts for the newest minute.
    pub(super) fn note(&mut self, now: Timestamp) {
        let minute = minute(now);
        match self.0.back_mut() {
            Some((newest, count)) if *newest >= minute => *count += 1,
            _ => self.0.push_back((minute, 1)),
        }
        self.0.retain(|(then, _)| *then > minute - HOUR);
    }

    /// How often it happened within this long, an hour at most.
    pub(super) fn within(&self, span: Duration, now: Timestamp) -> u64 {
        let minutes = i64::try_from(span.as_secs() / 60).unwrap_or(HOUR).clamp(1, HOUR);
        let since = minute(now) - minutes;
        self.0.iter().filter(|(then, _)| *then > since).map(|(_, count)| count).sum()
    }
}

fn minute(now: Timestamp) -> i64 {
    now.as_millis() / 60_000
}

impl Lane {
    /// Whether the account is to be switched off that was on.
    pub(crate) fn is_switching_off(&self) -> bool {
        let confirmed = self.link.as_ref().and_then(|link| link.confirmed.as_deref());
        self.wanted().is_some_and(|wanted| is_disabled(wanted))
            && !confirmed.is_some_and(is_disabled)
    }

    /// Whether the guard, or a person, has let this much through.
    pub(crate) fn is_cleared(&self, takes: Takes) -> bool {
        self.cleared >= takes
    }

    /// This much goes through from now on, until the resource comes back.
    pub(crate) fn clear(&mut self, takes: Takes) {
        self.cleared = self.cleared.max(takes);
    }

    /// It is switched off in place of being deleted, until a person allows more.
    pub(crate) fn soften(&mut self) {
        self.softened = true;
    }

    /// A person is still to say whether it is deleted.
    pub(crate) fn is_softened(&self) -> bool {
        self.softened
    }

    /// A person allows it.
    pub(super) fn allow(&mut self) {
        self.clear(Takes::Account);
        self.softened = false;
    }
}
