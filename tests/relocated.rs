//! A connection whose address changes: what was linked at the old system proves nothing at the new one (P19).
#![cfg(all(feature = "scim2", feature = "conformance", feature = "blocking"))]

use outbound_provisioning::conformance::Scim2Target;
use outbound_provisioning::delivery::{Next, ParkReason};
use outbound_provisioning::host::SharedConfiguration;
use outbound_provisioning::model::{
    Configuration, Connection, Event, OrganizationConfiguration, Properties, Provisioner, User,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::http_fn;
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Outcome};

fn at(port: u16) -> Configuration {
    let properties = Properties::new()
        .with("base_url", format!("http://127.0.0.1:{port}/scim"))
        .with("authentication", "none");
    let organization = OrganizationConfiguration::new()
        .with_connection("hr", Connection::new("HR").with_connector("scim2", properties))
        .with_provisioner(Provisioner::new("hr", "scim2").blocking());
    Configuration::new().with_organization("acme", organization)
}

/// The old and the new system; ids are counted, so that both give the same to different people.
fn host() -> outbound_provisioning::Result<(SharedConfiguration, Dispatcher, [Scim2Target; 2])> {
    let systems = [Scim2Target::new(), Scim2Target::new()];
    let [old, new] = systems.clone();
    let client = http_fn(move |request| {
        let port = request.uri().port_u16();
        Ok(if port == Some(1) { old.answer(&request) } else { new.answer(&request) })
    });
    let shared = SharedConfiguration::new(at(1));
    let registry = ConnectorRegistry::new().with(Scim2Factory::new(client));
    Ok((shared.clone(), Dispatcher::builder(shared, registry).build()?, systems))
}

async fn send(dispatcher: &Dispatcher, event: Event) -> outbound_provisioning::Result<Outcome> {
    let report = dispatcher.dispatch(event.in_organization("acme")).await?;
    Ok(report.at("hr", "scim2").cloned().unwrap_or(Outcome::StillPending))
}

#[tokio::test]
async fn a_stranger_with_the_same_id_at_the_new_system_is_neither_changed_nor_deleted() {
    let (shared, dispatcher, [old, new]) = host().unwrap();
    send(&dispatcher, Event::user_created(User::new("u-ada", "ada"))).await.unwrap();
    shared.replace(at(2));
    // Somebody else has at the new system the id that Ada had at the old one.
    send(&dispatcher, Event::user_created(User::new("u-bob", "bob"))).await.unwrap();
    let outcome = send(&dispatcher, Event::user_deleted("u-ada")).await.unwrap();
    let moved = matches!(outcome, Outcome::Failed { next: Next::Parked(ParkReason::Moved), .. });
    assert!(moved, "Ada's account at the old system is not said to be gone: {outcome}");
    let users = new.users();
    assert_eq!(users.len(), 1, "Bob is still there");
    assert_eq!(users[0]["userName"], "bob");
    // Led back, the connection removes it with the next event.
    shared.replace(at(1));
    assert!(send(&dispatcher, Event::user_deleted("u-ada")).await.unwrap().is_done());
    assert!(old.users().is_empty(), "no account survives its owner");
}

#[tokio::test]
async fn an_update_creates_the_account_at_the_new_system() {
    let (shared, dispatcher, [old, new]) = host().unwrap();
    send(&dispatcher, Event::user_created(User::new("u-ada", "ada"))).await.unwrap();
    shared.replace(at(2));
    let changed = User::new("u-ada", "ada").with_display_name("Ada");
    assert!(send(&dispatcher, Event::user_updated(changed)).await.unwrap().is_done());
    assert_eq!(new.users()[0]["displayName"], "Ada");
    assert_eq!(
        old.users().len(),
        1,
        "what becomes of the old account is the administrator's to say"
    );
}
