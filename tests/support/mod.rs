//! What several tests, the benches and the quickstart share.
#![allow(dead_code, reason = "every user takes only its part")]

pub(crate) mod folder;
pub(crate) mod loopback;
pub(crate) mod other_client;
