//! What a connector can do.

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

    /// The test of a connection.
    #[must_use]
    pub fn with_check(self) -> Self {
        Self { check: true, ..self }
    }
}
