//! How often a table is brought up to date.
//!
//! Time is cut into periods: days, weeks or months, each from the moment that the lake's schedule names
//! to the next such moment. A table is taken by the first run that starts in a period, whatever started
//! it, and by no other in the same one. So it depends on three things alone: when the run starts, the
//! schedule, and when the table was taken last. A scheduled run that was missed is made up for by the
//! next one, and one that comes late takes nothing twice.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime};
use serde::{Deserialize, Serialize};

use crate::csv::words;
use crate::{DailyTime, MonthlyTime, Schedule, WeeklyTime};

words! {
    /// How often a table takes its new files, or a zone its copy of a table.
    Frequency {
        /// By every run.
        OnArrival = "on_arrival",
        /// Once a day.
        Daily = "daily",
        /// Once a week.
        Weekly = "weekly",
        /// Once a month.
        Monthly = "monthly",
    }
}

#[allow(clippy::derivable_impls, reason = "the macro of words cannot mark one of them")]
impl Default for Frequency {
    fn default() -> Self {
        Self::OnArrival
    }
}

/// The time from one moment of a schedule to the next, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first millisecond.
    pub start_millis: i64,
    /// The first millisecond of the next one.
    pub end_millis: i64,
}

const MIDNIGHT: DailyTime = DailyTime { hour: 0, minute: 0 };

impl Frequency {
    /// Whether every run does it.
    pub fn is_on_arrival(&self) -> bool {
        *self == Self::OnArrival
    }

    /// Whether what was done at one time is due again at a later one, both in milliseconds since 1970.
    pub fn is_due(self, schedule: &Schedule, done_millis: i64, now_millis: i64) -> bool {
        self.period(schedule, now_millis).is_none_or(|period| done_millis < period.start_millis)
    }

    /// The period that a moment lies in; `None` where there are none, and for a moment that no
    /// calendar has.
    ///
    /// Days begin at the lake's `daily` time, or at midnight. Weeks begin at its `weekly` time, or on
    /// Monday as the day begins; months at its `monthly` time, or on the first.
    pub fn period(self, schedule: &Schedule, now_millis: i64) -> Option<Period> {
        let now = DateTime::from_timestamp_millis(now_millis)?.naive_utc();
        let day_begins = schedule.daily.unwrap_or(MIDNIGHT);
        let (start, end) = match self {
            Self::OnArrival => return None,
            Self::Daily => day(now, day_begins)?,
            Self::Weekly => {
                week(now, schedule.weekly.unwrap_or(WeeklyTime { weekday: 0, time: day_begins }))?
            }
            Self::Monthly => {
                month(now, schedule.monthly.unwrap_or(MonthlyTime { day: 1, time: day_begins }))?
            }
        };
        let millis = |moment: NaiveDateTime| moment.and_utc().timestamp_millis();
        Some(Period { start_millis: millis(start), end_millis: millis(end) })
    }
}

type Span = (NaiveDateTime, NaiveDateTime);

fn day(now: NaiveDateTime, begins: DailyTime) -> Option<Span> {
    let today = at(now.date(), begins)?;
    let start = if today <= now { today } else { today.checked_sub_days(Days::new(1))? };
    Some((start, start.checked_add_days(Days::new(1))?))
}

fn week(now: NaiveDateTime, begins: WeeklyTime) -> Option<Span> {
    let (start, _) = day(now, begins.time)?;
    let since = (7 + start.weekday().num_days_from_monday() - u32::from(begins.weekday)) % 7;
    let start = start.checked_sub_days(Days::new(since.into()))?;
    Some((start, start.checked_add_days(Days::new(7))?))
}

fn month(now: NaiveDateTime, begins: MonthlyTime) -> Option<Span> {
    let this_month = at(now.date().with_day(begins.day.into())?, begins.time)?;
    let start = if this_month <= now { this_month } else { this_month.checked_sub_months(Months::new(1))? };
    Some((start, start.checked_add_months(Months::new(1))?))
}

fn at(day: NaiveDate, time: DailyTime) -> Option<NaiveDateTime> {
    Some(day.and_time(NaiveTime::from_hms_opt(time.hour.into(), time.minute.into(), 0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> i64 {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap().and_utc().timestamp_millis()
    }

    fn schedule(daily: Option<&str>, weekly: Option<&str>, monthly: Option<&str>) -> Schedule {
        Schedule {
            daily: daily.map(|text| text.parse().unwrap()),
            weekly: weekly.map(|text| text.parse().unwrap()),
            monthly: monthly.map(|text| text.parse().unwrap()),
            on_arrival: true,
        }
    }

    #[test]
    fn periods_begin_when_the_schedule_says() {
        let none = schedule(None, None, None);
        let nightly = schedule(Some("02:30"), None, None);
        let full = schedule(Some("02:30"), Some("sun 23:00"), Some("28 04:00"));
        // 2026-11-30 is a Monday.
        for (frequency, schedule, now, start, end) in [
            (Frequency::Daily, none, "2026-11-30 00:00", "2026-11-30 00:00", "2026-12-01 00:00"),
            (Frequency::Daily, nightly, "2026-11-30 02:29", "2026-11-29 02:30", "2026-11-30 02:30"),
            (Frequency::Daily, nightly, "2026-11-30 02:30", "2026-11-30 02:30", "2026-12-01 02:30"),
            (Frequency::Weekly, none, "2026-12-06 23:59", "2026-11-30 00:00", "2026-12-07 00:00"),
            (Frequency::Weekly, nightly, "2026-11-30 02:29", "2026-11-23 02:30", "2026-11-30 02:30"),
            (Frequency::Weekly, nightly, "2026-11-30 02:30", "2026-11-30 02:30", "2026-12-07 02:30"),
            (Frequency::Weekly, full, "2026-11-29 22:59", "2026-11-22 23:00", "2026-11-29 23:00"),
            (Frequency::Weekly, full, "2026-11-30 02:29", "2026-11-29 23:00", "2026-12-06 23:00"),
            (Frequency::Monthly, none, "2026-11-30 00:00", "2026-11-01 00:00", "2026-12-01 00:00"),
            (Frequency::Monthly, nightly, "2026-03-01 02:29", "2026-02-01 02:30", "2026-03-01 02:30"),
            (Frequency::Monthly, full, "2026-01-28 03:59", "2025-12-28 04:00", "2026-01-28 04:00"),
            (Frequency::Monthly, full, "2026-01-31 00:00", "2026-01-28 04:00", "2026-02-28 04:00"),
        ] {
            let wanted = Period { start_millis: millis(start), end_millis: millis(end) };
            assert_eq!(frequency.period(&schedule, millis(now)), Some(wanted), "{frequency:?} {now}");
        }
        assert_eq!(Frequency::OnArrival.period(&full, 0), None);
        assert_eq!(Frequency::Daily.period(&full, i64::MAX), None);
    }

    #[test]
    fn every_moment_lies_in_one_period_and_periods_leave_no_gap() {
        let full = schedule(Some("02:30"), Some("wed 23:59"), Some("28 00:01"));
        for frequency in [Frequency::Daily, Frequency::Weekly, Frequency::Monthly] {
            let mut period = frequency.period(&full, millis("2024-02-01 00:00")).unwrap();
            for _ in 0..60 {
                let inside = frequency.period(&full, period.end_millis - 1).unwrap();
                assert_eq!(inside, period, "{frequency:?}");
                let next = frequency.period(&full, period.end_millis).unwrap();
                assert_eq!(next.start_millis, period.end_millis, "{frequency:?}");
                period = next;
            }
        }
    }

    #[test]
    fn what_was_done_is_due_again_when_its_period_is_over() {
        let schedule = schedule(None, None, None);
        let sunday = millis("2026-11-29 23:00");
        for (frequency, soon, later) in [
            (Frequency::Daily, "2026-11-29 23:59", "2026-11-30 00:00"),
            (Frequency::Weekly, "2026-11-29 23:59", "2026-11-30 00:00"),
            (Frequency::Monthly, "2026-11-30 23:59", "2026-12-01 00:00"),
        ] {
            assert!(!frequency.is_due(&schedule, sunday, millis(soon)), "{frequency:?}");
            assert!(frequency.is_due(&schedule, sunday, millis(later)), "{frequency:?}");
        }
        assert!(Frequency::OnArrival.is_due(&schedule, sunday, sunday));
    }
}
