//! OAuth 2.0 client credentials as values (RFC 6749 section 4.4): the request, and what the answer means (F96).

use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode, Uri};
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded;

use super::header::basic;
use super::pace::Pace;
use super::settings::{ClientAuthentication, OAuth2};
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::model::{Secret, Timestamp};
use crate::transport::{HttpError, HttpErrorKind, HttpRequest, HttpResponse};

/// The most that is read of an answer, in bytes: whatever it says, its values take less than 1 MiB of memory.
const MOST: usize = 16 * 1024;
/// No token lives longer or shorter, whatever is said of it.
const SHORTEST_LIFE: Duration = Duration::from_secs(30);
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// When nothing is said. The target refuses a token that has ended earlier, and then there is a new one.
const USUAL_LIFE: Duration = Duration::from_secs(60 * 60);

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Errors by which a token endpoint says that it does not give us a token (RFC 6749 section 5.2, RFC 8707 section 2).
/// Only these are repeated: others are a stranger's text.
const REFUSALS: [&str; 8] = [
    "invalid_client",
    "invalid_request",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "access_denied",
];

/// Errors by which it says that it cannot just now.
const PAUSES: [&str; 2] = ["server_error", "temporarily_unavailable"];

/// What the token endpoint gave out.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) token: Secret,
    pub(super) life: Duration,
}

/// Why it gave out nothing.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) error: Error,
    /// It does not know us by what we showed; by something else it may.
    pub(super) is_client: bool,
}

impl From<Error> for Refused {
    /// It was not asked, or did not answer.
    fn from(error: Error) -> Self {
        Self { error, is_client: false }
    }
}

/// The request for a token. `proof` is the client's secret, or the assertion in its place.
pub(super) fn token_request(settings: &OAuth2, proof: &Secret) -> Result<HttpRequest> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    let mut signature = None;
    match settings.client {
        ClientAuthentication::SecretBasic => {
            // Both are encoded before they become a pair (section 2.3.1).
            let encoded = |text: &str| {
                Secret::new(form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>())
            };
            signature = Some(basic(&encoded(&settings.client_id), &encoded(proof.expose()))?);
        }
        ClientAuthentication::SecretPost => {
            form.append_pair("client_id", &settings.client_id);
            form.append_pair("client_secret", proof.expose());
        }
        ClientAuthentication::PrivateKey { .. } => {
            form.append_pair("client_id", &settings.client_id);
            form.append_pair("client_assertion_type", JWT_BEARER);
            form.append_pair("client_assertion", proof.expose());
        }
    }
    let more = [
        ("scope", &settings.scope),
        ("audience", &settings.audience),
        ("resource", &settings.resource),
    ];
    for (name, value) in more {
        if let Some(value) = value {
            form.append_pair(name, value);
        }
    }
    let mut request = post(settings.token_url.clone(), form.finish());
    if let Some(signature) = signature {
        signature.put_on(&mut request);
    }
    Ok(request)
}

fn post(uri: Uri, form: String) -> HttpRequest {
    let mut request = HttpRequest::new(form.into_bytes());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    request.headers_mut().insert(CONTENT_TYPE, FORM);
    request.headers_mut().insert(ACCEPT, JSON);
    request
}

/// What an answer of the token endpoint means. Nothing of its body is in an error.
pub(super) fn token_answer(response: &HttpResponse, now: Timestamp) -> Result<Granted, Refused> {
    let odd = |what: &str| Refused {
        error: refusal(
            ErrorKind::InvalidResponse,
            format!("the token endpoint answered {} {what}", response.status().as_u16()),
        ),
        is_client: false,
    };
    if response.body().len() > MOST {
        return Err(odd("with more than a token"));
    }
    if !response.status().is_success() {
        return Err(refused(response, now));
    }
    let answer: Answer = serde_json::from_slice(response.body())
        .map_err(|_| odd("with a body that is not a token; check the token endpoint"))?;
    match answer.token_type {
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("bearer") => {}
        _ => return Err(odd("with a token that is not a bearer token")),
    }
    match answer.access_token {
        Some(Value::String(token)) if is_token(&token) => {
            Ok(Granted { token: Secret::new(token), life: life(answer.expires_in.as_ref()) })
        }
        _ => Err(odd("without a token that can stand in a header")),
    }
}

/// Why there was no answer of the token endpoint.
pub(super) fn no_answer(error: HttpError) -> Error {
    let (kind, message) = match error.kind() {
        HttpErrorKind::Connect => (ErrorKind::Unavailable, "no connection to the token endpoint"),
        HttpErrorKind::Timeout => {
            (ErrorKind::Unavailable, "the token endpoint did not answer in time")
        }
        HttpErrorKind::Refused => {
            (ErrorKind::Configuration, "the network policy does not allow the token endpoint")
        }
        HttpErrorKind::Tls => (
            ErrorKind::Configuration,
            "no secure connection to the token endpoint; see to its certificate and to ours",
        ),
        HttpErrorKind::TooLarge => {
            (ErrorKind::InvalidResponse, "the answer of the token endpoint is too large")
        }
        HttpErrorKind::Encoded => (
            ErrorKind::InvalidResponse,
            "the answer of the token endpoint is compressed, which was not asked for",
        ),
        HttpErrorKind::Interrupted => (
            ErrorKind::Unavailable,
            "the connection was lost before the whole answer of the token endpoint came",
        ),
    };
    refusal(kind, message.to_owned()).with_source(Error::from(error))
}

#[derive(Deserialize)]
struct Answer {
    access_token: Option<Value>,
    token_type: Option<Value>,
    expires_in: Option<Value>,
}

/// Visible letters of ASCII: wider than RFC 6750, as some tokens are.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A number, or a number in quotes, of seconds; within reason.
fn life(expires_in: Option<&Value>) -> Duration {
    let seconds = match expires_in {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    match seconds.filter(|seconds: &f64| !seconds.is_nan()) {
        Some(seconds) => {
            let seconds = seconds.clamp(SHORTEST_LIFE.as_secs_f64(), LONGEST_LIFE.as_secs_f64());
            Duration::from_secs_f64(seconds)
        }
        None => USUAL_LIFE,
    }
}

fn refused(response: &HttpResponse, now: Timestamp) -> Refused {
    let (status, code) = (response.status(), response.status().as_u16());
    let pace = Pace::read(response, now);
    let word = error_code(response.body());
    let is_pause = word.is_some_and(|word| PAUSES.contains(&word));
    let (kind, remedy) = match code {
        _ if pace.is_limited => (ErrorKind::RateLimited, ": too many requests"),
        408 | 500..=599 => (ErrorKind::Unavailable, ""),
        _ if is_pause => (ErrorKind::Unavailable, ""),
        400 | 401 | 403 => (ErrorKind::Unauthenticated, remedy(word)),
        300..=399 => (
            ErrorKind::InvalidResponse,
            ": a redirect, which is never followed; correct the address of the token endpoint",
        ),
        _ => (ErrorKind::InvalidResponse, "; check the address of the token endpoint"),
    };
    let word_in_brackets = word.map(|word| format!(" ({word})")).unwrap_or_default();
    let message = format!("the token endpoint answered {code}{word_in_brackets}{remedy}");
    let mut error = refusal(kind, message);
    if let Some(wait) = pace.wait {
        error = error.with_retry_after(wait);
    }
    let is_client = kind == ErrorKind::Unauthenticated
        && (status == StatusCode::UNAUTHORIZED || word == Some("invalid_client"));
    Refused { error, is_client }
}

fn remedy(word: Option<&str>) -> &'static str {
    match word {
        Some("invalid_scope") => ": it does not give out this scope; correct it",
        Some("invalid_target") => ": it knows no such resource; correct it",
        Some("unauthorized_client" | "unsupported_grant_type") => {
            ": our client may not ask for tokens in this way; allow it there"
        }
        _ => ": it does not accept our client; renew or correct its credentials",
    }
}

fn error_code(body: &[u8]) -> Option<&'static str> {
    #[derive(Deserialize)]
    struct Said {
        error: Value,
    }
    let said: Said = serde_json::from_slice(body).ok()?;
    REFUSALS.into_iter().chain(PAUSES).find(|known| said.error == **known)
}

/// What was to be sent with the token was not.
fn refusal(kind: ErrorKind, message: String) -> Error {
    Error::new(kind, message).with_effect(Effect::NotSent)
}
