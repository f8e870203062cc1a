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
    /// The most members one request may remove; 0 is no limit beyond that for all changes.
    pub removals_per_request: usize,
    /// The most bytes that the members of one request may take; 0 is no limit.
    pub member_bytes_per_request: usize,
    /// Members join and leave by separate requests.
    pub separate_member_changes: bool,
    /// The target does not keep our own id of users, so no account there proves to be ours (P8.6).
    pub forgets_user_ids: bool,
    /// The same of groups.
    pub forgets_group_ids: bool,
    /// Sets the password that comes with an [`Attempt`](crate::connector::Attempt).
    pub passwords: bool,
    /// A delete only switches a user off: the account stays, and keeps our id.
    pub deactivates: bool,
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

    /// Passwords.
    #[must_use]
    pub fn with_passwords(self) -> Self {
        Self { passwords: true, ..self }
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

    /// At most so many members leaving by one request.
    #[must_use]
    pub fn with_removals_per_request(self, most: usize) -> Self {
        Self { removals_per_request: most, ..self }
    }

    /// At most so many bytes of members in one request.
    #[must_use]
    pub fn with_member_bytes_per_request(self, most: usize) -> Self {
        Self { member_bytes_per_request: most, ..self }
    }

    /// Joining and leaving by separate requests.
    #[must_use]
    pub fn with_separate_member_changes(self) -> Self {
        Self { separate_member_changes: true, ..self }
    }

    /// A target that does not keep our own id of resources of this kind.
    #[must_use]
    pub fn with_forgotten_external_ids(self, kind: ResourceKind) -> Self {
        match kind {
            ResourceKind::User => Self { forgets_user_ids: true, ..self },
            ResourceKind::Group => Self { forgets_group_ids: true, ..self },
        }
    }

    pub(crate) fn forgets_external_ids(self, kind: ResourceKind) -> bool {
        match kind {
            ResourceKind::User => self.forgets_user_ids,
            ResourceKind::Group => self.forgets_group_ids,
        }
    }

    /// A target whose delete only switches a user off. An account of ours that is found switched off counts as gone
    /// there, and is switched on again when the user comes back.
    #[must_use]
    pub fn with_deactivation(self) -> Self {
        Self { deactivates: true, ..self }
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
