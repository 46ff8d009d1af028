//! A session: tables, and SQL over them within stated memory.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::catalog::TableProvider;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::prelude::{DataFrame, SQLOptions, SessionConfig, SessionContext};
use futures::TryStreamExt;
use tarn_core::ports::ObjectStore;

use crate::fault::{Fault, Result, of_datafusion};
use crate::sieve::Sieve;
use crate::store::{Shelf, URL};
use crate::{functions, joins, parse};

/// What a session may take.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bytes of memory for joins, groups and sorts; beyond them it spills.
    pub memory_bytes: usize,
    /// The folder that it spills into.
    pub spill: PathBuf,
    /// How many threads work on a query.
    pub threads: usize,
}

impl Settings {
    /// Two threads, which is what a Lambda of up to 5 GB has.
    pub const THREADS: usize = 2;

    /// So much memory, two threads, and a folder to spill into.
    pub fn new(memory_bytes: usize, spill: impl Into<PathBuf>) -> Self {
        Self { memory_bytes, spill: spill.into(), threads: Self::THREADS }
    }
}

/// Tables, and SQL over them. Tables are added before a query reads them; those of a name are replaced
/// by the last one added.
pub struct Session {
    context: SessionContext,
    shelf: Arc<Shelf>,
}

/// The rows of a query, as they come.
pub struct Rows {
    /// Names and types of the columns.
    pub schema: SchemaRef,
    /// The rows.
    pub stream: SendableRecordBatchStream,
    shelf: Arc<Shelf>,
    before: u64,
}

impl Rows {
    /// Bytes that were read for it so far; of several queries at once, those of all.
    pub fn scanned_bytes(&self) -> u64 {
        self.shelf.scanned() - self.before
    }
}

impl Session {
    /// A session without tables, over the files of a store.
    pub fn new(settings: &Settings, store: Arc<dyn ObjectStore>) -> Result<Self> {
        Self::over(Shelf::new(Some(store)), runtime(settings)?, config(settings))
    }

    /// A session in which queries are planned and not run.
    pub(crate) fn without_files() -> Result<Self> {
        Self::over(Shelf::new(None), RuntimeEnv::default(), config(&Settings::new(1 << 30, "")))
    }

    fn over(shelf: Shelf, runtime: RuntimeEnv, config: SessionConfig) -> Result<Self> {
        let (shelf, runtime) = (Arc::new(shelf), Arc::new(runtime));
        let url = ObjectStoreUrl::parse(URL)?;
        runtime.register_object_store(url.as_ref(), shelf.clone());
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime)
            .with_default_features()
            .with_optimizer_rules(joins::rules())
            .with_physical_optimizer_rule(Arc::new(Sieve))
            .build();
        let context = SessionContext::new_with_state(state);
        functions::register(&context)?;
        Ok(Self { context, shelf })
    }

    /// Bytes that were read through it so far.
    pub fn scanned_bytes(&self) -> u64 {
        self.shelf.scanned()
    }

    /// Runs a query.
    pub async fn query(&self, sql: &str) -> Result<Rows> {
        let before = self.shelf.scanned();
        let stream = self.plan(sql).await?.execute_stream().await.map_err(|e| of_datafusion(e, sql))?;
        Ok(Rows { schema: stream.schema(), stream, shelf: self.shelf.clone(), before })
    }

    /// How a query would be run, for people.
    pub async fn explain(&self, sql: &str) -> Result<String> {
        let explained = self.plan(sql).await?.explain(false, false)?;
        Ok(pretty_format_batches(&explained.collect().await?)?.to_string())
    }

    /// The columns of every table, in the order of names.
    pub async fn tables(&self) -> Result<Vec<(String, SchemaRef)>> {
        let catalog = self.context.catalog("datafusion");
        let Some(schema) = catalog.and_then(|catalog| catalog.schema("public")) else {
            return Ok(Vec::new());
        };
        let mut tables = Vec::new();
        for name in schema.table_names() {
            if let Some(table) = schema.table(&name).await? {
                tables.push((name, table.schema()));
            }
        }
        tables.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(tables)
    }

    /// A query that was checked and planned, and not yet run.
    pub(crate) async fn plan(&self, sql: &str) -> Result<DataFrame> {
        let statement = parse::query(sql)?;
        let state = self.context.state();
        let plan = state.statement_to_plan(statement).await.map_err(|error| of_datafusion(error, sql))?;
        let query_only =
            SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        query_only.verify_plan(&plan).map_err(|error| of_datafusion(error, sql))?;
        Ok(DataFrame::new(state, plan))
    }

    /// The number that a query gives as its only value.
    pub(crate) async fn count(&self, sql: &str) -> Result<u64> {
        use datafusion::arrow::array::AsArray;
        use datafusion::arrow::datatypes::Int64Type;
        let batches: Vec<_> =
            self.query(sql).await?.stream.try_collect().await.map_err(|e| of_datafusion(e, sql))?;
        let first = batches.iter().find(|batch| batch.num_rows() > 0);
        let value = first.and_then(|batch| Some(batch.column(0).as_primitive_opt::<Int64Type>()?.value(0)));
        value
            .and_then(|value| u64::try_from(value).ok())
            .ok_or_else(|| Fault::new("a count has no number", "").into())
    }

    pub(crate) fn add(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<()> {
        self.context.deregister_table(quoted(name))?;
        self.context.register_table(quoted(name), table)?;
        Ok(())
    }

    pub(crate) fn context(&self) -> &SessionContext {
        &self.context
    }

    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// The same as DataFusion sees it.
    pub(crate) fn files(&self) -> Arc<dyn object_store::ObjectStore> {
        self.shelf.clone()
    }
}

/// A name as SQL takes it, whatever it looks like.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn runtime(settings: &Settings) -> Result<RuntimeEnv> {
    let pool = TrackConsumersPool::new(FairSpillPool::new(settings.memory_bytes), TOLD);
    let disk =
        DiskManagerBuilder::default().with_mode(DiskManagerMode::Directories(vec![settings.spill.clone()]));
    let builder = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(pool)).with_disk_manager_builder(disk);
    Ok(builder.build()?)
}

/// How many takers of memory an error names.
const TOLD: NonZeroUsize = NonZeroUsize::MIN.saturating_add(2);

fn config(settings: &Settings) -> SessionConfig {
    let threads = settings.threads.max(1);
    let mut config = SessionConfig::new().with_target_partitions(threads).with_information_schema(false);
    let execution = &mut config.options_mut().execution;
    // With 8,192, 16,384 and 32,768 rows the questions of `scripts/bench models` took 5.9, 5.7 and 5.4 s, medians of
    // three one after the other on a noisy machine. A join counts what it holds batch by batch, and texts that
    // batches share once in each, so small ones count for too much.
    execution.batch_size = 32_768;
    // What a sort keeps to merge what it spilled: 10 MB for each thread, or what little memory allows.
    execution.sort_spill_reservation_bytes =
        (settings.memory_bytes / (8 * threads)).min(execution.sort_spill_reservation_bytes);
    // Rows in memory are sorted in one piece. To sort them batch by batch and merge them takes as much
    // memory again, which is not there when a sort has all that it may take, and fails it.
    execution.sort_in_place_threshold_bytes = settings.memory_bytes;
    let options = config.options_mut();
    // What a join keeps in memory is looked up by all threads while it is small: to share it out, the other rows
    // must be shared out too. The 22 questions of `scripts/bench models` took a tenth less with 32 MB than with 1 MB,
    // and more again with 128 MB.
    options.optimizer.hash_join_single_partition_threshold = 32 << 20;
    options.optimizer.hash_join_single_partition_threshold_rows = 2 << 20;
    options.sql_parser.collect_spans = true;
    // `0.1` is a decimal, as Athena, Spark and DuckDB have it.
    options.sql_parser.parse_float_as_decimal = true;
    // Nulls come last whichever way one sorts, as Athena has it.
    options.sql_parser.default_null_ordering = "nulls_last".into();
    config
}
