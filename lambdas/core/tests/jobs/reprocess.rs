//! Opening settled sources again: rows are never doubled, and what cannot be opened is told.

use tarn_core::jobs::{Reopening, Reprocess};
use tarn_core::ports::ObjectStore;
use tarn_core::testing::{small_lake, table};
use tarn_core::{Record, Selection, Status};
use tarn_lake::{Bucket, Lake};

use crate::support::{BEFORE_READING, World, only, partitioned_lake};

fn job<'a>(world: &'a World, lake: &'a Lake) -> Reprocess<'a> {
    let World { names, clock, store, ledger, .. } = world;
    Reprocess { names, store, ledger, clock, lake }
}

fn keys(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.key.as_str()).collect()
}

fn left(reopening: &Reopening) -> Vec<(&str, &str)> {
    reopening.left.iter().map(|left| (left.key.as_str(), left.why.as_str())).collect()
}

async fn everything(world: &World) -> Reopening {
    job(world, &small_lake()).find(&Selection::default(), None).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_changed_is_written_to_the_same_object_and_nothing_is_doubled() {
    let world = World::new();
    let source = world.land("events.csv", "a\n!bad\nb\n");
    world.pipeline().run("first").await.unwrap();
    let silver = world.contents(&Bucket::Silver);
    let first = world.record(&source).await;

    let found = everything(&world).await;
    assert_eq!((keys(&found.sources), left(&found)), (vec!["events.csv"], vec![]));
    job(&world, &small_lake()).open(found.sources, "ana").await.unwrap();
    assert_eq!(world.record(&source).await.status, Status::Reopened);
    assert_eq!(world.contents(&Bucket::Silver), silver, "its rows are there all the while");

    let report = world.pipeline().run("second").await.unwrap();
    assert_eq!((report.landed.files, report.converted.files, report.rows), (1, 1, 2));
    assert_eq!(world.contents(&Bucket::Silver), silver);
    let bucket = world.names.bucket(&Bucket::Silver);
    assert_eq!(world.store.versions(&bucket), 1, "the same bytes were not even written");
    let second = world.record(&source).await;
    assert_eq!((second.status, second.attempt, &second.outcome), (Status::Done, 2, &first.outcome));
    let past = only(second.history);
    assert_eq!((past.run, past.status, past.attempt), (first.run, Status::Done, 1));
    assert_eq!(past.reopened_by, "ana");
    assert_eq!(world.pipeline().run("third").await.unwrap().landed.files, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_layout_replaces_the_object_in_its_place() {
    let world = World::new();
    world.land("events.csv", "a\n");
    world.pipeline().run("first").await.unwrap();
    let mut lake = small_lake();
    lake.tables[0] = table("events", "events*.csv", &[(None, &["at", "what", "more"])]);
    world.deploy(&lake);
    assert_eq!(world.pipeline().run("second").await.unwrap().landed.files, 0, "done is done");
    let found = job(&world, &lake).find(&Selection::default(), None).await.unwrap();
    job(&world, &lake).open(found.sources, "ana").await.unwrap();
    world.pipeline().run("third").await.unwrap();
    assert_eq!(world.texts(&Bucket::Silver), ["at,what,more -> at,what,more\na\n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_selected_is_opened_and_what_cannot_be_is_told() {
    let world = World::new();
    world.land("events_1.csv", "a\n");
    world.land("events_1.csv.more.csv", "b\n");
    world.land("events_broken.csv", "BROKEN");
    world.land("events_failed.csv", "UNREADABLE");
    world.land("notes.txt", "of no table");
    world.pipeline().run("first").await.unwrap();
    world.land("events_held.csv", "c\n");
    world.pipeline().plan("second").await.unwrap();
    let work = world.work_list("second").await;
    let held = work.iter().find(|item| item.source.key == "events_held.csv").unwrap();
    world.die_converting(held, BEFORE_READING).await;

    let found = everything(&world).await;
    let all = ["events_1.csv", "events_1.csv.more.csv", "events_broken.csv", "events_failed.csv"];
    assert_eq!(keys(&found.sources), all);
    let told = left(&found);
    assert_eq!(told[0], ("events_held.csv", "run second works on it, or died working on it"));
    assert!(told[1].0 == "notes.txt" && told[1].1.starts_with("it was skipped"), "{told:?}");

    let lake = small_lake();
    let find = async |selection, key| job(&world, &lake).find(&selection, key).await.unwrap();
    let one = Selection { prefix: "events_1.csv".into(), ..Selection::default() };
    assert_eq!(keys(&find(one, Some("events_1.csv")).await.sources), ["events_1.csv"]);
    let failed = Selection { status: Some(Status::Failed), ..Selection::default() };
    let failed = find(failed, None).await;
    assert_eq!(keys(&failed.sources), ["events_failed.csv"]);

    let opened = job(&world, &lake).open(failed.sources.clone(), "ana").await.unwrap();
    assert_eq!((opened.sources.len(), opened.left.len()), (1, 0));
    let again = job(&world, &lake).open(failed.sources, "ben").await.unwrap();
    assert_eq!((opened.sources.len(), left(&again)[0].0), (1, "events_failed.csv"), "somebody was faster");
    assert!(left(&everything(&world).await).iter().any(|(_, why)| why.starts_with("it is open already")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_run_would_convert_stays_done() {
    let world = World::new();
    let source = world.land("events.csv", "a\n");
    world.land("orders/20250101.csv", "1\n");
    world.pipeline().run("first").await.unwrap();
    let mut lake = small_lake();
    lake.tables.remove(0);
    let orders = world.land("orders/20250102.csv", "2\n");
    world.pipeline().run("second").await.unwrap();
    let gone = [(orders.key.clone(), orders.version.clone())];
    world.store.delete_versions(&orders.bucket, &gone).await.unwrap();

    let found = job(&world, &lake).find(&Selection::default(), None).await.unwrap();
    assert_eq!(keys(&found.sources), ["orders/20250101.csv"]);
    let told = left(&found);
    assert!(told[0].0 == "events.csv" && told[0].1.contains("would skip it: UNCONFIGURED"), "{told:?}");
    assert!(told[1].0 == "orders/20250102.csv" && told[1].1.contains("bronze"), "{told:?}");
    assert_eq!(world.record(&source).await.status, Status::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_opened_between_its_end_and_the_account_counts_as_it_was() {
    let world = World::new();
    world.land("events.csv", "a\n");
    world.pipeline().plan("r").await.unwrap();
    world.pipeline().convert(&only(world.work_list("r").await)).await.unwrap();
    let found = everything(&world).await;
    job(&world, &small_lake()).open(found.sources, "ana").await.unwrap();
    let report = world.pipeline().account("r").await.unwrap();
    assert_eq!((report.converted.files, report.rows, report.balanced), (1, 1, true));

    // Nobody takes it up in the next run: it has failed there, and is tried again.
    world.pipeline().plan("next").await.unwrap();
    let report = world.pipeline().account("next").await.unwrap();
    assert_eq!((report.failed.files, report.balanced), (1, true));
    assert_eq!(world.pipeline().run("last").await.unwrap().converted.files, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_that_stay_are_written_again_and_none_is_doubled() {
    let world = World::partitioned();
    world.land("events.csv", "view\nbuy\n");
    world.pipeline().run("first").await.unwrap();
    let silver = world.contents(&Bucket::Silver);
    let lake = partitioned_lake();
    let found = job(&world, &lake).find(&Selection::default(), None).await.unwrap();
    job(&world, &lake).open(found.sources, "ana").await.unwrap();
    assert_eq!(world.pipeline().run("second").await.unwrap().rows, 2);
    assert_eq!(world.contents(&Bucket::Silver), silver);
}
