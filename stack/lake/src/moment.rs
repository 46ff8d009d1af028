//! A moment as people write and read it, in UTC.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// A moment, in milliseconds since 1970. It reads `2026-01-31`, `2026-01-31T02:30` and
/// `2026-01-31T02:30:15Z`, and shows itself as the last of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

/// A text that is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no moment: write 2026-01-31, or 2026-01-31T02:30 in UTC")]
pub struct InvalidMoment(String);

impl Moment {
    /// As SQL writes it, without a zone: `2026-01-31 02:30:15.000`.
    pub fn sql(self) -> String {
        let moment = DateTime::from_timestamp_millis(self.0).unwrap_or_default();
        moment.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
    }
}

impl FromStr for Moment {
    type Err = InvalidMoment;
    fn from_str(text: &str) -> Result<Self, InvalidMoment> {
        let time = text.strip_suffix('Z').unwrap_or(text);
        let of = |pattern: &str| NaiveDateTime::parse_from_str(time, pattern).ok();
        let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
        let found = of("%Y-%m-%dT%H:%M:%S").or_else(|| of("%Y-%m-%dT%H:%M")).or_else(day);
        found
            .map(|moment| Self(moment.and_utc().timestamp_millis()))
            .ok_or_else(|| InvalidMoment(text.into()))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::from_timestamp_millis(self.0) {
            Some(moment) => write!(f, "{}", moment.format("%Y-%m-%dT%H:%M:%SZ")),
            None => write!(f, "{} ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_and_shown() {
        for (text, shown) in [
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2026-01-31T02:30", "2026-01-31T02:30:00Z"),
            ("2026-01-31T02:30Z", "2026-01-31T02:30:00Z"),
            ("2026-01-31T02:30:15Z", "2026-01-31T02:30:15Z"),
        ] {
            let moment: Moment = text.parse().unwrap();
            assert_eq!(moment.to_string(), shown);
            assert_eq!(shown.parse(), Ok(moment));
        }
        for text in ["", "yesterday", "2026-02-30", "2026-01-31T25:00", "31.01.2026"] {
            assert_eq!(text.parse::<Moment>(), Err(InvalidMoment(text.into())), "{text}");
        }
        assert_eq!(Moment(1_500).sql(), "1970-01-01 00:00:01.500");
        assert_eq!(Moment(i64::MAX).to_string(), format!("{} ms", i64::MAX));
    }
}
