//! Every fault that keys, objects and events come with, and the test that has its expected result. What
//! has no test elsewhere has it here. `lambdas/convert/src/tests/faults.rs` is the same for what is in
//! files.
//!
//! # Keys
//! | fault | test |
//! |---|---|
//! | space, `+`, `%`, `%2F`, `%252F`, `?`, `#`, `&`, `=`, quotes, `*` | `every_key_is_only_a_key`; on the emulators `contract::awkward_keys_are_only_keys` |
//! | line breaks, tabs, separators of Unicode, marks of direction | `every_key_is_only_a_key`; in listings `store::names_that_xml_cannot_carry_are_asked_for_encoded_and_decoded` |
//! | emoji, the composed and the decomposed spelling of one letter | `every_key_is_only_a_key` |
//! | leading `/`, `//`, `.`, `..`, `../../etc/passwd`, `..%2f`, backslash, `-rf` | `every_key_is_only_a_key`; in a folder `odd_keys::the_same_bytes_come_out_and_nothing_lies_outside` |
//! | 1,024 bytes | `the_longest_key_has_a_place_in_bronze` |
//! | a key that is encoded twice or not at all | `store::a_listing_that_is_not_encoded_is_not_decoded`; no key comes out of an event |
//! | a value of a folder that has a `/` | `commit::values_are_what_they_were_before_the_escapes` |
//! | a key of no table, of two, with a day that is none | `plan_run::what_cannot_be_converted_is_noted_with_its_class` |
//!
//! # Objects
//! | fault | test |
//! |---|---|
//! | overwritten between plan and read, or while it is read | `each_version_is_read_as_it_was_planned`; in a folder `landing::a_version_that_is_replaced_is_not_read_as_another` |
//! | overwritten, and the older version is worked on last | `overwrite::a_worker_that_was_overtaken_gives_way` |
//! | deleted before it is read | `convert::what_is_taken_away_before_it_is_read_is_skipped` |
//! | a delete marker | `plan_run::every_version_is_a_source_and_a_delete_marker_is_none`, `overwrite::a_deletion_in_landing_takes_no_rows_away` |
//! | the same bytes under another key | `convert::equal_bytes_under_two_keys_are_two_deliveries` |
//! | an ETag that is no hash of the bytes: in parts, encrypted | `source::a_source_is_bucket_key_and_version`: none is looked at |
//! | 0 bytes, `folder/` | `plan_run::what_cannot_be_converted_is_noted_with_its_class` |
//! | archived, or under a key that may not be used | `what_may_not_be_read_is_failed_with_its_reason_and_tried_again`, `failure::what_is_archived_is_told_from_what_is_gone` |
//! | a body that is shorter than it says | `body::a_body_has_the_length_that_was_promised_or_is_an_error` |
//!
//! # Events
//! | fault | test |
//! |---|---|
//! | twice | `trigger::a_batch_starts_one_run_however_often_it_comes` |
//! | fifty times at once | `fifty_runs_at_once_convert_a_file_once` |
//! | the second version's before the first one's | `whatever_an_event_says_it_is_a_wake_up` |
//! | of a delete marker, of an object that is gone | `whatever_an_event_says_it_is_a_wake_up`, `a_run_that_was_woken_for_nothing_balances` |
//! | without version, sequencer or size; S3's test event; no JSON at all | `whatever_an_event_says_it_is_a_wake_up` |
//! | one of ten that makes no sense | `whatever_an_event_says_it_is_a_wake_up` |
//! | lost | `what_no_event_told_of_is_found_by_the_next_run` |

use std::io::Read;

use serde_json::json;
use tarn_core::jobs::{Planned, Trigger};
use tarn_core::ports::ObjectStore;
use tarn_core::testing::{MemoryExecutions, small_lake, table};
use tarn_core::{S3Arrivals, Status};
use tarn_lake::Bucket;

use crate::support::{World, only};

#[test]
fn every_test_that_the_tables_name_is_there() {
    let tests = [
        ("faults", include_str!("faults.rs")),
        ("plan_run", include_str!("plan_run.rs")),
        ("convert", include_str!("convert.rs")),
        ("overwrite", include_str!("overwrite.rs")),
        ("trigger", include_str!("trigger.rs")),
        ("commit", include_str!("../../src/jobs/commit.rs")),
        ("source", include_str!("../../src/source.rs")),
        ("contract", include_str!("../../src/testing/contract/object_store.rs")),
        ("store", include_str!("../../../aws/src/store/tests.rs")),
        ("body", include_str!("../../../aws/src/store/body.rs")),
        ("failure", include_str!("../../../aws/src/failure.rs")),
        ("odd_keys", include_str!("../../../local/tests/folder/odd_keys.rs")),
        ("landing", include_str!("../../../local/tests/folder/landing.rs")),
    ];
    let rows: Vec<&str> =
        include_str!("faults.rs").lines().filter_map(|line| line.strip_prefix("//! |")).collect();
    let cells = rows.iter().filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    let named = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).filter(|name| name.contains('_'));
    let mut count = 0;
    for path in named {
        let (module, name) = path.rsplit_once("::").unwrap_or(("faults", path));
        let source = tests.iter().find(|(known, _)| *known == module).map(|(_, source)| *source);
        assert!(source.is_some_and(|source| source.contains(&format!("fn {name}("))), "{path}");
        count += 1;
    }
    assert!(count > 25, "{count}");
    let without = rows.iter().filter(|row| !row.contains("---") && !row.contains("| test |"));
    assert!(without.into_iter().all(|row| row.matches('`').count() >= 2), "a fault without a test");
}

/// All that a URL, a shell, a query, a file system or a reader of lines would change.
const KEYS: [&str; 50] = [
    " ",
    "a b",
    "a+b",
    "%",
    "100%",
    "%2F",
    "%252F",
    "%20%2B",
    "?x",
    "#x",
    "a&b",
    "a=b",
    "it's",
    "\"quoted\"",
    "*",
    "line\nbreak",
    "\r\n",
    "tab\tin",
    "\u{2028}",
    "\u{85}",
    "\u{202e}abc",
    "\u{feff}x",
    "\u{1f30a}",
    "e\u{301}",
    "\u{e9}",
    "/",
    "//",
    "/x",
    "a//b",
    ".",
    "..",
    "./x",
    "../x",
    "x/.",
    "x/..",
    "../../etc/passwd",
    "..%2f",
    "a\\b",
    "..\\..\\b",
    "-rf",
    "--",
    "~",
    "$(x)",
    "`x`",
    "<script>",
    "' OR 1=1 --",
    "NULL",
    "true",
    "con",
    "\u{7f}\u{1b}[31m",
];

/// A lake that takes whatever lands, up to three folders down.
fn takes_all() -> World {
    let world = World::new();
    let mut lake = small_lake();
    lake.tables = vec![
        table("flat", "*", &[(None, &["x"])]),
        table("one_down", "*/*", &[(None, &["x"])]),
        table("two_down", "*/*/*", &[(None, &["x"])]),
        table("three_down", "*/*/*/*", &[(None, &["x"])]),
    ];
    lake.zones.clear();
    world.deploy(&lake);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_is_only_a_key() {
    let world = takes_all();
    let sources: Vec<_> = KEYS.iter().map(|key| world.land(key, &format!("{key:?}"))).collect();
    let report = world.pipeline().run("r").await.unwrap();
    // What ends in a slash looks like a folder.
    let folders = KEYS.iter().filter(|key| key.ends_with('/')).count() as u64;
    assert_eq!((report.skipped.files, report.converted.files), (folders, KEYS.len() as u64 - folders));
    let (silver, bronze) = (world.texts(&Bucket::Silver), world.texts(&Bucket::Bronze));
    for (key, source) in KEYS.iter().zip(&sources).filter(|(key, _)| !key.ends_with('/')) {
        assert_eq!(world.record(source).await.key, *key);
        let row = format!("x -> x\n{key:?}\n");
        assert_eq!(silver.iter().filter(|text| **text == row).count(), 1, "{key:?}");
        assert_eq!(bronze.iter().filter(|text| **text == format!("{key:?}")).count(), 1, "{key:?}");
    }
    assert_eq!(
        world.pipeline().plan("again").await.unwrap(),
        Planned { landed: 0, planned: 0, split: 0, levels: vec![] }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_key_has_a_place_in_bronze() {
    for letter in ["x", "\u{e4}", "\u{1f30a}"] {
        let world = takes_all();
        let key = format!("{}.csv", letter.repeat(1_020 / letter.len()));
        assert_eq!(key.len(), 1_024);
        let source = world.land(&key, "row");
        let report = world.pipeline().run("r").await.unwrap();
        assert_eq!(report.converted.files, 1, "{report:?}");
        let (bronze, bytes) = only(world.contents(&Bucket::Bronze).into_iter().collect());
        assert!(bronze.len() <= 1_024 && bronze.starts_with("flat/") && bronze.ends_with(".csv"), "{bronze}");
        assert_eq!((bytes, world.record(&source).await.key), ("row".into(), key));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_version_is_read_as_it_was_planned() {
    let world = World::new();
    world.land("events.csv", "old");
    world.pipeline().plan("r").await.unwrap();
    let item = only(world.work_list("r").await);
    let mut reading = world.store.open(&item.source).await.unwrap();
    world.land("events.csv", "new");
    let mut text = String::new();
    reading.read_to_string(&mut text).unwrap();
    assert_eq!(text, "old", "while it is read");
    world.pipeline().convert(&item).await.unwrap();
    assert_eq!(world.texts(&Bucket::Silver), ["at,what -> at,what\nold\n"]);
    assert_eq!(world.pipeline().run("next").await.unwrap().converted.files, 1);
    assert_eq!(world.texts(&Bucket::Silver).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_read_is_failed_with_its_reason_and_tried_again() {
    let world = World::new();
    let source = world.land("events.csv", "UNREADABLE");
    let report = world.pipeline().run("r").await.unwrap();
    assert_eq!((report.failed.files, report.balanced), (1, true));
    assert!(report.remarks[0].contains("the line is dead"), "{:?}", report.remarks);
    assert_eq!(world.record(&source).await.status, Status::Failed);
    assert_eq!(world.pipeline().plan("next").await.unwrap().planned, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_an_event_says_it_is_a_wake_up() {
    let of = |version: &str, sequencer: &str| {
        let object = json!({"key": "events.csv", "version-id": version, "sequencer": sequencer, "size": 1});
        json!({"detail-type": "Object Created", "detail": {"object": object}}).to_string()
    };
    let bodies = [
        of("2", "00B"),
        of("1", "00A"),
        json!({"detail-type": "Object Deleted", "detail": {"deletion-type": "Delete Marker Created"}})
            .to_string(),
        json!({"detail": {"object": {"key": "gone.csv"}}}).to_string(),
        json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "landing"}).to_string(),
        json!({"Records": [{"s3": {"object": {"key": "a%2Bb+c"}}}]}).to_string(),
        "no JSON".into(),
        String::new(),
        "\u{0}".into(),
        "[[[[[[[[[[".into(),
    ];
    let message = |(number, body): (usize, &String)| json!({"messageId": format!("m{number}"), "body": body});
    let messages: Vec<_> = bodies.iter().enumerate().map(message).collect();
    let alone = messages.iter().map(|message| vec![message.clone()]);
    let batches = alone.chain([messages.clone(), vec![json!({"messageId": "bare"})]]);
    let executions = MemoryExecutions::default();
    for records in batches {
        let arrivals: S3Arrivals = serde_json::from_value(json!({"Records": records})).unwrap();
        let triggered = Trigger { executions: &executions }.run(&arrivals).await.unwrap();
        assert!(triggered.run.is_some(), "{records:?}");
    }
    assert_eq!(executions.runs().len(), bodies.len() + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_woken_for_nothing_balances() {
    let world = World::new();
    world.land("events.csv", "a");
    world.store.delete(&world.names.bucket(&Bucket::Landing), "events.csv").unwrap();
    let first = world.pipeline().run("first").await.unwrap();
    assert_eq!((first.converted.files, first.balanced), (1, true), "the version is still there");
    let second = world.pipeline().run("second").await.unwrap();
    assert_eq!((second.landed.files, second.balanced), (0, true));
}

#[test]
fn fifty_runs_at_once_convert_a_file_once() {
    let world = World::new();
    world.land("events.csv", "a\nb\n");
    let runs: Vec<String> = (0..50).map(|number| format!("arrival-{number}")).collect();
    let made = |run: &str| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        runtime.block_on(world.pipeline().run(run)).unwrap()
    };
    let reports: Vec<_> = std::thread::scope(|threads| {
        let made = &made;
        let all: Vec<_> = runs.iter().map(|run| threads.spawn(move || made(run))).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let sum = |count: fn(&tarn_core::RunReport) -> u64| reports.iter().map(count).sum::<u64>();
    assert_eq!(sum(|report| report.converted.files), 1);
    assert_eq!(sum(|report| report.failed.files), 0);
    assert!(reports.iter().all(|report| report.balanced));
    assert_eq!(world.texts(&Bucket::Silver), ["at,what -> at,what\na\nb\n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_event_told_of_is_found_by_the_next_run() {
    let world = World::new();
    world.land("events_a.csv", "a");
    world.pipeline().run("woken").await.unwrap();
    world.land("events_b.csv", "b");
    assert_eq!(world.pipeline().run("scheduled").await.unwrap().converted.files, 1);
}
