//! The table of points as a document, and what keeps it honest.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::all;
use crate::rows::{self, Row};

tests![
    every_point_has_tests_that_exist,
    every_test_is_in_the_table,
    docs_scim2_md_is_what_the_table_says,
];

/// The package: where its tests run. Not where they were compiled, which may be another clone that shares the artefacts.
fn root() -> &'static Path {
    Path::new(".")
}

/// The file with a test: a section of this program, or another file below `tests`. None where there is no such test.
fn file_of(name: &str) -> Option<String> {
    let (file, function) = name.split_once("::")?;
    let is_own = all().any(|test| test.name() == name);
    let path = format!("tests/{}{file}.rs", if is_own { "points/" } else { "" });
    let source = fs::read_to_string(root().join(&path)).ok()?;
    source.contains(&format!("fn {function}(")).then_some(path)
}

fn rows() -> impl Iterator<Item = &'static Row> {
    rows::all().flat_map(|section| section.rows)
}

async fn every_point_has_tests_that_exist() {
    let mut numbers = BTreeSet::new();
    for row in rows() {
        assert!(numbers.insert(row.number), "{} stands there twice", row.number);
        assert!(
            !row.tests.is_empty() || row.result.starts_with("later"),
            "{} has no test, and does not say when it will",
            row.number
        );
        for name in row.tests {
            assert!(file_of(name).is_some(), "{}: no test {name}", row.number);
        }
    }
    for number in 1..=43 {
        assert!(numbers.contains(number.to_string().as_str()), "point {number} is missing");
    }
}

async fn every_test_is_in_the_table() {
    let named: BTreeSet<&str> = rows().flat_map(|row| row.tests).copied().collect();
    let own = all().filter(|test| !test.module.ends_with("document")).map(|test| test.name());
    let left: Vec<String> = own.filter(|name| !named.contains(name.as_str())).collect();
    assert!(left.is_empty(), "in no row of the table: {left:?}");
}

async fn docs_scim2_md_is_what_the_table_says() {
    let (path, wanted) = (root().join("docs/scim2.md"), written());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().map(PathBuf::from).unwrap_or_default()).unwrap();
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/scim2.md is not what the table says; write it anew with\n    \
         UPDATE_DOCS=1 cargo test --all-features --test points docs_scim2_md"
    );
}

fn written() -> String {
    let mut text = String::from(
        "# What a SCIM 2.0 client must cope with\n\n\
         Each line is a demand that some server, or the RFCs, make on a client, and the tests that prove that the\n\
         connector meets it.\n\n\
         Written by `UPDATE_DOCS=1 cargo test --all-features --test points`; a test fails when it is not up to date.\n",
    );
    for section in rows::all() {
        let _ = write!(
            text,
            "\n## {}\n\n| | what | tests | result |\n|---|---|---|---|\n",
            section.title
        );
        for row in section.rows {
            let link =
                |name: &&str| format!("[`{name}`](../{})", file_of(name).unwrap_or_default());
            let tests: Vec<String> = row.tests.iter().map(link).collect();
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} |",
                row.number,
                row.what.replace('|', "\\|"),
                tests.join("<br>"),
                row.result
            );
        }
    }
    text
}
