//! What is kept of a secret: a text that only the right key opens (P28).

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::hex;

/// A [`Secret`](super::Secret) that was sealed, so that it may be stored. Made and opened by
/// [`SealingKeys`](crate::seal::SealingKeys) only.
///
/// Serialised as a text of hexadecimal digits. `Debug` shows nothing of it: what is sealed is not printed either.
///
/// ```
/// use outbound_provisioning::model::SealedSecret;
///
/// let stored: SealedSecret = serde_json::from_str(r#""01ff""#)?;
/// assert_eq!(stored.as_bytes(), [1, 255]);
/// assert_eq!(serde_json::to_string(&stored)?, r#""01ff""#);
/// assert_eq!(format!("{stored:?}"), "SealedSecret([redacted])");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret(Vec<u8>);

redacted_debug!(SealedSecret);

impl SealedSecret {
    /// What [`SealingKeys::seal`](crate::seal::SealingKeys::seal) made, as it was stored.
    pub fn from_bytes(sealed: impl Into<Vec<u8>>) -> Self {
        Self(sealed.into())
    }

    /// As it may be stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for SealedSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for SealedSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Digits)
    }
}

/// Its errors quote nothing: somebody may have put a password where a sealed one belongs.
struct Digits;

impl Visitor<'_> for Digits {
    type Value = SealedSecret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sealed secret in hexadecimal digits")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<SealedSecret, E> {
        let sealed = hex::decode(text);
        sealed
            .map(SealedSecret)
            .ok_or_else(|| E::custom("not a sealed secret in hexadecimal digits"))
    }
}
