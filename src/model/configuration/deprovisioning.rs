//! What becomes of the account of somebody who is to lose it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::write::word;
use crate::model::filter::Filter;

/// Why a resource is to lose what it has at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// The host deleted it.
    Deleted,
    /// The host switched it off (`active` is false).
    Disabled,
    /// A person asked that all that is known of them be forgotten.
    Erased,
    /// It left the target's [`Scope`](super::Scope).
    LeftScope,
    /// It lost the application through which it was provisioned.
    Unassigned,
    /// A rule denies what it was permitted before.
    Denied,
    /// The connection is withdrawn.
    Withdrawn,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deleted => "deleted",
            Self::Disabled => "disabled",
            Self::Erased => "erased",
            Self::LeftScope => "left the scope",
            Self::Unassigned => "unassigned",
            Self::Denied => "denied by a rule",
            Self::Withdrawn => "the connection is withdrawn",
        })
    }
}

/// What is done with an account whose owner is to lose it. Only accounts that we created or adopted are ever touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Deprovision {
    /// Nothing. It stays as it was last confirmed, and stays ours.
    Leave,
    /// It is switched off, and on again should its owner come back. A group has no switch: it stays as it is.
    Deactivate,
    /// It leaves the groups that are provisioned there, and is otherwise left.
    StripGroups,
    /// It is switched off now and deleted after [the grace period](Deprovisioning::grace), unless its owner comes back
    /// before. A group is deleted then, and left until then.
    DeactivateThenDelete,
    /// It is deleted.
    Delete,
}

impl Deprovision {
    /// As in a document.
    pub(super) const ALL: [(&'static str, Self); 5] = [
        ("leave", Self::Leave),
        ("deactivate", Self::Deactivate),
        ("strip_groups", Self::StripGroups),
        ("deactivate_then_delete", Self::DeactivateThenDelete),
        ("delete", Self::Delete),
    ];
}

/// What becomes of the accounts at a target that is [withdrawn](crate::Dispatcher::withdraw) (P18).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Withdrawal {
    /// They stay as they are.
    #[default]
    Leave,
    /// They are switched off.
    Deactivate,
    /// They are deleted.
    Delete,
}

/// What is done with accounts whose owners are to lose them: per target, and per cause.
///
/// By default what is deleted or erased at the source is deleted at the target, and everybody else is switched off.
///
/// ```
/// use outbound_provisioning::model::{Configuration, Deprovision};
///
/// let configuration = Configuration::from_json(r#"{ "organizations": { "acme": { "connections": { "hr": {
///     "connectors": { "scim2": { "deprovisioning": {
///         "deleted": "deactivate_then_delete", "grace_days": 30, "left_scope": "strip_groups",
///         "protected": "userName eq \"root\" or userName sw \"service-\""
///     } } }
/// } } } } }"#).unwrap();
/// let acme = configuration.organization(&"acme".into()).unwrap();
/// let deprovisioning = &acme.connections["hr"].connectors["scim2"].deprovisioning;
/// assert_eq!(deprovisioning.deleted, Deprovision::DeactivateThenDelete);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deprovisioning {
    /// For what the host deleted.
    pub deleted: Deprovision,
    /// For who is switched off at the host.
    pub disabled: Deprovision,
    /// For who asked to be forgotten.
    pub erased: Deprovision,
    /// For who left the scope.
    pub left_scope: Deprovision,
    /// For who lost the application.
    pub unassigned: Deprovision,
    /// How long an account stays switched off before it is deleted, where it is deleted later.
    pub grace: Duration,
    /// Accounts that are never switched off or deleted before a person has said so, whatever the cause: by their state
    /// at the host, or as they were last confirmed at the target.
    pub protected: Option<Filter>,
}

impl Default for Deprovisioning {
    fn default() -> Self {
        Self {
            deleted: Deprovision::Delete,
            disabled: Deprovision::Deactivate,
            erased: Deprovision::Delete,
            left_scope: Deprovision::Deactivate,
            unassigned: Deprovision::Deactivate,
            grace: Duration::from_secs(30 * 24 * 60 * 60),
            protected: None,
        }
    }
}

impl Deprovisioning {
    /// What [`Self::default`] says, and this for what the host deleted.
    #[must_use]
    pub fn when_deleted(mut self, deprovision: Deprovision) -> Self {
        self.deleted = deprovision;
        self
    }

    /// The same, and this for who is switched off at the host.
    #[must_use]
    pub fn when_disabled(mut self, deprovision: Deprovision) -> Self {
        self.disabled = deprovision;
        self
    }

    /// The same, and this for who asked to be forgotten.
    #[must_use]
    pub fn when_erased(mut self, deprovision: Deprovision) -> Self {
        self.erased = deprovision;
        self
    }

    /// The same, and this for who left the scope.
    #[must_use]
    pub fn when_out_of_scope(mut self, deprovision: Deprovision) -> Self {
        self.left_scope = deprovision;
        self
    }

    /// The same, and this for who lost the application.
    #[must_use]
    pub fn when_unassigned(mut self, deprovision: Deprovision) -> Self {
        self.unassigned = deprovision;
        self
    }

    /// The same, with this grace period.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// What is not as it is by default, as in a document.
    pub(super) fn document(&self) -> Map<String, Value> {
        let default = Self::default();
        let causes = [
            ("deleted", self.deleted, default.deleted),
            ("disabled", self.disabled, default.disabled),
            ("erased", self.erased, default.erased),
            ("left_scope", self.left_scope, default.left_scope),
            ("unassigned", self.unassigned, default.unassigned),
        ];
        let causes = causes.into_iter().filter(|(_, set, default)| set != default);
        let mut document: Map<String, Value> =
            causes.map(|(name, set, _)| (name.to_owned(), word(set, &Deprovision::ALL))).collect();
        if self.grace != default.grace {
            let days = self.grace.as_secs() / (24 * 60 * 60);
            document.insert("grace_days".to_owned(), days.into());
        }
        if let Some(protected) = &self.protected {
            document.insert("protected".to_owned(), protected.to_string().into());
        }
        document
    }

    /// The same, with these accounts protected.
    #[must_use]
    pub fn protecting(mut self, accounts: Filter) -> Self {
        self.protected = Some(accounts);
        self
    }
}
