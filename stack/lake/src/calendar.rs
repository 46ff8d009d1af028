//! Days and times of day, as layouts and schedules use them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A calendar day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(chrono::NaiveDate);

/// A text that is no day or no time of day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}: write {example}")]
pub struct InvalidDate {
    what: &'static str,
    text: String,
    example: &'static str,
}

impl Day {
    /// The day of a year, month (1 to 12) and day (1 to 31), if there is such a day.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        chrono::NaiveDate::from_ymd_opt(year, month, day).map(Self)
    }

    /// The UTC day of a moment, in milliseconds since 1970.
    pub fn of_epoch_millis(millis: i64) -> Option<Self> {
        chrono::DateTime::from_timestamp_millis(millis).map(|moment| Self(moment.date_naive()))
    }
}

impl FromStr for Day {
    type Err = InvalidDate;
    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").map(Self).map_err(|_| InvalidDate {
            what: "day",
            text: text.into(),
            example: "a date such as 2026-11-20",
        })
    }
}

impl TryFrom<String> for Day {
    type Error = InvalidDate;
    fn try_from(text: String) -> Result<Self, InvalidDate> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.to_string()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

/// A time of day in UTC, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DailyTime {
    /// 0 to 23
    pub hour: u8,
    /// 0 to 59
    pub minute: u8,
}

impl FromStr for DailyTime {
    type Err = InvalidDate;
    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let refused = || InvalidDate {
            what: "time of day",
            text: text.into(),
            example: "hours and minutes in UTC such as 02:30",
        };
        let (hour, minute) = text.split_once(':').ok_or_else(refused)?;
        let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        if !two_digits(hour) || !two_digits(minute) {
            return Err(refused());
        }
        let hour: u8 = hour.parse().map_err(|_| refused())?;
        let minute: u8 = minute.parse().map_err(|_| refused())?;
        if hour < 24 && minute < 60 { Ok(Self { hour, minute }) } else { Err(refused()) }
    }
}

impl TryFrom<String> for DailyTime {
    type Error = InvalidDate;
    fn try_from(text: String) -> Result<Self, InvalidDate> {
        text.parse()
    }
}

impl From<DailyTime> for String {
    fn from(time: DailyTime) -> String {
        format!("{:02}:{:02}", time.hour, time.minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_refuse_what_no_calendar_has() {
        assert_eq!("2024-02-29".parse::<Day>().unwrap().to_string(), "2024-02-29");
        assert!("2023-02-29".parse::<Day>().is_err());
        assert_eq!(String::from("02:30".parse::<DailyTime>().unwrap()), "02:30");
        for bad in ["24:00", "2:30", "02:60", "noon", "", "+2:30"] {
            assert!(bad.parse::<DailyTime>().is_err(), "{bad}");
        }
    }
}
