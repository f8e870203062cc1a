//! What administrators set up: connections, provisioners at two levels, and how applications treat them.
//!
//! ```
//! use outbound_provisioning::model::Configuration;
//!
//! let configuration = Configuration::from_json(r#"{
//!     "organizations": { "acme": {
//!         "connections": { "hr": { "name": "HR system", "connectors": {
//!             "scim2": { "base_url": "https://hr.example.com/scim/v2", "authentication": "bearer", "token": "env:HR_TOKEN" }
//!         } } },
//!         "provisioners": [ { "connection": "hr", "connector": "scim2", "blocking": true } ],
//!         "applications": { "payroll": { "mode": "disabled" } }
//!     } }
//! }"#).unwrap();
//! assert_eq!(configuration.organizations().count(), 1);
//!
//! let wrong = Configuration::from_json(r#"{ "organisations": {} }"#).unwrap_err();
//! assert_eq!(wrong.to_string(), "organisations: unknown key; did you mean `organizations`?");
//! ```

mod deprovisioning;
mod form;
mod guard;
mod names;
mod passwords;
mod policy;
mod read;
mod rules;
mod scope;
mod write;

use std::collections::BTreeMap;
use std::time::Duration;

use super::ids::{ApplicationId, ConnectionId, ConnectorName, OrganizationId};
use super::link::Target;
use super::mapping::Mapping;
use super::problem::Problems;
use super::properties::Properties;

pub use deprovisioning::{Cause, Deprovision, Deprovisioning, Withdrawal};
pub use guard::{Guard, GuardAction};
pub use passwords::{PasswordPolicy, Passwords};
pub use policy::{LinkPolicy, TargetPolicy, WhenGone};
pub use rules::{OnRuleExit, RuleSettings, WhenIndeterminate, WhenNotApplicable, WhenObliged};
pub(crate) use scope::Membership;
pub use scope::Scope;
pub(crate) use write::document;

/// The configuration of all organizations, as one document. Serves as a
/// [`ConfigurationSource`](crate::host::ConfigurationSource) of its own.
///
/// It has no `Serialize`: see [`ConnectorRegistry::save`](crate::connector::ConnectorRegistry::save), which writes
/// secrets as references or refuses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configuration {
    organizations: BTreeMap<OrganizationId, OrganizationConfiguration>,
}

impl Configuration {
    /// No organization.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a JSON document and reports everything that is wrong with it at once.
    ///
    /// # Errors
    /// [`Problems`]: not JSON, unknown keys (each with the nearest known one), wrong types, a provisioner that names
    /// a connection or connector that is not there, two provisioners of one level for one target.
    pub fn from_json(text: &str) -> Result<Self, Problems> {
        read::document(text)
    }

    /// The same configuration with this organization in place of any of that name.
    #[must_use]
    pub fn with_organization(
        mut self,
        id: impl Into<OrganizationId>,
        organization: OrganizationConfiguration,
    ) -> Self {
        self.organizations.insert(id.into(), organization);
        self
    }

    /// One organization.
    pub fn organization(&self, id: &OrganizationId) -> Option<&OrganizationConfiguration> {
        self.organizations.get(id)
    }

    /// All organizations, by name.
    pub fn organizations(
        &self,
    ) -> impl Iterator<Item = (&OrganizationId, &OrganizationConfiguration)> {
        self.organizations.iter()
    }
}

/// What one organization has set up.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct OrganizationConfiguration {
    /// The external systems.
    pub connections: BTreeMap<ConnectionId, Connection>,
    /// The default for every application.
    pub provisioners: Vec<Provisioner>,
    /// Applications that differ from the default.
    pub applications: BTreeMap<ApplicationId, ApplicationConfiguration>,
}

impl OrganizationConfiguration {
    /// Nothing set up.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more connection.
    #[must_use]
    pub fn with_connection(mut self, id: impl Into<ConnectionId>, connection: Connection) -> Self {
        self.connections.insert(id.into(), connection);
        self
    }

    /// The same with one more provisioner at organization level.
    #[must_use]
    pub fn with_provisioner(mut self, provisioner: Provisioner) -> Self {
        self.provisioners.push(provisioner);
        self
    }

    /// The same with an application known.
    #[must_use]
    pub fn with_application(
        mut self,
        id: impl Into<ApplicationId>,
        application: ApplicationConfiguration,
    ) -> Self {
        self.applications.insert(id.into(), application);
        self
    }

    /// What is set up for a target.
    pub fn settings(&self, target: &Target) -> Option<&ConnectorSettings> {
        self.connections.get(&target.connection)?.connectors.get(&target.connector)
    }

    /// The targets whose scope depends on the groups that users are in.
    pub(crate) fn scopes_by_group(&self) -> Vec<(Target, &Scope)> {
        let connections = self.connections.iter().flat_map(|(id, connection)| {
            connection.connectors.iter().map(move |(name, settings)| (id, name, &settings.scope))
        });
        let by_group = connections.filter(|(_, _, scope)| scope.asks_for_groups());
        by_group.map(|(id, name, scope)| (Target::new(id.clone(), name.clone()), scope)).collect()
    }

    /// All provisioners of both levels, the organization's first.
    pub fn all_provisioners(&self) -> impl Iterator<Item = &Provisioner> {
        self.provisioners
            .iter()
            .chain(self.applications.values().flat_map(|application| &application.provisioners))
    }

    /// What can be told to be wrong without knowing the connectors: provisioners that lead nowhere or stand twice, and
    /// [rules of a mapping](Mapping::check_rules) that no target can be sent.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        self.check_provisioners(|_| false, path, problems);
        for (id, connection) in &self.connections {
            for (name, settings) in &connection.connectors {
                let path = format!("{path}.connections.{id}.connectors.{name}.mapping");
                settings.mapping.check_rules(&path, problems);
            }
        }
    }

    /// The provisioners, without those of which something is noted already. Rules of a mapping are checked as they are
    /// read.
    fn check_provisioners(
        &self,
        is_noted: impl Fn(&Target) -> bool,
        path: &str,
        problems: &mut Problems,
    ) {
        let path_of = |id| format!("{path}.applications.{id}.provisioners");
        let applications = self.applications.iter();
        let levels = [(format!("{path}.provisioners"), &self.provisioners)]
            .into_iter()
            .chain(applications.map(|(id, application)| (path_of(id), &application.provisioners)));
        for (path, provisioners) in levels {
            for (place, provisioner) in provisioners.iter().enumerate() {
                if !is_noted(&provisioner.target) {
                    let earlier = provisioners.iter().take(place);
                    self.check_one(provisioner, earlier, format!("{path}[{place}]"), problems);
                }
            }
        }
    }

    fn check_one<'a>(
        &self,
        provisioner: &Provisioner,
        mut earlier: impl Iterator<Item = &'a Provisioner>,
        path: String,
        problems: &mut Problems,
    ) {
        let target = &provisioner.target;
        match self.connections.get(&target.connection) {
            None => problems.note_unknown_name(
                format!("{path}.connection"),
                "connection",
                target.connection.as_str(),
                self.connections.keys().map(ConnectionId::as_str),
            ),
            Some(connection) if !connection.connectors.contains_key(&target.connector) => problems
                .note_unknown_name(
                    format!("{path}.connector"),
                    "connector of this connection",
                    target.connector.as_str(),
                    connection.connectors.keys().map(ConnectorName::as_str),
                ),
            Some(_) => {}
        }
        if earlier.any(|earlier| earlier.target == *target) {
            problems.note(
                path,
                "the same connection and connector stand at this level already; remove one",
            );
        }
    }
}

/// An external system and the ways to reach it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Connection {
    /// What administrators call it.
    pub name: String,
    /// Whether anything is sent to it.
    pub enabled: bool,
    /// Its connectors and their settings.
    pub connectors: BTreeMap<ConnectorName, ConnectorSettings>,
}

impl Connection {
    /// An enabled connection without a connector.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), enabled: true, connectors: BTreeMap::new() }
    }

    /// The same connection with one more connector.
    #[must_use]
    pub fn with_connector(
        mut self,
        name: impl Into<ConnectorName>,
        settings: impl Into<ConnectorSettings>,
    ) -> Self {
        self.connectors.insert(name.into(), settings.into());
        self
    }

    /// The same connection, switched off.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }
}

/// A connector of a connection: whether it is on, what it may do, and its settings.
///
/// ```
/// use outbound_provisioning::model::{Configuration, LinkPolicy};
///
/// let configuration = Configuration::from_json(r#"{ "organizations": { "acme": { "connections": { "hr": {
///     "connectors": { "scim2": { "link_policy": "if_unmanaged", "gone": "park", "temporary_names": true } }
/// } } } } }"#).unwrap();
/// let acme = configuration.organization(&"acme".into()).unwrap();
/// let settings = &acme.connections["hr"].connectors["scim2"];
/// assert_eq!(settings.policy.link, LinkPolicy::IfUnmanaged);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ConnectorSettings {
    /// Whether anything is sent through it.
    pub enabled: bool,
    /// What is done where the target's state and ours do not go together: `link_policy`, `temporary_names` and `gone`
    /// in a document.
    pub policy: TargetPolicy,
    /// What becomes of the accounts of those who are to lose them: `deprovisioning` in a document.
    pub deprovisioning: Deprovisioning,
    /// Who is provisioned: `scope` in a document.
    pub scope: Scope,
    /// What the target sees of them: `mapping` in a document.
    pub mapping: Mapping,
    /// What follows when a rule engine has decided: `rules` in a document.
    pub rules: RuleSettings,
    /// Which passwords the target is given: `passwords` in a document.
    pub passwords: Passwords,
    /// How many accounts may be switched off or deleted at once: `guard` in a document.
    pub guard: Guard,
    /// The connector's own settings; in a document they stand beside the others, and none can have one of their names.
    pub properties: Properties,
}

impl ConnectorSettings {
    /// The same connector, switched off.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }

    /// The same connector, which takes these accounts for ours.
    #[must_use]
    pub fn with_link_policy(mut self, link: LinkPolicy) -> Self {
        self.policy.link = link;
        self
    }

    /// The same connector, which may give names for a moment.
    #[must_use]
    pub fn with_temporary_names(mut self) -> Self {
        self.policy.temporary_names = true;
        self
    }

    /// The same connector, which does this with the accounts of those who are to lose them.
    #[must_use]
    pub fn with_deprovisioning(mut self, deprovisioning: Deprovisioning) -> Self {
        self.deprovisioning = deprovisioning;
        self
    }

    /// The same connector, for these users and groups only.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// The same connector, whose target sees this of users and groups.
    #[must_use]
    pub fn with_mapping(mut self, mapping: Mapping) -> Self {
        self.mapping = mapping;
        self
    }

    /// The same connector, where this follows from what a rule engine decides.
    #[must_use]
    pub fn with_rules(mut self, rules: RuleSettings) -> Self {
        self.rules = rules;
        self
    }

    /// The same connector, whose target is given these passwords.
    #[must_use]
    pub fn with_passwords(mut self, passwords: Passwords) -> Self {
        self.passwords = passwords;
        self
    }

    /// The same connector, guarded like this.
    #[must_use]
    pub fn with_guard(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }

    /// The same connector, which does this when the target has lost a resource.
    #[must_use]
    pub fn when_gone(mut self, gone: WhenGone) -> Self {
        self.policy.gone = gone;
        self
    }
}

impl From<Properties> for ConnectorSettings {
    /// Switched on.
    fn from(properties: Properties) -> Self {
        Self {
            enabled: true,
            policy: TargetPolicy::default(),
            deprovisioning: Deprovisioning::default(),
            scope: Scope::default(),
            mapping: Mapping::default(),
            rules: RuleSettings::default(),
            passwords: Passwords::default(),
            guard: Guard::default(),
            properties,
        }
    }
}

/// "Send to this connection through this connector, with these options."
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Provisioner {
    /// Where to.
    pub target: Target,
    /// Whether the caller of dispatch waits for the target's answer.
    pub wait: Wait,
    /// Whether a rule engine may veto.
    pub rules: bool,
    /// Whether users created just in time at a federated login are provisioned too.
    pub jit: bool,
}

/// Whether the caller of dispatch waits for the target's answer: the *blocking* option. It is a provisioning option,
/// not a synchronous API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wait {
    /// For the store's commit only.
    #[default]
    NonBlocking,
    /// For the target's answer, this long at most; without a bound, as long as the connector itself takes. A bound
    /// needs a [`Runtime`](crate::host::Runtime).
    Blocking(Option<Duration>),
}

impl Provisioner {
    /// A provisioner with every option at its default: not blocking, no rules, no users created just in time.
    ///
    /// ```
    /// use outbound_provisioning::model::Provisioner;
    ///
    /// let provisioner = Provisioner::new("hr", "scim2").blocking().with_jit_outbound();
    /// assert!(provisioner.jit);
    /// ```
    pub fn new(connection: impl Into<ConnectionId>, connector: impl Into<ConnectorName>) -> Self {
        Self {
            target: Target::new(connection, connector),
            wait: Wait::default(),
            rules: false,
            jit: false,
        }
    }

    /// The same provisioner, whose caller waits for the target's answer.
    #[must_use]
    pub fn blocking(mut self) -> Self {
        self.wait = Wait::Blocking(None);
        self
    }

    /// The same provisioner, whose caller waits for the target's answer this long at most.
    #[must_use]
    pub fn blocking_within(mut self, deadline: Duration) -> Self {
        self.wait = Wait::Blocking(Some(deadline));
        self
    }

    /// The same provisioner, also for users created just in time.
    #[must_use]
    pub fn with_jit_outbound(mut self) -> Self {
        self.jit = true;
        self
    }

    /// The same provisioner, subject to the rule engine.
    #[must_use]
    pub fn with_rules(mut self) -> Self {
        self.rules = true;
        self
    }
}

/// How one application differs from its organization's default.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ApplicationConfiguration {
    /// How its provisioners and the organization's go together.
    pub mode: ApplicationMode,
    /// Its own provisioners.
    pub provisioners: Vec<Provisioner>,
}

impl ApplicationConfiguration {
    /// An application that inherits.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same application in this mode.
    #[must_use]
    pub fn with_mode(mut self, mode: ApplicationMode) -> Self {
        self.mode = mode;
        self
    }

    /// The same application with one more provisioner.
    #[must_use]
    pub fn with_provisioner(mut self, provisioner: Provisioner) -> Self {
        self.provisioners.push(provisioner);
        self
    }
}

/// How an application's provisioners and its organization's go together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApplicationMode {
    /// Its own, if it has any; else the organization's.
    #[default]
    Inherit,
    /// Its own and the organization's.
    Add,
    /// None.
    Disabled,
}
