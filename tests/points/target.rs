//! A connector, or a whole host, in front of a target that is made of a closure or simulated; no socket, no real time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use outbound_provisioning::conformance::{Quirk, Scim2Target};
use outbound_provisioning::connector::{
    Attempt, BuildContext, Connector, ConnectorFactory, Lookup, Page, PageRequest, Remote, Update,
};
use outbound_provisioning::dispatch::LaneState;
use outbound_provisioning::host::NoSecrets;
use outbound_provisioning::mock::ManualRuntime;
use outbound_provisioning::model::{
    Configuration, Connection, Difference, Event, EventId, LocalId, Member, MemberChanges,
    OrganizationConfiguration, Properties, Provisioner, RemoteId, Resource, ResourceKey,
    ResourceKind, Target, User,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::store::{MemoryStore, Store};
use outbound_provisioning::transport::{HttpRequest, HttpResponse};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Error, Result, Worker};
use serde_json::{Value, json};

use crate::site::{BASE, Site, Us, answer};

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(crate) const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
pub(crate) const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

// ---- settings ---------------------------------------------------------------------------------------------------

/// A connection to [`BASE`] that asks the target what it can do, and learns.
pub(crate) fn curious() -> Properties {
    Properties::new().with("base_url", BASE).with("authentication", "bearer").with("token", "t0ken")
}

/// Exactly the requests that a call needs, under these fields of the profile.
pub(crate) fn quiet(fields: Value) -> Properties {
    let mut profile = json!({ "discovery": false, "adapt": false });
    merge(&mut profile, fields);
    curious().with("profile_overrides", profile.to_string())
}

/// Asks nothing beforehand, and learns.
pub(crate) fn learning() -> Properties {
    curious().with("profile_overrides", r#"{"discovery": false}"#)
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

// ---- what a target says -----------------------------------------------------------------------------------------

/// A target that gives every request the same answer.
pub(crate) fn always(status: u16, body: impl ToString) -> Site {
    let body = body.to_string();
    Site::new(move |_| Ok(answer(status, &[], &body)))
}

/// A target that gives its answers in turn, and the last one for ever.
pub(crate) fn script(answers: impl Into<Vec<HttpResponse>>) -> Site {
    let (answers, place) = (answers.into(), Mutex::new(0));
    Site::new(move |_| {
        let mut place = place.lock().unwrap();
        let answer = answers[(*place).min(answers.len() - 1)].clone();
        *place += 1;
        Ok(answer)
    })
}

/// The simulated server, as a site.
pub(crate) fn site_of(target: &Scim2Target) -> Site {
    let target = target.clone();
    Site::new(move |request| Ok(target.answer(request)))
}

pub(crate) fn with(quirks: &[Quirk]) -> Scim2Target {
    quirks.iter().fold(Scim2Target::new(), |target, quirk| target.with_quirk(*quirk))
}

pub(crate) fn list(resources: &[Value]) -> HttpResponse {
    answer(200, &[], json!({ "totalResults": resources.len(), "Resources": resources }))
}

pub(crate) fn refusal(status: u16, scim_type: &str) -> HttpResponse {
    let text = status.to_string();
    answer(status, &[], json!({ "schemas": [ERROR], "status": text, "scimType": scim_type }))
}

pub(crate) fn account(id: &str, external_id: &str, name: &str) -> Value {
    json!({ "schemas": [USER], "id": id, "externalId": external_id, "userName": name, "active": true })
}

// ---- what it was asked ------------------------------------------------------------------------------------------

/// `PATCH /Users/r-1`: the request below the base URL.
pub(crate) fn line(request: &HttpRequest) -> String {
    let uri = request.uri().to_string();
    format!("{} {}", request.method(), uri.strip_prefix(BASE).unwrap_or(&uri))
}

/// The requests since this was asked last.
pub(crate) fn taken(site: &Site) -> Vec<HttpRequest> {
    let seen = site.seen();
    site.counts();
    seen
}

/// The same in lines.
pub(crate) fn lines(site: &Site) -> Vec<String> {
    taken(site).iter().map(line).collect()
}

/// The same by method alone.
pub(crate) fn methods(site: &Site) -> Vec<Method> {
    taken(site).iter().map(|request| request.method().clone()).collect()
}

pub(crate) fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(request.body()).unwrap_or_default()
}

/// The operations of the one PATCH that was sent since this was asked last.
pub(crate) fn operations(site: &Site) -> Value {
    let mut patches = taken(site);
    patches.retain(|request| request.method() == Method::PATCH);
    assert_eq!(patches.len(), 1, "{:?}", patches.iter().map(line).collect::<Vec<_>>());
    let body = body(&patches[0]);
    assert_eq!(body["schemas"], json!([PATCH_OP]));
    body["Operations"].clone()
}

// ---- calls of a connector ---------------------------------------------------------------------------------------

pub(crate) fn ada() -> User {
    User::new("u-1", "ada")
}

pub(crate) fn id(text: &str) -> RemoteId {
    RemoteId::new(text).unwrap()
}

pub(crate) fn attempt() -> Attempt {
    Attempt::new("acme".into(), EventId::new(1), Target::new("hr", "scim2"), 1)
}

pub(crate) async fn create(us: &Us, resource: impl Into<Resource>) -> Result<Remote> {
    us.connector.create(&resource.into(), &attempt()).await
}

/// Makes what turns `before` into `after` out of the account `r-1`.
pub(crate) async fn update(
    us: &Us,
    before: impl Into<Resource>,
    after: impl Into<Resource>,
) -> Result<Remote> {
    update_on(us, None, before, after).await
}

pub(crate) async fn update_on(
    us: &Us,
    version: Option<&str>,
    before: impl Into<Resource>,
    after: impl Into<Resource>,
) -> Result<Remote> {
    let (before, after) = (before.into(), after.into());
    let difference = Difference::between(&before, &after);
    let update = Update::new(&after, &difference).on_version(version);
    us.connector.update(&id("r-1"), &update, &attempt()).await
}

/// One change of a user.
pub(crate) async fn rename(us: &Us) -> Result<Remote> {
    update(us, ada(), ada().with_display_name("Ada")).await
}

pub(crate) async fn delete(us: &Us) -> Result<()> {
    us.connector.delete(&id("r-1"), ResourceKind::User, &attempt()).await
}

/// Looks for Ada.
pub(crate) async fn find(us: &Us) -> Result<Vec<Remote>> {
    look_up(us, ResourceKind::User, "u-1", "ada").await
}

pub(crate) async fn look_up(
    us: &Us,
    kind: ResourceKind,
    external_id: &str,
    name: &str,
) -> Result<Vec<Remote>> {
    let external_id = LocalId::from(external_id);
    us.connector.find(&Lookup::new(kind, &external_id, name), &attempt()).await
}

pub(crate) fn members(ids: &[&str]) -> Vec<Member> {
    ids.iter().map(|id| Member::user(*id)).collect()
}

pub(crate) async fn change_members(us: &Us, added: &[&str], removed: &[&str]) -> Result<Remote> {
    let changes = MemberChanges::new(members(added), members(removed));
    us.connector.change_members(&id("r-1"), &changes, &attempt()).await
}

/// All pages of the users, at most so many.
pub(crate) async fn pages(us: &Us, most: usize) -> Result<Vec<Page>> {
    let (mut pages, mut request) = (Vec::new(), PageRequest::first(ResourceKind::User));
    for _ in 0..most {
        let page = us.connector.list(&request).await?;
        let next = page.next.clone();
        pages.push(page);
        match next {
            Some(next) => request = PageRequest::at(ResourceKind::User, next),
            None => return Ok(pages),
        }
    }
    panic!("more than {most} pages");
}

/// The texts of an error and of all that is behind it.
pub(crate) fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(" <- {cause}"));
        source = cause.source();
    }
    text
}

// ---- a host -----------------------------------------------------------------------------------------------------

/// A host with one target, whose time is moved by hand.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) dispatcher: Dispatcher,
    pub(crate) clock: ManualRuntime,
    pub(crate) site: Site,
    pub(crate) store: Arc<MemoryStore>,
}

impl Host {
    /// Before the simulated server, without a word beforehand.
    pub(crate) fn before(target: &Scim2Target) -> Self {
        Self::with(site_of(target), learning())
    }

    pub(crate) fn with(site: Site, properties: Properties) -> Self {
        Self::over(site, properties, Arc::new(MemoryStore::new()))
    }

    /// A host that goes on with this store.
    pub(crate) fn over(site: Site, properties: Properties, store: Arc<MemoryStore>) -> Self {
        let clock = ManualRuntime::new();
        clock.advance(DAY);
        let acme = OrganizationConfiguration::new()
            .with_connection("hr", Connection::new("HR").with_connector("scim2", properties))
            .with_provisioner(Provisioner::new("hr", "scim2"));
        let dispatcher = Dispatcher::builder(
            Configuration::new().with_organization("acme", acme),
            ConnectorRegistry::new().with(Scim2Factory::new(site.clone())),
        )
        .runtime(clock.clone())
        .store(Arc::clone(&store))
        .build()
        .unwrap();
        Self { dispatcher, clock, site, store }
    }

    pub(crate) async fn accept(&self, event: Event) {
        self.dispatcher.dispatch(event.in_organization("acme")).await.unwrap();
    }

    /// Works on everything that is due.
    pub(crate) async fn work(&self) {
        Worker::builder(&self.dispatcher).build().run_once().await.unwrap();
    }

    pub(crate) async fn deliver(&self, event: Event) {
        self.accept(event).await;
        self.work().await;
    }

    pub(crate) async fn later(&self, pause: Duration) {
        self.clock.advance(pause);
        self.work().await;
    }

    pub(crate) async fn user(&self, id: &str) -> LaneState {
        self.state(ResourceKind::User, id).await
    }

    pub(crate) async fn group(&self, id: &str) -> LaneState {
        self.state(ResourceKind::Group, id).await
    }

    async fn state(&self, kind: ResourceKind, id: &str) -> LaneState {
        let key = ResourceKey::new("acme".into(), kind, id.into());
        self.dispatcher.status(&key).await.unwrap().pop().unwrap().state
    }

    /// The requests since this was asked last.
    pub(crate) fn lines(&self) -> Vec<String> {
        lines(&self.site)
    }

    /// How many requests there were since this was asked last.
    pub(crate) fn count(&self) -> usize {
        self.site.counts().1
    }
}

/// A connector with this clock, so that several can live one after the other.
pub(crate) fn connect_at(site: &Site, properties: Properties, clock: &ManualRuntime) -> Us {
    let target = Target::new("hr", "scim2");
    let secrets = Arc::new(NoSecrets::new());
    let context = BuildContext::new("acme".into(), target, 1, properties, secrets)
        .with_runtime(Some(Arc::new(clock.clone())));
    let connector: Arc<dyn Connector> = Scim2Factory::new(site.clone()).build(&context).unwrap();
    Us { connector, clock: clock.clone() }
}

/// Whether a store keeps nothing to be done.
pub(crate) async fn is_at_rest(store: &dyn Store) -> bool {
    store.agenda(&std::collections::HashSet::new()).await.unwrap().is_empty()
}
