//! How one connection is dialled, beyond what the policy says for all.

use url::Url;

use crate::model::Secret;

/// What one connection asks of the client: whom to trust, what to show, through whom to go.
///
/// ```
/// use outbound_provisioning::transport::Dialing;
///
/// assert!(Dialing::new().is_plain());
/// assert!(!Dialing::new().trusting("-----BEGIN CERTIFICATE-----…").is_plain());
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Dialing {
    /// Certificates (PEM, one or more) of authorities that are trusted besides the operating system's.
    pub extra_roots: Option<String>,
    /// Our own certificate, with those between it and its authority, and its key (PEM, all in one; a key with a password
    /// cannot be read), for mutual TLS.
    pub identity: Option<Secret>,
    /// The proxy to go through, spoken to by http or https; without user name and password. Its address is judged by
    /// the network policy; the names of targets it looks up by itself.
    pub proxy: Option<Url>,
}

impl Dialing {
    /// Nothing special.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also trusting these authorities (PEM).
    #[must_use]
    pub fn trusting(mut self, roots: impl Into<String>) -> Self {
        self.extra_roots = Some(roots.into());
        self
    }

    /// Showing this certificate, with its key (PEM, both in one).
    #[must_use]
    pub fn showing(mut self, identity: Secret) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Going through this proxy.
    #[must_use]
    pub fn through(mut self, proxy: Url) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Whether nothing is asked for.
    pub fn is_plain(&self) -> bool {
        self.extra_roots.is_none() && self.identity.is_none() && self.proxy.is_none()
    }
}
