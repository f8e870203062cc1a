//! What a filter means: RFC 7644 section 3.4.2.2.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::schema::{self, Attribute, ResourceType};

/// A filter that was read.
#[derive(Debug)]
pub(super) enum Filter {
    Or(Vec<Self>),
    And(Vec<Self>),
    Not(Box<Self>),
    Present(AttributePath),
    Compare(AttributePath, Operator, Value),
    /// `emails[type eq "work"]`: one entry of the list meets all that is asked.
    Entry(AttributePath, Box<Self>),
}

/// `[URI ":"] ATTRNAME *1subAttr` of figure 1.
#[derive(Debug)]
pub(super) struct AttributePath {
    pub(super) schema: Option<String>,
    pub(super) name: String,
    pub(super) sub: Option<String>,
    /// Compares with case, whatever the schema says.
    with_case: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// Whose attributes the names of a filter are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scope {
    Resource(ResourceType),
    Entry(&'static [Attribute]),
}

impl Filter {
    /// The same filter, comparing with case.
    pub(super) fn with_case(self) -> Self {
        let all = |filters: Vec<Self>| filters.into_iter().map(Self::with_case).collect();
        match self {
            Self::Or(filters) => Self::Or(all(filters)),
            Self::And(filters) => Self::And(all(filters)),
            Self::Not(filter) => Self::Not(Box::new(filter.with_case())),
            Self::Present(path) => Self::Present(path),
            Self::Compare(path, operator, wanted) => {
                Self::Compare(AttributePath { with_case: true, ..path }, operator, wanted)
            }
            Self::Entry(path, filter) => Self::Entry(path, Box::new(filter.with_case())),
        }
    }

    pub(super) fn matches(&self, object: &Map<String, Value>, scope: Scope) -> bool {
        match self {
            Self::Or(filters) => filters.iter().any(|filter| filter.matches(object, scope)),
            Self::And(filters) => filters.iter().all(|filter| filter.matches(object, scope)),
            Self::Not(filter) => !filter.matches(object, scope),
            Self::Present(path) => {
                let (values, _) = path.reach(object, scope);
                values.into_iter().any(is_present)
            }
            Self::Compare(path, operator, wanted) => {
                let (values, definition) = path.reach(object, scope);
                path.compare(&values, definition, *operator, wanted)
            }
            Self::Entry(path, filter) => {
                let (values, definition) = path.reach(object, scope);
                let scope = Scope::Entry(definition.map_or(&[], Attribute::sub_attributes));
                values
                    .into_iter()
                    .filter_map(Value::as_object)
                    .any(|entry| filter.matches(entry, scope))
            }
        }
    }
}

impl AttributePath {
    /// Splits a path. A URN holds colons and dots, an attribute name holds neither: what stands
    /// behind the last colon is the attribute.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (schema, attribute) = match text.rsplit_once(':') {
            Some(("", _)) => return None,
            Some((schema, attribute)) => (Some(schema.to_owned()), attribute),
            None => (None, text),
        };
        let (name, sub) = match attribute.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (attribute, None),
        };
        (is_name(name) && sub.is_none_or(is_name)).then(|| Self {
            schema,
            name: name.to_owned(),
            sub: sub.map(str::to_owned),
            with_case: false,
        })
    }

    /// The values at the path, lists taken apart, and the definition of the attribute.
    fn reach<'a>(
        &self,
        object: &'a Map<String, Value>,
        scope: Scope,
    ) -> (Vec<&'a Value>, Option<&'static Attribute>) {
        let (holder, definition) = match (&self.schema, scope) {
            (None, Scope::Resource(kind)) => (Some(object), kind.attribute(&self.name)),
            (None, Scope::Entry(attributes)) => {
                (Some(object), schema::find(attributes, &self.name))
            }
            (Some(urn), Scope::Resource(kind)) if urn.eq_ignore_ascii_case(kind.schema()) => {
                (Some(object), kind.attribute(&self.name))
            }
            (Some(urn), Scope::Resource(_)) => (
                schema::value_of(object, urn).and_then(Value::as_object),
                schema::extension_attributes(urn)
                    .and_then(|attributes| schema::find(attributes, &self.name)),
            ),
            (Some(_), Scope::Entry(_)) => (None, None),
        };
        let values = match holder.and_then(|holder| schema::value_of(holder, &self.name)) {
            Some(Value::Array(values)) => values.iter().collect(),
            Some(value) => vec![value],
            None => Vec::new(),
        };
        let Some(sub) = &self.sub else {
            return (values, definition);
        };
        let values = values
            .into_iter()
            .filter_map(|value| schema::value_of(value.as_object()?, sub))
            .collect();
        let definition =
            definition.and_then(|attribute| schema::find(attribute.sub_attributes(), sub));
        (values, definition)
    }

    fn compare(
        &self,
        values: &[&Value],
        definition: Option<&'static Attribute>,
        operator: Operator,
        wanted: &Value,
    ) -> bool {
        if values.is_empty() {
            // Unassigned is null (RFC 7643 section 2.5).
            return operator.holds(&Value::Null, wanted, true);
        }
        let default =
            definition.and_then(|attribute| schema::find(attribute.sub_attributes(), "value"));
        values.iter().any(|value| {
            // `emails co "x"` is about the values of the e-mails (the RFC's own example).
            let (value, definition) = match value {
                Value::Object(entry) if self.sub.is_none() => {
                    (schema::value_of(entry, "value"), default)
                }
                value => (Some(*value), definition),
            };
            // Without case, unless the schema says otherwise (RFC 7643 section 2.2).
            let case_exact =
                self.with_case || definition.is_some_and(|attribute| attribute.case_exact);
            value.is_some_and(|value| operator.holds(value, wanted, case_exact))
        })
    }
}

impl Operator {
    pub(super) fn parse(text: &str) -> Option<Self> {
        [
            ("eq", Self::Equal),
            ("ne", Self::NotEqual),
            ("co", Self::Contains),
            ("sw", Self::StartsWith),
            ("ew", Self::EndsWith),
            ("gt", Self::Greater),
            ("ge", Self::GreaterOrEqual),
            ("lt", Self::Less),
            ("le", Self::LessOrEqual),
        ]
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text))
        .map(|(_, operator)| operator)
    }

    /// Booleans and null have no order and no parts (table 3).
    pub(super) fn takes(self, wanted: &Value) -> bool {
        match self {
            Self::Equal | Self::NotEqual => !wanted.is_object() && !wanted.is_array(),
            Self::Contains | Self::StartsWith | Self::EndsWith => wanted.is_string(),
            _ => wanted.is_string() || wanted.is_number(),
        }
    }

    fn holds(self, value: &Value, wanted: &Value, case_exact: bool) -> bool {
        let order = match (value, wanted) {
            (Value::String(value), Value::String(wanted)) => {
                let (value, wanted) = if case_exact {
                    (value.clone(), wanted.clone())
                } else {
                    (value.to_lowercase(), wanted.to_lowercase())
                };
                match self {
                    Self::Contains => return value.contains(&wanted),
                    Self::StartsWith => return value.starts_with(&wanted),
                    Self::EndsWith => return value.ends_with(&wanted),
                    _ => Some(value.cmp(&wanted)),
                }
            }
            (Value::Number(value), Value::Number(wanted)) => value
                .as_f64()
                .zip(wanted.as_f64())
                .and_then(|(value, wanted)| value.partial_cmp(&wanted)),
            (value, wanted) if value == wanted => Some(Ordering::Equal),
            _ => None,
        };
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => order.is_some_and(Ordering::is_le),
            Self::Contains | Self::StartsWith | Self::EndsWith => false,
        }
    }
}

/// `ATTRNAME` of figure 1, and `$ref`.
pub(super) fn is_name(text: &str) -> bool {
    let name = text.strip_prefix('$').unwrap_or(text);
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}
