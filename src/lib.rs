//! wip
#![cfg_attr(docsrs, feature(doc_cfg))]
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod connector;
pub mod delivery;
pub mod dispatch;
mod error;
pub mod host;
#[cfg(feature = "mock")]
pub mod mock;
pub mod model;
pub mod resolver;
#[cfg(feature = "scim2")]
pub mod scim2;
mod store;
pub mod transport;

pub use connector::ConnectorRegistry;
pub use delivery::Outcome;
pub use dispatch::{Dispatcher, Report};
pub use error::{BoxError, Effect, Error, ErrorKind, Result};
