//! Large files in parts: what is seen is always the whole file, and what is said of it is what would be
//! said of it if it had been converted whole.

use futures::FutureExt;
use tarn_core::testing::{FailAt, Fault, small_lake};
use tarn_core::{Kind, RunKeys, Status, Work};
use tarn_lake::{Bucket, ColumnName, Compression, Csv, Escape, Lake, OnBadRow, Table};

use crate::support::{PAST_EVERY_LEASE, World, id, only};

/// Longer than five ranges of the tests' world.
const LARGE: &str =
    "row 1\nrow 2\n!bad 3\nrow 4\n~row 5\nrow 6\nrow 7\n!bad 8\nrow 9\nrow 10\nrow 11\nrow 12\n";

type Change = fn(&mut Table);

fn lake(change: Change) -> Lake {
    let mut lake = small_lake();
    lake.tables.iter_mut().for_each(change);
    lake
}

/// The same file converted whole.
async fn whole(lake: &Lake, text: &str) -> World {
    let world = World::new();
    world.deploy(lake);
    world.land("events.csv", text);
    world.pipeline().run("r").await.unwrap();
    world
}

async fn split(lake: &Lake, text: &str) -> World {
    let world = World::splitting();
    world.deploy(lake);
    world.land("events.csv", text);
    assert_eq!(world.pipeline().plan("r").await.unwrap().split, 1);
    let report = world.pipeline().run("r").await.unwrap();
    assert!(report.balanced, "{report:?}");
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_parts_is_what_it_is_as_a_whole() {
    let texts = [
        LARGE.to_owned(),
        LARGE.trim_end().to_owned(),
        LARGE.replace("!bad", "~bad"),
        "!bad\n".repeat(20),
        "one row without an end, longer than a few ranges, is one part, and so it is not split".to_owned(),
        LARGE.replace("row", "r|w"),
        LARGE.replace("row 9", "r|w 9"),
        format!("WHOLE {LARGE}"),
        format!("BROKEN {LARGE}"),
    ];
    let rules: [Change; 4] = [
        |_| {},
        |table| table.bad_rows.action = OnBadRow::Fail,
        |table| table.bad_rows.max_share = Some(0.2),
        |table| table.bad_rows.max_share = Some(0.9),
    ];
    for text in &texts {
        for rule in rules {
            let lake = lake(rule);
            let (whole, split) = (whole(&lake, text).await, split(&lake, text).await);
            for bucket in [Bucket::Silver, Bucket::Bronze, Bucket::Quarantine] {
                assert_eq!(split.contents(&bucket), whole.contents(&bucket), "{text}");
            }
            let outcome = |world: &World| {
                let record = only(world.ledger.all());
                // The one took longer than the other.
                (record.status, record.outcome.at(0))
            };
            assert_eq!(outcome(&split), outcome(&whole), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_need_all_rows_keep_a_file_whole() {
    let changes: [(&str, Change); 6] = [
        ("events.csv", |table| table.unique = vec![vec![table.layouts[0].columns[0].name.clone()]]),
        ("events.csv", |table| table.placement.partition_by = vec![ColumnName::new("what").unwrap()]),
        ("events.csv", |table| table.csv.compression = Compression::Gzip),
        ("events.csv", |table| table.csv = Csv { escape: Escape::Backslash, ..Csv::default() }),
        ("events.csv", |table| table.csv.encoding = tarn_lake::Encoding::Utf16),
        ("events.csv.GZ", |table| table.files = tarn_lake::FilePattern::new("events*").unwrap()),
    ];
    for (key, change) in changes {
        let world = World::splitting();
        let mut lake = small_lake();
        lake.tables.truncate(1);
        lake.zones.truncate(1);
        lake.tables.iter_mut().for_each(change);
        world.deploy(&lake);
        world.land(key, LARGE);
        let planned = world.pipeline().plan("r").await.unwrap();
        assert_eq!((planned.planned, planned.split), (1, 0), "{key} {lake:?}");
        assert!(matches!(only(world.calls("r").await), Work::Files(_)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_names_ranges_that_cover_the_file() {
    let world = World::splitting();
    let source = world.land("events.csv", LARGE);
    world.land("events_small.csv", "a\n");
    world.pipeline().plan("r").await.unwrap();
    let (run, mut end) = (id("r"), 0);
    let keys = RunKeys(&run);
    let surveys: Vec<Work> = world.lines(&keys.surveys()).await.unwrap();
    assert!(matches!(only(surveys), Work::Survey(split) if split.nth == 0), "one look at the file");
    let work: Vec<Work> = world.calls("r").await;
    let (parts, files): (Vec<_>, Vec<_>) = work.iter().partition(|work| matches!(work, Work::Part(_)));
    for (nth, part) in parts.iter().enumerate() {
        let Work::Part(split) = part else { panic!("{part:?}") };
        assert_eq!((split.nth as usize, split.of as usize), (nth, parts.len()));
        assert_eq!(split.range().start, end);
        end = split.range().end;
    }
    assert_eq!(end, source.size_bytes);
    assert_eq!(files.len(), 1, "a call for the small file");
    let gathers: Vec<Work> = world.lines(&keys.gathers()).await.unwrap();
    assert_eq!(only(gathers).files(), [world.work_list("r").await[0].clone()].as_slice());
}

/// Every call of every port refused, lost or deadly: silver never has a part of the file, and the next
/// run makes it good.
#[tokio::test(flavor = "multi_thread")]
async fn no_crash_shows_a_part_of_a_file() {
    let expected = split(&small_lake(), LARGE).await.contents(&Bucket::Silver);
    for fault in Fault::ALL {
        for nth in 1.. {
            let world = World::splitting();
            world.land("events.csv", LARGE);
            let faults = FailAt::new(nth, fault);
            let _ = world.failing(&world.layers(&faults)).run("struck").await;
            let at = format!("{fault:?} at call {nth}");
            let seen = world.contents(&Bucket::Silver);
            assert!(seen.is_empty() || seen.values().eq(expected.values()), "{at}: {seen:?}");
            world.clock.advance(PAST_EVERY_LEASE);
            let report = world.pipeline().run("next").await.unwrap();
            assert!(report.balanced && report.failed.files == 0, "{at}: {report:?}");
            let now = world.contents(&Bucket::Silver);
            assert!(now.values().eq(expected.values()), "{at}: {now:?} instead of {expected:?}");
            let silver = world.names.bucket(&Bucket::Silver);
            assert_eq!(world.store.versions(&silver), 1, "{at}: written once");
            if !faults.has_struck() {
                assert!(nth > 50, "a run makes more calls than {nth}");
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_gathered_only_when_all_are_there() {
    let world = World::splitting();
    let source = world.land("events.csv", LARGE);
    let pipeline = world.pipeline();
    pipeline.plan("r").await.unwrap();
    let run = id("r");
    let keys = RunKeys(&run);
    for survey in world.lines::<Work>(&keys.surveys()).await.unwrap() {
        pipeline.call(&survey).await.unwrap();
    }
    assert_eq!(world.record(&source).await.status, Status::Leased, "the file is the run's from here on");
    let parts = world.calls("r").await;
    for part in parts.iter().skip(1) {
        pipeline.call(part).await.unwrap();
    }
    assert!(world.contents(&Bucket::Silver).is_empty());
    let gather = only(world.lines::<Work>(&keys.gathers()).await.unwrap());
    let error = pipeline.call(&gather).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(error.chain().contains("part 1 of "), "{}", error.chain());
    assert!(world.contents(&Bucket::Silver).is_empty());
    assert_eq!(world.record(&source).await.status, Status::Failed, "with the reason, for the next run");

    world.pipeline().run("next").await.unwrap();
    assert_eq!(world.record(&source).await.status, Status::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_nobody_cut_is_converted_whole_by_the_first_part() {
    let world = World::splitting();
    let source = world.land("events.csv", LARGE);
    let pipeline = world.pipeline();
    pipeline.plan("r").await.unwrap();
    let run = id("r");
    let keys = RunKeys(&run);
    for part in world.calls("r").await {
        pipeline.call(&part).await.unwrap();
    }
    assert_eq!(world.record(&source).await.status, Status::Done);
    assert_eq!(world.record(&source).await.outcome.rows, 10);
    let gather = only(world.lines::<Work>(&keys.gathers()).await.unwrap());
    assert_eq!(pipeline.call(&gather).await.unwrap().files(), 0, "nothing is left to do");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_leaves_a_file_alone_that_another_has() {
    let world = World::splitting();
    let source = world.land("events.csv", LARGE);
    let pipeline = world.pipeline();
    pipeline.plan("one").await.unwrap();
    pipeline.plan("two").await.unwrap();
    let (one, two) = (id("one"), id("two"));
    let first = world.lines::<Work>(&RunKeys(&one).surveys()).await.unwrap();
    pipeline.call(&first[0]).await.unwrap();
    assert_eq!(pipeline.plan("three").await.unwrap().landed, 0, "it is leased while it is surveyed");
    for survey in world.lines::<Work>(&RunKeys(&two).surveys()).await.unwrap() {
        pipeline.call(&survey).await.unwrap();
    }
    for part in world.calls("two").await {
        let called = pipeline.call(&part).now_or_never().unwrap().unwrap();
        assert_eq!(called.rows, 0, "{called:?}");
    }
    assert_eq!(world.record(&source).await.run, one);
    assert!(world.contents(&Bucket::Silver).is_empty());
}
