//! What the values of a column must be, and what is done to them on their way into silver.
//!
//! The order is fixed, whatever the order of the keys in `lake.toml`:
//!
//! | step | key | does |
//! |---|---|---|
//! | 1 | `trim` | takes white space off both ends |
//! | 2 | `nulls` | a spelling of "no value" becomes null; so does an empty field |
//! | 3 | `fill` | null becomes this value |
//! | 4 | `required` | null is refused |
//! | 5 | `allowed`, `min`, `max`, `pattern` | a value that is there must keep them; null keeps all of them |
//! | 6 | `unique` of the table | compared as the value is now, before it is disguised |
//! | 7 | `hash` or `mask` | the value that is there is disguised |
//!
//! Values written in `lake.toml` are kept as text, because a column's type says what they are:
//! [`Literal::read`] is the one place that knows how.

use std::fmt;
use std::num::NonZeroU8;

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::{ColumnType, Literal};

/// The rules of a column; the default has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quality {
    /// Whether white space at both ends is taken off. For texts; other types never mind it.
    pub trim: bool,
    /// What stands in the place of null, a literal of the column's type.
    pub fill: Option<String>,
    /// The only values, literals of the column's type; any if there are none.
    pub allowed: Vec<String>,
    /// The least value, a literal of the column's type.
    pub min: Option<String>,
    /// The greatest value, a literal of the column's type.
    pub max: Option<String>,
    /// What the whole of a text must match.
    pub pattern: Option<ValuePattern>,
    /// What hides a text.
    pub disguise: Option<Disguise>,
}

/// What hides a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disguise {
    /// The HMAC-SHA-256 of its UTF-8 bytes under a secret key, as 64 hexadecimal digits: equal texts
    /// stay equal, and without the key nobody can try which text it was.
    Sha256,
    /// Always the same text.
    Text(String),
    /// Four asterisks and so many of its last characters; the asterisks alone for a text that has
    /// no more than those.
    KeepLast(NonZeroU8),
}

/// A regular expression that a whole text matches or not, in time linear in the text.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ValuePattern {
    text: String,
    whole: Regex,
}

/// A text that is no regular expression, or too large a one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no pattern: {why}")]
pub struct InvalidValuePattern {
    /// What was written.
    pub text: String,
    /// What is wrong with it, in one line.
    pub why: String,
}

impl Quality {
    /// Whether there is no rule.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The first of `allowed`, `min`, `max` and `pattern` that a value breaks, by its key. Rules
    /// that are no values of the type are passed over.
    pub fn broken_by(&self, kind: ColumnType, written: &str) -> Option<&'static str> {
        let value = Literal::read(kind, written)?;
        let read = |text: &String| Literal::read(kind, text);
        let bound = |text: &Option<String>| text.as_ref().and_then(read);
        let mut allowed = self.allowed.iter().filter_map(read);
        if !self.allowed.is_empty() && !allowed.any(|other| other == value) {
            return Some("allowed");
        }
        if bound(&self.min).is_some_and(|min| value.is_less_than(&min)) {
            return Some("min");
        }
        if bound(&self.max).is_some_and(|max| max.is_less_than(&value)) {
            return Some("max");
        }
        let pattern = self.pattern.as_ref()?;
        (!pattern.matches(written.as_bytes())).then_some("pattern")
    }
}

impl ValuePattern {
    /// The most memory of a compiled pattern, in bytes.
    const LARGEST: usize = 1 << 20;

    /// Compiles a pattern. It is matched against whole texts, so `^` and `$` are not needed.
    pub fn new(text: &str) -> Result<Self, InvalidValuePattern> {
        let invalid = |error| InvalidValuePattern { text: text.into(), why: why(&error) };
        // Alone first: `a)|(b` would close and open the group below.
        compile(text).map_err(invalid)?;
        let whole = compile(&format!(r"\A(?:{text})\z")).map_err(invalid)?;
        Ok(Self { text: text.into(), whole })
    }

    /// Whether all of the text matches. Bytes that are no UTF-8 match nothing but `(?-u:...)`.
    pub fn matches(&self, text: &[u8]) -> bool {
        self.whole.is_match(text)
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).size_limit(ValuePattern::LARGEST).dfa_size_limit(ValuePattern::LARGEST).build()
}

/// The last line of an error: those before it show the pattern.
fn why(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it takes more than 1 MiB once it is compiled".into(),
        other => {
            let shown = other.to_string();
            let last = shown.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").into()
        }
    }
}

impl PartialEq for ValuePattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for ValuePattern {}

impl fmt::Debug for ValuePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ValuePattern({:?})", self.text)
    }
}

impl TryFrom<String> for ValuePattern {
    type Error = InvalidValuePattern;
    fn try_from(text: String) -> Result<Self, InvalidValuePattern> {
        Self::new(&text)
    }
}

impl From<ValuePattern> for String {
    fn from(pattern: ValuePattern) -> String {
        pattern.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_texts_only() {
        for (pattern, text, matches) in [
            ("[a-z]{2}", "ab", true),
            ("[a-z]{2}", "abc", false),
            ("a|ab", "ab", true),
            ("a|ab", "xa", false),
            ("^a$", "a", true),
            ("(?m)^a$", "b\na", false),
            ("", "", true),
            (".", "ß", true),
            (".", "\n", false),
        ] {
            assert_eq!(
                ValuePattern::new(pattern).unwrap().matches(text.as_bytes()),
                matches,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_in_one_line() {
        for (pattern, why) in [
            ("[a-", "unclosed character class"),
            ("a)|(b", "unopened group"),
            ("(?=a)", "look-around, including look-ahead and look-behind, is not supported"),
            (r"(a)\1", "backreferences are not supported"),
            (r"\w{500}{500}", "it takes more than 1 MiB once it is compiled"),
            ("(?x)a # note", "unclosed group"),
        ] {
            assert_eq!(ValuePattern::new(pattern).unwrap_err().why, why, "{pattern}");
        }
    }

    #[test]
    fn rules_are_stored_in_few_words() {
        let quality = Quality {
            min: Some("1".into()),
            pattern: Some(ValuePattern::new("a+").unwrap()),
            disguise: NonZeroU8::new(4).map(Disguise::KeepLast),
            ..Quality::default()
        };
        let stored = serde_json::to_string(&quality).unwrap();
        assert!(stored.contains(r#""pattern":"a+","disguise":{"keep_last":4}"#), "{stored}");
        assert_eq!(serde_json::from_str::<Quality>(&stored).unwrap(), quality);
    }

    #[test]
    fn a_value_keeps_its_rules_or_breaks_the_first() {
        let quality = Quality { min: Some("1".into()), max: Some("10.5".into()), ..Quality::default() };
        let kind = ColumnType::Decimal { precision: 6, scale: 2 };
        for (value, broken) in [("1.00", None), ("0.99", Some("min")), ("10.51", Some("max"))] {
            assert_eq!(quality.broken_by(kind, value), broken, "{value}");
        }
    }
}
