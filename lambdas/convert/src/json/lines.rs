//! A block of lines becomes rows of the group, and bad lines are noted.

use std::ops::Range;

use tarn_lake::Layout;

use super::careful::{self, Fault, Member, Value};
use super::escapes::{self, Content};
use super::index::Index;
use super::keys::Keys;
use super::rows::{Line, Rows};
use super::walk::Tape;
use crate::ConvertError;
use crate::block::{Block, Fields};
use crate::group::Refused;
use crate::placer::Placer;
use crate::rejects::Reason;
use crate::segments::Segment;
use crate::tokens::SLACK;
use crate::worker::{BLOCK_BYTES, Done, Rejected, Taker};

/// Reads lines, with its memory.
pub(crate) struct Lines {
    keys: Keys,
    index: Index,
    rows: Rows,
    bad: Vec<Rejected>,
    /// A copy of the block in which escapes are resolved, if there are any.
    resolved: Vec<u8>,
    longest_row_bytes: usize,
}

/// Bytes before a field that must be readable.
const BEFORE: usize = 64;

impl Lines {
    /// Of files of a layout; types are the schema's.
    pub fn new(layout: &Layout, schema: &Layout, longest_row_bytes: usize) -> Self {
        Self {
            keys: Keys::new(layout, schema),
            index: Index::default(),
            rows: Rows::new(layout.fields().count()),
            bad: Vec::new(),
            resolved: Vec::new(),
            longest_row_bytes,
        }
    }

    /// Takes about a block of lines, at most so many rows, and gives the place behind them.
    pub fn block(
        &mut self,
        segment: &Segment,
        at: usize,
        most_rows: usize,
        mut taker: Taker<'_, '_>,
        done: &mut Done,
    ) -> Result<usize, ConvertError> {
        let text = segment.buffer.as_slice();
        // Behind a last line without line end there is one that the segment put there.
        let text_end = segment.end + usize::from(text.get(segment.end - 1) != Some(&b'\n'));
        // Few rows are left in a small row group: there is no use in looking at a whole block.
        let bytes = BLOCK_BYTES.min(most_rows.saturating_mul(BLOCK_BYTES / 64));
        self.index.scan(text, at, text_end.min(at + bytes), text_end);
        let end = self.read(text, at, most_rows, done);
        self.resolve(text, at..end);
        if !self.is_text(text, at..end) || !self.append_with_keys(text, &mut taker)? {
            self.reject_rows(text, &mut taker)?;
            if !self.append(text, &mut taker)? {
                return Err(ConvertError::Spec("a checked row was refused".into()));
            }
        }
        self.bad.drain(..).for_each(|bad| done.reject(bad));
        Ok(end)
    }

    /// Whether all values are texts that any column can take.
    fn is_text(&self, text: &[u8], block: Range<usize>) -> bool {
        let is_utf8 = || std::str::from_utf8(text.get(block).unwrap_or_default()).is_ok();
        !self.rows.are_suspect() && (self.index.ascii || is_utf8())
    }

    /// Reads the lines of the index into rows and bad lines, and gives the place behind them.
    fn read(&mut self, text: &[u8], at: usize, most_rows: usize, done: &mut Done) -> usize {
        let Self { keys, index, rows, bad, longest_row_bytes, .. } = self;
        let limit = *longest_row_bytes;
        let mut tape = Tape::new(text, index);
        let mut start = at;
        rows.clear();
        while start < index.end.max(at + 1) && rows.lines().len() < most_rows {
            rows.begin(start);
            let walked = tape.line(start, keys, rows);
            let line_end = walked.unwrap_or_else(|| line_end(text, start));
            let line = Line { start, end: without_return(text, start, line_end), number: done.lines };
            let length = line.end - start;
            let read = match walked {
                _ if length > limit => Err(Reason::RowTooLong { limit }),
                Some(_) => Ok(true),
                None => {
                    tape.skip(line_end);
                    read_with_care(text, line, keys, rows)
                }
            };
            match read {
                Ok(true) => rows.end(line),
                Ok(false) => {}
                Err(reason) => {
                    let raw = start..start + length.min(limit);
                    bad.push(Rejected { line: line.number, raw, refused: reason.into() });
                }
            }
            done.lines += 1;
            start = line_end + 1;
        }
        rows.finish();
        start
    }

    fn resolve(&mut self, text: &[u8], block: Range<usize>) {
        self.resolved.clear();
        if !self.rows.hold_escapes() {
            return;
        }
        let before = block.start.saturating_sub(BEFORE);
        self.resolved.extend_from_slice(text.get(before..block.end).unwrap_or_default());
        self.resolved.resize(block.end - before + SLACK, b'\n');
        self.rows.resolve(&mut self.resolved, before);
    }

    /// Takes all rows and their keys, or none when any breaks a rule or has the key of another.
    fn append_with_keys(&self, text: &[u8], taker: &mut Taker<'_, '_>) -> Result<bool, ConvertError> {
        let Some(claims) = taker.claims else { return self.append(text, taker) };
        if !claims.are_free(taker.group.judge(), &self.as_block(text, taker.group))
            || !self.append(text, taker)?
        {
            return Ok(false);
        }
        let line_of = |row: usize| self.rows.lines().get(row).map_or(0, |line| line.number);
        taker.claims.as_mut().map_or(Ok(()), |claims| claims.take_block(line_of)).map(|()| true)
    }

    /// Takes all rows, or none when any breaks a rule.
    fn append(&self, text: &[u8], taker: &mut Taker<'_, '_>) -> Result<bool, ConvertError> {
        let block = self.as_block(text, taker.group);
        Ok(block.rows == 0 || taker.group.append(&block, taker.tools)?)
    }

    fn as_block<'t>(&'t self, text: &'t [u8], group: &Placer<'_>) -> Block<'t> {
        let (text, fields) = (self.text(text), Fields::Placed(self.rows.fields()));
        Block { text, rows: self.rows.lines().len(), columns: group.wanted(), fields }
    }

    /// Where the fields are.
    fn text<'t>(&'t self, text: &'t [u8]) -> &'t [u8] {
        if self.resolved.is_empty() { text } else { &self.resolved }
    }

    /// Takes out the rows that break a rule or have the key of another.
    fn reject_rows(&mut self, text: &[u8], taker: &mut Taker<'_, '_>) -> Result<(), ConvertError> {
        let mut dropped = Vec::new();
        for number in 0..self.rows.lines().len() {
            let Some((row, mut fields)) = self.rows.row(number, self.text(text)) else { continue };
            let Some(line) = self.rows.lines().get(number).copied() else { continue };
            let mut refused = taker.group.judge_row(row, &mut fields);
            if let (true, Some(claims)) = (Refused::is_kept(refused.as_ref()), &mut *taker.claims) {
                let duplicate = claims.take_row(taker.group.judge(), row, &fields, line.number)?;
                refused = duplicate.map(Refused::from).or(refused);
            }
            let Some(refused) = refused else { continue };
            match refused.nulled.is_empty() {
                true => dropped.push(number),
                false => self.rows.put_row(number, &fields),
            }
            self.bad.push(Rejected { line: line.number, raw: line.start..line.end, refused });
        }
        self.rows.drop_rows(&dropped);
        self.bad.sort_by_key(|rejected| rejected.line);
        Ok(())
    }
}

fn line_end(text: &[u8], start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    start + memchr::memchr(b'\n', rest).unwrap_or(rest.len())
}

fn without_return(text: &[u8], start: usize, end: usize) -> usize {
    if end > start && text.get(end - 1) == Some(&b'\r') { end - 1 } else { end }
}

/// Reads a line into the row in the making; `false` if it is blank.
fn read_with_care(text: &[u8], line: Line, keys: &mut Keys, rows: &mut Rows) -> Result<bool, Reason> {
    let content = text.get(line.start..line.end).unwrap_or_default();
    if content.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')) {
        return Ok(false);
    }
    rows.begin(line.start);
    let mut taking = Taking { text, line: content, start: line.start, keys, rows, reason: None, members: 0 };
    careful::object(content, &mut |member| taking.take(member))
        .map_err(|Fault { what, at }| Reason::NotAnObject { what, byte: at + 1 })?;
    match taking.reason {
        Some(reason) => Err(reason),
        None if taking.members > 0 && !taking.rows.is_named() => Err(Reason::NoKnownKey),
        None => Ok(true),
    }
}

/// A line's members on their way into a row.
struct Taking<'a> {
    text: &'a [u8],
    line: &'a [u8],
    start: usize,
    keys: &'a mut Keys,
    rows: &'a mut Rows,
    /// The first one.
    reason: Option<Reason>,
    members: usize,
}

impl Taking<'_> {
    fn take(&mut self, member: Member) {
        self.members += 1;
        let column = self.keys.column(&self.name(member.key));
        self.keys.learn(self.line.get(member.written).unwrap_or_default(), column);
        if let Some(column) = column
            && self.reason.is_none()
        {
            self.reason = self.value(column, member.value).err();
        }
    }

    fn name(&self, key: Range<usize>) -> Vec<u8> {
        escapes::resolved(self.line.get(key).unwrap_or_default())
    }

    fn value(&mut self, column: u32, value: Value) -> Result<(), Reason> {
        let Some(target) = self.keys.target(column) else { return Ok(()) };
        if !self.rows.name(column) {
            return Err(Reason::RepeatedKey(target.place.clone()));
        }
        if !target.is_kept {
            return Ok(());
        }
        match value {
            Value::Null => {}
            Value::Scalar(range) | Value::Nested(range) => {
                self.rows.set(column, self.start + range.start, self.start + range.end, false);
            }
            Value::Text { range, escaped } => {
                let raw = self.line.get(range.clone()).unwrap_or_default();
                self.rows.set_string(column, self.text, self.start + range.start, self.start + range.end);
                if escaped {
                    self.rows.note_escapes(column);
                }
                if escaped && escapes::content(raw) != Some(Content::Text) {
                    self.rows.suspect();
                }
            }
        }
        Ok(())
    }
}
