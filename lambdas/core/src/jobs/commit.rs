//! Registers tables in the Glue catalog: the address of the data, with tarn's own schema.

use serde::{Deserialize, Serialize};
use tarn_lake::{Bucket, Database, Names, Table};

use super::documents;
use crate::ports::{Catalog, CatalogTable, ObjectStore};
use crate::{Error, Kind, Result, TableItem};

/// The job.
#[derive(Clone, Copy)]
pub struct Commit<'a> {
    /// How the lake's resources are called.
    pub names: &'a Names,
    /// Reads the run's lake.
    pub store: &'a dyn ObjectStore,
    /// Where tables are registered.
    pub catalog: &'a dyn Catalog,
}

/// What became of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// `created`, `updated` or `unchanged`.
    pub table: String,
}

impl Commit<'_> {
    /// Registers the table of silver as the run's lake has it.
    pub async fn run(&self, item: &TableItem) -> Result<Committed> {
        let ops = self.names.bucket(&Bucket::Ops);
        let lake = documents::lake_of(self.store, &ops, &item.run).await?;
        let table = lake.table(&item.table).ok_or_else(|| {
            Error::new(Kind::Invalid, format!("the lake of run {} has no table {}", item.run, item.table))
        })?;
        let wanted = catalog_table(self.names, table, &Database::Silver, &Bucket::Silver);
        Ok(Committed { table: register(self.catalog, &wanted).await?.into() })
    }
}

/// The table as the catalog should have it, over a bucket that holds it under its own name.
pub(super) fn catalog_table(
    names: &Names,
    table: &Table,
    database: &Database,
    bucket: &Bucket,
) -> CatalogTable {
    let columns = table.newest_layout().in_silver();
    CatalogTable {
        database: names.database(database),
        name: table.name.to_string(),
        description: table.description.clone(),
        location: format!("s3://{}/{}/", names.bucket(bucket), table.name),
        columns: columns.map(|column| (column.name.to_string(), column.kind.glue())).collect(),
    }
}

/// Makes the catalog have the table; a registration that lost a race looks again.
pub(super) async fn register(catalog: &dyn Catalog, wanted: &CatalogTable) -> Result<&'static str> {
    match catalog.table(&wanted.database, &wanted.name).await? {
        Some(there) if there == *wanted => Ok("unchanged"),
        Some(_) => catalog.update(wanted).await.map(|()| "updated"),
        None => match catalog.create(wanted).await {
            Err(error) if error.kind() == Kind::Conflict => catalog.update(wanted).await.map(|()| "updated"),
            created => created.map(|()| "created"),
        },
    }
}
