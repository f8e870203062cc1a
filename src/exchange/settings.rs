//! The settings of a connection, checked: what is between the connector and the wire.

use std::fmt;

use http::{HeaderName, Uri};
use url::Url;

use super::budget::Limits;
use super::credential::Credential;

/// Who we say we are, how it is dialled, and how fast we go. Made by [`read`](Self::read).
#[derive(Clone, Debug)]
pub(crate) struct ExchangeSettings {
    pub(super) authentication: Authentication,
    pub(super) dialing: DialingSettings,
    pub(super) limits: Limits,
}

/// How we show who we are.
#[derive(Clone, Debug)]
pub(super) enum Authentication {
    None,
    Basic { username: Credential, password: Credential },
    Bearer(Credential),
    ApiKey { header: HeaderName, key: Credential },
    OAuth2(OAuth2),
}

/// OAuth 2.0 client credentials (RFC 6749 section 4.4).
#[derive(Clone)]
pub(super) struct OAuth2 {
    pub(super) token_url: Uri,
    /// The address as it was typed: the audience of assertions is compared letter by letter.
    pub(super) token_url_text: String,
    pub(super) client_id: String,
    pub(super) client: ClientAuthentication,
    /// The client's secret, or its private key.
    pub(super) credential: Credential,
    pub(super) scope: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) resource: Option<String>,
}

/// An address may hold a secret in its query, so nothing is shown.
impl fmt::Debug for OAuth2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OAuth2([redacted])")
    }
}

/// How the token endpoint recognises us.
#[derive(Clone, Debug)]
pub(super) enum ClientAuthentication {
    /// The secret in a header (RFC 6749 section 2.3.1).
    SecretBasic,
    /// The secret in the form.
    SecretPost,
    /// An assertion that the private key signs (RFC 7523).
    PrivateKey { algorithm: Algorithm, key_id: Option<String> },
}

/// How a private key signs (RFC 7518 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Ps256,
    Es256,
}

impl Algorithm {
    pub(super) const ALL: [Self; 3] = [Self::Rs256, Self::Ps256, Self::Es256];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
        }
    }
}

/// How the connection is dialled. The certificate may be a reference, to be followed when it is needed.
#[derive(Clone, Debug)]
pub(super) struct DialingSettings {
    pub(super) identity: Option<Credential>,
    pub(super) extra_roots: Option<String>,
    pub(super) proxy: Option<Url>,
}
