//! Tokens: asked for once and by one, kept while they are good (P27, F55, F96).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::assertion::client_assertion;
use super::clock::Clock;
use super::credential::same;
use super::keyring::{Keyring, Keys};
use super::oauth::{Granted, Refused, no_answer, token_answer, token_request};
use super::settings::{ClientAuthentication, OAuth2};
use super::signer::signer;
use crate::error::{Error, ErrorKind, Result};
use crate::host::SecretSource;
use crate::model::{Secret, Timestamp};
use crate::transport::HttpClient;
use crate::turnstile::Turnstile;

/// A token is replaced so long before its end, or a tenth of its life.
const EARLY: Duration = Duration::from_secs(60);

/// The tokens of one connection.
#[derive(Debug)]
pub(super) struct Tokens {
    settings: OAuth2,
    keyring: Keyring,
    turnstile: Turnstile,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    token: Option<Token>,
    /// How often the token endpoint was asked to the end.
    rounds: u64,
    /// What the last round ended in, and for whom.
    failure: Option<(Vec<Secret>, Error)>,
}

/// A token, and for whose credentials it was given.
#[derive(Clone, Debug)]
struct Token {
    value: Secret,
    owner: Vec<Secret>,
    renew_at: Timestamp,
    ends_at: Timestamp,
}

/// What it takes to ask.
#[derive(Clone, Copy, Debug)]
pub(super) struct Means<'a> {
    pub(super) client: &'a dyn HttpClient,
    pub(super) secrets: &'a dyn SecretSource,
    pub(super) clock: &'a Clock,
}

impl Tokens {
    pub(super) fn new(settings: OAuth2) -> Self {
        let keyring = Keyring::new([settings.credential.clone()]);
        Self { settings, keyring, turnstile: Turnstile::default(), kept: Mutex::default() }
    }

    /// A token that is good by its dates, and is not the one that was refused.
    pub(super) async fn token(&self, refused: Option<&Secret>, means: Means<'_>) -> Result<Secret> {
        let keys = self.keyring.keys(means.secrets).await?;
        let good = |now| {
            let token = self.known(&keys, refused)?;
            (now < token.renew_at).then_some(token.value)
        };
        if let Some(token) = good(means.clock.now()) {
            return Ok(token);
        }
        let rounds = self.lock().rounds;
        let _turn = self.turnstile.enter().await;
        // Somebody else may have asked meanwhile.
        if let Some(token) = good(means.clock.now()) {
            return Ok(token);
        }
        if let Some(error) = self.failure_since(rounds, &keys) {
            return Err(error);
        }
        let asked_at = means.clock.now();
        match self.ask(&keys, means).await {
            Ok(granted) => Ok(self.keep(granted, keys, asked_at)),
            Err(error) => {
                let mut kept = self.lock();
                kept.rounds += 1;
                kept.failure = Some((keys.current.clone(), error.clone()));
                drop(kept);
                // One that is about to end is better than none.
                let last = self.known(&keys, refused).filter(|token| asked_at < token.ends_at);
                let is_down =
                    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::RateLimited);
                last.filter(|_| is_down).map(|token| token.value).ok_or(error)
            }
        }
    }

    /// The token that is kept for these credentials; a changed secret gets its own.
    fn known(&self, keys: &Keys, refused: Option<&Secret>) -> Option<Token> {
        let is_other =
            |token: &Token| refused.is_none_or(|refused| refused.expose() != token.value.expose());
        let kept = self.lock();
        kept.token
            .as_ref()
            .filter(|token| same(&token.owner, &keys.current) && is_other(token))
            .cloned()
    }

    /// Who waited for somebody else's question shares the answer: a token endpoint that refuses is not asked by all.
    fn failure_since(&self, rounds: u64, keys: &Keys) -> Option<Error> {
        let kept = self.lock();
        let (owner, error) = kept.failure.as_ref().filter(|_| kept.rounds > rounds)?;
        same(owner, &keys.current).then(|| error.clone())
    }

    fn keep(&self, granted: Granted, keys: Keys, asked_at: Timestamp) -> Secret {
        let early = EARLY.min(granted.life / 10);
        let mut kept = self.lock();
        kept.rounds += 1;
        kept.failure = None;
        kept.token = Some(Token {
            value: granted.token.clone(),
            owner: keys.current,
            renew_at: asked_at.after(granted.life.saturating_sub(early)),
            ends_at: asked_at.after(granted.life),
        });
        granted.token
    }

    /// Asks with what is most likely to be taken, and once more with the secret before or after it.
    async fn ask(&self, keys: &Keys, means: Means<'_>) -> Result<Granted> {
        let refused = match self.ask_with(keys, means).await {
            Ok(granted) => return Ok(granted),
            Err(refused) => refused,
        };
        if !refused.is_client {
            return Err(refused.error);
        }
        let Ok(Some(other)) = self.keyring.other(keys, means.secrets).await else {
            return Err(refused.error);
        };
        let granted = self.ask_with(&other, means).await.map_err(|refused| refused.error)?;
        self.keyring.works(&other);
        Ok(granted)
    }

    async fn ask_with(&self, keys: &Keys, means: Means<'_>) -> Result<Granted, Refused> {
        let proof = self.proof(keys, means.clock)?;
        let request = token_request(&self.settings, &proof)?;
        let response = means.client.send(request).await;
        let response = response.map_err(no_answer)?;
        token_answer(&response, means.clock.now())
    }

    /// The client's secret, or what its private key signs.
    fn proof(&self, keys: &Keys, clock: &Clock) -> Result<Secret> {
        let [value] = keys.values.as_slice() else {
            return Err(Error::new(ErrorKind::Internal, "a client with several credentials"));
        };
        let ClientAuthentication::PrivateKey { algorithm, key_id } = &self.settings.client else {
            return Ok(value.clone());
        };
        let signer = signer(value, *algorithm).map_err(|complaint| {
            Error::new(ErrorKind::Configuration, format!("the private key: {complaint}"))
        })?;
        client_assertion(
            &*signer,
            key_id.as_deref(),
            &self.settings.client_id,
            &self.settings.token_url_text,
            clock.now(),
            clock.random(),
        )
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
