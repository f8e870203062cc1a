//! Answers as a server with quirks gives them.

use http::header::{CONTENT_LENGTH, ETAG, HeaderValue, LOCATION};
use http::{Method, Response, StatusCode};
use serde_json::{Map, Value};

use super::super::directory::Directory;
use super::super::refusal::Refusal;
use super::requests::first_of;
use super::serve::{Asked, empty, page, scim, status};
use super::{Quirk, Quirks};

impl Quirks {
    /// The strict server's answer, or a refusal, in this server's form.
    pub(super) fn disguised(
        &self,
        asked: &Asked,
        directory: &Directory,
        response: Response<Vec<u8>>,
    ) -> Response<Vec<u8>> {
        let response = match response.status() {
            StatusCode::CONFLICT => self.conflict(response),
            StatusCode::NOT_FOUND if self.has(Quirk::HtmlNotFound) => page(StatusCode::NOT_FOUND),
            status if status.is_success() => self.success(asked, directory, response),
            _ => response,
        };
        let mut response = response;
        if self.has(Quirk::NoEtag) {
            response.headers_mut().remove(ETAG);
        }
        response.headers_mut().remove(CONTENT_LENGTH);
        response
    }

    fn conflict(&self, response: Response<Vec<u8>>) -> Response<Vec<u8>> {
        const TAKEN: &str = "There is such a resource already.";
        self.find(|quirk| match quirk {
            Quirk::ConflictWithoutType => Some(scim(Refusal::new(StatusCode::CONFLICT, TAKEN))),
            Quirk::ConflictAs(500) => Some(page(StatusCode::INTERNAL_SERVER_ERROR)),
            Quirk::ConflictAs(number) => Some(scim(Refusal::new(status(number), TAKEN))),
            _ => None,
        })
        .unwrap_or(response)
    }

    fn success(
        &self,
        asked: &Asked,
        directory: &Directory,
        mut response: Response<Vec<u8>>,
    ) -> Response<Vec<u8>> {
        if let Ok(Value::Object(mut body)) = serde_json::from_slice(response.body()) {
            if asked.kind.is_none() {
                *response.body_mut() = self.announced(body).to_string().into_bytes();
                return response;
            }
            if asked.is(&Method::GET) && asked.id.is_none() {
                self.disguise_list(asked, directory, &mut body);
            } else {
                self.disguise_resource(asked, &mut body);
            }
            *response.body_mut() = Value::Object(body).to_string().into_bytes();
        }
        if self.has(Quirk::LowerCaseEndpoints) {
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let lower = location.map(lower_endpoint);
            if let Some(Ok(location)) = lower.map(|location| HeaderValue::from_str(&location)) {
                response.headers_mut().insert(LOCATION, location);
            }
        }
        if asked.is(&Method::POST) {
            if self.has(Quirk::NoLocation) {
                response.headers_mut().remove(LOCATION);
            }
            if self.has(Quirk::CreatedWithoutBody) {
                response.body_mut().clear();
            }
            if self.has(Quirk::CreatedAs200) {
                *response.status_mut() = StatusCode::OK;
            }
        }
        if asked.is(&Method::PUT) && self.has(Quirk::PutWithoutBody) {
            let tag = response.headers().get(ETAG).cloned();
            response = empty(StatusCode::NO_CONTENT);
            if let Some(tag) = tag {
                response.headers_mut().insert(ETAG, tag);
            }
        }
        response
    }

    fn disguise_list(&self, asked: &Asked, directory: &Directory, list: &mut Map<String, Value>) {
        if let Some(Value::Array(resources)) = list.get_mut("Resources") {
            for resource in resources.iter_mut().filter_map(Value::as_object_mut) {
                self.disguise_resource(asked, resource);
            }
        }
        if self.has(Quirk::CursorOnly) {
            let first = first_of(&asked.parameter("cursor").unwrap_or_default());
            let shown = list.get("Resources").and_then(Value::as_array).map_or(0, Vec::len);
            let total = list.get("totalResults").and_then(Value::as_u64).unwrap_or_default();
            let next = first + shown;
            list.remove("startIndex");
            if shown > 0 && u64::try_from(next).is_ok_and(|next| next <= total) {
                list.insert("nextCursor".to_owned(), format!("from-{next}").into());
            }
        }
        if self.has(Quirk::WrongItemsPerPage) {
            let all = asked.kind.map_or(0, |kind| directory.all(kind).count());
            list.insert("itemsPerPage".to_owned(), all.max(20).into());
        }
        if self.has(Quirk::NoTotalResults) {
            list.remove("totalResults");
        }
        if self.has(Quirk::TextTotalResults)
            && let Some(total) = list.get_mut("totalResults")
        {
            *total = total.to_string().into();
        }
        if self.has(Quirk::LowerCaseListKey)
            && let Some(resources) = list.remove("Resources")
        {
            list.insert("resources".to_owned(), resources);
        }
    }

    fn disguise_resource(&self, asked: &Asked, resource: &mut Map<String, Value>) {
        if self.has(Quirk::MembersNeverListed) {
            resource.remove("members");
        }
        if self.has(Quirk::ExternalIdNotEchoed) && asked.writes() {
            resource.remove("externalId");
        }
        if self.has(Quirk::TextActive)
            && let Some(active @ Value::Bool(_)) = resource.get_mut("active")
        {
            *active = if *active == Value::Bool(true) { "True" } else { "False" }.into();
        }
        if self.has(Quirk::NumericIds)
            && let Some(id) = resource.get_mut("id")
            && let Some(number) = id.as_str().and_then(|id| id.parse::<u64>().ok())
        {
            *id = number.into();
        }
        let Some(Value::Object(meta)) = resource.get_mut("meta") else { return };
        if self.has(Quirk::NoEtag) {
            meta.remove("version");
        }
        if self.has(Quirk::LowerCaseEndpoints)
            && let Some(Value::String(location)) = meta.get_mut("location")
        {
            *location = lower_endpoint(location);
        }
    }
}

fn lower_endpoint(location: &str) -> String {
    location.replace("/Users/", "/users/").replace("/Groups/", "/groups/")
}
