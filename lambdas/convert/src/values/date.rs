//! Dates as days since 1970.

use tarn_lake::TimeFormat;

use super::calendar::{FIRST_DAY, LAST_DAY, SECONDS_A_DAY, iso_day};
use super::numbers::integer;
use super::{BadPattern, Parse, Pattern, trimmed};

/// How a column's dates are written, ready for use.
enum DateFormat {
    Iso,
    /// Since 1970 in units of so many a day.
    Epoch {
        a_day: i64,
    },
    Pattern(Pattern),
}

/// The parser of `date`.
pub(crate) struct Dates {
    format: DateFormat,
}

impl Dates {
    pub fn new(format: &TimeFormat) -> Result<Self, BadPattern> {
        let format = match format {
            TimeFormat::Iso => DateFormat::Iso,
            TimeFormat::EpochSeconds => DateFormat::Epoch { a_day: SECONDS_A_DAY },
            TimeFormat::EpochMillis => DateFormat::Epoch { a_day: SECONDS_A_DAY * 1000 },
            TimeFormat::Pattern(pattern) => DateFormat::Pattern(Pattern::new(pattern)?),
        };
        Ok(Self { format })
    }
}

impl Parse for Dates {
    type Value = i32;
    fn parse(&self, text: &[u8]) -> Option<i32> {
        let day = match &self.format {
            DateFormat::Iso => i64::from(iso_day(text.try_into().ok()?)?),
            DateFormat::Epoch { a_day } => integer(text)?.div_euclid(*a_day),
            DateFormat::Pattern(pattern) => pattern.day(text)?,
        };
        if (FIRST_DAY..=LAST_DAY).contains(&day) { day.try_into().ok() } else { None }
    }

    #[inline(always)]
    fn parse_in(&self, text: &[u8], start: usize, end: usize) -> Option<i32> {
        let field = text.get(start..end)?;
        match &self.format {
            DateFormat::Iso => iso_day(field.try_into().ok()?),
            _ => self.parse(trimmed(field)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(format: &str, text: &str) -> Option<i32> {
        Dates::new(&TimeFormat::from(format.to_owned())).unwrap().parse(text.as_bytes())
    }

    #[test]
    fn dates_come_in_four_formats() {
        for (format, text, day) in [
            ("iso", "1970-01-02", 1),
            ("epoch_s", "86399", 0),
            ("epoch_s", "-1", -1),
            ("epoch_ms", "86400000", 1),
            ("%d.%m.%Y", "02.01.1970", 1),
            ("%Y%m%d", "19691231", -1),
            ("%d/%b/%Y %H:%M", "02/Jan/1970 23:59", 1),
        ] {
            assert_eq!(parse(format, text), Some(day), "{format} {text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for (format, text) in [
            ("iso", "1970-01-01T00:00:00"),
            ("iso", "70-01-01"),
            ("epoch_s", "1.5"),
            ("epoch_s", "9223372036854775807"),
            ("%d.%m.%Y", "31.02.1970"),
            ("%d.%m.%Y", "01.01.1970 "),
            ("%Y", "1970"),
        ] {
            assert_eq!(parse(format, text), None, "{format} {text}");
        }
        assert!(Dates::new(&TimeFormat::Pattern("%Q".into())).is_err());
    }
}
