//! A small lake with everything that stands in it, the files that were sent to it, and what must be
//! true of it in the end.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::Duration;

use tarn_core::ports::Clock;
use tarn_core::testing::{ManualClock, MemoryCatalog, MemoryLedger, MemoryStore, names, small_lake, table};
use tarn_core::{RunKeys, RunReport, SourceId, SourceVersion, Status};
use tarn_lake::{Arrival, Bucket, ColumnName, Lake, Names, OnOverwrite, Placement, Table, ZoneName};

use crate::ports::Bug;

/// Longer than any lease.
pub const PAST_EVERY_LEASE: Duration = Duration::from_secs(3_600);

/// Older than anything that a janitor lets alone.
pub const PAST_EVERY_AGE: Duration = Duration::from_secs(3 * 86_400);

/// The small lake, and a table for each way to take a second version of a file; one of those that
/// replace has folders.
fn lake() -> Lake {
    let of = |name: &str, on_overwrite| Table {
        arrival: Arrival { on_overwrite, ..Arrival::default() },
        ..table(name, &format!("{name}.csv"), &[(None, &["digit", "what"])])
    };
    let partition_by = vec![ColumnName::new("digit").unwrap()];
    let in_folders = Placement { partition_by, ..Placement::default() };
    let mut lake = small_lake();
    lake.tables.extend([
        of("stock", OnOverwrite::Replace),
        Table { placement: in_folders, ..of("prices", OnOverwrite::Replace) },
        of("bills", OnOverwrite::Reject),
    ]);
    lake.zones[1].tables =
        lake.tables.iter().map(|table| tarn_lake::ZoneTable::whole(table.name.clone())).collect();
    lake
}

/// What becomes of a file that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Done,
    Quarantined,
    Skipped,
    /// Another version of its key has its place; whether anybody found out before that it is broken is
    /// a matter of time.
    Outdone {
        broken: bool,
    },
}

impl Due {
    fn allows(self, status: Status) -> bool {
        match (self, status) {
            (Due::Done, Status::Done) | (Due::Quarantined, Status::Quarantined) => true,
            (Due::Skipped | Due::Outdone { .. }, Status::Skipped) => true,
            (Due::Outdone { broken }, Status::Quarantined) => broken,
            _ => false,
        }
    }
}

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
        let zones = lake().zones.into_iter().map(|zone| Bucket::Zone(zone.name));
        let buckets = Bucket::OWN.into_iter().chain(zones).map(|bucket| names.bucket(&bucket));
        let store = MemoryStore::new(clock.clone(), buckets);
        let lake = serde_json::to_vec(&lake()).unwrap();
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
        same("what became of the files", self.wrong_statuses(), Vec::new())?;
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

    /// One copy of every row of every version that was sent and counts.
    fn rows_sent(&self, has: impl Fn(&str) -> bool) -> Vec<String> {
        let mut rows = Vec::new();
        let due = self.due();
        for ((source, text), due) in self.sent.lock().unwrap().iter().zip(due) {
            let Some(table) = table_of(&source.key).filter(|table| has(table)) else { continue };
            if due == Due::Done {
                let good = text.lines().filter(|row| !row.starts_with('!'));
                rows.extend(good.map(|row| format!("{table} {row}")));
            }
        }
        rows.sort();
        rows
    }

    /// Whether the ledger says of each file what is due; the files of which it does not.
    fn wrong_statuses(&self) -> Vec<String> {
        let all = self.ledger.all();
        let record = |source: &SourceVersion| all.iter().find(|record| record.source_id == source.id());
        let due = self.due();
        let sent = self.sent.lock().unwrap();
        let wrong = sent.iter().zip(due).filter_map(|((source, _), due)| {
            let status = record(source).map(|record| record.status);
            let is_right = status.is_some_and(|status| due.allows(status));
            (!is_right).then(|| format!("{} {} is {status:?}, {due:?} is due", source.key, source.version))
        });
        wrong.collect()
    }

    /// What is to become of the files, in the order in which they were sent.
    fn due(&self) -> Vec<Due> {
        let sent = self.sent.lock().unwrap();
        let is_good = |text: &str| !text.is_empty() && !text.starts_with("BROKEN");
        let good_of = |key: &str| -> Vec<usize> {
            let mut numbers = 0..sent.len();
            numbers.by_ref().filter(|n| sent[*n].0.key == key && is_good(&sent[*n].1)).collect()
        };
        let due = |(number, (source, text)): (usize, &(SourceVersion, String))| {
            let Some(table) = table_of(&source.key) else { return Due::Skipped };
            let broken = text.starts_with("BROKEN");
            let has_place = match table {
                "stock" | "prices" => good_of(&source.key).last().copied(),
                "bills" => good_of(&source.key).first().copied(),
                _ => None,
            };
            let is_before = has_place.is_some_and(|place| number < place);
            let is_behind = has_place.is_some_and(|place| number > place);
            match table {
                _ if text.is_empty() => Due::Skipped,
                "stock" | "prices" if is_before => Due::Outdone { broken },
                "bills" if is_behind => Due::Outdone { broken },
                _ if broken => Due::Quarantined,
                _ => Due::Done,
            }
        };
        sent.iter().enumerate().map(due).collect()
    }

    /// Whether the last run found nothing to do.
    pub fn is_at_rest(&self) -> bool {
        self.reports.borrow().last().is_some_and(|report| report.landed.files == 0)
    }

    /// Runs that died have no account, so there may be fewer.
    fn each_file_was_converted_in_one_account(&self) -> Result<(), String> {
        let converted: u64 = self.reports.borrow().iter().map(|report| report.converted.files).sum();
        // One that was replaced was converted before.
        let due = self.due().into_iter();
        let good = due.filter(|due| matches!(due, Due::Done | Due::Outdone { broken: false })).count() as u64;
        if let Some(report) = self.reports.borrow().iter().find(|report| !report.balanced) {
            return Err(format!("an account does not balance: {report:?}"));
        }
        if converted > good {
            return Err(format!("{converted} files were converted by all accounts, and {good} were sent"));
        }
        Ok(())
    }
}

fn table_of(key: &str) -> Option<&'static str> {
    ["events", "orders", "stock", "prices", "bills"].into_iter().find(|table| key.starts_with(table))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, due: T) -> Result<(), String> {
    if found == due { Ok(()) } else { Err(format!("{what} are {found:?} and should be {due:?}")) }
}
