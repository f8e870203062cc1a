//! What the identity server supplies: its configuration, its secrets, an observer, a clock and tasks.
//!
//! Not for: what the library itself provides. Each trait has an implementation in memory, so that a host starts with
//! nothing but a document.
//!
//! ```
//! use outbound_provisioning::host::{ConfigurationSource, SharedConfiguration};
//! use outbound_provisioning::model::{Configuration, OrganizationConfiguration};
//!
//! let shared = SharedConfiguration::new(Configuration::new());
//! shared.replace(Configuration::new().with_organization("acme", OrganizationConfiguration::new()));
//! assert_eq!(shared.document().unwrap().organizations().count(), 1);
//! ```

mod configuration;
mod observer;
mod resources;
mod runtime;
mod secrets;
#[cfg(feature = "tokio")]
mod tokio;

pub use configuration::{ConfigurationSource, SharedConfiguration, Versioned};
pub(crate) use observer::Silent;
pub use observer::{Observation, Observer};
pub use resources::ResourceSource;
pub use runtime::Runtime;
pub(crate) use runtime::now;
pub use secrets::{LocalSecrets, NoSecrets, SecretSource};
#[cfg(feature = "tokio")]
pub use tokio::TokioRuntime;
