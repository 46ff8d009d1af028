//! Where a table's rows lie in silver: in which folders, and in which order inside a file.

use serde::{Deserialize, Serialize};

use crate::ColumnName;

/// How the rows of a table are laid out.
///
/// The choice is the table's and not a file's: a reader finds the same folders for every source.
/// A file with more values than `max_partitions` is refused, never laid out in another way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Placement {
    /// Columns that become Hive folders, `event=view/`, the outermost first. They are not in the
    /// Parquet files.
    pub partition_by: Vec<ColumnName>,
    /// The most folders that the rows of one file may go to.
    pub max_partitions: u32,
    /// Columns that the rows of each row group are sorted by, the first one first.
    pub cluster_by: Vec<ColumnName>,
}

impl Placement {
    /// As many folders as a file may have where the table does not say: each is an object, a sink
    /// and a row group in the making.
    pub const MAX_PARTITIONS: u32 = 256;

    /// Rows as they come, in one file.
    pub const PLAIN: Self =
        Self { partition_by: Vec::new(), max_partitions: Self::MAX_PARTITIONS, cluster_by: Vec::new() };

    /// Whether rows lie as they came, in one file.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a column is a folder's name and not in the file.
    pub fn is_folder(&self, column: &ColumnName) -> bool {
        self.partition_by.contains(column)
    }
}

impl Default for Placement {
    fn default() -> Self {
        Self::PLAIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_lake_does_not_say_is_plain() {
        let read: Placement = serde_json::from_str("{}").unwrap();
        assert!(read.is_plain());
        assert_eq!(read.max_partitions, 256);
    }
}
