//! A folder of wrong files, each with the picture its author would see. A folder in it is a lake with
//! wrong models.
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

use tarn_config::{Code, Diagnostic, Files, parse_files};
use tarn_lake::EnvironmentName;

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/invalid");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_none_or(|kind| kind == "toml"));
    files.sort();
    files
}

/// The lake of the samples that are models.
const LAKE_OF_MODELS: &str = include_str!("valid/models/lake.toml");

fn files(sample: &Path) -> Files {
    if !sample.is_dir() {
        return Files::new("lake.toml", &fs::read_to_string(sample).unwrap());
    }
    let mut models: Vec<_> = fs::read_dir(sample).unwrap().map(|entry| entry.unwrap().path()).collect();
    models.sort();
    let mut files = Files::new("lake.toml", LAKE_OF_MODELS);
    for model in models {
        let name = model.file_stem().unwrap().to_str().unwrap();
        files.add_model(format!("models/{name}.sql"), name, &fs::read_to_string(&model).unwrap());
    }
    files
}

fn faults(files: &Files) -> Vec<Diagnostic> {
    parse_files(files, &EnvironmentName::new("dev").unwrap()).expect_err("the file has a fault")
}

fn picture(files: &Files) -> String {
    let pictures: Vec<_> = faults(files).iter().map(|fault| files.render(fault, false) + "\n").collect();
    pictures.join("\n")
}

#[test]
fn every_sample_is_refused_in_the_expected_words() {
    let bless = std::env::var_os("TARN_BLESS").is_some();
    let mut wrong = Vec::new();
    for sample in samples() {
        let shown = picture(&files(&sample));
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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/invalid");
    for file in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let known = file.with_extension("toml").exists() || file.with_extension("").is_dir();
        assert!(known, "{} has no .toml and no folder beside it", file.display());
    }
}

#[test]
fn every_kind_of_fault_has_a_sample() {
    let shown: BTreeSet<_> =
        samples().iter().flat_map(|path| faults(&files(path))).map(|fault| fault.code.name()).collect();
    for code in Code::ALL {
        assert!(shown.contains(code.name()), "no sample in tests/invalid shows {}", code.name());
    }
}

#[test]
fn every_error_says_what_to_write_instead() {
    for path in samples() {
        for fault in faults(&files(&path)) {
            assert!(!fault.label.is_empty(), "{}: {fault:?}", path.display());
            assert!(fault.help.is_some() || fault.code == Code::Syntax, "{}: {fault:?}", path.display());
        }
    }
}
