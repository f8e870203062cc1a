//! The SCIM 2.0 connector (RFC 7643, RFC 7644).
//!
//! [`Scim2Factory`] takes any [`HttpClient`](crate::transport::HttpClient) and these settings:
//!
//! | setting | what | |
//! |---|---|---|
//! | `base_url` | where the service begins, `https://hr.example.com/scim/v2` | needed |
//! | `authentication` | `none` (loopback only, or with a client certificate), `basic`, `bearer`, `api_key`, `oauth2` | needed |
//! | `username`, `password` | with `basic` | |
//! | `token` | with `bearer` | |
//! | `api_key_header`, `api_key` | with `api_key` | |
//! | `token_url`, `client_id` | with `oauth2` (client credentials): where tokens are given out, and to whom | |
//! | `client_authentication` | with `oauth2`: `client_secret_basic` (default), `client_secret_post`, `private_key_jwt` | |
//! | `client_secret` | with the first two of these | |
//! | `private_key`, `key_id`, `signature` | with `private_key_jwt`: a key in PEM, its name, `RS256` (default), `PS256` or `ES256`; needs the feature `oauth` | |
//! | `scope`, `audience`, `resource` | with `oauth2`: what the token is for | |
//! | `client_certificate` | certificate and key in PEM, for mutual TLS | |
//! | `extra_certificates` | authorities in PEM that are trusted too | |
//! | `proxy` | the HTTP proxy to go through | |
//! | `reads_per_minute`, `writes_per_minute` | the most that is sent; a sixth of it at once | |
//! | `profile` | the product, where its [profile] is known: `aws`, `entra`, `github_emu`, `okta`, `slack`, `wso2` | |
//! | `profile_overrides` | a JSON object of [profile] fields that hold whatever the target says | |
//! | `query` | parameters that every request carries, `a=1&b=2` | |
//!
//! `username`, `password`, `token`, `api_key`, `client_secret`, `private_key` and `client_certificate` may be references
//! (`env:NAME`), which a [`SecretSource`](crate::host::SecretSource) follows for each request. While a secret is being
//! replaced, a source that knows the [previous](crate::host::SecretSource::previous) one has both tried. A token is kept
//! until shortly before its end; a target that refuses it is asked once more, with a new one.
//!
//! A target that says how fast we may go (`Retry-After`, `X-RateLimit-*` and their kin) is left alone so long.
//!
//! Requests: a create is one POST, a change one PATCH, a delete one DELETE, any number of membership changes of one
//! group one PATCH. Where the [profile] says PUT, a change is a GET and a PUT of what was read with the changes made, so
//! that what the target or others added survives. Once a day the target is asked what it can do.
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
mod create;
mod edit;
mod knowledge;
mod members;
pub mod profile;
mod protocol;
mod read;
mod target;
mod update;

pub use connector::Scim2Factory;
