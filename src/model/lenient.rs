//! Reading what an external system sends: by meaning, not by type (RFC 7643 section 2.5, `scim.md` 27 and 28).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::kind::ResourceKind;

/// `true`, `"True"`, `1`; anything else is false.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(truth(&Value::deserialize(deserializer)?).unwrap_or(false))
}

/// As [`flag`], but a missing, null or unreadable value counts as true: what `active` means (RFC 7643 section 4.1.1).
pub(super) fn flag_or_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(truth(&Value::deserialize(deserializer)?).unwrap_or(true))
}

/// `true`, `"True"`, `1`, and their opposites; none where it says neither.
pub(crate) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Value::Number(number) => number.as_i64().map(|number| number != 0),
        _ => None,
    }
}

/// Text, or a number or boolean as text; null is empty.
pub(super) fn text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: From<String>,
{
    scalar(Value::deserialize(deserializer)?).map(T::from)
}

/// As [`text`]; null and the empty text are no value.
pub(super) fn optional_text<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    let text = scalar(Value::deserialize(deserializer)?)?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn scalar<E: serde::de::Error>(value: Value) -> Result<String, E> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null => Ok(String::new()),
        scalar @ (Value::Number(_) | Value::Bool(_)) => Ok(scalar.to_string()),
        Value::Array(_) | Value::Object(_) => Err(E::custom("expected text")),
    }
}

/// Null, the empty list and the empty text stand for no value (RFC 7643 section 2.5, `scim.md` 27).
fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.is_empty(),
        Value::String(text) => text.is_empty(),
        other => other.is_null(),
    }
}

/// `Group` in any case; anything else is a user.
pub(super) fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ResourceKind, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if text.eq_ignore_ascii_case("group") => ResourceKind::Group,
        _ => ResourceKind::User,
    })
}

/// A list; null is empty, a single value stands for a list of one, and plain text for an object with that `value`.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let values = match Value::deserialize(deserializer)? {
        Value::Array(values) => values,
        single => vec![single],
    };
    values.into_iter().filter(|value| !is_unassigned(value)).map(one).collect()
}

/// An object; null is absent, and plain text stands for an object with that `value`.
pub(super) fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    if is_unassigned(&value) { Ok(None) } else { one(value).map(Some) }
}

fn one<T: DeserializeOwned, E: serde::de::Error>(value: Value) -> Result<T, E> {
    let value = match value {
        text @ (Value::String(_) | Value::Number(_)) => serde_json::json!({ "value": text }),
        other => other,
    };
    // A list would be taken for the object's values in order.
    if !value.is_object() {
        return Err(E::custom("expected an object"));
    }
    // The cause would quote the value.
    serde_json::from_value(value)
        .map_err(|_| E::custom("expected an object of the attribute's shape"))
}
