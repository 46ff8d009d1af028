//! The example `daily-batch` with everything that happens to nightly exports, in a folder: every file has its
//! class, also in SQL.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tarn_tests::{Project, night, python, settle};

use super::folder::sql;

#[test]
fn nights_of_exports_are_accounted_for_file_by_file() {
    let project = Project::example("daily-batch", "dev");
    let reports = night::in_a_folder(&project, "lake");
    night::is_accounted(&reports);

    let lake = project.path("lake");
    for (report, classes) in reports.iter().zip(night::classes()) {
        let statement = night::classes_of("'ops/tables/files/*/*.jsonl'", report["run"].as_str().unwrap());
        assert_eq!(sql(&lake, &statement), classes);
    }
    the_account_in_sql_says_the_same(&lake);
    each_is_read_by_the_layout_of_its_date(&lake);
    the_same_bytes_again_are_no_delivery(&project);
}

/// The statements of the README.
fn the_account_in_sql_says_the_same(lake: &Path) {
    let runs = "SELECT landed_files, converted_files, quarantined_files, skipped_files, failed_files, rows, balanced \
                FROM 'ops/tables/runs/*/*.jsonl' ORDER BY began";
    let run = |counts: [&str; 6]| {
        let counts = counts.map(str::to_owned).into_iter().chain(["True".to_owned()]);
        counts.collect::<Vec<_>>()
    };
    let wanted =
        [["10", "5", "1", "4", "0", "5"], ["2", "2", "0", "0", "0", "3"], ["1", "1", "0", "0", "0", "1"]];
    assert_eq!(sql(lake, runs), json!(wanted.map(run)));
    let rejected = "SELECT table_name, key[11:], line, column_name, reason FROM 'quarantine/rows/*/*.jsonl'";
    let reason = "the value in column 2 `cents_per_minute` is no decimal(7,3)";
    let row = json!(["tariffs", "tariffs_20260614_030000.csv.gz", "2", "cents_per_minute", reason]);
    assert_eq!(sql(lake, rejected), json!([row]));
    // The export that came again has its first one's place.
    let calls = "SELECT string_agg(id, ',' ORDER BY id) FROM 'silver/calls/*/*.parquet'";
    assert_eq!(sql(lake, calls), json!([["7,8,9"]]));
}

/// All with the columns of the newest.
fn each_is_read_by_the_layout_of_its_date(lake: &Path) {
    let subscribers = lake.join("silver/subscribers");
    let columns = ["transferred_date", "number", "since", "email"];
    let read = python("hive.py", &[&[subscribers.to_str().unwrap()][..], &columns].concat());
    assert_eq!(read.code, 0, "{}", read.stderr);
    let rows: Value = serde_json::from_str(&read.stdout).unwrap();
    let row = |day: &str, email: Option<&str>| json!([day, "0171", "2020-02-01", email]);
    let mail = Some("ada@example.com");
    let wanted = json!([row("2024-06-15", None), row("2025-06-15", mail), row("2026-06-15", mail)]);
    assert_eq!(rows, wanted);
}

fn the_same_bytes_again_are_no_delivery(project: &Project) {
    let path = project.path("lake/landing/structure/calls_20260615_020000.csv.gz");
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, &bytes).unwrap();
    settle(&project.path("lake/landing"));
    assert_eq!(project.json(&["run", "--dir", "lake"])["landed"]["files"], 0);
}
