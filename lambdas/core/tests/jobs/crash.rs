//! Crashes at every call of every port: whatever happens to one run, the next one makes it good.
//!
//! The final state must be that of one undisturbed run, byte for byte, and nothing doubled.

use std::collections::BTreeMap;

use bytes::Bytes;
use tarn_core::testing::{FailAt, Fault};
use tarn_core::{RunReport, Status};
use tarn_lake::{Bucket, ZoneName};

use crate::support::{PAST_EVERY_LEASE, World};

/// Three files to convert, one of them with bad rows and one broken, and one of no table.
fn landed() -> World {
    let world = World::new();
    world.land("events_1.csv", "a\nb\n");
    world.land("orders/20250102.csv", "1\n!2\n3\n");
    world.land("events_2.csv", "BROKEN");
    world.land("nobody.txt", "?");
    world
}

/// Everything that readers see, by bucket.
fn visible(world: &World) -> Vec<BTreeMap<String, Bytes>> {
    let zone = |name| Bucket::Zone(ZoneName::new(name).unwrap());
    let tiers = [Bucket::Silver, Bucket::Bronze, zone("marketing"), zone("finance")];
    tiers.iter().map(|bucket| world.contents(bucket)).collect()
}

/// The keys in quarantine; notices of refused files name the run that wrote them.
fn quarantined(world: &World) -> Vec<String> {
    world.contents(&Bucket::Quarantine).into_keys().collect()
}

/// Lets one run be struck, and the next one go undisturbed after `recover`; says whether the
/// strike came.
async fn strike(nth: u32, fault: Fault, recover: impl AsyncFn(&World) -> RunReport) -> bool {
    let clean = landed();
    clean.pipeline().run("clean").await.unwrap();

    let world = landed();
    let faults = FailAt::new(nth, fault);
    let struck = world.failing(&world.layers(&faults)).run("struck").await;
    let at = format!("{fault:?} at call {nth}");
    if let Ok(report) = struck {
        assert!(report.balanced, "{at}: a run that went on balances");
    }
    let report = recover(&world).await;
    assert!(report.balanced, "{at}: {report:?}");
    assert_eq!(report.failed.files, 0, "{at}: {report:?}");
    assert_eq!(visible(&world), visible(&clean), "{at}");
    assert_eq!(quarantined(&world), quarantined(&clean), "{at}");
    assert_eq!(world.catalog.tables(), clean.catalog.tables(), "{at}");
    let silver = world.names.bucket(&Bucket::Silver);
    assert_eq!(world.store.versions(&silver), 2, "{at}: every silver object was written once");
    let state = |world: &World| -> Vec<_> {
        world.ledger.all().into_iter().map(|r| (r.key, r.version, r.status, r.outcome.at(0))).collect()
    };
    assert_eq!(state(&world), state(&clean), "{at}");
    assert!(world.ledger.all().iter().all(|record| record.status != Status::Leased), "{at}");
    faults.has_struck()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_makes_a_crash_good() {
    for fault in Fault::ALL {
        let mut nth = 1;
        let recover = async |world: &World| {
            world.clock.advance(PAST_EVERY_LEASE);
            world.pipeline().run("next").await.unwrap()
        };
        while strike(nth, fault, recover).await {
            nth += 1;
        }
        assert!(nth > 50, "a run makes more calls than {nth}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_two_folders_is_made_good() {
    let landed = || {
        let world = World::partitioned();
        world.land("events_1.csv", "a\nb\nc\n");
        world
    };
    let clean = landed();
    clean.pipeline().run("clean").await.unwrap();
    for fault in Fault::ALL {
        for nth in 1.. {
            let world = landed();
            let faults = FailAt::new(nth, fault);
            let _ = world.failing(&world.layers(&faults)).run("struck").await;
            world.clock.advance(PAST_EVERY_LEASE);
            assert!(world.pipeline().run("next").await.unwrap().balanced);
            assert_eq!(visible(&world), visible(&clean), "{fault:?} at call {nth}");
            let partitions = |world: &World| world.catalog.partitions_of("small_test_silver", "events");
            assert_eq!(partitions(&world), partitions(&clean), "{fault:?} at call {nth}");
            assert_eq!(partitions(&clean).len(), 3);
            if !faults.has_struck() {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_run_can_be_made_again() {
    for fault in Fault::ALL {
        let mut nth = 1;
        let recover = async |world: &World| {
            world.clock.advance(PAST_EVERY_LEASE);
            let again = world.pipeline().run("struck").await.unwrap();
            assert!(again.balanced);
            world.pipeline().run("next").await.unwrap()
        };
        while strike(nth, fault, recover).await {
            nth += 1;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_is_tried_again_needs_no_next_run() {
    let clean = landed();
    clean.pipeline().run("clean").await.unwrap();
    for nth in 1.. {
        let world = landed();
        let faults = FailAt::new(nth, Fault::Refused);
        let report = world.failing(&world.layers(&faults)).run_with_tries("r", 2).await.unwrap();
        assert_eq!((report.failed.files, report.duplicate.files), (0, 0), "at call {nth}: {report:?}");
        assert_eq!(visible(&world), visible(&clean), "at call {nth}");
        if !faults.has_struck() {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_the_repair_is_made_good_too() {
    let mut first = 1;
    loop {
        let world = landed();
        let clean = landed();
        clean.pipeline().run("clean").await.unwrap();
        let faults = FailAt::new(first, Fault::DiesAfter);
        let _ = world.failing(&world.layers(&faults)).run("struck").await;
        // Every seventh call: near enough to each other to meet every step, and fast.
        for second in (1..).step_by(7) {
            world.clock.advance(PAST_EVERY_LEASE);
            let again = FailAt::new(second, Fault::DiesBefore);
            let run = format!("repair-{second}");
            let repaired = world.failing(&world.layers(&again)).run(&run).await;
            if !again.has_struck() {
                assert!(repaired.unwrap().balanced);
                break;
            }
        }
        assert_eq!(visible(&world), visible(&clean), "first at {first}");
        if !faults.has_struck() {
            break;
        }
        first += 1;
    }
}
