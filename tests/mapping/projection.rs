//! What rules make of a whole user or group.

use std::sync::Arc;

use outbound_provisioning::mapping::{Functions, MappingContext, MappingErrorKind, Origin};
use outbound_provisioning::model::mapping::{Base, Mapping, Rule, Source};
use outbound_provisioning::model::{
    Difference, ENTERPRISE_USER, Manager, Member, MultiValue, Resource, USER_STORE, User, ValuePath,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ada, apply, arbitrary, created, ids, mapping, staff, updated, users};

/// As a target sees the user without any rule.
fn passed() -> Value {
    created(&Mapping::new(), ada())
}

/// The same with other attributes; null takes one away.
fn passed_with(changes: Value) -> Value {
    let mut all = passed();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(all.as_object_mut().unwrap().remove(name)),
            value => all[name] = value.clone(),
        }
    }
    all
}

#[test]
fn without_rules_everything_passes_but_the_user_store() {
    let mut told = serde_json::to_value(ada()).unwrap();
    told.as_object_mut().unwrap().remove(USER_STORE).unwrap();
    assert_eq!(passed(), told);
    let plain: Arc<Resource> = Arc::new(User::new("u-1", "ada").into());
    let (acme, hr) = ids();
    let context = MappingContext::new(&acme, &hr);
    assert!(Mapping::new().is_identity());
    let same = Mapping::new().apply_shared(&plain, &context).unwrap();
    assert!(Arc::ptr_eq(&plain, &same), "it is not even copied");
    let ada: Arc<Resource> = Arc::new(ada().into());
    let other = Mapping::new().apply_shared(&ada, &context).unwrap();
    assert_eq!(serde_json::to_value(other.as_ref()).unwrap(), told);
    // Rules for groups say nothing of users.
    let groups = mapping(&json!({ "groups": [{ "to": "displayName", "constant": "x" }] }));
    assert!(Arc::ptr_eq(&plain, &groups.apply_shared(&plain, &context).unwrap()));
}

#[test]
fn each_source_makes_what_it_says() {
    let table = [
        (json!({ "to": "nickName", "from": "title" }), json!({ "nickName": "Editor" })),
        (json!({ "to": "title", "from": "nickName" }), json!({ "title": null })),
        (
            json!({ "to": "nickName", "rename": "title" }),
            json!({ "nickName": "Editor", "title": null }),
        ),
        (json!({ "to": "title", "constant": "Sir" }), json!({ "title": "Sir" })),
        (json!({ "to": "title", "constant": 7 }), json!({ "title": "7" })),
        (json!({ "to": "active", "constant": false }), json!({ "active": false })),
        (json!({ "to": "nickName", "default": "Nick" }), json!({ "nickName": "Nick" })),
        (json!({ "to": "title", "default": "Nick" }), json!({})),
        (json!({ "to": "locale", "from": "timezone", "default": "en" }), json!({ "locale": "en" })),
        (
            json!({ "to": "locale", "expression": "ToLower([timezone])", "default": "en" }),
            json!({ "locale": "en" }),
        ),
        (json!({ "to": "title", "drop": true }), json!({ "title": null })),
        (json!({ "to": "title", "clear": true }), json!({ "title": null })),
        (
            json!({ "to": "locale", "from": "preferredLanguage", "on": "create" }),
            json!({ "locale": "en-GB" }),
        ),
        (
            json!({ "to": "USERTYPE", "expression": "toupper([TITLE])" }),
            json!({ "userType": "EDITOR" }),
        ),
        (
            json!({ "to": "urn:ietf:params:scim:schemas:core:2.0:User:title", "constant": "Sir" }),
            json!({ "title": "Sir" }),
        ),
        (
            json!({ "to": "name.formatted", "expression": r#"Join(", ", [name.familyName], [name.givenName])"# }),
            json!({ "name": {
                "givenName": "Zoë", "familyName": "Müller-Łuczak", "formatted": "Müller-Łuczak, Zoë"
            } }),
        ),
        (json!({ "to": "name", "clear": true }), json!({ "name": null })),
        (
            json!({ "to": "name", "constant": { "givenName": "X" } }),
            json!({ "name": { "givenName": "X" } }),
        ),
    ];
    for (rule, wanted) in table {
        let made = created(&users(json!([rule])), ada());
        assert_eq!(made, passed_with(wanted), "{rule}");
    }
}

#[test]
fn several_values_are_native() {
    let work = json!({ "value": "Ada@Example.com", "type": "work", "primary": true });
    let home = json!({ "value": "ada@home.example", "type": "home" });
    let table = [
        (
            json!({ "to": "emails[type eq \"work\"].value", "expression": "ToLower([emails[type eq \"work\"].value])" }),
            json!({ "emails": [{ "value": "ada@example.com", "type": "work", "primary": true }, home] }),
        ),
        (
            json!({ "to": "emails[type eq \"other\"].value", "from": "userName" }),
            json!({ "emails": [work, home, { "value": "ada", "type": "other" }] }),
        ),
        (
            json!({ "to": "emails[type eq \"home\"].value", "from": "nickName" }),
            json!({ "emails": [work] }),
        ),
        (json!({ "to": "emails[type eq \"home\"]", "drop": true }), json!({ "emails": [work] })),
        (json!({ "to": "emails[type eq \"home\"]", "clear": true }), json!({ "emails": [work] })),
        (
            json!({ "to": "emails[type eq \"home\"]", "from": "userName" }),
            json!({ "emails": [work, { "value": "ada", "type": "home" }] }),
        ),
        // The label is the rule's, whatever the value had.
        (
            json!({ "to": "emails[type eq \"other\"]", "from": "emails[type eq \"home\"]" }),
            json!({ "emails": [work, home, { "value": "ada@home.example", "type": "other" }] }),
        ),
        (json!({ "to": "emails", "from": "emails[primary eq true]" }), json!({ "emails": [work] })),
        (json!({ "to": "emails", "clear": true }), json!({ "emails": null })),
        (
            json!({ "to": "roles", "expression": "Split(\"a,b\", \",\")" }),
            json!({ "roles": [{ "value": "a" }, { "value": "b" }] }),
        ),
        (json!({ "to": "roles", "from": "title" }), json!({ "roles": [{ "value": "Editor" }] })),
        (
            json!({ "to": "roles", "constant": ["a", { "value": "b", "type": "x" }] }),
            json!({ "roles": [{ "value": "a" }, { "value": "b", "type": "x" }] }),
        ),
        (
            json!({ "to": "entitlements", "from": "roles" }),
            json!({ "entitlements": [
                { "value": "reader", "type": "a" }, { "value": "writer", "type": "b" }
            ] }),
        ),
        // One is wanted: the first.
        (json!({ "to": "title", "from": "roles.value" }), json!({ "title": "reader" })),
        (
            json!({ "to": "title", "from": "emails[type eq \"home\"].value" }),
            json!({ "title": "ada@home.example" }),
        ),
        (
            json!({ "to": "addresses[type eq \"work\"].country", "constant": "GB" }),
            json!({ "addresses": [{ "country": "GB", "type": "work" }] }),
        ),
    ];
    for (rule, wanted) in table {
        let made = created(&users(json!([rule])), ada());
        assert_eq!(made, passed_with(wanted), "{rule}");
    }
}

#[test]
fn extensions_are_attributes_like_others() {
    let badge = json!({ "colour": "green", "levels": [1, 2] });
    let table = [
        (
            json!({ "to": "urn:example:badge:colour", "expression": "ToUpper([urn:example:badge:colour])" }),
            json!({ "urn:example:badge": { "colour": "GREEN", "levels": [1, 2] } }),
        ),
        (
            json!({ "to": "urn:example:new:2.0:User:site", "from": "urn:example:badge:colour" }),
            json!({ "urn:example:badge": badge, "urn:example:new:2.0:User": { "site": "green" } }),
        ),
        (
            json!({ "to": "urn:example:badge:levels", "constant": ["x"] }),
            json!({ "urn:example:badge": { "colour": "green", "levels": ["x"] } }),
        ),
        (
            json!({ "to": "URN:EXAMPLE:BADGE:COLOUR", "clear": true }),
            json!({ "urn:example:badge": { "levels": [1, 2] } }),
        ),
        (
            json!({ "to": "title", "from": format!("{ENTERPRISE_USER}:department") }),
            json!({ "title": "Research" }),
        ),
        (
            json!({ "to": "urn:example:cost:centre", "rename": format!("{ENTERPRISE_USER}:department") }),
            json!({
                "urn:example:cost": { "centre": "Research" },
                ENTERPRISE_USER: { "employeeNumber": "0042", "manager": { "value": "u-7" } }
            }),
        ),
    ];
    for (rule, wanted) in table {
        let made = created(&users(json!([rule])), ada());
        assert_eq!(made, passed_with(wanted), "{rule}");
    }
}

#[test]
fn a_manager_stays_a_reference() {
    let manager = format!("{ENTERPRISE_USER}:manager");
    let seen =
        |rule: Value| created(&users(json!([rule])), ada())[ENTERPRISE_USER]["manager"].clone();
    let seven = json!({ "value": "u-7" });
    assert_eq!(seen(json!({ "to": "title", "constant": "x" })), seven);
    assert_eq!(seen(json!({ "to": manager, "from": manager })), seven);
    assert_eq!(
        seen(json!({ "to": manager, "expression": format!("Coalesce([{manager}], [name])") })),
        seven
    );
    assert_eq!(seen(json!({ "to": manager, "from": format!("{manager}.value") })), seven);
    assert_eq!(seen(json!({ "to": manager, "constant": "u-9" })), json!({ "value": "u-9" }));
    assert_eq!(
        seen(json!({ "to": manager, "constant": { "value": "u-9" } })),
        json!({ "value": "u-9" })
    );
    assert_eq!(seen(json!({ "to": manager, "clear": true })), Value::Null);
    // What the static check lets through, as nobody knows what it makes, is refused when it is a text.
    let rule = json!({ "to": manager, "expression": "Coalesce([urn:example:x:y], [urn:example:badge:colour])" });
    let error = apply(&users(json!([rule])), &ada().into(), None).unwrap_err();
    assert_eq!(error.kind, MappingErrorKind::Mismatch);
}

#[test]
fn what_is_not_ours_stays_as_it_was_confirmed() {
    let confirmed = || {
        let mut confirmed = User::new("u-42", "ada");
        confirmed.title = Some("Boss".to_owned());
        confirmed.nick_name = Some("Zo".to_owned());
        confirmed.emails = vec![MultiValue::new("home", "old@home.example")];
        confirmed.with_extension("urn:example:badge", [("colour", json!("red"))])
    };
    let table = [
        (json!({ "to": "title", "drop": true }), json!({ "title": "Boss" })),
        (json!({ "to": "title", "constant": "x", "on": "create" }), json!({ "title": "Boss" })),
        (json!({ "to": "nickName", "default": "x" }), json!({ "nickName": "Zo" })),
        (
            json!({ "to": "nickName", "from": "timezone", "default": "x" }),
            json!({ "nickName": "Zo" }),
        ),
        (json!({ "to": "locale", "default": "x" }), json!({})),
        (json!({ "to": "title", "default": "x" }), json!({})),
        (
            json!({ "to": "nickName", "expression": "IgnoreFlowIfNullOrEmpty([timezone])" }),
            json!({ "nickName": "Zo" }),
        ),
        (json!({ "to": "nickName", "expression": "Trim([timezone])" }), json!({})),
        (json!({ "to": "title", "clear": true }), json!({ "title": null })),
        (
            json!({ "to": "locale", "rename": "title" }),
            json!({ "locale": "Editor", "title": "Boss" }),
        ),
        (
            json!({ "to": "emails[type eq \"home\"]", "drop": true }),
            json!({ "emails": [
                { "value": "Ada@Example.com", "type": "work", "primary": true },
                { "value": "old@home.example", "type": "home" }
            ] }),
        ),
        (
            json!({ "to": "emails[type eq \"home\"].value", "constant": "x", "on": "create" }),
            json!({ "emails": [
                { "value": "Ada@Example.com", "type": "work", "primary": true },
                { "value": "old@home.example", "type": "home" }
            ] }),
        ),
        (
            json!({ "to": "urn:example:badge:colour", "drop": true }),
            json!({ "urn:example:badge": { "colour": "red", "levels": [1, 2] } }),
        ),
        (
            json!({ "to": "emails", "drop": true }),
            json!({ "emails": [{ "value": "old@home.example", "type": "home" }] }),
        ),
    ];
    for (rule, wanted) in table {
        let made = updated(&users(json!([rule])), ada(), confirmed());
        assert_eq!(made, passed_with(wanted), "{rule}");
    }
}

/// WSO2's fault: every attribute that has a default was overwritten by each partial update.
#[test]
fn a_default_never_overwrites() {
    let mapping = users(json!([
        { "to": "userType", "from": "nickName", "default": "Employee" },
        { "to": "urn:salesforce:profile:id", "default": "00e" },
        { "to": "locale", "default": "en_US" }
    ]));
    let at_first: Resource = User::new("u-1", "ada").into();
    let (acme, hr) = ids();
    let context = MappingContext::new(&acme, &hr);
    let created = mapping.apply(&at_first, &context).unwrap();
    let seen = serde_json::to_value(&created).unwrap();
    assert_eq!(seen["userType"], "Employee");
    assert_eq!(seen["urn:salesforce:profile"]["id"], "00e");
    // The same default is carried over; so is what the target said in between.
    for (user_type, profile) in [("Employee", "00e"), ("Chief", "00f")] {
        let confirmed: User = serde_json::from_value(json!({
            "externalId": "u-1", "userName": "ada", "userType": user_type, "locale": "en_US",
            "urn:salesforce:profile": { "id": profile }
        }))
        .unwrap();
        let confirmed: Resource = confirmed.into();
        let renamed: Resource = User::new("u-1", "ada").with_display_name("Ada").into();
        let wanted = mapping.apply(&renamed, &context.confirmed(&confirmed)).unwrap();
        let changes: Vec<String> = Difference::between(&confirmed, &wanted)
            .iter()
            .map(|(path, _)| path.to_string())
            .collect();
        assert_eq!(changes, ["displayName"]);
    }
}

#[test]
fn with_nothing_passing_only_rules_make_values() {
    let rules = mapping(&json!({ "pass": "nothing", "users": [
        { "to": "title", "from": "title" },
        { "to": "nickName", "from": "timezone" }
    ] }));
    assert_eq!(rules.base, Base::Nothing);
    assert_eq!(
        created(&rules, ada()),
        json!({ "externalId": "u-42", "userName": "ada", "active": true, "title": "Editor" })
    );
    // What the target has and no rule names is not ours.
    let mut confirmed = User::new("u-42", "before").with_display_name("Theirs").with_active(false);
    confirmed.nick_name = Some("Zo".to_owned());
    assert_eq!(
        updated(&rules, ada(), confirmed),
        json!({
            "externalId": "u-42", "userName": "ada", "active": true, "title": "Editor",
            "displayName": "Theirs"
        })
    );
    let names = mapping(&json!({ "pass": "nothing", "users": [
        { "to": "userName", "expression": "Pattern(\"{UN,TD}\", \"@\")" },
        { "to": "active", "constant": false }
    ] }));
    assert_eq!(
        created(&names, ada()),
        json!({ "externalId": "u-42", "userName": "ada@acme", "active": false })
    );
}

#[test]
fn groups_are_mapped_by_rules_of_their_own() {
    let rules = mapping(&json!({ "pass": "nothing", "groups": [
        { "to": "displayName", "expression": r#"Append(Join("-", Organization(), [displayName]), "-all")"# },
        { "to": "urn:example:note:text", "from": "urn:example:other:text" }
    ] }));
    let mut group = staff().with_member(Member::user("u-1"));
    group.extensions = group.extensions.clone().with("urn:example:other", [("text", json!("hi"))]);
    let made = apply(&rules, &group.into(), None).unwrap();
    assert_eq!(
        made,
        json!({
            "externalId": "g-1", "displayName": "acme-Staff-all",
            "members": [{ "value": "u-1", "type": "User" }],
            "urn:example:note": { "text": "hi" }
        })
    );
}

#[test]
fn no_account_is_sent_without_a_name() {
    let rules = users(json!([{ "to": "userName", "expression": "ToLower([nickName])" }]));
    let error = apply(&rules, &ada().into(), None).unwrap_err();
    assert_eq!(error.kind, MappingErrorKind::Required);
    assert_eq!(
        error.to_string(),
        "users[0]: nothing came out, and no account can be without it; add a default"
    );
    let rules = mapping(&json!({ "groups": [{ "to": "displayName", "from": "urn:example:x:y" }] }));
    assert_eq!(apply(&rules, &staff().into(), None).unwrap_err().kind, MappingErrorKind::Required);
    // What no document says, and code could: it does no harm.
    for path in ["userName", "active", "externalId"] {
        for source in [Source::Drop, Source::Clear] {
            let rule = Rule::new(ValuePath::parse(path).unwrap(), source);
            let made = created(&Mapping::new().with_user_rule(rule), ada());
            assert_eq!(made, passed(), "{path}");
        }
    }
    let rule = Rule::new(ValuePath::parse("externalId").unwrap(), Source::Constant("u-9".into()));
    assert_eq!(created(&Mapping::new().with_user_rule(rule), ada()), passed());
}

/// WSO2's claims at three of its connectors, as rules.
#[test]
fn the_claims_of_wso2_are_expressible() {
    let scim2 = users(json!([
        { "to": "name.givenName", "from": "name.givenName" },
        { "to": "emails[type eq \"work\"].value", "from": "emails[primary eq true].value" },
        { "to": "phoneNumbers[type eq \"mobile\"].value", "from": "phoneNumbers[type eq \"mobile\"].value" },
        { "to": format!("{ENTERPRISE_USER}:organization"), "from": "urn:example:claims:organization" },
        { "to": "urn:scim:schemas:extension:custom:User:country", "from": "addresses[type eq \"home\"].country" },
        { "to": "userName", "expression": "Replace([userName], \"PRIMARY/\", \"\")" }
    ]));
    let mut user = User::new("u-1", "PRIMARY/ada").with_email("a@b.c");
    user.phone_numbers = vec![MultiValue::new("mobile", "+44")];
    user = user.with_extension("urn:example:claims", [("organization", json!("Acme"))]);
    let seen = created(&scim2, user);
    assert_eq!(seen["userName"], "ada");
    assert_eq!(seen["emails"], json!([{ "value": "a@b.c", "type": "work", "primary": true }]));
    assert_eq!(seen[ENTERPRISE_USER]["organization"], "Acme");

    let google = users(json!([
        { "to": "userName", "expression": "ToLower(Append(Replace(Pattern(\"{UD,UN,TD}\", \"_\"), \"@\", \".\"), \"@acme.example\"))" },
        { "to": "name.familyName", "from": "name.familyName", "default": "Unknown" },
        { "to": "name.givenName", "from": "name.givenName", "default": "Unknown" }
    ]));
    let seen = created(&google, ada());
    assert_eq!(seen["userName"], "london_ada_acme@acme.example");
    assert_eq!(seen["name"]["familyName"], "Müller-Łuczak");

    let salesforce = users(json!([
        { "to": "userName", "expression": "Append(Pattern(\"{UN}\", \"_\"), \"@acme.example\")" },
        { "to": "urn:salesforce:User:Alias", "expression": "Left(NormalizeDiacritics([userName]), 8)" },
        { "to": "urn:salesforce:User:ProfileId", "default": "00e90000001aV2o" },
        { "to": "urn:salesforce:User:UserPermissionsCallCenterAutoLogin", "constant": false }
    ]));
    let seen = created(&salesforce, ada());
    assert_eq!(
        seen["urn:salesforce:User"],
        json!({ "Alias": "ada", "ProfileId": "00e90000001aV2o", "UserPermissionsCallCenterAutoLogin": false })
    );
}

#[test]
fn a_preview_says_which_rule_made_what() {
    let mapping = users(json!([
        { "to": "displayName", "expression": r#"Join(" ", [name.givenName], [name.familyName])"# },
        { "to": "locale", "default": "en" },
        { "to": "title", "drop": true },
        { "to": "userType", "clear": true },
        { "to": "emails[type eq \"work\"].value", "from": "userName" }
    ]));
    let (acme, hr) = ids();
    let context = MappingContext::new(&acme, &hr);
    let preview = mapping.preview(&ada().into(), &context).unwrap();
    let of = |path: &str| {
        let attribute = preview.attribute(path).unwrap();
        (attribute.value().cloned(), attribute.origin)
    };
    assert_eq!(
        of("displayName"),
        (Some(json!("Zoë Müller-Łuczak")), Origin::Rule { index: 0, source: "expression" })
    );
    assert_eq!(of("locale"), (Some(json!("en")), Origin::Default { index: 1 }));
    assert_eq!(of("title"), (None, Origin::CarriedOver { index: Some(2) }));
    assert_eq!(of("userType"), (None, Origin::Cleared { index: 3 }));
    assert_eq!(
        of("emails[type eq \"work\"].value"),
        (Some(json!("ada")), Origin::Rule { index: 4, source: "from" })
    );
    assert_eq!(of("name.givenName"), (Some(json!("Zoë")), Origin::PassedThrough));
    assert_eq!(of("urn:example:badge:colour"), (Some(json!("green")), Origin::PassedThrough));
    assert_eq!(of("emails").1, Origin::PassedThrough);
    assert!(preview.attribute(&format!("{USER_STORE}:domain")).is_none());
    let applied = mapping.apply(&ada().into(), &context).unwrap();
    assert_eq!(preview.resource, applied);
    let printed = format!("{preview:?}");
    assert!(printed.contains("displayName") && !printed.contains("Zo"), "{printed}");

    let confirmed: Resource = User::new("u-42", "ada").with_display_name("Theirs").into();
    let nothing = Mapping::new().with_base(Base::Nothing);
    let preview = nothing.preview(&ada().into(), &context.confirmed(&confirmed)).unwrap();
    assert_eq!(
        preview.attribute("displayName").unwrap().origin,
        Origin::CarriedOver { index: None }
    );
    assert_eq!(preview.attribute("userName").unwrap().origin, Origin::PassedThrough);
}

/// WSO2's fault: what one connector's mapping made was the next one's source.
#[test]
fn nothing_of_one_connection_reaches_another() {
    let one = users(json!([
        { "to": "title", "constant": "krypt-one" },
        { "to": "urn:one:a:b", "expression": "Append(\"krypt-\", Connection())" },
        { "to": "nickName", "expression": "@Remember([userName])" }
    ]));
    let two = users(json!([{ "to": "locale", "from": "title" }]));
    let source: Resource = ada().into();
    let (acme, hr) = ids();
    let functions = Functions::new().with("Remember", |_| Ok("krypt-function".into()));
    let alone = apply(&two, &source, None).unwrap();
    let own = MappingContext::new(&acme, &hr).functions(&functions);
    for _ in 0..2 {
        let first = serde_json::to_string(&one.apply(&source, &own).unwrap()).unwrap();
        assert!(first.contains("krypt-one") && first.contains("krypt-hr"));
        let second = apply(&two, &source, None).unwrap();
        assert_eq!(second, alone);
        assert!(!second.to_string().contains("krypt"));
    }
    assert_eq!(source, ada().into(), "what the host said is untouched");
}

fn rule() -> impl Strategy<Value = Value> {
    let paths = vec![
        "title",
        "userName",
        "name.givenName",
        "name",
        "emails",
        "emails[type eq \"work\"].value",
        "roles[type eq \"a\"]",
        "roles[type eq \"b\"].display",
        "urn:example:badge:b",
        "active",
        "addresses[primary eq true].country",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
    ];
    let path = prop::sample::select(paths);
    let source = prop_oneof![
        path.clone().prop_map(|from| json!({ "from": from })),
        path.clone().prop_map(|from| json!({ "rename": from })),
        Just(json!({ "constant": "x" })),
        Just(json!({ "constant": { "value": "x" } })),
        Just(json!({ "expression": "Join(\"-\", [title], [roles.value])" })),
        Just(json!({ "drop": true })),
        Just(json!({ "clear": true })),
    ];
    (path, source, any::<bool>(), any::<bool>()).prop_map(|(to, mut rule, default, create)| {
        rule["to"] = to.into();
        if default {
            rule["default"] = "d".into();
        }
        if create {
            rule["on"] = "create".into();
        }
        rule
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Rules that a check may refuse: applied all the same, as if built by code.
    #[test]
    fn any_rules_on_any_user(
        rules in prop::collection::vec(rule(), 0..5),
        nothing in any::<bool>(),
        user in arbitrary::user(),
        before in arbitrary::user(),
    ) {
        let mut noted = outbound_provisioning::model::Problems::new();
        let document = json!({ "users": rules, "pass": if nothing { "nothing" } else { "all" } });
        let mapping = Mapping::from_json(&document, "mapping", &mut noted);
        let again = Mapping::from_json(&mapping.to_json(), "mapping", &mut noted);
        prop_assert!(mapping == again);
        let source: Resource = user.into();
        let (acme, hr) = ids();
        let context = MappingContext::new(&acme, &hr);
        if let Ok(first) = mapping.apply(&source, &context) {
            prop_assert_eq!(first.local_id(), source.local_id());
            // What was made is what is confirmed, and comes out again.
            let second = mapping.apply(&source, &context.confirmed(&first));
            if noted.is_empty() {
                let changes: Vec<_> = Difference::between(&first, &second.unwrap()).iter()
                    .map(|(path, _)| path.to_string()).collect();
                prop_assert!(
                    changes.is_empty(),
                    "{changes:?} by {document} of {}",
                    serde_json::to_string(&[&source, &first]).unwrap()
                );
            }
        }
        let before: Resource = before.into();
        drop(mapping.apply(&source, &context.confirmed(&before)));
        drop(mapping.preview(&source, &context.confirmed(&before)));
    }

    #[test]
    fn any_group(group in arbitrary::group(), member in arbitrary::member()) {
        let group = group.with_member(member);
        let passed = apply(&Mapping::new(), &group.clone().into(), None).unwrap();
        prop_assert_eq!(passed, serde_json::to_value(&group).unwrap());
    }
}

#[test]
fn a_manager_of_the_model_is_what_is_compared() {
    let mut user = User::new("u-1", "ada");
    user.enterprise = ada().enterprise;
    let seen = created(
        &users(json!([{ "to": format!("{ENTERPRISE_USER}:department"), "clear": true }])),
        user,
    );
    let seen: User = serde_json::from_value(seen).unwrap();
    assert!(seen.enterprise.unwrap().manager == Some(Manager::new("u-7")));
}

#[test]
fn a_mapping_never_switches_on_who_is_disabled() {
    let rules = [
        json!({ "to": "active", "constant": true }),
        json!({ "to": "active", "from": "urn:example:badge:valid" }),
        json!({ "to": "active", "expression": "IgnoreFlowIfNullOrEmpty([urn:example:x:y])" }),
        json!({ "to": "active", "expression": "Not([active])" }),
    ];
    let as_read = rules.map(|rule| users(json!([rule])));
    // What no document may say, and a mapping that nobody checked.
    let active = ValuePath::parse("urn:ietf:params:scim:schemas:core:2.0:User:active").unwrap();
    let same = Source::Copy(active.clone());
    let built = [
        Rule::new(active.clone(), Source::Drop),
        Rule::new(active.clone(), Source::Clear),
        Rule::new(active.clone(), same).on_create(),
        Rule::new(active.clone(), Source::Copy(ValuePath::parse("urn:example:x:y").unwrap()))
            .with_default(true),
        Rule::new(ValuePath::parse("title").unwrap(), Source::Rename(active)),
    ];
    let built = built.map(|rule| Mapping::new().with_user_rule(rule));
    for mapping in as_read.iter().chain(&built) {
        for base in [Base::All, Base::Nothing] {
            let mapping = mapping.clone().with_base(base);
            let disabled = ada()
                .with_active(false)
                .with_extension("urn:example:badge", [("valid", json!(true))]);
            assert_eq!(created(&mapping, disabled.clone())["active"], json!(false));
            assert_eq!(updated(&mapping, disabled, ada())["active"], json!(false));
        }
    }
    // It may switch off.
    assert_eq!(created(&as_read[3], ada())["active"], json!(false));
}

/// Paths into lists and extensions, some of which are read and written without JSON.
const DEEP: &[&str] = &[
    "emails[type eq \"work\"].value",
    "emails[type eq \"work\"].display",
    "emails[type eq \"Work\" and primary eq true].value",
    "emails[primary eq true].value",
    "emails[primary eq false].value",
    "emails[type eq \"work\" and type eq \"home\"].value",
    "emails[display eq \"a\"].display",
    "emails[type eq \"\"].value",
    "emails[type eq \"work\"].type",
    "emails[type eq \"work\"].primary",
    "emails[type sw \"w\"].value",
    "emails[type eq \"work\" or type eq \"home\"].value",
    "emails[value eq \"a\"].type",
    "emails[not (type eq \"work\")].value",
    "photos[value eq \"A\"].display",
    "EMAILS[type EQ \"WORK\"].value",
    "urn:ietf:params:scim:schemas:core:2.0:User:roles[type eq \"a\"].value",
    "roles.value",
    "ims.type",
    "x509Certificates.display",
    "urn:example:badge:a",
    "URN:example:BADGE:A",
    "urn:example:badge:value.x",
    "urn:example:badge:emails",
    "urn:example:badge:emails.value",
    "urn:example:badge:emails[type eq \"work\"].value",
    "urn:example:absent:a",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whichever way is taken, a value path says what is read and what is written.
    #[test]
    fn what_is_read_and_written_is_what_the_path_says_in_json(
        user in arbitrary::user(),
        place in 0..DEEP.len(),
        labels in proptest::collection::vec(proptest::sample::select(vec!["work", "WORK", "home", "a", ""]), 4),
        primary in any::<bool>(),
        text in proptest::sample::select(vec!["x", "ß", "work", ""]),
    ) {
        // A value that is nothing is no value, and takes none.
        let mut user = without_nothing(user).with_extension("urn:example:badge", [
            ("a", json!(labels[3])),
            ("value", json!({ "x": 1 })),
            ("emails", json!([{ "type": labels[0], "value": "e" }])),
        ]);
        let lists = [&mut user.emails, &mut user.roles, &mut user.photos, &mut user.phone_numbers, &mut user.ims];
        for list in lists {
            for label in &labels {
                let mut value = MultiValue::new(*label, *label);
                value.display = Some((*label).to_owned());
                value.primary = primary;
                list.push(value);
            }
        }
        let path = ValuePath::parse(DEEP[place]).unwrap();
        let all = user_json(&user);
        // Read.
        let result = ValuePath::parse("urn:example:result:it").unwrap();
        let copy = Rule::new(result.clone(), Source::Copy(path.clone()));
        let made = created(&Mapping::new().with_user_rule(copy), user.clone());
        let values: Vec<Value> = path.values(all.as_object().unwrap()).into_iter().cloned().collect();
        let is_something = |value: &&Value| **value != json!("") && **value != json!({});
        let wanted: Vec<&Value> = values.iter().filter(is_something).collect();
        let read = result.values(made.as_object().unwrap());
        prop_assert_eq!(read, wanted, "{}", DEEP[place]);
        // Written.
        if !text.is_empty() {
            let rule = Rule::new(path.clone(), Source::Constant(text.into()));
            let (acme, hr) = ids();
            let mapping = Mapping::new().with_user_rule(rule);
            let made = mapping.apply(&user.clone().into(), &MappingContext::new(&acme, &hr));
            let mut wanted = all;
            if path.set(wanted.as_object_mut().unwrap(), text.into()) {
                let wanted: User = serde_json::from_value(wanted).unwrap();
                let Ok(Resource::User(made)) = made else { panic!("{}", DEEP[place]) };
                prop_assert_eq!(normal(made), normal(wanted), "{}", DEEP[place]);
            } else {
                prop_assert_eq!(made.unwrap_err().kind, MappingErrorKind::Mismatch);
            }
        }
    }
}

fn user_json(user: &User) -> Value {
    serde_json::to_value(user).unwrap()
}

/// As it reads back, without what is nothing and what is never sent.
fn normal(user: User) -> User {
    let mut all = user_json(&user);
    all.as_object_mut().unwrap().remove(USER_STORE);
    without_nothing(serde_json::from_value(all).unwrap())
}

fn without_nothing(mut user: User) -> User {
    let nothing = MultiValue::default();
    for list in [
        &mut user.emails,
        &mut user.phone_numbers,
        &mut user.ims,
        &mut user.photos,
        &mut user.entitlements,
        &mut user.roles,
        &mut user.x509_certificates,
    ] {
        list.retain(|value| *value != nothing);
    }
    user
}
