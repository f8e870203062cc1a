//! What one target would see of a user: which rule made each value, what dispatching would do, and why a second user is
//! left out. Nothing is sent.
use outbound_provisioning::mapping::{MappingContext, Origin};
use outbound_provisioning::mock::MockConnector;
use outbound_provisioning::model::{Configuration, Event, Name, Resource, Target, User};
use outbound_provisioning::{BoxError, ConnectorRegistry, Dispatcher};

const CONFIGURATION: &str = r#"{ "organizations": { "acme": {
    "connections": { "hr": { "name": "HR system", "connectors": { "mock": {
        "scope": { "users": "userType eq \"Employee\" and not (title sw \"Intern\")" },
        "rules": { "not_applicable": "skip", "on_exit": "deactivate" },
        "mapping": { "users": [
            { "to": "userName", "expression": "ToLower(Pattern(\"{UN,TD}\", \"@\"))" },
            { "to": "displayName", "expression": "Join(\" \", [name.givenName], [name.familyName])" },
            { "to": "nickName", "rename": "title" },
            { "to": "emails[type eq \"work\"].value",
              "expression": "Append(ToLower(NormalizeDiacritics([name.familyName])), \"@acme.example.com\")" },
            { "to": "preferredLanguage", "expression": "Coalesce([preferredLanguage], [locale], \"en\")" },
            { "to": "userType", "expression": "Switch([userType], \"other\", \"Employee\", \"internal\")" },
            { "to": "timezone", "default": "Etc/UTC" },
            { "to": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter",
              "expression": "IIF(StartsWith(ToLower([userName]), \"ops-\"), \"4711\", \"0815\")" },
            { "to": "locale", "drop": true },
            { "to": "profileUrl", "clear": true }
        ] } } } } },
    "provisioners": [{ "connection": "hr", "connector": "mock" }]
} } }"#;

fn main() -> Result<(), BoxError> {
    tokio::runtime::Builder::new_current_thread().build()?.block_on(preview())
}

async fn preview() -> Result<(), BoxError> {
    let configuration = Configuration::from_json(CONFIGURATION)?;
    let acme = configuration.organization(&"acme".into()).ok_or("acme is not there")?;
    let settings = acme.settings(&Target::new("hr", "mock")).ok_or("hr is not there")?;
    let rules = &settings.mapping.users;
    let word = |index: usize| rules.get(index).map_or("", |rule| rule.source().word());

    let mut zoe = User::new("u-1", "OPS-Zoe").with_email("zoe@home.example.com");
    zoe.name = Some(Name::new("Zoë", "Müller"));
    zoe.title = Some("Engineer".to_owned());
    zoe.user_type = Some("Employee".to_owned());
    zoe.locale = Some("de-CH".to_owned());
    zoe.profile_url = Some("https://intranet.example.com/zoe".to_owned());
    let mut tim = zoe.clone();
    (tim.external_id, tim.user_name) = ("u-2".into(), "tim".to_owned());
    tim.title = Some("Intern".to_owned());

    println!("What the HR system sees of Zoë\n");
    let ids = ("acme".into(), "hr".into());
    let context = MappingContext::new(&ids.0, &ids.1);
    let resource = Resource::from(zoe.clone());
    for attribute in settings.mapping.preview(&resource, &context)?.attributes {
        let value = attribute.value().map(ToString::to_string).unwrap_or_default();
        let why = match attribute.origin {
            Origin::PassedThrough => "as the host has it".to_owned(),
            Origin::Rule { index, source } => format!("rule {index}: {source}"),
            Origin::Default { index } => format!("rule {index}: its default"),
            Origin::Cleared { index } => format!("rule {index}: {}", word(index)),
            Origin::CarriedOver { .. } if attribute.value().is_none() => {
                "left to the target".to_owned()
            }
            Origin::CarriedOver { .. } => "stays as it is".to_owned(),
            _ => String::new(),
        };
        println!("  {:<34}{value:<46}{why}", short(&attribute.path.to_string()));
    }

    let registry = ConnectorRegistry::new().with_instance("mock", MockConnector::new());
    let dispatcher = Dispatcher::builder(configuration.clone(), registry).build()?;
    println!("\nWhat dispatching would do\n");
    for (name, user) in [("Zoë", zoe), ("Tim", tim)] {
        let title = user.title.clone().unwrap_or_default();
        let event = Event::user_created(user).in_organization("acme");
        for planned in dispatcher.plan(&event).await?.targets {
            println!("  {name}, {title}, at {}: {}", planned.connection, planned.action);
        }
    }
    let scope = settings.scope.users.as_ref().map(ToString::to_string).unwrap_or_default();
    println!("\nThe scope: {scope}");
    Ok(())
}

/// The path without the URN of its schema.
fn short(path: &str) -> &str {
    path.rsplit(':').next().unwrap_or(path)
}
