//! The example `daily-batch` with a night of everything that happens to nightly exports, in a folder:
//! every file has its class, also in SQL.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tarn_tests::{Project, python};

use super::convert::gzip;
use super::folder::{settle, sql};

const CALL: &str = "7,0171,0172,2026-06-15 23:59:59,61,0.1250,true\n";

fn land(project: &Project, name: &str, bytes: &[u8]) {
    project.write(&format!("lake/landing/structure/{name}.csv.gz"), bytes);
}

fn run(project: &Project) -> Value {
    settle(&project.path("lake/landing"));
    project.json(&["run", "--dir", "lake"])
}

#[test]
fn a_night_of_exports_is_accounted_for_file_by_file() {
    let project = Project::example("daily-batch", "dev");
    let old = "0171,Ada,01.02.2020,0179\n";
    land(&project, "subscribers_20240615_020000", &gzip(old));
    land(&project, "subscribers_20250615_020000", &gzip("0171,Ada,01.02.2020,0179,ada@example.com\n"));
    land(&project, "subscribers_20260615_020000", &gzip("0171,Ada,01.02.2020,ada@example.com\n"));
    land(&project, "subscribers_20230615_020000", &gzip(old));
    land(&project, "calls_20260615_020000", &gzip(CALL));
    land(&project, "calls_20260616_020000", &gzip("1,2,3\n"));
    land(&project, "calls_20260617_020000", b"");
    land(&project, "calls_20261350_020000", &gzip(CALL));
    land(&project, "tariffs_20260614_030000", &gzip("basic,1.500,0.5\nbasic-night,free,0.5\n"));
    land(&project, "strangers_20260615_020000", &gzip(old));

    let report = run(&project);
    let counts = ["landed", "converted", "quarantined", "skipped", "failed"];
    let counts = counts.map(|class| report[class]["files"].as_u64().unwrap());
    assert_eq!(counts, [10, 5, 1, 4, 0], "{report:#}");
    assert_eq!((&report["rows"], &report["bad_rows"]), (&5.into(), &1.into()), "{report:#}");

    let lake = project.path("lake");
    let classes = "SELECT key[11:], status, outcome.class FROM 'ledger.jsonl' ORDER BY key";
    let done = |name: &str| json!([format!("{name}.csv.gz"), "done", ""]);
    let other = |name: &str, status: &str, class: &str| json!([format!("{name}.csv.gz"), status, class]);
    let wanted = json!([
        done("calls_20260615_020000"),
        other("calls_20260616_020000", "quarantined", "UNMATCHED"),
        other("calls_20260617_020000", "skipped", "EMPTY"),
        other("calls_20261350_020000", "skipped", "IRREGULAR"),
        other("strangers_20260615_020000", "skipped", "UNCONFIGURED"),
        other("subscribers_20230615_020000", "skipped", "NO_LAYOUT"),
        done("subscribers_20240615_020000"),
        done("subscribers_20250615_020000"),
        done("subscribers_20260615_020000"),
        done("tariffs_20260614_030000"),
    ]);
    assert_eq!(sql(&lake, classes), wanted);
    the_account_in_sql_says_the_same(&lake, &wanted);

    // Each by the layout of its own date, all with the columns of the newest.
    let subscribers = lake.join("silver/subscribers");
    let columns = ["transferred_date", "number", "since", "email"];
    let read = python("hive.py", &[&[subscribers.to_str().unwrap()][..], &columns].concat());
    assert_eq!(read.code, 0, "{}", read.stderr);
    let rows: Value = serde_json::from_str(&read.stdout).unwrap();
    let row = |day: &str, email: Option<&str>| json!([day, "0171", "2020-02-01", email]);
    let mail = Some("ada@example.com");
    let wanted = json!([row("2024-06-15", None), row("2025-06-15", mail), row("2026-06-15", mail)]);
    assert_eq!(rows, wanted);

    a_delivery_again_and_a_changed_one(&project);
}

/// The three statements of the README.
fn the_account_in_sql_says_the_same(lake: &Path, classes: &Value) {
    let files = "SELECT key[11:], CASE status WHEN 'converted' THEN 'done' ELSE status END, class \
                 FROM 'ops/tables/files/*/*.jsonl' ORDER BY key";
    assert_eq!(sql(lake, files), *classes);
    let runs = "SELECT landed_files, converted_files, quarantined_files, skipped_files, failed_files, rows, balanced \
                FROM 'ops/tables/runs/*/*.jsonl'";
    assert_eq!(sql(lake, runs), json!([["10", "5", "1", "4", "0", "5", "True"]]));
    let rejected = "SELECT table_name, key[11:], line, column_name, reason FROM 'quarantine/rows/*/*.jsonl'";
    let reason = "the value in column 2 `cents_per_minute` is no decimal(7,3)";
    let row = json!(["tariffs", "tariffs_20260614_030000.csv.gz", "2", "cents_per_minute", reason]);
    assert_eq!(sql(lake, rejected), json!([row]));
}

/// The same bytes are no delivery, other bytes under the same name are one.
fn a_delivery_again_and_a_changed_one(project: &Project) {
    let path = project.path("lake/landing/structure/calls_20260615_020000.csv.gz");
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, &bytes).unwrap();
    assert_eq!(run(project)["landed"]["files"], 0);
    land(project, "calls_20260615_020000", &gzip(&CALL.replacen('7', "8", 1)));
    assert_eq!(run(project)["converted"]["files"], 1);
    let calls = "SELECT count(*), count(DISTINCT id) FROM 'silver/calls/*/*.parquet'";
    assert_eq!(sql(&project.path("lake"), calls), json!([["2", "2"]]));
}
