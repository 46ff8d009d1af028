//! `date_diff(unit, from, to)`: how many whole units lie between two days or moments, as Athena counts.

use std::any::Any;
use std::sync::Arc;

use chrono::{DateTime, Datelike, Months, NaiveDateTime};
use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

const MICROS: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct DateDiff {
    signature: Signature,
}

impl Default for DateDiff {
    fn default() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

#[derive(Clone, Copy)]
enum Unit {
    Micros(i64),
    Months(i64),
}

fn unit(word: &str) -> Option<Unit> {
    const SECOND: i64 = 1_000_000;
    Some(match word.to_ascii_lowercase().as_str() {
        "millisecond" => Unit::Micros(1_000),
        "second" => Unit::Micros(SECOND),
        "minute" => Unit::Micros(60 * SECOND),
        "hour" => Unit::Micros(3_600 * SECOND),
        "day" => Unit::Micros(86_400 * SECOND),
        "week" => Unit::Micros(7 * 86_400 * SECOND),
        "month" => Unit::Months(1),
        "quarter" => Unit::Months(3),
        "year" => Unit::Months(12),
        _ => return None,
    })
}

impl ScalarUDFImpl for DateDiff {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn name(&self) -> &str {
        "date_diff"
    }
    fn signature(&self) -> &Signature {
        &self.signature
    }
    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let is_time = |kind: &DataType| matches!(kind, DataType::Date32 | DataType::Timestamp(..));
        match given {
            [_, from, to] if is_time(from) && is_time(to) => Ok(vec![DataType::Utf8, MICROS, MICROS]),
            _ => plan_err!("date_diff takes a unit such as 'day', and two dates or timestamps"),
        }
    }
    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [ColumnarValue::Scalar(word), from, to] = args.args.as_slice() else {
            return exec_err!("the unit of date_diff must be a text, the same for all rows");
        };
        let Some(unit) = word.try_as_str().flatten().and_then(unit) else {
            return exec_err!(
                "date_diff knows millisecond, second, minute, hour, day, week, month, quarter, year"
            );
        };
        let is_one = matches!((from, to), (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)));
        let rows = if is_one { 1 } else { args.number_rows };
        let (from, to) = (cast(&from.to_array(rows)?, &MICROS)?, cast(&to.to_array(rows)?, &MICROS)?);
        let pairs = from
            .as_primitive::<TimestampMicrosecondType>()
            .iter()
            .zip(to.as_primitive::<TimestampMicrosecondType>());
        let whole: Int64Array = pairs.map(|(from, to)| between(unit, from?, to?)).collect();
        let whole: ArrayRef = Arc::new(whole);
        if is_one {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&whole, 0)?));
        }
        Ok(ColumnarValue::Array(whole))
    }
}

fn between(unit: Unit, from: i64, to: i64) -> Option<i64> {
    match unit {
        Unit::Micros(length) => Some(to.checked_sub(from)? / length),
        Unit::Months(length) => {
            let moment = |micros| DateTime::from_timestamp_micros(micros).map(|moment| moment.naive_utc());
            Some(months(moment(from)?, moment(to)?)? / length)
        }
    }
}

/// Whole months: one that is not over does not count.
fn months(from: NaiveDateTime, to: NaiveDateTime) -> Option<i64> {
    if to < from {
        return months(to, from).map(|count| -count);
    }
    let count = (to.year() - from.year()) * 12 + to.month() as i32 - from.month() as i32;
    let reached = from.checked_add_months(Months::new(count.try_into().ok()?))?;
    Some(i64::from(if reached > to { count - 1 } else { count }))
}
