//! How columns are typed: tarn's types, Arrow's in SQL, Iceberg's in gold.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use iceberg::spec::{PrimitiveType, Type};
use tarn_lake::{Column, ColumnName, ColumnType, Table};

/// A column of a table or of a model, as SQL sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedColumn {
    /// What SQL calls it.
    pub name: ColumnName,
    /// Its type.
    pub kind: ColumnType,
}

/// How a type looks in SQL. Text and bytes are views, which DataFusion compares without copying.
pub fn arrow_of(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Int32 => DataType::Int32,
        ColumnType::Int64 => DataType::Int64,
        ColumnType::Float32 => DataType::Float32,
        ColumnType::Float64 => DataType::Float64,
        ColumnType::Decimal { precision, scale } => DataType::Decimal128(precision, scale as i8),
        ColumnType::Date => DataType::Date32,
        ColumnType::Timestamp(unit) => DataType::Timestamp(unit_of(unit), None),
        ColumnType::String => DataType::Utf8View,
        ColumnType::Binary => DataType::BinaryView,
    }
}

fn unit_of(unit: tarn_lake::TimeUnit) -> TimeUnit {
    match unit {
        tarn_lake::TimeUnit::Millis => TimeUnit::Millisecond,
        tarn_lake::TimeUnit::Micros => TimeUnit::Microsecond,
    }
}

/// The type that gold keeps values of an Arrow type in, or what is to be done instead.
///
/// Iceberg has no unsigned numbers, no narrow ones and no time but in microseconds; a moment with a
/// zone becomes its digits in UTC, as everywhere in a lake.
pub fn gold_type(found: &DataType) -> Result<ColumnType, &'static str> {
    Ok(match found {
        DataType::Boolean => ColumnType::Bool,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => {
            ColumnType::Int32
        }
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => ColumnType::Int64,
        DataType::Float16 | DataType::Float32 => ColumnType::Float32,
        DataType::Float64 => ColumnType::Float64,
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s)
            if *s >= 0 && *s as u8 <= *p =>
        {
            ColumnType::Decimal { precision: *p, scale: *s as u8 }
        }
        DataType::Date32 => ColumnType::Date,
        DataType::Timestamp(..) => ColumnType::Timestamp(tarn_lake::TimeUnit::Micros),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => ColumnType::String,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            ColumnType::Binary
        }
        DataType::Dictionary(_, values) => return gold_type(values),
        DataType::Null => return Err("it is always null; cast it to a type, as in `cast(null as varchar)`"),
        DataType::Interval(_) | DataType::Duration(_) => {
            return Err("a span of time has no type in a table; turn it into a number, such as its days");
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            return Err("a time without a day has no type in a table; cast it to varchar");
        }
        DataType::Decimal256(..) => return Err("more than 38 digits; cast it to decimal(38,s)"),
        DataType::Date64 => return Err("cast it to date or timestamp"),
        _ => return Err("tables hold plain values; take its parts apart, or make text of it"),
    })
}

/// Iceberg's type of a column.
pub(crate) fn iceberg_of(kind: ColumnType) -> Type {
    Type::Primitive(match kind {
        ColumnType::Bool => PrimitiveType::Boolean,
        ColumnType::Int32 => PrimitiveType::Int,
        ColumnType::Int64 => PrimitiveType::Long,
        ColumnType::Float32 => PrimitiveType::Float,
        ColumnType::Float64 => PrimitiveType::Double,
        ColumnType::Decimal { precision, scale } => {
            PrimitiveType::Decimal { precision: precision.into(), scale: scale.into() }
        }
        ColumnType::Date => PrimitiveType::Date,
        ColumnType::Timestamp(_) => PrimitiveType::Timestamp,
        ColumnType::String => PrimitiveType::String,
        ColumnType::Binary => PrimitiveType::Binary,
    })
}

/// The other way round; `None` for a type that tarn writes none of.
pub(crate) fn of_iceberg(found: &Type) -> Option<ColumnType> {
    Some(match found.as_primitive_type()? {
        PrimitiveType::Boolean => ColumnType::Bool,
        PrimitiveType::Int => ColumnType::Int32,
        PrimitiveType::Long => ColumnType::Int64,
        PrimitiveType::Float => ColumnType::Float32,
        PrimitiveType::Double => ColumnType::Float64,
        PrimitiveType::Decimal { precision, scale } => {
            ColumnType::Decimal { precision: (*precision).try_into().ok()?, scale: (*scale).try_into().ok()? }
        }
        PrimitiveType::Date => ColumnType::Date,
        PrimitiveType::Timestamp => ColumnType::Timestamp(tarn_lake::TimeUnit::Micros),
        PrimitiveType::String => ColumnType::String,
        PrimitiveType::Binary => ColumnType::Binary,
        _ => return None,
    })
}

/// The schema of columns; every one can be null, because a file may lack it.
pub(crate) fn schema_of(columns: &[TypedColumn]) -> SchemaRef {
    let field = |column: &TypedColumn| Field::new(column.name.as_str(), arrow_of(column.kind), true);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// The columns of a table of silver: those of its files, and behind them those that are folders, as
/// Hive has them.
pub fn silver_columns(table: &Table) -> (Vec<TypedColumn>, Vec<TypedColumn>) {
    let typed = |column: &Column| TypedColumn { name: column.name.clone(), kind: column.kind };
    let of = |name: &ColumnName| table.newest_layout().in_silver().find(|column| column.name == *name);
    let folders = table.placement.partition_by.iter().filter_map(of).map(typed).collect();
    let is_folder = |column: &Column| table.placement.partition_by.contains(&column.name);
    let files = table.newest_layout().in_silver().filter(|column| !is_folder(column)).map(typed).collect();
    (files, folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gold_keeps_every_type_of_silver_and_gives_it_back() {
        for text in
            ["bool", "int32", "int64", "float32", "float64", "decimal(10,2)", "date", "string", "binary"]
        {
            let kind: ColumnType = text.parse().unwrap();
            assert_eq!(gold_type(&arrow_of(kind)), Ok(kind), "{text}");
            assert_eq!(of_iceberg(&iceberg_of(kind)), Some(kind), "{text}");
        }
        let micros = ColumnType::Timestamp(tarn_lake::TimeUnit::Micros);
        for text in ["timestamp(ms)", "timestamp(us)"] {
            assert_eq!(gold_type(&arrow_of(text.parse().unwrap())), Ok(micros));
        }
    }

    #[test]
    fn what_no_table_holds_is_told_with_a_way_out() {
        let list = DataType::List(Arc::new(Field::new("item", DataType::Int32, true)));
        for found in [DataType::Null, list, DataType::Decimal256(50, 2)] {
            assert!(gold_type(&found).is_err(), "{found}");
        }
    }
}
