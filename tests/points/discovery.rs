//! What a target says of itself: points 20 to 24.

use http::Method;
use outbound_provisioning::conformance::Quirk;
use outbound_provisioning::connector::Origin;
use outbound_provisioning::model::{ENTERPRISE_USER, EnterpriseUser, Group, MultiValue, User};
use outbound_provisioning::transport::{HttpError, HttpErrorKind, HttpRequest, HttpResponse};
use outbound_provisioning::{Effect, ErrorKind};
use serde_json::{Value, json};

use crate::site::{Site, Us, answer, status};
use crate::target::{
    DAY, GROUP, HOUR, SECOND, USER, ada, body, create, curious, find, lines, refusal, rename,
    site_of, taken, update, with,
};

tests![
    no_document_that_is_missing_or_odd_stops_anything,
    a_target_that_says_nothing_useful_is_taken_at_the_rfcs_word,
    the_old_name_and_other_shapes_are_understood,
    a_document_without_bulk_turns_nothing_off,
    each_word_is_read_by_itself,
    what_was_assumed_is_said,
    settings_win_over_the_target_in_both_directions,
    a_description_is_asked_for_once_a_day,
    a_refusal_that_contradicts_it_asks_sooner,
    collections_have_the_names_that_the_target_gives,
    an_endpoint_cannot_lead_away_from_the_target,
    what_the_schema_lacks_is_not_sent,
    what_the_schema_needs_is_reported_before_anything_is_sent,
    what_a_needed_extension_needs_is_reported_too,
    names_are_understood_in_any_case,
];

const DOCUMENTS: [&str; 3] = ["ServiceProviderConfig", "ResourceTypes", "Schemas"];

/// Describes itself like this, document by document (null: 404), takes what is sent, and has one account.
fn described(config: Value, types: Value, schemas: Value) -> Site {
    Site::new(move |request| {
        let last = request.uri().path().rsplit('/').next().unwrap_or_default();
        let document = match last {
            "ServiceProviderConfig" => &config,
            "ResourceTypes" => &types,
            "Schemas" => &schemas,
            _ => return Ok(taking(request)),
        };
        Ok(if document.is_null() { status(404) } else { answer(200, &[], document) })
    })
}

/// A target that takes everything.
fn taking(request: &HttpRequest) -> HttpResponse {
    let account = json!({ "id": "r-1", "externalId": "u-1", "userName": "ada" });
    match request.method().as_str() {
        "POST" => answer(201, &[], json!({ "id": "r-1" })),
        "GET" if request.uri().path().ends_with("/r-1") => answer(200, &[], account),
        "GET" => answer(200, &[], json!({ "totalResults": 1, "Resources": [account] })),
        _ => status(204),
    }
}

fn attribute(name: &str, more: Value) -> Value {
    let mut attribute = json!({ "name": name, "type": "string", "mutability": "readWrite" });
    attribute.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    attribute
}

fn schema(urn: &str, attributes: Value) -> Value {
    json!({ "id": urn, "attributes": attributes })
}

fn user_type(more: Value) -> Value {
    let mut kind = json!({ "id": "User", "name": "User", "endpoint": "/Users", "schema": USER });
    kind.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    kind
}

fn group_type() -> Value {
    json!({ "id": "Group", "name": "Group", "endpoint": "/Groups", "schema": GROUP })
}

/// What is sent for a new user.
async fn sent(site: &Site, us: &Us, user: User) -> Value {
    create(us, user).await.unwrap();
    let posted = taken(site).into_iter().find(|request| request.method() == Method::POST);
    body(&posted.unwrap())
}

// ---- 20: each document is optional ------------------------------------------------------------------------------

async fn no_document_that_is_missing_or_odd_stops_anything() {
    let page = "<!DOCTYPE html><h1>Sign in</h1>";
    let answers: Vec<(u16, &str)> = vec![
        (404, ""),
        (404, page),
        (401, ""),
        (401, page),
        (403, ""),
        (403, r#"{"detail":"no"}"#),
        (500, page),
        (501, ""),
        (302, ""),
        (204, ""),
        (200, ""),
        (200, page),
        (200, "null"),
        (200, "7"),
        (200, "[]"),
        (200, "{}"),
        (200, "[[],7,null]"),
        (200, r#"{"Resources":null,"patch":null,"filter":[],"pagination":"yes"}"#),
        (200, r#"{"Resources":[{"endpoint":7,"schema":null,"attributes":{"name":7}}]}"#),
    ];
    for document in DOCUMENTS {
        for (code, body) in answers.clone() {
            let site = Site::new(move |request| {
                let path = request.uri().path();
                let is_it = path.ends_with(document);
                let is_another = DOCUMENTS.iter().any(|name| path.ends_with(name));
                Ok(match () {
                    () if is_it => answer(code, &[], body),
                    () if is_another => status(404),
                    () => taking(request),
                })
            });
            let us = site.connect(curious());
            create(&us, ada())
                .await
                .unwrap_or_else(|error| panic!("{document} {code} {body}: {error}"));
            rename(&us).await.unwrap();
            assert_eq!(find(&us).await.unwrap().len(), 1, "{document} {code} {body}");
            assert!(lines(&site).contains(&"PATCH /Users/r-1".to_owned()));
        }
    }
}

async fn a_target_that_says_nothing_useful_is_taken_at_the_rfcs_word() {
    let target = with(&[Quirk::NoDiscovery]);
    let site = site_of(&target);
    let us = site.connect(curious());
    create(&us, ada()).await.unwrap();
    assert_eq!(
        lines(&site),
        [
            "GET /ServiceProviderConfig",
            "GET /ServiceProviderConfigs",
            "GET /ResourceTypes",
            "GET /Schemas",
            "POST /Users",
        ]
    );
    // One that cannot be reached is another matter: nothing was sent, and it is tried again.
    let site = Site::new(|_| Err(HttpError::new(HttpErrorKind::Interrupted)));
    let error = create(&site.connect(curious()), ada()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::NotSent));
}

async fn the_old_name_and_other_shapes_are_understood() {
    for quirk in [Quirk::OldDiscoveryName, Quirk::BareDiscovery] {
        let site = site_of(&with(&[quirk, Quirk::NoPatch(405)]));
        let us = site.connect(curious());
        let made = create(&us, ada()).await.unwrap();
        assert_eq!(made.id.as_str(), "u-1");
        lines(&site);
        // That there is no PATCH was said, so none is tried.
        let _ = rename(&us).await;
        assert_eq!(lines(&site)[0], "GET /Users/r-1", "{quirk:?}");
    }
    // A single object in place of a list.
    let people = user_type(json!({ "endpoint": "/People" }));
    for types in [people.clone(), json!([people]), json!({ "Resources": [people] })] {
        let site = described(Value::Null, types, Value::Null);
        create(&site.connect(curious()), ada()).await.unwrap();
        assert_eq!(lines(&site).last().unwrap(), "POST /People");
    }
}

// ---- 21: word by word -------------------------------------------------------------------------------------------

async fn a_document_without_bulk_turns_nothing_off() {
    for bulk in [
        json!(null),
        json!({}),
        json!({ "supported": true }),
        json!("no"),
        json!({ "maxOperations": "many" }),
    ] {
        let config = json!({ "patch": { "supported": true }, "filter": { "supported": true }, "bulk": bulk });
        let site = described(config, Value::Null, Value::Null);
        let us = site.connect(curious());
        rename(&us).await.unwrap();
        find(&us).await.unwrap();
        let asked = lines(&site);
        assert!(asked.contains(&"PATCH /Users/r-1".to_owned()), "{bulk}: {asked:?}");
        assert!(asked.last().unwrap().starts_with("GET /Users?filter="), "{bulk}");
    }
}

async fn each_word_is_read_by_itself() {
    // Whatever else is broken, and whether a flag is text.
    let config = json!({
        "patch": { "supported": "False" }, "bulk": 7, "filter": { "supported": false, "maxResults": 25 },
        "etag": { "supported": "TRUE" }, "sort": [], "authenticationSchemes": {},
    });
    let site = described(config, Value::Null, Value::Null);
    let us = site.connect(curious());
    rename(&us).await.unwrap();
    let asked = lines(&site);
    assert_eq!(asked[asked.len() - 2..], ["GET /Users/r-1", "PUT /Users/r-1"]);
    find(&us).await.unwrap();
    assert_eq!(lines(&site), ["GET /Users?startIndex=1&count=25"], "no filter, and pages of 25");
    // One flag that is wrong is no reason to disbelieve the next.
    let config = json!({ "patch": { "supported": "perhaps" }, "filter": { "maxResults": 25 } });
    let site = described(config, Value::Null, Value::Null);
    let us = site.connect(curious());
    rename(&us).await.unwrap();
    assert_eq!(lines(&site).last().unwrap(), "PATCH /Users/r-1");
    us.read().await.unwrap();
    assert_eq!(lines(&site), ["GET /Users?startIndex=1&count=25"]);
}

async fn what_was_assumed_is_said() {
    let config = json!({ "etag": { "supported": true } });
    let site = described(config, Value::Null, Value::Null);
    let us = site.connect(curious().with("profile_overrides", r#"{"max_count": 7}"#));
    let check = us.connector.check().await.unwrap();
    let said = |start: &str, origin: Origin| {
        let found = check.findings.iter().find(|finding| finding.text.starts_with(start));
        let found = found.unwrap_or_else(|| panic!("nothing about {start}"));
        assert_eq!(found.origin, origin, "{}", found.text);
    };
    said("etag = true", Origin::Found);
    said("max_count = 7", Origin::Overridden);
    said("user_update = ", Origin::Assumed);
    said("max_members_per_request = 0", Origin::Assumed);
}

async fn settings_win_over_the_target_in_both_directions() {
    let none = json!({ "patch": { "supported": false }, "filter": { "supported": false } });
    let set = r#"{"user_update": "patch", "user_filters": ["userName"]}"#;
    let site = described(none, Value::Null, Value::Null);
    let us = site.connect(curious().with("profile_overrides", set));
    rename(&us).await.unwrap();
    assert_eq!(lines(&site).last().unwrap(), "PATCH /Users/r-1");
    find(&us).await.unwrap();
    assert_eq!(lines(&site), ["GET /Users?filter=userName%20eq%20%22ada%22"]);

    let all = json!({ "patch": { "supported": true }, "filter": { "supported": true } });
    let set = r#"{"user_update": "put", "user_filters": []}"#;
    let site = described(all, Value::Null, Value::Null);
    let us = site.connect(curious().with("profile_overrides", set));
    rename(&us).await.unwrap();
    assert_eq!(lines(&site).last().unwrap(), "PUT /Users/r-1");
    find(&us).await.unwrap();
    assert_eq!(lines(&site), ["GET /Users?startIndex=1&count=100"]);
}

// ---- 22: how long it is believed --------------------------------------------------------------------------------

async fn a_description_is_asked_for_once_a_day() {
    let site = site_of(&with(&[]));
    let us = site.connect(curious());
    let questions = async || {
        find(&us).await.unwrap();
        let asked = lines(&site);
        asked.iter().filter(|line| !line.contains("/Users")).count()
    };
    assert_eq!(questions().await, 3);
    us.clock.advance(DAY);
    assert_eq!(questions().await, 0);
    us.clock.advance(SECOND);
    assert_eq!(questions().await, 3);
    assert_eq!(questions().await, 0);
}

async fn a_refusal_that_contradicts_it_asks_sooner() {
    let unknown_schema = || {
        answer(400, &[], json!({ "detail": "Unknown schema urn:example:badge", "status": "400" }))
    };
    for refused in [refusal(501, ""), refusal(400, "invalidPath"), unknown_schema()] {
        let site = Site::new(move |request| {
            let is_write = matches!(request.method().as_str(), "PATCH" | "PUT");
            Ok(if is_write { refused.clone() } else { taking(request) })
        });
        let us = site.connect(curious());
        let asks = async || {
            let _ = rename(&us).await;
            lines(&site).iter().any(|line| line == "GET /Schemas")
        };
        assert!(asks().await);
        assert!(!asks().await, "not at once");
        us.clock.advance(HOUR + SECOND);
        assert!(asks().await, "but long before the day is over");
    }
    // What contradicts nothing leaves it as it is.
    let site = Site::new(|request| {
        Ok(if request.method() == Method::PATCH { refusal(403, "") } else { taking(request) })
    });
    let us = site.connect(curious());
    rename(&us).await.unwrap_err();
    us.clock.advance(HOUR * 2);
    lines(&site);
    rename(&us).await.unwrap_err();
    assert_eq!(lines(&site), ["PATCH /Users/r-1"]);
}

// ---- 23: what types and schemas say -----------------------------------------------------------------------------

async fn collections_have_the_names_that_the_target_gives() {
    for (endpoint, expected) in [
        ("/Users", "POST /Users"),
        ("People", "POST /People"),
        ("/people/", "POST /people"),
        ("/scim/v2/Accounts", "POST /Accounts"),
        ("https://hr.example.com/scim/v2/Accounts", "POST /Accounts"),
    ] {
        let types = json!([user_type(json!({ "endpoint": endpoint })), group_type()]);
        let site = described(Value::Null, types, Value::Null);
        create(&site.connect(curious()), ada()).await.unwrap();
        assert_eq!(lines(&site).last().unwrap(), expected);
    }
    // Where only users are named, there are no groups.
    let site = described(Value::Null, json!([user_type(json!({}))]), Value::Null);
    let error = create(&site.connect(curious()), Group::new("g-1", "Staff")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(!lines(&site).iter().any(|line| line.starts_with("POST")));
}

async fn an_endpoint_cannot_lead_away_from_the_target() {
    for endpoint in [
        "..",
        "/..",
        "/Users?x=1",
        "/Us ers",
        "//",
        "",
        "/Users#",
        "%2e%2e",
        "https://evil.example.com/x?y",
    ] {
        let types = json!([user_type(json!({ "endpoint": endpoint }))]);
        let site = described(Value::Null, types, Value::Null);
        create(&site.connect(curious()), ada()).await.unwrap();
        assert_eq!(lines(&site).last().unwrap(), "POST /Users", "{endpoint}");
    }
}

async fn what_the_schema_lacks_is_not_sent() {
    let badge = "urn:example:params:scim:badge";
    let attributes = json!([
        attribute("userName", json!({ "required": true })),
        attribute("nickName", json!({ "mutability": "readOnly" })),
        attribute(
            "name",
            json!({ "subAttributes": [
            attribute("givenName", json!({})), attribute("formatted", json!({ "mutability": "readOnly" })),
        ] })
        ),
        attribute(
            "emails",
            json!({ "multiValued": true, "subAttributes": [
            attribute("value", json!({})), attribute("primary", json!({})),
        ] })
        ),
    ]);
    let types = json!([user_type(json!({ "schemaExtensions": [{ "schema": badge }] }))]);
    let badges = schema(badge, json!([attribute("colour", json!({}))]));
    let schemas = json!({ "Resources": [schema(USER, attributes), badges] });
    let site = described(Value::Null, types, schemas);
    let us = site.connect(curious());

    let mut full = ada().with_email("ada@example.com").with_display_name("Ada");
    full.nick_name = Some("Countess".to_owned());
    full.title = Some("Dr".to_owned());
    let mut name = outbound_provisioning::model::Name::new("Ada", "Lovelace");
    name.formatted = Some("Ada Lovelace".to_owned());
    full.name = Some(name);
    let mut enterprise = EnterpriseUser::default();
    enterprise.department = Some("Engines".to_owned());
    full.enterprise = Some(enterprise);
    full = full.with_extension(badge, [("colour", json!("red")), ("size", json!("small"))]);
    assert_eq!(
        sent(&site, &us, full.clone()).await,
        json!({
            "schemas": [USER, badge],
            "externalId": "u-1",
            "userName": "ada",
            "displayName": "Ada",
            "active": true,
            "name": { "givenName": "Ada" },
            "emails": [{ "value": "ada@example.com", "primary": true }],
            badge: { "colour": "red" },
        })
    );
    // Nor in a change: and where nothing is left of it, nothing is sent.
    let mut after = full.clone();
    after.title = None;
    after.nick_name = None;
    update(&us, full, after).await.unwrap();
    assert!(lines(&site).is_empty());
}

async fn what_the_schema_needs_is_reported_before_anything_is_sent() {
    let attributes = json!([
        attribute("userName", json!({ "required": true })),
        attribute("title", json!({ "required": true })),
        attribute("emails", json!({ "required": "true", "multiValued": true })),
        attribute("id", json!({ "required": true })),
        attribute("groups", json!({ "required": true, "mutability": "readOnly" })),
    ]);
    let site =
        described(Value::Null, json!([user_type(json!({}))]), json!([schema(USER, attributes)]));
    let us = site.connect(curious());
    let error = create(&us, ada()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Rejected, Effect::Rejected));
    let message = error.message();
    assert!(message.contains("title") && message.contains("emails"), "{message}");
    assert!(!message.contains("userName") && !message.contains("groups"), "{message}");
    assert!(!lines(&site).iter().any(|line| line.starts_with("POST")), "nothing was sent");
    let mut titled = ada();
    titled.title = Some("Dr".to_owned());
    titled.emails = vec![MultiValue::new("work", "ada@example.com")];
    create(&us, titled).await.unwrap();
}

async fn what_a_needed_extension_needs_is_reported_too() {
    let attributes = json!([attribute("userName", json!({ "required": true }))]);
    let number = json!([
        attribute("employeeNumber", json!({ "required": true })),
        attribute("department", json!({})),
    ]);
    let schemas = json!([schema(USER, attributes), schema(ENTERPRISE_USER, number)]);
    let of = |required: Value| {
        let extension = json!([{ "schema": ENTERPRISE_USER, "required": required }]);
        let types = json!([user_type(json!({ "schemaExtensions": extension }))]);
        described(Value::Null, types, schemas.clone())
    };
    let error = create(&of(json!(true)).connect(curious()), ada()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Rejected, Effect::Rejected));
    assert!(error.message().contains("employeeNumber"), "{error}");
    assert!(!error.message().contains("department"), "{error}");
    // Who has nothing of an extension that is not needed is not asked for its attributes.
    for required in [json!(false), Value::Null] {
        create(&of(required).connect(curious()), ada()).await.unwrap();
    }
    let mut numbered = ada();
    let mut enterprise = EnterpriseUser::default();
    enterprise.employee_number = Some("7".to_owned());
    numbered.enterprise = Some(enterprise);
    create(&of(json!("true")).connect(curious()), numbered).await.unwrap();
}

// ---- 24: in any case --------------------------------------------------------------------------------------------

/// The same JSON with all its names changed.
fn renamed(value: &Value, change: fn(&str) -> String) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(name, value)| (change(name), renamed(value, change)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(values) => values.iter().map(|value| renamed(value, change)).collect(),
        other => other.clone(),
    }
}

async fn names_are_understood_in_any_case() {
    let config = json!({ "patch": { "supported": false }, "filter": { "supported": true, "maxResults": 9 } });
    let types = json!({ "totalResults": 2, "Resources": [
        user_type(json!({ "endpoint": "/users", "schema": USER.to_lowercase() })), group_type(),
    ] });
    let attributes = json!([
        attribute(
            "USERNAME",
            json!({ "mutability": "READWRITE", "type": "String", "required": true })
        ),
        attribute("externalid", json!({ "required": true })),
        attribute("Title", json!({ "mutability": "ReadOnly" })),
    ]);
    let schemas = json!({ "Resources": [schema(&USER.to_uppercase(), attributes)] });
    for change in [str::to_lowercase as fn(&str) -> String, str::to_uppercase, str::to_owned] {
        let site =
            described(renamed(&config, change), renamed(&types, change), renamed(&schemas, change));
        let us = site.connect(curious());
        let mut titled = ada();
        titled.title = Some("Dr".to_owned());
        assert!(sent(&site, &us, titled).await.get("title").is_none());
        rename(&us).await.unwrap();
        assert_eq!(lines(&site), ["GET /users/r-1", "PUT /users/r-1"]);
        us.read().await.unwrap();
        assert_eq!(lines(&site), ["GET /users?startIndex=1&count=9"]);
    }
    // Microsoft's own server spells its collections small.
    let target = with(&[Quirk::LowerCaseEndpoints]);
    let site = site_of(&target);
    create(&site.connect(curious()), ada()).await.unwrap();
    assert_eq!(lines(&site).last().unwrap(), "POST /users");
}
