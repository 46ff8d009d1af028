//! Names with rules. A value of one of these types has passed its rule, so nobody checks again.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text cannot be a name, in words a user can act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what} name: {rule}")]
pub struct InvalidName {
    /// What was to be named: `lake`, `zone`, `table`, ...
    pub what: &'static str,
    /// What was written.
    pub text: String,
    /// The rule it breaks.
    pub rule: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $longest:literal, $accepts:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The greatest length in bytes.
            pub const LONGEST: usize = $longest;

            /// Checks the rule of the type.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
                let text = text.into();
                let accepts: fn(&str) -> bool = $accepts;
                if text.len() <= Self::LONGEST && accepts(&text) {
                    Ok(Self(text))
                } else {
                    Err(InvalidName { what: $what, text, rule: $rule })
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The name of a lake; the first part of every resource name (source of the rule: S3 bucket names).
    LakeName, "lake", 16, is_dashed,
    "write 1 to 16 lower-case letters, digits and single dashes, a letter first"
);
name!(
    /// The environment a lake is deployed as: `dev`, `prod`, a test's name.
    EnvironmentName, "environment", 8, is_dashed,
    "write 1 to 8 lower-case letters, digits and single dashes, a letter first"
);
name!(
    /// The name of a zone; part of its bucket's name and, with underscores, of its database's.
    ZoneName, "zone", 20, |text| is_dashed(text) && !RESERVED_ZONES.contains(&text),
    "write 1 to 20 lower-case letters, digits and single dashes, a letter first, and none of \
     landing, bronze, silver, gold, quarantine, ops, logs"
);
name!(
    /// The name of a table, as SQL spells it (source of the rule: Athena identifiers without quotes).
    TableName, "table", 64, is_snake,
    "write 1 to 64 lower-case letters, digits and underscores, a letter first"
);
name!(
    /// The name of a column; the Glue catalog folds names to lower case, so upper case is refused.
    ColumnName, "column", 128, is_snake,
    "write 1 to 128 lower-case letters, digits and underscores, a letter first"
);

/// Zone names that would collide with the lake's own buckets.
const RESERVED_ZONES: [&str; 7] = ["landing", "bronze", "silver", "gold", "quarantine", "ops", "logs"];

fn is_dashed(text: &str) -> bool {
    starts_with_letter(text)
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.ends_with('-')
        && !text.contains("--")
}

fn is_snake(text: &str) -> bool {
    starts_with_letter(text)
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn starts_with_letter(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lake_names_follow_the_bucket_rule() {
        for good in ["a", "retail", "my-lake-2"] {
            assert!(LakeName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "Retail", "2lake", "a--b", "a-", "-a", "a_b", "seventeen-letters", "é"] {
            assert!(LakeName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_zone_cannot_take_the_name_of_a_tier() {
        let refused = ZoneName::new("silver").unwrap_err();
        assert!(refused.to_string().starts_with("`silver` is no zone name"), "{refused}");
    }

    #[test]
    fn columns_and_tables_are_snake_case() {
        assert!(ColumnName::new("item_id_2").is_ok());
        for bad in ["ItemId", "1st", "a b", "a-b", "_x"] {
            assert!(ColumnName::new(bad).is_err(), "{bad}");
            assert!(TableName::new(bad).is_err(), "{bad}");
        }
    }
}
