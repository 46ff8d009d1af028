//! File name patterns: which landing keys belong to a table, and which day a file is of.
//!
//! `*` stands for any characters but `/`; `{date:FORMAT}` captures the file's day, with `%Y`,
//! `%m` and `%d` for four, two and two digits; `{time:FORMAT}` passes over `%H`, `%M`, `%S`.
//! Everything else stands for itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Day;

/// A pattern over whole landing keys, such as `structure/orders_{date:%Y%m%d}.csv.gz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FilePattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    AnyButSlash,
    Digits { field: Field, count: usize },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Year,
    Month,
    Day,
    Ignored,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no file pattern: {why}")]
pub struct InvalidPattern {
    /// What was written.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

/// What a key says when it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matched {
    /// The day captured by `{date:...}`, where the pattern has one and the calendar too.
    pub day: Option<Result<Day, ImpossibleDay>>,
}

/// Digits that stand where a date should, and are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{year:04}-{month:02}-{day:02} is a day that no calendar has")]
pub struct ImpossibleDay {
    year: u32,
    month: u32,
    day: u32,
}

impl FilePattern {
    /// Reads a pattern.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidPattern> {
        let text = text.into();
        match parse(&text) {
            Ok(parts) => Ok(Self { text, parts }),
            Err(why) => Err(InvalidPattern { text, why }),
        }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole key matches, and the day it names. A key with a date that no calendar has
    /// (`20260231`) matches by its form; what to make of it is up to the caller.
    pub fn matches(&self, key: &str) -> Option<Matched> {
        let mut captured = Captured::default();
        (matches_from(&self.parts, key.as_bytes(), &mut captured)).then_some(())?;
        Some(Matched { day: captured.day() })
    }
}

#[derive(Default, Clone, Copy)]
struct Captured {
    year: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
}

impl Captured {
    /// A pattern with a month or a day has a year; `parse` sees to it.
    fn day(self) -> Option<Result<Day, ImpossibleDay>> {
        let (year, month, day) = (self.year?, self.month.unwrap_or(1), self.day.unwrap_or(1));
        Some(Day::new(year as i32, month, day).ok_or(ImpossibleDay { year, month, day }))
    }
}

/// Backtracks over `*` only; every other part has a fixed length.
fn matches_from(parts: &[Part], key: &[u8], captured: &mut Captured) -> bool {
    let Some((first, rest)) = parts.split_first() else { return key.is_empty() };
    match first {
        Part::Literal(text) => {
            key.strip_prefix(text.as_bytes()).is_some_and(|key| matches_from(rest, key, captured))
        }
        Part::Digits { field, count } => {
            let Some((digits, key)) = key.split_at_checked(*count) else { return false };
            let Some(number) = number(digits) else { return false };
            match field {
                Field::Year => captured.year = Some(number),
                Field::Month => captured.month = Some(number),
                Field::Day => captured.day = Some(number),
                Field::Ignored => {}
            }
            matches_from(rest, key, captured)
        }
        Part::AnyButSlash => {
            let longest = key.iter().position(|b| *b == b'/').unwrap_or(key.len());
            (0..=longest).any(|taken| {
                let mut attempt = *captured;
                let found = matches_from(rest, &key[taken..], &mut attempt);
                if found {
                    *captured = attempt;
                }
                found
            })
        }
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, b| b.is_ascii_digit().then(|| value * 10 + u32::from(b - b'0')))
}

fn parse(text: &str) -> Result<Vec<Part>, String> {
    if text.is_empty() {
        return Err("it is empty; write for example `events*.csv`".into());
    }
    if text.starts_with('/') {
        return Err("keys do not begin with `/`; leave it out".into());
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(place) = rest.find(['*', '{', '}']) {
        literal(&mut parts, &rest[..place]);
        match rest.as_bytes()[place] {
            b'*' => {
                if parts.last() == Some(&Part::AnyButSlash) {
                    return Err("two `*` in a row; one stands for any characters but `/`".into());
                }
                parts.push(Part::AnyButSlash);
                rest = &rest[place + 1..];
            }
            b'{' => {
                let end = rest[place..].find('}').ok_or("a `{` without its `}`")? + place;
                capture(&mut parts, &rest[place + 1..end])?;
                rest = &rest[end + 1..];
            }
            _ => return Err("a `}` without its `{`".into()),
        }
    }
    literal(&mut parts, rest);
    let has =
        |wanted| parts.iter().any(|part| matches!(part, Part::Digits { field, .. } if *field == wanted));
    if (has(Field::Month) || has(Field::Day)) && !has(Field::Year) {
        return Err("a date without its year (`%Y`)".into());
    }
    Ok(parts)
}

fn literal(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Literal(text.into()));
    }
}

fn capture(parts: &mut Vec<Part>, inside: &str) -> Result<(), String> {
    let unknown = || format!("`{{{inside}}}` is unknown; write {{date:%Y%m%d}} or {{time:%H%M%S}}");
    let (kind, format) = inside.split_once(':').ok_or_else(unknown)?;
    let fields: &[(char, Field, usize)] = match kind {
        "date" => &[('Y', Field::Year, 4), ('m', Field::Month, 2), ('d', Field::Day, 2)],
        "time" => &[('H', Field::Ignored, 2), ('M', Field::Ignored, 2), ('S', Field::Ignored, 2)],
        _ => return Err(unknown()),
    };
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            literal(parts, letter.encode_utf8(&mut [0; 4]));
            continue;
        }
        let code = letters.next().ok_or_else(unknown)?;
        let (_, field, count) = fields.iter().find(|(known, ..)| *known == code).ok_or_else(unknown)?;
        parts.push(Part::Digits { field: *field, count: *count });
    }
    Ok(())
}

impl TryFrom<String> for FilePattern {
    type Error = InvalidPattern;
    fn try_from(text: String) -> Result<Self, InvalidPattern> {
        Self::new(text)
    }
}

impl From<FilePattern> for String {
    fn from(pattern: FilePattern) -> String {
        pattern.text
    }
}

impl fmt::Display for FilePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, key: &str) -> Option<Option<String>> {
        let matched = FilePattern::new(pattern).unwrap().matches(key)?;
        Some(matched.day.map(|day| day.map_or_else(|error| error.to_string(), String::from)))
    }

    #[test]
    fn a_star_stays_within_its_folder() {
        assert_eq!(check("events*.csv", "events.csv"), Some(None));
        assert_eq!(check("events*.csv", "events_1.csv"), Some(None));
        assert_eq!(check("events*.csv", "events/1.csv"), None);
        assert_eq!(check("*/x_*.csv", "a/x_x_.csv"), Some(None));
        assert_eq!(check("events*.csv", "old_events.csv"), None);
    }

    #[test]
    fn a_date_in_the_name_is_the_day_of_the_file() {
        let pattern = "structure/orders_{date:%Y%m%d}_{time:%H%M%S}.csv.gz";
        let day = check(pattern, "structure/orders_20261120_081500.csv.gz");
        assert_eq!(day, Some(Some("2026-11-20".into())));
        let impossible = check(pattern, "structure/orders_20260231_081500.csv.gz");
        assert_eq!(impossible, Some(Some("2026-02-31 is a day that no calendar has".into())));
        assert_eq!(check(pattern, "structure/orders_2026112_081500.csv.gz"), None);
        assert_eq!(check("{date:%Y}/{date:%m}/*.csv", "2026/11/x.csv"), Some(Some("2026-11-01".into())));
    }

    #[test]
    fn faults_are_named() {
        for (pattern, why) in [
            ("", "empty"),
            ("/a", "begin"),
            ("a**", "two `*`"),
            ("a{date:%Y", "without its `}`"),
            ("a}b", "without its `{`"),
            ("{day}", "unknown"),
            ("{date:%H}", "unknown"),
            ("{date:%m}", "without its year"),
        ] {
            let message = FilePattern::new(pattern).unwrap_err().to_string();
            assert!(message.contains(why), "{pattern}: {message}");
        }
    }
}
