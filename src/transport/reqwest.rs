//! The only module that names reqwest.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, HeaderName, TRANSFER_ENCODING};

use super::causes::causes;
use super::client::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse};
use super::dialing::Dialing;
use super::dns::{Dns, SystemDns};
use super::policy::NetworkPolicy;
use super::tls::{self, SystemRoots};
use crate::error::{BoxError, Error, ErrorKind, Result};

/// HTTP/1.1 by reqwest: TLS 1.2 or newer by rustls with ring, the operating system's certificates.
///
/// Nothing global is touched: the TLS provider is handed over, none is installed. Which features of reqwest the rest of
/// the program switches on changes nothing: proxies of the environment, cookies, decompression, HTTP/2 and redirects
/// stay off.
///
/// A connector takes a client of its own for each connection ([`for_connection`](HttpClient::for_connection)).
///
/// ```no_run
/// use outbound_provisioning::transport::{NetworkPolicy, ReqwestClient};
///
/// let client = ReqwestClient::new(NetworkPolicy::new())?;
/// # Ok::<(), outbound_provisioning::Error>(())
/// ```
#[derive(Clone)]
pub struct ReqwestClient {
    client: reqwest::Client,
    dns: Arc<dyn Dns>,
    policy: Arc<NetworkPolicy>,
    roots: SystemRoots,
}

impl ReqwestClient {
    /// A client under this policy. Clones share its connections.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when TLS cannot be set up.
    pub fn new(policy: NetworkPolicy) -> Result<Self> {
        Self::with_dns(policy, SystemDns::new())
    }

    /// The same, with another look-up of names than the operating system's.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn with_dns(policy: NetworkPolicy, dns: impl Dns) -> Result<Self> {
        Self::dialing(Arc::new(policy), Arc::new(dns), SystemRoots::read()?, &Dialing::new())
    }

    fn dialing(
        policy: Arc<NetworkPolicy>,
        dns: Arc<dyn Dns>,
        roots: SystemRoots,
        dialing: &Dialing,
    ) -> Result<Self> {
        let unusable = |error: reqwest::Error| {
            Error::new(ErrorKind::Configuration, "the HTTP client cannot be set up")
                .with_source(error.without_url())
        };
        let guarded = GuardedDns { dns: Arc::clone(&dns), policy: Arc::clone(&policy) };
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(roots.client_config(dialing)?)
            .dns_resolver(guarded)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .referer(false)
            .http1_only()
            .http1_max_headers(policy.max_header_lines)
            .connect_timeout(policy.connect_timeout)
            .timeout(policy.total_timeout)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = &dialing.proxy {
            if let Some(complaint) = policy.proxy_complaint(proxy) {
                let message = format!("the proxy cannot be used: {complaint}");
                return Err(Error::new(ErrorKind::Configuration, message));
            }
            builder = builder.proxy(reqwest::Proxy::all(proxy.clone()).map_err(unusable)?);
        }
        let client = builder.build().map_err(unusable)?;
        Ok(Self { client, dns, policy, roots })
    }
}

/// Certificates and proxies are left out.
impl fmt::Debug for ReqwestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestClient").field("policy", &self.policy).finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpClient for ReqwestClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request = reqwest::Request::try_from(request).map_err(|error| {
            HttpError::new(HttpErrorKind::Refused).with_source(error.without_url())
        })?;
        // A literal never reaches the look-up of names, so it is judged here.
        if let Some(complaint) = self.policy.complaint(request.url()) {
            return Err(HttpError::new(HttpErrorKind::Refused).with_source(complaint));
        }
        let mut answer = self.client.execute(request).await.map_err(unanswered)?;
        self.check_headers(answer.headers())?;
        let mut response = HttpResponse::new(self.body(&mut answer).await?);
        *response.status_mut() = answer.status();
        *response.version_mut() = answer.version();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }

    fn policy(&self) -> &NetworkPolicy {
        &self.policy
    }

    fn for_connection(&self, dialing: &Dialing) -> Result<Option<Arc<dyn HttpClient>>> {
        let (policy, dns) = (Arc::clone(&self.policy), Arc::clone(&self.dns));
        let own = Self::dialing(policy, dns, self.roots.clone(), dialing)?;
        Ok(Some(Arc::new(own)))
    }
}

impl ReqwestClient {
    fn check_headers(&self, headers: &HeaderMap) -> Result<(), HttpError> {
        // As on the wire: a colon, a blank and the end of the line.
        let bytes: usize =
            headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if bytes > self.policy.max_header_bytes || headers.len() > self.policy.max_header_lines {
            return Err(HttpError::new(HttpErrorKind::TooLarge));
        }
        Ok(())
    }

    /// Reads up to the cap. An announced length only allows to refuse early; it is never believed.
    async fn body(&self, answer: &mut reqwest::Response) -> Result<Vec<u8>, HttpError> {
        let cap = self.policy.max_response_bytes;
        if answer.content_length().is_some_and(|length| length > cap as u64) {
            return Err(HttpError::new(HttpErrorKind::TooLarge));
        }
        let encoded = is_encoded(answer.headers());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(interrupted)? {
            // Nothing is wrong with the encoding of nothing.
            if encoded && !chunk.is_empty() {
                return Err(HttpError::new(HttpErrorKind::Encoded));
            }
            if body.len() + chunk.len() > cap {
                return Err(HttpError::new(HttpErrorKind::TooLarge));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// Whether the body is anything but itself, cut into chunks at most.
fn is_encoded(headers: &HeaderMap) -> bool {
    let any_but = |name: HeaderName, plain: &str| {
        headers.get_all(name).iter().any(|value| match value.to_str() {
            Ok(text) => text.split(',').any(|coding| {
                !coding.trim().is_empty() && !coding.trim().eq_ignore_ascii_case(plain)
            }),
            Err(_) => true,
        })
    };
    any_but(CONTENT_ENCODING, "identity") || any_but(TRANSFER_ENCODING, "chunked")
}

/// Lets through what the policy admits, anew for every dial: the address that is dialled is the one that was judged.
struct GuardedDns {
    dns: Arc<dyn Dns>,
    policy: Arc<NetworkPolicy>,
}

impl reqwest::dns::Resolve for GuardedDns {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let (dns, policy) = (Arc::clone(&self.dns), Arc::clone(&self.policy));
        Box::pin(async move {
            let found = dns.addresses(name.as_str()).await?;
            if found.is_empty() {
                return Err(BoxError::from("the name has no addresses"));
            }
            let admitted = policy.admitted(name.as_str(), found);
            if admitted.is_empty() {
                return Err(BoxError::from(NoneAdmitted));
            }
            // The port is the URL's.
            let addresses = admitted.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as reqwest::dns::Addrs)
        })
    }
}

/// All addresses of a name are forbidden.
#[derive(Debug, thiserror::Error)]
#[error("the name leads only to addresses that the network policy does not allow")]
struct NoneAdmitted;

/// No head of an answer came.
fn unanswered(error: reqwest::Error) -> HttpError {
    let refused = causes(&error).any(|error| error.is::<NoneAdmitted>());
    // A connection that timed out is both; only the first is sure that nothing was sent.
    let (kind, message) = if refused {
        (HttpErrorKind::Refused, None)
    } else if error.is_connect() {
        match tls::handshake_fault(&error) {
            Some(fault) => (HttpErrorKind::Tls, Some(fault)),
            None => (HttpErrorKind::Connect, None),
        }
    } else if let Some(fault) = tls::identity_fault(&error) {
        (HttpErrorKind::Tls, Some(fault))
    } else {
        return interrupted(error);
    };
    let folded = HttpError::new(kind);
    let folded = match message {
        Some(message) => folded.saying(message),
        None => folded,
    };
    // The URL's query holds the filter, and the filter a user name.
    folded.with_source(error.without_url())
}

/// The request may have left.
fn interrupted(error: reqwest::Error) -> HttpError {
    let kind = if error.is_timeout() { HttpErrorKind::Timeout } else { HttpErrorKind::Interrupted };
    HttpError::new(kind).with_source(error.without_url())
}
