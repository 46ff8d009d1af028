//! Planning: every version in landing is on the work list, noted as skipped, or known.

use tarn_core::jobs::Planned;
use tarn_core::ports::Ledger;
use tarn_core::testing::{FailAt, Fault, ManualClock, small_lake, table};
use tarn_core::{CrawlerItem, MOST_ATTEMPTS, Outcome, RunKeys, Status, TableItem, ZoneItem};
use tarn_lake::Bucket;

use crate::support::{BEFORE_READING, PAST_EVERY_LEASE, World, id};

#[tokio::test]
async fn what_cannot_be_converted_is_noted_with_its_class() {
    for (key, text, class, hint) in [
        ("unknown.csv", "x", "UNCONFIGURED", "add a table"),
        ("deep/events.csv", "x", "UNCONFIGURED", "add a table"),
        (
            "orders/20250231.csv",
            "x",
            "IRREGULAR",
            "table `orders`, but 2025-02-31 is a day that no calendar has",
        ),
        ("orders/20250231.csv", "", "IRREGULAR", "rename it"),
        ("events_archive.csv", "x", "AMBIGUOUS", "`events` and `archive`"),
        ("events.csv", "", "EMPTY", "zero bytes"),
        ("events/", "", "FOLDER", "folder"),
        ("orders/20231231.csv", "x", "NO_LAYOUT", "no layout for 2023-12-31"),
    ] {
        let world = World::new();
        let mut lake = small_lake();
        lake.tables.push(table("archive", "*_archive.csv", &[(None, &["x"])]));
        world.deploy(&lake);
        let source = world.land(key, text);
        let planned = world.pipeline().plan("r").await.unwrap();
        assert_eq!(planned, counted(1, 0), "{key}");
        let record = world.record(&source).await;
        assert_eq!((record.status, record.run), (Status::Skipped, id("r")), "{key}");
        assert_eq!((record.outcome.class.as_str(), record.outcome.bytes_in), (class, text.len() as u64));
        assert!(record.outcome.reason.contains(hint), "{key}: {}", record.outcome.reason);
        let settled = world.plan_of("r").await.settled;
        assert_eq!((&settled[0].record.source_id, settled[0].size_bytes), (&source.id(), text.len() as u64));
    }
}

#[tokio::test]
async fn a_day_that_only_another_pattern_can_read_is_that_tables() {
    let world = World::new();
    let mut lake = small_lake();
    lake.tables.push(table("exports", "orders/{date:%d%m%Y}.csv", &[(None, &["x"])]));
    world.deploy(&lake);
    let source = world.land("orders/31012025.csv", "x");
    world.pipeline().plan("r").await.unwrap();
    let work = world.work_list("r").await;
    assert_eq!((work[0].table.as_str(), &work[0].source), ("exports", &source));
}

#[tokio::test]
async fn a_moment_that_no_calendar_has_is_irregular() {
    let world = World::at(ManualClock::at(i64::MAX));
    let source = world.land("events.csv", "x");
    world.pipeline().plan("r").await.unwrap();
    assert_eq!(world.record(&source).await.outcome.class, "IRREGULAR");
}

#[tokio::test]
async fn a_file_gets_the_layout_of_its_own_day() {
    for (key, layout) in [
        ("orders/20240101.csv", 0),
        ("orders/20241231.csv", 0),
        ("orders/20250101.csv", 1),
        ("orders/20991231.csv", 1),
    ] {
        let world = World::new();
        let source = world.land(key, "x");
        world.pipeline().plan("r").await.unwrap();
        let work = world.work_list("r").await;
        assert_eq!(work.len(), 1, "{key}");
        assert_eq!((work[0].layout, &work[0].source, work[0].table.as_str()), (layout, &source, "orders"));
    }
}

#[tokio::test]
async fn a_file_without_a_day_gets_the_layout_of_the_day_it_landed() {
    let world = World::new();
    let mut lake = small_lake();
    lake.tables[0] = table("events", "events*.csv", &[(None, &["a"]), (Some("2025-06-02"), &["a", "b"])]);
    world.deploy(&lake);
    world.land("events_1.csv", "x");
    world.clock.advance(std::time::Duration::from_secs(86_400));
    world.land("events_2.csv", "x");
    world.pipeline().plan("r").await.unwrap();
    let layouts: Vec<usize> = world.work_list("r").await.iter().map(|item| item.layout).collect();
    assert_eq!(layouts, [0, 1]);
}

#[tokio::test]
async fn every_version_is_a_source_and_a_delete_marker_is_none() {
    let world = World::new();
    let (first, second) = (world.land("events.csv", "a"), world.land("events.csv", "b"));
    world.land("gone.txt", "x");
    world.store.delete(&world.names.bucket(&Bucket::Landing), "events.csv").unwrap();
    let planned = world.pipeline().plan("r").await.unwrap();
    assert_eq!(planned, counted(3, 2));
    let mut versions: Vec<String> =
        world.work_list("r").await.into_iter().map(|item| item.source.version).collect();
    versions.sort();
    assert_eq!(versions, [first.version, second.version]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_plans_nothing() {
    let world = World::new();
    for (key, text) in
        [("events.csv", "row"), ("orders/20250101.csv", "BROKEN"), ("nobody.txt", "x"), ("events2.csv", "")]
    {
        world.land(key, text);
    }
    let report = world.pipeline().run("first").await.unwrap();
    assert_eq!((report.landed.files, report.converted.files, report.quarantined.files), (4, 1, 1));
    world.clock.advance(PAST_EVERY_LEASE);
    let planned = world.pipeline().plan("second").await.unwrap();
    assert_eq!(planned, counted(0, 0));
    world.land("events3.csv", "row");
    let planned = world.pipeline().plan("third").await.unwrap();
    assert_eq!(planned, counted(1, 1));
}

#[tokio::test]
async fn what_was_skipped_is_fresh_once_a_table_takes_it() {
    let world = World::new();
    let late = world.land("late.csv", "x");
    world.land("never.csv", "x");
    world.pipeline().plan("before").await.unwrap();
    let mut lake = small_lake();
    lake.tables.push(table("late", "late*.csv", &[(None, &["x"])]));
    world.deploy(&lake);
    let planned = world.pipeline().plan("after").await.unwrap();
    assert_eq!(planned, counted(1, 1));
    assert_eq!(world.work_list("after").await[0].source, late);
}

#[tokio::test]
async fn only_what_may_be_leased_is_planned_again() {
    let world = World::new();
    let source = world.land("events.csv", "UNREADABLE");
    let planned = async |run: &str| world.pipeline().plan(run).await.unwrap().planned;
    for attempt in 1..=MOST_ATTEMPTS {
        let run = format!("run-{attempt}");
        assert_eq!(planned(&run).await, 1, "attempt {attempt}");
        lease(&world, &run).await;
        assert_eq!(planned("meanwhile").await, 0, "somebody works on it");
        let (outcome, failed) = (Outcome::failed("no luck"), Status::Failed);
        world.ledger.settle(&source.id(), &id(&run), attempt, failed, &outcome).await.unwrap();
    }
    assert_eq!(planned("too-often").await, 0);
}

#[tokio::test]
async fn an_expired_lease_is_planned_again() {
    let world = World::new();
    world.land("events.csv", "x");
    world.pipeline().plan("dies").await.unwrap();
    lease(&world, "dies").await;
    assert_eq!(world.pipeline().plan("early").await.unwrap().landed, 0);
    world.clock.advance(PAST_EVERY_LEASE);
    assert_eq!(world.pipeline().plan("late").await.unwrap().planned, 1);
}

#[tokio::test]
async fn attempts_are_never_counted_down() {
    let world = World::new();
    let source = world.land("events.csv", "x");
    world.pipeline().plan("dies").await.unwrap();
    lease(&world, "dies").await;
    let (outcome, failed) = (Outcome::failed("no luck"), Status::Failed);
    world.ledger.settle(&source.id(), &id("dies"), 1, failed, &outcome).await.unwrap();
    let mut lake = small_lake();
    lake.tables.remove(0);
    world.deploy(&lake);
    world.pipeline().plan("without").await.unwrap();
    let record = world.record(&source).await;
    assert_eq!((record.status, record.attempt), (Status::Skipped, 1), "an old worker stays fenced out");
}

#[tokio::test]
async fn planning_that_died_and_is_repeated_forgets_nothing() {
    for fault in Fault::ALL {
        for nth in 1.. {
            let world = World::new();
            world.land("events.csv", "row");
            world.land("nobody.txt", "x");
            world.land("empty.txt", "");
            let faults = FailAt::new(nth, fault);
            let first = world.failing(&world.layers(&faults)).plan("r").await;
            assert_eq!(first.is_err(), faults.has_struck(), "{fault:?} at {nth}");
            let again = world.pipeline().plan("r").await.unwrap();
            assert_eq!(again, counted(3, 1), "{fault:?} at {nth}");
            let report = world.pipeline().account("r").await.unwrap();
            assert_eq!((report.skipped.files, report.failed.files), (2, 1), "{fault:?} at {nth}");
            if !faults.has_struck() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn the_state_machine_finds_its_lists() {
    let world = World::new();
    world.pipeline().plan("r").await.unwrap();
    let run = id("r");
    let keys = RunKeys(&run);
    let tables: Vec<TableItem> = world.lines(&keys.tables()).await.unwrap();
    let zones: Vec<ZoneItem> = world.lines(&keys.zones()).await.unwrap();
    let crawlers: Vec<CrawlerItem> = world.lines(&keys.crawlers()).await.unwrap();
    assert_eq!(tables.iter().map(|item| item.table.as_str()).collect::<Vec<_>>(), ["events", "orders"]);
    assert_eq!(zones.iter().map(|item| item.zone.as_str()).collect::<Vec<_>>(), ["marketing", "finance"]);
    assert_eq!(zones[0].function, "small-test-sync-marketing");
    let names: Vec<&str> = crawlers.iter().map(|item| item.crawler.as_str()).collect();
    assert_eq!(names, ["small-test-silver", "small-test-marketing", "small-test-finance"]);
    assert!(world.work_list("r").await.is_empty());
}

#[tokio::test]
async fn a_deploy_in_between_does_not_change_a_run() {
    let world = World::new();
    world.pipeline().plan("r").await.unwrap();
    let mut changed = small_lake();
    changed.tables.clear();
    world.deploy(&changed);
    let committed = world.pipeline().commit("r", "events").await.unwrap();
    assert_eq!(committed.table, "created");
}

fn counted(landed: u64, planned: u64) -> Planned {
    Planned { landed, planned, split: 0, levels: vec![] }
}

/// Takes the lease of the only item of a run, as a worker does that dies then.
async fn lease(world: &World, run: &str) {
    let work = world.work_list(run).await;
    world.die_converting(&work[0], BEFORE_READING).await;
}
