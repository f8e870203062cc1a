//! Functions that the host adds to those that every expression knows.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::error::BoxError;
use crate::model::Problems;
use crate::model::mapping::{Mapping, Source};

type Function = dyn Fn(&[Argument<'_>]) -> Result<Value, BoxError> + Send + Sync;

/// The host's own functions, which an expression calls with an `@` in front: `@Badge([userName])`.
///
/// A function answers from its arguments alone, soon, and without I/O: it is called in the middle of a delivery, again
/// at every attempt, and its answer is compared with the last one. It must not panic; whoever applies a mapping and does
/// not trust its functions catches panics around the whole call, as the library does around a connector's.
///
/// ```
/// use outbound_provisioning::mapping::Functions;
///
/// let functions = Functions::new().with("Badge", |arguments| {
///     let name = arguments.first().and_then(|name| name.text()).ok_or("Badge(name)")?;
///     Ok(format!("B-{}", name.len()).into())
/// });
/// assert_eq!(functions.names().collect::<Vec<_>>(), ["Badge"]);
/// ```
#[derive(Clone, Default)]
pub struct Functions(BTreeMap<String, (String, Arc<Function>)>);

impl Functions {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with this function in place of any of that name, without regard to case. Its result may be any JSON
    /// value; null is no value. An error, whatever its type, stops the mapping and is shown to nobody but as the
    /// [`MappingError`](super::MappingError)'s source.
    #[must_use]
    pub fn with(
        mut self,
        name: impl Into<String>,
        function: impl Fn(&[Argument<'_>]) -> Result<Value, BoxError> + Send + Sync + 'static,
    ) -> Self {
        let name = name.into();
        self.0.insert(name.to_ascii_lowercase(), (name, Arc::new(function)));
        self
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.values().map(|(name, _)| name.as_str())
    }

    pub(super) fn named(&self, name: &str) -> Option<&Function> {
        self.0.get(&name.to_ascii_lowercase()).map(|(_, function)| function.as_ref())
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Functions({:?})", self.names().collect::<Vec<_>>())
    }
}

/// What a function is called with. `Debug` does not show it.
pub struct Argument<'a>(pub(super) Cow<'a, Value>);

impl Argument<'_> {
    /// The value as JSON; null where there is none.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        self.0.as_str()
    }

    /// Whether there is no value.
    pub fn is_nothing(&self) -> bool {
        self.0.is_null()
    }
}

impl fmt::Debug for Argument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Argument([redacted])")
    }
}

impl Mapping {
    /// Notes every call of a function that the host did not register, with the nearest that it did.
    pub fn check_functions(&self, functions: &Functions, path: &str, problems: &mut Problems) {
        for (list, rules) in [("users", &self.users), ("groups", &self.groups)] {
            for (index, rule) in rules.iter().enumerate() {
                let Source::Expression(expression) = rule.source() else { continue };
                for name in expression.custom_functions() {
                    if functions.named(name).is_none() {
                        let path = format!("{path}.{list}[{index}].expression");
                        let known: Vec<&str> = functions.names().collect();
                        problems.note_unknown_name(
                            path,
                            "registered function",
                            name,
                            known.iter().copied(),
                        );
                    }
                }
            }
        }
    }
}
