//! Suites over the crate's contracts, for our own connectors and stores and everybody else's, and simulated targets.
//!
//! Not stable: a suite gains cases in any release. Not for: production data. A suite creates, changes and deletes.
//!
//! ```
//! # #[cfg(feature = "mock")]
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use outbound_provisioning::conformance;
//! use outbound_provisioning::mock::MockConnector;
//!
//! let suite = conformance::connector(&MockConnector::new()).await;
//! assert!(suite.is_passed(), "{suite}");
//! # });
//! ```
//!
//! A store is opened anew for each case. One that outlives its process runs [`store_reopened`] too.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use outbound_provisioning::conformance;
//! use outbound_provisioning::store::MemoryStore;
//!
//! let suite = conformance::store(|| async { Ok(MemoryStore::new()) }).await;
//! assert!(suite.is_passed(), "{suite}");
//! # });
//! ```

mod connector;
mod scim2_target;
mod store;
mod suite;

pub use connector::connector;
pub use scim2_target::{Quirk, RecordedRequest, Scim2Target};
pub use store::{store, store_reopened};
pub use suite::{Case, Suite, Verdict};
