//! Days and clock times by fixed layout: `2026-11-20` and `08:15:00`.

use super::numbers::{digits_like, fixed};

/// Days since 1970 of 0001-01-01 and 9999-12-31, the years that every engine shows right.
pub(super) const FIRST_DAY: i64 = -719_162;
pub(super) const LAST_DAY: i64 = 2_932_896;
pub(super) const SECONDS_A_DAY: i64 = 86_400;

/// `YYYY-MM-DD` as days since 1970.
#[inline(always)]
pub(super) fn iso_day(text: &[u8; 10]) -> Option<i32> {
    let [first @ .., d0, d1] = text;
    let pairs = pairs(digits_like(*first, *b"0000-00-")?);
    let (year, month) = ((pairs & 0xff) * 100 + (pairs >> 16 & 0xff), pairs >> 40 & 0xff);
    let day = fixed(&[*d0, *d1])?;
    day_since_1970(year as u32, month as u32, day)
}

/// `HH:MM:SS` as seconds of the day.
#[inline(always)]
pub(super) fn iso_second(text: &[u8; 8]) -> Option<i64> {
    let pairs = pairs(digits_like(*text, *b"00:00:00")?);
    let [hour, minute, second] = [pairs & 0xff, pairs >> 24 & 0xff, pairs >> 48 & 0xff];
    (hour < 24 && minute < 60 && second < 60).then_some((hour * 3600 + minute * 60 + second) as i64)
}

/// Where neighbours are two digits, the byte of the first becomes their number.
#[inline(always)]
fn pairs(digits: u64) -> u64 {
    digits.wrapping_mul(10).wrapping_add(digits >> 8)
}

/// `HH:MM` and what follows it, as seconds of the day and the rest.
#[inline]
pub(super) fn iso_minute(text: &[u8]) -> Option<(i64, &[u8])> {
    let ([h0, h1, b':', m0, m1], rest) = text.split_first_chunk::<5>()? else { return None };
    let (hour, minute) = (fixed(&[*h0, *h1])?, fixed(&[*m0, *m1])?);
    (hour < 24 && minute < 60).then_some((i64::from(hour * 3600 + minute * 60), rest))
}

/// The day's number, if there is such a day.
#[inline(always)]
fn day_since_1970(year: u32, month: u32, day: u32) -> Option<i32> {
    if let Some(month) = MONTHS.get((year.wrapping_sub(FIRST_YEAR) as usize) << 4 | month.min(15) as usize) {
        // The day before the month's first, and how many days it has.
        let (before, days) = (month >> 5, month & 31);
        return (day.wrapping_sub(1) < days as u32).then_some(before + day as i32);
    }
    day_of_any_year(year, month, day)
}

const FIRST_YEAR: u32 = 1900;

/// The months of 256 years, sixteen places for each year: dates of sources lie in few of them, so
/// that what is looked up stays in the L1 cache.
static MONTHS: [i32; 256 << 4] = {
    let mut months = [0; 256 << 4];
    let mut at = 0;
    while at < months.len() {
        let (year, month) = (FIRST_YEAR + (at >> 4) as u32, (at & 15) as u32);
        let mut days = 31;
        while days > 0 && !exists(year, month, days) {
            days -= 1;
        }
        if days > 0 {
            months[at] = (days_since_1970(year, month, 1) - 1) << 5 | days as i32;
        }
        at += 1;
    }
    months
};

#[cold]
fn day_of_any_year(year: u32, month: u32, day: u32) -> Option<i32> {
    exists(year, month, day).then(|| days_since_1970(year, month, day))
}

const fn exists(year: u32, month: u32, day: u32) -> bool {
    /// By month, and February in a leap year; there is none without a number from 1 to 12.
    const DAYS: [u8; 16] = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0, 0, 0];
    let days = if month < 16 { DAYS[month as usize] as u32 } else { 0 };
    year > 0 && day > 0 && day <= days && (month != 2 || day != 29 || is_leap(year))
}

const fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Counts in years that begin in March, so that the leap day is a year's last. January and
/// February are the thirteenth and fourteenth month of the year before.
const fn days_since_1970(year: u32, month: u32, day: u32) -> i32 {
    let early = (month <= 2) as u32;
    let (year, month) = (year - early, month + 12 * early);
    let days_before_year = year * 365 + year / 4 - year / 100 + year / 400;
    let days_before_month = (979 * month - 2919) >> 5;
    (days_before_year + days_before_month + day) as i32 - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, NaiveDate};

    #[test]
    fn every_day_agrees_with_chrono() {
        let epoch = NaiveDate::default();
        for (number, day) in NaiveDate::MIN.iter_days().skip_while(|day| day.year() < 1).enumerate() {
            if day.year() > 9999 {
                break;
            }
            let text: [u8; 10] = day.format("%Y-%m-%d").to_string().as_bytes().try_into().unwrap();
            let wanted = day.signed_duration_since(epoch).num_days();
            assert_eq!(iso_day(&text).map(i64::from), Some(wanted), "{day}");
            assert_eq!(FIRST_DAY + number as i64, wanted);
            assert!(wanted <= LAST_DAY);
        }
    }

    #[test]
    fn days_that_are_none_are_refused() {
        for bad in [
            "2023-02-29",
            "1900-02-29",
            "2024-13-01",
            "2024-16-01",
            "1899-17-01",
            "2024-99-01",
            "2024-00-01",
            "2024-01-00",
            "2024-04-31",
            "0000-01-01",
            "2024/01/01",
            "20240-1-01",
            "2024-1-001",
        ] {
            assert_eq!(iso_day(bad.as_bytes().try_into().unwrap()), None, "{bad}");
        }
    }
}
