//! Which passwords a target is given.

use serde_json::{Map, Value};

use super::write::word;

/// Which passwords a target is given. By default none.
///
/// A password that a target is to get is kept sealed until it has it, and forgotten then (P28): the dispatcher needs
/// [`sealing`](crate::dispatch::DispatcherBuilder::sealing) keys for it.
///
/// ```
/// use outbound_provisioning::model::{Configuration, PasswordPolicy};
///
/// let configuration = Configuration::from_json(r#"{ "organizations": { "acme": { "connections": { "hr": {
///     "connectors": { "scim2": { "passwords": { "policy": "initial_random", "length": 32 } } }
/// } } } } }"#).unwrap();
/// let acme = configuration.organization(&"acme".into()).unwrap();
/// assert_eq!(acme.connections["hr"].connectors["scim2"].passwords.policy, PasswordPolicy::InitialRandom);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passwords {
    /// Which.
    pub policy: PasswordPolicy,
    /// How many characters one has that is made up.
    pub length: u32,
    /// Whether one that is made up has other characters than letters and digits.
    pub symbols: bool,
}

/// Which passwords a target is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordPolicy {
    /// None.
    #[default]
    Never,
    /// A new account gets one that is made up and known to nobody, for targets that refuse accounts without.
    InitialRandom,
    /// A new account gets the one that came with its event, if one did.
    FromEvent,
    /// The same, and every later one.
    Sync,
}

impl PasswordPolicy {
    /// As in a document.
    pub(super) const ALL: [(&'static str, Self); 4] = [
        ("never", Self::Never),
        ("initial_random", Self::InitialRandom),
        ("from_event", Self::FromEvent),
        ("sync", Self::Sync),
    ];

    /// Whether passwords of people pass through the library for it.
    pub(crate) fn keeps(self) -> bool {
        matches!(self, Self::FromEvent | Self::Sync)
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self { policy: PasswordPolicy::default(), length: 24, symbols: true }
    }
}

impl Passwords {
    /// These passwords.
    pub fn new(policy: PasswordPolicy) -> Self {
        Self { policy, ..Self::default() }
    }

    /// What is not as it is by default, as in a document.
    pub(super) fn document(self) -> Map<String, Value> {
        let default = Self::default();
        let mut document = Map::new();
        if self.policy != default.policy {
            document.insert("policy".to_owned(), word(self.policy, &PasswordPolicy::ALL));
        }
        if self.length != default.length {
            document.insert("length".to_owned(), self.length.into());
        }
        if self.symbols != default.symbols {
            document.insert("symbols".to_owned(), self.symbols.into());
        }
        document
    }
}
