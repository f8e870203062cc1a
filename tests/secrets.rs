//! P28: canaries in every value that we are given, and a search for them in everything that we print.
//!
//! A credential contains `krypt`, a personal value contains `perso`. Credentials must not occur anywhere, not even in
//! the sources of an error. Personal data must not occur in what a type prints of itself; a target's own words, which
//! may quote them, are in the `Display` of an error's source and nowhere else. Ids are shown.
#![cfg(all(
    feature = "authzen",
    feature = "blocking",
    feature = "conformance",
    feature = "mock",
    feature = "non-blocking",
    feature = "oauth",
    feature = "redb",
    feature = "reqwest",
    feature = "scim2",
    feature = "seal",
    feature = "tokio",
    feature = "xacml"
))]
#![expect(
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/counting.rs"]
mod counting;
#[path = "support/folder.rs"]
mod folder;

use std::collections::BTreeSet;
use std::error::Error as _;
use std::fmt::{self, Debug, Display};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use counting::Counting;
use folder::TempFolder;
use http::header::{AUTHORIZATION, ETAG, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use outbound_provisioning::conformance::{self, Scim2Target};
use outbound_provisioning::connector::{
    Attempt, BuildContext, Capabilities, Connector, ConnectorFactory, Lookup, Page, PageRequest,
    Remote, Update,
};
use outbound_provisioning::delivery::{
    Close, Era, Health, HoldReason, Life, MemberWrites, Next, ParkReason, Priority,
    QuarantineReason,
};
use outbound_provisioning::dispatch::{LaneState, Loading};
use outbound_provisioning::host::{
    ConfigurationSource, LocalSecrets, NoSecrets, Observation, Observer, ResourceSource,
    SecretSource, SharedConfiguration, TokioRuntime, Versioned,
};
use outbound_provisioning::mapping::{
    Expression, Functions, Mapping, MappingContext, TargetSchema,
};
use outbound_provisioning::mock::{Fault, ManualRuntime, MockConnector, Stall};
use outbound_provisioning::model::{
    Address, ApplicationConfiguration, AttributePath, Cause, Configuration, Connection,
    ConnectorSettings, Deprovisioning, Difference, EnterpriseUser, Event, EventId, Extensions,
    Fact, Filter, Group, Guard, LaneKey, Manager, Member, MemberChanges, MultiValue, Name,
    Operator, OrganizationConfiguration, PasswordPolicy, Passwords, Problems, Properties,
    PropertyKind, PropertySpec, Provisioner, RemoteId, Resource, ResourceKey, ResourceKind,
    RuleSettings, Scope, Secret, SecretReference, Target, TargetKey, Timestamp, Trigger, User,
    ValuePath, Withdrawal,
};
use outbound_provisioning::resolver::resolve;
use outbound_provisioning::rules::{
    AuthzenEngine, DecisionPoint, NativeRules, Obligation, Operation, RuleAttributes, RuleDecision,
    RuleEngine, RuleRequest, SubjectSource, UtcOffset, XacmlEngine, XacmlFormat,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::scim2::profile::{Profile, Source, vendors};
use outbound_provisioning::seal::{SealingKey, SealingKeys};
use outbound_provisioning::store::{
    Batch, Committed, Durability, LaneQuery, MemoryStore, RedbStore, Store, Which,
};
use outbound_provisioning::transport::{
    AddressRange, BaseUrl, Dialing, HttpClient, HttpError, HttpErrorKind, HttpRequest,
    HttpResponse, NetworkPolicy, ReqwestClient, SystemDns, http_fn,
};
use outbound_provisioning::{
    ConnectorRegistry, Dispatcher, Effect, Error, ErrorKind, Outcome, Report, Result, Worker,
};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

// ------------------------------------------------------------------------------------------------
// The canaries

const TOKEN: &str = "krypt-token";
const KEY: &str = "krypt-key";
const BASIC_USER: &str = "us";
const PASSWORD: &str = "krypt-password";
/// What quotes do to a password, and what a slash does to base64.
const QUOTED_PASSWORD: &str = r#"krypt-"quoted\password/ÿÿÿ"#;
const VAULT: &str = "krypt-vault";
const CLIENT_SECRET: &str = "krypt-client";
/// What a token endpoint gives out.
const ACCESS: &str = "krypt-access";
/// A key in PEM may have a text in front.
const PRIVATE_KEY: &str = concat!("krypt-pem\n", include_str!("data/keys/p256.pkcs8.pem"));
const TOKEN_URL: &str = "http://127.0.0.1/token";
const URL_PASSWORD: &str = "krypt-url";
const FILE: &str = "krypt-file";

const USER_NAME: &str = "perso-username";
const GROUP_NAME: &str = "perso-group";
const BADGE: &str = "urn:example:params:scim:badge";

fn user() -> User {
    let some = |text: &str| Some(format!("perso-{text}"));
    let value = |kind: &str| vec![MultiValue::new("work", format!("perso-{kind}"))];
    let mut user = User::new("u-1", USER_NAME)
        .with_display_name("perso-display")
        .with_email("perso-email@example.com")
        .with_extension(BADGE, [("colour", json!("perso-extension"))]);
    user.emails.push(MultiValue::new("home", "perso-home@example.com"));
    user.name = Some(name());
    user.nick_name = some("nick");
    user.profile_url = some("profile");
    user.title = some("title");
    user.phone_numbers = value("phone");
    user.ims = value("im");
    user.photos = value("photo");
    user.entitlements = value("entitlement");
    user.roles = value("role");
    user.x509_certificates = value("certificate");
    user.addresses = vec![address()];
    user.enterprise = Some(enterprise());
    user
}

fn name() -> Name {
    let mut name = Name::new("perso-given", "perso-family");
    name.formatted = Some("perso-formatted".to_owned());
    name
}

fn address() -> Address {
    let mut address = Address::default();
    address.street_address = Some("perso-street".to_owned());
    address
}

fn enterprise() -> EnterpriseUser {
    let mut enterprise = EnterpriseUser::default();
    enterprise.employee_number = Some("perso-employee".to_owned());
    enterprise.department = Some("perso-department".to_owned());
    enterprise.manager = Some(Manager::new("u-2"));
    enterprise
}

fn changed() -> User {
    let mut user = user().with_display_name("perso-other-display");
    user.title = None;
    user.emails = vec![MultiValue::new("work", "perso-other@example.com")];
    user
}

fn group() -> Group {
    let mut group = Group::new("g-1", GROUP_NAME).with_member(Member::user("u-1"));
    group.extensions = Extensions::new().with(BADGE, [("colour", json!("perso-club"))]);
    group
}

fn bearer(token: &str) -> Properties {
    Properties::new()
        .with("base_url", "http://127.0.0.1/scim/v2")
        .with("authentication", "bearer")
        .with("token", token)
}

fn basic(password: &str) -> Properties {
    Properties::new()
        .with("base_url", "http://127.0.0.1/scim/v2")
        .with("authentication", "basic")
        .with("username", BASIC_USER)
        .with("password", password)
}

fn api_key() -> Properties {
    Properties::new()
        .with("base_url", "http://127.0.0.1/scim/v2")
        .with("authentication", "api_key")
        .with("api_key_header", "X-Api-Key")
        .with("api_key", KEY)
}

/// OAuth 2.0 with a client that shows itself like this.
fn oauth2(client_authentication: &str) -> Properties {
    let properties = Properties::new()
        .with("base_url", "http://127.0.0.1/scim/v2")
        .with("authentication", "oauth2")
        .with("token_url", TOKEN_URL)
        .with("client_id", "us")
        .with("client_authentication", client_authentication);
    match client_authentication {
        "private_key_jwt" => properties.with("private_key", PRIVATE_KEY).with("signature", "ES256"),
        _ => properties.with("client_secret", CLIENT_SECRET),
    }
}

const CLIENTS: [&str; 3] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];

/// Each kind of credential, by what it is called.
fn credentials() -> [(&'static str, Properties); 3] {
    [("bearer", bearer(TOKEN)), ("basic", basic(PASSWORD)), ("API key", api_key())]
}

// ------------------------------------------------------------------------------------------------
// The search

/// How a credential looks on the wire: `us:krypt-password`, `us:krypt-"quoted…` and `us:krypt-client` in base64, and
/// how an assertion begins.
const ENCODED: [&str; 4] = [
    "dXM6a3J5cHQtcGFzc3dvcmQ",
    "dXM6a3J5cHQtInF1b3RlZFxwYXNzd29yZC",
    "dXM6a3J5cHQtY2xpZW50",
    "eyJhbGciOiJFUzI1NiIs",
];

#[derive(Debug, Default)]
struct Watch {
    leaks: BTreeSet<String>,
    seen: BTreeSet<&'static str>,
}

impl Watch {
    fn search(&mut self, place: &str, text: &str, canaries: &[&str]) {
        // A word of ours, in which a canary would be found.
        let text = text.replace("person", "").replace("Person", "");
        let folded = text.to_lowercase();
        for canary in canaries {
            if let Some(found) = folded.find(canary).or_else(|| text.find(canary)) {
                let shown: String =
                    folded.chars().skip(found.saturating_sub(60)).take(140).collect();
                self.leaks
                    .insert(format!("{place} shows {canary}: …{}…", shown.replace('\n', " ")));
            }
        }
    }

    /// Nothing at all.
    fn clean(&mut self, place: &str, text: &str) {
        self.search(place, text, &["krypt", "perso"]);
        self.search(place, text, &ENCODED);
    }

    /// What others say: no credentials.
    fn words(&mut self, place: &str, text: &str) {
        self.search(place, text, &["krypt"]);
        self.search(place, text, &ENCODED);
    }

    /// What a public type prints of itself.
    fn debug(&mut self, name: &'static str, value: &dyn Debug) {
        self.seen.insert(name);
        self.clean(name, &format!("{value:?}\n{value:#?}"));
    }

    fn both<T: Debug + Display>(&mut self, name: &'static str, value: &T) {
        self.debug(name, value);
        self.clean(name, &value.to_string());
    }

    /// An error, and what stands behind it. Answers how many sources there are.
    fn error(&mut self, place: &str, error: &Error) -> usize {
        self.clean(place, &format!("{error} {} {error:?} {error:#?}", error.message()));
        let (mut sources, mut next) = (0, error.source());
        while let Some(source) = next {
            sources += 1;
            self.words(place, &format!("{source} {source:?}"));
            next = source.source();
        }
        sources
    }

    fn outcome(&mut self, place: &str, outcome: &Outcome) {
        self.clean(place, &format!("{outcome} {outcome:?} {outcome:#?}"));
        if let Outcome::Failed { error, .. } = outcome {
            self.error(place, error);
        }
    }

    fn report(&mut self, place: &str, report: &Report) {
        self.clean(place, &format!("{report:?} {report:#?}"));
        for delivery in report.deliveries.iter().chain(&report.follow_ups) {
            self.clean(place, &delivery.because.to_string());
            self.outcome(place, &delivery.outcome);
        }
    }

    #[track_caller]
    fn found_nothing(&self) {
        let leaks: Vec<_> = self.leaks.iter().map(String::as_str).collect();
        assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
    }
}

/// Everything that a host may watch.
#[derive(Clone, Debug, Default)]
struct Everything(Arc<Mutex<Vec<String>>>);

impl Observer for Everything {
    fn observe(&self, observation: &Observation<'_>) {
        self.0.lock().unwrap().push(format!("{observation:?} {observation:#?}"));
    }
}

impl Everything {
    /// How many there were.
    fn search(&self, watch: &mut Watch, place: &str) -> usize {
        let seen = std::mem::take(&mut *self.0.lock().unwrap());
        for observation in &seen {
            watch.clean(place, observation);
        }
        seen.len()
    }
}

fn here(event: Event) -> Event {
    event.in_organization("acme")
}

fn acme(connector: &str, properties: Properties) -> Configuration {
    let connection = Connection::new("HR").with_connector(connector, properties);
    let organization = OrganizationConfiguration::new()
        .with_connection("hr", connection)
        .with_provisioner(Provisioner::new("hr", connector).blocking())
        .with_application("payroll", ApplicationConfiguration::new());
    Configuration::new().with_organization("acme", organization)
}

fn scim(client: impl HttpClient, properties: Properties) -> (Dispatcher, Everything) {
    let registry = ConnectorRegistry::new().with(Scim2Factory::new(client));
    let everything = Everything::default();
    let dispatcher = Dispatcher::builder(acme("scim2", properties), registry)
        .observer(everything.clone())
        .build();
    (dispatcher.unwrap(), everything)
}

fn with_mock(mock: &MockConnector) -> (Dispatcher, Everything) {
    with_instance(mock.clone())
}

fn with_instance(connector: impl Connector) -> (Dispatcher, Everything) {
    let registry = ConnectorRegistry::new().with_instance("mock", connector);
    let properties = Properties::new().with("password", PASSWORD).with("note", "perso-note");
    let everything = Everything::default();
    let dispatcher = Dispatcher::builder(acme("mock", properties), registry)
        .observer(everything.clone())
        .build();
    (dispatcher.unwrap(), everything)
}

fn context(properties: Properties) -> BuildContext {
    let target = Target::new("hr", "scim2");
    BuildContext::new("acme".into(), target, 1, properties, Arc::new(Vault))
}

fn connector(client: impl HttpClient, properties: Properties) -> Arc<dyn Connector> {
    Scim2Factory::new(client).build(&context(properties)).unwrap()
}

/// The host's own place for secrets.
#[derive(Debug)]
struct Vault;

#[async_trait]
impl SecretSource for Vault {
    async fn secret(&self, reference: &SecretReference) -> Result<Secret> {
        match reference.name() {
            "hr" => Ok(VAULT.into()),
            _ => Err(reference.missing()),
        }
    }
}

/// An event's number, which only a dispatcher gives out.
async fn event_id() -> EventId {
    let (dispatcher, _) = with_mock(&MockConnector::new());
    let report = dispatcher.dispatch(here(Event::user_deleted("u-9"))).await;
    report.unwrap().event
}

async fn attempt() -> Attempt {
    Attempt::new("acme".into(), event_id().await, Target::new("hr", "scim2"), 1)
}

// ------------------------------------------------------------------------------------------------
// Every public type

/// The public types whose `Debug`, and `Display` where there is one, is searched by
/// [`no_public_type_shows_what_it_holds`].
const COVERED: &str = "
    Error ErrorKind Effect
    Attempt BuildContext Capabilities Check ConnectorRegistry Finding Lookup Origin Page PageRequest Remote Update
    Close Columns Due Era Health HoldReason Joined LaneRecord Life MemberWrites Next OpenMember Outcome
    ParkReason Priority QuarantineReason
    Action Announcement Because Delivery Dispatch Dispatcher DispatcherBuilder Ending LaneState
    LaneStatus Loading Plan Planned Reassertion Report TargetStatus Withdrawing
    LocalSecrets NoSecrets SharedConfiguration TokioRuntime Versioned
    Call Fault ManualRuntime MockConnector Stall
    Case Quirk RecordedRequest Scim2Target Suite Verdict
    Address ApplicationConfiguration ApplicationMode AttributePath Cause Change Choice Configuration
    Connection ConnectorSettings Deprovision Deprovisioning Difference EnterpriseUser Event EventChange EventId Extensions
    FieldKind FormField FormSection FunctionSpec
    Group Guard GuardAction LaneKey LinkPolicy Loading Manager Member MemberChanges MultiValue Name OrganizationConfiguration Problem Problems
    PasswordPolicy Passwords Properties PropertyKind PropertySpec Provisioner Reassertion RemoteId Resource ResourceKey ResourceKind
    Scope Secret SecretReference Target TargetKey TargetPolicy Timestamp Trigger User ValueKey Wait WhenGone
    Withdrawal Withdrawing
    ApplicationFound Chosen Level Resolution SkipReason Skipped
    AuthzenEngine DecisionPoint NativeRules Obligation OnRuleExit Operation RuleAttribute RuleAttributes RuleCategory
    RuleDataType RuleDecision RuleEffect RuleRequest RuleSettings SubjectSource UtcOffset WhenIndeterminate
    WhenNotApplicable WhenObliged XacmlEngine XacmlFormat
    Limits Scim2Factory Source VendorProfile
    Batch Committed Durability Fact Hint LaneQuery LaneWrite MembershipWrite MemoryStore Opening
    OpenMembers RedbOptions RedbStore ResourceWrite StoredLane StoredResource Which
    Opened SealedSecret SealingKey SealingKeys
    Stopped Worked Worker WorkerBuilder
    AddressRange BaseUrl Dialing HttpError HttpErrorKind HttpFn NetworkPolicy ReqwestClient SystemDns
";

/// The public types that are searched elsewhere in here: by [`a_filter_does_not_show_its_value`];
/// by [`Everything`], in each test with a dispatcher; as part of what a dispatcher remembers.
/// by [`a_mapping_shows_nothing_of_a_person`].
const ELSEWHERE: &str = "
    Filter FilterError FilterErrorKind Observation Operator ValuePath
    Argument AttributeKind AttributeSpec Base Expression ExpressionError ExpressionErrorKind Functions Kind
    Mapping MappingContext MappingError MappingErrorKind Preview PreviewedAttribute Rule TargetSchema When
";

/// The public traits: nothing of their own to print.
const TRAITS: &str = "
    ConfigurationSource Connector ConnectorFactory Dns HttpClient Observer ResourceSource
    RuleEngine Runtime SecretSource Store
";

#[tokio::test]
async fn no_public_type_shows_what_it_holds() {
    let mut watch = Watch::default();
    model(&mut watch);
    configuration(&mut watch).await;
    connectors(&mut watch).await;
    dispatching(&mut watch).await;
    doubles(&mut watch).await;
    transport(&mut watch);
    storing(&mut watch).await;
    working(&mut watch).await;
    ruling(&mut watch).await;
    changed_terms(&mut watch).await;
    watch.found_nothing();
    let listed: BTreeSet<_> = COVERED.split_whitespace().collect();
    let odd: Vec<_> = listed.symmetric_difference(&watch.seen).collect();
    assert!(odd.is_empty(), "listed and not searched, or the other way round: {odd:?}");
}

fn model(watch: &mut Watch) {
    let (before, after) = (Resource::from(user()), Resource::from(changed()));
    let difference = Difference::between(&before, &after);
    for (path, change) in difference.iter() {
        watch.both("AttributePath", path);
        watch.debug("Change", change);
        if let outbound_provisioning::model::Change::Values { removed, .. } = change {
            removed.iter().for_each(|key| watch.debug("ValueKey", key));
        }
    }
    watch.debug("Difference", &difference);
    watch.debug("Difference", &Difference::from_nothing(&before));
    watch.debug("Difference", &difference.and_again(&[AttributePath::new("title")], &before));

    watch.debug("User", &user());
    watch.debug("Name", &name());
    watch.debug("Address", &address());
    watch.debug("MultiValue", &user().emails);
    watch.debug("EnterpriseUser", &enterprise());
    watch.debug("Manager", &enterprise().manager);
    watch.debug("Extensions", &user().extensions);
    watch.debug("Group", &group());
    watch.debug("Member", &group().members);
    watch.debug("MemberChanges", &MemberChanges::new(group().members, []));
    for resource in [before, group().into()] {
        watch.both("ResourceKind", &resource.kind());
        let key = ResourceKey::new("acme".into(), resource.kind(), resource.local_id().clone());
        watch.debug("ResourceKey", &key);
        watch.debug("Resource", &resource);
    }
    for event in events() {
        watch.debug("EventChange", &event.change);
        watch.debug("Event", &event);
    }
    watch.debug("Trigger", &Trigger::Api);
    watch.debug("Timestamp", &Timestamp::default());
    watch.both("RemoteId", &RemoteId::new("r-1").unwrap());
    // A text that is no id is not repeated.
    watch.error("RemoteId", &RemoteId::new("../perso/krypt").unwrap_err());
    watch.debug("Secret", &Secret::new(TOKEN));
    watch.debug("Secret", &Some(vec![Secret::from(PASSWORD)]));
    watch.both("SecretReference", &SecretReference::parse("env:HR").unwrap());
    watch.error("SecretReference", &SecretReference::parse("env:HR").unwrap().missing());
    // Who misreads a resource gets no value back.
    for json in [
        json!({ "userName": ["perso"] }),
        json!({ "displayName": ["perso"] }),
        json!({ "emails": [{ "value": ["perso"] }] }),
        json!({ "addresses": [{ "region": { "perso": 1 } }] }),
    ] {
        let error = serde_json::from_value::<User>(json).unwrap_err();
        watch.clean("User", &format!("{error} {error:?}"));
    }
    let error = serde_json::from_value::<RemoteId>(json!("../perso")).unwrap_err();
    watch.clean("RemoteId", &format!("{error} {error:?}"));
}

fn events() -> Vec<Event> {
    let mut group_alone = group();
    group_alone.members.clear();
    [
        Event::user_created(user()),
        Event::user_updated(changed()),
        Event::group_created(group()),
        Event::group_updated(group_alone),
        Event::members_changed("g-1", [Member::user("u-2")], [Member::user("u-1")]),
        Event::group_deleted("g-1"),
        Event::user_deleted("u-1"),
    ]
    .map(|event| here(event.through("payroll").triggered_by(Trigger::Console)))
    .to_vec()
}

/// What is set up beside a connector's own settings: filters compare with what may be personal.
fn terms(watch: &mut Watch, settings: &ConnectorSettings) {
    let personal = || Filter::equals("userName", USER_NAME);
    let deprovisioning = Deprovisioning::default().protecting(personal());
    let scope = Scope::new().of_users(personal()).of_groups(personal()).of_members(["g-1"]);
    watch.both("Cause", &Cause::LeftScope);
    watch.debug("Deprovision", &deprovisioning.deleted);
    watch.debug("Deprovisioning", &deprovisioning);
    watch.debug("Scope", &scope);
    watch.debug("Guard", &settings.guard);
    watch.debug("GuardAction", &settings.guard.then);
    watch.debug("Passwords", &settings.passwords);
    watch.debug("PasswordPolicy", &settings.passwords.policy);
    let settings = settings.clone().with_deprovisioning(deprovisioning).with_scope(scope);
    watch.debug("ConnectorSettings", &settings);
    watch.debug("Connection", &Connection::new("HR").with_connector("scim2", settings));
}

async fn configuration(watch: &mut Watch) {
    for (_, properties) in credentials() {
        watch.debug("Properties", &properties);
        let configuration = acme("scim2", properties);
        let (_, organization) = configuration.organizations().next().unwrap();
        for connection in organization.connections.values() {
            watch.debug("Connection", connection);
            for settings in connection.connectors.values() {
                watch.debug("ConnectorSettings", settings);
                watch.debug("TargetPolicy", &settings.policy);
                watch.debug("LinkPolicy", &settings.policy.link);
                watch.debug("WhenGone", &settings.policy.gone);
                terms(watch, settings);
            }
        }
        for provisioner in organization.all_provisioners() {
            watch.debug("Provisioner", provisioner);
            watch.both("Target", &provisioner.target);
            watch.debug("Wait", &provisioner.wait);
        }
        for application in organization.applications.values() {
            watch.debug("ApplicationConfiguration", application);
            watch.debug("ApplicationMode", &application.mode);
        }
        for trigger in [Trigger::Api, Trigger::JustInTime] {
            let resolution = resolve(organization, Some(&"crm".into()), trigger);
            watch.debug("ApplicationFound", &resolution.application);
            watch.debug("Resolution", &resolution);
            for chosen in &resolution.chosen {
                watch.debug("Chosen", chosen);
                watch.both("Level", &chosen.level);
            }
            for skipped in &resolution.skipped {
                watch.debug("Skipped", skipped);
                watch.both("SkipReason", &skipped.reason);
            }
        }
        watch.debug("OrganizationConfiguration", organization);
        watch.debug("Versioned", &Versioned::new(1, organization.clone()));
        let shared = SharedConfiguration::new(configuration.clone());
        watch.debug("SharedConfiguration", &shared);
        watch.debug("Versioned", &shared.load(&"acme".into()).await.unwrap());
        watch.debug("Configuration", &configuration);
    }
    let factory = Scim2Factory::new(Scim2Target::new());
    for spec in factory.properties() {
        watch.debug("PropertySpec", spec);
        watch.debug("PropertyKind", &spec.kind);
        if let PropertyKind::Choice(choices) = &spec.kind {
            watch.debug("Choice", choices);
        }
    }
    for section in ConnectorSettings::form() {
        for field in &section.fields {
            watch.debug("FormField", field);
            watch.both("FieldKind", &field.kind);
        }
        watch.debug("FormSection", &section);
    }
    Expression::functions().for_each(|function| watch.debug("FunctionSpec", &function));
    watch.debug("LocalSecrets", &LocalSecrets::new());
    watch.debug("NoSecrets", &NoSecrets::new());
    watch.debug("TokioRuntime", &TokioRuntime::current().unwrap());
    let problems = acme_problems();
    problems.iter().for_each(|problem| watch.both("Problem", problem));
    watch.error("Problems", &Error::from(problems.clone()));
    watch.both("Problems", &problems);
}

/// Every setting wrong, each with a canary.
fn acme_problems() -> Problems {
    let registry = ConnectorRegistry::new().with(Scim2Factory::new(Scim2Target::new()));
    let mut problems = Problems::new();
    for wrong in wrong_settings() {
        problems.extend(registry.check(&acme("scim2", wrong.clone())).unwrap_err());
        problems.extend(registry.check(&acme("scim3", wrong)).unwrap_err());
    }
    problems
}

fn wrong_settings() -> Vec<Properties> {
    let url = |url: String| bearer(TOKEN).with("base_url", url);
    vec![
        bearer(TOKEN).with("authentication", "krypt-none"),
        bearer(TOKEN).with("profile_overrides", r#"{"user_update": "krypt-put", "colour": 1}"#),
        bearer(TOKEN).with("password", PASSWORD).with("api_key", KEY).with("username", "perso-us"),
        bearer(TOKEN).with("tokn", TOKEN).with("note", "perso-note"),
        bearer("krypt\r\ntoken"),
        basic("krypt\0password").with("username", "krypt:us"),
        api_key().with("api_key_header", "krypt header"),
        api_key().with("api_key_header", "Authorization").with("api_key", "krypt\nkey"),
        oauth2("krypt").with("client_secret", CLIENT_SECRET),
        oauth2("private_key_jwt").with("private_key", "krypt").with("client_secret", CLIENT_SECRET),
        oauth2("private_key_jwt").with("signature", "RS256"),
        oauth2("client_secret_post")
            .with("client_secret", "krypt\nclient")
            .with("scope", "krypt\0"),
        oauth2("client_secret_post")
            .with("token_url", format!("https://us:{URL_PASSWORD}@a.example/")),
        oauth2("client_secret_post").with("token_url", format!("ftp://a.example/?{URL_PASSWORD}")),
        oauth2("client_secret_post").with("resource", "krypt"),
        bearer(TOKEN).with("client_certificate", PRIVATE_KEY).with("extra_certificates", "krypt"),
        bearer(TOKEN).with("proxy", format!("http://us:{URL_PASSWORD}@proxy.example/")),
        url(format!("https://{URL_PASSWORD}@example.com/")),
        url(format!("https://us:{URL_PASSWORD}@example.com/")),
        url(format!("https://example.com/?key={URL_PASSWORD}")),
        url(format!("https://example.com/#{URL_PASSWORD}")),
        url(format!("http://{URL_PASSWORD}.example.com/")),
        url(format!("ftp://{URL_PASSWORD}.example.com/")),
        url(URL_PASSWORD.to_owned()),
    ]
}

async fn connectors(watch: &mut Watch) {
    let (before, after) = (Resource::from(user()), Resource::from(changed()));
    let difference = Difference::between(&before, &after);
    watch.debug("Attempt", &attempt().await);
    watch.debug("Lookup", &Lookup::new(ResourceKind::User, before.local_id(), USER_NAME));
    watch.debug("PageRequest", &PageRequest::first(ResourceKind::User));
    watch.debug("Update", &Update::new(&after, &difference).on_version(Some("W/1")));
    let remote = Remote::new("r-1").unwrap().with_version("W/1").showing(before);
    watch.debug("Remote", &remote);
    watch.debug("Page", &Page::new(vec![remote], Some("101".to_owned())));
    watch.debug("Capabilities", &Capabilities::new());
    let suite = conformance::connector(&Quoting).await;
    watch.both("Suite", &suite);
    for case in &suite.cases {
        watch.debug("Case", case);
        watch.debug("Verdict", &case.verdict);
    }
    for (_, properties) in credentials() {
        let target = Scim2Target::new();
        watch.debug("BuildContext", &context(properties.clone()));
        watch.debug("Scim2Factory", &Scim2Factory::new(target.clone()));
        let connector = connector(target, properties);
        watch.clean("a SCIM 2.0 connector", &format!("{connector:?} {connector:#?}"));
        let check = connector.check().await.unwrap();
        watch.debug("Check", &check);
        for finding in &check.findings {
            watch.debug("Finding", finding);
            watch.debug("Origin", &finding.origin);
        }
        let registry = ConnectorRegistry::new().with_instance("scim2", connector);
        watch.debug("ConnectorRegistry", &registry);
    }
}

async fn dispatching(watch: &mut Watch) {
    let target = Scim2Target::new().with_bearer_token(TOKEN);
    let registry = ConnectorRegistry::new().with(Scim2Factory::new(target.clone()));
    let builder = Dispatcher::builder(acme("scim2", bearer(TOKEN)), registry);
    watch.debug("DispatcherBuilder", &builder);
    drop(builder);

    let (dispatcher, everything) = scim(target.clone(), bearer(TOKEN));
    for event in events() {
        let plan = dispatcher.plan(&event).await.unwrap();
        watch.debug("Plan", &plan);
        for planned in &plan.targets {
            watch.both("Action", &planned.action);
            watch.debug("Planned", planned);
        }
        let dispatch = dispatcher.dispatch(event);
        watch.debug("Dispatch", &dispatch);
        let report = dispatch.await.unwrap();
        assert!(report.deliveries.iter().all(|delivery| delivery.outcome.is_done()), "{report:?}");
        watch.report("Report", &report);
        watch.both("EventId", &report.event);
        for delivery in &report.deliveries {
            watch.both("Because", &delivery.because);
            watch.both("Outcome", &delivery.outcome);
            watch.debug("Delivery", delivery);
        }
        watch.debug("Report", &report);
        // What it remembers by now: lanes, links, confirmed states.
        watch.debug("Dispatcher", &dispatcher);
    }
    assert!(everything.search(watch, "Observation") >= 6);
    watch.debug("Scim2Target", &target);
    for request in target.requests() {
        watch.debug("RecordedRequest", &request);
    }
    // An open event, and a failure that is remembered.
    target.answer_next_with(HttpResponse::new(b"perso krypt".to_vec()));
    let report = dispatcher.dispatch(here(Event::user_created(user()))).await;
    watch.report("Report", &report.unwrap());
    watch.debug("Dispatcher", &dispatcher);

    let hr = TargetKey::new("acme".into(), Target::new("hr", "scim2"));
    watch.both("Reassertion", &dispatcher.plan_reassert(&hr).await.unwrap());
    watch.debug("Loading", &Loading::default());
    watch.debug("Withdrawal", &Withdrawal::Deactivate);
    dispatcher.withdraw(&hr, Withdrawal::Deactivate).await.unwrap();
    watch.debug("Withdrawing", &dispatcher.withdrawing(&hr).await.unwrap().unwrap());

    let error = Error::new(ErrorKind::Conflict, "no").with_retry_after(Duration::from_secs(7));
    watch.both("ErrorKind", &error.kind());
    watch.debug("Effect", &error.effect());
    watch.error("Error", &error.with_source(TargetWords));
    watch.debug("Error", &Error::new(ErrorKind::Internal, "no").with_effect(Effect::NotSent));
    watch.debug("Next", &Next::Parked(ParkReason::NameTaken));
    watch.both("ParkReason", &ParkReason::NameTaken);
    watch.both("HoldReason", &HoldReason::SwitchedOff);
}

async fn doubles(watch: &mut Watch) {
    let mock = MockConnector::new();
    let (dispatcher, _) = with_mock(&mock);
    for event in events() {
        dispatcher.dispatch(event).await.unwrap();
        watch.debug("Call", &mock.calls());
        watch.debug("MockConnector", &mock);
        watch.debug("Resource", &mock.remote_resources());
    }
    let error = Error::new(ErrorKind::Conflict, "no").with_source(TargetWords);
    watch.debug("Fault", &Fault::Refuse(error));
    watch.debug("Stall", &Stall::new());
    watch.debug("ManualRuntime", &ManualRuntime::new());
}

/// A target's terms, and what a change of them comes to for a person.
async fn changed_terms(watch: &mut Watch) {
    let filter: Filter = r#"displayName eq "perso-display" and title eq "krypt""#.parse().unwrap();
    let scope = Scope::new().of_users(filter.clone());
    let mut deprovisioning = Deprovisioning::default();
    deprovisioning.protected = Some(filter);
    let passwords = Passwords::new(PasswordPolicy::Sync);
    watch.debug("Scope", &scope);
    watch.debug("Deprovisioning", &deprovisioning);
    watch.debug("Deprovision", &deprovisioning.deleted);
    watch.both("Cause", &Cause::LeftScope);
    watch.debug("Guard", &Guard::default());
    watch.debug("GuardAction", &Guard::default().then);
    watch.debug("Passwords", &passwords);
    watch.debug("PasswordPolicy", &passwords.policy);
    let key: [u8; 32] = std::array::from_fn(|place| u8::try_from(place).unwrap());
    let mock = MockConnector::new();
    let registry = ConnectorRegistry::new().with_instance("mock", mock.clone());
    let settings = ConnectorSettings::from(Properties::new().with("password", PASSWORD));
    let settings = settings.with_deprovisioning(deprovisioning).with_passwords(passwords);
    let shared = SharedConfiguration::new(one_target(settings.clone()));
    let dispatcher = Dispatcher::builder(shared.clone(), registry)
        .sealing(SealingKeys::new("2026", key).unwrap())
        .build()
        .unwrap();
    mock.then(Fault::Refuse(refusal()));
    let created = here(Event::user_created(user()).with_password(PASSWORD.into()));
    watch.debug("Event", &created);
    for event in [created, here(Event::password_changed("u-1", PASSWORD.into()))] {
        watch.debug("Plan", &dispatcher.plan(&event).await.unwrap());
        watch.debug("Report", &dispatcher.dispatch(event).await.unwrap());
        statuses(watch, &dispatcher, &user_key()).await;
    }
    let given = mock.remote_resources().into_iter().flat_map(|(id, _)| mock.passwords_of(&id));
    let given: Vec<Secret> = given.collect();
    assert!(given.iter().any(|password| password.expose() == PASSWORD));
    watch.debug("Secret", &given);
    watch.debug("MockConnector", &mock);
    let hr = TargetKey::new("acme".into(), Target::new("hr", "mock"));
    shared.replace(one_target(settings.with_scope(scope)));
    let plan = dispatcher.plan_reassert(&hr).await.unwrap();
    watch.both("Reassertion", &plan);
    watch.debug("Loading", &dispatcher.loading(&hr).await.unwrap().unwrap_or_default());
    watch.debug("Withdrawal", &Withdrawal::Delete);
    dispatcher.withdraw(&hr, Withdrawal::Delete).await.unwrap();
    watch.debug("Withdrawing", &dispatcher.withdrawing(&hr).await.unwrap().unwrap());
    watch.debug("Dispatcher", &dispatcher);
}

fn one_target(settings: ConnectorSettings) -> Configuration {
    let organization = OrganizationConfiguration::new()
        .with_connection("hr", Connection::new("HR").with_connector("mock", settings))
        .with_provisioner(Provisioner::new("hr", "mock").blocking());
    Configuration::new().with_organization("acme", organization)
}

fn user_key() -> ResourceKey {
    ResourceKey::new("acme".into(), ResourceKind::User, "u-1".into())
}

/// A host that can be asked, and a store that shows what it is given.
fn durable(mock: &MockConnector) -> (Dispatcher, Counting) {
    #[derive(Debug)]
    struct Truth;

    #[async_trait]
    impl ResourceSource for Truth {
        async fn load(&self, _: &ResourceKey) -> Result<Option<Resource>> {
            Ok(Some(user().into()))
        }
    }

    let store = Counting::new(MemoryStore::new());
    let registry = ConnectorRegistry::new().with_instance("mock", mock.clone());
    let blocking = acme("mock", Properties::new().with("password", PASSWORD));
    let mut queued = blocking.organization(&"acme".into()).unwrap().clone();
    queued.provisioners = vec![Provisioner::new("hr", "mock")];
    let configuration = Configuration::new().with_organization("acme", queued);
    let builder = Dispatcher::builder(configuration, registry).store(store.clone());
    (builder.resources(Truth).build().unwrap(), store)
}

fn at_hr(resource: ResourceKey) -> LaneKey {
    LaneKey::new(resource, Target::new("hr", "mock"))
}

/// Everything that a store is given and gives, in each state that a lane can be in.
async fn storing(watch: &mut Watch) {
    let ways: [fn() -> Option<Fault>; 5] = [
        || None,
        || Some(Fault::TimeOutBefore),
        || Some(Fault::TimeOutAfter),
        || Some(Fault::Refuse(refusal())),
        || Some(Fault::Refuse(Error::new(ErrorKind::Unauthenticated, "401"))),
    ];
    for way in ways {
        let mock = MockConnector::new();
        let (dispatcher, store) = durable(&mock);
        for event in events() {
            let key = event.resource_key();
            dispatcher.dispatch(event).await.unwrap();
            rows(watch, &store, &key).await;
            way().into_iter().for_each(|fault| mock.then(fault));
            Worker::builder(&dispatcher).build().run_once().await.unwrap();
            rows(watch, &store, &key).await;
            statuses(watch, &dispatcher, &key).await;
        }
        batches(watch, &store);
        watch.debug("MemoryStore", &store);
    }
    let fact =
        Fact::new("dialect", json!({ "token": TOKEN, "seen": USER_NAME }), Timestamp::default());
    watch.debug("Fact", &fact);
    let mut batch = Batch::new();
    let target = TargetKey::new("acme".into(), Target::new("hr", "mock"));
    batch.facts.push((target.clone(), "dialect".to_owned(), Some(fact)));
    watch.debug("Batch", &batch);
    let folder = TempFolder::new();
    let options = RedbStore::options().sealing(sealing(watch));
    watch.debug("RedbOptions", &options);
    let store = options.open(folder.path().join("outbound.redb")).unwrap();
    let committed = store.commit(batch, Durability::Immediate).await.unwrap();
    watch.debug("Committed", &committed);
    watch.debug("Committed", &Committed::Conflict);
    watch.debug("Durability", &Durability::Deferred);
    watch.debug("Fact", &store.facts(&target).await.unwrap());
    watch.debug("RedbStore", &store);
    watch.debug("Life", &store.life());
    watch.debug("Life", &Life::new(Era::new(1), Era::new(0)));
    watch.debug("Era", &store.life().era);
    watch.debug("Health", &Health::default());
    watch.debug("MemberWrites", &MemberWrites::default());
    watch.debug("Close", &Close::Waiting);
    watch.debug("Priority", &Priority::Urgent);
    watch.both("QuarantineReason", &QuarantineReason::Credentials);
    watch.debug("TargetKey", &target);
}

/// A key whose bytes are a text, so that the search would find it.
fn sealing(watch: &mut Watch) -> SealingKeys {
    let key = || SealingKey::from(*b"krypt-sealing-key of 32 bytes...");
    watch.debug("SealingKey", &key());
    let keys = SealingKeys::new("2026", key()).unwrap();
    watch.debug("SealingKeys", &keys);
    let sealed = keys.seal_secret(&Secret::new(PASSWORD), b"here").unwrap();
    watch.debug("SealedSecret", &sealed);
    watch.clean("SealedSecret", &serde_json::to_string(&sealed).unwrap());
    watch.debug("Opened", &keys.open(sealed.as_bytes(), b"here").unwrap());
    watch.error("elsewhere", &keys.open_secret(&sealed, b"there").unwrap_err());
    let other = SealingKeys::new("2026", [7; 32]).unwrap_err();
    watch.error("blank", &other);
    let digits = SealingKey::from_hex(&Secret::new(KEY)).unwrap_err();
    watch.error("digits", &digits);
    keys
}

async fn rows(watch: &mut Watch, store: &Counting, key: &ResourceKey) {
    let stored = store.resource(key).await.unwrap();
    watch.debug("StoredResource", &stored);
    for lane in &stored.lanes {
        watch.debug("LaneKey", &lane.key);
        watch.debug("StoredLane", lane);
        watch.debug("LaneRecord", &lane.record);
        watch.debug("Due", &lane.record.due());
        watch.debug("Columns", &lane.record.columns());
    }
    let lane = at_hr(key.clone());
    let open = store.open_members(&lane, 10).await.unwrap();
    let everybody = [Member::user("u-1"), Member::user("u-2")];
    let named = store.named_members(&lane, &everybody).await.unwrap();
    for members in [open, named] {
        watch.debug("OpenMembers", &members);
        for member in &members.members {
            watch.debug("OpenMember", member);
            watch.debug("Joined", &member.joined);
        }
    }
}

fn batches(watch: &mut Watch, store: &Counting) {
    for batch in store.batches() {
        watch.debug("Batch", &batch);
        watch.debug("ResourceWrite", &batch.resource);
        watch.debug("MembershipWrite", &batch.membership);
        watch.debug("LaneWrite", &batch.lanes);
        watch.debug("Opening", &batch.open);
        if let Some((_, writes)) = &batch.members {
            watch.debug("MemberWrites", writes);
        }
        watch.debug("Health", &batch.health);
    }
}

async fn statuses(watch: &mut Watch, dispatcher: &Dispatcher, key: &ResourceKey) {
    for status in dispatcher.status(key).await.unwrap() {
        watch.both("LaneState", &status.state);
        watch.debug("LaneStatus", &status);
    }
    for which in [Which::Due, Which::Parked, Which::Unsettled] {
        let query = LaneQuery::new("acme".into(), which);
        watch.debug("Which", &which);
        watch.debug("LaneStatus", &dispatcher.lanes(&query).await.unwrap());
        watch.debug("LaneQuery", &query);
    }
    for status in dispatcher.targets().await.unwrap() {
        watch.debug("TargetStatus", &status);
    }
    watch.both("LaneState", &LaneState::Parked(ParkReason::Poison));
}

async fn working(watch: &mut Watch) {
    let mock = MockConnector::new();
    let registry = ConnectorRegistry::new().with_instance("mock", mock.clone());
    let dispatcher = Dispatcher::builder(acme("mock", Properties::new()), registry)
        .runtime(TokioRuntime::current().unwrap())
        .build()
        .unwrap();
    dispatcher.dispatch(here(Event::user_created(user()))).await.unwrap();
    let builder = Worker::builder(&dispatcher);
    watch.debug("WorkerBuilder", &builder);
    let worker = builder.build();
    watch.debug("Worker", &worker);
    watch.debug("Worked", &worker.run_once().await.unwrap());
    watch.debug("Stopped", &worker.run(async {}).await.unwrap());

    let (dispatcher, store) = durable(&mock);
    let key = ResourceKey::new("acme".into(), ResourceKind::User, "u-1".into());
    let announcement = dispatcher.announce(key.clone()).await.unwrap();
    watch.debug("Announcement", &announcement);
    let hints = store.hints(10).await.unwrap();
    assert_eq!(hints.len(), 1);
    hints.iter().for_each(|hint| watch.debug("Hint", hint));
    drop(announcement);
    assert_eq!(dispatcher.recover().await.unwrap(), 1);
    watch.debug("Dispatcher", &dispatcher);
    watch.debug("Ending", &dispatcher.close().await.unwrap());
}

fn transport(watch: &mut Watch) {
    watch.debug("Quirk", &outbound_provisioning::conformance::Quirk::NoPatch(405));
    watch.debug("VendorProfile", &vendors());
    watch.debug("Limits", &Profile::default());
    watch.both("Source", &Source::Learnt);
    let policy = NetworkPolicy::new().allow_loopback();
    watch.debug("NetworkPolicy", &policy);
    watch.both("AddressRange", &"10.1.0.0/16".parse::<AddressRange>().unwrap());
    watch.debug("SystemDns", &SystemDns::new());
    let client = ReqwestClient::new(policy.clone()).unwrap();
    watch.debug("ReqwestClient", &client);
    let marked = format!("-----BEGIN CERTIFICATE-----\n{KEY}\n-----END CERTIFICATE-----");
    let dialing = Dialing::new().showing(Secret::new(marked));
    watch.debug("Dialing", &dialing);
    watch.error("Dialing", &client.for_connection(&dialing).unwrap_err());
    watch.debug("Dialing", &Dialing::new().showing(PRIVATE_KEY.into()));
    let key = KEY.to_owned();
    watch.debug("HttpFn", &http_fn(move |_| Ok(HttpResponse::new(key.clone().into_bytes()))));
    let error = HttpError::new(HttpErrorKind::Timeout).with_source(TargetWords);
    watch.debug("HttpErrorKind", &error.kind());
    watch.both("HttpError", &error);
    watch.error("HttpError", &Error::from(error));
    watch.debug("BaseUrl", &BaseUrl::parse("https://hr.example.com/scim", &policy));
    for wrong in wrong_settings() {
        let parsed = BaseUrl::parse(wrong.text("base_url").unwrap_or_default(), &policy);
        watch.debug("BaseUrl", &parsed.err());
    }
}

/// A new public type must be searched too.
#[test]
fn no_public_type_is_forgotten() {
    let mut found = BTreeSet::new();
    types_in(Path::new("src"), &mut found);
    assert!(found.len() > 100, "{found:?}");
    let known = [COVERED, ELSEWHERE, TRAITS].into_iter();
    let known = known.flat_map(str::split_whitespace).map(str::to_owned);
    let known: BTreeSet<String> = known.collect();
    let forgotten: Vec<_> = found.difference(&known).collect();
    assert!(forgotten.is_empty(), "search them, and add them to `COVERED`: {forgotten:?}");
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(gone.is_empty(), "no longer public: {gone:?}");
}

/// The types that are declared `pub`. The lint `unreachable_pub` keeps that for what is public.
fn types_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            types_in(&path, found);
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
            let mut words = line.split(|letter| !is_name(letter));
            if let (Some("pub"), Some("struct" | "enum" | "union" | "trait"), Some(name)) =
                (words.next(), words.next(), words.next())
            {
                found.insert(name.to_owned());
            }
        }
    }
}

/// What an engine is told and what it says: it may quote both, and its own words are for reports and not for logs.
async fn ruling(watch: &mut Watch) {
    let settings = RuleSettings::default();
    watch.debug("RuleSettings", &settings);
    watch.debug("WhenNotApplicable", &settings.not_applicable);
    watch.debug("WhenIndeterminate", &settings.indeterminate);
    watch.debug("WhenObliged", &settings.obligations);
    watch.debug("OnRuleExit", &settings.on_exit);
    watch.both("UtcOffset", &UtcOffset::default());
    watch.debug("XacmlFormat", &XacmlFormat::Json);
    watch.debug("SubjectSource", &SubjectSource::Groups);

    let (organization, target) = ("acme".into(), Target::new("hr", "scim2"));
    let groups = [GROUP_NAME.to_owned()];
    let attributes = RuleAttributes::new();
    watch.debug("RuleAttributes", &attributes);
    let rules = format!("deny if userName eq {USER_NAME:?} because \"{USER_NAME} stays\"");
    let rules: NativeRules = rules.parse().unwrap();
    watch.debug("NativeRules", &rules);
    watch.clean(
        "rules",
        &format!("permit if {USER_NAME}").parse::<NativeRules>().unwrap_err().to_string(),
    );
    for resource in [Resource::from(user()), group().into()] {
        let now = Timestamp::default();
        let request = RuleRequest::new(&organization, &target, Operation::Create, &resource, now)
            .with_groups(&groups);
        watch.debug("RuleRequest", &request);
        watch.both("Operation", &request.operation);
        let categories = attributes.of(&request);
        watch.debug("RuleCategory", &categories);
        for attribute in categories.iter().flat_map(|category| &category.attributes) {
            watch.debug("RuleAttribute", attribute);
            watch.debug("RuleDataType", &attribute.data_type);
        }
        let decision = rules.judge(&request).because(USER_NAME);
        watch.both("Verdict", &decision.verdict);
        watch.debug("RuleDecision", &decision);
        watch.debug("RuleEffect", &settings.effect(&RuleDecision::deny().because(USER_NAME)));
        let duty = Obligation::new("urn:example:notify").with("urn:example:to", USER_NAME);
        watch.debug("Obligation", &duty);

        for (_, properties) in credentials() {
            let mut point = DecisionPoint::new("http://127.0.0.1/pdp");
            for name in properties.names().filter(|name| *name != "base_url") {
                point = point.with_property(name, properties.text(name).unwrap_or_default());
            }
            watch.debug("DecisionPoint", &point);
            // What comes back quotes what was sent, credentials and all.
            let client = http_fn(|request| {
                let mut body = format!("{:?}", request.headers()).into_bytes();
                body.extend_from_slice(request.body());
                let mut response = HttpResponse::new(body);
                *response.status_mut() = StatusCode::BAD_REQUEST;
                Ok(response)
            });
            let xacml = XacmlEngine::new(client.clone(), &point).unwrap();
            let authzen = AuthzenEngine::new(client, &point).unwrap();
            watch.debug("XacmlEngine", &xacml);
            watch.debug("AuthzenEngine", &authzen);
            watch.error("XacmlEngine", &xacml.decide(&request).await.unwrap_err());
            watch.error("AuthzenEngine", &authzen.decide(&request).await.unwrap_err());
        }
    }
    for wrong in wrong_settings() {
        let point = DecisionPoint::new(wrong.text("base_url").unwrap_or_default())
            .with_property("authentication", "bearer")
            .with_property("tokem", TOKEN);
        watch.debug("DecisionPoint", &point);
        let client = http_fn(|_| Ok(HttpResponse::default()));
        let problems = XacmlEngine::new(client, &point).unwrap_err();
        watch.clean("a wrong decision point", &format!("{problems} {problems:?}"));
    }
}

/// Else a search that finds nothing says nothing.
#[test]
fn the_search_finds_what_is_shown() {
    let finds = |search: &dyn Fn(&mut Watch)| {
        let mut watch = Watch::default();
        search(&mut watch);
        !watch.leaks.is_empty()
    };
    let basic = format!("Basic {}6cGFzcw==", ENCODED[0]);
    assert!(finds(&|watch| watch.debug("Vec", &vec![USER_NAME])));
    assert!(finds(&|watch| watch.clean("text", &TOKEN.to_uppercase())));
    assert!(finds(&|watch| watch.clean("text", &basic)));
    assert!(finds(&|watch| watch.words("source", TOKEN)));
    assert!(finds(&|watch| watch.words("source", "krypt-pem")));
    assert!(!finds(&|watch| watch.words("source", USER_NAME)));
    // Every value of the user is one that would be found.
    let user = serde_json::to_value(user()).unwrap();
    for (name, value) in user.as_object().unwrap() {
        let is_harmless = ["externalId", "active"].contains(&name.as_str());
        assert!(is_harmless || value.to_string().contains("perso"), "{name}");
    }
}

/// A filter holds a user name. `Display` writes it, that is its purpose; `Debug` is for logs.
#[test]
fn a_filter_does_not_show_its_value() {
    let mut watch = Watch::default();
    let filter = Filter::equals("userName", USER_NAME);
    watch.debug("Filter", &filter);
    watch.debug("Operator", &Operator::Equal);
    let path = format!("emails[{}].value", Filter::equals("value", USER_NAME));
    watch.debug("ValuePath", &path.parse::<ValuePath>().unwrap());
    let mut ends = format!("{filter} and {path} eq \"{USER_NAME}");
    while ends.pop().is_some() {
        let Err(error) = ends.parse::<Filter>() else { continue };
        watch.debug("FilterErrorKind", &error.kind());
        watch.both("FilterError", &error);
        watch.both("FilterError", &Error::from(error));
    }
    watch.debug("Filter", &filter.and(Filter::equals("externalId", "u-1")));
    watch.found_nothing();
}

/// A mapping holds constants, works on a person's values, and shows them to who asks for a preview alone.
#[test]
fn a_mapping_shows_nothing_of_a_person() {
    let mut watch = Watch::default();
    let mut problems = Problems::new();
    let document = json!({ "users": [
        { "to": "title", "constant": "perso-title" },
        { "to": "nickName", "expression": r#"Append([userName], "perso-suffix")"# },
        { "to": r#"emails[value eq "perso-email@example.com"].display"#, "constant": "perso-display" },
        { "to": "locale", "default": "perso-locale" },
    ] });
    let mapping = Mapping::from_json(&document, "mapping", &mut problems);
    assert!(problems.is_empty(), "{problems}");
    watch.debug("Mapping", &mapping);
    watch.debug("Mapping", &mapping.base);
    for rule in &mapping.users {
        watch.debug("Rule", rule);
        watch.debug("Rule", rule.source());
        watch.debug("Rule", &rule.when());
    }
    let (acme, hr) = ("acme".into(), "hr".into());
    let (source, confirmed) = (Resource::from(user()), Resource::from(changed()));
    let functions = Functions::new().with("Own", |arguments| {
        let shown = format!("{arguments:?}");
        assert!(!shown.contains("perso"), "{shown}");
        Err(arguments[0].text().unwrap_or_default().into())
    });
    let context = MappingContext::new(&acme, &hr).confirmed(&confirmed).functions(&functions);
    watch.debug("MappingContext", &context);
    watch.debug("Functions", &functions);
    watch.debug("Preview", &mapping.preview(&source, &context).unwrap());
    // What is wrong with a text does not repeat it.
    for wrong in [
        "perso",
        "perso()",
        r#""perso"#,
        "[perso]",
        "[perso",
        r#"ToLower("perso", "x")"#,
        "\"\u{1}perso\"",
    ] {
        let error = Expression::parse(wrong).unwrap_err();
        watch.both("ExpressionError", &error);
        let rule = json!({ "to": wrong, "expression": wrong });
        let again = json!({ "to": "active", "constant": "perso" });
        Mapping::from_json(&json!({ "users": [rule, again] }), "mapping", &mut problems);
    }
    watch.clean("Problems", &format!("{problems} {problems:?}"));
    // Nor does what is wrong with a value.
    for expression in [
        "@Own([userName])",
        "Mid([userName], [userName], 1)",
        "@Nobody([userName])",
        "Not([userName])",
    ] {
        watch.debug("Expression", &Expression::parse(expression).unwrap());
        let document = json!({ "users": [{ "to": "title", "expression": expression }] });
        let mapping = Mapping::from_json(&document, "mapping", &mut problems);
        let error = mapping.apply(&source, &context).unwrap_err();
        watch.both("MappingError", &error);
        watch.error("MappingError", &Error::from(error));
    }
    watch.debug("TargetSchema", &TargetSchema::rfc7643(ResourceKind::User));
    watch.found_nothing();
}

// ------------------------------------------------------------------------------------------------
// Failures of a connector

/// A target's own words, as a careful connector keeps them: they quote what was sent.
struct TargetWords;

impl Debug for TargetWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TargetWords([redacted])")
    }
}

impl Display for TargetWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("perso-username is taken")
    }
}

impl std::error::Error for TargetWords {}

/// Every call fails, and quotes.
#[derive(Debug)]
struct Quoting;

#[async_trait]
impl Connector for Quoting {
    async fn create(&self, _: &Resource, _: &Attempt) -> Result<Remote> {
        Err(refusal())
    }
    async fn update(&self, _: &RemoteId, _: &Update<'_>, _: &Attempt) -> Result<Remote> {
        Err(refusal())
    }
    async fn delete(&self, _: &RemoteId, _: ResourceKind, _: &Attempt) -> Result<()> {
        Err(refusal())
    }
}

fn refusal() -> Error {
    Error::new(ErrorKind::Rejected, "the target refuses it").with_source(TargetWords)
}

const KINDS: [ErrorKind; 15] = [
    ErrorKind::Configuration,
    ErrorKind::Conflict,
    ErrorKind::Damaged,
    ErrorKind::Internal,
    ErrorKind::InvalidEvent,
    ErrorKind::InvalidResponse,
    ErrorKind::NotFound,
    ErrorKind::PermissionDenied,
    ErrorKind::RateLimited,
    ErrorKind::Rejected,
    ErrorKind::Storage,
    ErrorKind::Timeout,
    ErrorKind::Unauthenticated,
    ErrorKind::Unavailable,
    ErrorKind::Unsupported,
];

fn faults() -> Vec<Fault> {
    let effects = [Effect::NotSent, Effect::Rejected, Effect::Unknown];
    let mut faults: Vec<Fault> = KINDS
        .into_iter()
        .flat_map(|kind| effects.map(|effect| (kind, effect)))
        .map(|(kind, effect)| {
            let error = Error::new(kind, "the target refuses it").with_effect(effect);
            Fault::Refuse(error.with_source(TargetWords))
        })
        .collect();
    faults.extend([Fault::TimeOutBefore, Fault::TimeOutAfter, Fault::Panic, Fault::WrongAnswer]);
    faults
}

/// Each operation fails in each way, and the event after it too.
#[tokio::test]
async fn no_report_of_a_failure_shows_anything() {
    let mut watch = Watch::default();
    for fault in faults() {
        let mock = MockConnector::new();
        let (dispatcher, everything) = with_mock(&mock);
        let mut sent = 0;
        for event in events() {
            let place = format!("{event:?} with {fault:?}");
            for attempt in [Some(fault.clone()), Some(fault.clone()), None] {
                if let Some(fault) = attempt {
                    mock.then(fault);
                }
                let plan = dispatcher.plan(&event).await.unwrap();
                watch.clean(&place, &format!("{plan:?} {plan:#?}"));
                let report = dispatcher.dispatch(event.clone()).await.unwrap();
                watch.report(&place, &report);
                watch.clean(&place, &format!("{dispatcher:?} {mock:?} {:?}", mock.calls()));
            }
            sent += everything.search(&mut watch, &place);
        }
        assert!(sent > 7, "the faults did not reach the connector: {fault:?}");
    }
    watch.found_nothing();
}

/// [`Error`]'s documentation sends a target's own words into the source, and the plainest source is a text. A report
/// that is logged with `{:?}` then must not print them.
#[tokio::test]
async fn an_error_does_not_show_the_words_of_its_source() {
    let mut watch = Watch::default();
    let mock = MockConnector::new();
    let (dispatcher, everything) = with_mock(&mock);
    let words = format!("{USER_NAME} is taken");
    mock.fail_next(
        Error::new(ErrorKind::Rejected, "the target refuses it").with_source(words.as_str()),
    );
    watch
        .report("a report", &dispatcher.dispatch(here(Event::user_created(user()))).await.unwrap());
    everything.search(&mut watch, "an observation");
    watch.error("an error", &Error::new(ErrorKind::Rejected, "no").with_source(words));
    watch.found_nothing();
}

/// A connector that panics with everything it knows.
#[derive(Debug)]
struct Panicking;

#[expect(clippy::panic, reason = "that is what is tested")]
#[async_trait]
impl Connector for Panicking {
    async fn create(&self, resource: &Resource, _: &Attempt) -> Result<Remote> {
        panic!("{} with {TOKEN}", resource.name())
    }
    async fn update(&self, _: &RemoteId, update: &Update<'_>, _: &Attempt) -> Result<Remote> {
        panic!("{} with {TOKEN}", update.wanted.name())
    }
    async fn delete(&self, _: &RemoteId, _: ResourceKind, _: &Attempt) -> Result<()> {
        panic!("{USER_NAME} with {TOKEN}")
    }
}

#[tokio::test]
async fn a_panic_of_a_connector_is_not_repeated() {
    let mut watch = Watch::default();
    let (dispatcher, everything) = with_instance(Panicking);
    for event in events() {
        let report = dispatcher.dispatch(event).await.unwrap();
        watch.report("a panic", &report);
        watch.clean("a panic", &format!("{dispatcher:?}"));
    }
    assert!(everything.search(&mut watch, "a panic") > 0);
    watch.found_nothing();
}

// ------------------------------------------------------------------------------------------------
// Failures of a SCIM 2.0 target

/// How a target quotes us.
#[derive(Clone, Copy, Debug)]
enum Quote {
    /// SCIM's error, with all of it in every field.
    Scim,
    /// Another JSON object.
    Json,
    Html,
    /// A resource, or a list, that is not what was asked for.
    Resource,
    List,
}

/// Everything that we sent, and who we said we were.
fn all_of(request: &HttpRequest, credential: &str) -> String {
    let header = |name: &str| {
        let value = request.headers().get(name);
        value
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .unwrap_or_default()
    };
    format!(
        "{credential} {} {} {} {USER_NAME} {}",
        header("authorization"),
        header("x-api-key"),
        request.uri(),
        String::from_utf8_lossy(request.body())
    )
}

fn quoting(quote: Quote, status: u16, request: &HttpRequest, credential: &str) -> HttpResponse {
    let all = all_of(request, credential);
    let body = match quote {
        Quote::Scim => json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error", all],
            "status": all, "scimType": all, "detail": all, all.as_str(): all,
        })
        .to_string(),
        Quote::Json => json!({ "error": all, "detail": all }).to_string(),
        Quote::Html => format!("<html>{all}</html>"),
        Quote::Resource => {
            json!({ "externalId": all, "userName": all, "meta": all, "emails": all }).to_string()
        }
        Quote::List => {
            json!({ "totalResults": all, "Resources": [{ "id": [all], "userName": all }] })
                .to_string()
        }
    };
    let mut response = HttpResponse::new(body.into_bytes());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    // A header takes no line breaks and no letters outside of ASCII.
    let all = HeaderValue::from_str(&format!("{credential} {USER_NAME}"));
    for name in [ETAG, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE] {
        response.headers_mut().extend(all.iter().map(|value| (name.clone(), value.clone())));
    }
    response
}

const STATUSES: [u16; 22] = [
    200, 201, 202, 204, 302, 307, 400, 401, 403, 404, 405, 408, 409, 410, 412, 413, 422, 429, 500,
    501, 502, 503,
];
const QUOTES: [Quote; 5] = [Quote::Scim, Quote::Json, Quote::Html, Quote::Resource, Quote::List];

/// Each operation of a connector whose target quotes everything.
async fn search_all_operations(
    watch: &mut Watch,
    place: &str,
    connector: &Arc<dyn Connector>,
    attempt: &Attempt,
) -> usize {
    let (before, after) = (Resource::from(user()), Resource::from(changed()));
    let difference = Difference::between(&before, &after);
    let (id, kind) = (RemoteId::new("r-1").unwrap(), ResourceKind::User);
    let members = MemberChanges::new([Member::user("r-2")], [Member::user("r-3")]);
    let update = Update::new(&after, &difference);
    let lookup = Lookup::new(kind, before.local_id(), USER_NAME);
    let results: [(&str, Result<String>); 7] = [
        ("create", connector.create(&before, attempt).await.map(|remote| format!("{remote:?}"))),
        (
            "update",
            connector.update(&id, &update, attempt).await.map(|remote| remote.id.to_string()),
        ),
        ("delete", connector.delete(&id, kind, attempt).await.map(|()| String::new())),
        ("find", connector.find(&lookup, attempt).await.map(|found| format!("{found:?}"))),
        (
            "change_members",
            connector
                .change_members(&id, &members, attempt)
                .await
                .map(|remote| format!("{remote:?}")),
        ),
        ("list", connector.list(&PageRequest::first(kind)).await.map(|page| format!("{page:?}"))),
        ("check", connector.check().await.map(|check| format!("{check:?}"))),
    ];
    let mut errors = 0;
    for (operation, result) in results {
        let place = format!("{operation}, {place}");
        match result {
            Ok(shown) => watch.clean(&place, &shown),
            Err(error) => {
                errors += 1;
                watch.error(&place, &error);
            }
        }
    }
    errors
}

#[tokio::test]
async fn no_error_of_the_scim_connector_shows_what_the_target_quotes() {
    let mut watch = Watch::default();
    let (attempt, mut errors) = (attempt().await, 0);
    for (name, properties) in credentials() {
        let credential = match name {
            "bearer" => TOKEN,
            "basic" => PASSWORD,
            _ => KEY,
        };
        for (status, quote) in
            STATUSES.into_iter().flat_map(|status| QUOTES.map(|quote| (status, quote)))
        {
            for update_method in ["patch", "put"] {
                let place = format!("{name}, {update_method}, {status} {quote:?}");
                let client =
                    http_fn(move |request| Ok(quoting(quote, status, &request, credential)));
                let overrides = format!(
                    r#"{{"discovery": false, "adapt": false, "user_update": "{update_method}", "group_update": "{update_method}"}}"#
                );
                let properties = properties.clone().with("profile_overrides", overrides);
                let connector = connector(client, properties);
                errors += search_all_operations(&mut watch, &place, &connector, &attempt).await;
            }
        }
    }
    watch.found_nothing();
    assert!(errors > 3_000, "only {errors} failures");
}

/// What a token endpoint is told, what it says, and what it gives out.
#[tokio::test]
async fn no_sign_in_shows_a_client_secret_a_key_or_a_token() {
    let mut watch = Watch::default();
    let (attempt, mut errors) = (attempt().await, 0);
    let asks_for_token = |request: &HttpRequest| request.uri().path() == "/token";
    for client_authentication in CLIENTS {
        let properties = oauth2(client_authentication);
        watch.debug("Properties", &properties);
        watch.debug("BuildContext", &context(properties.clone()));
        for (status, quote) in
            STATUSES.into_iter().flat_map(|status| QUOTES.map(|quote| (status, quote)))
        {
            for quotes_target in [true, false] {
                let place =
                    format!("{client_authentication}, target {quotes_target}, {status} {quote:?}");
                let seen = Arc::new(Mutex::new(String::new()));
                let requests = Arc::clone(&seen);
                let client = http_fn(move |request| {
                    let headers = format!("{:?}", request.headers());
                    requests.lock().unwrap().push_str(&headers);
                    let granted = json!({ "access_token": ACCESS, "token_type": "Bearer" });
                    Ok(match (quotes_target, asks_for_token(&request)) {
                        (true, true) => HttpResponse::new(granted.to_string().into_bytes()),
                        (true, false) => quoting(quote, status, &request, ACCESS),
                        (false, _) => quoting(quote, status, &request, CLIENT_SECRET),
                    })
                });
                let connector = connector(client, properties.clone());
                errors += search_all_operations(&mut watch, &place, &connector, &attempt).await;
                watch.clean(&place, &format!("{connector:?} {connector:#?}"));
                watch.clean(&place, &seen.lock().unwrap());
            }
        }
    }
    watch.found_nothing();
    assert!(errors > 3_000, "only {errors} failures");
}

#[tokio::test]
async fn no_report_shows_what_the_target_quotes() {
    let mut watch = Watch::default();
    for (status, quote) in
        STATUSES.into_iter().flat_map(|status| QUOTES.map(|quote| (status, quote)))
    {
        let place = format!("{status} {quote:?}");
        // The answers begin to be bad after this many.
        for good in [0, 1, 2] {
            let (target, left) = (Scim2Target::new(), Mutex::new(good));
            let client = http_fn(move |request| {
                let is_good = {
                    let mut left = left.lock().unwrap();
                    let is_good = *left > 0;
                    *left -= i32::from(is_good);
                    is_good
                };
                Ok(if is_good {
                    target.answer(&request)
                } else {
                    quoting(quote, status, &request, TOKEN)
                })
            });
            let (dispatcher, everything) = scim(client, bearer(TOKEN));
            for event in events() {
                watch.report(&place, &dispatcher.dispatch(event).await.unwrap());
            }
            watch.clean(&place, &format!("{dispatcher:?}"));
            assert!(everything.search(&mut watch, &place) > 0);
        }
    }
    watch.found_nothing();
}

/// The words are there for whoever follows the source on purpose, with our own credential masked.
#[tokio::test]
async fn f93_a_target_is_quoted_in_the_source_without_our_credential_and_harmlessly() {
    let mut watch = Watch::default();
    let detail = format!(
        "\u{1b}[31m{USER_NAME}\r\nERROR forged\0: {TOKEN}, {TOKEN} {}",
        "x".repeat(1_000_000)
    );
    let body =
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "detail": detail });
    let client = http_fn(move |_| {
        let mut response = HttpResponse::new(body.to_string().into_bytes());
        *response.status_mut() = StatusCode::BAD_REQUEST;
        Ok(response)
    });
    let connector = connector(client, bearer(TOKEN));
    let error = connector.create(&user().into(), &attempt().await).await.unwrap_err();
    assert_eq!(watch.error("F93", &error), 1);
    watch.found_nothing();
    let words = error.source().unwrap().to_string();
    assert!(words.contains(USER_NAME), "{words}");
    assert_eq!(words.matches("[redacted]").count(), 2, "{words}");
    assert!(!words.chars().any(char::is_control), "{words:?}");
    assert!(words.len() <= 600, "{}", words.len());
}

/// JSON writes a quote as `\"` and may write any letter as `\u....`: what is masked is what will be read.
#[tokio::test]
async fn f93_our_credential_is_masked_however_the_target_spells_it() {
    let mut watch = Watch::default();
    let attempt = attempt().await;
    let escaped: String =
        TOKEN.chars().map(|letter| format!("\\u{:04x}", u32::from(letter))).collect();
    let quoted = Value::from(QUOTED_PASSWORD).to_string();
    let cases = [
        (bearer(TOKEN), format!("\"{escaped}\"")),
        (bearer(TOKEN), r#""\u006brypt-token is not valid""#.to_owned()),
        (basic(QUOTED_PASSWORD), quoted.clone()),
        (basic(QUOTED_PASSWORD), quoted.replace('/', "\\/")),
        (bearer("krypt/token+1=="), r#""krypt\/token+1== is not valid""#.to_owned()),
    ];
    for (properties, detail) in cases {
        for kind in ["urn:ietf:params:scim:api:messages:2.0:Error", "urn:other"] {
            let body = format!(r#"{{"schemas":["{kind}"],"detail":{detail}}}"#);
            let place = body.clone();
            let client = http_fn(move |_| {
                let mut response = HttpResponse::new(body.clone().into_bytes());
                *response.status_mut() = StatusCode::BAD_REQUEST;
                Ok(response)
            });
            let connector = connector(client, properties.clone());
            let created = connector.create(&user().into(), &attempt).await;
            watch.error(&place, &created.unwrap_err());
        }
    }
    watch.found_nothing();
}

/// Below HTTP nobody has words of his own: personal data is nowhere, not even in the sources.
#[tokio::test]
async fn no_failure_of_the_network_shows_a_query() {
    let mut watch = Watch::default();
    let attempt = attempt().await;
    let short = Duration::from_millis(200);
    let mut policy = NetworkPolicy::new().allow_loopback().with_timeouts(short, short);
    policy.max_response_bytes = 1000;
    let client = ReqwestClient::new(policy).unwrap();
    // Each ends the connection after saying this; the first says nothing, the second is not there.
    let large = format!("HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n{USER_NAME}");
    let answers = [
        None,
        None,
        Some(""),
        Some("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"),
        Some("perso krypt\r\n\r\n"),
        Some(large.as_str()),
    ];
    let mut sources = 0;
    for (number, answer) in answers.into_iter().enumerate() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/scim/v2", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        match answer.map(str::to_owned) {
            Some(answer) => drop(server.spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    // Read a little, lest the answer be lost in a reset.
                    let _ = stream.readable().await;
                    let _ = stream.try_read(&mut [0; 16_384]);
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            })),
            None if number == 0 => drop(server.spawn(async move {
                let mut open = Vec::new();
                while let Ok((stream, _)) = listener.accept().await {
                    open.push(stream);
                }
            })),
            None => drop(listener),
        }
        let connector = connector(client.clone(), bearer(TOKEN).with("base_url", &url));
        let resource = Resource::from(user());
        let lookup = Lookup::new(ResourceKind::User, resource.local_id(), USER_NAME);
        for error in [
            connector.create(&resource, &attempt).await.unwrap_err(),
            connector.find(&lookup, &attempt).await.unwrap_err(),
            connector.check().await.unwrap_err(),
        ] {
            sources += watch.error("network", &error);
            let mut next = error.source();
            while let Some(source) = next {
                watch.clean("network", &format!("{source} {source:?}"));
                watch.search("network", &format!("{source} {source:?}"), &["filter", "/users"]);
                next = source.source();
            }
        }
        let (dispatcher, everything) = scim(client.clone(), bearer(TOKEN).with("base_url", &url));
        for _ in 0..2 {
            let report = dispatcher.dispatch(here(Event::user_created(user()))).await;
            watch.report("network", &report.unwrap());
        }
        everything.search(&mut watch, "network");
    }
    watch.found_nothing();
    assert!(sources > answers.len() * 3, "only {sources} sources");
}

/// What is handed to a client can be logged by it: a credential is marked as sensitive.
#[tokio::test]
async fn a_request_does_not_show_its_credential() {
    let mut watch = Watch::default();
    for (name, properties) in credentials() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (target, requests) = (Scim2Target::new(), Arc::clone(&seen));
        let client = http_fn(move |request| {
            let headers = request.headers();
            let credential = headers.get(AUTHORIZATION).or_else(|| headers.get("x-api-key"));
            let is_sensitive = credential.is_some_and(HeaderValue::is_sensitive);
            requests.lock().unwrap().push((is_sensitive, format!("{:?}", request.headers())));
            Ok(target.answer(&request))
        });
        let (dispatcher, _) = scim(client, properties);
        for event in events() {
            dispatcher.dispatch(event).await.unwrap();
        }
        let seen = seen.lock().unwrap();
        assert!(seen.len() > 4, "{name}");
        for (is_sensitive, headers) in seen.iter() {
            assert!(is_sensitive, "{name}");
            watch.clean(name, headers);
        }
    }
    watch.found_nothing();
}

// ------------------------------------------------------------------------------------------------
// Secrets that come from elsewhere, configurations, documents

#[tokio::test]
async fn a_secret_that_comes_from_elsewhere_is_shown_nowhere() {
    let mut watch = Watch::default();
    let file = format!("{}-token", std::process::id());
    let file = std::env::temp_dir().join(file);
    // Two lines: what would end the header is refused, in a message without the secret.
    std::fs::write(&file, format!("{FILE}\nsecond line\n")).unwrap();
    let from_file = format!("file:{}", file.display());
    for (secrets, token) in [
        (Some(true), from_file.as_str()),
        (Some(false), "secret:hr"),
        (Some(false), "secret:crm"),
        (None, "env:PATH"),
    ] {
        let client = http_fn(|request| Ok(quoting(Quote::Scim, 401, &request, VAULT)));
        let registry = ConnectorRegistry::new().with(Scim2Factory::new(client));
        let everything = Everything::default();
        let builder = Dispatcher::builder(acme("scim2", bearer(token)), registry)
            .observer(everything.clone());
        let dispatcher = match secrets {
            Some(true) => builder.secrets(LocalSecrets::new()),
            Some(false) => builder.secrets(Vault),
            None => builder,
        };
        let dispatcher = dispatcher.build().unwrap();
        for event in events() {
            let report = dispatcher.dispatch(event).await.unwrap();
            watch.report(token, &report);
        }
        watch.clean(token, &format!("{dispatcher:?}"));
        assert!(everything.search(&mut watch, token) > 0, "{token}");
    }
    std::fs::remove_file(&file).unwrap();
    watch.found_nothing();
}

#[tokio::test]
async fn no_problem_of_a_configuration_shows_a_value() {
    let mut watch = Watch::default();
    for wrong in wrong_settings() {
        let registry = ConnectorRegistry::new().with(Scim2Factory::new(Scim2Target::new()));
        let built = Dispatcher::builder(acme("scim2", wrong.clone()), registry.clone()).build();
        watch.error("build", &built.map(drop).unwrap_err());
        let factory = Scim2Factory::new(Scim2Target::new());
        watch.error("factory", &factory.build(&context(wrong.clone())).map(drop).unwrap_err());

        // A new version of it, at run time.
        let shared = SharedConfiguration::new(acme("scim2", bearer(TOKEN)));
        let everything = Everything::default();
        let dispatcher = Dispatcher::builder(shared.clone(), registry)
            .observer(everything.clone())
            .build()
            .unwrap();
        dispatcher.dispatch(here(Event::user_created(user()))).await.unwrap();
        shared.replace(acme("scim2", wrong));
        watch.report(
            "alarm",
            &dispatcher.dispatch(here(Event::user_updated(changed()))).await.unwrap(),
        );
        assert!(everything.search(&mut watch, "alarm") > 0);
        watch.clean("alarm", &format!("{dispatcher:?}"));
    }
    for document in [
        format!(r#"{{ "organizations": {{ "acme": "{TOKEN}" }} }}"#),
        format!(
            r#"{{ "organizations": {{ "acme": {{ "connections": {{ "hr": {{ "connectors": {{ "scim2": {{ "token": ["{TOKEN}"], "enabled": "{TOKEN}" }} }} }} }} }} }} }}"#
        ),
        format!(
            r#"{{ "organizations": {{ "acme": {{ "provisioners": [{{ "connection": ["{TOKEN}"], "blocking": "{TOKEN}", "deadline_ms": "{TOKEN}" }}], "applications": {{ "payroll": {{ "mode": "{TOKEN}" }} }} }} }} }}"#
        ),
        format!(r#"{{ "organizations": {{ "acme": "{TOKEN} "#),
    ] {
        let problems = Configuration::from_json(&document).unwrap_err();
        watch.clean("document", &format!("{problems} {problems:?}"));
        watch.error("document", &problems.into());
    }
    for error in bad_events().iter().map(|event| event.check().unwrap_err()) {
        watch.error("event", &error);
    }
    watch.found_nothing();
}

fn bad_events() -> Vec<Event> {
    let mut large = user();
    large.title = Some("perso".repeat(1024 * 1024));
    vec![
        Event::user_created(user()),
        here(Event::user_created(User::new("u-1", "perso\0"))),
        here(Event::user_created(User::new("perso\n", "perso"))),
        here(Event::group_updated(group())),
        here(Event::members_changed("g-1", [Member::user("perso\0")], [])),
        here(Event::user_updated(large)),
    ]
}

#[test]
fn a_configuration_is_saved_with_references_or_not_at_all() {
    let mut watch = Watch::default();
    let registry = ConnectorRegistry::new()
        .with(Scim2Factory::new(Scim2Target::new()))
        .with_fn("own", |_| Ok(MockConnector::new()));
    for (name, properties) in credentials() {
        for connector in ["scim2", "own", "nobody's"] {
            let problems = registry.save(&acme(connector, properties.clone())).unwrap_err();
            watch.clean(name, &format!("{problems} {problems:?}"));
            watch.error(name, &problems.into());
        }
    }
    let saved = registry.save(&acme("scim2", bearer("secret:hr"))).unwrap();
    watch.clean("saved", &saved.to_string());
    assert!(saved.to_string().contains("secret:hr"));
    let again = Configuration::from_json(&saved.to_string()).unwrap();
    assert_eq!(again, acme("scim2", bearer("secret:hr")));

    let own = [
        PropertySpec::new("note", "Note", PropertyKind::Secret),
        PropertySpec::new("level", "Level", PropertyKind::Integer),
    ];
    let mut problems = Problems::new();
    Properties::new().with("level", TOKEN).check(&own, "here", &mut problems);
    watch.clean("check", &format!("{problems} {problems:?}"));
    assert!(!problems.is_empty());
    watch.found_nothing();
}

/// What [`ConnectorRegistry::check`] refuses can be saved as a draft. A password in an address is
/// still one.
#[test]
fn an_address_with_a_password_in_it_is_not_saved_in_clear() {
    let mut watch = Watch::default();
    let registry = ConnectorRegistry::new().with(Scim2Factory::new(Scim2Target::new()));
    for us in [format!("us:{URL_PASSWORD}"), URL_PASSWORD.to_owned()] {
        let url = format!("https://{us}@hr.example.com/scim");
        let client = oauth2("client_secret_basic").with("client_secret", "secret:hr");
        for properties in [
            bearer("secret:hr").with("base_url", &url),
            bearer("secret:hr").with("proxy", &url),
            client.with("token_url", &url),
        ] {
            match registry.save(&acme("scim2", properties)) {
                Ok(saved) => watch.clean("saved", &saved.to_string()),
                Err(problems) => watch.clean("refused", &problems.to_string()),
            }
        }
    }
    watch.found_nothing();
}
