//! A value on its way through an expression.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::MAX_LIST;
use super::error::Fault;
use super::error::MappingErrorKind as Wrong;

/// A value on its way. Texts are borrowed from the resource as long as nothing changes them.
#[derive(Clone)]
pub(super) enum Datum<'a> {
    Nothing,
    Text(Cow<'a, str>),
    Number(i64),
    Boolean(bool),
    List(Vec<Self>),
    /// What has parts, or is a list in a list: passed on as it is.
    Json(Cow<'a, Value>),
}

impl<'a> Datum<'a> {
    /// # Errors
    /// [`Wrong::List`] if it is a list that is too long.
    pub(super) fn of(value: &'a Value) -> Result<Self, Fault> {
        match value {
            Value::Array(values) => Self::list(values.iter()),
            one => Ok(Self::one(one)),
        }
    }

    pub(super) fn list(values: impl ExactSizeIterator<Item = &'a Value>) -> Result<Self, Fault> {
        if values.len() > MAX_LIST {
            return Err(Wrong::List.into());
        }
        Ok(Self::List(values.map(Self::one).collect()))
    }

    fn one(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Nothing,
            Value::Bool(flag) => Self::Boolean(*flag),
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            Value::Number(number) => match number.as_i64() {
                Some(number) => Self::Number(number),
                None => Self::Json(Cow::Borrowed(value)),
            },
            Value::Array(_) | Value::Object(_) => Self::Json(Cow::Borrowed(value)),
        }
    }

    pub(super) fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// No value, an empty text or a list of nothing else.
    pub(super) fn is_nothing(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Text(text) => text.is_empty(),
            Self::List(values) => values.iter().all(Self::is_nothing),
            Self::Number(_) | Self::Boolean(_) => false,
            Self::Json(value) => match value.as_ref() {
                Value::Object(parts) => parts.is_empty(),
                Value::Array(values) => values.is_empty(),
                _ => false,
            },
        }
    }

    /// As text, if it is one value without parts.
    pub(super) fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Nothing => Some(Cow::Borrowed("")),
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            Self::Boolean(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
            Self::Json(value) if value.is_number() => Some(Cow::Owned(value.to_string())),
            Self::List(_) | Self::Json(_) => None,
        }
    }

    /// True or false, or a text that says so; nothing is false.
    pub(super) fn as_flag(&self) -> Option<bool> {
        match self {
            Self::Boolean(flag) => Some(*flag),
            Self::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Text(text) if text.is_empty() || text.eq_ignore_ascii_case("false") => {
                Some(false)
            }
            Self::Nothing => Some(false),
            _ => None,
        }
    }

    /// A whole number, or a text that is one.
    pub(super) fn as_number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// How long its texts are together, in bytes. What has parts counts with their names, about as it is written.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::List(values) => values.iter().map(Self::bytes).sum(),
            Self::Json(value) => size(value),
            Self::Nothing | Self::Number(_) | Self::Boolean(_) => 0,
        }
    }

    /// The first value that is something, of a list.
    pub(super) fn first(self) -> Self {
        match self {
            Self::List(values) => {
                values.into_iter().find(|value| !value.is_nothing()).unwrap_or(Self::Nothing)
            }
            one => one,
        }
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Text(text) => Value::String(text.into_owned()),
            Self::Number(number) => number.into(),
            Self::Boolean(flag) => flag.into(),
            Self::List(values) => values
                .into_iter()
                .filter(|value| !value.is_nothing())
                .map(Self::into_value)
                .collect(),
            Self::Json(value) => value.into_owned(),
        }
    }

    /// As [`into_value`](Self::into_value), a text as an object with that `value`.
    pub(super) fn into_object(self) -> Value {
        match self {
            text @ (Self::Text(_) | Self::Number(_)) => {
                let text = text.as_text().map(Cow::into_owned).unwrap_or_default();
                Value::Object(Map::from_iter([("value".to_owned(), Value::String(text))]))
            }
            Self::List(values) => values
                .into_iter()
                .filter(|value| !value.is_nothing())
                .map(Self::into_object)
                .collect(),
            other => other.into_value(),
        }
    }
}

/// What a value without parts, a name or a separator counts for in one that has parts.
const PART_BYTES: usize = 4;

/// About how long a value is as JSON, in bytes. Not by recursion: a host's function makes what it likes.
pub(super) fn size(value: &Value) -> usize {
    let mut bytes: usize = 0;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        bytes = bytes.saturating_add(PART_BYTES);
        match value {
            Value::String(text) => bytes = bytes.saturating_add(text.len()),
            Value::Array(values) => open.extend(values),
            Value::Object(parts) => {
                for (name, part) in parts {
                    bytes = bytes.saturating_add(name.len());
                    open.push(part);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    bytes
}
