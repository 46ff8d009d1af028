//! Tables that are a list of Parquet files.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{
    ColumnStatistics, DFSchema, DataFusionError, Result, ScalarValue, Statistics, project_schema,
};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr_adapter::{
    DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory,
};
use datafusion::physical_optimizer::pruning::PruningPredicate;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use crate::store::URL;

/// How columns of a file are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    /// By what they are called, as in silver.
    Name,
    /// By the ids of their fields, as in Iceberg.
    Id,
}

/// What a value takes in a file: 1.1 to 4.7 bytes in the larger tables of `scripts/bench models`, so rather few rows
/// are guessed than many. Which of two tables is larger is all that follows from it.
const BYTES_OF_A_VALUE: u64 = 4;

/// A table that is these files and no other.
#[derive(Debug)]
pub(crate) struct Files {
    schema: TableSchema,
    files: Vec<PartitionedFile>,
    rows: Option<u64>,
    columns: Vec<ColumnStatistics>,
    by: Match,
}

impl Files {
    /// `folders` are columns whose values are those of the files, not in them. `rows` is how many
    /// there are, where that is known.
    pub fn new(
        columns: SchemaRef,
        folders: Vec<FieldRef>,
        files: Vec<PartitionedFile>,
        rows: Option<u64>,
        by: Match,
    ) -> Self {
        Self { schema: TableSchema::new(columns, folders), files, rows, columns: Vec::new(), by }
    }

    /// With what is known of the values of all files, column by column.
    pub fn knowing(self, known: Statistics) -> Self {
        let rows = known.num_rows.get_value().map(|rows| *rows as u64).or(self.rows);
        Self { rows, columns: known.to_inexact().column_statistics, ..self }
    }

    fn predicate(&self, state: &dyn Session, filters: &[Expr]) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let Some(filter) = conjunction(filters.to_vec()) else { return Ok(None) };
        let schema = DFSchema::try_from(self.schema.table_schema().clone())?;
        state.create_physical_expr(filter, &schema).map(Some)
    }

    /// The files whose folders may hold rows that pass the filters. What is known of the values in a
    /// file, DataFusion looks at itself.
    fn wanted(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<PartitionedFile>> {
        let folders = self.schema.table_partition_cols();
        let is_of_folders = |filter: &&Expr| {
            let named = filter.column_refs();
            !named.is_empty()
                && named.iter().all(|column| folders.iter().any(|folder| *folder.name() == column.name))
        };
        let filters: Vec<Expr> = filters.iter().filter(is_of_folders).cloned().collect();
        let Some(filter) = conjunction(filters).filter(|_| !self.files.is_empty()) else {
            return Ok(self.files.clone());
        };
        let schema = Arc::new(Schema::new(folders.clone()));
        let judge = state.create_physical_expr(filter, &DFSchema::try_from(schema.clone())?)?;
        let column = |nth: usize| {
            ScalarValue::iter_to_array(self.files.iter().map(|file| file.partition_values[nth].clone()))
        };
        let columns: Result<Vec<_>> = (0..folders.len()).map(column).collect();
        let passed =
            judge.evaluate(&RecordBatch::try_new(schema, columns?)?)?.into_array(self.files.len())?;
        let passed = passed.as_boolean();
        let wanted = (0..self.files.len()).filter(|nth| passed.is_valid(*nth) && passed.value(*nth));
        Ok(wanted.map(|nth| self.files[nth].clone()).collect())
    }

    /// The files that hold such rows by what is known of their values. DataFusion looks at that, too, but
    /// opens a file with one value in all its rows, as those of a partition have.
    fn pruned(
        &self,
        files: Vec<PartitionedFile>,
        predicate: Option<&Arc<dyn PhysicalExpr>>,
    ) -> Vec<PartitionedFile> {
        let schema = self.schema.file_schema();
        let known: Option<Vec<_>> = files.iter().map(|file| file.statistics.clone()).collect();
        let (Some(known), Some(predicate)) = (known, predicate) else { return files };
        let pruning = PruningPredicate::try_new(predicate.clone(), schema.clone());
        // What cannot be judged is read.
        match pruning.and_then(|pruning| pruning.prune(&PrunableStatistics::new(known, schema.clone()))) {
            Err(_) => files,
            Ok(kept) => files.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(file, _)| file).collect(),
        }
    }

    /// A guess for the planner, which must never take it for an answer.
    fn guess(&self) -> Statistics {
        let mut guess = Statistics::new_unknown(self.schema.table_schema());
        let bytes: u64 = self.files.iter().map(|file| file.object_meta.size).sum();
        let rows = bytes / (BYTES_OF_A_VALUE * self.schema.file_schema().fields().len().max(1) as u64);
        guess.total_byte_size = Precision::Inexact(bytes as usize);
        guess.num_rows = Precision::Inexact(self.rows.unwrap_or(rows) as usize);
        for (column, known) in guess.column_statistics.iter_mut().zip(&self.columns) {
            *column = known.clone();
        }
        guess
    }
}

#[async_trait]
impl TableProvider for Files {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn schema(&self) -> SchemaRef {
        self.schema.table_schema().clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(self.guess())
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let predicate = self.predicate(state, filters)?;
        let files = self.pruned(self.wanted(state, filters)?, predicate.as_ref());
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema(), projection)?)));
        }
        let options = state.table_options().parquet.clone();
        let url = ObjectStoreUrl::parse(URL)?;
        let runtime = state.runtime_env();
        // Footers that the planner has read are not read again.
        let footers = runtime.cache_manager.get_file_metadata_cache();
        let reader = CachedParquetFileReaderFactory::new(runtime.object_store(&url)?, footers);
        let source = ParquetSource::new(self.schema.clone()).with_table_parquet_options(options);
        let mut source = source.with_parquet_file_reader_factory(Arc::new(reader));
        if let Some(predicate) = predicate {
            source = source.with_predicate(predicate);
        }
        let groups = FileGroup::new(files).split_files(state.config().target_partitions());
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(self.guess())
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .with_expr_adapter((self.by == Match::Id).then(|| Arc::new(ById) as _))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// Finds the columns of a file by the ids of their fields, whatever they were called when it was
/// written.
#[derive(Debug)]
struct ById;

impl PhysicalExprAdapterFactory for ById {
    fn create(&self, logical: SchemaRef, physical: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let names: HashMap<&str, &String> =
            logical.fields().iter().filter_map(|field| Some((id_of(field)?, field.name()))).collect();
        let called = |(nth, field): (usize, &FieldRef)| match id_of(field).and_then(|id| names.get(id)) {
            Some(name) => field.as_ref().clone().with_name(*name),
            None => field.as_ref().clone().with_name(format!("\u{0}{nth}")),
        };
        let renamed: Vec<Field> = physical.fields().iter().enumerate().map(called).collect();
        let renamed = Arc::new(Schema::new(renamed));
        let inner = DefaultPhysicalExprAdapterFactory.create(logical, renamed.clone())?;
        Ok(Arc::new(AdapterById { inner, renamed, physical }))
    }
}

fn id_of(field: &FieldRef) -> Option<&str> {
    field.metadata().get(PARQUET_FIELD_ID_META_KEY).map(String::as_str)
}

#[derive(Debug)]
struct AdapterById {
    inner: Arc<dyn PhysicalExprAdapter>,
    renamed: SchemaRef,
    physical: SchemaRef,
}

impl PhysicalExprAdapter for AdapterById {
    /// Rewrites for the file with its columns called as the table calls them now, and then calls them
    /// what they are called in the file.
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let rewritten = self.inner.rewrite(expr)?;
        let as_in_file = |expr: Arc<dyn PhysicalExpr>| {
            let Some(column) = expr.as_any().downcast_ref::<Column>() else {
                return Ok(Transformed::no(expr));
            };
            let index = self.renamed.index_of(column.name()).map_err(DataFusionError::from)?;
            let name = self.physical.field(index).name();
            Ok(Transformed::yes(Arc::new(Column::new(name, index)) as Arc<dyn PhysicalExpr>))
        };
        rewritten.transform(as_in_file).data()
    }
}
