//! Partitions: what a model says of them, as Iceberg and DataFusion have it.

use std::any::Any;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, new_empty_array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Schema as ArrowSchema};
use datafusion::common::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::prelude::{DataFrame, ident};
use iceberg::arrow::{arrow_primitive_to_literal, type_to_arrow_type};
use iceberg::spec::{Literal, Schema, Struct, Transform, Type, UnboundPartitionSpec};
use iceberg::transform::create_transform_function;
use tarn_lake::{Model, PartitionField};

use super::Layout;
use super::schema::fresh;
use crate::fault::{Fault, Result};
use crate::types::{TypedColumn, iceberg_of};

/// Iceberg's word for what is taken of a value.
pub(super) fn transform_of(field: &PartitionField) -> Transform {
    match field.transform {
        tarn_lake::Transform::Identity => Transform::Identity,
        tarn_lake::Transform::Year => Transform::Year,
        tarn_lake::Transform::Month => Transform::Month,
        tarn_lake::Transform::Day => Transform::Day,
        tarn_lake::Transform::Hour => Transform::Hour,
        tarn_lake::Transform::Bucket(count) => Transform::Bucket(count),
        tarn_lake::Transform::Truncate(width) => Transform::Truncate(width),
    }
}

/// What a partition is called: as Spark and Athena call it, unless a column has that name.
fn name_of(field: &PartitionField, columns: &[TypedColumn]) -> String {
    let word = match field.transform {
        tarn_lake::Transform::Identity => return field.column.to_string(),
        tarn_lake::Transform::Year => "year",
        tarn_lake::Transform::Month => "month",
        tarn_lake::Transform::Day => "day",
        tarn_lake::Transform::Hour => "hour",
        tarn_lake::Transform::Bucket(_) => "bucket",
        tarn_lake::Transform::Truncate(_) => "trunc",
    };
    let mut name = format!("{}_{word}", field.column);
    while columns.iter().any(|column| column.name.as_str() == name) {
        name.push_str("_part");
    }
    name
}

/// The partitions of a model over a schema.
pub(super) fn spec_of(
    schema: &Schema,
    fields: &[PartitionField],
    columns: &[TypedColumn],
) -> Result<UnboundPartitionSpec> {
    let mut spec = UnboundPartitionSpec::builder();
    for field in fields {
        let id = schema.field_id_by_name(field.column.as_str()).ok_or_else(|| {
            Fault::new(format!("`partition_by` names `{}`, which the SQL does not give", field.column), "")
        })?;
        spec = spec.add_partition_field(id, name_of(field, columns), transform_of(field))?;
    }
    Ok(spec.build())
}

/// Partitions that their column's type does not allow, or that cannot stand beside each other.
pub(crate) fn partition_faults(model: &Model, columns: &[TypedColumn]) -> Vec<Fault> {
    let fault = |field: &PartitionField| {
        let column = columns.iter().find(|column| column.name == field.column)?;
        let transform = transform_of(field);
        let is_float = matches!(column.kind, tarn_lake::ColumnType::Float32 | tarn_lake::ColumnType::Float64);
        let is_good = !is_float && result_of(transform, &iceberg_of(column.kind)).is_some();
        let message =
            || format!("`{transform}` cannot be taken of `{}`, which is {}", field.column, column.kind);
        (!is_good).then(|| Fault::new(message(), HELP))
    };
    let faults: Vec<Fault> = model.partition_by.iter().filter_map(fault).collect();
    if faults.is_empty() { together(model, columns).err().into_iter().collect() } else { faults }
}

/// Makes them as a table would have them: the format refuses some, such as years and months of one column.
fn together(model: &Model, columns: &[TypedColumn]) -> Result<(), Fault> {
    let refused = || Fault::new("these partitions cannot stand beside each other", TOGETHER);
    let schema = fresh(columns).map_err(|_| refused())?;
    let spec = spec_of(&schema, &model.partition_by, columns).map_err(|_| refused())?;
    spec.bind(schema).map(|_| ()).map_err(|_| refused())
}

const TOGETHER: &str = "take years, months, days or hours of a column, not two of them, and one bucket and one \
                        `truncate` of it";

const HELP: &str = "years, months, days and hours are of dates and timestamps; buckets of anything but bool and \
                    floats; `truncate` is of numbers and text";

/// The Arrow type of what is taken of a type, if it can be taken and written.
fn result_of(transform: Transform, kind: &Type) -> Option<DataType> {
    transform.result_type(kind).ok()?;
    let empty = new_empty_array(&type_to_arrow_type(kind).ok()?);
    Some(create_transform_function(&transform).ok()?.transform(empty).ok()?.data_type().clone())
}

/// The same rows, those of a partition behind each other.
pub(crate) fn gathered(frame: DataFrame, layout: &Layout) -> Result<DataFrame> {
    let key = sort_key(&layout.fields, &layout.columns);
    if key.is_empty() { Ok(frame) } else { Ok(frame.sort(key)?) }
}

fn sort_key(fields: &[PartitionField], columns: &[TypedColumn]) -> Vec<Sort> {
    let key = |field: &PartitionField| {
        let column = columns.iter().find(|column| column.name == field.column)?;
        let kind = iceberg_of(column.kind);
        let (transform, from) = (transform_of(field), type_to_arrow_type(&kind).ok()?);
        let to = result_of(transform, &kind)?;
        let part = ScalarUDF::from(Part {
            transform,
            from,
            to,
            signature: Signature::any(1, Volatility::Immutable),
        });
        Some(part.call(vec![ident(column.name.as_str())]).sort(true, true))
    };
    fields.iter().filter_map(key).collect()
}

/// A transform as a function of SQL.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Part {
    transform: Transform,
    from: DataType,
    to: DataType,
    signature: Signature,
}

impl ScalarUDFImpl for Part {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn name(&self) -> &str {
        "tarn_partition"
    }
    fn signature(&self) -> &Signature {
        &self.signature
    }
    fn return_type(&self, _: &[DataType]) -> DataFusionResult<DataType> {
        Ok(self.to.clone())
    }
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let values = cast(&args.args[0].to_array(args.number_rows)?, &self.from)?;
        let wrong = |error| DataFusionError::External(Box::new(error));
        let function = create_transform_function(&self.transform).map_err(wrong)?;
        function.transform(values).map(ColumnarValue::Array).map_err(wrong)
    }
}

/// What a batch's rows have for every field of a partition.
pub(super) struct Parts {
    /// The columns of a batch that they are taken of, and what is taken.
    fields: Vec<(usize, Transform, Type)>,
}

impl Parts {
    pub fn of(schema: &Schema, spec: &iceberg::spec::PartitionSpec) -> iceberg::Result<Self> {
        let kinds = spec.partition_type(schema)?;
        let field = |(field, kind): (&iceberg::spec::PartitionField, &iceberg::spec::NestedFieldRef)| {
            let at = schema.as_struct().fields().iter().position(|column| column.id == field.source_id)?;
            Some((at, field.transform, kind.field_type.as_ref().clone()))
        };
        Ok(Self { fields: spec.fields().iter().zip(kinds.fields()).filter_map(field).collect() })
    }

    pub fn is_none(&self) -> bool {
        self.fields.is_empty()
    }

    /// An array for each field.
    pub fn arrays(&self, columns: &[ArrayRef]) -> iceberg::Result<Vec<ArrayRef>> {
        let taken = |(at, transform, _): &(usize, Transform, Type)| {
            create_transform_function(transform)?.transform(columns[*at].clone())
        };
        self.fields.iter().map(taken).collect()
    }

    /// The values of one row.
    pub fn row(&self, arrays: &[ArrayRef], row: usize) -> iceberg::Result<Struct> {
        let value = |(array, (_, _, kind)): (&ArrayRef, &(usize, Transform, Type))| -> iceberg::Result<Option<Literal>> {
            Ok(arrow_primitive_to_literal(&array.slice(row, 1), kind)?.pop().flatten())
        };
        let values: iceberg::Result<Vec<_>> = arrays.iter().zip(&self.fields).map(value).collect();
        Ok(values?.into_iter().collect())
    }
}

/// The Arrow schema of files, with the ids of fields.
pub(super) fn arrow_schema(schema: &Schema) -> iceberg::Result<Arc<ArrowSchema>> {
    iceberg::arrow::schema_to_arrow_schema(schema).map(Arc::new)
}
