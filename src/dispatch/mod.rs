//! Puts the parts together: event in, one outcome per target out.
//!
//! Not for: protocols (the connectors), or decisions (the resolver and the delivery core).
//!
//! ```
//! # #[cfg(all(feature = "mock", feature = "blocking", feature = "tokio"))]
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! use outbound_provisioning::mock::MockConnector;
//! use outbound_provisioning::model::{Configuration, Connection, Event, OrganizationConfiguration, Properties, Provisioner, User};
//! use outbound_provisioning::{ConnectorRegistry, Dispatcher};
//!
//! let acme = OrganizationConfiguration::new()
//!     .with_connection("crm", Connection::new("CRM").with_connector("mock", Properties::new()))
//!     .with_provisioner(Provisioner::new("crm", "mock").blocking());
//! let registry = ConnectorRegistry::new().with_instance("mock", MockConnector::new());
//! let dispatcher = Dispatcher::builder(Configuration::new().with_organization("acme", acme), registry).build()?;
//!
//! let report = dispatcher.dispatch(Event::user_created(User::new("u-1", "ada")).in_organization("acme")).await?;
//! assert!(report.deliveries[0].outcome.is_done());
//! # Ok::<(), outbound_provisioning::Error>(())
//! # }).unwrap();
//! ```

mod accept;
mod announced;
mod attempt;
mod builder;
mod deliver;
mod dispatcher;
mod ending;
mod facts;
mod healths;
mod held;
mod hints;
mod join;
mod load;
mod modes;
mod names;
mod oversee;
mod passwords;
mod plan;
mod reassert;
mod refer;
mod report;
mod routing;
mod ruling;
mod run;
mod send;
mod shared;
mod snapshot;
mod terms;
mod turns;
mod withdraw;

pub use builder::DispatcherBuilder;
pub use dispatcher::{Dispatch, Dispatcher};
pub use ending::Ending;
pub use hints::Announcement;
pub(crate) use hints::recover;
#[cfg(feature = "conformance")]
pub(crate) use join::join_all;
pub use load::Loading;
pub use oversee::{LaneState, LaneStatus, TargetStatus};
pub use plan::{Action, Plan, Planned};
pub use reassert::Reassertion;
pub use report::{Because, Delivery, Report};
pub(crate) use shared::Shared;
pub use withdraw::Withdrawing;
