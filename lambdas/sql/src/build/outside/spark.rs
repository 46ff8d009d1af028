//! A model's query as Spark is asked it: a request, and the script that carries it out.
//!
//! The request names every file that is read, so Spark sees what the worker saw, whatever is written meanwhile, and
//! needs no catalog. Each job leaves its rows in a folder that no other one has, and says at last which: whichever
//! says so last, its rows are whole, also if there were two jobs of one name.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, SchemaRef};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use futures::{StreamExt, TryStreamExt, stream};
use iceberg::spec::DataFile;
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use serde::{Deserialize, Serialize};
use tarn_core::ports::{Content, Ended, SparkJob, SparkJobs};
use tarn_core::{Error, Kind};
use tarn_lake::{ColumnName, ColumnType};

use super::{Outside, Query, failed, nulls};
use crate::build::Ports;
use crate::build::inputs::{Input, listed};
use crate::fault::Result;
use crate::session::Session;
use crate::store::Listed;
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
    columns: Vec<ReadColumn>,
    groups: Vec<Group>,
}

/// Files whose columns have these types, which may be narrower than those of the table by now. Spark 3.5 reads no
/// 32 bits as 64.
#[derive(Serialize)]
struct Group {
    types: Vec<String>,
    files: Vec<String>,
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
        self.ask(session, ports, query, &folder).await?;
        let (script, request) = (format!("{to}/model.py"), format!("{to}/request.json"));
        let deadline_millis = outside.waits_until_millis;
        let job = SparkJob { name: &name, script: &script, request: &request, deadline_millis };
        match self.jobs.run(&job).await? {
            Ended::Done => self.said(ports, &folder).await,
            Ended::Refused { reason } | Ended::Broken { reason } => Err(failed(query.model, &reason)),
        }
    }

    /// Writes script and request, unless a worker before did.
    async fn ask(&self, session: &Session, ports: &Ports, query: &Query<'_>, folder: &str) -> Result<()> {
        let last = format!("{folder}/request.json");
        match ports.store.stored(&self.bucket, &last).await {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == Kind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let to = format!("s3://{}/{folder}", self.bucket);
        let request = Request { tables: read(session, query).await?, sql: cast(query)?, to: &to };
        let request = serde_json::to_vec(&request).map_err(|error| {
            Error::caused(Kind::Internal, format!("writing what Spark does for {}", query.model.name), error)
        })?;
        for (paper, content) in [(format!("{folder}/model.py"), SCRIPT.as_bytes().to_vec()), (last, request)]
        {
            ports.store.create(&self.bucket, &paper, Content::Bytes(content.into()), "").await?;
        }
        Ok(())
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
fn cast(query: &Query<'_>) -> Result<String> {
    let cast = |TypedColumn { name, kind }: &TypedColumn| {
        format!("CAST(`{name}` AS {}) AS `{name}`", type_of(*kind))
    };
    let columns: Vec<String> = query.columns.iter().map(cast).collect();
    Ok(format!("SELECT {} FROM ({})", columns.join(", "), nulls::last(&query.model.sql)?))
}

async fn read<'a>(session: &Session, query: &Query<'a>) -> Result<Vec<ReadTable<'a>>> {
    let schemas = session.tables().await?;
    let mut tables = Vec::with_capacity(query.inputs.len());
    for input in query.inputs {
        let name = input.name().as_str();
        let schema = schemas.iter().find(|(table, _)| table == name).map(|(_, schema)| schema);
        let schema = schema.ok_or_else(|| Error::new(Kind::Internal, format!("{name} is in no session")))?;
        let (root, files) = files(input, query).await?;
        let columns = columns(schema);
        let groups = groups(session, &columns, &files).await?;
        tables.push(ReadTable { name, root, columns, groups });
    }
    Ok(tables)
}

/// The folder of an input, and its files.
async fn files(input: &Input, query: &Query<'_>) -> Result<(String, Vec<Listed>)> {
    let (silver, gold) = (&query.places.silver, &query.places.gold.bucket);
    Ok(match input {
        Input::Silver(table, files) => {
            let files = files.iter().map(|file| listed(silver, file)).collect();
            (url(silver, &format!("{}/", table.name)), files)
        }
        Input::Parquet(_, folder, files) => {
            (url(gold, folder), files.iter().map(|file| listed(gold, file)).collect())
        }
        Input::Iceberg(name, table) => {
            let state = table.state().await?;
            let listed = |file: &DataFile| table.home.listed(file.file_path(), file.file_size_in_bytes());
            let files: tarn_core::Result<Vec<Listed>> = state.files().map(listed).collect();
            (url(gold, &format!("{name}/")), files?)
        }
    })
}

fn url(bucket: &str, key: &str) -> String {
    format!("s3://{bucket}/{key}")
}

/// Footers that are read at once.
const FOOTERS: usize = 32;

/// Files by the types that their footers tell.
async fn groups(session: &Session, columns: &[ReadColumn], files: &[Listed]) -> Result<Vec<Group>> {
    let (state, store) = (session.context().state(), session.files());
    let format = ParquetFormat::default().with_skip_metadata(false);
    let read = |file: &Listed| {
        let (state, store, format) = (&state, &store, &format);
        let (url, meta) = (url(&file.bucket, &file.key), session.shelf().put(file.clone()).object_meta);
        async move {
            let schema = format.infer_schema(state, store, &[meta]).await?;
            Ok::<_, crate::Error>((columns.iter().map(|column| column.kind_in(&schema)).collect(), url))
        }
    };
    let read: Vec<(Vec<String>, String)> =
        stream::iter(files.iter().map(read)).buffered(FOOTERS).try_collect().await?;
    let mut groups = BTreeMap::<_, Vec<String>>::new();
    for (types, file) in read {
        groups.entry(types).or_default().push(file);
    }
    Ok(groups.into_iter().map(|(types, files)| Group { types, files }).collect())
}

impl ReadColumn {
    /// The type that it has in a file; that of the table where it is not in it.
    fn kind_in(&self, schema: &SchemaRef) -> String {
        let is_it = |field: &&Arc<Field>| match self.id {
            Some(id) => id_of(field) == Some(id),
            None => *field.name() == self.name,
        };
        let found = schema.fields().iter().find(is_it).and_then(|field| gold_type(field.data_type()).ok());
        found.map_or_else(|| self.kind.clone(), type_of)
    }
}

fn id_of(field: &Field) -> Option<i32> {
    field.metadata().get(PARQUET_FIELD_ID_META_KEY).and_then(|id| id.parse().ok())
}

fn columns(schema: &SchemaRef) -> Vec<ReadColumn> {
    let column = |field: &Arc<Field>| {
        let kind = type_of(gold_type(field.data_type()).ok()?);
        // What has another name is no column of ours, and SQL cannot call it.
        let name = ColumnName::new(field.name().as_str()).ok()?.to_string();
        Some(ReadColumn { name, kind, id: id_of(field) })
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
