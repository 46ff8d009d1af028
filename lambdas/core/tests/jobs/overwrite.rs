//! A second version of a key: one more delivery, the next one, or none.

use std::collections::BTreeMap;

use tarn_core::jobs::Planned;
use tarn_core::ports::{Ledger, ObjectStore};
use tarn_core::testing::{FailAt, Fault, small_lake};
use tarn_core::{RunReport, SourceVersion, Status};
use tarn_lake::{Bucket, ColumnName, Lake, OnOverwrite, Placement, ZoneName};

use crate::support::{BEFORE_READING, PAST_EVERY_LEASE, World};

fn lake(rule: OnOverwrite) -> Lake {
    let mut lake = small_lake();
    lake.tables[0].arrival.on_overwrite = rule;
    lake
}

fn in_folders(rule: OnOverwrite) -> Lake {
    let mut lake = lake(rule);
    let partition_by = vec![ColumnName::new("what").unwrap()];
    lake.tables[0].placement = Placement { partition_by, ..Placement::default() };
    lake
}

fn world(lake: &Lake) -> World {
    let world = World::new();
    world.deploy(lake);
    world
}

/// The rows of each object, without those that have none.
fn rows(world: &World, bucket: &Bucket) -> BTreeMap<String, Vec<String>> {
    let objects = world.contents(bucket).into_iter().filter(|(key, _)| !key.starts_with('_'));
    let rows = objects.map(|(key, bytes)| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (key, text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>())
    });
    rows.filter(|(_, rows)| !rows.is_empty()).collect()
}

fn all_rows(world: &World) -> Vec<String> {
    rows(world, &Bucket::Silver).into_values().flatten().collect()
}

async fn class(world: &World, source: &SourceVersion) -> (Status, String) {
    let record = world.record(source).await;
    (record.status, record.outcome.class)
}

fn skipped(class: &str) -> (Status, String) {
    (Status::Skipped, class.to_owned())
}

async fn run(world: &World, run: &str) -> RunReport {
    let report = world.pipeline().run(run).await.unwrap();
    assert!(report.balanced, "{report:?}");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_version_takes_the_place_of_the_older_one() {
    let world = world(&lake(OnOverwrite::Replace));
    let first = world.land("events.csv", "a\nb\n");
    run(&world, "one").await;
    assert_eq!(all_rows(&world), ["a", "b"]);
    let second = world.land("events.csv", "c\n");
    let report = run(&world, "two").await;
    assert_eq!((report.landed.files, report.converted.files), (1, 1));
    assert_eq!(all_rows(&world), ["c"]);
    assert_eq!(class(&world, &first).await, skipped("REPLACED"));
    assert!(world.record(&first).await.outcome.reason.contains(&second.version));
    assert_eq!(world.record(&second).await.status, Status::Done);
    for zone in ["marketing", "finance"] {
        let zone = Bucket::Zone(ZoneName::new(zone).unwrap());
        assert_eq!(rows(&world, &zone).into_values().flatten().collect::<Vec<_>>(), ["c"]);
    }
    let planned = world.pipeline().plan("three").await.unwrap();
    assert_eq!(planned, Planned { landed: 0, planned: 0, split: 0, levels: vec![] }, "and that is all");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_versions_that_landed_together_the_newest_counts() {
    for (rule, due, class_of_other, converted) in [
        (OnOverwrite::Append, vec!["a", "b", "c"], "", 3),
        (OnOverwrite::Replace, vec!["c"], "REPLACED", 1),
        (OnOverwrite::Reject, vec!["a"], "REJECTED_OVERWRITE", 1),
    ] {
        let world = world(&lake(rule));
        let sources = ["a", "b", "c"].map(|text| world.land("events.csv", text));
        let report = run(&world, "r").await;
        let counted = (report.landed.files, report.converted.files, report.skipped.files);
        assert_eq!(counted, (3, converted, 3 - converted), "{rule:?}");
        assert_eq!((all_rows(&world).len(), converted as usize), (due.len(), due.len()));
        assert!(due.iter().all(|row| all_rows(&world).contains(&(*row).to_owned())), "{rule:?}");
        let other = class(&world, &sources[1]).await;
        assert_eq!(other.1, class_of_other, "{rule:?}");
        let remarked = report.remarks.iter().filter(|remark| remark.contains(class_of_other)).count();
        assert!(class_of_other.is_empty() || remarked == 2, "{:?}", report.remarks);
        assert_eq!(world.pipeline().plan("again").await.unwrap().landed, 0, "{rule:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_after_one_that_is_settled_is_rejected() {
    let world = world(&lake(OnOverwrite::Reject));
    world.land("events.csv", "first");
    run(&world, "one").await;
    let second = world.land("events.csv", "second");
    let report = run(&world, "two").await;
    assert_eq!((report.landed.files, report.skipped.files), (1, 1));
    assert_eq!(
        (all_rows(&world), class(&world, &second).await),
        (vec!["first".into()], skipped("REJECTED_OVERWRITE"))
    );
    assert!(report.remarks[0].contains("send it under another name"), "{:?}", report.remarks);
    assert_eq!(world.pipeline().plan("three").await.unwrap().landed, 0);
}

/// As in a folder, or where landing keeps old versions for a while only.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_first_counts_also_when_landing_has_lost_it() {
    for deploy in [lake(OnOverwrite::Reject), in_folders(OnOverwrite::Reject)] {
        let world = world(&deploy);
        let first = world.land("events.csv", "first");
        run(&world, "one").await;
        let second = world.land("events.csv", "second");
        let lost = [(first.key.clone(), first.version.clone())];
        world.store.delete_versions(&first.bucket, &lost).await.unwrap();
        let report = run(&world, "two").await;
        assert_eq!((report.landed.files, report.skipped.files), (1, 1), "{report:?}");
        assert_eq!(class(&world, &second).await, skipped("REJECTED_OVERWRITE"));
        assert_eq!(all_rows(&world), ["first"]);
        assert_eq!(world.pipeline().plan("three").await.unwrap().landed, 0, "it is asked once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_version_follows_a_broken_one() {
    let world = world(&lake(OnOverwrite::Reject));
    let broken = world.land("events.csv", "BROKEN");
    let empty = world.land("events.csv", "");
    let corrected = world.land("events.csv", "good");
    let late = world.land("events.csv", "late");
    run(&world, "one").await;
    run(&world, "two").await;
    assert_eq!(world.record(&broken).await.status, Status::Quarantined);
    assert_eq!(class(&world, &empty).await, skipped("EMPTY"));
    assert_eq!(world.record(&corrected).await.status, Status::Done);
    assert_eq!(class(&world, &late).await, skipped("REJECTED_OVERWRITE"));
    assert_eq!(
        (all_rows(&world), world.pipeline().plan("three").await.unwrap().landed),
        (vec!["good".into()], 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_version_takes_no_rows_away() {
    for together in [false, true] {
        let world = world(&lake(OnOverwrite::Replace));
        let good = world.land("events.csv", "good");
        if !together {
            run(&world, "one").await;
        }
        let broken = world.land("events.csv", "BROKEN");
        world.land("events.csv", "");
        run(&world, "two").await;
        run(&world, "three").await;
        assert_eq!(all_rows(&world), ["good"], "together: {together}");
        let statuses = (world.record(&good).await.status, world.record(&broken).await.status);
        assert_eq!(statuses, (Status::Done, Status::Quarantined), "together: {together}");
        assert_eq!(world.pipeline().plan("four").await.unwrap().landed, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_without_rows_takes_all_away() {
    for deploy in [lake(OnOverwrite::Replace), in_folders(OnOverwrite::Replace)] {
        let world = world(&deploy);
        world.land("events.csv", "a\nb\n");
        run(&world, "one").await;
        world.land("events.csv", "!bad\n");
        let report = run(&world, "two").await;
        assert_eq!((report.converted.files, report.bad_rows), (1, 1));
        assert!(all_rows(&world).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_that_a_newer_version_has_no_rows_for_lose_theirs() {
    let world = world(&in_folders(OnOverwrite::Replace));
    world.land("events.csv", "a1\nb1\n");
    run(&world, "one").await;
    let second = world.land("events.csv", "b2\nc2\n");
    run(&world, "two").await;
    for bucket in [Bucket::Silver, Bucket::Zone(ZoneName::new("finance").unwrap())] {
        let rows = rows(&world, &bucket);
        let folders: Vec<&str> = rows.keys().map(|key| key.split('/').nth(1).unwrap()).collect();
        assert_eq!(folders, ["what=b", "what=c"], "{bucket:?}");
        assert_eq!(rows.into_values().flatten().collect::<Vec<_>>(), ["b2", "c2"], "{bucket:?}");
    }
    let outputs = world.record(&second).await.outcome.outputs;
    assert_eq!(outputs.len(), 3, "the ledger names every object that is the key's: {outputs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_in_landing_takes_no_rows_away() {
    let world = world(&lake(OnOverwrite::Replace));
    world.land("events.csv", "a");
    run(&world, "one").await;
    world.store.delete(&world.names.bucket(&Bucket::Landing), "events.csv").unwrap();
    assert_eq!(run(&world, "two").await.landed.files, 0);
    assert_eq!(all_rows(&world), ["a"]);
    let second = world.land("events.csv", "b");
    run(&world, "three").await;
    assert_eq!((all_rows(&world), world.record(&second).await.status), (vec!["b".into()], Status::Done));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_comes_back_when_the_newer_one_is_taken_out_for_good() {
    for deploy in [lake(OnOverwrite::Replace), in_folders(OnOverwrite::Replace)] {
        let world = world(&deploy);
        let first = world.land("events.csv", "first");
        let second = world.land("events.csv", "second");
        run(&world, "one").await;
        assert_eq!(all_rows(&world), ["second"]);
        let gone = [(second.key.clone(), second.version.clone())];
        world.store.delete_versions(&second.bucket, &gone).await.unwrap();
        run(&world, "two").await;
        assert_eq!(
            (all_rows(&world), world.record(&first).await.status),
            (vec!["first".into()], Status::Done)
        );
        assert_eq!(class(&world, &second).await, skipped("REPLACED"));
        assert_eq!(world.pipeline().plan("three").await.unwrap().landed, 0);
    }
}

/// Somebody who was given up lives on, and writes when a newer version has long been there.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_overtaken_gives_way() {
    for deploy in [lake(OnOverwrite::Replace), in_folders(OnOverwrite::Replace)] {
        let world = world(&deploy);
        let first = world.land("events.csv", "a1\nb1\n");
        world.pipeline().plan("old").await.unwrap();
        let item = world.work_list("old").await.remove(0);
        world.die_converting(&item, BEFORE_READING).await;
        world.clock.advance(PAST_EVERY_LEASE);
        world.land("events.csv", "b2\n");
        let report = run(&world, "new").await;
        assert_eq!((report.converted.files, report.skipped.files), (1, 1), "{report:?}");
        assert_eq!(class(&world, &first).await, skipped("REPLACED"));
        let converted = world.pipeline().convert(&item).await.unwrap();
        assert_eq!((converted.status.as_str(), converted.rows), ("skipped", 0));
        assert_eq!(all_rows(&world), ["b2"]);
        assert_eq!(class(&world, &first).await, skipped("REPLACED"));
    }
}

/// At each call of each port, of the run that replaces.
#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_that_died_is_made_good() {
    for deploy in [lake(OnOverwrite::Replace), in_folders(OnOverwrite::Replace)] {
        for fault in Fault::ALL {
            let mut nth = 1;
            loop {
                let world = world(&deploy);
                let first = world.land("events.csv", "a1\nb1\n");
                run(&world, "one").await;
                world.land("events.csv", "b2\nc2\n");
                let faults = FailAt::new(nth, fault);
                let _ = world.failing(&world.layers(&faults)).run("struck").await;
                world.clock.advance(PAST_EVERY_LEASE);
                run(&world, "next").await;
                assert_eq!(all_rows(&world), ["b2", "c2"], "{fault:?} at {nth}");
                assert_eq!(class(&world, &first).await, skipped("REPLACED"), "{fault:?} at {nth}");
                if !faults.has_struck() {
                    break;
                }
                nth += 1;
            }
            assert!(nth > 20, "a run makes more calls than {nth}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_opened_again_stands_where_it_stood() {
    for deploy in [lake(OnOverwrite::Replace), in_folders(OnOverwrite::Replace)] {
        let world = world(&deploy);
        let reopen = async |source: &SourceVersion| {
            let record = world.record(source).await;
            world.ledger.reopen(&record, 0, "somebody").await.unwrap();
        };
        let first = world.land("events.csv", "a1\n");
        run(&world, "one").await;
        reopen(&first).await;
        assert_eq!(run(&world, "two").await.converted.files, 1);
        assert_eq!((all_rows(&world), world.record(&first).await.status), (vec!["a1".into()], Status::Done));

        let broken = world.land("events.csv", "BROKEN");
        run(&world, "three").await;
        reopen(&broken).await;
        assert_eq!(run(&world, "four").await.quarantined.files, 1);
        assert_eq!((all_rows(&world), world.record(&first).await.status), (vec!["a1".into()], Status::Done));

        reopen(&first).await;
        let third = world.land("events.csv", "b3\n");
        let report = run(&world, "five").await;
        assert_eq!((report.converted.files, report.skipped.files), (1, 1), "{report:?}");
        assert_eq!(class(&world, &first).await, skipped("REPLACED"));
        assert_eq!((all_rows(&world), world.record(&third).await.status), (vec!["b3".into()], Status::Done));
        assert_eq!(world.pipeline().plan("six").await.unwrap().landed, 0);
    }
}
