//! The operations of a PATCH as they were sent, to be looked at and rewritten.

use serde_json::{Map, Value};

use super::super::schema::{key_of, value_of};

/// The operations of a body, where it is a PATCH that can be read.
pub(super) fn operations(body: &Map<String, Value>) -> Vec<Operation<'_>> {
    let operations = value_of(body, "Operations").and_then(Value::as_array);
    operations.into_iter().flatten().filter_map(Value::as_object).map(Operation).collect()
}

/// The same, to be changed.
pub(super) fn operations_mut(body: &mut Map<String, Value>) -> Option<&mut Vec<Value>> {
    let key = key_of(body, "Operations")?.to_owned();
    body.get_mut(&key)?.as_array_mut()
}

/// One operation.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a>(&'a Map<String, Value>);

impl<'a> Operation<'a> {
    pub(super) fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    /// As it is spelt.
    pub(super) fn op(self) -> &'a str {
        value_of(self.0, "op").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn is(self, op: &str) -> bool {
        self.op().eq_ignore_ascii_case(op)
    }

    pub(super) fn path(self) -> Option<&'a str> {
        value_of(self.0, "path").and_then(Value::as_str)
    }

    pub(super) fn value(self) -> Option<&'a Value> {
        value_of(self.0, "value")
    }

    /// The top-level attributes that it is about.
    pub(super) fn attributes(self) -> Vec<&'a str> {
        match (self.path(), self.value()) {
            (Some(path), _) => vec![root(path)],
            (None, Some(Value::Object(members))) => members.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn is_about(self, attribute: &str) -> bool {
        self.attributes().iter().any(|name| name.eq_ignore_ascii_case(attribute))
    }

    /// How many members it names.
    pub(super) fn members(self) -> usize {
        if !self.is_about("members") {
            return 0;
        }
        let value = match (self.path(), self.value()) {
            (Some(_), value) => value,
            (None, value) => value.and_then(Value::as_object).and_then(|v| value_of(v, "members")),
        };
        match value {
            Some(Value::Array(members)) => members.len(),
            _ => 1,
        }
    }
}

/// The attribute at the top that a path leads to; for an extension, its URN and attribute.
fn root(path: &str) -> &str {
    let head = path.split('[').next().unwrap_or(path);
    // A URN holds dots: the attribute is what stands behind the last colon.
    match head.rfind(':') {
        Some(_) => head,
        None => head.split('.').next().unwrap_or(head),
    }
}
