//! Users and groups, and what names one of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{LocalId, OrganizationId};

/// The two resource types of RFC 7643 section 4.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[expect(clippy::exhaustive_enums, reason = "RFC 7643 section 4 closes it: users and groups")]
pub enum ResourceKind {
    /// A user. What is read without a word about its kind is one.
    #[default]
    User,
    /// A group.
    Group,
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Group => "group",
        })
    }
}

/// One resource of one organization: what order and identity hang on. Never a user name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResourceKey {
    /// Whose.
    pub organization: OrganizationId,
    /// User or group.
    pub kind: ResourceKind,
    /// The host's id.
    pub id: LocalId,
}

impl ResourceKey {
    /// The key of a resource.
    pub fn new(organization: OrganizationId, kind: ResourceKind, id: LocalId) -> Self {
        Self { organization, kind, id }
    }
}
