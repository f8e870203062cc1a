//! Values put at a path and taken away from it. What it does is told at [`ValuePath`](super::ValuePath).

use serde_json::{Map, Value};

use super::node::{Term, Test};
use super::operator::Operator;
use super::{Filter, reach, schema};
use crate::model::extension::is_core;
use crate::model::path::AttributePath;

pub(super) fn set(
    path: &AttributePath,
    filter: Option<&Filter>,
    attributes: &mut Map<String, Value>,
    value: Value,
) -> bool {
    if !reach::is_assigned(&value) {
        clear(path, filter, attributes);
        return true;
    }
    let Some(urn) = extension(path, attributes) else {
        return set_in(path, filter, attributes, value);
    };
    // Taken out and put back: what is no extension yet becomes one.
    let mut members = match attributes.remove(&urn) {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let is_set = set_in(path, filter, &mut members, value);
    if !members.is_empty() {
        attributes.insert(urn, Value::Object(members));
    }
    is_set
}

/// The same where the attributes of the path's schema stand alone.
pub(super) fn set_alone(
    path: &AttributePath,
    filter: Option<&Filter>,
    attributes: &mut Map<String, Value>,
    value: Value,
) -> bool {
    if reach::is_assigned(&value) {
        return set_in(path, filter, attributes, value);
    }
    clear_in(path, filter, attributes);
    true
}

fn set_in(
    path: &AttributePath,
    filter: Option<&Filter>,
    holder: &mut Map<String, Value>,
    value: Value,
) -> bool {
    let sub = path.sub_attribute.as_deref();
    if filter.is_none() && sub.is_none() {
        *place(holder, &path.attribute) = value;
        return true;
    }
    let is_chosen = |entry: &Value| filter.is_none_or(|filter| filter.chooses(entry, path));
    let is_there = reach::named(holder, &path.attribute)
        .into_iter()
        .flat_map(reach::taken_apart)
        .any(|entry| is_chosen(entry) && (sub.is_none() || !entry.is_array()));
    if !is_there {
        let seed = filter.map(seed).unwrap_or_default();
        if sub.is_some() && !is_chosen(&Value::Object(seed.clone())) {
            return false;
        }
        let is_listed = filter.is_some() || schema::is_multi_valued(path);
        add(place(holder, &path.attribute), seed, sub, value, is_listed);
        return true;
    }
    match (place(holder, &path.attribute), sub) {
        (Value::Array(entries), Some(sub)) => {
            for entry in entries.iter_mut().filter(|entry| is_chosen(entry)) {
                put(entry, sub, &value);
            }
        }
        (one, Some(sub)) => put(one, sub, &value),
        (Value::Array(entries), None) => {
            let mut value = Some(value);
            let old = std::mem::take(entries);
            // The first that is chosen becomes the new value, the others go.
            entries.extend(old.into_iter().filter_map(|entry| {
                let goes = reach::is_assigned(&entry) && is_chosen(&entry);
                if goes { value.take() } else { Some(entry) }
            }));
        }
        (one, None) => *one = value,
    }
    true
}

/// Adds a value to an attribute that has none which is meant.
fn add(
    place: &mut Value,
    mut entry: Map<String, Value>,
    sub: Option<&str>,
    value: Value,
    is_listed: bool,
) {
    let entry = match (sub, value) {
        (Some(sub), value) => {
            *self::place(&mut entry, sub) = value;
            Value::Object(entry)
        }
        (None, Value::Object(value)) => {
            let mut whole = value;
            for (name, wanted) in entry {
                let old = self::place(&mut whole, &name);
                if !reach::is_assigned(old) {
                    *old = wanted;
                }
            }
            Value::Object(whole)
        }
        (None, value) => value,
    };
    match place {
        Value::Array(entries) => entries.push(entry),
        // One value where a filter expects several: it becomes the first of two.
        one if is_listed && reach::is_assigned(one) => {
            *one = Value::Array(vec![one.take(), entry]);
        }
        one if is_listed => *one = Value::Array(vec![entry]),
        one => *one = entry,
    }
}

/// Sets a sub-attribute. A plain value is made one with sub-attributes first; a list in a list is none.
fn put(entry: &mut Value, sub: &str, value: &Value) {
    if !entry.is_object() && !entry.is_array() && reach::is_assigned(entry) {
        *entry = Value::Object(Map::from_iter([("value".to_owned(), entry.take())]));
    }
    if let Value::Object(members) = entry {
        *place(members, sub) = value.clone();
    }
}

/// What every value that meets the filter has: its comparisons by `eq`, as far as they are joined by `and`.
fn seed(filter: &Filter) -> Map<String, Value> {
    let mut seed = Map::new();
    let is_joined = filter.0.first().is_some_and(|root| root.term == Term::All);
    for (at, node) in filter.0.iter().enumerate() {
        // The root, or a child of a root that is `and`.
        let stands_alone = at == 0 || (is_joined && node.up == at);
        if let Term::Test(path, Test::Compare(Operator::Equal, value)) = &node.term
            && stands_alone
            && path.schema.is_none()
            && path.sub_attribute.is_none()
            && !value.is_null()
        {
            *place(&mut seed, &path.attribute) = value.clone();
        }
    }
    seed
}

pub(super) fn clear(
    path: &AttributePath,
    filter: Option<&Filter>,
    attributes: &mut Map<String, Value>,
) {
    let Some(urn) = extension(path, attributes) else {
        return clear_in(path, filter, attributes);
    };
    if let Some(Value::Object(members)) = attributes.get_mut(&urn) {
        clear_in(path, filter, members);
        if members.is_empty() {
            attributes.remove(&urn);
        }
    }
}

fn clear_in(path: &AttributePath, filter: Option<&Filter>, holder: &mut Map<String, Value>) {
    let Some(name) = key(holder, &path.attribute) else { return };
    let is_chosen = |entry: &Value| filter.is_none_or(|filter| filter.chooses(entry, path));
    let sub = path.sub_attribute.as_deref();
    // Whether the value is still one.
    let without = |entry: &mut Value| {
        if !reach::is_assigned(entry) || !is_chosen(entry) {
            return true;
        }
        let Some(sub) = sub else { return false };
        let Value::Object(members) = entry else { return reach::member(entry, sub).is_none() };
        if let Some(sub) = key(members, sub) {
            members.remove(&sub);
        }
        !members.is_empty()
    };
    let is_left = match holder.get_mut(&name) {
        Some(Value::Array(entries)) => {
            entries.retain_mut(without);
            !entries.is_empty()
        }
        Some(one) => without(one),
        None => true,
    };
    if !is_left {
        holder.remove(&name);
    }
}

/// The name of the extension that the attribute stands in, as it is spelt there; none for the resource itself.
fn extension(path: &AttributePath, attributes: &Map<String, Value>) -> Option<String> {
    let urn = path.schema.as_deref()?;
    key(attributes, urn).or_else(|| (!is_core(urn)).then(|| urn.to_owned()))
}

/// The place under a name, in the spelling that is there already.
fn place<'a>(members: &'a mut Map<String, Value>, name: &str) -> &'a mut Value {
    let key = key(members, name).unwrap_or_else(|| name.to_owned());
    members.entry(key).or_insert(Value::Null)
}

/// A name as it is spelt there.
fn key(members: &Map<String, Value>, name: &str) -> Option<String> {
    if members.contains_key(name) {
        return Some(name.to_owned());
    }
    members.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned()
}
