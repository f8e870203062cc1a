//! Delivers what non-blocking provisioners accepted, and everything that is to be tried again.
//!
//! Not for: deciding what is sent (the delivery core) or how (the connectors). A worker chooses which lane's turn it
//! is: urgent work first, each organization its share, and no more at once than a target takes.
//!
//! ```
//! # #[cfg(all(feature = "mock", feature = "non-blocking"))]
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use outbound_provisioning::mock::MockConnector;
//! use outbound_provisioning::model::{Configuration, Connection, Event, OrganizationConfiguration, Properties, Provisioner, User};
//! use outbound_provisioning::{ConnectorRegistry, Dispatcher, Outcome, Worker};
//!
//! let acme = OrganizationConfiguration::new()
//!     .with_connection("crm", Connection::new("CRM").with_connector("mock", Properties::new()))
//!     .with_provisioner(Provisioner::new("crm", "mock"));
//! let mock = MockConnector::new();
//! let registry = ConnectorRegistry::new().with_instance("mock", mock.clone());
//! let dispatcher = Dispatcher::builder(Configuration::new().with_organization("acme", acme), registry).build()?;
//!
//! let report = dispatcher.dispatch(Event::user_created(User::new("u-1", "ada")).in_organization("acme")).await?;
//! assert_eq!(report.deliveries[0].outcome, Outcome::Queued);
//! Worker::builder(&dispatcher).build().run_once().await?;
//! assert_eq!(mock.remote_resources().len(), 1);
//! # Ok::<(), outbound_provisioning::Error>(())
//! # }).unwrap();
//! ```

mod builder;
mod crew;
mod limits;
mod shift;
mod stock;

pub use builder::WorkerBuilder;
pub use shift::{Stopped, Worked, Worker};
