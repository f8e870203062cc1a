//! PATCH operations out of differences, in the dialect of a target (RFC 7644 section 3.5.2, `scim.md` 34).

use serde_json::{Map, Value, json};

use super::super::profile::{BooleanForm, Clearing, OpCase, PatchStyle, Profile, RemoveForm};
use crate::model::{AttributePath, Change, Difference, Filter, Member, MemberChanges, ValueKey};

/// The operations of a difference. Values of multi-valued attributes that are not ours are left alone.
pub(in super::super) fn resource_operations(
    profile: &Profile,
    difference: &Difference,
) -> Vec<Value> {
    let dialect = Dialect(profile);
    let mut operations = Vec::with_capacity(difference.len());
    let mut together = Map::new();
    for (path, change) in difference.iter() {
        match change {
            Change::Set(value) if profile.patch_style == PatchStyle::PathLessObject => {
                put_at(&mut together, path, dialect.written(value.clone()));
            }
            Change::Clear if profile.patch_style == PatchStyle::PathLessObject => {
                put_at(&mut together, path, dialect.nothing());
            }
            Change::Set(value) => operations.push(dialect.replace(path, value.clone())),
            Change::Clear => operations.push(dialect.clear(path)),
            Change::Values { removed, added } => {
                operations.extend(removed.iter().map(|key| dialect.remove_value(path, key)));
                if !added.is_empty() {
                    operations.push(dialect.add(path, added.clone().into()));
                }
            }
        }
    }
    if !together.is_empty() {
        operations.push(json!({ "op": dialect.op("replace"), "value": together }));
    }
    operations
}

/// Whether a difference can only be written as a whole new list: the target knows no paths, or none with a filter.
pub(in super::super) fn needs_whole_lists(profile: &Profile, difference: &Difference) -> bool {
    let is_pathless = profile.patch_style == PatchStyle::PathLessObject;
    difference.iter().any(|(_, change)| match change {
        Change::Values { removed, .. } => {
            is_pathless || (!profile.complex_paths && !removed.is_empty())
        }
        _ => false,
    })
}

/// The same difference with whole lists in place of changes value by value, from what the target has.
pub(in super::super) fn with_whole_lists(
    difference: &Difference,
    current: &Map<String, Value>,
) -> Difference {
    let mut after = current.clone();
    difference.apply(&mut after);
    let whole = difference.iter().map(|(path, change)| {
        let change = match change {
            Change::Values { .. } => match path.value_in(&after) {
                Some(values) => Change::Set(values.clone()),
                None => Change::Clear,
            },
            other => other.clone(),
        };
        (path.clone(), change)
    });
    whole.collect()
}

/// What of a difference is left to do in a resource as it is now: what is to go and is not there needs no word.
pub(in super::super) fn without_absent(
    difference: &Difference,
    current: &Map<String, Value>,
) -> Difference {
    let left = difference.iter().map(|(path, change)| {
        let Change::Values { removed, added } = change else {
            return (path.clone(), change.clone());
        };
        let there = path.value_in(current).and_then(Value::as_array);
        let is_there = |key: &&ValueKey| {
            there.into_iter().flatten().any(|value| {
                let text = value.get(key.sub_attribute).and_then(Value::as_str);
                text.is_some_and(|text| text.eq_ignore_ascii_case(&key.text))
            })
        };
        let removed = removed.iter().filter(is_there).cloned().collect();
        (path.clone(), Change::Values { removed, added: added.clone() })
    });
    left.collect()
}

/// The operations of a change of members: adds first, all in one.
pub(in super::super) fn member_operations(
    profile: &Profile,
    changes: &MemberChanges,
) -> Vec<Value> {
    let dialect = Dialect(profile);
    let mut operations = Vec::with_capacity(1 + changes.removed.len());
    let members = AttributePath::new("members");
    if !changes.added.is_empty() {
        let added: Vec<Value> =
            changes.added.iter().map(|member| member_value(profile, member)).collect();
        operations.push(dialect.add(&members, added.into()));
    }
    match profile.remove_form {
        RemoveForm::Filter => operations.extend(changes.removed.iter().map(|member| {
            let key = ValueKey::new("value", member.value.as_str());
            dialect.remove_value(&members, &key)
        })),
        RemoveForm::ValueArray if !changes.removed.is_empty() => {
            let gone: Vec<Value> =
                changes.removed.iter().map(|member| json!({ "value": member.value })).collect();
            operations
                .push(json!({ "op": dialect.op("remove"), "path": "members", "value": gone }));
        }
        RemoveForm::ValueArray => {}
    }
    operations
}

/// The one operation that gives a group this list of members.
pub(in super::super) fn replace_members(profile: &Profile, members: Value) -> Vec<Value> {
    vec![Dialect(profile).replace(&AttributePath::new("members"), members)]
}

pub(super) fn member_value(profile: &Profile, member: &Member) -> Value {
    if profile.member_type { json!(member) } else { json!({ "value": member.value }) }
}

/// The words of one target.
struct Dialect<'a>(&'a Profile);

impl Dialect<'_> {
    fn op(&self, name: &str) -> String {
        match self.0.patch_op_case {
            OpCase::Lower => name.to_owned(),
            OpCase::Pascal => {
                let (first, rest) = name.split_at(1);
                format!("{}{rest}", first.to_uppercase())
            }
        }
    }

    fn replace(&self, path: &AttributePath, value: Value) -> Value {
        json!({ "op": self.op("replace"), "path": path.to_string(), "value": self.written(value) })
    }

    fn add(&self, path: &AttributePath, value: Value) -> Value {
        json!({ "op": self.op("add"), "path": path.to_string(), "value": self.written(value) })
    }

    fn clear(&self, path: &AttributePath) -> Value {
        if self.0.clearing == Clearing::Remove {
            return json!({ "op": self.op("remove"), "path": path.to_string() });
        }
        json!({ "op": self.op("replace"), "path": path.to_string(), "value": self.nothing() })
    }

    /// A value that stands for none.
    fn nothing(&self) -> Value {
        match self.0.clearing {
            Clearing::Remove | Clearing::Null => Value::Null,
            Clearing::EmptyText => "".into(),
        }
    }

    fn remove_value(&self, path: &AttributePath, key: &ValueKey) -> Value {
        let path = format!("{path}[{}]", Filter::equals(key.sub_attribute, key.text.as_str()));
        json!({ "op": self.op("remove"), "path": path })
    }

    /// A value with its booleans in the target's form.
    fn written(&self, value: Value) -> Value {
        match (self.0.booleans, value) {
            (BooleanForm::Text, Value::Bool(true)) => "True".into(),
            (BooleanForm::Text, Value::Bool(false)) => "False".into(),
            (BooleanForm::Text, Value::Array(values)) => {
                values.into_iter().map(|value| self.written(value)).collect()
            }
            (BooleanForm::Text, Value::Object(parts)) => {
                parts.into_iter().map(|(name, value)| (name, self.written(value))).collect()
            }
            (_, value) => value,
        }
    }
}

fn put_at(object: &mut Map<String, Value>, path: &AttributePath, value: Value) {
    let (outer, inner) = match (&path.schema, &path.sub_attribute) {
        (Some(urn), _) => (urn, Some(&path.attribute)),
        (None, Some(sub)) => (&path.attribute, Some(sub)),
        (None, None) => (&path.attribute, None),
    };
    let Some(inner) = inner else {
        object.insert(outer.clone(), value);
        return;
    };
    let entry = object.entry(outer.clone()).or_insert_with(|| json!({}));
    if let Value::Object(parts) = entry {
        parts.insert(inner.clone(), value);
    }
}

/// The same change of members in a group that was read.
pub(in super::super) fn apply_members(
    profile: &Profile,
    group: &mut Map<String, Value>,
    changes: &MemberChanges,
) {
    let mut members = match group.remove("members") {
        Some(Value::Array(members)) => members,
        _ => Vec::new(),
    };
    members.retain(|value| !changes.removed.iter().any(|member| is(value, member)));
    for member in &changes.added {
        if !members.iter().any(|value| is(value, member)) {
            members.push(member_value(profile, member));
        }
    }
    group.insert("members".to_owned(), members.into());
}

/// What is left of a change of members in a group as it is now.
pub(in super::super) fn members_left(
    group: &Map<String, Value>,
    changes: &MemberChanges,
) -> MemberChanges {
    let members = group.get("members").and_then(Value::as_array);
    let present = |member: &&Member| members.into_iter().flatten().any(|value| is(value, member));
    MemberChanges::new(
        changes.added.iter().filter(|member| !present(member)).cloned(),
        changes.removed.iter().filter(present).cloned(),
    )
}

fn is(value: &Value, member: &Member) -> bool {
    match value.get("value") {
        Some(Value::String(text)) => text == member.value.as_str(),
        // Some servers count.
        Some(Value::Number(number)) => number.to_string() == member.value.as_str(),
        _ => false,
    }
}
