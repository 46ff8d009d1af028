//! Tables that not every run takes.

use std::time::Duration;

use tarn_core::jobs::{PlanRequest, Planned};
use tarn_core::testing::{FailAt, Fault, ManualClock, small_lake};
use tarn_core::{Kind, Status};
use tarn_lake::{Frequency, Schedule};

use crate::support::{PAST_EVERY_LEASE, World};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A Monday at 03:00; weeks begin on Mondays at 02:30, and `orders` is taken weekly.
fn world() -> World {
    let world = World::at(ManualClock::at(1_796_007_600_000));
    let mut lake = small_lake();
    lake.schedule = Schedule { daily: Some("02:30".parse().unwrap()), ..lake.schedule };
    lake.tables[1].arrival.frequency = Frequency::Weekly;
    world.deploy(&lake);
    world
}

fn planned(landed: u64, planned: u64) -> Planned {
    Planned { landed, planned, split: 0, levels: vec![] }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weekly_table_is_taken_once_a_week_by_whichever_run_comes_first() {
    let world = world();
    world.land("orders/20250102.csv", "1");
    let first = world.pipeline().run("monday").await.unwrap();
    assert_eq!((first.converted.files, first.waiting.files), (1, 0));

    world.clock.advance(DAY);
    world.land("orders/20250103.csv", "22");
    world.land("events.csv", "a");
    let second = world.pipeline().run("tuesday").await.unwrap();
    assert_eq!((second.landed.files, second.converted.files), (1, 1), "what waits has not landed yet");
    assert_eq!((second.waiting.files, second.waiting.bytes), (1, 2));
    assert!(second.balanced);
    let due = "orders: WAITING: 1 file until 2026-12-07, as it is taken weekly; `tarn run --table orders` takes it now";
    assert_eq!(second.remarks, [due]);

    world.clock.advance(6 * DAY - Duration::from_secs(1_801));
    assert_eq!(world.pipeline().plan("monday-0229").await.unwrap(), planned(0, 0));
    world.clock.advance(Duration::from_secs(1));
    let third = world.pipeline().run("monday-0230").await.unwrap();
    assert_eq!((third.converted.files, third.waiting.files), (1, 0));
    world.land("orders/20250104.csv", "3");
    assert_eq!(world.pipeline().run("monday-later").await.unwrap().waiting.files, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_asked_for_is_taken_due_or_not_and_nothing_else_is() {
    let world = world();
    world.pipeline().run("monday").await.unwrap();
    world.land("orders/20250103.csv", "1");
    world.land("events.csv", "a");
    let stranger = world.land("nobody.txt", "?");
    assert_eq!(world.pipeline().plan_only("orders-only", &["orders"]).await.unwrap(), planned(1, 1));
    assert_eq!(world.work_list("orders-only").await[0].table.as_str(), "orders");
    assert!(world.plan_of("orders-only").await.waiting.is_empty());
    assert_eq!(world.pipeline().plan_only("both", &["orders", "events"]).await.unwrap(), planned(2, 2));
    assert!(!world.ledger.all().iter().any(|record| record.source_id == stranger.id()));
    let error = world.pipeline().plan_only("typo", &["oders"]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().contains("no table `oders`"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_taken_again_by_every_run() {
    let world = world();
    let source = world.land("orders/20250102.csv", "UNREADABLE");
    let report = world.pipeline().run("monday").await.unwrap();
    assert_eq!((report.failed.files, world.record(&source).await.status), (1, Status::Failed));
    assert_eq!(world.pipeline().plan("again").await.unwrap(), planned(1, 1));
    assert_eq!(world.pipeline().plan_only("other", &["events"]).await.unwrap(), planned(0, 0));
}

/// What a run took counts only once its account is made.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_died_leaves_its_tables_due() {
    for fault in Fault::ALL {
        let mut nth = 1;
        loop {
            let world = world();
            world.land("orders/20250102.csv", "1");
            let faults = FailAt::new(nth, fault);
            let _ = world.failing(&world.layers(&faults)).run("struck").await;
            world.clock.advance(PAST_EVERY_LEASE);
            world.pipeline().run("next").await.unwrap();
            let done = world.ledger.all().iter().filter(|record| record.status == Status::Done).count();
            assert_eq!(done, 1, "{fault:?} at {nth}");
            if !faults.has_struck() {
                break;
            }
            nth += 1;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_began_earlier_and_ends_later_sets_no_table_back() {
    let world = world();
    world.pipeline().plan("early").await.unwrap();
    world.clock.advance(7 * DAY);
    world.pipeline().run("late").await.unwrap();
    world.pipeline().account("early").await.unwrap();
    world.land("orders/20250102.csv", "1");
    assert_eq!(world.pipeline().plan("after").await.unwrap(), planned(0, 0), "this week's turn is over");
}

#[test]
fn an_execution_says_which_tables_it_is_for_or_nothing() {
    for (event, tables) in [
        (r#"{"run":"r"}"#, None),
        (r#"{"run":"r","input":{}}"#, None),
        (r#"{"run":"r","input":{"tables":null,"who":"somebody"}}"#, None),
        (r#"{"run":"r","input":{"tables":["orders"]}}"#, Some(vec!["orders"])),
    ] {
        let request: PlanRequest = serde_json::from_str(event).unwrap();
        let found = request.input.tables.as_ref();
        let found = found.map(|tables| tables.iter().map(|table| table.as_str()).collect::<Vec<_>>());
        assert_eq!(found, tables, "{event}");
    }
}
