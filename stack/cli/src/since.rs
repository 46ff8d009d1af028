//! How a point in time is typed: a moment, or how long ago.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tarn_lake::Moment;

use crate::failure::Failure;

/// Now.
pub fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(since.as_millis() as i64)
}

/// `2026-01-31`, `2026-01-31T02:30`, or `90m`, `36h`, `7d` ago.
pub fn moment(text: &str, now: Moment) -> Result<Moment, Failure> {
    if let Some(ago) = ago(text) {
        return Ok(Moment(now.0.saturating_sub(ago.as_millis() as i64)));
    }
    text.parse().map_err(|error| {
        Failure::bad_input(format!("--since: {error}")).hint("or how long ago: 90m, 36h, 7d")
    })
}

fn ago(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(number.parse::<u32>().ok()?.into()) * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_in_time_is_a_moment_or_how_long_ago() {
        let now: Moment = "2026-01-31T12:00".parse().unwrap();
        for (text, shown) in [
            ("90m", "2026-01-31T10:30:00Z"),
            ("36h", "2026-01-30T00:00:00Z"),
            ("7d", "2026-01-24T12:00:00Z"),
            ("2026-01-30", "2026-01-30T00:00:00Z"),
        ] {
            assert_eq!(moment(text, now).unwrap().to_string(), shown);
        }
        for text in ["", "d", "7w", "-1d", "yesterday", "\u{fc}"] {
            assert!(moment(text, now).is_err(), "{text}");
        }
    }
}
