//! Models: gold tables that SQL makes of tables and of other models.

use serde::{Deserialize, Serialize};

use crate::csv::words;
use crate::{ColumnName, TableName};

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
