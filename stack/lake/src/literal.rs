//! A value of a column's type as `lake.toml` writes it: rules compare with it, and it fills gaps.
//!
//! It is written the same way for every file: `1234.5`, `2026-01-31`, `2026-01-31T08:15:00Z`. How a
//! column's files write their values, with a decimal comma or as seconds since 1970, is another matter.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

use crate::{ColumnType, TimeUnit};

/// A value of a column's type, in what the type is stored as.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// Of `bool`.
    Bool(bool),
    /// Of the types that are whole numbers inside: integers, decimals in units of their last digit,
    /// dates in days, timestamps in their own unit since 1970.
    Whole(i128),
    /// Of floats; one of `float32` has no more digits than that.
    Real(f64),
    /// Of `string`.
    Text(String),
}

impl Literal {
    /// Reads a value, or says nothing when the text is none of the type. There is none of `binary`.
    pub fn read(kind: ColumnType, text: &str) -> Option<Self> {
        match kind {
            ColumnType::Bool => text.parse().ok().map(Self::Bool),
            ColumnType::Int32 => text.parse::<i32>().ok().map(|value| Self::Whole(value.into())),
            ColumnType::Int64 => text.parse::<i64>().ok().map(|value| Self::Whole(value.into())),
            ColumnType::Float32 => finite(text.parse::<f32>().ok()?.into()),
            ColumnType::Float64 => finite(text.parse().ok()?),
            ColumnType::Decimal { precision, scale } => decimal(text, precision, scale).map(Self::Whole),
            ColumnType::Date => Some(Self::Whole(days(day(text)?).into())),
            ColumnType::Timestamp(unit) => moment(text, unit).map(|value| Self::Whole(value.into())),
            ColumnType::String => Some(Self::Text(text.into())),
            ColumnType::Binary => None,
        }
    }

    /// Whether the value comes before another of its type.
    pub fn is_less_than(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => one < other,
            (Self::Real(one), Self::Real(other)) => one < other,
            _ => false,
        }
    }
}

impl ColumnType {
    /// Whether its values have an order that `min` and `max` can speak of.
    pub fn is_ordered(self) -> bool {
        !matches!(self, Self::Bool | Self::String | Self::Binary)
    }
}

/// What is infinite or no number is no bound and no value to fill in.
fn finite(value: f64) -> Option<Literal> {
    value.is_finite().then_some(Literal::Real(value))
}

/// In units of the last digit; digits behind it must be zeros, and all of them must fit.
fn decimal(text: &str, precision: u8, scale: u8) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (kept, dropped) = fraction.split_at_checked(scale.into()).unwrap_or((fraction, ""));
    if whole.is_empty() || !all_digits(whole) || !all_digits(kept) || dropped.bytes().any(|byte| byte != b'0')
    {
        return None;
    }
    let units: i128 = format!("{whole}{kept:0<width$}", width = scale.into()).parse().ok()?;
    let fits = units < 10i128.checked_pow(precision.into())?;
    fits.then_some(if negative { -units } else { units })
}

fn day(text: &str) -> Option<NaiveDate> {
    let four_digits = text.len() == 10;
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| four_digits)?;
    (day >= NaiveDate::from_ymd_opt(1, 1, 1)?).then_some(day)
}

fn days(day: NaiveDate) -> i32 {
    let days = day.signed_duration_since(NaiveDate::default()).num_days();
    // Ten characters hold no year beyond 9999.
    i32::try_from(days).unwrap_or(i32::MAX)
}

/// A day, a time of day in UTC, or both with an offset; midnight where there is no time.
fn moment(text: &str, unit: TimeUnit) -> Option<i64> {
    let moment = match day(text) {
        Some(day) => day.and_time(NaiveTime::MIN),
        None => day(text.get(..10)?).and_then(|_| time_of(text))?,
    };
    let micros = moment.and_utc().timestamp_micros();
    match unit {
        TimeUnit::Micros => Some(micros),
        TimeUnit::Millis => (micros % 1_000 == 0).then_some(micros / 1_000),
    }
}

fn time_of(text: &str) -> Option<NaiveDateTime> {
    let text = text.replacen(' ', "T", 1);
    let with_offset = DateTime::parse_from_rfc3339(&text).ok().map(|moment| moment.naive_utc());
    let moment = with_offset.or_else(|| NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f").ok())?;
    let whole_micros = moment.and_utc().timestamp_subsec_nanos().is_multiple_of(1_000);
    whole_micros.then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(kind: &str, text: &str) -> Option<i128> {
        match Literal::read(kind.parse().unwrap(), text)? {
            Literal::Whole(value) => Some(value),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_are_read_in_what_their_type_is_stored_as() {
        for (kind, text, value) in [
            ("int32", "-2147483648", -2_147_483_648),
            ("int64", "7", 7),
            ("decimal(6,2)", "-1.5", -150),
            ("decimal(6,2)", "1.500", 150),
            ("decimal(38,0)", &"9".repeat(38), 10i128.pow(38) - 1),
            ("decimal(2,2)", "0.99", 99),
            ("date", "1970-01-02", 1),
            ("date", "0001-01-01", -719_162),
            ("timestamp(ms)", "1970-01-02", 86_400_000),
            ("timestamp(ms)", "1970-01-01T01:00:00.001+01:00", 1),
            ("timestamp(us)", "1970-01-01 00:00:00.000001", 1),
            ("timestamp(us)", "1969-12-31T23:59:59Z", -1_000_000),
        ] {
            assert_eq!(whole(kind, text), Some(value), "{kind} {text}");
        }
        assert_eq!(Literal::read(ColumnType::Float32, "0.1"), Some(Literal::Real(f64::from(0.1f32))));
        assert_eq!(Literal::read(ColumnType::Bool, "true"), Some(Literal::Bool(true)));
    }

    #[test]
    fn what_is_no_value_of_the_type_is_none() {
        for (kind, text) in [
            ("int32", "2147483648"),
            ("int64", "1.0"),
            ("decimal(6,2)", "1.555"),
            ("decimal(6,2)", "10000"),
            ("decimal(6,2)", "1e2"),
            ("decimal(6,2)", ".5"),
            ("decimal(6,2)", "1.-5"),
            ("float64", "nan"),
            ("float32", "1e39"),
            ("date", "2023-02-29"),
            ("date", "0000-01-01"),
            ("date", "+2023-1-1"),
            ("date", "2023-01-01T00:00:00"),
            ("timestamp(ms)", "2023-01-01T25:00:00"),
            ("timestamp(ms)", "2023-01-01T00:00:00.0001"),
            ("timestamp(us)", "noon"),
            ("bool", "yes"),
            ("binary", "a"),
        ] {
            assert_eq!(Literal::read(kind.parse().unwrap(), text), None, "{kind} {text}");
        }
    }

    #[test]
    fn values_are_ordered_as_their_type_is() {
        let less = |kind: &str, one: &str, other: &str| {
            let read = |text| Literal::read(kind.parse().unwrap(), text).unwrap();
            read(one).is_less_than(&read(other))
        };
        assert!(less("int64", "9", "10") && less("decimal(6,2)", "-2", "-1.99"));
        assert!(less("date", "2023-12-31", "2024-01-01") && less("float64", "-0.5", "1e3"));
        assert!(!less("int64", "10", "10") && !less("float64", "2", "1"));
    }
}
