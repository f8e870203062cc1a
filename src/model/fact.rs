//! What was learnt of a target.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::time::Timestamp;

/// Something learnt of a target, with the time at which it was.
///
/// ```
/// use outbound_provisioning::model::{Fact, Timestamp};
///
/// let fact = Fact::new("user_update", "put".into(), Timestamp::from_millis(0));
/// assert_eq!(fact.value, "put");
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fact {
    /// What it is about.
    pub name: String,
    /// What was learnt.
    pub value: Value,
    /// When.
    pub at: Timestamp,
    /// Of which system: the connector's [`fingerprint`](crate::connector::Connector::fingerprint). Set by the dispatcher,
    /// so that nothing learnt of one system is believed of another.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub system: String,
}

impl Fact {
    /// Something learnt.
    pub fn new(name: impl Into<String>, value: Value, at: Timestamp) -> Self {
        Self { name: name.into(), value, at, system: String::new() }
    }

    /// The same fact, of this system.
    #[must_use]
    pub fn of_system(mut self, system: impl Into<String>) -> Self {
        self.system = system.into();
        self
    }
}

/// Shows what it is about, and not what was learnt: a target's words may hold anything.
impl fmt::Debug for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fact")
            .field("name", &self.name)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}
