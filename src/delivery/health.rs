//! The health of one target: when it is left alone, and when it is tried again (P14).

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::guard::{Takes, Tally};
use super::moment::Moment;
use crate::error::{Effect, Error, ErrorKind};
use crate::model::{Timestamp, Withdrawal};

/// Pauses between probes of a quarantined target: the last one repeats.
const PROBES: [Duration; 4] = [
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(60 * 60),
];
/// Answers are counted over this long.
const COUNTED: Duration = Duration::from_secs(600);
/// So many answers are needed before their share of failures means anything.
const ENOUGH: u32 = 50;
/// Per cent of failures that are too many.
const TOO_MANY: u32 = 40;
/// So many accounts may be lost within that time before a person is asked.
pub(crate) const LOSSES: u64 = 20;
/// Or this share of all, per cent.
const LOST_SHARE: u64 = 5;
/// Removals are counted over this long.
const HOUR: Duration = Duration::from_secs(3_600);
/// So long a count of accounts is good for.
const MINUTE: Duration = Duration::from_secs(60);
/// The longest that a target may make us wait.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// What is known of a target's health. Kept by the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// An administrator wants nothing sent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    paused: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    quarantine: Option<Quarantine>,
    /// The target has asked for silence until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    silent_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counted_since: Option<Timestamp>,
    #[serde(skip_serializing_if = "is_zero")]
    answers: u32,
    #[serde(skip_serializing_if = "is_zero")]
    failures: u32,
    /// The target is withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawal: Option<Withdrawal>,
    /// Accounts that were switched off or deleted (P16).
    #[serde(skip_serializing_if = "Tally::is_empty")]
    removals: Tally,
    /// Those of them that were deleted.
    #[serde(skip_serializing_if = "Tally::is_empty")]
    deletions: Tally,
    /// How many accounts there were, and when that was counted.
    #[serde(skip)]
    counted: Option<(Timestamp, u64)>,
    /// Accounts that the target has lost.
    #[serde(skip_serializing_if = "Tally::is_empty")]
    losses: Tally,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Quarantine {
    reason: QuarantineReason,
    since: Timestamp,
    probes: u32,
    next_probe: Timestamp,
}

/// Why a target is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuarantineReason {
    /// The target does not take our credentials, or they may not do this.
    Credentials,
    /// The connection is not set up so that a request could be made.
    Configuration,
    /// What answers is not what the connector speaks to: another page, another place.
    Answers,
    /// Too many attempts fail.
    Failures,
    /// Too many accounts that we knew are gone at once: perhaps another system answers. Nothing is created again there
    /// until a person [resumes](crate::Dispatcher::resume) the target (P16).
    Losses,
}

impl QuarantineReason {
    /// A stable code for programs: `credentials`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Configuration => "configuration",
            Self::Answers => "answers",
            Self::Failures => "failures",
            Self::Losses => "losses",
        }
    }
}

impl fmt::Display for QuarantineReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Credentials => "the target does not take our credentials",
            Self::Configuration => "the connection is not set up completely",
            Self::Answers => "what answers is not the expected system",
            Self::Failures => "too many attempts fail",
            Self::Losses => "too many accounts that we knew are gone",
        })
    }
}

/// Whether anything may be sent to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Yes.
    Open,
    /// One attempt, to see whether it is well again.
    Probe,
    /// Not before this.
    Closed(Timestamp),
    /// Not until an administrator resumes it.
    Paused,
}

impl Health {
    /// Whether an administrator paused it.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Why it is left alone, if it is.
    pub fn quarantined(&self) -> Option<QuarantineReason> {
        self.quarantine.as_ref().map(|quarantine| quarantine.reason)
    }

    /// Since when it is left alone.
    pub fn quarantined_since(&self) -> Option<Timestamp> {
        self.quarantine.as_ref().map(|quarantine| quarantine.since)
    }

    /// When it is tried next, while it is left alone or has asked for silence.
    pub fn next_try(&self) -> Option<Timestamp> {
        self.quarantine.as_ref().map(|quarantine| quarantine.next_probe).max(self.silent_until)
    }

    pub(crate) fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Whether it is left alone until a person resumes it.
    fn waits_for_a_person(&self) -> bool {
        self.paused || self.quarantined() == Some(QuarantineReason::Losses)
    }

    /// A person wants to go on.
    pub(crate) fn resume(&mut self) {
        self.paused = false;
        self.losses = Tally::default();
        self.quarantine.take_if(|quarantine| quarantine.reason == QuarantineReason::Losses);
        self.probe_now();
    }

    /// What becomes of the target's accounts, if it is withdrawn.
    pub fn withdrawal(&self) -> Option<Withdrawal> {
        self.withdrawal
    }

    pub(crate) fn withdraw(&mut self, withdrawal: Withdrawal) {
        self.withdrawal = Some(withdrawal);
    }

    pub(crate) fn reinstate(&mut self) {
        self.withdrawal = None;
    }

    /// How many accounts there are, if that was counted within a minute.
    pub(crate) fn counted(&self, now: Timestamp) -> Option<u64> {
        let (at, accounts) = self.counted?;
        (now >= at && now.since(at) < MINUTE).then_some(accounts)
    }

    pub(crate) fn note_accounts(&mut self, accounts: u64, now: Timestamp) {
        self.counted = Some((now, accounts));
    }

    /// One more account is switched off or deleted, if fewer than so many were within the last hour. Answers whether it
    /// is.
    pub(crate) fn note_removal(&mut self, takes: Takes, limit: u64, now: Timestamp) -> bool {
        let may = self.removals.within(HOUR, now) < limit;
        if may {
            self.removals.note(now);
            if takes == Takes::Account {
                self.deletions.note(now);
            }
        }
        may
    }

    /// How many accounts were deleted within the last hour.
    pub(crate) fn deletions(&self, now: Timestamp) -> u64 {
        self.deletions.within(HOUR, now)
    }

    /// A person has looked at them: they count no more.
    pub(crate) fn forget_removals(&mut self) {
        (self.removals, self.deletions) = (Tally::default(), Tally::default());
    }

    /// The target has lost one more account. Answers how many within ten minutes.
    pub(crate) fn note_loss(&mut self, now: Timestamp) -> u64 {
        self.losses.note(now);
        self.losses.within(COUNTED, now)
    }

    /// Whether too many are lost, of so many accounts. The target is then left alone; answers whether that is new.
    pub(crate) fn judge_losses(
        &mut self,
        losses: u64,
        accounts: u64,
        moment: &Moment,
    ) -> Option<bool> {
        let is_storm = losses > LOSSES.max(accounts.saturating_mul(LOST_SHARE) / 100);
        is_storm.then(|| {
            let is_new = self.quarantined() != Some(QuarantineReason::Losses);
            if is_new {
                self.quarantine = None;
                self.quarantine(QuarantineReason::Losses, moment);
            }
            is_new
        })
    }

    /// Something changed at our end that may have mended it: the next attempt is a probe.
    pub(crate) fn probe_now(&mut self) {
        self.silent_until = None;
        if let Some(quarantine) = &mut self.quarantine {
            quarantine.next_probe = Timestamp::default();
        }
    }

    pub(crate) fn gate(&self, now: Timestamp) -> Gate {
        match (self.next_try(), &self.quarantine) {
            _ if self.waits_for_a_person() => Gate::Paused,
            (Some(next), _) if next > now => Gate::Closed(next),
            (_, Some(_)) => Gate::Probe,
            (_, None) => Gate::Open,
        }
    }

    /// Takes in what became of one request: whether it was answered well, and why not. Answers whether anything
    /// changed that is worth keeping.
    pub(crate) fn note(&mut self, error: Option<&Error>, moment: &Moment) -> bool {
        if self.quarantined() == Some(QuarantineReason::Losses) {
            // Answers to what was under way change nothing about it.
            return false;
        }
        let Some(error) = error else {
            self.count(false, moment);
            return self.quarantine.take().is_some();
        };
        if error.kind() == ErrorKind::RateLimited || error.retry_after().is_some() {
            let asked = error.retry_after().unwrap_or(Duration::from_secs(1)).min(LONGEST_WAIT);
            self.silent_until = self.silent_until.max(Some(moment.now.after(asked)));
            return true;
        }
        let Some(reason) = at_fault(error) else {
            self.count(false, moment);
            // It answers, and in its own words: it is well.
            return error.effect() == Effect::Rejected && self.quarantine.take().is_some();
        };
        self.count(true, moment);
        let reason = match reason {
            QuarantineReason::Failures if self.quarantine.is_none() && !self.fails_too_often() => {
                return false;
            }
            reason => reason,
        };
        self.quarantine(reason, moment)
    }

    /// Answers whether anything changed: requests that were under way when it began say nothing new.
    fn quarantine(&mut self, reason: QuarantineReason, moment: &Moment) -> bool {
        let quarantine = self.quarantine.get_or_insert(Quarantine {
            reason,
            since: moment.now,
            probes: 0,
            next_probe: moment.now,
        });
        (self.answers, self.failures, self.counted_since) = (0, 0, None);
        let is_probe = quarantine.next_probe <= moment.now;
        if is_probe {
            let place = usize::try_from(quarantine.probes).unwrap_or(usize::MAX);
            let [.., last] = PROBES;
            quarantine.next_probe = moment.now.after(*PROBES.get(place).unwrap_or(&last));
            quarantine.probes = quarantine.probes.saturating_add(1);
            quarantine.reason = reason;
        }
        is_probe
    }

    fn count(&mut self, failed: bool, moment: &Moment) {
        let since = *self.counted_since.get_or_insert(moment.now);
        if moment.now.since(since) > COUNTED {
            (self.answers, self.failures, self.counted_since) = (0, 0, Some(moment.now));
        }
        self.answers = self.answers.saturating_add(1);
        self.failures = self.failures.saturating_add(u32::from(failed));
    }

    fn fails_too_often(&self) -> bool {
        self.answers >= ENOUGH
            && u64::from(self.failures) * 100 > u64::from(self.answers) * u64::from(TOO_MANY)
    }
}

/// Whether an error is the target's fault, or the connection's, and not one resource's.
fn at_fault(error: &Error) -> Option<QuarantineReason> {
    match error.kind() {
        ErrorKind::Unauthenticated | ErrorKind::PermissionDenied => {
            Some(QuarantineReason::Credentials)
        }
        ErrorKind::Configuration => Some(QuarantineReason::Configuration),
        ErrorKind::InvalidResponse => Some(QuarantineReason::Answers),
        ErrorKind::Timeout | ErrorKind::Unavailable => Some(QuarantineReason::Failures),
        _ => None,
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        let now = Timestamp::from_millis(seconds * 1_000);
        Moment { now, settle: Duration::from_secs(60), dice: 0 }
    }

    fn refused() -> Error {
        Error::new(ErrorKind::Unauthenticated, "401")
    }

    #[test]
    fn f53_refused_credentials_are_probed_at_1_5_15_and_60_minutes_then_hourly_until_one_succeeds()
    {
        let mut health = Health::default();
        let mut now = 0;
        for pause in [60, 300, 900, 3_600, 3_600] {
            assert!(health.note(Some(&refused()), &at(now)));
            // Others that were under way change nothing.
            health.note(Some(&refused()), &at(now));
            assert_eq!(health.gate(at(now + pause - 1).now), Gate::Closed(at(now + pause).now));
            now += pause;
            assert_eq!(health.gate(at(now).now), Gate::Probe);
        }
        assert!(health.note(None, &at(now)));
        assert_eq!(health.gate(at(now).now), Gate::Open);
    }

    #[test]
    fn p14_failures_count_only_in_numbers() {
        let mut health = Health::default();
        let down = Error::new(ErrorKind::Unavailable, "503");
        for _ in 0..49 {
            assert!(!health.note(Some(&down), &at(0)));
        }
        assert!(health.note(Some(&down), &at(0)));
        assert_eq!(health.quarantined(), Some(QuarantineReason::Failures));
    }

    #[test]
    fn p14_a_target_that_refuses_one_resource_is_well() {
        let mut health = Health::default();
        for _ in 0..1_000 {
            health.note(Some(&Error::new(ErrorKind::Conflict, "409")), &at(0));
        }
        assert_eq!(health.gate(at(0).now), Gate::Open);
    }

    #[test]
    fn f51_the_whole_target_is_left_alone_as_long_as_it_asks_and_an_hour_at_most() {
        let mut health = Health::default();
        let limited = |seconds| {
            Error::new(ErrorKind::RateLimited, "429").with_retry_after(Duration::from_secs(seconds))
        };
        health.note(Some(&limited(30)), &at(0));
        assert_eq!(health.gate(at(0).now), Gate::Closed(at(30).now));
        assert_eq!(health.gate(at(30).now), Gate::Open);
        health.note(Some(&limited(999_999)), &at(30));
        assert_eq!(health.gate(at(30).now), Gate::Closed(at(3_630).now));
    }
}
