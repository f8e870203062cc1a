//! What WSO2's rules see.

use std::collections::BTreeMap;

use outbound_provisioning::model::{EnterpriseUser, Trigger};
use outbound_provisioning::rules::{Operation, RuleAttributes, RuleDataType, RuleRequest};

use crate::scene::Scene;

/// Id and type → values.
fn seen(attributes: &RuleAttributes, request: &RuleRequest<'_>) -> BTreeMap<String, Vec<String>> {
    let mut seen = BTreeMap::new();
    for category in attributes.of(request) {
        for attribute in category.attributes {
            let kind = attribute.data_type.uri().rsplit('#').next().unwrap_or_default();
            let twice = seen.insert(format!("{} {kind}", attribute.id), attribute.values);
            assert!(twice.is_none(), "{} stands twice", attribute.id);
        }
    }
    seen
}

fn expected(table: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    table.iter().map(|(id, values)| ((*id).to_owned(), owned(values))).collect()
}

/// Everything of one user, once.
#[test]
fn all_that_wso2_sees_is_there() {
    let scene = Scene::new();
    let request = scene.request().triggered_by(Trigger::SelfSignUp);
    let claims: [(&str, &[&str]); 18] = [
        ("userid", &["u-42"]),
        ("username", &["ada"]),
        ("givenname", &["Ada"]),
        ("lastname", &["Lovelace"]),
        ("title", &["Countess"]),
        ("active", &["true"]),
        ("emailaddress", &["ada@example.com"]),
        ("emails.work", &["ada@example.com"]),
        ("emails.home", &["ada@example.org"]),
        ("mobile", &["+44 1"]),
        ("telephone", &["+44 2"]),
        ("phoneNumbers.work", &["+44 2"]),
        ("country", &["UK"]),
        ("role", &["Internal/finance", "ops"]),
        ("roles", &["Internal/finance", "ops"]),
        ("organization", &["Analytical Engines"]),
        ("department", &["finance"]),
        ("groups", &["finance", "staff"]),
    ];
    let mut table = expected(&[
        ("http://wso2.org/identity/user/user-tenant-domain string", &["acme"]),
        ("http://wso2.org/identity/user/username string", &["ada"]),
        ("http://wso2.org/identity/sp/sp-name string", &["hr-portal"]),
        ("http://wso2.org/identity/auth/sp-tenant-domain string", &["acme"]),
        ("http://wso2.org/identity/idp/idp-name string", &["GoogleIDP"]),
        ("http://wso2.org/identity/idp/connector-type string", &["scim2"]),
        ("http://wso2.org/identity/identity-action/action-name string", &["provisioning"]),
        ("http://wso2.org/identity/provisioning/claim-group string", &["finance", "staff"]),
        ("http://wso2.org/identity/provisioning/provision-operation string", &["POST"]),
        ("urn:outbound-provisioning:operation string", &["create"]),
        ("urn:outbound-provisioning:trigger string", &["self_sign_up"]),
        ("urn:outbound-provisioning:resource-type string", &["user"]),
        ("urn:outbound-provisioning:resource-id string", &["u-42"]),
        ("urn:oasis:names:tc:xacml:1.0:environment:environment-id string", &["acme"]),
        ("urn:oasis:names:tc:xacml:1.0:environment:current-date date", &["2026-11-04"]),
        ("urn:oasis:names:tc:xacml:1.0:environment:current-date string", &["2026/11/04"]),
        ("urn:oasis:names:tc:xacml:1.0:environment:current-time time", &["10:30:00"]),
        ("urn:oasis:names:tc:xacml:1.0:environment:current-time string", &["10:30:00"]),
        (
            "urn:oasis:names:tc:xacml:1.0:environment:current-dateTime dateTime",
            &["2026-11-04T10:30:00Z"],
        ),
        (
            "urn:oasis:names:tc:xacml:1.0:environment:current-dateTime string",
            &["2026/11/04 10:30:00"],
        ),
    ]);
    for (name, values) in claims {
        let owned = values.iter().map(|value| (*value).to_owned()).collect();
        table.insert(format!("http://wso2.org/claims/{name} string"), owned);
    }
    assert_eq!(seen(&RuleAttributes::new(), &request), table);
}

/// The groups are told of a create alone; what will be done is told by WSO2's word and by ours.
#[test]
fn the_planned_operation_is_told() {
    for (operation, verb, word) in [
        (Operation::Create, "POST", "create"),
        (Operation::Update, "PUT", "update"),
        (Operation::ChangeMembers, "PATCH", "change_members"),
        (Operation::Disable, "PUT", "disable"),
        (Operation::Delete, "DELETE", "delete"),
    ] {
        let scene = Scene { operation, ..Scene::new() };
        let seen = seen(&RuleAttributes::new(), &scene.request());
        let of_wso2 = "http://wso2.org/identity/provisioning";
        assert_eq!(seen[&format!("{of_wso2}/provision-operation string")], [verb]);
        assert_eq!(seen["urn:outbound-provisioning:operation string"], [word]);
        let has_groups = seen.contains_key(&format!("{of_wso2}/claim-group string"));
        assert_eq!(has_groups, operation == Operation::Create);
    }
}

#[test]
fn a_group_has_a_name_and_no_claims() {
    let scene = Scene::of_group();
    let seen = seen(&RuleAttributes::new(), &scene.request());
    assert_eq!(seen["http://wso2.org/identity/user/username string"], ["Staff", "all"]);
    assert!(!seen.keys().any(|id| id.starts_with("http://wso2.org/claims/")));
    assert!(!seen.contains_key("http://wso2.org/identity/provisioning/claim-group string"));
}

/// A value with commas is several, and what is blank is nothing; or else not.
#[test]
fn commas_take_a_value_apart() {
    let mut user = crate::scene::ada();
    user.title = Some(" , ,".to_owned());
    let mut enterprise = EnterpriseUser::default();
    enterprise.department = Some("finance, it,,".to_owned());
    user.enterprise = Some(enterprise);
    let scene = Scene {
        resource: user.into(),
        groups: vec!["a,b".to_owned(), " ".to_owned()],
        ..Scene::new()
    };
    let department = "http://wso2.org/claims/department string";
    let title = "http://wso2.org/claims/title string";
    let apart = seen(&RuleAttributes::new(), &scene.request());
    assert_eq!(apart[department], ["finance", "it"]);
    assert_eq!(apart["http://wso2.org/identity/provisioning/claim-group string"], ["a", "b"]);
    assert!(!apart.contains_key(title));
    let whole = seen(&RuleAttributes::new().keeping_commas(), &scene.request());
    assert_eq!(whole[department], ["finance, it,,"]);
    assert_eq!(whole["http://wso2.org/identity/provisioning/claim-group string"], ["a,b"]);
}

#[test]
fn a_host_may_say_more_and_less() {
    let scene = Scene { application: None, ..Scene::new() };
    let usual = seen(&RuleAttributes::new(), &scene.request());
    let application = "http://wso2.org/identity/sp/sp-name string";
    assert_eq!(usual[application], ["wso2carbon-local-sp"]);
    let attributes = RuleAttributes::new()
        .with_claim("urn:x:colour", "urn:example:badge:colour")
        .with_claim("urn:x:odd", "URN:EXAMPLE:BADGE:Odd")
        .with_claim("urn:x:given", "name.givenName")
        .with_claim("urn:x:mails", "emails")
        .with_claim("urn:x:types", "emails.type")
        .with_claim("urn:x:absent", "urn:example:other:colour")
        .with_claim("http://wso2.org/claims/department", "title")
        .without_claim("http://wso2.org/claims/title")
        .with_resident_application("")
        .at_offset("-11:00".parse().unwrap());
    let seen = seen(&attributes, &scene.request());
    for (id, values) in [
        ("urn:x:colour string", vec!["green"]),
        ("urn:x:odd string", vec!["a", "b"]),
        ("urn:x:given string", vec!["Ada"]),
        ("urn:x:mails string", vec!["ada@example.com", "ada@example.org"]),
        ("urn:x:types string", vec!["work", "home"]),
        ("http://wso2.org/claims/department string", vec!["Countess"]),
        ("urn:oasis:names:tc:xacml:1.0:environment:current-date date", vec!["2026-11-03"]),
        ("urn:oasis:names:tc:xacml:1.0:environment:current-time time", vec!["23:30:00"]),
        (
            "urn:oasis:names:tc:xacml:1.0:environment:current-dateTime dateTime",
            vec!["2026-11-03T23:30:00-11:00"],
        ),
    ] {
        assert_eq!(seen.get(id).cloned().unwrap_or_default(), values, "{id}");
    }
    for id in ["urn:x:absent string", "http://wso2.org/claims/title string", application] {
        assert!(!seen.contains_key(id), "{id}");
    }
}

/// No value of a person in what is printed.
#[test]
fn attributes_print_no_value() {
    let categories = RuleAttributes::new().of(&Scene::new().request());
    assert!(
        categories
            .iter()
            .flat_map(|category| &category.attributes)
            .any(|attribute| { attribute.data_type == RuleDataType::Date })
    );
    let printed = format!("{categories:?}");
    assert!(!printed.contains("Ada") && !printed.contains("finance"), "{printed}");
}
