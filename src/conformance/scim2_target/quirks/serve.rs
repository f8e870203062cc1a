//! From request to answer, past the quirks.

use http::{Method, Request, Response, StatusCode};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::super::directory::Directory;
use super::super::refusal::Refusal;
use super::super::schema::ResourceType;
use super::super::service::{self, Endpoint, Route};
use super::{Quirk, Quirks};

/// A request as the quirks see it.
pub(super) struct Asked {
    pub(super) request: Request<Vec<u8>>,
    pub(super) method: Method,
    pub(super) kind: Option<ResourceType>,
    pub(super) id: Option<String>,
    pub(super) body: Option<Map<String, Value>>,
}

impl Asked {
    pub(super) fn of(request: Request<Vec<u8>>) -> Self {
        let (kind, id) = match Route::of(request.uri().path()) {
            Some(Route { endpoint: Endpoint::Resources(kind), id, .. }) => (Some(kind), id),
            _ => (None, None),
        };
        Self {
            method: request.method().clone(),
            body: serde_json::from_slice(request.body()).ok(),
            request,
            kind,
            id,
        }
    }

    /// Whether it is a request of this method about one resource, or all of a type.
    pub(super) fn is(&self, method: &Method) -> bool {
        self.kind.is_some() && self.method == *method
    }

    pub(super) fn writes(&self) -> bool {
        self.is(&Method::POST) || self.changes()
    }

    pub(super) fn changes(&self) -> bool {
        self.is(&Method::PUT) || self.is(&Method::PATCH)
    }

    /// A parameter of the query.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let query = self.request.uri().query().unwrap_or_default();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
    }

    /// Puts the body, which may have changed, into the request.
    pub(super) fn pack(&mut self) {
        if let Some(body) = &self.body {
            *self.request.body_mut() = Value::from(body.clone()).to_string().into_bytes();
        }
    }
}

/// Answers a request as a server with these quirks does; `number` counts the requests, from 1.
pub(in super::super) fn answer(
    quirks: &Quirks,
    directory: &mut Directory,
    token: Option<&str>,
    number: u64,
    request: &Request<Vec<u8>>,
) -> Response<Vec<u8>> {
    if quirks.is_empty() {
        return service::answer(directory, token, request);
    }
    if let Some(response) = quirks.too_many(number) {
        return response;
    }
    if service::authorize(token, request.headers()).is_err() {
        return service::answer(directory, token, request);
    }
    let Some(request) = quirks.routed(request) else { return page(StatusCode::NOT_FOUND) };
    let asked = Asked::of(request);
    let answered = match quirks.refused(&asked) {
        Some(response) => response,
        None => quirks.served(directory, token, &asked),
    };
    quirks.disguised(&asked, directory, answered)
}

impl Quirks {
    fn served(
        &self,
        directory: &mut Directory,
        token: Option<&str>,
        asked: &Asked,
    ) -> Response<Vec<u8>> {
        let rewritten = self.rewritten(asked);
        if let Some(response) = self.refused_as_a_whole(directory, &rewritten) {
            return response;
        }
        let before = self.version(directory, asked);
        let mut response = service::answer(directory, token, &rewritten.request);
        if self.has(Quirk::PagesRepeat)
            && let Some(first) = rewritten.first_page_instead(&response)
        {
            response = service::answer(directory, token, &first);
        }
        let is_patched = asked.is(&Method::PATCH) && response.status().is_success();
        let is_unchanged = before == self.version(directory, asked);
        let is_shown = self.has(Quirk::PatchShowsResource)
            || (self.has(Quirk::PatchShowsChange) && !is_unchanged);
        match (is_patched, is_shown, asked.id.as_deref().zip(asked.kind)) {
            (true, true, Some((id, kind))) => service::show(directory, kind, id),
            (true, false, _) => {
                response.body_mut().clear();
                *response.status_mut() = StatusCode::NO_CONTENT;
                response
            }
            _ if asked.is(&Method::DELETE) && response.status().is_success() => {
                empty(StatusCode::NO_CONTENT)
            }
            _ => response,
        }
    }

    fn version(&self, directory: &Directory, asked: &Asked) -> Option<String> {
        let entry = directory.get(asked.kind?, asked.id.as_deref()?).ok()?;
        Some(entry.tag())
    }
}

/// A SCIM error.
pub(super) fn scim(refusal: Refusal) -> Response<Vec<u8>> {
    service::refused(refusal)
}

/// A page for people.
pub(super) fn page(status: StatusCode) -> Response<Vec<u8>> {
    let body = format!("<!DOCTYPE html><title>{status}</title><h1>{status}</h1>");
    let mut response = Response::new(body.into_bytes());
    *response.status_mut() = status;
    let html = http::HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, html);
    response
}

pub(super) fn empty(status: StatusCode) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    response
}

/// What no status is, is the server's own fault.
pub(super) fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
