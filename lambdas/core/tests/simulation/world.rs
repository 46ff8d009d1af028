//! A small lake with everything that stands in it, the files that were sent to it, and what must be
//! true of it in the end.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Mutex;
use std::time::Duration;

use tarn_core::ports::Clock;
use tarn_core::testing::{ManualClock, MemoryCatalog, MemoryLedger, MemoryStore, names, small_lake};
use tarn_core::{RunKeys, RunReport, SourceId, SourceVersion, Status};
use tarn_lake::{Bucket, Names, ZoneName};

use crate::ports::Bug;

/// Longer than any lease.
pub const PAST_EVERY_LEASE: Duration = Duration::from_secs(3_600);

/// Older than anything that a janitor lets alone.
pub const PAST_EVERY_AGE: Duration = Duration::from_secs(3 * 86_400);

pub struct World {
    pub names: Names,
    pub clock: ManualClock,
    pub store: MemoryStore,
    pub ledger: MemoryLedger,
    pub catalog: MemoryCatalog,
    pub silver: String,
    pub bug: Option<Bug>,
    pub written: Mutex<u64>,
    pub settled: Mutex<HashMap<SourceId, Status>>,
    /// What must never be and was.
    pub broken: Mutex<HashSet<String>>,
    pub reports: RefCell<Vec<RunReport>>,
    pub sent: Mutex<Vec<(SourceVersion, String)>>,
}

impl World {
    pub fn new(bug: Option<Bug>) -> Self {
        let names = names();
        let clock = ManualClock::default();
        let zones = small_lake().zones.into_iter().map(|zone| Bucket::Zone(zone.name));
        let buckets = Bucket::OWN.into_iter().chain(zones).map(|bucket| names.bucket(&bucket));
        let store = MemoryStore::new(clock.clone(), buckets);
        let lake = serde_json::to_vec(&small_lake()).unwrap();
        store.land(&names.bucket(&Bucket::Ops), RunKeys::DEPLOYED_LAKE, lake).unwrap();
        Self {
            silver: names.bucket(&Bucket::Silver),
            names,
            clock,
            store,
            ledger: MemoryLedger::default(),
            catalog: MemoryCatalog::default(),
            bug,
            written: Mutex::default(),
            settled: Mutex::default(),
            broken: Mutex::default(),
            reports: RefCell::default(),
            sent: Mutex::default(),
        }
    }

    /// Puts a file into landing.
    pub fn send(&self, key: &str, text: String) {
        let landing = self.names.bucket(&Bucket::Landing);
        let source = self.store.land(&landing, key, text.clone().into_bytes()).unwrap();
        self.sent.lock().unwrap().push((source, text));
    }

    /// Deletes a file in landing; its versions stay.
    pub fn delete(&self, key: &str) {
        self.store.delete(&self.names.bucket(&Bucket::Landing), key).unwrap();
    }

    pub fn deadline_millis(&self) -> i64 {
        self.clock.now_millis() + 900_000
    }

    /// Puts an object into silver that no source has.
    pub fn leave_an_orphan(&self) {
        let key = format!("events/part-{:032x}.parquet", 7);
        self.store.land(&self.silver, &key, "at,what -> at,what\nnobody's\n").unwrap();
    }

    /// Parts of large files, which are of no use by now.
    fn parts(&self) -> Vec<String> {
        let ops = self.store.contents(&self.names.bucket(&Bucket::Ops));
        ops.into_keys().filter(|key| key.starts_with(RunKeys::SPLITS)).collect()
    }

    /// All that must be true once everybody has come to an end and a run found nothing to do.
    pub fn judge(&self) -> Result<(), String> {
        if let Some(what) = self.broken.lock().unwrap().iter().min() {
            return Err(what.clone());
        }
        same("the rows in silver", self.rows_of(&Bucket::Silver), self.rows_sent(|_| true))?;
        let zone = |name| Bucket::Zone(ZoneName::new(name).unwrap());
        same(
            "the rows of marketing",
            self.rows_of(&zone("marketing")),
            self.rows_sent(|table| table == "events"),
        )?;
        same("the rows of finance", self.rows_of(&zone("finance")), self.rows_sent(|_| true))?;
        same("parts after the janitor", self.parts(), Vec::new())?;
        same("what became of the files", self.statuses(), self.statuses_due())?;
        self.each_file_was_converted_in_one_account()
    }

    fn rows_of(&self, bucket: &Bucket) -> Vec<String> {
        let objects = self.store.contents(&self.names.bucket(bucket));
        let mut rows = Vec::new();
        for (key, bytes) in objects {
            let table = key.split('/').next().unwrap_or_default().to_owned();
            // The first line says which columns the rows have.
            rows.extend(String::from_utf8_lossy(&bytes).lines().skip(1).map(|row| format!("{table} {row}")));
        }
        rows.sort();
        rows
    }

    /// One copy of every row of every version that was sent and is no broken file.
    fn rows_sent(&self, has: impl Fn(&str) -> bool) -> Vec<String> {
        let mut rows = Vec::new();
        for (source, text) in self.sent.lock().unwrap().iter() {
            let Some(table) = table_of(&source.key).filter(|table| has(table)) else { continue };
            if !text.starts_with("BROKEN") {
                let good = text.lines().filter(|row| !row.starts_with('!'));
                rows.extend(good.map(|row| format!("{table} {row}")));
            }
        }
        rows.sort();
        rows
    }

    fn statuses(&self) -> BTreeMap<String, Status> {
        let record =
            |record: tarn_core::Record| (format!("{} {}", record.key, record.version), record.status);
        self.ledger.all().into_iter().map(record).collect()
    }

    fn statuses_due(&self) -> BTreeMap<String, Status> {
        let due = |source: &SourceVersion, text: &str| match table_of(&source.key) {
            None => Status::Skipped,
            Some(_) if text.is_empty() => Status::Skipped,
            Some(_) if text.starts_with("BROKEN") => Status::Quarantined,
            Some(_) => Status::Done,
        };
        let sent = self.sent.lock().unwrap();
        let each = sent
            .iter()
            .map(|(source, text)| (format!("{} {}", source.key, source.version), due(source, text)));
        each.collect()
    }

    /// Runs that died have no account, so there may be fewer.
    fn each_file_was_converted_in_one_account(&self) -> Result<(), String> {
        let converted: u64 = self.reports.borrow().iter().map(|report| report.converted.files).sum();
        let done = self.statuses_due().values().filter(|status| **status == Status::Done).count() as u64;
        if let Some(report) = self.reports.borrow().iter().find(|report| !report.balanced) {
            return Err(format!("an account does not balance: {report:?}"));
        }
        if converted > done {
            return Err(format!("{converted} files were converted by all accounts, and {done} were sent"));
        }
        Ok(())
    }
}

fn table_of(key: &str) -> Option<&'static str> {
    if key.starts_with("events") { Some("events") } else { key.starts_with("orders/").then_some("orders") }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, due: T) -> Result<(), String> {
    if found == due { Ok(()) } else { Err(format!("{what} are {found:?} and should be {due:?}")) }
}
