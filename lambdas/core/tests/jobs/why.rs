//! The story of a file, from before any run saw it to its end.

use tarn_core::jobs::{Rows, Story, Version, Why};
use tarn_core::ports::{Ledger, ObjectStore};
use tarn_core::testing::small_lake;
use tarn_core::{SourceVersion, Status};
use tarn_lake::Bucket;

use crate::support::{BEFORE_READING, PAST_EVERY_LEASE, World, only};

const FEW: Rows = Rows { most: 2, raw: false };

async fn why(world: &World, key: &str, rows: Rows) -> Story {
    let World { names, clock, store, ledger, .. } = world;
    Why { names, store, ledger, clock, lake: &small_lake() }.file(key, rows).await.unwrap()
}

async fn version(world: &World, key: &str) -> Version {
    only(why(world, key, FEW).await.versions)
}

/// Puts rejected rows where those of a source lie, as the real engine writes them.
async fn reject(world: &World, source: &SourceVersion, rows: u64) {
    let line = |number| {
        format!(
            "{{\"line\":{number},\"byte_offset\":7,\"reason\":\"too few\",\"nulled\":[],\"raw\":\"secret\"}}\n"
        )
    };
    let text: String = (0..rows).map(line).collect();
    let key = format!("rows/events/{}.jsonl", source.id());
    let quarantine = world.names.bucket(&Bucket::Quarantine);
    world.store.replace(&quarantine, &key, text.into_bytes().into(), "").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_converted_file_tells_what_became_of_it_and_no_value_of_its_rows() {
    let world = World::new();
    let source = world.land("events.csv", "a\n!bad\n!bad\n!bad\n");
    world.pipeline().run("r").await.unwrap();
    reject(&world, &source, 3).await;
    let version = version(&world, "events.csv").await;
    assert_eq!(version.version, source.version);
    assert_eq!(version.landed.unwrap().size_bytes, 17);
    assert_eq!(version.fits.table.unwrap().as_str(), "events");
    assert_eq!(version.record.unwrap().status, Status::Done);
    let output = only(version.outputs);
    assert_eq!(output.key, format!("events/part-{}.parquet", source.id()));
    assert_eq!(output.size_bytes, Some(21));
    let rejected = version.rejected.unwrap();
    assert_eq!((rejected.rows, rejected.first.len()), (Some(3), 2));
    assert_eq!((rejected.first[1].line, rejected.first[1].reason.as_str()), (1, "too few"));
    assert!(rejected.first.iter().all(|rejection| rejection.raw.is_none()));
    let run = version.run.unwrap();
    assert_eq!((run.layout, run.is_reported), (Some(0), true));
    assert_eq!(run.remarks, ["BAD_ROWS: 3 in quarantine"]);
    assert_eq!(version.next, "nothing: its rows are in silver");

    let asked = only(why(&world, "events.csv", Rows { most: 1, raw: true }).await.versions);
    assert_eq!(only(asked.rejected.unwrap().first).raw.as_deref(), Some("secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_no_run_has_seen_says_what_waits_for_it() {
    let world = World::new();
    world.land("orders/20240601.csv", "1\n");
    world.land("orders/20230601.csv", "1\n");
    world.land("events.csv.more", "of no table");
    let version_of = async |key| version(&world, key).await;
    let waiting = version_of("orders/20240601.csv").await;
    assert_eq!(waiting.next, "the next run converts it");
    assert_eq!(waiting.fits.layout, Some((0, Some("2024-01-01".parse().unwrap()))));
    assert!(waiting.record.is_none() && waiting.run.is_none());
    let too_old = version_of("orders/20230601.csv").await;
    assert!(too_old.next.starts_with("the next run skips it: NO_LAYOUT: "), "{}", too_old.next);

    let nowhere = why(&world, "events.csv", FEW).await;
    assert!(nowhere.versions.is_empty(), "another key that begins so is another file");
    assert_eq!(nowhere.fits.table.unwrap().as_str(), "events");
    let stranger = why(&world, "stranger.csv", FEW).await;
    assert_eq!((stranger.fits.table, stranger.fits.class.as_str()), (None, "UNCONFIGURED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_end_says_what_happens_next() {
    let world = World::new();
    world.land("events_broken.csv", "BROKEN");
    world.land("events_failed.csv", "UNREADABLE");
    world.land("events_empty.csv", "");
    world.pipeline().run("r").await.unwrap();
    world.land("events_held.csv", "a\n");
    world.pipeline().plan("next").await.unwrap();
    let work = world.work_list("next").await;
    let held = work.iter().find(|item| item.source.key == "events_held.csv").unwrap();
    world.die_converting(held, BEFORE_READING).await;
    let next = async |key| version(&world, key).await.next;
    assert!(next("events_broken.csv").await.starts_with("nothing, until other bytes are sent"));
    assert_eq!(next("events_failed.csv").await, "the next run converts it");
    assert_eq!(next("events_empty.csv").await, "the next run skips it: EMPTY: zero bytes");
    assert_eq!(next("events_held.csv").await, "run next works on it");
    let unreported = version(&world, "events_held.csv").await.run.unwrap();
    assert_eq!((unreported.is_reported, unreported.layout), (false, Some(0)));
    world.clock.advance(PAST_EVERY_LEASE);
    let dead = next("events_held.csv").await;
    assert_eq!(dead, "its worker of run next died; the next run converts it");

    let record = only(world.ledger.all().into_iter().filter(|r| r.key == "events_broken.csv").collect());
    world.ledger.reopen(&record, 5, "ana").await.unwrap();
    let opened = version(&world, "events_broken.csv").await;
    assert_eq!(opened.next, "it was opened again; the next run converts it");
    assert_eq!(only(opened.record.unwrap().history).reopened_by, "ana");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_has_a_story_also_one_that_is_gone() {
    let world = World::new();
    let old = world.land("events.csv", "a\n");
    world.pipeline().run("r").await.unwrap();
    world.clock.advance(PAST_EVERY_LEASE);
    let new = world.land("events.csv", "b\n");
    let story = why(&world, "events.csv", FEW).await;
    let versions: Vec<_> = story.versions.iter().map(|version| version.version.as_str()).collect();
    assert_eq!((versions, story.deleted), (vec![new.version.as_str(), old.version.as_str()], false));
    assert!(story.versions[0].record.is_none() && story.versions[1].record.is_some());

    world.store.delete(&new.bucket, "events.csv").unwrap();
    assert!(why(&world, "events.csv", FEW).await.deleted);
    world.store.delete_versions(&old.bucket, &[(old.key.clone(), old.version.clone())]).await.unwrap();
    let story = why(&world, "events.csv", FEW).await;
    let gone = story.versions.iter().find(|version| version.version == old.version).unwrap();
    assert_eq!(gone.landed, None);
    assert_eq!(gone.next, "nothing: this version is not in landing any more");
    assert_eq!(gone.outputs.len(), 1);
}
