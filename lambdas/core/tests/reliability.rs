//! The page of faults, `docs/reliability.md`, is true as far as a program can tell: each place and
//! each test that it names is there, and no row goes without.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test reads the sources"
)]

use std::fs;
use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("../../../docs/reliability.md");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Everything that Rust files below a folder say.
fn sources(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// The cells of every row: what, does, where, test.
fn rows() -> Vec<[String; 4]> {
    let lines = PAGE.lines().filter(|line| line.starts_with('|'));
    let lines = lines.filter(|line| !line.starts_with("|---") && !line.starts_with("| what goes wrong"));
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    lines.map(|line| cells(line).try_into().unwrap_or_else(|_| panic!("not four cells: {line}"))).collect()
}

fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_row_names_a_place_and_a_test_that_are_there_or_says_why_not() {
    let mut all = String::new();
    for folder in ["lambdas", "stack", "tests"] {
        sources(&root().join(folder), &mut all);
    }
    let rows = rows();
    assert!(rows.len() > 60, "{} rows", rows.len());
    for [what, does, place, test] in &rows {
        assert!(!does.is_empty(), "{what}");
        for place in quoted(place) {
            assert!(root().join(place).is_file(), "{what}: there is no {place}");
        }
        if let Some(reason) = test.strip_prefix("none: ") {
            assert!(reason.len() > 10, "{what}: why is there no test?");
            continue;
        }
        assert!(!quoted(test).is_empty() && !quoted(place).is_empty(), "{what} has no test or no place");
        for test in quoted(test) {
            assert!(all.contains(&format!("fn {test}(")), "{what}: there is no {test}");
        }
    }
}
