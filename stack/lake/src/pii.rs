//! How much a column tells of a person, and how much of that somebody may see.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much a column tells of a person. Of a zone: up to which of them it is cleared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pii {
    /// Nothing.
    #[default]
    None,
    /// Something that tells of a person only beside other things: a birthday, a postcode.
    Low,
    /// What names a person, or what nobody else is to know: an address, a diagnosis.
    High,
}

impl Pii {
    /// The words of `lake.toml`; also the values of the tag in Lake Formation.
    pub const WORDS: &'static [(&'static str, Pii)] =
        &[("none", Pii::None), ("low", Pii::Low), ("high", Pii::High)];

    /// Whether it is none, as of every column of which nothing is said.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Pii::None => "none",
            Pii::Low => "low",
            Pii::High => "high",
        }
    }
}

impl fmt::Display for Pii {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_in_the_order_of_what_they_hide() {
        assert!(Pii::WORDS.windows(2).all(|pair| pair[0].1 < pair[1].1));
        assert!(Pii::WORDS.iter().all(|(word, pii)| *word == pii.word()));
        assert_eq!(serde_json::to_string(&Pii::Low).unwrap(), "\"low\"");
    }
}
