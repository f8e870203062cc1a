//! The bytes of a key, and what was opened with one.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Secret, hex};

/// AES-256.
pub(super) const KEY_BYTES: usize = 32;

/// A key of 256 bits, as it came out of a random number generator. A password is none: derive one from it first.
/// Prints nothing, and is overwritten when dropped (best effort: copies that the compiler made are out of reach).
///
/// ```
/// use outbound_provisioning::model::Secret;
/// use outbound_provisioning::seal::SealingKey;
///
/// // As `openssl rand -hex 32` prints one.
/// let text = Secret::new("8f1c0e5b7a2d4936d07be2a1945c3f6882b6f9d4710ea35c4d19c87b60f2e53a");
/// let key = SealingKey::from_hex(&text)?;
/// assert_eq!(format!("{key:?}"), "SealingKey([redacted])");
/// # Ok::<(), outbound_provisioning::Error>(())
/// ```
pub struct SealingKey([u8; KEY_BYTES]);

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey([redacted])")
    }
}

impl SealingKey {
    /// A key in 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when it is not that. The message never holds the text.
    pub fn from_hex(text: &Secret) -> Result<Self> {
        let bytes = hex::decode(text.expose().trim()).map(Opened);
        let key = bytes.and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes.expose()).ok());
        key.map(Self).ok_or_else(|| {
            let message = "a key to seal with is not 64 hexadecimal digits (32 bytes); make one with `openssl rand -hex 32`";
            Error::new(ErrorKind::Configuration, message)
        })
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// All the same byte: a key that was never set.
    pub(super) fn is_blank(&self) -> bool {
        self.0 == [self.0.first().copied().unwrap_or_default(); KEY_BYTES]
    }
}

impl From<[u8; KEY_BYTES]> for SealingKey {
    fn from(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }
}

impl Drop for SealingKey {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// What was opened. Prints nothing, and is overwritten when dropped (best effort).
///
/// ```
/// # #[cfg(feature = "seal")] {
/// use outbound_provisioning::seal::SealingKeys;
///
/// let key = std::array::from_fn(|place| place as u8);
/// let keys = SealingKeys::new("2026", key)?;
/// let opened = keys.open(&keys.seal(b"ada@example.com", b"row 1")?, b"row 1")?;
/// assert_eq!(opened.expose(), b"ada@example.com");
/// assert_eq!(format!("{opened:?}"), "Opened([redacted])");
/// # }
/// # Ok::<(), outbound_provisioning::Error>(())
/// ```
pub struct Opened(Vec<u8>);

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened([redacted])")
    }
}

impl Opened {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes themselves. Whoever calls this must neither log nor store them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The same as a text.
    pub(super) fn into_secret(mut self) -> Option<Secret> {
        match String::from_utf8(std::mem::take(&mut self.0)) {
            Ok(text) => Some(Secret::new(text)),
            Err(error) => {
                drop(Self(error.into_bytes()));
                None
            }
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    // Keeps the fill from being optimised away, as far as safe code can.
    std::hint::black_box(bytes);
}
