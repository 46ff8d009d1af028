//! Small files that share a call: what befalls one does not befall the others.

use std::collections::HashMap;
use std::time::Duration;

use futures::FutureExt;
use tarn_core::jobs::Called;
use tarn_core::ports::{Conversion, ConvertFault, Converter, Ledger, Scratch, SilverFile, Spool};
use tarn_core::testing::{LineConverter, MemoryLedger};
use tarn_core::{Claim, Kind, Lease, Outcome, Record, Result, RunId, Selection, SourceId, Status, Work};
use tarn_lake::{Bucket, Captures, Layout, Table};

use crate::support::{INVOCATION, PAST_EVERY_LEASE, Pipeline, World, id, only};

/// The only call of a run that found those files.
async fn planned(world: &World, files: &[(&str, &str)]) -> Work {
    for (key, text) in files {
        world.land(key, text);
    }
    world.pipeline().plan("r").await.unwrap();
    only(world.calls("r").await)
}

fn statuses(world: &World) -> Vec<(String, Status, u32)> {
    world.ledger.all().into_iter().map(|record| (record.key, record.status, record.attempt)).collect()
}

fn status(key: &str, status: Status, attempt: u32) -> (String, Status, u32) {
    (key.into(), status, attempt)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_share_a_call_are_converted_each_under_its_own_lease() {
    let world = World::new();
    let files = [("events_1.csv", "a\n!b\n"), ("events_2.csv", "BROKEN"), ("orders/20250102.csv", "1\n2\n")];
    let work = planned(&world, &files).await;
    let called = world.pipeline().call(&work).await.unwrap();
    assert_eq!(called, Called { done: 2, quarantined: 1, taken: 0, rows: 3, bad_rows: 1 });
    assert_eq!(
        statuses(&world),
        [
            status("events_1.csv", Status::Done, 1),
            status("events_2.csv", Status::Quarantined, 1),
            status("orders/20250102.csv", Status::Done, 1)
        ]
    );
    assert_eq!(world.contents(&Bucket::Silver).len(), 2);
    assert_eq!(world.contents(&Bucket::Bronze).len(), 3);
    let again = world.pipeline().call(&work).await.unwrap();
    assert_eq!(again, Called { taken: 3, ..Called::default() });
}

/// Panics over a file that begins with `PANIC`.
struct Panicking;

impl Converter for Panicking {
    fn convert(
        &self,
        table: &Table,
        layout: &Layout,
        name: &Captures,
        source: &mut (dyn std::io::Read + Send),
        silver: &dyn Scratch,
        rejects: &mut (dyn std::io::Write + Send),
    ) -> Result<(Conversion, Vec<SilverFile>), ConvertFault> {
        let mut text = String::new();
        source.read_to_string(&mut text).unwrap();
        assert!(!text.starts_with("PANIC"), "what never happens");
        LineConverter.convert(table, layout, name, &mut text.as_bytes(), silver, rejects)
    }

    fn no_rows(&self, table: &Table, silver: &dyn Scratch) -> Result<Box<dyn Spool>> {
        LineConverter.no_rows(table, silver)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_fails_or_panics_stops_none_that_share_its_call() {
    let world = World::new();
    let files = [
        ("events_1.csv", "PANIC"),
        ("events_2.csv", "UNREADABLE"),
        ("events_3.csv", "a\n"),
        ("events_4.csv", "PANIC"),
        ("events_5.csv", "b\n"),
    ];
    let work = planned(&world, &files).await;
    let pipeline = world.pipeline();
    for attempt in 1..=2 {
        let error =
            pipeline.converting(&Panicking).call(&work, pipeline.deadline_millis()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "what another try may heal: {}", error.chain());
        assert!(error.chain().contains("3 of "), "{}", error.chain());
        assert_eq!(
            statuses(&world),
            [
                status("events_1.csv", Status::Failed, attempt),
                status("events_2.csv", Status::Failed, attempt),
                status("events_3.csv", Status::Done, 1),
                status("events_4.csv", Status::Failed, attempt),
                status("events_5.csv", Status::Done, 1)
            ],
            "only what is not settled is tried again"
        );
    }
    let record = world.ledger.all().swap_remove(0);
    assert!(record.outcome.reason.contains("events_1.csv panicked"), "{}", record.outcome.reason);
}

/// Over a lease on a file whose key has `poison` in it, nothing comes back any more.
struct Deadly<'a>(&'a MemoryLedger);

#[async_trait::async_trait]
impl Ledger for Deadly<'_> {
    async fn records(&self, ids: &[SourceId]) -> Result<HashMap<SourceId, Record>> {
        self.0.records(ids).await
    }
    async fn lease(&self, lease: &Lease) -> Result<Claim> {
        let claim = self.0.lease(lease).await;
        if lease.key.contains("poison") {
            futures::future::pending::<()>().await;
        }
        claim
    }
    async fn settle(
        &self,
        id: &SourceId,
        run: &RunId,
        nth: u32,
        status: Status,
        outcome: &Outcome,
    ) -> Result<()> {
        self.0.settle(id, run, nth, status, outcome).await
    }
    async fn retire(&self, id: &SourceId, outcome: &Outcome) -> Result<()> {
        self.0.retire(id, outcome).await
    }
    async fn note(&self, record: &Record) -> Result<()> {
        self.0.note(record).await
    }
    async fn select(&self, selection: &Selection) -> Result<Vec<Record>> {
        self.0.select(selection).await
    }
    async fn reopen(&self, record: &Record, now_millis: i64, by: &str) -> Result<()> {
        self.0.reopen(record, now_millis, by).await
    }
    async fn restore(&self, record: &Record, there: Option<&Record>) -> Result<()> {
        self.0.restore(record, there).await
    }
}

/// A call whose process dies over the poisoned file.
fn die(world: &World, work: &Work) {
    let ledger = Deadly(&world.ledger);
    let pipeline = Pipeline { ledger: &ledger, ..world.pipeline() };
    assert!(pipeline.call(work).now_or_never().is_none(), "the poison kills");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_takes_the_process_with_it_comes_last_in_the_next_call() {
    let world = World::new();
    let files = [("events_1.csv", "a\n"), ("events_2_poison.csv", "b\n"), ("events_3.csv", "c\n")];
    let work = planned(&world, &files).await;
    die(&world, &work);
    assert_eq!(
        statuses(&world),
        [status("events_1.csv", Status::Done, 1), status("events_2_poison.csv", Status::Leased, 1)]
    );
    die(&world, &work);
    assert_eq!(
        statuses(&world),
        [
            status("events_1.csv", Status::Done, 1),
            status("events_2_poison.csv", Status::Leased, 2),
            status("events_3.csv", Status::Done, 1)
        ]
    );
    let report = world.pipeline().account("r").await.unwrap();
    assert_eq!((report.converted.files, report.failed.files), (2, 1));

    world.land("events_4.csv", "d\n");
    world.clock.advance(PAST_EVERY_LEASE);
    world.pipeline().plan("next").await.unwrap();
    let calls = world.calls("next").await;
    let alone = calls[0].files();
    assert_eq!((calls.len(), alone.len()), (2, 1), "what was tried before has a call of its own");
    assert_eq!((alone[0].source.key.as_str(), alone[0].tried), ("events_2_poison.csv", 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_runs_out_of_time_leaves_the_rest_to_the_next() {
    let world = World::new();
    let work = planned(&world, &[("events_1.csv", "a\n"), ("events_2.csv", "b\n")]).await;
    let pipeline = world.pipeline();
    let soon = pipeline.deadline_millis() - (INVOCATION - Duration::from_secs(60)).as_millis() as i64;
    let error = pipeline.converting(&LineConverter).call(&work, soon).await.unwrap_err();
    assert_eq!(error.kind(), Kind::OutOfTime);
    assert!(error.chain().contains("1 files are left for the next call"), "{}", error.chain());
    assert_eq!(statuses(&world), [status("events_1.csv", Status::Done, 1)]);
    assert_eq!(
        pipeline.call(&work).await.unwrap(),
        Called { done: 1, taken: 1, rows: 1, ..Called::default() }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_under_a_kilobyte_however_many_files_share_the_call() {
    let world = World::new();
    for number in 0..8_000 {
        world.land(&format!("events_{number}.csv"), "a\n");
    }
    world.pipeline().plan("r").await.unwrap();
    let calls = world.calls("r").await;
    assert_eq!(calls.len(), 80);
    let called = world.pipeline().call(&calls[0]).await.unwrap();
    assert_eq!(called.done, 100);
    assert!(serde_json::to_vec(&called).unwrap().len() < 1_000);
    assert!(serde_json::to_vec(&calls[0]).unwrap().len() < 256 << 10);
    assert_eq!(world.ledger.all()[0].run, id("r"));
}
