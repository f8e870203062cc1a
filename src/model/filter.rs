//! Filters as a type, never as pasted text (RFC 7644 section 3.4.2.2).

use std::fmt;

use super::path::AttributePath;

/// A filter expression. Printed as RFC 7644 has it: a value is a JSON string, so that nothing in it can end it.
///
/// ```
/// use outbound_provisioning::model::Filter;
///
/// let filter = Filter::equals("userName", r#"o"hara) or userName pr"#);
/// assert_eq!(filter.to_string(), r#"userName eq "o\"hara) or userName pr""#);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Filter(Expression);

#[derive(Clone, PartialEq, Eq)]
enum Expression {
    Equals(AttributePath, String),
    And(Box<Self>, Box<Self>),
}

redacted_debug!(Filter);

impl Filter {
    /// `path eq "value"`.
    pub fn equals(path: impl Into<AttributePath>, value: impl Into<String>) -> Self {
        Self(Expression::Equals(path.into(), value.into()))
    }

    /// Both this and the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(Expression::And(Box::new(self.0), Box::new(other.0)))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(path, value) => {
                write!(f, "{path} eq {}", serde_json::Value::from(value.as_str()))
            }
            Self::And(left, right) => write!(f, "{left} and {right}"),
        }
    }
}
