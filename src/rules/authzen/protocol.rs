//! Requests and answers of the Authorization API 1.0 (sections 5 and 6).

use serde_json::{Map, Value, json};

use crate::error::{Error, ErrorKind, Result};
use crate::model::{ENTERPRISE_USER, Resource};
use crate::rules::claims::Place;
use crate::rules::clock::{Reading, UtcOffset};
use crate::rules::remote::object;
use crate::rules::request::trigger_word;
use crate::rules::{RuleDecision, RuleRequest};

/// Where the values of a subject's property come from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubjectSource {
    /// The names of the groups that the resource is in.
    Groups,
    /// The SCIM attribute at this place, as a list of texts: `roles`, `name.givenName`, `urn:example:badge:colour`.
    Values(String),
}

/// An evaluation request.
pub(super) fn request(request: &RuleRequest<'_>, extra: &[(String, SubjectSource)]) -> Vec<u8> {
    let operation = request.operation;
    let kind = match request.resource {
        Resource::User(_) => "user",
        Resource::Group(_) => "group",
    };
    let target = json!({
        "connector": request.connector,
        "application": request.application,
        "organization": request.organization,
    });
    let evaluation = json!({
        "subject": {
            "type": kind,
            "id": request.resource.local_id(),
            "properties": properties(request, extra),
        },
        "action": {
            "name": format!("provisioning.{}", operation.word()),
            "properties": { "operation": operation.verb(), "trigger": trigger_word(request.trigger) },
        },
        "resource": {
            "type": "provisioning_target",
            "id": request.connection,
            "properties": without_null(target),
        },
        "context": {
            "tenant": request.organization,
            "time": Reading::of(request.time, UtcOffset::default()).date_time(),
        },
    });
    evaluation.to_string().into_bytes()
}

/// SCIM's attributes, those of the enterprise extension beside them, the groups' names, and what was asked for besides.
fn properties(request: &RuleRequest<'_>, extra: &[(String, SubjectSource)]) -> Map<String, Value> {
    let mut properties = request.resource.attributes();
    if let Some(Value::Object(enterprise)) = properties.get(ENTERPRISE_USER).cloned() {
        for (name, value) in enterprise {
            properties.entry(name).or_insert(value);
        }
    }
    properties.insert("groups".to_owned(), request.groups.to_vec().into());
    let extra: Vec<(&String, Vec<String>)> = extra
        .iter()
        .map(|(name, source)| {
            let values = match source {
                SubjectSource::Groups => request.groups.to_vec(),
                SubjectSource::Values(path) => Place::parse(path).values(&properties),
            };
            (name, values)
        })
        .collect();
    for (name, values) in extra {
        properties.insert(name.clone(), values.into());
    }
    properties
}

fn without_null(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            Value::Object(object.into_iter().filter(|(_, value)| !value.is_null()).collect())
        }
        other => other,
    }
}

/// The decision of an answer: there are two, and nothing else is one.
pub(super) fn decision(body: &[u8]) -> Result<RuleDecision> {
    let unreadable = || {
        let message = "the decision point's answer is not one AuthZEN decision";
        Error::new(ErrorKind::InvalidResponse, message)
    };
    let answer = object(body).ok_or_else(unreadable)?;
    let decision = match answer.get("decision") {
        Some(Value::Bool(true)) => RuleDecision::permit(),
        Some(Value::Bool(false)) => RuleDecision::deny(),
        _ => return Err(unreadable()),
    };
    let context = answer.get("context");
    let reasons = ["reason_admin", "reason_user", "reason"].into_iter();
    let reason = reasons.filter_map(|name| words(context?.get(name)?)).next();
    Ok(decision.because(reason.unwrap_or_default()))
}

/// A text, or one of the same text in several languages, English if it is there.
fn words(value: &Value) -> Option<&str> {
    let text = match value {
        Value::Object(languages) => {
            let english = languages.get("en").and_then(Value::as_str);
            english.or_else(|| languages.values().find_map(Value::as_str))
        }
        other => other.as_str(),
    };
    text.filter(|text| !text.trim().is_empty())
}
