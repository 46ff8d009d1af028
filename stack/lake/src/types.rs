//! Column types: how `lake.toml` spells them, and what the Glue catalog calls them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The type of a column in silver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ColumnType {
    /// `bool`
    Bool,
    /// `int32`, also `int`
    Int32,
    /// `int64`, also `long`, `bigint`
    Int64,
    /// `float32`, also `float`
    Float32,
    /// `float64`, also `double`
    Float64,
    /// `decimal(precision,scale)`, precision 1 to 38
    Decimal {
        /// All digits, 1 to 38.
        precision: u8,
        /// Digits behind the point, at most the precision.
        scale: u8,
    },
    /// `date`
    Date,
    /// `timestamp(ms)` or `timestamp(us)`, in UTC
    Timestamp(TimeUnit),
    /// `string`, UTF-8
    String,
    /// `binary`
    Binary,
}

/// The resolution a timestamp is stored with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    /// Milliseconds since 1970, what Athena shows.
    Millis,
    /// Microseconds since 1970.
    Micros,
}

/// A text that names no column type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no column type: {hint}")]
pub struct InvalidType {
    /// What was written.
    pub text: String,
    /// What to write instead.
    pub hint: String,
}

/// Every plain spelling, the canonical one first.
const SPELLINGS: &[(&str, ColumnType)] = &[
    ("bool", ColumnType::Bool),
    ("boolean", ColumnType::Bool),
    ("int32", ColumnType::Int32),
    ("int", ColumnType::Int32),
    ("int64", ColumnType::Int64),
    ("long", ColumnType::Int64),
    ("bigint", ColumnType::Int64),
    ("float32", ColumnType::Float32),
    ("float", ColumnType::Float32),
    ("float64", ColumnType::Float64),
    ("double", ColumnType::Float64),
    ("date", ColumnType::Date),
    ("timestamp(ms)", ColumnType::Timestamp(TimeUnit::Millis)),
    ("timestamp", ColumnType::Timestamp(TimeUnit::Millis)),
    ("timestamp(us)", ColumnType::Timestamp(TimeUnit::Micros)),
    ("string", ColumnType::String),
    ("binary", ColumnType::Binary),
];

impl ColumnType {
    /// Every spelling that takes no parameters, for suggestions.
    pub fn spellings() -> impl Iterator<Item = &'static str> {
        SPELLINGS.iter().map(|(text, _)| *text)
    }

    /// The type's name in the Glue catalog (Hive types).
    pub fn glue(self) -> String {
        match self {
            Self::Bool => "boolean".into(),
            Self::Int32 => "int".into(),
            Self::Int64 => "bigint".into(),
            Self::Float32 => "float".into(),
            Self::Float64 => "double".into(),
            Self::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
            Self::Date => "date".into(),
            Self::Timestamp(_) => "timestamp".into(),
            Self::String => "string".into(),
            Self::Binary => "binary".into(),
        }
    }

    /// Whether every value has one spelling, so that a folder can be called by it.
    pub fn can_be_a_folder(self) -> bool {
        !matches!(self, Self::Float32 | Self::Float64 | Self::Binary)
    }

    /// Whether a `format` may stand beside the type.
    pub fn takes_format(self) -> bool {
        matches!(self, Self::Date | Self::Timestamp(_))
    }
}

impl FromStr for ColumnType {
    type Err = InvalidType;

    fn from_str(text: &str) -> Result<Self, InvalidType> {
        if let Some((_, found)) = SPELLINGS.iter().find(|(spelling, _)| *spelling == text) {
            return Ok(*found);
        }
        if let Some(parameters) = text.strip_prefix("decimal(").and_then(|t| t.strip_suffix(')')) {
            return decimal(parameters).ok_or_else(|| InvalidType {
                text: text.into(),
                hint: "write decimal(precision,scale) with precision 1 to 38 and scale at most precision"
                    .into(),
            });
        }
        Err(InvalidType {
            text: text.into(),
            hint: "write bool, int32, int64, float32, float64, decimal(p,s), date, timestamp(ms), \
                   timestamp(us), string or binary"
                .into(),
        })
    }
}

fn decimal(parameters: &str) -> Option<ColumnType> {
    let (precision, scale) = parameters.split_once(',')?;
    let precision: u8 = precision.trim().parse().ok()?;
    let scale: u8 = scale.trim().parse().ok()?;
    ((1..=38).contains(&precision) && scale <= precision).then_some(ColumnType::Decimal { precision, scale })
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Decimal { precision, scale } = self {
            return write!(f, "decimal({precision},{scale})");
        }
        let spelling = SPELLINGS.iter().find(|(_, kind)| kind == self).map(|(text, _)| *text);
        f.write_str(spelling.unwrap_or_default())
    }
}

impl TryFrom<String> for ColumnType {
    type Error = InvalidType;
    fn try_from(text: String) -> Result<Self, InvalidType> {
        text.parse()
    }
}

impl From<ColumnType> for String {
    fn from(kind: ColumnType) -> String {
        kind.to_string()
    }
}

/// How a date or timestamp is written in a source file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum TimeFormat {
    /// ISO 8601: `2026-11-20`, `2026-11-20T08:15:00.123Z`, also with a space for the `T`.
    #[default]
    Iso,
    /// Seconds since 1970 as a whole number.
    EpochSeconds,
    /// Milliseconds since 1970 as a whole number.
    EpochMillis,
    /// A strftime pattern such as `%d.%m.%Y %H:%M:%S`.
    Pattern(String),
}

impl From<String> for TimeFormat {
    fn from(text: String) -> Self {
        match text.as_str() {
            "iso" => Self::Iso,
            "epoch_s" => Self::EpochSeconds,
            "epoch_ms" => Self::EpochMillis,
            _ => Self::Pattern(text),
        }
    }
}

impl From<TimeFormat> for String {
    fn from(format: TimeFormat) -> String {
        match format {
            TimeFormat::Iso => "iso".into(),
            TimeFormat::EpochSeconds => "epoch_s".into(),
            TimeFormat::EpochMillis => "epoch_ms".into(),
            TimeFormat::Pattern(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_parses_and_the_canonical_one_is_shown() {
        for (text, kind) in SPELLINGS {
            assert_eq!(text.parse::<ColumnType>().as_ref(), Ok(kind));
            assert_eq!(kind.to_string().parse::<ColumnType>().as_ref(), Ok(kind));
        }
        assert_eq!("long".parse::<ColumnType>().unwrap().to_string(), "int64");
    }

    #[test]
    fn decimals_carry_their_limits() {
        let money = "decimal(10, 2)".parse::<ColumnType>().unwrap();
        assert_eq!(money, ColumnType::Decimal { precision: 10, scale: 2 });
        assert_eq!(money.glue(), "decimal(10,2)");
        for bad in ["decimal(39,0)", "decimal(0,0)", "decimal(4,5)", "decimal(4)", "decimal(a,b)", "decimal("]
        {
            assert!(bad.parse::<ColumnType>().is_err(), "{bad}");
        }
    }
}
