//! Every example lake is deployed, changed in each way that a file changes, and destroyed.

use std::path::Path;

use serde_json::Value;
use tarn_tests::repository;

use crate::daily_batch;
use crate::janitor;
use crate::lake::{LocalLake, outcomes};

#[test]
fn every_example_is_deployed_changed_and_destroyed() {
    let examples = examples();
    assert!(examples.len() >= 2, "{examples:?}");
    for example in &examples {
        let lake = LocalLake::start(example, "life");
        deployed(&lake);
        if example == "daily-batch" {
            daily_batch::nights_of_exports_are_accounted_for_file_by_file(&lake);
            janitor::the_janitor_removes_an_orphan_that_is_old_and_nothing_else(&lake);
        }
        a_table_more_changes_storage_alone(&lake);
        a_column_more_changes_no_stack(&lake);
        another_schedule_changes_the_pipeline_alone(&lake);
        a_zone_comes_and_goes(&lake);
        destroyed(&lake);
    }
}

/// The folders of `examples` that have a lake.
fn examples() -> Vec<String> {
    let folders = std::fs::read_dir(repository().join("examples")).unwrap();
    let has_lake = |folder: &Path| folder.join("lake.toml").is_file();
    let folders = folders.map(|folder| folder.unwrap().path()).filter(|folder| has_lake(folder));
    let mut names: Vec<_> =
        folders.map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// What a change of the file does: told beforehand, done, and then nothing is left to do.
fn change(lake: &LocalLake, deploy: &[&str]) -> Value {
    let planned = lake.project.tarn(&["plan", "--local", "--exit-code"]);
    assert_eq!(planned.code, 4, "{}{}", planned.stdout, planned.stderr);
    let deployed = lake.project.json(&[&["deploy", "--local"], deploy].concat());
    assert_eq!(deployed["good"], true, "{deployed:#}");
    let after = lake.project.tarn(&["plan", "--local", "--exit-code"]);
    assert_eq!(after.code, 0, "{}{}", after.stdout, after.stderr);
    deployed
}

/// Stacks that the deployment touched.
fn touched(deployed: &Value) -> Vec<String> {
    let mut touched: Vec<_> =
        ["created", "updated", "deleted"].iter().flat_map(|outcome| outcomes(deployed, outcome)).collect();
    touched.sort();
    touched
}

fn deployed(lake: &LocalLake) {
    let deployed = change(lake, &[]);
    let created = outcomes(&deployed, "created").len();
    assert!(created >= 4, "{deployed:#}");
    assert_eq!(lake.inventory()["stacks"].len(), created);
    let again = lake.project.json(&["deploy", "--local"]);
    assert_eq!(outcomes(&again, "unchanged").len(), created, "{again:#}");
}

/// The crawler there has a target for each table.
fn a_table_more_changes_storage_alone(lake: &LocalLake) {
    let table = "[[table]]\nname = \"further\"\nfiles = \"further/*.csv\"\ncolumns = { a = \"int64\" }\n";
    lake.project.write("tables/further.toml", table);
    assert!(told(lake).contains("further"), "{}", told(lake));
    assert_eq!(touched(&change(lake, &[])), [lake.stack("storage")]);
}

fn a_column_more_changes_no_stack(lake: &LocalLake) {
    let table = "[[table]]\nname = \"further\"\nfiles = \"further/*.csv\"\ncolumns = { a = \"int64\", bee = \"date\" }\n";
    lake.project.write("tables/further.toml", table);
    assert!(told(lake).contains("bee"), "{}", told(lake));
    assert_eq!(touched(&change(lake, &[])), Vec::<String>::new());
}

fn another_schedule_changes_the_pipeline_alone(lake: &LocalLake) {
    let text = std::fs::read_to_string(lake.project.path("lake.toml")).unwrap();
    lake.project.write("lake.toml", format!("{text}\n[env.life.schedule]\ndaily = \"04:15\"\n"));
    assert!(told(lake).contains("04:15"), "{}", told(lake));
    assert_eq!(touched(&change(lake, &[])), [lake.stack("pipeline")]);
}

fn a_zone_comes_and_goes(lake: &LocalLake) {
    let stack = lake.stack("zone-passing");
    lake.project.done(&["zone", "add", "passing", "--tables", "further"]);
    assert_eq!(touched(&change(lake, &[])), [stack.as_str()]);
    let whole = lake.inventory();

    lake.project.done(&["zone", "remove", "passing"]);
    assert_eq!(touched(&change(lake, &["--remove-zones", "--yes"])), [stack.as_str()]);
    for (kind, names) in &whole {
        let left: Vec<_> =
            lake.inventory()[kind].iter().filter(|name| name.contains("passing")).cloned().collect();
        assert!(left.is_empty(), "{kind}: {left:?} of {names:?}");
    }
}

fn told(lake: &LocalLake) -> String {
    lake.project.done(&["plan", "--local"]).stdout
}

fn destroyed(lake: &LocalLake) {
    let destroyed = lake.project.json(&["destroy", "--local", "--yes"]);
    assert_eq!(
        (&destroyed["good"], &destroyed["left"]),
        (&true.into(), &serde_json::json!([])),
        "{destroyed:#}"
    );
    for (kind, names) in lake.inventory() {
        assert!(names.is_empty(), "{kind} left: {names:?}");
    }
}
