//! The Glue catalog: the address of the data.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::Result;

/// A table as the catalog should have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogTable {
    /// The database.
    pub database: String,
    /// The table's name.
    pub name: String,
    /// What it holds.
    pub description: String,
    /// Where its Parquet files lie: `s3://bucket/prefix/`.
    pub location: String,
    /// Name and Glue type of every column of the files, in order.
    pub columns: Vec<(String, String)>,
    /// The same of every column that is a folder, the outermost first.
    pub partition_keys: Vec<(String, String)>,
}

/// A folder of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CatalogPartition {
    /// A value for each partition key.
    pub values: Vec<String>,
    /// Where its files lie: `s3://bucket/prefix/event=view/`.
    pub location: String,
}

/// The catalog.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// The table as it is registered, or `None`.
    async fn table(&self, database: &str, name: &str) -> Result<Option<CatalogTable>>;
    /// Registers a new table; a table of that name is a `Conflict`.
    async fn create(&self, table: &CatalogTable) -> Result<()>;
    /// Changes a registered table.
    async fn update(&self, table: &CatalogTable) -> Result<()>;
    /// The values of every registered partition; `NotFound` if there is no such table.
    async fn partitions(&self, database: &str, name: &str) -> Result<BTreeSet<Vec<String>>>;
    /// Registers partitions with the columns of their table, and changes those that are there.
    async fn put_partitions(&self, table: &CatalogTable, partitions: &[CatalogPartition]) -> Result<()>;
    /// Takes partitions out of a table, by their values; one that is not there does no harm.
    async fn remove_partitions(&self, database: &str, name: &str, partitions: &[Vec<String>]) -> Result<()>;
    /// Takes a table out of the catalog, if it is there.
    async fn remove(&self, database: &str, name: &str) -> Result<()>;
}
