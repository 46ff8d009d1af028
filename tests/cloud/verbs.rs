//! What became of files, asked of the ledger and in SQL, after bad files have come.

use serde_json::{Value, json};

use crate::lake::LocalLake;

fn rows(lake: &LocalLake, sql: &str) -> Vec<Value> {
    let answer = lake.project.json(&["query", "--local", "--ops", sql]);
    answer["rows"].as_array().unwrap().clone()
}

/// A run that found something is told, and one that found nothing is not. An arrival may start a run that
/// takes the file before ours does; then another file comes.
pub fn runs_with_news_are_told(lake: &LocalLake) {
    lake.mails("listen");
    lake.mails("run");
    assert!(lake.mails("read").is_empty(), "nothing had landed");
    let mails = (0..5).find_map(|number| {
        lake.project.write(&format!("told/strange_{number}.txt"), "257597 is nobody's business");
        assert_eq!(lake.push("told"), 1);
        lake.mails("run");
        Some(lake.mails("read")).filter(|mails| !mails.is_empty())
    });
    let mails = mails.expect("one of five files is told of");
    let [(subject, text)] = mails.as_slice() else { panic!("{mails:#?}") };
    assert_eq!(subject, "retail-e2e: 1 file landed, 1 skipped");
    for part in [".txt: UNCONFIGURED", "skipped             1 files", "/report.json"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("257597"), "no value of a file: {text}");
}

/// Every file with its class, the runs with their balance, the rejected rows with their columns.
pub fn the_account_is_asked_in_sql(lake: &LocalLake) {
    let files = rows(
        lake,
        "select key, table_name, status, class from files where key like 'events_%' or key = 'notes.txt' order by key",
    );
    let file = |key: &str, table: Option<&str>, status: &str, class: &str| json!({"key": key, "table_name": table, "status": status, "class": class});
    let wanted = [
        file("events_empty.csv", None, "skipped", "EMPTY"),
        file("events_mixed.csv", Some("events"), "converted", ""),
        file("events_other_columns.csv", Some("events"), "quarantined", "UNMATCHED"),
        file("events_truncated.csv.gz", None, "skipped", "UNCONFIGURED"),
        file("notes.txt", None, "skipped", "UNCONFIGURED"),
    ];
    let wanted: Vec<&Value> = wanted.iter().collect();
    let of_bad: Vec<&Value> =
        files.iter().filter(|row| wanted.iter().any(|w| w["key"] == row["key"])).collect();
    assert_eq!(of_bad, wanted, "{files:#?}");

    let balance = rows(
        lake,
        "select count(*) as runs, sum(landed_files - converted_files - quarantined_files - duplicate_files \
         - skipped_files - failed_files) as missing from runs",
    );
    assert!(balance[0]["runs"].as_i64().unwrap() >= 5, "{balance:?}");
    assert_eq!(balance[0]["missing"].to_string().trim_matches('"'), "0", "{balance:?}");

    let rejected = rows(lake, "select table_name, key, line, column_name, reason from quarantine");
    let wanted = json!({
        "table_name": "events", "key": "events_mixed.csv", "line": 3, "column_name": "visitorid",
        "reason": "the value in column 2 `visitorid` is no int64",
    });
    assert_eq!(rejected, [wanted]);
}

/// The same verbs as over a folder (`tests/cli/verbs.rs`), asked of DynamoDB and S3. Whether our run or one
/// that an arrival started converts the file again, is all one.
pub fn a_file_has_its_story_and_is_converted_again(lake: &LocalLake) {
    let listed = lake.project.json(&["files", "--local", "--status", "quarantined"]);
    assert_eq!(listed["counts"]["quarantined"]["files"], 1, "{listed:#}");
    let story = lake.project.done(&["why", "events_mixed.csv", "--local"]).stdout;
    for part in
        ["fits        table `events`", "ledger      done: 2 rows, 1 bad", "line 3: the value in column 2"]
    {
        assert!(story.contains(part), "{part}\n{story}");
    }
    let before = lake.count("events", None);
    let done = lake.project.json(&["reprocess", "events_mixed.csv", "--local", "--yes"]);
    assert_eq!(done["reopened"].as_array().unwrap().len(), 1, "{done:#}");
    let followed = lake.project.tarn(&["run", "--local", "--follow", "--json"]);
    assert_eq!(followed.code, 0, "{}", followed.stderr);
    assert_eq!(lake.count("events", None), before, "no row is doubled");
    let story = lake.project.done(&["why", "events_mixed.csv", "--local"]).stdout;
    assert!(story.contains("before      done: 2 rows, 1 bad") && story.contains("attempt 2"), "{story}");
    let refused = lake.project.tarn(&["unlock", "--local", "--yes"]);
    assert!(refused.stdout.contains("nobody holds the lock"), "{}{}", refused.stdout, refused.stderr);
}
