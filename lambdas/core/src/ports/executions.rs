//! Executions of the pipeline's state machine.

use async_trait::async_trait;

use crate::{Result, RunId};

/// What became of a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// A new run.
    New,
    /// A run of that id exists: this start was a repetition.
    Again,
}

/// The executions.
#[async_trait]
pub trait Executions: Send + Sync {
    /// Starts a run.
    async fn start(&self, run: &RunId) -> Result<Started>;
}
