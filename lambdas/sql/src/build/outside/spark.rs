//! A model's query as Spark is asked it: a request, and the script that carries it out.
//!
//! The request names every file that is read, so Spark sees what the worker saw, whatever is written meanwhile, and
//! needs no catalog. Each job leaves its rows in a folder that no other one has, and says at last which: whichever
//! says so last, its rows are whole, also if there were two jobs of one name.

use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, SchemaRef};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use serde::{Deserialize, Serialize};
use tarn_core::ports::{Content, Ended, SparkJob, SparkJobs};
use tarn_core::{Error, Kind};
use tarn_lake::{ColumnName, ColumnType};

use super::{Outside, Query, failed};
use crate::build::Ports;
use crate::build::inputs::Input;
use crate::fault::Result;
use crate::session::Session;
use crate::types::{TypedColumn, gold_type};

/// Spark, and where it leaves rows.
#[derive(Clone)]
pub struct Spark {
    /// Runs jobs.
    pub jobs: Arc<dyn SparkJobs>,
    /// The bucket of requests and rows.
    pub bucket: String,
}

/// Below it lie requests and rows, for as long as results of queries are kept.
const STAGED: &str = "spark/models";

/// What carries a request out.
const SCRIPT: &str = include_str!("spark.py");

/// What the script is to do.
#[derive(Serialize)]
struct Request<'a> {
    tables: Vec<ReadTable<'a>>,
    sql: String,
    /// A folder.
    to: &'a str,
}

/// A table or model, and the files that it has.
#[derive(Serialize)]
struct ReadTable<'a> {
    name: &'a str,
    /// The folder that its files and their folders lie in.
    root: String,
    files: Vec<String>,
    columns: Vec<ReadColumn>,
}

#[derive(Serialize)]
struct ReadColumn {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    /// By which it is found in files whose columns had other names.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i32>,
}

/// What a job says at last.
#[derive(Deserialize)]
struct Said {
    /// The name of the folder of its rows.
    rows: String,
}

impl Spark {
    /// Has the rows made, and gives the folder that they lie in.
    pub(super) async fn rows(
        &self,
        outside: &Outside<'_>,
        session: &Session,
        ports: &Ports,
        query: &Query<'_>,
        output: &str,
    ) -> Result<String> {
        let name = outside.name(output, 0);
        let folder = format!("{STAGED}/{}/{name}", query.model.name);
        let to = format!("s3://{}/{folder}", self.bucket);
        let request = Request { tables: read(session, query).await?, sql: cast(query), to: &to };
        let request = serde_json::to_vec(&request).map_err(|error| {
            Error::caused(Kind::Internal, format!("writing what Spark does for {}", query.model.name), error)
        })?;
        for (paper, content) in [("model.py", SCRIPT.as_bytes().to_vec()), ("request.json", request)] {
            let content = Content::Bytes(content.into());
            ports.store.create(&self.bucket, &format!("{folder}/{paper}"), content, "").await?;
        }
        let (script, request) = (format!("{to}/model.py"), format!("{to}/request.json"));
        let deadline_millis = outside.waits_until_millis;
        let job = SparkJob { name: &name, script: &script, request: &request, deadline_millis };
        match self.jobs.run(&job).await? {
            Ended::Done => self.said(ports, &folder).await,
            Ended::Refused { reason } | Ended::Broken { reason } => Err(failed(query.model, &reason)),
        }
    }

    async fn said(&self, ports: &Ports, folder: &str) -> Result<String> {
        let said = ports.store.read(&self.bucket, &format!("{folder}/rows.json")).await?;
        let said: Said = serde_json::from_slice(&said).map_err(|error| {
            Error::caused(Kind::Invalid, format!("what Spark said in {folder} makes no sense"), error)
        })?;
        Ok(format!("{folder}/{}/", said.rows))
    }
}

/// Each column is cast to the type that DataFusion found.
fn cast(query: &Query<'_>) -> String {
    let cast = |TypedColumn { name, kind }: &TypedColumn| {
        format!("CAST(`{name}` AS {}) AS `{name}`", type_of(*kind))
    };
    let columns: Vec<String> = query.columns.iter().map(cast).collect();
    // A line end behind the query, which may end with a comment.
    format!("SELECT {} FROM (\n{}\n)", columns.join(", "), query.model.sql)
}

async fn read<'a>(session: &Session, query: &Query<'a>) -> Result<Vec<ReadTable<'a>>> {
    let schemas = session.tables().await?;
    let mut tables = Vec::with_capacity(query.inputs.len());
    for input in query.inputs {
        let name = input.name().as_str();
        let schema = schemas.iter().find(|(table, _)| table == name).map(|(_, schema)| schema);
        let schema = schema.ok_or_else(|| Error::new(Kind::Internal, format!("{name} is in no session")))?;
        let (root, files) = files(input, query).await?;
        tables.push(ReadTable { name, root, files, columns: columns(schema) });
    }
    Ok(tables)
}

/// The folder of an input, and its files.
async fn files(input: &Input, query: &Query<'_>) -> Result<(String, Vec<String>)> {
    let (silver, gold) = (&query.places.silver, &query.places.gold.bucket);
    let (bucket, folder, keys): (_, _, Vec<String>) = match input {
        Input::Silver(table, files) => {
            (silver, format!("{}/", table.name), files.iter().map(|file| file.key.clone()).collect())
        }
        Input::Parquet(_, folder, files) => {
            (gold, folder.clone(), files.iter().map(|file| file.key.clone()).collect())
        }
        Input::Iceberg(name, table) => {
            let state = table.state().await?;
            let keys: tarn_core::Result<Vec<String>> =
                state.files().map(|file| table.home.key(file.file_path())).collect();
            (gold, format!("{name}/"), keys?)
        }
    };
    let url = |key: &str| format!("s3://{bucket}/{key}");
    Ok((url(&folder), keys.iter().map(|key| url(key)).collect()))
}

fn columns(schema: &SchemaRef) -> Vec<ReadColumn> {
    let column = |field: &Arc<Field>| {
        let kind = type_of(gold_type(field.data_type()).ok()?);
        let id = field.metadata().get(PARQUET_FIELD_ID_META_KEY).and_then(|id| id.parse().ok());
        // What has another name is no column of ours, and SQL cannot call it.
        let name = ColumnName::new(field.name().as_str()).ok()?.to_string();
        Some(ReadColumn { name, kind, id })
    };
    schema.fields().iter().filter_map(column).collect()
}

/// What Spark calls a type, in SQL and in schemas.
fn type_of(kind: ColumnType) -> String {
    match kind {
        ColumnType::Bool => "boolean".into(),
        ColumnType::Int32 => "integer".into(),
        ColumnType::Int64 => "long".into(),
        ColumnType::Float32 => "float".into(),
        ColumnType::Float64 => "double".into(),
        ColumnType::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
        ColumnType::Date => "date".into(),
        ColumnType::Timestamp(_) => "timestamp_ntz".into(),
        ColumnType::String => "string".into(),
        ColumnType::Binary => "binary".into(),
    }
}
