//! What refusals mean (`semantics.md` P9; RFC 7644 section 3.12; `scim.md` 12 to 19).

use std::fmt;

use http::StatusCode;
use serde_json::Value;

use super::parse::parse;
use crate::error::{Effect, Error, ErrorKind};
use crate::exchange::retry_after;
use crate::model::is_disruptive;
use crate::transport::HttpResponse;

/// The error types of RFC 7644 table 9 and of RFC 9865. Only these are repeated: others are a stranger's text.
const SCIM_TYPES: [&str; 13] = [
    "invalidFilter",
    "tooMany",
    "uniqueness",
    "mutability",
    "invalidSyntax",
    "invalidPath",
    "noTarget",
    "invalidValue",
    "invalidVers",
    "sensitive",
    "invalidCount",
    "invalidCursor",
    "expiredCursor",
];

/// Words by which servers say that there is such a resource, where the status does not (`scim.md` 16).
const ALREADY_THERE: [&str; 6] = [
    "already exist",
    "already taken",
    "already been taken",
    "already in use",
    "duplicate",
    "must be unique",
];

/// A stranger's text is cut here, in bytes (F93).
const DETAIL: usize = 512;

/// An error, and what the target said where it was the target that refused.
#[derive(Debug)]
pub(in super::super) struct Refused {
    pub(in super::super) error: Error,
    pub(in super::super) told: Option<Told>,
}

/// How a target refused.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Told {
    pub(in super::super) status: StatusCode,
    pub(in super::super) scim_type: Option<&'static str>,
    /// In SCIM's own form, or without a word.
    pub(in super::super) is_scim: bool,
    pub(in super::super) words: Option<Words>,
}

/// A stranger's words, which may quote what we sent.
#[derive(Clone, PartialEq)]
pub(in super::super) struct Words(pub(in super::super) String);

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words([redacted])")
    }
}

pub(in super::super) type Answered<T> = Result<T, Refused>;

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self { error, told: None }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        refused.error
    }
}

impl Refused {
    /// What should be changed or removed is not there (RFC 7644 table 9).
    pub(in super::super) fn is_no_target(&self) -> bool {
        self.told.as_ref().is_some_and(|told| told.scim_type == Some("noTarget"))
    }

    /// The list has to be begun anew (RFC 9865 section 2.1).
    pub(in super::super) fn is_expired(&self) -> bool {
        self.told.as_ref().is_some_and(|told| told.scim_type == Some("expiredCursor"))
    }

    /// The version is not the one that the target has, or it wants one.
    pub(in super::super) fn wants_version(&self) -> bool {
        self.told.as_ref().is_some_and(|told| matches!(told.status.as_u16(), 412 | 428))
    }

    /// A page by index is refused in a way that means "not like this".
    pub(in super::super) fn knows_no_index(&self) -> bool {
        self.told.as_ref().is_some_and(|told| matches!(told.status.as_u16(), 400 | 422 | 501))
    }

    /// A refusal of a change that may mean that there is nothing to change (`scim.md` 36).
    pub(in super::super) fn may_be_needless(&self) -> bool {
        let is_wordless = |told: &Told| {
            told.status == StatusCode::BAD_REQUEST
                && matches!(told.scim_type, None | Some("invalidValue" | "noTarget"))
        };
        self.told.as_ref().is_some_and(is_wordless) && !self.is_too_much()
    }

    /// There is nothing at this address, or nothing of this kind.
    pub(in super::super) fn is_nowhere(&self) -> bool {
        self.told.as_ref().is_some_and(|told| matches!(told.status.as_u16(), 404 | 405 | 501))
    }

    /// A refusal of a new resource that may mean that there is one already, and does not say so.
    pub(in super::super) fn may_be_a_conflict(&self) -> bool {
        self.error.kind() != ErrorKind::Conflict
            && self
                .told
                .as_ref()
                .is_some_and(|told| matches!(told.status.as_u16(), 400 | 422 | 500))
    }

    /// Too much in one request, by the status or by the target's own words (`scim.md` 19).
    pub(in super::super) fn is_too_much(&self) -> bool {
        let says_so = |told: &Told| {
            let words = told.words.as_ref().map(|words| words.0.to_lowercase()).unwrap_or_default();
            let limit = ["too many", "too large", "limit", "exceed", "maximum", "at most"];
            let what = ["member", "operation", "entries", "payload", "request"];
            let names = |of: &[&str]| of.iter().any(|phrase| words.contains(phrase));
            told.scim_type == Some("tooMany")
                || (matches!(told.status.as_u16(), 400 | 422) && names(&limit) && names(&what))
        };
        self.error.kind() == ErrorKind::TooLarge || self.told.as_ref().is_some_and(says_so)
    }

    /// The same refusal with an effect that whoever asked knows better.
    pub(in super::super) fn with_effect(mut self, effect: Effect) -> Self {
        self.error = self.error.with_effect(effect);
        self
    }
}

/// Nothing for a 2xx, else what the status and the body's shape mean.
pub(super) fn succeeded(response: &HttpResponse, conflict: &[u16]) -> Answered<()> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let body = Body::read(response.body());
    let code = status.as_u16();
    let scim = matches!(body.shape, Shape::Scim | Shape::Empty);
    let rejected = |kind| (kind, Effect::Rejected);
    let says_so = || {
        let words = body.words.as_deref().unwrap_or_default().to_lowercase();
        ALREADY_THERE.iter().any(|phrase| words.contains(phrase))
    };
    let (kind, effect) = match code {
        _ if conflict.contains(&code) => rejected(ErrorKind::Conflict),
        400 | 422 if body.scim_type == Some("uniqueness") || says_so() => {
            rejected(ErrorKind::Conflict)
        }
        // Some stumble over what they should refuse; how much of it was done nobody says.
        500 if says_so() => (ErrorKind::Conflict, Effect::Unknown),
        401 => rejected(ErrorKind::Unauthenticated),
        403 => rejected(ErrorKind::PermissionDenied),
        // Only the target's own word makes a resource gone; a wrong address answers 404 too (F54).
        404 | 410 if scim => rejected(ErrorKind::NotFound),
        405 | 501 => rejected(ErrorKind::Unsupported),
        // A captive page, not the target (F40).
        407 => rejected(ErrorKind::InvalidResponse),
        408 => (ErrorKind::Timeout, Effect::Unknown),
        409 => rejected(ErrorKind::Conflict),
        412 => rejected(ErrorKind::Stale),
        413 => rejected(ErrorKind::TooLarge),
        429 => rejected(ErrorKind::RateLimited),
        // The status itself says what is to be written otherwise.
        406 | 415 | 428 => rejected(ErrorKind::Rejected),
        400..=499 if scim || (body.shape == Shape::Json && code != 404 && code != 410) => {
            rejected(ErrorKind::Rejected)
        }
        300..=499 => rejected(ErrorKind::InvalidResponse),
        500..=599 => (ErrorKind::Unavailable, Effect::Unknown),
        // 1xx is not an answer.
        _ => (ErrorKind::InvalidResponse, Effect::Unknown),
    };
    let mut message = format!("the target answered {code}");
    if let Some(scim_type) = body.scim_type {
        message.push_str(&format!(" ({scim_type})"));
    }
    match code {
        401 => message.push_str(": it does not accept our credentials; renew or correct them"),
        403 => message.push_str(": our account there lacks a permission; grant it"),
        407 => message.push_str(": a proxy wants to know who we are; correct the proxy's address"),
        300..=399 => {
            message.push_str(": a redirect, which is never followed; correct the base URL")
        }
        _ if kind == ErrorKind::InvalidResponse => {
            message.push_str(" in a form that is not SCIM; check the base URL");
        }
        _ => {}
    }
    let mut error = Error::new(kind, message).with_effect(effect);
    if let Some(delay) = retry_after(response.headers()) {
        error = error.with_retry_after(delay);
    }
    if let Some(words) = body.words.as_ref().or(body.page.as_ref()) {
        error = error.with_source(TargetDetail(words.clone()));
    }
    let words = body.words.map(Words);
    Err(Refused {
        error,
        told: Some(Told { status, scim_type: body.scim_type, is_scim: scim, words }),
    })
}

/// A success that cannot be believed: the request may have done anything.
pub(super) fn doubtful(response: &HttpResponse, what: &str) -> Refused {
    let message = format!("the target answered {} {what}", response.status().as_u16());
    Error::new(ErrorKind::InvalidResponse, message).with_effect(Effect::Unknown).into()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing at all.
    Empty,
    /// SCIM's own error.
    Scim,
    /// Some other JSON object.
    Json,
    /// HTML, text, anything.
    Foreign,
}

/// What is read of a body that refuses.
pub(super) struct Body {
    pub(super) shape: Shape,
    scim_type: Option<&'static str>,
    words: Option<String>,
    /// How a page that is not JSON begins: to be shown, and never judged by.
    page: Option<String>,
}

impl Body {
    pub(super) fn read(body: &[u8]) -> Self {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Self { shape: Shape::Empty, scim_type: None, words: None, page: None };
        }
        let Ok(Value::Object(body)) = parse(body) else {
            let begin = body.get(..4 * DETAIL).unwrap_or(body);
            let page = Some(harmless(&String::from_utf8_lossy(begin)));
            return Self { shape: Shape::Foreign, scim_type: None, words: None, page };
        };
        // `schema` is a misspelling that was seen.
        let schemas = body.get("schemas").or_else(|| body.get("schema"));
        let is_error =
            |urn: &str| urn.to_ascii_lowercase().ends_with("scim:api:messages:2.0:error");
        let scim = match schemas {
            Some(Value::Array(urns)) => urns.iter().filter_map(Value::as_str).any(is_error),
            Some(Value::String(urn)) => is_error(urn),
            _ => false,
        };
        let scim_type = body.get("scimType").and_then(Value::as_str);
        // Where there is no `detail`, other servers' names for it.
        let words = ["detail", "message", "error_description", "error", "errors"]
            .iter()
            .find_map(|name| body.get(*name).and_then(text));
        Self {
            shape: if scim { Shape::Scim } else { Shape::Json },
            scim_type: SCIM_TYPES
                .into_iter()
                .find(|known| scim_type.is_some_and(|given| given.eq_ignore_ascii_case(known))),
            words: words.map(|words| harmless(&words)),
            page: None,
        }
    }
}

/// A text, the one that an object has under a usual name, or the texts of a list. Nobody nests them deeper.
fn text(value: &Value) -> Option<String> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(object) => ["detail", "message", "msg", "description"]
            .iter()
            .find_map(|name| object.get(*name)?.as_str().map(str::to_owned)),
        _ => None,
    };
    match value {
        Value::Array(values) => {
            let texts: Vec<String> = values.iter().filter_map(one).collect();
            (!texts.is_empty()).then(|| texts.join("; "))
        }
        value => one(value),
    }
}

/// A stranger's text, cut and without anything that could forge a log line.
fn harmless(text: &str) -> String {
    let mut bytes = 0;
    let fits = |letter: &char| {
        bytes += letter.len_utf8();
        bytes <= DETAIL
    };
    let cut = text.chars().take_while(fits);
    cut.map(|letter| if is_disruptive(letter) { ' ' } else { letter }).collect()
}

/// What a target said in its own words. It may quote what we sent, so `Debug` hides it; it is printed only by whoever
/// follows [`source`](std::error::Error::source) on purpose.
struct TargetDetail(String);

impl fmt::Display for TargetDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TargetDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TargetDetail([redacted])")
    }
}

impl std::error::Error for TargetDetail {}
