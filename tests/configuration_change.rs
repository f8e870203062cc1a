//! Configurations that change while they are in use, and sources that fail.
#![cfg(all(feature = "mock", feature = "blocking"))]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use outbound_provisioning::host::{
    ConfigurationSource, Observation, Observer, SharedConfiguration, Versioned,
};
use outbound_provisioning::mock::{Fault, MockConnector, Stall};
use outbound_provisioning::model::{
    Configuration, Connection, EnterpriseUser, Event, Manager, OrganizationConfiguration,
    OrganizationId, Properties, Provisioner, Resource, User,
};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Error, ErrorKind, Result};

/// What the observer was told, a line each.
#[derive(Clone, Debug, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn lines(&self) -> Vec<String> {
        self.0.lock().map(|lines| lines.clone()).unwrap_or_default()
    }
}

impl Observer for Diary {
    fn observe(&self, observation: &Observation<'_>) {
        let line = match observation {
            Observation::ConfigurationRefused { organization, version, problems } => {
                format!("{organization} version {version} refused: {problems}")
            }
            Observation::ConfigurationUnavailable { organization, error } => {
                format!("{organization}: {error}")
            }
            _ => return,
        };
        if let Ok(mut lines) = self.0.lock() {
            lines.push(line);
        }
    }
}

fn to(connection: &str) -> Configuration {
    let organization = OrganizationConfiguration::new()
        .with_connection("a", Connection::new("A").with_connector("a", Properties::new()))
        .with_connection("b", Connection::new("B").with_connector("b", Properties::new()))
        .with_provisioner(Provisioner::new(connection, connection).blocking());
    Configuration::new().with_organization("acme", organization)
}

struct Host {
    shared: SharedConfiguration,
    diary: Diary,
    dispatcher: Dispatcher,
    a: MockConnector,
    b: MockConnector,
}

fn host() -> Result<Host> {
    let (a, b) = (MockConnector::new(), MockConnector::new());
    let registry =
        ConnectorRegistry::new().with_instance("a", a.clone()).with_instance("b", b.clone());
    let (shared, diary) = (SharedConfiguration::new(to("a")), Diary::default());
    let dispatcher =
        Dispatcher::builder(shared.clone(), registry).observer(diary.clone()).build()?;
    Ok(Host { shared, diary, dispatcher, a, b })
}

fn created(id: &str) -> Event {
    Event::user_created(User::new(id, id)).in_organization("acme")
}

#[tokio::test]
async fn a_new_version_counts_for_the_next_event() {
    let host = host().unwrap();
    host.dispatcher.dispatch(created("u-1")).await.unwrap();
    host.shared.replace(to("b"));
    host.dispatcher.dispatch(created("u-2")).await.unwrap();
    assert_eq!((host.a.remote_resources().len(), host.b.remote_resources().len()), (1, 1));
}

#[tokio::test]
async fn f117_an_event_under_way_keeps_the_version_it_began_with() {
    let host = host().unwrap();
    let stall = Stall::new();
    host.a.then(Fault::Slow(stall.clone()));
    let under_way = host.dispatcher.dispatch(created("u-1"));
    let replace = async {
        stall.reached().await;
        host.shared.replace(Configuration::new());
        stall.release();
    };
    let (report, ()) = tokio::join!(under_way, replace);
    assert!(report.unwrap().at("a", "a").unwrap().is_done());
}

#[tokio::test]
async fn an_invalid_new_version_keeps_the_last_good_one_and_raises_an_alarm_once() {
    let host = host().unwrap();
    host.dispatcher.dispatch(created("u-1")).await.unwrap();
    host.shared.replace(to("nowhere"));
    for id in ["u-2", "u-3"] {
        let report = host.dispatcher.dispatch(created(id)).await.unwrap();
        assert!(report.at("a", "a").unwrap().is_done());
    }
    let [alarm] = &host.diary.lines()[..] else { panic!("{:?}", host.diary.lines()) };
    assert!(
        alarm
            .starts_with("acme version 2 refused: organizations.acme.provisioners[0].connection: "),
        "{alarm}"
    );
    host.shared.replace(to("b"));
    host.dispatcher.dispatch(created("u-4")).await.unwrap();
    assert_eq!(host.b.remote_resources().len(), 1, "a good version counts again");
}

#[tokio::test]
async fn check_configuration_says_now_what_an_event_would_find_out_later() {
    let host = host().unwrap();
    host.shared.replace(to("nowhere"));
    let error = host.dispatcher.check_configuration(&"acme".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let report = host.dispatcher.dispatch(created("u-1")).await.unwrap();
    assert!(
        report.at("a", "a").unwrap().is_done(),
        "what was checked when it was built is the last good one"
    );
    host.shared.replace(to("a"));
    host.dispatcher.check_configuration(&"acme".into()).await.unwrap();
    host.shared.replace(to("nowhere"));
    let error = host.dispatcher.check_configuration(&"acme".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "although the last good one stays in use");
    assert!(host.dispatcher.dispatch(created("u-1")).await.is_ok());
}

/// A database that can be out of reach.
#[derive(Clone, Debug)]
struct Database {
    shared: SharedConfiguration,
    down: Arc<Mutex<bool>>,
}

#[async_trait]
impl ConfigurationSource for Database {
    async fn version(&self, organization: &OrganizationId) -> Result<u64> {
        if self.down.lock().is_ok_and(|down| *down) {
            return Err(Error::new(ErrorKind::Storage, "the database is down"));
        }
        self.shared.version(organization).await
    }

    async fn load(&self, organization: &OrganizationId) -> Result<Option<Versioned>> {
        self.shared.load(organization).await
    }
}

#[tokio::test]
async fn a_source_that_is_down_keeps_the_last_good_version_in_use() {
    let mock = MockConnector::new();
    let database = Database { shared: SharedConfiguration::new(to("a")), down: Arc::default() };
    let (registry, diary) =
        (ConnectorRegistry::new().with_instance("a", mock.clone()), Diary::default());
    let registry = registry.with_instance("b", MockConnector::new());
    let dispatcher =
        Dispatcher::builder(database.clone(), registry).observer(diary.clone()).build().unwrap();
    *database.down.lock().unwrap() = true;
    let error = dispatcher.dispatch(created("u-1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage, "nothing was ever loaded");
    *database.down.lock().unwrap() = false;
    dispatcher.dispatch(created("u-1")).await.unwrap();
    *database.down.lock().unwrap() = true;
    assert!(dispatcher.dispatch(created("u-2")).await.unwrap().at("a", "a").unwrap().is_done());
    assert_eq!(diary.lines(), ["acme: storage: the database is down"]);
    assert_eq!(mock.remote_resources().len(), 2);
}

#[tokio::test]
async fn a_configuration_is_checked_before_it_is_put_in_place() {
    let host = host().unwrap();
    assert!(host.dispatcher.check(&to("b")).is_ok());
    let problems = host.dispatcher.check(&to("nowhere")).unwrap_err();
    assert_eq!(problems.iter().count(), 1);
    let organization = OrganizationConfiguration::new()
        .with_connection("a", Connection::new("A").with_connector("a", Properties::new()))
        .with_provisioner(
            Provisioner::new("a", "a").blocking_within(Duration::from_secs(1)).with_rules(),
        );
    let configuration = Configuration::new().with_organization("acme", organization);
    let problems = host.dispatcher.check(&configuration).unwrap_err();
    assert_eq!(problems.iter().count(), 2, "no timer and no rule engine: {problems}");
}

#[tokio::test]
async fn a_connection_that_was_removed_loses_no_delete() {
    let host = host().unwrap();
    host.dispatcher.dispatch(created("u-1")).await.unwrap();
    host.shared
        .replace(Configuration::new().with_organization("acme", OrganizationConfiguration::new()));
    let deleted = Event::user_deleted("u-1").in_organization("acme");
    let report = host.dispatcher.dispatch(deleted.clone()).await.unwrap();
    let outcome = report.at("a", "a").unwrap().to_string();
    assert!(outcome.starts_with("failed, stays queued: configuration: "), "{outcome}");
    host.shared.replace(to("a"));
    assert!(host.dispatcher.dispatch(deleted).await.unwrap().at("a", "a").unwrap().is_done());
    assert!(host.a.remote_resources().is_empty());
}

#[tokio::test]
async fn a_manager_is_named_by_the_targets_id_once_there_is_one() {
    let host = host().unwrap();
    let mut ada = User::new("u-1", "ada");
    let mut work = EnterpriseUser::default();
    work.manager = Some(Manager::new("u-boss"));
    ada.enterprise = Some(work);
    let event = Event::user_created(ada.clone()).in_organization("acme");
    host.dispatcher.dispatch(event).await.unwrap();
    assert_eq!(manager(&host.a), None, "nobody at the target has that id yet");
    host.dispatcher.dispatch(created("u-boss")).await.unwrap();
    host.dispatcher.dispatch(Event::user_updated(ada).in_organization("acme")).await.unwrap();
    let boss = host
        .a
        .remote_resources()
        .into_iter()
        .find(|(_, resource)| resource.name() == "u-boss")
        .unwrap()
        .0;
    assert_eq!(manager(&host.a).as_deref(), Some(boss.as_str()));
}

fn manager(mock: &MockConnector) -> Option<String> {
    mock.remote_resources().into_iter().find_map(|(_, resource)| match resource {
        Resource::User(user) => Some(user.enterprise?.manager?.value.to_string()),
        Resource::Group(_) => None,
    })
}
