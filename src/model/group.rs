//! A group and its members (RFC 7643 section 4.2).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::extension::Extensions;
use super::ids::{LocalId, Reference};
use super::kind::ResourceKind;
use super::lenient;

/// A group: its attributes, and the members it is created with.
///
/// Later changes of membership travel as [`MemberChanges`], never as a whole new list (P17).
///
/// ```
/// use outbound_provisioning::model::{Group, Member};
///
/// let staff = Group::new("g-1", "Staff").with_member(Member::user("u-42"));
/// assert_eq!(serde_json::to_value(&staff).unwrap()["members"][0]["value"], "u-42");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Group {
    /// The host's stable id. Empty only in what a target shows and did not echo.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "is_empty")]
    pub external_id: LocalId,
    /// The name of the group.
    #[serde(default, deserialize_with = "lenient::text")]
    pub display_name: String,
    /// Members known at creation.
    #[serde(default, deserialize_with = "lenient::list", skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
    /// Extensions.
    #[serde(flatten)]
    pub extensions: Extensions,
}

impl Group {
    /// A group without members.
    pub fn new(external_id: impl Into<LocalId>, display_name: impl Into<String>) -> Self {
        Self {
            external_id: external_id.into(),
            display_name: display_name.into(),
            members: Vec::new(),
            extensions: Extensions::new(),
        }
    }

    /// The same group with one more member.
    #[must_use]
    pub fn with_member(mut self, member: Member) -> Self {
        self.members.push(member);
        self
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("external_id", &self.external_id)
            .field("members", &self.members.len())
            .finish_non_exhaustive()
    }
}

/// A member of a group: a user or a group (RFC 7643 section 4.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Member {
    /// Who.
    #[serde(deserialize_with = "lenient::text")]
    pub value: Reference,
    /// What it is; written as SCIM's `type`. Missing counts as a user.
    #[serde(rename = "type", default, deserialize_with = "lenient::kind")]
    pub kind: ResourceKind,
}

impl Member {
    /// A member that is a user.
    pub fn user(id: impl Into<Reference>) -> Self {
        Self { value: id.into(), kind: ResourceKind::User }
    }

    /// A member that is a group.
    pub fn group(id: impl Into<Reference>) -> Self {
        Self { value: id.into(), kind: ResourceKind::Group }
    }
}

/// Members that join and leave one group. Nobody is in both.
///
/// ```
/// use outbound_provisioning::model::{Member, MemberChanges};
///
/// let changes = MemberChanges::new([Member::user("u-1")], [Member::user("u-2")]);
/// assert_eq!(changes.len(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberChanges {
    /// Who joins.
    pub added: BTreeSet<Member>,
    /// Who leaves.
    pub removed: BTreeSet<Member>,
}

impl MemberChanges {
    /// These changes; who is named in both stays out.
    pub fn new(
        added: impl IntoIterator<Item = Member>,
        removed: impl IntoIterator<Item = Member>,
    ) -> Self {
        let removed: BTreeSet<Member> = removed.into_iter().collect();
        let added = added.into_iter().filter(|member| !removed.contains(member)).collect();
        Self { added, removed }
    }

    /// How many members change.
    pub fn len(&self) -> usize {
        self.added.len() + self.removed.len()
    }

    /// Whether nobody does.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// What both changes do, one after the other.
    #[must_use]
    pub fn then(mut self, later: &Self) -> Self {
        for member in &later.added {
            self.removed.remove(member);
            self.added.insert(member.clone());
        }
        for member in &later.removed {
            self.added.remove(member);
            self.removed.insert(member.clone());
        }
        self
    }
}

fn is_empty(id: &LocalId) -> bool {
    id.as_str().is_empty()
}
