//! What may be dialled, for how long, and how much is read: the one place for it.

use std::time::Duration;

use url::{Host, Url};

/// The operator's rules for every outgoing request. Tenants cannot edit them.
///
/// https only; plain http, and any loopback address, only where [`allow_loopback`](Self::allow_loopback) was said.
///
/// ```
/// use outbound_provisioning::transport::NetworkPolicy;
/// use url::Url;
///
/// let policy = NetworkPolicy::new();
/// assert!(policy.complaint(&Url::parse("https://hr.example.com/scim").unwrap()).is_none());
/// assert!(policy.complaint(&Url::parse("http://hr.example.com/scim").unwrap()).is_some());
/// assert!(policy.complaint(&Url::parse("http://2130706433/").unwrap()).is_some()); // 127.0.0.1 in disguise
/// assert!(policy.allow_loopback().complaint(&Url::parse("http://127.0.0.1:8080/").unwrap()).is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkPolicy {
    /// Whether this machine itself may be dialled, then also without TLS.
    pub loopback: bool,
    /// The longest wait for a connection, TLS included. 5 s unless set.
    pub connect_timeout: Duration,
    /// The longest wait for a whole answer, counted from the start. 30 s unless set.
    pub total_timeout: Duration,
    /// The most bytes of an answer's body that are read. 1 MiB unless set.
    pub max_response_bytes: usize,
}

impl NetworkPolicy {
    /// The strict defaults.
    pub fn new() -> Self {
        Self {
            loopback: false,
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(30),
            max_response_bytes: 1024 * 1024,
        }
    }

    /// The same policy, under which this machine itself may be dialled, also without TLS. For tests and development.
    #[must_use]
    pub fn allow_loopback(mut self) -> Self {
        self.loopback = true;
        self
    }

    /// The same policy with these deadlines.
    #[must_use]
    pub fn with_timeouts(mut self, connect: Duration, total: Duration) -> Self {
        self.connect_timeout = connect;
        self.total_timeout = total;
        self
    }

    /// Why an address may not be dialled, with the remedy; none when it may.
    pub fn complaint(&self, url: &Url) -> Option<&'static str> {
        match (url.scheme(), is_loopback(url)) {
            ("http" | "https", true) if self.loopback => None,
            ("http" | "https", true) => {
                Some("this machine itself is not a target; use the target's public https address")
            }
            ("https", false) => None,
            ("http", false) => {
                Some("not encrypted; use https (plain http is for loopback addresses alone)")
            }
            _ => Some("not an HTTP address; use https"),
        }
    }
}

impl Default for NetworkPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// Judges the parsed host, never the text: the parser has already undone decimal, octal and hexadecimal spellings.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback()
                || address.is_unspecified()
                || address
                    .to_ipv4_mapped()
                    .is_some_and(|address| address.is_loopback() || address.is_unspecified())
        }
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}
