//! What changes between two states of a lake, as values: in the words of the lake, and resource by
//! resource. No account is asked, so what stands in one may differ from both.

mod access;
mod lake;
mod replacement;
mod stacks;

use serde::Serialize;

pub use access::{ALL_COLUMNS, AccessChange, Principal, Seen, Sight, Turn, access, matrix, place};
pub use lake::{ColumnChange, KeyChange, LakeChange, ModelChange, Right, TableChange, ZoneChange, lakes};
pub use replacement::Replacement;
pub use stacks::{Bodies, ResourceChange, StackChange, at_risk, stacks};

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It was not there before.
    Added,
    /// It is another.
    Changed,
    /// It is not there any more.
    Removed,
}

impl Change {
    /// What two states that differ say, or `None` where there is neither.
    fn of<T>(before: &Option<T>, after: &Option<T>) -> Option<Self> {
        match (before, after) {
            (None, None) => None,
            (None, Some(_)) => Some(Self::Added),
            (Some(_), Some(_)) => Some(Self::Changed),
            (Some(_), None) => Some(Self::Removed),
        }
    }
}

/// The keys of two maps, each once: those of the second in its order, then those that are gone.
fn keys<'a>(
    before: impl Iterator<Item = &'a String>,
    after: impl Iterator<Item = &'a String>,
) -> Vec<&'a String> {
    let mut keys: Vec<&String> = after.collect();
    let gone: Vec<&String> = before.filter(|key| !keys.contains(key)).collect();
    keys.extend(gone);
    keys
}
