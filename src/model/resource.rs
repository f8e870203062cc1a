//! What is provisioned: a user or a group.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::group::{Group, Member};
use super::ids::LocalId;
use super::kind::ResourceKind;
use super::user::User;

/// A user or a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[expect(clippy::exhaustive_enums, reason = "RFC 7643 section 4 closes it: users and groups")]
#[expect(
    clippy::large_enum_variant,
    reason = "users are the common case; boxing them costs every one of them an allocation"
)]
pub enum Resource {
    /// A user.
    User(User),
    /// A group.
    Group(Group),
}

impl Resource {
    /// Which of the two.
    pub fn kind(&self) -> ResourceKind {
        match self {
            Self::User(_) => ResourceKind::User,
            Self::Group(_) => ResourceKind::Group,
        }
    }

    /// The host's id.
    pub fn local_id(&self) -> &LocalId {
        match self {
            Self::User(user) => &user.external_id,
            Self::Group(group) => &group.external_id,
        }
    }

    /// The name by which people know it: `userName` or `displayName`.
    pub fn name(&self) -> &str {
        match self {
            Self::User(user) => &user.user_name,
            Self::Group(group) => &group.display_name,
        }
    }

    /// The members of a group; nobody is in a user.
    pub(crate) fn members(&self) -> &[Member] {
        match self {
            Self::User(_) => &[],
            Self::Group(group) => &group.members,
        }
    }

    /// The same resource, a group without its members.
    pub(crate) fn without_members(resource: &Arc<Self>) -> Arc<Self> {
        let mut resource = Arc::clone(resource);
        if !resource.members().is_empty()
            && let Self::Group(group) = Arc::make_mut(&mut resource)
        {
            group.members.clear();
        }
        resource
    }

    /// The attributes as SCIM's JSON has them, without a group's members.
    pub(crate) fn attributes(&self) -> Map<String, Value> {
        // Only maps with keys that are not text, or a type's own refusal, can fail; neither occurs in these types.
        let mut attributes = match serde_json::to_value(self) {
            Ok(Value::Object(attributes)) => attributes,
            _ => Map::new(),
        };
        if let Self::Group(_) = self {
            attributes.remove("members");
        }
        attributes
    }
}

impl From<User> for Resource {
    fn from(user: User) -> Self {
        Self::User(user)
    }
}

impl From<Group> for Resource {
    fn from(group: Group) -> Self {
        Self::Group(group)
    }
}
