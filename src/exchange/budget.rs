//! How many requests we allow ourselves, so that a target need not refuse any. Takes the time, never sleeps.

use std::time::Duration;

use super::pace::{LONGEST, Pace};
use crate::model::Timestamp;

/// Which share of a budget a request is from: targets count what changes something on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    Read,
    Write,
}

/// What a target allows. Nothing said: as much as there is to send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) read: Option<Rate>,
    pub(crate) write: Option<Rate>,
}

/// So many requests per window on average, and so many at once after a quiet time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) requests: u32,
    pub(crate) window: Duration,
    pub(crate) burst: u32,
}

impl Rate {
    /// Per minute, a sixth of it at once.
    pub(crate) fn per_minute(requests: u32) -> Self {
        Self { requests, window: Duration::from_secs(60), burst: requests / 6 }
    }

    /// The time that one request takes up.
    fn interval(self) -> i64 {
        let window = i64::try_from(self.window.as_micros()).unwrap_or(i64::MAX);
        window.checked_div(i64::from(self.requests)).unwrap_or(window).max(0)
    }

    /// The time that may be taken up in advance.
    fn ahead(self) -> i64 {
        self.interval().saturating_mul(i64::from(self.burst.saturating_sub(1)))
    }
}

/// What is left.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    read: Purse,
    write: Purse,
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Self { read: Purse::new(limits.read), write: Purse::new(limits.write) }
    }

    /// Takes one request out.
    ///
    /// # Errors
    /// How long it is until there is one.
    pub(super) fn take(&mut self, share: Share, now: Timestamp) -> Result<(), Duration> {
        self.purse(share).take(now)
    }

    /// Puts one back that was not sent.
    pub(super) fn give_back(&mut self, share: Share) {
        self.purse(share).give_back();
    }

    /// Takes in what the target said. "Too many" is about all that we send, "the last one" about what was asked.
    pub(super) fn learn(&mut self, share: Share, pace: &Pace, now: Timestamp) {
        if let Some(spent) = pace.spent {
            self.purse(share).silence(now, spent);
        }
        if let (true, Some(wait)) = (pace.is_limited, pace.wait) {
            self.read.silence(now, wait);
            self.write.silence(now, wait);
        }
    }

    fn purse(&mut self, share: Share) -> &mut Purse {
        match share {
            Share::Read => &mut self.read,
            Share::Write => &mut self.write,
        }
    }
}

/// A token bucket, kept as one point in time: the one up to which what was sent has taken up all that is allowed. All
/// times in microseconds.
#[derive(Clone, Debug)]
struct Purse {
    rate: Option<Rate>,
    taken_until: i64,
    /// Nothing between these two, by the target's word.
    silent: Option<(Timestamp, Timestamp)>,
}

impl Purse {
    fn new(rate: Option<Rate>) -> Self {
        Self { rate, taken_until: i64::MIN, silent: None }
    }

    fn take(&mut self, now: Timestamp) -> Result<(), Duration> {
        // A clock that was put back does not prolong it.
        if let Some((_, until)) =
            self.silent.filter(|(since, until)| (*since..*until).contains(&now))
        {
            return Err(until.since(now));
        }
        self.silent = None;
        let Some(rate) = self.rate else { return Ok(()) };
        let now = now.as_millis().saturating_mul(1_000);
        let (interval, ahead) = (rate.interval(), rate.ahead());
        let most = now.saturating_add(ahead).saturating_add(interval);
        let taken = self.taken_until.clamp(now, most);
        let wait = taken.saturating_sub(now).saturating_sub(ahead);
        if wait > 0 {
            // Whole milliseconds, which is what clocks here count in: who comes a little too early waits again.
            let wait = u64::try_from(wait).unwrap_or(0).div_ceil(1_000);
            return Err(Duration::from_millis(wait).min(LONGEST));
        }
        self.taken_until = taken.saturating_add(interval);
        Ok(())
    }

    fn give_back(&mut self) {
        let interval = self.rate.map_or(0, Rate::interval);
        self.taken_until = self.taken_until.saturating_sub(interval);
    }

    fn silence(&mut self, now: Timestamp, wait: Duration) {
        let until = now.after(wait).max(self.silent.map_or(now, |(_, until)| until));
        self.silent = Some((now, until));
    }
}
