//! Timestamps as milliseconds or microseconds since 1970, in UTC.
//!
//! Digits of the second beyond the column's unit are cut off, not refused: sources write more
//! than they know (nanoseconds of a log), and no unit of ours could keep them. A number since
//! 1970 that lands outside the years 1 to 9999 is refused; it is the other unit, nearly always.

use tarn_lake::{TimeFormat, TimeUnit};

use super::calendar::{FIRST_DAY, LAST_DAY, SECONDS_A_DAY, iso_day, iso_minute, iso_second};
use super::numbers::{digit, digits_like, fixed, integer, joined, natural_in};
use super::{BadPattern, Parse, Pattern, trimmed};

/// How a column's timestamps are written, ready for use.
enum TimestampFormat {
    Iso,
    /// A number since 1970, to be multiplied to the column's unit.
    Epoch {
        factor: i64,
    },
    Pattern(Pattern),
}

/// The parser of `timestamp(ms)` and `timestamp(us)`.
pub(crate) struct Timestamps {
    format: TimestampFormat,
    /// Units of the column in a second.
    units: i64,
}

/// A moment by its second since 1970 and the nanoseconds within it.
type Moment = (i64, i64);

const NANOS: i64 = 1_000_000_000;

impl Timestamps {
    pub fn new(unit: TimeUnit, format: &TimeFormat) -> Result<Self, BadPattern> {
        let units = match unit {
            TimeUnit::Millis => 1_000,
            TimeUnit::Micros => 1_000_000,
        };
        let format = match format {
            TimeFormat::Iso => TimestampFormat::Iso,
            TimeFormat::EpochSeconds => TimestampFormat::Epoch { factor: units },
            TimeFormat::EpochMillis => TimestampFormat::Epoch { factor: units / 1_000 },
            TimeFormat::Pattern(pattern) => TimestampFormat::Pattern(Pattern::new(pattern)?),
        };
        Ok(Self { format, units })
    }

    /// A number of the column's unit, if it lies in the years 1 to 9999.
    #[inline]
    fn in_range(&self, number: i64) -> Option<i64> {
        const FIRST_SECOND: i64 = FIRST_DAY * SECONDS_A_DAY;
        const END_SECOND: i64 = (LAST_DAY + 1) * SECONDS_A_DAY;
        (FIRST_SECOND * self.units..END_SECOND * self.units).contains(&number).then_some(number)
    }
}

impl Parse for Timestamps {
    type Value = i64;
    fn parse(&self, text: &[u8]) -> Option<i64> {
        let (seconds, nanos) = match &self.format {
            TimestampFormat::Epoch { factor } => return self.in_range(integer(text)?.checked_mul(*factor)?),
            TimestampFormat::Iso => iso(text)?,
            TimestampFormat::Pattern(pattern) => {
                let moment = pattern.moment(text)?.and_utc();
                (moment.timestamp(), i64::from(moment.timestamp_subsec_nanos()))
            }
        };
        self.in_range(seconds.checked_mul(self.units)? + nanos / (NANOS / self.units))
    }

    #[inline(always)]
    fn parse_in(&self, text: &[u8], start: usize, end: usize) -> Option<i64> {
        match &self.format {
            TimestampFormat::Epoch { factor } => {
                self.in_range((natural_in(text, start, end)? as i64).checked_mul(*factor)?)
            }
            TimestampFormat::Iso => {
                let field = text.get(start..end)?;
                match iso_micros(field) {
                    Some(micros) if self.units == 1000 => Some(micros.div_euclid(1000)),
                    Some(micros) => Some(micros),
                    None => self.parse(field),
                }
            }
            TimestampFormat::Pattern(_) => self.parse(trimmed(text.get(start..end)?)),
        }
    }
}

/// `2026-11-20 08:15:00`, with or without three or six digits behind a point, as most sources write
/// it, as microseconds.
#[inline(always)]
fn iso_micros(text: &[u8]) -> Option<i64> {
    let (day, rest) = text.split_first_chunk::<10>()?;
    let ([b'T' | b' '], rest) = rest.split_first_chunk::<1>()? else { return None };
    let (clock, rest) = rest.split_first_chunk::<8>()?;
    let micros = match rest {
        [] => 0,
        [b'.', m0, m1, m2] => u64::from(fixed(&[*m0, *m1, *m2])?) * 1000,
        [b'.', _, _, _, _, _, _] => joined(digits_like(*text.last_chunk()?, *b"0.000000")? & !0xff),
        _ => return None,
    };
    let seconds = i64::from(iso_day(day)?) * SECONDS_A_DAY + iso_second(clock)?;
    Some(seconds * 1_000_000 + micros as i64)
}

/// `2026-11-20`, then `T` or a space and `08:15[:00[.123456789]]`, then `Z` or `+01:00`.
fn iso(text: &[u8]) -> Option<Moment> {
    let (day, rest) = text.split_first_chunk::<10>()?;
    let midnight = i64::from(iso_day(day)?) * SECONDS_A_DAY;
    let [b'T' | b't' | b' ', clock @ ..] = rest else {
        return rest.is_empty().then_some((midnight, 0));
    };
    let (minute, rest) = iso_minute(clock)?;
    let (second, rest) = match rest {
        [b':', s0, s1, rest @ ..] => (fixed(&[*s0, *s1]).filter(|second| *second < 60)?, rest),
        _ => (0, rest),
    };
    let (nanos, rest) = fraction(rest)?;
    Some((midnight + minute + i64::from(second) - offset(rest)?, nanos))
}

/// A point and digits as nanoseconds; those behind the ninth are cut off.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', digits @ ..] = text else { return Some((0, text)) };
    let length = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(length);
    let mut nanos = 0;
    for place in 0..9 {
        nanos = nanos * 10 + digits.get(place).copied().and_then(digit).unwrap_or(0) as i64;
    }
    (length > 0).then_some((nanos, rest))
}

/// Seconds east of UTC: nothing, `Z`, `+01`, `+0100` or `+01:00`, with a space before or not.
fn offset(text: &[u8]) -> Option<i64> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let (east, hour, minute) = match *text {
        [] | [b'Z' | b'z'] => return Some(0),
        [sign @ (b'+' | b'-'), h0, h1] => (sign == b'+', [h0, h1], *b"00"),
        [sign @ (b'+' | b'-'), h0, h1, m0, m1] | [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            (sign == b'+', [h0, h1], [m0, m1])
        }
        _ => return None,
    };
    let (hour, minute) = (fixed(&hour)?, fixed(&minute)?);
    let seconds = i64::from(hour * 3600 + minute * 60);
    (hour < 24 && minute < 60).then_some(if east { seconds } else { -seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(unit: TimeUnit, format: &str, text: &str) -> Option<i64> {
        Timestamps::new(unit, &TimeFormat::from(format.to_owned())).unwrap().parse(text.as_bytes())
    }

    #[test]
    fn iso_times_become_utc() {
        let moment = 1_763_626_500_123; // 2025-11-20T08:15:00.123Z
        for text in [
            "2025-11-20T08:15:00.123Z",
            "2025-11-20 08:15:00.123",
            "2025-11-20t08:15:00.123z",
            "2025-11-20 09:15:00.123+01:00",
            "2025-11-20 09:15:00.123+01",
            "2025-11-20 02:45:00.123 -0530",
            "2025-11-20T08:15:00.123999999999",
        ] {
            assert_eq!(parse(TimeUnit::Millis, "iso", text), Some(moment), "{text}");
        }
        assert_eq!(
            parse(TimeUnit::Micros, "iso", "2025-11-20T08:15:00.1234567"),
            Some(1_763_626_500_123_456)
        );
        assert_eq!(parse(TimeUnit::Millis, "iso", "1970-01-02"), Some(86_400_000));
        assert_eq!(parse(TimeUnit::Millis, "iso", "1970-01-01T00:01"), Some(60_000));
        assert_eq!(parse(TimeUnit::Millis, "iso", "1969-12-31T23:59:59.999"), Some(-1));
    }

    #[test]
    fn numbers_and_patterns_become_utc() {
        for (format, text, millis) in [
            ("epoch_s", "-1", -1_000),
            ("epoch_ms", "1433221332117", 1_433_221_332_117),
            ("epoch_ms", "-1", -1),
            ("%d.%m.%Y %H:%M:%S", "02.01.1970 00:00:01", 86_401_000),
            ("%d.%m.%Y %H:%M", "01.01.1970 00:01", 60_000),
            ("%d.%m.%Y %H", "01.01.1970 01", 3_600_000),
            ("%d.%m.%Y", "02.01.1970", 86_400_000),
            ("%Y-%m-%dT%H:%M:%S%.f%:z", "1970-01-01T01:00:00.5+01:00", 500),
            ("%d/%b/%Y:%H:%M:%S %z", "01/Jan/1970:00:00:00 -0100", 3_600_000),
        ] {
            assert_eq!(parse(TimeUnit::Millis, format, text), Some(millis), "{format} {text}");
        }
        assert_eq!(parse(TimeUnit::Micros, "epoch_ms", "-1"), Some(-1_000));
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        for (format, text) in [
            ("iso", "2025-11-20T"),
            ("iso", "2025-11-20T24:00:00"),
            ("iso", "2025-11-20T08:15:60"),
            ("iso", "2025-11-20T08:15:00."),
            ("iso", "2025-11-20T08:15:00+24:00"),
            ("iso", "2025-11-20T08:15:00 CET"),
            ("iso", "2025-11-20T08:15:00Zjunk"),
            ("iso", "9999-12-31T23:59:59-01:00"),
            ("iso", "0001-01-01T00:00:00+00:01"),
            ("epoch_s", "1433221332117000"),
            ("epoch_s", "9223372036854775807"),
            ("epoch_ms", "12.5"),
            ("%d.%m.%Y %H:%M", "31.02.1970 00:00"),
        ] {
            assert_eq!(parse(TimeUnit::Millis, format, text), None, "{format} {text}");
        }
    }
}
