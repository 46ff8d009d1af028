//! `pii` of a column, and the `clearance` of those who read it.

use tarn_lake::Pii;
use toml::de::DeValue;

use crate::keys::{Key, Wants};
use crate::reader::Reader;
use crate::word;

/// The key of a column.
pub const PII: Key =
    Key::optional("pii", Wants::Pii, r#"pii = "high""#, "how much the column tells of a person").also(&[
        "sensitivity",
        "classification",
        "personal",
        "sensitive",
        "hipaa",
    ]);

/// The key of a zone, and of the lake for its own readers.
pub const CLEARANCE: Key = Key::optional(
    "clearance",
    Wants::Text,
    r#"clearance = "low""#,
    "the most that a column may tell of a person to be seen here",
)
.also(&["cleared", "pii", "cleared_for"]);

const SYNONYMS: word::Synonyms =
    &[("no", "none"), ("yes", "high"), ("medium", "high"), ("sensitive", "high"), ("public", "none")];

/// Reads `pii`; `true` is the most.
pub fn read(column: &Reader) -> Pii {
    let Some(value) = column.find(&PII) else { return Pii::None };
    match value.get_ref() {
        DeValue::Boolean(true) => Pii::High,
        DeValue::Boolean(false) => Pii::None,
        DeValue::String(_) => word::read(column, &PII, Pii::WORDS, SYNONYMS).unwrap_or_default(),
        _ => column.refuse_type(&PII, value).unwrap_or_default(),
    }
}

/// Reads `clearance`.
pub fn clearance(block: &Reader) -> Pii {
    word::read_if_written(block, &CLEARANCE, Pii::WORDS, SYNONYMS).unwrap_or_default()
}
