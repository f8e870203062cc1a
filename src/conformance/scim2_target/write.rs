//! How written values meet what a resource holds: the rules that POST, PUT and PATCH share.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::schema::{
    self, Attribute, ENTERPRISE, GROUP, Kind, Mutability, ResourceType, USER, find, key_of,
    value_of,
};

/// What happens to the values that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// They stay: lists grow. Null and the empty list add nothing.
    Add,
    /// They go. Null and the empty list leave the attribute unassigned (RFC 7643 section 2.5).
    Replace,
}

/// What a key at the top of a resource stands for.
pub(super) enum Place {
    Schemas,
    Attribute(&'static Attribute),
    Extension(String),
}

impl Place {
    pub(super) fn of(kind: ResourceType, resource: &Map<String, Value>, key: &str) -> Option<Self> {
        if key.eq_ignore_ascii_case("schemas") {
            Some(Self::Schemas)
        } else if let Some(attribute) = kind.attribute(key) {
            Some(Self::Attribute(attribute))
        } else {
            extension_urn(resource, key).map(Self::Extension)
        }
    }
}

/// The URN of an extension in its one spelling. `URN:attribute` is a path, and no key of a body.
fn extension_urn(resource: &Map<String, Value>, key: &str) -> Option<String> {
    let is_inside_known_schema = || {
        key.rmatch_indices(':')
            .filter_map(|(colon, _)| key.get(..colon))
            .any(|urn| is_core(urn) || known_extension(resource, urn).is_some())
    };
    known_extension(resource, key).or_else(|| {
        (is_urn(key) && !is_core(key) && !is_inside_known_schema()).then(|| key.to_owned())
    })
}

/// The URN as it is spelled here, if it names the enterprise extension or one the resource has.
pub(super) fn known_extension(resource: &Map<String, Value>, urn: &str) -> Option<String> {
    if urn.eq_ignore_ascii_case(ENTERPRISE) {
        return Some(ENTERPRISE.to_owned());
    }
    key_of(resource, urn).filter(|key| is_urn(key)).map(str::to_owned)
}

pub(super) fn is_urn(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
}

pub(super) fn is_core(urn: &str) -> bool {
    [USER, GROUP].iter().any(|core| urn.eq_ignore_ascii_case(core))
}

/// Makes the resource that the body of a POST or PUT asks for. `id`, `meta` and the server's own
/// `schemas` are left to the directory.
pub(super) fn resource_from(
    kind: ResourceType,
    body: Map<String, Value>,
) -> Result<Map<String, Value>, Refusal> {
    let listed = schemas_of(&body)?;
    let lists = |urn: &str| listed.iter().any(|listed| listed.eq_ignore_ascii_case(urn));
    if !lists(kind.schema()) {
        return Err(Refusal::invalid_syntax("The schema of the resource type is not in schemas."));
    }
    let mut resource = Map::new();
    for (key, value) in body {
        match Place::of(kind, &resource, &key) {
            Some(Place::Schemas) => {}
            // Ignored, not refused (RFC 7644 section 3.3).
            Some(Place::Attribute(attribute)) if attribute.is_read_only() => {}
            Some(Place::Attribute(attribute)) => {
                let name = attribute.name;
                write(&mut resource, name, Some(attribute), Mode::Add, value)?;
            }
            Some(Place::Extension(urn)) if lists(&urn) => {
                write_extension(&mut resource, urn, Mode::Add, value)?;
            }
            Some(Place::Extension(_)) => {
                return Err(Refusal::invalid_value("An extension is not in schemas."));
            }
            None => return Err(Refusal::invalid_syntax("An attribute is not known.")),
        }
    }
    finish(kind, &mut resource)?;
    Ok(resource)
}

/// `schemas` of a body: a list of text, in any message (RFC 7643 section 3).
pub(super) fn schemas_of(body: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    value_of(body, "schemas")
        .and_then(Value::as_array)
        .and_then(|urns| urns.iter().map(|urn| urn.as_str().map(str::to_owned)).collect())
        .ok_or_else(|| Refusal::invalid_syntax("The list schemas is missing or malformed."))
}

/// Brings `schemas` up to date and looks for what a resource must have.
pub(super) fn finish(kind: ResourceType, resource: &mut Map<String, Value>) -> Result<(), Refusal> {
    let named = resource
        .get(kind.naming_attribute())
        .and_then(Value::as_str)
        .is_some_and(|name| !name.is_empty());
    if !named {
        return Err(Refusal::invalid_value("A required attribute has no value."));
    }
    let extensions = resource.keys().filter(|key| is_urn(key)).cloned();
    let schemas = std::iter::once(kind.schema().to_owned()).chain(extensions).collect();
    resource.insert("schemas".to_owned(), schemas);
    Ok(())
}

/// Writes one attribute of `holder`. Without a definition every value is taken as it comes.
pub(super) fn write(
    holder: &mut Map<String, Value>,
    name: &str,
    definition: Option<&'static Attribute>,
    mode: Mode,
    value: Value,
) -> Result<(), Refusal> {
    let old = holder.remove(name);
    if let Some(new) = merged(old, definition, mode, value)? {
        holder.insert(name.to_owned(), new);
    }
    Ok(())
}

/// What an attribute holds after `value` was written over `old`; `None` is unassigned.
fn merged(
    old: Option<Value>,
    definition: Option<&'static Attribute>,
    mode: Mode,
    value: Value,
) -> Result<Option<Value>, Refusal> {
    let mutability = definition.map_or(Mutability::ReadWrite, |attribute| attribute.mutability);
    let is_changed = old.as_ref().is_some_and(|old| *old != value);
    if mutability == Mutability::Immutable && is_changed {
        return Err(Refusal::mutability("An immutable attribute has a value."));
    }
    if value.is_null() || value.as_array().is_some_and(Vec::is_empty) {
        return Ok(old.filter(|_| mode == Mode::Add));
    }
    let Some(attribute) = definition else {
        return merged_freely(old, mode, value).map(Some);
    };
    if attribute.multi_valued {
        let Value::Array(values) = value else {
            return Err(Refusal::invalid_value("A multi-valued attribute takes a list."));
        };
        let fresh = values
            .into_iter()
            .map(|value| entry(Map::new(), definition, Mode::Add, value))
            .collect::<Result<Vec<_>, _>>()?;
        return joined(old, fresh, mode, attribute.is_identified_by_value()).map(Some);
    }
    match (attribute.kind, value) {
        (Kind::Complex(known), Value::Object(members)) => {
            let mut object = match old {
                Some(Value::Object(object)) => object,
                _ => Map::new(),
            };
            // Sub-attributes that are not named stay (RFC 7644 section 3.5.2.3).
            write_members(&mut object, Some(known), mode, members)?;
            Ok((!object.is_empty()).then_some(Value::Object(object)))
        }
        (Kind::Boolean, value @ Value::Bool(_))
        | (Kind::String | Kind::Reference(_) | Kind::Binary, value @ Value::String(_)) => {
            Ok(Some(value))
        }
        _ => Err(Refusal::invalid_value("A value has the wrong type.")),
    }
}

/// The same for an attribute of an extension that is not known here: its value tells its shape.
fn merged_freely(old: Option<Value>, mode: Mode, value: Value) -> Result<Value, Refusal> {
    match (old, value) {
        (Some(Value::Object(mut object)), Value::Object(members)) => {
            object.extend(members);
            Ok(Value::Object(object))
        }
        (old, Value::Array(fresh)) => joined(old, fresh, mode, false),
        (_, value) => Ok(value),
    }
}

fn joined(
    old: Option<Value>,
    fresh: Vec<Value>,
    mode: Mode,
    by_value: bool,
) -> Result<Value, Refusal> {
    let old = match old {
        Some(Value::Array(old)) if mode == Mode::Add => old,
        _ => Vec::new(),
    };
    let old = old.into_iter().map(|entry| (entry, false));
    let fresh = fresh.into_iter().map(|entry| (entry, true));
    settle(old.chain(fresh).collect(), by_value).map(Value::Array)
}

/// Makes one list of entries, each told whether it was written now: the first of equal entries
/// stays, and a primary that was written takes the place of the old one (RFC 7644 section 3.5.2).
pub(super) fn settle(entries: Vec<(Value, bool)>, by_value: bool) -> Result<Vec<Value>, Refusal> {
    let is_new_primary = |(entry, written): &&(Value, bool)| *written && is_primary(entry);
    if entries.iter().filter(is_new_primary).count() > 1 {
        return Err(Refusal::invalid_value("More than one value is primary."));
    }
    let mut seen = HashSet::new();
    let mut entries = entries;
    entries.retain(|(entry, _)| {
        let identity = entry.get("value").filter(|_| by_value).unwrap_or(entry);
        seen.insert(identity.clone())
    });
    let has_new_primary = entries.iter().any(|entry| is_new_primary(&entry));
    Ok(entries
        .into_iter()
        .map(|(mut entry, written)| {
            match entry.get_mut("primary") {
                Some(Value::Bool(primary)) if has_new_primary && !written => *primary = false,
                _ => {}
            }
            entry
        })
        .collect())
}

fn is_primary(entry: &Value) -> bool {
    entry.get("primary") == Some(&Value::Bool(true))
}

/// An entry of a list: what `value` makes of `base`.
pub(super) fn entry(
    mut base: Map<String, Value>,
    definition: Option<&'static Attribute>,
    mode: Mode,
    value: Value,
) -> Result<Value, Refusal> {
    let Value::Object(members) = value else {
        return Err(Refusal::invalid_value("An entry of a list is no object."));
    };
    let known = definition.map(Attribute::sub_attributes);
    write_members(&mut base, known, mode, members)?;
    let is_complete = known
        .unwrap_or_default()
        .iter()
        .all(|attribute| !attribute.required || base.contains_key(attribute.name));
    if base.is_empty() || !is_complete {
        return Err(Refusal::invalid_value("An entry of a list has no value."));
    }
    Ok(Value::Object(base))
}

/// Writes the attributes of an extension, and drops the extension when none is left.
pub(super) fn write_extension(
    resource: &mut Map<String, Value>,
    urn: String,
    mode: Mode,
    value: Value,
) -> Result<(), Refusal> {
    let members = match value {
        Value::Object(members) => members,
        Value::Null if mode == Mode::Add => return Ok(()),
        Value::Null => {
            resource.remove(&urn);
            return Ok(());
        }
        _ => return Err(Refusal::invalid_value("An extension takes an object.")),
    };
    let mut extension = take_object(resource, &urn)?;
    let known = schema::extension_attributes(&urn);
    write_members(&mut extension, known, mode, members)?;
    put_object(resource, urn, extension);
    Ok(())
}

fn write_members(
    object: &mut Map<String, Value>,
    known: Option<&'static [Attribute]>,
    mode: Mode,
    members: Map<String, Value>,
) -> Result<(), Refusal> {
    for (key, value) in members {
        let Some(known) = known else {
            let name = key_of(object, &key).map_or(key, str::to_owned);
            write(object, &name, None, mode, value)?;
            continue;
        };
        let attribute = find(known, &key)
            .ok_or_else(|| Refusal::invalid_syntax("A sub-attribute is not known."))?;
        if !attribute.is_read_only() {
            write(object, attribute.name, Some(attribute), mode, value)?;
        }
    }
    Ok(())
}

/// Takes an object out of its holder, to be put back by [`put_object`]; a missing one is empty.
pub(super) fn take_object(
    holder: &mut Map<String, Value>,
    name: &str,
) -> Result<Map<String, Value>, Refusal> {
    match holder.remove(name) {
        Some(Value::Object(object)) => Ok(object),
        None => Ok(Map::new()),
        Some(_) => Err(Refusal::invalid_path("The path leads through a simple value.")),
    }
}

pub(super) fn put_object(
    holder: &mut Map<String, Value>,
    name: String,
    object: Map<String, Value>,
) {
    if !object.is_empty() {
        holder.insert(name, Value::Object(object));
    }
}
