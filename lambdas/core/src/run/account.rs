//! The account of a run: what became of every file, and what needs a look.

use serde::{Deserialize, Serialize};
use tarn_lake::Day;

use crate::jobs::{Modelled, Waiting};
use crate::{Record, Status};

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
