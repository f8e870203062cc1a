//! What strikes when: the process's death, the store's errors, and what becomes of each request.

use std::collections::VecDeque;
use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex};

use super::clock::lock;
use super::dice::Dice;

/// The settle window (Δ) of every simulated world.
pub(crate) const SETTLE: i64 = 5_000;
/// How long the connector waits for an answer.
pub(crate) const DEADLINE: i64 = 1_000;

/// What happens at one call of the store or the connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strike {
    Nothing,
    /// The process dies before the call has done anything.
    DieBefore,
    /// The process dies after the call has done its work, and before it answers.
    DieAfter,
    /// The call fails and has done nothing. A request at a target then gets lost.
    FailBefore,
    /// The call fails and has done its work.
    FailAfter,
}

/// What becomes of a request that the process lived to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Answered,
    /// It never arrives; the caller waits in vain.
    Lost,
    /// It takes effect; the answer never arrives.
    AnswerLost,
    /// It takes effect this long after it was sent, within the settle window; nobody hears of it.
    Late(i64),
    /// 503; whether it took effect nobody says.
    Unavailable(bool),
    /// 429.
    Limited,
    /// No connection.
    NotSent,
}

/// When the strikes come.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    /// By chance, until the faults stop.
    Chance {
        dice: Dice,
        until: i64,
        deaths: u32,
        die_one_in: u64,
        fail_one_in: u64,
        request_one_in: u64,
    },
    /// At these calls, counted from the last strike. Requests have the fates of a list, then are answered.
    At { strikes: VecDeque<(u64, Strike)>, fates: VecDeque<Fate> },
}

#[derive(Clone)]
pub(crate) struct Weather(Arc<Mutex<Inner>>);

struct Inner {
    plan: Plan,
    calls: u64,
    since_strike: u64,
    dead: bool,
    struck: u64,
    verbose: bool,
    log: Vec<String>,
    violations: Vec<String>,
}

impl Weather {
    pub(crate) fn new(plan: Plan, verbose: bool) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            plan,
            calls: 0,
            since_strike: 0,
            dead: false,
            struck: 0,
            verbose,
            log: Vec::new(),
            violations: Vec::new(),
        })))
    }

    /// What happens at this call.
    pub(crate) fn strike(&self, now: i64, writes: bool) -> Strike {
        let mut inner = lock(&self.0);
        inner.calls += 1;
        inner.since_strike += 1;
        let since = inner.since_strike;
        let strike = match &mut inner.plan {
            Plan::Chance { dice, until, deaths, die_one_in, fail_one_in, .. } => {
                if now >= *until {
                    Strike::Nothing
                } else if *deaths > 0 && dice.one_in(*die_one_in) {
                    *deaths -= 1;
                    if writes && dice.one_in(2) { Strike::DieAfter } else { Strike::DieBefore }
                } else if dice.one_in(*fail_one_in) {
                    if writes && dice.one_in(2) { Strike::FailAfter } else { Strike::FailBefore }
                } else {
                    Strike::Nothing
                }
            }
            Plan::At { strikes, .. } => match strikes.front() {
                Some((at, strike)) if *at == since => {
                    let strike = *strike;
                    strikes.pop_front();
                    strike
                }
                _ => Strike::Nothing,
            },
        };
        if strike != Strike::Nothing {
            inner.since_strike = 0;
            inner.struck += 1;
        }
        strike
    }

    /// What becomes of a request.
    pub(crate) fn fate(&self, now: i64) -> Fate {
        match &mut lock(&self.0).plan {
            Plan::Chance { dice, until, request_one_in, .. } => {
                if now >= *until || !dice.one_in(*request_one_in) {
                    return Fate::Answered;
                }
                match dice.below(12) {
                    0 | 1 => Fate::Lost,
                    2 | 3 => Fate::AnswerLost,
                    4..=7 => Fate::Late(dice.millis(0, SETTLE)),
                    8 => Fate::Unavailable(true),
                    9 => Fate::Unavailable(false),
                    10 => Fate::Limited,
                    _ => Fate::NotSent,
                }
            }
            Plan::At { fates, .. } => fates.pop_front().unwrap_or(Fate::Answered),
        }
    }

    /// The process dies here: the call never comes back.
    pub(crate) async fn die(&self) -> std::convert::Infallible {
        lock(&self.0).dead = true;
        pending().await
    }

    pub(crate) fn is_dead(&self) -> bool {
        lock(&self.0).dead
    }

    pub(crate) fn revive(&self) {
        lock(&self.0).dead = false;
    }

    /// Calls so far.
    pub(crate) fn calls(&self) -> u64 {
        lock(&self.0).calls
    }

    /// Strikes so far.
    pub(crate) fn struck(&self) -> u64 {
        lock(&self.0).struck
    }

    /// The faults are over.
    pub(crate) fn clear_up(&self) {
        match &mut lock(&self.0).plan {
            Plan::Chance { until, .. } => *until = i64::MIN,
            Plan::At { strikes, fates } => {
                strikes.clear();
                fates.clear();
            }
        }
    }

    pub(crate) fn note(&self, now: i64, what: impl FnOnce() -> String) {
        let mut inner = lock(&self.0);
        if inner.verbose {
            let line = format!("{:>9.3} {}", to_seconds(now), what());
            inner.log.push(line);
        }
    }

    pub(crate) fn violated(&self, now: i64, what: impl Into<String>) {
        let what = what.into();
        let mut inner = lock(&self.0);
        let line = format!("{:>9.3} VIOLATED: {what}", to_seconds(now));
        inner.log.push(line);
        inner.violations.push(what);
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        lock(&self.0).violations.clone()
    }

    pub(crate) fn log(&self) -> Vec<String> {
        lock(&self.0).log.clone()
    }
}

fn to_seconds(millis: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    let seconds = (millis - 1_000_000) as f64 / 1000.0;
    seconds
}

impl fmt::Debug for Weather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Weather")
    }
}
