//! The points, and the tests that prove them.

mod rfcs;
mod rules;
mod sections;

/// All of the table.
pub(crate) fn all() -> impl Iterator<Item = &'static Section> {
    sections::SECTIONS.iter().chain([&rfcs::RFCS, &rules::COSTS, &rules::RULES])
}

/// Points that belong together.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) rows: &'static [Row],
}

/// One point.
pub(crate) struct Row {
    pub(crate) number: &'static str,
    /// What is asked of a client.
    pub(crate) what: &'static str,
    /// `section::test` of this folder, or `file::test` of another one.
    pub(crate) tests: &'static [&'static str],
    /// `done`, `done, but …`, or `later: …`.
    pub(crate) result: &'static str,
}

const DONE: &str = "done";

const fn row(
    number: &'static str,
    what: &'static str,
    tests: &'static [&'static str],
    result: &'static str,
) -> Row {
    Row { number, what, tests, result }
}
