//! What answers mean (`semantics.md` P9; RFC 7644 section 3.12).

use std::fmt;

use http::StatusCode;
use http::header::ETAG;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::connector::{Check, Lookup, Page, Remote};
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::model::{Group, LocalId, RemoteId, Resource, ResourceKind, Secret, User};
use crate::transport::{HttpResponse, retry_after};

/// The error types of RFC 7644 table 9. Only these are repeated: others are a stranger's text.
const SCIM_TYPES: [&str; 11] = [
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
];

/// A stranger's text is cut here, in characters (F93).
const DETAIL: usize = 512;

/// To a POST: a resource with an id, or an error. Nothing else counts as created.
pub(in super::super) fn created(response: &HttpResponse) -> Result<Remote> {
    succeeded(response)?;
    if !matches!(response.status(), StatusCode::CREATED | StatusCode::OK) {
        return Err(doubtful(response, "which does not confirm the new resource"));
    }
    // Only what is needed is read: the answer repeats what we sent.
    let head: Head = serde_json::from_slice(response.body())
        .map_err(|_| doubtful(response, "with a body that is not a SCIM resource"))?;
    head.remote(response)
}

/// To a PATCH or PUT: 200 with the resource, or 204.
pub(in super::super) fn updated(response: &HttpResponse, id: &RemoteId) -> Result<Remote> {
    succeeded(response)?;
    confirmed(response)?;
    let mut remote = Remote::of(id.clone());
    if response.body().is_empty() {
        remote.version = header_version(response);
        return Ok(remote);
    }
    let head: Head = serde_json::from_slice(response.body()).unwrap_or_default();
    if head.id() != Some(id.as_str().to_owned()) {
        return Err(doubtful(response, "with a body that is not the resource"));
    }
    remote.version = head.meta.and_then(Meta::version);
    Ok(remote)
}

/// To a PATCH or PUT of a group's members.
pub(in super::super) fn members_changed(response: &HttpResponse, id: &RemoteId) -> Result<()> {
    updated(response, id).map(drop)
}

/// Whether a PATCH was refused because what it should remove is not there (RFC 7644 table 9).
pub(in super::super) fn is_no_target(response: &HttpResponse) -> bool {
    response.status() == StatusCode::BAD_REQUEST
        && Refusal::read(response.body()).scim_type == Some("noTarget")
}

/// To a DELETE. Without a word of SCIM a 404 may come from anywhere, and the resource may live on: the core then looks
/// it up (P9, F54).
pub(in super::super) fn deleted(response: &HttpResponse) -> Result<()> {
    let status = response.status();
    let gone = matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE);
    if gone && Refusal::read(response.body()).shape != Shape::Scim {
        let message = format!(
            "the target answered {} in a form that is not SCIM; check the base URL",
            status.as_u16()
        );
        return Err(Error::new(ErrorKind::NotFound, message).with_effect(Effect::Unknown));
    }
    succeeded(response)?;
    confirmed(response)?;
    let body = Refusal::read(response.body());
    let resource = matches!(body.shape, Shape::Json)
        && serde_json::from_slice::<Head>(response.body()).is_ok_and(|head| head.id.is_some());
    if resource || body.shape == Shape::Empty {
        return Ok(());
    }
    Err(doubtful(response, "with a body that does not say that it is done"))
}

/// To a GET of one resource, which is to be written back: it must be that resource.
pub(in super::super) fn fetched(
    response: &HttpResponse,
    id: &RemoteId,
) -> Result<Map<String, Value>> {
    succeeded(response)?;
    let head: Head = serde_json::from_slice(response.body()).unwrap_or_default();
    match serde_json::from_slice(response.body()) {
        Ok(Value::Object(resource)) if head.id() == Some(id.as_str().to_owned()) => Ok(resource),
        _ => Err(doubtful(response, "with a body that is not the resource")),
    }
}

/// To a look-up: only those whose own body shows the id or the name (P8, F45). A target that ignores the question and
/// shows a part of everybody has not said that ours is not there.
pub(in super::super) fn found(response: &HttpResponse, lookup: &Lookup<'_>) -> Result<Vec<Remote>> {
    let list = listing(response)?;
    let mut found = Vec::new();
    for value in &list.resources {
        let shows = |name, expected: &str| {
            let text = value.get(name).and_then(Value::as_str).unwrap_or_default();
            !expected.is_empty() && text.to_lowercase() == expected.to_lowercase()
        };
        let own = value.get("externalId").and_then(Value::as_str);
        let name = match lookup.kind {
            ResourceKind::User => "userName",
            ResourceKind::Group => "displayName",
        };
        // Strangers are passed over unread: one that cannot be read is not our concern.
        if own == Some(lookup.external_id.as_str()) || shows(name, lookup.name) {
            found.push(shown(response, value, lookup.kind)?);
        }
    }
    let shown = u64::try_from(list.resources.len()).unwrap_or(u64::MAX);
    let is_ours = |remote: &Remote| remote.external_id.as_ref() == Some(lookup.external_id);
    if list.total.is_some_and(|total| total > shown) && !found.iter().any(is_ours) {
        let what = "with a part of a list where a look-up was asked for";
        return Err(doubtful(response, what).with_effect(Effect::Rejected));
    }
    Ok(found)
}

/// To a page of a list that began here. The next page begins after what came; a page without anything is the last.
/// What cannot be read is passed over.
pub(in super::super) fn listed(
    response: &HttpResponse,
    kind: ResourceKind,
    start: u64,
) -> Result<Page> {
    let list = listing(response)?;
    let received = u64::try_from(list.resources.len()).unwrap_or(u64::MAX);
    let next = start.saturating_add(received);
    let more = received > 0 && list.total.is_some_and(|total| next <= total);
    let readable = list.resources.iter().filter_map(|value| shown(response, value, kind).ok());
    Ok(Page::new(readable.collect(), more.then(|| next.to_string())))
}

/// To the test of a connection, which asks for a list of users.
pub(in super::super) fn checked(response: &HttpResponse) -> Result<Check> {
    let list = listing(response)?;
    let shown = u64::try_from(list.resources.len()).unwrap_or(u64::MAX);
    let finding = match list.total.unwrap_or(shown) {
        0 => {
            "The target answers and shows no user: it is empty, or our account there may not see users."
                .to_owned()
        }
        users => format!("The target answers and shows {users} users."),
    };
    Ok(Check::new([finding]))
}

/// What a list says its total is, and what it shows.
struct Listing {
    total: Option<u64>,
    resources: Vec<Value>,
}

fn listing(response: &HttpResponse) -> Result<Listing> {
    #[derive(Deserialize)]
    struct List {
        #[serde(rename = "totalResults")]
        total: Option<Value>,
        #[serde(rename = "Resources", alias = "resources")]
        resources: Option<Vec<Value>>,
    }
    succeeded(response)?;
    let no_list =
        || doubtful(response, "with a body that is not a SCIM list").with_effect(Effect::Rejected);
    let list: List = serde_json::from_slice(response.body()).map_err(|_| no_list())?;
    if list.total.is_none() && list.resources.is_none() {
        return Err(no_list());
    }
    let total = list.total.and_then(|total| match total {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    });
    Ok(Listing { total, resources: list.resources.unwrap_or_default() })
}

fn shown(response: &HttpResponse, value: &Value, kind: ResourceKind) -> Result<Remote> {
    let unreadable =
        || doubtful(response, "with a resource that is not SCIM").with_effect(Effect::Rejected);
    let head = Head::deserialize(value).map_err(|_| unreadable())?;
    let remote = head.remote(response)?;
    let resource = match kind {
        ResourceKind::User => User::deserialize(value).map(Resource::User),
        ResourceKind::Group => Group::deserialize(value).map(Resource::Group),
    };
    Ok(remote.showing(resource.map_err(|_| unreadable())?))
}

/// The few attributes that are read of a resource.
#[derive(Default, Deserialize)]
struct Head {
    id: Option<Value>,
    #[serde(rename = "externalId", default)]
    external_id: Option<Value>,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    version: Option<Value>,
}

impl Meta {
    /// The tag as it came; some servers count in numbers.
    fn version(self) -> Option<String> {
        match self.version? {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl Head {
    /// The id as text; some servers count.
    fn id(&self) -> Option<String> {
        match self.id.as_ref()? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    fn remote(self, response: &HttpResponse) -> Result<Remote> {
        let Some(id) = self.id() else {
            return Err(doubtful(response, "without the id of the resource"));
        };
        let mut remote = Remote::new(id)?;
        remote.version = self.meta.and_then(Meta::version);
        remote.external_id = match self.external_id {
            Some(Value::String(text)) if !text.is_empty() => Some(LocalId::new(text)),
            _ => None,
        };
        Ok(remote)
    }
}

fn header_version(response: &HttpResponse) -> Option<String> {
    response.headers().get(ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Done, and not only accepted to be done later (F58).
fn confirmed(response: &HttpResponse) -> Result<()> {
    match response.status() {
        StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
        _ => Err(doubtful(response, "which does not confirm that it is done")),
    }
}

/// A success that cannot be believed: the request may have done anything.
fn doubtful(response: &HttpResponse, what: &str) -> Error {
    let message = format!("the target answered {} {what}", response.status().as_u16());
    Error::new(ErrorKind::InvalidResponse, message).with_effect(Effect::Unknown)
}

/// Nothing for a 2xx, else what the status and the body's shape mean (P9).
fn succeeded(response: &HttpResponse) -> Result<()> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let body = Refusal::read(response.body());
    let code = status.as_u16();
    let scim = matches!(body.shape, Shape::Scim | Shape::Empty);
    let rejected = |kind| (kind, Effect::Rejected);
    let (kind, effect) = match code {
        401 => rejected(ErrorKind::Unauthenticated),
        403 => rejected(ErrorKind::PermissionDenied),
        // Only the target's own word makes a resource gone; a wrong address answers 404 too (F54).
        404 | 410 if scim => rejected(ErrorKind::NotFound),
        405 | 501 => rejected(ErrorKind::Unsupported),
        408 => (ErrorKind::Timeout, Effect::Unknown),
        409 => rejected(ErrorKind::Conflict),
        429 => rejected(ErrorKind::RateLimited),
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
    Err(match body.detail {
        Some(detail) => error.with_source(TargetDetail(detail)),
        None => error,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Nothing at all.
    Empty,
    /// SCIM's own error.
    Scim,
    /// Some other JSON object.
    Json,
    /// HTML, text, anything.
    Foreign,
}

struct Refusal {
    shape: Shape,
    scim_type: Option<&'static str>,
    detail: Option<String>,
}

impl Refusal {
    fn read(body: &[u8]) -> Self {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Self { shape: Shape::Empty, scim_type: None, detail: None };
        }
        let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
            return Self { shape: Shape::Foreign, scim_type: None, detail: None };
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
        Self {
            shape: if scim { Shape::Scim } else { Shape::Json },
            scim_type: SCIM_TYPES.into_iter().find(|known| Some(*known) == scim_type),
            detail: body.get("detail").and_then(Value::as_str).map(harmless),
        }
    }
}

/// Takes our own secrets out of the only words of a refusal that are kept. They are looked for in the text and not in
/// the bytes, where they could be spelt in other ways.
pub(in super::super) fn mask(response: &mut HttpResponse, secrets: &[Secret]) {
    let Ok(Value::Object(mut body)) = serde_json::from_slice(response.body()) else { return };
    if let Some(Value::String(detail)) = body.get_mut("detail") {
        for secret in secrets {
            *detail = detail.replace(secret.expose(), "[redacted]");
        }
        *response.body_mut() = Value::Object(body).to_string().into_bytes();
    }
}

/// A stranger's text, cut and without anything that could forge a log line.
fn harmless(text: &str) -> String {
    text.chars().take(DETAIL).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
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
