//! What happened at the host.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::error::{Error, ErrorKind, Result};

use super::extension::{ENTERPRISE_USER, is_urn};
use super::group::{Group, Member, MemberChanges};
use super::ids::{ApplicationId, LocalId, OrganizationId};
use super::kind::{ResourceKey, ResourceKind};
use super::resource::Resource;
use super::secret::Secret;

use super::user::User;

/// The largest event that is accepted, in bytes of its JSON (F73).
pub const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// The longest password.
const MAX_PASSWORD_BYTES: usize = 1_024;

/// How the schemas begin whose attributes have fields.
const CORE: &str = "urn:ietf:params:scim:schemas:core:";

/// What a member counts for beside its id: `{"value":"","type":"Group"},`.
pub(crate) const MEMBER_BYTES: usize = 28;

/// One committed change of one user or group.
///
/// User events carry the full state after the change. Group events carry the attributes, and *changes* of
/// membership; only [`group_created`](Self::group_created) may bring members along.
///
/// ```
/// use outbound_provisioning::model::{Event, Member, Trigger, User};
///
/// let created = Event::user_created(User::new("u-42", "ada"))
///     .in_organization("acme")
///     .through("payroll")
///     .triggered_by(Trigger::Api);
/// assert!(created.check().is_ok());
///
/// let joined = Event::members_changed("g-1", [Member::user("u-42")], []).in_organization("acme");
/// assert_eq!(joined.local_id().as_str(), "g-1");
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// Whose resource.
    pub organization: OrganizationId,
    /// The application through which it happened, if any.
    pub application: Option<ApplicationId>,
    /// Why it happened.
    pub trigger: Trigger,
    /// What happened.
    pub change: EventChange,
    /// The user's password, for targets that are given it.
    pub password: Option<Secret>,
}

/// What happened to the resource.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum EventChange {
    /// It exists since now; its full state.
    Created(Arc<Resource>),
    /// It changed; a user's full state, a group's attributes.
    Updated(Arc<Resource>),
    /// It is gone.
    Deleted(ResourceKind, LocalId),
    /// A user is gone, and asked that all that is known of them be forgotten.
    Erased(LocalId),
    /// A user was given the event's application; the user's full state.
    Assigned(Arc<Resource>),
    /// A user lost the event's application.
    Unassigned(LocalId),
    /// A user has another password.
    PasswordChanged(LocalId),
    /// Members joined and left a group.
    MembersChanged(LocalId, MemberChanges),
}

impl EventChange {
    /// The state that the event brings.
    pub(crate) fn state(&self) -> Option<&Arc<Resource>> {
        match self {
            Self::Created(resource) | Self::Updated(resource) | Self::Assigned(resource) => {
                Some(resource)
            }
            _ => None,
        }
    }

    /// Whether the resource is gone.
    pub(crate) fn removes(&self) -> bool {
        matches!(self, Self::Deleted(..) | Self::Erased(_))
    }
}

/// Why a resource changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trigger {
    /// Through an API of the host.
    #[default]
    Api,
    /// By an administrator in the console.
    Console,
    /// The user signed up.
    SelfSignUp,
    /// At a federated login, just in time. Provisioned only where the provisioner's JIT option is on.
    JustInTime,
    /// A first load.
    Import,
}

impl Event {
    fn new(change: EventChange) -> Self {
        Self {
            organization: OrganizationId::default(),
            application: None,
            trigger: Trigger::default(),
            change,
            password: None,
        }
    }

    /// A user was created; its full state.
    pub fn user_created(user: User) -> Self {
        Self::new(EventChange::Created(Arc::new(user.into())))
    }

    /// A user changed; its full state after the change.
    pub fn user_updated(user: User) -> Self {
        Self::new(EventChange::Updated(Arc::new(user.into())))
    }

    /// A user was deleted.
    pub fn user_deleted(id: impl Into<LocalId>) -> Self {
        Self::new(EventChange::Deleted(ResourceKind::User, id.into()))
    }

    /// A user was deleted, and all that is known of them is to be forgotten: what becomes of their accounts is the
    /// [`erased`](super::Deprovisioning::erased) policy's, whatever is done with others who are deleted.
    pub fn user_erased(id: impl Into<LocalId>) -> Self {
        Self::new(EventChange::Erased(id.into()))
    }

    /// A user was given an application; the user's full state. Needs [`through`](Self::through). Where the user was kept
    /// out or had lost the application before, that is over (R5).
    pub fn user_assigned(user: User) -> Self {
        Self::new(EventChange::Assigned(Arc::new(user.into())))
    }

    /// A user lost an application. Needs [`through`](Self::through). At the targets of the application's own
    /// provisioners the [`unassigned`](super::Deprovisioning::unassigned) policy applies; the user's other events change
    /// nothing there until the application is given again.
    pub fn user_unassigned(id: impl Into<LocalId>) -> Self {
        Self::new(EventChange::Unassigned(id.into()))
    }

    /// A user has a new password. It reaches the targets whose [`Passwords`](super::Passwords) are kept the same, is
    /// kept sealed until they have it, and is forgotten then.
    pub fn password_changed(id: impl Into<LocalId>, password: Secret) -> Self {
        let mut event = Self::new(EventChange::PasswordChanged(id.into()));
        event.password = Some(password);
        event
    }

    /// A group was created, with the members it has.
    pub fn group_created(group: Group) -> Self {
        Self::new(EventChange::Created(Arc::new(group.into())))
    }

    /// A group's attributes changed. Its members are left alone and must not be given:
    /// see [`members_changed`](Self::members_changed).
    pub fn group_updated(group: Group) -> Self {
        Self::new(EventChange::Updated(Arc::new(group.into())))
    }

    /// A group was deleted.
    pub fn group_deleted(id: impl Into<LocalId>) -> Self {
        Self::new(EventChange::Deleted(ResourceKind::Group, id.into()))
    }

    /// Members joined and left a group.
    pub fn members_changed(
        group: impl Into<LocalId>,
        added: impl IntoIterator<Item = Member>,
        removed: impl IntoIterator<Item = Member>,
    ) -> Self {
        Self::new(EventChange::MembersChanged(group.into(), MemberChanges::new(added, removed)))
    }

    /// The same event in this organization. Needed: an event without one is refused.
    #[must_use]
    pub fn in_organization(mut self, organization: impl Into<OrganizationId>) -> Self {
        self.organization = organization.into();
        self
    }

    /// The same event, through this application.
    #[must_use]
    pub fn through(mut self, application: impl Into<ApplicationId>) -> Self {
        self.application = Some(application.into());
        self
    }

    /// The same event, with the user's password: for targets whose [`Passwords`](super::Passwords) say that they are given
    /// it. For users that are created, changed or assigned.
    #[must_use]
    pub fn with_password(mut self, password: Secret) -> Self {
        self.password = Some(password);
        self
    }

    /// The same event, for this reason.
    #[must_use]
    pub fn triggered_by(mut self, trigger: Trigger) -> Self {
        self.trigger = trigger;
        self
    }

    /// Whether it is about a user or a group.
    pub fn kind(&self) -> ResourceKind {
        match &self.change {
            EventChange::Created(resource)
            | EventChange::Updated(resource)
            | EventChange::Assigned(resource) => resource.kind(),
            EventChange::Deleted(kind, _) => *kind,
            EventChange::Erased(_)
            | EventChange::Unassigned(_)
            | EventChange::PasswordChanged(_) => ResourceKind::User,
            EventChange::MembersChanged(..) => ResourceKind::Group,
        }
    }

    /// The host's id of the resource.
    pub fn local_id(&self) -> &LocalId {
        match &self.change {
            EventChange::Created(resource)
            | EventChange::Updated(resource)
            | EventChange::Assigned(resource) => resource.local_id(),
            EventChange::Deleted(_, id)
            | EventChange::Erased(id)
            | EventChange::Unassigned(id)
            | EventChange::PasswordChanged(id)
            | EventChange::MembersChanged(id, _) => id,
        }
    }

    /// The key of the resource.
    pub fn resource_key(&self) -> ResourceKey {
        ResourceKey::new(self.organization.clone(), self.kind(), self.local_id().clone())
    }

    /// Whether the event can be accepted.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidEvent`], naming the place: no organization; an empty id or name, or one with control
    /// characters (F71); an assignment without an application; an extension or its attribute by a name that is none
    /// (RFC 7643 section 2.1); members in a [`group_updated`](Self::group_updated); more than [`MAX_EVENT_BYTES`] (F73).
    pub fn check(&self) -> Result<()> {
        identifier("organization", self.organization.as_str())?;
        if let Some(application) = &self.application {
            identifier("application", application.as_str())?;
        }
        identifier("the resource's id", self.local_id().as_str())?;
        self.check_password()?;
        let mut bytes = Counter(0);
        match &self.change {
            EventChange::Created(resource) => check_resource(resource, &mut bytes)?,
            EventChange::Updated(resource) if !resource.members().is_empty() => {
                return Err(invalid(
                    "members of a changed group travel in Event::members_changed; send the group without them",
                ));
            }
            EventChange::Assigned(_) | EventChange::Unassigned(_) if self.application.is_none() => {
                return Err(invalid(
                    "an assignment is one to an application; name it with Event::through",
                ));
            }
            EventChange::Updated(resource) | EventChange::Assigned(resource) => {
                check_resource(resource, &mut bytes)?
            }
            EventChange::Deleted(..)
            | EventChange::Erased(_)
            | EventChange::Unassigned(_)
            | EventChange::PasswordChanged(_) => {}
            EventChange::MembersChanged(_, changes) => {
                for member in changes.added.iter().chain(&changes.removed) {
                    identifier("a member's id", member.value.as_str())?;
                    bytes.0 += member.value.as_str().len() + MEMBER_BYTES;
                }
            }
        }
        if bytes.0 > MAX_EVENT_BYTES {
            return Err(invalid(
                "the event is larger than 1 MiB; split membership changes into several events",
            ));
        }
        Ok(())
    }
}

impl Event {
    fn check_password(&self) -> Result<()> {
        let Some(password) = &self.password else { return Ok(()) };
        let is_users = self.kind() == ResourceKind::User
            && (self.change.state().is_some()
                || matches!(self.change, EventChange::PasswordChanged(_)));
        if !is_users {
            return Err(invalid(
                "only users that are created, changed or assigned have a password",
            ));
        }
        if password.expose().is_empty() || password.expose().len() > MAX_PASSWORD_BYTES {
            return Err(invalid("the password is empty, or longer than 1 KiB"));
        }
        Ok(())
    }
}

fn check_resource(resource: &Resource, bytes: &mut Counter) -> Result<()> {
    let name = match resource.kind() {
        ResourceKind::User => "userName",
        ResourceKind::Group => "displayName",
    };
    identifier(name, resource.name())?;
    if let Resource::Group(group) = resource {
        for member in &group.members {
            identifier("a member's id", member.value.as_str())?;
        }
    }
    let (Resource::User(User { extensions, .. }) | Resource::Group(Group { extensions, .. })) =
        resource;
    for urn in extensions.urns() {
        if !is_extension(urn) {
            return Err(invalid(
                "an extension is not named by a URN of its own; core attributes and the enterprise extension have fields",
            ));
        }
        let mut names = extensions.get(urn).into_iter().flat_map(Map::keys);
        if !names.all(|name| is_attribute_name(name)) {
            return Err(invalid(
                "an attribute of an extension has a name that is none; use letters, digits, `-` and `_`, a letter first",
            ));
        }
    }
    if serde_json::to_writer(bytes, resource).is_err() {
        return Err(invalid("the resource cannot be written as JSON"));
    }
    Ok(())
}

/// A URN that no path of a PATCH takes for anything else (RFC 8141 section 2, RFC 7644 figure 7).
fn is_extension(urn: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_graphic() && !b"\"'()[]<>\\^`{|}".contains(&byte);
    let is_core = urn.get(..CORE.len()).is_some_and(|start| start.eq_ignore_ascii_case(CORE));
    is_urn(urn)
        && !is_core
        && !urn.ends_with(':')
        && !urn.eq_ignore_ascii_case(ENTERPRISE_USER)
        && urn.bytes().all(harmless)
}

/// RFC 7643 section 2.1. Any other name would be read as a part of a path, or as another attribute.
fn is_attribute_name(name: &str) -> bool {
    let name = name.strip_prefix('$').unwrap_or(name);
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn identifier(place: &'static str, text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(invalid(format!("{place} is empty; an event needs one")));
    }
    if text.chars().any(char::is_control) {
        return Err(invalid(format!("{place} holds control characters; remove them")));
    }
    Ok(())
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidEvent, message)
}

/// Counts what is written, keeps nothing.
struct Counter(usize);

impl std::io::Write for &mut Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Shows what happened to whom by id, and nothing of the person.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("organization", &self.organization)
            .field("application", &self.application)
            .field("trigger", &self.trigger)
            .field("change", &self.change)
            .finish()
    }
}

impl fmt::Debug for EventChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created(resource) => {
                write!(f, "Created({} {})", resource.kind(), resource.local_id())
            }
            Self::Updated(resource) => {
                write!(f, "Updated({} {})", resource.kind(), resource.local_id())
            }
            Self::Deleted(kind, id) => write!(f, "Deleted({kind} {id})"),
            Self::Erased(id) => write!(f, "Erased({id})"),
            Self::Assigned(resource) => write!(f, "Assigned({})", resource.local_id()),
            Self::Unassigned(id) => write!(f, "Unassigned({id})"),
            Self::PasswordChanged(id) => write!(f, "PasswordChanged({id})"),
            Self::MembersChanged(id, changes) => {
                write!(
                    f,
                    "MembersChanged(group {id}, +{} -{})",
                    changes.added.len(),
                    changes.removed.len()
                )
            }
        }
    }
}
