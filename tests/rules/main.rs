//! Rules: what an engine is asked, what it answers, and what follows.
#![expect(clippy::unwrap_used, reason = "tests that are wrong should stop")]
#![cfg_attr(
    any(feature = "authzen", feature = "xacml"),
    expect(clippy::panic, reason = "tests that are wrong should stop")
)]
#![cfg_attr(
    feature = "xacml",
    expect(clippy::indexing_slicing, reason = "tests that are wrong should stop")
)]

mod attributes;
#[cfg(feature = "authzen")]
mod authzen;
#[cfg(all(feature = "authzen", feature = "reqwest"))]
mod cerbos;
mod effects;
mod native;
#[cfg(all(feature = "authzen", feature = "xacml", feature = "mock"))]
mod remote;
mod scene;
#[cfg(feature = "xacml")]
mod vectors;
#[cfg(feature = "xacml")]
mod xacml;
