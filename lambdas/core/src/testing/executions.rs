//! Executions that are only remembered.

use std::sync::Mutex;

use async_trait::async_trait;

use super::locked;
use crate::ports::{Executions, Started};
use crate::{Result, RunId};

/// Remembers which runs were started.
#[derive(Debug, Default)]
pub struct MemoryExecutions {
    runs: Mutex<Vec<RunId>>,
}

impl MemoryExecutions {
    /// The runs, in the order of their starts.
    pub fn runs(&self) -> Vec<RunId> {
        locked(&self.runs).clone()
    }
}

#[async_trait]
impl Executions for MemoryExecutions {
    async fn start(&self, run: &RunId) -> Result<Started> {
        let mut runs = locked(&self.runs);
        if runs.contains(run) {
            return Ok(Started::Again);
        }
        runs.push(run.clone());
        Ok(Started::New)
    }
}
