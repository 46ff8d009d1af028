//! The ledger's rules: the record of every source version, and who may write it when.
//!
//! The ledger is lease, audit and speed. The truth is in the table: an output's name is derived
//! from its source, so two workers on one source write one object.

use serde::{Deserialize, Serialize};
use tarn_lake::TableName;

use crate::{RunId, SourceId};

/// How often a source is tried before it stays failed: four runs with the state machine's seven
/// tries each.
pub const MOST_ATTEMPTS: u32 = 28;

/// What the ledger knows of one source version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Which source.
    pub source_id: SourceId,
    /// Its landing key, for people.
    pub key: String,
    /// Its S3 version, for people.
    pub version: String,
    /// The table it belongs to, where one does.
    pub table: Option<TableName>,
    /// The run that wrote this record last.
    pub run: RunId,
    /// Where it stands.
    pub status: Status,
    /// Counts the leases; the fencing token of every later write.
    pub attempt: u32,
    /// Until when the lease holds, in milliseconds since 1970.
    pub lease_until_millis: i64,
    /// What became of it, once it is settled.
    pub outcome: Outcome,
}

/// Where a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Somebody works on it, or died working on it.
    Leased,
    /// Its rows are in silver.
    Done,
    /// The file as a whole breaks the rules of its table.
    Quarantined,
    /// Nothing to convert: empty, a folder marker, or of no table.
    Skipped,
    /// It could not be worked on; another run tries again.
    Failed,
}

impl Status {
    /// The word in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            Status::Leased => "leased",
            Status::Done => "done",
            Status::Quarantined => "quarantined",
            Status::Skipped => "skipped",
            Status::Failed => "failed",
        }
    }

    /// The status of that word.
    pub fn named(word: &str) -> Option<Self> {
        [Status::Leased, Status::Done, Status::Quarantined, Status::Skipped, Status::Failed]
            .into_iter()
            .find(|status| status.word() == word)
    }
}

/// What became of a source: class and reason where something was wrong, and the counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The failure class, such as `UNMATCHED`; empty when all is well.
    pub class: String,
    /// The reason in words; empty when all is well.
    pub reason: String,
    /// Rows in silver.
    pub rows: u64,
    /// Rows in quarantine.
    pub bad_rows: u64,
    /// Values that could not be read and are null in silver; their rows are in quarantine too.
    #[serde(default)]
    pub nulled_values: u64,
    /// Bytes read from landing.
    pub bytes_in: u64,
    /// Bytes written to silver.
    pub bytes_out: u64,
    /// Keys written to silver.
    pub outputs: Vec<String>,
}

/// What a worker asks for before it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Which source.
    pub source_id: SourceId,
    /// Its landing key.
    pub key: String,
    /// Its S3 version.
    pub version: String,
    /// Its table.
    pub table: TableName,
    /// For which run.
    pub run: RunId,
    /// Now, in milliseconds since 1970.
    pub now_millis: i64,
    /// Until when, in milliseconds since 1970; never before the worker is surely dead.
    pub until_millis: i64,
}

/// What the ledger answers to a lease.
#[allow(clippy::large_enum_variant, reason = "there is one for each file, and it does not live long")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Work on it; every later write carries this attempt.
    Granted {
        /// The fencing token.
        attempt: u32,
    },
    /// Nothing to do: somebody else settled it, or works on it.
    Taken(Record),
}

impl Outcome {
    /// What became of a source that nobody could work on.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self { class: "FAILED".into(), reason: reason.into(), ..Self::default() }
    }
}

impl Record {
    /// Whether a lease may be given over this record. The stores express the same rule as a
    /// condition, so that check and write are one step.
    ///
    /// A run may take a lease of its own again: its state machine calls for a source a second
    /// time only after the first call ended or was given up, and the attempt fences that one out.
    pub fn may_be_leased(&self, run: &RunId, now_millis: i64) -> bool {
        match self.status {
            Status::Leased => self.lease_until_millis < now_millis || self.run == *run,
            Status::Failed | Status::Skipped => self.attempt < MOST_ATTEMPTS,
            Status::Done | Status::Quarantined => false,
        }
    }

    /// The record of a lease that was given.
    pub fn leased(lease: &Lease, attempt: u32) -> Self {
        Self {
            source_id: lease.source_id.clone(),
            key: lease.key.clone(),
            version: lease.version.clone(),
            table: Some(lease.table.clone()),
            run: lease.run.clone(),
            status: Status::Leased,
            attempt,
            lease_until_millis: lease.until_millis,
            outcome: Outcome::default(),
        }
    }

    /// Whether the attempt may settle this record: it has the lease, and nobody has a newer one.
    pub fn is_leased_by(&self, attempt: u32) -> bool {
        self.status == Status::Leased && self.attempt == attempt
    }

    /// Whether a note may take this record's place: nobody works on the source or has settled it.
    pub fn may_be_noted_over(&self) -> bool {
        matches!(self.status, Status::Failed | Status::Skipped)
    }
}
