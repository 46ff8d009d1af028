//! How the columns of a table are called and typed in Parquet.
//!
//! Timestamps are written with `isAdjustedToUTC = false`, although they are UTC: Athena, Hive and
//! Iceberg's `timestamp` have no zone, DuckDB and PyArrow would show an adjusted one in the
//! reader's zone, and a lake must show the same digits everywhere. The digits are those of UTC.
//!
//! Every column is optional, because a later layout may drop any of them.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::errors::Result;
use parquet::schema::types::Type;
use tarn_lake::{Column, ColumnType};

/// The Parquet schema of columns.
pub fn of<'c>(columns: impl Iterator<Item = &'c Column>) -> Result<Arc<Type>> {
    let fields: Result<Vec<_>> = columns.map(|column| field(column).map(Arc::new)).collect();
    Ok(Arc::new(Type::group_type_builder("schema").with_fields(fields?).build()?))
}

fn field(column: &Column) -> Result<Type> {
    let (physical, logical) = types(column.kind);
    let builder = Type::primitive_type_builder(column.name.as_str(), physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    match column.kind {
        ColumnType::Decimal { precision, scale } => builder
            .with_precision(i32::from(precision))
            .with_scale(i32::from(scale))
            .with_length(decimal_length(precision) as i32)
            .build(),
        _ => builder.build(),
    }
}

fn types(kind: ColumnType) -> (Physical, Option<LogicalType>) {
    match kind {
        ColumnType::Bool => (Physical::BOOLEAN, None),
        ColumnType::Int32 => (Physical::INT32, None),
        ColumnType::Int64 => (Physical::INT64, None),
        ColumnType::Float32 => (Physical::FLOAT, None),
        ColumnType::Float64 => (Physical::DOUBLE, None),
        ColumnType::Decimal { precision, scale } => {
            let logical = LogicalType::Decimal { scale: i32::from(scale), precision: i32::from(precision) };
            (decimal_type(precision), Some(logical))
        }
        ColumnType::Date => (Physical::INT32, Some(LogicalType::Date)),
        ColumnType::Timestamp(unit) => (Physical::INT64, Some(timestamp(unit))),
        ColumnType::String => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        ColumnType::Binary => (Physical::BYTE_ARRAY, None),
    }
}

fn timestamp(unit: tarn_lake::TimeUnit) -> LogicalType {
    let unit = match unit {
        tarn_lake::TimeUnit::Millis => TimeUnit::MILLIS,
        tarn_lake::TimeUnit::Micros => TimeUnit::MICROS,
    };
    LogicalType::Timestamp { is_adjusted_to_u_t_c: false, unit }
}

fn decimal_type(precision: u8) -> Physical {
    match precision {
        ..=9 => Physical::INT32,
        10..=18 => Physical::INT64,
        _ => Physical::FIXED_LEN_BYTE_ARRAY,
    }
}

/// The fewest bytes that hold so many digits and a sign, as Spark and PyArrow write them.
fn decimal_length(precision: u8) -> usize {
    let largest = 10u128.checked_pow(u32::from(precision)).unwrap_or(u128::MAX);
    let bits = 1 + largest.ilog2() as usize + 1;
    bits.div_ceil(8)
}
