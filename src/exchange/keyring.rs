//! What one sign-in needs, in two versions while a secret is being replaced: both ends never change at the same moment.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::credential::{Credential, same};
use crate::error::Result;
use crate::host::SecretSource;
use crate::model::Secret;

/// Credentials that belong together, and which of their versions the target takes.
#[derive(Debug)]
pub(super) struct Keyring {
    credentials: Vec<Credential>,
    /// Current values that the target does not take yet, while it takes the previous ones.
    ahead_of_target: Mutex<Option<Vec<Secret>>>,
}

/// One version of the values, in the order of the credentials.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub(super) values: Vec<Secret>,
    /// The current values, whichever version this is: by them a change is noticed.
    pub(super) current: Vec<Secret>,
    is_previous: bool,
}

impl Keyring {
    pub(super) fn new(credentials: impl IntoIterator<Item = Credential>) -> Self {
        Self { credentials: credentials.into_iter().collect(), ahead_of_target: Mutex::new(None) }
    }

    /// Whether there may be a second version.
    pub(super) fn may_rotate(&self) -> bool {
        self.credentials.iter().any(|credential| matches!(credential, Credential::Reference(_)))
    }

    /// The version that is most likely to be taken: the current one, unless the target was seen to lag behind.
    pub(super) async fn keys(&self, source: &dyn SecretSource) -> Result<Keys> {
        let mut current = Vec::with_capacity(self.credentials.len());
        for credential in &self.credentials {
            current.push(credential.current(source).await?);
        }
        let lags = self.lock().as_ref().is_some_and(|ahead| same(ahead, &current));
        if lags && let Some(previous) = self.previous(&current, source).await? {
            return Ok(previous);
        }
        Ok(Keys { values: current.clone(), current, is_previous: false })
    }

    /// The version that was not tried, if there is one.
    pub(super) async fn other(
        &self,
        refused: &Keys,
        source: &dyn SecretSource,
    ) -> Result<Option<Keys>> {
        if refused.is_previous {
            let current = refused.current.clone();
            return Ok(Some(Keys { values: current.clone(), current, is_previous: false }));
        }
        self.previous(&refused.current, source).await
    }

    /// Begins with this version from now on, until the current values change.
    pub(super) fn works(&self, keys: &Keys) {
        *self.lock() = keys.is_previous.then(|| keys.current.clone());
    }

    async fn previous(
        &self,
        current: &[Secret],
        source: &dyn SecretSource,
    ) -> Result<Option<Keys>> {
        let mut values = Vec::with_capacity(current.len());
        for (credential, current) in self.credentials.iter().zip(current) {
            let previous = credential.previous(source).await?;
            values.push(previous.unwrap_or_else(|| current.clone()));
        }
        let keys = Keys { values, current: current.to_vec(), is_previous: true };
        Ok((!same(&keys.values, &keys.current)).then_some(keys))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Secret>>> {
        self.ahead_of_target.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
