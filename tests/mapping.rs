//! Attribute mapping: what one target should see of a user or a group.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

#[path = "mapping/budget.rs"]
mod budget;
#[path = "mapping/checks.rs"]
mod checks;
#[path = "mapping/expressions.rs"]
mod expressions;
#[path = "mapping/preview.rs"]
mod preview;
#[path = "mapping/projection.rs"]
mod projection;

#[path = "support/arbitrary.rs"]
mod arbitrary;

use outbound_provisioning::mapping::{Functions, MappingContext, MappingError};
use outbound_provisioning::model::mapping::Mapping;
use outbound_provisioning::model::{
    ConnectionId, EnterpriseUser, Group, Manager, MultiValue, Name, OrganizationId, Problems,
    Resource, USER_STORE, User,
};
use serde_json::{Value, json};

/// A person with a bit of everything.
fn ada() -> User {
    let mut ada = User::new("u-42", "ada").with_email("Ada@Example.com");
    ada.emails.push(MultiValue::new("home", "ada@home.example"));
    ada.name = Some(Name::new("Zoë", "Müller-Łuczak"));
    ada.title = Some("Editor".to_owned());
    ada.user_type = Some("Contractor".to_owned());
    ada.preferred_language = Some("en-GB".to_owned());
    ada.roles = vec![MultiValue::new("a", "reader"), MultiValue::new("b", "writer")];
    let mut enterprise = EnterpriseUser::default();
    enterprise.department = Some("Research".to_owned());
    enterprise.employee_number = Some("0042".to_owned());
    enterprise.manager = Some(Manager::new("u-7"));
    ada.enterprise = Some(enterprise);
    ada.with_extension("urn:example:badge", [("colour", json!("green")), ("levels", json!([1, 2]))])
        .with_extension(USER_STORE, [("domain", json!("LONDON"))])
}

/// The mapping of a document without problems.
fn mapping(document: &Value) -> Mapping {
    let mut problems = Problems::new();
    let mapping = Mapping::from_json(document, "mapping", &mut problems);
    assert!(problems.is_empty(), "{problems}");
    mapping
}

/// What is wrong with a document.
fn problems(document: &Value) -> String {
    let mut problems = Problems::new();
    Mapping::from_json(document, "mapping", &mut problems);
    problems.to_string()
}

fn users(rules: Value) -> Mapping {
    mapping(&json!({ "users": rules }))
}

fn ids() -> (OrganizationId, ConnectionId) {
    ("acme".into(), "hr".into())
}

fn apply(
    mapping: &Mapping,
    source: &Resource,
    confirmed: Option<&Resource>,
) -> Result<Value, MappingError> {
    let (acme, hr) = ids();
    let mut context = MappingContext::new(&acme, &hr);
    if let Some(confirmed) = confirmed {
        context = context.confirmed(confirmed);
    }
    mapping.apply(source, &context).map(|resource| serde_json::to_value(resource).unwrap())
}

/// What a new account gets.
fn created(mapping: &Mapping, user: User) -> Value {
    apply(mapping, &user.into(), None).unwrap()
}

/// What an account gets of which this was confirmed.
fn updated(mapping: &Mapping, user: User, confirmed: User) -> Value {
    apply(mapping, &user.into(), Some(&confirmed.into())).unwrap()
}

/// What an expression makes of a user, as `nickName` would hold it.
fn evaluated(expression: &str, user: User) -> Result<Value, MappingError> {
    let mapping = users(json!([{ "to": "urn:example:result:it", "expression": expression }]));
    let (acme, hr) = ids();
    let functions = Functions::new().with("Twice", |arguments| {
        let text = arguments.first().and_then(|text| text.text()).ok_or("Twice(text)")?;
        Ok(text.repeat(2).into())
    });
    let context = MappingContext::new(&acme, &hr).functions(&functions);
    let made = mapping.apply(&user.into(), &context)?;
    let made = serde_json::to_value(made).unwrap();
    Ok(made["urn:example:result"]["it"].clone())
}

fn staff() -> Group {
    Group::new("g-1", "Staff")
}
