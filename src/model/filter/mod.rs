//! Filters as a type, never as pasted text (RFC 7644 section 3.4.2.2), and value paths (section 3.5.2).
//!
//! A [`Filter`] says which resources are meant, a [`ValuePath`] which values of one. Both are read from text, printed
//! as text, and asked of a resource as SCIM's JSON has it.
//!
//! Not for: searching. Nothing in here knows a store, a target or which of them understands which filter.

mod compare;
mod date_time;
mod error;
mod evaluate;
mod node;
mod operator;
mod parse;
mod print;
mod reach;
mod resource;
mod schema;
mod value_path;
mod write;

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

pub(crate) use self::compare::same_text;
pub use self::error::{FilterError, FilterErrorKind};
use self::node::{Node, Term, Test};
pub use self::operator::Operator;
use self::reach::Scope;
pub use self::value_path::ValuePath;
use super::path::AttributePath;

/// The longest text of a filter or a value path that is read, in bytes.
pub const MAX_FILTER_BYTES: usize = 8 * 1024;

/// How deep groups, negations and value paths may nest in a text that is read.
pub const MAX_FILTER_DEPTH: usize = 32;

/// A filter expression. Printed as RFC 7644 has it: a value is a JSON string, so that nothing in it can end it.
///
/// ```
/// use outbound_provisioning::model::{Filter, Operator};
/// use serde_json::json;
///
/// let filter = Filter::equals("userName", r#"o"hara) or userName pr"#);
/// assert_eq!(filter.to_string(), r#"userName eq "o\"hara) or userName pr""#);
///
/// let staff: Filter = r#"userType eq "Employee" and emails[type eq "work" and value ew "@example.com"]"#.parse()?;
/// let ada = json!({
///     "userName": "ada",
///     "userType": "employee",
///     "emails": [{ "type": "work", "value": "ada@example.com" }],
/// });
/// assert!(ada.as_object().is_some_and(|ada| staff.matches(ada)));
///
/// let since = Filter::compare("meta.lastModified", Operator::GreaterOrEqual, "2026-01-01T00:00:00Z");
/// assert_eq!(since.or(staff.not()).to_string().parse::<Filter>()?.paths().count(), 5);
/// # Ok::<(), outbound_provisioning::model::FilterError>(())
/// ```
///
/// # What it means
/// Names of attributes and schemas are compared without case, values are looked up by these rules:
///
/// - An attribute that is missing, `null`, an empty list or an empty object is *nothing* (RFC 7643 section 2.5).
///   Nothing is `eq null`, is `ne` any other value, is not `pr`, and meets no other operator.
/// - Of several values one is enough. So `emails.type ne "work"` means that some e-mail address is not for work; that
///   none is, is `not (emails.type eq "work")`.
/// - `emails co "x"` is about the `value` of each e-mail address, `emails.type eq "x"` about the type of each, and
///   `emails[type eq "work" and value co "x"]` asks all of one and the same.
/// - Texts are compared without case, except those that RFC 7643 declares `caseExact`: ids, references and binaries.
///   Where both sides are date-times of RFC 3339, their points in time are compared.
/// - Values of different types are not equal, and neither is before the other. Booleans, `null`, and values with
///   sub-attributes have no order and no parts: `gt`, `ge`, `lt`, `le`, `co`, `sw` and `ew` never hold for them.
///   A negation of such a comparison therefore always holds.
///
/// # What a built one may be
/// A filter of the builders may be longer or deeper than what is read; matching, printing and dropping it is safe all
/// the same. Only its text is refused then. A path is printed as it is, so it must not come from a stranger.
#[derive(Clone, PartialEq, Eq)]
pub struct Filter(Vec<Node>);

redacted_debug!(Filter);

impl Filter {
    /// Reads a filter.
    ///
    /// ```
    /// use outbound_provisioning::model::{Filter, FilterErrorKind};
    ///
    /// let wrong = Filter::parse("userName is \"ada\"").unwrap_err();
    /// assert_eq!((wrong.kind(), wrong.column()), (FilterErrorKind::Operator, 10));
    /// ```
    ///
    /// # Errors
    /// Any [`FilterErrorKind`], with the place and what was expected there; never the text.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::filter(text)
    }

    /// `path eq "value"`.
    pub fn equals(path: impl Into<AttributePath>, value: impl Into<String>) -> Self {
        Self::compare(path, Operator::Equal, value.into())
    }

    /// `path pr`: the attribute has a value that is not empty.
    pub fn present(path: impl Into<AttributePath>) -> Self {
        Self::tested(path.into(), Test::Present)
    }

    /// `path operator value`. The value is a text, a number, a boolean or null; with a list or an object the filter
    /// matches nothing, and its text is not one of a filter.
    pub fn compare(
        path: impl Into<AttributePath>,
        operator: Operator,
        value: impl Into<Value>,
    ) -> Self {
        Self::tested(path.into(), Test::Compare(operator, value.into()))
    }

    /// Both this and the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(node::joined(self.0, other.0, Term::All))
    }

    /// This or the other, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(node::joined(self.0, other.0, Term::Any))
    }

    /// What this does not match.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "it stands beside `and` and `or`")]
    pub fn not(self) -> Self {
        Self(node::under(Term::Not, self.0))
    }

    /// Whether a resource meets it. The attributes are as SCIM's JSON has them.
    ///
    /// Takes time in proportion to the filter and to what it looks at, no stack worth speaking of, and memory only to
    /// search a long text that is not ASCII.
    pub fn matches(&self, attributes: &Map<String, Value>) -> bool {
        evaluate::holds(&self.0, Scope::Resource(attributes))
    }

    /// Every attribute it asks for, in the order of the text, as often as it does. Inside the brackets of a value path
    /// they are paths from the value: `emails[type eq "work"]` has `emails` and `type`.
    pub fn paths(&self) -> impl Iterator<Item = &AttributePath> {
        self.0.iter().filter_map(|node| node.term.path())
    }

    /// What it compares by `eq`, if that is all it says, joined by `and`.
    pub(crate) fn equalities(&self) -> Option<Vec<(&AttributePath, &Value)>> {
        let tests = match self.0.split_first() {
            Some((root, tests)) if root.term == Term::All => tests,
            _ => self.0.as_slice(),
        };
        let equalities = tests.iter().map(|node| match &node.term {
            Term::Test(path, Test::Compare(Operator::Equal, wanted)) => Some((path, wanted)),
            _ => None,
        });
        equalities.collect()
    }

    fn tested(path: AttributePath, test: Test) -> Self {
        Self(vec![Node::leaf(Term::Test(path, test))])
    }

    /// `path[filter]`.
    fn entry(path: AttributePath, filter: Self) -> Self {
        Self(node::under(Term::Entry(path), filter.0))
    }

    /// `path[filter].subAttribute` and what is asked of that; the path has the sub-attribute.
    fn selected(path: AttributePath, filter: Self, test: Test) -> Self {
        Self(node::under(Term::Selected(path, test), filter.0))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print::print(&self.0, f)
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}
