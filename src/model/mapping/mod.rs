//! Attribute mapping, as an administrator sets it up: rules, expressions, and what a target's attributes hold.
//!
//! Not for: applying it. That is [`mapping`](crate::mapping).
//!
//! ```
//! use outbound_provisioning::model::Problems;
//! use outbound_provisioning::model::mapping::Mapping;
//! use serde_json::json;
//!
//! let document = json!({ "users": [
//!     { "to": "displayName", "expression": r#"Join(" ", [name.givenName], [name.familyName])"# },
//!     { "to": "userType", "constant": "Employee" },
//!     { "to": "title", "default": "Member" },
//!     { "to": "nickName", "drop": true },
//!     { "to": "locale", "from": "preferredLanguage", "on": "create" },
//!     { "to": "emails[type eq \"work\"].value", "expression": "ToLower([userName])" }
//! ] });
//! let mut problems = Problems::new();
//! let mapping = Mapping::from_json(&document, "mapping", &mut problems);
//! assert!(problems.is_empty());
//! assert_eq!(mapping.users.len(), 6);
//!
//! Mapping::from_json(&json!({ "users": [{ "to": "dispalyName", "drop": true }] }), "mapping", &mut problems);
//! assert_eq!(problems.to_string(), "mapping.users[0].to: no such attribute; did you mean `displayName`?");
//! ```

mod check;
mod expression;
mod field;
mod function;
mod grammar;
mod kind;
mod pattern;
mod place;
mod read;
mod rule;
mod schema;
mod texts;
mod write;

pub use self::expression::{
    Expression, ExpressionError, ExpressionErrorKind, MAX_EXPRESSION_BYTES, MAX_EXPRESSION_DEPTH,
};
pub use self::function::FunctionSpec;
pub use self::kind::Kind;
pub use self::rule::{Base, Mapping, Rule, Source, When};
pub use self::schema::{AttributeKind, AttributeSpec, TargetSchema};

pub(crate) use self::check::stays;
pub(crate) use self::expression::{Comparison, Node};
pub(crate) use self::field::Field;
pub(crate) use self::function::Function;
pub(crate) use self::pattern::{Part, Parts};
pub(crate) use self::place::{Head, Known, Place, Reading, Writing, known};
pub(crate) use self::texts::Texts;
