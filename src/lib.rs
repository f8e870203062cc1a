//! Embeddable outbound provisioning for identity servers.
//!
//! An identity server links this crate in, tells it what happened to users and groups, and every external system that
//! must know is brought to the same state: created, changed, disabled, removed. There is no server in here, no user
//! store, no global state and no runtime of its own.
//!
//! ```text
//! event ──▶ resolve ──▶ project ──▶ dispatch ──▶ lane ──▶ connector ──▶ target
//!  what       who must    what this    wait for     one        speaks one
//!  happened   know        target sees  the answer   resource   protocol
//!                                                   at one
//!                                                   target
//!                          ◀── outcome, link, report ──
//! ```
//!
//! Administrators create a **connection** to an external system and pick a **connector** for it. A **provisioner** at
//! organization level is the default for every application; one at application level overrides it for that
//! application. A *blocking* provisioner makes the caller wait for the target's answer (it is a provisioning option,
//! not a synchronous API); *JIT outbound* also provisions users created just in time at a federated login.
//!
//! # The first lines
//!
//! ```
//! # #[cfg(all(feature = "mock", feature = "blocking"))]
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use outbound_provisioning::mock::MockConnector;
//! use outbound_provisioning::model::{Configuration, Event, Trigger, User};
//! use outbound_provisioning::{ConnectorRegistry, Dispatcher};
//!
//! let configuration = Configuration::from_json(r#"{ "organizations": { "acme": {
//!     "connections": { "hr": { "name": "HR system", "connectors": { "mock": {} } } },
//!     "provisioners": [{ "connection": "hr", "connector": "mock", "blocking": true }] } } }"#)?;
//! let registry = ConnectorRegistry::new().with_instance("mock", MockConnector::new());
//! let dispatcher = Dispatcher::builder(configuration, registry).build()?;
//!
//! let ada = User::new("u-42", "ada").with_email("ada@example.com");
//! let event = Event::user_created(ada).in_organization("acme").triggered_by(Trigger::SelfSignUp);
//! for delivery in dispatcher.dispatch(event).await?.deliveries {
//!     println!("{} via {}: {}", delivery.connection, delivery.connector, delivery.outcome);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # Which features do I need?
//!
//! *Blocking* below is the provisioning option: the caller of dispatch waits for the target's answer.
//!
//! | I want | in `Cargo.toml` |
//! |---|---|
//! | to provision over SCIM 2.0 | `features = ["scim2", "reqwest", "tokio"]` |
//! | SCIM 2.0 over an HTTP client of my own | `features = ["scim2"]`, and implement [`transport::HttpClient`] |
//! | connectors of my own only | no feature, and implement [`connector::Connector`] |
//! | deadlines, and work that outlives its caller | `features = ["tokio"]`, or implement [`host::Runtime`] |
//! | to decide and not to send (`plan` only) | `default-features = false` |
//! | to test my wiring without a target | `features = ["mock"]` in `[dev-dependencies]` |
//! | to test my connector against the contract | `features = ["conformance"]` in `[dev-dependencies]` |
//!
//! Features only add; none of them changes what is there without it.
//!
//! # The contracts
//!
//! [`Connector`](connector::Connector) speaks a protocol, [`HttpClient`](transport::HttpClient) sends a request,
//! [`ConfigurationSource`](host::ConfigurationSource) knows what administrators set up,
//! [`SecretSource`](host::SecretSource) resolves references to secrets, [`Runtime`](host::Runtime) has time and tasks,
//! [`Observer`](host::Observer) is told what happens.
//!
//! # What is promised, and what not yet
//!
//! Each resource at each target is a *lane*: at most one request at a time, in the order of acceptance. A create whose
//! answer was lost is looked up before it is repeated; only a resource that shows our own id in its own body is
//! ours; a failure is never reported as a success, and one target's failure hides no other's outcome. What is
//! remembered is **in memory** in this version, and lost with the process: a durable store and non-blocking
//! provisioners come next. Until then nothing is tried again on its own: what failed is tried again with the next
//! event of the same resource, and a create in doubt is repeated as soon as a look-up shows nobody, which a target with
//! a lagging index and without unique names can turn into a second account.

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

/// The README's code compiles.
#[cfg(all(doctest, feature = "scim2", feature = "reqwest", feature = "tokio"))]
#[doc = include_str!("../README.md")]
struct Readme;
