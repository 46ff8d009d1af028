//! The ledger's rules: the record of every source version, and who may write it when.
//!
//! The ledger is lease, audit and speed. The truth is in the table: an output's name is derived
//! from its source, so two workers on one source write one object.

use serde::{Deserialize, Serialize};
use tarn_lake::TableName;

use crate::{Error, Kind, RunId, SourceId};

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
    /// How it was settled before somebody opened it again, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Past>,
}

/// How a source was settled once, before it was opened again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The run that settled it.
    pub run: RunId,
    /// How.
    pub status: Status,
    /// After how many attempts.
    pub attempt: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// When it was opened again, in milliseconds since 1970.
    pub reopened_millis: i64,
    /// Who opened it, as they call themselves.
    pub reopened_by: String,
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
    /// It was settled, and somebody wants it to be converted again; the next run does.
    Reopened,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Status::Leased,
        Status::Done,
        Status::Quarantined,
        Status::Skipped,
        Status::Failed,
        Status::Reopened,
    ];

    /// The word in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            Status::Leased => "leased",
            Status::Done => "done",
            Status::Quarantined => "quarantined",
            Status::Skipped => "skipped",
            Status::Failed => "failed",
            Status::Reopened => "reopened",
        }
    }

    /// The status of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// What became of a source: class and reason where something was wrong, and the counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The failure class, such as `UNMATCHED`, or that of a remark on a file that is in silver; empty
    /// when all is well.
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
    /// When that was known, in milliseconds since 1970; 0 in records of an earlier tarn.
    #[serde(default)]
    pub settled_millis: i64,
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

/// Which records are asked for: those that fit everything that is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Those of that status.
    pub status: Option<Status>,
    /// Those of that table.
    pub table: Option<TableName>,
    /// Those that the run wrote last.
    pub run: Option<RunId>,
    /// Those whose landing keys begin so.
    pub prefix: String,
}

impl Selection {
    /// Whether a record is asked for. The stores express the same rule as a filter.
    pub fn has(&self, record: &Record) -> bool {
        self.status.is_none_or(|status| record.status == status)
            && self.table.as_ref().is_none_or(|table| record.table.as_ref() == Some(table))
            && self.run.as_ref().is_none_or(|run| record.run == *run)
            && record.key.starts_with(&self.prefix)
    }
}

impl Outcome {
    /// What became of a source that nobody could work on.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self { class: "FAILED".into(), reason: reason.into(), ..Self::default() }
    }

    /// The same, known since then.
    pub fn at(self, settled_millis: i64) -> Self {
        Self { settled_millis, ..self }
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
            Status::Failed | Status::Skipped => self.attempt < self.most_attempts(),
            Status::Done | Status::Quarantined => false,
            Status::Reopened => true,
        }
    }

    /// Up to which attempt it is tried: attempts are never counted down, so what was opened again gets
    /// as many more as it had had.
    pub fn most_attempts(&self) -> u32 {
        self.history.last().map_or(0, |past| past.attempt) + MOST_ATTEMPTS
    }

    /// The record once it is opened again; `None` where there is nothing to open: somebody works on the
    /// source, it is open already, or it needs no work and is looked at by every run.
    ///
    /// What became of it stays until the next worker has it: its rows are in silver all the while.
    pub fn reopened(&self, now_millis: i64, by: &str) -> Option<Self> {
        const LONGEST_HISTORY: usize = 20;
        if !matches!(self.status, Status::Done | Status::Quarantined | Status::Failed) {
            return None;
        }
        let past = Past {
            run: self.run.clone(),
            status: self.status,
            attempt: self.attempt,
            // The record has room for the names of one conversion's outputs.
            outcome: Outcome { outputs: Vec::new(), ..self.outcome.clone() },
            reopened_millis: now_millis,
            reopened_by: by.to_owned(),
        };
        let forgotten = (self.history.len() + 1).saturating_sub(LONGEST_HISTORY);
        let kept = self.history.iter().skip(forgotten).cloned();
        Some(Self { status: Status::Reopened, history: kept.chain([past]).collect(), ..self.clone() })
    }

    /// The record of a lease that was given over what was known of the source.
    pub fn leased(lease: &Lease, attempt: u32, known: Option<&Self>) -> Self {
        Self {
            history: known.map(|known| known.history.clone()).unwrap_or_default(),
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
        matches!(self.status, Status::Failed | Status::Skipped | Status::Reopened)
    }

    /// Whether its rows are in silver, and nobody works on it: others may take their place.
    pub fn may_be_retired(&self) -> bool {
        self.settled_as() == Status::Done
    }

    /// The record once a note has taken the place of what was known of the source.
    pub fn noted_over(&self, known: Option<&Self>) -> Self {
        let history = known.map(|known| known.history.clone()).unwrap_or_default();
        Self { history, ..self.clone() }
    }

    /// How it was settled last: what was opened again stands as it was until somebody has it.
    pub fn settled_as(&self) -> Status {
        match (self.status, self.history.last()) {
            (Status::Reopened, Some(past)) => past.status,
            (status, _) => status,
        }
    }

    /// The answer to who would open it, where it is not as it was read, or cannot be opened.
    pub fn not_reopened(&self) -> Error {
        let what = format!(
            "{} ({}) was not opened again: somebody works on it, or its record has changed meanwhile",
            self.key, self.version
        );
        Error::new(Kind::Conflict, what)
    }

    /// Whether a backup's record may take the place of the one that is there now: it must still be the
    /// one that was read.
    pub fn may_be_restored_over(&self, now: Option<&Self>, read: Option<&Self>) -> bool {
        match (now, read) {
            (None, None) => true,
            (Some(now), Some(read)) => now.is_still(read),
            _ => false,
        }
    }

    /// The answer to who would restore a record that has changed meanwhile.
    pub fn not_restored(&self) -> Error {
        let (key, version) = (&self.key, &self.version);
        Error::new(
            Kind::Conflict,
            format!("{key} ({version}) was not restored: its record has changed meanwhile"),
        )
    }

    /// What must not have changed since it was read, for somebody to change it by hand.
    pub fn is_still(&self, other: &Self) -> bool {
        (self.status, self.attempt, &self.run) == (other.status, other.attempt, &other.run)
    }
}
