//! The metadata that a change begins with: the columns and partitions that its files are written by.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::Schema as ArrowSchema;
use iceberg::spec::{
    FormatVersion, NestedFieldRef, PartitionSpecRef, SchemaRef, SortOrder, TableMetadata,
    TableMetadataBuilder,
};
use tarn_core::{Error, Kind};
use tarn_lake::{ColumnName, Model, PartitionField};

use super::partition::{arrow_schema, spec_of};
use super::schema::{Renamed, evolved, fresh};
use super::{Home, Table};
use crate::fault::Result;
use crate::types::{TypedColumn, of_iceberg};

/// What files are written by.
#[derive(Clone)]
pub(crate) struct Layout {
    pub schema: SchemaRef,
    /// The same for Arrow, with the ids of fields.
    pub arrow: Arc<ArrowSchema>,
    pub spec: PartitionSpecRef,
    /// The same in the words of the model.
    pub fields: Vec<PartitionField>,
    pub columns: Vec<TypedColumn>,
}

impl Layout {
    fn of(metadata: &TableMetadata, model: &Model, columns: &[TypedColumn]) -> Result<Self> {
        let schema = metadata.current_schema().clone();
        Ok(Self {
            arrow: arrow_schema(&schema)?,
            schema,
            spec: metadata.default_partition_spec().clone(),
            fields: model.partition_by.clone(),
            columns: columns.to_vec(),
        })
    }
}

/// The metadata of a table with these columns and partitions, before its next snapshot. Those of a
/// table that is there go on; without one they begin.
pub(crate) fn begin(
    home: &Home,
    base: Option<&Table>,
    model: &Model,
    columns: &[TypedColumn],
    renamed: &Renamed,
) -> Result<(TableMetadata, Layout)> {
    let built = match base {
        None => {
            let schema = fresh(columns)?;
            let spec = spec_of(&schema, &model.partition_by, columns)?;
            let (order, location) = (SortOrder::unsorted_order(), home.location.clone());
            TableMetadataBuilder::new(schema, spec, order, location, FormatVersion::V2, properties())?
        }
        Some(base) => {
            let there = &base.metadata;
            let schema = evolved(there.current_schema(), there.last_column_id(), columns, renamed)?;
            let spec = spec_of(&schema, &model.partition_by, columns)?;
            let builder = TableMetadataBuilder::new_from_metadata(there.clone(), Some(base.path.clone()));
            builder.add_current_schema(schema)?.add_default_partition_spec(spec)?
        }
    };
    let since = base.map_or(0, |base| base.metadata.last_updated_ms());
    let metadata = last_changed(built.build()?.metadata, since)?;
    let layout = Layout::of(&metadata, model, columns)?;
    Ok((metadata, layout))
}

/// What other writers are told.
fn properties() -> HashMap<String, String> {
    let pairs = [
        ("write.format.default", "parquet"),
        ("write.parquet.compression-codec", "zstd"),
        ("write.target-file-size-bytes", "134217728"),
    ];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The builder looks at a clock of its own; the next snapshot's time is our clock's, and must not lie
/// before the last change.
pub(super) fn last_changed(metadata: TableMetadata, millis: i64) -> Result<TableMetadata> {
    let unwritable = |error| Error::caused(Kind::Internal, "metadata cannot be written as JSON", error);
    let mut json = serde_json::to_value(&metadata).map_err(unwritable)?;
    json["last-updated-ms"] = millis.into();
    Ok(serde_json::from_value(json).map_err(unwritable)?)
}

impl Layout {
    /// That of a table as it stands.
    pub fn there(metadata: &TableMetadata) -> Result<Self> {
        let schema = metadata.current_schema().clone();
        let spec = metadata.default_partition_spec().clone();
        let strange =
            |what: &str| Error::new(Kind::Invalid, format!("the table has {what} that tarn writes none of"));
        let column = |field: &NestedFieldRef| {
            let kind = of_iceberg(&field.field_type).ok_or_else(|| strange("a type"))?;
            let name = ColumnName::new(field.name.as_str()).map_err(|_| strange("a name of a column"))?;
            Ok(TypedColumn { name, kind })
        };
        let columns: Result<Vec<_>> = schema.as_struct().fields().iter().map(column).collect();
        let field = |field: &iceberg::spec::PartitionField| {
            let source = schema.name_by_field_id(field.source_id).ok_or_else(|| strange("a partition"))?;
            let column = ColumnName::new(source).map_err(|_| strange("a name of a column"))?;
            let transform = transform_back(field.transform).ok_or_else(|| strange("a partition"))?;
            Ok(PartitionField { column, transform })
        };
        let fields: Result<Vec<_>> = spec.fields().iter().map(field).collect();
        Ok(Self { arrow: arrow_schema(&schema)?, schema, spec, fields: fields?, columns: columns? })
    }

    /// The metadata that a change begins with which leaves columns and partitions as they are.
    pub fn begun(&self, base: &Table) -> Result<TableMetadata> {
        let there = &base.metadata;
        let builder = TableMetadataBuilder::new_from_metadata(there.clone(), Some(base.path.clone()));
        last_changed(builder.build()?.metadata, there.last_updated_ms())
    }
}

fn transform_back(transform: iceberg::spec::Transform) -> Option<tarn_lake::Transform> {
    use iceberg::spec::Transform;
    Some(match transform {
        Transform::Identity => tarn_lake::Transform::Identity,
        Transform::Year => tarn_lake::Transform::Year,
        Transform::Month => tarn_lake::Transform::Month,
        Transform::Day => tarn_lake::Transform::Day,
        Transform::Hour => tarn_lake::Transform::Hour,
        Transform::Bucket(count) => tarn_lake::Transform::Bucket(count),
        Transform::Truncate(width) => tarn_lake::Transform::Truncate(width),
        _ => return None,
    })
}
