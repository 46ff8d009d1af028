//! A run: its id, its work list, where its papers lie in the ops bucket, and its account.

use std::fmt;

use serde::{Deserialize, Serialize};
use tarn_lake::{Day, TableName, ZoneName};

use crate::jobs::{Modelled, Waiting};
use crate::{Error, Kind, Portions, Record, SourceId, SourceVersion, Status};

/// The id of a run: the name of its execution.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    /// Checks the rule: 1 to 80 letters, digits, `-` and `_` (source: names of executions).
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let text = text.into();
        let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if (1..=80).contains(&text.len()) && text.bytes().all(legal) {
            Ok(Self(text))
        } else {
            Err(Error::new(
                Kind::Invalid,
                format!("`{text}` is no run id: 1 to 80 letters, digits, `-` and `_`"),
            ))
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RunId {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        Self::new(text)
    }
}

impl From<RunId> for String {
    fn from(run: RunId) -> String {
        run.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where things lie in the ops bucket.
#[derive(Debug, Clone, Copy)]
pub struct RunKeys<'a>(pub &'a RunId);

impl RunKeys<'_> {
    /// The lake as deployed; a run pins its own copy, so that a deploy in between changes nothing.
    pub const DEPLOYED_LAKE: &'static str = "config/lake.json";

    /// Below it, what a deployment leaves for others to read.
    pub const CONFIG: &'static str = "config/";

    /// The project's files as they were deployed, text by path.
    pub const PROJECT: &'static str = "config/project.json";

    /// Below it, the papers of runs.
    pub const RUNS: &'static str = "runs/";

    /// Below it, the sets of backups.
    pub const BACKUPS: &'static str = "backups/";

    /// Below it, the parts of large files, by run.
    pub const SPLITS: &'static str = "splits/";

    /// The lake this run works by.
    pub fn lake(&self) -> String {
        self.file("lake.json")
    }
    /// One line for each call that converts files.
    pub fn work(&self) -> String {
        self.file("work.jsonl")
    }
    /// One line for each range of a large file that is to be looked at.
    pub fn surveys(&self) -> String {
        self.file("surveys.jsonl")
    }
    /// One line for each large file whose parts are to be put together.
    pub fn gathers(&self) -> String {
        self.file("gathers.jsonl")
    }
    /// One line for each table.
    pub fn tables(&self) -> String {
        self.file("tables.jsonl")
    }
    /// One line for each model that reads only tables and models of levels before.
    pub fn models(&self, level: u32) -> String {
        self.file(&format!("models-{level}.jsonl"))
    }
    /// Below it, what became of each model that did not fail.
    pub fn modelled(&self) -> String {
        self.file("models/")
    }
    /// What became of one.
    pub fn modelled_as(&self, model: &TableName) -> String {
        self.file(&format!("models/{model}.json"))
    }
    /// One line for each zone.
    pub fn zones(&self) -> String {
        self.file("zones.jsonl")
    }
    /// One line for each crawler.
    pub fn crawlers(&self) -> String {
        self.file("crawlers.jsonl")
    }
    /// What was found in landing.
    pub fn plan(&self) -> String {
        self.file("plan.json")
    }
    /// Below it, a note for each table, zone or crawler that failed.
    pub fn failures(&self) -> String {
        self.file("failed/")
    }
    /// The note of one.
    pub fn failure(&self, step: &str, what: &str) -> String {
        self.file(&format!("failed/{step}/{what}.json"))
    }
    /// Below it, what is known of the parts of a large file, and the parts themselves. Under a prefix of
    /// its own, because it is of no use after the run.
    pub fn split(&self, source: &SourceId) -> String {
        format!("{}{}/{source}/", Self::SPLITS, self.0)
    }

    /// Below it, for each zone that something was taken away from, what.
    pub fn synced(&self) -> String {
        self.file("synced/")
    }
    /// What was taken away from one.
    pub fn synced_zone(&self, zone: &ZoneName) -> String {
        self.file(&format!("synced/{zone}.json"))
    }
    /// The account.
    pub fn report(&self) -> String {
        self.file("report.json")
    }

    fn file(&self, name: &str) -> String {
        format!("runs/{}/{name}", self.0)
    }
}

/// One source to convert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkItem {
    /// The run it belongs to.
    pub run: RunId,
    /// The table it belongs to.
    pub table: TableName,
    /// What to convert.
    pub source: SourceVersion,
    /// Which of the table's layouts is valid for it.
    pub layout: usize,
    /// How often it was tried before this run.
    #[serde(default)]
    pub tried: u32,
}

/// One line of the table list: register this table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableItem {
    /// The run.
    pub run: RunId,
    /// The table.
    pub table: TableName,
}

/// One line of a list of models: make this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelItem {
    /// The run.
    pub run: RunId,
    /// The model.
    pub model: TableName,
}

/// One line of the zone list: bring this zone up to date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneItem {
    /// The run.
    pub run: RunId,
    /// The zone.
    pub zone: ZoneName,
    /// The function that serves it.
    pub function: String,
}

/// One line of the crawler list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrawlerItem {
    /// The run.
    pub run: RunId,
    /// The crawler's name.
    pub crawler: String,
}

/// A table, a zone or a crawler that a step of a run failed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFailure {
    /// The step.
    pub step: String,
    /// With what.
    pub what: String,
    /// The error's name.
    pub error: String,
    /// What the state machine knows of it: of a function's error, its JSON.
    pub cause: String,
}

impl StepFailure {
    /// In one line. Of a function's error, its message is what a person wants.
    pub fn remark(&self) -> String {
        const LONGEST_CAUSE: usize = 500;
        let Self { step, what, error, cause } = self;
        let parsed: Option<serde_json::Value> = serde_json::from_str(cause).ok();
        let message = parsed.as_ref().and_then(|parsed| parsed["errorMessage"].as_str());
        let cause: String = message.unwrap_or(cause).chars().take(LONGEST_CAUSE).collect();
        format!("{what}: {step} failed: {error}: {cause}")
    }
}

/// What PlanRun found: every new source, once. Written once for a run, by whoever is first; all other
/// papers follow from it, so two planners of one run cannot mix theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The run.
    pub run: RunId,
    /// All new sources, whatever becomes of them.
    pub landed: Tally,
    /// New sources on the work list.
    pub planned: Tally,
    /// Every source that is to be converted.
    pub work: Vec<WorkItem>,
    /// How they are portioned out to calls.
    #[serde(default)]
    pub portions: Portions,
    /// New sources that PlanRun settled itself: empty files, names of no table.
    pub settled: Vec<Settled>,
    /// When it was made, in milliseconds since 1970.
    #[serde(default)]
    pub began_millis: i64,
    /// Tables that not every run takes, and that this one takes.
    #[serde(default)]
    pub takes: Vec<TableName>,
    /// New sources that are left for a later run. They are not among those that landed.
    #[serde(default)]
    pub waiting: Vec<Waiting>,
}

/// A source that needs no work, and what the ledger is to say of it. Its size stands here, because its
/// record may change hands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Its record.
    pub record: Record,
    /// Its size in landing.
    pub size_bytes: u64,
}

/// So many files with so many bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many files.
    pub files: u64,
    /// How many bytes, as they lie in landing.
    pub bytes: u64,
}

impl Tally {
    /// Adds one file.
    pub fn add(&mut self, size_bytes: u64) {
        self.files += 1;
        self.bytes += size_bytes;
    }
}

/// The classes of the account: every file that landed is in exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// In silver.
    Converted,
    /// Refused as a whole.
    Quarantined,
    /// Settled by another run in the meantime.
    Duplicate,
    /// Nothing to convert, or of no table.
    Skipped,
    /// Could not be worked on.
    Failed,
}

impl Class {
    /// In which class a source is in the account of a run, by what the ledger says of it; in none while
    /// somebody of this run works on it.
    pub fn of(run: &str, record: &Record) -> Option<Self> {
        if record.run.as_str() != run {
            return Some(Class::Duplicate);
        }
        match record.settled_as() {
            Status::Done => Some(Class::Converted),
            Status::Quarantined => Some(Class::Quarantined),
            Status::Skipped => Some(Class::Skipped),
            Status::Failed => Some(Class::Failed),
            Status::Leased | Status::Reopened => None,
        }
    }

    /// The word in accounts.
    pub fn word(self) -> &'static str {
        match self {
            Class::Converted => "converted",
            Class::Quarantined => "quarantined",
            Class::Duplicate => "duplicate",
            Class::Skipped => "skipped",
            Class::Failed => "failed",
        }
    }
}

/// What became of the models of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelTally {
    /// Made anew.
    pub built: u64,
    /// Up to date already.
    pub unchanged: u64,
    /// Not made, since one that they read was not.
    pub skipped: u64,
    /// Not made, and they are why.
    pub failed: u64,
    /// Rows written.
    pub rows: u64,
}

impl ModelTally {
    /// Whether there was no model.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The account of a run. It must balance: every file that landed is in exactly one class.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// The run.
    pub run: String,
    /// New sources that the run found.
    pub landed: Tally,
    /// In silver.
    pub converted: Tally,
    /// Refused as a whole.
    pub quarantined: Tally,
    /// Settled by another run in the meantime.
    pub duplicate: Tally,
    /// Nothing to convert, or of no table.
    pub skipped: Tally,
    /// Could not be worked on.
    pub failed: Tally,
    /// New, and left for a later run, since their table is not due. They are not among those that landed.
    #[serde(default)]
    pub waiting: Tally,
    /// Tables, models, zones and crawlers that a step failed with.
    #[serde(default)]
    pub failed_steps: u64,
    /// What became of models; nothing is said of them in a lake that has none.
    #[serde(default, skip_serializing_if = "ModelTally::is_empty")]
    pub models: ModelTally,
    /// Rows in silver, from this run.
    pub rows: u64,
    /// Rows in quarantine, from this run.
    pub bad_rows: u64,
    /// Values that could not be read and are null in silver, from this run.
    #[serde(default)]
    pub nulled_values: u64,
    /// Bytes of Parquet, from this run.
    pub bytes_out: u64,
    /// Whether `landed` is the sum of the classes, in files and in bytes.
    pub balanced: bool,
    /// When the run was planned, in milliseconds since 1970.
    #[serde(default)]
    pub began_millis: i64,
    /// When this account was made, in milliseconds since 1970.
    #[serde(default)]
    pub ended_millis: i64,
    /// What needs a look, at most 100: `what: STEP failed: error: cause`, then
    /// `zone NAME: TAKEN: what`, then `key: CLASS: reason`.
    pub remarks: Vec<String>,
}

impl RunReport {
    const MOST_REMARKS: usize = 100;

    /// Adds what a step failed with.
    pub fn count_failure(&mut self, failure: &StepFailure) {
        self.failed_steps += 1;
        if failure.step == Modelled::STEP {
            self.models.failed += 1;
        }
        self.remark(failure.remark());
    }

    /// Adds what became of a model.
    pub fn count_model(&mut self, model: &str, modelled: &Modelled) {
        match modelled {
            Modelled::Built { rows, changed_inputs } => {
                self.models.built += 1;
                self.models.rows += rows;
                if *changed_inputs > 0 {
                    self.remark(format!(
                        "model {model}: CHANGED: {changed_inputs} files that it took before are others now; it \
                         appends, so their rows stay as they were"
                    ));
                }
            }
            Modelled::Unchanged => self.models.unchanged += 1,
            Modelled::Skipped { reason } => {
                self.models.skipped += 1;
                self.remark(format!("model {model}: SKIPPED: {reason}"));
            }
        }
    }

    /// Tells something, if there is room for it.
    fn remark(&mut self, remark: String) {
        if self.remarks.len() < Self::MOST_REMARKS {
            self.remarks.push(remark);
        }
    }

    /// Tells what a zone may not have any more, and has not.
    pub fn count_taken(&mut self, zone: &str, taken: &[String]) {
        let room = Self::MOST_REMARKS.saturating_sub(self.remarks.len());
        self.remarks.extend(taken.iter().take(room).map(|what| format!("zone {zone}: TAKEN: {what}")));
    }

    /// Adds files that wait for their table's turn.
    pub fn count_waiting(&mut self, waiting: &Waiting) {
        let Waiting { table, frequency, files, until_millis } = waiting;
        self.waiting.files += files.files;
        self.waiting.bytes += files.bytes;
        let until = Day::of_epoch_millis(*until_millis).map(|day| day.to_string()).unwrap_or_default();
        let count = match files.files {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        };
        self.remark(format!(
            "{table}: WAITING: {count} until {until}, as it is taken {}; `tarn run --table {table}` takes it now",
            frequency.word()
        ));
    }

    /// Puts a source into its class, by what the ledger says of it.
    pub fn count(&mut self, size_bytes: u64, record: Option<&Record>) {
        let Some(record) = record else { return };
        match Class::of(&self.run, record) {
            Some(Class::Duplicate) => return self.duplicate.add(size_bytes),
            Some(Class::Converted) => {
                self.converted.add(size_bytes);
                self.rows += record.outcome.rows;
                self.bad_rows += record.outcome.bad_rows;
                self.nulled_values += record.outcome.nulled_values;
                self.bytes_out += record.outcome.bytes_out;
            }
            Some(Class::Quarantined) => self.quarantined.add(size_bytes),
            Some(Class::Skipped) => self.skipped.add(size_bytes),
            Some(Class::Failed) => self.failed.add(size_bytes),
            None => {}
        }
        self.remark_of(record);
    }

    /// How long it took, from the plan to this account.
    pub fn seconds(&self) -> f64 {
        self.ended_millis.saturating_sub(self.began_millis) as f64 / 1_000.0
    }

    /// Compares what landed with the sum of the classes.
    pub fn balance(&mut self) {
        let classes = [self.converted, self.quarantined, self.duplicate, self.skipped, self.failed];
        let files: u64 = classes.iter().map(|tally| tally.files).sum();
        let bytes: u64 = classes.iter().map(|tally| tally.bytes).sum();
        self.balanced = self.landed == Tally { files, bytes };
    }

    fn remark_of(&mut self, record: &Record) {
        let Record { key, outcome, .. } = record;
        if !outcome.class.is_empty() {
            self.remark(format!("{key}: {}: {}", outcome.class, outcome.reason));
        }
        if record.status == Status::Done && outcome.bad_rows > 0 {
            self.remark(format!("{key}: BAD_ROWS: {} in quarantine", outcome.bad_rows));
        }
        if record.status == Status::Done && outcome.nulled_values > 0 {
            let values = outcome.nulled_values;
            self.remark(format!("{key}: NULLED_VALUES: {values} in silver, their rows in quarantine too"));
        }
    }
}
