//! Whatever is wrong with a setting, an event or an answer: a typed error with place and remedy, nothing lost, and the
//! next good event works.
#![cfg(all(
    feature = "blocking",
    feature = "conformance",
    feature = "reqwest",
    feature = "scim2",
    feature = "tokio"
))]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/hostile_ids.rs"]
mod hostile_ids;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hostile_ids::IDS;
use http::{HeaderName, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use outbound_provisioning::conformance::Scim2Target;
use outbound_provisioning::delivery::Next;
use outbound_provisioning::host::{
    LocalSecrets, Observation, Observer, SecretSource, SharedConfiguration, TokioRuntime,
};
use outbound_provisioning::model::{
    ApplicationConfiguration, Configuration, Connection, Event, Extensions, Group, MAX_EVENT_BYTES,
    Member, OrganizationConfiguration, Properties, Provisioner, SecretReference, User,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::{NetworkPolicy, ReqwestClient};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Effect, Error, ErrorKind, Outcome};
use serde_json::{Value, json};
use support::loopback::Loopback;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const TOKEN: &str = "t0ken";
const REMOTE: &str = "https://hr.example.com/scim/v2";
const SETTINGS: &str = "organizations.acme.connections.hr.connectors.scim2";

fn registry() -> ConnectorRegistry {
    let policy = NetworkPolicy::new().allow_loopback();
    ConnectorRegistry::new().with(Scim2Factory::new(ReqwestClient::new(policy).unwrap()))
}

/// Exactly the requests that a call needs: nobody asks the target what it can do.
const QUIET: &str = r#"{"discovery": false, "adapt": false}"#;

fn bearer(url: &str) -> Properties {
    Properties::new()
        .with("base_url", url)
        .with("authentication", "bearer")
        .with("token", TOKEN)
        .with("profile_overrides", QUIET)
}

fn organization(connector: &str, properties: Properties) -> OrganizationConfiguration {
    let connection = Connection::new("HR").with_connector(connector, properties);
    OrganizationConfiguration::new()
        .with_connection("hr", connection)
        .with_provisioner(Provisioner::new("hr", connector).blocking())
}

fn acme(organization: OrganizationConfiguration) -> Configuration {
    Configuration::new().with_organization("acme", organization)
}

fn dispatcher(properties: Properties) -> Dispatcher {
    Dispatcher::builder(acme(organization("scim2", properties)), registry()).build().unwrap()
}

fn ada() -> User {
    User::new("u-1", "ada")
}

async fn tell(dispatcher: &Dispatcher, event: Event) -> Outcome {
    let report = dispatcher.dispatch(event.in_organization("acme")).await;
    report.unwrap().at("hr", "scim2").unwrap().clone()
}

fn failure(outcome: Outcome) -> (Error, Next) {
    match outcome {
        Outcome::Failed { error, next } => (error, next),
        other => panic!("not a failure: {other}"),
    }
}

/// A target of the library's own, and where it listens.
async fn target() -> (Scim2Target, Loopback) {
    let target = Scim2Target::new().with_bearer_token(TOKEN);
    let server = target.clone();
    let server = Loopback::serve(move |request| server.answer(request)).await;
    (target, server.unwrap())
}

// ---------------------------------------------------------------------------------------------------------------------
// Settings

/// What it starts from; how it differs (`name=value`, or `-name`); the setting that is refused; what is said of it.
const BAD_SETTINGS: &str = r#"
bearer  | -base_url                             | base_url       | missing; give an absolute URL
bearer  | -authentication                       | authentication | missing; give one of none, basic, bearer, api_key, oauth2
bearer  | -token                                | token          | missing; this authentication needs it
basic   | -username                             | username       | missing; this authentication needs it
basic   | -password                             | password       | missing; this authentication needs it
api_key | -api_key                              | api_key        | missing; this authentication needs it
api_key | -api_key_header                       | api_key_header | missing or no header name; give one, for example X-Api-Key
bearer  | token=                                | token          | give a secret, or a reference such as env:NAME or file:PATH
bearer  | tokn=s3cret                           | tokn           | unknown key; did you mean `token`?
bearer  | colour=s3cret                         | colour         | unknown key; known here: base_url, profile, profile_overrides
bearer  | authentication=s3cret                 | authentication | not understood; give one of none, basic, bearer, api_key, oauth2
bearer  | profile=s3cret                        | profile        | not understood; give one of aws, entra, github_emu, okta, slack, wso2
bearer  | profile_overrides=s3cret              | profile_overrides | not a JSON object; write it as
bearer  | profile_overrides={"user_update":"s3cret"} | profile_overrides.user_update | not understood; give one of `put_and_patch`, `patch`, `put`, `patch_active_only`, `none`
bearer  | profile_overrides={"user_updates":"s3cret"} | profile_overrides.user_updates | unknown key; did you mean `user_update`?
bearer  | profile_overrides={"users_path":"Users?x="} | profile_overrides.users_path | not understood; give a path below the base URL
bearer  | profile_overrides={"groups_path":"../s3cret"} | profile_overrides.groups_path | not understood; give a path below the base URL
bearer  | profile_overrides={"config_path":"//s3cret.example"} | profile_overrides.config_path | not understood; give a path below the base URL
bearer  | profile_overrides={"accept":"s3cret\r\nX:1"} | profile_overrides.accept | not understood; give media types
bearer  | profile_overrides={"accept":"\u202es3cret"} | profile_overrides.accept | not understood; give media types
bearer  | profile_overrides={"user_filters":["\u202es3cret"]} | profile_overrides.user_filters | not understood; give text on one line, read from left to right
bearer  | profile_overrides={"max_count":0}     | profile_overrides.max_count | not understood; give 1 or more
bearer  | query=a=s3cret#b                      | query          | no query; write it as name=value&name=value
bearer  | authentication=none -token            | authentication | a target on another machine needs authentication; give basic, bearer, api_key or oauth2, or a client certificate
bearer  | password=s3cret                       | password       | belongs to another authentication; remove it or change the authentication
bearer  | username=s3cret                       | username       | belongs to another authentication; remove it
bearer  | api_key_header=X-Key api_key=s3cret   | api_key        | belongs to another authentication; remove it
bearer  | api_key_header=X-Key api_key=s3cret   | api_key_header | belongs to another authentication; remove it
basic   | token=s3cret                          | token          | belongs to another authentication; remove it
api_key | token=s3cret                          | token          | belongs to another authentication; remove it
bearer  | authentication=none                   | token          | belongs to another authentication; remove it
basic   | username=s3:cret                      | username       | a colon cannot be part of it
bearer  | base_url=http://s3cret.example/scim   | base_url       | not encrypted; use https
bearer  | base_url=https://us:s3cret@a.example/ | base_url       | user name or password in the address; use the authentication settings
bearer  | base_url=https://s3cret@a.example/    | base_url       | user name or password in the address; use the authentication settings
bearer  | base_url=https://a.example/?k=s3cret  | base_url       | a query or fragment in the address; leave it out
bearer  | base_url=https://a.example/scim?      | base_url       | a query or fragment in the address; leave it out
bearer  | base_url=https://a.example/#s3cret    | base_url       | a query or fragment in the address; leave it out
bearer  | base_url=s3cret.example/scim          | base_url       | not an absolute URL; write it with https:// in front
bearer  | base_url=ftp://s3cret.example/scim    | base_url       | not an HTTP address; use https
api_key | api_key_header=Host                   | api_key_header | a meaning of its own; give another, for example X-Api-Key
api_key | api_key_header=authorization          | api_key_header | a meaning of its own; give another, for example X-Api-Key
api_key | api_key_header=Content-Length         | api_key_header | a meaning of its own; give another, for example X-Api-Key
api_key | api_key_header=transfer-encoding      | api_key_header | a meaning of its own; give another, for example X-Api-Key
api_key | api_key_header=Connection             | api_key_header | a meaning of its own; give another, for example X-Api-Key
api_key | api_key_header=Cookie                 | api_key_header | a meaning of its own; give another, for example X-Api-Key
api_key | api_key_header=X-s3cret:              | api_key_header | no header name; give one, for example X-Api-Key
api_key | api_key_header=Schlüssel              | api_key_header | no header name; give one, for example X-Api-Key
api_key | api_key_header=                       | api_key_header | no header name; give one, for example X-Api-Key
"#;

/// Settings that are good.
fn good(authentication: &str) -> BTreeMap<&str, String> {
    let own: &[(&str, &str)] = match authentication {
        "basic" => &[("username", "us"), ("password", "s3cret")],
        "bearer" => &[("token", "s3cret")],
        _ => &[("api_key_header", "X-Api-Key"), ("api_key", "s3cret")],
    };
    let all = [("base_url", REMOTE), ("authentication", authentication)];
    all.iter().chain(own).map(|(name, value)| (*name, (*value).to_owned())).collect()
}

struct Case {
    what: String,
    configuration: OrganizationConfiguration,
    /// Where it is wrong.
    path: String,
    /// What is said about it.
    words: &'static str,
}

fn case(settings: BTreeMap<&str, String>, refused: &str, words: &'static str) -> Case {
    let properties = Properties::new();
    let properties = settings.iter().fold(properties, |all, (name, value)| all.with(*name, value));
    Case {
        what: format!("{settings:?}"),
        configuration: organization("scim2", properties),
        path: format!("{SETTINGS}.{refused}"),
        words,
    }
}

fn bad_settings() -> Vec<Case> {
    let mut cases = vec![Case {
        what: "unknown connector".to_owned(),
        configuration: organization("scim3", bearer(REMOTE)),
        path: "organizations.acme.connections.hr.connectors.scim3".to_owned(),
        words: "no such connector registered; did you mean `scim2`?",
    }];
    for line in BAD_SETTINGS.lines().filter(|line| !line.is_empty()) {
        let row: Vec<_> = line.split('|').map(str::trim).collect();
        let [start, changes, refused, words] = <[&str; 4]>::try_from(row).unwrap();
        let mut settings = good(start);
        for change in changes.split(' ') {
            match (change.strip_prefix('-'), change.split_once('=')) {
                (Some(name), _) => drop(settings.remove(name)),
                (None, Some((name, value))) => drop(settings.insert(name, value.to_owned())),
                (None, None) => panic!("{line}"),
            }
        }
        cases.push(case(settings, refused, words));
    }
    // F101
    for end in ["\r\n", "\n", "\r\nX-Evil: 1", "\0", "\u{7f}"] {
        for (authentication, name) in [
            ("bearer", "token"),
            ("basic", "username"),
            ("basic", "password"),
            ("api_key", "api_key"),
        ] {
            let mut settings = good(authentication);
            settings.insert(name, format!("s3cret{end}"));
            cases.push(case(settings, name, "holds control characters"));
        }
        let mut settings = good("api_key");
        settings.insert("api_key_header", format!("X-Api-Key{end}"));
        cases.push(case(settings, "api_key_header", "no header name; give one"));
    }
    cases
}

/// What is said about a place, in one line.
fn about(message: &str, path: &str) -> String {
    let place = format!("{path}: ");
    let lines = message.lines().filter_map(|line| line.strip_prefix(&place));
    let lines: Vec<_> = lines.collect();
    assert!(!lines.is_empty(), "nothing about {path}:\n{message}");
    lines.join(" / ")
}

#[tokio::test]
async fn a_bad_setting_is_refused_when_the_dispatcher_is_built() {
    let registry = registry();
    for case in bad_settings() {
        let what = case.what;
        let built = Dispatcher::builder(acme(case.configuration), registry.clone()).build();
        let error = built.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{what}");
        assert_eq!(error.effect(), Effect::NotSent, "{what}");
        assert!(!error.is_retryable(), "{what}");
        let line = about(error.message(), &case.path);
        assert!(line.contains(case.words), "{what}: {line}");
        // No value is repeated.
        assert!(!format!("{error:?}").contains("s3cret"), "{what}: {error}");
    }
}

/// Every problem has the form `what is wrong; what to do about it`.
#[tokio::test]
async fn a_bad_setting_is_refused_with_a_remedy() {
    let registry = registry();
    let mut without = BTreeSet::new();
    for case in bad_settings() {
        let problems = registry.check(&acme(case.configuration)).unwrap_err();
        let problems = problems.iter();
        let bare = problems.filter(|problem| !problem.message.contains("; "));
        without.extend(bare.map(ToString::to_string));
    }
    assert!(without.is_empty(), "no remedy: {without:#?}");
}

/// What was said when a new version of the configuration was refused.
#[derive(Clone, Debug, Default)]
struct Alarms(Arc<Mutex<Vec<String>>>);

impl Observer for Alarms {
    fn observe(&self, observation: &Observation<'_>) {
        if let Observation::ConfigurationRefused { problems, .. } = observation {
            self.0.lock().unwrap().push(problems.to_string());
        }
    }
}

#[tokio::test]
async fn a_bad_new_version_raises_one_alarm_and_the_last_good_one_serves_on() {
    let (target, server) = target().await;
    let good = || acme(organization("scim2", bearer(&server.url("/scim/v2"))));
    let shared = SharedConfiguration::new(good());
    let alarms = Alarms::default();
    let dispatcher =
        Dispatcher::builder(shared.clone(), registry()).observer(alarms.clone()).build().unwrap();
    assert!(tell(&dispatcher, Event::user_created(ada())).await.is_done());

    for (number, case) in bad_settings().into_iter().enumerate() {
        let (what, name) = (case.what, format!("v-{number}"));
        shared.replace(acme(case.configuration));
        for user in [ada().with_display_name(&name), User::new(name.as_str(), &name)] {
            let outcome = tell(&dispatcher, Event::user_updated(user)).await;
            assert!(outcome.is_done(), "{what}: {outcome}");
        }
        let seen = std::mem::take(&mut *alarms.0.lock().unwrap());
        let [alarm] = <[String; 1]>::try_from(seen).unwrap();
        let line = about(&alarm, &case.path);
        assert!(line.contains(case.words), "{what}: {line}");
    }

    shared.replace(good());
    assert!(tell(&dispatcher, Event::user_deleted("u-1")).await.is_done());
    assert_eq!(target.users().len(), bad_settings().len());
}

#[tokio::test]
async fn f99_this_machine_is_no_target_unless_the_operator_allows_it() {
    let client = ReqwestClient::new(NetworkPolicy::new()).unwrap();
    let registry = ConnectorRegistry::new().with(Scim2Factory::new(client));
    for url in [
        "https://localhost/scim",
        "http://127.0.0.1:8080/scim",
        "https://127.1/scim",
        "https://2130706433/scim",
        "https://0x7f.1/scim",
        "https://0177.0.0.1/scim",
        "https://0.0.0.0/scim",
        "https://[::1]/scim",
        "https://[::ffff:127.0.0.1]/scim",
        "https://hr.localhost./scim",
    ] {
        let configuration = acme(organization("scim2", bearer(url)));
        let problems = registry.check(&configuration).unwrap_err();
        let line = about(&problems.to_string(), &format!("{SETTINGS}.base_url"));
        assert!(line.contains("not a public address; use"), "{url}: {line}");
    }
}

#[tokio::test]
async fn every_mistake_of_a_document_is_named_at_once() {
    let document = json!({
        "organizations": { "acme": {
            "connections": { "hr": { "name": "HR", "enable": true, "connectors": { "scim2": {
                "base_url": REMOTE, "authentication": "bearer", "token": ["s3cret"],
            } } } },
            "provisioners": [
                { "connection": "hrr", "connector": "scim2", "blocking": "yes" },
                { "connection": "hr", "connector": "scim2", "blocking": true, "deadline_ms": 0 },
                { "connection": "hr", "connector": "scim2", "deadline_ms": 7 },
                { "connector": "scim2", "blocking": true },
            ],
            "applications": { "payroll": { "mode": "off", "provisioner": [] } },
        } },
        "version": 1,
    });
    let problems = Configuration::from_json(&document.to_string()).unwrap_err();
    let error = Error::from(problems.clone());
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Configuration, problems.to_string().as_str())
    );
    let acme = "organizations.acme";
    for (path, words) in [
        (format!("{acme}.connections.hr.enable"), "did you mean `enabled`?"),
        (format!("{SETTINGS}.token"), "wrong type; give a text"),
        (format!("{acme}.provisioners[0].connection"), "did you mean `hr`?"),
        (format!("{acme}.provisioners[0].blocking"), "wrong type; give true or false"),
        (format!("{acme}.provisioners[1].deadline_ms"), "above 0"),
        (format!("{acme}.provisioners[2].deadline_ms"), "set blocking or remove"),
        (format!("{acme}.provisioners[2]"), "remove one"),
        (format!("{acme}.provisioners[3].connection"), "missing; name the connection"),
        (format!("{acme}.applications.payroll.mode"), "give inherit, add or disabled"),
        (format!("{acme}.applications.payroll.provisioner"), "did you mean `provisioners`?"),
        ("version".to_owned(), "unknown key"),
    ] {
        let line = about(error.message(), &path);
        assert!(line.contains(words), "{path}: {line}");
    }
    assert!(!error.message().contains("s3cret"));

    let error = Configuration::from_json("{\n  \"organizations\": {").unwrap_err();
    assert_eq!(error.to_string(), "the document: not JSON at line 2, column 20; correct it there");
}

#[tokio::test]
async fn an_option_that_cannot_be_served_is_refused_where_it_stands() {
    let second = Duration::from_secs(1);
    let provisioner = || Provisioner::new("hr", "scim2");
    for (what, bad, key, remedy) in [
        (
            "a deadline without a runtime",
            provisioner().blocking_within(second),
            "deadline_ms",
            "give the dispatcher a runtime",
        ),
        (
            "a deadline of nothing",
            provisioner().blocking_within(Duration::ZERO),
            "deadline_ms",
            "give at least 1",
        ),
        ("rules", provisioner().blocking().with_rules(), "rules", "set rules to false"),
    ] {
        let connection = || Connection::new("HR").with_connector("scim2", bearer(REMOTE));
        let plain = || OrganizationConfiguration::new().with_connection("hr", connection());
        let application = ApplicationConfiguration::new().with_provisioner(bad.clone());
        for (configuration, path) in [
            (plain().with_provisioner(bad.clone()), "provisioners[0]"),
            (
                plain()
                    .with_provisioner(provisioner().blocking())
                    .with_application("payroll", application),
                "applications.payroll.provisioners[0]",
            ),
        ] {
            let built = Dispatcher::builder(acme(configuration), registry()).build();
            let error = built.map(drop).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{what}");
            let path = format!("organizations.acme.{path}.{key}");
            let line = about(error.message(), &path);
            assert!(line.contains(remedy), "{what}: {line}");
            assert_eq!(error.message().lines().count(), 1, "{what}: {error}");
        }
    }
    let with_deadline = OrganizationConfiguration::new()
        .with_connection("hr", Connection::new("HR").with_connector("scim2", bearer(REMOTE)))
        .with_provisioner(provisioner().blocking_within(second));
    let built = Dispatcher::builder(acme(with_deadline), registry())
        .runtime(TokioRuntime::current().unwrap())
        .build();
    assert!(built.is_ok(), "a runtime is the remedy that was named");
}

// ---------------------------------------------------------------------------------------------------------------------
// Events

fn bad_events() -> Vec<(Event, &'static str)> {
    let created = |user: User| Event::user_created(user).in_organization("acme");
    let named = |name: &str| created(User::new("u-1", name));
    let with_id = |id: &str| created(User::new(id, "ada"));
    let large = ada().with_display_name("x".repeat(MAX_EVENT_BYTES));
    let club = |name: &str| Group::new("g-1", name);
    let nobody = || Member::user(" ");
    let everybody = (0..40_000).map(|number| Member::user(format!("u-{number}").as_str()));
    let unnamed = [Event::user_updated(User::new("u-1", "")), Event::group_created(club(""))];
    let [unnamed_user, unnamed_group] = unnamed.map(|event| event.in_organization("acme"));
    let groups = [
        Event::group_updated(club("Club").with_member(Member::user("u-1"))),
        Event::group_created(club("Club").with_member(nobody())),
        Event::members_changed("g-1", [nobody()], []),
        Event::members_changed("g-1", [], [nobody()]),
        Event::members_changed("g-1", everybody, []),
        Event::user_deleted(""),
        Event::user_deleted("u\n1"),
    ];
    let [updated, members, joined, left, many, no_id, two_lines] =
        groups.map(|event| event.in_organization("acme"));
    let extended = |urn: &str, name: &str| {
        let mut user = ada();
        user.extensions = Extensions::new().with(urn, [(name, json!("green"))]);
        created(user)
    };
    let (no_urn, no_name) = ("not named by a URN of its own", "has a name that is none");
    vec![
        // What a path of a PATCH would take for something else.
        (extended("urn:ietf:params:scim:schemas:core:2.0:User", "active"), no_urn),
        (extended("urn:example:badge]", "colour"), no_urn),
        (extended("urn:example:a b", "colour"), no_urn),
        (extended("urn:example:", "colour"), no_urn),
        (extended("urn:example:badge", "colour.shade"), no_name),
        (extended("urn:example:badge", "other:colour"), no_name),
        (extended("urn:example:badge", "colour[type eq \"x\"]"), no_name),
        (extended("urn:example:badge", "1st"), no_name),
        (extended("urn:example:badge", ""), no_name),
        (Event::user_created(ada()), "organization is empty"),
        (Event::user_created(ada()).in_organization(" "), "organization is empty"),
        (created(ada()).through(""), "application is empty"),
        (named(""), "userName is empty"),
        (named(" \u{a0}"), "userName is empty"),
        (unnamed_user, "userName is empty"),
        (unnamed_group, "displayName is empty"),
        // F71
        (named("ada\0"), "userName holds control characters"),
        (named("ada\r\nX-Evil: 1"), "userName holds control characters"),
        (with_id(""), "id is empty"),
        (no_id, "id is empty"),
        (two_lines, "id holds control characters"),
        (updated, "Event::members_changed"),
        (members, "a member's id is empty"),
        (joined, "a member's id is empty"),
        (left, "a member's id is empty"),
        // F73
        (created(large), "larger than 1 MiB"),
        (many, "split membership changes into several events"),
    ]
}

#[tokio::test]
async fn a_bad_event_is_refused_and_the_next_good_one_works() {
    let (target, server) = target().await;
    let dispatcher = dispatcher(bearer(&server.url("/scim/v2")));
    for (number, (event, words)) in bad_events().into_iter().enumerate() {
        let what = format!("{words}: {event:?}");
        let planned = dispatcher.plan(&event).await.unwrap_err();
        let error = dispatcher.dispatch(event).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidEvent, "{what}");
        assert_eq!(error.effect(), Effect::NotSent, "{what}");
        assert!(!error.is_retryable(), "{what}");
        assert_eq!(planned, error, "{what}");
        assert!(error.message().contains(words), "{what}: {error}");
        assert!(!error.message().contains("X-Evil"), "{what}: {error}");
        assert!(error.message().len() < 200, "{what}: {error}");
        assert!(target.requests().is_empty(), "{what}");

        let name = format!("v-{number}");
        let user = User::new(name.as_str(), &name);
        assert!(tell(&dispatcher, Event::user_created(user)).await.is_done());
        assert_eq!(target.requests().len(), 1, "{what}");
        target.forget_requests();
    }
}

#[tokio::test]
async fn a_bad_event_is_refused_with_a_remedy() {
    let errors = bad_events().into_iter().map(|(event, _)| event.check().unwrap_err().to_string());
    let without: BTreeSet<_> = errors.filter(|error| !error.contains("; ")).collect();
    assert!(without.is_empty(), "no remedy: {without:#?}");
}

// ---------------------------------------------------------------------------------------------------------------------
// Answers

fn answer(status: u16, body: &str) -> Response<Vec<u8>> {
    let response = Response::builder().status(status);
    let response = response.header("location", "http://127.0.0.1:1/elsewhere");
    response.body(body.as_bytes().to_vec()).unwrap()
}

const SCIM_ERROR: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"scimType":"invalidValue","detail":"no"}"#;

/// The answer to a create: its status and body; what it means; what is said of it.
const BAD_ANSWERS: &str = r#"
200 | <html>Sign in</html>    | InvalidResponse Unknown   | 200 with a body that is not a SCIM resource
201 | <html>Sign in</html>    | InvalidResponse Unknown   | 201 with a body that is not a SCIM resource
201 | {}                      | InvalidResponse Unknown   | 201 without the id of the resource
201 | {"id":null}             | InvalidResponse Unknown   | 201 without the id of the resource
201 | {"id":["r-1"]}          | InvalidResponse Unknown   | 201 without the id of the resource
201 | {"id":"r-1","id":"r-2"} | InvalidResponse Unknown   | 201 with a body that is not a SCIM resource
204 |                         | InvalidResponse Unknown   | 204 which does not confirm the new resource
302 |                         | InvalidResponse Rejected  | 302: a redirect, which is never followed; correct the base URL
400 | <html>Bad</html>        | InvalidResponse Rejected  | 400 in a form that is not SCIM; check the base URL
400 | SCIM                    | Rejected Rejected         | 400 (invalidValue)
401 | SCIM                    | Unauthenticated Rejected  | 401
401 | <html>Sign in</html>    | Unauthenticated Rejected  | 401
403 | SCIM                    | PermissionDenied Rejected | 403
404 | <html>Where</html>      | InvalidResponse Rejected  | 404 in a form that is not SCIM; check the base URL
409 | SCIM                    | Conflict Rejected         | a conflict with a resource that it does not show
429 |                         | RateLimited Rejected      | 429
500 | SCIM                    | Unavailable Unknown       | 500
500 | <html>Oh</html>         | Unavailable Unknown       | 500
"#;

#[tokio::test]
async fn a_bad_answer_is_a_typed_error_and_the_next_event_brings_the_account() {
    for line in BAD_ANSWERS.lines().filter(|line| !line.is_empty()) {
        let row: Vec<_> = line.split('|').map(str::trim).collect();
        let [status, body, meaning, words] = <[&str; 4]>::try_from(row).unwrap();
        let body = if body == "SCIM" { SCIM_ERROR } else { body };
        let (target, server) = target().await;
        let dispatcher = dispatcher(bearer(&server.url("/scim/v2")));
        target.answer_next_with(answer(status.parse().unwrap(), body));
        let (error, next) = failure(tell(&dispatcher, Event::user_created(ada())).await);
        let really = format!("{:?} {:?}", error.kind(), error.effect());
        assert_eq!(really, meaning, "{line}");
        assert!(error.message().contains(words), "{line}: {error}");
        // What nothing explains is tried again a few times before a person is asked (F43).
        assert_eq!(next, Next::Queued, "{line}");
        assert!(target.users().is_empty(), "{line}");

        let changed = Event::user_updated(ada().with_display_name("Ada"));
        let outcome = tell(&dispatcher, changed).await;
        assert!(matches!(outcome, Outcome::Delivered { .. }), "{line}: {outcome}");
        let users = target.users();
        assert_eq!(users.len(), 1, "{line}");
        assert_eq!(users[0]["displayName"], "Ada", "{line}");
        assert!(tell(&dispatcher, Event::user_deleted("u-1")).await.is_done(), "{line}");
        assert!(target.users().is_empty(), "{line}");
    }
}

/// What only an administrator can mend says what to mend.
#[tokio::test]
async fn a_refusal_of_our_credentials_names_the_remedy() {
    for (status, remedies) in
        [(401, ["credentials", "authentication"]), (403, ["permission", "may not"])]
    {
        let (target, server) = target().await;
        let dispatcher = dispatcher(bearer(&server.url("/scim/v2")));
        target.answer_next_with(answer(status, SCIM_ERROR));
        let (error, _) = failure(tell(&dispatcher, Event::user_created(ada())).await);
        assert!(
            remedies.iter().any(|remedy| error.message().contains(remedy)),
            "`{}` does not say what to do",
            error.message()
        );
    }
}

const MEGABYTE: u64 = 1_000_000;

/// A server whose first answer is this head and then up to 100 MB, and which is a SCIM target from then on. Tells how
/// many bytes it could send.
async fn flood(
    target: &Scim2Target,
    head: &'static str,
) -> (String, oneshot::Receiver<u64>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/scim/v2", listener.local_addr().unwrap());
    let (tell, sent) = oneshot::channel();
    let (mut tell, target) = (Some(tell), target.clone());
    let mut server = JoinSet::new();
    server.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            if let Some(tell) = tell.take() {
                connections.spawn(async move {
                    let _ = tell.send(pour(stream, head).await);
                });
                continue;
            }
            let target = target.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let target = target.clone();
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes().to_vec();
                    let answer = target.answer(&Request::from_parts(head, body));
                    Ok::<_, Infallible>(answer.map(|body| Full::new(Bytes::from(body))))
                }
            });
            connections.spawn(async move {
                let http = hyper::server::conn::http1::Builder::new();
                let _ = http.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (url, sent, server)
}

/// Reads the head of a request. Answers whether there was one.
async fn read_head(stream: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.unwrap_or_default() == 0 {
            return false;
        }
    }
    true
}

async fn pour(mut stream: TcpStream, head: &str) -> u64 {
    if !read_head(&mut stream).await {
        return 0;
    }
    if stream.write_all(head.as_bytes()).await.is_err() {
        return 0;
    }
    // One chunk of 65,536 bytes, which is also good enough where nothing is chunked.
    let mut piece = b"10000\r\n".to_vec();
    piece.resize(piece.len() + 0x10000, b' ');
    piece.extend(b"\r\n");
    let mut sent = 0;
    while sent < 100 * MEGABYTE {
        match stream.write(&piece).await {
            Ok(0) | Err(_) => break,
            Ok(written) => {
                sent += u64::try_from(written).unwrap();
                // What was not taken is sent first, lest a chunk be cut short.
                let rest = piece.get(written..).unwrap_or_default();
                if stream.write_all(rest).await.is_err() {
                    break;
                }
                sent += u64::try_from(rest.len()).unwrap();
            }
        }
    }
    sent
}

#[tokio::test]
async fn f87_an_answer_of_100_mb_is_cut_off() {
    for head in [
        "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 201 Created\r\ncontent-length: 100000000\r\n\r\n",
        "HTTP/1.1 500 Oh\r\ntransfer-encoding: chunked\r\n\r\n",
    ] {
        let target = Scim2Target::new().with_bearer_token(TOKEN);
        let (url, sent, _server) = flood(&target, head).await;
        let dispatcher = dispatcher(bearer(&url));
        let (error, next) = failure(tell(&dispatcher, Event::user_created(ada())).await);
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::InvalidResponse, Effect::Unknown),
            "{head}"
        );
        assert!(error.message().contains("larger than the network policy allows"), "{error}");
        assert_eq!(next, Next::Queued);
        // 1 MiB is read. The rest is what the system keeps between two sockets.
        let sent = sent.await.unwrap();
        assert!(sent < 30 * MEGABYTE, "{sent} bytes were taken: {head}");

        let outcome = tell(&dispatcher, Event::user_created(ada())).await;
        assert!(matches!(outcome, Outcome::Delivered { .. }), "{head}: {outcome}");
        assert_eq!(target.users().len(), 1, "{head}");
    }
}

/// An announced length is not believed, but it is enough to refuse an answer that has not come yet.
#[tokio::test]
async fn f87_100_mb_that_are_only_announced_are_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/scim/v2", listener.local_addr().unwrap());
    let mut server = JoinSet::new();
    server.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        let head = b"HTTP/1.1 201 Created\r\ncontent-length: 100000000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        std::future::pending::<()>().await;
    });
    let (error, next) = failure(tell(&dispatcher(bearer(&url)), Event::user_created(ada())).await);
    assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidResponse, Effect::Unknown));
    assert_eq!(next, Next::Queued);
}

#[tokio::test]
async fn f87_a_header_flood_is_an_error() {
    let lines: &'static str =
        "x-flood: 1234567890123456789012345678901234567890\r\n".repeat(20_000).leak();
    let head: &'static str = format!("HTTP/1.1 201 Created\r\n{lines}\r\n").leak();
    let target = Scim2Target::new().with_bearer_token(TOKEN);
    let (url, _sent, _server) = flood(&target, head).await;
    let dispatcher = dispatcher(bearer(&url));
    let (error, next) = failure(tell(&dispatcher, Event::user_created(ada())).await);
    assert_eq!((error.effect(), next), (Effect::Unknown, Next::Queued), "{error}");
    assert!(tell(&dispatcher, Event::user_created(ada())).await.is_done());
    assert_eq!(target.users().len(), 1);
}

#[tokio::test]
async fn f89_json_that_no_parser_should_take_is_an_error() {
    let deep =
        format!(r#"{{"id":"r-1","externalId":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        deep.as_str(),
        &"[".repeat(100_000),
        "\u{feff}{\"id\":\"r-1\"}",
        r#"{"id":1e9999}"#,
        r#"{"id":"\ud800"}"#,
    ] {
        let (target, server) = target().await;
        let dispatcher = dispatcher(bearer(&server.url("/scim/v2")));
        target.answer_next_with(answer(201, body));
        let (error, next) = failure(tell(&dispatcher, Event::user_created(ada())).await);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidResponse, Effect::Unknown));
        assert_eq!(next, Next::Queued);
        assert!(tell(&dispatcher, Event::user_created(ada())).await.is_done());
    }
}

/// A target that gives every account this id, and what was asked of it.
#[derive(Default)]
struct Hostile {
    id: Mutex<String>,
    requests: Mutex<Vec<(Method, String)>>,
}

impl Hostile {
    fn answer(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let path = request.uri().path_and_query().unwrap().to_string();
        self.requests.lock().unwrap().push((request.method().clone(), path));
        let account =
            json!({ "id": *self.id.lock().unwrap(), "externalId": "u-1", "userName": "ada" });
        let (status, body) = match *request.method() {
            Method::POST => (201, account.to_string()),
            Method::GET => (200, json!({ "totalResults": 1, "Resources": [account] }).to_string()),
            _ => (204, String::new()),
        };
        answer(status, &body)
    }
}

#[tokio::test]
async fn f91_a_hostile_id_is_never_linked_and_never_asked_for() {
    let long = "x".repeat(1_000_000);
    for id in IDS.into_iter().chain([long.as_str()]) {
        let shown: String = id.chars().take(20).collect();
        let hostile = Arc::new(Hostile::default());
        *hostile.id.lock().unwrap() = id.to_owned();
        let server = Arc::clone(&hostile);
        let server = Loopback::serve(move |request| server.answer(request)).await.unwrap();
        let dispatcher = dispatcher(bearer(&server.url("/scim/v2")));

        for event in [
            Event::user_created(ada()),
            Event::user_updated(ada().with_display_name("Ada")),
            Event::user_deleted("u-1"),
        ] {
            let (error, next) = failure(tell(&dispatcher, event).await);
            assert_eq!(
                (error.kind(), next),
                (ErrorKind::InvalidResponse, Next::Queued),
                "{shown:?}: {error}"
            );
            assert!(error.message().contains("the target's id is refused"), "{shown:?}: {error}");
            assert!(format!("{error} {error:?}").len() < 300, "{shown:?}: the id is repeated");
        }
        let requests = std::mem::take(&mut *hostile.requests.lock().unwrap());
        assert_eq!(requests.len(), 3, "{shown:?}: {requests:?}");
        for (place, (method, path)) in requests.iter().enumerate() {
            let harmless = if place == 0 {
                *method == Method::POST && path == "/scim/v2/Users"
            } else {
                *method == Method::GET
                    && path.starts_with("/scim/v2/Users?filter=externalId%20eq%20")
            };
            assert!(harmless, "{shown:?}: {method} {path}");
        }

        // The target comes to its senses, and the delete is carried out.
        *hostile.id.lock().unwrap() = "r-1".to_owned();
        assert!(tell(&dispatcher, Event::user_deleted("u-1")).await.is_done(), "{shown:?}");
        let requests = hostile.requests.lock().unwrap().clone();
        assert_eq!(
            requests.last(),
            Some(&(Method::DELETE, "/scim/v2/Users/r-1".to_owned())),
            "{shown:?}"
        );
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// References to secrets

/// A target that only notes what stands in a header.
async fn header_of(header: &'static str) -> (Arc<Mutex<Vec<String>>>, Loopback) {
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let told = Arc::clone(&seen);
    let server = Loopback::serve(move |request| {
        let value = request.headers().get(HeaderName::from_static(header));
        let value = value.and_then(|value| value.to_str().ok()).unwrap_or("(none)");
        told.lock().unwrap().push(value.to_owned());
        answer(201, r#"{"id":"r-1"}"#)
    });
    (seen, server.await.unwrap())
}

fn with_secrets(properties: Properties, secrets: impl SecretSource) -> Dispatcher {
    Dispatcher::builder(acme(organization("scim2", properties)), registry())
        .secrets(secrets)
        .build()
        .unwrap()
}

async fn create(dispatcher: &Dispatcher, number: u32) -> Outcome {
    let user = User::new(format!("u-{number}"), format!("user-{number}"));
    tell(dispatcher, Event::user_created(user)).await
}

/// A file that is removed with this.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn named(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("{}-{name}", std::process::id())))
    }

    fn reference(&self) -> String {
        format!("file:{}", self.0.display())
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.0, text).unwrap();
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn a_reference_without_a_source_is_refused_and_nothing_is_sent() {
    let (seen, server) = header_of("authorization").await;
    let referring = |reference: &str| bearer(&server.url("/scim/v2")).with("token", reference);
    for reference in ["env:PATH", "file:/etc/hostname", "secret:hr"] {
        let (error, next) = failure(create(&dispatcher(referring(reference)), 1).await);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Configuration, Effect::NotSent));
        assert_eq!(next, Next::Queued, "the secret may come");
        assert!(error.message().contains(reference), "{error}");
        assert!(error.message().contains("secret source"), "{error}");
    }
    assert!(seen.lock().unwrap().is_empty());
    assert!(create(&with_secrets(referring("env:PATH"), LocalSecrets::new()), 1).await.is_done());
}

#[tokio::test]
async fn a_secret_comes_from_the_environment() {
    let (seen, server) = header_of("x-api-key").await;
    let properties = |key: &str| {
        let properties = Properties::new()
            .with("base_url", server.url("/scim/v2"))
            .with("profile_overrides", QUIET);
        properties
            .with("authentication", "api_key")
            .with("api_key_header", "X-Api-Key")
            .with("api_key", key)
    };
    let dispatcher = with_secrets(properties("env:PATH"), LocalSecrets::new());
    assert!(create(&dispatcher, 1).await.is_done());
    assert_eq!(*seen.lock().unwrap(), [std::env::var("PATH").unwrap()]);

    for reference in ["env:OUTBOUND_PROVISIONING_HAS_NO_SUCH_VARIABLE", "secret:hr"] {
        let dispatcher = with_secrets(properties(reference), LocalSecrets::new());
        let (error, next) = failure(create(&dispatcher, 1).await);
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Configuration, Effect::NotSent));
        assert_eq!(next, Next::Queued);
        assert!(error.message().contains(reference), "{error}");
        assert!(error.message().contains("; provide it or correct the reference"), "{error}");
    }
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_secret_comes_from_a_file_and_a_rotated_one_takes_effect_at_once() {
    let (seen, server) = header_of("authorization").await;
    let file = TemporaryFile::named("token");
    let properties = bearer(&server.url("/scim/v2")).with("token", file.reference());
    let dispatcher = with_secrets(properties, LocalSecrets::new());

    // F69: it is not there yet, and then it is empty.
    for content in [None, Some(""), Some("\n"), Some("\r\n")] {
        if let Some(content) = content {
            file.write(content);
        }
        let (error, next) = failure(create(&dispatcher, 1).await);
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::Configuration, Effect::NotSent),
            "{content:?}"
        );
        assert_eq!(next, Next::Queued);
        assert!(error.message().contains(&file.reference()), "{error}");
        assert!(error.message().contains("; provide it or correct the reference"), "{error}");
    }
    assert!(seen.lock().unwrap().is_empty());

    for (number, (content, token)) in [
        ("plain", "plain"),
        ("unix\n", "unix"),
        ("windows\r\n", "windows"),
        (" inner blanks ", " inner blanks "),
    ]
    .into_iter()
    .enumerate()
    {
        file.write(content);
        assert!(
            create(&dispatcher, u32::try_from(number).unwrap() + 1).await.is_done(),
            "{content:?}"
        );
        let expected = format!("Bearer {token}");
        // A header's value ends before the blanks behind it (RFC 9110 section 5.5).
        assert_eq!(seen.lock().unwrap().last().map(String::as_str), Some(expected.trim_end()));
    }

    // F101: what would end the header is not sent.
    file.write("two\nlines\n");
    let (error, _) = failure(create(&dispatcher, 9).await);
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Configuration, Effect::NotSent));
    assert!(error.message().contains("control characters"), "{error}");
    assert!(!format!("{error:?}").contains("lines"), "{error:?}");
    assert_eq!(seen.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn f53_a_secret_that_the_target_no_longer_takes_heals_with_the_rotation() {
    let (target, server) = target().await;
    let file = TemporaryFile::named("rotated");
    file.write("0ld\n");
    let properties = bearer(&server.url("/scim/v2")).with("token", file.reference());
    let dispatcher = with_secrets(properties, LocalSecrets::new());
    for _ in 0..5 {
        let (error, next) = failure(create(&dispatcher, 1).await);
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert_eq!(next, Next::Queued, "P14: attempts are not used up");
    }
    file.write(&format!("{TOKEN}\n"));
    assert!(create(&dispatcher, 1).await.is_done());
    assert_eq!(target.users().len(), 1);
    let sent: Vec<Value> =
        target.requests().into_iter().filter_map(|request| request.body).collect();
    assert!(sent.iter().all(|body| !body.to_string().contains(TOKEN)));
}

#[tokio::test]
async fn a_source_of_the_hosts_own_is_asked_for_what_stands_in_the_reference() {
    #[derive(Debug)]
    struct Vault;

    #[async_trait::async_trait]
    impl SecretSource for Vault {
        async fn secret(
            &self,
            reference: &SecretReference,
        ) -> outbound_provisioning::Result<outbound_provisioning::model::Secret> {
            match (reference.scheme(), reference.name()) {
                ("secret", "hr") => Ok("from the vault".into()),
                _ => Err(reference.missing()),
            }
        }
    }

    let (seen, server) = header_of("authorization").await;
    for (reference, works) in [("secret:hr", true), ("secret:crm", false), ("env:PATH", false)] {
        let properties = bearer(&server.url("/scim/v2")).with("token", reference);
        assert_eq!(
            create(&with_secrets(properties, Vault), 1).await.is_done(),
            works,
            "{reference}"
        );
    }
    assert_eq!(*seen.lock().unwrap(), ["Bearer from the vault"]);
}
