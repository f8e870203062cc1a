//! What the target is to have of what the host has: all of it, or by a mapping, a scope, or a policy for leavers.

use outbound_provisioning::mapping::MappingContext;
use outbound_provisioning::model::mapping::Mapping;
use outbound_provisioning::model::{
    ConnectorSettings, Deprovision, Deprovisioning, Filter, Problems, Resource, Scope, User,
};
use serde_json::json;

use crate::simulated::dice::Dice;
use crate::simulated::world::ACME;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terms {
    /// All of it.
    Plain,
    /// With other attributes.
    Mapped,
    /// Some of the users; the others are switched off.
    Scoped,
    /// Who is deleted is only switched off.
    Kept,
}

impl Terms {
    /// Who is switched off keeps the name, so where names are unique nobody is.
    pub(crate) fn draw(dice: &mut Dice, unique: bool) -> Self {
        match dice.below(if unique { 4 } else { 8 }) {
            0 | 1 | 4 => Self::Plain,
            2 | 3 => Self::Mapped,
            5 | 6 => Self::Scoped,
            _ => Self::Kept,
        }
    }

    pub(crate) fn set(self, settings: ConnectorSettings) -> ConnectorSettings {
        match self {
            Self::Plain => settings,
            Self::Mapped => settings.with_mapping(mapping()),
            Self::Scoped => settings.with_scope(Scope::new().of_users(filter())),
            Self::Kept => settings.with_deprovisioning(
                Deprovisioning::default().when_deleted(Deprovision::Deactivate),
            ),
        }
    }

    /// What the target is to have of a resource; none if it is to have nothing that is switched on.
    pub(crate) fn seen(self, resource: Resource) -> Option<Resource> {
        match self {
            Self::Mapped => {
                let (acme, crm) = (ACME.into(), "crm".into());
                mapping().apply(&resource, &MappingContext::new(&acme, &crm)).ok()
            }
            Self::Scoped if !admits(&resource) => None,
            Self::Plain | Self::Scoped | Self::Kept => Some(resource),
        }
    }

    /// Whether a group that is deleted may stay as it was: it has no switch.
    pub(crate) fn leaves_groups(self) -> bool {
        self == Self::Kept
    }

    /// Whether somebody whom the target is not to have may be there, switched off.
    pub(crate) fn keeps(self) -> bool {
        matches!(self, Self::Scoped | Self::Kept)
    }
}

fn mapping() -> Mapping {
    let rules = json!([
        { "to": "displayName", "expression": "Append(\"seen as \", [displayName])" },
        { "to": "nickName", "from": "userName" },
        { "to": "userType", "default": "Employee" },
        { "to": "title", "drop": true },
    ]);
    let groups = json!([{ "to": "displayName", "expression": "Append(\"app-\", [displayName])" }]);
    let mut problems = Problems::new();
    let document = json!({ "users": rules, "groups": groups });
    let mapping = Mapping::from_json(&document, "mapping", &mut problems);
    assert!(problems.is_empty(), "{problems}");
    mapping
}

/// By a number that each change makes another: people come and go.
#[expect(clippy::unwrap_used, reason = "it is the same text each time")]
fn filter() -> Filter {
    let some = "not (displayName ew \"3\" or displayName ew \"7\") or not (active eq true)";
    Filter::parse(some).unwrap()
}

fn admits(resource: &Resource) -> bool {
    let Resource::User(User { display_name, active, .. }) = resource else { return true };
    let name = display_name.as_deref().unwrap_or_default();
    !(name.ends_with('3') || name.ends_with('7')) || !active
}
