//! A catalog in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;

use super::locked;
use crate::ports::{Catalog, CatalogTable};
use crate::{Error, Kind, Result};

type Address = (String, String);

/// Holds tables by database and name.
#[derive(Debug, Default)]
pub struct MemoryCatalog {
    tables: Mutex<BTreeMap<Address, CatalogTable>>,
}

impl MemoryCatalog {
    /// All tables, in the order of database and name.
    pub fn tables(&self) -> Vec<CatalogTable> {
        locked(&self.tables).values().cloned().collect()
    }
}

#[async_trait]
impl Catalog for MemoryCatalog {
    async fn table(&self, database: &str, name: &str) -> Result<Option<CatalogTable>> {
        Ok(locked(&self.tables).get(&(database.into(), name.into())).cloned())
    }

    async fn create(&self, table: &CatalogTable) -> Result<()> {
        let mut tables = locked(&self.tables);
        if tables.contains_key(&address(table)) {
            return Err(Error::new(Kind::Conflict, format!("table {} is there already", table.name)));
        }
        tables.insert(address(table), table.clone());
        Ok(())
    }

    async fn update(&self, table: &CatalogTable) -> Result<()> {
        match locked(&self.tables).get_mut(&address(table)) {
            None => Err(Error::new(Kind::NotFound, format!("there is no table {}", table.name))),
            Some(there) => {
                *there = table.clone();
                Ok(())
            }
        }
    }
}

fn address(table: &CatalogTable) -> Address {
    (table.database.clone(), table.name.clone())
}
