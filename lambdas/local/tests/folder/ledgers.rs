//! The ledger's file after a crash, after an edit, and after a run.

use std::fs;
use std::path::{Path, PathBuf};

use tarn_core::ports::Ledger;
use tarn_core::{Claim, Kind, Lease, Outcome, Record, RunId, SourceId, Status};
use tarn_lake::TableName;
use tarn_local::FolderLedger;
use tempfile::TempDir;

fn id(source: &str) -> SourceId {
    SourceId::from(source.to_owned())
}

fn run(name: &str) -> RunId {
    RunId::new(name).unwrap()
}

fn lease(source: &str, of_run: &str) -> Lease {
    Lease {
        source_id: id(source),
        key: format!("{source}.csv"),
        version: "v".into(),
        table: TableName::new("events").unwrap(),
        run: run(of_run),
        now_millis: 1_000,
        until_millis: 1_000_000,
    }
}

async fn convert(ledger: &FolderLedger, source: &str) {
    let Claim::Granted { attempt } = ledger.lease(&lease(source, "r1")).await.unwrap() else { panic!() };
    ledger.settle(&id(source), &run("r1"), attempt, Status::Done, &Outcome::default()).await.unwrap();
}

async fn status(ledger: &FolderLedger, source: &str) -> Option<Status> {
    ledger.records(&[id(source)]).await.unwrap().remove(&id(source)).map(|record| record.status)
}

fn open(path: &Path) -> FolderLedger {
    FolderLedger::open(path).unwrap()
}

/// A ledger of two sources, the second of them leased.
async fn written(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("ledger.jsonl");
    let ledger = open(&path);
    convert(&ledger, "a").await;
    ledger.lease(&lease("b", "r1")).await.unwrap();
    path
}

#[tokio::test]
async fn wherever_it_is_torn_it_opens_and_goes_on() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder).await;
    let whole = fs::read(&path).unwrap();
    let ends: Vec<usize> =
        whole.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1).collect();
    assert_eq!(ends.len(), 3);
    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let lines = ends.iter().filter(|end| **end <= cut).count();
        let ledger = open(&path);
        let wanted = [None, Some(Status::Leased), Some(Status::Done), Some(Status::Done)][lines];
        assert_eq!(status(&ledger, "a").await, wanted, "cut at {cut}");
        convert(&ledger, "c").await;
        drop(ledger);
        let again = open(&path);
        assert_eq!(status(&again, "a").await, wanted, "cut at {cut}");
        assert_eq!(status(&again, "c").await, Some(Status::Done), "cut at {cut}");
    }
}

#[tokio::test]
async fn zeroes_at_the_end_are_torn_too() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder).await;
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend([0; 500]);
    bytes.extend(b"\n\0\0\n");
    fs::write(&path, &bytes).unwrap();
    let ledger = open(&path);
    convert(&ledger, "c").await;
    drop(ledger);
    assert_eq!(status(&open(&path), "c").await, Some(Status::Done));
}

#[tokio::test]
async fn an_edit_in_the_middle_is_refused_and_nothing_is_changed() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder).await;
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1] = "{\"source_id\": \"a\"}";
    let edited = lines.join("\n") + "\n";
    fs::write(&path, &edited).unwrap();
    let error = FolderLedger::open(&path).unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.chain().contains("line 2 of"), "{}", error.chain());
    assert_eq!(fs::read_to_string(&path).unwrap(), edited);
}

#[tokio::test]
async fn the_leases_of_a_dead_process_have_ended() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder).await;
    let ledger = open(&path);
    assert_eq!(ledger.lease(&lease("b", "r2")).await.unwrap(), Claim::Granted { attempt: 2 });
    let late = ledger.settle(&id("b"), &run("r1"), 1, Status::Done, &Outcome::default()).await;
    assert_eq!(late.unwrap_err().kind(), Kind::Conflict);
}

#[tokio::test]
async fn after_a_run_there_is_one_line_for_each_source() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder).await;
    let ledger = open(&path);
    convert(&ledger, "c").await;
    ledger.compact().unwrap();
    let lines = || -> Vec<Record> {
        let text = fs::read_to_string(&path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let keys: Vec<String> = lines().into_iter().map(|record| record.key).collect();
    assert_eq!(keys, ["a.csv", "b.csv", "c.csv"]);
    convert(&ledger, "d").await;
    assert_eq!(lines().len(), 5, "what comes afterwards is appended");
    drop(ledger);
    assert_eq!(status(&open(&path), "d").await, Some(Status::Done));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
