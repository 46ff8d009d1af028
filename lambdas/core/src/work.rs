//! What one call of `Convert` does: the lines of a run's work list.
//!
//! A call costs the same whether its file is small or large, so small files share one. The lines follow
//! from the plan alone, which lists every source by itself; so the account knows nothing of calls.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::WorkItem;

/// One line of the work list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// To convert these files, one after the other. Each has a lease of its own.
    Files(Vec<WorkItem>),
    /// To begin with a large file: to say where it is cut.
    Survey(Split),
    /// To convert one part of a large file.
    Part(Split),
    /// To put the parts of a large file together.
    Gather(Split),
}

impl Work {
    /// The files that it settles, if all goes well.
    pub fn files(&self) -> &[WorkItem] {
        match self {
            Self::Files(items) => items,
            Self::Gather(split) => std::slice::from_ref(&split.item),
            Self::Survey(_) | Self::Part(_) => &[],
        }
    }
}

/// One range of a large file, and the part that begins in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// The file.
    pub item: WorkItem,
    /// Which range, counted from 0.
    pub nth: u32,
    /// How many there are.
    pub of: u32,
    /// How long each is, but for the last.
    pub range_bytes: u64,
}

impl Split {
    /// The bytes of the range.
    pub fn range(&self) -> Range<u64> {
        let start = u64::from(self.nth).saturating_mul(self.range_bytes);
        start..start.saturating_add(self.range_bytes).min(self.item.source.size_bytes)
    }
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
    /// A file of so many bytes is split, if its table allows it. Below, the further steps of a split
    /// take longer than they save.
    pub split_from_bytes: u64,
    /// The ranges that it is split into. Parts are held in memory one at a time where they are put
    /// together.
    pub range_bytes: u64,
}

impl Default for Portions {
    fn default() -> Self {
        Self { group_files: 100, group_bytes: 16 << 20, split_from_bytes: 512 << 20, range_bytes: 128 << 20 }
    }
}
