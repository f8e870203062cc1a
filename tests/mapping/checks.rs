//! What is wrong with a mapping, found when it is read.

use outbound_provisioning::mapping::Functions;
use outbound_provisioning::model::mapping::{
    AttributeKind, AttributeSpec, Base, Mapping, TargetSchema,
};
use outbound_provisioning::model::{ENTERPRISE_USER, Problems, ResourceKind};
use serde_json::{Value, json};

use super::{mapping, problems, users};

fn of_rule(rule: &Value) -> String {
    problems(&json!({ "users": [rule] }))
}

#[test]
fn a_document_tells_every_problem_at_once() {
    let document = json!({
        "pas": "all",
        "users": [
            { "to": "dispalyName", "drop": true },
            { "to": "title", "expresion": "[title]" },
            { "to": "locale", "expression": "Lower([title])" },
            { "from": "title" },
            7,
            { "to": "title", "constant": "x", "drop": true },
            { "to": 3, "from": "titl" },
            { "to": "nickName", "drop": "yes" },
            { "to": "nickName", "from": "title", "on": "update" },
            { "to": "emails[type is \"x\"]", "drop": true },
            { "to": "userType", "expression": 4 }
        ],
        "groups": {}
    });
    let lines = problems(&document);
    let wanted = [
        "mapping.groups: wrong type; give a list of rules",
        "mapping.pas: unknown key; did you mean `pass`?",
        "mapping.users[1].expresion: unknown key; did you mean `expression`?",
        "mapping.users[1]: says nothing; give from, rename, constant, expression, drop, clear or default",
        "mapping.users[2].expression: column 1: unknown function; did you mean `ToLower`?",
        "mapping.users[3].to: missing; name the attribute of the target",
        "mapping.users[4]: wrong type; give an object with `to` and what it holds",
        "mapping.users[5].drop: both constant and drop; a rule has one of them",
        "mapping.users[6].to: wrong type; give an attribute path as a text",
        "mapping.users[7].drop: give true, or remove it",
        "mapping.users[8].on: not understood; give always or create",
        "mapping.users[10].expression: wrong type; give an expression as a text",
        "mapping.users[0].to: no such attribute; did you mean `displayName`?",
    ];
    for line in wanted {
        assert!(lines.lines().any(|known| known == line), "{line}\n\nin\n{lines}");
    }
    assert!(lines.contains("mapping.users[9].to: column 13"), "{lines}");
    assert_eq!(lines.lines().count(), wanted.len() + 1, "{lines}");
    assert_eq!(problems(&json!([])), "mapping: wrong type; give an object");
}

#[test]
fn each_static_check() {
    let manager = format!("{ENTERPRISE_USER}:manager");
    let table = [
        (json!({ "to": "titl", "constant": "x" }), ".to: no such attribute; did you mean `title`?"),
        (json!({ "to": "name.firstName", "constant": "x" }), ".to: no such attribute"),
        (json!({ "to": "title[type eq \"x\"]", "constant": "x" }), ".to: no such attribute"),
        (json!({ "to": "members", "drop": true }), ".to: no such attribute"),
        (
            json!({ "to": "title", "from": "titl" }),
            ".from: no such attribute; did you mean `title`?",
        ),
        (json!({ "to": "titl", "default": "x" }), ".to: no such attribute; did you mean `title`?"),
        (
            json!({ "to": "title", "expression": "[titl]" }),
            ".expression: column 2: no attribute path: no such attribute",
        ),
        (
            json!({ "to": format!("{ENTERPRISE_USER}:departmnt"), "drop": true }),
            ".to: no such attribute",
        ),
        (json!({ "to": "externalId", "from": "userName" }), ".to: the host's id"),
        (json!({ "to": "id", "from": "userName" }), ".to: the target sets it"),
        (json!({ "to": "password", "constant": "x" }), ".to: passwords"),
        (
            json!({ "to": "urn:outbound-provisioning:user-store:domain", "constant": "x" }),
            ".to: the user store",
        ),
        (json!({ "to": "userName", "drop": true }), ".drop: no account"),
        (json!({ "to": "active", "clear": true }), ".clear: no account"),
        (json!({ "to": "active", "drop": true }), ".drop: no account"),
        (json!({ "to": "active", "from": "active", "on": "create" }), ".on: whether an account"),
        (json!({ "to": "active", "constant": false, "on": "create" }), ".on: whether an account"),
        (json!({ "to": "active", "default": true }), ".default: whether an account"),
        (
            json!({ "to": "active", "from": "urn:example:badge:valid", "default": false }),
            ".default: whether an account",
        ),
        (json!({ "to": "title", "rename": "userName" }), ".rename: no account"),
        (json!({ "to": "title", "rename": "active" }), ".rename: no account"),
        (json!({ "to": "emails.value", "constant": "x" }), ".to: which of several"),
        (json!({ "to": "emails.type", "drop": true }), ".to: which of several"),
        (
            json!({ "to": "title", "constant": {} }),
            ".constant: wrong type; the attribute holds a text",
        ),
        (json!({ "to": "title", "constant": ["x"] }), ".constant: wrong type"),
        (json!({ "to": "title", "default": { "a": 1 } }), ".default: wrong type"),
        (
            json!({ "to": "active", "constant": "true" }),
            ".constant: wrong type; the attribute holds true or false",
        ),
        (json!({ "to": "active", "expression": "ToLower([title])" }), ".expression: wrong type"),
        (json!({ "to": "active", "from": "title" }), ".from: wrong type"),
        (
            json!({ "to": "name", "from": "emails" }),
            ".from: wrong type; the attribute holds a value with its parts",
        ),
        (json!({ "to": "name", "constant": "Ada" }), ".constant: wrong type"),
        (json!({ "to": "title", "from": "name" }), ".from: wrong type"),
        (json!({ "to": "addresses", "from": "emails" }), ".from: wrong type"),
        (
            json!({ "to": "addresses", "expression": "Split([title], \",\")" }),
            ".expression: wrong type",
        ),
        (json!({ "to": "emails", "expression": "Len([title])" }), ".expression: wrong type"),
        (json!({ "to": "emails[type eq \"x\"]", "constant": ["x"] }), ".constant: wrong type"),
        (json!({ "to": "title", "expression": "[name]" }), ".expression: wrong type"),
        (
            json!({ "to": manager, "expression": "ToLower([userName])" }),
            ".expression: wrong type; the attribute holds a reference",
        ),
        (
            json!({ "to": manager, "from": "title" }),
            ".from: wrong type; the attribute holds a reference",
        ),
        (
            json!({ "to": format!("{manager}.value"), "expression": format!("ToLower([{manager}.value])") }),
            ".expression: wrong type",
        ),
        (
            json!({ "to": "title", "constant": "x", "default": "y" }),
            ".default: never used beside constant",
        ),
    ];
    for (rule, wanted) in table {
        // With the core schema's URN in front an attribute is the same.
        let urns = [
            "",
            "urn:ietf:params:scim:schemas:core:2.0:User:",
            "URN:IETF:params:scim:schemas:CORE:2.0:user:",
        ];
        for rule in urns.map(|urn| written_with(urn, &rule)) {
            let noted = of_rule(&rule);
            assert!(noted.starts_with(&format!("mapping.users[0]{wanted}")), "{rule}: {noted}");
            assert_eq!(noted.lines().count(), 1, "{rule}: {noted}");
        }
    }
    let group = |rule: Value| problems(&json!({ "groups": [rule] }));
    assert!(
        group(json!({ "to": "userName", "constant": "x" }))
            .contains("groups[0].to: no such attribute")
    );
    assert!(
        group(json!({ "to": "members", "drop": true })).contains("members travel by themselves")
    );
    assert!(
        group(json!({ "to": "displayName", "expression": "[userName]" }))
            .contains("groups[0].expression")
    );
    assert!(group(json!({ "to": "displayName", "clear": true })).contains("no account can be"));
    let core = "urn:ietf:params:scim:schemas:core:2.0:Group";
    assert!(
        group(json!({ "to": format!("{core}:displayName"), "drop": true }))
            .contains("no account can be")
    );
    assert!(
        group(json!({ "to": format!("{core}:members"), "drop": true }))
            .contains("members travel by themselves")
    );
}

/// The rule with this in front of each path of the core schema.
fn written_with(urn: &str, rule: &Value) -> Value {
    let mut rule = rule.clone();
    for key in ["to", "from", "rename"] {
        if let Some(path) = rule[key].as_str().filter(|path| !path.starts_with("urn:")) {
            rule[key] = format!("{urn}{path}").into();
        } else if rule[key].is_null() {
            rule.as_object_mut().unwrap().remove(key);
        }
    }
    rule
}

#[test]
fn rules_that_are_built_in_code_are_checked_like_those_of_a_document() {
    use outbound_provisioning::model::mapping::{Rule, Source};
    use outbound_provisioning::model::{
        Connection, ConnectorSettings, OrganizationConfiguration, Properties, ValuePath,
    };
    let path = |text: &str| ValuePath::parse(text).unwrap();
    let mapping = Mapping::new()
        .with_user_rule(Rule::new(path("active"), Source::Drop))
        .with_user_rule(Rule::new(path("title"), Source::Constant("x".into())).with_default("y"))
        .with_user_rule(Rule::new(path("title"), Source::Copy(path("nickName"))))
        .with_group_rule(Rule::new(path("members"), Source::Clear));
    let settings = ConnectorSettings::from(Properties::new()).with_mapping(mapping);
    let hr = Connection::new("HR").with_connector("scim2", settings);
    let mut noted = Problems::new();
    OrganizationConfiguration::new().with_connection("hr", hr).check("acme", &mut noted);
    let at = "acme.connections.hr.connectors.scim2.mapping";
    let lines = [
        format!("{at}.users[0].drop: no account can be without it; give it a value"),
        format!("{at}.users[1].default: never used beside constant; remove one of them"),
        format!(
            "{at}.users[2].to: two rules for one attribute: {at}.users[1] has it already; remove one"
        ),
        format!("{at}.groups[0].to: members travel by themselves; they are not mapped"),
    ];
    assert_eq!(noted.to_string(), lines.join("\n"));
}

#[test]
fn what_reading_a_document_notes_is_noted_once() {
    use outbound_provisioning::model::Configuration;
    let document = json!({ "organizations": { "acme": { "connections": { "hr": { "connectors": {
        "scim2": { "mapping": { "users": [{ "to": "active", "drop": true }] } }
    } } } } } });
    let problems = Configuration::from_json(&document.to_string()).unwrap_err();
    assert_eq!(problems.to_string().lines().count(), 1, "{problems}");
}

#[test]
fn two_rules_for_one_attribute() {
    let clash = |one: &str, other: &str| {
        !problems(&json!({ "users": [{ "to": one, "drop": true }, { "to": other, "drop": true }] }))
            .is_empty()
    };
    for (one, other) in [
        ("title", "title"),
        ("title", "TITLE"),
        ("title", "urn:ietf:params:scim:schemas:core:2.0:User:title"),
        ("name", "name.givenName"),
        ("emails", "emails[type eq \"work\"].value"),
        ("emails[type eq \"work\"]", "emails[type eq \"Work\"].value"),
        ("urn:example:a:b", "URN:example:a:B"),
    ] {
        assert!(clash(one, other) && clash(other, one), "{one} and {other}");
    }
    for (one, other) in [
        ("title", "nickName"),
        ("name.givenName", "name.familyName"),
        ("emails[type eq \"work\"].value", "emails[type eq \"work\"].display"),
        ("emails[type eq \"work\"].value", "emails[type eq \"home\"].value"),
        ("urn:example:a:b", "urn:example:b:b"),
        ("title", "urn:example:a:title"),
    ] {
        assert!(!clash(one, other), "{one} and {other}");
    }
    let noted = problems(&json!({ "users": [
        { "to": "title", "constant": "x" }, 7, { "to": "title", "constant": "y" },
        { "to": "nickName", "rename": "title" }
    ] }));
    let lines: Vec<&str> = noted.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "mapping.users[2].to: two rules for one attribute: mapping.users[0] has it already; remove one",
            "mapping.users[3].rename: two rules for one attribute: mapping.users[0] makes what is renamed; use from",
        ]
    );
}

#[test]
fn what_a_target_takes() {
    let noted = |mapping: &Mapping, target: &TargetSchema| {
        let mut problems = Problems::new();
        mapping.check(target, "m", &mut problems);
        problems.to_string()
    };
    let open = TargetSchema::rfc7643(ResourceKind::User);
    let badge = users(json!([{ "to": "urn:example:badge:colour", "from": "title" }]));
    assert_eq!(noted(&badge, &open), "");
    assert_eq!(
        noted(&badge, &open.clone().closed()),
        "m.users[0].to: the target has no such attribute; name one it has"
    );
    // A described extension is closed.
    let described =
        open.clone().with(AttributeSpec::new("urn:example:badge:size", AttributeKind::Number));
    assert!(noted(&badge, &described).contains("no such attribute"));
    let size = users(json!([{ "to": "urn:example:badge:size", "from": "title" }]));
    assert!(noted(&size, &described).contains("m.users[0].from: wrong type"));
    let size = users(json!([{ "to": "urn:example:badge:size", "expression": "Len([title])" }]));
    assert_eq!(noted(&size, &described), "");
    // A target of its own.
    let few = TargetSchema::new(ResourceKind::User)
        .with(AttributeSpec::new("userName", AttributeKind::Text).required())
        .with(AttributeSpec::new("emails", AttributeKind::Complex).multi_valued().required())
        .with(AttributeSpec::new("title", AttributeKind::Text));
    let rules = |rules: Value| mapping(&json!({ "pass": "nothing", "users": rules }));
    assert!(
        noted(&rules(json!([])), &few)
            .contains("the target requires `emails` and no rule makes it")
    );
    assert_eq!(noted(&rules(json!([{ "to": "emails", "from": "emails" }])), &few), "");
    assert_eq!(
        noted(
            &rules(json!([{ "to": "emails[type eq \"work\"].value", "from": "userName" }])),
            &few
        ),
        "m.users: the target requires `emails` and no rule makes it; add one"
    );
    assert!(
        noted(&users(json!([{ "to": "emails", "drop": true }])), &few)
            .contains("requires `emails`")
    );
    assert!(
        noted(&users(json!([{ "to": "locale", "constant": "x" }])), &few)
            .contains("no such attribute")
    );
    assert_eq!(noted(&users(json!([{ "to": "locale", "drop": true }])), &few), "");
    // Groups are not asked of users' targets.
    assert_eq!(
        noted(&mapping(&json!({ "groups": [{ "to": "displayName", "constant": "x" }] })), &few),
        ""
    );
}

#[test]
fn functions_that_nobody_registered_are_found() {
    let rules = users(json!([
        { "to": "title", "expression": "@Badge([userName])" },
        { "to": "nickName", "expression": "ToLower(@Bage([userName]))" }
    ]));
    let functions = Functions::new().with("badge", |_| Ok(Value::Null));
    let mut noted = Problems::new();
    rules.check_functions(&functions, "mapping", &mut noted);
    assert_eq!(
        noted.to_string(),
        "mapping.users[1].expression: no such registered function; did you mean `badge`?"
    );
}

#[test]
fn what_is_read_is_written_and_read_again() {
    let document = json!({
        "pass": "nothing",
        "users": [
            { "to": "displayName", "expression": "Join(\" \", [name.givenName], [name.familyName])" },
            { "to": "userType", "constant": "Employee" },
            { "to": "title", "default": "Member" },
            { "to": "nickName", "drop": true },
            { "to": "profileUrl", "clear": true },
            { "to": "urn:example:hr:department", "rename": "preferredLanguage" },
            { "to": "locale", "from": "timezone", "on": "create", "default": "en" },
            { "to": "timezone", "from": "timezone" },
            { "to": "emails[type eq \"work\" and primary eq true].value", "from": "userName" }
        ],
        "groups": [{ "to": "displayName", "expression": "ToUpper([displayName])" }]
    });
    let read = mapping(&document);
    assert_eq!(read.to_json(), document);
    assert_eq!(read.base, Base::Nothing);
    assert_eq!(Mapping::new().to_json(), json!({}));
    assert!(mapping(&json!({})).is_identity());
}
