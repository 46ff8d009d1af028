//! What makes a model: an engine for SQL, and the tables that it keeps.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tarn_lake::{Lake, Model};

use crate::{Result, RunId};

/// A model to be made.
#[derive(Debug, Clone, Copy)]
pub struct Build<'a> {
    /// The lake, whose tables and models it reads.
    pub lake: &'a Lake,
    /// The model; one of the lake's.
    pub model: &'a Model,
    /// The run that it is made in.
    pub run: &'a RunId,
    /// When the work must have ended, in milliseconds since 1970.
    pub deadline_millis: i64,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Built {
    /// Its rows were made anew and published: so many were written.
    Anew {
        /// Rows in files that were written.
        rows: u64,
        /// Files that an appended model took before and that are others now; their rows stay as they were.
        changed_inputs: u64,
    },
    /// What it reads is what it read when it was made last, and so are its SQL and its settings.
    Unchanged,
}

/// Makes models. Made twice, at the same time or one after the other, a model is what it is when it is
/// made once; a test that fails is an error, and then nothing is published.
#[async_trait]
pub trait Builder: Send + Sync {
    /// Makes the model, if it is due.
    async fn build(&self, build: &Build<'_>) -> Result<Built>;
}

/// What the upkeep of a model's table did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Small files that were put together.
    pub compacted: u64,
    /// The files that they became.
    pub into: u64,
    /// Old snapshots that went.
    pub snapshots: u64,
    /// Files that nothing named any more: they went, unless they were only to be counted.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether a run published meanwhile, so that something is left for the next time.
    pub overtaken: bool,
}

/// Keeps the tables of models. No row changes by it, and it may be killed at any time.
#[async_trait]
pub trait Keeper: Send + Sync {
    /// Keeps the table of a model, if it has any; files that nothing names go only if `removes` says so.
    async fn keep(&self, model: &Model, removes: bool, deadline_millis: i64) -> Result<Kept>;
}
