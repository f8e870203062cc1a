//! What is known of a value before there is one.

use std::fmt;

/// What a value is, as far as it is known when an expression is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Not known until there is a value.
    Any,
    /// A text.
    Text,
    /// True or false.
    Boolean,
    /// A whole number.
    Number,
    /// Several simple values.
    List,
    /// A value with parts of its own, such as a name, an address or a reference, or several of them.
    Complex,
}

impl Kind {
    /// What is known of a value that is either of two.
    pub(crate) fn or(self, other: Self) -> Self {
        if self == other { self } else { Self::Any }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "anything",
            Self::Text => "a text",
            Self::Boolean => "true or false",
            Self::Number => "a whole number",
            Self::List => "a list",
            Self::Complex => "a value with parts",
        })
    }
}
