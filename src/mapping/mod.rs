//! Attribute mapping: what one target should see of a user or a group, worked out from its own rules.
//!
//! A [`Mapping`] is applied by [`Mapping::apply`], and shown to an administrator by [`Mapping::preview`]. Both are pure:
//! the same resource and the same [`MappingContext`] always come to the same result, nothing is read from anywhere
//! else, and nothing of one mapping is left behind for another.
//!
//! Not for: how a mapping is written, read and checked. That is [`model::mapping`](crate::model::mapping).
//!
//! ```
//! use outbound_provisioning::mapping::MappingContext;
//! use outbound_provisioning::model::mapping::Mapping;
//! use outbound_provisioning::model::{Name, Problems, Resource, User};
//! use serde_json::json;
//!
//! let document = json!({ "users": [
//!     { "to": "displayName", "expression": r#"Join(" ", [name.givenName], [name.familyName])"# },
//!     { "to": "userName", "expression": r#"Pattern("{UN,TD}", "@")"# }
//! ] });
//! let mut problems = Problems::new();
//! let mapping = Mapping::from_json(&document, "mapping", &mut problems);
//! assert!(problems.is_empty());
//!
//! let mut ada = User::new("u-42", "ada");
//! ada.name = Some(Name::new("Ada", "Lovelace"));
//! let (acme, hr) = ("acme".into(), "hr".into());
//! let Resource::User(seen) = mapping.apply(&ada.into(), &MappingContext::new(&acme, &hr))? else { unreachable!() };
//! assert_eq!(seen.display_name.as_deref(), Some("Ada Lovelace"));
//! assert_eq!(seen.user_name, "ada@acme");
//! # Ok::<(), outbound_provisioning::mapping::MappingError>(())
//! ```

mod apply;
mod datum;
mod error;
mod evaluate;
mod functions;
mod latin;
mod parts;
mod preview;
mod text;

use std::fmt;

use crate::model::{ConnectionId, OrganizationId, Resource};

pub use self::error::{MappingError, MappingErrorKind};
pub use self::functions::{Argument, Functions};
pub use self::preview::{Origin, Preview, PreviewedAttribute};
pub use crate::model::mapping::{
    AttributeKind, AttributeSpec, Base, Expression, ExpressionError, ExpressionErrorKind,
    FunctionSpec, Kind, MAX_EXPRESSION_BYTES, MAX_EXPRESSION_DEPTH, Mapping, Rule, Source,
    TargetSchema, When,
};

/// How many steps one expression may take. A step is a part of the expression, a value of a list, or 64 bytes of text, of
/// a value with parts too.
pub const MAX_STEPS: usize = 10_000;

/// How much one expression may make, in bytes of text; each text on the way too, and what a function of the host's makes.
/// A value with parts counts about as it is written in JSON.
pub const MAX_OUTPUT_BYTES: usize = 64 * 1024;

/// How many values a list may have.
pub const MAX_LIST: usize = 1_000;

/// What a mapping may know besides the resource.
#[derive(Clone, Copy)]
pub struct MappingContext<'a> {
    organization: &'a OrganizationId,
    connection: &'a ConnectionId,
    confirmed: Option<&'a Resource>,
    functions: Option<&'a Functions>,
}

impl<'a> MappingContext<'a> {
    /// For a resource that the target does not have yet.
    pub fn new(organization: &'a OrganizationId, connection: &'a ConnectionId) -> Self {
        Self { organization, connection, confirmed: None, functions: None }
    }

    /// The same for a resource of which the target confirmed this state last: what it should see, as it came out then.
    #[must_use]
    pub fn confirmed(mut self, state: &'a Resource) -> Self {
        self.confirmed = Some(state);
        self
    }

    /// The same with the host's own functions.
    #[must_use]
    pub fn functions(mut self, functions: &'a Functions) -> Self {
        self.functions = Some(functions);
        self
    }
}

impl fmt::Debug for MappingContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappingContext")
            .field("organization", self.organization)
            .field("connection", self.connection)
            .field("confirmed", &self.confirmed)
            .field("functions", &self.functions)
            .finish()
    }
}
