//! Requests (RFC 7644 section 3), all but their authentication.

use http::header::{ACCEPT, CONTENT_TYPE, IF_MATCH, USER_AGENT};
use http::{HeaderValue, Method, Uri};
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::profile::{ContentType, Profile};
use super::fit::{fit, holds_everything};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Filter, Group, RemoteId, Resource, ResourceKind, Secret, User, is_urn};
use crate::transport::{BaseUrl, HttpRequest};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const US: HeaderValue =
    HeaderValue::from_static(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));

/// Writes requests for one target.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Writer<'a> {
    pub(in super::super) base: &'a BaseUrl,
    pub(in super::super) profile: &'a Profile,
}

impl Writer<'_> {
    /// POST of a new resource (section 3.3), with what of it the target can hold. A user may come with a password.
    pub(in super::super) fn create(
        &self,
        resource: &Resource,
        password: Option<&Secret>,
    ) -> Result<HttpRequest> {
        let kind = resource.kind();
        let body = if holds_everything(self.profile, resource) {
            whole(resource, password)?
        } else {
            let mut attributes = match serde_json::to_value(resource) {
                Ok(Value::Object(attributes)) => attributes,
                _ => Map::new(),
            };
            fit(self.profile, kind, &mut attributes, password)?;
            attributes.insert("schemas".to_owned(), schemas(kind, &attributes));
            json(&attributes)?
        };
        self.with_body(Method::POST, self.base.collection(self.profile.path(kind))?, body)
    }

    /// PATCH with these operations (section 3.5.2).
    pub(in super::super) fn patch(
        &self,
        kind: ResourceKind,
        id: &RemoteId,
        version: Option<&str>,
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
        let uri = self.base.resource(self.profile.path(kind), id)?;
        self.with_body(Method::PATCH, uri, body).map(|request| self.on_version(request, version))
    }

    /// PUT of a whole resource (section 3.5.1), without what only the target may write. A password in it is sent: whoever
    /// read the resource has taken out what the target showed in place of one.
    pub(in super::super) fn put(
        &self,
        kind: ResourceKind,
        id: &RemoteId,
        version: Option<&str>,
        mut resource: Map<String, Value>,
    ) -> Result<HttpRequest> {
        let not_ours = ["meta", "groups"];
        resource.retain(|name, _| !not_ours.iter().any(|known| known.eq_ignore_ascii_case(name)));
        if !self.profile.id_in_put_body {
            resource.remove("id");
        }
        let forbidden = self.profile.forbidden(kind);
        resource.retain(|name, value| {
            // No value is no value: null would be one for some.
            !value.is_null() && !forbidden.iter().any(|known| known.eq_ignore_ascii_case(name))
        });
        resource.insert("schemas".to_owned(), schemas(kind, &resource));
        let uri = self.base.resource(self.profile.path(kind), id)?;
        let request = self.with_body(Method::PUT, uri, json(&resource)?)?;
        Ok(self.on_version(request, version))
    }

    /// DELETE of a resource (section 3.6). Whatever its version, unless the target wants one: a leaver leaves.
    pub(in super::super) fn delete(
        &self,
        kind: ResourceKind,
        id: &RemoteId,
        version: Option<&str>,
    ) -> Result<HttpRequest> {
        let uri = self.base.resource(self.profile.path(kind), id)?;
        self.bare(Method::DELETE, uri).map(|request| self.on_version(request, version))
    }

    /// GET of one resource (section 3.4.1).
    pub(in super::super) fn get(&self, kind: ResourceKind, id: &RemoteId) -> Result<HttpRequest> {
        self.bare(Method::GET, self.base.resource(self.profile.path(kind), id)?)
    }

    /// GET of something that stands alone, such as `/ServiceProviderConfig`.
    pub(in super::super) fn get_at(&self, path: &str) -> Result<HttpRequest> {
        self.bare(Method::GET, self.base.collection(path)?)
    }

    /// The look-up by one attribute (section 3.4.2).
    pub(in super::super) fn find(
        &self,
        kind: ResourceKind,
        attribute: &str,
        text: &str,
    ) -> Result<HttpRequest> {
        let filter = Filter::equals(attribute, text).to_string();
        self.query(kind, vec![("filter", filter.as_str())])
    }

    /// One page of a list, from this resource on (section 3.4.2.4).
    pub(in super::super) fn page(
        &self,
        kind: ResourceKind,
        start: u64,
        count: usize,
    ) -> Result<HttpRequest> {
        let (start, count) = (start.to_string(), count.to_string());
        self.query(kind, vec![("startIndex", &start), ("count", &count)])
    }

    /// One page of a list, by cursor; empty for the first (RFC 9865).
    pub(in super::super) fn page_at(
        &self,
        kind: ResourceKind,
        cursor: &str,
        count: usize,
    ) -> Result<HttpRequest> {
        let count = count.to_string();
        self.query(kind, vec![("cursor", cursor), ("count", &count)])
    }

    /// Everything at once.
    pub(in super::super) fn everything(&self, kind: ResourceKind) -> Result<HttpRequest> {
        self.query(kind, Vec::new())
    }

    fn query(&self, kind: ResourceKind, mut parameters: Vec<(&str, &str)>) -> Result<HttpRequest> {
        if kind == ResourceKind::Group {
            // Who is in it is our own to know, and may be very many.
            parameters.push(("excludedAttributes", "members"));
        }
        self.bare(Method::GET, self.base.query(self.profile.path(kind), &parameters)?)
    }

    fn on_version(&self, mut request: HttpRequest, version: Option<&str>) -> HttpRequest {
        // As it came. One that cannot stand in a header proves nothing.
        let tag =
            version.filter(|_| self.profile.etag).and_then(|tag| HeaderValue::from_str(tag).ok());
        if let Some(tag) = tag {
            request.headers_mut().insert(IF_MATCH, tag);
        }
        request
    }

    fn bare(&self, method: Method, uri: Uri) -> Result<HttpRequest> {
        self.with_body(method, uri, Vec::new())
    }

    fn with_body(&self, method: Method, uri: Uri, body: Vec<u8>) -> Result<HttpRequest> {
        let has_body = !body.is_empty();
        let mut request = HttpRequest::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let accept = HeaderValue::from_str(&self.profile.accept).map_err(|_| {
            Error::new(ErrorKind::Configuration, "the profile's accept cannot stand in a header")
        })?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, accept);
        headers.insert(USER_AGENT, US);
        if has_body {
            headers.insert(
                CONTENT_TYPE,
                HeaderValue::from_static(match self.profile.content_type {
                    ContentType::ScimJson => "application/scim+json",
                    ContentType::Json => "application/json",
                }),
            );
        }
        Ok(request)
    }
}

/// A resource as it is.
fn whole(resource: &Resource, password: Option<&Secret>) -> Result<Vec<u8>> {
    match resource {
        Resource::User(user) => {
            let schemas = [USER].into_iter().chain(user.extension_urns()).collect();
            json(&NewUser { schemas, user, password: password.map(Secret::expose) })
        }
        Resource::Group(group) => {
            let schemas = [GROUP].into_iter().chain(group.extensions.urns()).collect();
            json(&NewGroup { schemas, group })
        }
    }
}

#[derive(Serialize)]
struct NewUser<'a> {
    schemas: Vec<&'a str>,
    #[serde(flatten)]
    user: &'a User,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

#[derive(Serialize)]
struct NewGroup<'a> {
    schemas: Vec<&'a str>,
    #[serde(flatten)]
    group: &'a Group,
}

/// The core schema and those of the extensions that are there.
fn schemas(kind: ResourceKind, attributes: &Map<String, Value>) -> Value {
    let core = match kind {
        ResourceKind::User => USER,
        ResourceKind::Group => GROUP,
    };
    let urns = attributes.keys().filter(|name| is_urn(name)).map(String::as_str);
    [core].into_iter().chain(urns).map(Value::from).collect()
}

fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| {
        Error::new(ErrorKind::Rejected, "the resource cannot be written as JSON").with_source(error)
    })
}
