//! What the compiler can promise: traits that can be objects, handles that can be sent, futures that can be spawned.

use std::fmt::Debug;

use outbound_provisioning::connector::{BuildContext, Connector, ConnectorFactory, Remote};
use outbound_provisioning::delivery::Outcome;
use outbound_provisioning::dispatch::{Dispatch, Dispatcher, DispatcherBuilder, Plan, Report};
use outbound_provisioning::host::{ConfigurationSource, Observer, Runtime, SecretSource};
use outbound_provisioning::model::{Configuration, Event, Resource, SealedSecret, Secret};
use outbound_provisioning::seal::SealingKeys;
use outbound_provisioning::transport::{HttpClient, HttpError};
use outbound_provisioning::{ConnectorRegistry, Error};

fn shared<T: ?Sized + Debug + Send + Sync + 'static>() {}

fn spawnable<T: Send + 'static>(_: &T) {}

#[test]
fn every_trait_of_a_contract_is_an_object_that_can_be_shared() {
    shared::<dyn Connector>();
    shared::<dyn ConnectorFactory>();
    shared::<dyn ConfigurationSource>();
    shared::<dyn SecretSource>();
    shared::<dyn Observer>();
    shared::<dyn Runtime>();
    shared::<dyn HttpClient>();
}

#[test]
fn what_a_host_holds_can_be_shared_between_threads() {
    shared::<Dispatcher>();
    shared::<DispatcherBuilder>();
    shared::<ConnectorRegistry>();
    shared::<Configuration>();
    shared::<BuildContext>();
    shared::<Event>();
    shared::<Resource>();
    shared::<Remote>();
    shared::<Secret>();
    shared::<SealedSecret>();
    shared::<SealingKeys>();
    shared::<Report>();
    shared::<Plan>();
    shared::<Outcome>();
    shared::<Error>();
    shared::<HttpError>();
}

#[test]
fn a_pointer_to_a_connector_is_a_connector() {
    fn connector<T: Connector + ?Sized>() {}
    connector::<dyn Connector>();
    connector::<Box<dyn Connector>>();
    connector::<std::sync::Arc<dyn Connector>>();
}

#[test]
fn futures_can_be_spawned() -> outbound_provisioning::Result<()> {
    let dispatcher = Dispatcher::builder(Configuration::new(), ConnectorRegistry::new()).build()?;
    let dispatch: Dispatch = dispatcher.dispatch(Event::user_deleted("u-1"));
    spawnable(&dispatch.into_future());
    spawnable(&{
        let dispatcher = dispatcher.clone();
        async move { dispatcher.plan(&Event::user_deleted("u-1")).await }
    });
    Ok(())
}

#[test]
fn errors_are_small() {
    assert!(size_of::<Error>() <= 64, "{} bytes", size_of::<Error>());
    assert!(size_of::<outbound_provisioning::Result<()>>() <= 64);
}
