//! What scripts rely on: standard output is one line of JSON, and exit codes tell usage from I/O.

#![allow(clippy::unwrap_used, reason = "clippy takes only the test functions themselves for tests")]

use std::path::PathBuf;
use std::process::{Command, Output};

fn datagen(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tarn-datagen")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A path of this test's own that does not exist yet.
fn fresh(name: &str) -> PathBuf {
    let path =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("datagen-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

#[test]
fn a_delivery_prints_one_line_of_json_and_nothing_else() {
    let folder = fresh("delivery").join("made/on/the/way");
    let output = datagen(&["retail", "--rows", "1000", "--seed", "7", "--out", folder.to_str().unwrap()]);
    assert!(output.status.success());
    assert_eq!(text(&output.stderr), "");
    let line = text(&output.stdout).strip_suffix('\n').unwrap();
    assert!(!line.contains('\n'));
    assert!(
        line.starts_with(r#"{"files":[{"file":"events.csv","table":"events","rows":1000,"bytes":"#),
        "{line}"
    );
    let tables = r#""tables":{"events":1000,"item_properties":700,"category_tree":999}}"#;
    assert!(line.ends_with(tables), "{line}");
    std::fs::remove_dir_all(fresh("delivery")).unwrap_or_default();
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &["retail"][..],
        &["retail", "--rows", "0", "--out", "x"],
        &["retail", "--rows", "many", "--out", "x"],
        &["retail", "--part", "0", "--out", "x"],
        &["wholesale"],
        &[],
    ] {
        let output = datagen(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_exits_with_1_and_a_sentence() {
    let file = fresh("file");
    std::fs::write(&file, "in the way").unwrap();
    let output = datagen(&["retail", "--rows", "10", "--out", file.join("below").to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let message = text(&output.stderr);
    assert!(
        message.starts_with("Cannot create the folder ") && message.trim_end().ends_with('.'),
        "{message}"
    );
    assert_eq!(message.lines().count(), 1);
}

#[test]
fn help_has_an_example() {
    for arguments in [&["--help"][..], &["retail", "--help"]] {
        let output = datagen(arguments);
        assert!(output.status.success());
        assert!(text(&output.stdout).contains("tarn-datagen retail --rows 1000000"), "{arguments:?}");
    }
}
