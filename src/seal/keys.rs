//! The keys of a host: the first seals, all open.

use std::fmt;
use std::sync::Arc;

use super::cipher;
use super::key::{Opened, SealingKey};
use super::text::{self, FINGERPRINT_BYTES, NONCE_BYTES, Parts};
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::model::{SealedSecret, Secret};

/// The tag of AES-GCM.
const TAG_BYTES: usize = 16;

/// The keys with which a host has things sealed at rest: the first one seals, all of them open.
///
/// Each has an id, which stands in clear in everything that it sealed. To rotate, make the new key the first and the one
/// before it an [older](Self::with_older) one: nothing has to stop, nothing has to be rewritten first (F127). An id is
/// given to one key, ever: a text remembers a fingerprint of its key too, so that another key of the same id is refused
/// and not taken for damage.
///
/// What is sealed is bound to a *context*, such as the key of its row: it opens nowhere else.
///
/// AES-256-GCM with random nonces of 96 bits: one key is good for 2³² texts (NIST SP 800-38D, 8.3). A store seals a
/// handful for each event and each attempt; at 100 texts a second that is a year and four months. Rotate before.
///
/// Without the feature `seal` there are no keys: [`new`](Self::new) says so.
///
/// ```
/// # #[cfg(feature = "seal")] {
/// use outbound_provisioning::ErrorKind;
/// use outbound_provisioning::model::Secret;
/// use outbound_provisioning::seal::{SealingKey, SealingKeys};
///
/// let [first, second] = [
///     Secret::new("8f1c0e5b7a2d4936d07be2a1945c3f6882b6f9d4710ea35c4d19c87b60f2e53a"),
///     Secret::new("01d2a3946be7f8c5905a4e1b3c7d2f6806b4f1d9e72ca8354d60b98e17f3c52a"),
/// ];
/// let old = SealingKeys::new("2025", SealingKey::from_hex(&first)?)?;
/// let password = old.seal_secret(&Secret::new("correct horse"), b"lane 7")?;
///
/// let keys = SealingKeys::new("2026", SealingKey::from_hex(&second)?)?
///     .with_older("2025", SealingKey::from_hex(&first)?)?;
/// assert_eq!(keys.open_secret(&password, b"lane 7")?.expose(), "correct horse");
/// assert_eq!(SealingKeys::key_of(password.as_bytes()), Some("2025"));
/// assert_eq!(format!("{keys:?}"), r#"SealingKeys(["2026", "2025"])"#);
///
/// let elsewhere = keys.open_secret(&password, b"lane 8").unwrap_err();
/// assert_eq!(elsewhere.kind(), ErrorKind::Damaged);
/// let only_new = SealingKeys::new("2026", SealingKey::from_hex(&second)?)?;
/// let missing = only_new.open_secret(&password, b"lane 7").unwrap_err();
/// assert_eq!(missing.kind(), ErrorKind::Configuration);
/// assert!(missing.message().contains("`2025`"));
/// # }
/// # Ok::<(), outbound_provisioning::Error>(())
/// ```
#[derive(Clone)]
pub struct SealingKeys {
    newest: Arc<Named>,
    older: Vec<Arc<Named>>,
}

/// A key by its id.
struct Named {
    id: String,
    fingerprint: [u8; FINGERPRINT_BYTES],
    key: SealingKey,
}

impl Named {
    fn new(id: String, key: SealingKey) -> Result<Self> {
        if let Some(message) = cipher::MISSING {
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        if !text::is_id(&id) {
            // It may be the key itself, given in the wrong place.
            let message = "the id of a key to seal with is empty, longer than 255 bytes, or has other characters in it than visible ASCII; give it a short name";
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        if key.is_blank() {
            let message = format!(
                "the key `{id}` is 32 times the same byte; make one with `openssl rand -hex 32`"
            );
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        Ok(Self { id, fingerprint: cipher::fingerprint(key.bytes()), key })
    }
}

impl SealingKeys {
    /// One key, by an id of at most 255 visible ASCII characters: a name, a year, the id that a vault has for it.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when the id is none, when the key is one byte repeated, and always in
    /// a build without the feature `seal`.
    pub fn new(id: impl Into<String>, key: impl Into<SealingKey>) -> Result<Self> {
        Ok(Self { newest: Arc::new(Named::new(id.into(), key.into())?), older: Vec::new() })
    }

    /// The same, and a key that opens what it sealed earlier, and seals nothing any more.
    ///
    /// # Errors
    /// As for [`new`](Self::new), and [`Configuration`](ErrorKind::Configuration) when the id is that of another key
    /// here.
    pub fn with_older(mut self, id: impl Into<String>, key: impl Into<SealingKey>) -> Result<Self> {
        let older = Named::new(id.into(), key.into())?;
        if self.all().any(|known| known.id == older.id) {
            let message =
                format!("two keys to seal with have the id `{}`; give each its own", older.id);
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        self.older.push(Arc::new(older));
        Ok(self)
    }

    /// Which key seals.
    pub fn newest_id(&self) -> &str {
        &self.newest.id
    }

    /// Every key's id, the one that seals first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.all().map(|key| key.id.as_str())
    }

    fn all(&self) -> impl Iterator<Item = &Named> {
        std::iter::once(&self.newest).chain(&self.older).map(|key| &**key)
    }

    /// Seals bytes so that they open in this context only.
    ///
    /// # Errors
    /// [`Internal`](ErrorKind::Internal) when the operating system has no random numbers.
    pub fn seal(&self, plain: &[u8], context: &[u8]) -> Result<Vec<u8>> {
        let head = text::head(&self.newest.id, self.newest.fingerprint);
        let nonce = cipher::nonce().ok_or_else(unsealed)?;
        let mut sealed = Vec::with_capacity(head.len() + NONCE_BYTES + plain.len() + TAG_BYTES);
        sealed.extend_from_slice(&head);
        sealed.extend_from_slice(&nonce);
        let begins = sealed.len();
        sealed.extend_from_slice(plain);
        let authenticated = text::authenticated(&head, context);
        let in_place = sealed.get_mut(begins..).unwrap_or_default();
        let tag = cipher::encrypt(self.newest.key.bytes(), nonce, &authenticated, in_place)
            .ok_or_else(unsealed)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens what was sealed in this context.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when it was sealed with a key that is not here, or with another key of
    /// the same id; the message names the id. [`Damaged`](ErrorKind::Damaged) when it is no sealed text, was changed, or
    /// was sealed in another context.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Opened> {
        let parts = Parts::of(sealed).ok_or_else(damaged)?;
        let Some(key) = self.all().find(|key| key.id == parts.id) else {
            return Err(unknown_key(parts.id));
        };
        if key.fingerprint != parts.fingerprint {
            return Err(Self::wrong(parts.id));
        }
        let mut opened = parts.text.to_vec();
        let authenticated = parts.authenticated(context);
        match cipher::decrypt(key.key.bytes(), parts.nonce, &authenticated, &mut opened) {
            Some(()) => Ok(Opened::new(opened)),
            None => Err(damaged()),
        }
    }

    /// Seals a secret so that it opens in this context only. For the context, take what must not be exchanged: whose
    /// secret it is, and where it goes.
    ///
    /// # Errors
    /// As for [`seal`](Self::seal).
    pub fn seal_secret(&self, secret: &Secret, context: &[u8]) -> Result<SealedSecret> {
        self.seal(secret.expose().as_bytes(), context).map(SealedSecret::from_bytes)
    }

    /// Opens a secret that was sealed in this context.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_secret(&self, sealed: &SealedSecret, context: &[u8]) -> Result<Secret> {
        self.open(sealed.as_bytes(), context)?.into_secret().ok_or_else(damaged)
    }

    /// The id of the key with which this was sealed; `None` when it is no sealed text.
    pub fn key_of(sealed: &[u8]) -> Option<&str> {
        Parts::of(sealed).map(|parts| parts.id)
    }

    /// Whether the key that seals now has sealed this.
    pub fn is_newest(&self, sealed: &[u8]) -> bool {
        Parts::of(sealed).is_some_and(|parts| {
            parts.id == self.newest.id && parts.fingerprint == self.newest.fingerprint
        })
    }

    /// The error of a place that was given no keys, and found this: [`Configuration`](ErrorKind::Configuration), naming
    /// the key that is missing, or [`Damaged`](ErrorKind::Damaged) when it is no sealed text.
    pub fn missing(sealed: &[u8]) -> Error {
        Parts::of(sealed).map_or_else(damaged, |parts| unknown_key(parts.id))
    }

    /// The error of a place where another key was known by this id.
    pub(crate) fn wrong(id: &str) -> Error {
        let message = format!(
            "the key given as `{id}` is not the one that sealed under this id; give that one, and a new key a new id"
        );
        Error::new(ErrorKind::Configuration, message)
    }

    /// The key that seals: its id and its fingerprint.
    #[cfg_attr(
        not(feature = "redb"),
        expect(dead_code, reason = "a durable store notes which keys it was sealed with")
    )]
    pub(crate) fn newest(&self) -> (&str, u64) {
        (&self.newest.id, u64::from_be_bytes(self.newest.fingerprint))
    }
}

/// Ids are no secrets; nothing else is shown.
impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&str> = self.ids().collect();
        f.debug_tuple("SealingKeys").field(&ids).finish()
    }
}

fn unknown_key(id: &str) -> Error {
    let message = match cipher::MISSING {
        Some(message) => format!("this was sealed with the key `{id}`, and {message}"),
        None => format!("this was sealed with the key `{id}`, which was not given; give it too"),
    };
    Error::new(ErrorKind::Configuration, message)
}

fn damaged() -> Error {
    let message = "what was sealed is damaged, or stands where something else belongs; restore it from a backup";
    Error::new(ErrorKind::Damaged, message)
}

fn unsealed() -> Error {
    let message = "nothing can be sealed: the operating system has no random numbers";
    Error::new(ErrorKind::Internal, message).with_effect(Effect::NotSent)
}
