//! Names of things, each a type of its own, so that none is taken for another.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use super::letters::is_disruptive;
use crate::error::{Effect, Error, ErrorKind};

/// Longest text that is taken for a [`RemoteId`], in bytes. Real ones have tens.
const MAX_REMOTE_ID: usize = 1024;

macro_rules! names {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            #[doc = concat!("A `", stringify!($name), "` of this text, as it is.")]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into().into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

names! {
    /// A client application registered with an organization.
    ApplicationId;
    /// A connection to an external system, unique in its organization.
    ConnectionId;
    /// The name under which a connector is registered, for example `scim2`.
    ConnectorName;
    /// The host's stable id of a resource; SCIM's `externalId`. Never the user name, which changes and is reused.
    ///
    /// It is the proof that an account at a target is ours. So it must be unique among everything that shares a
    /// target, other organizations of the host included: put the organization into it where two could meet (P8).
    LocalId;
    /// A tenant of the host.
    OrganizationId;
    /// A resource named by another one: a group's member, a user's manager.
    ///
    /// In an [`Event`](super::Event) it holds the host's [`LocalId`]; in what a connector receives it holds the
    /// target's [`RemoteId`].
    Reference;
}

impl From<&LocalId> for Reference {
    fn from(id: &LocalId) -> Self {
        Self(Arc::clone(&id.0))
    }
}

impl From<&RemoteId> for Reference {
    fn from(id: &RemoteId) -> Self {
        Self(Arc::clone(&id.0))
    }
}

impl From<&Reference> for LocalId {
    fn from(reference: &Reference) -> Self {
        Self(Arc::clone(&reference.0))
    }
}

/// The number of an accepted event among its resource's events: 1, 2, 3 … without gaps, in the order of acceptance
/// (P6).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct EventId(u64);

impl EventId {
    /// The event of this number. The library numbers events itself; this is for tests of connectors.
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub fn number(self) -> u64 {
        self.0
    }

    /// Whether it is no event's.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(crate) fn is_none(&self) -> bool {
        self.0 == 0
    }

    /// The number of the resource's next event.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The target's id of a resource; SCIM's `id`. Opaque, and hostile until proven harmless (F91).
///
/// It ends as one segment of a URL's path. So a text that could name another place when it is decoded again by a
/// careless server is refused when it is learnt: empty, longer than 1,024 bytes, with control characters or marks that
/// turn text round, or with an empty, `.` or `..` part between slashes, however often it is percent-encoded.
///
/// ```
/// use outbound_provisioning::model::RemoteId;
///
/// assert!(RemoteId::new("2819c223-7f76-453a-919d-413861904646").is_ok());
/// assert!(RemoteId::new("../Groups/1").is_err());
/// assert!(RemoteId::new("%2e%2e").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RemoteId(Arc<str>);

impl RemoteId {
    /// A remote id, if the text cannot lead a request astray.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidResponse`], without the text itself.
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let text = text.into();
        match hostile(&text) {
            None => Ok(Self(text.into())),
            Some(why) => Err(Error::new(
                ErrorKind::InvalidResponse,
                format!("the target's id is refused: {why}"),
            )
            .with_effect(Effect::Unknown)),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RemoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RemoteId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

fn hostile(text: &str) -> Option<&'static str> {
    if text.len() > MAX_REMOTE_ID {
        return Some("longer than 1,024 bytes");
    }
    // Servers and proxies between decode once, twice, or not at all: every stage must be harmless.
    let mut stage = text.to_owned();
    loop {
        if stage.chars().any(is_disruptive) {
            return Some("it holds control characters");
        }
        if stage.trim().is_empty() {
            return Some("it is empty");
        }
        // Some servers take what stands behind a semicolon for a parameter and strip it.
        let name = |part: &str| part.split(';').next().unwrap_or_default().trim().to_owned();
        if stage.split(['/', '\\']).any(|part| matches!(name(part).as_str(), "" | "." | "..")) {
            return Some("it would lead to another place as part of a URL");
        }
        if !stage.contains('%') {
            return None;
        }
        let decoded = percent_decoded(&stage);
        if decoded == stage {
            return None;
        }
        stage = decoded;
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
