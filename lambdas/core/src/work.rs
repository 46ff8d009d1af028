//! What one call of `Convert` does: the lines of a run's work list.
//!
//! A call costs the same whether its file is small or large, so small files share one. The lines follow
//! from the plan alone, which lists every source by itself; so the account knows nothing of calls.

use serde::{Deserialize, Serialize};

use crate::WorkItem;

/// One line of the work list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// To convert these files, one after the other. Each has a lease of its own.
    Files(Vec<WorkItem>),
}

/// How files are portioned out to calls. A plan keeps the portions that it was made with, so a run that
/// is planned twice has one work list, also where a deployment comes in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portions {
    /// Files that share a call, at most. A file takes some ten requests, a fifth of a second, so a call
    /// of so many ends long before its function's time does.
    pub group_files: usize,
    /// Their bytes together, at most, as they lie in landing. A larger file has a call of its own.
    pub group_bytes: u64,
}

impl Default for Portions {
    fn default() -> Self {
        Self { group_files: 100, group_bytes: 16 << 20 }
    }
}
