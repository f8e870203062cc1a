//! What the SCIM 2.0 connector says on the wire, and what it makes of each answer: real sockets, requests counted.
//!
//! Every personal value and every credential in here contains `canary`, and each report is searched for it.
#![cfg(all(feature = "blocking", feature = "conformance", feature = "reqwest", feature = "scim2"))]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

mod support;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::slice;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use mockito::{Matcher, Mock, Server, ServerGuard};
use outbound_provisioning::conformance::Scim2Target;
use outbound_provisioning::delivery::{Next, ParkReason};
use outbound_provisioning::dispatch::Delivery;
use outbound_provisioning::host::{Observation, Observer};
use outbound_provisioning::model::{
    Configuration, Connection, ENTERPRISE_USER, EnterpriseUser, Event, Group, Member, MultiValue,
    Name, OrganizationConfiguration, Properties, Provisioner, User,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, NetworkPolicy, ReqwestClient,
    http_fn,
};
use outbound_provisioning::{
    ConnectorRegistry, Dispatcher, Effect, Error, ErrorKind, Outcome, Report,
};
use serde_json::{Value, json};
use support::loopback::Loopback;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const BADGE: &str = "urn:example:params:scim:badge";
const TOKEN: &str = "canary-t0ken";
const USERS: &str = "/scim/v2/Users";
const GROUPS: &str = "/scim/v2/Groups";
const ADA: &str = "/scim/v2/Users/r-u-1";
const CLUB: &str = "/scim/v2/Groups/r-g-1";
const BY_ID: &str = "/scim/v2/Users?filter=externalId%20eq%20%22u-1%22";
const BY_NAME: &str = "/scim/v2/Users?filter=userName%20eq%20%22canary-ada%22";
const LOGIN_PAGE: &str = "<!DOCTYPE html><title>Sign in, canary-ada</title>canary-t0ken";
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

// ------------------------------------------------------------------------------------------------
// A target on which every request must be expected

struct Target {
    server: ServerGuard,
    mocks: Vec<Mock>,
}

impl Target {
    async fn new() -> Self {
        let server = Server::new_async().await;
        let mut target = Self { server, mocks: Vec::new() };
        for method in METHODS {
            let mock = target.server.mock(method, Matcher::Any);
            target.keep(mock.with_status(500).expect(0)).await;
        }
        target
    }

    /// Expects one request with exactly this path and query, and answers it. To be kept.
    fn mock(&mut self, method: &str, path: &str, status: usize, body: &Value) -> Mock {
        let mock = self.server.mock(method, path).with_status(status).expect(1);
        match body {
            Value::Null => mock,
            Value::String(text) => mock.with_body(text),
            body => mock
                .with_header("content-type", "application/scim+json")
                .with_body(body.to_string()),
        }
    }

    async fn keep(&mut self, mock: Mock) {
        self.mocks.push(mock.create_async().await);
    }

    async fn on(&mut self, method: &str, path: &str, status: usize, body: &Value) {
        let mock = self.mock(method, path, status, body);
        self.keep(mock).await;
    }

    async fn no_content(&mut self, method: &str, path: &str) {
        self.on(method, path, 204, &Value::Null).await;
    }

    /// Expects this many creates, and answers each with `r-` and our own id as the target's.
    fn mock_creates(&mut self, path: &str, times: usize) -> Mock {
        self.mock("POST", path, 201, &Value::Null)
            .with_body_from_request(|request| {
                let body: Value = serde_json::from_slice(request.body().unwrap()).unwrap();
                let id = format!("r-{}", text(&body, "externalId"));
                json!({ "id": id }).to_string().into()
            })
            .expect(times)
    }

    async fn creates(&mut self, path: &str, times: usize) {
        let mock = self.mock_creates(path, times);
        self.keep(mock).await;
    }

    fn url(&self) -> String {
        format!("{}/scim/v2", self.server.url())
    }

    /// Everything that was expected came, and nothing else.
    async fn is_done(&self) {
        for mock in &self.mocks {
            mock.assert_async().await;
        }
    }

    /// Expects nothing any more, and takes anything.
    fn reset(&mut self) {
        self.server.reset();
        self.mocks.clear();
    }
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list(resources: &[Value]) -> Value {
    json!({ "schemas": [LIST], "totalResults": resources.len(), "Resources": resources })
}

fn account(id: &str, external_id: &str, name: &str) -> Value {
    json!({ "schemas": [USER], "id": id, "externalId": external_id, "userName": name, "active": true })
}

fn refusal(status: u16, scim_type: &str) -> Value {
    let detail = format!("canary-ada, {TOKEN}: ?filter=userName eq \"canary-ada\"");
    json!({
        "schemas": [ERROR], "status": status.to_string(), "scimType": scim_type, "detail": detail,
    })
}

fn patch(operations: &Value) -> Matcher {
    Matcher::Json(json!({ "schemas": [PATCH_OP], "Operations": operations }))
}

// ------------------------------------------------------------------------------------------------
// Us

/// What was asked of the connector, and how each request ended.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<Answered>>>);

/// An operation, and why it failed, if it did.
type Answered = (&'static str, Option<Error>);

impl Observer for Log {
    fn observe(&self, observation: &Observation<'_>) {
        assert_clean("an observation", &format!("{observation:?}"));
        if let Observation::Answered { operation, error, .. } = observation {
            self.0.lock().unwrap().push((operation, error.cloned()));
        }
    }
}

struct Us {
    dispatcher: Dispatcher,
    log: Log,
}

impl Us {
    fn with(client: impl HttpClient, properties: Properties) -> Self {
        let hr = Connection::new("HR").with_connector("scim2", properties);
        let acme = OrganizationConfiguration::new()
            .with_connection("hr", hr)
            .with_provisioner(Provisioner::new("hr", "scim2").blocking());
        let registry = ConnectorRegistry::new().with(Scim2Factory::new(client));
        let log = Log::default();
        let configuration = Configuration::new().with_organization("acme", acme);
        let dispatcher =
            Dispatcher::builder(configuration, registry).observer(log.clone()).build().unwrap();
        Self { dispatcher, log }
    }

    fn before(target: &Target) -> Self {
        Self::with(client(), bearer(&target.url()))
    }

    async fn report(&self, event: Event) -> Report {
        let report = self.dispatcher.dispatch(event.in_organization("acme")).await;
        let report = report.unwrap();
        assert_clean("a report", &format!("{report:?} {report:#?}"));
        for delivery in report.deliveries.iter().chain(&report.follow_ups) {
            assert_clean("an outcome", &delivery.outcome.to_string());
        }
        report
    }

    async fn tell(&self, event: Event) -> Outcome {
        let deliveries = self.report(event).await.deliveries;
        let [delivery] = <[Delivery; 1]>::try_from(deliveries).unwrap();
        delivery.outcome
    }

    /// The event is delivered, to the account with this id.
    async fn delivers(&self, event: Event, id: &str) {
        let what = format!("{event:?}");
        match self.tell(event).await {
            Outcome::Delivered { remote_id } => assert_eq!(remote_id.as_str(), id, "{what}"),
            other => panic!("{what}: {other}"),
        }
    }

    /// The event is delivered, to whichever account.
    async fn succeeds(&self, event: Event) {
        let what = format!("{event:?}");
        let outcome = self.tell(event).await;
        assert!(matches!(outcome, Outcome::Delivered { .. }), "{what}: {outcome}");
    }

    /// The event needs no request.
    async fn has_nothing_to_do(&self, event: Event) {
        let what = format!("{event:?}");
        assert_eq!(self.tell(event).await, Outcome::NotNeeded, "{what}");
    }

    async fn fails(&self, event: Event) -> (Error, Next) {
        let what = format!("{event:?}");
        match self.tell(event).await {
            Outcome::Failed { error, next } => (error, next),
            other => panic!("{what}: not a failure: {other}"),
        }
    }

    /// The event fails like this, and stays queued.
    async fn is_queued(&self, event: Event, kind: ErrorKind, effect: Effect) -> Error {
        let what = format!("{event:?}");
        let (error, next) = self.fails(event).await;
        assert_eq!(
            (error.kind(), error.effect(), next),
            (kind, effect, Next::Queued),
            "{what}: {error}"
        );
        error
    }

    /// The event meets a conflict and waits for a person.
    async fn is_parked(&self, event: Event, reason: ParkReason) {
        let (error, next) = self.fails(event).await;
        assert_eq!((error.kind(), next), (ErrorKind::Conflict, Next::Parked(reason)), "{error}");
    }

    /// The requests since the last time this was asked.
    fn operations(&self) -> Vec<&'static str> {
        self.answers().into_iter().map(|(name, _)| name).collect()
    }

    fn answers(&self) -> Vec<Answered> {
        std::mem::take(&mut *self.log.0.lock().unwrap())
    }
}

/// No attribute value, credential or query: P28, and the rule for messages.
fn assert_clean(what: &str, text: &str) {
    for secret in ["canary", "Canary", "filter=", "Bearer", "Basic"] {
        assert!(!text.contains(secret), "{what} shows `{secret}`: {text}");
    }
}

fn client() -> ReqwestClient {
    ReqwestClient::new(NetworkPolicy::new().allow_loopback()).unwrap()
}

fn settings(url: &str, authentication: &str) -> Properties {
    Properties::new()
        .with("base_url", url)
        .with("authentication", authentication)
        .with("profile_overrides", QUIET)
}

/// Exactly the requests that a call needs: nobody asks the target what it can do.
const QUIET: &str = r#"{"discovery": false, "adapt": false}"#;
const PUT: &str =
    r#"{"discovery": false, "adapt": false, "user_update": "put", "group_update": "put"}"#;

fn bearer(url: &str) -> Properties {
    settings(url, "bearer").with("token", TOKEN)
}

fn user(number: u8) -> User {
    User::new(format!("u-{number}"), format!("canary-{number}"))
}

fn ada() -> User {
    User::new("u-1", "canary-ada")
}

/// Somebody changed Ada.
fn changed() -> Event {
    Event::user_updated(ada().with_display_name("Canary"))
}

fn club(members: impl IntoIterator<Item = Member>) -> Group {
    let club = Group::new("g-1", "Canary Club");
    members.into_iter().fold(club, Group::with_member)
}

fn members(numbers: impl IntoIterator<Item = u8>) -> Vec<Member> {
    let ids = numbers.into_iter().map(|number| format!("u-{number}"));
    ids.map(Member::user).collect()
}

/// A user with something of every kind.
fn ada_in_full() -> User {
    let mut ada = ada()
        .with_display_name("Canary Ada")
        .with_email("work@canary.example")
        .with_extension(BADGE, [("colour", json!("canary yellow"))]);
    ada.name = Some(Name::new("Canary", "Byron"));
    ada.title = Some("Countess Canary".to_owned());
    let home = MultiValue::new("home", "home@canary.example");
    ada.emails.push(home);
    ada.phone_numbers = vec![MultiValue::new("mobile", "tel:canary-1")];
    let mut enterprise = EnterpriseUser::default();
    enterprise.department = Some("Canary Engines".to_owned());
    ada.enterprise = Some(enterprise);
    ada
}

// ------------------------------------------------------------------------------------------------
// How many requests, and which

#[tokio::test]
async fn a_user_costs_one_request_per_change_and_none_without() {
    let mut target = Target::new().await;
    target.creates(USERS, 1).await;
    target.no_content("PATCH", ADA).await;
    target.no_content("DELETE", ADA).await;
    let us = Us::before(&target);

    us.delivers(Event::user_created(ada()), "r-u-1").await;
    us.has_nothing_to_do(Event::user_created(ada())).await;
    us.has_nothing_to_do(Event::user_updated(ada())).await;
    us.delivers(changed(), "r-u-1").await;
    us.has_nothing_to_do(changed()).await;
    us.delivers(Event::user_deleted("u-1"), "r-u-1").await;
    let again = us.tell(Event::user_deleted("u-1")).await;
    assert!(matches!(again, Outcome::Skipped(_)), "{again}");

    target.is_done().await;
    assert_eq!(us.operations(), ["create", "update", "delete"]);
}

#[tokio::test]
async fn five_who_join_and_three_who_leave_cost_one_request() {
    let member = |id: &str| json!({ "value": id, "type": "User" });
    let mut target = Target::new().await;
    target.creates(USERS, 8).await;
    let create = target.mock_creates(GROUPS, 1);
    let create = create.match_body(Matcher::Json(json!({
        "schemas": [GROUP],
        "externalId": "g-1",
        "displayName": "Canary Club",
        "members": [member("r-u-1"), member("r-u-2"), member("r-u-3")],
    })));
    target.keep(create).await;
    let joined = ["r-u-4", "r-u-5", "r-u-6", "r-u-7", "r-u-8"].map(member);
    let change = target
        .mock("PATCH", CLUB, 204, &Value::Null)
        .match_header("content-type", "application/scim+json")
        .match_body(patch(&json!([
            { "op": "add", "path": "members", "value": joined },
            { "op": "remove", "path": "members[value eq \"r-u-1\"]" },
            { "op": "remove", "path": "members[value eq \"r-u-2\"]" },
            { "op": "remove", "path": "members[value eq \"r-u-3\"]" },
        ])));
    target.keep(change).await;

    let us = Us::before(&target);
    for number in 1..=8 {
        us.succeeds(Event::user_created(user(number))).await;
    }
    let created = Event::group_created(club(members(1..=3)));
    us.delivers(created, "r-g-1").await;
    let event = Event::members_changed("g-1", members(4..=8), members(1..=3));
    us.delivers(event.clone(), "r-g-1").await;
    us.has_nothing_to_do(event).await;
    target.is_done().await;
}

#[tokio::test]
async fn a_new_user_is_exactly_this_post() {
    let mut target = Target::new().await;
    let create = target.mock("POST", USERS, 201, &json!({ "id": "r-u-1" }));
    let create = create.match_body(Matcher::Json(json!({
        "schemas": [USER, ENTERPRISE_USER, BADGE],
        "externalId": "u-1",
        "userName": "canary-ada",
        "name": { "givenName": "Canary", "familyName": "Byron" },
        "displayName": "Canary Ada",
        "title": "Countess Canary",
        "active": true,
        "emails": [
            { "type": "work", "value": "work@canary.example", "primary": true },
            { "type": "home", "value": "home@canary.example" },
        ],
        "phoneNumbers": [{ "type": "mobile", "value": "tel:canary-1" }],
        ENTERPRISE_USER: { "department": "Canary Engines" },
        BADGE: { "colour": "canary yellow" },
    })));
    target.keep(create).await;
    let us = Us::before(&target);
    us.delivers(Event::user_created(ada_in_full()), "r-u-1").await;
    target.is_done().await;
}

#[tokio::test]
async fn a_change_is_exactly_the_difference() {
    let department = format!("{ENTERPRISE_USER}:department");
    let new_email = json!({ "type": "work", "value": "new@canary.example", "primary": true });
    let mut target = Target::new().await;
    target.creates(USERS, 1).await;
    let answer = json!({ "schemas": [USER], "id": "r-u-1" });
    let update = target
        .mock("PATCH", ADA, 200, &answer)
        .match_header("content-type", "application/scim+json")
        .match_body(patch(&json!([
            { "op": "replace", "path": "active", "value": false },
            { "op": "replace", "path": "displayName", "value": "Canary Lovelace" },
            { "op": "remove", "path": "emails[type eq \"work\"]" },
            { "op": "add", "path": "emails", "value": [new_email] },
            { "op": "replace", "path": "name.familyName", "value": "Canary" },
            { "op": "remove", "path": "title" },
            { "op": "replace", "path": format!("{BADGE}:colour"), "value": "canary red" },
            { "op": "replace", "path": department, "value": "Canary Wheels" },
        ])));
    target.keep(update).await;
    let us = Us::before(&target);
    us.succeeds(Event::user_created(ada_in_full())).await;

    let mut after = ada_in_full()
        .with_active(false)
        .with_display_name("Canary Lovelace")
        .with_extension(BADGE, [("colour", json!("canary red"))]);
    after.name = Some(Name::new("Canary", "Canary"));
    after.title = None;
    for email in after.emails.iter_mut().filter(|email| email.primary) {
        email.value = "new@canary.example".to_owned();
    }
    if let Some(enterprise) = &mut after.enterprise {
        enterprise.department = Some("Canary Wheels".to_owned());
    }
    us.delivers(Event::user_updated(after), "r-u-1").await;
    target.is_done().await;
}

#[tokio::test]
async fn where_put_is_chosen_what_others_added_survives() {
    let mut theirs = account("r-u-1", "u-1", "canary-ada");
    theirs["nickName"] = "Canary bird".into();
    let mut ours = theirs.clone();
    ours["displayName"] = "Canary".into();
    theirs["meta"] = json!({ "version": "W/\"1\"" });
    theirs["groups"] = json!([{ "value": "r-g-1" }]);

    let mut target = Target::new().await;
    target.creates(USERS, 1).await;
    target.on("GET", ADA, 200, &theirs).await;
    let put = target.mock("PUT", ADA, 200, &theirs);
    target.keep(put.match_body(Matcher::Json(ours))).await;
    let properties = bearer(&target.url()).with("profile_overrides", PUT);
    let us = Us::with(client(), properties);
    us.succeeds(Event::user_created(ada())).await;
    us.delivers(changed(), "r-u-1").await;
    target.is_done().await;
}

#[tokio::test]
async fn an_id_is_one_segment_of_the_path() {
    let id = "a b/c?d#e%ä";
    let mut target = Target::new().await;
    target.on("POST", USERS, 201, &json!({ "id": id })).await;
    let path = format!("{USERS}/a%20b%2Fc%3Fd%23e%25%C3%A4");
    target.no_content("DELETE", &path).await;
    let us = Us::before(&target);
    us.delivers(Event::user_created(ada()), id).await;
    us.delivers(Event::user_deleted("u-1"), id).await;
    target.is_done().await;
}

#[tokio::test]
async fn each_authentication_is_exactly_one_header() {
    const KEY: &str = "X-Api-Key";
    const US: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    // printf 'canary-us:canary:pä"ss' | base64
    const PAIR: &str = "Basic Y2FuYXJ5LXVzOmNhbmFyeTpww6Qic3M=";
    let basic =
        settings("", "basic").with("username", "canary-us").with("password", "canary:pä\"ss");
    let api_key = settings("", "api_key").with("api_key_header", KEY).with("api_key", "canary-key");
    for (properties, authorization, key) in [
        (settings("", "none"), None, None),
        (bearer(""), Some("Bearer canary-t0ken"), None),
        (basic, Some(PAIR), None),
        (api_key, None, Some("canary-key")),
    ] {
        let headers = move |request: &mockito::Request| {
            let is = |name: &str, expected: Option<&str>| {
                let values = request.header(name);
                let values = values.into_iter().map(|value| value.to_str().unwrap());
                values.eq(expected)
            };
            let has_body = request.method() != "DELETE";
            is("authorization", authorization)
                && is(KEY, key)
                && is("accept", Some("application/scim+json, application/json"))
                && is("user-agent", Some(US))
                && is("content-type", has_body.then_some("application/scim+json"))
                && is("accept-encoding", None)
                && is("cookie", None)
                && is("proxy-authorization", None)
                && is("referer", None)
        };
        let mut target = Target::new().await;
        for mock in [
            target.mock_creates(USERS, 1),
            target.mock("PATCH", ADA, 204, &Value::Null),
            target.mock("DELETE", ADA, 204, &Value::Null),
        ] {
            target.keep(mock.match_request(headers)).await;
        }
        let us = Us::with(client(), properties.with("base_url", target.url()));
        us.succeeds(Event::user_created(ada())).await;
        us.succeeds(changed()).await;
        us.succeeds(Event::user_deleted("u-1")).await;
        target.is_done().await;
    }
}

// ------------------------------------------------------------------------------------------------
// 409 (P8, F43 to F47)

/// A create that is refused with 409, and then these answers to the look-ups by id and by name.
async fn conflict(by_id: &[Value], by_name: Option<&[Value]>) -> Target {
    let mut target = Target::new().await;
    let taken = refusal(409, "uniqueness");
    target.on("POST", USERS, 409, &taken).await;
    target.on("GET", BY_ID, 200, &list(by_id)).await;
    if let Some(hits) = by_name {
        target.on("GET", BY_NAME, 200, &list(hits)).await;
    }
    target
}

#[tokio::test]
async fn f43_a_conflict_with_our_own_account_links_it_and_brings_it_up_to_date() {
    let mut own = account("r-7", "u-1", "CANARY-ada");
    own["active"] = false.into();
    let mut target = conflict(&[own], None).await;
    let update = target.mock("PATCH", "/scim/v2/Users/r-7", 204, &Value::Null);
    let update = update.match_body(patch(&json!([
        // F44: a deactivated account that is ours is switched on again.
        { "op": "replace", "path": "active", "value": true },
        { "op": "replace", "path": "displayName", "value": "Canary" },
        { "op": "replace", "path": "userName", "value": "canary-ada" },
    ])));
    target.keep(update).await;
    let us = Us::before(&target);
    let created = Event::user_created(ada().with_display_name("Canary"));
    us.delivers(created, "r-7").await;
    assert_eq!(us.operations(), ["create", "find", "update"]);
    target.is_done().await;
}

#[tokio::test]
async fn a_conflict_with_our_own_account_that_is_right_already_writes_nothing() {
    let target = conflict(&[account("r-7", "u-1", "canary-ada")], None).await;
    let us = Us::before(&target);
    us.delivers(Event::user_created(ada()), "r-7").await;
    target.is_done().await;
}

#[tokio::test]
async fn f107_a_name_that_belongs_to_somebody_else_is_left_alone() {
    let foreign = account("r-7", "u-9", "Canary-Ada");
    let unmarked = json!({ "schemas": [USER], "id": "r-7", "userName": "Canary-Ada" });
    for (hit, is_marked) in [(foreign, true), (unmarked, false)] {
        let mut target = conflict(&[], Some(slice::from_ref(&hit))).await;
        if !is_marked {
            // Some lists leave our id out: the account itself is asked.
            target.on("GET", "/scim/v2/Users/r-7", 200, &hit).await;
        }
        let us = Us::before(&target);
        us.is_parked(Event::user_created(ada()), ParkReason::NameTaken).await;
        target.is_done().await;
    }
}

#[tokio::test]
async fn f45_a_target_that_ignores_the_filter_gets_nobody_adopted() {
    let everybody = |name: &str| {
        vec![
            json!({ "schemas": [USER], "id": "r-1", "userName": "canary-root" }),
            account("r-2", "u-2", "canary-bob"),
            account("r-3", "u-10", name),
        ]
    };
    // Nobody there has our name.
    let all = everybody("canary-eve");
    let target = conflict(&all, None).await;
    let us = Us::before(&target);
    us.is_queued(Event::user_created(ada()), ErrorKind::Conflict, Effect::Rejected).await;
    target.is_done().await;

    // Somebody has, as the first look-up shows.
    let target = conflict(&everybody("canary-ada"), None).await;
    let us = Us::before(&target);
    us.is_parked(Event::user_created(ada()), ParkReason::NameTaken).await;
    target.is_done().await;

    // Ours is among them.
    let mut all = everybody("canary-eve");
    all.push(account("r-4", "u-1", "canary-ada"));
    let target = conflict(&all, None).await;
    let us = Us::before(&target);
    us.delivers(Event::user_created(ada()), "r-4").await;
    target.is_done().await;
}

#[tokio::test]
async fn f47_two_accounts_with_our_id_are_both_left_alone() {
    let twins = [account("r-7", "u-1", "canary-ada"), account("r-8", "u-1", "canary-ada2")];
    let target = conflict(&twins, None).await;
    let us = Us::before(&target);
    us.is_parked(Event::user_created(ada()), ParkReason::DuplicateRemote).await;
    target.is_done().await;
}

#[tokio::test]
async fn a_target_that_refuses_the_filter_by_id_is_asked_by_name() {
    let mut target = Target::new().await;
    let own = account("r-7", "u-1", "canary-ada");
    let (taken, refused) = (refusal(409, "uniqueness"), refusal(400, "invalidFilter"));
    target.on("POST", USERS, 409, &taken).await;
    target.on("GET", BY_ID, 400, &refused).await;
    target.on("GET", BY_NAME, 200, &list(&[own])).await;
    let us = Us::before(&target);
    us.delivers(Event::user_created(ada()), "r-7").await;
    target.is_done().await;
}

#[tokio::test]
async fn f72_a_hostile_name_stays_one_literal_of_the_filter() {
    let name = r#"canary" or userName pr or userName eq "\"#;
    let filter = r#"userName eq "canary\" or userName pr or userName eq \"\\""#;
    let mut target = conflict(&[], None).await;
    let by_name = target.mock("GET", USERS, 200, &list(&[]));
    let filter = Matcher::UrlEncoded("filter".to_owned(), filter.to_owned());
    target.keep(by_name.match_query(filter)).await;
    let us = Us::before(&target);
    let created = Event::user_created(User::new("u-1", name));
    us.is_queued(created, ErrorKind::Conflict, Effect::Rejected).await;
    target.is_done().await;
}

#[tokio::test]
async fn a_group_is_looked_up_without_its_members() {
    let own = json!({
        "schemas": [GROUP], "id": "r-7", "externalId": "g-1", "displayName": "Canary Club",
    });
    let query = "filter=externalId%20eq%20%22g-1%22&excludedAttributes=members";
    let mut target = Target::new().await;
    let taken = refusal(409, "uniqueness");
    target.on("POST", GROUPS, 409, &taken).await;
    let path = format!("{GROUPS}?{query}");
    target.on("GET", &path, 200, &list(&[own])).await;
    let us = Us::before(&target);
    us.delivers(Event::group_created(club([])), "r-7").await;
    target.is_done().await;
}

// ------------------------------------------------------------------------------------------------
// Answers that cannot be believed (P9)

fn answer(status: u16, body: &str) -> Response<Vec<u8>> {
    let answer = Response::builder().status(status);
    answer.body(body.as_bytes().to_vec()).unwrap()
}

/// To a create.
const UNBELIEVABLE: [(u16, &str); 11] = [
    (201, r#"{"userName":"canary-ada"}"#),
    (201, r#"{"id":""}"#),
    (201, r#"{"id":null}"#),
    (201, ""),
    (201, LOGIN_PAGE),
    (201, r#"{"id":"r-u-1","userNa"#),
    (200, LOGIN_PAGE),
    (202, r#"{"id":"r-u-1"}"#),
    (204, ""),
    (500, LOGIN_PAGE),
    (500, ""),
];

/// The methods of the requests that a target was sent.
fn requests(target: &Scim2Target) -> Vec<String> {
    let requests = target.requests();
    requests.iter().map(|request| request.method.to_string()).collect()
}

/// A target whose first answer is exchanged for this one, whether or not it acts.
async fn garbled((status, body): (u16, &str), acts: bool) -> (Scim2Target, Loopback, Us) {
    let target = Scim2Target::new().with_bearer_token(TOKEN);
    let (behind, first) = (target.clone(), Mutex::new(Some(answer(status, body))));
    let serve = move |request: &Request<Vec<u8>>| match first.lock().unwrap().take() {
        Some(instead) if acts => {
            behind.answer(request);
            instead
        }
        Some(instead) => {
            behind.answer_next_with(instead);
            behind.answer(request)
        }
        None => behind.answer(request),
    };
    let server = Loopback::serve(serve).await.unwrap();
    let us = Us::with(client(), bearer(&server.url("/scim/v2")));
    (target, server, us)
}

async fn is_in_doubt(us: &Us, event: Event, what: (u16, &str)) {
    let (error, next) = us.fails(event).await;
    assert_eq!((error.effect(), next), (Effect::Unknown, Next::Queued), "{what:?}: {error}");
}

#[tokio::test]
async fn f41_a_doubtful_answer_to_a_create_that_happened_makes_no_second_account() {
    for what in UNBELIEVABLE {
        let (target, _server, us) = garbled(what, true).await;
        is_in_doubt(&us, Event::user_created(ada()), what).await;
        // The look-up belongs to the next attempt.
        assert_eq!(requests(&target), ["POST"], "{what:?}");
        us.succeeds(changed()).await;
        assert_eq!(requests(&target), ["POST", "GET", "PATCH"], "{what:?}");
        let users = target.users();
        assert_eq!(users.len(), 1, "{what:?}");
        assert_eq!(text(&users[0], "displayName"), "Canary", "{what:?}");
    }
}

#[tokio::test]
async fn f41_a_doubtful_answer_to_a_create_that_did_not_happen_is_looked_up_first() {
    for what in UNBELIEVABLE {
        let (target, _server, us) = garbled(what, false).await;
        is_in_doubt(&us, Event::user_created(ada()), what).await;
        // The same event again, as from a host that repeats itself.
        us.succeeds(Event::user_created(ada())).await;
        let sent = requests(&target);
        assert_eq!(sent, ["POST", "GET", "GET", "POST"], "by id, by name, then");
        assert_eq!(target.users().len(), 1, "{what:?}");
    }
}

#[tokio::test]
async fn p11_a_delete_after_a_doubtful_create_deletes_what_it_finds() {
    for what in UNBELIEVABLE {
        let (target, _server, us) = garbled(what, true).await;
        is_in_doubt(&us, Event::user_created(ada()), what).await;
        us.succeeds(Event::user_deleted("u-1")).await;
        assert_eq!(requests(&target), ["POST", "GET", "DELETE"], "{what:?}");
        assert!(target.users().is_empty(), "{what:?}");
    }
}

/// A linked user whose next request, of this method, is answered with this.
async fn linked(method: &str, status: usize, body: &str) -> (Target, Us) {
    let mut target = Target::new().await;
    target.creates(USERS, 1).await;
    target.on(method, ADA, status, &body.into()).await;
    let us = Us::before(&target);
    us.succeeds(Event::user_created(ada())).await;
    us.answers();
    (target, us)
}

#[tokio::test]
async fn f42_a_login_page_in_answer_to_a_change_is_no_success() {
    for (status, body) in [(200, LOGIN_PAGE), (202, ""), (200, "[]"), (201, "")] {
        let (mut target, us) = linked("PATCH", status, body).await;
        us.is_queued(changed(), ErrorKind::InvalidResponse, Effect::Unknown).await;
        // Nobody knows whether it was taken: the same change is sent again, once.
        target.no_content("PATCH", ADA).await;
        us.delivers(changed(), "r-u-1").await;
        us.has_nothing_to_do(changed()).await;
        target.is_done().await;
    }
}

#[tokio::test]
async fn f42_a_login_page_in_answer_to_a_delete_is_no_success() {
    for (status, body) in [(200, LOGIN_PAGE), (202, "")] {
        let (mut target, us) = linked("DELETE", status, body).await;
        let deleted = Event::user_deleted("u-1");
        us.is_queued(deleted.clone(), ErrorKind::InvalidResponse, Effect::Unknown).await;
        target.no_content("DELETE", ADA).await;
        us.delivers(deleted, "r-u-1").await;
        target.is_done().await;
    }
}

/// P9: "2xx with HTML, wrong schema, missing id on create: Unknown". A gateway's JSON is not the
/// target's word.
const JSON_OF_SOMEBODY_ELSE: [&str; 2] = [
    r#"{"error":"session expired"}"#,
    r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"500"}"#,
];

#[tokio::test]
async fn json_of_somebody_else_in_answer_to_a_change_is_no_success() {
    for body in JSON_OF_SOMEBODY_ELSE {
        let (target, us) = linked("PATCH", 200, body).await;
        us.is_queued(changed(), ErrorKind::InvalidResponse, Effect::Unknown).await;
        target.is_done().await;
    }
}

#[tokio::test]
async fn json_of_somebody_else_in_answer_to_a_delete_is_no_success() {
    for body in JSON_OF_SOMEBODY_ELSE {
        let (target, us) = linked("DELETE", 200, body).await;
        let deleted = Event::user_deleted("u-1");
        us.is_queued(deleted, ErrorKind::InvalidResponse, Effect::Unknown).await;
        target.is_done().await;
    }
}

// ------------------------------------------------------------------------------------------------
// Answers that never come (C5, C6, F31 to F33)

/// What happens to a request that is never answered.
#[derive(Clone, Copy, Debug)]
enum Mute {
    Acts,
    DoesNothing,
}
use Mute::{Acts, DoesNothing};

/// Requests that are not answered: the first of the first method, then the first of the second, …
type Script = Mutex<VecDeque<(Method, Mute)>>;

/// The script's next line, if it is about this method.
fn next_of(script: &Script, method: &Method) -> Option<Mute> {
    let mut script = script.lock().unwrap();
    let is_next = script.front().is_some_and(|(next, _)| next == method);
    let line = if is_next { script.pop_front() } else { None };
    line.map(|(_, mute)| mute)
}

/// A SCIM target that leaves requests without an answer, for ever.
struct MuteTarget {
    url: String,
    /// Told when such a request was dealt with.
    dealt_with: Arc<Notify>,
    _server: JoinSet<()>,
}

impl MuteTarget {
    async fn serve(target: &Scim2Target, script: &[(Method, Mute)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/scim/v2", listener.local_addr().unwrap());
        let script: Arc<Script> = Arc::new(Mutex::new(VecDeque::from(script.to_vec())));
        let dealt_with = Arc::new(Notify::new());
        let (target, told) = (target.clone(), Arc::clone(&dealt_with));
        let answer = move |request: Request<Incoming>| {
            let (target, script) = (target.clone(), Arc::clone(&script));
            let told = Arc::clone(&told);
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes().to_vec();
                let request = Request::from_parts(head, body);
                if let Some(mute) = next_of(&script, request.method()) {
                    if let Acts = mute {
                        target.answer(&request);
                    }
                    told.notify_one();
                    pending::<()>().await;
                }
                let answer = target.answer(&request);
                Ok::<_, Infallible>(answer.map(|body| Full::new(Bytes::from(body))))
            }
        };
        let mut server = JoinSet::new();
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let service = service_fn(answer.clone());
                connections.spawn(async move {
                    let http = hyper::server::conn::http1::Builder::new();
                    // A client that goes away is no concern of the server's.
                    let _ = http.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { url, dealt_with, _server: server }
    }
}

/// Waits 200 ms for the answers that will not come, and patiently for all others.
#[derive(Debug)]
struct Impatient {
    impatient: ReqwestClient,
    patient: ReqwestClient,
    script: Script,
}

impl Impatient {
    fn with(script: &[(Method, Mute)]) -> Self {
        let short = Duration::from_millis(200);
        let policy = NetworkPolicy::new().allow_loopback().with_timeouts(short, short);
        Self {
            impatient: ReqwestClient::new(policy).unwrap(),
            patient: client(),
            script: Mutex::new(VecDeque::from(script.to_vec())),
        }
    }
}

#[async_trait]
impl HttpClient for Impatient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        match next_of(&self.script, request.method()) {
            Some(_) => self.impatient.send(request).await,
            None => self.patient.send(request).await,
        }
    }

    fn policy(&self) -> &NetworkPolicy {
        self.patient.policy()
    }
}

async fn muted(script: &[(Method, Mute)]) -> (Scim2Target, MuteTarget, Us) {
    let target = Scim2Target::new().with_bearer_token(TOKEN);
    let server = MuteTarget::serve(&target, script).await;
    let us = Us::with(Impatient::with(script), bearer(&server.url));
    (target, server, us)
}

async fn times_out(server: &MuteTarget, us: &Us, event: Event) {
    us.is_queued(event, ErrorKind::Timeout, Effect::Unknown).await;
    server.dealt_with.notified().await;
}

#[tokio::test]
async fn c6_a_create_that_timed_out_and_happened_is_found_and_linked() {
    let (target, server, us) = muted(&[(Method::POST, Acts)]).await;
    times_out(&server, &us, Event::user_created(ada())).await;
    us.succeeds(changed()).await;
    assert_eq!(requests(&target), ["POST", "GET", "PATCH"]);
    assert_eq!(target.users().len(), 1);
}

#[tokio::test]
async fn c5_a_create_that_timed_out_and_did_not_happen_is_looked_up_and_repeated() {
    // The look-up of the second attempt goes unanswered as well.
    let script = [(Method::POST, DoesNothing), (Method::GET, DoesNothing)];
    let (target, server, us) = muted(&script).await;
    for operation in ["create", "find"] {
        times_out(&server, &us, Event::user_created(ada())).await;
        assert_eq!(us.operations(), [operation]);
    }
    us.succeeds(Event::user_created(ada())).await;
    assert_eq!(requests(&target), ["GET", "GET", "POST"]);
    assert_eq!(target.users().len(), 1);
}

#[tokio::test]
async fn f33_a_change_that_timed_out_is_sent_again_even_when_it_was_taken_back() {
    for mute in [Acts, DoesNothing] {
        let (target, server, us) = muted(&[(Method::PATCH, mute)]).await;
        us.succeeds(Event::user_created(ada())).await;
        times_out(&server, &us, changed()).await;
        us.succeeds(Event::user_updated(ada())).await;
        assert!(target.users()[0].get("displayName").is_none(), "{mute:?}");
        us.has_nothing_to_do(Event::user_updated(ada())).await;
    }
}

#[tokio::test]
async fn f33_a_change_of_members_that_timed_out_is_repeated() {
    for mute in [Acts, DoesNothing] {
        let (target, server, us) = muted(&[(Method::PATCH, mute)]).await;
        us.succeeds(Event::user_created(user(1))).await;
        us.succeeds(Event::user_created(user(2))).await;
        us.succeeds(Event::group_created(club(members([1])))).await;
        let swap = Event::members_changed("g-1", members([2]), members([1]));
        times_out(&server, &us, swap.clone()).await;
        // Nothing new, and yet what is in doubt is settled.
        us.succeeds(Event::group_updated(club([]))).await;
        us.has_nothing_to_do(swap).await;
        let (users, groups) = (target.users(), target.groups());
        let members = groups[0]["members"].as_array().unwrap();
        assert_eq!(members.len(), 1, "{mute:?}");
        assert_eq!(members[0]["value"], users[1]["id"], "{mute:?}");
    }
}

#[tokio::test]
async fn f33_a_delete_that_timed_out_is_repeated_until_the_account_is_gone() {
    for mute in [Acts, DoesNothing] {
        let (target, server, us) = muted(&[(Method::DELETE, mute)]).await;
        us.succeeds(Event::user_created(ada())).await;
        times_out(&server, &us, Event::user_deleted("u-1")).await;
        let outcome = us.tell(Event::user_deleted("u-1")).await;
        assert!(outcome.is_done(), "{mute:?}: {outcome}");
        assert!(target.users().is_empty(), "{mute:?}");
    }
}

#[tokio::test]
async fn f33_who_comes_back_after_a_delete_that_timed_out_has_one_account() {
    for mute in [Acts, DoesNothing] {
        let (target, server, us) = muted(&[(Method::DELETE, mute)]).await;
        us.succeeds(Event::user_created(ada())).await;
        times_out(&server, &us, Event::user_deleted("u-1")).await;
        let back = ada().with_display_name("Canary");
        us.succeeds(Event::user_created(back)).await;
        let users = target.users();
        assert_eq!(users.len(), 1, "{mute:?}");
        assert_eq!(users[0]["displayName"], "Canary", "{mute:?}");
    }
}

#[tokio::test]
async fn f31_a_listener_that_never_answers_is_in_doubt_and_one_that_is_not_there_is_not() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // The system accepts the connection; nobody reads from it.
    let client = Impatient::with(&[(Method::POST, DoesNothing)]);
    let us = Us::with(client, bearer(&url));
    let created = Event::user_created(ada());
    us.is_queued(created.clone(), ErrorKind::Timeout, Effect::Unknown).await;

    drop(listener);
    let us = Us::with(self::client(), bearer(&url));
    for event in [created, changed()] {
        us.is_queued(event, ErrorKind::Unavailable, Effect::NotSent).await;
        // Not in doubt, so that nothing has to be looked up.
        assert_eq!(us.operations(), ["create"]);
    }
}

#[tokio::test]
async fn what_http_reports_below_a_status_is_judged_by_whether_a_byte_left() {
    use ErrorKind as Kind;
    use HttpErrorKind as Http;
    for (cause, kind, effect, then) in [
        (Http::Connect, Kind::Unavailable, Effect::NotSent, "create"),
        (Http::Refused, Kind::Configuration, Effect::NotSent, "create"),
        (Http::Tls, Kind::Configuration, Effect::NotSent, "create"),
        (Http::Encoded, Kind::InvalidResponse, Effect::Unknown, "find"),
        (Http::Interrupted, Kind::Unavailable, Effect::Unknown, "find"),
        (Http::Timeout, Kind::Timeout, Effect::Unknown, "find"),
        (Http::TooLarge, Kind::InvalidResponse, Effect::Unknown, "find"),
    ] {
        let client = http_fn(move |_| Err(HttpError::new(cause)));
        let us = Us::with(client, bearer("http://127.0.0.1/scim/v2"));
        for operation in ["create", then] {
            let event = Event::user_created(ada());
            us.is_queued(event, kind, effect).await;
            assert_eq!(us.operations(), [operation], "{cause:?}");
        }
    }
}

// ------------------------------------------------------------------------------------------------
// The error table (P9)

/// The shape of a refusal's body.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Body {
    Scim,
    Empty,
    Html,
}
use Body::{Empty, Html, Scim};

/// What becomes of the event.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Queued,
    Parked(ParkReason),
    Unsupported,
    /// The target is in the wanted state.
    Done,
    /// Looked up, and created anew.
    Anew,
}
use Fate::{Anew, Done, Parked, Queued, Unsupported};

/// Of a create, an update and a delete.
type Fates = [Fate; 3];

/// Status and body; what they mean; what becomes of the event.
const TABLE: [(u16, Body, ErrorKind, Effect, Fates); 37] = {
    use Effect::{Rejected, Unknown};
    use ErrorKind as Kind;
    const WAIT: Fates = [Queued; 3];
    const NO: Fates = [Unsupported; 3];
    const GONE: Fates = [Queued, Anew, Done];
    const TAKEN: Fates = [Queued; 3];
    [
        (302, Html, Kind::InvalidResponse, Rejected, WAIT),
        (307, Empty, Kind::InvalidResponse, Rejected, WAIT),
        (308, Empty, Kind::InvalidResponse, Rejected, WAIT),
        (400, Scim, Kind::Rejected, Rejected, WAIT),
        (400, Empty, Kind::Rejected, Rejected, WAIT),
        (400, Html, Kind::InvalidResponse, Rejected, WAIT),
        (401, Scim, Kind::Unauthenticated, Rejected, WAIT),
        (401, Empty, Kind::Unauthenticated, Rejected, WAIT),
        (401, Html, Kind::Unauthenticated, Rejected, WAIT),
        (403, Scim, Kind::PermissionDenied, Rejected, WAIT),
        (403, Html, Kind::PermissionDenied, Rejected, WAIT),
        (404, Scim, Kind::NotFound, Rejected, GONE),
        (404, Html, Kind::InvalidResponse, Rejected, WAIT),
        (405, Scim, Kind::Unsupported, Rejected, NO),
        (405, Empty, Kind::Unsupported, Rejected, NO),
        (407, Html, Kind::InvalidResponse, Rejected, WAIT),
        (408, Scim, Kind::Timeout, Unknown, WAIT),
        (408, Html, Kind::Timeout, Unknown, WAIT),
        (409, Scim, Kind::Conflict, Rejected, TAKEN),
        (409, Empty, Kind::Conflict, Rejected, TAKEN),
        (410, Scim, Kind::NotFound, Rejected, GONE),
        (410, Html, Kind::InvalidResponse, Rejected, WAIT),
        (413, Scim, Kind::TooLarge, Rejected, WAIT),
        (413, Html, Kind::TooLarge, Rejected, WAIT),
        (415, Scim, Kind::Rejected, Rejected, WAIT),
        (418, Scim, Kind::Rejected, Rejected, WAIT),
        (422, Scim, Kind::Rejected, Rejected, WAIT),
        (429, Scim, Kind::RateLimited, Rejected, WAIT),
        (429, Html, Kind::RateLimited, Rejected, WAIT),
        (500, Scim, Kind::Unavailable, Unknown, WAIT),
        (500, Html, Kind::Unavailable, Unknown, WAIT),
        (501, Scim, Kind::Unsupported, Rejected, NO),
        (501, Empty, Kind::Unsupported, Rejected, NO),
        (502, Html, Kind::Unavailable, Unknown, WAIT),
        (503, Scim, Kind::Unavailable, Unknown, WAIT),
        (504, Html, Kind::Unavailable, Unknown, WAIT),
        (507, Scim, Kind::Unavailable, Unknown, WAIT),
    ]
};

#[tokio::test]
async fn what_each_refusal_means() {
    let elsewhere = Target::new().await;
    for (status, shape, kind, effect, [create, update, delete]) in TABLE {
        let created = Event::user_created(ada());
        let deleted = Event::user_deleted("u-1");
        for (operation, method, event, expected) in [
            ("create", "POST", created.clone(), create),
            ("update", "PATCH", changed(), update),
            ("delete", "DELETE", deleted, delete),
        ] {
            let row = format!("{operation}: {status} {shape:?}");
            let mut target = Target::new().await;
            let is_new = operation == "create";
            if !is_new {
                target.creates(USERS, 1).await;
            }
            // Not the target's own word: it is looked up, and believed when nobody is found (P9).
            let unproven =
                operation == "delete" && matches!(status, 404 | 410) && !matches!(shape, Scim);
            if unproven {
                target.on("GET", BY_ID, 200, &list(&[])).await;
                target.on("GET", BY_NAME, 200, &list(&[])).await;
            }
            let (kind, effect, expected) = match unproven {
                true => (ErrorKind::NotFound, Effect::Unknown, Done),
                false => (kind, effect, expected),
            };
            let body = match shape {
                Scim => refusal(status, "invalidValue"),
                Empty => Value::Null,
                Html => LOGIN_PAGE.into(),
            };
            let path = if is_new { USERS } else { ADA };
            let refused = target.mock(method, path, status.into(), &body);
            // Followed, this would reach another host.
            let refused = refused.with_header("location", &elsewhere.url());
            target.keep(refused).await;
            // Who has the name is asked before it counts as somebody else's; the update changes no name.
            let is_taken = kind == ErrorKind::Conflict && is_new;
            if expected == Anew || is_taken {
                target.on("GET", BY_ID, 200, &list(&[])).await;
                target.on("GET", BY_NAME, 200, &list(&[])).await;
            }
            if expected == Anew {
                let anew = json!({ "id": "r-anew" });
                target.on("POST", USERS, 201, &anew).await;
            }
            let us = Us::before(&target);
            if !is_new {
                us.succeeds(created.clone()).await;
                us.answers();
            }

            let outcome = us.tell(event).await;
            let fate = match &outcome {
                Outcome::Delivered { remote_id } if remote_id.as_str() == "r-anew" => Anew,
                Outcome::Delivered { .. } => Done,
                Outcome::Unsupported => Unsupported,
                Outcome::Failed { next, .. } => match next {
                    Next::Queued => Queued,
                    Next::Parked(reason) => Parked(*reason),
                },
                other => panic!("{row}: {other}"),
            };
            assert_eq!(fate, expected, "{row}: {outcome}");
            let answers = us.answers();
            let (asked, error) = answers.first().unwrap();
            let error = error.as_ref().unwrap();
            assert_eq!(*asked, operation, "{row}");
            assert_eq!((error.kind(), error.effect()), (kind, effect), "{row}");
            let status = status.to_string();
            assert!(error.message().contains(&status), "{row}: {error}");
            target.is_done().await;
        }
    }
    elsewhere.is_done().await;
}

#[tokio::test]
async fn f51_how_long_a_target_asks_us_to_wait() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    for (status, header, expected) in [
        (429, "7", seconds(7)),
        (429, " 7 ", seconds(7)),
        (429, "0", seconds(0)),
        (429, "99999999", seconds(3600)),
        (429, "soon", None),
        (429, "-7", None),
        (429, "7.5", None),
        (429, "", None),
        (503, "7", seconds(7)),
    ] {
        let mut target = Target::new().await;
        let slow_down = target.mock("POST", USERS, status, &refusal(429, ""));
        let slow_down = slow_down.with_header("retry-after", header);
        target.keep(slow_down).await;
        let us = Us::before(&target);
        let (error, next) = us.fails(Event::user_created(ada())).await;
        assert_eq!(error.retry_after(), expected, "{status} {header:?}");
        assert_eq!(next, Next::Queued);
    }
}

#[tokio::test]
async fn f84_a_redirect_names_the_remedy() {
    let (target, us) = linked("PATCH", 307, "").await;
    let error = us.is_queued(changed(), ErrorKind::InvalidResponse, Effect::Rejected).await;
    let message = error.message();
    assert!(message.contains("redirect"), "{error}");
    assert!(message.contains("correct the base URL"), "{error}");
    target.is_done().await;
}

#[tokio::test]
async fn f59_an_account_that_the_target_deleted_is_created_anew_in_full() {
    let titled = || {
        let mut ada = ada();
        ada.title = Some("Canary".to_owned());
        ada
    };
    let mut target = Target::new().await;
    target.creates(USERS, 1).await;
    target.on("PATCH", ADA, 404, &refusal(404, "")).await;
    target.on("GET", BY_ID, 200, &list(&[])).await;
    target.on("GET", BY_NAME, 200, &list(&[])).await;
    let anew = target.mock("POST", USERS, 201, &json!({ "id": "r-2" }));
    let anew = anew.match_body(Matcher::PartialJson(json!({
        "externalId": "u-1", "userName": "canary-ada", "displayName": "Canary", "title": "Canary",
    })));
    target.keep(anew).await;
    target.no_content("DELETE", "/scim/v2/Users/r-2").await;

    let us = Us::before(&target);
    us.delivers(Event::user_created(titled()), "r-u-1").await;
    let changed = titled().with_display_name("Canary");
    us.delivers(Event::user_updated(changed), "r-2").await;
    us.delivers(Event::user_deleted("u-1"), "r-2").await;
    target.is_done().await;
}

#[tokio::test]
async fn f48_an_account_that_changed_its_id_is_linked_again() {
    let moved = account("r-2", "u-1", "canary-ada");
    let mut target = Target::new().await;
    target.creates(USERS, 1).await;
    target.on("PATCH", ADA, 404, &refusal(404, "")).await;
    target.on("GET", BY_ID, 200, &list(&[moved])).await;
    target.no_content("PATCH", "/scim/v2/Users/r-2").await;
    let us = Us::before(&target);
    us.succeeds(Event::user_created(ada())).await;
    us.delivers(changed(), "r-2").await;
    target.is_done().await;
}

// ------------------------------------------------------------------------------------------------
// A wrong base URL (F54): every path is 404, in the words of whoever answers there

const NO_ROUTE: &str = r#"{"message":"no route"}"#;

/// A linked user, and then every request is answered like this.
async fn wrong_address(body: &str) -> (Target, Us) {
    let mut target = Target::new().await;
    target.creates(USERS, 1).await;
    let us = Us::before(&target);
    us.succeeds(Event::user_created(ada())).await;
    us.answers();
    target.reset();
    for method in METHODS {
        let all = target.server.mock(method, Matcher::Any).with_status(404);
        all.with_body(body).create_async().await;
    }
    (target, us)
}

#[tokio::test]
async fn f54_a_wrong_address_turns_no_update_into_a_create() {
    for body in [LOGIN_PAGE, "", "not found", NO_ROUTE] {
        let (mut target, us) = wrong_address(body).await;
        let (error, next) = us.fails(changed()).await;
        assert_eq!(next, Next::Queued, "{body:?}");
        assert_eq!(error.effect(), Effect::Rejected, "{body:?}");

        // The address is mended. The account is still known, or found; nothing is created.
        target.reset();
        let own = list(&[account("r-u-1", "u-1", "canary-ada")]);
        let look_up = target.mock("GET", BY_ID, 200, &own);
        let _perhaps = look_up.create_async().await;
        target.no_content("PATCH", ADA).await;
        us.delivers(changed(), "r-u-1").await;
        assert!(!us.operations().contains(&"create"), "{body:?}");
        target.is_done().await;
    }
}

#[tokio::test]
async fn f54_a_wrong_address_deletes_nothing() {
    for body in [LOGIN_PAGE, "not found", NO_ROUTE] {
        let (mut target, us) = wrong_address(body).await;
        let (error, next) = us.fails(Event::user_deleted("u-1")).await;
        assert_eq!(next, Next::Queued, "{body:?}");
        assert_eq!(error.effect(), Effect::Rejected, "{body:?}");

        target.reset();
        target.no_content("DELETE", ADA).await;
        us.delivers(Event::user_deleted("u-1"), "r-u-1").await;
        target.is_done().await;
    }
}

/// P9: a 404 whose body is not a SCIM error is "not already gone until a look-up that answers with
/// a valid list confirms it". Nothing at all is not a SCIM error, and is what many servers say of a
/// wrong path.
#[tokio::test]
async fn f54_a_wrong_address_that_says_nothing_deletes_nothing() {
    let (_target, us) = wrong_address("").await;
    let outcome = us.tell(Event::user_deleted("u-1")).await;
    assert!(!outcome.is_done(), "an empty 404: {outcome}");
}

/// P14: wrong-schema answers are the connection's fault and "do not use up the items' attempts".
#[tokio::test]
async fn f54_a_wrong_address_parks_nothing() {
    let mut target = Target::new().await;
    let group = target.mock("POST", GROUPS, 404, &LOGIN_PAGE.into());
    target.keep(group.expect(5)).await;
    target.creates(USERS, 4).await;
    let us = Us::before(&target);
    let created = Event::group_created(club(members(1..=4)));
    us.is_queued(created, ErrorKind::InvalidResponse, Effect::Rejected).await;
    // Each member that comes is a reason to try the group again.
    for number in 1..=4 {
        let report = us.report(Event::user_created(user(number))).await;
        let [follow_up] = <[Delivery; 1]>::try_from(report.follow_ups).unwrap();
        match follow_up.outcome {
            Outcome::Failed { error, next } => {
                assert_eq!(error.kind(), ErrorKind::InvalidResponse);
                assert_eq!(next, Next::Queued, "after member {number}");
            }
            other => panic!("{other}"),
        }
    }
    target.is_done().await;
}
