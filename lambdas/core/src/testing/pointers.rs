//! Pointers in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;

use super::locked;
use crate::Result;
use crate::ports::{Pointer, Pointers, Publication, Swapped};

type Address = (String, String);

/// Holds every publication of every table, the newest last.
#[derive(Debug, Default)]
pub struct MemoryPointers {
    tables: Mutex<BTreeMap<Address, Vec<Publication>>>,
}

impl MemoryPointers {
    /// All that was published of a table, the oldest first.
    pub fn published(&self, database: &str, table: &str) -> Vec<Publication> {
        locked(&self.tables).get(&(database.into(), table.into())).cloned().unwrap_or_default()
    }
}

fn newest(published: &[Publication]) -> Option<Pointer> {
    let target = published.last()?.target.clone();
    Some(Pointer { target, version: published.len().to_string() })
}

#[async_trait]
impl Pointers for MemoryPointers {
    async fn pointer(&self, database: &str, table: &str) -> Result<Option<Pointer>> {
        Ok(newest(&self.published(database, table)))
    }

    async fn swap(&self, from: Option<&Pointer>, publication: &Publication) -> Result<Swapped> {
        let address = (publication.database.clone(), publication.table.clone());
        let mut tables = locked(&self.tables);
        let published = tables.entry(address).or_default();
        if newest(published).as_ref() != from {
            return Ok(Swapped::Lost);
        }
        published.push(publication.clone());
        Ok(Swapped::Done)
    }
}
