//! Whole runs over a folder, with an engine that a test knows by heart.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tarn_core::jobs::Called;
use tarn_core::ports::{Conversion, ConvertFault, Converter, Scratch, SilverFile, Spool};
use tarn_core::testing::{LineConverter, MemoryBuilder, SameFile, small_lake};
use tarn_core::{Portions, Result, RunId, RunReport, WorkItem};
use tarn_lake::{Captures, Frequency, Lake, Layout, OnOverwrite, Table, TableName};
use tarn_local::{Ended, Home, Locked, Observer, Run, Step};
use tempfile::TempDir;

#[derive(Default)]
struct Told {
    steps: Mutex<Vec<Step>>,
    files: AtomicU64,
}

impl Observer for Told {
    fn step(&self, step: Step) {
        self.steps.lock().unwrap().push(step);
    }
    fn file(&self, _: &WorkItem, _: &Result<Called>) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }
}

fn land(root: &Path, key: &str, text: &str) {
    let path = root.join("landing").join(key);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    let settled = SystemTime::now() - Duration::from_secs(60);
    File::options().append(true).open(&path).unwrap().set_modified(settled).unwrap();
}

async fn run_with(root: &Path, name: &str, observer: Arc<Told>, stop: bool) -> Ended {
    run_by(&small_lake(), None, root, name, observer, stop, Arc::new(LineConverter)).await
}

async fn run_of(
    lake: &Lake,
    tables: Option<Vec<TableName>>,
    root: &Path,
    name: &str,
    observer: Arc<Told>,
    stop: bool,
) -> Ended {
    run_by(lake, tables, root, name, observer, stop, Arc::new(LineConverter)).await
}

#[allow(clippy::too_many_arguments, reason = "each test varies another one")]
async fn run_by(
    lake: &Lake,
    tables: Option<Vec<TableName>>,
    root: &Path,
    name: &str,
    observer: Arc<Told>,
    stop: bool,
    engine: Arc<dyn Converter>,
) -> Ended {
    run_models(lake, tables, root, name, observer, stop, engine, Arc::default()).await
}

#[allow(clippy::too_many_arguments, reason = "each test varies another one")]
async fn run_models(
    lake: &Lake,
    tables: Option<Vec<TableName>>,
    root: &Path,
    name: &str,
    observer: Arc<Told>,
    stop: bool,
    engine: Arc<dyn Converter>,
    builder: Arc<MemoryBuilder>,
) -> Ended {
    let home = Home::of(root, lake).unwrap();
    let Locked::Ours(lock) = home.lock("a test").unwrap() else { panic!("nobody else is here") };
    let run = Run {
        ports: Arc::new(home.open(&lock).unwrap()),
        engines: Arc::new(move |_| engine.clone()),
        builder,
        projector: Arc::new(SameFile),
        cores: 4,
        portions: Portions { split_from_bytes: 40, range_bytes: 16, ..Portions::default() },
        tables,
        stop: Arc::new(AtomicBool::new(stop)),
        observer,
    };
    run.make(&RunId::new(name).unwrap(), lake).await.unwrap()
}

async fn run(root: &Path, name: &str) -> RunReport {
    let ended = run_with(root, name, Arc::default(), false).await;
    assert!(ended.failure.is_none(), "{:?}", ended.failure);
    ended.report
}

/// Every file below a folder with its text.
fn texts(folder: PathBuf) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
        if entry.is_dir() {
            found.extend(texts(entry).into_iter().map(|(below, text)| (format!("{name}/{below}"), text)));
        } else {
            found.insert(name, fs::read_to_string(&entry).unwrap());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_to_silver_and_to_the_zones_and_the_account_balances() {
    let root = TempDir::new().unwrap();
    let root = root.path();
    land(root, "events.csv", "one\ntwo\n!bad\n");
    land(root, "events 2.csv", "three\n");
    land(root, "events_broken.csv", "BROKEN");
    land(root, "orders/20250301.csv", "4\n");
    land(root, "notes.txt", "of no table");
    land(root, "events_empty.csv", "");
    let told = Arc::new(Told::default());
    let report = run_with(root, "r1", told.clone(), false).await.report;
    let counts = [report.landed, report.converted, report.quarantined, report.skipped, report.failed];
    assert_eq!(counts.map(|tally| tally.files), [6, 3, 1, 2, 0], "{report:#?}");
    assert!(report.balanced);
    assert_eq!((report.rows, report.bad_rows), (4, 1));
    assert_eq!(told.files.load(Ordering::Relaxed), 4);
    assert_eq!(told.steps.lock().unwrap()[1], Step::Convert { files: 4, bytes: 27 });

    let silver = texts(root.join("silver"));
    assert_eq!(silver.len(), 3);
    assert!(silver.keys().all(|key| key.starts_with("events/part-") || key.starts_with("orders/part-")));
    assert_eq!(texts(root.join("zones/finance")), silver);
    assert_eq!(texts(root.join("zones/marketing")).len(), 2);
    assert_eq!(texts(root.join("bronze")).len(), 4);
    assert_eq!(texts(root.join("quarantine")).len(), 2);
    let catalog = texts(root.join("catalog"));
    assert_eq!(catalog.len(), 5, "{:?}", catalog.keys());
    assert!(catalog["small_test_silver/events.json"].contains("\"silver/events/\""));
    assert!(catalog["small_test_finance/orders.json"].contains("\"zones/finance/orders/\""));

    let report = run(root, "r2").await;
    assert_eq!(report.landed.files, 0, "{report:#?}");
    land(root, "events.csv", "one\ntwo\nfour\n");
    let report = run(root, "r3").await;
    assert_eq!((report.landed.files, report.converted.files, report.rows), (1, 1, 3));
    assert_eq!(texts(root.join("silver")).len(), 4, "other bytes are another delivery");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_leaves_the_rest_to_the_next_one() {
    let root = TempDir::new().unwrap();
    let root = root.path();
    for number in 0..5 {
        land(root, &format!("events-{number}.csv"), "row\n");
    }
    let report = run_with(root, "r1", Arc::default(), true).await.report;
    assert_eq!((report.landed.files, report.failed.files, report.balanced), (5, 5, true));
    let report = run(root, "r2").await;
    assert_eq!((report.landed.files, report.converted.files), (5, 5));
}

/// Falls over a file that says so.
struct Clumsy;

impl Converter for Clumsy {
    fn convert(
        &self,
        table: &Table,
        layout: &Layout,
        name: &Captures,
        source: &mut (dyn Read + Send),
        silver: &dyn Scratch,
        rejects: &mut (dyn Write + Send),
    ) -> std::result::Result<(Conversion, Vec<SilverFile>), ConvertFault> {
        let mut text = String::new();
        source.read_to_string(&mut text).unwrap();
        assert!(!text.starts_with("FALL"), "there was a step");
        LineConverter.convert(table, layout, name, &mut text.as_bytes(), silver, rejects)
    }

    fn no_rows(&self, table: &Table, silver: &dyn Scratch) -> Result<Box<dyn Spool>> {
        LineConverter.no_rows(table, silver)
    }
}

/// There is no function's log and no execution in a folder that one could look into.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_died_of_is_in_the_account() {
    let root = TempDir::new().unwrap();
    let root = root.path();
    land(root, "events.csv", "FALL");
    land(root, "events_2.csv", "row\n");
    land(root, "events_3.csv", "UNREADABLE");
    let lake = small_lake();
    let ended = run_by(&lake, None, root, "r1", Arc::default(), false, Arc::new(Clumsy)).await;
    let report = ended.report;
    assert_eq!((report.converted.files, report.failed.files, report.balanced), (1, 2, true));
    let remark = |file: &str| report.remarks.iter().find(|remark| remark.starts_with(file)).unwrap().clone();
    assert!(remark("events.csv: FAILED: ").contains("there was a step"), "{:?}", report.remarks);
    assert!(remark("events_3.csv: FAILED: ").contains("the line is dead"), "{:?}", report.remarks);

    land(root, "events_4.csv", "row\n");
    let stopped = run_with(root, "r2", Arc::default(), true).await.report;
    let told = stopped.remarks.join("\n");
    assert!(told.contains("events_4.csv: FAILED: the run was ended before its turn"), "{told}");
    assert!(!told.contains("history") && !told.contains("log"), "{told}");
    let report = run(root, "r3").await;
    assert_eq!((report.converted.files, report.failed.files), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_cannot_be_written_fails_the_run_and_keeps_its_account() {
    let root = TempDir::new().unwrap();
    let root = root.path();
    land(root, "events.csv", "row\n");
    run(root, "r1").await;
    land(root, "events-2.csv", "row\n");
    fs::remove_dir_all(root.join("zones/marketing/events")).unwrap();
    fs::write(root.join("zones/marketing/events"), "a file in the way").unwrap();
    let ended = run_with(root, "r2", Arc::default(), false).await;
    assert!(ended.failure.unwrap().chain().contains("zones/marketing/events"));
    assert_eq!((ended.report.converted.files, ended.report.balanced), (1, true));
    fs::remove_file(root.join("zones/marketing/events")).unwrap();
    run(root, "r3").await;
    assert_eq!(texts(root.join("zones/marketing")).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_converted_in_parts_and_nothing_of_them_is_left() {
    let root = TempDir::new().unwrap();
    let root = root.path();
    let rows: Vec<String> = (0..20).map(|number| format!("row {number}\n")).collect();
    land(root, "events.csv", &rows.concat());
    let told = Arc::new(Told::default());
    let report = run_with(root, "r1", told.clone(), false).await.report;
    assert_eq!((report.converted.files, report.rows, report.balanced), (1, 20, true), "{report:#?}");
    assert_eq!(told.files.load(Ordering::Relaxed), 1, "a file is told of once");
    let silver = texts(root.join("silver"));
    assert_eq!(silver.into_values().collect::<Vec<_>>(), [format!("at,what -> at,what\n{}", rows.concat())]);
    assert_eq!(texts(root.join("bronze")).len(), 1);
    assert!(root.join("ops/runs/r1/surveys.jsonl").metadata().unwrap().len() > 0, "it was split");
    assert!(!root.join("ops/splits").exists());
}

/// All rows of silver, without the line of columns.
fn rows(root: &Path) -> Vec<String> {
    let texts = texts(root.join("silver")).into_values();
    texts.flat_map(|text| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// A version is a hash there, and only the newest is seen; so one may also come back.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_written_over_replaces_itself_or_is_rejected() {
    for (rule, wanted) in [
        (OnOverwrite::Replace, [vec!["a"], vec!["b"], vec!["a"], vec!["a"]]),
        (OnOverwrite::Reject, [vec!["a"], vec!["a"], vec!["a"], vec!["a"]]),
    ] {
        let root = TempDir::new().unwrap();
        let root = root.path();
        let mut lake = small_lake();
        lake.tables[0].arrival.on_overwrite = rule;
        for (number, (text, rows_due)) in ["a", "b", "a", "BROKEN"].iter().zip(wanted).enumerate() {
            land(root, "events.csv", text);
            let name = format!("r{number}");
            let ended = run_of(&lake, None, root, &name, Arc::default(), false).await;
            assert!(ended.report.balanced && ended.failure.is_none(), "{rule:?} {ended:?}");
            assert_eq!(rows(root), rows_due, "{rule:?} {text}");
            let zones = ["zones/marketing", "zones/finance"].map(|zone| texts(root.join(zone)));
            assert_eq!(zones, [texts(root.join("silver")), texts(root.join("silver"))], "{rule:?} {text}");
            let again = run_of(&lake, None, root, &format!("{name}-again"), Arc::default(), false).await;
            assert_eq!(again.report.landed.files, 0, "{rule:?} {text}: {:?}", again.report);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_not_due_waits_unless_it_is_asked_for() {
    let root = TempDir::new().unwrap();
    let root = root.path();
    let mut lake = small_lake();
    lake.tables[0].arrival.frequency = Frequency::Monthly;
    let name = lake.tables[0].name.clone();
    // The month may end between two of the runs, once.
    let mut waited = Vec::new();
    for number in 0..3 {
        land(root, &format!("events-{number}.csv"), "row\n");
        let report = run_of(&lake, None, root, &format!("r{number}"), Arc::default(), false).await.report;
        waited.push(report.waiting.files);
    }
    assert!(waited.iter().sum::<u64>() >= 1, "{waited:?}");
    run_of(&lake, Some(vec![name]), root, "asked", Arc::default(), false).await;
    assert_eq!(rows(root).len(), 3);
}

/// As in the state machine: a model that fails is told, skips those that read it, and stops no zone.
#[tokio::test(flavor = "multi_thread")]
async fn models_are_made_after_tables_and_before_zones() {
    let folder = TempDir::new().unwrap();
    let mut lake = small_lake();
    let model = |name: &str, inputs: &[&str]| {
        let model = serde_json::json!({
            "name": name, "sql": "select 1", "inputs": inputs, "materialise": "replace",
        });
        serde_json::from_value(model).unwrap()
    };
    lake.models = vec![model("top", &["days"]), model("days", &["events"]), model("users", &[])];
    let (told, builder) = (Arc::new(Told::default()), Arc::new(MemoryBuilder::default()));
    builder.breaks("days");
    land(folder.path(), "events_1.csv", "a\nb\n");
    let engine = Arc::new(LineConverter);
    let ended =
        run_models(&lake, None, folder.path(), "one", told.clone(), false, engine, builder.clone()).await;
    assert!(ended.failure.is_none(), "{:?}", ended.failure);
    assert_eq!(builder.calls(), ["days", "users"]);
    let models = ended.report.models;
    assert_eq!((models.built, models.skipped, models.failed, ended.report.failed_steps), (1, 1, 1, 1));
    let steps = told.steps.lock().unwrap();
    let at = |step: Step| steps.iter().position(|told| *told == step).unwrap();
    assert!(at(Step::Commit) < at(Step::Model) && at(Step::Model) < at(Step::Sync));
    assert!(
        folder.path().join("zones/marketing/events").is_dir(),
        "zones are brought up to date all the same"
    );
    assert!(folder.path().join("gold").is_dir());
}
