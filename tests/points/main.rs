//! What a SCIM client must cope with, point by point, and the tests that prove it; `docs/scim2.md` is the table of them.
//!
//! ```console
//! $ cargo test --all-features --test points                  # all of it
//! $ cargo test --all-features --test points discovery::      # those whose name contains this
//! $ UPDATE_DOCS=1 cargo test --all-features --test points    # writes docs/scim2.md anew
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests that are wrong should stop"
)]

#[macro_use]
mod test;

mod dialects;
mod discovery;
mod document;
mod few_requests;
mod knowledge;
mod members;
mod paging;
mod rate;
mod reading;
mod rows;
#[path = "../support/site.rs"]
mod site;
mod target;
mod transport;
mod writing;

use std::panic::catch_unwind;
use std::process::ExitCode;

use test::Test;

/// By section of the table.
const SECTIONS: &[&[Test]] = &[
    transport::TESTS,
    rate::TESTS,
    discovery::TESTS,
    reading::TESTS,
    dialects::TESTS,
    writing::TESTS,
    members::TESTS,
    paging::TESTS,
    few_requests::TESTS,
    knowledge::TESTS,
    document::TESTS,
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let filters: Vec<&String> =
        arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let is_meant = |name: &str| {
        let is_named = |filter: &&String| {
            if has("--exact") { name == *filter } else { name.contains(filter.as_str()) }
        };
        // None of them is one of those that are left out.
        !has("--ignored") && (filters.is_empty() || filters.iter().any(is_named))
    };
    let tests: Vec<&Test> = all().filter(|test| is_meant(&test.name())).collect();
    if has("--list") {
        tests.iter().for_each(|test| println!("{}: test", test.name()));
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", tests.len());
    let fails = |test: &&Test| {
        let failed = catch_unwind(test.run).is_err();
        println!("test {} ... {}", test.name(), if failed { "FAILED" } else { "ok" });
        failed
    };
    let failed: Vec<String> = tests.iter().copied().filter(fails).map(|test| test.name()).collect();
    let passed = tests.len() - failed.len();
    if failed.is_empty() {
        println!("\ntest result: ok. {passed} passed; 0 failed\n");
        return ExitCode::SUCCESS;
    }
    println!("\nfailures:\n    {}", failed.join("\n    "));
    println!("\ntest result: FAILED. {passed} passed; {} failed\n", failed.len());
    ExitCode::FAILURE
}

/// Every test of this program.
fn all() -> impl Iterator<Item = &'static Test> {
    SECTIONS.iter().copied().flatten()
}
