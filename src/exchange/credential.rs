//! A secret, or where it is.

use crate::error::Result;
use crate::host::SecretSource;
use crate::model::{Secret, SecretReference};

#[derive(Clone, Debug)]
pub(super) enum Credential {
    Given(Secret),
    Reference(SecretReference),
}

impl Credential {
    pub(super) fn new(text: &str) -> Self {
        SecretReference::parse(text).map_or_else(|| Self::Given(Secret::new(text)), Self::Reference)
    }

    /// What the administrator gave was checked when it was set; what a reference leads to is checked here.
    pub(super) async fn current(&self, source: &dyn SecretSource) -> Result<Secret> {
        let reference = match self {
            Self::Given(secret) => return Ok(secret.clone()),
            Self::Reference(reference) => reference,
        };
        let secret = source.secret(reference).await?;
        if secret.expose().is_empty() {
            return Err(reference.missing());
        }
        Ok(secret)
    }

    /// The value before the current one, if it may still be valid. Nobody keeps one for what was given as it is.
    pub(super) async fn previous(&self, source: &dyn SecretSource) -> Result<Option<Secret>> {
        match self {
            Self::Given(_) => Ok(None),
            Self::Reference(reference) => {
                let previous = source.previous(reference).await?;
                Ok(previous.filter(|secret| !secret.expose().is_empty()))
            }
        }
    }
}

/// Whether two lists hold the same secrets.
pub(super) fn same(one: &[Secret], other: &[Secret]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| one.expose() == other.expose())
}
