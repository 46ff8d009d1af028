//! Converting one file: what is written where, by whom, and in which order.

use std::collections::BTreeSet;
use std::sync::Mutex;

use tarn_core::ports::{Content, Created, ObjectStore};
use tarn_core::testing::{small_lake, table};
use tarn_core::{Kind, Result, SourceVersion, Status, WorkItem};
use tarn_lake::{Bucket, OnBadRow, Table};

use crate::support::{
    BEFORE_READING, BEFORE_SETTLING, INVOCATION, PAST_EVERY_LEASE, Pipeline, World, id, only,
};

async fn planned(world: &World, key: &str, text: &str) -> WorkItem {
    world.land(key, text);
    world.pipeline().plan("r").await.unwrap();
    only(world.work_list("r").await)
}

/// The same source on the work list of a run that began at the same time.
async fn of_another_run(world: &World, item: &WorkItem) -> WorkItem {
    world.pipeline().plan("other").await.unwrap();
    WorkItem { run: id("other"), ..item.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_go_to_silver_and_bytes_to_bronze() {
    let world = World::new();
    let item = planned(&world, "orders/20240601.csv", "1\n2\n").await;
    let source = item.source.id();
    let converted = world.pipeline().convert(&item).await.unwrap();
    assert_eq!((converted.status.as_str(), converted.rows, converted.bad_rows), ("done", 2, 0));

    let silver = world.contents(&Bucket::Silver);
    let part = format!("orders/part-{source}.parquet");
    assert_eq!(silver.keys().collect::<Vec<_>>(), [&part]);
    assert_eq!(silver[&part], "id -> id,total\n1\n2\n", "the layout of its day, the columns of today");
    let bronze = world.contents(&Bucket::Bronze);
    assert_eq!(bronze[&format!("orders/{source}/20240601.csv")], "1\n2\n");
    assert!(world.contents(&Bucket::Quarantine).is_empty());

    let record = world.record(&item.source).await;
    assert_eq!((record.status, record.attempt, record.run), (Status::Done, 1, id("r")));
    assert_eq!((record.outcome.rows, record.outcome.bytes_in), (2, 4));
    assert_eq!(record.outcome.outputs, [part]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_with_folders_has_an_object_in_each() {
    let world = World::partitioned();
    let item = planned(&world, "events.csv", "view\nbuy\n!bad\nvisit\n").await;
    let converted = world.pipeline().convert(&item).await.unwrap();
    assert_eq!((converted.rows, converted.bad_rows), (3, 1));
    let id = item.source.id();
    let keys = [format!("events/what=b/part-{id}.parquet"), format!("events/what=v/part-{id}.parquet")];
    let silver = world.contents(&Bucket::Silver);
    assert_eq!(silver.keys().cloned().collect::<Vec<_>>(), keys);
    assert_eq!(silver[&keys[1]], "at,what -> at,what\nview\nvisit\n");
    assert_eq!(world.record(&item.source).await.outcome.outputs, keys);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_away_before_it_is_read_is_skipped() {
    let world = World::new();
    let item = planned(&world, "events.csv", "a").await;
    let version = (item.source.key.clone(), item.source.version.clone());
    world.store.delete_versions(&item.source.bucket, &[version]).await.unwrap();
    let converted = world.pipeline().convert(&item).await.unwrap();
    assert_eq!((converted.status.as_str(), converted.rows), ("skipped", 0));
    let record = world.record(&item.source).await;
    assert_eq!((record.status, record.outcome.class.as_str()), (Status::Skipped, "GONE"));
    let report = world.pipeline().account("r").await.unwrap();
    assert_eq!((report.skipped.files, report.failed.files, report.balanced), (1, 0, true));
}

/// What is not there for another reason is nobody's absence.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_not_there_is_a_failure() {
    let world = World::new();
    let item = planned(&world, "events.csv", "a").await;
    world.store.remove_bucket(&world.names.bucket(&Bucket::Bronze));
    assert_eq!(world.pipeline().convert(&item).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(world.record(&item.source).await.status, Status::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_folders_are_another_fingerprint() {
    let prints = async |world: World| {
        let item = planned(&world, "events.csv", "view\n").await;
        world.pipeline().convert(&item).await.unwrap();
        let silver = world.names.bucket(&Bucket::Silver);
        let key = only(world.contents(&Bucket::Silver).into_keys().collect());
        world.store.fingerprint(&silver, &key).await.unwrap()
    };
    assert_ne!(prints(World::new()).await, prints(World::partitioned()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_go_to_quarantine_and_good_ones_to_silver() {
    let world = World::new();
    let item = planned(&world, "events.csv", "a\n!b\nc\n").await;
    let converted = world.pipeline().convert(&item).await.unwrap();
    assert_eq!((converted.status.as_str(), converted.rows, converted.bad_rows), ("done", 2, 1));
    assert_eq!(world.texts(&Bucket::Silver), ["at,what -> at,what\na\nc\n"]);
    let (quarantine, id) = (world.contents(&Bucket::Quarantine), item.source.id());
    let row = format!(r#"{{"table_name":"events","source_id":"{id}","key":"events.csv","raw":"!b"}}"#);
    assert_eq!(quarantine[&format!("rows/events/{id}.jsonl")], row + "\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_kept_without_a_value_is_in_silver_and_in_quarantine() {
    let world = World::new();
    let item = planned(&world, "events.csv", "a\n~b\n").await;
    let converted = world.pipeline().convert(&item).await.unwrap();
    assert_eq!((converted.status.as_str(), converted.rows, converted.bad_rows), ("done", 2, 0));
    assert_eq!(world.texts(&Bucket::Silver), ["at,what -> at,what\na\n~b\n"]);
    let quarantine = only(world.texts(&Bucket::Quarantine));
    assert!(quarantine.contains(r#""raw":"~b""#), "{quarantine}");
    assert_eq!(world.record(&item.source).await.outcome.nulled_values, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_rules_give_another_object() {
    let changes: [fn(&mut Table); 5] = [
        |_| {},
        |table| table.bad_rows.action = OnBadRow::Fail,
        |table| table.unique = vec![vec![table.layouts[0].columns[0].name.clone()]],
        |table| table.layouts[0].columns[0].quality.trim = true,
        |table| table.layouts[0].columns[0].from = Some("A".into()),
    ];
    let mut fingerprints = BTreeSet::new();
    for change in changes {
        let world = World::new();
        let mut lake = small_lake();
        lake.tables.iter_mut().for_each(change);
        world.deploy(&lake);
        let item = planned(&world, "events.csv", "a\n").await;
        world.pipeline().convert(&item).await.unwrap();
        let key = format!("events/part-{}.parquet", item.source.id());
        let fingerprint = world.store.fingerprint(&world.names.bucket(&Bucket::Silver), &key).await.unwrap();
        fingerprints.insert((item.source.id(), fingerprint.unwrap()));
    }
    assert_eq!(fingerprints.len(), changes.len());
    let sources: BTreeSet<_> = fingerprints.iter().map(|(source, _)| source).collect();
    assert_eq!(sources.len(), 1, "the same source");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_good_rows_leaves_no_silver_object() {
    for (text, bad_rows) in [("!a\n!b\n", 2), ("!only", 1)] {
        let world = World::new();
        let item = planned(&world, "events.csv", text).await;
        let converted = world.pipeline().convert(&item).await.unwrap();
        assert_eq!((converted.status.as_str(), converted.rows, converted.bad_rows), ("done", 0, bad_rows));
        assert!(world.contents(&Bucket::Silver).is_empty());
        assert!(world.record(&item.source).await.outcome.outputs.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_file_is_quarantined_with_its_reason() {
    let world = World::new();
    let item = planned(&world, "events.csv", "BROKEN").await;
    let converted = world.pipeline().convert(&item).await.unwrap();
    assert_eq!((converted.status.as_str(), converted.rows), ("quarantined", 0));
    let notice = only(world.texts(&Bucket::Quarantine));
    for part in ["\"events.csv\"", "UNMATCHED", "it is broken", item.source.version.as_str()] {
        assert!(notice.contains(part), "{notice}");
    }
    assert_eq!(world.texts(&Bucket::Bronze), ["BROKEN"], "its bytes are kept");
    assert!(world.contents(&Bucket::Silver).is_empty());
    let record = world.record(&item.source).await;
    assert_eq!((record.status, record.outcome.class.as_str()), (Status::Quarantined, "UNMATCHED"));
    assert_eq!(record.outcome.bytes_in, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_worker_has_or_had_is_left_alone() {
    let world = World::new();
    let item = planned(&world, "events.csv", "a\n").await;
    world.die_converting(&item, BEFORE_READING).await;
    let item = of_another_run(&world, &item).await;
    for (when, expected) in
        [("while it is held", "taken"), ("after it ran out", "done"), ("once done", "taken")]
    {
        if when == "after it ran out" {
            world.clock.advance(PAST_EVERY_LEASE);
        }
        assert_eq!(world.pipeline().convert(&item).await.unwrap().status, expected, "{when}");
    }
    assert_eq!(world.texts(&Bucket::Silver).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_outlasts_its_worker() {
    let world = World::new();
    let item = planned(&world, "events.csv", "a\n").await;
    world.die_converting(&item, BEFORE_READING).await;
    world.clock.advance(INVOCATION);
    let other = of_another_run(&world, &item).await;
    assert_eq!(world.pipeline().convert(&other).await.unwrap().status, "taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_of_a_dead_worker_goes_on_at_once() {
    let world = World::new();
    let item = planned(&world, "events.csv", "a\n").await;
    world.die_converting(&item, BEFORE_READING).await;
    assert_eq!(world.pipeline().convert(&item).await.unwrap().status, "done");
    assert_eq!(world.record(&item.source).await.attempt, 2);
    assert_eq!(world.texts(&Bucket::Silver).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_fails_gives_its_lease_back_with_the_reason() {
    let world = World::new();
    let item = planned(&world, "events.csv", "UNREADABLE").await;
    for attempt in 1..=2 {
        let error = world.pipeline().convert(&item).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable);
        let record = world.record(&item.source).await;
        assert_eq!((record.status, record.attempt), (Status::Failed, attempt), "the next try gets a lease");
        assert!(record.outcome.reason.contains("the line is dead"), "{}", record.outcome.reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_other_code_or_configuration_is_replaced_and_an_equal_one_is_not() {
    for (table_changes, versions) in [(false, 1), (true, 2)] {
        let world = World::new();
        let item = planned(&world, "events.csv", "a\n").await;
        world.die_converting(&item, BEFORE_SETTLING).await;
        assert_eq!(world.texts(&Bucket::Silver), ["at,what -> at,what\na\n"], "written, not settled");

        let mut lake = small_lake();
        if table_changes {
            lake.tables[0] = table("events", "events*.csv", &[(None, &["at", "name"])]);
        }
        world.deploy(&lake);
        world.clock.advance(PAST_EVERY_LEASE);
        world.pipeline().plan("again").await.unwrap();
        let item = only(world.work_list("again").await);
        assert_eq!(world.pipeline().convert(&item).await.unwrap().status, "done");
        let columns = if table_changes { "at,name" } else { "at,what" };
        assert_eq!(world.texts(&Bucket::Silver), [format!("{columns} -> {columns}\na\n")]);
        assert_eq!(world.store.versions(&world.names.bucket(&Bucket::Silver)), versions);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_bytes_under_two_keys_are_two_deliveries() {
    let world = World::new();
    world.land("events_1.csv", "a\n");
    world.land("events_2.csv", "a\n");
    let report = world.pipeline().run("r").await.unwrap();
    assert_eq!((report.converted.files, report.rows), (2, 2));
    assert_eq!(world.contents(&Bucket::Silver).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_the_lake_does_not_have_is_invalid_and_takes_no_lease() {
    let world = World::new();
    let item = planned(&world, "events.csv", "a\n").await;
    let error = world.pipeline().convert(&WorkItem { layout: 9, ..item }).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(world.ledger.all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_rows_are_there_before_the_rows_and_the_mark_of_change_after_them() {
    let world = World::new();
    let item = planned(&world, "events.csv", "a\n!b\n").await;
    let store = WriteLog { store: &world.store, writes: Mutex::default() };
    Pipeline { store: &store, ..world.pipeline() }.convert(&item).await.unwrap();
    let tiers = [Bucket::Bronze, Bucket::Quarantine, Bucket::Silver, Bucket::Ops];
    let tiers = tiers.map(|bucket| world.names.bucket(&bucket));
    assert_eq!(*store.writes.lock().unwrap(), tiers);
}

/// Notes which buckets are written to, in order.
struct WriteLog<'a> {
    store: &'a dyn ObjectStore,
    writes: Mutex<Vec<String>>,
}

impl WriteLog<'_> {
    fn note(&self, bucket: &str) {
        self.writes.lock().unwrap().push(bucket.into());
    }
}

#[async_trait::async_trait]
impl ObjectStore for WriteLog<'_> {
    async fn create(&self, bucket: &str, key: &str, content: Content, fingerprint: &str) -> Result<Created> {
        self.note(bucket);
        self.store.create(bucket, key, content, fingerprint).await
    }
    async fn replace(&self, bucket: &str, key: &str, content: Content, fingerprint: &str) -> Result<()> {
        self.note(bucket);
        self.store.replace(bucket, key, content, fingerprint).await
    }
    async fn stored(&self, bucket: &str, key: &str) -> Result<tarn_core::ports::Stored> {
        self.store.stored(bucket, key).await
    }
    async fn replace_if(
        &self,
        bucket: &str,
        key: &str,
        content: Content,
        fingerprint: &str,
        tag: &str,
    ) -> Result<bool> {
        self.note(bucket);
        self.store.replace_if(bucket, key, content, fingerprint, tag).await
    }
    async fn copy(&self, from: &SourceVersion, bucket: &str, key: &str) -> Result<()> {
        self.note(bucket);
        self.store.copy(from, bucket, key).await
    }
    async fn read(&self, bucket: &str, key: &str) -> Result<bytes::Bytes> {
        self.store.read(bucket, key).await
    }
    async fn open(&self, source: &SourceVersion) -> Result<Box<dyn std::io::Read + Send>> {
        self.store.open(source).await
    }
    async fn open_range(
        &self,
        _: &SourceVersion,
        _: std::ops::Range<u64>,
    ) -> Result<Box<dyn std::io::Read + Send>> {
        panic!("a file of this size is read whole")
    }
    async fn fingerprint(&self, bucket: &str, key: &str) -> Result<Option<String>> {
        self.store.fingerprint(bucket, key).await
    }
    async fn list(&self, _: &str, _: &str) -> Result<Vec<tarn_core::ports::Object>> {
        panic!("converting needs no listing")
    }
    async fn list_versions(&self, _: &str, _: &str) -> Result<Vec<tarn_core::ports::ObjectVersion>> {
        panic!("converting needs no listing")
    }
    async fn copy_newest(&self, _: (&str, &str), _: (&str, &str)) -> Result<()> {
        panic!("a source is copied by its version")
    }
    async fn delete_versions(&self, _: &str, _: &[(String, String)]) -> Result<()> {
        panic!("converting deletes nothing")
    }
    async fn abort_uploads(&self, _: &str) -> Result<usize> {
        panic!("converting ends no uploads")
    }
    async fn bucket_exists(&self, _: &str) -> Result<bool> {
        panic!("converting does not look for buckets")
    }
}
