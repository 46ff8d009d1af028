//! The narrowest type of a column's values.

use chrono::NaiveDate;
use tarn_lake::{ColumnType, TimeUnit};

/// What the values of a column have been so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Evidence {
    /// There was none.
    #[default]
    None,
    Bool,
    Int,
    Float,
    Date,
    /// Timestamps; dates too.
    Time(Time),
    Text,
}

/// What timestamps have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// One is finer than a millisecond.
    micros: bool,
    /// All have one, or none has.
    offset: bool,
}

/// Whether a field is a value of another type than text.
pub fn is_typed(field: &[u8]) -> bool {
    !matches!(of(field.trim_ascii()), Evidence::None | Evidence::Text)
}

impl Evidence {
    /// Takes one more field into account.
    pub fn take(&mut self, field: &[u8]) {
        let trimmed = field.trim_ascii();
        if *self == Self::Text || trimmed.is_empty() {
            return;
        }
        // Most columns stay what they were, and asking for that alone is cheap.
        if *self == Self::Int && is_int(trimmed) {
            return;
        }
        *self = joined(*self, of(trimmed));
    }

    /// Takes a JSON string into account: a time or a text, because JSON has bools and numbers of its
    /// own.
    pub fn take_text(&mut self, text: &[u8]) {
        let trimmed = text.trim_ascii();
        if *self == Self::Text || trimmed.is_empty() {
            return;
        }
        let found = match of(trimmed) {
            time @ (Self::Date | Self::Time(_)) => time,
            _ => Self::Text,
        };
        *self = joined(*self, found);
    }

    /// The column's type.
    pub fn kind(self) -> ColumnType {
        match self {
            Self::Bool => ColumnType::Bool,
            Self::Int => ColumnType::Int64,
            Self::Float => ColumnType::Float64,
            Self::Date => ColumnType::Date,
            Self::Time(Time { micros: true, .. }) => ColumnType::Timestamp(TimeUnit::Micros),
            Self::Time(_) => ColumnType::Timestamp(TimeUnit::Millis),
            Self::None | Self::Text => ColumnType::String,
        }
    }
}

fn joined(before: Evidence, found: Evidence) -> Evidence {
    use Evidence::{Date, Float, Int, None, Text, Time as At};
    match (before, found) {
        (None, other) | (other, None) => other,
        (same, other) if same == other => same,
        (Int | Float, Int | Float) => Float,
        (Date, At(time)) | (At(time), Date) => At(time),
        (At(one), At(other)) if one.offset == other.offset => {
            At(Time { micros: one.micros || other.micros, ..one })
        }
        _ => Text,
    }
}

fn of(text: &[u8]) -> Evidence {
    match text {
        [] => Evidence::None,
        [b'-' | b'.' | b'0'..=b'9', ..] => number_or_time(text),
        _ if text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"false") => Evidence::Bool,
        _ => Evidence::Text,
    }
}

fn number_or_time(text: &[u8]) -> Evidence {
    if is_int(text) {
        return Evidence::Int;
    }
    if is_float(text) {
        return Evidence::Float;
    }
    match text.split_first_chunk::<10>() {
        Some((day, [])) if is_day(day) => Evidence::Date,
        Some((day, clock)) if is_day(day) => time(clock).map_or(Evidence::Text, Evidence::Time),
        _ => Evidence::Text,
    }
}

fn is_int(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    match digits {
        b"0" => text == b"0",
        [b'0', ..] | [] => false,
        _ if !digits.iter().all(u8::is_ascii_digit) => false,
        _ if digits.len() < 19 => true,
        _ => std::str::from_utf8(text).is_ok_and(|text| text.parse::<i64>().is_ok()),
    }
}

/// A finite number that `float64` gives back digit for digit.
fn is_float(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let has_digit = digits.iter().any(u8::is_ascii_digit);
    let plain = digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let is_code = matches!(digits, [b'0', b'0'..=b'9', ..]);
    if !has_digit || !plain || is_code {
        return false;
    }
    let value: Option<f64> = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    value.is_some_and(|value| {
        value.is_finite() && significant(text) == significant(format!("{value:e}").as_bytes())
    })
}

/// The digits that carry the value: no sign, no point, no exponent, no zeros around them.
fn significant(text: &[u8]) -> Vec<u8> {
    let mantissa = text.split(|byte| matches!(byte, b'e' | b'E')).next().unwrap_or_default();
    let digits: Vec<u8> = mantissa.iter().copied().filter(u8::is_ascii_digit).collect();
    let start = digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len());
    let end = digits.iter().rposition(|digit| *digit != b'0').map_or(start, |last| last + 1);
    digits.get(start..end).unwrap_or_default().to_vec()
}

fn is_day(day: &[u8; 10]) -> bool {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *day else { return false };
    let (year, month, day) = (number(&[y0, y1, y2, y3]), number(&[m0, m1]), number(&[d0, d1]));
    let (Some(year), Some(month), Some(day)) = (year, month, day) else { return false };
    year > 0 && NaiveDate::from_ymd_opt(year as i32, month, day).is_some()
}

/// What follows the day: `T` or a space, `08:15[:00[.123456]]`, then nothing or an offset.
fn time(text: &[u8]) -> Option<Time> {
    let [b'T' | b't' | b' ', h0, h1, b':', m0, m1, rest @ ..] = text else { return None };
    let rest = match rest {
        [b':', s0, s1, rest @ ..] => below(60, &[*s0, *s1]).then_some(rest)?,
        rest => rest,
    };
    let (fraction, rest) = match rest {
        [b'.', digits @ ..] => {
            let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
            digits.split_at_checked(length).filter(|_| length > 0)?
        }
        rest => (&[][..], rest),
    };
    let fine = fraction.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    let good = below(24, &[*h0, *h1]) && below(60, &[*m0, *m1]) && fine <= 6;
    good.then_some(Time { micros: fine > 3, offset: has_offset(rest)? })
}

fn has_offset(text: &[u8]) -> Option<bool> {
    match text {
        [] => Some(false),
        [b'Z' | b'z'] => Some(true),
        [b'+' | b'-', h0, h1, b':', m0, m1] | [b'+' | b'-', h0, h1, m0, m1] => {
            (below(24, &[*h0, *h1]) && below(60, &[*m0, *m1])).then_some(true)
        }
        [b'+' | b'-', h0, h1] => below(24, &[*h0, *h1]).then_some(true),
        _ => None,
    }
}

fn below(end: u32, digits: &[u8; 2]) -> bool {
    number(digits).is_some_and(|number| number < end)
}

fn number(digits: &[u8]) -> Option<u32> {
    digits
        .iter()
        .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
}
