//! The general way to split a text: row by row, whatever stands there. It is the slow path beside
//! `tokens`, and the judge of what is a row.
//!
//! A row that cannot be split is a row with a fault, and reading goes on behind it:
//! * longer than the limit: at the next line break behind the limit;
//! * an unterminated quote, that is one not closed within the limit: on the line after the one
//!   that the row begins on. The rows that the stray quote would swallow are not lost, at the price
//!   that a genuine quoted text longer than the limit is taken apart into bad rows.

use std::ops::Range;

use crate::rejects::Reason;
use crate::scan::{self, Field, Grammar, Scan};

/// How the text is split.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    pub grammar: Grammar,
    /// At the front of a line that is no row.
    pub comment: Option<u8>,
    pub longest_row_bytes: usize,
    /// In a table of one column an empty line is a row without a value; in any other it is no row.
    pub empty_line_is_a_row: bool,
}

/// The row at the front of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Without its line end, and not longer than the limit.
    pub length: usize,
    /// Where the next row begins.
    pub next: usize,
    /// Lines that it takes.
    pub lines: u64,
    /// The fields are not complete when there is one.
    pub fault: Option<Reason>,
    /// Whether it is a line that the dialect calls no row.
    pub comment: bool,
}

impl Dialect {
    /// Finds the row at the front of a text, or nothing when the text ends before it does. `ended`
    /// says that nothing comes after the text; then there always is a row.
    pub fn row(&self, text: &[u8], ended: bool, fields: &mut Vec<Field>) -> Option<Row> {
        if self.comment.is_some() && text.first() == self.comment.as_ref() {
            return self.comment(text, ended);
        }
        let limit = self.longest_row_bytes;
        let window = text.get(..limit + 2).unwrap_or(text);
        let ended = ended && window.len() == text.len();
        match scan::row(window, ended, self.grammar, fields) {
            Scan::Row { length, next, long, text_after_quote } => {
                let raw = window.get(..length).unwrap_or_default();
                let fault = match () {
                    () if length > limit => Some(Reason::RowTooLong { limit }),
                    () => text_after_quote.then_some(Reason::TextAfterQuote(self.grammar.quoting.escape)),
                };
                let lines = if long { 1 + line_breaks(raw) } else { 1 };
                Some(Row { length: length.min(limit), next, lines, fault, comment: false })
            }
            Scan::OpenQuote if ended || window.len() == limit + 2 => self.first_line(text, ended),
            Scan::Incomplete if window.len() == limit + 2 => self.too_long(text),
            Scan::OpenQuote | Scan::Incomplete => None,
        }
    }

    /// Whether a part of a text holds what the fast way does not know: a line that is no row, or a
    /// backslash. What looks like the former may stand in quotes; the general way knows.
    pub fn is_odd(&self, text: &[u8], part: Range<usize>) -> bool {
        let bytes = text.get(part.clone()).unwrap_or_default();
        let begins_line = |at: usize| {
            let before = (part.start + at).checked_sub(1).and_then(|before| text.get(before));
            before.is_none_or(|byte| matches!(byte, b'\n' | b'\r'))
        };
        let comments = |comment| memchr::memchr_iter(comment, bytes).any(begins_line);
        let backslashes = self.grammar.quoting.has_backslashes();
        self.comment.is_some_and(comments) || backslashes && memchr::memchr(b'\\', bytes).is_some()
    }

    /// Whether line breaks can stand inside of rows without quotes, given that a text is odd.
    pub fn has_long_rows(&self, odd: bool) -> bool {
        odd && self.grammar.quoting.has_backslashes()
    }

    /// Whether a row is only an empty line, or a comment.
    pub fn is_no_row(&self, row: &Row) -> bool {
        row.comment || row.length == 0 && row.fault.is_none() && !self.empty_line_is_a_row
    }

    /// A line that is no row, to its line break; quotes mean nothing in it. Of one that is longer
    /// than a row may be, as much as is there: no more need be kept to find its end.
    fn comment(&self, text: &[u8], ended: bool) -> Option<Row> {
        let limit = self.longest_row_bytes;
        let length = scan::line_break(text, 0);
        let next = scan::behind_break(text, ended || length > limit, length)?;
        Some(Row { length: length.min(limit), next, lines: 1, fault: None, comment: true })
    }

    /// The line on which a quote was opened that is not closed.
    fn first_line(&self, text: &[u8], ended: bool) -> Option<Row> {
        let limit = self.longest_row_bytes;
        let window = text.get(..limit + 2).unwrap_or(text);
        let length = scan::line_break(window, 0);
        match scan::behind_break(window, ended, length) {
            Some(next) if length <= limit => Some(row(length, next, 1, Reason::UnterminatedQuote { limit })),
            _ => self.too_long(text),
        }
    }

    /// A row whose end is too far away. Where the text ends before it, so does the row.
    fn too_long(&self, text: &[u8]) -> Option<Row> {
        let limit = self.longest_row_bytes;
        let stop = scan::line_break(text, limit);
        let next = scan::behind_break(text, true, stop)?;
        let lines = 1 + line_breaks(text.get(..limit).unwrap_or_default());
        Some(row(limit.min(text.len()), next, lines, Reason::RowTooLong { limit }))
    }
}

fn row(length: usize, next: usize, lines: u64, fault: Reason) -> Row {
    Row { length, next, lines, fault: Some(fault), comment: false }
}

/// Line breaks in a text; CR and LF together are one.
pub(crate) fn line_breaks(raw: &[u8]) -> u64 {
    if memchr::memchr(b'\r', raw).is_none() {
        return memchr::memchr_iter(b'\n', raw).count() as u64;
    }
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
