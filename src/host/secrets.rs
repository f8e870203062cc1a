//! Where secrets come from when a configuration holds only references to them.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Secret, SecretReference};

/// Resolves references to secrets, at the moment a request needs them: a rotated secret takes effect at once.
#[async_trait]
pub trait SecretSource: Debug + Send + Sync + 'static {
    /// The secret a reference leads to.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) when it leads nowhere; see [`SecretReference::missing`].
    async fn secret(&self, reference: &SecretReference) -> Result<Secret>;

    /// The secret that the reference led to before, while it may still be valid. It is tried once where a target
    /// refuses the current one: both ends never change at the same moment. Default: none.
    ///
    /// # Errors
    /// As for [`secret`](Self::secret). The current one then counts as refused.
    async fn previous(&self, reference: &SecretReference) -> Result<Option<Secret>> {
        let _ = reference;
        Ok(None)
    }
}

/// No source: every reference is refused. The default, because whoever may edit a connection could otherwise read the
/// host's environment and files by naming them as a secret and a server of their own as the target.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct NoSecrets;

impl NoSecrets {
    /// The source that has nothing.
    pub fn new() -> Self {
        Self
    }
}

#[async_trait]
impl SecretSource for NoSecrets {
    async fn secret(&self, reference: &SecretReference) -> Result<Secret> {
        Err(Error::new(
            ErrorKind::Configuration,
            format!(
                "the reference {reference} cannot be followed: the dispatcher was built without a secret source"
            ),
        ))
    }
}

/// `env:NAME` from the environment and `file:PATH` from a file, whose last line break is not part of the secret.
/// `secret:NAME` needs a source of the host's own. Only for hosts whose connections are edited by operators alone.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct LocalSecrets;

impl LocalSecrets {
    /// The environment and the file system of this process.
    pub fn new() -> Self {
        Self
    }
}

#[async_trait]
impl SecretSource for LocalSecrets {
    async fn secret(&self, reference: &SecretReference) -> Result<Secret> {
        let text = match reference.scheme() {
            "env" => std::env::var(reference.name()).ok(),
            "file" => std::fs::read_to_string(reference.name()).ok().map(|text| {
                text.strip_suffix('\n')
                    .map_or(text.clone(), |line| line.trim_end_matches('\r').to_owned())
            }),
            _ => None,
        };
        text.filter(|text| !text.is_empty()).map(Secret::new).ok_or_else(|| reference.missing())
    }
}

macro_rules! forward {
    ($($pointer:ident),+) => {$(
        #[deny(clippy::missing_trait_methods, reason = "a method that is not forwarded would fall back to its default")]
        #[async_trait]
        impl<T: SecretSource + ?Sized> SecretSource for $pointer<T> {
            async fn secret(&self, reference: &SecretReference) -> Result<Secret> {
                (**self).secret(reference).await
            }

            async fn previous(&self, reference: &SecretReference) -> Result<Option<Secret>> {
                (**self).previous(reference).await
            }
        }
    )+};
}

forward!(Arc, Box);
