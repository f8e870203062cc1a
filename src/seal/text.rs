//! A sealed text, byte by byte. Pure: what a text says of itself is read without a key.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version: 1, AES-256-GCM |
//! | 1 | length of the key's id |
//! | so many | the key's id |
//! | 8 | the key's fingerprint: by it, a wrong key of the right name is told from damage |
//! | 12 | nonce |
//! | the rest | ciphertext and tag (16) |
//!
//! Everything in front of the nonce is authenticated together with the context.

pub(super) const FINGERPRINT_BYTES: usize = 8;
pub(super) const NONCE_BYTES: usize = 12;

/// Never the first byte of JSON, so that rows in clear are told from sealed ones.
const VERSION: u8 = 1;

/// What a sealed text says of itself.
pub(super) struct Parts<'a> {
    pub(super) id: &'a str,
    pub(super) fingerprint: [u8; FINGERPRINT_BYTES],
    pub(super) nonce: [u8; NONCE_BYTES],
    /// Ciphertext and tag.
    pub(super) text: &'a [u8],
    /// All in front of the nonce.
    head: &'a [u8],
}

impl<'a> Parts<'a> {
    /// The parts; `None` when it is no sealed text of this version.
    pub(super) fn of(sealed: &'a [u8]) -> Option<Self> {
        let ([VERSION, length], rest) = sealed.split_first_chunk()? else { return None };
        let length = usize::from(*length);
        let (id, rest) = rest.split_at_checked(length)?;
        let id = std::str::from_utf8(id).ok().filter(|id| is_id(id))?;
        let (fingerprint, rest) = rest.split_first_chunk()?;
        let (nonce, text) = rest.split_first_chunk()?;
        let head = sealed.get(..2 + length + FINGERPRINT_BYTES)?;
        Some(Self { id, fingerprint: *fingerprint, nonce: *nonce, text, head })
    }

    /// What is authenticated beside the text.
    pub(super) fn authenticated(&self, context: &[u8]) -> Vec<u8> {
        authenticated(self.head, context)
    }
}

/// The head says how long it is, so no head and context can be taken for another pair.
pub(super) fn authenticated(head: &[u8], context: &[u8]) -> Vec<u8> {
    [head, context].concat()
}

/// All in front of the nonce.
pub(super) fn head(id: &str, fingerprint: [u8; FINGERPRINT_BYTES]) -> Vec<u8> {
    let mut head = vec![VERSION, u8::try_from(id.len()).unwrap_or(u8::MAX)];
    head.extend_from_slice(id.as_bytes());
    head.extend_from_slice(&fingerprint);
    head
}

/// Ids are printed in messages and stand in front of every text.
pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= usize::from(u8::MAX)
        && id.bytes().all(|byte| byte.is_ascii_graphic())
}
