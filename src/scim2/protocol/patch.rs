//! PATCH operations out of differences (RFC 7644 section 3.5.2).

use serde_json::{Map, Value, json};

use crate::model::{AttributePath, Change, Difference, Filter, Member, MemberChanges};

/// The operations of a difference. Values of multi-valued attributes that are not ours are left alone.
pub(in super::super) fn resource_operations(difference: &Difference) -> Vec<Value> {
    let mut operations = Vec::with_capacity(difference.len());
    for (path, change) in difference.iter() {
        match change {
            Change::Set(value) => {
                operations
                    .push(json!({ "op": "replace", "path": path.to_string(), "value": value }));
            }
            Change::Clear => operations.push(json!({ "op": "remove", "path": path.to_string() })),
            Change::Values { removed, added } => {
                operations
                    .extend(removed.iter().map(|key| removal(path, key.sub_attribute, &key.text)));
                if !added.is_empty() {
                    operations
                        .push(json!({ "op": "add", "path": path.to_string(), "value": added }));
                }
            }
        }
    }
    operations
}

/// The operations of a change of members: adds first, all in one.
pub(in super::super) fn member_operations(changes: &MemberChanges) -> Vec<Value> {
    let mut operations = Vec::with_capacity(1 + changes.removed.len());
    if !changes.added.is_empty() {
        let added: Vec<&Member> = changes.added.iter().collect();
        operations.push(json!({ "op": "add", "path": "members", "value": added }));
    }
    let members = AttributePath::new("members");
    operations.extend(
        changes.removed.iter().map(|member| removal(&members, "value", member.value.as_str())),
    );
    operations
}

fn removal(path: &AttributePath, sub_attribute: &str, text: &str) -> Value {
    json!({ "op": "remove", "path": format!("{path}[{}]", Filter::equals(sub_attribute, text)) })
}

/// The same change of members in a group that was read.
pub(in super::super) fn apply_members(group: &mut Map<String, Value>, changes: &MemberChanges) {
    let mut members = match group.remove("members") {
        Some(Value::Array(members)) => members,
        _ => Vec::new(),
    };
    members.retain(|value| !changes.removed.iter().any(|member| is(value, member)));
    for member in &changes.added {
        if !members.iter().any(|value| is(value, member)) {
            members.push(json!(member));
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
    value.get("value").and_then(Value::as_str) == Some(member.value.as_str())
}
