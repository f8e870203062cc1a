//! Values that are never printed and never serialised by accident (P28).

use std::fmt;

use crate::error::{Error, ErrorKind};

/// A password, token or key. Prints `[redacted]`, has no `Serialize`, and is overwritten when dropped (best effort:
/// copies that the compiler or a library made are out of reach).
///
/// ```
/// use outbound_provisioning::model::Secret;
///
/// let token = Secret::new("s3cr3t");
/// assert_eq!(format!("{token:?}"), "[redacted]");
/// assert_eq!(token.expose(), "s3cr3t");
/// ```
#[derive(Clone, Default)]
pub struct Secret(String);

impl Secret {
    /// Takes the text into custody.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Whoever calls this must neither log nor store it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// In a time that tells nothing of where two of one length differ.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (left, right) = (self.0.as_bytes(), other.0.as_bytes());
        let differ =
            left.iter().zip(right).fold(0, |differ, (left, right)| differ | (left ^ right));
        left.len() == right.len() && std::hint::black_box(differ) == 0
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.0).into_bytes();
        bytes.fill(0);
        // Keeps the fill from being optimised away, as far as safe code can.
        std::hint::black_box(&bytes);
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// Where a secret is kept, in place of the secret: `env:NAME`, `file:PATH` or `secret:NAME` (the host's own).
///
/// A secret whose own text begins like one would be taken for a reference: keep it elsewhere and refer to it.
///
/// ```
/// use outbound_provisioning::model::SecretReference;
///
/// let reference = SecretReference::parse("env:HR_TOKEN").unwrap();
/// assert_eq!((reference.scheme(), reference.name()), ("env", "HR_TOKEN"));
/// assert!(SecretReference::parse("a-plain-token").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretReference {
    scheme: &'static str,
    name: String,
}

impl SecretReference {
    /// The reference that a text is, or `None` when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, name) = text.split_once(':')?;
        let scheme = ["env", "file", "secret"].into_iter().find(|known| *known == scheme)?;
        (!name.is_empty()).then(|| Self { scheme, name: name.to_owned() })
    }

    /// `env`, `file` or `secret`.
    pub fn scheme(&self) -> &str {
        self.scheme
    }

    /// What stands behind the colon.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The error of a source that has no such secret.
    pub fn missing(&self) -> Error {
        Error::new(
            ErrorKind::Configuration,
            format!("the secret {self} cannot be read; provide it or correct the reference"),
        )
    }
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scheme, self.name)
    }
}
