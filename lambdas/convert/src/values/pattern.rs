//! Dates and times by a strftime pattern. Chrono does it; the pattern is read once, not per field.

use chrono::format::{Item, Parsed, StrftimeItems};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

/// A strftime pattern, taken apart.
pub(crate) struct Pattern {
    items: Vec<Item<'static>>,
}

/// A text that is no strftime pattern.
#[derive(Debug)]
pub(crate) struct BadPattern(pub String);

impl Pattern {
    pub fn new(pattern: &str) -> Result<Self, BadPattern> {
        let items: Vec<_> = StrftimeItems::new(pattern).map(Item::to_owned).collect();
        if items.contains(&Item::Error) { Err(BadPattern(pattern.into())) } else { Ok(Self { items }) }
    }

    /// The day since 1970; a time of day in the pattern is read and left out.
    pub fn day(&self, text: &[u8]) -> Option<i64> {
        let day = self.parsed(text)?.to_naive_date().ok()?;
        Some(day.signed_duration_since(NaiveDate::default()).num_days())
    }

    /// The moment in UTC. Without an offset the text is UTC, without a time of day it is midnight.
    pub fn moment(&self, text: &[u8]) -> Option<NaiveDateTime> {
        let mut parsed = self.parsed(text)?;
        if let Ok(moment) = parsed.to_datetime() {
            return Some(moment.naive_utc());
        }
        if parsed.offset().is_some() {
            return None;
        }
        if parsed.hour_mod_12().is_some() && parsed.minute().is_none() {
            parsed.set_minute(0).ok()?;
        }
        parsed.to_naive_datetime_with_offset(0).ok().or_else(|| midnight(&parsed))
    }

    fn parsed(&self, text: &[u8]) -> Option<Parsed> {
        let text = std::str::from_utf8(text).ok()?;
        let mut parsed = Parsed::new();
        chrono::format::parse(&mut parsed, text, self.items.iter()).ok()?;
        Some(parsed)
    }
}

fn midnight(parsed: &Parsed) -> Option<NaiveDateTime> {
    let no_time = parsed.hour_mod_12().is_none() && parsed.minute().is_none() && parsed.timestamp().is_none();
    if no_time { Some(parsed.to_naive_date().ok()?.and_time(NaiveTime::MIN)) } else { None }
}
