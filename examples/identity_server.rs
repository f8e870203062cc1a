//! An identity server that tells its HR system when a user signs up. The token comes from HR_TOKEN.
use outbound_provisioning::host::{LocalSecrets, TokioRuntime};
use outbound_provisioning::model::{Configuration, Event, Trigger, User};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::{NetworkPolicy, ReqwestClient};
use outbound_provisioning::{ConnectorRegistry, Dispatcher};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In a real server, `ConfigurationSource` is implemented over its own database.
    let configuration = Configuration::from_json(
        r#"{ "organizations": { "acme": {
            "connections": { "hr": { "name": "HR system", "connectors": { "scim2": {
                "base_url": "https://hr.example.com/scim/v2",
                "authentication": "bearer", "token": "env:HR_TOKEN" } } } },
            "provisioners": [{ "connection": "hr", "connector": "scim2", "blocking": true }]
        } } }"#,
    )?;
    let client = ReqwestClient::new(NetworkPolicy::new())?;
    let registry = ConnectorRegistry::new().with(Scim2Factory::new(client));
    let dispatcher = Dispatcher::builder(configuration, registry)
        .secrets(LocalSecrets::new())
        .runtime(TokioRuntime::current()?)
        .build()?;

    // … a user signs up:
    let user = User::new("u-42", "ada@example.com").with_email("ada@example.com");
    let event = Event::user_created(user).in_organization("acme").triggered_by(Trigger::SelfSignUp);
    for delivery in dispatcher.dispatch(event).await?.deliveries {
        println!("{}: {}", delivery.connection, delivery.outcome);
    }
    Ok(())
}
