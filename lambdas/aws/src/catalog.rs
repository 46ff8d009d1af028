//! The Glue catalog. Tables are tarn's own: schema and location come from the lake, not a crawler.

use async_trait::async_trait;
use aws_sdk_glue::Client;
use aws_sdk_glue::types::{Column, SerDeInfo, StorageDescriptor, Table, TableInput};
use tarn_core::ports::{Catalog, CatalogTable};
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
}

fn input(table: &CatalogTable) -> Result<TableInput> {
    let columns = table
        .columns
        .iter()
        .map(|(name, kind)| Column::builder().name(name).r#type(kind).build().map_err(incomplete))
        .collect::<Result<Vec<Column>>>()?;
    let storage = StorageDescriptor::builder()
        .set_columns(Some(columns))
        .location(&table.location)
        .input_format(INPUT_FORMAT)
        .output_format(OUTPUT_FORMAT)
        .serde_info(SerDeInfo::builder().serialization_library(SERDE).build())
        .build();
    TableInput::builder()
        .name(&table.name)
        .description(&table.description)
        .table_type("EXTERNAL_TABLE")
        .parameters("classification", "parquet")
        .parameters("EXTERNAL", "TRUE")
        .storage_descriptor(storage)
        .build()
        .map_err(incomplete)
}

fn incomplete(error: aws_smithy_types::error::operation::BuildError) -> Error {
    Error::caused(Kind::Internal, "a table cannot be described to Glue", error)
}

fn registered(database: &str, table: Table) -> CatalogTable {
    let storage = table.storage_descriptor;
    let columns = storage.as_ref().map(|s| s.columns().to_vec()).unwrap_or_default();
    CatalogTable {
        database: database.into(),
        name: table.name,
        description: table.description.unwrap_or_default(),
        location: storage.and_then(|s| s.location).unwrap_or_default(),
        columns: columns.into_iter().map(|c| (c.name, c.r#type.unwrap_or_default())).collect(),
    }
}
