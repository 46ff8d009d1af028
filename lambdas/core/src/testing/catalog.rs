//! A catalog in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use async_trait::async_trait;

use super::locked;
use crate::ports::{Catalog, CatalogEntry, CatalogPartition, CatalogTable, Registry};
use crate::{Error, Kind, Result};

type Address = (String, String);

/// Holds tables by database and name.
#[derive(Debug, Default)]
pub struct MemoryCatalog {
    tables: Mutex<BTreeMap<Address, CatalogEntry>>,
    partitions: Mutex<BTreeMap<Address, BTreeMap<Vec<String>, String>>>,
}

impl MemoryCatalog {
    /// The partitions of a table, by their values: where they lie.
    pub fn partitions_of(&self, database: &str, name: &str) -> BTreeMap<Vec<String>, String> {
        locked(&self.partitions).get(&(database.into(), name.into())).cloned().unwrap_or_default()
    }

    /// All tables, in the order of database and name.
    pub fn tables(&self) -> Vec<CatalogTable> {
        locked(&self.tables).values().map(CatalogEntry::table).collect()
    }
}

#[async_trait]
impl Catalog for MemoryCatalog {
    async fn table(&self, database: &str, name: &str) -> Result<Option<CatalogTable>> {
        Ok(locked(&self.tables).get(&(database.into(), name.into())).map(CatalogEntry::table))
    }

    async fn create(&self, table: &CatalogTable) -> Result<()> {
        let mut tables = locked(&self.tables);
        if tables.contains_key(&address(table)) {
            return Err(Error::new(Kind::Conflict, format!("table {} is there already", table.name)));
        }
        tables.insert(address(table), table.into());
        Ok(())
    }

    async fn update(&self, table: &CatalogTable) -> Result<()> {
        match locked(&self.tables).get_mut(&address(table)) {
            None => Err(Error::new(Kind::NotFound, format!("there is no table {}", table.name))),
            Some(there) => {
                *there = table.into();
                Ok(())
            }
        }
    }

    async fn partitions(&self, database: &str, name: &str) -> Result<BTreeSet<Vec<String>>> {
        self.there(&(database.into(), name.into()))?;
        Ok(self.partitions_of(database, name).into_keys().collect())
    }

    async fn put_partitions(&self, table: &CatalogTable, partitions: &[CatalogPartition]) -> Result<()> {
        self.there(&address(table))?;
        let mut all = locked(&self.partitions);
        let registered = all.entry(address(table)).or_default();
        registered.extend(partitions.iter().map(|folder| (folder.values.clone(), folder.location.clone())));
        Ok(())
    }

    async fn remove_partitions(&self, database: &str, name: &str, partitions: &[Vec<String>]) -> Result<()> {
        if let Some(registered) = locked(&self.partitions).get_mut(&(database.into(), name.into())) {
            registered.retain(|values, _| !partitions.contains(values));
        }
        Ok(())
    }

    async fn remove(&self, database: &str, name: &str) -> Result<()> {
        let address = (database.to_owned(), name.to_owned());
        locked(&self.partitions).remove(&address);
        locked(&self.tables).remove(&address);
        Ok(())
    }
}

#[async_trait]
impl Registry for MemoryCatalog {
    async fn entries(&self, database: &str) -> Result<Vec<CatalogEntry>> {
        let tables = locked(&self.tables);
        Ok(tables.values().filter(|entry| entry.database == database).cloned().collect())
    }

    async fn folders(&self, database: &str, name: &str) -> Result<Vec<CatalogPartition>> {
        let folders = self.partitions_of(database, name).into_iter();
        Ok(folders.map(|(values, location)| CatalogPartition { values, location }).collect())
    }

    async fn put(&self, entry: &CatalogEntry) -> Result<()> {
        locked(&self.tables).insert((entry.database.clone(), entry.name.clone()), entry.clone());
        Ok(())
    }

    async fn put_folders(&self, entry: &CatalogEntry, partitions: &[CatalogPartition]) -> Result<()> {
        self.put_partitions(&entry.table(), partitions).await
    }
}

impl MemoryCatalog {
    fn there(&self, address: &Address) -> Result<()> {
        let known = locked(&self.tables).contains_key(address);
        known
            .then_some(())
            .ok_or_else(|| Error::new(Kind::NotFound, format!("there is no table {}", address.1)))
    }
}

fn address(table: &CatalogTable) -> Address {
    (table.database.clone(), table.name.clone())
}
