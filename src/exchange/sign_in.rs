//! Who we say we are in a request, and what we say when that is not believed.

use super::header::{Form, Signature, bearer};
use super::keyring::{Keyring, Keys};
use super::settings::Authentication;
use super::tokens::{Means, Tokens};
use crate::error::Result;
use crate::model::Secret;

/// One way for one connection.
#[derive(Debug)]
pub(super) enum SignIn {
    /// Nothing; what shows who we are is the certificate, if anything.
    Nobody,
    Keys {
        form: Form,
        keyring: Keyring,
    },
    Tokens(Box<Tokens>),
}

/// What goes into one request.
#[derive(Debug)]
pub(super) struct Proof {
    pub(super) signature: Signature,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Keys(Keys),
    Token(Secret),
}

impl SignIn {
    pub(super) fn new(authentication: Authentication) -> Self {
        let keys = |form, credentials| Self::Keys { form, keyring: Keyring::new(credentials) };
        match authentication {
            Authentication::None => Self::Nobody,
            Authentication::Basic { username, password } => {
                keys(Form::Basic, vec![username, password])
            }
            Authentication::Bearer(token) => keys(Form::Bearer, vec![token]),
            Authentication::ApiKey { header, key } => keys(Form::ApiKey(header), vec![key]),
            Authentication::OAuth2(settings) => Self::Tokens(Box::new(Tokens::new(settings))),
        }
    }

    /// What to show first.
    pub(super) async fn proof(&self, means: Means<'_>) -> Result<Option<Proof>> {
        match self {
            Self::Nobody => Ok(None),
            Self::Keys { form, keyring } => {
                let keys = keyring.keys(means.secrets).await?;
                by_keys(form, keys).map(Some)
            }
            Self::Tokens(tokens) => by_token(tokens.token(None, means).await?).map(Some),
        }
    }

    /// Whether there may be something else to show.
    pub(super) fn has_another(&self) -> bool {
        match self {
            Self::Nobody => false,
            Self::Keys { keyring, .. } => keyring.may_rotate(),
            Self::Tokens(_) => true,
        }
    }

    /// What to show when the first is not believed: a new token, or the secret before or after the one that is being
    /// replaced.
    pub(super) async fn another(&self, refused: &Proof, means: Means<'_>) -> Result<Option<Proof>> {
        match (self, &refused.source) {
            (Self::Keys { form, keyring }, Source::Keys(keys)) => {
                // A source that fails has no other: what counts is that the first was refused.
                match keyring.other(keys, means.secrets).await {
                    Ok(Some(other)) => by_keys(form, other).map(Some),
                    _ => Ok(None),
                }
            }
            (Self::Tokens(tokens), Source::Token(token)) => {
                by_token(tokens.token(Some(token), means).await?).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The second was believed.
    pub(super) fn works(&self, proof: &Proof) {
        if let (Self::Keys { keyring, .. }, Source::Keys(keys)) = (self, &proof.source) {
            keyring.works(keys);
        }
    }
}

fn by_keys(form: &Form, keys: Keys) -> Result<Proof> {
    Ok(Proof { signature: form.sign(&keys.values)?, source: Source::Keys(keys) })
}

fn by_token(token: Secret) -> Result<Proof> {
    Ok(Proof { signature: bearer(&token)?, source: Source::Token(token) })
}
