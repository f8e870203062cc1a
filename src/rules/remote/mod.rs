//! What engines that are asked over HTTP have in common: where they are, who we say we are, how long we wait.
//!
//! Not for: what is asked, and what an answer means.

mod point;
mod strict;

pub use point::DecisionPoint;
pub(super) use point::Remote;
pub(super) use strict::object;
