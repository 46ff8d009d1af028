//! What became of a deployment or a destruction, stack by stack.

use std::collections::BTreeMap;

use crate::DeployError;

/// What became of all stacks.
#[derive(Debug, Default)]
pub struct Report {
    /// In the order in which they settled.
    pub stacks: Vec<StackReport>,
    /// What still stands after a destruction, by name.
    pub left: Vec<String>,
    /// Stacks of the lake that its file does not have any more, and that a deployment let stand.
    pub strays: Vec<String>,
}

/// What became of one stack.
#[derive(Debug)]
pub struct StackReport {
    /// Its name.
    pub name: String,
    /// How it went.
    pub outcome: Outcome,
    /// How many resources of which type were touched.
    pub resources: BTreeMap<String, usize>,
}

/// How it went.
#[derive(Debug)]
pub enum Outcome {
    /// It is new.
    Created,
    /// It was changed.
    Updated,
    /// It was as it should be.
    Unchanged,
    /// It is gone.
    Deleted,
    /// It could not be done.
    Failed(DeployError),
    /// It was not tried, because this stack failed before it.
    Skipped {
        /// The stack it waits for.
        because: String,
    },
}

impl Outcome {
    /// Whether the stack is as it should be.
    pub fn is_good(&self) -> bool {
        !matches!(self, Outcome::Failed(_) | Outcome::Skipped { .. })
    }
}

impl Report {
    /// Whether everything is as it should be.
    pub fn is_good(&self) -> bool {
        self.left.is_empty() && self.stacks.iter().all(|stack| stack.outcome.is_good())
    }

    /// Resources touched, by type, over all stacks.
    pub fn resources(&self) -> BTreeMap<&str, usize> {
        let mut sums = BTreeMap::new();
        for (kind, count) in self.stacks.iter().flat_map(|stack| &stack.resources) {
            *sums.entry(kind.as_str()).or_default() += count;
        }
        sums
    }
}
