//! Holds templates to the rules of this crate's tests: `judge FILE...`. Prints, for every file's
//! name, what it breaks, as JSON. `scripts/policy` shows it templates with a fault.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for tests; it fails by panicking")]

use std::{env, fs, path::Path};

use serde_json::{Map, Value, json};

#[path = "../tests/rules/mod.rs"]
mod rules;

fn main() {
    let judged: Map<String, Value> = env::args().skip(1).map(|file| judged(Path::new(&file))).collect();
    println!("{}", Value::Object(judged));
}

fn judged(file: &Path) -> (String, Value) {
    let template = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let breaches = rules::breaches(&template).into_iter();
    let told = breaches.map(|b| json!({"rule": b.rule, "resource": b.resource, "message": b.message}));
    (file.file_name().unwrap().to_str().unwrap().to_owned(), told.collect())
}
