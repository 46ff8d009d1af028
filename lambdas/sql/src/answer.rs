//! The rows of a query as text, as Athena would give them.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;

use crate::fault::{Result, of_datafusion};
use crate::session::Rows;

/// A query's answer; a `None` is SQL's NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Name and Athena type of every column.
    pub columns: Vec<(String, String)>,
    /// The rows.
    pub rows: Vec<Vec<Option<String>>>,
    /// Bytes that were read for it.
    pub scanned_bytes: u64,
}

impl Rows {
    /// All rows. They are held in memory: a person reads them.
    pub async fn answer(mut self) -> Result<Answer> {
        let columns = columns(&self.schema);
        let mut rows = Vec::new();
        while let Some(batch) = self.stream.try_next().await.map_err(|error| of_datafusion(error, ""))? {
            append(&batch, &mut rows)?;
        }
        Ok(Answer { columns, rows, scanned_bytes: self.scanned_bytes() })
    }
}

fn columns(schema: &Schema) -> Vec<(String, String)> {
    let column = |field: &std::sync::Arc<datafusion::arrow::datatypes::Field>| {
        (field.name().clone(), kind(field.data_type()).to_owned())
    };
    schema.fields().iter().map(column).collect()
}

fn append(batch: &RecordBatch, rows: &mut Vec<Vec<Option<String>>>) -> Result<()> {
    let options = FormatOptions::default()
        .with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"))
        .with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.f"));
    let columns = batch.columns();
    let formatters: Result<Vec<_>, _> =
        columns.iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options)).collect();
    let formatters = formatters?;
    for row in 0..batch.num_rows() {
        let value = |(column, formatter): (&datafusion::arrow::array::ArrayRef, &ArrayFormatter)| {
            (!column.is_null(row)).then(|| formatter.value(row).try_to_string()).transpose()
        };
        rows.push(columns.iter().zip(&formatters).map(value).collect::<Result<_, _>>()?);
    }
    Ok(())
}

/// What Athena calls a type.
fn kind(found: &DataType) -> &'static str {
    match found {
        DataType::Boolean => "boolean",
        DataType::Int8 | DataType::UInt8 => "tinyint",
        DataType::Int16 | DataType::UInt16 => "smallint",
        DataType::Int32 | DataType::UInt32 => "integer",
        DataType::Int64 | DataType::UInt64 => "bigint",
        DataType::Float16 | DataType::Float32 => "float",
        DataType::Float64 => "double",
        kind if kind.is_decimal() => "decimal",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Timestamp(..) => "timestamp",
        kind if kind.is_binary() => "varbinary",
        kind if kind.is_string() => "varchar",
        _ => "unknown",
    }
}
