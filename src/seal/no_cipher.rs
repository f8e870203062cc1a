//! In place of encryption, in a build without the feature `seal`. There are no keys then, so nothing but the message is
//! ever used.

use super::key::KEY_BYTES;
use super::text::{FINGERPRINT_BYTES, NONCE_BYTES};

/// Why this build cannot seal.
pub(super) const MISSING: Option<&str> =
    Some("this build neither seals nor opens what is sealed; build it with the feature `seal`");

/// Why this build makes up no passwords.
pub(super) const NO_RANDOM: Option<&str> =
    Some("this build makes up no passwords; build it with the feature `seal`");

pub(super) fn fingerprint(_: &[u8; KEY_BYTES]) -> [u8; FINGERPRINT_BYTES] {
    [0; FINGERPRINT_BYTES]
}

pub(super) fn nonce() -> Option<[u8; NONCE_BYTES]> {
    None
}

pub(super) fn encrypt(
    _: &[u8; KEY_BYTES],
    _: [u8; NONCE_BYTES],
    _: &[u8],
    _: &mut [u8],
) -> Option<[u8; 0]> {
    None
}

pub(super) fn decrypt(
    _: &[u8; KEY_BYTES],
    _: [u8; NONCE_BYTES],
    _: &[u8],
    _: &mut Vec<u8>,
) -> Option<()> {
    None
}
