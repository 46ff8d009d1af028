//! The grammar of delimited text as a machine of a few states, which reads one byte at a time. It
//! says the same as `scan`, but can begin anywhere. JSON Lines are the same with nothing special in
//! them but LF, because a JSON text holds none.

use serde::{Deserialize, Serialize};
use tarn_lake::{Csv, Escape, Format};

use super::Unsplit;

/// What the bytes before a place mean for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// The next byte begins a row.
    RowStart,
    /// A row has ended with CR. An LF that comes next belongs to it.
    AfterReturn,
    /// Behind a delimiter.
    FieldStart,
    /// Inside an unquoted field, where a quote is text.
    Plain,
    /// Inside quotes.
    Quoted,
    /// Behind a quote that stands inside quotes: it closes them, unless another follows.
    AfterQuote,
    /// Behind text that follows a closing quote: up to the line's end nothing has a meaning.
    Spoiled,
    /// In a line that is no row.
    Comment,
}

impl State {
    /// Every state that a range can begin in.
    pub const ALL: [Self; 8] = [
        Self::RowStart,
        Self::AfterReturn,
        Self::FieldStart,
        Self::Plain,
        Self::Quoted,
        Self::AfterQuote,
        Self::Spoiled,
        Self::Comment,
    ];

    /// Its place in [`State::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// Whether no row is under way.
    pub fn is_between_rows(self) -> bool {
        matches!(self, Self::RowStart | Self::AfterReturn)
    }
}

/// Which bytes mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grammar {
    pub delimiter: u8,
    /// None where no byte is special but the delimiter and the line end.
    pub quote: Option<u8>,
    /// At the front of a line that is no row.
    pub comment: Option<u8>,
    /// Whether CR ends a row. It does not in JSON Lines.
    pub returns: bool,
}

impl Grammar {
    /// The grammar of a table's files, or why they are not split.
    pub fn of(csv: &Csv) -> Result<Self, Unsplit> {
        if csv.format == Format::JsonLines {
            return Ok(Self { delimiter: b'\n', quote: None, comment: None, returns: false });
        }
        if csv.escape != Escape::Doubled {
            return Err(Unsplit::Escape);
        }
        // That each is one byte has been checked where the dialect is made.
        let byte = |special: char| u8::try_from(special).ok();
        let delimiter = byte(csv.delimiter).unwrap_or(b',');
        let (quote, comment) = (csv.quote.and_then(byte), csv.comment.and_then(byte));
        Ok(Self { delimiter, quote, comment, returns: true })
    }

    /// The state behind a byte.
    pub fn next(self, state: State, byte: u8) -> State {
        let is_quote = self.quote == Some(byte);
        match (state, byte) {
            (State::Quoted, _) if is_quote => State::AfterQuote,
            (State::Quoted, _) => State::Quoted,
            (_, b'\n') => State::RowStart,
            (_, b'\r') if self.returns => State::AfterReturn,
            (State::Spoiled | State::Comment, _) => state,
            (State::RowStart | State::AfterReturn, _) if self.comment == Some(byte) => State::Comment,
            (_, byte) if byte == self.delimiter => State::FieldStart,
            (State::Plain, _) => State::Plain,
            (_, _) if is_quote => State::Quoted,
            (State::AfterQuote, _) => State::Spoiled,
            (State::RowStart | State::AfterReturn | State::FieldStart, _) => State::Plain,
        }
    }
}
