//! Time and chance as values: the core reads no clock and throws no dice.

use std::time::Duration;

use crate::model::Timestamp;

/// The first pause after a failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause, and the longest that a target may ask for (P14).
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// When something happens, and what chance says to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Now.
    pub(crate) now: Timestamp,
    /// After so long a request that was sent has taken effect, or never will (Δ, P10).
    pub(crate) settle: Duration,
    /// A number that nobody can predict.
    pub(crate) dice: u64,
}

impl Moment {
    /// When the next try comes after this many failures in a row: 1 s × 2ⁿ⁻¹ with full jitter, an hour at most, never
    /// at once, and never before the target's own word.
    pub(super) fn next_try(&self, failures: u32, asked: Option<Duration>) -> Timestamp {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1).min(20)).unwrap_or(u32::MAX);
        let longest = FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE);
        let span = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX).max(1);
        let pause = Duration::from_millis((self.dice % span).max(1));
        self.now.after(pause.max(asked.unwrap_or_default().min(LONGEST_PAUSE)))
    }

    /// When a request that was sent now has surely ended.
    pub(super) fn settled(&self) -> Timestamp {
        self.now.after(self.settle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(dice: u64) -> Moment {
        Moment { now: Timestamp::from_millis(1_000), settle: Duration::from_secs(60), dice }
    }

    #[test]
    fn the_pause_is_within_its_bounds_for_every_throw() {
        for failures in 1..40 {
            for dice in [0, 1, 999, 1_000, 77_777_777, u64::MAX] {
                let next = at(dice).next_try(failures, None);
                let cap = Duration::from_secs(1 << (failures - 1).min(12)).min(LONGEST_PAUSE);
                assert!(next >= at(dice).now && next.since(at(dice).now) < cap.max(FIRST_PAUSE));
            }
        }
    }

    #[test]
    fn f51_the_target_is_obeyed_up_to_an_hour() {
        let asked = |seconds| at(0).next_try(1, Some(Duration::from_secs(seconds)));
        assert_eq!(asked(30).since(at(0).now), Duration::from_secs(30));
        assert_eq!(asked(86_400).since(at(0).now), LONGEST_PAUSE);
    }
}
