//! The JSON Schema before an outside judge: right files fit it, files of a wrong shape do not.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tarn_tests::{Project, python, repository};

/// Faults of shape, which a schema can know of.
const SHAPE: [&str; 3] = ["error[unknown-key]", "error[wrong-type]", "error[missing-key]"];

/// Samples with such a fault that the schema cannot see: a constant of another type than its column's,
/// and a lake without tables, which could have them in files of their own.
const BEYOND: [&str; 2] = ["invalid-column-source.toml", "missing-table.toml"];

fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|kind| kind == "toml"));
    files.sort();
    files
}

/// A file as an editor hands it to a schema: dates and times are texts.
fn document(file: &Path) -> Value {
    let table: toml::Table = fs::read_to_string(file).unwrap().parse().unwrap();
    plain(toml::Value::Table(table))
}

fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(moment) => moment.to_string().into(),
        toml::Value::Array(list) => list.into_iter().map(plain).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, plain(value))).collect(),
        other => serde_json::to_value(other).unwrap(),
    }
}

/// What is wrong with each file.
fn faults(project: &Project, schema: &Path, files: &[PathBuf]) -> Vec<(String, Vec<Value>)> {
    let documents: serde_json::Map<String, Value> =
        files.iter().map(|file| (file.display().to_string(), document(file))).collect();
    let documents = project.write("documents.json", Value::from(documents).to_string());
    let answer = python("validate.py", &[schema.to_str().unwrap(), documents.to_str().unwrap()]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let found: serde_json::Map<String, Value> = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(found.len(), files.len());
    found.into_iter().map(|(file, faults)| (file, faults.as_array().unwrap().clone())).collect()
}

#[test]
fn every_right_file_fits_the_schema_and_wrong_shapes_do_not() {
    let project = Project::example("retail", "dev");
    let schema = project.write("schema.json", project.done(&["schema"]).stdout);
    let config = repository().join("stack/config");
    let mut right = toml_files(&config.join("tests/valid"));
    right.extend(toml_files(&repository().join("tests/policy/lakes")));
    for example in fs::read_dir(repository().join("examples")).unwrap() {
        let lake = example.unwrap().path().join("lake.toml");
        right.extend(lake.is_file().then_some(lake));
    }
    for (file, faults) in faults(&project, &schema, &right) {
        assert!(faults.is_empty(), "{file}: {faults:#?}");
    }
    let mut wrong = toml_files(&config.join("tests/invalid"));
    wrong.retain(|file| {
        let picture = fs::read_to_string(file.with_extension("txt")).unwrap();
        let is_toml =
            !["syntax-error", "duplicate-key"].iter().any(|code| picture.contains(&format!("error[{code}]")));
        let name = file.file_name().unwrap().to_str().unwrap();
        is_toml && SHAPE.iter().any(|code| picture.contains(code)) && !BEYOND.contains(&name)
    });
    assert!(wrong.len() > 10, "{wrong:?}");
    let accepted: Vec<String> = faults(&project, &schema, &wrong)
        .into_iter()
        .filter(|(_, faults)| faults.is_empty())
        .map(|(file, _)| file)
        .collect();
    assert!(accepted.is_empty(), "{accepted:#?}");
}

#[test]
fn the_schema_is_the_committed_one_and_init_writes_it_beside() {
    let project = Project::with("", "dev");
    let committed = fs::read_to_string(repository().join("stack/config/lake.schema.json")).unwrap();
    assert_eq!(project.done(&["schema"]).stdout, committed);
    project.done(&["init", "new", "--yes"]);
    assert_eq!(fs::read_to_string(project.path("new/lake.schema.json")).unwrap(), committed);
    let text = fs::read_to_string(project.path("new/lake.toml")).unwrap();
    assert!(text.starts_with("#:schema ./lake.schema.json\n"), "{text}");
    let written = faults(&project, &project.path("new/lake.schema.json"), &[project.path("new/lake.toml")]);
    assert!(written[0].1.is_empty(), "{written:?}");
    project.write("own.json", "{}");
    project.done(&["schema", "--out", "own.json"]);
    assert_eq!(fs::read_to_string(project.path("own.json")).unwrap(), committed);
}
