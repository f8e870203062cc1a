//! What can go wrong, in words that three parties need at once: a connector author *makes* an [`Error`], the
//! delivery core *judges* it, a store *keeps* it as text.
//!
//! Not for: control flow inside a module. Small private errors fold into this one at a module's edge.
//!
//! ```
//! use outbound_provisioning::{Effect, Error, ErrorKind};
//!
//! let refused = Error::new(ErrorKind::Conflict, "the target answered 409");
//! assert_eq!(refused.to_string(), "conflict: the target answered 409");
//! assert_eq!(refused.effect(), Effect::Rejected);
//!
//! let silent = Error::new(ErrorKind::Timeout, "no answer within 30 s");
//! assert_eq!(silent.effect(), Effect::Unknown); // the request may have landed
//! ```

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error that can stand behind an [`Error`] as its source.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What went wrong at a connector, a target, a store or in the configuration.
///
/// `Display` prints `kind: message` and never the source, which is reached through
/// [`source`](std::error::Error::source) only. The message never holds a token, a body, an attribute value or a
/// URL's query; what a target said in its own words belongs into the source, which is not stored.
#[derive(Clone, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct Error {
    kind: ErrorKind,
    effect: Effect,
    message: Cow<'static, str>,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of a kind. The effect is the kind's own (see [`ErrorKind`]) until
    /// [`with_effect`](Self::with_effect) says better.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            effect: kind.effect(),
            message: message.into(),
            retry_after: None,
            source: None,
        }
    }

    /// The same error with what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// The same error with the time the target asked us to wait.
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// The same error, by a connector that knows what became of the request.
    #[must_use]
    pub fn with_effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// The meaning, to be matched on.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The sentence without the kind. Holds no secrets and no personal data.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What became of the request (P9). It alone decides whether something may be sent again.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// How long the target asked us to wait, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether the same work, unchanged, may succeed later.
    ///
    /// False for what only a person can mend: wrong data, wrong configuration, an unsupported operation.
    pub fn is_retryable(&self) -> bool {
        match self.kind {
            ErrorKind::Unauthenticated
            | ErrorKind::PermissionDenied
            | ErrorKind::RateLimited
            | ErrorKind::Timeout
            | ErrorKind::Unavailable
            | ErrorKind::InvalidResponse
            | ErrorKind::Internal
            | ErrorKind::Stale
            | ErrorKind::Storage
            | ErrorKind::TooLarge => true,
            ErrorKind::Configuration
            | ErrorKind::Damaged
            | ErrorKind::InvalidEvent
            | ErrorKind::Unsupported
            | ErrorKind::Rejected
            | ErrorKind::Conflict
            | ErrorKind::NotFound => false,
        }
    }
}

/// Shows whether there is a source, and none of its words: they may be a stranger's.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind)
            .field("effect", &self.effect)
            .field("message", &self.message)
            .field("retry_after", &self.retry_after)
            .field("source", &self.source.as_ref().map(|_| ".."))
            .finish()
    }
}

/// Two errors are equal when all but their sources are: what a store keeps.
impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.effect == other.effect
            && self.message == other.message
            && self.retry_after == other.retry_after
    }
}

/// The meaning of an [`Error`]. The second sentence of each names the [`Effect`] it has by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// A missing or malformed property, an unknown connector or connection. Not sent.
    Configuration,
    /// The target refuses because of other data: HTTP 409. Rejected.
    Conflict,
    /// A store was read, and what is there cannot be: a checksum is wrong (F16). Unknown.
    Damaged,
    /// A defect: a connector panicked. Unknown.
    Internal,
    /// The event itself cannot be accepted: an empty id, a control character, more than 1 MiB. Not sent.
    InvalidEvent,
    /// An answer that cannot be what it claims: no id, not JSON, a redirect, too large. Unknown.
    InvalidResponse,
    /// The target has no such resource: HTTP 404 or 410 in the protocol's own words. Rejected.
    NotFound,
    /// The credentials may not do this: HTTP 403. Rejected.
    PermissionDenied,
    /// Too many requests: HTTP 429. Rejected, with [`Error::retry_after`] where the target gave one.
    RateLimited,
    /// The target refuses the data: HTTP 400, 422. Rejected.
    Rejected,
    /// The resource changed at the target since we last saw it: HTTP 412. Rejected.
    Stale,
    /// A store failed. Unknown.
    Storage,
    /// No answer in time. Unknown.
    Timeout,
    /// More in one request than the target takes, and less may pass: HTTP 413. Rejected.
    TooLarge,
    /// The target does not know who we are: HTTP 401. Rejected.
    Unauthenticated,
    /// Cannot connect (then with [`Effect::NotSent`]), connection lost, HTTP 5xx. Unknown.
    Unavailable,
    /// An operation or mode that the connector, the target or this build lacks. Not sent.
    Unsupported,
}

impl ErrorKind {
    /// A stable code for programs and stores: `rate_limited`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Conflict => "conflict",
            Self::Damaged => "damaged",
            Self::Internal => "internal",
            Self::InvalidEvent => "invalid_event",
            Self::InvalidResponse => "invalid_response",
            Self::NotFound => "not_found",
            Self::PermissionDenied => "permission_denied",
            Self::RateLimited => "rate_limited",
            Self::Rejected => "rejected",
            Self::Stale => "stale",
            Self::Storage => "storage",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
            Self::Unauthenticated => "unauthenticated",
            Self::Unavailable => "unavailable",
            Self::Unsupported => "unsupported",
        }
    }

    fn effect(self) -> Effect {
        match self {
            Self::Configuration | Self::InvalidEvent | Self::Unsupported => Effect::NotSent,
            Self::Conflict
            | Self::NotFound
            | Self::PermissionDenied
            | Self::RateLimited
            | Self::Rejected
            | Self::Stale
            | Self::TooLarge
            | Self::Unauthenticated => Effect::Rejected,
            Self::Damaged
            | Self::Internal
            | Self::InvalidResponse
            | Self::Storage
            | Self::Timeout
            | Self::Unavailable => Effect::Unknown,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configuration => "configuration",
            Self::Conflict => "conflict",
            Self::Damaged => "damaged",
            Self::Internal => "internal",
            Self::InvalidEvent => "invalid event",
            Self::InvalidResponse => "invalid response",
            Self::NotFound => "not found",
            Self::PermissionDenied => "permission denied",
            Self::RateLimited => "rate limited",
            Self::Rejected => "rejected",
            Self::Stale => "stale",
            Self::Storage => "storage",
            Self::Timeout => "timeout",
            Self::TooLarge => "too large",
            Self::Unauthenticated => "unauthenticated",
            Self::Unavailable => "unavailable",
            Self::Unsupported => "unsupported",
        })
    }
}

/// What became of a request that ended in an error (P9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "P9 is a complete case distinction; a fourth answer would change every rule built on it"
)]
pub enum Effect {
    /// Nothing left this machine. Safe to repeat.
    NotSent,
    /// The target surely did nothing.
    Rejected,
    /// The target may have acted. A create is looked up before it is repeated (P8).
    Unknown,
}
