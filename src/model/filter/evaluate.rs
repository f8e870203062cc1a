//! Whether a resource meets a filter. Looks at what is there, copies nothing, and does not recurse into the filter.

use serde_json::Value;

use super::compare;
use super::node::{Node, Term, Test};
use super::operator::Operator;
use super::reach::{self, Scope};
use super::schema;
use crate::model::path::AttributePath;

/// Goes from leaf to leaf: a verdict rises to the parents that it decides, and where one is not decided yet, its next
/// child is asked.
pub(super) fn holds(nodes: &[Node], scope: Scope<'_>) -> bool {
    let mut at = 0;
    while let Some(node) = nodes.get(at) {
        let verdict = match &node.term {
            Term::All | Term::Any | Term::Not => {
                at += 1;
                continue;
            }
            Term::Test(path, test) => meets(path, test, scope),
            Term::Entry(path) => {
                let inner = nodes.get(at + 1..at + node.span).unwrap_or_default();
                reach::entries(scope, path).any(|entry| holds(inner, Scope::Entry(entry, path)))
            }
            Term::Selected(path, test) => {
                let inner = nodes.get(at + 1..at + node.span).unwrap_or_default();
                let chosen = reach::entries(scope, path)
                    .filter(|entry| holds(inner, Scope::Entry(entry, path)));
                any_or_nothing(chosen, test, |entry| of_entry(entry, path, test, None))
            }
        };
        match rise(nodes, at, verdict) {
            Rise::Decided(verdict) => return verdict,
            Rise::Next(next) => at = next,
        }
    }
    false
}

enum Rise {
    Decided(bool),
    Next(usize),
}

fn rise(nodes: &[Node], mut at: usize, mut verdict: bool) -> Rise {
    while at > 0 {
        let Some(node) = nodes.get(at) else { break };
        let above = at.saturating_sub(node.up);
        let Some(parent) = nodes.get(above) else { break };
        let next = at + node.span;
        let is_open = match parent.term {
            Term::All => verdict,
            Term::Any => !verdict,
            _ => {
                verdict = !verdict;
                false
            }
        };
        if is_open && next < above + parent.span {
            return Rise::Next(next);
        }
        at = above;
    }
    Rise::Decided(verdict)
}

/// Whether one value at the path meets the test.
fn meets(path: &AttributePath, test: &Test, scope: Scope<'_>) -> bool {
    let entries = reach::entries(scope, path);
    any_or_nothing(entries, test, |entry| of_entry(entry, path, test, scope.parent()))
}

/// Whether a value, or its sub-attribute when the path has one, meets the test.
fn of_entry(
    entry: &Value,
    path: &AttributePath,
    test: &Test,
    parent: Option<&AttributePath>,
) -> bool {
    let Some(sub) = &path.sub_attribute else {
        return match test {
            Test::Present => is_present(entry, DEPTH),
            Test::Compare(operator, wanted) => {
                // `emails co "x"` is about the values of the e-mail addresses: an example of the RFC.
                let (value, sub) = match reach::member(entry, "value").filter(|_| entry.is_object())
                {
                    Some(value) => (value, Some("value")),
                    None => (entry, None),
                };
                compare::holds(value, *operator, wanted, || {
                    schema::is_case_exact(path, sub, parent)
                })
            }
        };
    };
    let found = reach::member(entry, sub).into_iter().flat_map(reach::taken_apart);
    any_or_nothing(found, test, |value| match test {
        Test::Present => is_present(value, DEPTH),
        Test::Compare(operator, wanted) => compare::holds(value, *operator, wanted, || {
            schema::is_case_exact(path, Some(sub), parent)
        }),
    })
}

/// Whether one of the values meets the test; where there is none, whether nothing does.
fn any_or_nothing<'a>(
    values: impl Iterator<Item = &'a Value>,
    test: &Test,
    meets: impl FnMut(&'a Value) -> bool,
) -> bool {
    let mut values = values.peekable();
    if values.peek().is_none() { test.holds_for_nothing() } else { values.any(meets) }
}

/// A list of values with sub-attributes that are lists: deeper than any attribute of SCIM goes.
const DEPTH: usize = 4;

/// Not empty, and holding something that is not empty (RFC 7644 table 3).
fn is_present(value: &Value, depth: usize) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) if depth == 0 => !values.is_empty(),
        Value::Object(members) if depth == 0 => !members.is_empty(),
        Value::Array(values) => values.iter().any(|value| is_present(value, depth - 1)),
        Value::Object(members) => members.values().any(|value| is_present(value, depth - 1)),
    }
}

impl Test {
    fn holds_for_nothing(&self) -> bool {
        match self {
            Self::Present => false,
            Self::Compare(Operator::Equal, wanted) => wanted.is_null(),
            Self::Compare(Operator::NotEqual, wanted) => {
                !wanted.is_null() && compare::is_literal(wanted)
            }
            Self::Compare(..) => false,
        }
    }
}
