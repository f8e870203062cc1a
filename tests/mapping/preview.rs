//! A preview: every value that the target would see, and the rule that made it.

use outbound_provisioning::mapping::{MappingContext, Origin};
use outbound_provisioning::model::mapping::Mapping;
use outbound_provisioning::model::{Group, Member, Resource, USER_STORE};
use serde_json::{Value, json};

use super::{ada, ids, mapping, users};

/// Path, value and origin of each line.
fn preview(mapping: &Mapping, confirmed: Option<&Resource>) -> Vec<(String, Value, Origin)> {
    let (acme, hr) = ids();
    let mut context = MappingContext::new(&acme, &hr);
    if let Some(state) = confirmed {
        context = context.confirmed(state);
    }
    let preview = mapping.preview(&ada().into(), &context).unwrap();
    // What is shown is what is sent.
    assert_eq!(preview.resource, mapping.apply(&ada().into(), &context).unwrap());
    let line = |attribute: &outbound_provisioning::mapping::PreviewedAttribute| {
        let value = attribute.value().cloned().unwrap_or_default();
        (attribute.path.to_string(), value, attribute.origin)
    };
    preview.attributes.iter().map(line).collect()
}

fn line(lines: &[(String, Value, Origin)], path: &str) -> Option<(Value, Origin)> {
    let found = lines.iter().find(|(known, ..)| known == path);
    found.map(|(_, value, origin)| (value.clone(), *origin))
}

#[test]
fn each_value_names_the_rule_that_made_it() {
    let rules = users(json!([
        { "to": "displayName", "expression": "Join(\" \", [name.givenName], [title])" },
        { "to": "timezone", "default": "Etc/UTC" },
        { "to": "nickName", "rename": "title" },
        { "to": "locale", "clear": true },
        { "to": "userType", "drop": true }
    ]));
    let lines = preview(&rules, None);
    let made = |index, source| Origin::Rule { index, source };
    assert_eq!(line(&lines, "displayName"), Some((json!("Zoë Editor"), made(0, "expression"))));
    assert_eq!(line(&lines, "timezone"), Some((json!("Etc/UTC"), Origin::Default { index: 1 })));
    assert_eq!(line(&lines, "nickName"), Some((json!("Editor"), made(2, "rename"))));
    assert_eq!(line(&lines, "locale"), Some((Value::Null, Origin::Cleared { index: 3 })));
    let left = Origin::CarriedOver { index: Some(4) };
    assert_eq!(line(&lines, "userType"), Some((Value::Null, left)));
    assert_eq!(line(&lines, "userName"), Some((json!("ada"), Origin::PassedThrough)));
    assert_eq!(line(&lines, "title"), None, "it has another name there");
}

#[test]
fn of_several_values_the_one_that_a_rule_made_is_not_said_to_be_the_hosts() {
    let rule =
        json!({ "to": "emails[type eq \"work\"].value", "expression": "ToLower([userName])" });
    let lines = preview(&users(json!([rule])), None);
    let made = Origin::Rule { index: 0, source: "expression" };
    assert_eq!(line(&lines, "emails[type eq \"work\"].value"), Some((json!("ada"), made)));
    let home = json!([{ "type": "home", "value": "ada@home.example" }]);
    assert_eq!(line(&lines, "emails"), Some((home, Origin::PassedThrough)));
    let both = json!([rule, { "to": "emails[type eq \"home\"]", "clear": true }]);
    let lines = preview(&users(both), None);
    assert_eq!(line(&lines, "emails"), None, "nothing of it is left to the host");
}

#[test]
fn where_nothing_passes_what_was_confirmed_is_shown_as_carried_over() {
    let mut confirmed = ada();
    confirmed.title = Some("Countess".to_owned());
    let rules = mapping(&json!({ "pass": "nothing", "users": [] }));
    let lines = preview(&rules, Some(&confirmed.into()));
    let carried = Origin::CarriedOver { index: None };
    assert_eq!(line(&lines, "title"), Some((json!("Countess"), carried)));
    assert_eq!(line(&lines, "active"), Some((json!(true), Origin::PassedThrough)));
}

#[test]
fn a_default_does_not_overwrite_what_was_confirmed() {
    let rules = users(json!([{ "to": "timezone", "default": "Etc/UTC" }]));
    let mut confirmed = ada();
    confirmed.timezone = Some("Europe/London".to_owned());
    let lines = preview(&rules, Some(&confirmed.into()));
    assert_eq!(line(&lines, "timezone").map(|(value, _)| value), Some(json!("Europe/London")));
}

#[test]
fn a_groups_name_is_mapped_like_any_other_attribute() {
    let names = r#"Switch([displayName], Append("app-", [displayName]), "Staff", "Everybody")"#;
    let rules = mapping(&json!({ "groups": [{ "to": "displayName", "expression": names }] }));
    let (acme, hr) = ids();
    for (name, wanted) in [("Staff", "Everybody"), ("Sales", "app-Sales")] {
        let group = Group::new("g-1", name).with_member(Member::user("u-1"));
        let preview = rules.preview(&group.into(), &MappingContext::new(&acme, &hr)).unwrap();
        let shown = preview.attribute("displayName").and_then(|it| it.value().cloned());
        assert_eq!(shown, Some(json!(wanted)));
        let Resource::Group(seen) = preview.resource else { panic!("it is a group") };
        assert_eq!((seen.display_name.as_str(), seen.members.len()), (wanted, 1));
    }
}

#[test]
fn the_domain_of_a_user_store_is_for_expressions_and_never_sent() {
    let rules = users(json!([{ "to": "nickName", "expression": "UserStore()" }]));
    let lines = preview(&rules, None);
    assert_eq!(line(&lines, "nickName").map(|(value, _)| value), Some(json!("LONDON")));
    assert!(lines.iter().all(|(path, ..)| !path.starts_with(USER_STORE)), "{lines:?}");
    // Where there are no rules, too.
    let lines = preview(&Mapping::new(), None);
    assert!(lines.iter().all(|(path, ..)| !path.starts_with(USER_STORE)), "{lines:?}");
    assert!(lines.iter().any(|(path, ..)| path.starts_with("urn:example:badge")));
}

#[test]
fn a_rule_is_named_though_its_path_is_written_with_the_core_schema() {
    let core = "urn:ietf:params:scim:schemas:core:2.0:User";
    let rules = users(json!([{ "to": format!("{core}:title"), "constant": "Sir" }]));
    let lines = preview(&rules, None);
    let made = Origin::Rule { index: 0, source: "constant" };
    assert_eq!(line(&lines, &format!("{core}:title")), Some((json!("Sir"), made)));
    assert_eq!(line(&lines, "title"), None, "it would be told twice, and once as the host's");
}
