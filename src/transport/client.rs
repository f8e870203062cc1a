//! The trait, its error, and a client made of a closure.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

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
/// 2. No cookies, no proxy from the environment, no decompression, no retry.
/// 3. What [`policy`](Self::policy) forbids is not dialled; its deadlines and caps hold.
/// 4. [`HttpErrorKind::Connect`] and [`HttpErrorKind::Refused`] only when no byte of the request was sent.
#[async_trait]
pub trait HttpClient: fmt::Debug + Send + Sync + 'static {
    /// Sends the request and reads the answer.
    ///
    /// # Errors
    /// [`HttpError`], when there is no whole answer.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;

    /// What may be dialled, and for how long. Addresses are checked against it when a configuration is set.
    fn policy(&self) -> &NetworkPolicy;
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
            HttpErrorKind::Interrupted => "the connection was lost before the whole answer came",
            HttpErrorKind::Refused => "the network policy does not allow this address",
            HttpErrorKind::Timeout => "the target did not answer in time",
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

    /// What went wrong.
    pub fn kind(&self) -> HttpErrorKind {
        self.kind
    }
}

/// What went wrong below HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// DNS, TCP or TLS failed. Nothing was sent.
    Connect,
    /// The connection broke after the request may have left.
    Interrupted,
    /// The policy forbids the address. Nothing was sent.
    Refused,
    /// The total deadline passed after the request may have left.
    Timeout,
    /// The answer is over the cap. The target has acted.
    TooLarge,
}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Self {
        let (kind, effect) = match error.kind {
            HttpErrorKind::Connect => (ErrorKind::Unavailable, Effect::NotSent),
            HttpErrorKind::Interrupted => (ErrorKind::Unavailable, Effect::Unknown),
            HttpErrorKind::Refused => (ErrorKind::Configuration, Effect::NotSent),
            HttpErrorKind::Timeout => (ErrorKind::Timeout, Effect::Unknown),
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
