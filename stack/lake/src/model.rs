//! Models: gold tables that SQL makes of tables and of other models.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::csv::words;
use crate::{ColumnName, Lake, TableName};

/// A gold table and the SQL that defines it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// What SQL calls it: the name of its file, shared with no table.
    pub name: TableName,
    /// What it holds, for people.
    #[serde(default)]
    pub description: String,
    /// One `SELECT`, without the header of the file.
    pub sql: String,
    /// The tables and models that it reads, in the order of their first mention; none twice.
    pub inputs: Vec<TableName>,
    /// What becomes of the rows that were there before.
    pub materialise: Materialise,
    /// Those that tell two rows apart; only with `merge`, and then never empty.
    #[serde(default)]
    pub key: Vec<ColumnName>,
    /// The table of which only new files are read; only with `append`, and then always.
    #[serde(default)]
    pub new_files_of: Option<TableName>,
    /// How its files are kept.
    #[serde(default)]
    pub format: ModelFormat,
    /// How its rows are laid out.
    #[serde(default)]
    pub partition_by: Vec<PartitionField>,
    /// What runs its SQL.
    #[serde(default)]
    pub engine: Engine,
    /// What must hold before its rows are published.
    #[serde(default)]
    pub tests: Vec<ModelTest>,
    /// The columns that had another name before: the new name, then the old one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub renamed: BTreeMap<ColumnName, ColumnName>,
}

impl Lake {
    /// Whether a model is run by Athena.
    pub fn asks_athena(&self) -> bool {
        self.models.iter().any(|model| model.engine == Engine::Athena)
    }

    /// Whether a model is run by Spark.
    pub fn asks_spark(&self) -> bool {
        self.models.iter().any(|model| model.engine == Engine::Spark)
    }

    /// The model of that name.
    pub fn model(&self, name: &TableName) -> Option<&Model> {
        self.models.iter().find(|model| model.name == *name)
    }

    /// The models in the order in which they are made: those of a level read tables and models of the
    /// levels before it. In each level they keep the order of the lake. What reads itself, which no
    /// file's lake has, comes last.
    pub fn model_levels(&self) -> Vec<Vec<&Model>> {
        let mut left: Vec<&Model> = self.models.iter().collect();
        let mut levels = Vec::new();
        while !left.is_empty() {
            let waits = |model: &&Model| left.iter().any(|other| model.inputs.contains(&other.name));
            let (waiting, ready): (Vec<_>, Vec<_>) = left.iter().copied().partition(waits);
            let stuck = ready.is_empty();
            levels.push(if stuck { waiting.clone() } else { ready });
            left = if stuck { Vec::new() } else { waiting };
        }
        levels
    }
}

words! {
    /// What becomes of the rows that a model had before.
    Materialise {
        /// They make room for the new ones.
        Replace = "replace",
        /// They stay, and those of files that are new come after them.
        Append = "append",
        /// Those whose key is among the new ones make room, the others stay.
        Merge = "merge",
        /// Those in partitions that new rows fall into make room, the others stay.
        Partition = "partition",
    }
}

words! {
    /// How the files of a model are kept.
    ModelFormat {
        /// An Apache Iceberg table.
        Iceberg = "iceberg",
        /// A folder of Parquet, to which the catalog points.
        Parquet = "parquet",
    }
}

words! {
    /// What runs the SQL of a model.
    Engine {
        /// DataFusion, inside of a Lambda or on this machine.
        DataFusion = "datafusion",
        /// Athena.
        Athena = "athena",
        /// Spark on EMR Serverless.
        Spark = "spark",
    }
}

#[allow(clippy::derivable_impls, reason = "the macro of words cannot mark one of them")]
impl Default for ModelFormat {
    fn default() -> Self {
        Self::Iceberg
    }
}

#[allow(clippy::derivable_impls, reason = "the macro of words cannot mark one of them")]
impl Default for Engine {
    fn default() -> Self {
        Self::DataFusion
    }
}

/// A column and what of it makes a partition, as Iceberg has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionField {
    /// A column of the model.
    pub column: ColumnName,
    /// What is taken of its values.
    pub transform: Transform,
}

/// What is taken of a value to make a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// The value itself.
    Identity,
    /// Its year.
    Year,
    /// Its month.
    Month,
    /// Its day.
    Day,
    /// Its hour.
    Hour,
    /// One of so many buckets, by its hash.
    Bucket(u32),
    /// So many of its first characters, or the multiple of so much that it lies above.
    Truncate(u32),
}

/// What must hold of a model's rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelTest {
    /// No two rows share the values of these columns.
    Unique(Vec<ColumnName>),
    /// None of these columns is null anywhere.
    NotNull(Vec<ColumnName>),
    /// Every value of the column that is not null is one of these.
    AcceptedValues {
        /// The column.
        column: ColumnName,
        /// The values, as SQL casts them to text.
        values: Vec<String>,
    },
    /// Every value of the column that is not null stands in a column of another table or model.
    Relationship {
        /// The column.
        column: ColumnName,
        /// The other table or model; one of the model's inputs.
        to: TableName,
        /// Its column.
        field: ColumnName,
    },
    /// A `SELECT` of the rows that must not be; the model itself is called by its name.
    Sql(String),
}

impl std::fmt::Display for PartitionField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let column = &self.column;
        match self.transform {
            Transform::Identity => write!(f, "{column}"),
            Transform::Year => write!(f, "year({column})"),
            Transform::Month => write!(f, "month({column})"),
            Transform::Day => write!(f, "day({column})"),
            Transform::Hour => write!(f, "hour({column})"),
            Transform::Bucket(count) => write!(f, "bucket({count}, {column})"),
            Transform::Truncate(width) => write!(f, "truncate({width}, {column})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Environment, EnvironmentName, LakeName};

    fn lake(models: &[(&str, &[&str])]) -> Lake {
        let environment = Environment::throwaway(EnvironmentName::new("dev").unwrap());
        let mut lake = Lake::named(LakeName::new("shop").unwrap(), environment);
        let model = |(name, inputs): &(&str, &[&str])| json!({"name": name, "sql": "select 1", "inputs": inputs, "materialise": "replace"});
        let models = models.iter().map(|it| serde_json::from_value(model(it)).unwrap());
        lake.models = models.collect();
        lake
    }

    fn levels(lake: &Lake) -> Vec<Vec<&str>> {
        let names = |level: Vec<&'_ Model>| -> Vec<_> {
            level.iter().map(|model| lake.model(&model.name).unwrap().name.as_str()).collect()
        };
        lake.model_levels().into_iter().map(names).collect()
    }

    #[test]
    fn a_model_comes_after_all_that_it_reads() {
        let lake = lake(&[("c", &["b", "a"]), ("a", &["events"]), ("d", &[]), ("b", &["a", "events"])]);
        assert_eq!(levels(&lake), [vec!["a", "d"], vec!["b"], vec!["c"]]);
    }

    #[test]
    fn models_in_a_circle_end_the_levels() {
        let lake = lake(&[("a", &["b"]), ("b", &["a"]), ("c", &["b"]), ("d", &["events"])]);
        assert_eq!(levels(&lake), [vec!["d"], vec!["a", "b", "c"]]);
    }

    #[test]
    fn a_lake_without_models_says_nothing_of_them() {
        let written = serde_json::to_value(lake(&[])).unwrap();
        assert!(written.get("models").is_none());
        assert_eq!(serde_json::from_value::<Lake>(written).unwrap(), lake(&[]));
    }
}
