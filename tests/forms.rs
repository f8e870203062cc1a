//! Admin forms: what a document can hold is described, and what is described can be read.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use outbound_provisioning::connector::{BuildContext, Connector, ConnectorFactory};
use outbound_provisioning::model::mapping::{
    AttributeKind, AttributeSpec, Base, Expression, Kind, Mapping, Rule, Source, TargetSchema,
};
use outbound_provisioning::model::{
    Configuration, Connection, ConnectorSettings, FieldKind, FormField, FormSection,
    OrganizationConfiguration, Problems, Properties, PropertyKind, PropertySpec, Provisioner,
    ResourceKind, ValuePath,
};
use outbound_provisioning::{ConnectorRegistry, Error, ErrorKind, Result};
use serde_json::{Map, Value, json};

/// Where a connector's settings stand in what is read here.
const CONNECTOR: &str = "organizations.acme.connections.hr.connectors.ledger";

/// The problems of a connector's settings, path and message.
fn problems_of(settings: &Value) -> Vec<(String, String)> {
    let document = json!({ "organizations": { "acme": {
        "connections": { "hr": { "connectors": { "ledger": settings } } }
    } } });
    let problems = Configuration::from_json(&document.to_string()).err().unwrap_or_default();
    problems.into_iter().map(|problem| (problem.path, problem.message)).collect()
}

/// Settings with one object under a section's key, or beside it.
fn inside(section: &FormSection, object: Value) -> Value {
    match &section.name {
        Some(name) => json!({ name: object }),
        None => object,
    }
}

fn names(fields: &[FormField]) -> BTreeSet<&str> {
    fields.iter().map(|field| field.name.as_str()).collect()
}

/// What a message lists behind its last `word`.
fn listed<'a>(message: &'a str, word: &str) -> BTreeSet<&'a str> {
    let (_, list) = message.rsplit_once(word).unwrap_or_else(|| panic!("no list: {message}"));
    list.split(", ").collect()
}

fn choices(field: &FormField) -> BTreeSet<&str> {
    match &field.kind {
        FieldKind::Property(PropertyKind::Choice(choices)) => {
            choices.iter().map(|choice| choice.value.as_str()).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// A value that a field takes.
fn good(field: &FormField) -> Value {
    match &field.kind {
        FieldKind::Property(PropertyKind::Boolean) => json!(true),
        // No shorter than a password may be, and no more than a share.
        FieldKind::Property(PropertyKind::Integer) => json!(64),
        FieldKind::Property(PropertyKind::Choice(choices)) => json!(choices[0].value),
        FieldKind::Property(_) | FieldKind::Value => json!("a text"),
        FieldKind::Texts => json!(["one", "another"]),
        FieldKind::Path => json!("title"),
        FieldKind::Filter | FieldKind::FilterOrFalse => json!("displayName sw \"app-\""),
        FieldKind::Expression => json!("ToLower([userName])"),
        FieldKind::Mark => json!(true),
        FieldKind::Rows(_) => json!([]),
        _ => panic!("a kind that nobody tries: {}", field.kind),
    }
}

#[test]
fn every_key_that_is_read_has_a_field_and_every_field_is_read() {
    for section in ConnectorSettings::form() {
        let Some(name) = &section.name else { continue };
        // A key that nobody could mean: the reader lists those that it knows.
        let problems = problems_of(&json!({ name: { "~~~~~~~~~~~~": true } }));
        let [(path, message)] = &problems[..] else { panic!("{problems:?}") };
        assert_eq!(*path, format!("{CONNECTOR}.{name}.~~~~~~~~~~~~"));
        assert_eq!(listed(message, "known here: "), names(&section.fields), "{name}");
    }
}

#[test]
fn the_same_holds_of_a_rule_and_of_a_provisioner() {
    let rule = json!({ "to": "title", "drop": true, "~~~~~~~~~~~~": true });
    let problems = problems_of(&json!({ "mapping": { "users": [rule] } }));
    let [(path, message)] = &problems[..] else { panic!("{problems:?}") };
    assert_eq!(*path, format!("{CONNECTOR}.mapping.users[0].~~~~~~~~~~~~"));
    assert_eq!(listed(message, "known here: "), names(&Rule::fields()));

    let document = json!({ "organizations": { "acme": {
        "connections": { "hr": { "connectors": { "ledger": {} } } },
        "provisioners": [{ "connection": "hr", "connector": "ledger", "~~~~~~~~~~~~": true }]
    } } });
    let problems = Configuration::from_json(&document.to_string()).unwrap_err().to_string();
    assert_eq!(listed(&problems, "known here: "), names(&Provisioner::fields()));
}

/// Beside its parts a connector has properties with any name, so nobody lists what is read there: what is saved does.
#[test]
fn what_stands_beside_the_parts_is_described_too() {
    let settings: Map<String, Value> = ConnectorSettings::form()
        .iter()
        .flat_map(|section| match &section.name {
            Some(name) => vec![(name.clone(), part(section))],
            None => section.fields.iter().map(|field| (field.name.clone(), other(field))).collect(),
        })
        .collect();
    let document = json!({ "organizations": { "acme": {
        "connections": { "hr": { "connectors": { "open": settings } } }
    } } });
    let configuration = Configuration::from_json(&document.to_string()).unwrap();
    let acme = configuration.organization(&"acme".into()).unwrap();
    let read = &acme.connections["hr"].connectors["open"];
    assert_eq!(read.properties.names().count(), 0, "a part was taken for a property");
    let registry = ConnectorRegistry::new().with(Open);
    let saved = registry.save(&configuration).unwrap();
    let saved = &saved["organizations"]["acme"]["connections"]["hr"]["connectors"]["open"];
    let saved: BTreeSet<&String> = saved.as_object().unwrap().keys().collect();
    assert_eq!(saved, settings.keys().collect::<BTreeSet<_>>(), "what is set is not saved");
}

/// Nor can a new setting be forgotten: what settings hold is told by how they print themselves.
#[test]
fn every_field_of_the_settings_is_in_the_form() {
    let settings = settings_of(&json!({}));
    let fields = |printed: String| -> BTreeSet<String> {
        let own = printed.lines().filter_map(|line| line.strip_prefix("    "));
        let named = own.filter(|line| line.starts_with(char::is_alphabetic));
        named.filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect()
    };
    let mut held = fields(format!("{settings:#?}"));
    assert!(held.remove("properties"), "the connector's own");
    assert!(held.remove("policy"), "it stands beside the parts");
    held.extend(fields(format!("{:#?}", settings.policy)).into_iter().map(|name| match &*name {
        "link" => "link_policy".to_owned(),
        _ => name,
    }));
    let mut described = BTreeSet::new();
    for section in ConnectorSettings::form() {
        match section.name {
            Some(name) => described.extend([name]),
            None => described.extend(section.fields.into_iter().map(|field| field.name)),
        }
    }
    assert_eq!(described, held);
}

/// A part that is nowhere as by default.
fn part(section: &FormSection) -> Value {
    section.fields.iter().map(|field| (field.name.clone(), other(field))).collect()
}

/// A good value that is not the default.
fn other(field: &FormField) -> Value {
    let default = field.default.as_deref().unwrap_or_default();
    let other = choices(field).into_iter().find(|choice| *choice != default);
    match other {
        Some(choice) => json!(choice),
        None if default == "true" => json!(false),
        None if field.name == "groups" && field.kind == FieldKind::Rows(Rule::fields()) => {
            json!([{ "to": "displayName", "constant": "Everybody" }])
        }
        None => good(field),
    }
}

/// A connector that takes any settings.
#[derive(Debug)]
struct Open;

impl ConnectorFactory for Open {
    fn name(&self) -> &str {
        "open"
    }

    fn properties(&self) -> &[PropertySpec] {
        &[]
    }

    fn build(&self, _: &BuildContext) -> Result<Arc<dyn Connector>> {
        Err(Error::new(ErrorKind::Unsupported, "this one is never built"))
    }
}

#[test]
fn a_field_takes_what_it_says_and_refuses_the_rest_with_its_path() {
    for section in ConnectorSettings::form() {
        for field in &section.fields {
            let name = &field.name;
            assert_eq!(problems_of(&inside(&section, json!({ name: good(field) }))), [], "{name}");
            // No field takes this: neither text nor number, flag, list or object with keys.
            let problems = problems_of(&inside(&section, json!({ name: Value::Null })));
            let [(path, message)] = &problems[..] else { panic!("{name}: {problems:?}") };
            let part = section.name.as_ref().map(|part| format!("{part}."));
            assert_eq!(*path, format!("{CONNECTOR}.{}{name}", part.unwrap_or_default()));
            // Each choice is known, and no other is.
            let choices = choices(field);
            if !choices.is_empty() && name != "pass" {
                assert_eq!(listed(message, "give one of "), choices, "{path}");
            }
            for choice in choices {
                let settings = inside(&section, json!({ name: choice }));
                assert_eq!(problems_of(&settings), [], "{path}: {choice}");
            }
        }
    }
}

#[test]
fn a_rules_fields_take_what_they_say() {
    let of = |rule: Value| problems_of(&json!({ "mapping": { "users": [rule] } }));
    for field in Rule::fields() {
        let rule = match field.name.as_str() {
            "to" => json!({ "to": "title", "drop": true }),
            "on" => json!({ "to": "title", "from": "nickName", "on": good(&field) }),
            "rename" => json!({ "to": "title", "rename": "nickName" }),
            name => json!({ "to": "title", name: good(&field) }),
        };
        assert_eq!(of(rule), [], "{}", field.name);
        for choice in choices(&field) {
            let rule = json!({ "to": "title", "constant": "x", &field.name: choice });
            assert_eq!(of(rule), [], "{choice}");
        }
        let mut wrong = json!({ "to": "title", "from": "nickName" });
        let source = ["from", "rename", "constant", "expression", "drop", "clear"];
        if source.contains(&field.name.as_str()) {
            wrong = json!({ "to": "title" });
        }
        // Any JSON value is a constant or a default, if its type is the attribute's.
        wrong[&field.name] = json!({ "not": ["this"] });
        let problems = of(wrong);
        let path = format!("{CONNECTOR}.mapping.users[0].{}", field.name);
        assert!(problems.iter().any(|(place, _)| *place == path), "{path}: {problems:?}");
    }
}

#[test]
fn a_default_is_what_is_read_where_nothing_stands() {
    let bare = settings_of(&json!({}));
    for section in ConnectorSettings::form() {
        for field in &section.fields {
            let Some(default) = &field.default else { continue };
            let value = match &field.kind {
                FieldKind::Property(PropertyKind::Boolean) => json!(default == "true"),
                FieldKind::Property(PropertyKind::Integer) => {
                    json!(default.parse::<u64>().unwrap())
                }
                _ => json!(default),
            };
            let set = settings_of(&inside(&section, json!({ &field.name: value })));
            assert_eq!(set, bare, "{:?} {}", section.name, field.name);
        }
    }
}

fn settings_of(settings: &Value) -> ConnectorSettings {
    let document = json!({ "organizations": { "acme": {
        "connections": { "hr": { "connectors": { "ledger": settings } } }
    } } });
    let configuration = Configuration::from_json(&document.to_string()).unwrap();
    let acme = configuration.organization(&"acme".into()).unwrap();
    acme.connections["hr"].connectors["ledger"].clone()
}

#[test]
fn everything_has_a_label_and_a_description_and_no_name_stands_twice() {
    let mut seen = BTreeSet::new();
    for section in ConnectorSettings::form() {
        assert!(!section.label.is_empty() && !section.description.is_empty());
        for field in section.fields.iter().chain(&Rule::fields()).chain(&Provisioner::fields()) {
            assert!(!field.label.is_empty() && !field.description.is_empty(), "{}", field.name);
            assert!(!field.kind.to_string().is_empty());
        }
        let top = section.name.clone().map_or_else(
            || section.fields.iter().map(|field| field.name.clone()).collect(),
            |name| vec![name],
        );
        assert!(top.into_iter().all(|name| seen.insert(name)));
    }
}

#[test]
fn every_function_of_an_expression_is_described() {
    let functions: Vec<_> = Expression::functions().collect();
    // The reader lists those that it knows to who calls one that it does not.
    let message = Expression::parse("Zzzzzzzzzzzzzzzzzz()").unwrap_err().to_string();
    let (_, list) = message.split_once("there are: ").unwrap();
    let (list, _) = list.split_once(';').unwrap();
    assert_eq!(
        list.split(", ").collect::<Vec<_>>(),
        functions.iter().map(|it| it.name).collect::<Vec<_>>()
    );
    for function in functions {
        assert!(function.usage.starts_with(&format!("{}(", function.name)), "{}", function.usage);
        assert!(function.usage.ends_with(')') && !function.description.is_empty());
    }
    assert!(Expression::functions().any(|it| it.name == "Len" && it.makes == Kind::Number));
}

// ---- what a target takes ----------------------------------------------------------------------------------------

/// A connector whose target knows a badge, and nothing of a locale.
#[derive(Debug)]
struct Ledger(Vec<PropertySpec>);

impl ConnectorFactory for Ledger {
    fn name(&self) -> &str {
        "ledger"
    }

    fn properties(&self) -> &[PropertySpec] {
        &self.0
    }

    fn schemas(&self) -> Vec<TargetSchema> {
        let text = |path: &str| AttributeSpec::new(path, AttributeKind::Text);
        let users = TargetSchema::new(ResourceKind::User)
            .with(text("userName").required())
            .with(text("title").required())
            .with(AttributeSpec::new("active", AttributeKind::Boolean))
            .with(text("urn:example:badge:colour"));
        vec![users, TargetSchema::new(ResourceKind::Group).with(text("displayName").required())]
    }

    fn build(&self, _: &BuildContext) -> Result<Arc<dyn Connector>> {
        Err(Error::new(ErrorKind::Unsupported, "this one is never built"))
    }
}

fn ledger() -> ConnectorRegistry {
    let later = PropertySpec::new("page_size", "Page size", PropertyKind::Integer).at(2);
    let first = PropertySpec::new("base_url", "Base URL", PropertyKind::Url).at(1);
    ConnectorRegistry::new().with(Ledger(vec![later, first]))
}

fn checked(mapping: Mapping) -> String {
    let settings = ConnectorSettings::from(Properties::new()).with_mapping(mapping);
    let hr = Connection::new("HR").with_connector("ledger", settings);
    let acme = OrganizationConfiguration::new().with_connection("hr", hr);
    let result = ledger().check(&Configuration::new().with_organization("acme", acme));
    result.err().map(|problems: Problems| problems.to_string()).unwrap_or_default()
}

fn rule(to: &str, source: Source) -> Rule {
    Rule::new(ValuePath::parse(to).unwrap(), source)
}

#[test]
fn a_mapping_is_checked_against_what_the_connectors_targets_take() {
    assert_eq!(checked(Mapping::new()), "", "what passes as it is is the connector's to leave out");
    let text = |text: &str| Source::Constant(text.into());
    let good = Mapping::new()
        .with_user_rule(rule("title", text("Countess")))
        .with_user_rule(rule("urn:example:badge:colour", text("red")))
        .with_group_rule(rule("displayName", text("Everybody")));
    assert_eq!(checked(good), "");
    let wrong = Mapping::new()
        .with_base(Base::Nothing)
        .with_user_rule(rule("locale", text("en")))
        .with_user_rule(rule(
            "active",
            Source::Expression(Expression::parse("Len([title])").unwrap()),
        ));
    let path = format!("{CONNECTOR}.mapping.users");
    assert_eq!(
        checked(wrong),
        format!(
            "{path}[1].expression: wrong type; the attribute holds true or false\n\
             {path}[0].to: the target has no such attribute; name one it has\n\
             {path}: the target requires `title` and no rule makes it; add one"
        )
    );
}

#[test]
fn a_connectors_own_settings_come_first_in_its_form() {
    let form = ledger().form(&"ledger".into()).unwrap();
    assert_eq!(form[0].name, None);
    let own: Vec<&str> = form[0].fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(own, ["base_url", "page_size"]);
    assert_eq!(form[1..], ConnectorSettings::form()[..]);
    assert_eq!(ledger().form(&"nobody".into()), None);
}

#[cfg(feature = "scim2")]
#[test]
fn scim2_takes_what_rfc_7643_has() {
    use outbound_provisioning::scim2::Scim2Factory;
    use outbound_provisioning::transport::{HttpError, HttpErrorKind, http_fn};

    let factory = Scim2Factory::new(http_fn(|_| Err(HttpError::new(HttpErrorKind::Connect))));
    let kinds = [ResourceKind::User, ResourceKind::Group];
    assert_eq!(factory.schemas(), kinds.map(TargetSchema::rfc7643));
    // Through a pointer, too.
    let pointer: Arc<dyn ConnectorFactory> = Arc::new(factory);
    assert_eq!(pointer.schemas().len(), 2);
}
