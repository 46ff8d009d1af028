//! A folder of wrong files, each with the picture its author would see.
//!
//! `TARN_BLESS=1 cargo test -p tarn-config` writes the pictures anew; read the diff.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy spares only functions marked #[test], not their helpers"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tarn_config::{Code, Diagnostic, Source, parse};
use tarn_lake::EnvironmentName;

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/invalid");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn faults(text: &str) -> Vec<Diagnostic> {
    parse(text, &EnvironmentName::new("dev").unwrap()).expect_err("the file has a fault")
}

fn picture(text: &str) -> String {
    let source = Source { path: "lake.toml", text };
    let pictures: Vec<_> = faults(text).iter().map(|fault| fault.render(&source, false) + "\n").collect();
    pictures.join("\n")
}

#[test]
fn every_sample_is_refused_in_the_expected_words() {
    let bless = std::env::var_os("TARN_BLESS").is_some();
    let mut wrong = Vec::new();
    for sample in samples().iter().filter(|path| path.extension().is_some_and(|kind| kind == "toml")) {
        let shown = picture(&fs::read_to_string(sample).unwrap());
        let expected = sample.with_extension("txt");
        if bless {
            fs::write(&expected, &shown).unwrap();
        }
        match fs::read_to_string(&expected) {
            Ok(text) if text == shown => {}
            Ok(text) => wrong.push(format!("{}\nexpected:\n{text}\nshown:\n{shown}", sample.display())),
            Err(_) => wrong.push(format!("{} has no .txt beside it:\n{shown}", sample.display())),
        }
    }
    assert!(wrong.is_empty(), "{}\nTARN_BLESS=1 accepts what is shown", wrong.join("\n"));
}

#[test]
fn no_picture_is_left_over() {
    for file in samples() {
        assert!(file.with_extension("toml").exists(), "{} has no .toml beside it", file.display());
    }
}

#[test]
fn every_kind_of_fault_has_a_sample() {
    let texts = samples().into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "toml"));
    let shown: BTreeSet<_> = texts
        .flat_map(|path| faults(&fs::read_to_string(path).unwrap()))
        .map(|fault| fault.code.name())
        .collect();
    for code in Code::ALL {
        assert!(shown.contains(code.name()), "no sample in tests/invalid shows {}", code.name());
    }
}

#[test]
fn every_error_says_what_to_write_instead() {
    for path in samples().iter().filter(|path| path.extension().is_some_and(|kind| kind == "toml")) {
        for fault in faults(&fs::read_to_string(path).unwrap()) {
            assert!(!fault.label.is_empty(), "{}: {fault:?}", path.display());
            assert!(fault.help.is_some() || fault.code == Code::Syntax, "{}: {fault:?}", path.display());
        }
    }
}
