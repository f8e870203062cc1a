//! The contract between the library and code that speaks one protocol to a target.
//!
//! Not for: deciding what to send or when to repeat it. The delivery core does that, from the answers given here.
//!
//! ```
//! use async_trait::async_trait;
//! use outbound_provisioning::connector::{Attempt, Connector, Remote, Update};
//! use outbound_provisioning::model::{RemoteId, Resource, ResourceKind};
//! use outbound_provisioning::{ConnectorRegistry, Result};
//!
//! #[derive(Debug)]
//! struct Crm;
//!
//! #[async_trait]
//! impl Connector for Crm {
//!     async fn create(&self, resource: &Resource, _: &Attempt) -> Result<Remote> {
//!         Remote::new(format!("crm-{}", resource.local_id()))
//!     }
//!     async fn update(&self, id: &RemoteId, _: &Update<'_>, _: &Attempt) -> Result<Remote> {
//!         Ok(Remote::of(id.clone()))
//!     }
//!     async fn delete(&self, _: &RemoteId, _: ResourceKind, _: &Attempt) -> Result<()> {
//!         Ok(())
//!     }
//! }
//!
//! let registry = ConnectorRegistry::new().with_instance("crm", Crm);
//! assert!(registry.names().any(|name| name == "crm"));
//! ```

mod check;
mod contract;
mod factory;
mod page;
mod registry;
mod request;
mod retype;

pub use check::{Check, Finding, Origin};
pub use contract::Connector;
pub use factory::{BuildContext, ConnectorFactory};
pub use page::Page;
pub use registry::ConnectorRegistry;
pub use request::{Attempt, Lookup, PageRequest, Update};

// Defined below, because the delivery core judges them and knows no connector.
pub use crate::model::capabilities::Capabilities;
pub use crate::model::remote::Remote;
