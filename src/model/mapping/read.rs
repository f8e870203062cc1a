//! Reading a mapping from a document: every problem at once, each with its place.

use serde_json::{Map, Value};

use super::check;
use super::expression::Expression;
use super::rule::{Base, Mapping, Rule, Source};
use crate::model::filter::ValuePath;
use crate::model::kind::ResourceKind;
use crate::model::problem::Problems;

const KEYS: [&str; 3] = ["pass", "users", "groups"];

const RULE: [&str; 9] =
    ["to", "from", "rename", "constant", "expression", "drop", "clear", "default", "on"];

/// Of these a rule has one.
const SOURCES: [&str; 6] = ["from", "rename", "constant", "expression", "drop", "clear"];

/// Longest list of rules.
const MAX_RULES: usize = 1_000;

impl Mapping {
    /// Reads the object under `mapping` in a document. What is wrong is noted, each with its place below `path`; what
    /// is returned then lacks it.
    ///
    /// `pass` is `all` (the default: what no rule names passes as it is) or `nothing`. `users` and `groups` are lists
    /// of rules. A rule names an attribute of the target by `to`, and says what it holds by one of:
    ///
    /// | key | |
    /// |---|---|
    /// | `"from": path` | what that attribute of the host's holds |
    /// | `"rename": path` | the same, and it is not sent under its own name |
    /// | `"constant": value` | always this |
    /// | `"expression": text` | what an [`Expression`] makes |
    /// | `"drop": true` | not ours: never sent, and what the target has stays |
    /// | `"clear": true` | no value: what we sent there is removed |
    /// | `"default": value` | on its own or beside one of the first two or an expression: this where the source has nothing, when the account is created |
    ///
    /// `"on": "create"` lets it count when the account is created only.
    ///
    /// A rule for `active` may switch off whom the host lets in, and never switches on whom the host switched off. It has
    /// no default and counts at every change.
    pub fn from_json(value: &Value, path: &str, problems: &mut Problems) -> Self {
        let mut mapping = Self::new();
        let Some(object) = value.as_object() else {
            problems.note(path, "wrong type; give an object");
            return mapping;
        };
        for (key, value) in object {
            let path = format!("{path}.{key}");
            match key.as_str() {
                "pass" => match value.as_str() {
                    Some("all") => mapping.base = Base::All,
                    Some("nothing") => mapping.base = Base::Nothing,
                    _ => problems.note(path, "not understood; give all or nothing"),
                },
                "users" => mapping.users = rules(value, &path, problems, ResourceKind::User),
                "groups" => mapping.groups = rules(value, &path, problems, ResourceKind::Group),
                _ => problems.note_unknown_key(path, key, KEYS),
            }
        }
        mapping
    }
}

fn rules(value: &Value, path: &str, problems: &mut Problems, kind: ResourceKind) -> Vec<Rule> {
    let Some(list) = value.as_array() else {
        problems.note(path, "wrong type; give a list of rules");
        return Vec::new();
    };
    if list.len() > MAX_RULES {
        problems.note(path, format!("more than {MAX_RULES} rules; use fewer"));
        return Vec::new();
    }
    let mut rules = Vec::with_capacity(list.len());
    let mut places = Vec::with_capacity(list.len());
    for (place, value) in list.iter().enumerate() {
        if let Some(rule) = rule(value, &format!("{path}[{place}]"), problems) {
            rules.push(rule);
            places.push(place);
        }
    }
    let place_of =
        |index: usize| format!("{path}[{}]", places.get(index).copied().unwrap_or_default());
    check::rules(&rules, kind, &place_of, problems);
    rules
}

fn rule(value: &Value, path: &str, problems: &mut Problems) -> Option<Rule> {
    let Some(object) = value.as_object() else {
        problems.note(path, "wrong type; give an object with `to` and what it holds");
        return None;
    };
    for key in object.keys().filter(|key| !RULE.contains(&key.as_str())) {
        problems.note_unknown_key(format!("{path}.{key}"), key, RULE);
    }
    let to = match object.get("to") {
        Some(value) => value_path(value, &format!("{path}.to"), problems),
        None => {
            problems.note(format!("{path}.to"), "missing; name the attribute of the target");
            None
        }
    };
    let default = object.get("default");
    let source = source(object, to.as_ref(), path, problems);
    let on_create = match object.get("on").map(Value::as_str) {
        None | Some(Some("always")) => false,
        Some(Some("create")) => true,
        Some(_) => {
            problems.note(format!("{path}.on"), "not understood; give always or create");
            false
        }
    };
    let mut rule = Rule::new(to?, source?);
    if let Some(default) = default {
        rule = rule.with_default(default.clone());
    }
    Some(if on_create { rule.on_create() } else { rule })
}

fn source(
    object: &Map<String, Value>,
    to: Option<&ValuePath>,
    path: &str,
    problems: &mut Problems,
) -> Option<Source> {
    let mut given = SOURCES.into_iter().filter_map(|key| object.get(key).map(|value| (key, value)));
    let Some((key, value)) = given.next() else {
        if object.contains_key("default") {
            return to.map(|to| Source::Copy(to.clone()));
        }
        let message =
            "says nothing; give from, rename, constant, expression, drop, clear or default";
        problems.note(path, message);
        return None;
    };
    if let Some((second, _)) = given.next() {
        let message = format!("both {key} and {second}; a rule has one of them");
        problems.note(format!("{path}.{second}"), message);
        return None;
    }
    let path = format!("{path}.{key}");
    match key {
        "from" => value_path(value, &path, problems).map(Source::Copy),
        "rename" => value_path(value, &path, problems).map(Source::Rename),
        "constant" => Some(Source::Constant(value.clone())),
        "expression" => {
            let Some(text) = value.as_str() else {
                problems.note(path, "wrong type; give an expression as a text");
                return None;
            };
            match Expression::parse(text) {
                Ok(expression) => Some(Source::Expression(expression)),
                Err(error) => {
                    problems.note(path, error.to_string());
                    None
                }
            }
        }
        _ if *value != Value::Bool(true) => {
            problems.note(path, "give true, or remove it");
            None
        }
        "drop" => Some(Source::Drop),
        _ => Some(Source::Clear),
    }
}

fn value_path(value: &Value, path: &str, problems: &mut Problems) -> Option<ValuePath> {
    let Some(text) = value.as_str() else {
        problems.note(path, "wrong type; give an attribute path as a text");
        return None;
    };
    match ValuePath::parse(text) {
        Ok(path) => Some(path),
        Err(error) => {
            problems.note(path, error.to_string());
            None
        }
    }
}
