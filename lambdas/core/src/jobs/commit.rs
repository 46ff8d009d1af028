//! Registers tables in the Glue catalog: the address of the data, with tarn's own schema.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tarn_lake::{Bucket, Column, ColumnName, Database, Names, Table};

use super::documents;
use crate::ports::{Catalog, CatalogPartition, CatalogTable, ObjectStore};
use crate::{Error, Kind, Result, TableItem};

/// The job.
#[derive(Clone, Copy)]
pub struct Commit<'a> {
    /// How the lake's resources are called.
    pub names: &'a Names,
    /// Reads the run's lake, and finds the folders of tables in silver.
    pub store: &'a dyn ObjectStore,
    /// Where tables are registered.
    pub catalog: &'a dyn Catalog,
}

/// What became of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// `created`, `updated` or `unchanged`.
    pub table: String,
    /// Folders of the table that were registered or registered anew.
    #[serde(default)]
    pub partitions: u64,
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
        let done = register(self.catalog, &wanted).await?;
        let silver = self.names.bucket(&Bucket::Silver);
        let partitions = register_partitions(self.store, self.catalog, &silver, table, &wanted, done).await?;
        Ok(Committed { table: done.into(), partitions })
    }
}

/// The table as the catalog should have it, over a bucket that holds it under its own name.
pub(super) fn catalog_table(
    names: &Names,
    table: &Table,
    database: &Database,
    bucket: &Bucket,
) -> CatalogTable {
    let column = |column: &Column| (column.name.to_string(), column.kind.glue());
    let is_folder = |column: &&Column| table.placement.is_folder(&column.name);
    let columns = || table.newest_layout().in_silver();
    let folders = table.placement.partition_by.iter();
    let folders = folders.filter_map(|name| columns().find(|column| column.name == *name));
    CatalogTable {
        database: names.database(database),
        name: table.name.to_string(),
        description: table.description.clone(),
        location: format!("s3://{}/{}/", names.bucket(bucket), table.name),
        columns: columns().filter(|column| !is_folder(column)).map(column).collect(),
        partition_keys: folders.map(column).collect(),
    }
}

/// Makes the catalog have the folders that the table has in a bucket, and says how many it did not
/// have. They carry the table's columns, so a table that was changed has them registered anew.
pub(super) async fn register_partitions(
    store: &dyn ObjectStore,
    catalog: &dyn Catalog,
    bucket: &str,
    table: &Table,
    wanted: &CatalogTable,
    done: &str,
) -> Result<u64> {
    if table.placement.partition_by.is_empty() {
        return Ok(0);
    }
    let there = store.list(bucket, &format!("{}/", table.name)).await?;
    let keys = there.iter().map(|object| object.key.as_str());
    register_folders(catalog, keys, table, wanted, done).await
}

/// The same by the keys of the table's objects.
pub(super) async fn register_folders(
    catalog: &dyn Catalog,
    keys: impl Iterator<Item = &str>,
    table: &Table,
    wanted: &CatalogTable,
    done: &str,
) -> Result<u64> {
    if table.placement.partition_by.is_empty() {
        return Ok(0);
    }
    let known = if done == UNCHANGED {
        catalog.partitions(&wanted.database, &wanted.name).await?
    } else {
        BTreeSet::new()
    };
    let missing: Vec<CatalogPartition> = folders(keys, table, wanted)
        .into_iter()
        .filter(|partition| !known.contains(&partition.values))
        .collect();
    if !missing.is_empty() {
        catalog.put_partitions(wanted, &missing).await?;
    }
    Ok(missing.len() as u64)
}

/// The folders of objects, each once.
pub(super) fn folders<'k>(
    keys: impl Iterator<Item = &'k str>,
    table: &Table,
    wanted: &CatalogTable,
) -> BTreeSet<CatalogPartition> {
    keys.filter_map(|key| partition_of(key, table, wanted)).collect()
}

/// The values of an object's folders by the columns that are folders; nothing for one that it is not in.
pub(super) fn folder_values(key: &str, columns: &[ColumnName]) -> Vec<Option<String>> {
    let value = |column: &ColumnName| {
        let mut levels = key.split('/');
        levels.find_map(|level| unescaped(level.strip_prefix(column.as_str())?.strip_prefix('=')?))
    };
    columns.iter().map(value).collect()
}

/// The folder of an object; nothing for one that lies in other folders than the table has now.
pub(super) fn partition_of(key: &str, table: &Table, wanted: &CatalogTable) -> Option<CatalogPartition> {
    let below = key.strip_prefix(table.name.as_str())?.strip_prefix('/')?;
    let (folder, _) = below.rsplit_once('/')?;
    let columns = &table.placement.partition_by;
    let levels: Vec<&str> = folder.split('/').collect();
    let value = |(level, column): (&&str, &ColumnName)| {
        level.strip_prefix(column.as_str())?.strip_prefix('=').and_then(unescaped)
    };
    let values: Option<Vec<String>> = levels.iter().zip(columns).map(value).collect();
    let location = format!("{}{folder}/", wanted.location);
    (levels.len() == columns.len()).then_some(CatalogPartition { values: values?, location })
}

/// A value as it was before Hive's escapes, `%2F` for `/`.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let escaped = || {
            let [high, low] = *behind.first_chunk::<2>()?;
            let digits = [high, low].map(|digit| char::from(digit).to_digit(16));
            Some((digits[0]? * 16 + digits[1]?) as u8)
        };
        match escaped().filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

const UNCHANGED: &str = "unchanged";
pub(super) const CREATED: &str = "created";

/// Makes the catalog have the table; a registration that lost a race looks again.
pub(super) async fn register(catalog: &dyn Catalog, wanted: &CatalogTable) -> Result<&'static str> {
    match catalog.table(&wanted.database, &wanted.name).await? {
        Some(there) if there == *wanted => Ok(UNCHANGED),
        Some(_) => catalog.update(wanted).await.map(|()| "updated"),
        None => match catalog.create(wanted).await {
            Err(error) if error.kind() == Kind::Conflict => catalog.update(wanted).await.map(|()| "updated"),
            created => created.map(|()| CREATED),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_they_were_before_the_escapes() {
        for (text, value) in [
            ("view", "view"),
            ("a%2Fb", "a/b"),
            ("100%25", "100%"),
            ("%252F", "%2F"),
            ("%C3%BC", "ü"),
            ("%", "%"),
            ("%zz", "%zz"),
        ] {
            assert_eq!(unescaped(text).as_deref(), Some(value), "{text}");
        }
        assert_eq!(unescaped("%FF"), None);
    }
}
