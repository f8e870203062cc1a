//! How long a target asks us to wait.

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;

/// The longest wait that is believed (P14, F51).
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// `Retry-After` in seconds, one hour at most. Anything else counts as not said.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST))
}
