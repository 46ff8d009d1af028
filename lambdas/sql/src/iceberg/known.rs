//! What a manifest says of the values in a file, as DataFusion takes it: to leave files unread.

use std::sync::Arc;

use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use iceberg::spec::{DataFile, Datum, NestedFieldRef, PrimitiveLiteral, Schema};
use tarn_lake::ColumnType;

use crate::types::of_iceberg;

/// Counts and bounds of a file, for the columns that a table has today. DataFusion leaves a file out
/// for nothing but what is exact, so what might not be is left unsaid.
pub(super) fn of(file: &DataFile, schema: &Schema) -> Arc<Statistics> {
    let columns = schema.as_struct().fields().iter().map(|field| column(file, field)).collect();
    Arc::new(Statistics {
        num_rows: Precision::Exact(file.record_count() as usize),
        total_byte_size: Precision::Inexact(file.file_size_in_bytes() as usize),
        column_statistics: columns,
    })
}

fn column(file: &DataFile, field: &NestedFieldRef) -> ColumnStatistics {
    let mut known = ColumnStatistics::new_unknown();
    let bound = |bound: Option<&Datum>| {
        let value = bound.zip(of_iceberg(&field.field_type)).and_then(|(bound, kind)| value(bound, kind));
        value.map_or(Precision::Absent, Precision::Exact)
    };
    known.min_value = bound(file.lower_bounds().get(&field.id));
    known.max_value = bound(file.upper_bounds().get(&field.id));
    if let Some(nulls) = file.null_value_counts().get(&field.id) {
        known.null_count = Precision::Exact(*nulls as usize);
    }
    known
}

/// The length that Parquet's writer cuts a bound to. A cut bound is no value of the file.
const CUT_BYTES: usize = 64;

/// A bound as a value of the column's type of today, which may be wider than the file's.
fn value(bound: &Datum, kind: ColumnType) -> Option<ScalarValue> {
    Some(match (kind, bound.literal()) {
        (ColumnType::Bool, PrimitiveLiteral::Boolean(value)) => ScalarValue::Boolean(Some(*value)),
        (ColumnType::Int32, PrimitiveLiteral::Int(value)) => ScalarValue::Int32(Some(*value)),
        (ColumnType::Int64, PrimitiveLiteral::Int(value)) => ScalarValue::Int64(Some((*value).into())),
        (ColumnType::Int64, PrimitiveLiteral::Long(value)) => ScalarValue::Int64(Some(*value)),
        (ColumnType::Date, PrimitiveLiteral::Int(value)) => ScalarValue::Date32(Some(*value)),
        (ColumnType::Timestamp(_), PrimitiveLiteral::Long(value)) => {
            ScalarValue::TimestampMicrosecond(Some(*value), None)
        }
        (ColumnType::Decimal { precision, scale }, PrimitiveLiteral::Int128(value)) => {
            ScalarValue::Decimal128(Some(*value), precision, scale as i8)
        }
        (ColumnType::String, PrimitiveLiteral::String(value)) if value.len() < CUT_BYTES => {
            ScalarValue::Utf8View(Some(value.clone()))
        }
        // A float may be NaN where bounds say nothing of it.
        _ => return None,
    })
}
