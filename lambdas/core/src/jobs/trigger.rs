//! Wakes the pipeline when files arrived. The queue's delay gathers what arrives together.

use serde::{Deserialize, Serialize};

use crate::ports::{Executions, Started};
use crate::source::digest;
use crate::{Result, RunId, S3Arrivals};

/// The job.
#[derive(Clone, Copy)]
pub struct Trigger<'a> {
    /// Starts runs.
    pub executions: &'a dyn Executions,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Triggered {
    /// The run that was started, if one was.
    pub run: Option<String>,
}

impl Trigger<'_> {
    /// Starts one run for a batch of arrivals. Its name comes from the batch, so that a batch
    /// delivered twice starts one run.
    pub async fn run(&self, arrivals: &S3Arrivals) -> Result<Triggered> {
        if arrivals.records.is_empty() {
            return Ok(Triggered { run: None });
        }
        let mut ids: Vec<&str> = arrivals.records.iter().map(|message| message.id.as_str()).collect();
        ids.sort_unstable();
        let run = RunId::new(format!("arrival-{}", digest(&ids)))?;
        let started = self.executions.start(&run).await?;
        Ok(Triggered { run: (started == Started::New).then(|| run.to_string()) })
    }
}
