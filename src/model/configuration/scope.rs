//! Who is provisioned at a target.

use serde_json::{Map, Value};

use crate::model::filter::Filter;
use crate::model::resource::Resource;

/// A group that a user is in, as a [`Scope`] sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
}

/// Who is provisioned at a target: the users and groups that the provisioners choose, and that these conditions let in.
/// By default everybody.
///
/// Who leaves the scope is deprovisioned by the [`left_scope`](super::Deprovisioning::left_scope) policy, who enters it is
/// provisioned with the full state: with their own next event, or the one that changes their groups. A change of the scope
/// itself touches nobody until [`reassert`](crate::Dispatcher::reassert) is called with the plan that a person has seen.
///
/// ```
/// use outbound_provisioning::model::Configuration;
///
/// let configuration = Configuration::from_json(r#"{ "organizations": { "acme": { "connections": { "hr": {
///     "connectors": { "scim2": { "scope": {
///         "users": "userType eq \"Employee\" and not (title sw \"Intern\")",
///         "members_of": ["Sales", "g-17"], "nested": true,
///         "groups": "displayName sw \"app-\""
///     } } }
/// } } } } }"#).unwrap();
/// let acme = configuration.organization(&"acme".into()).unwrap();
/// assert!(acme.connections["hr"].connectors["scim2"].scope.nested);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scope {
    /// Only users of whom this holds (RFC 7644 section 3.4.2.2).
    pub users: Option<Filter>,
    /// Only members of one of these groups, each by its id or its name. Empty: no such condition.
    pub members_of: Vec<String>,
    /// Members of groups within those count too.
    pub nested: bool,
    /// Whether groups are provisioned. Members of a group that is not are provisioned all the same.
    pub push_groups: bool,
    /// Only groups of which this holds.
    pub groups: Option<Filter>,
}

impl Default for Scope {
    fn default() -> Self {
        Self { users: None, members_of: Vec::new(), nested: false, push_groups: true, groups: None }
    }
}

impl Scope {
    /// Everybody.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same scope, only with users of whom this holds.
    #[must_use]
    pub fn of_users(mut self, filter: Filter) -> Self {
        self.users = Some(filter);
        self
    }

    /// The same scope, only with members of these groups, each by its id or its name.
    #[must_use]
    pub fn of_members<T: Into<String>>(mut self, groups: impl IntoIterator<Item = T>) -> Self {
        self.members_of.extend(groups.into_iter().map(Into::into));
        self
    }

    /// The same scope, where members of groups within the named ones count too.
    #[must_use]
    pub fn with_nested_groups(mut self) -> Self {
        self.nested = true;
        self
    }

    /// The same scope, only with groups of which this holds.
    #[must_use]
    pub fn of_groups(mut self, filter: Filter) -> Self {
        self.groups = Some(filter);
        self
    }

    /// The same scope, without groups.
    #[must_use]
    pub fn without_groups(mut self) -> Self {
        self.push_groups = false;
        self
    }

    /// Whether it depends on the groups that a user is in.
    pub(crate) fn asks_for_groups(&self) -> bool {
        !self.members_of.is_empty()
    }

    /// Whether a resource is in it: by its attributes as JSON, and the groups that it is in.
    pub(crate) fn admits(&self, resource: &Resource, memberships: &[Membership]) -> bool {
        let holds = |filter: &Option<Filter>| {
            filter.as_ref().is_none_or(|filter| filter.matches_resource(resource))
        };
        match resource {
            Resource::Group(_) => self.push_groups && holds(&self.groups),
            Resource::User(_) => {
                (self.members_of.is_empty() || memberships.iter().any(|group| self.names(group)))
                    && holds(&self.users)
            }
        }
    }

    /// Whether its members are to be members of this group.
    pub(crate) fn names(&self, group: &Membership) -> bool {
        self.members_of.iter().any(|name| *name == group.id || Some(name) == group.name.as_ref())
    }

    /// A number that is another one for another scope, and the same in every version of the library (FNV-1a).
    pub(crate) fn stamp(&self) -> u64 {
        if *self == Self::default() {
            return 0;
        }
        let text = Value::Object(self.document()).to_string();
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
    }

    /// As in a document.
    pub(super) fn document(&self) -> Map<String, Value> {
        let mut document = Map::new();
        let mut put = |name: &str, value: Value| document.insert(name.to_owned(), value);
        if let Some(users) = &self.users {
            put("users", users.to_string().into());
        }
        if !self.members_of.is_empty() {
            put("members_of", self.members_of.clone().into());
        }
        if self.nested {
            put("nested", true.into());
        }
        match &self.groups {
            _ if !self.push_groups => {
                put("groups", false.into());
            }
            Some(groups) => {
                put("groups", groups.to_string().into());
            }
            None => {}
        }
        document
    }
}
