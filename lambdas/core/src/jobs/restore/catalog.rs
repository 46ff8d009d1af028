//! Tables and partitions.

use std::collections::BTreeMap;

use super::{Under, lines};
use crate::jobs::backup::{TableOfSet, databases, part};
use crate::ports::{CatalogEntry, CatalogPartition};
use crate::{Kind, Result};

impl Under<'_> {
    pub(super) async fn catalog(&mut self) -> Result<()> {
        let stand = databases(&self.now, self.job.names);
        let parts: Vec<String> =
            self.set.parts.keys().filter(|name| name.starts_with(part::CATALOG)).cloned().collect();
        for name in parts {
            let tables: Vec<TableOfSet> = lines(self.set, &name)?;
            let Some(database) = tables.first().map(|it| self.renamed.database(&it.table.database)) else {
                continue;
            };
            if stand.contains(&database) {
                self.tables(&database, tables).await?;
            } else {
                let what = format!(
                    "the database {database}, with {} tables, is none of the lake's now",
                    tables.len()
                );
                self.done.lacks.push(what);
            }
        }
        Ok(())
    }

    async fn tables(&mut self, database: &str, tables: Vec<TableOfSet>) -> Result<()> {
        let there = self.job.registry.entries(database).await?;
        let there: BTreeMap<String, CatalogEntry> =
            there.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
        for TableOfSet { table, partitions } in tables {
            let wanted = self.renamed.entry(table);
            let partitions: Vec<_> = partitions.into_iter().map(|it| self.renamed.partition(it)).collect();
            let found = there.get(&wanted.name);
            if let Some(stands) = self.table(wanted, found).await? {
                self.partitions(&stands, partitions, found.is_some()).await?;
            }
        }
        Ok(())
    }

    /// Gives a table back, and says what stands then; nothing where this catalog does not take it, such as
    /// a folder's what is no Parquet. The others are given back all the same.
    async fn table(
        &mut self,
        wanted: CatalogEntry,
        there: Option<&CatalogEntry>,
    ) -> Result<Option<CatalogEntry>> {
        match there {
            Some(there) if *there == wanted => self.done.tables.same += 1,
            Some(there) if !self.job.force => {
                self.done.tables.keep(format!("{}.{}", there.database, there.name));
                return Ok(Some(there.clone()));
            }
            _ if self.job.dry_run => self.done.tables.written += 1,
            _ => match self.job.registry.put(&wanted).await {
                Err(error) if matches!(error.kind(), Kind::Invalid | Kind::AccessDenied) => {
                    let what = format!("the table {}.{}: {error}", wanted.database, wanted.name);
                    self.done.failed.push(what);
                    return Ok(None);
                }
                put => put.map(|()| self.done.tables.written += 1)?,
            },
        }
        Ok(Some(wanted))
    }

    /// Partitions that the table lacks. One without objects does no harm, so none is left out.
    async fn partitions(
        &mut self,
        table: &CatalogEntry,
        wanted: Vec<CatalogPartition>,
        was_there: bool,
    ) -> Result<()> {
        let is_of_it = |it: &CatalogPartition| it.values.len() == table.partition_keys.len();
        let there = match was_there && !wanted.is_empty() {
            true => self.job.registry.folders(&table.database, &table.name).await?,
            false => Vec::new(),
        };
        let there: BTreeMap<_, _> = there.into_iter().map(|it| (it.values, it.location)).collect();
        let mut missing = Vec::new();
        for partition in wanted {
            match there.get(&partition.values) {
                Some(location) if *location == partition.location => self.done.partitions.same += 1,
                None if is_of_it(&partition) => missing.push(partition),
                Some(_) if self.job.force && is_of_it(&partition) => missing.push(partition),
                _ => self.done.partitions.keep(format!("{}: {}", table.name, partition.values.join("/"))),
            }
        }
        if !missing.is_empty() && !self.job.dry_run {
            self.job.registry.put_folders(table, &missing).await?;
        }
        self.done.partitions.written += missing.len() as u64;
        Ok(())
    }
}
