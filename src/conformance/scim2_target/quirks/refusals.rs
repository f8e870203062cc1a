//! What is refused, and how.

use http::header::{CONTENT_TYPE, HeaderValue, IF_MATCH, RETRY_AFTER, USER_AGENT};
use http::{Method, Response, StatusCode};
use serde_json::{Map, Value};

use super::super::directory::Directory;
use super::super::patch;
use super::super::query::Query;
use super::super::refusal::Refusal;
use super::super::schema::{ENTERPRISE, ResourceType, value_of};
use super::operations::{Operation, operations};
use super::serve::{Asked, page, scim, status};
use super::{Quirk, Quirks};

impl Quirks {
    /// 429, when it is time for one.
    pub(super) fn too_many(&self, number: u64) -> Option<Response<Vec<u8>>> {
        let (every, retry_after) = self.find(|quirk| match quirk {
            Quirk::RateLimited { every, retry_after } => Some((every, retry_after)),
            _ => None,
        })?;
        if every == 0 || !number.is_multiple_of(every) {
            return None;
        }
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "There are too many requests.");
        let mut response = scim(refusal);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        Some(response)
    }

    /// Whether a request is refused for what can be seen of it alone.
    pub(super) fn refused(&self, asked: &Asked) -> Option<Response<Vec<u8>>> {
        self.refused_by_its_head(asked)
            .or_else(|| self.refused_by_its_page(asked))
            .or_else(|| self.refused_by_its_filter(asked))
            .or_else(|| self.refused_by_its_body(asked))
    }

    fn refused_by_its_head(&self, asked: &Asked) -> Option<Response<Vec<u8>>> {
        let headers = asked.request.headers();
        let is_plain = headers
            .get(CONTENT_TYPE)
            .map(HeaderValue::as_bytes)
            .is_some_and(|given| given.starts_with(b"application/json"));
        self.find(|quirk| match quirk {
            Quirk::UserAgentRequired if !headers.contains_key(USER_AGENT) => {
                Some(page(StatusCode::FORBIDDEN))
            }
            Quirk::PlainJsonOnly if !asked.request.body().is_empty() && !is_plain => {
                Some(scim(Refusal::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "The body must be application/json.",
                )))
            }
            Quirk::NoGroups if asked.kind == Some(ResourceType::Group) => {
                Some(page(StatusCode::NOT_FOUND))
            }
            Quirk::NoPatch(number) if asked.is(&Method::PATCH) => {
                Some(without_method(number, "PATCH is not supported."))
            }
            Quirk::NoPut(number) if asked.is(&Method::PUT) => Some(page(status(number))),
            Quirk::NoDelete(number) if asked.is(&Method::DELETE) => {
                Some(without_method(number, "DELETE is not supported."))
            }
            Quirk::IfMatchRequired
                if (asked.changes() || asked.is(&Method::DELETE))
                    && !headers.contains_key(IF_MATCH) =>
            {
                Some(scim(Refusal::new(
                    StatusCode::PRECONDITION_FAILED,
                    "The version must be given in If-Match.",
                )))
            }
            _ => None,
        })
    }

    fn refused_by_its_page(&self, asked: &Asked) -> Option<Response<Vec<u8>>> {
        let asks_for = |name| asked.parameter(name).is_some();
        let is_list = asked.is(&Method::GET) && asked.id.is_none();
        let is_refused = is_list && asks_for("startIndex") && self.has(Quirk::CursorOnly);
        let detail = "Pages are turned by cursor.";
        is_refused.then(|| scim(Refusal::new(StatusCode::NOT_IMPLEMENTED, detail)))
    }

    fn refused_by_its_filter(&self, asked: &Asked) -> Option<Response<Vec<u8>>> {
        if !asked.is(&Method::GET) || asked.id.is_some() {
            return None;
        }
        let filter = Query::of(asked.request.uri()).ok()?.filter?;
        let names_our_id = filter.to_ascii_lowercase().contains("externalid");
        self.find(|quirk| match quirk {
            Quirk::NoFilter(number) => Some(number),
            Quirk::NoExternalIdFilter(number) if names_our_id => Some(number),
            _ => None,
        })
        .map(|number| match number {
            400 => scim(Refusal::invalid_filter("The filter is not supported.")),
            number => scim(Refusal::new(status(number), "The filter is not supported.")),
        })
    }

    fn refused_by_its_body(&self, asked: &Asked) -> Option<Response<Vec<u8>>> {
        let body = asked.body.as_ref().filter(|_| asked.writes())?;
        let operations = operations(body);
        if asked.is(&Method::PATCH) {
            let refusal =
                operations.iter().find_map(|operation| self.against(asked.kind, *operation));
            return refusal.map(scim).or_else(|| self.against_members(&operations));
        }
        let unknown = body.keys().any(|name| self.refuses(asked.kind, name));
        let has_enterprise = value_of(body, ENTERPRISE).is_some() || lists_enterprise(body);
        if unknown || (self.has(Quirk::NoEnterprise) && has_enterprise) {
            let detail = "The resource names an attribute that is not known.";
            return Some(scim(Refusal::invalid_value(detail)));
        }
        let members = value_of(body, "members").and_then(Value::as_array).map_or(0, Vec::len);
        self.too_many_members(members)
    }

    /// What is wrong with one operation.
    fn against(&self, kind: Option<ResourceType>, operation: Operation<'_>) -> Option<Refusal> {
        let about = operation.attributes();
        let is_members = operation.is_about("members");
        let path = operation.path();
        let has_filter = path.is_some_and(|path| path.contains('['));
        let begins_capital = operation.op().starts_with(|first: char| first.is_ascii_uppercase());
        let pathless = path.is_none();
        let values = operation.value().and_then(Value::as_object).map_or(0, Map::len);
        let is_enterprise = |name: &&str| {
            name.get(..ENTERPRISE.len()).is_some_and(|urn| urn.eq_ignore_ascii_case(ENTERPRISE))
        };
        self.find(|quirk| match quirk {
            Quirk::CapitalOpsOnly if !begins_capital => {
                Some(Refusal::invalid_syntax("An op is none of Add, Remove, Replace."))
            }
            Quirk::LowerOpsOnly if operation.op().contains(|c: char| c.is_ascii_uppercase()) => {
                Some(Refusal::invalid_syntax("An op is none of add, remove, replace."))
            }
            Quirk::PathlessTakesOneAttribute if pathless && values > 1 => {
                Some(Refusal::invalid_syntax("Without a path the value holds one attribute."))
            }
            Quirk::PathlessOnly if !(is_members || pathless && operation.is("replace")) => {
                Some(Refusal::invalid_path("Attributes change by replace without a path."))
            }
            Quirk::NoValuePaths if has_filter && !is_members => {
                Some(Refusal::invalid_path("A path with a filter is not supported."))
            }
            Quirk::MembersRemovedByValueList
                if is_members
                    && operation.is("remove")
                    && (has_filter || operation.value().is_none()) =>
            {
                Some(Refusal::invalid_path("Members are removed by a list of values."))
            }
            Quirk::TextBooleansOnly if holds_boolean(operation.value()) => {
                Some(Refusal::invalid_value("A boolean is written as text."))
            }
            Quirk::NoEnterprise if about.iter().any(is_enterprise) => {
                Some(Refusal::invalid_path("The extension is not known."))
            }
            Quirk::Refuses(name) if self.refuses(kind, name) && operation.is_about(name) => {
                Some(Refusal::invalid_path("The attribute is not known."))
            }
            _ => None,
        })
    }

    /// What is wrong with all changes of members together.
    fn against_members(&self, operations: &[Operation<'_>]) -> Option<Response<Vec<u8>>> {
        let count = |removed: bool| -> usize {
            let about = operations.iter().filter(|operation| operation.is("remove") == removed);
            about.map(|operation| operation.members()).sum()
        };
        let (added, removed) = (count(false), count(true));
        if self.has(Quirk::OneRemovalPerRequest) && removed > 1 {
            let detail = "One member can be removed by a request.";
            return Some(scim(Refusal::invalid_value(detail)));
        }
        if self.has(Quirk::NoMixedMemberChanges) && added > 0 && removed > 0 {
            let detail = "Members are added and removed by separate requests.";
            return Some(scim(Refusal::invalid_value(detail)));
        }
        self.too_many_members(added + removed)
    }

    fn too_many_members(&self, members: usize) -> Option<Response<Vec<u8>>> {
        self.find(|quirk| match quirk {
            Quirk::MemberCap { most, status: 400 } if members > most => {
                Some(scim(Refusal::too_many("There are too many members in one request.")))
            }
            Quirk::MemberCap { most, status: number } if members > most => {
                let detail = "There are too many members in one request.";
                Some(scim(Refusal::new(status(number), detail)))
            }
            _ => None,
        })
    }

    /// Whether a request is refused for what the resource would be after it.
    pub(super) fn refused_as_a_whole(
        &self,
        directory: &Directory,
        asked: &Asked,
    ) -> Option<Response<Vec<u8>>> {
        let (kind, body) = (asked.kind?, asked.body.as_ref().filter(|_| asked.writes())?);
        let before = asked.id.as_deref().and_then(|id| directory.get(kind, id).ok());
        let before = before.map(|entry| entry.resource());
        let after = match (asked.is(&Method::PATCH), before) {
            (true, Some(before)) => patch::patched(kind, before, body).ok()?,
            (true, None) => return None,
            (false, _) => body.clone(),
        };
        let is_user = kind == ResourceType::User;
        let is_renamed = |name: &str| {
            before.is_some_and(|before| value_of(before, name) != value_of(&after, name))
        };
        let emails = value_of(&after, "emails").and_then(Value::as_array).map_or(0, Vec::len);
        self.find(|quirk| match quirk {
            Quirk::Requires(name) if is_user && !has(&after, name) => {
                Some(Refusal::invalid_value("A required attribute has no value."))
            }
            Quirk::OneEmail if emails > 1 => {
                Some(Refusal::invalid_value("There can be one e-mail only."))
            }
            Quirk::UserNameFixed if is_user && is_renamed("userName") => {
                Some(Refusal::mutability("The userName cannot change."))
            }
            Quirk::GroupNameFixed if !is_user && is_renamed("displayName") => {
                Some(Refusal::mutability("The displayName cannot change."))
            }
            Quirk::PatchMustChange if asked.is(&Method::PATCH) && before == Some(&after) => {
                Some(Refusal::invalid_value("Nothing changes."))
            }
            _ => None,
        })
        .map(scim)
    }
}

fn without_method(number: u16, detail: &'static str) -> Response<Vec<u8>> {
    match number {
        404 => page(StatusCode::NOT_FOUND),
        number => scim(Refusal::new(status(number), detail)),
    }
}

fn lists_enterprise(body: &Map<String, Value>) -> bool {
    let urns = value_of(body, "schemas").and_then(Value::as_array);
    let mut urns = urns.into_iter().flatten().filter_map(Value::as_str);
    urns.any(|urn| urn.eq_ignore_ascii_case(ENTERPRISE))
}

fn holds_boolean(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(_)) => true,
        Some(Value::Object(members)) => {
            value_of(members, "active").is_some_and(|active| active.is_boolean())
        }
        _ => false,
    }
}

/// Whether an attribute has a value; `name.givenName` is one of a name.
fn has(resource: &Map<String, Value>, name: &str) -> bool {
    let value = match name.split_once('.') {
        Some((holder, part)) => value_of(resource, holder)
            .and_then(Value::as_object)
            .and_then(|holder| value_of(holder, part)),
        None => value_of(resource, name),
    };
    match value {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(values)) => !values.is_empty(),
        Some(_) => true,
    }
}
