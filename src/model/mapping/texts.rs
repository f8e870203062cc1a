//! The texts of a list's values, and of those alone that a simple filter chooses, each reached without a detour over
//! JSON: `roles.value`, `emails[type eq "work"].value`.
//!
//! Not for: any filter, and values with other parts. Those are looked for in JSON, which comes to the same.

use serde_json::Value;

use super::place::Head;
use crate::model::attribute::MultiValue;
use crate::model::filter::{ValuePath, same_text};
use crate::model::path::AttributePath;

/// One text of each value that is chosen.
#[derive(Clone)]
pub(crate) struct Texts {
    /// All of them hold of a value that is chosen.
    tests: Vec<Test>,
    part: Part,
}

redacted_debug!(Texts);

#[derive(Clone)]
enum Test {
    Is(Part, String),
    IsPrimary,
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Value,
    Display,
    Kind,
}

impl Part {
    fn named(name: &str) -> Option<Self> {
        let known = [("value", Self::Value), ("display", Self::Display), ("type", Self::Kind)];
        known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, part)| part)
    }

    fn of(self, value: &MultiValue) -> Option<&str> {
        match self {
            Self::Value => Some(value.value.as_str()).filter(|text| !text.is_empty()),
            Self::Display => value.display.as_deref(),
            Self::Kind => value.kind.as_deref(),
        }
    }

    fn put(self, value: &mut MultiValue, text: String) {
        match self {
            Self::Value => value.value = text,
            Self::Display => value.display = Some(text),
            Self::Kind => value.kind = Some(text),
        }
    }
}

impl Texts {
    /// The texts that a path leads to, if it is one of these.
    pub(crate) fn at(path: &ValuePath, head: Head) -> Option<Self> {
        let is_list = Head::LISTS.iter().any(|(_, list)| *list == head);
        if !is_list || head == Head::Addresses {
            return None;
        }
        let part = Part::named(path.attribute().sub_attribute.as_deref()?)?;
        let equalities = match path.filter() {
            Some(filter) => filter.equalities()?,
            None => Vec::new(),
        };
        let tests = equalities.into_iter().map(|(path, wanted)| Test::of(path, wanted));
        Some(Self { tests: tests.collect::<Option<_>>()?, part })
    }

    /// What stands there, in the order of the values.
    pub(crate) fn read<'a>(&self, values: &'a [MultiValue]) -> impl Iterator<Item = &'a str> {
        values.iter().filter(|value| self.chooses(value)).filter_map(|value| self.part.of(value))
    }

    /// Puts a text into every value that is chosen; without one, into a new one. Answers whether there is a place.
    pub(crate) fn write(&self, values: &mut Vec<MultiValue>, text: String) -> bool {
        let nothing = MultiValue::default();
        values.retain(|value| *value != nothing);
        let mut is_there = false;
        for value in values.iter_mut() {
            if self.chooses(value) {
                self.part.put(value, text.clone());
                is_there = true;
            }
            // No text is no value (RFC 7643 section 2.5).
            for text in [&mut value.display, &mut value.kind] {
                if text.as_ref().is_some_and(String::is_empty) {
                    *text = None;
                }
            }
        }
        if is_there {
            return true;
        }
        let mut value = MultiValue::default();
        for test in &self.tests {
            match test {
                Test::Is(part, wanted) => part.put(&mut value, wanted.clone()),
                Test::IsPrimary => value.primary = true,
            }
        }
        if !self.chooses(&value) {
            return false;
        }
        self.part.put(&mut value, text);
        values.push(value);
        true
    }

    fn chooses(&self, value: &MultiValue) -> bool {
        self.tests.iter().all(|test| match test {
            Test::Is(part, wanted) => part.of(value).is_some_and(|text| same_text(text, wanted)),
            Test::IsPrimary => value.primary,
        })
    }
}

impl Test {
    fn of(path: &AttributePath, wanted: &Value) -> Option<Self> {
        if path.schema.is_some() || path.sub_attribute.is_some() {
            return None;
        }
        match (Part::named(&path.attribute), wanted) {
            // Case counts in some, and a value without one is told by nothing.
            (Some(Part::Value), _) => None,
            (Some(part), Value::String(wanted)) if !wanted.is_empty() => {
                Some(Self::Is(part, wanted.clone()))
            }
            (None, Value::Bool(true)) if path.attribute.eq_ignore_ascii_case("primary") => {
                Some(Self::IsPrimary)
            }
            _ => None,
        }
    }
}
