//! What WSO2 Identity Server can do and we can: `docs/wso2-parity.md` is the table of it, and this keeps it honest.
//!
//! ```console
//! $ cargo test --test parity
//! $ UPDATE_DOCS=1 cargo test --test parity    # writes docs/wso2-parity.md anew
//! ```

#[path = "parity/rows.rs"]
mod rows;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use rows::{Ours, Row, SECTIONS};

/// How many features the table has; the others are written down when their parts are built.
const ROWS: usize = 46;

/// The package: where its tests run. Not where they were compiled, which may be another clone that shares the artefacts.
fn root() -> &'static Path {
    Path::new(".")
}

/// The file of a test, `file::function` below `tests`; None where there is no such test.
fn file_of(name: &str) -> Option<String> {
    let (file, function) = name.split_once("::")?;
    let path = format!("tests/{file}.rs");
    let source = fs::read_to_string(root().join(&path)).ok()?;
    let is_there = |line: &str| {
        let line = line.trim_start();
        let named = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        named.and_then(|line| line.strip_prefix(function)).is_some_and(|rest| rest.starts_with('('))
    };
    source.lines().any(is_there).then_some(path)
}

fn rows() -> impl Iterator<Item = &'static Row> {
    SECTIONS.iter().flat_map(|section| section.rows)
}

#[test]
fn every_feature_is_there_once_and_in_order() {
    let numbers: Vec<usize> = rows().map(|row| row.number).collect();
    assert_eq!(numbers, (1..=ROWS).collect::<Vec<_>>());
}

#[test]
fn what_is_said_to_be_there_has_tests_that_exist() {
    for row in rows() {
        let is_shown = !row.tests.is_empty();
        match row.ours {
            Ours::Yes | Ours::Partly(_) => assert!(is_shown, "{}: nothing shows it", row.number),
        }
        let named: BTreeSet<&str> = row.tests.iter().copied().collect();
        assert_eq!(named.len(), row.tests.len(), "{}: a test stands twice", row.number);
        for name in row.tests {
            assert!(file_of(name).is_some(), "{}: no test {name}", row.number);
        }
    }
}

#[test]
fn docs_wso2_parity_md_is_what_the_table_says() {
    let (path, wanted) = (root().join("docs/wso2-parity.md"), written());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().map(PathBuf::from).unwrap_or_default()).unwrap();
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/wso2-parity.md is not what the table says; write it anew with\n    \
         UPDATE_DOCS=1 cargo test --test parity docs_wso2_parity_md"
    );
}

fn written() -> String {
    let mut text = String::from(
        "# Outbound provisioning: WSO2 Identity Server and this crate\n\n\
         What WSO2 Identity Server's outbound provisioning can do, by its documentation and published source code up to\n\
         2026, what this crate can do, and the tests that show the latter. *Partly* says what is missing.\n\n\
         Written by `UPDATE_DOCS=1 cargo test --test parity`; a test fails when it is not up to date, or when a test that\n\
         it names is not there.\n",
    );
    for section in SECTIONS {
        let _ = write!(
            text,
            "\n## {}\n\n| | feature | WSO2 IS | ours | shown by |\n|---|---|---|---|---|\n",
            section.title
        );
        for row in section.rows {
            let link =
                |name: &&str| format!("[`{name}`](../{})", file_of(name).unwrap_or_default());
            let tests: Vec<String> = row.tests.iter().map(link).collect();
            let ours = match row.ours {
                Ours::Yes => "yes".to_owned(),
                Ours::Partly(limit) => format!("partly: {limit}"),
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} | {ours} | {} |",
                row.number,
                row.feature,
                row.wso2,
                tests.join("<br>")
            );
        }
    }
    text
}
