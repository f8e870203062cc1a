//! What a connector is asked.

use crate::model::{
    Difference, EventId, LocalId, OrganizationId, Resource, ResourceKind, Secret, Target,
};

/// One try at one piece of work: for logs, and for targets that honour an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// Whose resource.
    pub organization: OrganizationId,
    /// The newest event that this attempt carries out.
    pub event: EventId,
    /// Where to.
    pub target: Target,
    /// 1 for the first try of this work.
    pub number: u32,
    /// The user's password, to be set along with a create or an update: given to connectors that say that they
    /// [can](super::Capabilities::passwords). An update may have nothing else to do. Never in a log, an error or a file.
    pub password: Option<Secret>,
}

impl Attempt {
    /// An attempt.
    pub fn new(organization: OrganizationId, event: EventId, target: Target, number: u32) -> Self {
        Self { organization, event, target, number, password: None }
    }

    /// The same attempt, with a password to set.
    #[must_use]
    pub fn with_password(mut self, password: Option<Secret>) -> Self {
        self.password = password;
        self
    }
}

/// A change of an existing resource: the wanted state *and* what differs. A connector uses whichever its protocol
/// needs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Update<'a> {
    /// The state to reach. A group comes without members.
    pub wanted: &'a Resource,
    /// What differs from the state the target last confirmed.
    pub difference: &'a Difference,
    /// The version tag the target last gave, as it came.
    pub version: Option<&'a str>,
}

impl<'a> Update<'a> {
    /// An update without a version tag.
    pub fn new(wanted: &'a Resource, difference: &'a Difference) -> Self {
        Self { wanted, difference, version: None }
    }

    /// The same update, on this version.
    #[must_use]
    pub fn on_version(mut self, version: Option<&'a str>) -> Self {
        self.version = version;
        self
    }
}

/// Whom a look-up is for: the host's id, and the name in case nobody at the target carries the id.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lookup<'a> {
    /// User or group.
    pub kind: ResourceKind,
    /// The host's id, which the target keeps as `externalId`.
    pub external_id: &'a LocalId,
    /// `userName` or `displayName`.
    pub name: &'a str,
    /// Our own resource is known: who else has the name is what is asked. A connector that asks for the id first must
    /// not stop there.
    pub name_only: bool,
}

impl<'a> Lookup<'a> {
    /// The look-up for a resource.
    pub fn new(kind: ResourceKind, external_id: &'a LocalId, name: &'a str) -> Self {
        Self { kind, external_id, name, name_only: false }
    }
}

impl Lookup<'_> {
    /// The same look-up, for the name only.
    #[must_use]
    pub fn name_only(self) -> Self {
        Self { name_only: true, ..self }
    }
}

/// Shows the id, not the name.
impl std::fmt::Debug for Lookup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lookup")
            .field("kind", &self.kind)
            .field("external_id", &self.external_id)
            .finish_non_exhaustive()
    }
}

/// Which page of which list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageRequest {
    /// Users or groups.
    pub kind: ResourceKind,
    /// What the page before gave as [`Page::next`](super::Page::next); none for the first.
    pub cursor: Option<String>,
}

impl PageRequest {
    /// The first page.
    pub fn first(kind: ResourceKind) -> Self {
        Self { kind, cursor: None }
    }

    /// The page this cursor leads to.
    pub fn at(kind: ResourceKind, cursor: impl Into<String>) -> Self {
        Self { kind, cursor: Some(cursor.into()) }
    }
}
