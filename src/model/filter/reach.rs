//! What stands at a path: names without regard to case, nothing where nothing is assigned.

use serde_json::{Map, Value};

use crate::model::extension::is_core;
use crate::model::path::AttributePath;

/// Where the names of a filter begin.
#[derive(Clone, Copy)]
pub(super) enum Scope<'a> {
    /// At a resource.
    Resource(&'a Map<String, Value>),
    /// At the attributes of the one schema that is meant.
    Schema(&'a Map<String, Value>),
    /// At one value of an attribute: inside the brackets of a value path.
    Entry(&'a Value, &'a AttributePath),
}

impl<'a> Scope<'a> {
    /// The attribute whose value it is.
    pub(super) fn parent(self) -> Option<&'a AttributePath> {
        match self {
            Self::Resource(_) | Self::Schema(_) => None,
            Self::Entry(_, path) => Some(path),
        }
    }
}

/// The attribute's values, those that are assigned; the sub-attribute of the path is left to the caller.
pub(super) fn entries<'a>(
    scope: Scope<'a>,
    path: &AttributePath,
) -> impl Iterator<Item = &'a Value> + use<'a> {
    attribute(scope, path).into_iter().flat_map(taken_apart)
}

/// The attribute as it stands, a list whole.
pub(super) fn attribute<'a>(scope: Scope<'a>, path: &AttributePath) -> Option<&'a Value> {
    match (scope, &path.schema) {
        (Scope::Resource(attributes), None) => named(attributes, &path.attribute),
        (Scope::Resource(attributes), Some(urn)) => match named(attributes, urn) {
            Some(extension) => named(extension.as_object()?, &path.attribute),
            None if is_core(urn) => named(attributes, &path.attribute),
            None => None,
        },
        (Scope::Schema(attributes), _) => named(attributes, &path.attribute),
        (Scope::Entry(entry, _), None) => member(entry, &path.attribute),
        // The attributes of a value belong to no schema of their own.
        (Scope::Entry(..), Some(_)) => None,
    }
}

/// A sub-attribute. A plain value is its own `value`: so it is in a list of texts.
pub(super) fn member<'a>(entry: &'a Value, name: &str) -> Option<&'a Value> {
    match entry {
        Value::Object(members) => named(members, name),
        Value::Array(_) => None,
        plain => name.eq_ignore_ascii_case("value").then_some(plain),
    }
}

/// The values of a list that are assigned, or the one value.
pub(super) fn taken_apart(value: &Value) -> impl Iterator<Item = &Value> {
    let values = match value {
        Value::Array(values) => values.as_slice(),
        one => std::slice::from_ref(one),
    };
    values.iter().filter(|value| is_assigned(value))
}

/// The value under a name, if it is assigned.
pub(super) fn named<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    // Most names are spelt as in the RFC.
    let value = members.get(name).or_else(|| {
        members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    });
    value.filter(|value| is_assigned(value))
}

/// Null, an empty list and nothing are the same (RFC 7643 section 2.5).
pub(super) fn is_assigned(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(values) => !values.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}
