//! Data cells filters: columns and rows of a table, under a name that rights are granted on.

use async_trait::async_trait;
use aws_sdk_lakeformation::types::{DataCellsFilter, DataCellsFilterResource, Resource, RowFilter};
use tarn_core::ports::Filters;
use tarn_core::{Error, Kind, Result};
use tarn_lake::CellsFilter;

use super::LakeFormation;
use crate::failure::failed;

#[async_trait]
impl Filters for LakeFormation {
    async fn found(&self, filter: &CellsFilter) -> Result<Option<CellsFilter>> {
        let CellsFilter { database, table, name, .. } = filter;
        let get = self.client.get_data_cells_filter().table_catalog_id(&self.account);
        let sent = get.database_name(database).table_name(table).name(name).send().await;
        match sent.map_err(failed(format!("looking up the filter {name} of {database}.{table}"))) {
            Ok(answer) => Ok(answer.data_cells_filter().map(read)),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn create(&self, filter: &CellsFilter) -> Result<()> {
        let create = self.client.create_data_cells_filter().table_data(self.cells(filter)?);
        create.send().await.map(|_| ()).map_err(failed(format!("making the filter {}", named(filter))))
    }

    async fn replace(&self, filter: &CellsFilter) -> Result<()> {
        let update = self.client.update_data_cells_filter().table_data(self.cells(filter)?);
        update.send().await.map(|_| ()).map_err(failed(format!("changing the filter {}", named(filter))))
    }

    async fn delete(&self, filter: &CellsFilter) -> Result<()> {
        let CellsFilter { database, table, name, .. } = filter;
        let delete = self.client.delete_data_cells_filter().table_catalog_id(&self.account);
        let sent = delete.database_name(database).table_name(table).name(name).send().await;
        sent.map(|_| ()).map_err(failed(format!("deleting the filter {}", named(filter))))
    }
}

fn named(CellsFilter { database, table, name, .. }: &CellsFilter) -> String {
    format!("{name} of {database}.{table}")
}

/// One that shows all rows, or all columns but some, is none of ours, and differs from every one of ours.
fn read(found: &DataCellsFilter) -> CellsFilter {
    let rows = found.row_filter().and_then(|rows| rows.filter_expression()).unwrap_or_default();
    CellsFilter {
        database: found.database_name().to_owned(),
        table: found.table_name().to_owned(),
        name: found.name().to_owned(),
        columns: found.column_names().iter().cloned().collect(),
        rows: rows.to_owned(),
    }
}

impl LakeFormation {
    fn cells(&self, filter: &CellsFilter) -> Result<DataCellsFilter> {
        let CellsFilter { database, table, name, columns, rows } = filter;
        let cells = DataCellsFilter::builder().table_catalog_id(&self.account).database_name(database);
        let cells = cells.table_name(table).name(name);
        let cells = cells.row_filter(RowFilter::builder().filter_expression(rows).build());
        let cells = cells.set_column_names(Some(columns.iter().cloned().collect())).build();
        cells.map_err(|error| Error::caused(Kind::Internal, "a filter cannot be described", error))
    }

    /// A filter, as a grant names it.
    pub(super) fn on_filter(&self, database: &str, table: &str, name: &str) -> Resource {
        let filter = DataCellsFilterResource::builder().table_catalog_id(&self.account);
        let filter = filter.database_name(database).table_name(table).name(name).build();
        Resource::builder().data_cells_filter(filter).build()
    }
}
