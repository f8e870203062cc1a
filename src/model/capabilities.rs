//! What a connector can do.

use super::kind::ResourceKind;

/// What a connector can do beyond create, update and delete. Nothing, until said otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// Knows groups.
    pub groups: bool,
    /// A group may be created with its members.
    pub members_on_create: bool,
    /// The most members one request may change; 0 is no limit.
    pub members_per_request: usize,
    /// Implements `find`.
    pub find: bool,
    /// Implements `list`.
    pub list: bool,
    /// Implements `check`.
    pub check: bool,
    /// Refuses a second user with the same name or the same id of ours.
    pub unique_users: bool,
    /// Refuses a second group with the same name or the same id of ours.
    pub unique_groups: bool,
}

impl Capabilities {
    /// Nothing.
    ///
    /// ```
    /// use outbound_provisioning::connector::Capabilities;
    ///
    /// assert!(Capabilities::new().with_groups().with_members_per_request(100).groups);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Groups and changes of their members.
    #[must_use]
    pub fn with_groups(self) -> Self {
        Self { groups: true, ..self }
    }

    /// Members of a group in the create itself.
    #[must_use]
    pub fn with_members_on_create(self) -> Self {
        Self { members_on_create: true, ..self }
    }

    /// At most this many members in one request.
    #[must_use]
    pub fn with_members_per_request(self, most: usize) -> Self {
        Self { members_per_request: most, ..self }
    }

    /// Look-ups.
    #[must_use]
    pub fn with_find(self) -> Self {
        Self { find: true, ..self }
    }

    /// Lists.
    #[must_use]
    pub fn with_list(self) -> Self {
        Self { list: true, ..self }
    }

    /// A target that refuses a second resource of this kind with the same name or the same id of ours. Where it is
    /// not known to, a create in doubt is repeated only once the first can no longer land (P8).
    #[must_use]
    pub fn with_unique_names(self, kind: ResourceKind) -> Self {
        match kind {
            ResourceKind::User => Self { unique_users: true, ..self },
            ResourceKind::Group => Self { unique_groups: true, ..self },
        }
    }

    pub(crate) fn unique_names(self, kind: ResourceKind) -> bool {
        match kind {
            ResourceKind::User => self.unique_users,
            ResourceKind::Group => self.unique_groups,
        }
    }

    /// The test of a connection.
    #[must_use]
    pub fn with_check(self) -> Self {
        Self { check: true, ..self }
    }
}
