//! Bringing a zone's copy up to date.

use std::time::Duration;

use tarn_core::jobs::{SyncZone, Synced};
use tarn_core::ports::{Catalog, ObjectStore};
use tarn_core::testing::{MemoryScratch, SameFile, small_lake};
use tarn_core::{Kind, ZoneItem};
use tarn_lake::{Bucket, Frequency, ZoneName};

use crate::support::{World, id};

/// How long a mark of change is believed.
const DAY: Duration = Duration::from_secs(24 * 3_600);

fn bucket_of(zone: &str) -> Bucket {
    Bucket::Zone(ZoneName::new(zone).unwrap())
}

/// A world with one file of each table in silver.
async fn converted() -> World {
    let world = World::new();
    world.land("events.csv", "a\n");
    world.land("orders/20250101.csv", "1\n");
    world.pipeline().plan("r").await.unwrap();
    for item in world.work_list("r").await {
        world.pipeline().convert(&item).await.unwrap();
    }
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_gets_its_own_tables_and_no_others() {
    let world = converted().await;
    for (zone, tables) in [("marketing", vec!["events"]), ("finance", vec!["events", "orders"])] {
        let synced = world.pipeline().sync("r", zone).await.unwrap();
        assert_eq!((synced.copied, synced.unchanged), (tables.len() as u64, 0), "{zone}");
        let copies = world.contents(&bucket_of(zone));
        let silver = world.contents(&Bucket::Silver);
        let folders: Vec<&str> = copies.keys().filter_map(|key| Some(key.split_once('/')?.0)).collect();
        assert_eq!(folders, tables, "{zone}");
        assert!(copies.iter().all(|(key, bytes)| silver[key] == *bytes), "{zone}");
        assert_eq!(synced.bytes, copies.values().map(|bytes| bytes.len() as u64).sum::<u64>());

        let database = format!("small_test_{zone}");
        let registered: Vec<_> =
            world.catalog.tables().into_iter().filter(|table| table.database == database).collect();
        assert_eq!(registered.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(), tables);
        assert!(registered.iter().all(|table| table.location.contains(&format!("-{zone}-"))), "{zone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_new_or_changed_is_copied() {
    let world = converted().await;
    let sync = async || world.pipeline().sync("r", "finance").await.unwrap();
    assert_eq!(sync().await.copied, 2);
    assert_eq!(sync().await, Synced { copied: 0, unchanged: 2, bytes: 0, ..Synced::default() });

    // What somebody else did, under no mark of change, is found on the next day.
    let silver = world.names.bucket(&Bucket::Silver);
    world.store.replace(&silver, "events/part-new.parquet", b"new".to_vec().into(), "f").await.unwrap();
    world.clock.advance(DAY - Duration::from_secs(1));
    assert_eq!(sync().await.copied, 0);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(sync().await, Synced { copied: 1, unchanged: 2, bytes: 3, ..Synced::default() });

    world.clock.advance(DAY);
    world.store.replace(&silver, "events/part-new.parquet", b"NEW".to_vec().into(), "g").await.unwrap();
    assert_eq!(
        sync().await,
        Synced { copied: 1, unchanged: 2, bytes: 3, ..Synced::default() },
        "of the same size, but younger"
    );
    assert_eq!(world.contents(&bucket_of("finance"))["events/part-new.parquet"], "NEW");
    assert_eq!(sync().await.copied, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversion_is_seen_by_the_next_sync_and_the_other_tables_are_not_looked_at() {
    let world = converted().await;
    let sync = async || world.pipeline().sync("r", "finance").await.unwrap();
    assert_eq!(sync().await.copied, 2);
    let silver = world.names.bucket(&Bucket::Silver);
    world.store.replace(&silver, "orders/part-new.parquet", b"new".to_vec().into(), "f").await.unwrap();
    world.land("events.csv", "a\nb\n");
    world.pipeline().plan("s").await.unwrap();
    for item in world.work_list("s").await {
        world.pipeline().convert(&item).await.unwrap();
    }
    let Synced { copied, unchanged, .. } = sync().await;
    assert_eq!((copied, unchanged), (1, 2), "the new version, and not what orders got without a mark");
    assert_eq!(sync().await.copied, 0);
}

/// Its bucket and its catalog go with its stack; its notes stay.
#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_went_and_came_again_is_filled_at_once() {
    let world = converted().await;
    let sync = async || world.pipeline().sync("r", "finance").await.unwrap();
    assert_eq!(sync().await.copied, 2);
    let bucket = world.names.bucket(&bucket_of("finance"));
    for key in world.contents(&bucket_of("finance")).keys() {
        world.store.delete(&bucket, key).unwrap();
    }
    for table in ["events", "orders"] {
        world.catalog.remove("small_test_finance", table).await.unwrap();
    }
    assert_eq!(sync().await.copied, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_without_news_is_a_turn() {
    let world = converted().await;
    let mut lake = small_lake();
    lake.zones[1].tables[0].frequency = Frequency::Daily;
    world.deploy(&lake);
    world.pipeline().plan("s").await.unwrap();
    let sync = async |run: &str| world.pipeline().sync(run, "finance").await.unwrap().copied;
    assert_eq!(sync("s").await, 2);
    world.clock.advance(DAY);
    assert_eq!(sync("s").await, 0, "the turn of the second day");
    world.land("events.csv", "a\nb\n");
    world.pipeline().plan("t").await.unwrap();
    for item in world.work_list("t").await {
        world.pipeline().convert(&item).await.unwrap();
    }
    assert_eq!(sync("t").await, 0, "it was taken");
    world.clock.advance(DAY);
    assert_eq!(sync("t").await, 1);
}

#[tokio::test]
async fn another_zone_is_refused() {
    let world = World::new();
    world.pipeline().plan("r").await.unwrap();
    let zone = ZoneName::new("marketing").unwrap();
    let item = ZoneItem { run: id("r"), zone: ZoneName::new("finance").unwrap(), function: String::new() };
    let job = SyncZone {
        names: &world.names,
        zone: &zone,
        store: &world.store,
        catalog: &world.catalog,
        clock: &world.clock,
        scratch: &MemoryScratch,
        projector: &SameFile,
    };
    let error = job.run(&item, i64::MAX).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().contains("serves zone marketing, not finance"), "{error}");
    assert!(world.catalog.tables().is_empty());
}

#[tokio::test]
async fn a_zone_or_table_that_the_lake_lost_is_named() {
    for (loses_zone, what) in [(true, "no zone finance"), (false, "no table orders")] {
        let world = World::new();
        let mut lake = small_lake();
        if loses_zone {
            lake.zones.remove(1);
        } else {
            lake.tables.remove(1);
        }
        world.deploy(&lake);
        world.pipeline().plan("r").await.unwrap();
        let error = world.pipeline().sync("r", "finance").await.unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
}
