//! What an engine is asked.

use std::fmt;

use crate::model::{
    ApplicationId, ConnectionId, ConnectorName, OrganizationId, Resource, Target, Timestamp,
    Trigger,
};

/// One thing that is about to be done to one resource at one target.
///
/// ```
/// use outbound_provisioning::model::{Resource, Target, Timestamp, Trigger, User};
/// use outbound_provisioning::rules::{Operation, RuleRequest};
///
/// let (organization, target) = ("acme".into(), Target::new("hr", "scim2"));
/// let ada = Resource::from(User::new("u-42", "ada"));
/// let groups = ["finance".to_owned()];
/// let now = Timestamp::from_millis(1_793_788_200_000);
/// let request = RuleRequest::new(&organization, &target, Operation::Create, &ada, now)
///     .triggered_by(Trigger::SelfSignUp)
///     .with_groups(&groups);
/// assert_eq!(request.operation.verb(), "POST");
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct RuleRequest<'a> {
    /// Whose resource.
    pub organization: &'a OrganizationId,
    /// The application through which it happened, if any.
    pub application: Option<&'a ApplicationId>,
    /// The connection to the target.
    pub connection: &'a ConnectionId,
    /// The connector that speaks to it.
    pub connector: &'a ConnectorName,
    /// What will be done at the target, which need not be what happened at the host.
    pub operation: Operation,
    /// Why the resource changed.
    pub trigger: Trigger,
    /// The resource, as the host has it. Of a deleted one, what was known last.
    pub resource: &'a Resource,
    /// The names of the groups that the resource is in.
    pub groups: &'a [String],
    /// The time now.
    pub time: Timestamp,
}

impl<'a> RuleRequest<'a> {
    /// A request through no application, triggered by an API, on a resource that is in no group.
    pub fn new(
        organization: &'a OrganizationId,
        target: &'a Target,
        operation: Operation,
        resource: &'a Resource,
        time: Timestamp,
    ) -> Self {
        Self {
            organization,
            application: None,
            connection: &target.connection,
            connector: &target.connector,
            operation,
            trigger: Trigger::default(),
            resource,
            groups: &[],
            time,
        }
    }

    /// The same request, through this application.
    #[must_use]
    pub fn through(mut self, application: Option<&'a ApplicationId>) -> Self {
        self.application = application;
        self
    }

    /// The same request, for this reason.
    #[must_use]
    pub fn triggered_by(mut self, trigger: Trigger) -> Self {
        self.trigger = trigger;
        self
    }

    /// The same request, on a resource that is in these groups.
    #[must_use]
    pub fn with_groups(mut self, groups: &'a [String]) -> Self {
        self.groups = groups;
        self
    }
}

/// Shows the ids, and nothing of the person.
impl fmt::Debug for RuleRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleRequest")
            .field("organization", &self.organization)
            .field("application", &self.application)
            .field("connection", &self.connection)
            .field("connector", &self.connector)
            .field("operation", &self.operation)
            .field("trigger", &self.trigger)
            .field("resource", &self.resource)
            .field("groups", &self.groups.len())
            .field("time", &self.time)
            .finish()
    }
}

/// What will be done to a resource at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// It is created.
    Create,
    /// Its attributes are changed.
    Update,
    /// Members of a group join and leave.
    ChangeMembers,
    /// It is deprovisioned by being switched off.
    Disable,
    /// It is deprovisioned by being deleted.
    Delete,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Create, Self::Update, Self::ChangeMembers, Self::Disable, Self::Delete];

    /// The word that WSO2's policies have for it: `POST`, `PUT`, `PATCH` or `DELETE`. Switching off is an update there.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Create => "POST",
            Self::Update | Self::Disable => "PUT",
            Self::ChangeMembers => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Our own word: `create`, `update`, `change_members`, `disable` or `delete`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::ChangeMembers => "change_members",
            Self::Disable => "disable",
            Self::Delete => "delete",
        }
    }

    /// Whether it ends an account's life.
    pub fn deprovisions(self) -> bool {
        matches!(self, Self::Disable | Self::Delete)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Our own word for why a resource changed.
pub(super) fn trigger_word(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Api => "api",
        Trigger::Console => "console",
        Trigger::SelfSignUp => "self_sign_up",
        Trigger::JustInTime => "just_in_time",
        Trigger::Import => "import",
    }
}
