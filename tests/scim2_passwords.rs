//! Passwords at SCIM targets (RFC 7643 section 4.1.1): by every way a user is written, in every dialect, and in nothing
//! that is said or remembered.
#![cfg(feature = "full")]
#![expect(
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

use std::error::Error as _;
use std::sync::Arc;

use http::Response;
use outbound_provisioning::conformance::{self, Quirk, RecordedRequest, Scim2Target};
use outbound_provisioning::connector::{
    Attempt, BuildContext, Connector, ConnectorFactory, Remote, Update,
};
use outbound_provisioning::host::NoSecrets;
use outbound_provisioning::model::{
    AttributePath, Configuration, Difference, Event, EventId, Fact, Group, Properties, RemoteId,
    Resource, Secret, Target, User,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::scim2::profile::vendors;
use outbound_provisioning::seal::SealingKeys;
use outbound_provisioning::transport::HttpClient;
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Error, ErrorKind, Outcome, Result};
use serde_json::{Value, json};

const FIRST: &str = r#"krypt-"first\ü"#;
const SECOND: &str = "krypt-second";

fn properties(overrides: Value) -> Properties {
    Properties::new()
        .with("base_url", "http://127.0.0.1/scim/v2")
        .with("authentication", "none")
        .with("profile_overrides", overrides.to_string())
}

fn connector_of(client: impl HttpClient, properties: Properties) -> Arc<dyn Connector> {
    let target = Target::new("hr", "scim2");
    let context =
        BuildContext::new("acme".into(), target, 1, properties, Arc::new(NoSecrets::new()));
    Scim2Factory::new(client).build(&context).unwrap()
}

fn connector(target: &Scim2Target, overrides: Value) -> Arc<dyn Connector> {
    connector_of(target.clone(), properties(overrides))
}

fn with(password: &str) -> Attempt {
    let attempt = Attempt::new("acme".into(), EventId::new(1), Target::new("hr", "scim2"), 1);
    attempt.with_password(Some(Secret::new(password)))
}

fn ada() -> Resource {
    User::new("u-42", "ada").with_display_name("Ada").into()
}

fn renamed() -> Resource {
    User::new("u-42", "ada").with_display_name("Ada L.").into()
}

async fn created(connector: &dyn Connector) -> RemoteId {
    connector.create(&ada(), &with(FIRST)).await.unwrap().id
}

async fn updated(
    connector: &dyn Connector,
    id: &RemoteId,
    wanted: &Resource,
    password: &str,
) -> Result<Remote> {
    let difference = Difference::between(&ada(), wanted);
    connector.update(id, &Update::new(wanted, &difference), &with(password)).await
}

/// The requests that write, once the target was asked what it can do.
fn writes(target: &Scim2Target) -> Vec<RecordedRequest> {
    let requests = target.requests().into_iter();
    requests.filter(|request| request.method != http::Method::GET).collect()
}

#[track_caller]
fn has(target: &Scim2Target, password: &str) {
    assert_eq!(target.password_of("u-1").as_ref().map(Secret::expose), Some(password));
}

/// All that is in an error, the target's own words too.
fn everything(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(&format!(" {source} {source:?}"));
        next = source.source();
    }
    text
}

// ---- by every way a user is written -------------------------------------------------------------

#[tokio::test]
async fn a_new_user_comes_with_a_password() {
    for overrides in [
        json!({}),
        // Written attribute by attribute.
        json!({ "user_forbidden": ["photos"] }),
        json!({ "user_required": ["password"] }),
        json!({ "discovery": false }),
    ] {
        let target = Scim2Target::new();
        let connector = connector(&target, overrides);
        assert!(connector.capabilities().passwords);
        created(&connector).await;
        has(&target, FIRST);
        let [create] = &writes(&target)[..] else { unreachable!("one request") };
        assert_eq!(create.body.as_ref().unwrap()["password"], FIRST);
    }
}

#[tokio::test]
async fn who_needs_a_password_and_has_none_is_not_sent() {
    let target = Scim2Target::new();
    let connector = connector(&target, json!({ "user_required": ["password"] }));
    let attempt = with("").with_password(None);
    let error = connector.create(&ada(), &attempt).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(error.to_string().contains("no user without password"), "{error}");
    assert!(writes(&target).is_empty());
}

#[tokio::test]
async fn a_password_alone_is_one_request_in_each_dialect() {
    for (overrides, body) in [
        (
            json!({ "user_update": "patch" }),
            json!([{ "op": "replace", "path": "password", "value": SECOND }]),
        ),
        (
            json!({ "user_update": "patch", "patch_style": "path_less_object", "patch_op_case": "pascal" }),
            json!([{ "op": "Replace", "value": { "password": SECOND } }]),
        ),
    ] {
        let target = Scim2Target::new();
        let connector = connector(&target, overrides);
        let id = created(&connector).await;
        target.forget_requests();
        let remote = updated(&connector, &id, &ada(), SECOND).await.unwrap();
        assert!(remote.fixed.is_empty());
        let [only] = &target.requests()[..] else { unreachable!("exactly one request") };
        assert_eq!((&*only.method.to_string(), only.status), ("PATCH", 204));
        assert_eq!(only.body.as_ref().unwrap()["Operations"], body);
        has(&target, SECOND);
    }
}

#[tokio::test]
async fn a_password_goes_along_with_a_change() {
    for overrides in [
        json!({ "user_update": "patch" }),
        json!({ "user_update": "patch", "patch_style": "path_less_object" }),
        json!({ "user_update": "put" }),
        json!({ "user_update": "patch_active_only" }),
        json!({ "etag": true }),
    ] {
        let target = Scim2Target::new();
        let connector = connector(&target, overrides.clone());
        let id = created(&connector).await;
        target.forget_requests();
        updated(&connector, &id, &renamed(), SECOND).await.unwrap();
        assert_eq!(writes(&target).len(), 1, "{overrides}");
        has(&target, SECOND);
        assert_eq!(target.users()[0]["displayName"], "Ada L.");
        // And alone.
        updated(&connector, &id, &ada(), FIRST).await.unwrap();
        has(&target, FIRST);
        assert_eq!(target.users()[0]["displayName"], "Ada L.", "what is not changed stays");
    }
}

#[tokio::test]
async fn without_a_password_nothing_is_said_of_one() {
    for method in ["patch", "put"] {
        let target = Scim2Target::new();
        let connector = connector(&target, json!({ "user_update": method }));
        let none = with("").with_password(None);
        let id = connector.create(&ada(), &none).await.unwrap().id;
        let difference = Difference::between(&ada(), &renamed());
        connector.update(&id, &Update::new(&renamed(), &difference), &none).await.unwrap();
        let nothing = Difference::default();
        target.forget_requests();
        connector.update(&id, &Update::new(&renamed(), &nothing), &none).await.unwrap();
        assert!(target.requests().is_empty());
        assert_eq!(target.password_of("u-1"), None);
        assert!(!format!("{:?}", target.users()).contains("password"));
    }
}

#[tokio::test]
async fn a_group_has_none() {
    let target = Scim2Target::new();
    let connector = connector(&target, json!({}));
    let staff = Resource::from(Group::new("g-1", "Staff"));
    let id = connector.create(&staff, &with(FIRST)).await.unwrap().id;
    let nothing = Difference::default();
    connector.update(&id, &Update::new(&staff, &nothing), &with(FIRST)).await.unwrap();
    let bodies: Vec<_> = target.requests().into_iter().map(|request| request.body).collect();
    assert!(!format!("{bodies:?}").contains("krypt"));
}

// ---- in other words -----------------------------------------------------------------------------

#[tokio::test]
async fn another_dialect_carries_it_too() {
    for quirks in [
        vec![Quirk::PathlessOnly],
        vec![Quirk::PathlessTakesOneAttribute],
        vec![Quirk::CapitalOpsOnly],
        vec![Quirk::NoPatch(405), Quirk::NoDiscovery],
        vec![Quirk::NoPatch(501), Quirk::NoDiscovery],
        vec![Quirk::NoPut(405)],
        vec![Quirk::IfMatchRequired],
        vec![Quirk::PlainJsonOnly],
        vec![Quirk::PatchShowsResource],
        vec![Quirk::Refuses("photos"), Quirk::NoDiscovery],
        vec![Quirk::CreatedWithoutBody],
        vec![Quirk::NumericIds],
        vec![Quirk::Requires("password")],
    ] {
        let target =
            quirks.iter().fold(Scim2Target::new(), |target, quirk| target.with_quirk(*quirk));
        let connector = connector(&target, json!({}));
        let mut user = User::new("u-42", "ada").with_display_name("Ada");
        user.photos
            .push(serde_json::from_value(json!({ "value": "https://a.example/a.png" })).unwrap());
        let ada = Resource::from(user.clone());
        let id = connector.create(&ada, &with(FIRST)).await.unwrap().id;
        let is = |password: &str| {
            let known = target.password_of(id.as_str());
            assert_eq!(known.as_ref().map(Secret::expose), Some(password), "{quirks:?}");
        };
        is(FIRST);
        let nothing = Difference::default();
        connector.update(&id, &Update::new(&ada, &nothing), &with(SECOND)).await.unwrap();
        is(SECOND);
        let after = Resource::from(user.with_display_name("Ada L."));
        let difference = Difference::between(&ada, &after);
        connector
            .update(&id, &Update::new(&after, &difference), &with("krypt-third"))
            .await
            .unwrap();
        is("krypt-third");
        let learnt = format!("{:?}", connector.learnt().iter().map(full).collect::<Vec<_>>());
        assert!(!learnt.contains("krypt"), "{quirks:?}: {learnt}");
        assert!(!format!("{connector:?}").contains("krypt"));
    }
}

fn full(fact: &Fact) -> String {
    format!("{} {} {:?}", fact.name, fact.value, fact)
}

/// It refuses a password, not that there is one: nothing is learnt of it.
#[tokio::test]
async fn a_password_that_is_too_weak_is_the_persons_affair() {
    for (status, kind) in [(400, "invalidValue"), (400, "mutability"), (422, "invalidValue")] {
        for method in ["patch", "put", "put_and_patch"] {
            let target = Scim2Target::new();
            let connector = connector(&target, json!({ "user_update": method }));
            let id = created(&connector).await;
            for _ in 0..4 {
                for _ in 0..20 {
                    target.answer_next_with(refusal(
                        status,
                        kind,
                        "The password is read-only, or too weak",
                    ));
                }
                let error = updated(&connector, &id, &ada(), SECOND).await.unwrap_err();
                assert!(!everything(&error).contains("krypt"));
                drain(&target);
            }
            assert!(connector.capabilities().passwords);
            updated(&connector, &id, &ada(), "krypt-strong").await.unwrap();
            has(&target, "krypt-strong");
        }
    }
}

fn refusal(status: u16, kind: &str, detail: &str) -> Response<Vec<u8>> {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "scimType": kind, "detail": detail, "status": status.to_string(),
    });
    response(status, &body.to_string())
}

fn response(status: u16, body: &str) -> Response<Vec<u8>> {
    let response =
        Response::builder().status(status).header("Content-Type", "application/scim+json");
    response.body(body.as_bytes().to_vec()).unwrap()
}

/// Uses up what is still scripted.
fn drain(target: &Scim2Target) {
    let ask = http::Request::get("/scim/v2/nothing").body(Vec::new()).unwrap();
    for _ in 0..20 {
        target.answer(&ask);
    }
}

// ---- what targets say they can do ---------------------------------------------------------------

#[tokio::test]
async fn a_target_that_changes_no_passwords_is_given_one_at_creation_only() {
    let config =
        json!({ "patch": { "supported": true }, "changePassword": { "supported": "false" } });
    for (overrides, document) in [
        (json!({ "password_changes": false, "discovery": false }), None),
        (json!({ "user_immutable": ["Password"] }), None),
        (json!({}), Some(config)),
    ] {
        let target = Scim2Target::new();
        if let Some(document) = document {
            target.answer_next_with(response(200, &document.to_string()));
        }
        let connector = connector(&target, overrides.clone());
        let id = created(&connector).await;
        assert!(connector.capabilities().passwords);
        has(&target, FIRST);
        target.forget_requests();
        let remote = updated(&connector, &id, &ada(), SECOND).await.unwrap();
        assert_eq!(remote.fixed, [AttributePath::new("password")], "it says what was not done");
        assert!(target.requests().is_empty(), "{overrides}");
        let remote = updated(&connector, &id, &renamed(), SECOND).await.unwrap();
        assert_eq!(remote.fixed, [AttributePath::new("password")]);
        assert_eq!(target.users()[0]["displayName"], "Ada L.");
        has(&target, FIRST);
    }
}

#[tokio::test]
async fn a_target_that_has_no_passwords_is_given_none() {
    for overrides in [json!({ "passwords": false }), json!({ "user_forbidden": ["password"] })] {
        let target = Scim2Target::new();
        let connector = connector(&target, overrides);
        assert!(!connector.capabilities().passwords);
        created(&connector).await;
        assert_eq!(target.password_of("u-1"), None);
    }
    // By its own schema, which is known once it was asked.
    let target = Scim2Target::new().with_quirk(Quirk::Refuses("password"));
    let connector = connector(&target, json!({}));
    created(&connector).await;
    assert!(!connector.capabilities().passwords);
    assert_eq!(target.password_of("u-1"), None);
    // An administrator knows better.
    let target = Scim2Target::new().with_quirk(Quirk::Refuses("photos"));
    let connector =
        self::connector(&target, json!({ "passwords": true, "password_changes": true }));
    created(&connector).await;
    has(&target, FIRST);
}

#[test]
fn the_vendors_that_refuse_passwords_are_given_none() {
    for vendor in vendors() {
        let settings = properties(json!({})).with("profile", vendor.name.as_str());
        let can = connector_of(Scim2Target::new(), settings).capabilities();
        assert_eq!(can.passwords, vendor.name != "aws", "{}", vendor.name);
    }
}

/// What stands for a password in an answer is not written back.
#[tokio::test]
async fn what_is_shown_in_place_of_a_password_is_not_written_back() {
    let target = Scim2Target::new();
    let connector = connector(&target, json!({ "user_update": "put" }));
    let id = created(&connector).await;
    let mut shown = target.users()[0].clone();
    shown["Password"] = "********".into();
    for (password, expected) in [(None, FIRST), (Some(SECOND), SECOND)] {
        target.answer_next_with(response(200, &shown.to_string()));
        let attempt = with("").with_password(password.map(Secret::new));
        let difference = Difference::between(&ada(), &renamed());
        connector.update(&id, &Update::new(&renamed(), &difference), &attempt).await.unwrap();
        has(&target, expected);
    }
}

// ---- never seen ---------------------------------------------------------------------------------

#[tokio::test]
async fn p28_a_target_that_quotes_it_is_masked() {
    let quoted = [
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400",
            "scimType": "invalidValue", "detail": format!("the password {FIRST} and {SECOND} are too weak") })
        .to_string(),
        json!({ "error": { "message": FIRST, "password": SECOND } }).to_string(),
        json!({ "errors": [{ "detail": SECOND }, { "detail": FIRST }] }).to_string(),
        format!("<html>{FIRST} {SECOND}</html>"),
        SECOND.to_owned(),
        r#"{"detail":"\u006brypt-second \u006brypt-\"first\\\u00fc"}"#.to_owned(),
    ];
    for status in [400, 401, 403, 409, 412, 413, 415, 422, 428, 500, 503] {
        for body in &quoted {
            for method in ["patch", "put", "put_and_patch"] {
                let target = Scim2Target::new();
                let connector = connector(&target, json!({ "user_update": method }));
                connector.check().await.unwrap();
                for _ in 0..20 {
                    target.answer_next_with(response(status, body));
                }
                for password in [FIRST, SECOND] {
                    let error = connector.create(&ada(), &with(password)).await.unwrap_err();
                    assert!(!everything(&error).contains(password), "{status} {body}");
                }
                drain(&target);
                let id = created(&connector).await;
                // Refused at once, and, where it is a PUT, once the user was read.
                for reads in 0..2 {
                    for password in [FIRST, SECOND] {
                        if reads == 1 {
                            let shown = target.users()[0].to_string();
                            target.answer_next_with(response(200, &shown));
                        }
                        for _ in 0..20 {
                            target.answer_next_with(response(status, body));
                        }
                        let answer = updated(&connector, &id, &renamed(), password).await;
                        if let Err(error) = &answer {
                            assert!(!everything(error).contains(password), "{status} {body}");
                        }
                        drain(&target);
                    }
                }
                let facts: Vec<String> = connector.learnt().iter().map(full).collect();
                assert!(!format!("{facts:?} {connector:?}").contains("krypt"), "{facts:?}");
            }
        }
    }
}

/// What a target shows of a user after it was given a password is kept and compared: without it.
#[tokio::test]
async fn p28_a_target_that_shows_it_is_not_believed() {
    let target = Scim2Target::new();
    let connector = connector(&target, json!({ "user_update": "patch" }));
    connector.check().await.unwrap();
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "u-1", "externalId": "u-42",
        "userName": "ada", "displayName": "Ada", "password": SECOND,
    });
    target.answer_next_with(response(201, &body.to_string()));
    let remote = connector.create(&ada(), &with(SECOND)).await.unwrap();
    assert!(!json!(remote.resource.as_deref()).to_string().contains("krypt"));
    target.answer_next_with(response(200, &body.to_string()));
    let remote = updated(&connector, &remote.id, &ada(), SECOND).await.unwrap();
    assert!(!json!(remote.resource.as_deref()).to_string().contains("krypt"));
    let list = json!({ "totalResults": 1, "Resources": [body] });
    target.answer_next_with(response(200, &list.to_string()));
    let id = "u-42".into();
    let lookup = outbound_provisioning::connector::Lookup::new(
        outbound_provisioning::model::ResourceKind::User,
        &id,
        "ada",
    );
    let found = connector.find(&lookup, &with(SECOND)).await.unwrap();
    assert_eq!(found.len(), 1);
    assert!(!json!(found[0].resource.as_deref()).to_string().contains("krypt"));
}

#[tokio::test]
async fn every_way_conforms() {
    for overrides in [
        json!({ "user_update": "patch", "patch_style": "path_less_object" }),
        json!({ "user_update": "put_and_patch", "user_forbidden": ["photos"] }),
        json!({ "password_changes": false }),
        json!({ "passwords": false }),
    ] {
        let suite = conformance::connector(&connector(&Scim2Target::new(), overrides)).await;
        assert!(suite.is_passed(), "{suite}");
    }
}

// ---- from the host to the target ----------------------------------------------------------------

fn dispatcher(target: &Scim2Target, policy: &str, overrides: Value) -> Dispatcher {
    let document = json!({ "organizations": { "acme": {
        "connections": { "hr": { "connectors": { "scim2": {
            "base_url": "http://127.0.0.1/scim/v2", "authentication": "none",
            "profile_overrides": overrides.to_string(),
            "passwords": { "policy": policy },
        } } } },
        "provisioners": [{ "connection": "hr", "connector": "scim2", "blocking": true }],
    } } });
    let configuration = Configuration::from_json(&document.to_string()).unwrap();
    let registry = ConnectorRegistry::new().with(Scim2Factory::new(target.clone()));
    let key: [u8; 32] = std::array::from_fn(|place| u8::try_from(place).unwrap());
    let keys = SealingKeys::new("2026", key).unwrap();
    Dispatcher::builder(configuration, registry).sealing(keys).build().unwrap()
}

async fn told(dispatcher: &Dispatcher, event: Event) -> Outcome {
    let report = dispatcher.dispatch(event.in_organization("acme")).await.unwrap();
    assert!(!format!("{report:?}").contains("krypt"));
    report.at("hr", "scim2").unwrap().clone()
}

#[tokio::test]
async fn a_password_reaches_the_target_and_each_later_one() {
    let target = Scim2Target::new();
    let host = dispatcher(&target, "sync", json!({}));
    let ada = User::new("u-42", "ada");
    let event = Event::user_created(ada.clone()).with_password(FIRST.into());
    assert!(told(&host, event).await.is_done());
    has(&target, FIRST);
    target.forget_requests();
    assert!(told(&host, Event::password_changed("u-42", SECOND.into())).await.is_done());
    has(&target, SECOND);
    assert_eq!(target.requests().len(), 1);
    assert_eq!(told(&host, Event::user_updated(ada)).await, Outcome::NotNeeded);
    assert_eq!(target.requests().len(), 1, "what is unchanged costs nothing");
}

#[tokio::test]
async fn a_target_that_wants_a_password_of_everybody_is_given_one_that_nobody_knows() {
    let target = Scim2Target::new().with_quirk(Quirk::Requires("password"));
    let host = dispatcher(&target, "never", json!({}));
    let refused = told(&host, Event::user_created(User::new("u-42", "ada"))).await;
    assert!(matches!(refused, Outcome::Failed { .. }), "{refused}");
    let host = dispatcher(&target, "initial_random", json!({}));
    assert!(told(&host, Event::user_created(User::new("u-42", "ada"))).await.is_done());
    assert_eq!(target.password_of("u-1").unwrap().expose().chars().count(), 24);
}

#[tokio::test]
async fn what_a_target_does_not_take_is_unsupported_and_never_a_success() {
    for (overrides, first) in
        [(json!({ "passwords": false }), false), (json!({ "password_changes": false }), true)]
    {
        let target = Scim2Target::new();
        let host = dispatcher(&target, "sync", overrides);
        let ada = User::new("u-42", "ada");
        let event = Event::user_created(ada.clone()).with_password(FIRST.into());
        assert_eq!(told(&host, event).await.is_done(), first);
        let alone = told(&host, Event::password_changed("u-42", SECOND.into())).await;
        assert_eq!(alone, Outcome::Unsupported);
        let renamed = Event::user_updated(ada.with_display_name("Ada"));
        let along = told(&host, renamed.with_password(SECOND.into())).await;
        assert_eq!(along, Outcome::Unsupported);
        assert_eq!(target.users()[0]["displayName"], "Ada", "the rest is done");
        assert_eq!(target.password_of("u-1").is_some(), first);
    }
    // Its own schema says so, which is known only once it was asked.
    let target = Scim2Target::new().with_quirk(Quirk::Refuses("password"));
    let host = dispatcher(&target, "sync", json!({}));
    let event = Event::user_created(User::new("u-42", "ada")).with_password(FIRST.into());
    assert_eq!(told(&host, event).await, Outcome::Unsupported);
    assert_eq!(target.users().len(), 1);
}
