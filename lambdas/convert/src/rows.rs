//! The rows of a text, one after the other, each with its line and byte offset.
//!
//! A row that cannot be split is a row with a fault, and reading goes on behind it:
//! * longer than the limit: at the next line break, wherever it stands;
//! * an unterminated quote: on the line after the one that the row begins on. The rows that the
//!   stray quote would swallow are not lost, at the price that a genuine quoted text longer than
//!   the limit is taken apart into bad rows.

use std::io::Read;

use crate::ConvertError;
use crate::rejects::Reason;
use crate::scan::{self, Field, Quoting, Scan};
use crate::text::Text;

/// How the text is split.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    pub delimiter: u8,
    pub longest_row_bytes: usize,
    /// In a table of one column an empty line is a row without a value; in any other it is no row.
    pub empty_line_is_a_row: bool,
}

/// The rows of a text.
pub(crate) struct Rows<R: Read> {
    text: Text<R>,
    dialect: Dialect,
    fields: Vec<Field>,
    line: u64,
    /// Of the row last given: its bytes with the line end, and its lines.
    given: (usize, u64),
    in_long_row: bool,
}

/// One row.
pub(crate) struct Row<'a> {
    pub line: u64,
    pub byte_offset: u64,
    /// Without its line end.
    pub raw: &'a [u8],
    /// Not complete when there is a fault.
    pub fields: &'a [Field],
    pub fault: Option<Reason>,
    /// Whether it is known to be ASCII without NUL.
    pub plain: bool,
}

/// What `locate` found at the front of the window.
struct Found {
    length: usize,
    next: usize,
    /// Line breaks inside it.
    breaks: u64,
    fault: Option<Reason>,
}

impl<R: Read> Rows<R> {
    pub fn new(text: Text<R>, dialect: Dialect) -> Self {
        Self { text, dialect, fields: Vec::new(), line: 1, given: (0, 0), in_long_row: false }
    }

    /// The next row, or `None` at the end of the text.
    pub fn next(&mut self) -> Result<Option<Row<'_>>, ConvertError> {
        self.step_over_given()?;
        let found = loop {
            match self.locate()? {
                None => return Ok(None),
                Some(found) if found.length == 0 && !self.dialect.empty_line_is_a_row => {
                    self.text.advance(found.next);
                    self.line += 1;
                }
                Some(found) => break found,
            }
        };
        let raw = self.text.window().get(..found.length).unwrap_or_default();
        self.given = (found.next, 1 + found.breaks);
        Ok(Some(Row {
            line: self.line,
            byte_offset: self.text.offset(),
            raw,
            fields: &self.fields,
            fault: found.fault,
            plain: self.text.plain(),
        }))
    }

    /// The text, for its counters.
    pub fn text(&self) -> &Text<R> {
        &self.text
    }

    fn step_over_given(&mut self) -> Result<(), ConvertError> {
        let (bytes, lines) = std::mem::take(&mut self.given);
        self.text.advance(bytes);
        self.line += lines;
        if std::mem::take(&mut self.in_long_row) {
            self.step_over_line()?;
        }
        Ok(())
    }

    /// Goes behind the next line break, however far it is, in constant memory.
    fn step_over_line(&mut self) -> Result<(), ConvertError> {
        loop {
            let (window, ended) = (self.text.window(), self.text.ended());
            let stop = scan::line_break(window, 0);
            let behind = scan::behind_break(window, ended, stop);
            self.text.advance(behind.unwrap_or(stop));
            if behind.is_some() {
                return Ok(());
            }
            self.text.more()?;
        }
    }

    fn locate(&mut self) -> Result<Option<Found>, ConvertError> {
        let limit = self.dialect.longest_row_bytes;
        loop {
            let (window, ended) = (self.text.window(), self.text.ended());
            if window.is_empty() && ended {
                return Ok(None);
            }
            match scan::row(window, ended, self.dialect.delimiter, &mut self.fields) {
                Scan::Row { length, next, quoted, text_after_quote } => {
                    let breaks =
                        if quoted { line_breaks(window.get(..length).unwrap_or_default()) } else { 0 };
                    let fault = match () {
                        () if length > limit => Some(Reason::RowTooLong { limit }),
                        () => text_after_quote.then_some(Reason::TextAfterQuote),
                    };
                    return Ok(Some(Found { length, next, breaks, fault }));
                }
                Scan::OpenQuote if ended || window.len() > limit => return Ok(Some(self.first_line())),
                Scan::Incomplete if window.len() > limit => return Ok(Some(self.beginning())),
                Scan::OpenQuote | Scan::Incomplete => self.text.more()?,
            }
        }
    }

    /// The line on which a quote was opened that is not closed.
    fn first_line(&mut self) -> Found {
        let (window, ended) = (self.text.window(), self.text.ended());
        let length = scan::line_break(window, 0);
        match scan::behind_break(window, ended, length) {
            Some(next) => {
                let fault = Some(Reason::UnterminatedQuote { limit: self.dialect.longest_row_bytes });
                Found { length, next, breaks: 0, fault }
            }
            None => self.beginning(),
        }
    }

    /// The beginning of a row whose end is too far away.
    fn beginning(&mut self) -> Found {
        self.in_long_row = true;
        let limit = self.dialect.longest_row_bytes;
        let breaks = line_breaks(self.text.window().get(..limit).unwrap_or_default());
        Found { length: limit, next: limit, breaks, fault: Some(Reason::RowTooLong { limit }) }
    }
}

impl Row<'_> {
    /// The bytes of a field, its doubled quotes made one; `scratch` is used when there are any.
    #[inline]
    pub fn text<'s>(&'s self, field: Field, scratch: &'s mut Vec<u8>) -> &'s [u8] {
        let text = self.raw.get(field.start as usize..field.end as usize).unwrap_or_default();
        if field.quoting == Quoting::Doubled { undouble(text, scratch) } else { text }
    }
}

fn undouble<'s>(text: &[u8], scratch: &'s mut Vec<u8>) -> &'s [u8] {
    scratch.clear();
    let mut rest = text;
    while let Some(quote) = rest.iter().position(|byte| *byte == b'"') {
        scratch.extend_from_slice(rest.get(..=quote).unwrap_or_default());
        rest = rest.get(quote + 2..).unwrap_or_default();
    }
    scratch.extend_from_slice(rest);
    scratch
}

fn line_breaks(raw: &[u8]) -> u64 {
    let mut count = 0;
    let mut at = 0;
    loop {
        let stop = scan::line_break(raw, at);
        match scan::behind_break(raw, true, stop) {
            Some(next) if next > stop => {
                count += 1;
                at = next;
            }
            _ => return count,
        }
    }
}
