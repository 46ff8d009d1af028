//! The catalog whole: what a backup takes of it, and a restoration gives back.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{CatalogPartition, CatalogTable};
use crate::Result;

/// A table with everything that the catalog keeps of it, so that it can be registered again as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogEntry {
    /// The database.
    pub database: String,
    /// The table's name.
    pub name: String,
    /// What it holds.
    pub description: String,
    /// `EXTERNAL_TABLE`, or `VIRTUAL_VIEW` for a view that somebody made.
    pub kind: String,
    /// Where its files lie.
    pub location: String,
    /// What reads its files.
    pub format: FileFormat,
    /// The columns of its files, in order.
    pub columns: Vec<EntryColumn>,
    /// The columns that are folders, the outermost first.
    pub partition_keys: Vec<EntryColumn>,
    /// What else whoever reads it wants to know.
    pub parameters: BTreeMap<String, String>,
    /// Of a view: its text, as Athena stores it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub view: String,
}

/// A column with what is said of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryColumn {
    /// Its name.
    pub name: String,
    /// Its type, in Glue's words.
    pub kind: String,
    /// What it means.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

/// What reads the files of a table, by the names of Hive's classes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFormat {
    /// Opens files.
    pub input: String,
    /// Writes files.
    pub output: String,
    /// Reads rows.
    pub serde: String,
    /// Its settings.
    pub settings: BTreeMap<String, String>,
}

impl FileFormat {
    /// That of Parquet.
    pub fn parquet() -> Self {
        Self {
            input: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat".into(),
            output: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat".into(),
            serde: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe".into(),
            settings: BTreeMap::new(),
        }
    }
}

impl From<&CatalogTable> for CatalogEntry {
    fn from(table: &CatalogTable) -> Self {
        let column = |(name, kind): &(String, String)| EntryColumn {
            name: name.clone(),
            kind: kind.clone(),
            comment: String::new(),
        };
        let parameters = [("classification", "parquet"), ("EXTERNAL", "TRUE")];
        Self {
            database: table.database.clone(),
            name: table.name.clone(),
            description: table.description.clone(),
            kind: "EXTERNAL_TABLE".into(),
            location: table.location.clone(),
            format: FileFormat::parquet(),
            columns: table.columns.iter().map(column).collect(),
            partition_keys: table.partition_keys.iter().map(column).collect(),
            parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            view: String::new(),
        }
    }
}

impl CatalogEntry {
    /// What of it a run registers.
    pub fn table(&self) -> CatalogTable {
        let typed = |columns: &[EntryColumn]| {
            columns.iter().map(|column| (column.name.clone(), column.kind.clone())).collect()
        };
        CatalogTable {
            database: self.database.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            location: self.location.clone(),
            columns: typed(&self.columns),
            partition_keys: typed(&self.partition_keys),
        }
    }
}

/// The catalog, table by table.
#[async_trait]
pub trait Registry: Send + Sync {
    /// Every table of a database, in the order of their names; none where there is no such database.
    async fn entries(&self, database: &str) -> Result<Vec<CatalogEntry>>;
    /// Every partition of a table, in the order of their values; none where there is no such table.
    async fn folders(&self, database: &str, name: &str) -> Result<Vec<CatalogPartition>>;
    /// Registers a table, or changes the one that is there to this one.
    async fn put(&self, entry: &CatalogEntry) -> Result<()>;
    /// Registers partitions with the columns of their table, and changes those that are there.
    async fn put_folders(&self, entry: &CatalogEntry, partitions: &[CatalogPartition]) -> Result<()>;
}
