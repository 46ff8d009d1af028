//! The account as rows: what SQL finds is what the report says, however often it is made.

use serde_json::{Value, json};
use tarn_core::jobs::Reprocess;
use tarn_core::testing::small_lake;
use tarn_core::{RunReport, Selection};
use tarn_lake::Bucket;

use crate::support::{PAST_EVERY_LEASE, World, only};

/// All rows of a table, in the order of runs.
fn rows(world: &World, table: &str) -> Vec<Value> {
    let prefix = format!("tables/{table}/day=");
    let objects = world.contents(&Bucket::Ops).into_iter().filter(|(key, _)| key.starts_with(&prefix));
    objects
        .flat_map(|(_, bytes)| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
        })
        .collect()
}

fn mixed() -> World {
    let world = World::new();
    world.land("events_1.csv", "a\n!bad\nb\n");
    world.land("events_2.csv", "BROKEN");
    world.land("events_3.csv", "UNREADABLE");
    world.land("events_4.csv", "");
    world.land("nobody.txt", "?");
    world
}

fn counted(rows: &[Value], status: &str, of: &str) -> u64 {
    let fit = rows.iter().filter(|row| row["status"] == status);
    fit.map(|row| if of.is_empty() { 1 } else { row[of].as_u64().unwrap() }).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_report_say_the_same() {
    let world = mixed();
    let report = world.pipeline().run("r").await.unwrap();
    let run = only(rows(&world, "runs"));
    let files = rows(&world, "files");
    assert_eq!((run["run"].as_str(), run["balanced"].as_bool()), (Some("r"), Some(true)));
    for (class, tally) in [
        ("converted", report.converted),
        ("quarantined", report.quarantined),
        ("duplicate", report.duplicate),
        ("skipped", report.skipped),
        ("failed", report.failed),
    ] {
        assert_eq!(counted(&files, class, ""), tally.files, "{class}");
        assert_eq!(counted(&files, class, "bytes"), tally.bytes, "{class}");
        assert_eq!(run[format!("{class}_files")], tally.files, "{class}");
    }
    assert_eq!((counted(&files, "converted", "rows"), &run["rows"]), (2, &json!(2)));
    let of = |key: &str| files.iter().find(|row| row["key"] == key).unwrap();
    let done = of("events_1.csv");
    assert_eq!(
        (&done["table_name"], &done["bad_rows"], &done["attempts"]),
        (&json!("events"), &json!(1), &json!(1))
    );
    assert_eq!(done["outputs"][0], format!("events/part-{}.parquet", done["source_id"].as_str().unwrap()));
    assert_eq!(
        (&of("events_2.csv")["class"], &of("nobody.txt")["table_name"]),
        (&json!("UNMATCHED"), &Value::Null)
    );
    assert!(of("events_3.csv")["reason"].as_str().unwrap().contains("the line is dead"));
    assert!(done["settled"].as_str().unwrap().starts_with(&done["began"].as_str().unwrap()[..10]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_made_again_adds_no_row() {
    let world = mixed();
    let first = world.pipeline().run("r").await.unwrap();
    let before = (rows(&world, "runs"), rows(&world, "files"));
    world.clock.advance(PAST_EVERY_LEASE);
    let again = world.pipeline().account("r").await.unwrap();
    assert_eq!(RunReport { ended_millis: first.ended_millis, ..again }, first);
    assert_eq!(rows(&world, "files"), before.1);
    assert_eq!((rows(&world, "runs").len(), before.0.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_later_is_a_row_of_the_later_run() {
    let world = World::new();
    world.land("events.csv", "a\n");
    world.pipeline().plan("slow").await.unwrap();
    world.pipeline().run("fast").await.unwrap();
    world.pipeline().account("slow").await.unwrap();
    let World { names, clock, store, ledger, .. } = &world;
    let lake = small_lake();
    let job = Reprocess { names, store, ledger, clock, lake: &lake };
    let found = job.find(&Selection::default(), None).await.unwrap();
    job.open(found.sources, "ana").await.unwrap();
    world.pipeline().run("third").await.unwrap();
    let told: Vec<Value> = rows(&world, "files")
        .iter()
        .map(|row| json!([row["run"], row["status"], row["settled_by"], row["rows"]]))
        .collect();
    let wanted = [
        json!(["fast", "converted", "fast", 1]),
        json!(["slow", "duplicate", "fast", 0]),
        json!(["third", "converted", "third", 1]),
    ];
    assert_eq!(told, wanted);
    assert_eq!(rows(&world, "runs").len(), 3);
    world.pipeline().run("empty").await.unwrap();
    assert_eq!((rows(&world, "runs").len(), rows(&world, "files").len()), (4, 3), "no object without rows");
}
