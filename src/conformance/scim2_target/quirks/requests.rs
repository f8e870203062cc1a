//! Requests as the strict server is to see them.

use http::header::{CONTENT_TYPE, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use http::{Method, Request, Response, StatusCode, Uri};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::super::schema::{ResourceType, key_of};
use super::operations::{Operation, operations, operations_mut};
use super::serve::Asked;
use super::{Quirk, Quirks};

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

impl Quirks {
    /// The request with the strict server's own paths; `None` where this server has nothing at the path.
    pub(super) fn routed(&self, request: &Request<Vec<u8>>) -> Option<Request<Vec<u8>>> {
        let mut request = request.clone();
        for (wanted, strict) in [("users", "Users"), ("groups", "Groups")] {
            if self.has(Quirk::LowerCaseEndpoints) {
                request = moved(request, wanted, strict)?;
            }
        }
        if self.has(Quirk::OldDiscoveryName) {
            request = moved(request, "ServiceProviderConfigs", "ServiceProviderConfig")?;
        }
        let has_segment = |name: &str| request.uri().path().split('/').any(|part| part == name);
        let is_config = has_segment("ServiceProviderConfig");
        let is_discovery = is_config || has_segment("ResourceTypes") || has_segment("Schemas");
        let is_gone = (self.has(Quirk::NoServiceProviderConfig) && is_config)
            || (self.has(Quirk::NoDiscovery) && is_discovery);
        (!is_gone).then_some(request)
    }

    /// The request without what this server does not see, and in the strict server's dialect.
    pub(super) fn rewritten(&self, asked: &Asked) -> Asked {
        let mut request = asked.request.clone();
        if self.has(Quirk::NoEtag) {
            request.headers_mut().remove(IF_MATCH);
            request.headers_mut().remove(IF_NONE_MATCH);
        }
        if asked.is(&Method::GET) && asked.id.is_none() {
            let uri = self.query(request.uri());
            *request.uri_mut() = uri;
        }
        let mut rewritten = Asked::of(request);
        let is_user = asked.kind == Some(ResourceType::User);
        if is_user && asked.is(&Method::DELETE) && self.has(Quirk::DeleteDeactivates) {
            let operation = json!({ "op": "replace", "path": "active", "value": false });
            let body = json!({ "schemas": [PATCH_OP], "Operations": [operation] });
            *rewritten.request.method_mut() = Method::PATCH;
            *rewritten.request.body_mut() = body.to_string().into_bytes();
            let json = HeaderValue::from_static("application/json");
            rewritten.request.headers_mut().insert(CONTENT_TYPE, json);
            return rewritten;
        }
        let Some(body) = rewritten.body.as_mut().filter(|_| asked.writes()) else {
            return rewritten;
        };
        if !asked.is(&Method::PATCH) {
            self.rewrite_resource(asked, body);
            rewritten.pack();
            return rewritten;
        }
        let was_empty = operations(body).is_empty();
        self.rewrite_operations(asked.kind, body);
        let is_empty = operations(body).is_empty();
        rewritten.pack();
        if is_empty && !was_empty {
            // All of it is dropped: the resource is shown as it is.
            *rewritten.request.method_mut() = Method::GET;
            rewritten.body = None;
        }
        rewritten
    }

    fn query(&self, uri: &Uri) -> Uri {
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let mut pairs: Vec<(String, String)> =
            pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        if self.has(Quirk::FilterIgnored) {
            pairs.retain(|(name, _)| name != "filter");
        }
        if self.has(Quirk::CursorOnly) {
            for (name, value) in &mut pairs {
                if name == "cursor" {
                    "startIndex".clone_into(name);
                    *value = first_of(value).to_string();
                }
            }
        }
        if self.has(Quirk::ExternalIdFilterEmpty) {
            for (name, value) in &mut pairs {
                if name == "filter" && value.to_ascii_lowercase().contains("externalid") {
                    "not (id pr)".clone_into(value);
                }
            }
        }
        let most = self.find(|quirk| match quirk {
            Quirk::PageSize(most) => Some(most),
            _ => None,
        });
        if let Some(most) = most {
            let asked = pairs.iter().find(|(name, _)| name == "count");
            let asked = asked.and_then(|(_, value)| value.parse().ok()).unwrap_or(most);
            pairs.retain(|(name, _)| name != "count");
            pairs.push(("count".to_owned(), asked.min(most).to_string()));
        }
        with_query(uri, &pairs)
    }

    /// The body of a POST or PUT.
    fn rewrite_resource(&self, asked: &Asked, body: &mut Map<String, Value>) {
        body.retain(|name, _| !self.drops(asked.kind, name));
        let is_new_group = asked.is(&Method::POST) && asked.kind == Some(ResourceType::Group);
        if is_new_group && self.has(Quirk::MembersDroppedOnCreate) {
            body.retain(|name, _| !name.eq_ignore_ascii_case("members"));
        }
        self.rewrite_values(body);
    }

    /// Values by the names of top-level attributes.
    fn rewrite_values(&self, values: &mut Map<String, Value>) {
        for (name, value) in values {
            self.rewrite_value(name, value);
        }
    }

    fn rewrite_value(&self, name: &str, value: &mut Value) {
        if self.has(Quirk::LowerCasesUserName)
            && name.eq_ignore_ascii_case("userName")
            && let Value::String(text) = value
        {
            *text = text.to_lowercase();
        }
        if self.has(Quirk::KeepsOneEmail)
            && name.eq_ignore_ascii_case("emails")
            && let Value::Array(emails) = value
        {
            emails.truncate(1);
        }
        if self.has(Quirk::TextBooleansOnly)
            && name.eq_ignore_ascii_case("active")
            && let Value::String(text) = value
        {
            *value = text.eq_ignore_ascii_case("true").into();
        }
    }

    fn rewrite_operations(&self, kind: Option<ResourceType>, body: &mut Map<String, Value>) {
        let Some(operations) = operations_mut(body) else { return };
        operations.retain_mut(|operation| {
            let Some(seen) = Operation::of(operation) else { return true };
            let path = seen.path().map(str::to_owned);
            let about: Vec<String> = seen.attributes().into_iter().map(str::to_owned).collect();
            if !about.is_empty() && about.iter().all(|name| self.is_dropped(kind, name)) {
                return false;
            }
            let displaces = self.has(Quirk::KeepsOneEmail)
                && seen.is("add")
                && path.as_ref().is_some_and(|path| path.eq_ignore_ascii_case("emails"));
            let Some(operation) = operation.as_object_mut() else { return true };
            if displaces {
                operation.retain(|name, _| !name.eq_ignore_ascii_case("op"));
                operation.insert("op".to_owned(), "replace".into());
            }
            let key = key_of(operation, "value").map(str::to_owned);
            let value = key.and_then(|key| operation.get_mut(&key));
            match (path, value) {
                (Some(path), Some(value)) => self.rewrite_value(&path, value),
                (None, Some(Value::Object(values))) => {
                    values.retain(|name, _| !self.is_dropped(kind, name));
                    self.rewrite_values(values);
                }
                _ => {}
            }
            true
        });
        if self.has(Quirk::MembersRemovedByValueList) {
            *operations = std::mem::take(operations).into_iter().flat_map(by_filter).collect();
        }
    }

    /// Whether an attribute, or the extension that it belongs to, is not kept.
    fn is_dropped(&self, kind: Option<ResourceType>, name: &str) -> bool {
        self.drops(kind, name)
            || name.rsplit_once(':').is_some_and(|(urn, _)| self.drops(kind, urn))
    }
}

impl Asked {
    /// The first page, where a page behind the last one was asked for.
    pub(super) fn first_page_instead(
        &self,
        response: &Response<Vec<u8>>,
    ) -> Option<Request<Vec<u8>>> {
        if !self.is(&Method::GET) || self.id.is_some() || response.status() != StatusCode::OK {
            return None;
        }
        let list: Value = serde_json::from_slice(response.body()).ok()?;
        let is_empty = list.get("Resources")?.as_array()?.is_empty();
        let has_some = list.get("totalResults")?.as_u64()? > 0;
        let pairs =
            form_urlencoded::parse(self.request.uri().query().unwrap_or_default().as_bytes());
        let pairs: Vec<(String, String)> = pairs
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .filter(|(name, _)| name != "startIndex")
            .collect();
        let mut request = self.request.clone();
        *request.uri_mut() = with_query(self.request.uri(), &pairs);
        (is_empty && has_some).then_some(request)
    }
}

/// Where the page with this cursor begins; the empty one is that of the first page.
pub(super) fn first_of(cursor: &str) -> usize {
    cursor.strip_prefix("from-").and_then(|from| from.parse().ok()).unwrap_or(1)
}

/// `remove` of `members` with a list of values, in the words of the RFC: one operation each.
fn by_filter(operation: Value) -> Vec<Value> {
    let Some(seen) = Operation::of(&operation) else { return vec![operation] };
    let is_members = seen.path().is_some_and(|path| path.eq_ignore_ascii_case("members"));
    match seen.value() {
        Some(Value::Array(members)) if seen.is("remove") && is_members => members
            .iter()
            .filter_map(|member| member.get("value").and_then(Value::as_str))
            .map(|id| json!({ "op": "remove", "path": format!("members[value eq {}]", json!(id)) }))
            .collect(),
        _ => vec![operation],
    }
}

/// The request with the strict name of a path's segment; `None` where the strict name itself was used.
fn moved(request: Request<Vec<u8>>, name: &str, strict: &str) -> Option<Request<Vec<u8>>> {
    let path = request.uri().path();
    if path.split('/').any(|segment| segment == strict) {
        return None;
    }
    let path: Vec<&str> =
        path.split('/').map(|segment| if segment == name { strict } else { segment }).collect();
    let mut moved = path.join("/");
    if let Some(query) = request.uri().query() {
        moved.push('?');
        moved.push_str(query);
    }
    let mut request = request;
    if let Ok(uri) = moved.parse() {
        *request.uri_mut() = uri;
    }
    Some(request)
}

fn with_query(uri: &Uri, pairs: &[(String, String)]) -> Uri {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{}?{query}", uri.path()).parse().unwrap_or_else(|_| uri.clone())
}
