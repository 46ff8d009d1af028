//! Where a table's rows lie in silver: in which folders, and in which order inside a file.

use serde::{Deserialize, Serialize};

use crate::{ColumnName, Layout};

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

    /// What keeps the rows of a layout from being placed so, in a sentence; nothing if they can be.
    pub fn fault(&self, layout: &Layout) -> Option<String> {
        let column = |name: &ColumnName| layout.in_silver().find(|column| column.name == *name);
        let all = || self.partition_by.iter().chain(&self.cluster_by);
        if let Some(name) = all().find(|name| column(name).is_none()) {
            return Some(format!("the files have no column `{name}` to partition or cluster by"));
        }
        if let Some((at, name)) =
            all().enumerate().find(|(at, name)| all().take(*at).any(|other| other == *name))
        {
            let twice = if at < self.partition_by.len() { "folders" } else { "folders or an order" };
            return Some(format!("the column `{name}` is given twice for {twice}"));
        }
        let hidden =
            |name: &&ColumnName| column(name).is_some_and(|column| column.quality.disguise.is_some());
        if let Some(name) = all().find(hidden) {
            return Some(format!(
                "the column `{name}` is hidden, and folders or an order would show its values"
            ));
        }
        let unspelled =
            |name: &&ColumnName| column(name).is_some_and(|column| !column.kind.can_be_a_folder());
        if let Some(name) = self.partition_by.iter().find(unspelled) {
            return Some(format!(
                "the column `{name}` has a type whose values have no one spelling for a folder"
            ));
        }
        let none_left = layout.in_silver().count() == self.partition_by.len();
        none_left.then(|| "the columns of folders are not in the files, and no other is left".into())
    }

    /// The same with a column of too many values in the order of rows instead of in folders.
    pub fn clustered(&self, column: &ColumnName) -> Self {
        let mut changed = self.clone();
        changed.partition_by.retain(|folder| folder != column);
        changed.cluster_by.insert(0, column.clone());
        changed
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
    use crate::{Column, ColumnType};

    #[test]
    fn a_column_of_too_many_values_goes_to_the_front_of_the_order() {
        let names =
            |names: &[&str]| names.iter().map(|name| ColumnName::new(*name).unwrap()).collect::<Vec<_>>();
        let (partition_by, cluster_by) = (names(&["day", "item"]), names(&["at"]));
        let placement = Placement { partition_by, cluster_by, ..Placement::PLAIN };
        let clustered = placement.clustered(&ColumnName::new("item").unwrap());
        assert_eq!((clustered.partition_by, clustered.cluster_by), (names(&["day"]), names(&["item", "at"])));
    }

    #[test]
    fn faults_of_a_placement_are_named() {
        let column = |name: &str, kind: ColumnType| Column::new(ColumnName::new(name).unwrap(), kind);
        let columns = vec![column("a", ColumnType::String), column("f", ColumnType::Float64)];
        let layout = Layout { from: None, columns };
        let fault = |folders: &[&str], order: &[&str]| {
            let names = |names: &[&str]| names.iter().map(|name| ColumnName::new(*name).unwrap()).collect();
            let (partition_by, cluster_by) = (names(folders), names(order));
            Placement { partition_by, cluster_by, ..Placement::PLAIN }.fault(&layout).unwrap_or_default()
        };
        assert_eq!(fault(&["a"], &["f"]), "");
        for (folders, order, said) in [
            (&["b"][..], &[][..], "no column `b`"),
            (&["a", "a"], &[], "twice"),
            (&["a"], &["a"], "twice"),
            (&["f"], &[], "no one spelling"),
        ] {
            assert!(fault(folders, order).contains(said), "{folders:?} {order:?}");
        }
    }

    #[test]
    fn what_an_older_lake_does_not_say_is_plain() {
        let read: Placement = serde_json::from_str("{}").unwrap();
        assert!(read.is_plain());
        assert_eq!(read.max_partitions, 256);
    }
}
