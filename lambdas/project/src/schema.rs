//! What a column of a Parquet file is, in the words of a lake.

use parquet::basic::{LogicalType, TimeUnit as ParquetUnit, Type as Physical};
use parquet::schema::types::ColumnDescriptor;
use tarn_core::{Error, Kind, Result};
use tarn_lake::{ColumnType, TimeUnit};

/// The type that silver writes in this way.
pub(crate) fn kind(column: &ColumnDescriptor) -> Result<ColumnType> {
    let logical = column.logical_type_ref();
    let found = match (column.physical_type(), logical) {
        (_, Some(LogicalType::Decimal { scale, precision })) => {
            let digits = |number: &i32| u8::try_from(*number).ok();
            digits(precision)
                .zip(digits(scale))
                .map(|(precision, scale)| ColumnType::Decimal { precision, scale })
        }
        (Physical::INT32, Some(LogicalType::Date)) => Some(ColumnType::Date),
        (Physical::INT64, Some(LogicalType::Timestamp { unit: ParquetUnit::MILLIS, .. })) => {
            Some(ColumnType::Timestamp(TimeUnit::Millis))
        }
        (Physical::INT64, Some(LogicalType::Timestamp { unit: ParquetUnit::MICROS, .. })) => {
            Some(ColumnType::Timestamp(TimeUnit::Micros))
        }
        (Physical::BYTE_ARRAY, Some(LogicalType::String)) => Some(ColumnType::String),
        (Physical::BOOLEAN, None) => Some(ColumnType::Bool),
        (Physical::INT32, None) => Some(ColumnType::Int32),
        (Physical::INT64, None) => Some(ColumnType::Int64),
        (Physical::FLOAT, None) => Some(ColumnType::Float32),
        (Physical::DOUBLE, None) => Some(ColumnType::Float64),
        (Physical::BYTE_ARRAY, None) => Some(ColumnType::Binary),
        _ => None,
    };
    let flat = column.max_rep_level() == 0 && column.max_def_level() <= 1;
    found.filter(|_| flat).ok_or_else(|| {
        let what = format!("the column {} is of a type that silver does not have", column.path());
        Error::new(Kind::Invalid, what)
    })
}
