//! The trait, its error, and a client made of a closure.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::dialing::Dialing;
use super::policy::NetworkPolicy;
use crate::error::{BoxError, Effect, Error, ErrorKind};

/// A request with its body. Header values that are secret are marked sensitive.
pub type HttpRequest = http::Request<Vec<u8>>;

/// An answer with its body, read whole within the policy's cap.
pub type HttpResponse = http::Response<Vec<u8>>;

/// Sends one HTTP request.
///
/// # Contract
/// 1. Any status is `Ok`, 3xx included: redirects are not followed.
/// 2. No cookies, no proxy from the environment, no decompression, no retry. An answer that is compressed all the same
///    is [`HttpErrorKind::Encoded`].
/// 3. What [`policy`](Self::policy) forbids is not dialled, neither as a literal nor as what a name leads to at that
///    moment; its deadlines and caps hold.
/// 4. [`HttpErrorKind::Connect`], [`HttpErrorKind::Refused`] and [`HttpErrorKind::Tls`] only when the target surely
///    got no request.
#[async_trait]
pub trait HttpClient: fmt::Debug + Send + Sync + 'static {
    /// Sends the request and reads the answer.
    ///
    /// # Errors
    /// [`HttpError`], when there is no whole answer.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;

    /// What may be dialled, and for how long. Addresses are checked against it when a configuration is set.
    fn policy(&self) -> &NetworkPolicy;

    /// A client for one connection alone: with its own certificates and proxy, and with nothing shared with other
    /// connections, neither open connections nor TLS sessions (P27). None: this client does as it is. Default: it
    /// does, and [`Dialing`] must ask for nothing.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when the client cannot dial like this, or the certificates cannot
    /// be read.
    fn for_connection(
        &self,
        dialing: &Dialing,
    ) -> crate::error::Result<Option<Arc<dyn HttpClient>>> {
        if dialing.is_plain() {
            return Ok(None);
        }
        let message = "this HTTP client offers no certificates or proxy of one connection; use another client or leave them out";
        Err(Error::new(ErrorKind::Configuration, message))
    }
}

macro_rules! forward {
    ($($pointer:ident),+) => {$(
        #[deny(clippy::missing_trait_methods, reason = "a method that is not forwarded would fall back to its default")]
        #[async_trait]
        impl<T: HttpClient + ?Sized> HttpClient for $pointer<T> {
            async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
                (**self).send(request).await
            }

            fn policy(&self) -> &NetworkPolicy {
                (**self).policy()
            }

            fn for_connection(&self, dialing: &Dialing) -> crate::error::Result<Option<Arc<dyn HttpClient>>> {
                (**self).for_connection(dialing)
            }
        }
    )+};
}

forward!(Arc, Box);

/// Why there is no answer. The message never holds a URL's query or a header.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct HttpError {
    kind: HttpErrorKind,
    message: &'static str,
    source: Option<BoxError>,
}

impl HttpError {
    /// An error of a kind.
    pub fn new(kind: HttpErrorKind) -> Self {
        let message = match kind {
            HttpErrorKind::Connect => "no connection to the target",
            HttpErrorKind::Encoded => {
                "the answer is compressed or encoded, which was not asked for"
            }
            HttpErrorKind::Interrupted => {
                "no whole answer: the connection was lost, or what came is not HTTP"
            }
            HttpErrorKind::Refused => "the network policy does not allow this address",
            HttpErrorKind::Timeout => "the target did not answer in time",
            HttpErrorKind::Tls => "no secure connection to the target",
            HttpErrorKind::TooLarge => "the answer is larger than the network policy allows",
        };
        Self { kind, message, source: None }
    }

    /// The same error with what caused it. The source must not show a URL's query.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error in words that say more.
    #[cfg(feature = "reqwest")]
    pub(super) fn saying(mut self, message: &'static str) -> Self {
        self.message = message;
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> HttpErrorKind {
        self.kind
    }
}

/// What went wrong below HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// The name leads nowhere, or nobody answers there. Nothing was sent.
    Connect,
    /// The answer is in an encoding that was not asked for. The target has acted.
    Encoded,
    /// The connection broke after the request may have left, or what came is not HTTP.
    Interrupted,
    /// The policy forbids the address. Nothing was sent.
    Refused,
    /// The total deadline passed after the request may have left.
    Timeout,
    /// One side does not accept the other's certificate, or they have no TLS in common: a person must mend it. The
    /// target got no request.
    Tls,
    /// The answer is over the cap. The target has acted.
    TooLarge,
}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Self {
        let (kind, effect) = match error.kind {
            HttpErrorKind::Connect => (ErrorKind::Unavailable, Effect::NotSent),
            HttpErrorKind::Encoded => (ErrorKind::InvalidResponse, Effect::Unknown),
            HttpErrorKind::Interrupted => (ErrorKind::Unavailable, Effect::Unknown),
            HttpErrorKind::Refused => (ErrorKind::Configuration, Effect::NotSent),
            HttpErrorKind::Timeout => (ErrorKind::Timeout, Effect::Unknown),
            HttpErrorKind::Tls => (ErrorKind::Configuration, Effect::NotSent),
            HttpErrorKind::TooLarge => (ErrorKind::InvalidResponse, Effect::Unknown),
        };
        let folded = Self::new(kind, error.message).with_effect(effect);
        match error.source {
            Some(source) => folded.with_source(source),
            None => folded,
        }
    }
}

/// A client made of a closure, for tests. See [`http_fn`].
#[derive(Clone)]
pub struct HttpFn<F> {
    answer: F,
    policy: NetworkPolicy,
}

/// A client that answers with a closure. Its policy allows loopback.
pub fn http_fn<F>(answer: F) -> HttpFn<F>
where
    F: Fn(HttpRequest) -> Result<HttpResponse, HttpError> + Send + Sync + 'static,
{
    HttpFn { answer, policy: NetworkPolicy::new().allow_loopback() }
}

impl<F> fmt::Debug for HttpFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpFn")
    }
}

#[async_trait]
impl<F> HttpClient for HttpFn<F>
where
    F: Fn(HttpRequest) -> Result<HttpResponse, HttpError> + Send + Sync + 'static,
{
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        (self.answer)(request)
    }

    fn policy(&self) -> &NetworkPolicy {
        &self.policy
    }
}
