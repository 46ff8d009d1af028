//! Bad rows: what is wrong with one, and how it is kept so that SQL can ask for it.

use std::fmt;
use std::io::{self, Write};

use tarn_lake::{ColumnName, ColumnType, Escape};

use crate::json::JsonFault;

/// A row that breaks a rule.
#[derive(Debug, Clone)]
pub struct Reject<'a> {
    /// The line it begins on, counted from 1, the header included.
    pub line: u64,
    /// Where it begins in the decompressed text.
    pub byte_offset: u64,
    /// The row without its line end; of a row longer than the limit, its beginning.
    pub raw: &'a [u8],
    /// The rule it breaks; of several the one of the first column.
    pub reason: Reason,
    /// The columns that became null in silver, which has the row all the same; empty when silver
    /// has it not.
    pub nulled: &'a [ColumnName],
}

/// The rule that a bad row breaks. It holds no value of the row, so that reasons can be grouped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Fewer fields than the layout has columns.
    #[error("too few fields: the layout has {wanted}, the row {found}")]
    TooFewFields {
        /// Columns of the layout.
        wanted: usize,
        /// Fields of the row.
        found: usize,
    },
    /// More fields than the layout has columns.
    #[error("too many fields: the layout has {wanted}, the row {found}")]
    TooManyFields {
        /// Columns of the layout.
        wanted: usize,
        /// Fields of the row.
        found: usize,
    },
    /// A field is no value of its column's type.
    #[error("the value in {0} is no {kind}", kind = .0.kind)]
    Unparsable(Place),
    /// A required column is empty.
    #[error("{0} is required and empty")]
    MissingRequired(Place),
    /// A value breaks a rule of its column.
    #[error("the value in {0} {1}")]
    BrokenRule(Place, Rule),
    /// Another row has the same values in the columns of a key.
    #[error("{0}")]
    Duplicate(Duplicate),
    /// A text field is not UTF-8, or what stands for it in its own encoding.
    #[error("invalid encoding: the text in {0} cannot be decoded")]
    InvalidUtf8(Place),
    /// A value would make a folder that every reader takes for null.
    #[error("the value in {0} is what Hive calls the folder of rows without a value")]
    FolderOfNull(Place),
    /// A value would make a folder whose name no object's key has room for.
    #[error("the value in {0} is too long for the name of a folder")]
    FolderTooLong(Place),
    /// The row holds a zero byte.
    #[error("the row holds a NUL byte")]
    NulByte,
    /// The row is longer than allowed.
    #[error("the row is longer than {limit} bytes")]
    RowTooLong {
        /// The greatest length.
        limit: usize,
    },
    /// A quote is opened and not closed.
    #[error("a quote is opened and not closed, to the end of the file or within {limit} bytes")]
    UnterminatedQuote {
        /// The greatest length of a row.
        limit: usize,
    },
    /// Something stands between a closing quote and the next delimiter.
    #[error("text follows a closing quote; a quote inside a quoted field is written {}", escaped(.0))]
    TextAfterQuote(Escape),
    /// The line is no JSON object.
    #[error("the line is no JSON object: {what}, at byte {byte}")]
    NotAnObject {
        /// What is wrong.
        what: JsonFault,
        /// Where in the line, counted from 1.
        byte: usize,
    },
    /// An object has a key twice; which of the two values is meant, nobody can tell.
    #[error("the key of {0} stands in the object twice")]
    RepeatedKey(Place),
    /// An object has keys, and none is a column's name.
    #[error("no key of the object is the name of a column")]
    NoKnownKey,
}

impl Reason {
    /// The column that it is about, where it is about one.
    pub fn column(&self) -> Option<&ColumnName> {
        match self {
            Reason::Unparsable(place)
            | Reason::MissingRequired(place)
            | Reason::BrokenRule(place, _)
            | Reason::InvalidUtf8(place)
            | Reason::FolderOfNull(place)
            | Reason::FolderTooLong(place)
            | Reason::RepeatedKey(place) => Some(&place.name),
            Reason::TooFewFields { .. }
            | Reason::TooManyFields { .. }
            | Reason::Duplicate(_)
            | Reason::NulByte
            | Reason::RowTooLong { .. }
            | Reason::UnterminatedQuote { .. }
            | Reason::TextAfterQuote(_)
            | Reason::NotAnObject { .. }
            | Reason::NoKnownKey => None,
        }
    }
}

fn escaped(escape: &Escape) -> &'static str {
    match escape {
        Escape::Doubled => "twice",
        Escape::Backslash => "behind a backslash",
    }
}

/// A rule of a column, by its key in `lake.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// It is none of the values that the column may have.
    #[error("is not among those of `allowed`")]
    Allowed,
    /// It is less than the least one.
    #[error("is less than `min`")]
    Min,
    /// It is greater than the greatest one.
    #[error("is greater than `max`")]
    Max,
    /// It does not match, as a whole.
    #[error("does not match `pattern`")]
    Pattern,
}

/// A key that another row has, one that was not bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The columns of the key.
    pub key: Vec<ColumnName>,
    /// The line that the other row begins on; `None` for a row of an earlier file, and for one
    /// behind the first four billion lines.
    pub line: Option<u64>,
}

impl fmt::Display for Duplicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.key.iter().map(|name| format!("`{name}`")).collect();
        write!(f, "duplicate key: {} as ", names.join(", "))?;
        match self.line {
            Some(line) => write!(f, "in line {line}"),
            None => f.write_str("in an earlier row"),
        }
    }
}

/// A column of the file, as a message names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1, in the order of the file.
    pub column: usize,
    /// Its name in the layout.
    pub name: ColumnName,
    /// Its type in silver.
    pub kind: ColumnType,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {} `{}`", self.column, self.name)
    }
}

/// Where bad rows go.
pub trait RejectSink {
    /// Takes one bad row. They come in the order of the file.
    fn reject(&mut self, reject: &Reject<'_>) -> io::Result<()>;
}

/// Writes bad rows as JSON Lines, which Athena reads as a table of six columns: `line`, `byte_offset`,
/// `reason`, `column_name`, `nulled` and `raw`.
#[derive(Debug)]
pub struct JsonLinesRejects<W: Write> {
    out: W,
}

impl<W: Write> JsonLinesRejects<W> {
    /// The most that is kept of a row, in bytes.
    pub const LONGEST_RAW: usize = 64 << 10;

    /// Writes to `out`; give it a buffer.
    pub fn new(out: W) -> Self {
        Self { out }
    }

    /// Gives the writer back, flushed.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> RejectSink for JsonLinesRejects<W> {
    fn reject(&mut self, reject: &Reject<'_>) -> io::Result<()> {
        let kept = reject.raw.get(..Self::LONGEST_RAW).unwrap_or(reject.raw);
        let (line, byte_offset) = (reject.line, reject.byte_offset);
        write!(self.out, "{LINE}{line},\"byte_offset\":{byte_offset},\"reason\":")?;
        serde_json::to_writer(&mut self.out, &reject.reason.to_string())?;
        self.out.write_all(b",\"column_name\":")?;
        serde_json::to_writer(&mut self.out, &reject.reason.column())?;
        self.out.write_all(b",\"nulled\":")?;
        serde_json::to_writer(&mut self.out, reject.nulled)?;
        self.out.write_all(b",\"raw\":")?;
        serde_json::to_writer(&mut self.out, &String::from_utf8_lossy(kept))?;
        self.out.write_all(b"}\n")
    }
}

/// How every line of rejected rows begins; the number of its line follows.
const LINE: &str = "{\"line\":";

/// Writes rejected rows with so many lines before them.
pub(crate) fn placed(rejects: &[u8], lines_before: u64, out: &mut dyn Write) -> io::Result<()> {
    for reject in rejects.split_inclusive(|byte| *byte == b'\n') {
        let behind = reject.strip_prefix(LINE.as_bytes()).unwrap_or_default();
        let digits = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (line, rest) = behind.split_at(digits);
        let line: Option<u64> = std::str::from_utf8(line).ok().and_then(|line| line.parse().ok());
        let line = line.ok_or_else(|| io::Error::other("rejected rows that do not begin with their line"))?;
        write!(out, "{LINE}{}", line + lines_before)?;
        out.write_all(rest)?;
    }
    Ok(())
}
