//! A policy decision point that speaks the AuthZEN Authorization API 1.0.
//!
//! | file | what | |
//! |---|---|---|
//! | `protocol` | requests and answers | pure |
//! | `engine` | the same joined to a client | sends |

mod engine;
mod protocol;

pub use engine::AuthzenEngine;
pub use protocol::SubjectSource;
