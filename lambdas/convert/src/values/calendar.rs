//! Days and clock times by fixed layout: `2026-11-20` and `08:15:00`.

use super::numbers::{eight_digits, fixed};

/// Days since 1970 of 0001-01-01 and 9999-12-31, the years that every engine shows right.
pub(super) const FIRST_DAY: i64 = -719_162;
pub(super) const LAST_DAY: i64 = 2_932_896;
pub(super) const SECONDS_A_DAY: i64 = 86_400;

/// `YYYY-MM-DD` as days since 1970: its eight digits are read at once.
#[inline(always)]
pub(super) fn iso_day(text: &[u8; 10]) -> Option<i32> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *text else { return None };
    let digits = eight_digits([y0, y1, y2, y3, m0, m1, d0, d1])? as u32;
    let (year, month, day) = (digits / 10_000, digits / 100 % 100, digits % 100);
    let exists =
        year > 0 && day > 0 && (1..=12).contains(&month) && (day <= 28 || day <= days_in(year, month));
    exists.then(|| days_since_1970(year, month, day))
}

/// `HH:MM:SS` as seconds of the day.
#[inline(always)]
pub(super) fn iso_second(text: &[u8; 8]) -> Option<i64> {
    let [h0, h1, b':', m0, m1, b':', s0, s1] = *text else { return None };
    let digits = eight_digits([b'0', b'0', h0, h1, m0, m1, s0, s1])? as u32;
    let (hour, minute, second) = (digits / 10_000, digits / 100 % 100, digits % 100);
    (hour < 24 && minute < 60 && second < 60).then_some(i64::from(hour * 3600 + minute * 60 + second))
}

/// `HH:MM` and what follows it, as seconds of the day and the rest.
#[inline]
pub(super) fn iso_minute(text: &[u8]) -> Option<(i64, &[u8])> {
    let ([h0, h1, b':', m0, m1], rest) = text.split_first_chunk::<5>()? else { return None };
    let (hour, minute) = (fixed(&[*h0, *h1])?, fixed(&[*m0, *m1])?);
    (hour < 24 && minute < 60).then_some((i64::from(hour * 3600 + minute * 60), rest))
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        1..=12 => 31,
        _ => 0,
    }
}

/// Counts in years that begin in March, so that the leap day is a year's last. January and
/// February are the thirteenth and fourteenth month of the year before.
#[inline(always)]
fn days_since_1970(year: u32, month: u32, day: u32) -> i32 {
    let early = u32::from(month <= 2);
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
