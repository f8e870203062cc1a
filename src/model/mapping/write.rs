//! Writing a mapping as a document that [`Mapping::from_json`] reads back.

use serde_json::{Map, Value};

use super::rule::{Base, Mapping, Rule, Source, When};

impl Mapping {
    /// The object for a document, which [`from_json`](Self::from_json) reads back as the same. What is as it is by
    /// default is left out.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        if self.base == Base::Nothing {
            object.insert("pass".to_owned(), "nothing".into());
        }
        for (key, rules) in [("users", &self.users), ("groups", &self.groups)] {
            if !rules.is_empty() {
                object.insert(key.to_owned(), rules.iter().map(rule).collect());
            }
        }
        Value::Object(object)
    }
}

fn rule(rule: &Rule) -> Value {
    let mut object = Map::from_iter([("to".to_owned(), rule.to().to_string().into())]);
    let value = match &rule.source {
        // A default on its own.
        Source::Copy(path) if path == rule.to() && rule.otherwise.is_some() => None,
        Source::Copy(path) | Source::Rename(path) => Some(path.to_string().into()),
        Source::Constant(value) => Some(value.clone()),
        Source::Expression(expression) => Some(expression.to_string().into()),
        Source::Drop | Source::Clear => Some(true.into()),
    };
    if let Some(value) = value {
        object.insert(rule.source.word().to_owned(), value);
    }
    if let Some(default) = &rule.otherwise {
        object.insert("default".to_owned(), default.clone());
    }
    if rule.when == When::CreateOnly {
        object.insert("on".to_owned(), "create".into());
    }
    Value::Object(object)
}
