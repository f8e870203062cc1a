//! A SCIM 2.0 target with a token endpoint, made of a closure, and the connectors that talk to it.
#![allow(dead_code, reason = "every user takes only its part")]

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use outbound_provisioning::connector::{
    Attempt, BuildContext, Connector, ConnectorFactory, PageRequest,
};
use outbound_provisioning::host::{NoSecrets, SecretSource};
use outbound_provisioning::mock::ManualRuntime;
use outbound_provisioning::model::{
    EventId, Problems, Properties, ResourceKind, Secret, SecretReference, Target, User,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::{
    Dialing, HttpClient, HttpError, HttpRequest, HttpResponse, NetworkPolicy,
};
use outbound_provisioning::{Error, ErrorKind, Result};
use serde_json::json;

pub(crate) const BASE: &str = "https://hr.example.com/scim/v2";
pub(crate) const TOKEN_URL: &str = "https://id.example.com/oauth2/token";

type Answer = dyn Fn(&HttpRequest) -> Result<HttpResponse, HttpError> + Send + Sync;

/// Answers by a closure, and remembers what it was asked.
#[derive(Clone)]
pub(crate) struct Site {
    answer: Arc<Answer>,
    seen: Arc<Mutex<Vec<HttpRequest>>>,
    dialled: Arc<Mutex<Vec<Dialing>>>,
    policy: NetworkPolicy,
    dials: bool,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Site")
    }
}

#[async_trait]
impl HttpClient for Site {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.seen.lock().unwrap().push(request.clone());
        // Others get a turn while this one waits.
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        (self.answer)(&request)
    }

    fn policy(&self) -> &NetworkPolicy {
        &self.policy
    }

    fn for_connection(&self, dialing: &Dialing) -> Result<Option<Arc<dyn HttpClient>>> {
        self.dialled.lock().unwrap().push(dialing.clone());
        if self.dials || dialing.is_plain() {
            Ok(Some(Arc::new(self.clone())))
        } else {
            Err(Error::new(ErrorKind::Configuration, "no certificates here"))
        }
    }
}

impl Site {
    pub(crate) fn new(
        answer: impl Fn(&HttpRequest) -> Result<HttpResponse, HttpError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            answer: Arc::new(answer),
            seen: Arc::default(),
            dialled: Arc::default(),
            policy: NetworkPolicy::new(),
            dials: true,
        }
    }

    /// The token endpoint and the target, each with its own.
    pub(crate) fn of(
        token: impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static,
        target: impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static,
    ) -> Self {
        Self::new(move |request| {
            Ok(if asks_for_token(request) { token(request) } else { target(request) })
        })
    }

    pub(crate) fn with_policy(mut self, policy: NetworkPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Without certificates of one connection.
    pub(crate) fn that_cannot_dial(mut self) -> Self {
        self.dials = false;
        self
    }

    pub(crate) fn seen(&self) -> Vec<HttpRequest> {
        self.seen.lock().unwrap().clone()
    }

    /// What came since the last question: to the token endpoint, and to the target.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        let tokens = seen.iter().filter(|request| asks_for_token(request)).count();
        (tokens, seen.len() - tokens)
    }

    /// How it was dialled.
    pub(crate) fn dialled(&self) -> Vec<Dialing> {
        self.dialled.lock().unwrap().clone()
    }

    pub(crate) fn problems(&self, properties: &Properties) -> Problems {
        let factory = Scim2Factory::new(self.clone());
        let mut problems = Problems::new();
        properties.check(factory.properties(), "here", &mut problems);
        factory.check(properties, "here", &mut problems);
        problems
    }

    /// A connector that wants no secrets and has a clock.
    pub(crate) fn connect(&self, properties: Properties) -> Us {
        self.connect_as("acme", properties, NoSecrets::new())
    }

    pub(crate) fn connect_as(
        &self,
        organization: &str,
        properties: Properties,
        secrets: impl SecretSource,
    ) -> Us {
        let (target, clock) = (Target::new("hr", "scim2"), ManualRuntime::new());
        // 2026-11-23T00:00:00Z
        clock.advance(std::time::Duration::from_secs(1_795_392_000));
        let context =
            BuildContext::new(organization.into(), target, 1, properties, Arc::new(secrets))
                .with_runtime(Some(Arc::new(clock.clone())));
        let connector = Scim2Factory::new(self.clone()).build(&context).unwrap();
        Us { connector, clock }
    }
}

pub(crate) fn asks_for_token(request: &HttpRequest) -> bool {
    request.uri().path().ends_with("/token")
}

/// A connection, and its clock.
#[derive(Debug)]
pub(crate) struct Us {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) clock: ManualRuntime,
}

impl Us {
    /// One POST.
    pub(crate) async fn write(&self) -> Result<()> {
        self.connector.create(&User::new("u-1", "ada").into(), &attempt()).await.map(drop)
    }

    /// One GET.
    pub(crate) async fn read(&self) -> Result<()> {
        self.connector.list(&PageRequest::first(ResourceKind::User)).await.map(drop)
    }

    /// So many POSTs at once.
    pub(crate) async fn writes(&self, times: usize) -> Vec<Result<()>> {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..times {
            let connector = Arc::clone(&self.connector);
            tasks.spawn(async move {
                connector.create(&User::new("u-1", "ada").into(), &attempt()).await.map(drop)
            });
        }
        tasks.join_all().await
    }
}

fn attempt() -> Attempt {
    Attempt::new("acme".into(), EventId::new(1), Target::new("hr", "scim2"), 1)
}

// ---------------------------------------------------------------------------------------------------------------------
// Answers

pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: impl ToString) -> HttpResponse {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.to_string().into_bytes()).unwrap()
}

/// Whatever was asked is done.
pub(crate) fn done(request: &HttpRequest) -> HttpResponse {
    match request.method().as_str() {
        "POST" => answer(201, &[], json!({ "id": "r-1" })),
        _ => answer(200, &[], json!({ "totalResults": 0, "Resources": [] })),
    }
}

pub(crate) fn status(status: u16) -> HttpResponse {
    answer(status, &[], "")
}

/// A token that is good for an hour.
pub(crate) fn token(value: &str) -> HttpResponse {
    answer(200, &[], json!({ "access_token": value, "token_type": "Bearer", "expires_in": 3600 }))
}

pub(crate) fn header(request: &HttpRequest, name: &str) -> String {
    let value = request.headers().get(name).map(|value| value.to_str().unwrap());
    value.unwrap_or_default().to_owned()
}

pub(crate) fn body(request: &HttpRequest) -> String {
    String::from_utf8(request.body().clone()).unwrap()
}

// ---------------------------------------------------------------------------------------------------------------------
// Settings and secrets

pub(crate) fn settings(authentication: &str) -> Properties {
    // Exactly the requests that a call needs: nobody asks the target what it can do.
    let quiet = r#"{"discovery": false, "adapt": false}"#;
    Properties::new()
        .with("base_url", BASE)
        .with("authentication", authentication)
        .with("profile_overrides", quiet)
}

pub(crate) fn bearer(token: &str) -> Properties {
    settings("bearer").with("token", token)
}

pub(crate) fn oauth2() -> Properties {
    settings("oauth2")
        .with("token_url", TOKEN_URL)
        .with("client_id", "us")
        .with("client_secret", "s3cret")
}

/// A place for secrets, in which each may have a value before the current one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vault(Arc<Mutex<HashMap<String, Versions>>>);

/// The current value, and the one before.
type Versions = (Secret, Option<Secret>);

impl Vault {
    pub(crate) fn with(self, name: &str, current: &str, previous: Option<&str>) -> Self {
        self.put(name, current, previous);
        self
    }

    pub(crate) fn put(&self, name: &str, current: &str, previous: Option<&str>) {
        let versions = (current.into(), previous.map(Secret::from));
        self.0.lock().unwrap().insert(name.to_owned(), versions);
    }

    fn of(&self, reference: &SecretReference) -> Option<Versions> {
        self.0.lock().unwrap().get(reference.name()).cloned()
    }
}

#[async_trait]
impl SecretSource for Vault {
    async fn secret(&self, reference: &SecretReference) -> Result<Secret> {
        self.of(reference).map(|(current, _)| current).ok_or_else(|| reference.missing())
    }

    async fn previous(&self, reference: &SecretReference) -> Result<Option<Secret>> {
        Ok(self.of(reference).and_then(|(_, previous)| previous))
    }
}
