//! The text in segments of whole rows, each the text of one row group, read in their order by
//! whichever thread is free.
//!
//! Where a segment ends follows from the text and the limits only, never from timing. Text without
//! quotes is cut at its last line end; with quotes, at the last line end outside of them; and where
//! quotes are irregular, or stand beside comments, or there are backslashes, row by row.
//! JSON Lines are cut at their last LF.

use std::io::Read;
use std::ops::Range;

use crate::ConvertError;
use crate::input::Input;
use crate::rows::Dialect;
use crate::scan::{self, Field};
use crate::tokens::{SLACK, Shape, regular_end};

/// Bytes that can be read before a segment's text; the last of them is a line end.
const BEFORE: usize = 64;
/// Read and looked at in one go, small enough to stay in the L2 cache between the two.
const PIECE_BYTES: usize = 256 << 10;

/// What is known of a segment's quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotes {
    None,
    Regular,
    /// Quotes where they must not be, or a text that only the general way can split.
    Irregular,
}

/// Whole rows of the text. Its buffer is used again for the next one.
pub(crate) struct Segment {
    /// Longer than the text: some bytes before it, and line ends behind it.
    pub buffer: Vec<u8>,
    pub start: usize,
    pub end: usize,
    /// Where its start stands in the whole text.
    pub offset: u64,
    /// Counted from 0.
    pub number: u64,
    pub quotes: Quotes,
    /// Whether there are comments or backslashes.
    pub odd: bool,
}

impl Segment {
    pub fn new() -> Self {
        Self { buffer: Vec::new(), start: 0, end: 0, offset: 0, number: 0, quotes: Quotes::None, odd: false }
    }
}

/// What a text is cut between.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cutting {
    /// Rows of delimited text, which may hold line ends.
    Rows(Dialect),
    /// Lines that end at LF, whatever is in them.
    Lines { longest_bytes: usize },
}

/// Cuts a text into segments.
pub(crate) struct Segments<R: Read> {
    input: Input<R>,
    cutting: Cutting,
    /// Read, but not yet part of a segment.
    carry: Vec<u8>,
    /// Where the carry begins in the text.
    offset: u64,
    number: u64,
    ended: bool,
    /// The row before was longer than the limit, and its end has not been seen.
    in_long_row: bool,
    segment_bytes: usize,
}

/// The end of a segment's last row, and what is known of the text before it.
struct Cut {
    end: usize,
    quotes: Quotes,
    in_long_row: bool,
}

impl<R: Read> Segments<R> {
    pub fn new(input: Input<R>, cutting: Cutting, segment_bytes: usize) -> Self {
        let offset = input.start().byte_offset;
        Self {
            input,
            cutting,
            carry: Vec::new(),
            offset,
            number: 0,
            ended: false,
            in_long_row: false,
            segment_bytes,
        }
    }

    /// The number of the next segment.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether the whole source has been read.
    pub fn ended(&self) -> bool {
        self.ended && self.carry.is_empty()
    }

    /// The input, for its counters.
    pub fn input(&self) -> &Input<R> {
        &self.input
    }

    /// Reads the next segment in the place of one that held no rows.
    pub fn replace(&mut self, segment: &mut Segment) -> Result<bool, ConvertError> {
        self.number = segment.number;
        self.next(segment)
    }

    /// Reads the next segment; `false` at the end of the text.
    pub fn next(&mut self, segment: &mut Segment) -> Result<bool, ConvertError> {
        let mut filling =
            Filling { start: BEFORE, end: BEFORE + self.carry.len(), quotes: false, odd: false };
        // A CR and what tells whether it is a line break of its own.
        const LEAST_BYTES: usize = 2;
        let mut size = self.segment_bytes.max(self.carry.len()).max(LEAST_BYTES);
        make_room(&mut segment.buffer, size);
        if let Some(before) = segment.buffer.get_mut(BEFORE - 1) {
            *before = b'\n';
        }
        if let Some(front) = segment.buffer.get_mut(BEFORE..filling.end) {
            front.copy_from_slice(&self.carry);
        }
        self.look_at(&segment.buffer, BEFORE..filling.end, &mut filling);
        let cut = loop {
            self.fill(&mut segment.buffer, &mut filling, BEFORE + size)?;
            self.skip_long_row(&mut segment.buffer, &mut filling);
            if self.in_long_row && !self.ended {
                continue;
            }
            if filling.start == filling.end && self.ended {
                self.carry.clear();
                return Ok(false);
            }
            if let Some(cut) = self.cut(&mut segment.buffer, &filling) {
                break cut;
            }
            size *= 2;
            make_room(&mut segment.buffer, size);
        };
        self.hand_over(segment, &filling, cut);
        Ok(true)
    }

    fn fill(&mut self, buffer: &mut [u8], filling: &mut Filling, to: usize) -> Result<(), ConvertError> {
        while filling.end < to && !self.ended {
            let piece_end = to.min(filling.end + PIECE_BYTES);
            let piece = buffer.get_mut(filling.end..piece_end).unwrap_or_default();
            let count = self.input.fill(piece)?;
            self.ended = count < piece.len();
            self.look_at(buffer, filling.end..filling.end + count, filling);
            filling.end += count;
        }
        Ok(())
    }

    /// Takes note of what stands in the text that was read last. Lines are cut without looking.
    fn look_at(&self, buffer: &[u8], read: Range<usize>, filling: &mut Filling) {
        if let Cutting::Rows(dialect) = self.cutting {
            filling.look_at(buffer, read, dialect);
        }
    }

    fn step(&mut self, filling: &mut Filling, bytes: usize) {
        filling.start += bytes;
        self.offset += bytes as u64;
    }

    /// Goes behind the line break of a row whose beginning was in the segment before. Where it is
    /// not reached, the buffer is as good as empty again.
    fn skip_long_row(&mut self, buffer: &mut [u8], filling: &mut Filling) {
        if !self.in_long_row {
            return;
        }
        let text = buffer.get(filling.start..filling.end).unwrap_or_default();
        let (stop, behind) = self.end_of_long_row(text);
        self.in_long_row = behind.is_none();
        self.step(filling, behind.unwrap_or(stop));
        if self.in_long_row {
            buffer.copy_within(filling.start..filling.end, BEFORE);
            (filling.start, filling.end) = (BEFORE, BEFORE + filling.end - filling.start);
        }
    }

    /// How much of a text is surely of the row that is too long, and where the next one begins.
    fn end_of_long_row(&self, text: &[u8]) -> (usize, Option<usize>) {
        match self.cutting {
            Cutting::Rows(_) => {
                let stop = scan::line_break(text, 0);
                (stop, scan::behind_break(text, self.ended, stop))
            }
            Cutting::Lines { .. } => match memchr::memchr(b'\n', text) {
                Some(stop) => (stop, Some(stop + 1)),
                None => (text.len(), self.ended.then_some(text.len())),
            },
        }
    }

    /// Where the last whole row ends; `None` if there is none yet, and more must be read.
    fn cut(&self, buffer: &mut [u8], filling: &Filling) -> Option<Cut> {
        match self.cutting {
            Cutting::Rows(dialect) => self.cut_behind_row(dialect, buffer, filling),
            Cutting::Lines { longest_bytes } => self.cut_behind_line(longest_bytes, buffer, filling),
        }
    }

    /// Behind the last LF. A line that is too long is cut behind the limit, with room for the CR
    /// that may belong to its end.
    fn cut_behind_line(&self, longest_bytes: usize, buffer: &[u8], filling: &Filling) -> Option<Cut> {
        let text = buffer.get(filling.start..filling.end).unwrap_or_default();
        let cut =
            |length, in_long_row| Cut { end: filling.start + length, quotes: Quotes::None, in_long_row };
        match memchr::memrchr(b'\n', text) {
            _ if self.ended => Some(cut(text.len(), false)),
            Some(last) => Some(cut(last + 1, false)),
            None => (text.len() > longest_bytes + 1).then(|| cut(longest_bytes + 2, true)),
        }
    }

    fn cut_behind_row(&self, dialect: Dialect, buffer: &mut [u8], filling: &Filling) -> Option<Cut> {
        let Filling { start, end, quotes, odd } = *filling;
        if !quotes && !dialect.has_long_rows(odd) {
            let text = buffer.get(start..end).unwrap_or_default();
            let last =
                if self.ended { Some(text.len()) } else { memchr::memrchr(b'\n', text).map(|at| at + 1) };
            if let Some(length) = last {
                return Some(Cut { end: start + length, quotes: Quotes::None, in_long_row: false });
            }
        }
        if let Some(slack) = buffer.get_mut(end..end + SLACK) {
            slack.fill(b'\n');
        }
        if !quotes || odd {
            return self.cut_by_rows(dialect, buffer, start, end);
        }
        let shape = Shape {
            delimiter: dialect.grammar.delimiter,
            columns: 0,
            quote: dialect.grammar.quoting.quote,
            doubled: !dialect.grammar.quoting.has_backslashes(),
            longest_row_bytes: dialect.longest_row_bytes,
            most_rows: usize::MAX,
        };
        match regular_end(buffer, start, end, self.ended, shape) {
            Some(end) if end > start => Some(Cut { end, quotes: Quotes::Regular, in_long_row: false }),
            _ => self.cut_by_rows(dialect, buffer, start, end),
        }
    }

    fn cut_by_rows(&self, dialect: Dialect, buffer: &[u8], start: usize, end: usize) -> Option<Cut> {
        let mut fields: Vec<Field> = Vec::new();
        let mut at = start;
        let cut = |end, in_long_row| Some(Cut { end, quotes: Quotes::Irregular, in_long_row });
        while at < end {
            let text = buffer.get(at..end).unwrap_or_default();
            let Some(row) = dialect.row(text, self.ended, &mut fields) else { break };
            let unended = row.next == text.len() && text.last() != Some(&b'\n') && !self.ended;
            if unended && row.length == dialect.longest_row_bytes && (row.fault.is_some() || row.comment) {
                return cut(at + row.length + 1, true);
            }
            at += row.next;
        }
        if at > start { cut(at, false) } else { None }
    }

    fn hand_over(&mut self, segment: &mut Segment, filling: &Filling, cut: Cut) {
        self.carry.clear();
        self.carry.extend_from_slice(segment.buffer.get(cut.end..filling.end).unwrap_or_default());
        if let Some(slack) = segment.buffer.get_mut(cut.end..cut.end + SLACK) {
            slack.fill(b'\n');
        }
        (segment.start, segment.end) = (filling.start, cut.end);
        (segment.offset, segment.number, segment.quotes) = (self.offset, self.number, cut.quotes);
        self.offset += (cut.end - filling.start) as u64;
        segment.odd = filling.odd;
        self.in_long_row = cut.in_long_row;
        self.number += 1;
    }
}

/// A segment's buffer while it fills.
struct Filling {
    start: usize,
    end: usize,
    quotes: bool,
    odd: bool,
}

impl Filling {
    /// Takes note of what stands in the text that was read last.
    fn look_at(&mut self, buffer: &[u8], read: Range<usize>, dialect: Dialect) {
        let text = buffer.get(read.clone()).unwrap_or_default();
        let quote = dialect.grammar.quoting.quote;
        self.quotes |= quote.is_some_and(|quote| memchr::memchr(quote, text).is_some());
        self.odd |= dialect.is_odd(buffer, read);
    }
}

/// A new buffer is zeros that the system hands out page by page, when they are written.
fn make_room(buffer: &mut Vec<u8>, size: usize) {
    let needed = BEFORE + size + SLACK;
    if buffer.is_empty() {
        *buffer = vec![0; needed];
    } else if buffer.len() < needed {
        buffer.resize(needed, 0);
    }
}

#[cfg(test)]
mod tests {
    use tarn_lake::Csv;

    use super::*;
    use crate::Limits;
    use crate::quoting::Quoting;
    use crate::scan::Grammar;

    #[test]
    fn a_line_without_end_takes_no_memory() {
        let grammar = Grammar { delimiter: b',', quoting: Quoting::of(&Csv::default()) };
        let (comment, empty_line_is_a_row, longest_bytes) = (None, false, 1000);
        let rows = Dialect { grammar, comment, longest_row_bytes: longest_bytes, empty_line_is_a_row };
        for cutting in [Cutting::Rows(rows), Cutting::Lines { longest_bytes }] {
            for line_end in ["\n", "\r\n", ""] {
                let text = format!("short\n{}{line_end}short\n", "x".repeat(2_000_000));
                let input = Input::open(text.as_bytes(), &Csv::default(), Limits::default()).unwrap();
                let (mut segments, mut segment) = (Segments::new(input, cutting, 4096), Segment::new());
                let mut count = 0;
                while segments.next(&mut segment).unwrap() {
                    count += 1;
                }
                assert!(count >= 2 && segment.buffer.len() < 20_000, "{} bytes", segment.buffer.len());
            }
        }
    }
}
