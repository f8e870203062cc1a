//! Reading a document: every problem at once, each with its path (`serde` alone would stop at the first).

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value};

use super::names::complaint;
use super::{
    ApplicationConfiguration, ApplicationMode, Configuration, Connection, ConnectorSettings,
    Deprovision, Deprovisioning, Guard, GuardAction, LinkPolicy, OrganizationConfiguration,
    PasswordPolicy, Passwords, Provisioner, RuleSettings, Scope, Wait, WhenGone,
};
use crate::model::filter::Filter;
use crate::model::link::Target;
use crate::model::mapping::Mapping;
use crate::model::problem::Problems;
use crate::model::properties::Properties;

/// What is made up has as many characters, or more.
const SHORTEST_PASSWORD: u32 = 12;
/// Or fewer.
const LONGEST_PASSWORD: u32 = 128;

/// A hundred years: longer is a slip of the hand.
const MOST_GRACE_DAYS: u32 = 36_500;

pub(super) fn document(text: &str) -> Result<Configuration, Problems> {
    let mut problems = Problems::new();
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            problems.note("the document", format!("not JSON at {place}; correct it there"));
            return Err(problems);
        }
    };
    self::value(&value)
}

/// The configuration of a document that is JSON.
pub(super) fn value(value: &Value) -> Result<Configuration, Problems> {
    let mut reader =
        Reader { path: String::new(), unreadable: BTreeSet::new(), problems: Problems::new() };
    let configuration = reader.configuration(value);
    reader.problems.or(configuration)
}

struct Reader {
    path: String,
    /// Paths at which an object was expected and something else stood.
    unreadable: BTreeSet<String>,
    problems: Problems,
}

impl Reader {
    fn configuration(&mut self, value: &Value) -> Configuration {
        let mut configuration = Configuration::new();
        self.object(value, &["organizations"], |reader, key, value| {
            if key == "organizations" {
                reader.each(value, |reader, id, value| {
                    let organization = reader.organization(value);
                    reader.check(&organization);
                    configuration.organizations.insert(id.into(), organization);
                });
            }
        });
        configuration
    }

    /// Nothing more is said of a provisioner that names nothing, or whose connection could not be read.
    fn check(&mut self, organization: &OrganizationConfiguration) {
        let connections = format!("{}.connections", self.path);
        let unreadable = &self.unreadable;
        let is_noted = |Target { connection, connector }: &Target| {
            let path = format!("{connections}.{connection}");
            connection.as_str().is_empty()
                || connector.as_str().is_empty()
                || unreadable.contains(&connections)
                || unreadable.contains(&path)
                || unreadable.contains(&format!("{path}.connectors"))
        };
        organization.check_provisioners(is_noted, &self.path, &mut self.problems);
    }

    fn organization(&mut self, value: &Value) -> OrganizationConfiguration {
        let mut organization = OrganizationConfiguration::new();
        self.object(
            value,
            &["connections", "provisioners", "applications"],
            |reader, key, value| match key {
                "connections" => reader.each(value, |reader, id, value| {
                    let connection = reader.connection(id, value);
                    organization.connections.insert(id.into(), connection);
                }),
                "provisioners" => organization.provisioners = reader.provisioners(value),
                _ => reader.each(value, |reader, id, value| {
                    let application = reader.application(value);
                    organization.applications.insert(id.into(), application);
                }),
            },
        );
        organization
    }

    fn connection(&mut self, id: &str, value: &Value) -> Connection {
        let mut connection = Connection::new(id);
        self.object(value, &["name", "enabled", "connectors"], |reader, key, value| match key {
            "name" => connection.name = reader.text(value),
            "enabled" => connection.enabled = reader.flag(value, true),
            _ => reader.each(value, |reader, name, value| {
                let settings = reader.settings(value);
                connection.connectors.insert(name.into(), settings);
            }),
        });
        connection
    }

    /// Which names a connector knows is the registry's to say; here only their values' types can be wrong.
    fn settings(&mut self, value: &Value) -> ConnectorSettings {
        let mut settings = ConnectorSettings::from(Properties::new());
        self.each(value, |reader, name, value| match (name, value) {
            ("enabled", value) => settings.enabled = reader.flag(value, true),
            ("link_policy", value) => {
                settings.policy.link =
                    reader.one_of(value, &LinkPolicy::ALL, LinkPolicy::default());
            }
            ("temporary_names", value) => {
                settings.policy.temporary_names = reader.flag(value, false);
            }
            ("gone", value) => {
                settings.policy.gone = reader.one_of(value, &WhenGone::ALL, WhenGone::default())
            }
            ("scope", value) => settings.scope = reader.scope(value),
            ("deprovisioning", value) => settings.deprovisioning = reader.deprovisioning(value),
            ("guard", value) => settings.guard = reader.guard(value),
            ("passwords", value) => settings.passwords = reader.passwords(value),
            ("mapping", value) => {
                let (path, problems) = (&reader.path, &mut reader.problems);
                settings.mapping = Mapping::from_json(value, path, problems);
            }
            ("rules", value) => {
                let (path, problems) = (&reader.path, &mut reader.problems);
                settings.rules = RuleSettings::read(value, path, problems);
            }
            (_, Value::String(text)) => settings.properties.set(name, text),
            (_, Value::Bool(_) | Value::Number(_)) => {
                settings.properties.set(name, value.to_string())
            }
            _ => reader.note("wrong type; give a text, a number, true or false"),
        });
        settings
    }

    fn scope(&mut self, value: &Value) -> Scope {
        let mut scope = Scope::new();
        self.object(
            value,
            &["users", "members_of", "nested", "groups"],
            |reader, key, value| match (key, value) {
                ("users", value) => scope.users = reader.filter(value),
                ("members_of", value) => scope.members_of = reader.texts(value),
                ("nested", value) => scope.nested = reader.flag(value, false),
                (_, Value::Bool(push)) => scope.push_groups = *push,
                (_, value) => scope.groups = reader.filter(value),
            },
        );
        scope
    }

    fn deprovisioning(&mut self, value: &Value) -> Deprovisioning {
        const KEYS: [&str; 7] = [
            "deleted",
            "disabled",
            "erased",
            "left_scope",
            "unassigned",
            "grace_days",
            "protected",
        ];
        let mut policy = Deprovisioning::default();
        self.object(value, &KEYS, |reader, key, value| match key {
            "deleted" => policy.deleted = reader.one_of(value, &Deprovision::ALL, policy.deleted),
            "disabled" => {
                policy.disabled = reader.one_of(value, &Deprovision::ALL, policy.disabled)
            }
            "erased" => policy.erased = reader.one_of(value, &Deprovision::ALL, policy.erased),
            "left_scope" => {
                policy.left_scope = reader.one_of(value, &Deprovision::ALL, policy.left_scope);
            }
            "unassigned" => {
                policy.unassigned = reader.one_of(value, &Deprovision::ALL, policy.unassigned);
            }
            "grace_days" => {
                let days = u64::from(reader.number(value, MOST_GRACE_DAYS));
                policy.grace = Duration::from_secs(days * 24 * 60 * 60);
            }
            _ => policy.protected = reader.filter(value),
        });
        policy
    }

    fn passwords(&mut self, value: &Value) -> Passwords {
        let mut passwords = Passwords::default();
        self.object(value, &["policy", "length", "symbols"], |reader, key, value| match key {
            "policy" => {
                let words = &PasswordPolicy::ALL;
                passwords.policy = reader.one_of(value, words, PasswordPolicy::Never);
            }
            "length" => match value.as_u64() {
                Some(length) if length < u64::from(SHORTEST_PASSWORD) => {
                    reader.note(format!("too short; give {SHORTEST_PASSWORD} or more"));
                }
                _ => passwords.length = reader.number(value, LONGEST_PASSWORD),
            },
            _ => passwords.symbols = reader.flag(value, true),
        });
        passwords
    }

    fn guard(&mut self, value: &Value) -> Guard {
        let mut guard = Guard::default();
        self.object(value, &["count", "share_percent", "then"], |reader, key, value| match key {
            "count" => guard.count = reader.number(value, u32::MAX),
            "share_percent" => guard.share_percent = reader.number(value, 100),
            _ => guard.then = reader.one_of(value, &GuardAction::ALL, GuardAction::Hold),
        });
        guard
    }

    fn filter(&mut self, value: &Value) -> Option<Filter> {
        let Some(text) = value.as_str() else {
            self.note("wrong type; give a filter such as userType eq \"Employee\"");
            return None;
        };
        Filter::parse(text).map_err(|error| self.note(error.to_string())).ok()
    }

    fn texts(&mut self, value: &Value) -> Vec<String> {
        let Some(list) = value.as_array() else {
            self.note("wrong type; give a list of texts");
            return Vec::new();
        };
        let places = list.iter().enumerate();
        places
            .map(|(place, value)| self.inside(&format!("[{place}]"), |reader| reader.text(value)))
            .collect()
    }

    fn number(&mut self, value: &Value, most: u32) -> u32 {
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.filter(|number| *number <= most).unwrap_or_else(|| {
            self.note(format!("not understood; give a whole number up to {most}"));
            0
        })
    }

    fn application(&mut self, value: &Value) -> ApplicationConfiguration {
        let mut application = ApplicationConfiguration::new();
        self.object(value, &["mode", "provisioners"], |reader, key, value| match key {
            "mode" => {
                application.mode = match value.as_str() {
                    Some("inherit") => ApplicationMode::Inherit,
                    Some("add") => ApplicationMode::Add,
                    Some("disabled") => ApplicationMode::Disabled,
                    _ => {
                        reader.note("unknown mode; give inherit, add or disabled");
                        ApplicationMode::default()
                    }
                }
            }
            _ => application.provisioners = reader.provisioners(value),
        });
        application
    }

    fn provisioners(&mut self, value: &Value) -> Vec<Provisioner> {
        let Some(list) = value.as_array() else {
            self.note("wrong type; give a list of provisioners");
            return Vec::new();
        };
        let mut provisioners = Vec::with_capacity(list.len());
        for (place, value) in list.iter().enumerate() {
            let read = self.inside(&format!("[{place}]"), |reader| reader.provisioner(value));
            provisioners.push(read);
        }
        provisioners
    }

    fn provisioner(&mut self, value: &Value) -> Provisioner {
        const KEYS: [&str; 6] =
            ["connection", "connector", "blocking", "deadline_ms", "rules", "jit"];
        let mut provisioner = Provisioner::new("", "");
        let (mut blocking, mut deadline) = (false, None);
        self.object(value, &KEYS, |reader, key, value| match key {
            "connection" => provisioner.target.connection = reader.text(value).into(),
            "connector" => provisioner.target.connector = reader.text(value).into(),
            // If it cannot be read, nothing more is said of the deadline.
            "blocking" => blocking = reader.flag(value, true),
            "deadline_ms" => match value.as_u64().filter(|millis| *millis > 0) {
                Some(millis) => deadline = Some(Duration::from_millis(millis)),
                None => {
                    reader.note("not understood; give a whole number of milliseconds above 0");
                }
            },
            "rules" => provisioner.rules = reader.flag(value, false),
            _ => provisioner.jit = reader.flag(value, false),
        });
        if blocking {
            provisioner.wait = Wait::Blocking(deadline);
        } else if deadline.is_some() {
            self.inside(".deadline_ms", |reader| {
                reader
                    .note("only a blocking provisioner waits; set blocking or remove the deadline");
            });
        }
        for key in ["connection", "connector"] {
            if value.is_object() && value.get(key).is_none() {
                self.inside(&format!(".{key}"), |reader| {
                    reader.note(format!("missing; name the {key}"));
                });
            }
        }
        provisioner
    }

    fn text(&mut self, value: &Value) -> String {
        if let Some(text) = value.as_str().filter(|text| !text.trim().is_empty()) {
            return text.to_owned();
        }
        self.note("wrong type; give a text");
        String::new()
    }

    fn flag(&mut self, value: &Value, otherwise: bool) -> bool {
        value.as_bool().unwrap_or_else(|| {
            self.note("wrong type; give true or false");
            otherwise
        })
    }

    /// One of several words.
    fn one_of<T: Copy>(&mut self, value: &Value, words: &[(&str, T)], otherwise: T) -> T {
        let known = words.iter().find(|(word, _)| value.as_str() == Some(word));
        known.map(|(_, meaning)| *meaning).unwrap_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.note(format!("not understood; give one of {}", words.join(", ")));
            otherwise
        })
    }

    /// The members of an object with fixed keys.
    fn object(
        &mut self,
        value: &Value,
        keys: &[&str],
        mut read: impl FnMut(&mut Self, &str, &Value),
    ) {
        self.each(value, |reader, key, value| {
            if keys.contains(&key) {
                read(reader, key, value);
            } else {
                let path = reader.path.clone();
                reader.problems.note_unknown_key(path, key, keys.iter().copied());
            }
        });
    }

    /// The members of an object with any keys.
    fn each(&mut self, value: &Value, mut read: impl FnMut(&mut Self, &str, &Value)) {
        let Some(object): Option<&Map<String, Value>> = value.as_object() else {
            self.unreadable.insert(self.path.clone());
            self.note("wrong type; give an object");
            return;
        };
        for (key, value) in object {
            let dot = if self.path.is_empty() { "" } else { "." };
            self.inside(&format!("{dot}{key}"), |reader| match complaint(key) {
                Some(complaint) => reader.note(complaint),
                None => read(reader, key, value),
            });
        }
    }

    fn inside<T>(&mut self, step: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(step);
        let result = read(self);
        self.path.truncate(length);
        result
    }

    fn note(&mut self, message: impl Into<String>) {
        let path = if self.path.is_empty() { "the document" } else { &self.path };
        self.problems.note(path, message);
    }
}
