//! How many accounts may be switched off or deleted before a person is asked.

use serde_json::{Map, Value};

use super::write::word;

/// Holds back mass changes at a target (P16): more deletes and deactivations within an hour than both the count and the
/// share of the accounts there allow. Creates and updates go on.
///
/// ```
/// use outbound_provisioning::model::Configuration;
///
/// let configuration = Configuration::from_json(r#"{ "organizations": { "acme": { "connections": { "hr": {
///     "connectors": { "scim2": { "guard": { "count": 10, "share_percent": 5, "then": "soften_to_disable" } } }
/// } } } } }"#).unwrap();
/// let acme = configuration.organization(&"acme".into()).unwrap();
/// assert_eq!(acme.connections["hr"].connectors["scim2"].guard.count, 10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Guard {
    /// So many go through within any hour, whatever the share.
    pub count: u32,
    /// So many of a hundred accounts go through within any hour, whatever the count. 100 or more: no limit.
    pub share_percent: u32,
    /// What becomes of those beyond.
    pub then: GuardAction,
}

impl Default for Guard {
    fn default() -> Self {
        Self { count: 100, share_percent: 20, then: GuardAction::default() }
    }
}

impl Guard {
    /// Holds back what is beyond both so many and this share of the accounts.
    pub fn new(count: u32, share_percent: u32) -> Self {
        Self { count, share_percent, ..Self::default() }
    }

    /// The same guard, which lets accounts be switched off that were to be deleted.
    #[must_use]
    pub fn softening(mut self) -> Self {
        self.then = GuardAction::SoftenToDisable;
        self
    }

    /// What is not as it is by default, as in a document.
    pub(super) fn document(self) -> Map<String, Value> {
        let default = Self::default();
        let mut document = Map::new();
        if self.count != default.count {
            document.insert("count".to_owned(), self.count.into());
        }
        if self.share_percent != default.share_percent {
            document.insert("share_percent".to_owned(), self.share_percent.into());
        }
        if self.then != default.then {
            document.insert("then".to_owned(), word(self.then, &GuardAction::ALL));
        }
        document
    }

    /// How many may go within an hour, of so many accounts.
    pub(crate) fn limit(self, accounts: u64) -> u64 {
        if self.share_percent >= 100 {
            return u64::MAX;
        }
        u64::from(self.count).max(accounts.saturating_mul(self.share_percent.into()) / 100)
    }
}

/// What becomes of deletes and deactivations beyond the [`Guard`]'s limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum GuardAction {
    /// They wait for a person, who [allows](crate::Dispatcher::allow_held) or [rejects](crate::Dispatcher::reject_held)
    /// them.
    #[default]
    Hold,
    /// Who was to be deleted is switched off, and deleted when a person allows it.
    SoftenToDisable,
}

impl GuardAction {
    /// As in a document.
    pub(super) const ALL: [(&'static str, Self); 2] =
        [("hold", Self::Hold), ("soften_to_disable", Self::SoftenToDisable)];
}
