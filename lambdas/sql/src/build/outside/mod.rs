//! A model's rows by an engine outside, for what a worker has no memory or no time for.
//!
//! Athena or Spark runs the model's query and leaves its rows as Parquet; the worker reads these, tests them and
//! publishes them as it does its own. DataFusion plans the same query beforehand, so the columns and their types are
//! those that `tarn model check` found. What is begun has a name that follows from run, output and number, so whoever
//! comes after a worker that died or ran out of time waits for the same.

mod athena;
mod nulls;
mod spark;

use datafusion::prelude::DataFrame;
use sha2::{Digest, Sha256};
use tarn_core::ports::Object;
use tarn_core::{Error, Kind};
use tarn_lake::{Model, Table};

use super::inputs::Input;
use super::output::hex;
use super::{Places, Ports};
use crate::fault::Result;
use crate::scan::{Files, Match};
use crate::session::{Session, quoted};
use crate::store::Listed;
use crate::types::{TypedColumn, schema_of};

pub use athena::Athena;
pub use spark::Spark;

/// Which engine.
#[derive(Clone, Copy)]
pub enum By<'a> {
    /// Athena.
    Athena(&'a Athena),
    /// Spark.
    Spark(&'a Spark),
}

/// An engine outside, for one call of a worker.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// The engine.
    pub by: By<'a>,
    /// The run.
    pub run: &'a str,
    /// How long the worker waits for it, in milliseconds since 1970. What is not done by then goes on.
    pub waits_until_millis: i64,
}

/// A model's query.
pub(super) struct Query<'a> {
    pub model: &'a Model,
    /// The columns that it has.
    pub columns: &'a [TypedColumn],
    /// The tables of silver; what it reads besides is gold.
    pub tables: &'a [Table],
    /// What it reads, as it stands.
    pub inputs: &'a [Input],
    pub places: &'a Places,
}

/// What SQL calls the rows; no table has a blank in its name.
const ROWS: &str = "rows from outside";

impl Outside<'_> {
    /// The rows of a model, as a frame of the session. `output` is what they are to be.
    pub(super) async fn rows(
        &self,
        session: &Session,
        ports: &Ports,
        query: &Query<'_>,
        output: &str,
    ) -> Result<DataFrame> {
        let (bucket, folder) = match self.by {
            By::Athena(athena) => (&athena.bucket, athena.rows(self, query, output).await?),
            By::Spark(spark) => (&spark.bucket, spark.rows(self, session, ports, query, output).await?),
        };
        staged(session, ports, query.columns, bucket, &folder).await
    }

    fn name(&self, output: &str, nth: u32) -> String {
        hex(&Sha256::digest(format!("{output} {} {nth}", self.run))[..32])
    }
}

/// What lies in a folder, whatever its files are called.
async fn staged(
    session: &Session,
    ports: &Ports,
    columns: &[TypedColumn],
    bucket: &str,
    folder: &str,
) -> Result<DataFrame> {
    let listed = ports.store.list(bucket, folder).await?;
    let put = |Object { key, size_bytes, tag, .. }: Object| {
        session.shelf().put(Listed { bucket: bucket.to_owned(), key, size_bytes, tag })
    };
    let files =
        listed.into_iter().filter(|file| file.size_bytes > 0 && !is_hidden(&file.key)).map(put).collect();
    let rows = Files::new(schema_of(columns), Vec::new(), files, None, Match::Name);
    session.add(ROWS, std::sync::Arc::new(rows))?;
    session.plan(&format!("select * from {}", quoted(ROWS))).await
}

/// What Hadoop writes for itself, beside rows.
fn is_hidden(key: &str) -> bool {
    key.rsplit('/').next().is_some_and(|name| name.starts_with(['_', '.']))
}

fn failed(model: &Model, reason: &str) -> crate::Error {
    Error::new(Kind::Invalid, format!("{} cannot be made: {reason}", model.name)).into()
}
