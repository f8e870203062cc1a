//! What has to change between two states of a resource: three-valued, because an attribute can be set, cleared or
//! left alone (RFC 7644 section 3.5.2).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::extension::is_urn;
use super::path::AttributePath;
use super::resource::Resource;

/// The changes that turn one state of a resource into another. An attribute that is not named is left alone.
///
/// The order of a multi-valued attribute's values means nothing (RFC 7643 section 2.4). A group's members are not
/// part of it: they travel as [`MemberChanges`](super::MemberChanges).
///
/// ```
/// use outbound_provisioning::model::{Change, Difference, User};
///
/// let before = User::new("u-1", "ada").with_display_name("Ada").into();
/// let after = User::new("u-1", "ada").with_active(false).into();
/// let difference = Difference::between(&before, &after);
/// let changes: Vec<String> = difference.iter().map(|(path, change)| match change {
///     Change::Set(value) => format!("{path} = {value}"),
///     Change::Clear => format!("{path} cleared"),
///     other => format!("{path}: {other:?}"),
/// }).collect();
/// assert_eq!(changes, ["active = false", "displayName cleared"]);
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Difference(Vec<(AttributePath, Change)>);

/// What happens to one attribute.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// It takes this value, whole.
    Set(Value),
    /// It loses its value.
    Clear,
    /// Some values of a multi-valued attribute go and others come; values that are not ours stay.
    Values {
        /// Values that go, each by what identifies it. They go first.
        removed: Vec<ValueKey>,
        /// Values that come.
        added: Vec<Value>,
    },
}

/// What identifies one value of a multi-valued attribute: its `type`, or else its `value`, without regard to case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct ValueKey {
    /// `type` or `value`.
    pub sub_attribute: &'static str,
    /// Its text.
    pub text: String,
}

redacted_debug!(Change, Difference, ValueKey);

impl ValueKey {
    /// What identifies a value: `type` or `value`, and its text.
    pub fn new(sub_attribute: &'static str, text: impl Into<String>) -> Self {
        Self { sub_attribute, text: text.into() }
    }
}

impl FromIterator<(AttributePath, Change)> for Difference {
    /// The changes, each path once.
    fn from_iter<I: IntoIterator<Item = (AttributePath, Change)>>(changes: I) -> Self {
        let mut changes: Vec<_> = changes.into_iter().collect();
        changes.sort_by(|(left, _), (right, _)| left.cmp(right));
        changes.dedup_by(|(left, _), (right, _)| left == right);
        changes.retain(|(_, change)| {
            !matches!(change, Change::Values { removed, added } if removed.is_empty() && added.is_empty())
        });
        Self(changes)
    }
}

impl Difference {
    /// What turns `before` into `after`.
    pub fn between(before: &Resource, after: &Resource) -> Self {
        // The common case, right after a create too, costs no detour over JSON.
        if before == after {
            return Self::default();
        }
        Self::of_maps(&before.attributes(), &after.attributes())
    }

    /// What turns an empty resource into this one: every attribute it has.
    pub fn from_nothing(after: &Resource) -> Self {
        Self::of_maps(&Map::new(), &after.attributes())
    }

    /// The same difference, with attributes that the target may have in another state than we believe: each is sent
    /// again, whole.
    #[must_use]
    pub fn and_again(mut self, doubtful: &[AttributePath], after: &Resource) -> Self {
        if doubtful.is_empty() {
            return self;
        }
        let after = after.attributes();
        for path in doubtful {
            let value = path.value_in(&after).filter(|value| !unassigned(value));
            let change = value.map_or(Change::Clear, |value| Change::Set(value.clone()));
            match self.0.iter_mut().find(|(known, _)| known == path) {
                Some((_, known)) => *known = change,
                None => self.0.push((path.clone(), change)),
            }
        }
        self.0.sort_by(|(left, _), (right, _)| left.cmp(right));
        self
    }

    /// The same difference, from a state that others had a part in: what we do not name is theirs and stays.
    #[must_use]
    pub fn without_removals(mut self) -> Self {
        self.0.retain_mut(|(_, change)| match change {
            Change::Set(_) => true,
            Change::Clear => false,
            Change::Values { removed, added } => {
                // A value that is replaced goes; one that is only missing is somebody else's.
                removed.retain(|gone| {
                    let mut keys =
                        added.iter().filter_map(|value| key_of(value, gone.sub_attribute));
                    keys.any(|key| key.text.to_lowercase() == gone.text.to_lowercase())
                });
                !removed.is_empty() || !added.is_empty()
            }
        });
        self
    }

    /// The changes, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&AttributePath, &Change)> {
        self.0.iter().map(|(path, change)| (path, change))
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many attributes change.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Makes the changes in a resource's JSON; what they do not name stays as it is.
    pub fn apply(&self, attributes: &mut Map<String, Value>) {
        for (path, change) in &self.0 {
            let (container, name) = match (&path.schema, &path.sub_attribute) {
                (Some(urn), _) => (Some(urn), &path.attribute),
                (None, Some(sub)) => (Some(&path.attribute), sub),
                (None, None) => (None, &path.attribute),
            };
            let Some(container) = container else {
                apply_change(attributes, name, change);
                continue;
            };
            let inner =
                attributes.entry(container.clone()).or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Value::Object(inner) = inner {
                apply_change(inner, name, change);
                if inner.is_empty() {
                    attributes.remove(container);
                }
            }
        }
    }

    fn of_maps(before: &Map<String, Value>, after: &Map<String, Value>) -> Self {
        let mut changes = Vec::new();
        for (name, before, after) in pairs(before, after) {
            match (before, after) {
                _ if is_urn(name) => {
                    let (before, after) = (as_object(before), as_object(after));
                    for (inner, before, after) in pairs(&before, &after) {
                        let change = change_of(before, after);
                        changes.extend(
                            change.map(|change| (AttributePath::of_schema(name, inner), change)),
                        );
                    }
                }
                (Some(Value::Object(before)), Some(Value::Object(after))) => {
                    for (inner, before, after) in pairs(before, after) {
                        let change = change_of(before, after);
                        changes.extend(
                            change.map(|change| {
                                (AttributePath::new(name).sub_attribute(inner), change)
                            }),
                        );
                    }
                }
                _ => changes.extend(
                    change_of(before, after).map(|change| (AttributePath::new(name), change)),
                ),
            }
        }
        changes.sort_by(|(left, _), (right, _)| left.cmp(right));
        Self(changes)
    }
}

fn as_object(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

type Pair<'a> = (&'a str, Option<&'a Value>, Option<&'a Value>);

/// Each name of either map with both values, where they are not the same.
fn pairs<'a>(
    before: &'a Map<String, Value>,
    after: &'a Map<String, Value>,
) -> impl Iterator<Item = Pair<'a>> {
    let gone = before.iter().filter(|(name, _)| !after.contains_key(*name)).map(|(name, value)| {
        let pair: Pair<'a> = (name, Some(value), None);
        pair
    });
    let kept = after.iter().map(|(name, value)| (name.as_str(), before.get(name), Some(value)));
    gone.chain(kept).filter(|(_, before, after)| before != after)
}

fn change_of(before: Option<&Value>, after: Option<&Value>) -> Option<Change> {
    let before = before.filter(|value| !unassigned(value));
    let after = after.filter(|value| !unassigned(value));
    match (before, after) {
        (None, None) => None,
        (Some(Value::Array(before)), None) => {
            Some(values_change(before, &[]).unwrap_or(Change::Clear))
        }
        (Some(_), None) => Some(Change::Clear),
        (Some(Value::Array(before)), Some(Value::Array(after))) if same_values(before, after) => {
            None
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            Some(values_change(before, after).unwrap_or_else(|| Change::Set(after.clone().into())))
        }
        (None, Some(Value::Array(after))) => {
            Some(values_change(&[], after).unwrap_or_else(|| Change::Set(after.clone().into())))
        }
        (Some(before), Some(after)) if before == after => None,
        (_, Some(after)) => Some(Change::Set(after.clone())),
    }
}

/// Null, the empty list and a complex value without parts are no value at all (RFC 7643 section 2.5).
fn unassigned(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.is_empty(),
        Value::Object(parts) => parts.is_empty(),
        other => other.is_null(),
    }
}

fn same_values(before: &[Value], after: &[Value]) -> bool {
    let mut rest: Vec<&Value> = after.iter().collect();
    before.len() == after.len()
        && before.iter().all(|value| match rest.iter().position(|other| *other == value) {
            Some(place) => {
                rest.swap_remove(place);
                true
            }
            None => false,
        })
}

/// The change value by value, where each can be told from the others on both sides: by type, else by value.
fn values_change(before: &[Value], after: &[Value]) -> Option<Change> {
    ["type", "value"].into_iter().find_map(|sub_attribute| {
        if !identifies(before, sub_attribute) || !identifies(after, sub_attribute) {
            return None;
        }
        let removed = before.iter().filter(|value| !after.contains(value));
        let added = after.iter().filter(|value| !before.contains(value));
        Some(Change::Values {
            removed: removed.filter_map(|value| key_of(value, sub_attribute)).collect(),
            added: added.cloned().collect(),
        })
    })
}

fn identifies(values: &[Value], sub_attribute: &'static str) -> bool {
    let keys: BTreeSet<String> = values
        .iter()
        .filter_map(|value| key_of(value, sub_attribute))
        .map(|key| key.text.to_lowercase())
        .collect();
    keys.len() == values.len()
}

fn key_of(value: &Value, sub_attribute: &'static str) -> Option<ValueKey> {
    let text = value.get(sub_attribute)?.as_str()?;
    (!text.is_empty()).then(|| ValueKey { sub_attribute, text: text.to_owned() })
}

fn apply_change(attributes: &mut Map<String, Value>, name: &str, change: &Change) {
    match change {
        Change::Set(value) => {
            attributes.insert(name.to_owned(), value.clone());
        }
        Change::Clear => {
            attributes.remove(name);
        }
        Change::Values { removed, added } => {
            let mut values = match attributes.remove(name) {
                Some(Value::Array(values)) => values,
                _ => Vec::new(),
            };
            values.retain(|value| {
                !removed.iter().any(|gone| {
                    key_of(value, gone.sub_attribute)
                        .is_some_and(|key| key.text.to_lowercase() == gone.text.to_lowercase())
                })
            });
            values.extend(
                added.iter().filter(|value| !values.contains(value)).cloned().collect::<Vec<_>>(),
            );
            if !values.is_empty() {
                attributes.insert(name.to_owned(), Value::Array(values));
            }
        }
    }
}
