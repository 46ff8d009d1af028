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

    /// Whether every value of this type is one of another, so that a later layout may give the column
    /// that type. Files of the earlier layout are read as the later type from then on.
    ///
    /// | from | to |
    /// |---|---|
    /// | `int32` | `int64`, `float64`, decimals with 10 digits or more before the point |
    /// | `int64` | decimals with 19 digits or more before the point |
    /// | `float32` | `float64` |
    /// | `decimal(p,s)` | decimals with as many digits or more before the point and behind it |
    /// | `date` | `timestamp`, at midnight |
    /// | `timestamp(ms)` | `timestamp(us)` |
    /// | all but `binary` | `string`: the text as it stands in the file |
    ///
    /// It is never the other way round, and `int64` is no `float64`: above 2^53 there are gaps.
    pub fn promotes_to(self, to: Self) -> bool {
        let digits = |wanted: u8| match to {
            Self::Decimal { precision, scale } => precision - scale >= wanted,
            _ => false,
        };
        match (self, to) {
            (from, to) if from == to => true,
            (Self::Binary, _) => false,
            (_, Self::String) => true,
            (Self::Int32, Self::Int64 | Self::Float64) => true,
            (Self::Int32, Self::Decimal { .. }) => digits(10),
            (Self::Int64, Self::Decimal { .. }) => digits(19),
            (Self::Float32, Self::Float64) => true,
            (Self::Decimal { precision, scale }, Self::Decimal { scale: behind, .. }) => {
                behind >= scale && digits(precision - scale)
            }
            (Self::Date, Self::Timestamp(_)) => true,
            (Self::Timestamp(TimeUnit::Millis), Self::Timestamp(TimeUnit::Micros)) => true,
            _ => false,
        }
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

    const PROMOTIONS: &[(&str, &[&str])] = &[
        ("bool", &["string"]),
        (
            "int32",
            &[
                "int64",
                "float64",
                "decimal(10,0)",
                "decimal(12,2)",
                "decimal(19,0)",
                "decimal(38,19)",
                "string",
            ],
        ),
        ("int64", &["decimal(19,0)", "decimal(38,19)", "string"]),
        ("float32", &["float64", "string"]),
        ("float64", &["string"]),
        ("decimal(9,2)", &["decimal(12,2)", "decimal(38,19)", "string"]),
        ("decimal(10,0)", &["decimal(12,2)", "decimal(19,0)", "decimal(38,19)", "string"]),
        ("decimal(12,2)", &["decimal(38,19)", "string"]),
        ("decimal(19,0)", &["decimal(38,19)", "string"]),
        ("decimal(38,19)", &["string"]),
        ("date", &["timestamp(ms)", "timestamp(us)", "string"]),
        ("timestamp(ms)", &["timestamp(us)", "string"]),
        ("timestamp(us)", &["string"]),
        ("string", &[]),
        ("binary", &[]),
    ];

    #[test]
    fn a_type_is_promoted_to_what_holds_all_its_values_and_to_nothing_else() {
        let kind = |text: &str| text.parse::<ColumnType>().unwrap();
        for (from, promoted) in PROMOTIONS {
            for (to, _) in PROMOTIONS {
                let wanted = from == to || promoted.contains(to);
                assert_eq!(kind(from).promotes_to(kind(to)), wanted, "{from} to {to}");
            }
        }
    }

    #[test]
    fn promotions_follow_one_another() {
        let kinds: Vec<ColumnType> = PROMOTIONS.iter().map(|(text, _)| text.parse().unwrap()).collect();
        for (a, b) in kinds.iter().flat_map(|a| kinds.iter().map(move |b| (a, b))) {
            for c in kinds.iter().filter(|c| a.promotes_to(*b) && b.promotes_to(**c)) {
                assert!(a.promotes_to(*c), "{a} to {b} to {c}");
            }
        }
    }

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
