//! What the benches send: a user of 12 attributes (443 bytes of JSON as SCIM has it), as the library's type and as the
//! plain struct that a loop without a library would serialise. And a large organization, for the resolver.
#![allow(dead_code, reason = "every bench takes only its part")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use outbound_provisioning::connector::{Attempt, Capabilities, Connector, Lookup, Remote, Update};
use outbound_provisioning::host::{Observation, Observer, TokioRuntime};
use outbound_provisioning::model::{
    Configuration, Connection, Event, MultiValue, Name, OrganizationConfiguration, Properties,
    Provisioner, RemoteId, Resource, ResourceKind, User,
};
use outbound_provisioning::store::Store;
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Result};
use serde::Serialize;

/// Anything that ends a bench.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// The host's id of the sample user with this number.
pub(crate) fn local_id(number: usize) -> String {
    format!("u-{number:07}")
}

/// The sample user with this number; its JSON is equally long for every number.
pub(crate) fn user(number: usize) -> User {
    let mut user = User::new(local_id(number), format!("ada.{number:07}"))
        .with_display_name("Ada Lovelace")
        .with_email(format!("ada.{number:07}@example.com"));
    user.name = Some(Name::new("Ada", "Lovelace"));
    user.title = Some("Editor".to_owned());
    user.user_type = Some("Employee".to_owned());
    user.preferred_language = Some("en-GB".to_owned());
    user.locale = Some("en-GB".to_owned());
    user.timezone = Some("Etc/UTC".to_owned());
    user.phone_numbers.push(MultiValue::new("work", "+44 20 7946 0042"));
    user
}

/// The same user, with nothing but what its JSON needs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlainUser {
    schemas: [&'static str; 1],
    external_id: String,
    user_name: String,
    name: PlainName,
    display_name: String,
    title: String,
    user_type: String,
    preferred_language: String,
    locale: String,
    timezone: String,
    active: bool,
    emails: Vec<PlainEmail>,
    phone_numbers: Vec<PlainPhone>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlainName {
    family_name: String,
    given_name: String,
}

#[derive(Serialize)]
struct PlainEmail {
    value: String,
    r#type: String,
    primary: bool,
}

#[derive(Serialize)]
struct PlainPhone {
    value: String,
    r#type: String,
}

impl PlainUser {
    /// The sample user with this number.
    pub(crate) fn new(number: usize) -> Self {
        Self {
            schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
            external_id: local_id(number),
            user_name: format!("ada.{number:07}"),
            name: PlainName { family_name: "Lovelace".to_owned(), given_name: "Ada".to_owned() },
            display_name: "Ada Lovelace".to_owned(),
            title: "Editor".to_owned(),
            user_type: "Employee".to_owned(),
            preferred_language: "en-GB".to_owned(),
            locale: "en-GB".to_owned(),
            timezone: "Etc/UTC".to_owned(),
            active: true,
            emails: vec![PlainEmail {
                value: format!("ada.{number:07}@example.com"),
                r#type: "work".to_owned(),
                primary: true,
            }],
            phone_numbers: vec![PlainPhone {
                value: "+44 20 7946 0042".to_owned(),
                r#type: "work".to_owned(),
            }],
        }
    }
}

/// Everybody's organization.
pub(crate) const ACME: &str = "acme";

/// The event that brings the sample user with this number.
pub(crate) fn created(number: usize) -> Event {
    Event::user_created(user(number)).in_organization(ACME)
}

/// An organization with this many connections and blocking provisioners for these of them.
pub(crate) fn organization(
    connections: usize,
    provisioned: impl IntoIterator<Item = usize>,
) -> OrganizationConfiguration {
    let name = |number| format!("connection-{number:04}");
    let connected =
        (0..connections).fold(OrganizationConfiguration::new(), |organization, number| {
            let connection =
                Connection::new(name(number)).with_connector("noop", Properties::new());
            organization.with_connection(name(number), connection)
        });
    let provisioners =
        provisioned.into_iter().map(|number| Provisioner::new(name(number), "noop").blocking());
    provisioners.fold(connected, OrganizationConfiguration::with_provisioner)
}

/// A dispatcher for such an organization, whose targets do nothing at once.
pub(crate) fn idle_dispatcher(
    connections: usize,
    provisioned: impl IntoIterator<Item = usize>,
) -> Result<Dispatcher> {
    let configuration =
        Configuration::new().with_organization(ACME, organization(connections, provisioned));
    let registry = ConnectorRegistry::new().with_instance("noop", Noop);
    Dispatcher::builder(configuration, registry).build()
}

/// A target that does nothing at once.
#[derive(Debug)]
pub(crate) struct Noop;

#[async_trait]
impl Connector for Noop {
    async fn create(&self, _: &Resource, _: &Attempt) -> Result<Remote> {
        Remote::new("1")
    }

    async fn update(&self, id: &RemoteId, _: &Update<'_>, _: &Attempt) -> Result<Remote> {
        Ok(Remote::of(id.clone()))
    }

    async fn delete(&self, _: &RemoteId, _: ResourceKind, _: &Attempt) -> Result<()> {
        Ok(())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new().with_find().with_unique_names(ResourceKind::User)
    }

    /// Nobody: what is asked for after an unclean end is created.
    async fn find(&self, _: &Lookup<'_>, _: &Attempt) -> Result<Vec<Remote>> {
        Ok(Vec::new())
    }
}

/// Counts lanes that were brought to the wanted state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settled(Arc<AtomicUsize>);

impl Settled {
    pub(crate) fn so_far(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Observer for Settled {
    fn observe(&self, observation: &Observation<'_>) {
        if let Observation::Settled { outcome, .. } = observation
            && outcome.is_done()
        {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A dispatcher with one non-blocking provisioner, which leads to this connector.
pub(crate) fn queued_dispatcher(
    store: impl Store,
    connector: impl Connector,
) -> Result<(Dispatcher, Settled)> {
    let organization = OrganizationConfiguration::new()
        .with_connection("one", Connection::new("One").with_connector("c", Properties::new()))
        .with_provisioner(Provisioner::new("one", "c"));
    let configuration = Configuration::new().with_organization(ACME, organization);
    let registry = ConnectorRegistry::new().with_instance("c", connector);
    let settled = Settled::default();
    let builder = Dispatcher::builder(configuration, registry).store(store);
    let builder = builder.runtime(TokioRuntime::current()?).observer(settled.clone());
    Ok((builder.build()?, settled))
}
