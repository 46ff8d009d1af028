//! File name patterns: which landing keys belong to a table, and which day a file is of.
//!
//! `*` stands for any characters but `/`; `{date:FORMAT}` captures the file's day, with `%Y`,
//! `%m` and `%d` for four, two and two digits; `{time:FORMAT}` captures a time of day by `%H`, `%M`
//! and `%S`; `{WORD:*}` captures what `*` stands for, under a word of the user's.
//! Everything else stands for itself.
//!
//! What is captured can become columns: see [`Captures`].

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ColumnName, Day};

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
    /// `*`, with the word it is captured under.
    AnyButSlash(Option<String>),
    Digits {
        field: Field,
        count: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
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

/// What a file's name says, by word. Values are spelled as columns of their type are by default.
///
/// | word | from | value |
/// |---|---|---|
/// | `date` | `{date:...}` | `2026-11-20`; the first where month or day are not in the name |
/// | `time` | `{time:...}` | `08:15:00` |
/// | `timestamp` | both | `2026-11-20T08:15:00` |
/// | any other | `{WORD:*}` | the text as it stands in the name |
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captures(BTreeMap<String, String>);

impl Captures {
    /// None: of a file whose name says nothing.
    pub const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// What was captured under a word.
    pub fn get(&self, word: &str) -> Option<&str> {
        self.0.get(word).map(String::as_str)
    }
}

impl<W: Into<String>, T: Into<String>> FromIterator<(W, T)> for Captures {
    fn from_iter<I: IntoIterator<Item = (W, T)>>(captured: I) -> Self {
        Self(captured.into_iter().map(|(word, text)| (word.into(), text.into())).collect())
    }
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
        Some(Matched { day: self.captured(key)?.day() })
    }

    /// The words under which a key's parts are captured, in their order.
    pub fn captures(&self) -> Vec<&str> {
        let has = |wanted| {
            self.parts.iter().any(|part| matches!(part, Part::Digits { field, .. } if *field == wanted))
        };
        let (date, time) = (has(Field::Year), has(Field::Hour));
        let known = [("date", date), ("time", time), ("timestamp", date && time)];
        let words = self.parts.iter().filter_map(|part| match part {
            Part::AnyButSlash(word) => word.as_deref(),
            _ => None,
        });
        known.into_iter().filter_map(|(word, has)| has.then_some(word)).chain(words).collect()
    }

    /// What a key says, or `None` when it does not match. A date that no calendar has says nothing.
    pub fn capture(&self, key: &str) -> Option<Captures> {
        let captured = self.captured(key)?;
        let date = captured.day().and_then(Result::ok).map(|day| day.to_string());
        let time = captured.time();
        let timestamp = date.as_ref().zip(time.as_ref()).map(|(date, time)| format!("{date}T{time}"));
        let known = [("date", date), ("time", time), ("timestamp", timestamp)];
        let known = known.into_iter().filter_map(|(word, text)| Some((word, text?)));
        Some(known.chain(captured.texts.iter().map(|(word, text)| (*word, (*text).to_owned()))).collect())
    }

    fn captured<'a>(&'a self, key: &'a str) -> Option<Captured<'a>> {
        let mut captured = Captured::default();
        matches_from(&self.parts, key, &mut captured).then_some(captured)
    }
}

#[derive(Default, Clone)]
struct Captured<'a> {
    year: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
    hour: Option<u32>,
    minute: Option<u32>,
    second: Option<u32>,
    /// Words and what they stand for.
    texts: Vec<(&'a str, &'a str)>,
}

impl Captured<'_> {
    /// A pattern with a month or a day has a year; `parse` sees to it.
    fn day(&self) -> Option<Result<Day, ImpossibleDay>> {
        let (year, month, day) = (self.year?, self.month.unwrap_or(1), self.day.unwrap_or(1));
        Some(Day::new(year as i32, month, day).ok_or(ImpossibleDay { year, month, day }))
    }

    /// As it stands in the name, also when no clock shows it: what it means is its column's business.
    fn time(&self) -> Option<String> {
        let (hour, minute, second) = (self.hour?, self.minute.unwrap_or(0), self.second.unwrap_or(0));
        Some(format!("{hour:02}:{minute:02}:{second:02}"))
    }

    fn set(&mut self, field: Field, number: u32) {
        let place = match field {
            Field::Year => &mut self.year,
            Field::Month => &mut self.month,
            Field::Day => &mut self.day,
            Field::Hour => &mut self.hour,
            Field::Minute => &mut self.minute,
            Field::Second => &mut self.second,
        };
        *place = Some(number);
    }
}

/// Backtracks over `*` only; every other part has a fixed length.
fn matches_from<'a>(parts: &'a [Part], key: &'a str, captured: &mut Captured<'a>) -> bool {
    let Some((first, rest)) = parts.split_first() else { return key.is_empty() };
    match first {
        Part::Literal(text) => {
            key.strip_prefix(text.as_str()).is_some_and(|key| matches_from(rest, key, captured))
        }
        Part::Digits { field, count } => {
            let Some((digits, key)) = key.split_at_checked(*count) else { return false };
            let Some(number) = number(digits.as_bytes()) else { return false };
            captured.set(*field, number);
            matches_from(rest, key, captured)
        }
        Part::AnyButSlash(word) => {
            let longest = key.find('/').unwrap_or(key.len());
            (0..=longest).filter_map(|taken| key.split_at_checked(taken)).any(|(text, key)| {
                let mut attempt = captured.clone();
                attempt.texts.extend(word.as_deref().map(|word| (word, text)));
                let found = matches_from(rest, key, &mut attempt);
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
                any_but_slash(&mut parts, None)?;
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

fn any_but_slash(parts: &mut Vec<Part>, word: Option<String>) -> Result<(), String> {
    if matches!(parts.last(), Some(Part::AnyButSlash(_))) {
        return Err("two `*` in a row; one stands for any characters but `/`".into());
    }
    let known = |part: &Part| matches!(part, Part::AnyButSlash(other) if other.is_some() && *other == word);
    if let Some(word) = word.as_ref().filter(|_| parts.iter().any(known)) {
        return Err(format!("`{{{word}:*}}` twice; give one of them another word"));
    }
    parts.push(Part::AnyButSlash(word));
    Ok(())
}

fn literal(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Literal(text.into()));
    }
}

fn capture(parts: &mut Vec<Part>, inside: &str) -> Result<(), String> {
    let unknown =
        || format!("`{{{inside}}}` is unknown; write {{date:%Y%m%d}}, {{time:%H%M%S}} or {{word:*}}");
    let (kind, format) = inside.split_once(':').ok_or_else(unknown)?;
    if format == "*" {
        let usable = !["date", "time", "timestamp"].contains(&kind) && ColumnName::new(kind).is_ok();
        return if usable { any_but_slash(parts, Some(kind.into())) } else { Err(unknown()) };
    }
    let fields: &[(char, Field, usize)] = match kind {
        "date" => &[('Y', Field::Year, 4), ('m', Field::Month, 2), ('d', Field::Day, 2)],
        "time" => &[('H', Field::Hour, 2), ('M', Field::Minute, 2), ('S', Field::Second, 2)],
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
    fn a_name_says_what_its_pattern_captures() {
        let pattern = FilePattern::new("{shop:*}/orders_{date:%Y%m}_{time:%H%M}_{part:*}.csv").unwrap();
        assert_eq!(pattern.captures(), ["date", "time", "timestamp", "shop", "part"]);
        let captures = pattern.capture("köln 1/orders_202611_0815_a_b.csv").unwrap();
        let words = ["date", "time", "timestamp", "shop", "part", "other"].map(|word| captures.get(word));
        let wanted = ["2026-11-01", "08:15:00", "2026-11-01T08:15:00", "köln 1", "a_b"].map(Some);
        assert_eq!(words[..5], wanted);
        assert_eq!(words[5], None);
        assert_eq!(pattern.capture("a/b/orders_202611_0815_.csv"), None);
        assert_eq!(FilePattern::new("*.csv").unwrap().capture("x.csv"), Some(Captures::none()));
        let impossible = FilePattern::new("{date:%Y%m%d}{rest:*}").unwrap().capture("20260231x").unwrap();
        assert_eq!((impossible.get("date"), impossible.get("rest")), (None, Some("x")));
    }

    #[test]
    fn faults_are_named() {
        for (pattern, why) in [
            ("{a:*}{b:*}", "two `*`"),
            ("{a:*}/{a:*}", "twice"),
            ("{date:*}", "unknown"),
            ("{Shop:*}", "unknown"),
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
