//! Suites over the crate's contracts, for our own connectors and everybody else's, and simulated targets.
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

mod connector;
mod scim2_target;
mod suite;

pub use connector::connector;
pub use scim2_target::{RecordedRequest, Scim2Target};
pub use suite::{Case, Suite, Verdict};
