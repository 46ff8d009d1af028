//! A model's query as Athena is asked it.

use std::sync::Arc;

use tarn_core::ports::{Ended, Statement, Statements};
use tarn_lake::{ColumnType, TableName};

use super::{Outside, Query, failed};
use crate::fault::Result;
use crate::session::quoted;
use crate::types::TypedColumn;

/// Athena, and where it leaves rows.
#[derive(Clone)]
pub struct Athena {
    /// Runs statements.
    pub statements: Arc<dyn Statements>,
    /// The bucket of the rows. Lake Formation looks after none of its locations: Athena writes to no other.
    pub bucket: String,
    /// The Glue database of silver.
    pub silver: String,
}

/// Below it lie the rows, for as long as results of queries are kept.
const STAGED: &str = "athena/models";

/// How often Athena is asked, where it broke by no fault of the model.
const TRIES: u32 = 3;

impl Athena {
    /// Has the rows made, and gives the folder that they lie in.
    pub(super) async fn rows(
        &self,
        outside: &Outside<'_>,
        query: &Query<'_>,
        output: &str,
    ) -> Result<String> {
        let mut broken = String::new();
        for nth in 0..TRIES {
            let name = outside.name(output, nth);
            let folder = format!("{STAGED}/{}/{name}/", query.model.name);
            let sql = unload(query, &self.silver, &format!("s3://{}/{folder}", self.bucket));
            let statement = Statement { name: &name, sql: &sql, deadline_millis: outside.waits_until_millis };
            match self.statements.run(&statement).await? {
                Ended::Done => return Ok(folder),
                Ended::Refused { reason } => return Err(failed(query.model, &reason)),
                Ended::Broken { reason } => broken = reason,
            }
        }
        Err(failed(query.model, &broken))
    }
}

/// What it reads comes first, under the names that the model knows, so that its own text stays as it is. Each
/// column is cast to the type that DataFusion found.
fn unload(query: &Query<'_>, silver: &str, to: &str) -> String {
    let Query { model, columns, .. } = query;
    let read = |name: &TableName| {
        let is_silver = query.tables.iter().any(|table| table.name == *name);
        let database = if is_silver { silver } else { &query.places.gold.database };
        let name = quoted(name.as_str());
        format!("{name} AS (SELECT * FROM {}.{name})", quoted(database))
    };
    let inputs: Vec<String> = model.inputs.iter().map(read).collect();
    let with = if inputs.is_empty() { String::new() } else { format!("WITH {} ", inputs.join(", ")) };
    let cast = |column: &TypedColumn| {
        let name = quoted(column.name.as_str());
        format!("CAST({name} AS {}) AS {name}", type_of(column.kind))
    };
    let columns: Vec<String> = columns.iter().map(cast).collect();
    // A line end behind the query, which may end with a comment.
    let query = format!("{with}SELECT {} FROM (\n{}\n)", columns.join(", "), model.sql);
    format!("UNLOAD ({query}) TO '{to}' WITH (format = 'PARQUET', compression = 'SNAPPY')")
}

/// What Athena's SQL calls a type. Its moments end with milliseconds.
fn type_of(kind: ColumnType) -> String {
    match kind {
        ColumnType::Bool => "boolean".into(),
        ColumnType::Int32 => "integer".into(),
        ColumnType::Int64 => "bigint".into(),
        ColumnType::Float32 => "real".into(),
        ColumnType::Float64 => "double".into(),
        ColumnType::Decimal { precision, scale } => format!("decimal({precision}, {scale})"),
        ColumnType::Date => "date".into(),
        ColumnType::Timestamp(_) => "timestamp(3)".into(),
        ColumnType::String => "varchar".into(),
        ColumnType::Binary => "varbinary".into(),
    }
}
