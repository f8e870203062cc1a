//! Doubles for tests: a connector with a directory of its own that fails on demand, and a clock that is moved by hand.
//!
//! Not for: production, or proving that a protocol is spoken well (that is
//! [`conformance`](crate::conformance)).
//!
//! ```
//! use outbound_provisioning::connector::{Attempt, Connector};
//! use outbound_provisioning::mock::{Call, MockConnector};
//! use outbound_provisioning::{Error, ErrorKind};
//!
//! let mock = MockConnector::new();
//! mock.fail_next(Error::new(ErrorKind::Unavailable, "down for lunch"));
//! assert!(mock.calls().is_empty());
//! assert!(mock.remote_resources().is_empty());
//! ```

mod connector;
mod directory;
mod fault;
mod runtime;

pub use connector::{Call, MockConnector};
pub use fault::{Fault, Stall};
pub use runtime::ManualRuntime;
