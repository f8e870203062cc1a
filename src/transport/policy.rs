//! What may be dialled, for how long, and how much is read: the one place for it.

use std::net::IpAddr;
use std::time::Duration;

use url::{Host, Url};

use super::address::{self, AddressRange, Opened};
use super::host_name::{self, Place};

/// One answer for all forbidden hosts: whoever sets an address must not learn more about the network than that (F86).
const NOT_PUBLIC: &str = "not a public address; use the target's public https address, or have the operator allow its range";

/// The operator's rules for every outgoing request. They are part of the program and not of the configuration:
/// tenants cannot edit them.
///
/// **Where to.** Public addresses by https. Private, local, reserved and all other special-purpose addresses are
/// refused, and so are the IPv6 forms that wrap an IPv4 address on its way through a relay. Addresses are judged as
/// they are dialled: literals however they are spelled, and each address that a name leads to, at every dial. Names
/// that cannot be public are refused as soon as a configuration holds them: `localhost`, the metadata names of clouds,
/// and, while nothing but public addresses is allowed, `*.internal`, `*.local`, `*.localdomain`, `*.intranet` and
/// `*.home.arpa`.
///
/// **What opens more.** [`allow_range`](Self::allow_range) for systems in your own network, by https as well;
/// [`allow_loopback`](Self::allow_loopback) for tests and development, also by http. Where clouds hand out credentials
/// (`169.254.169.254` and its like) stays refused under both. On a network with NAT64 allow `64:ff9b::/96`: the IPv4
/// address within is judged then.
///
/// **What it cannot see.** Which public addresses are this machine's own, or lead back into your network: keep them out
/// by a firewall. And what stands behind a proxy: its own address is judged, and so is a target that is given as an
/// address or by a name of the above, but all other names are looked up by the proxy. Allow the range of an
/// internal proxy only if that proxy refuses internal targets itself: whoever may edit a connection may name it.
///
/// ```
/// use outbound_provisioning::transport::NetworkPolicy;
/// use url::Url;
///
/// let policy = NetworkPolicy::new();
/// assert!(policy.complaint(&Url::parse("https://hr.example.com/scim").unwrap()).is_none());
/// assert!(policy.complaint(&Url::parse("http://hr.example.com/scim").unwrap()).is_some());
/// assert!(policy.complaint(&Url::parse("http://2130706433/").unwrap()).is_some()); // 127.0.0.1 in disguise
/// assert!(policy.complaint(&Url::parse("https://10.1.2.3/").unwrap()).is_some());
///
/// let policy = policy.allow_range("10.1.0.0/16".parse()?);
/// assert!(policy.complaint(&Url::parse("https://10.1.2.3/").unwrap()).is_none());
/// assert!(policy.allow_loopback().complaint(&Url::parse("http://127.0.0.1:8080/").unwrap()).is_none());
/// # Ok::<(), outbound_provisioning::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkPolicy {
    /// Whether this machine itself may be dialled, then also without TLS.
    pub loopback: bool,
    /// What may be dialled besides public addresses.
    pub allowed_ranges: Vec<AddressRange>,
    /// The longest wait for a connection: look-up of the name, proxy and TLS included. 5 s unless set.
    pub connect_timeout: Duration,
    /// The longest wait for a whole answer, counted from the start. 30 s unless set.
    pub total_timeout: Duration,
    /// The most bytes of an answer's body that are read. 1 MiB unless set.
    pub max_response_bytes: usize,
    /// The most bytes that an answer's headers may have. 64 KiB unless set.
    pub max_header_bytes: usize,
    /// The most headers that an answer may have. 100 unless set.
    pub max_header_lines: usize,
}

impl NetworkPolicy {
    /// The strict defaults.
    pub fn new() -> Self {
        Self {
            loopback: false,
            allowed_ranges: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(30),
            max_response_bytes: 1024 * 1024,
            max_header_bytes: 64 * 1024,
            max_header_lines: 100,
        }
    }

    /// The same policy, under which this machine itself may be dialled, also without TLS. For tests and development.
    #[must_use]
    pub fn allow_loopback(mut self) -> Self {
        self.loopback = true;
        self
    }

    /// The same policy, under which these addresses may be dialled, with TLS. Repeat it for more.
    #[must_use]
    pub fn allow_range(mut self, range: AddressRange) -> Self {
        self.allowed_ranges.push(range);
        self
    }

    /// The same policy with these deadlines.
    #[must_use]
    pub fn with_timeouts(mut self, connect: Duration, total: Duration) -> Self {
        self.connect_timeout = connect;
        self.total_timeout = total;
        self
    }

    /// Why an address may not be dialled, with the remedy; none when it may. A name is judged by itself: for what it
    /// leads to, see [`admitted`](Self::admitted).
    pub fn complaint(&self, url: &Url) -> Option<&'static str> {
        self.proxy_complaint(url).or_else(|| {
            (url.scheme() == "http" && !is_loopback(url))
                .then_some("not encrypted; use https (plain http is for loopback addresses alone)")
        })
    }

    /// The same for a proxy. It may be spoken to in the clear: what goes through it to the target is encrypted.
    pub fn proxy_complaint(&self, url: &Url) -> Option<&'static str> {
        if !matches!(url.scheme(), "http" | "https") {
            Some("not an HTTP address; use https")
        } else if !url.username().is_empty() || url.password().is_some() {
            Some("user name or password in the address; leave them out")
        } else if !self.admits_host(url) {
            Some(NOT_PUBLIC)
        } else {
            None
        }
    }

    /// Whether an address may be dialled.
    pub fn admits(&self, address: IpAddr) -> bool {
        Opened { loopback: self.loopback, ranges: &self.allowed_ranges }.admits(address)
    }

    /// Of the addresses that a name leads to, those that may be dialled. To be asked before every dial, as the answer
    /// may have changed since the last.
    pub fn admitted(&self, name: &str, addresses: impl IntoIterator<Item = IpAddr>) -> Vec<IpAddr> {
        // Plain http is allowed to `localhost`, so that must not lead elsewhere.
        let local = host_name::place(name) == Place::ThisMachine;
        let mut admitted: Vec<_> = addresses.into_iter().collect();
        admitted
            .retain(|address| self.admits(*address) && (!local || address::is_loopback(*address)));
        admitted
    }

    fn admits_host(&self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Ipv4(address)) => self.admits(address.into()),
            Some(Host::Ipv6(address)) => self.admits(address.into()),
            Some(Host::Domain(name)) => match host_name::place(name) {
                Place::Anywhere => true,
                Place::ThisMachine => self.loopback,
                // They lead where nothing is allowed anyway; said early, it can be mended early.
                Place::Private => self.loopback || !self.allowed_ranges.is_empty(),
                Place::Metadata => false,
            },
            None => false,
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
        Some(Host::Ipv4(address)) => address::is_loopback(address.into()),
        Some(Host::Ipv6(address)) => address::is_loopback(address.into()),
        Some(Host::Domain(name)) => host_name::place(name) == Place::ThisMachine,
        None => false,
    }
}
