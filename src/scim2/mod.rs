//! The SCIM 2.0 connector (RFC 7643, RFC 7644).
//!
//! [`Scim2Factory`] takes any [`HttpClient`](crate::transport::HttpClient) and these settings:
//!
//! | setting | what | |
//! |---|---|---|
//! | `base_url` | where the service begins, `https://hr.example.com/scim/v2` | needed |
//! | `authentication` | `none` (loopback only), `basic`, `bearer`, `api_key` | needed |
//! | `username`, `password` | with `basic` | |
//! | `token` | with `bearer` | |
//! | `api_key_header`, `api_key` | with `api_key` | |
//! | `update_method` | `patch` (default) or `put` | |
//!
//! Requests: a create is one POST, a change one PATCH, a delete one DELETE, any number of membership changes of one
//! group one PATCH. With `update_method = put` a change is a GET and a PUT of what was read with the changes made, so
//! that what the target or others added survives.
//!
//! ```
//! use outbound_provisioning::ConnectorRegistry;
//! use outbound_provisioning::scim2::Scim2Factory;
//! use outbound_provisioning::transport::{HttpResponse, http_fn};
//!
//! let client = http_fn(|_| Ok(HttpResponse::new(Vec::new()))); // `ReqwestClient` in a real server
//! let registry = ConnectorRegistry::new().with(Scim2Factory::new(client));
//! assert!(registry.factory(&"scim2".into()).is_some());
//! ```

mod config;
mod connector;
mod protocol;

pub use connector::Scim2Factory;
