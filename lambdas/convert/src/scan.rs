//! The tokeniser: where the fields of one row are. It knows no types and copies nothing.
//!
//! The grammar is RFC 4180 with any delimiter, any quote or none, and LF, CRLF or CR as line end. A
//! quote opens a quoted field only as its first byte; elsewhere in an unquoted field it is text
//! (`5" pipe`). With backslash escapes the byte behind a backslash means nothing but itself, inside
//! of quotes and outside: a quote, a delimiter, half of a line end, another backslash.
//!
//! Why not the `csv` crate: it tells neither `""` from nothing, nor an unterminated quote from a
//! good field, keeps no raw row for the quarantine, and lets one row grow without bound. It is
//! the judge of this module in the tests instead.

use crate::quoting::Quoting;

/// What is special in a text, beside line ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grammar {
    pub delimiter: u8,
    pub quoting: Quoting,
}

impl Grammar {
    /// The delimiter or line end behind a field without quotes, or the text's length.
    #[inline]
    fn end_of_unquoted(self, text: &[u8], mut at: usize) -> usize {
        if !self.quoting.has_backslashes() {
            return find(text, at, [self.delimiter, b'\n', b'\r']);
        }
        loop {
            let stop = find(text, at, [self.delimiter, b'\n', b'\r', b'\\']);
            match text.get(stop) {
                Some(b'\\') => at = text.len().min(stop + 2),
                _ => return stop,
            }
        }
    }

    /// The first quote from `at` on that a backslash does not take its meaning, or the text's length.
    #[inline]
    fn next_quote(self, text: &[u8], mut at: usize) -> usize {
        let Some(quote) = self.quoting.quote else { return text.len() };
        if !self.quoting.has_backslashes() {
            return find(text, at, [quote]);
        }
        loop {
            let stop = find(text, at, [quote, b'\\']);
            match text.get(stop) {
                Some(b'\\') => at = text.len().min(stop + 2),
                _ => return stop,
            }
        }
    }
}

/// Where a field stands in its row, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    pub start: u32,
    pub end: u32,
    /// Whether it stood in quotes.
    pub quoted: bool,
}

impl Field {
    /// The same field in a text that begins so many bytes earlier.
    pub fn moved(self, bytes: usize) -> Self {
        Self { start: self.start + bytes as u32, end: self.end + bytes as u32, quoted: self.quoted }
    }
}

/// What stands at the front of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scan {
    Row {
        /// Its length without the line end.
        length: usize,
        /// Where the next row begins.
        next: usize,
        /// Whether line breaks can stand inside the row: a field is quoted, or there are backslashes.
        long: bool,
        /// Whether text follows a closing quote; then the fields are not complete.
        text_after_quote: bool,
    },
    /// The text ends before the row does.
    Incomplete,
    /// The text ends inside quotes.
    OpenQuote,
}

/// Finds the row at the front of `text`. `ended` says that nothing comes after it.
pub(crate) fn row(text: &[u8], ended: bool, grammar: Grammar, fields: &mut Vec<Field>) -> Scan {
    fields.clear();
    let mut at = 0;
    let mut long = grammar.quoting.has_backslashes();
    loop {
        let stop = if text.get(at).is_some_and(|byte| grammar.quoting.quote == Some(*byte)) {
            long = true;
            match quoted(text, ended, grammar, at) {
                Quoted::Field { field, stop } => {
                    fields.push(field);
                    stop
                }
                Quoted::TextAfter(at) => return end_of_row(text, ended, line_break(text, at), [true, true]),
                Quoted::Open => return Scan::OpenQuote,
            }
        } else {
            let stop = grammar.end_of_unquoted(text, at);
            fields.push(Field { start: at as u32, end: stop as u32, quoted: false });
            stop
        };
        if text.get(stop) != Some(&grammar.delimiter) {
            return end_of_row(text, ended, stop, [long, false]);
        }
        at = stop + 1;
    }
}

/// The first line break from `at` on, or the text's length.
pub(crate) fn line_break(text: &[u8], at: usize) -> usize {
    find(text, at, [b'\n', b'\r'])
}

/// The first byte behind the line break at `stop`, unless more text is needed to know.
pub(crate) fn behind_break(text: &[u8], ended: bool, stop: usize) -> Option<usize> {
    match (text.get(stop), text.get(stop + 1)) {
        (None, _) => ended.then_some(stop),
        (Some(b'\r'), Some(b'\n')) => Some(stop + 2),
        (Some(b'\r'), None) if !ended => None,
        (Some(_), _) => Some(stop + 1),
    }
}

fn end_of_row(text: &[u8], ended: bool, stop: usize, [long, text_after_quote]: [bool; 2]) -> Scan {
    match behind_break(text, ended, stop) {
        Some(next) => Scan::Row { length: stop, next, long, text_after_quote },
        None => Scan::Incomplete,
    }
}

enum Quoted {
    Field { field: Field, stop: usize },
    TextAfter(usize),
    Open,
}

/// The quoted field whose opening quote is at `open`.
fn quoted(text: &[u8], ended: bool, grammar: Grammar, open: usize) -> Quoted {
    let Grammar { delimiter, quoting } = grammar;
    let mut at = open + 1;
    loop {
        let quote = grammar.next_quote(text, at);
        let field = Field { start: open as u32 + 1, end: quote as u32, quoted: true };
        match text.get(quote + 1) {
            _ if quote == text.len() => return Quoted::Open,
            // Not known to be closed.
            None if !ended => return Quoted::Open,
            Some(byte) if quoting.doubles(*byte) => at = quote + 2,
            Some(&byte) if byte != delimiter && byte != b'\n' && byte != b'\r' => {
                return Quoted::TextAfter(quote + 1);
            }
            _ => return Quoted::Field { field, stop: quote + 1 },
        }
    }
}

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// The first of some bytes from `at` on, or the text's length; eight bytes a step.
#[inline]
fn find<const N: usize>(text: &[u8], mut at: usize, wanted: [u8; N]) -> usize {
    let words = wanted.map(|byte| u64::from(byte) * LOW_BITS);
    while let Some(word) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*word);
        let hits = words.iter().fold(0, |hits, wanted| hits | zero_bytes(word ^ wanted));
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| wanted.contains(byte)).unwrap_or(rest.len())
}

/// A high bit in the lowest byte that is zero; those above it may err.
#[inline]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOW_BITS) & !word & HIGH_BITS
}
