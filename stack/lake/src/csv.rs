//! How the text of a table's files is written, and what becomes of rows that break its rules.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// Every word and what it means, the most usual first.
            pub const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant),)*];

            /// The word that `lake.toml` has for it.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

pub(crate) use words;

/// How the text of a table's files is written. What only delimited text has keeps its default
/// beside another format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Csv {
    /// What a row is.
    pub format: Format,
    /// Between two fields; one ASCII byte, `,` by default.
    pub delimiter: char,
    /// Around a field that holds delimiters or line breaks; one ASCII byte, `"` by default. With
    /// `None` no byte is special but the delimiter and the line end.
    pub quote: Option<char>,
    /// How a quote is written inside a quoted field; doubled by default.
    pub escape: Escape,
    /// At the front of a line that is no row; one ASCII byte, none by default.
    pub comment: Option<char>,
    /// Whether the first row names the columns; true by default.
    pub header: bool,
    /// Lines before the header, or before the first row, that are dropped unread; 0 by default.
    pub skip_lines: u32,
    /// How characters are written as bytes.
    pub encoding: Encoding,
    /// How the file is packed.
    pub compression: Compression,
    /// Whether numbers are written as `1.234,5`, with the comma before the fraction.
    pub decimal_comma: bool,
    /// Spellings that mean "no value" in every column, beside the empty field and JSON's `null`.
    pub nulls: Vec<String>,
}

words! {
    /// What a row of text is.
    Format {
        /// Delimited text: fields by their place.
        Csv = "csv",
        /// JSON Lines: one object on each line, fields by their name.
        JsonLines = "jsonl",
    }
}

words! {
    /// How a quote is written inside a quoted field.
    Escape {
        /// Twice, as RFC 4180 says: `"a ""b"" c"`.
        Doubled = "doubled",
        /// Behind a backslash: `"a \"b\" c"`; any other byte behind a backslash is that byte.
        Backslash = "backslash",
    }
}

words! {
    /// How characters are written as bytes.
    Encoding {
        /// As the byte order mark says; UTF-8 where there is none.
        Auto = "auto",
        /// UTF-8, with or without byte order mark.
        Utf8 = "utf-8",
        /// UTF-16 of the byte order that its mark says; without a mark the file is refused.
        Utf16 = "utf-16",
        /// UTF-16, the low byte first.
        Utf16Le = "utf-16le",
        /// UTF-16, the high byte first.
        Utf16Be = "utf-16be",
        /// ISO 8859-1: each byte is the character of its number.
        Latin1 = "latin1",
        /// Windows' Western European: Latin-1 with `€`, quotes and dashes from 0x80 to 0x9F.
        Windows1252 = "windows-1252",
        /// Shift_JIS as Windows writes it (code page 932).
        ShiftJis = "shift-jis",
    }
}

words! {
    /// How a file is packed.
    Compression {
        /// As its first bytes say, whatever its name.
        Auto = "auto",
        /// Not at all.
        None = "none",
        /// gzip, of one or more members.
        Gzip = "gzip",
        /// Zstandard, of one or more frames.
        Zstd = "zstd",
        /// bzip2, of one or more streams.
        Bzip2 = "bzip2",
    }
}

words! {
    /// What becomes of a row that breaks a rule.
    OnBadRow {
        /// It goes to the quarantine, and the others go on.
        Quarantine = "quarantine",
        /// Its unreadable fields become null. A row that cannot be split into the layout's fields,
        /// or without a required value, goes to the quarantine all the same.
        Null = "null",
        /// The whole file is refused.
        Fail = "fail",
    }
}

/// What becomes of rows that break a rule, and when there are so many that the file as a whole is
/// refused.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BadRows {
    /// What becomes of each.
    pub action: OnBadRow,
    /// One more bad row than this, and the file is refused; `None` leaves it to the engine's limits.
    pub max_rows: Option<u64>,
    /// A greater share of bad rows than this, from 0 to 1, and the file is refused.
    pub max_share: Option<f64>,
}

impl Default for Csv {
    fn default() -> Self {
        Self {
            format: Format::Csv,
            delimiter: ',',
            quote: Some('"'),
            escape: Escape::Doubled,
            comment: None,
            header: true,
            skip_lines: 0,
            encoding: Encoding::Auto,
            compression: Compression::Auto,
            decimal_comma: false,
            nulls: Vec::new(),
        }
    }
}

impl Default for BadRows {
    fn default() -> Self {
        Self { action: OnBadRow::Quarantine, max_rows: None, max_share: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_of_an_older_lake_is_read() {
        let stored = r#"{"delimiter":";","header":false,"nulls":["NULL"]}"#;
        let wanted = Csv { delimiter: ';', header: false, nulls: vec!["NULL".into()], ..Csv::default() };
        assert_eq!(serde_json::from_str::<Csv>(stored).unwrap(), wanted);
    }

    #[test]
    fn a_format_is_stored_in_the_words_of_the_file() {
        let csv = Csv { encoding: Encoding::ShiftJis, escape: Escape::Backslash, ..Csv::default() };
        let stored = serde_json::to_string(&csv).unwrap();
        assert!(stored.contains(r#""escape":"backslash""#) && stored.contains(r#""encoding":"shift-jis""#));
        assert_eq!(serde_json::from_str::<Csv>(&stored).unwrap(), csv);
    }

    #[test]
    fn every_word_is_its_own() {
        for (word, encoding) in Encoding::WORDS {
            assert_eq!(encoding.word(), *word);
        }
    }
}
