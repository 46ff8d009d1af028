//! The Glue catalog. Tables are tarn's own: schema and location come from the lake, not a crawler.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_glue::Client;
use aws_sdk_glue::types::{
    BatchUpdatePartitionRequestEntry, Column, PartitionError, PartitionInput, SerDeInfo, StorageDescriptor,
    Table, TableInput,
};
use tarn_core::ports::{Catalog, CatalogEntry, CatalogPartition, CatalogTable, EntryColumn, FileFormat};
use tarn_core::{Error, Kind, Result};

use crate::SdkConfig;
use crate::failure::failed;

/// The account's catalog.
#[derive(Debug, Clone)]
pub struct GlueCatalog {
    pub(crate) client: Client,
}

impl GlueCatalog {
    /// The catalog of the configured account and region.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

#[async_trait]
impl Catalog for GlueCatalog {
    async fn table(&self, database: &str, name: &str) -> Result<Option<CatalogTable>> {
        let sent = self.client.get_table().database_name(database).name(name).send().await;
        match sent.map_err(failed(format!("looking up table {database}.{name}"))) {
            Ok(answer) => Ok(answer.table.map(|table| entry_of(database, table).table())),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn create(&self, table: &CatalogTable) -> Result<()> {
        self.create_entry(&table.into()).await
    }

    async fn update(&self, table: &CatalogTable) -> Result<()> {
        self.update_entry(&table.into()).await
    }

    async fn partitions(&self, database: &str, name: &str) -> Result<BTreeSet<Vec<String>>> {
        let get = self.client.get_partitions().database_name(database).table_name(name);
        let mut pages = get.exclude_column_schema(true).into_paginator().send();
        let mut found = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed(format!("listing partitions of {database}.{name}")))?;
            let values =
                page.partitions.unwrap_or_default().into_iter().filter_map(|partition| partition.values);
            found.extend(values);
        }
        if found.is_empty() && self.table(database, name).await?.is_none() {
            return Err(Error::new(Kind::NotFound, format!("there is no table {database}.{name}")));
        }
        Ok(found)
    }

    async fn put_partitions(&self, table: &CatalogTable, partitions: &[CatalogPartition]) -> Result<()> {
        self.register(&table.into(), partitions).await
    }

    /// One by one, since the local cloud knows no other way, and they are few.
    async fn remove_partitions(&self, database: &str, name: &str, partitions: &[Vec<String>]) -> Result<()> {
        for values in partitions {
            let delete = self.client.delete_partition().database_name(database).table_name(name);
            let sent = delete.set_partition_values(Some(values.clone())).send().await;
            match sent.map_err(failed(format!("taking a partition out of {database}.{name}"))) {
                Err(error) if error.kind() != Kind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    async fn remove(&self, database: &str, name: &str) -> Result<()> {
        let sent = self.client.delete_table().database_name(database).name(name).send().await;
        match sent.map_err(failed(format!("taking {database}.{name} out of the catalog"))) {
            Err(error) if error.kind() == Kind::NotFound => Ok(()),
            removed => removed.map(|_| ()),
        }
    }
}

impl GlueCatalog {
    pub(crate) async fn create_entry(&self, entry: &CatalogEntry) -> Result<()> {
        let create = self.client.create_table().database_name(&entry.database).table_input(input(entry)?);
        let sent = create.send().await;
        sent.map(|_| ()).map_err(failed(format!("registering table {}.{}", entry.database, entry.name)))
    }

    pub(crate) async fn update_entry(&self, entry: &CatalogEntry) -> Result<()> {
        let update = self.client.update_table().database_name(&entry.database).table_input(input(entry)?);
        let sent = update.skip_archive(true).send().await;
        sent.map(|_| ()).map_err(failed(format!("updating table {}.{}", entry.database, entry.name)))
    }

    /// Registers partitions, and changes those that are there.
    pub(crate) async fn register(&self, table: &CatalogEntry, partitions: &[CatalogPartition]) -> Result<()> {
        for some in partitions.chunks(AT_ONCE) {
            let inputs: Result<Vec<PartitionInput>> =
                some.iter().map(|partition| partition_input(table, partition)).collect();
            let inputs = inputs?;
            let there = self.create_partitions(table, &inputs).await?;
            let known: Vec<_> = inputs
                .into_iter()
                .filter(|input| there.iter().any(|values| values == input.values()))
                .collect();
            if !known.is_empty() {
                self.update_partitions(table, known).await?;
            }
        }
        Ok(())
    }

    /// Registers what is new, and gives what was there.
    async fn create_partitions(
        &self,
        table: &CatalogEntry,
        inputs: &[PartitionInput],
    ) -> Result<Vec<Vec<String>>> {
        let doing = format!("registering partitions of {}.{}", table.database, table.name);
        let create =
            self.client.batch_create_partition().database_name(&table.database).table_name(&table.name);
        let answer =
            create.set_partition_input_list(Some(inputs.to_vec())).send().await.map_err(failed(&doing))?;
        let is_there = |error: &PartitionError| {
            error.error_detail().and_then(|detail| detail.error_code()) == Some("AlreadyExistsException")
        };
        match answer.errors().iter().find(|error| !is_there(error)) {
            Some(error) => Err(Error::new(Kind::Unavailable, format!("{doing}: {error:?}"))),
            None => Ok(answer.errors().iter().map(|error| error.partition_values().to_vec()).collect()),
        }
    }

    async fn update_partitions(&self, table: &CatalogEntry, inputs: Vec<PartitionInput>) -> Result<()> {
        let doing = format!("changing partitions of {}.{}", table.database, table.name);
        let entries: Result<Vec<_>> = inputs.into_iter().map(entry).collect();
        let update =
            self.client.batch_update_partition().database_name(&table.database).table_name(&table.name);
        let answer = update.set_entries(Some(entries?)).send().await.map_err(failed(&doing))?;
        match answer.errors().first() {
            Some(error) => Err(Error::new(Kind::Unavailable, format!("{doing}: {error:?}"))),
            None => Ok(()),
        }
    }
}

fn entry(input: PartitionInput) -> Result<BatchUpdatePartitionRequestEntry> {
    let values = input.values().to_vec();
    let entry = BatchUpdatePartitionRequestEntry::builder().set_partition_value_list(Some(values));
    entry.partition_input(input).build().map_err(incomplete)
}

fn partition_input(table: &CatalogEntry, partition: &CatalogPartition) -> Result<PartitionInput> {
    let values = Some(partition.values.clone());
    let storage = storage(table, &partition.location)?;
    Ok(PartitionInput::builder().set_values(values).storage_descriptor(storage).build())
}

fn columns(columns: &[EntryColumn]) -> Result<Vec<Column>> {
    let column = |EntryColumn { name, kind, comment }: &EntryColumn| {
        let comment = Some(comment.clone()).filter(|comment| !comment.is_empty());
        Column::builder().name(name).r#type(kind).set_comment(comment).build()
    };
    columns.iter().map(|named| column(named).map_err(incomplete)).collect()
}

fn storage(of: &CatalogEntry, location: &str) -> Result<StorageDescriptor> {
    let serde = SerDeInfo::builder().serialization_library(&of.format.serde);
    let settings = of.format.settings.clone().into_iter().collect();
    let serde = if of.format.settings.is_empty() { serde } else { serde.set_parameters(Some(settings)) };
    Ok(StorageDescriptor::builder()
        .set_columns(Some(columns(&of.columns)?))
        .location(location)
        .input_format(&of.format.input)
        .output_format(&of.format.output)
        .serde_info(serde.build())
        .build())
}

fn input(table: &CatalogEntry) -> Result<TableInput> {
    let view = Some(table.view.clone()).filter(|view| !view.is_empty());
    TableInput::builder()
        .name(&table.name)
        .description(&table.description)
        .table_type(&table.kind)
        .set_parameters(Some(table.parameters.clone().into_iter().collect()))
        .set_partition_keys(Some(columns(&table.partition_keys)?))
        .storage_descriptor(storage(table, &table.location)?)
        // What Athena writes there beside the text of a view.
        .set_view_expanded_text(view.as_ref().map(|_| "/* Presto View */".into()))
        .set_view_original_text(view)
        .build()
        .map_err(incomplete)
}

/// The most partitions that a call takes.
const AT_ONCE: usize = 100;

fn incomplete(error: aws_smithy_types::error::operation::BuildError) -> Error {
    Error::caused(Kind::Internal, "a table cannot be described to Glue", error)
}

/// A table as Glue tells of it.
pub(crate) fn entry_of(database: &str, table: Table) -> CatalogEntry {
    let storage = table.storage_descriptor;
    let described = |columns: Vec<Column>| {
        let column = |column: Column| EntryColumn {
            name: column.name,
            kind: column.r#type.unwrap_or_default(),
            comment: column.comment.unwrap_or_default(),
        };
        columns.into_iter().map(column).collect()
    };
    let partition_keys = table.partition_keys.unwrap_or_default();
    CatalogEntry {
        database: database.into(),
        name: table.name,
        description: table.description.unwrap_or_default(),
        kind: table.table_type.unwrap_or_default(),
        columns: described(storage.as_ref().map(|s| s.columns().to_vec()).unwrap_or_default()),
        format: storage.as_ref().map(format_of).unwrap_or_default(),
        location: storage.and_then(|s| s.location).unwrap_or_default(),
        partition_keys: described(partition_keys),
        parameters: table.parameters.unwrap_or_default().into_iter().collect(),
        view: table.view_original_text.unwrap_or_default(),
    }
}

fn format_of(storage: &StorageDescriptor) -> FileFormat {
    let serde = storage.serde_info();
    let settings = serde.and_then(|serde| serde.parameters()).cloned().unwrap_or_default();
    FileFormat {
        input: storage.input_format().unwrap_or_default().to_owned(),
        output: storage.output_format().unwrap_or_default().to_owned(),
        serde: serde.and_then(|serde| serde.serialization_library()).unwrap_or_default().to_owned(),
        settings: settings.into_iter().collect(),
    }
}
