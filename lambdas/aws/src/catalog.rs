//! The Glue catalog. Tables are tarn's own: schema and location come from the lake, not a crawler.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_glue::Client;
use aws_sdk_glue::types::{
    BatchUpdatePartitionRequestEntry, Column, PartitionError, PartitionInput, SerDeInfo, StorageDescriptor,
    Table, TableInput,
};
use tarn_core::ports::{Catalog, CatalogPartition, CatalogTable};
use tarn_core::{Error, Kind, Result};

use crate::SdkConfig;
use crate::failure::failed;

const INPUT_FORMAT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";
const OUTPUT_FORMAT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat";
const SERDE: &str = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";

/// The account's catalog.
#[derive(Debug, Clone)]
pub struct GlueCatalog {
    client: Client,
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
            Ok(answer) => Ok(answer.table.map(|table| registered(database, table))),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn create(&self, table: &CatalogTable) -> Result<()> {
        let sent =
            self.client.create_table().database_name(&table.database).table_input(input(table)?).send().await;
        sent.map(|_| ()).map_err(failed(format!("registering table {}.{}", table.database, table.name)))
    }

    async fn update(&self, table: &CatalogTable) -> Result<()> {
        let sent = self
            .client
            .update_table()
            .database_name(&table.database)
            .table_input(input(table)?)
            .skip_archive(true)
            .send()
            .await;
        sent.map(|_| ()).map_err(failed(format!("updating table {}.{}", table.database, table.name)))
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
    /// Registers what is new, and gives what was there.
    async fn create_partitions(
        &self,
        table: &CatalogTable,
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

    async fn update_partitions(&self, table: &CatalogTable, inputs: Vec<PartitionInput>) -> Result<()> {
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

fn partition_input(table: &CatalogTable, partition: &CatalogPartition) -> Result<PartitionInput> {
    let storage = storage(&table.columns, &partition.location)?;
    let values = Some(partition.values.clone());
    Ok(PartitionInput::builder().set_values(values).storage_descriptor(storage).build())
}

fn columns(columns: &[(String, String)]) -> Result<Vec<Column>> {
    let column = |(name, kind): &(String, String)| Column::builder().name(name).r#type(kind).build();
    columns.iter().map(|named| column(named).map_err(incomplete)).collect()
}

fn storage(of: &[(String, String)], location: &str) -> Result<StorageDescriptor> {
    Ok(StorageDescriptor::builder()
        .set_columns(Some(columns(of)?))
        .location(location)
        .input_format(INPUT_FORMAT)
        .output_format(OUTPUT_FORMAT)
        .serde_info(SerDeInfo::builder().serialization_library(SERDE).build())
        .build())
}

fn input(table: &CatalogTable) -> Result<TableInput> {
    TableInput::builder()
        .name(&table.name)
        .description(&table.description)
        .table_type("EXTERNAL_TABLE")
        .parameters("classification", "parquet")
        .parameters("EXTERNAL", "TRUE")
        .set_partition_keys(Some(columns(&table.partition_keys)?))
        .storage_descriptor(storage(&table.columns, &table.location)?)
        .build()
        .map_err(incomplete)
}

/// The most partitions that a call takes.
const AT_ONCE: usize = 100;

fn incomplete(error: aws_smithy_types::error::operation::BuildError) -> Error {
    Error::caused(Kind::Internal, "a table cannot be described to Glue", error)
}

fn registered(database: &str, table: Table) -> CatalogTable {
    let storage = table.storage_descriptor;
    let columns = storage.as_ref().map(|s| s.columns().to_vec()).unwrap_or_default();
    let typed =
        |columns: Vec<Column>| columns.into_iter().map(|c| (c.name, c.r#type.unwrap_or_default())).collect();
    let partition_keys = table.partition_keys.clone().unwrap_or_default();
    CatalogTable {
        database: database.into(),
        name: table.name,
        description: table.description.unwrap_or_default(),
        location: storage.and_then(|s| s.location).unwrap_or_default(),
        columns: typed(columns),
        partition_keys: typed(partition_keys),
    }
}
