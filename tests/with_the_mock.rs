//! How a host tests its own wiring, in 30 lines.
#![cfg(all(feature = "mock", feature = "blocking"))]
use outbound_provisioning::mock::{Call, MockConnector};
use outbound_provisioning::model::{Configuration, Event, User};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Error, ErrorKind, Outcome};

#[tokio::test]
async fn a_failure_is_told_and_nothing_is_lost() {
    let crm = MockConnector::new();
    let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
    let acme = r#"{ "organizations": { "acme": {
        "connections": { "crm": { "connectors": { "mock": {} } } },
        "provisioners": [{ "connection": "crm", "connector": "mock", "blocking": true }] } } }"#;
    let configuration = Configuration::from_json(acme).unwrap();
    let dispatcher = Dispatcher::builder(configuration, registry).build().unwrap();
    let ada = User::new("u-42", "ada");
    let event = Event::user_created(ada.clone()).in_organization("acme");

    crm.fail_next(Error::new(ErrorKind::Unavailable, "down for lunch"));
    let report = dispatcher.dispatch(event.clone()).await.unwrap();
    assert!(matches!(report.at("crm", "mock"), Some(Outcome::Failed { .. })));

    dispatcher.dispatch(event).await.unwrap();
    assert_eq!(crm.calls().last(), Some(&Call::Create(ada.into())));
}
