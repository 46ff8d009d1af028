//! Pointers as tables of the Glue catalog. Glue counts a table's versions, and a change that names the
//! one it is made on is refused when there is a newer one.

use async_trait::async_trait;
use aws_sdk_glue::Client;
use aws_sdk_glue::types::{Column, SerDeInfo, StorageDescriptor, Table, TableInput};
use tarn_core::ports::{Pointer, Pointers, Publication, Swapped, Target};
use tarn_core::{Error, Kind, Result};

use crate::SdkConfig;
use crate::failure::failed;

const INPUT_FORMAT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";
const OUTPUT_FORMAT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat";
const SERDE: &str = "org.apache.hadoop.hive.ql.io.parquet.ParquetHiveSerDe";

/// Where readers of Iceberg look, by the specification of its Glue catalog.
const METADATA: &str = "metadata_location";

/// The pointers in the account's catalog.
#[derive(Debug, Clone)]
pub struct GluePointers {
    client: Client,
}

impl GluePointers {
    /// Those of the configured account and region.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

#[async_trait]
impl Pointers for GluePointers {
    async fn pointer(&self, database: &str, table: &str) -> Result<Option<Pointer>> {
        let sent = self.client.get_table().database_name(database).name(table).send().await;
        match sent.map_err(failed(format!("looking up table {database}.{table}"))) {
            Ok(answer) => answer.table.map(|found| pointer(database, found)).transpose(),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn swap(&self, from: Option<&Pointer>, publication: &Publication) -> Result<Swapped> {
        let Publication { database, table, .. } = publication;
        let doing = format!("publishing {database}.{table}");
        let input = input(publication)?;
        let sent = match from {
            None => {
                let create = self.client.create_table().database_name(database).table_input(input);
                create.send().await.map(|_| ()).map_err(failed(doing))
            }
            Some(from) => {
                let update = self.client.update_table().database_name(database).table_input(input);
                let update = update.version_id(&from.version).skip_archive(true);
                update.send().await.map(|_| ()).map_err(failed(doing))
            }
        };
        match sent {
            Ok(()) => Ok(Swapped::Done),
            Err(error) if error.kind() == Kind::Conflict => Ok(Swapped::Lost),
            // Somebody took the table away. A database that is not there is nobody's haste.
            Err(error) if error.kind() == Kind::NotFound && from.is_some() => Ok(Swapped::Lost),
            Err(error) => Err(error),
        }
    }
}

fn pointer(database: &str, table: Table) -> Result<Pointer> {
    let (name, parameters) = (table.name, table.parameters.unwrap_or_default());
    let location = table.storage_descriptor.and_then(|storage| storage.location);
    let target = match (parameters.get(METADATA), location) {
        (Some(metadata), _) => Target::Iceberg(metadata.clone()),
        (None, Some(location)) => Target::Parquet(location),
        (None, None) => {
            return Err(Error::new(
                Kind::Invalid,
                format!("{database}.{name} lies nowhere; tarn wrote no such"),
            ));
        }
    };
    let version = table.version_id.ok_or_else(|| {
        Error::new(Kind::Internal, format!("Glue does not count the versions of {database}.{name}"))
    })?;
    Ok(Pointer { target, version })
}

fn input(publication: &Publication) -> Result<TableInput> {
    let builder = TableInput::builder()
        .name(&publication.table)
        .description(&publication.description)
        .table_type("EXTERNAL_TABLE")
        .parameters("EXTERNAL", "TRUE");
    let builder = match &publication.target {
        Target::Iceberg(metadata) => {
            builder.parameters("table_type", "ICEBERG").parameters(METADATA, metadata)
        }
        Target::Parquet(_) => builder.parameters("classification", "parquet"),
    };
    builder.storage_descriptor(storage(publication)?).build().map_err(incomplete)
}

fn storage(publication: &Publication) -> Result<StorageDescriptor> {
    let column = |(name, kind): &(String, String)| Column::builder().name(name).r#type(kind).build();
    let columns: Result<Vec<_>, _> = publication.columns.iter().map(column).collect();
    let storage = StorageDescriptor::builder().set_columns(Some(columns.map_err(incomplete)?));
    Ok(match &publication.target {
        Target::Iceberg(_) => storage.location(&publication.location).build(),
        Target::Parquet(folder) => storage
            .location(folder)
            .input_format(INPUT_FORMAT)
            .output_format(OUTPUT_FORMAT)
            .serde_info(SerDeInfo::builder().serialization_library(SERDE).build())
            .build(),
    })
}

fn incomplete(error: aws_smithy_types::error::operation::BuildError) -> Error {
    Error::caused(Kind::Internal, "a table cannot be described to Glue", error)
}
