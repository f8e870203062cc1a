//! What several tests, the benches and the quickstart share.

pub mod loopback;
