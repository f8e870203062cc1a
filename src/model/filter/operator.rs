//! The operators of RFC 7644 section 3.4.2.2, table 3.

use std::fmt;

/// How an attribute is compared with a value. `pr` compares with nothing: see
/// [`Filter::present`](super::Filter::present).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 7644 table 3 closes it")]
pub enum Operator {
    /// `eq`: the same.
    Equal,
    /// `ne`: not the same.
    NotEqual,
    /// `co`: the text holds this.
    Contains,
    /// `sw`: the text begins with this.
    StartsWith,
    /// `ew`: the text ends with this.
    EndsWith,
    /// `gt`: after this; texts by their letters, numbers by size, date-times by time.
    Greater,
    /// `ge`: after this, or the same.
    GreaterOrEqual,
    /// `lt`: before this.
    Less,
    /// `le`: before this, or the same.
    LessOrEqual,
}

impl Operator {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::Equal,
        Self::NotEqual,
        Self::Contains,
        Self::StartsWith,
        Self::EndsWith,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Less,
        Self::LessOrEqual,
    ];

    /// Its name in a filter, for example `eq`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Contains => "co",
            Self::StartsWith => "sw",
            Self::EndsWith => "ew",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "ge",
            Self::Less => "lt",
            Self::LessOrEqual => "le",
        }
    }

    /// The one with this name, without regard to case.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.as_str().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
