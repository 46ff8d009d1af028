//! The account of a run: every file in exactly one class.

use serde_json::json;
use tarn_core::ports::Clock;
use tarn_core::testing::{small_lake, table};
use tarn_core::{Kind, Plan, RunKeys, RunReport, Status, Tally};
use tarn_lake::Bucket;

use crate::support::{BEFORE_READING, PAST_EVERY_LEASE, World, id, only};

#[tokio::test(flavor = "multi_thread")]
async fn every_class_is_counted_in_files_and_bytes() {
    let world = World::new();
    world.land("events_done.csv", "a\n~\n!c\n");
    world.land("events_quarantined.csv", "BROKEN");
    world.land("events_failed.csv", "UNREADABLE");
    world.land("events_empty.csv", "");
    world.land("nobody.txt", "who?");
    let report = world.pipeline().run("r").await.unwrap();
    let tally = |files, bytes| Tally { files, bytes };
    assert_eq!(report.landed, tally(5, 27));
    assert_eq!(report.converted, tally(1, 7));
    assert_eq!(report.quarantined, tally(1, 6));
    assert_eq!(report.failed, tally(1, 10));
    assert_eq!(report.skipped, tally(2, 4));
    assert_eq!(report.duplicate, tally(0, 0));
    assert_eq!((report.rows, report.bad_rows, report.bytes_out), (2, 1, 23));
    assert_eq!(report.nulled_values, 1);
    assert!(report.balanced);
    for remark in [
        "events_done.csv: BAD_ROWS: 1 in quarantine",
        "events_done.csv: NULLED_VALUES: 1 in silver, their rows in quarantine too",
        "events_quarantined.csv: UNMATCHED: it is broken",
        "events_empty.csv: EMPTY: zero bytes",
        "nobody.txt: UNCONFIGURED:",
        "events_failed.csv: FAILED: reading the source: the line is dead",
    ] {
        assert!(
            report.remarks.iter().any(|found| found.starts_with(remark)),
            "{remark}: {:?}",
            report.remarks
        );
    }
    let stored: RunReport = only(world.lines(&RunKeys(&id("r")).report()).await.unwrap());
    assert_eq!(stored, report);
}

#[tokio::test]
async fn an_empty_run_balances() {
    let world = World::new();
    let report = world.pipeline().run("r").await.unwrap();
    let (began_millis, ended_millis) = (world.clock.now_millis(), world.clock.now_millis());
    let empty =
        RunReport { run: "r".into(), balanced: true, began_millis, ended_millis, ..RunReport::default() };
    assert_eq!(report, empty);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_died_is_a_failure_and_is_tried_again() {
    let world = World::new();
    let source = world.land("events.csv", "a\n");
    world.pipeline().plan("r").await.unwrap();
    let item = only(world.work_list("r").await);
    world.die_converting(&item, BEFORE_READING).await;
    assert_eq!(world.record(&source).await.status, Status::Leased);

    let report = world.pipeline().account("r").await.unwrap();
    assert_eq!((report.failed, report.balanced), (Tally { files: 1, bytes: 2 }, true));
    let record = world.record(&source).await;
    assert_eq!(record.status, Status::Failed);
    assert!(record.outcome.reason.contains("died"), "{}", record.outcome.reason);
    let next = world.pipeline().run("next").await.unwrap();
    assert_eq!(next.converted.files, 1, "at once, for the account ended the dead worker's lease");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_worker_took_up_is_a_failure_whatever_was_known_of_it() {
    let world = World::new();
    world.land("events.csv", "UNREADABLE");
    world.land("late.csv", "x");
    world.pipeline().run("before").await.unwrap();
    world.land("events_new.csv", "x");
    let mut lake = small_lake();
    lake.tables.push(table("late", "late*.csv", &[(None, &["x"])]));
    world.deploy(&lake);
    assert_eq!(world.pipeline().plan("r").await.unwrap().planned, 3);

    let report = world.pipeline().account("r").await.unwrap();
    assert_eq!((report.failed.files, report.duplicate.files), (3, 0));
    let records = world.ledger.all();
    assert!(records.iter().all(|record| record.status == Status::Failed && record.run == id("r")));
    let attempts: Vec<u32> = records.iter().map(|record| record.attempt).collect();
    assert_eq!(attempts, [1, 0, 0], "attempts are never counted down");
    assert_eq!(world.pipeline().plan("next").await.unwrap().planned, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_run_converted_meanwhile_is_a_duplicate() {
    let world = World::new();
    world.land("events.csv", "a\n");
    world.pipeline().plan("slow").await.unwrap();
    let fast = world.pipeline().run("fast").await.unwrap();
    assert_eq!((fast.converted.files, fast.rows), (1, 1));
    let item = only(world.work_list("slow").await);
    assert_eq!(world.pipeline().convert(&item).await.unwrap().status, "taken");
    let slow = world.pipeline().account("slow").await.unwrap();
    assert_eq!((slow.duplicate, slow.converted.files, slow.rows), (Tally { files: 1, bytes: 2 }, 0, 0));
    assert!(slow.balanced);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_run_works_on_is_not_taken_from_it() {
    let world = World::new();
    let source = world.land("events.csv", "a\n");
    world.pipeline().plan("slow").await.unwrap();
    world.pipeline().plan("fast").await.unwrap();
    let item = only(world.work_list("fast").await);
    world.die_converting(&item, BEFORE_READING).await;
    let report = world.pipeline().account("slow").await.unwrap();
    assert_eq!((report.duplicate.files, report.balanced), (1, true));
    assert_eq!(world.record(&source).await.status, Status::Leased);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_skipped_and_then_taken_by_another_run_keeps_its_bytes() {
    for is_settled in [false, true] {
        let world = World::new();
        world.land("late.csv", "twelve bytes");
        world.pipeline().plan("before").await.unwrap();
        let mut lake = small_lake();
        lake.tables.push(table("late", "late*.csv", &[(None, &["x"])]));
        world.deploy(&lake);
        world.pipeline().plan("after").await.unwrap();
        let item = only(world.work_list("after").await);
        if is_settled {
            world.pipeline().convert(&item).await.unwrap();
        } else {
            world.die_converting(&item, BEFORE_READING).await;
        }
        let report = world.pipeline().account("before").await.unwrap();
        assert_eq!((report.duplicate, report.balanced), (Tally { files: 1, bytes: 12 }, true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_made_twice_is_the_same() {
    let world = World::new();
    world.land("events.csv", "a\n");
    world.land("events_dead.csv", "b\n");
    world.pipeline().plan("r").await.unwrap();
    world.pipeline().convert(&world.work_list("r").await[0]).await.unwrap();
    let first = world.pipeline().account("r").await.unwrap();
    world.clock.advance(PAST_EVERY_LEASE);
    let again = world.pipeline().account("r").await.unwrap();
    assert_eq!(RunReport { ended_millis: first.ended_millis, ..again }, first, "but for when it was made");
}

#[tokio::test]
async fn an_account_that_does_not_balance_is_an_error_with_a_report() {
    let world = World::new();
    world.land("events.csv", "a\n");
    world.pipeline().plan("r").await.unwrap();
    let plan = Plan { landed: Tally { files: 2, bytes: 5 }, ..world.plan_of("r").await };
    let (ops, key) = (world.names.bucket(&Bucket::Ops), RunKeys(&id("r")).plan());
    world.store.land(&ops, &key, serde_json::to_vec(&plan).unwrap()).unwrap();
    let error = world.pipeline().account("r").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().contains("does not balance"), "{error}");
    let stored: RunReport = only(world.lines(&RunKeys(&id("r")).report()).await.unwrap());
    assert!(!stored.balanced);
}

/// What a step failed with is told beside the files, however often it was noted, and files still
/// balance.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_step_failed_with_is_in_the_account() {
    let world = World::new();
    world.land("events.csv", "a\n");
    world.pipeline().run("r").await.unwrap();
    let error = r#"{"errorType":"Internal","errorMessage":"copying: the bucket is full","trace":[]}"#;
    for (step, what, cause) in
        [("Sync", "marketing", error), ("Commit", "events", "no JSON"), ("Sync", "marketing", error)]
    {
        let request = json!({"run": "r", "failed": {
            "step": step, "what": what, "error": "Internal", "cause": cause,
        }});
        let noted = world.pipeline().accounted(&request).await;
        assert_eq!(noted, json!({"note": format!("runs/r/failed/{step}/{what}.json")}));
    }
    let report = world.pipeline().accounted(&json!({"run": "r"})).await;
    assert_eq!((&report["failed_steps"], &report["balanced"]), (&json!(2), &json!(true)));
    let remarks = [
        "events: Commit failed: Internal: no JSON",
        "marketing: Sync failed: Internal: copying: the bucket is full",
    ];
    assert_eq!(report["remarks"], json!(remarks));
    let other = world.pipeline().run("other").await.unwrap();
    assert_eq!(other.failed_steps, 0, "a run has its own");
}

#[tokio::test]
async fn more_failures_than_anybody_reads_are_counted() {
    let world = World::new();
    world.pipeline().run("r").await.unwrap();
    for zone in 0..150 {
        let failed = json!({"step": "Sync", "what": format!("zone-{zone}"), "error": "E", "cause": "c".repeat(30_000)});
        world.pipeline().accounted(&json!({"run": "r", "failed": failed})).await;
    }
    let report = world.pipeline().account("r").await.unwrap();
    assert_eq!((report.failed_steps, report.remarks.len()), (150, 100));
    assert!(serde_json::to_vec(&report).unwrap().len() < 200_000, "a state carries 256 KiB");
}
