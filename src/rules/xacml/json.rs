//! XACML's JSON profile (version 1.1; 1.0 where it is read).

use serde_json::{Map, Value, json};

use super::answer::{Answer, unreadable};
use crate::error::Result;
use crate::rules::remote::object;
use crate::rules::{Obligation, RuleCategory};

/// A request: every list is written as one, which both versions understand.
pub(super) fn request(categories: &[RuleCategory], policy_ids: bool) -> Vec<u8> {
    let categories: Vec<Value> = categories
        .iter()
        .map(|category| {
            let attributes: Vec<Value> = category
                .attributes
                .iter()
                .map(|attribute| {
                    json!({
                        "AttributeId": attribute.id,
                        "DataType": attribute.data_type.uri(),
                        "Value": attribute.values,
                        "IncludeInResult": false,
                    })
                })
                .collect();
            json!({ "CategoryId": category.id, "Attribute": attributes })
        })
        .collect();
    let request = json!({
        "Request": {
            "ReturnPolicyIdList": policy_ids,
            "CombinedDecision": false,
            "Category": categories,
        }
    });
    request.to_string().into_bytes()
}

/// The one result of an answer. Members that nobody knows are passed over; what is known must have its shape.
pub(super) fn answer(body: &[u8]) -> Result<Answer> {
    read(body).ok_or_else(unreadable)
}

fn read(body: &[u8]) -> Option<Answer> {
    let response = object(body)?;
    let result = match response.get("Response")? {
        Value::Array(results) => match results.as_slice() {
            [Value::Object(result)] => result,
            _ => return None,
        },
        // Version 1.0, where a single result need not stand in a list.
        Value::Object(result) => result,
        _ => return None,
    };
    let mut answer =
        Answer { decision: result.get("Decision")?.as_str()?.to_owned(), ..Answer::default() };
    if let Some(status) = member(result, "Status") {
        let status = status.as_object()?;
        if let Some(code) = member(status, "StatusCode") {
            answer.status = Some(code.get("Value")?.as_str()?.to_owned());
        }
        if let Some(message) = member(status, "StatusMessage") {
            answer.message = Some(message.as_str()?.to_owned());
        }
    }
    answer.obligations = duties(result, "Obligations")?;
    // Advice binds nobody, so nobody minds its shape.
    answer.advice = duties(result, "AssociatedAdvice").unwrap_or_default();
    if let Some(policies) = member(result, "PolicyIdentifierList") {
        for name in ["PolicyIdReference", "PolicySetIdReference"] {
            for reference in listed(policies.get(name).filter(|ids| !ids.is_null())) {
                let id = reference.get("Id").unwrap_or(reference).as_str();
                answer.policies.extend(id.map(str::to_owned));
            }
        }
    }
    Some(answer)
}

/// What stands under a name. Null stands for what is not there, as libraries write it.
fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

fn duties(result: &Map<String, Value>, name: &str) -> Option<Vec<Obligation>> {
    listed(member(result, name)).map(duty).collect()
}

fn duty(value: &Value) -> Option<Obligation> {
    let mut obligation = Obligation::new(value.get("Id")?.as_str()?);
    for assignment in listed(member(value.as_object()?, "AttributeAssignment")) {
        let id = assignment.get("AttributeId")?.as_str()?;
        obligation = match assignment.get("Value")? {
            Value::String(text) => obligation.with(id, text),
            other => obligation.with(id, other.to_string()),
        };
    }
    Some(obligation)
}

/// The elements of a list; version 1.0 may have a single one without.
fn listed(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    match value {
        Some(Value::Array(values)) => values.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    }
    .iter()
}
