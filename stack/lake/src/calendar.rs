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

/// A time on a day of the week, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WeeklyTime {
    /// 0 is Monday, 6 Sunday.
    pub weekday: u8,
    /// The time on that day.
    pub time: DailyTime,
}

impl WeeklyTime {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// The day as schedules spell it, such as `mon`.
    pub fn day(&self) -> &'static str {
        Self::DAYS.get(usize::from(self.weekday)).copied().unwrap_or("mon")
    }
}

impl FromStr for WeeklyTime {
    type Err = InvalidDate;
    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let refused = || InvalidDate {
            what: "time of a week",
            text: text.into(),
            example: "a day and a time in UTC such as mon 02:30",
        };
        let (day, time) = text.split_once(' ').ok_or_else(refused)?;
        let weekday = Self::DAYS.iter().position(|known| *known == day).ok_or_else(refused)?;
        Ok(Self { weekday: weekday as u8, time: time.parse().map_err(|_| refused())? })
    }
}

impl TryFrom<String> for WeeklyTime {
    type Error = InvalidDate;
    fn try_from(text: String) -> Result<Self, InvalidDate> {
        text.parse()
    }
}

impl From<WeeklyTime> for String {
    fn from(at: WeeklyTime) -> String {
        format!("{} {}", at.day(), String::from(at.time))
    }
}

/// A time on a day of the month, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MonthlyTime {
    /// 1 to 28: a day that every month has.
    pub day: u8,
    /// The time on that day.
    pub time: DailyTime,
}

impl FromStr for MonthlyTime {
    type Err = InvalidDate;
    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let refused = || InvalidDate {
            what: "time of a month",
            text: text.into(),
            example: "a day from 1 to 28 and a time in UTC such as 1 02:30",
        };
        let (day, time) = text.split_once(' ').ok_or_else(refused)?;
        let plain = !day.is_empty() && day.bytes().all(|byte| byte.is_ascii_digit());
        let day = day.parse().ok().filter(|day| plain && (1..=28).contains(day)).ok_or_else(refused)?;
        Ok(Self { day, time: time.parse().map_err(|_| refused())? })
    }
}

impl TryFrom<String> for MonthlyTime {
    type Error = InvalidDate;
    fn try_from(text: String) -> Result<Self, InvalidDate> {
        text.parse()
    }
}

impl From<MonthlyTime> for String {
    fn from(at: MonthlyTime) -> String {
        format!("{} {}", at.day, String::from(at.time))
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

    #[test]
    fn weeks_and_months_have_a_day_and_a_time() {
        let weekly: WeeklyTime = "sun 23:05".parse().unwrap();
        assert_eq!((weekly.weekday, String::from(weekly)), (6, "sun 23:05".into()));
        let monthly: MonthlyTime = "28 00:00".parse().unwrap();
        assert_eq!((monthly.day, String::from(monthly)), (28, "28 00:00".into()));
        for bad in ["", "mon", "Monday 02:30", "mon 24:00", "mon  02:30", "02:30 mon"] {
            assert!(bad.parse::<WeeklyTime>().is_err(), "{bad}");
        }
        for bad in ["0 02:30", "29 02:30", "31 02:30", "+1 02:30", " 02:30", "1"] {
            assert!(bad.parse::<MonthlyTime>().is_err(), "{bad}");
        }
    }
}
