//! Embeddable outbound provisioning for identity servers.
//!
//! An identity server links this crate in, tells it what happened to users and groups, and every external system that
//! must know is brought to the same state: created, changed, disabled, removed. There is no server in here, no user
//! store, no global state and no runtime of its own.
//!
//! ```text
//! event ──▶ resolve ──▶ project ──▶ dispatch ──▶ lane ──▶ connector ──▶ target
//!  what       who must    what this    wait, or     one        speaks one
//!  happened   know        target sees  queue        resource   protocol
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
//! | to sign in there with a private key in place of a secret | also `"oauth"` |
//! | rules decided by a XACML 3.0 decision point, or by one that speaks AuthZEN | also `"xacml"`, or `"authzen"` |
//! | SCIM 2.0 over an HTTP client of my own | `features = ["scim2"]`, and implement [`transport::HttpClient`] |
//! | connectors of my own only | no feature, and implement [`connector::Connector`] |
//! | nothing lost with the process | `features = ["redb"]`, and a [`store::RedbStore`] |
//! | what is at rest sealed with a key of mine | also `"seal"`, and [`seal::SealingKeys`] |
//! | deadlines, a worker that runs, work that outlives its caller | `features = ["tokio"]`, or implement [`host::Runtime`] |
//! | passwords, or a store whose rows are sealed | `features = ["seal"]` |
//! | rules asked of a XACML 3.0 or AuthZEN 1.0 decision point | `features = ["xacml"]`, `features = ["authzen"]` |
//! | a store of my own | implement [`store::Store`], and run [`conformance::store`] over it |
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
//! [`SecretSource`](host::SecretSource) resolves references to secrets, [`Store`](store::Store) keeps what must not be
//! lost, [`ResourceSource`](host::ResourceSource) knows the host's users and groups, [`Runtime`](host::Runtime) has time
//! and tasks, [`Observer`](host::Observer) is told what happens,
//! [`RuleEngine`](rules::RuleEngine) may say no.
//!
//! # What is promised, and what not yet
//!
//! Each resource at each target is a *lane*: at most one request at a time, in the order of acceptance, and never an
//! older state after a newer one was confirmed. An accepted event ends delivered, superseded by a newer one, not needed,
//! or discarded by a person; until then [`Dispatcher::status`] shows where it is. A create whose answer was lost is
//! looked up before it is repeated, and what a late request may have changed is looked at once more when it can no longer
//! land. Only a resource that shows our own id in its own body is ours; a failure is never reported as a success, and one
//! target's failure hides no other's outcome.
//!
//! A **blocking** provisioner's caller waits for the target's answer; otherwise [`dispatch`](Dispatcher::dispatch) returns
//! when the event is committed, and a [`Worker`] delivers it, and tries again what failed. With a
//! [`MemoryStore`](store::MemoryStore) all of it is lost with the process; with `RedbStore` nothing is. A store that is not
//! the host's own database cannot join its transaction: without [`announce`](Dispatcher::announce), promises begin at
//! `dispatch`.
//!
//! # What a target is to have
//!
//! Beside a connector's own settings stand its [`scope`](model::Scope) (who), its [`mapping`] (with which attributes), what
//! follows from [`rules`], its [`deprovisioning`](model::Deprovisioning) (what happens to leavers), a
//! [`guard`](model::Guard) against mass changes, and its [`passwords`](model::Passwords). A lane keeps the host's own word;
//! what the target should see is worked out from it at each attempt, from the configuration of that moment. So nothing of
//! one connection reaches another, and a repaired mapping mends what waits. Changed terms touch nobody by themselves:
//! [`Dispatcher::plan_reassert`] says what they would come to.
//!
//! Whoever is to lose access loses it whatever rules, the JIT option or the scope say.
//!
//! Not yet: several processes at one store, a XACML engine in the crate itself, reconciliation.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod bell;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod connector;
pub mod delivery;
pub mod dispatch;
mod error;
#[cfg(any(feature = "scim2", feature = "authzen", feature = "xacml"))]
#[cfg_attr(
    not(feature = "scim2"),
    expect(dead_code, reason = "connectors use all of it, rule engines a part")
)]
mod exchange;
mod handover;
pub mod host;
pub mod mapping;
#[cfg(feature = "mock")]
pub mod mock;
pub mod model;
pub mod resolver;
pub mod rules;
#[cfg(feature = "scim2")]
pub mod scim2;
pub mod seal;
pub mod store;
pub mod transport;
mod turnstile;
pub mod worker;

pub use connector::ConnectorRegistry;
pub use delivery::Outcome;
pub use dispatch::{Dispatcher, Report};
pub use error::{BoxError, Effect, Error, ErrorKind, Result};
pub use worker::Worker;

/// The README's code compiles.
#[cfg(all(doctest, feature = "scim2", feature = "reqwest", feature = "tokio"))]
#[doc = include_str!("../README.md")]
struct Readme;
