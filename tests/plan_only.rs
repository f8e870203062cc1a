//! A build that decides and does not send.
#![cfg(not(feature = "blocking"))]

use async_trait::async_trait;
use outbound_provisioning::connector::{Attempt, Connector, Remote, Update};
use outbound_provisioning::dispatch::Action;
use outbound_provisioning::model::{Configuration, Event, RemoteId, Resource, ResourceKind, User};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Error, ErrorKind, Result};

#[derive(Debug)]
struct Unused;

fn unused<T>() -> Result<T> {
    Err(Error::new(ErrorKind::Internal, "a build that only plans has sent something"))
}

#[async_trait]
impl Connector for Unused {
    async fn create(&self, _: &Resource, _: &Attempt) -> Result<Remote> {
        unused()
    }

    async fn update(&self, _: &RemoteId, _: &Update<'_>, _: &Attempt) -> Result<Remote> {
        unused()
    }

    async fn delete(&self, _: &RemoteId, _: ResourceKind, _: &Attempt) -> Result<()> {
        unused()
    }
}

#[tokio::test]
async fn it_plans_and_refuses_to_send() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let configuration = Configuration::from_json(
        r#"{ "organizations": { "acme": {
            "connections": { "hr": { "connectors": { "x": {} } } },
            "provisioners": [{ "connection": "hr", "connector": "x", "blocking": true }] } } }"#,
    )?;
    let registry = ConnectorRegistry::new().with_instance("x", Unused);
    let dispatcher = Dispatcher::builder(configuration, registry).build()?;
    let event = Event::user_created(User::new("u-1", "ada")).in_organization("acme");
    let plan = dispatcher.plan(&event).await?;
    assert!(plan.targets.iter().all(|target| target.action == Action::Create));
    assert_eq!(plan.targets.len(), 1);
    let refused = dispatcher.dispatch(event).await.err().map(|error| error.kind());
    assert_eq!(refused, Some(ErrorKind::Configuration));
    Ok(())
}
