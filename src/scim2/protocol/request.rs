//! Requests (RFC 7644 section 3), all but their authentication.

use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Uri};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::connector::Lookup;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Filter, Group, RemoteId, Resource, ResourceKind, User, is_urn};
use crate::transport::{BaseUrl, HttpRequest};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json");
const BOTH_JSONS: HeaderValue = HeaderValue::from_static("application/scim+json, application/json");
const US: HeaderValue =
    HeaderValue::from_static(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));

/// Resources of one page of a list.
const PAGE: &str = "100";

/// POST of a new resource (section 3.3).
pub(in super::super) fn create(base: &BaseUrl, resource: &Resource) -> Result<HttpRequest> {
    let body = match resource {
        Resource::User(user) => {
            let schemas = [USER].into_iter().chain(user.extension_urns()).collect();
            json(&NewUser { schemas, user })
        }
        Resource::Group(group) => {
            let schemas = [GROUP].into_iter().chain(group.extensions.urns()).collect();
            json(&NewGroup { schemas, group })
        }
    };
    with_body(Method::POST, base.collection(collection(resource.kind()))?, body?)
}

#[derive(Serialize)]
struct NewUser<'a> {
    schemas: Vec<&'a str>,
    #[serde(flatten)]
    user: &'a User,
}

#[derive(Serialize)]
struct NewGroup<'a> {
    schemas: Vec<&'a str>,
    #[serde(flatten)]
    group: &'a Group,
}

/// PATCH with these operations (section 3.5.2).
pub(in super::super) fn patch(
    base: &BaseUrl,
    kind: ResourceKind,
    id: &RemoteId,
    operations: &[Value],
) -> Result<HttpRequest> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Patch<'a> {
        #[serde(rename = "schemas")]
        schemas: [&'static str; 1],
        operations: &'a [Value],
    }
    let body = json(&Patch { schemas: [PATCH_OP], operations })?;
    with_body(Method::PATCH, base.resource(collection(kind), id)?, body)
}

/// PUT of a whole resource (section 3.5.1), without what only the target may write.
pub(in super::super) fn put(
    base: &BaseUrl,
    kind: ResourceKind,
    id: &RemoteId,
    mut resource: Map<String, Value>,
) -> Result<HttpRequest> {
    for read_only in ["meta", "groups"] {
        resource.remove(read_only);
    }
    let core = match kind {
        ResourceKind::User => USER,
        ResourceKind::Group => GROUP,
    };
    let urns = resource.keys().filter(|name| is_urn(name)).map(String::as_str);
    let schemas: Vec<Value> = [core].into_iter().chain(urns).map(Value::from).collect();
    resource.insert("schemas".to_owned(), schemas.into());
    with_body(Method::PUT, base.resource(collection(kind), id)?, json(&resource)?)
}

/// DELETE of a resource (section 3.6).
pub(in super::super) fn delete(
    base: &BaseUrl,
    kind: ResourceKind,
    id: &RemoteId,
) -> Result<HttpRequest> {
    bare(Method::DELETE, base.resource(collection(kind), id)?)
}

/// GET of one resource (section 3.4.1).
pub(in super::super) fn get(
    base: &BaseUrl,
    kind: ResourceKind,
    id: &RemoteId,
) -> Result<HttpRequest> {
    bare(Method::GET, base.resource(collection(kind), id)?)
}

/// The look-up by our own id (section 3.4.2).
pub(in super::super) fn find_by_id(base: &BaseUrl, lookup: &Lookup<'_>) -> Result<HttpRequest> {
    find(base, lookup.kind, Filter::equals("externalId", lookup.external_id.as_str()))
}

/// The look-up by name.
pub(in super::super) fn find_by_name(base: &BaseUrl, lookup: &Lookup<'_>) -> Result<HttpRequest> {
    let name = match lookup.kind {
        ResourceKind::User => "userName",
        ResourceKind::Group => "displayName",
    };
    find(base, lookup.kind, Filter::equals(name, lookup.name))
}

fn find(base: &BaseUrl, kind: ResourceKind, filter: Filter) -> Result<HttpRequest> {
    let filter = filter.to_string();
    let mut parameters = vec![("filter", filter.as_str())];
    if kind == ResourceKind::Group {
        // Who is in it is our own to know, and may be very many.
        parameters.push(("excludedAttributes", "members"));
    }
    bare(Method::GET, base.query(collection(kind), &parameters)?)
}

/// One page of a list, from this resource on (section 3.4.2.4).
pub(in super::super) fn list(
    base: &BaseUrl,
    kind: ResourceKind,
    start: u64,
) -> Result<HttpRequest> {
    let start = start.to_string();
    bare(Method::GET, base.query(collection(kind), &[("startIndex", &start), ("count", PAGE)])?)
}

fn collection(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => "Users",
        ResourceKind::Group => "Groups",
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| {
        Error::new(ErrorKind::Rejected, "the resource cannot be written as JSON").with_source(error)
    })
}

fn bare(method: Method, uri: Uri) -> Result<HttpRequest> {
    with_body(method, uri, Vec::new())
}

fn with_body(method: Method, uri: Uri, body: Vec<u8>) -> Result<HttpRequest> {
    let has_body = !body.is_empty();
    let mut request = HttpRequest::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert(ACCEPT, BOTH_JSONS);
    headers.insert(USER_AGENT, US);
    if has_body {
        headers.insert(CONTENT_TYPE, SCIM_JSON);
    }
    Ok(request)
}
