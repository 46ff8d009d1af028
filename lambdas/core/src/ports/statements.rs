//! Statements that an engine outside of the worker runs.

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
