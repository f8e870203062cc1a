//! From host names to addresses. Beside `host::tokio` the only module that names tokio.

use std::fmt;
use std::io;
use std::net::IpAddr;

use async_trait::async_trait;

/// Looks up the addresses of host names.
///
/// It need not judge them: the client dials none that its policy forbids, and asks anew for every dial.
#[async_trait]
pub trait Dns: fmt::Debug + Send + Sync + 'static {
    /// All addresses of a host, in the order in which they are tried.
    ///
    /// # Errors
    /// When there is no such name, or nobody knows. Nothing is dialled then.
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's own look-up: its resolver, its files, its search list.
#[cfg(feature = "reqwest")]
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemDns;

#[cfg(feature = "reqwest")]
impl SystemDns {
    /// The system's look-up.
    pub fn new() -> Self {
        Self
    }
}

#[cfg(feature = "reqwest")]
#[async_trait]
impl Dns for SystemDns {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        // The port is of no interest; the call wants one.
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}
