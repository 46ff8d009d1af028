//! `tarn run --dir` and `tarn watch --dir`: a lake with nothing but this machine, read by DuckDB.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tarn_tests::{Project, command, program, python, settle};

const EVENTS: &str =
    "epoch_ms(timestamp::BIGINT), visitorid::BIGINT, event, itemid::BIGINT, transactionid::BIGINT";
const PROPERTIES: &str = "epoch_ms(timestamp::BIGINT), itemid::BIGINT, property, value";
const HEADER: &str = "timestamp,visitorid,event,itemid,transactionid\n";

/// Generates a delivery into a folder.
pub fn generate(folder: &Path, options: &[&str]) {
    fs::create_dir_all(folder).unwrap();
    let out = ["retail", "--seed", "7", "--out", folder.to_str().unwrap()];
    program("tarn-datagen", &[&out, options].concat());
}

fn same_rows(folder: &Path, table: &str, select: &str, files: &[&Path]) -> Value {
    let files: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
    let compared =
        python("compare.py", &[&["-", folder.to_str().unwrap(), table, select][..], &files].concat());
    assert_eq!(compared.code, 0, "{}{}", compared.stdout, compared.stderr);
    serde_json::from_str(&compared.stdout).unwrap()
}

/// What DuckDB answers in a folder.
pub fn sql(folder: &Path, statement: &str) -> Value {
    let answer = python("sql.py", &[folder.to_str().unwrap(), statement]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap()
}

#[test]
fn a_lake_in_a_folder_is_made_fed_and_read() {
    let project = Project::example("retail", "dev");
    let first = project.done(&["run", "--dir", "lake"]);
    assert!(first.stderr.contains("lake/landing: put files there"), "{}", first.stderr);
    let (lake, landing) = (project.path("lake"), project.path("lake/landing"));
    generate(&landing, &["--rows", "50000"]);

    let report = project.json(&["run", "--dir", "lake"]);
    assert_eq!(
        (&report["landed"]["files"], &report["converted"]["files"]),
        (&4.into(), &4.into()),
        "{report:#}"
    );
    assert_eq!(report["balanced"], true);
    let properties =
        ["item_properties_part1.csv", "item_properties_part2.csv"].map(|file| landing.join(file));
    for zone in ["silver", "zones/marketing", "zones/recommender"] {
        same_rows(&lake.join(zone), "events", EVENTS, &[&landing.join("events.csv")]);
    }
    let properties: Vec<&Path> = properties.iter().map(|file| file.as_path()).collect();
    let compared = same_rows(&lake.join("zones/recommender"), "item_properties", PROPERTIES, &properties);
    assert_eq!(compared["files"], 2);
    assert!(!lake.join("zones/marketing/item_properties").exists(), "marketing may not have it");

    // What the README tells to ask.
    let rows = sql(&lake, "SELECT count(*) FROM 'silver/events/*.parquet'");
    assert_eq!(rows, json!([["50000"]]));
    let files = "SELECT status, count(*), sum(outcome.rows) FROM 'ledger.jsonl' GROUP BY status";
    assert_eq!(sql(&lake, files), json!([["done", "4", report["rows"].to_string()]]));
    let catalog: Value =
        serde_json::from_slice(&fs::read(lake.join("catalog/retail_dev_silver/events.json")).unwrap())
            .unwrap();
    assert_eq!(catalog["location"], "silver/events/");

    let report = project.json(&["run", "--dir", "lake"]);
    assert_eq!(report["landed"]["files"], 0, "nothing is converted twice: {report:#}");
    let text = project.done(&["run", "--dir", "lake"]).stdout;
    assert!(text.contains("account balanced"), "{text}");
}

#[test]
fn odd_files_are_told_and_stop_nobody() {
    let project = Project::example("retail", "dev");
    let rows = "1433221332117,257597,view,355908,\n1433221332118,many,view,1,\n";
    for (name, text) in [
        ("events a+b%2F 'x'\u{1f30a}.csv", format!("{HEADER}{rows}")),
        ("events\nline.csv", format!("{HEADER}{rows}")),
        ("events_other_columns.csv", "a,b\n1,2\n".into()),
        ("events_empty.csv", String::new()),
        ("notes.txt", "no table wants this".into()),
        (".events_hidden.csv", HEADER.into()),
    ] {
        project.write(&format!("lake/landing/{name}"), text);
    }
    std::os::unix::fs::symlink("/etc/passwd", project.path("lake/landing/events_link.csv")).unwrap();
    settle_files(&project);
    let answer = project.tarn(&["run", "--dir", "lake", "--json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let report: Value = serde_json::from_str(&answer.stdout).unwrap();
    let counts =
        ["landed", "converted", "quarantined", "skipped"].map(|class| report[class]["files"].clone());
    assert_eq!(counts, [5, 2, 1, 2].map(Value::from), "{report:#}");
    assert_eq!((&report["rows"], &report["bad_rows"]), (&2.into(), &2.into()));
    assert!(answer.stderr.contains("events_link.csv is a link, and none is followed"), "{}", answer.stderr);
    assert!(!answer.stderr.contains("hidden"), "{}", answer.stderr);
    let lake = project.path("lake");
    let reasons = sql(&lake, "SELECT line, reason FROM 'quarantine/rows/events/*.jsonl'");
    assert_eq!(reasons.as_array().unwrap().len(), 2, "{reasons}");
    let why = sql(&lake, "SELECT key, class FROM 'quarantine/files/*/*.json'");
    assert_eq!(why, json!([["events_other_columns.csv", "UNMATCHED"]]));
}

fn settle_files(project: &Project) {
    for entry in fs::read_dir(project.path("lake/landing")).unwrap() {
        let path = entry.unwrap().path();
        if !fs::symlink_metadata(&path).unwrap().is_symlink() {
            let old = SystemTime::now() - Duration::from_secs(60);
            File::options().append(true).open(&path).unwrap().set_modified(old).unwrap();
        }
    }
}

#[test]
fn folders_of_silver_are_hives() {
    let lake = "version = 1\n[lake]\nname = \"shop\"\n[[table]]\nname = \"events\"\nfiles = \"*.csv\"\n\
                partition_by = [\"event\"]\ncolumns = { id = \"int64\", event = \"string\" }\n\
                [[zone]]\nname = \"sales\"\ntables = [\"events\"]\n";
    let project = Project::with(lake, "dev");
    project.write("lake/landing/a.csv", "id,event\n1,view\n2,a/b 100%\n3,\n");
    settle(&project.path("lake/landing"));
    project.done(&["run", "--dir", "lake"]);
    for folder in ["lake/silver/events", "lake/zones/sales/events"] {
        let read = python("hive.py", &[project.path(folder).to_str().unwrap(), "id", "event"]);
        assert_eq!(read.code, 0, "{}", read.stderr);
        let rows: Value = serde_json::from_str(&read.stdout).unwrap();
        assert_eq!(rows, json!([["1", "view"], ["2", "a/b 100%"], ["3", null]]), "{folder}");
    }
    let document = fs::read(project.path("lake/catalog/shop_dev_sales/events.json")).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    assert_eq!(document["partitions"].as_array().unwrap().len(), 3);
}

#[test]
fn what_cannot_be_run_is_refused() {
    let project = Project::example("retail", "dev");
    project.done(&["run", "--dir", "lake"]);
    let refused = project.tarn(&["run", "--dir", "lake", "--local"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    let refused = project.tarn(&["run", "--dir", "lake.toml"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(!refused.stderr.contains("deploy"), "nothing of AWS is said: {}", refused.stderr);

    let other = fs::read_to_string(project.path("lake.toml")).unwrap().replace("\"retail\"", "\"other\"");
    project.write("lake.toml", other);
    let refused = project.tarn(&["run", "--dir", "lake"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("holds the lake `retail`"), "{}", refused.stderr);
}

#[test]
fn columns_are_hashed_with_the_secret_of_the_folder() {
    let hashed = "version = 1\n[lake]\nname = \"shop\"\n[[table]]\nname = \"t\"\nfiles = \"*.csv\"\n\
                  columns = { mail = { type = \"string\", hash = \"sha256\" } }\n";
    let project = Project::with(hashed, "dev");
    project.write("lake/landing/a.csv", "mail\nada@example.com\n");
    project.done(&["run", "--dir", "lake"]);
    let convert = ["convert", "lake/landing/a.csv", "--table", "t", "--out", "o"];
    project.done(&[&convert[..], &["--hash-key-file", "lake/.tarn/hash-key"]].concat());
    let silver: Vec<_> = fs::read_dir(project.path("lake/silver/t")).unwrap().collect();
    assert_eq!(silver.len(), 1);
    let silver = fs::read(silver[0].as_ref().unwrap().path()).unwrap();
    assert!(!silver.windows(3).any(|bytes| bytes == b"ada"), "the text itself is nowhere");
    assert!(silver == fs::read(project.path("o/a.parquet")).unwrap(), "the same secret hashes the same");

    project.write("lake/.tarn/hash-key", "too short");
    project.write("lake/landing/b.csv", "mail\nbob@example.com\n");
    let refused = project.tarn(&["run", "--dir", "lake"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("the folder's secret"), "{}", refused.stderr);
}

#[test]
fn who_comes_second_is_told_and_waits() {
    let project = Project::example("retail", "dev");
    project.done(&["run", "--dir", "lake"]);
    let lock = File::options().read(true).write(true).open(project.path("lake/.tarn/lock")).unwrap();
    lock.lock().unwrap();
    let mut waiting = project.spawned(&["run", "--dir", "lake"]);
    let mut said = String::new();
    BufReader::new(waiting.stderr.as_mut().unwrap()).read_line(&mut said).unwrap();
    assert!(said.contains("tarn run") && said.contains("waiting"), "{said}");
    assert!(waiting.try_wait().unwrap().is_none());
    lock.unlock().unwrap();
    assert!(waiting.wait().unwrap().success());
}

#[test]
fn watching_reacts_to_new_files_and_ends_when_asked() {
    let project = Project::example("retail", "dev");
    let mut watching = project.spawned(&["watch", "--dir", "lake", "--json"]);
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let mut report = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(report()["landed"]["files"], 0, "once at the beginning");
    // Files that arrive together are one run.
    for number in 0..3 {
        let row = format!("143322133211{number},1,view,1,\n");
        project.write(&format!("lake/landing/events_{number}.csv"), format!("{HEADER}{row}"));
        std::thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(report()["converted"]["files"], 3);
    // A lake that changes finds its files.
    project.write("lake/landing/notes.csv", "id\n7\n");
    assert_eq!(report()["skipped"]["files"], 1);
    let text = fs::read_to_string(project.path("lake.toml")).unwrap();
    let table = "\n[[table]]\nname = \"notes\"\nfiles = \"notes.csv\"\ncolumns = { id = \"int64\" }\n";
    project.write("lake.toml", text + table);
    assert_eq!(report()["converted"]["files"], 1);

    let id = watching.id().to_string();
    assert_eq!(command("sh", &["-c", &format!("kill -INT {id}")]).code, 0);
    assert!(watching.wait().unwrap().success());
    let mut said = String::new();
    watching.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("watching") && said.contains("ending after"), "{said}");
    assert_eq!(sql(&project.path("lake"), "SELECT count(*) FROM 'silver/*/*.parquet'"), json!([["4"]]));
}

#[test]
fn a_run_may_be_of_one_table_alone() {
    let project = Project::example("retail", "dev");
    project.write("lake/landing/category_tree.csv", "categoryid,parentid\n1,2\n");
    project.write(
        "lake/landing/events_1.csv",
        "timestamp,visitorid,event,itemid,transactionid\n1433221332117,1,view,2,\n",
    );
    let refused = project.tarn(&["run", "--dir", "lake", "--table", "evnts"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("its tables are: events"), "{}", refused.stderr);

    let report = project.json(&["run", "--dir", "lake", "--table", "events"]);
    assert_eq!((&report["landed"]["files"], &report["converted"]["files"]), (&1.into(), &1.into()));
    assert!(!project.path("lake/silver/category_tree").exists(), "the other one is left for the next run");
    let report = project.json(&["run", "--dir", "lake"]);
    assert_eq!(report["converted"]["files"], 1, "{report:#}");
    assert!(project.path("lake/silver/category_tree").exists());
}
