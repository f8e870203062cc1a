//! A world in virtual time around the production code: a clock, a store that can lose what was not synced, a target
//! that can be late, and a process that can die at any of its calls. The same seed gives the same history.
#![allow(dead_code, reason = "two test programs share it, and neither needs all of it")]
#![allow(unreachable_pub, reason = "shared between test programs by path")]

pub(crate) mod clock;
pub(crate) mod dice;
pub(crate) mod directory;
pub(crate) mod store;
pub(crate) mod target;
pub(crate) mod weather;
pub(crate) mod world;
