//! Requests in, answers out: RFC 7644 section 3.

use http::header::{
    AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, LOCATION,
};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::directory::{Directory, Entry};
use super::discovery;
use super::filter::Scope;
use super::grammar;
use super::query::Query;
use super::refusal::Refusal;
use super::schema::ResourceType;

const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// Answers a request; every answer, a refusal too, is a SCIM message.
pub(super) fn answer(
    directory: &mut Directory,
    token: Option<&str>,
    request: &Request<Vec<u8>>,
) -> Response<Vec<u8>> {
    authorize(token, request.headers())
        .and_then(|()| serve(directory, request))
        .unwrap_or_else(refused)
}

pub(super) fn refused(refusal: Refusal) -> Response<Vec<u8>> {
    let mut response = message(refusal.status, &refusal.to_json());
    refusal.add_headers_to(response.headers_mut());
    response
}

/// One resource, whole.
pub(super) fn show(directory: &Directory, kind: ResourceType, id: &str) -> Response<Vec<u8>> {
    match directory.get(kind, id) {
        Ok(entry) => {
            let resource = Value::Object(entry.resource().clone());
            tagged(message(StatusCode::OK, &resource), entry)
        }
        Err(refusal) => refused(refusal),
    }
}

pub(super) fn authorize(token: Option<&str>, headers: &HeaderMap) -> Result<(), Refusal> {
    let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
    match token {
        Some(token) if given != Some(format!("Bearer {token}").as_bytes()) => {
            Err(Refusal::new(StatusCode::UNAUTHORIZED, "The bearer token is missing or wrong."))
        }
        _ => Ok(()),
    }
}

fn serve(
    directory: &mut Directory,
    request: &Request<Vec<u8>>,
) -> Result<Response<Vec<u8>>, Refusal> {
    let route = Route::of(request.uri().path())
        .ok_or_else(|| Refusal::not_found("There is no endpoint at this path."))?;
    let query = Query::of(request.uri())?;
    match (route.endpoint, route.id) {
        (Endpoint::Resources(kind), None) => match *request.method() {
            Method::GET => list(directory, kind, &query),
            Method::POST => {
                let endpoint = format!("{}/{}", route.base, kind.endpoint());
                let entry = directory.create(kind, &endpoint, body_of(request)?)?;
                let mut response = shown(StatusCode::CREATED, entry, &query);
                set(&mut response, LOCATION, entry.location());
                Ok(response)
            }
            _ => Err(Refusal::method_not_allowed("GET, POST")),
        },
        (Endpoint::Resources(kind), Some(id)) => one(directory, kind, &id, &query, request),
        (Endpoint::Discovery(_), _) if *request.method() != Method::GET => {
            Err(Refusal::method_not_allowed("GET"))
        }
        // Lest a client believe that the filter was applied (RFC 7644 section 4).
        (Endpoint::Discovery(_), _) if query.filter.is_some() => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "What the server tells of itself takes no filter.",
        )),
        (Endpoint::Discovery(discovery), id) => discover(discovery, route.base, id),
    }
}

fn one(
    directory: &mut Directory,
    kind: ResourceType,
    id: &str,
    query: &Query,
    request: &Request<Vec<u8>>,
) -> Result<Response<Vec<u8>>, Refusal> {
    const METHODS: [Method; 4] = [Method::GET, Method::PUT, Method::PATCH, Method::DELETE];
    if !METHODS.contains(request.method()) {
        return Err(Refusal::method_not_allowed("GET, PUT, PATCH, DELETE"));
    }
    let entry = directory.get(kind, id)?;
    let headers = request.headers();
    if headers.contains_key(IF_MATCH) && !lists_tag(headers, IF_MATCH, entry) {
        return Err(Refusal::new(
            StatusCode::PRECONDITION_FAILED,
            "The resource has another version.",
        ));
    }
    match *request.method() {
        Method::PUT => {
            let entry = directory.replace(kind, id, body_of(request)?)?;
            Ok(shown(StatusCode::OK, entry, query))
        }
        Method::PATCH => {
            let entry = directory.patch(kind, id, &body_of(request)?)?;
            // Who names attributes wants to see them (RFC 7644 section 3.5.2).
            Ok(if query.attributes.is_some() {
                shown(StatusCode::OK, entry, query)
            } else {
                tagged(empty(StatusCode::NO_CONTENT), entry)
            })
        }
        Method::DELETE => {
            directory.delete(kind, id)?;
            Ok(empty(StatusCode::NO_CONTENT))
        }
        _ if lists_tag(headers, IF_NONE_MATCH, entry) => {
            Ok(tagged(empty(StatusCode::NOT_MODIFIED), entry))
        }
        _ => Ok(shown(StatusCode::OK, entry, query)),
    }
}

fn list(
    directory: &Directory,
    kind: ResourceType,
    query: &Query,
) -> Result<Response<Vec<u8>>, Refusal> {
    let filter = query.filter.as_deref().map(grammar::parse).transpose()?;
    let filter = filter.map(|filter| directory.compared(filter));
    let is_match = |entry: &&Entry| {
        filter.as_ref().is_none_or(|filter| filter.matches(entry.resource(), Scope::Resource(kind)))
    };
    let matching: Vec<&Entry> = directory.all(kind).filter(is_match).collect();
    let page = matching
        .iter()
        .skip(query.start_index - 1)
        .take(query.count)
        .map(|entry| query.select(entry.resource()))
        .collect();
    Ok(list_of(page, query.start_index, matching.len()))
}

fn list_of(page: Vec<Value>, start_index: usize, total: usize) -> Response<Vec<u8>> {
    let body = json!({
        "schemas": [LIST_RESPONSE],
        "totalResults": total,
        "startIndex": start_index,
        "itemsPerPage": page.len(),
        "Resources": page,
    });
    message(StatusCode::OK, &body)
}

fn discover(
    discovery: Discovery,
    base: &str,
    id: Option<String>,
) -> Result<Response<Vec<u8>>, Refusal> {
    let resources = match discovery {
        Discovery::ServiceProviderConfig if id.is_none() => {
            let config = discovery::service_provider_config(base);
            return Ok(message(StatusCode::OK, &config));
        }
        Discovery::ServiceProviderConfig => Vec::new(),
        Discovery::ResourceTypes => discovery::resource_types(base),
        Discovery::Schemas => discovery::schemas(base),
    };
    let Some(id) = id else {
        let total = resources.len();
        return Ok(list_of(resources, 1, total));
    };
    let has_id = |resource: &&Value| {
        resource.get("id").and_then(Value::as_str).is_some_and(|own| own.eq_ignore_ascii_case(&id))
    };
    resources
        .iter()
        .find(has_id)
        .map(|resource| message(StatusCode::OK, resource))
        .ok_or_else(|| Refusal::not_found("There is no resource with this id."))
}

/// Where a request goes.
pub(super) struct Route<'a> {
    base: &'a str,
    pub(super) endpoint: Endpoint,
    pub(super) id: Option<String>,
}

#[derive(Clone, Copy)]
pub(super) enum Endpoint {
    Resources(ResourceType),
    Discovery(Discovery),
}

#[derive(Clone, Copy)]
pub(super) enum Discovery {
    ServiceProviderConfig,
    ResourceTypes,
    Schemas,
}

impl<'a> Route<'a> {
    /// The base is whatever stands before the endpoint.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let (before, last) = path.rsplit_once('/')?;
        if let Some(endpoint) = Endpoint::named(last) {
            return Some(Self { base: before, endpoint, id: None });
        }
        let (base, endpoint) = before.rsplit_once('/')?;
        Some(Self {
            base,
            endpoint: Endpoint::named(endpoint)?,
            id: Some(percent_decoded(last).filter(|id| !id.is_empty())?),
        })
    }
}

impl Endpoint {
    fn named(segment: &str) -> Option<Self> {
        match segment {
            "ServiceProviderConfig" => Some(Self::Discovery(Discovery::ServiceProviderConfig)),
            "ResourceTypes" => Some(Self::Discovery(Discovery::ResourceTypes)),
            "Schemas" => Some(Self::Discovery(Discovery::Schemas)),
            _ => ResourceType::ALL
                .into_iter()
                .find(|kind| kind.endpoint() == segment)
                .map(Self::Resources),
        }
    }
}

/// Decodes a segment of a path; `None` where it is malformed.
fn percent_decoded(segment: &str) -> Option<String> {
    let mut bytes = segment.bytes();
    let mut decoded = Vec::with_capacity(segment.len());
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            u8::try_from(digit()? * 16 + digit()?).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(decoded).ok()
}

fn body_of(request: &Request<Vec<u8>>) -> Result<Map<String, Value>, Refusal> {
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if !["application/scim+json", "application/json"].contains(&content_type.as_str()) {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The body must be application/scim+json or application/json.",
        ));
    }
    serde_json::from_slice(request.body())
        .map_err(|_| Refusal::invalid_syntax("The body is no JSON object."))
}

/// SCIM's tags are weak, and yet meant for `If-Match` (RFC 7644 section 3.14): compared as text.
fn lists_tag(headers: &HeaderMap, name: HeaderName, entry: &Entry) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag == entry.tag())
}

fn shown(status: StatusCode, entry: &Entry, query: &Query) -> Response<Vec<u8>> {
    tagged(message(status, &query.select(entry.resource())), entry)
}

fn tagged(mut response: Response<Vec<u8>>, entry: &Entry) -> Response<Vec<u8>> {
    set(&mut response, ETAG, &entry.tag());
    response
}

fn message(status: StatusCode, body: &Value) -> Response<Vec<u8>> {
    let mut response = Response::new(body.to_string().into_bytes());
    *response.status_mut() = status;
    set(&mut response, CONTENT_TYPE, "application/scim+json");
    response
}

fn empty(status: StatusCode) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    response
}

/// Tags and paths are always fit for a header.
fn set(response: &mut Response<Vec<u8>>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
