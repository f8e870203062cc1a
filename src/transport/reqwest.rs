//! The only module that names reqwest, rustls and rustls-platform-verifier.

use std::sync::Arc;

use async_trait::async_trait;
use rustls::ClientConfig;

use super::client::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse};
use super::policy::NetworkPolicy;
use crate::error::{BoxError, Error, ErrorKind, Result};

/// HTTP by reqwest: TLS 1.2 or newer by rustls with ring, the operating system's certificates.
///
/// Nothing global is touched: the TLS provider is handed over, none is installed.
///
/// ```no_run
/// use outbound_provisioning::transport::{NetworkPolicy, ReqwestClient};
///
/// let client = ReqwestClient::new(NetworkPolicy::new())?;
/// # Ok::<(), outbound_provisioning::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReqwestClient {
    client: reqwest::Client,
    policy: NetworkPolicy,
}

impl ReqwestClient {
    /// A client under this policy. Clones share its connections.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when TLS cannot be set up.
    pub fn new(policy: NetworkPolicy) -> Result<Self> {
        let unusable = |error: BoxError| {
            Error::new(ErrorKind::Configuration, "the HTTP client cannot be set up")
                .with_source(error)
        };
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls().map_err(|error| unusable(error.into()))?)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .connect_timeout(policy.connect_timeout)
            .timeout(policy.total_timeout)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| unusable(error.into()))?;
        Ok(Self { client, policy })
    }
}

#[async_trait]
impl HttpClient for ReqwestClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request = reqwest::Request::try_from(request).map_err(|error| {
            HttpError::new(HttpErrorKind::Refused).with_source(error.without_url())
        })?;
        if let Some(complaint) = self.policy.complaint(request.url()) {
            return Err(HttpError::new(HttpErrorKind::Refused).with_source(complaint));
        }
        let mut answer = self.client.execute(request).await.map_err(http_error)?;
        let mut response = HttpResponse::new(self.body(&mut answer).await?);
        *response.status_mut() = answer.status();
        *response.version_mut() = answer.version();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }

    fn policy(&self) -> &NetworkPolicy {
        &self.policy
    }
}

impl ReqwestClient {
    /// Reads up to the cap. An announced length only allows to refuse early; it is never believed.
    async fn body(&self, answer: &mut reqwest::Response) -> Result<Vec<u8>, HttpError> {
        let cap = self.policy.max_response_bytes;
        if answer.content_length().is_some_and(|length| length > cap as u64) {
            return Err(HttpError::new(HttpErrorKind::TooLarge));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(http_error)? {
            if body.len() + chunk.len() > cap {
                return Err(HttpError::new(HttpErrorKind::TooLarge));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

fn tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(&provider))?;
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

fn http_error(error: reqwest::Error) -> HttpError {
    // A connection that timed out is both; only the first is sure that nothing was sent.
    let kind = if error.is_connect() {
        HttpErrorKind::Connect
    } else if error.is_timeout() {
        HttpErrorKind::Timeout
    } else {
        HttpErrorKind::Interrupted
    };
    // The URL's query holds the filter, and the filter a user name.
    HttpError::new(kind).with_source(error.without_url())
}
