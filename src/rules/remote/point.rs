//! Where an engine is, and one question put to it.

use std::fmt;
use std::future::{Future, poll_fn};
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::{StatusCode, Uri};
use url::Url;

use crate::error::{Effect, Error, ErrorKind, Result};
use crate::exchange::{Exchange, ExchangeSettings, Limits, retry_after, specs};
use crate::host::{NoSecrets, Runtime, SecretSource};
use crate::model::{Problems, Properties, Secret};
use crate::transport::{BaseUrl, HttpClient, HttpRequest, HttpResponse, is_loopback};

/// The longest wait unless another is set: whoever asks waits.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The most bytes of an answer that are looked at.
const LARGEST: usize = 64 * 1024;
/// What problems are noted under.
const PATH: &str = "decision_point";

/// Where a policy decision point is, how it recognises us, and how long we wait for it.
///
/// The address is judged by the client's [`NetworkPolicy`](crate::transport::NetworkPolicy) like a target's. Redirects
/// are not followed, answers above 64 KiB are not read, and our own secrets are masked in them. Nothing is sent twice
/// but after a 401, with the other of two valid secrets. Each question has an `X-Request-ID` of its own.
///
/// ```
/// use outbound_provisioning::rules::DecisionPoint;
/// use std::time::Duration;
///
/// let point = DecisionPoint::new("https://pdp.example.com/decision")
///     .with_basic("provisioning", "a password")
///     .with_timeout(Duration::from_millis(500));
/// assert!(!format!("{point:?}").contains("a password"));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct DecisionPoint {
    address: String,
    properties: Properties,
    secrets: Arc<dyn SecretSource>,
    runtime: Option<Arc<dyn Runtime>>,
    timeout: Duration,
}

impl DecisionPoint {
    /// The decision point at this address, which does not ask who we are: only on this machine, unless one of the
    /// others below says more.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            properties: Properties::new(),
            secrets: Arc::new(NoSecrets::new()),
            runtime: None,
            timeout: TIMEOUT,
        }
    }

    /// The same, with user name and password (RFC 7617). Either may be a
    /// [`SecretReference`](crate::model::SecretReference).
    #[must_use]
    pub fn with_basic(self, username: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.with_property("authentication", "basic")
            .with_property("username", username)
            .with_property("password", password.into().expose())
    }

    /// The same, with a bearer token (RFC 6750), which may be a [`SecretReference`](crate::model::SecretReference).
    #[must_use]
    pub fn with_bearer(self, token: impl Into<Secret>) -> Self {
        self.with_property("authentication", "bearer").with_property("token", token.into().expose())
    }

    /// The same, with any of the settings that a connection over HTTP has: `authentication` `oauth2` or `api_key` and
    /// what belongs to it, `client_certificate`, `extra_certificates`, `proxy`.
    #[must_use]
    pub fn with_property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties = self.properties.with(name, value);
        self
    }

    /// The same, whose references to secrets lead here. Without it they lead nowhere.
    #[must_use]
    pub fn with_secrets(mut self, secrets: impl SecretSource) -> Self {
        self.secrets = Arc::new(secrets);
        self
    }

    /// The same, with a timer. Without one the client's own deadline holds, and not the
    /// [time-out](Self::with_timeout).
    #[must_use]
    pub fn with_runtime(mut self, runtime: impl Runtime) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// The same, with this as the longest wait for an answer, signing in included. 2 s unless set.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// Without the address: nobody has looked yet whether a password stands in it.
impl fmt::Debug for DecisionPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecisionPoint")
            .field("properties", &self.properties)
            .field("secrets", &self.secrets)
            .field("runtime", &self.runtime)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The way to one decision point.
#[derive(Debug)]
pub(in super::super) struct Remote {
    address: Uri,
    exchange: Exchange,
    runtime: Option<Arc<dyn Runtime>>,
    timeout: Duration,
}

impl Remote {
    /// `path` is appended to the point's address.
    ///
    /// # Errors
    /// All that is wrong with the point, under `decision_point`.
    pub(in super::super) fn new(
        client: Arc<dyn HttpClient>,
        point: &DecisionPoint,
        path: &str,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut properties = point.properties.clone();
        if properties.text("authentication").is_none() {
            properties = properties.with("authentication", "none");
        }
        let base = BaseUrl::parse(&point.address, client.policy());
        let address = match &base {
            Ok(base) => Uri::try_from(format!("{}{path}", base.as_str())).ok(),
            Err(_) => None,
        };
        if address.is_none() {
            let complaint = base.err().unwrap_or("not an address that a request can be sent to");
            problems.note(format!("{PATH}.address"), complaint);
        }
        properties.check(&specs(1), PATH, &mut problems);
        let local = Url::parse(&point.address).is_ok_and(|url| is_loopback(&url));
        let usual = Limits::default();
        let settings =
            ExchangeSettings::read(&properties, client.policy(), local, usual, PATH, &mut problems);
        match (address, settings) {
            (Some(address), Some(settings)) if problems.is_empty() => {
                let secrets = Arc::clone(&point.secrets);
                let exchange = Exchange::new(client, settings, secrets, point.runtime.clone());
                Ok(Self {
                    address,
                    exchange,
                    runtime: point.runtime.clone(),
                    timeout: point.timeout,
                })
            }
            _ => Err(problems),
        }
    }

    /// Puts one question, and gives back the body of the answer.
    ///
    /// # Errors
    /// [`Timeout`](ErrorKind::Timeout), and whatever else keeps a whole answer with the status 200 from coming.
    pub(in super::super) async fn ask(
        &self,
        media_type: &'static str,
        body: Vec<u8>,
    ) -> Result<Vec<u8>> {
        let request = http::Request::post(self.address.clone())
            .header(http::header::CONTENT_TYPE, media_type)
            .header(http::header::ACCEPT, media_type)
            .header("x-request-id", self.request_id())
            .body(body)
            .map_err(|error| {
                Error::new(ErrorKind::Internal, "the question cannot be put").with_source(error)
            })?;
        let response = match &self.runtime {
            Some(runtime) => within(self.answer(request), runtime.sleep(self.timeout)).await,
            None => self.answer(request).await,
        }?;
        taken(response)
    }

    /// By which both sides find one question again in their logs.
    fn request_id(&self) -> String {
        let random = || match &self.runtime {
            Some(runtime) => runtime.random(),
            None => RandomState::new().hash_one(0_u8),
        };
        format!("{:016x}{:016x}", random(), random())
    }

    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse> {
        self.exchange.ask(request).await
    }
}

/// A decision is an answer with 200, whatever it is; the rest is about the question.
fn taken(response: HttpResponse) -> Result<Vec<u8>> {
    let status = response.status();
    let kind = match status {
        StatusCode::OK => {
            let body = response.into_body();
            if body.len() > LARGEST {
                let message = "the decision point's answer is larger than 64 KiB";
                return Err(Error::new(ErrorKind::InvalidResponse, message));
            }
            return Ok(body);
        }
        StatusCode::UNAUTHORIZED => ErrorKind::Unauthenticated,
        StatusCode::FORBIDDEN => ErrorKind::PermissionDenied,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => ErrorKind::Configuration,
        status if status.is_client_error() => ErrorKind::Rejected,
        status if status.is_server_error() => ErrorKind::Unavailable,
        _ => ErrorKind::InvalidResponse,
    };
    let message = format!("the decision point answered {}", status.as_u16());
    let error = Error::new(kind, message).with_effect(Effect::Rejected);
    Err(match retry_after(response.headers()) {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    })
}

/// What `work` gives, or an error when `limit` is over first.
async fn within<T>(
    work: impl Future<Output = Result<T>>,
    limit: impl Future<Output = ()>,
) -> Result<T> {
    let (mut work, mut limit) = (pin!(work), pin!(limit));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(answer),
        Poll::Pending => limit.as_mut().poll(context).map(|()| {
            Err(Error::new(ErrorKind::Timeout, "the decision point did not answer in time"))
        }),
    })
    .await
}
