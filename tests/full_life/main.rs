//! The whole life of users and groups (the scenario of `examples/full_life`) in virtual time and without a socket: at
//! servers with every quirk that was seen, at servers with several, and through storms.
#![cfg(all(feature = "scim2", feature = "conformance", feature = "non-blocking"))]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests that are wrong should stop")]

#[path = "../../examples/full_life/attributes.rs"]
mod attributes;
mod combinations;
#[path = "../../examples/full_life/count.rs"]
mod count;
#[path = "../../examples/full_life/evidence.rs"]
mod evidence;
#[path = "../../examples/full_life/flat.rs"]
mod flat;
#[path = "../../examples/full_life/groups.rs"]
mod groups;
#[path = "../../examples/full_life/judge.rs"]
mod judge;
mod judged;
mod late;
#[path = "../../examples/full_life/learning.rs"]
mod learning;
mod lookups;
mod open;
mod quirks;
#[path = "../../examples/full_life/scenario.rs"]
mod scenario;
#[path = "../simulated/mod.rs"]
mod simulated;
mod stage;
mod storms;
mod taken;
mod vendors;
#[path = "../../examples/full_life/wanted.rs"]
mod wanted;
