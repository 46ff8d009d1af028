//! What engines outside of the worker run: statements of SQL, and jobs of Spark.

use async_trait::async_trait;

use crate::Result;

/// A statement of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement<'a> {
    /// What tells it from every other one: 32 to 128 letters, digits and `-`.
    pub name: &'a str,
    /// Its text; the same whenever the name is.
    pub sql: &'a str,
    /// Until when its end is waited for, in milliseconds since 1970.
    pub deadline_millis: i64,
}

/// How a statement ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// What it was to do is done.
    Done,
    /// It failed, and would again.
    Refused {
        /// Why, in words that hold no value of any row.
        reason: String,
    },
    /// It failed by no fault of its own. The same text may end well, under another name.
    Broken {
        /// Why.
        reason: String,
    },
}

/// Runs statements. One of a name is begun once: whoever asks again waits for the end of the first, or
/// learns how it ended. So a worker may die, or run out of time, and another one goes on waiting.
#[async_trait]
pub trait Statements: Send + Sync {
    /// Begins a statement unless it was begun, and waits for its end; `OutOfTime` if that takes longer than
    /// its deadline, and then it goes on.
    async fn run(&self, statement: &Statement<'_>) -> Result<Ended>;
}

/// A job of Spark: a script in Python, and what it is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SparkJob<'a> {
    /// What tells it from every other one: at most 64 letters, digits and `-`.
    pub name: &'a str,
    /// Where the script lies, as `s3://BUCKET/KEY`.
    pub script: &'a str,
    /// The script's only argument, which is as short: where what it is to do lies.
    pub request: &'a str,
    /// Until when its end is waited for, in milliseconds since 1970.
    pub deadline_millis: i64,
}

/// Runs jobs of Spark, by the same rules as [`Statements`]. Where a service forgets names, there may be two jobs of
/// one name; a script must stand that.
#[async_trait]
pub trait SparkJobs: Send + Sync {
    /// Begins a job unless it was begun, and waits for its end; `OutOfTime` if that takes longer than its
    /// deadline, and then it goes on.
    async fn run(&self, job: &SparkJob<'_>) -> Result<Ended>;
}
