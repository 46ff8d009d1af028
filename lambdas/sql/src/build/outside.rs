//! A model's rows by Athena, for what a worker has no memory or no time for.
//!
//! Athena runs the model's query over the tables of the catalog and leaves its rows as Parquet; the worker reads
//! these, tests them and publishes them as it does its own. DataFusion plans the same query beforehand, so the
//! columns and their types are those that `tarn model check` found. A statement's name follows from run, output
//! and number, so whoever comes after a worker that died or ran out of time waits for the same statement.

use std::sync::Arc;

use datafusion::prelude::DataFrame;
use sha2::{Digest, Sha256};
use tarn_core::ports::{Ended, Object, Statement, Statements};
use tarn_core::{Error, Kind};
use tarn_lake::{ColumnType, Model, Table};

use super::output::hex;
use super::{Places, Ports};
use crate::fault::Result;
use crate::scan::{Files, Match};
use crate::session::{Session, quoted};
use crate::store::Listed;
use crate::types::{TypedColumn, schema_of};

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

/// Athena, for one call of a worker.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// Athena.
    pub athena: &'a Athena,
    /// The run.
    pub run: &'a str,
    /// When the worker must have ended, in milliseconds since 1970.
    pub deadline_millis: i64,
}

/// Below it lie the rows, for as long as results of queries are kept.
const STAGED: &str = "athena/models";

/// How often Athena is asked, where it broke by no fault of the model.
const TRIES: u32 = 3;

/// What a worker keeps of its time for reading the rows, testing and publishing them. With less left than that,
/// another one does it.
const PUBLISHING_MILLIS: i64 = 300_000;

/// What SQL calls the rows; no table has a blank in its name.
const ROWS: &str = "rows by athena";

impl Outside<'_> {
    /// The rows of a model, as a frame of the session. `output` is what they are to be.
    pub(super) async fn rows(
        &self,
        session: &Session,
        ports: &Ports,
        query: &Query<'_>,
        output: &str,
    ) -> Result<DataFrame> {
        let mut broken = String::new();
        for nth in 0..TRIES {
            let name = self.name(output, nth);
            let folder = format!("{STAGED}/{}/{name}/", query.model.name);
            let sql = query.unload(&self.athena.silver, &format!("s3://{}/{folder}", self.athena.bucket));
            let deadline_millis = self.deadline_millis - PUBLISHING_MILLIS;
            let statement = Statement { name: &name, sql: &sql, deadline_millis };
            match self.athena.statements.run(&statement).await? {
                Ended::Done => return self.staged(session, ports, query.columns, &folder).await,
                Ended::Refused { reason } => return Err(failed(query.model, &reason)),
                Ended::Broken { reason } => broken = reason,
            }
        }
        Err(failed(query.model, &broken))
    }

    fn name(&self, output: &str, nth: u32) -> String {
        hex(&Sha256::digest(format!("{output} {} {nth}", self.run))[..32])
    }

    /// What lies in a folder, whatever its files are called.
    async fn staged(
        &self,
        session: &Session,
        ports: &Ports,
        columns: &[TypedColumn],
        folder: &str,
    ) -> Result<DataFrame> {
        let listed = ports.store.list(&self.athena.bucket, folder).await?;
        let put = |Object { key, size_bytes, tag, .. }: Object| {
            session.shelf().put(Listed { bucket: self.athena.bucket.clone(), key, size_bytes, tag })
        };
        let files = listed.into_iter().filter(|file| file.size_bytes > 0).map(put).collect();
        let rows = Files::new(schema_of(columns), Vec::new(), files, None, Match::Name);
        session.add(ROWS, Arc::new(rows))?;
        session.plan(&format!("select * from {}", quoted(ROWS))).await
    }
}

fn failed(model: &Model, reason: &str) -> crate::Error {
    Error::new(Kind::Invalid, format!("{} cannot be made: {reason}", model.name)).into()
}

/// A model's query, as Athena is asked it.
pub(super) struct Query<'a> {
    pub model: &'a Model,
    /// The columns that it has.
    pub columns: &'a [TypedColumn],
    /// The tables of silver; what it reads besides is gold.
    pub tables: &'a [Table],
    pub places: &'a Places,
}

impl Query<'_> {
    /// What it reads comes first, under the names that the model knows, so that its own text stays as it is. Each
    /// column is cast to the type that DataFusion found.
    fn unload(&self, silver: &str, to: &str) -> String {
        let Self { model, columns, .. } = self;
        let read = |name: &tarn_lake::TableName| {
            let is_silver = self.tables.iter().any(|table| table.name == *name);
            let database = if is_silver { silver } else { &self.places.gold.database };
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
