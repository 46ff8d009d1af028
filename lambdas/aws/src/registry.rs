//! The Glue catalog whole: every table of a database with all that Glue keeps of it.

use async_trait::async_trait;
use aws_sdk_glue::types::Partition;
use tarn_core::ports::{CatalogEntry, CatalogPartition, Registry};
use tarn_core::{Kind, Result};

use crate::GlueCatalog;
use crate::catalog::entry_of;
use crate::failure::failed;

#[async_trait]
impl Registry for GlueCatalog {
    async fn entries(&self, database: &str) -> Result<Vec<CatalogEntry>> {
        let mut pages = self.client.get_tables().database_name(database).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            match page.map_err(failed(format!("listing the tables of {database}"))) {
                Ok(page) => found.extend(page.table_list.unwrap_or_default()),
                Err(error) if error.kind() == Kind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(error),
            }
        }
        let mut entries: Vec<_> = found.into_iter().map(|table| entry_of(database, table)).collect();
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    async fn folders(&self, database: &str, name: &str) -> Result<Vec<CatalogPartition>> {
        let get = self.client.get_partitions().database_name(database).table_name(name);
        let mut pages = get.exclude_column_schema(true).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            match page.map_err(failed(format!("listing partitions of {database}.{name}"))) {
                Ok(page) => found.extend(page.partitions.unwrap_or_default().into_iter().map(folder)),
                Err(error) if error.kind() == Kind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(error),
            }
        }
        found.sort();
        Ok(found)
    }

    async fn put(&self, entry: &CatalogEntry) -> Result<()> {
        match self.create_entry(entry).await {
            Err(error) if error.kind() == Kind::Conflict => self.update_entry(entry).await,
            created => created,
        }
    }

    async fn put_folders(&self, entry: &CatalogEntry, partitions: &[CatalogPartition]) -> Result<()> {
        self.register(entry, partitions).await
    }
}

fn folder(partition: Partition) -> CatalogPartition {
    CatalogPartition {
        values: partition.values.unwrap_or_default(),
        location: partition.storage_descriptor.and_then(|storage| storage.location).unwrap_or_default(),
    }
}
