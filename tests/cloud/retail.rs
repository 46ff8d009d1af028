//! The example lake's life: deployed, fed, asked, widened by a zone, and taken down without a trace.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::governed;
use crate::lake::{LocalLake, outcomes};
use crate::verbs;

/// The columns of events.csv, as the table types them.
const EVENTS: &str =
    "epoch_ms(timestamp::BIGINT), visitorid::BIGINT, event, itemid::BIGINT, transactionid::BIGINT";
const CATEGORIES: &str = "categoryid::BIGINT, parentid::BIGINT";

#[test]
fn a_lake_is_deployed_fed_asked_widened_and_destroyed() {
    let lake = LocalLake::start("retail", "e2e");
    let past = governed::shared(&lake);
    one_table_hashes(&lake);
    deploys_and_is_idempotent(&lake);
    governed::grants_are_those_of(&lake, &["marketing", "recommender"], &past);
    data_flows_to_silver_and_to_the_zones(&lake);
    a_folder_holds_the_same_silver(&lake);
    nothing_new_converts_nothing_and_one_more_file_converts_one(&lake);
    a_column_is_hashed_by_the_lakes_own_secret(&lake);
    bad_files_and_rows_go_to_quarantine_and_stop_nobody(&lake);
    verbs::runs_with_news_are_told(&lake);
    verbs::the_account_is_asked_in_sql(&lake);
    verbs::a_file_has_its_story_and_is_converted_again(&lake);
    another_zone_is_one_stack(&lake);
    a_reader_reaches_its_own_zone_and_nothing_else(&lake, &["marketing", "recommender", "finance"]);
    governed::grants_are_those_of(&lake, &["marketing", "recommender", "finance"], &past);
    a_zone_that_fails_says_why_and_stops_no_other(&lake);
    a_zone_that_leaves_the_file_goes_when_asked(&lake);
    arrivals_wake_the_pipeline(&lake);
    destroying_leaves_nothing(&lake);
    governed::nothing_is_left(&lake, &past);
}

fn one_table_hashes(lake: &LocalLake) {
    let text = std::fs::read_to_string(lake.project.path("lake.toml")).unwrap();
    let block = "\n[[table]]\nname = \"customers\"\nfiles = \"customers*.csv\"\n\
                 columns = { mail = { type = \"string\", hash = \"sha256\", pii = \"high\" } }\n";
    lake.project.write("lake.toml", text + block);
}

fn deploys_and_is_idempotent(lake: &LocalLake) {
    assert_eq!(lake.project.json(&["doctor", "--local"])["good"], true);
    let first = lake.project.json(&["deploy", "--local"]);
    assert_eq!(outcomes(&first, "created").len(), 6, "{first:#}");
    let second = lake.project.json(&["deploy", "--local"]);
    assert_eq!(outcomes(&second, "unchanged").len(), 6, "{second:#}");
    assert_eq!(lake.project.json(&["doctor", "--local"])["good"], true);
    // What the end of this test finds empty is full now; so that listing can fail.
    let inventory = lake.inventory();
    for (kind, names) in &inventory {
        // This lake has no models; those of Spark are in `models.rs`.
        let may_be_empty = kind == "spark applications";
        assert!(may_be_empty || !names.is_empty(), "no {kind}: {inventory:#?}");
    }
}

fn data_flows_to_silver_and_to_the_zones(lake: &LocalLake) {
    let wrote = lake.generate("data", &["--rows", "1000000"]);
    assert!(wrote["events"] >= 1_000_000);
    assert_eq!(lake.push("data"), 4);
    assert_eq!(lake.push("data"), 0, "nothing is pushed twice");

    let report = lake.run();
    assert_eq!(report["converted"]["files"], 4, "{report:#}");
    assert_eq!(report["landed"]["files"], 4, "{report:#}");
    assert_eq!(report["balanced"], true);
    for (table, rows) in &wrote {
        assert_eq!(lake.count(table, None), *rows, "{table}");
    }
    assert_eq!(lake.count("events", Some("marketing")), wrote["events"]);
    let denied =
        lake.project.tarn(&["query", "--local", "--zone", "marketing", "select * from item_properties"]);
    assert_eq!(denied.code, 1, "marketing may not have item_properties: {}", denied.stdout);

    let events = lake.project.path("data/events.csv");
    let compared = lake.same_rows("silver", "events", EVENTS, &[&events]);
    assert_eq!(compared["found"], wrote["events"]);
    assert_eq!(compared["types"][0], "TIMESTAMP");
    lake.same_rows("marketing", "events", EVENTS, &[&events]);
    lake.same_rows(
        "recommender",
        "category_tree",
        CATEGORIES,
        &[&lake.project.path("data/category_tree.csv")],
    );
}

/// The same lake and the same files, with nothing but this machine.
fn a_folder_holds_the_same_silver(lake: &LocalLake) {
    std::fs::create_dir_all(lake.project.path("folder")).unwrap();
    std::os::unix::fs::symlink(lake.project.path("data"), lake.project.path("folder/landing")).unwrap();
    let report = lake.project.json(&["run", "--dir", "folder"]);
    assert_eq!(report["converted"]["files"], 4, "{report:#}");
    assert_eq!(lake.same_silver("folder")["objects"], 4);
}

fn nothing_new_converts_nothing_and_one_more_file_converts_one(lake: &LocalLake) {
    let report = lake.run();
    assert_eq!(report["landed"]["files"], 0, "{report:#}");
    assert_eq!(report["converted"]["files"], 0, "{report:#}");

    let before = lake.count("events", None);
    let wrote = lake.generate("data2", &["--rows", "5000", "--part", "1"]);
    assert_eq!(lake.push("data2"), 1);
    let report = lake.run();
    assert_eq!(report["converted"]["files"], 1, "{report:#}");
    assert_eq!(lake.count("events", None), before + wrote["events"]);
    assert_eq!(lake.count("events", Some("marketing")), before + wrote["events"]);
}

fn a_column_is_hashed_by_the_lakes_own_secret(lake: &LocalLake) {
    for (file, mail) in [("customers_1.csv", "ada@example.com"), ("customers_2.csv", "ada@example.com")] {
        lake.project.write(&format!("hashed/{file}"), format!("mail\n{mail}\n"));
    }
    assert_eq!(lake.push("hashed"), 2);
    assert_eq!(lake.run()["converted"]["files"], 2);
    let select = "select count(*) as n, count(distinct mail) as mails, min(length(mail)) as l from customers";
    let rows = &lake.project.json(&["query", "--local", select])["rows"][0];
    let told = ["n", "mails", "l"].map(|column| rows[column].as_u64());
    assert_eq!(told, [Some(2), Some(1), Some(64)], "{rows}");
}

/// All pairs: every reader role on every bucket, every database, the ledger and the notes.
fn a_reader_reaches_its_own_zone_and_nothing_else(lake: &LocalLake, zones: &[&str]) {
    let reached = lake.reached();
    assert_eq!(reached.len(), zones.len(), "{reached:#?}");
    for (zone, cells) in &reached {
        let own = [format!("list {zone}"), format!("read {zone}"), format!("catalog {zone}")];
        for (thing, answer) in cells {
            let wanted = if own.contains(thing) { "ok" } else { "denied" };
            assert_eq!(answer, wanted, "the reader of {zone}: {thing}");
        }
        assert!(cells.len() > 3 * (zones.len() + 6), "{cells:#?}");
    }
}

fn bad_files_and_rows_go_to_quarantine_and_stop_nobody(lake: &LocalLake) {
    let before = lake.count("events", None);
    let header = "timestamp,visitorid,event,itemid,transactionid\n";
    lake.project.write("bad/events_other_columns.csv", "a,b\n1,2\n");
    lake.project.write("bad/events_truncated.csv.gz", [0x1f, 0x8b, 8, 0, 0, 0]);
    lake.project.write("bad/notes.txt", "no table wants this");
    lake.project.write("bad/events_empty.csv", "");
    let rows = "1433221332117,257597,view,355908,\n1433221332118,many,view,1,\n1433221332119,1,view,2,\n";
    lake.project.write("bad/events_mixed.csv", format!("{header}{rows}"));
    assert_eq!(lake.push("bad"), 5);

    let report = lake.run();
    assert_eq!(report["landed"]["files"], 5, "{report:#}");
    assert_eq!(report["converted"]["files"], 1, "{report:#}");
    assert_eq!(report["quarantined"]["files"], 1, "{report:#}");
    assert_eq!(report["skipped"]["files"], 3, "{report:#}");
    assert_eq!(report["failed"]["files"], 0, "{report:#}");
    assert_eq!((&report["rows"], &report["bad_rows"]), (&2.into(), &1.into()), "{report:#}");
    assert_eq!(report["balanced"], true);
    let remarks = report["remarks"].to_string();
    for part in [
        "events_other_columns.csv: UNMATCHED",
        "notes.txt: UNCONFIGURED",
        "events_empty.csv: EMPTY",
        "BAD_ROWS",
    ] {
        assert!(remarks.contains(part), "{part}: {remarks}");
    }
    assert_eq!(lake.count("events", None), before + 2);
    assert_eq!(lake.run()["landed"]["files"], 0, "what was settled stays settled");
}

fn another_zone_is_one_stack(lake: &LocalLake) {
    let text = std::fs::read_to_string(lake.project.path("lake.toml")).unwrap();
    let block = "\n[[zone]]\nname = \"finance\"\ndescription = \"Revenue\"\ntables = [\"events\"]\n";
    lake.project.write("lake.toml", text + block);
    let deployed = lake.project.json(&["deploy", "--local"]);
    assert_eq!(outcomes(&deployed, "created"), ["retail-e2e-zone-finance"], "{deployed:#}");
    assert_eq!(outcomes(&deployed, "unchanged").len(), 6, "{deployed:#}");

    assert_eq!(lake.run()["landed"]["files"], 0);
    assert_eq!(lake.count("events", Some("finance")), lake.count("events", None), "it gets what was there");
}

fn a_zone_that_fails_says_why_and_stops_no_other(lake: &LocalLake) {
    let bucket = lake.bucket("taken");
    lake.stranger_bucket("make", &bucket);
    let text = std::fs::read_to_string(lake.project.path("lake.toml")).unwrap();
    let zone = |name: &str| format!("\n[[zone]]\nname = \"{name}\"\ntables = [\"category_tree\"]\n");
    lake.project.write("lake.toml", format!("{text}{}{}", zone("taken"), zone("free")));

    let failed = lake.project.tarn(&["deploy", "--local"]);
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    let mut lines = failed.stderr.lines();
    let line = lines.find(|line| line.contains("VALIDATION_FAILED") && line.contains("AWS::S3::Bucket"));
    assert!(line.is_some_and(|line| line.contains("zone-taken")), "{}", failed.stderr);
    assert!(lines.next().is_some_and(|reason| reason.contains("exist")), "the reason: {}", failed.stderr);
    assert!(failed.stdout.contains("1 created"), "zone free stands: {}", failed.stdout);
    assert!(failed.stdout.contains("1 not done"), "{}", failed.stdout);

    lake.stranger_bucket("remove", &bucket);
    let mended = lake.project.json(&["deploy", "--local"]);
    assert_eq!(outcomes(&mended, "created"), ["retail-e2e-zone-taken"], "{mended:#}");
}

fn a_zone_that_leaves_the_file_goes_when_asked(lake: &LocalLake) {
    let stack = "retail-e2e-zone-free";
    let before = lake.project.json(&["plan", "--local"]);
    assert_eq!(
        (&before["changes"], &before["strays"]),
        (&false.into(), &serde_json::json!([])),
        "{before:#}"
    );
    lake.project.done(&["zone", "remove", "free"]);
    let planned = lake.project.tarn(&["plan", "--local", "--exit-code"]);
    assert_eq!(planned.code, 4, "{}{}", planned.stdout, planned.stderr);
    assert!(
        planned.stdout.contains("zone `free` may have table `category_tree` no more"),
        "{}",
        planned.stdout
    );

    let deployed = lake.project.json(&["deploy", "--local"]);
    assert_eq!(deployed["strays"], serde_json::json!([stack]), "it is told of, and stays: {deployed:#}");
    let refused = lake.project.tarn(&["deploy", "--local", "--remove-zones"]);
    assert_eq!(refused.code, 2, "nobody said that its data may go: {}", refused.stderr);
    assert!(lake.inventory()["stacks"].contains(&stack.to_owned()));

    let removed = lake.project.json(&["deploy", "--local", "--remove-zones", "--yes"]);
    assert_eq!(outcomes(&removed, "deleted"), [stack], "{removed:#}");
    let inventory = lake.inventory();
    assert!(!inventory["stacks"].contains(&stack.to_owned()));
    assert!(!inventory["buckets"].iter().any(|bucket| bucket.contains("-free-")), "{inventory:#?}");
    assert_eq!(lake.project.json(&["plan", "--local"])["changes"], false);
}

/// The queue gathers arrivals for a minute; then one of them starts a run.
fn arrivals_wake_the_pipeline(lake: &LocalLake) {
    let deadline = Instant::now() + Duration::from_secs(150);
    loop {
        let runs = lake.runs();
        if runs.iter().any(|(name, status)| name.starts_with("arrival-") && status == "SUCCEEDED") {
            return;
        }
        assert!(Instant::now() < deadline, "no arrival started a run: {runs:?}");
        std::thread::sleep(Duration::from_secs(2));
    }
}

fn destroying_leaves_nothing(lake: &LocalLake) {
    let dry = lake.project.json(&["destroy", "--local", "--dry-run"]);
    assert_eq!(dry["stacks"].as_array().unwrap().len(), lake.inventory()["stacks"].len(), "{dry:#}");
    assert!(dry["buckets"].as_array().unwrap().len() > 6, "{dry:#}");
    let refused = lake.project.tarn(&["destroy", "--local"]);
    assert_eq!(refused.code, 2, "nobody confirmed: {}", refused.stderr);
    assert!(!lake.inventory()["stacks"].is_empty(), "nothing was touched");

    // Its file is not needed for that.
    let text = std::fs::read_to_string(lake.project.path("lake.toml")).unwrap();
    std::fs::remove_file(lake.project.path("lake.toml")).unwrap();
    let stood = lake.inventory();
    let destroyed = lake.project.json(&["destroy", "--local", "--yes", "--lake", "retail"]);
    assert_eq!(destroyed["good"], true, "{destroyed:#}");
    the_receipt_agrees_with_the_inventory(&destroyed, &stood);
    for (kind, names) in lake.inventory() {
        assert!(names.is_empty(), "{kind} left: {names:?}");
    }
    lake.project.write("lake.toml", text);
    let again = lake.project.json(&["destroy", "--local", "--yes"]);
    assert_eq!(again["stacks"].as_array().unwrap().len(), 0, "a repeat finds nothing to do");
    what_no_stack_has_is_found(lake);
    for command in
        [&["run", "--local"][..], &["push", "--local", "data2"], &["query", "--local", "select 1 as n"]]
    {
        let refused = lake.project.tarn(command);
        assert_eq!(refused.code, 1, "{command:?}");
        assert!(refused.stderr.contains("is the lake deployed"), "{command:?}: {}", refused.stderr);
    }
}

/// The inventory's words for kinds, and the receipt's.
const KINDS: [(&str, &str); 18] = [
    ("stacks", "stacks"),
    ("buckets", "buckets"),
    ("roles", "roles"),
    ("log groups", "log groups"),
    ("databases", "databases of Glue"),
    ("crawlers", "crawlers"),
    ("functions", "functions"),
    ("event source mappings", "event source mappings"),
    ("tables", "tables of DynamoDB"),
    ("queues", "queues"),
    ("topics", "topics"),
    ("state machines", "state machines"),
    ("workgroups", "workgroups"),
    ("rules", "event rules"),
    ("schedules", "schedules"),
    ("alarms", "alarms"),
    ("locations", "locations of Lake Formation"),
    ("key aliases", "key aliases"),
];

fn the_receipt_agrees_with_the_inventory(destroyed: &Value, stood: &BTreeMap<String, Vec<String>>) {
    let receipt = destroyed["receipt"].as_array().unwrap();
    for (theirs, ours) in KINDS {
        let line = receipt.iter().find(|line| line["kind"] == ours).unwrap();
        assert_eq!(line["removed"], stood[theirs].len(), "{theirs}: {line:#} {stood:#?}");
        assert_eq!((&line["left"], &line["unknown"]), (&0.into(), &Value::Null), "{line:#}");
    }
}

/// A function that is late with its last words makes its log group anew.
fn what_no_stack_has_is_found(lake: &LocalLake) {
    let name = "/aws/lambda/retail-e2e-late";
    lake.stranger_log_group("make", name);
    let found = lake.project.tarn(&["destroy", "--local", "--yes", "--json"]);
    assert_eq!(found.code, 1, "{}{}", found.stdout, found.stderr);
    let told: Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(told["left"], serde_json::json!([format!("log groups: {name}")]), "{told:#}");
    lake.stranger_log_group("remove", name);
    assert_eq!(lake.project.json(&["destroy", "--local", "--yes"])["good"], true);
}
