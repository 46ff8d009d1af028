//! `files`, `why`, `reprocess` and `unlock` over a folder: what became of a file, and once more.

use std::fs::{self, File};

use serde_json::{Value, json};
use tarn_tests::{Answer, Project, settle};

use super::folder::sql;

const LAKE: &str = "version = 1\n[lake]\nname = \"shop\"\n\
    [[table]]\nname = \"events\"\nfiles = \"events*.csv\"\ncolumns = { id = \"int64\", event = \"string\" }\n\
    [[table]]\nname = \"orders\"\nfiles = \"orders_{date:%Y%m%d}.csv\"\n\
    [[table.layout]]\nfrom = 2025-01-01\ncolumns = { id = \"int64\" }\n";

/// A lake with a file for every end.
fn lake() -> Project {
    let project = Project::with(LAKE, "dev");
    for (name, text) in [
        ("events.csv", "id,event\n1,view\nsecret-1,view\nsecret-2,buy\n3,buy\n"),
        ("events_broken.csv", "a,b,c\n1,2,3\n"),
        ("orders_20260131.csv", "id\n7\n"),
        ("orders_20240131.csv", "id\n7\n"),
        ("notes.txt", "of no table"),
    ] {
        project.write(&format!("lake/landing/{name}"), text);
    }
    run(&project);
    project
}

fn run(project: &Project) -> Value {
    settle(&project.path("lake/landing"));
    project.json(&["run", "--dir", "lake"])
}

fn why(project: &Project, file: &str) -> Answer {
    project.tarn(&["why", file, "--dir", "lake"])
}

#[test]
fn what_became_of_every_file_is_listed_and_counted() {
    let project = lake();
    let listed = project.json(&["files", "--dir", "lake"]);
    let files = listed["files"].as_array().unwrap();
    let ends: Vec<_> = files.iter().map(|file| json!([file["key"], file["status"], file["class"]])).collect();
    let wanted = [
        json!(["events.csv", "done", ""]),
        json!(["events_broken.csv", "quarantined", "UNMATCHED"]),
        json!(["notes.txt", "skipped", "UNCONFIGURED"]),
        json!(["orders_20240131.csv", "skipped", "NO_LAYOUT"]),
        json!(["orders_20260131.csv", "done", ""]),
    ];
    assert_eq!(ends, wanted);
    assert_eq!(listed["counts"]["done"], json!({"files": 2, "rows": 3, "bad_rows": 2, "bytes": 54}));

    let keys = |options: &[&str]| -> Vec<String> {
        let listed = project.json(&[&["files", "--dir", "lake"], options].concat());
        let files = listed["files"].as_array().unwrap().iter();
        files.map(|file| file["key"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(keys(&["--status", "quarantined"]), ["events_broken.csv"]);
    assert_eq!(keys(&["--table", "orders"]), ["orders_20260131.csv"]);
    assert_eq!(keys(&["--prefix", "events"]), ["events.csv", "events_broken.csv"]);
    assert_eq!(keys(&["--since", "5m"]).len(), 5);
    assert_eq!(keys(&["--since", "2099-01-01"]).len(), 0);
    let id = files[0]["run"].as_str().unwrap();
    assert_eq!((keys(&["--run", id]).len(), keys(&["--run", "another"]).len()), (5, 0));

    let text = project.done(&["files", "--dir", "lake"]).stdout;
    assert!(text.contains("quarantined: UNMATCHED"), "{text}");
    let done = text.lines().find(|line| line.starts_with("done")).unwrap();
    assert!(done.contains("2 files") && done.contains("3 rows") && done.contains("2 bad"), "{text}");
}

#[test]
fn the_story_of_a_file_is_told_also_of_one_that_waits_or_is_not_there() {
    let project = lake();
    let done = why(&project, "events.csv");
    assert_eq!(done.code, 0, "{}", done.stderr);
    for part in [
        "fits        table `events`",
        "ledger      done: 2 rows, 2 bad",
        "attempt 1",
        "silver      events/part-",
        "quarantine  rows/events/",
        "line 3: the value in column 1 `id` is no int64",
        "report      BAD_ROWS: 2 in quarantine",
        "next        nothing: its rows are in silver",
    ] {
        assert!(done.stdout.contains(part), "{part}\n{}", done.stdout);
    }
    assert!(!done.stdout.contains("secret"), "no value is shown: {}", done.stdout);
    let rows = project.done(&["why", "events.csv", "--rows", "--dir", "lake"]).stdout;
    assert!(rows.contains("secret-1,view"), "{rows}");

    let broken = why(&project, "events_broken.csv").stdout;
    assert!(broken.contains("ledger      quarantined: UNMATCHED: "), "{broken}");
    let old = why(&project, "orders_20240131.csv").stdout;
    assert!(old.contains("fits        NO_LAYOUT: table `orders` has no layout for 2024-01-31"), "{old}");
    project.write("lake/landing/orders_20260201.csv", "id\n8\n");
    settle(&project.path("lake/landing"));
    let waits = why(&project, "orders_20260201.csv").stdout;
    for part in [
        "fits        table `orders`, layout from 2025-01-01",
        "no run has seen it",
        "the next run converts it",
    ] {
        assert!(waits.contains(part), "{part}\n{waits}");
    }
    let missing = why(&project, "orders_20260202.csv");
    assert_eq!(missing.code, 1);
    assert!(missing.stdout.contains("its name fits table `orders`"), "{}", missing.stdout);
    let stranger = project.tarn(&["why", "x.csv", "--dir", "lake", "--json"]);
    let story: Value = serde_json::from_str(&stranger.stdout).unwrap();
    assert_eq!((stranger.code, &story["fits"]["class"]), (1, &json!("UNCONFIGURED")));
}

#[test]
fn a_file_is_converted_again_into_its_own_object() {
    let project = lake();
    let folder = project.path("lake");
    let count = || sql(&folder, "SELECT count(*), count(DISTINCT id) FROM 'silver/events/*.parquet'");
    assert_eq!(count(), json!([["2", "2"]]));
    let silver = || {
        let mut files: Vec<_> =
            fs::read_dir(folder.join("silver/events")).unwrap().map(|e| e.unwrap()).collect();
        files.sort_by_key(|file| file.file_name());
        files
            .into_iter()
            .map(|file| (file.file_name(), file.metadata().unwrap().modified().unwrap()))
            .collect::<Vec<_>>()
    };
    let before = silver();
    let dry = project.json(&["reprocess", "events.csv", "--dir", "lake", "--dry-run"]);
    assert_eq!((dry["dry_run"].clone(), dry["reopened"][0]["was"].clone()), (true.into(), "done".into()));
    let refused = project.tarn(&["reprocess", "events.csv", "--dir", "lake"]);
    assert_eq!(refused.code, 2, "nobody confirmed: {}", refused.stderr);
    assert_eq!(run(&project)["landed"]["files"], 0, "neither of them changed anything");

    let done = project.done(&["reprocess", "events.csv", "--dir", "lake", "--yes"]);
    assert!(done.stdout.contains("1 file opened again, for the next run"), "{}", done.stdout);
    assert!(why(&project, "events.csv").stdout.contains("it was opened again; the next run converts it"));
    assert_eq!(run(&project)["converted"]["files"], 1);
    assert_eq!(silver(), before, "what is the same is not even written");
    let story = why(&project, "events.csv").stdout;
    assert!(
        story.contains("before      done: 2 rows, 2 bad, run manual-") && story.contains("attempt 2"),
        "{story}"
    );

    // By another layout, and at once.
    let lake = fs::read_to_string(project.path("lake.toml")).unwrap();
    project.write("lake.toml", lake.replace("id = \"int64\", event", "id = \"string\", event"));
    let report = project.json(&["reprocess", "--prefix", "events", "--dir", "lake", "--yes", "--now"]);
    assert_eq!((&report["converted"]["files"], &report["quarantined"]["files"]), (&1.into(), &1.into()));
    assert_eq!(count(), json!([["4", "4"]]), "replaced, not added");
    let rejected = sql(&folder, "SELECT count(*) FROM 'quarantine/rows/*/*.jsonl'");
    assert_eq!(rejected, json!([["0"]]), "and what is not rejected any more is not there any more");
}

#[test]
fn what_cannot_be_opened_again_is_told() {
    let project = lake();
    for (options, said) in [
        (&["notes.txt"][..], "notes.txt: left as it is: it was skipped (UNCONFIGURED)"),
        (&["nowhere.csv"], "nothing to open again"),
    ] {
        let refused = project.tarn(&[&["reprocess", "--dir", "lake", "--yes"], options].concat());
        assert_eq!(refused.code, 1, "{options:?}");
        assert!((refused.stdout + &refused.stderr).contains(said), "{options:?}");
    }
    let none = project.tarn(&["reprocess", "--status", "failed", "--dir", "lake", "--yes"]);
    assert_eq!(none.code, 0, "nothing failed: {}", none.stderr);
    fs::remove_file(project.path("lake/landing/events.csv")).unwrap();
    let gone = project.tarn(&["reprocess", "events.csv", "--dir", "lake", "--yes"]);
    assert!(gone.code == 1 && gone.stderr.contains("its raw bytes are in bronze"), "{}", gone.stderr);
    for refused in [
        &["reprocess", "--dir", "lake", "--yes"][..],
        &["reprocess", "a.csv", "--prefix", "a", "--dir", "lake"],
        &["reprocess", "--status", "skipped", "--dir", "lake"],
        &["files", "--dir", "lake", "--status", "lost"],
        &["files", "--dir", "lake", "--since", "soon"],
        &["files", "--dir", "elsewhere"],
        &["why", "a.csv", "--dir", "elsewhere"],
    ] {
        assert_eq!(project.tarn(refused).code, 2, "{refused:?}");
    }
    assert!(!project.path("elsewhere").exists(), "nothing was made");
}

#[test]
fn a_folder_that_somebody_works_on_is_looked_at_and_keeps_its_lock() {
    let project = lake();
    let free = project.done(&["unlock", "--dir", "lake"]);
    assert!(free.stdout.contains("nobody holds the lock"), "{}", free.stdout);
    let lock = File::options().read(true).write(true).open(project.path("lake/.tarn/lock")).unwrap();
    lock.lock().unwrap();
    let refused = project.tarn(&["unlock", "--dir", "lake", "--yes"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("is alive and works on this folder"), "{}", refused.stderr);
    assert_eq!(project.json(&["files", "--dir", "lake"])["files"].as_array().unwrap().len(), 5);
    assert_eq!(why(&project, "events.csv").code, 0);
    lock.unlock().unwrap();
}

#[test]
fn a_run_that_is_followed_says_how_far_it_is() {
    let project = Project::with(LAKE, "dev");
    project.write("lake/landing/events.csv", "id,event\n1,view\n");
    settle(&project.path("lake/landing"));
    let answer = project.tarn(&["run", "--dir", "lake", "--follow", "--json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(!answer.stderr.trim().is_empty(), "a line at once");
    let report: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(report["converted"]["files"], 1);
}
