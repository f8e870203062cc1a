//! What successes say (RFC 7644 sections 3.3 to 3.6).

use std::fmt;

use http::StatusCode;
use http::header::ETAG;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::parse::{Unread, parse, parse_whole};
use super::refusal::{Answered, Body, Refused, Shape, doubtful, succeeded};
use crate::connector::{Lookup, Remote};
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::model::{Group, LocalId, RemoteId, Resource, ResourceKind, User};
use crate::transport::HttpResponse;

/// The longest version tag that is kept, in bytes. Real ones have tens.
const LONGEST_VERSION: usize = 1024;

/// The longest cursor that is followed, in bytes: it must fit into an address, each byte as three.
const LONGEST_CURSOR: usize = 4 * 1024;

/// What a POST brought.
#[derive(Debug)]
pub(in super::super) struct Created {
    pub(in super::super) remote: Remote,
    /// The target says that it is new (201).
    pub(in super::super) is_new: bool,
    /// The answer shows the resource, and not only its id.
    pub(in super::super) is_whole: bool,
    /// So many members does the answer show; none where it says nothing of members.
    pub(in super::super) members: Option<usize>,
}

/// To a POST: a resource with an id, or an error. Nothing else counts as created.
pub(in super::super) fn created(response: &HttpResponse, conflict: &[u16]) -> Answered<Created> {
    succeeded(response, conflict)?;
    if !matches!(response.status(), StatusCode::CREATED | StatusCode::OK) {
        return Err(doubtful(response, "which does not confirm the new resource"));
    }
    let head = Head::read(response.body())
        .ok_or_else(|| doubtful(response, "with a body that is not a SCIM resource"))?;
    let (is_whole, members) = (head.is_whole(), head.members.as_ref().map(Vec::len));
    let is_new = response.status() == StatusCode::CREATED;
    Ok(Created { remote: head.remote(response)?, is_new, is_whole, members })
}

/// To a PATCH or PUT: 200 or 201 with the resource, or 204.
pub(in super::super) fn updated(
    response: &HttpResponse,
    conflict: &[u16],
    id: &RemoteId,
) -> Answered<Remote> {
    succeeded(response, conflict)?;
    if response.status() != StatusCode::CREATED || response.body().is_empty() {
        confirmed(response)?;
    }
    let mut remote = Remote::of(id.clone());
    if response.body().iter().all(u8::is_ascii_whitespace) {
        remote.version = header_version(response);
        return Ok(remote);
    }
    let head = Head::read(response.body()).unwrap_or_default();
    if head.id() != Some(id.as_str().to_owned()) {
        return Err(doubtful(response, "with a body that is not the resource"));
    }
    remote.version = head.meta.and_then(Meta::version);
    Ok(remote)
}

/// To a DELETE. Without a word of SCIM a 404 may come from anywhere, and the resource may live on: the core then looks
/// it up (P9, F54).
pub(in super::super) fn deleted(response: &HttpResponse) -> Answered<()> {
    let status = response.status();
    let gone = matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE);
    let body = Body::read(response.body());
    if gone && body.shape != Shape::Scim {
        let message = format!(
            "the target answered {} in a form that is not SCIM; check the base URL",
            status.as_u16()
        );
        return Err(Error::new(ErrorKind::NotFound, message).with_effect(Effect::Unknown).into());
    }
    succeeded(response, &[])?;
    confirmed(response)?;
    let resource = matches!(body.shape, Shape::Json)
        && Head::read(response.body()).is_some_and(|head| head.id.0.is_some());
    if resource || body.shape == Shape::Empty {
        return Ok(());
    }
    Err(doubtful(response, "with a body that does not say that it is done"))
}

/// To a GET of one resource: it must be that resource.
pub(in super::super) fn fetched(
    response: &HttpResponse,
    id: &RemoteId,
) -> Answered<Map<String, Value>> {
    succeeded(response, &[])?;
    match parse_whole(response.body()) {
        Ok(Value::Object(resource))
            if resource.get("id").and_then(as_id).as_deref() == Some(id.as_str()) =>
        {
            Ok(resource)
        }
        Err(Unread::TooMuch) => {
            Err(doubtful(response, "with a resource of more parts than are read"))
        }
        _ => Err(doubtful(response, "with a body that is not the resource")),
    }
}

/// The version tag of a resource that was read.
pub(in super::super) fn version_of(
    resource: &Map<String, Value>,
    response: &HttpResponse,
) -> Option<String> {
    let version = resource.get("meta").and_then(|meta| meta.get("version"));
    version.and_then(as_version).or_else(|| header_version(response))
}

/// A list, or a page of one.
#[derive(Debug)]
pub(in super::super) struct Listing {
    /// How many there are, if the target says so.
    pub(in super::super) total: Option<u64>,
    pub(in super::super) resources: Vec<Value>,
    /// Leads to the next page (RFC 9865).
    pub(in super::super) next_cursor: Option<String>,
}

/// To a GET of a collection.
pub(in super::super) fn listing(response: &HttpResponse) -> Answered<Listing> {
    succeeded(response, &[])?;
    let no_list =
        || doubtful(response, "with a body that is not a SCIM list").with_effect(Effect::Rejected);
    let too_much = || {
        let what = "with a list of more parts than are read at once; ask for smaller pages by the profile's max_count";
        doubtful(response, what).with_effect(Effect::Rejected)
    };
    let (mut list, bare) = match parse_whole(response.body()) {
        Ok(Value::Object(list)) => (list, None),
        Ok(Value::Array(resources)) => (Map::new(), Some(resources)),
        Err(Unread::TooMuch) => return Err(too_much()),
        _ => return Err(no_list()),
    };
    let total = match list.get("totalResults") {
        Some(Value::String(text)) => text.parse().ok(),
        Some(total) => total.as_u64(),
        None => None,
    };
    let resources = match (list.remove("Resources"), bare) {
        (_, Some(resources)) | (Some(Value::Array(resources)), _) => resources,
        // Null, and nothing at all where the total was said.
        (Some(Value::Null) | None, _) if list.contains_key("totalResults") => Vec::new(),
        _ => return Err(no_list()),
    };
    let next_cursor =
        list.get("nextCursor").and_then(Value::as_str).filter(|text| !text.is_empty());
    if next_cursor.is_some_and(|cursor| cursor.len() > LONGEST_CURSOR) {
        return Err(no_list());
    }
    Ok(Listing { total, resources, next_cursor: next_cursor.map(str::to_owned) })
}

/// Whether a resource shows this text under this name, without regard to case.
pub(in super::super) fn shows(resource: &Value, name: &str, text: &str) -> bool {
    let shown = resource.get(name).and_then(Value::as_str).unwrap_or_default();
    !text.is_empty() && shown.to_lowercase() == text.to_lowercase()
}

/// Of what a look-up showed, only those whose own body shows the id or the name (P8, F45). Strangers are passed over
/// unread: one that cannot be read is not our concern.
pub(in super::super) fn hits(
    response: &HttpResponse,
    resources: Vec<Value>,
    lookup: &Lookup<'_>,
) -> Answered<Vec<Remote>> {
    let ours = |value: &Value| {
        value.get("externalId").and_then(Value::as_str) == Some(lookup.external_id.as_str())
            || shows(value, name_of(lookup.kind), lookup.name)
    };
    let hits = resources.into_iter().filter(ours);
    hits.map(|value| shown(response, value, lookup.kind)).collect()
}

/// The attribute by which people know a resource.
pub(in super::super) fn name_of(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => "userName",
        ResourceKind::Group => "displayName",
    }
}

/// A resource as a list or a GET shows it. The JSON is used up, so that there is not one of each at a time (T13).
pub(in super::super) fn shown(
    response: &HttpResponse,
    value: Value,
    kind: ResourceKind,
) -> Answered<Remote> {
    let unreadable =
        || doubtful(response, "with a resource that is not SCIM").with_effect(Effect::Rejected);
    let head = Head::deserialize(&value).map_err(|_| unreadable())?;
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
    // Two that differ in case alone are one thing said twice (F89).
    #[serde(default, alias = "ID", alias = "Id", alias = "iD")]
    id: Scalar,
    #[serde(rename = "externalId", default)]
    external_id: Scalar,
    #[serde(default)]
    meta: Option<Meta>,
    #[serde(default)]
    members: Option<Vec<IgnoredAny>>,
    #[serde(rename = "userName", default)]
    user_name: Option<IgnoredAny>,
    #[serde(rename = "displayName", default)]
    display_name: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    version: Scalar,
}

impl Meta {
    /// The tag as it came; some servers count in numbers.
    fn version(self) -> Option<String> {
        as_version(&self.version.0?)
    }
}

/// A version tag that is worth keeping; whatever is longer proves nothing.
fn as_version(value: &Value) -> Option<String> {
    as_id(value).filter(|tag| tag.len() <= LONGEST_VERSION)
}

/// Text, or a number as text; some servers count.
fn as_id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A value without parts. A list or an object is passed over, however large (F87).
#[derive(Default)]
struct Scalar(Option<Value>);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Scalar, E> {
        Ok(Scalar(Some(value.into())))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Scalar, E> {
        Ok(Scalar(Some(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Scalar, E> {
        Ok(Scalar(Some(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Scalar, E> {
        Ok(Scalar(Some(value.into())))
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Scalar, E> {
        Ok(Scalar(Some(value.into())))
    }

    fn visit_unit<E>(self) -> std::result::Result<Scalar, E> {
        Ok(Scalar(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Scalar, A::Error> {
        // Each by the same way, as the parser has a limit to its depth there and none where all is ignored at once.
        while items.next_element::<Scalar>()?.is_some() {}
        Ok(Scalar(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> std::result::Result<Scalar, A::Error> {
        while items.next_entry::<IgnoredAny, Scalar>()?.is_some() {}
        Ok(Scalar(None))
    }
}

impl Head {
    /// In the RFC's spelling at once; in any other by a detour.
    fn read(body: &[u8]) -> Option<Self> {
        match serde_json::from_slice::<Self>(body) {
            Ok(head) if head.id.0.is_some() => Some(head),
            _ => Self::deserialize(parse(body).ok()?).ok(),
        }
    }

    fn id(&self) -> Option<String> {
        as_id(self.id.0.as_ref()?)
    }

    fn is_whole(&self) -> bool {
        self.user_name.is_some() || self.display_name.is_some()
    }

    fn remote(self, response: &HttpResponse) -> Answered<Remote> {
        let Some(id) = self.id() else {
            return Err(doubtful(response, "without the id of the resource"));
        };
        let mut remote = Remote::new(id)?;
        remote.version = self.meta.and_then(Meta::version);
        remote.external_id = match self.external_id.0 {
            Some(Value::String(text)) if !text.is_empty() => Some(LocalId::new(text)),
            _ => None,
        };
        Ok(remote)
    }
}

fn header_version(response: &HttpResponse) -> Option<String> {
    let tag = response.headers().get(ETAG).and_then(|value| value.to_str().ok());
    tag.filter(|tag| tag.len() <= LONGEST_VERSION).map(str::to_owned)
}

/// Done, and not only accepted to be done later (F58).
fn confirmed(response: &HttpResponse) -> Result<(), Refused> {
    match response.status() {
        StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
        _ => Err(doubtful(response, "which does not confirm that it is done")),
    }
}
