//! Writing a document that [`Configuration::from_json`](super::Configuration::from_json) reads back.

use serde_json::{Map, Value, json};

use super::read;
use super::{
    ApplicationMode, Configuration, ConnectorSettings, LinkPolicy, OrganizationConfiguration,
    Provisioner, TargetPolicy, Wait, WhenGone,
};
use crate::model::ids::ConnectorName;
use crate::model::problem::Problems;
use crate::model::properties::PropertySpec;

/// The document of a configuration, which reads back as the same. Which settings are secret is told by `specs`; a secret that is not a reference,
/// and a setting that nobody describes, is a problem.
pub(crate) fn document<'a>(
    configuration: &Configuration,
    specs: impl Fn(&ConnectorName) -> Option<&'a [PropertySpec]>,
) -> Result<Value, Problems> {
    let mut problems = Problems::new();
    let mut organizations = Map::new();
    for (id, organization) in configuration.organizations() {
        let path = format!("organizations.{id}");
        organizations
            .insert(id.to_string(), organization_value(organization, &specs, &path, &mut problems));
    }
    let document = problems.or(json!({ "organizations": organizations }))?;
    // What would come back otherwise, or not at all, is not saved.
    if read::value(&document)? == *configuration {
        return Ok(document);
    }
    let mut problems = Problems::new();
    problems.note(
        "the configuration",
        "holds a value that a document cannot carry, such as a deadline below a millisecond; round it",
    );
    Err(problems)
}

fn organization_value<'a>(
    organization: &OrganizationConfiguration,
    specs: &impl Fn(&ConnectorName) -> Option<&'a [PropertySpec]>,
    path: &str,
    problems: &mut Problems,
) -> Value {
    let mut connections = Map::new();
    for (id, connection) in &organization.connections {
        let mut connectors = Map::new();
        for (name, settings) in &connection.connectors {
            let path = format!("{path}.connections.{id}.connectors.{name}");
            connectors
                .insert(name.to_string(), settings_value(settings, specs(name), &path, problems));
        }
        let connection = json!({ "name": connection.name, "enabled": connection.enabled, "connectors": connectors });
        connections.insert(id.to_string(), connection);
    }
    let applications: Map<String, Value> = organization
        .applications
        .iter()
        .map(|(id, application)| {
            let mode = match application.mode {
                ApplicationMode::Inherit => "inherit",
                ApplicationMode::Add => "add",
                ApplicationMode::Disabled => "disabled",
            };
            (id.to_string(), json!({ "mode": mode, "provisioners": provisioners_value(&application.provisioners) }))
        })
        .collect();
    json!({
        "connections": connections,
        "provisioners": provisioners_value(&organization.provisioners),
        "applications": applications,
    })
}

fn settings_value(
    settings: &ConnectorSettings,
    specs: Option<&[PropertySpec]>,
    path: &str,
    problems: &mut Problems,
) -> Value {
    let mut object = Map::from_iter([("enabled".to_owned(), Value::from(settings.enabled))]);
    policy_values(settings.policy, &mut object);
    let parts = [
        ("scope", settings.scope.document()),
        ("deprovisioning", settings.deprovisioning.document()),
        ("passwords", settings.passwords.document()),
        ("guard", settings.guard.document()),
    ];
    let parts = parts.map(|(name, part)| (name, Value::Object(part)));
    let parts = parts
        .into_iter()
        .chain([("mapping", settings.mapping.to_json()), ("rules", settings.rules.to_value())]);
    let parts = parts.filter(|(_, part)| part.as_object().is_some_and(|part| !part.is_empty()));
    object.extend(parts.map(|(name, part)| (name.to_owned(), part)));
    let Some(specs) = specs else {
        problems.note(path, "no such connector is registered, so nobody knows which settings are secret; register it");
        return Value::Object(object);
    };
    for name in settings.properties.names() {
        let value = settings.properties.text(name).unwrap_or_default();
        let spec = specs.iter().find(|spec| spec.name == name);
        match spec.and_then(|spec| spec.document_value(value)) {
            Some(value) => {
                object.insert(name.to_owned(), value);
            }
            None if spec.is_some() => problems.note(
                format!("{path}.{name}"),
                "a secret is not saved in clear; put a reference such as env:NAME or file:PATH in its place",
            ),
            None => problems.note(format!("{path}.{name}"), "unknown setting; it may be secret, so it is not saved"),
        }
    }
    Value::Object(object)
}

/// What is not as it is by default.
fn policy_values(policy: TargetPolicy, object: &mut Map<String, Value>) {
    let default = TargetPolicy::default();
    if policy.link != default.link {
        object.insert("link_policy".to_owned(), word(policy.link, &LinkPolicy::ALL));
    }
    if policy.temporary_names {
        object.insert("temporary_names".to_owned(), true.into());
    }
    if policy.gone != default.gone {
        object.insert("gone".to_owned(), word(policy.gone, &WhenGone::ALL));
    }
}

/// A meaning's word in a document.
pub(super) fn word<T: PartialEq>(meaning: T, words: &[(&'static str, T)]) -> Value {
    words.iter().find(|(_, known)| *known == meaning).map(|(word, _)| *word).into()
}

fn provisioners_value(provisioners: &[Provisioner]) -> Value {
    let values = provisioners.iter().map(|provisioner| {
        let mut value = json!({
            "connection": provisioner.target.connection,
            "connector": provisioner.target.connector,
            "blocking": provisioner.wait != Wait::NonBlocking,
            "rules": provisioner.rules,
            "jit": provisioner.jit,
        });
        if let (Wait::Blocking(Some(deadline)), Value::Object(object)) =
            (provisioner.wait, &mut value)
        {
            let millis = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
            object.insert("deadline_ms".to_owned(), millis.into());
        }
        value
    });
    Value::Array(values.collect())
}
