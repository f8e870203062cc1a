//! Why a mapping came to no result for one resource.

use std::fmt;
use std::sync::Arc;

use crate::error::{BoxError, Effect, Error, ErrorKind};
use crate::model::ResourceKind;

/// A rule that came to no value: which, in which function, why, and the remedy. Never a value of the resource.
///
/// What a function of the host's said is the [`source`](std::error::Error::source), and not printed.
#[derive(Clone)]
#[non_exhaustive]
pub struct MappingError {
    /// What went wrong.
    pub kind: MappingErrorKind,
    /// Users' rules or groups'.
    pub resource: ResourceKind,
    /// Which rule, from 0.
    pub rule: usize,
    /// The function in which it went wrong, if it was in one.
    pub function: Option<String>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// What went wrong with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MappingErrorKind {
    /// The value is of a kind that the function or the attribute cannot take, which only the value itself shows.
    Mismatch,
    /// More than [`MAX_STEPS`](super::MAX_STEPS).
    Steps,
    /// More than [`MAX_OUTPUT_BYTES`](super::MAX_OUTPUT_BYTES).
    Output,
    /// A list longer than [`MAX_LIST`](super::MAX_LIST).
    List,
    /// No function of this name is registered.
    UnknownFunction,
    /// A function of the host's failed.
    Function,
    /// Nothing came out, and no account can be without the attribute.
    Required,
}

impl MappingErrorKind {
    fn message(self) -> &'static str {
        match self {
            Self::Mismatch => "a value of the wrong kind; name a sub-attribute, or convert it",
            Self::Steps => "too much work for one value; make it simpler",
            Self::Output => "the value is longer than 65,536 bytes; shorten it",
            Self::List => "a list of more than 1,000 values; name fewer",
            Self::UnknownFunction => {
                "no such function is registered; register it, or correct the name"
            }
            Self::Function => "the registered function failed; its own error says why",
            Self::Required => "nothing came out, and no account can be without it; add a default",
        }
    }
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = match self.resource {
            ResourceKind::User => "users",
            ResourceKind::Group => "groups",
        };
        write!(f, "{list}[{}]: ", self.rule)?;
        if let Some(function) = &self.function {
            write!(f, "{function}: ")?;
        }
        f.write_str(self.kind.message())
    }
}

/// Shows whether there is a source, and none of its words: they may quote a person's values.
impl fmt::Debug for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappingError")
            .field("kind", &self.kind)
            .field("resource", &self.resource)
            .field("rule", &self.rule)
            .field("function", &self.function)
            .field("source", &self.source.as_ref().map(|_| ".."))
            .finish()
    }
}

impl std::error::Error for MappingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}

/// Nothing was sent; only a changed mapping or a changed resource can help.
impl From<MappingError> for Error {
    fn from(error: MappingError) -> Self {
        Self::new(ErrorKind::Configuration, format!("mapping.{error}"))
            .with_effect(Effect::NotSent)
            .with_source(error)
    }
}

/// What went wrong, before it is known in which rule.
pub(super) struct Fault {
    pub(super) kind: MappingErrorKind,
    pub(super) function: Option<String>,
    pub(super) source: Option<BoxError>,
}

impl Fault {
    pub(super) fn in_rule(self, resource: ResourceKind, rule: usize) -> MappingError {
        MappingError {
            kind: self.kind,
            resource,
            rule,
            function: self.function,
            source: self.source.map(Arc::from),
        }
    }

    /// The same, in the innermost function.
    pub(super) fn within(mut self, function: &str) -> Self {
        self.function.get_or_insert_with(|| function.to_owned());
        self
    }
}

impl From<MappingErrorKind> for Fault {
    fn from(kind: MappingErrorKind) -> Self {
        Self { kind, function: None, source: None }
    }
}
