//! What a server with quirks tells of itself. It is as honest as servers are: what it refuses it does not announce,
//! what it swallows it does.

use serde_json::{Map, Value, json};

use super::super::schema::{ENTERPRISE, GROUP, ResourceType, USER};
use super::{Quirk, Quirks};

impl Quirks {
    /// An answer of one of the three endpoints.
    pub(super) fn announced(&self, mut body: Map<String, Value>) -> Value {
        for (feature, is_missing) in [
            ("patch", self.iter().any(|quirk| matches!(quirk, Quirk::NoPatch(_)))),
            (
                "filter",
                self.iter().any(|quirk| matches!(quirk, Quirk::NoFilter(_) | Quirk::FilterIgnored)),
            ),
            ("etag", self.has(Quirk::NoEtag)),
        ] {
            if let Some(Value::Object(feature)) = body.get_mut(feature).filter(|_| is_missing) {
                feature.insert("supported".to_owned(), false.into());
            }
        }
        if self.has(Quirk::CursorOnly) && body.contains_key("patch") {
            let pagination = json!({
                "cursor": true,
                "index": false,
                "defaultPaginationMethod": "cursor",
            });
            body.insert("pagination".to_owned(), pagination);
        }
        let Some(Value::Array(resources)) = body.get_mut("Resources") else {
            self.announce(&mut body);
            return body.into();
        };
        resources.retain_mut(|resource| match resource {
            Value::Object(resource) => {
                self.announce(resource);
                !self.is_hidden(resource)
            }
            _ => true,
        });
        if self.has(Quirk::BareDiscovery) {
            return std::mem::take(resources).into();
        }
        let total = resources.len();
        body.insert("totalResults".to_owned(), total.into());
        body.insert("itemsPerPage".to_owned(), total.into());
        body.into()
    }

    /// Whether a resource type or a schema is not told of.
    fn is_hidden(&self, resource: &Map<String, Value>) -> bool {
        let is = |name: &str| resource.get("id").and_then(Value::as_str) == Some(name);
        (self.has(Quirk::NoGroups) && (is("Group") || is(GROUP)))
            || (self.has(Quirk::NoEnterprise) && is(ENTERPRISE))
    }

    /// One resource type or schema.
    fn announce(&self, resource: &mut Map<String, Value>) {
        if self.has(Quirk::LowerCaseEndpoints)
            && let Some(Value::String(endpoint)) = resource.get_mut("endpoint")
        {
            *endpoint = endpoint.to_lowercase();
        }
        if self.has(Quirk::NoEnterprise)
            && let Some(Value::Array(extensions)) = resource.get_mut("schemaExtensions")
        {
            extensions.clear();
        }
        let is_user = resource.get("id").and_then(Value::as_str) == Some(USER);
        let kind = if is_user { ResourceType::User } else { ResourceType::Group };
        let Some(Value::Array(attributes)) = resource.get_mut("attributes") else { return };
        attributes.retain(|attribute| {
            let name = attribute.get("name").and_then(Value::as_str).unwrap_or_default();
            !self.refuses(Some(kind), name)
        });
        for quirk in self.iter().filter(|_| is_user) {
            if let Quirk::Requires(name) = quirk {
                require(attributes, name);
            }
        }
    }
}

fn require(attributes: &mut [Value], path: &str) {
    let (name, part) = match path.split_once('.') {
        Some((name, part)) => (name, Some(part)),
        None => (path, None),
    };
    let is_named =
        |attribute: &&mut Value| attribute.get("name").and_then(Value::as_str) == Some(name);
    let Some(Value::Object(attribute)) = attributes.iter_mut().find(is_named) else { return };
    attribute.insert("required".to_owned(), true.into());
    if let (Some(part), Some(Value::Array(parts))) = (part, attribute.get_mut("subAttributes")) {
        require(parts, part);
    }
}
