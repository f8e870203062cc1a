//! AES-256-GCM by ring. Beside the signatures of `exchange`, the only module that names ring.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use super::key::KEY_BYTES;
use super::text::{FINGERPRINT_BYTES, NONCE_BYTES};

/// Why this build cannot seal.
pub(super) const MISSING: Option<&str> = None;

/// Why this build makes up no passwords.
pub(super) const NO_RANDOM: Option<&str> = None;

/// What a fingerprint is made from: it shows that two keys are not the same, and nothing else of them.
const FINGERPRINT_OF: &[u8] = b"outbound-provisioning: which key this is";

pub(super) fn fingerprint(key: &[u8; KEY_BYTES]) -> [u8; FINGERPRINT_BYTES] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), FINGERPRINT_OF);
    tag.as_ref().first_chunk().copied().unwrap_or_default()
}

/// A nonce that was never used before, as far as chance goes.
pub(super) fn nonce() -> Option<[u8; NONCE_BYTES]> {
    let mut nonce = [0; NONCE_BYTES];
    SystemRandom::new().fill(&mut nonce).ok()?;
    Some(nonce)
}

/// Encrypts in place. Answers the tag that belongs behind it.
pub(super) fn encrypt(
    key: &[u8; KEY_BYTES],
    nonce: [u8; NONCE_BYTES],
    context: &[u8],
    text: &mut [u8],
) -> Option<impl AsRef<[u8]> + use<>> {
    let nonce = Nonce::assume_unique_for_key(nonce);
    cipher(key)?.seal_in_place_separate_tag(nonce, Aad::from(context), text).ok()
}

/// Decrypts in place and cuts the tag off. `None` when anything was changed; the text is then of no use.
pub(super) fn decrypt(
    key: &[u8; KEY_BYTES],
    nonce: [u8; NONCE_BYTES],
    context: &[u8],
    text: &mut Vec<u8>,
) -> Option<()> {
    let nonce = Nonce::assume_unique_for_key(nonce);
    let length = cipher(key)?.open_in_place(nonce, Aad::from(context), text).ok()?.len();
    text.truncate(length);
    Some(())
}

/// Made anew each time, which costs less than a microsecond: ring does not wipe the keys that it holds, and what lies on
/// the stack is overwritten soon.
fn cipher(key: &[u8; KEY_BYTES]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new)
}
