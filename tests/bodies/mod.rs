//! What is fuzzed (T12): one function per target. It takes any bytes and panics only where what it checks is broken.
//!
//! They are driven twice: by the property tests of `tests/fuzzing.rs`, out of documents that are nearly good, and by
//! the crate in `fuzz/`, which looks for new paths through the code.
#![allow(dead_code, unused_imports, reason = "every user takes only its part")]

mod answers;
mod expressions;
mod filters;
mod headers;
mod input;
mod judge;
mod knowledge;
mod settings;
mod stage;
mod tokens;

pub(crate) use answers::{answers, lists, refusals};
pub(crate) use expressions::expressions;
pub(crate) use filters::{filters, value_path};
pub(crate) use headers::headers;
pub(crate) use input::written;
pub(crate) use judge::{decoded, error_is_good, outcome_is_good, request_is_good, text_is_good};
pub(crate) use knowledge::{discovery, facts, overrides};
pub(crate) use settings::{documents, settings};
pub(crate) use stage::{attempt, now};
pub(crate) use tokens::tokens;

/// A target: its name, and what it does with bytes.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// All of them.
pub(crate) const TARGETS: [Target; 12] = [
    ("answers", answers),
    ("discovery", discovery),
    ("documents", documents),
    ("expressions", expressions),
    ("facts", facts),
    ("filters", filters),
    ("headers", headers),
    ("lists", lists),
    ("overrides", overrides),
    ("refusals", refusals),
    ("settings", settings),
    ("tokens", tokens),
];
