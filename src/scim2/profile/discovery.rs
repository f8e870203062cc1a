//! What a target says of itself (RFC 7643 sections 5 to 7), each word of it optional (`scim.md` 20 to 24).

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::layers::Layer;
use crate::model::truth;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:user";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:group";
/// The most resources that are asked for at once, whatever a target offers.
const LARGEST_PAGE: u64 = 1000;

/// The largest description of itself that a target is believed, in bytes of JSON. Real ones have some thousand.
pub(crate) const LARGEST_DESCRIPTION: usize = 64 * 1024;

/// The longest name of an attribute or a schema, in bytes. Real ones have less than a hundred.
const LONGEST_NAME: usize = 255;

/// What `/ServiceProviderConfig` says.
pub(crate) fn of_service(config: &Value, layer: &mut Layer) {
    let config = objects(config).into_iter().next();
    let Some(config) = config else { return };
    let supports = |what: &str| config.get(what)?.get("supported").and_then(truth);
    let mut says = |field: &str, value: Value| layer.insert(field.to_owned(), value);
    if supports("patch") == Some(false) {
        says("user_update", "put".into());
        says("group_update", "put".into());
    }
    if let Some(etag) = supports("etag") {
        says("etag", etag.into());
    }
    if supports("changePassword") == Some(false) {
        // RFC 7643 section 5 speaks of changes: a new user may have one.
        says("password_changes", false.into());
    }
    if supports("filter") == Some(false) {
        says("user_filters", json!([]));
        says("group_filters", json!([]));
    }
    let number =
        |of: &str, what: &str| config.get(of)?.get(what)?.as_u64().filter(|most| *most > 0);
    if let Some(most) = number("pagination", "maxPageSize").or(number("filter", "maxResults")) {
        says("max_count", most.min(LARGEST_PAGE).into());
    }
    let pages = |how: &str| config.get("pagination")?.get(how).and_then(truth);
    if pages("cursor") == Some(true) && pages("index") == Some(false) {
        says("paging", "cursor".into());
    }
}

/// What `/ResourceTypes` says, if it speaks of users at all. Answers the extensions that every resource must have.
pub(crate) fn of_types(types: &Value, layer: &mut Layer) -> Vec<String> {
    let types = objects(types);
    let of = |urn: &str, name: &str| {
        types.iter().find(|kind| {
            let is = |key, wanted: &str| {
                kind.get(key)
                    .and_then(Value::as_str)
                    .is_some_and(|text| text.eq_ignore_ascii_case(wanted))
            };
            is("schema", urn)
                || (kind.get("schema").is_none() && (is("id", name) || is("name", name)))
        })
    };
    let mut needed = Vec::new();
    let Some(users) = of(USER, "User") else { return needed };
    let groups = of(GROUP, "Group");
    layer.insert("groups".to_owned(), groups.is_some().into());
    for (kind, path, extensions) in [
        (Some(users), "users_path", "user_extensions"),
        (groups, "groups_path", "group_extensions"),
    ] {
        let Some(kind) = kind else { continue };
        if let Some(endpoint) = kind.get("endpoint").and_then(Value::as_str).and_then(collection) {
            layer.insert(path.to_owned(), endpoint.into());
        }
        // Each once, in whatever case: the attributes of one that comes often would be as many times as many.
        let (mut announced, mut seen) = (Vec::new(), HashSet::new());
        for extension in kind.get("schemaExtensions").map(objects).unwrap_or_default() {
            let Some(urn) = name(extension, "schema") else { continue };
            if !seen.insert(urn.to_ascii_lowercase()) {
                continue;
            }
            announced.push(urn);
            if extension.get("required").and_then(truth) == Some(true) {
                needed.push(urn.to_owned());
            }
        }
        layer.insert(extensions.to_owned(), json!(announced));
    }
    needed
}

/// What `/Schemas` says of the attributes that we may write, and of those it needs: those of an extension only where
/// every resource must have it, as many servers announce what nobody needs.
pub(crate) fn of_schemas(schemas: &Value, needed: &[String], layer: &mut Layer) {
    let schemas = objects(schemas);
    let extensions = |layer: &Layer, field: &str| -> Vec<String> {
        let announced = layer.get(field).and_then(Value::as_array);
        announced.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    for (core, prefix) in [(USER, "user"), (GROUP, "group")] {
        let find = |urn: &str| {
            schemas.iter().find(|schema| {
                schema
                    .get("id")
                    .and_then(Value::as_str)
                    .is_some_and(|id| id.eq_ignore_ascii_case(urn))
            })
        };
        let Some(schema) = find(core) else { continue };
        let mut known = Known::default();
        for attribute in schema.get("attributes").map(objects).unwrap_or_default() {
            known.note(attribute, "");
        }
        // A schema without attributes says nothing about them.
        if known.writable.is_empty() {
            continue;
        }
        if core == USER && !takes_passwords(schema) {
            // It would pass a password over, and say that all is well.
            layer.insert("passwords".to_owned(), false.into());
        }
        for urn in extensions(layer, &format!("{prefix}_extensions")) {
            let attributes = find(&urn).and_then(|schema| schema.get("attributes"));
            for attribute in attributes.map(objects).unwrap_or_default() {
                // Who has no such extension at all is not asked for its attributes.
                let required = known.required.len();
                known.note(attribute, &format!("{urn}:"));
                if !needed.contains(&urn) {
                    known.required.truncate(required);
                }
            }
        }
        let members = schema.get("attributes").map(objects).unwrap_or_default();
        let members =
            members.into_iter().find(|attribute| self::name(attribute, "name") == Some("members"));
        if let (GROUP, Some(members)) = (core, members) {
            let returned = members.get("returned").and_then(Value::as_str).unwrap_or("default");
            let is_shown =
                ["always", "default"].iter().any(|how| returned.eq_ignore_ascii_case(how));
            layer.insert(
                "members_readable".to_owned(),
                if is_shown { "listed" } else { "no" }.into(),
            );
        }
        layer.insert(format!("{prefix}_attributes"), json!(known.writable));
        layer.insert(format!("{prefix}_required"), json!(known.required));
        layer.insert(format!("{prefix}_immutable"), json!(known.immutable));
    }
}

/// The attributes of one kind of resource, by path.
#[derive(Default)]
struct Known {
    writable: Vec<String>,
    required: Vec<String>,
    immutable: Vec<String>,
    bytes: usize,
}

impl Known {
    /// What is too much already to be believed grows no further.
    fn note(&mut self, attribute: &Map<String, Value>, prefix: &str) {
        if self.bytes > LARGEST_DESCRIPTION {
            return;
        }
        let Some(name) = self::name(attribute, "name") else { return };
        // The target's to give, whatever its schema says of them.
        if prefix.is_empty() && ["id", "meta", "schemas", "groups", "password"].contains(&name) {
            return;
        }
        let mutability = attribute.get("mutability").and_then(Value::as_str).unwrap_or_default();
        if mutability.eq_ignore_ascii_case("readOnly") {
            return;
        }
        let path = format!("{prefix}{name}");
        if mutability.eq_ignore_ascii_case("immutable") {
            self.immutable.push(path.clone());
        }
        if attribute.get("required").and_then(truth) == Some(true) {
            self.required.push(path.clone());
        }
        for sub in attribute.get("subAttributes").map(objects).unwrap_or_default() {
            let read_only = sub
                .get("mutability")
                .and_then(Value::as_str)
                .is_some_and(|mutability| mutability.eq_ignore_ascii_case("readOnly"));
            if let (Some(name), false) = (self::name(sub, "name"), read_only) {
                self.may_write(format!("{path}.{name}"));
            }
        }
        self.may_write(path);
    }

    fn may_write(&mut self, path: String) {
        if self.bytes <= LARGEST_DESCRIPTION {
            self.bytes = self.bytes.saturating_add(path.len());
            self.writable.push(path);
        }
    }
}

/// Whether a schema knows passwords, and lets us write them.
fn takes_passwords(schema: &Map<String, Value>) -> bool {
    let attributes = schema.get("attributes").map(objects).unwrap_or_default();
    attributes.into_iter().any(|attribute| {
        let is = |key: &str, text: &str| {
            attribute
                .get(key)
                .and_then(Value::as_str)
                .is_some_and(|it| it.eq_ignore_ascii_case(text))
        };
        is("name", "password") && !is("mutability", "readOnly")
    })
}

/// A name that may be one (RFC 7643 section 2.1, and those of its readers that are less strict).
fn name<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    let is_name = |name: &&str| {
        name.len() <= LONGEST_NAME && name.bytes().all(|byte| byte.is_ascii_graphic())
    };
    object.get(key).and_then(Value::as_str).filter(is_name)
}

/// A collection below the base URL; nothing that could lead elsewhere.
fn collection(endpoint: &str) -> Option<String> {
    // Some give the whole path, or the whole address: the last step is the collection.
    let path = endpoint.trim_matches('/').rsplit('/').next()?;
    let harmless = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    (!path.is_empty() && path.len() <= 100 && path.chars().all(harmless)).then(|| path.to_owned())
}

/// A list of objects: bare, as a list response, or a single one.
fn objects(value: &Value) -> Vec<&Map<String, Value>> {
    match value {
        Value::Array(values) => values.iter().filter_map(Value::as_object).collect(),
        Value::Object(object) => match object.get("Resources") {
            Some(Value::Array(values)) => values.iter().filter_map(Value::as_object).collect(),
            _ => vec![object],
        },
        _ => Vec::new(),
    }
}
