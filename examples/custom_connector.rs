//! A connector of your own, for a fictional CRM that knows people, but no groups.
use outbound_provisioning::connector::{Attempt, Connector, Remote, Update};
use outbound_provisioning::model::{RemoteId, Resource, ResourceKind};
use outbound_provisioning::{ConnectorRegistry, Error, ErrorKind, Result};

#[derive(Debug)]
struct Crm {/* your own client */}

#[async_trait::async_trait]
impl Connector for Crm {
    async fn create(&self, resource: &Resource, attempt: &Attempt) -> Result<Remote> {
        let Resource::User(user) = resource else {
            return Err(Error::new(ErrorKind::Unsupported, "the CRM has no groups"));
        };
        println!("POST /people {} (try {})", user.user_name, attempt.number);
        Remote::new("p-1")
    }
    async fn update(&self, id: &RemoteId, update: &Update<'_>, _: &Attempt) -> Result<Remote> {
        println!("PATCH /people/{id}: {} attributes", update.difference.len());
        Ok(Remote::of(id.clone()))
    }
    async fn delete(&self, id: &RemoteId, _: ResourceKind, _: &Attempt) -> Result<()> {
        println!("DELETE /people/{id}");
        Ok(())
    }
}

fn main() {
    let registry = ConnectorRegistry::new().with_fn("crm", |_context| Ok(Crm {}));
    println!("{registry:?}");
}
