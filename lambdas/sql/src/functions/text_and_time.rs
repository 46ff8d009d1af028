//! `date_parse(text, pattern)` and `date_format(time, pattern)`.

use std::any::Any;
use std::fmt::Write;
use std::sync::Arc;

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{DateTime, NaiveDateTime, NaiveTime};
use datafusion::arrow::array::{ArrayRef, AsArray, StringBuilder, TimestampMicrosecondArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::common::{Result, exec_datafusion_err, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

use super::mysql_format::to_chrono;

const MICROS: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// `date_parse`: a moment from text. Text that does not fit is an error, as in Athena.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct DateParse {
    signature: Signature,
}

impl Default for DateParse {
    fn default() -> Self {
        Self { signature: Signature::exact(vec![DataType::Utf8, DataType::Utf8], Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for DateParse {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn name(&self) -> &str {
        "date_parse"
    }
    fn signature(&self) -> &Signature {
        &self.signature
    }
    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(MICROS)
    }
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        each(&args, &DataType::Utf8, |values, items| {
            let texts = values.as_string::<i32>();
            let moments = texts.iter().map(|text| text.map(|text| moment(text, items)).transpose());
            Ok(Arc::new(moments.collect::<Result<TimestampMicrosecondArray>>()?))
        })
    }
}

/// `date_format`: text from a day or a moment.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct DateFormat {
    signature: Signature,
}

impl Default for DateFormat {
    fn default() -> Self {
        let times = [DataType::Date32, MICROS, DataType::Timestamp(TimeUnit::Millisecond, None)];
        let times = times.into_iter().chain([DataType::Timestamp(TimeUnit::Nanosecond, None)]);
        let each = times.map(|time| TypeSignature::Exact(vec![time, DataType::Utf8])).collect();
        Self { signature: Signature::one_of(each, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for DateFormat {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn name(&self) -> &str {
        "date_format"
    }
    fn signature(&self) -> &Signature {
        &self.signature
    }
    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        each(&args, &MICROS, |values, items| {
            let moments = values.as_primitive::<TimestampMicrosecondType>();
            let mut texts = StringBuilder::new();
            for moment in moments {
                match moment.and_then(DateTime::from_timestamp_micros) {
                    None => texts.append_null(),
                    Some(moment) => {
                        write!(texts, "{}", moment.naive_utc().format_with_items(items.iter()))
                            .map_err(|_| exec_datafusion_err!("date_format cannot write {moment}"))?;
                        texts.append_value("");
                    }
                }
            }
            Ok(Arc::new(texts.finish()))
        })
    }
}

/// Applies a function with one pattern for all rows to the first argument, cast to a type.
fn each(
    args: &ScalarFunctionArgs,
    kind: &DataType,
    apply: impl Fn(&ArrayRef, &[Item<'_>]) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    let [values, ColumnarValue::Scalar(pattern)] = args.args.as_slice() else {
        return exec_err!("the pattern of a date must be a text, the same for all rows");
    };
    let Some(pattern) = pattern.try_as_str().flatten() else {
        return exec_err!("the pattern of a date must not be null");
    };
    let words = to_chrono(pattern)
        .map_err(|part| exec_datafusion_err!("the pattern {pattern}: {part} is not known"))?;
    let items: Vec<Item<'_>> = StrftimeItems::new(&words).collect();
    let is_one = matches!(values, ColumnarValue::Scalar(_));
    let values = cast(&values.to_array(if is_one { 1 } else { args.number_rows })?, kind)?;
    let applied = apply(&values, &items)?;
    if is_one {
        return Ok(ColumnarValue::Scalar(datafusion::common::ScalarValue::try_from_array(&applied, 0)?));
    }
    Ok(ColumnarValue::Array(applied))
}

fn moment(text: &str, items: &[Item<'_>]) -> Result<i64> {
    let mut parsed = Parsed::new();
    let unfit = || exec_datafusion_err!("date_parse: a text does not fit the pattern");
    parse(&mut parsed, text, items.iter()).map_err(|_| unfit())?;
    let day = parsed.to_naive_date().map_err(|_| unfit())?;
    // What the pattern does not speak of is zero.
    let time = parsed.to_naive_time().unwrap_or(NaiveTime::MIN);
    Ok(NaiveDateTime::new(day, time).and_utc().timestamp_micros())
}
