//! A run: its id and its work list; where its papers lie in the ops bucket, and its account.

mod account;
mod papers;

use std::fmt;

use serde::{Deserialize, Serialize};
use tarn_lake::{TableName, ZoneName};

pub use account::{Class, ModelTally, RunReport, StepFailure, Tally};
pub use papers::RunKeys;

use crate::jobs::Waiting;
use crate::{Error, Kind, Portions, Record, SourceVersion};

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
