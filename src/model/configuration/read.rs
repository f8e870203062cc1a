//! Reading a document: every problem at once, each with its path (`serde` alone would stop at the first).

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value};

use super::names::complaint;
use super::{
    ApplicationConfiguration, ApplicationMode, Configuration, Connection, ConnectorSettings,
    LinkPolicy, OrganizationConfiguration, Provisioner, Wait, WhenGone,
};
use crate::model::link::Target;
use crate::model::problem::Problems;
use crate::model::properties::Properties;

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
        organization.check_except(is_noted, &self.path, &mut self.problems);
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
                settings.policy.link = reader.one_of(value, &LinkPolicy::ALL);
            }
            ("temporary_names", value) => {
                settings.policy.temporary_names = reader.flag(value, false);
            }
            ("gone", value) => settings.policy.gone = reader.one_of(value, &WhenGone::ALL),
            (_, Value::String(text)) => settings.properties.set(name, text),
            (_, Value::Bool(_) | Value::Number(_)) => {
                settings.properties.set(name, value.to_string())
            }
            _ => reader.note("wrong type; give a text, a number, true or false"),
        });
        settings
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
    fn one_of<T: Copy + Default>(&mut self, value: &Value, words: &[(&str, T)]) -> T {
        let known = words.iter().find(|(word, _)| value.as_str() == Some(word));
        known.map(|(_, meaning)| *meaning).unwrap_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.note(format!("not understood; give one of {}", words.join(", ")));
            T::default()
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
