//! What becomes of the values of a column that somebody is not cleared for.

use chrono::{DateTime, Days, NaiveDate};
use parquet::basic::Type as Physical;
use parquet::data_type::ByteArray;
use tarn_convert::HashKey;
use tarn_core::{Error, Kind, Result};
use tarn_lake::{ColumnType, MASK, TimeUnit, Treatment};

use crate::column::{Column, Scalar, Values};

/// Digits of a hash.
pub(crate) const HASH_DIGITS: usize = 64;

/// The column as it may be seen.
pub(crate) fn treated(
    column: Column,
    kind: ColumnType,
    physical: Physical,
    treatment: Treatment,
    key: Option<&HashKey>,
) -> Result<Column> {
    match treatment {
        Treatment::Clear => Ok(column),
        Treatment::Masked if kind == ColumnType::String => {
            let masked = vec![ByteArray::from(MASK); column.values.len()];
            Ok(Column { present: column.present, values: Values::Bytes(masked) })
        }
        Treatment::Masked => Ok(Column::empty(physical, column.present.len())),
        Treatment::Hashed => {
            let key =
                key.ok_or_else(|| Error::new(Kind::Internal, "a column is to be hashed without a key"))?;
            let values = (0..column.values.len()).map(|at| hash(&column.values, at, kind, key)).collect();
            Ok(Column { present: column.present, values: Values::Bytes(values) })
        }
        Treatment::Hidden => Err(Error::new(Kind::Internal, "a column that is hidden was read")),
    }
}

fn hash(values: &Values, at: usize, kind: ColumnType, key: &HashKey) -> ByteArray {
    let decimal = matches!(kind, ColumnType::Decimal { .. });
    let mut digits = Vec::with_capacity(HASH_DIGITS);
    match values.get(at, decimal) {
        Some(Scalar::Bytes(bytes)) => key.append_hex(bytes, &mut digits),
        Some(value) => key.append_hex(text(value, kind).as_bytes(), &mut digits),
        None => {}
    }
    ByteArray::from(digits)
}

/// How SQL writes a value, so that one can be looked for by who has the key.
fn text(value: Scalar, kind: ColumnType) -> String {
    match (value, kind) {
        (Scalar::Whole(units), ColumnType::Decimal { scale, .. }) => decimal(units, scale),
        (Scalar::Whole(days), ColumnType::Date) => date(days).unwrap_or_else(|| days.to_string()),
        (Scalar::Whole(units), ColumnType::Timestamp(unit)) => {
            time(units, unit).unwrap_or_else(|| units.to_string())
        }
        (Scalar::Whole(number), _) => number.to_string(),
        (Scalar::Real(number), ColumnType::Float32) => format!("{:?}", number as f32),
        (Scalar::Real(number), _) => format!("{number:?}"),
        (Scalar::Bool(truth), _) => truth.to_string(),
        (Scalar::Bytes(bytes), _) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn decimal(units: i128, scale: u8) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn date(days: i128) -> Option<String> {
    let epoch = NaiveDate::default();
    let distance = Days::new(u64::try_from(days.unsigned_abs()).ok()?);
    let day = if days < 0 { epoch.checked_sub_days(distance) } else { epoch.checked_add_days(distance) };
    day.map(|day| day.to_string())
}

fn time(units: i128, unit: TimeUnit) -> Option<String> {
    let micros = match unit {
        TimeUnit::Millis => units.checked_mul(1_000)?,
        TimeUnit::Micros => units,
    };
    let moment = DateTime::from_timestamp_micros(i64::try_from(micros).ok()?)?;
    Some(moment.naive_utc().format("%Y-%m-%d %H:%M:%S%.f").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_hashed_as_sql_writes_them() {
        for (value, kind, wanted) in [
            (Scalar::Whole(-5), "decimal(6,2)", "-0.05"),
            (Scalar::Whole(12_345), "decimal(6,2)", "123.45"),
            (Scalar::Whole(7), "decimal(6,0)", "7"),
            (Scalar::Whole(-7), "int64", "-7"),
            (Scalar::Whole(20_484), "date", "2026-01-31"),
            (Scalar::Whole(-1), "date", "1969-12-31"),
            (Scalar::Whole(1_500), "timestamp(ms)", "1970-01-01 00:00:01.500"),
            (Scalar::Real(1.5), "float64", "1.5"),
            (Scalar::Real(10.0), "float32", "10.0"),
            (Scalar::Bool(true), "bool", "true"),
        ] {
            assert_eq!(text(value, kind.parse().unwrap()), wanted);
        }
    }
}
