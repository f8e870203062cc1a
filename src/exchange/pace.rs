//! What an answer says about our speed (P14, F51). The only module that names httpdate.
//!
//! Targets say it in many ways; what they ask for is believed for one hour at most, and garbage counts as not said.

use std::time::{Duration, UNIX_EPOCH};

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::model::Timestamp;
use crate::transport::HttpResponse;

/// The longest wait that is believed.
pub(super) const LONGEST: Duration = Duration::from_secs(60 * 60);

/// How many requests are left; `0` says that the next one is too many.
const REMAINING: [&str; 3] =
    ["x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining"];

/// When there will be more.
const RESET: [&str; 3] = ["x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset"];

/// A reset below this many seconds is counted from now, any other from 1970: vendors write both under one name.
const EPOCH_FROM: u64 = 1_000_000_000;

/// What an answer says about our speed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace {
    /// The request was refused because there were too many, and for nothing else.
    pub(super) is_limited: bool,
    /// How long we shall wait.
    pub(super) wait: Option<Duration>,
    /// The request was served and was the last for this long.
    pub(super) spent: Option<Duration>,
}

impl Pace {
    pub(super) fn read(response: &HttpResponse, now: Timestamp) -> Self {
        let (status, headers) = (response.status(), response.headers());
        let now = date(headers).unwrap_or(now);
        let asked = asked(headers, now);
        let nothing_left = first(headers, REMAINING).is_some_and(|left| left.parse() == Ok(0_u64));
        let is_limited = match status {
            StatusCode::TOO_MANY_REQUESTS => true,
            // GitHub's way; a 403 that says neither is about permissions.
            StatusCode::FORBIDDEN => asked.is_some() || nothing_left,
            _ => false,
        };
        let reset = || first(headers, RESET).and_then(|text| reset(text, now));
        let wait = if is_limited { asked.or_else(reset) } else { asked };
        let spent = if status.is_success() && nothing_left { reset() } else { None };
        Self { is_limited, wait, spent }
    }

    /// Leaves the wait in the answer in the one form that [`retry_after`] reads.
    pub(super) fn settle(&self, headers: &mut HeaderMap) {
        headers.remove(RETRY_AFTER);
        if let Some(wait) = self.wait {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs()));
        }
    }
}

/// How long the target asks us to wait, in an answer that came through an [`Exchange`](super::Exchange).
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER).and_then(|value| seconds(value.to_str().ok()?.trim()))
}

/// `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date in one of the three forms.
fn asked(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    seconds(text).or_else(|| moment(text).map(|moment| until(moment, now)))
}

/// A whole number, however large.
fn seconds(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = || text.parse().map_or(LONGEST, Duration::from_secs);
    is_number.then(|| seconds().min(LONGEST))
}

fn reset(text: &str, now: Timestamp) -> Option<Duration> {
    let wait = seconds(text)?;
    match text.parse::<u64>() {
        Ok(relative) if relative < EPOCH_FROM => Some(wait),
        Ok(epoch) => {
            let millis = i64::try_from(epoch).unwrap_or(i64::MAX).saturating_mul(1_000);
            Some(until(Timestamp::from_millis(millis), now))
        }
        Err(_) => Some(wait),
    }
}

/// Rounded up to whole seconds: who comes a little too early is refused again.
fn until(moment: Timestamp, now: Timestamp) -> Duration {
    let wait = moment.since(now).min(LONGEST);
    Duration::from_secs(wait.as_millis().div_ceil(1_000).try_into().unwrap_or(LONGEST.as_secs()))
}

/// The target's own time, by which its dates are meant: its clock and ours may differ.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    moment(headers.get(DATE)?.to_str().ok()?.trim())
}

fn moment(text: &str) -> Option<Timestamp> {
    let moment = httpdate::parse_http_date(text).ok()?;
    // Whatever was before 1970 is past as well.
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).ok().map(Timestamp::from_millis)
}

fn first<'a>(headers: &'a HeaderMap, names: [&str; 3]) -> Option<&'a str> {
    names
        .into_iter()
        .find_map(|name| headers.get(name))
        .and_then(|value| Some(value.to_str().ok()?.trim()))
}
