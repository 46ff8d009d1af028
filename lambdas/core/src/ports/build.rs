//! What makes a model: an engine for SQL, and the tables that it keeps.

use async_trait::async_trait;
use tarn_lake::{Lake, Model};

use crate::Result;

/// A model to be made.
#[derive(Debug, Clone, Copy)]
pub struct Build<'a> {
    /// The lake, whose tables and models it reads.
    pub lake: &'a Lake,
    /// The model; one of the lake's.
    pub model: &'a Model,
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
