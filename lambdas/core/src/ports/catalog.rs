//! The Glue catalog: the address of the data.

use async_trait::async_trait;

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
    /// Name and Glue type of every column, in order.
    pub columns: Vec<(String, String)>,
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
}
