//! What the janitor removes, and above all what it does not.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use tarn_core::jobs::{Janitor, JanitorRequest, Swept};
use tarn_core::ports::{Clock, Ledger, ObjectStore};
use tarn_core::testing::{FailAt, Fault, ManualClock, small_lake};
use tarn_core::{MOST_ATTEMPTS, Outcome, Result, RunKeys, SourceVersion, Status, Work};
use tarn_lake::{Bucket, ColumnName, OnOverwrite, Placement};

use crate::support::{BEFORE_SETTLING, PAST_EVERY_LEASE, Pipeline, World, id, only};

const LATER: Duration = Duration::from_secs(3 * 86_400);

async fn sweep_with(pipeline: &Pipeline<'_>, dry_run: bool) -> Result<Swept> {
    let Pipeline { names, store, ledger, catalog, clock, .. } = *pipeline;
    Janitor { names, store, ledger, catalog: Some(catalog), clock }.run(&JanitorRequest { dry_run }).await
}

async fn sweep(world: &World) -> Swept {
    sweep_with(&world.pipeline(), false).await.unwrap()
}

fn keys(world: &World, bucket: &Bucket) -> Vec<String> {
    world.contents(bucket).into_keys().collect()
}

/// An object that bears the name of a source that nobody knows.
fn orphan(world: &World, number: u32) -> String {
    let key = format!("events/part-{number:032x}.parquet");
    world.store.land(&world.names.bucket(&Bucket::Silver), &key, "at,what -> at,what\nx\n").unwrap();
    key
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_source_has_is_never_removed() {
    let world = World::splitting();
    for (key, text) in [
        ("events_1.csv", "a\n!b\n~c\n"),
        ("events_2.csv", "BROKEN"),
        ("events_3.csv", "long enough\nto be converted\nin several parts\n!bad\n"),
        ("orders/20250102.csv", "1\n"),
    ] {
        world.land(key, text);
    }
    world.pipeline().run("r").await.unwrap();
    let before: Vec<_> = Bucket::OWN.iter().map(|bucket| keys(&world, bucket)).collect();
    assert_eq!(sweep(&world).await, Swept { removed: true, ..Swept::default() }, "all is young");
    world.clock.advance(LATER);
    let swept = sweep(&world).await;
    assert!(swept.objects > 0 && swept.examples.iter().all(|key| key.starts_with("splits/")), "{swept:?}");
    for (bucket, before) in Bucket::OWN.iter().zip(before) {
        let kept = before.into_iter().filter(|key| !key.starts_with(RunKeys::SPLITS));
        assert_eq!(keys(&world, bucket), kept.collect::<Vec<_>>());
    }
    assert_eq!(sweep(&world).await.objects, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_no_source_goes_once_it_is_old_and_is_told_of_before() {
    let world = World::new();
    world.land("events.csv", "a\n");
    world.pipeline().run("r").await.unwrap();
    let named = keys(&world, &Bucket::Silver);
    let key = orphan(&world, 7);
    world.store.land(&world.names.bucket(&Bucket::Silver), "events/notes.txt", "a stranger's").unwrap();
    assert_eq!(sweep(&world).await.objects, 0, "it may be of a worker that lives");
    world.clock.advance(LATER);
    let dry = sweep_with(&world.pipeline(), true).await.unwrap();
    assert_eq!((dry.objects, dry.removed), (1, false));
    assert_eq!(dry.examples, [format!("{key}: neither the ledger nor landing knows its source")]);
    assert_eq!(keys(&world, &Bucket::Silver).len(), 3, "it was only told");
    let swept = sweep(&world).await;
    assert_eq!((swept.objects, swept.bytes, swept.removed), (1, dry.bytes, true));
    let stranger = "events/notes.txt".to_owned();
    assert_eq!(keys(&world, &Bucket::Silver), [&[stranger][..], &named].concat());
    assert_eq!(world.store.versions(&world.names.bucket(&Bucket::Silver)), 2, "no version of it is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_lost_its_records_makes_no_orphans() {
    let world = World::new();
    for number in 0..12 {
        world.land(&format!("events_{number}.csv"), "a\n");
    }
    world.pipeline().run("r").await.unwrap();
    for record in world.ledger.all() {
        world.ledger.forget(&record.source_id);
    }
    world.clock.advance(LATER);
    assert_eq!(sweep(&world).await.objects, 0, "all of it lies in landing still, so a run takes it");

    let landing = world.names.bucket(&Bucket::Landing);
    let listed = world.store.list_versions(&landing, "").await.unwrap();
    let all: Vec<_> = listed.into_iter().map(|version| (version.object.key, version.version)).collect();
    world.store.delete_versions(&landing, &all).await.unwrap();
    let swept = sweep(&world).await;
    assert_eq!(swept.objects, 0);
    assert_eq!(swept.doubtful, ["events: the ledger knows nothing of 12 of 12 objects"]);
    assert_eq!(keys(&world, &Bucket::Silver).len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_that_a_source_left_go() {
    let world = World::partitioned();
    world.land("events.csv", "view\nbuy\n");
    world.pipeline().plan("dies").await.unwrap();
    let item = only(world.work_list("dies").await);
    // It writes `view` and `buy` and dies before it settles.
    world.die_converting(&item, BEFORE_SETTLING + 1).await;
    let left = keys(&world, &Bucket::Silver);
    assert_eq!(left.len(), 2);
    world.pipeline().commit("dies", "events").await.unwrap();

    let mut lake = small_lake();
    let what = ColumnName::new("at").unwrap();
    lake.tables[0].placement = Placement { partition_by: vec![what], ..Placement::default() };
    world.deploy(&lake);
    world.clock.advance(PAST_EVERY_LEASE);
    world.pipeline().run("next").await.unwrap();
    assert_eq!(keys(&world, &Bucket::Silver).len(), 4, "the rows are there twice until it is swept");

    world.clock.advance(LATER);
    let swept = sweep(&world).await;
    assert_eq!(swept.objects, 2, "{swept:?}");
    let now = keys(&world, &Bucket::Silver);
    assert!(now.len() == 2 && now.iter().all(|key| key.starts_with("events/at=")), "{now:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_without_objects_goes_and_comes_back_with_its_objects() {
    let world = World::partitioned();
    world.land("events.csv", "view\nbuy\ncart\npay\n");
    world.pipeline().run("r").await.unwrap();
    let partitions = || world.catalog.partitions_of("small_test_silver", "events").into_keys().flatten();
    assert_eq!(partitions().collect::<Vec<_>>(), ["b", "c", "p", "v"]);
    let silver = world.names.bucket(&Bucket::Silver);
    let listed = world.store.list_versions(&silver, "events/what=b/").await.unwrap();
    let gone: Vec<_> = listed.into_iter().map(|version| (version.object.key, version.version)).collect();
    world.store.delete_versions(&silver, &gone).await.unwrap();

    let dry = sweep_with(&world.pipeline(), true).await.unwrap();
    assert_eq!((dry.partitions, dry.examples), (1, vec!["events/b: a partition without objects".to_owned()]));
    assert_eq!(partitions().count(), 4, "it was only told");
    assert_eq!(sweep(&world).await.partitions, 1);
    assert_eq!(partitions().collect::<Vec<_>>(), ["c", "p", "v"]);
    world.land("events_2.csv", "buy\n");
    world.pipeline().run("next").await.unwrap();
    assert_eq!(partitions().collect::<Vec<_>>(), ["b", "c", "p", "v"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_file_that_was_refused_or_given_up_go() {
    for (status, attempts) in [(Status::Quarantined, 1), (Status::Failed, MOST_ATTEMPTS)] {
        let world = World::new();
        let source = world.land("events.csv", "a\n!b\n");
        world.pipeline().plan("r").await.unwrap();
        let item = only(world.work_list("r").await);
        world.die_converting(&item, BEFORE_SETTLING + 1).await;
        assert_eq!((keys(&world, &Bucket::Silver).len(), keys(&world, &Bucket::Quarantine).len()), (1, 1));
        settle(&world, &source, status, attempts).await;
        world.clock.advance(LATER);
        assert_eq!(sweep(&world).await.objects, 2, "{status:?}");
        assert!(keys(&world, &Bucket::Silver).is_empty() && keys(&world, &Bucket::Quarantine).is_empty());
        assert_eq!(keys(&world, &Bucket::Bronze).len(), 1, "raw files are never removed");
    }
}

/// Settles a source after so many attempts.
async fn settle(world: &World, source: &SourceVersion, status: Status, attempts: u32) {
    let (run, outcome) = (id("r"), Outcome::failed("no luck"));
    for attempt in 1..attempts {
        world.ledger.settle(&source.id(), &run, attempt, Status::Failed, &outcome).await.unwrap();
        let lease = tarn_core::Lease {
            source_id: source.id(),
            key: source.key.clone(),
            version: source.version.clone(),
            table: tarn_lake::TableName::new("events").unwrap(),
            run: run.clone(),
            now_millis: 0,
            until_millis: 0,
        };
        world.ledger.lease(&lease).await.unwrap();
    }
    world.ledger.settle(&source.id(), &run, attempts, status, &outcome).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_waits_for_the_run_that_settles_it() {
    for settled in [None, Some(Status::Failed), Some(Status::Skipped)] {
        let world = World::new();
        let source = world.land("events.csv", "a\n");
        world.pipeline().plan("r").await.unwrap();
        let item = only(world.work_list("r").await);
        world.die_converting(&item, BEFORE_SETTLING).await;
        if let Some(status) = settled {
            settle(&world, &source, status, 1).await;
        }
        world.clock.advance(LATER);
        assert_eq!(sweep(&world).await.objects, 0, "{settled:?}");
        let report = world.pipeline().run("next").await.unwrap();
        assert_eq!((report.converted.files, keys(&world, &Bucket::Silver).len()), (1, 1));
        assert_eq!(world.store.versions(&world.names.bucket(&Bucket::Silver)), 1, "it was there already");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_the_janitor_removes_nothing_else_and_the_next_ends_its_work() {
    for fault in Fault::ALL {
        for nth in 1.. {
            let world = World::new();
            world.land("events.csv", "a\n!b\n");
            world.pipeline().run("r").await.unwrap();
            let (silver, quarantine) = (keys(&world, &Bucket::Silver), keys(&world, &Bucket::Quarantine));
            let orphans: BTreeSet<String> = (1..4).map(|number| orphan(&world, number)).collect();
            world.clock.advance(LATER);
            let faults = FailAt::new(nth, fault);
            let _ = sweep_with(&world.failing(&world.layers(&faults)), false).await;
            sweep(&world).await;
            assert_eq!(orphans.len(), 3);
            assert_eq!(keys(&world, &Bucket::Silver), silver, "{fault:?} at {nth}");
            assert_eq!(keys(&world, &Bucket::Quarantine), quarantine, "{fault:?} at {nth}");
            if !faults.has_struck() {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_run_that_died_go() {
    let world = World::splitting();
    world.land("events.csv", "long enough\nto be converted\nin several parts\n");
    world.pipeline().plan("dies").await.unwrap();
    let run = id("dies");
    let keys_of_run = RunKeys(&run);
    for survey in world.lines::<Work>(&keys_of_run.surveys()).await.unwrap() {
        world.pipeline().call(&survey).await.unwrap();
    }
    for part in world.calls("dies").await {
        world.pipeline().call(&part).await.unwrap();
    }
    let staged = |world: &World| {
        keys(world, &Bucket::Ops).iter().filter(|key| key.starts_with(RunKeys::SPLITS)).count()
    };
    let there = staged(&world);
    assert!(there >= 5, "where it was cut, and two of each part: {there}");
    assert_eq!(sweep(&world).await.objects, 0, "the run may be under way");
    world.clock.advance(LATER);
    assert_eq!(sweep(&world).await.objects, there as u64);
    assert_eq!(staged(&world), 0);
}

/// Objects that are named by a key are no source's, and the folders of keys are no objects of a table.
#[tokio::test(flavor = "multi_thread")]
async fn what_versions_of_a_key_share_is_never_removed() {
    for partition_by in [vec![], vec![ColumnName::new("what").unwrap()]] {
        let world = World::new();
        let mut lake = small_lake();
        lake.tables[0].arrival.on_overwrite = OnOverwrite::Replace;
        lake.tables[0].placement = Placement { partition_by, ..Placement::default() };
        world.deploy(&lake);
        for (run, text) in [("one", "a1\nb1\n"), ("two", "b2\nc2\n"), ("three", "BROKEN")] {
            world.land("events.csv", text);
            world.pipeline().run(run).await.unwrap();
        }
        let before = keys(&world, &Bucket::Silver);
        assert!(!before.is_empty());
        world.clock.advance(LATER);
        let swept = sweep(&world).await;
        assert_eq!((swept.objects, swept.doubtful.len()), (0, 0), "{swept:?}");
        assert_eq!(keys(&world, &Bucket::Silver), before);
        world.land("events.csv", "d4\n");
        world.pipeline().run("four").await.unwrap();
        let rows: Vec<_> = world
            .texts(&Bucket::Silver)
            .iter()
            .flat_map(|text| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>())
            .collect();
        assert_eq!(rows, ["d4"], "and the next version has them all");
    }
}

/// A clock on which every look takes a second.
struct Slow(ManualClock);

#[async_trait]
impl Clock for Slow {
    fn now_millis(&self) -> i64 {
        self.0.advance(Duration::from_secs(1));
        self.0.now_millis()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }
}

async fn scheduled(world: &World, seconds: i64) -> Swept {
    let Pipeline { names, store, ledger, clock, .. } = world.pipeline();
    let deadline = clock.now_millis() + seconds * 1_000;
    let slow = Slow(world.clock.clone());
    let job = Janitor { names, store, ledger, catalog: None, clock: &slow };
    let swept = job.scheduled(&JanitorRequest::default(), deadline).await.unwrap();
    let report = &world.contents(&Bucket::Ops)["janitor/report.json"];
    let report: Swept = serde_json::from_slice(report).unwrap();
    assert_eq!(report, swept, "it says what it did");
    swept
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_has_little_time_stops_and_the_next_goes_on_where_it_was() {
    let world = World::new();
    world.land("events.csv", "a\n");
    world.pipeline().run("r").await.unwrap();
    let named = keys(&world, &Bucket::Silver);
    (1..7).for_each(|number| drop(orphan(&world, number)));
    let other = format!("orders/part-{:032x}.parquet", 9);
    world.store.land(&world.names.bucket(&Bucket::Silver), &other, "x -> x\nx\n").unwrap();
    world.clock.advance(LATER);

    let (none, first) = (scheduled(&world, 60).await, Some("events".to_owned()));
    let stopped = |swept: &Swept| swept.unfinished.as_ref().map(ToString::to_string);
    assert_eq!((none.objects, stopped(&none)), (0, first.clone()));
    let some = scheduled(&world, 131).await;
    assert!((1..6).contains(&some.objects) && stopped(&some) == first, "{some:?}");
    let rest = scheduled(&world, 3_600).await;
    assert_eq!((some.objects + rest.objects, stopped(&rest)), (7, None), "{rest:?}");
    assert_eq!(keys(&world, &Bucket::Silver), named);
}

/// With time for the listing of one table only, every table has its turn.
#[tokio::test(flavor = "multi_thread")]
async fn the_table_at_which_one_stopped_is_the_first_of_the_next() {
    let world = World::new();
    let other = format!("orders/part-{:032x}.parquet", 9);
    world.store.land(&world.names.bucket(&Bucket::Silver), &other, "x -> x\nx\n").unwrap();
    world.clock.advance(LATER);
    let stopped = scheduled(&world, 122).await;
    assert_eq!(stopped.unfinished.unwrap().as_str(), "orders", "there was time for `events`");
    assert_eq!(scheduled(&world, 124).await.objects, 1);
}
