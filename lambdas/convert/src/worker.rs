//! What one thread does: a segment of text becomes row groups, and bad rows are noted.
//!
//! Blocks of text go the fast way. A block with a row that is irregular or breaks a rule goes the
//! general way, row by row, which knows what is wrong with it.

use std::ops::Range;

use crate::block::{Block, Fields};
use crate::columns::Tools;
use crate::group::Refused;
use crate::json::Lines;
use crate::parted::Made;
use crate::placer::Placer;
use crate::rows::{self, Dialect};
use crate::scan::Field;
use crate::segments::{Quotes, Segment};
use crate::tokens::{Shape, Tokeniser};
use crate::unique::Claims;
use crate::{ConvertError, Limits};

/// Text that is tokenised before its columns are parsed: with its places it stays in the L2 cache.
pub(crate) const BLOCK_BYTES: usize = 256 << 10;

/// The columns, buffers and tables of one thread.
pub(crate) struct Worker<'s> {
    pub group: Placer<'s>,
    pub tools: Tools,
    pub dialect: Dialect,
    pub limits: Limits,
    /// What reads JSON Lines; `None` for delimited text.
    json: Option<Lines>,
    /// Keys that no two rows share.
    pub claims: Option<Claims>,
    tokeniser: Tokeniser,
    fields: Vec<Field>,
    row: Vec<Field>,
    /// Lines of a block's rows; only for keys.
    row_lines: Vec<u64>,
}

/// What takes rows: columns, and the keys that no two rows share.
pub(crate) struct Taker<'w, 's> {
    pub group: &'w mut Placer<'s>,
    pub tools: &'w mut Tools,
    pub claims: &'w mut Option<Claims>,
}

/// What became of a segment.
#[derive(Default)]
pub(crate) struct Done {
    pub made: Vec<Made>,
    pub rows: u64,
    /// Lines of the text up to where the segment has been read.
    pub lines: u64,
    pub rejected: Vec<Rejected>,
    /// What the rejected rows take, in rows and names.
    kept: usize,
}

impl Done {
    pub fn reject(&mut self, rejected: Rejected) {
        self.kept += 1 + rejected.refused.nulled.len();
        self.rejected.push(rejected);
    }
}

/// A bad row, by its place in the segment.
pub(crate) struct Rejected {
    /// Counted from the segment's first, which is 0.
    pub line: u64,
    pub raw: Range<usize>,
    pub refused: Refused,
}

/// Takes noted bad rows before they are too many to keep.
pub(crate) trait Relief {
    fn relieve(&mut self, segment: &Segment, rejected: &mut Vec<Rejected>) -> Result<(), ConvertError>;
}

/// Bad rows, and names of columns in them, that are kept until the segment's turn comes.
const MOST_KEPT: usize = 8192;

impl<'s> Worker<'s> {
    pub fn new(
        group: Placer<'s>,
        tools: Tools,
        dialect: Dialect,
        json: Option<Lines>,
        limits: Limits,
    ) -> Self {
        let (tokeniser, claims) = (Tokeniser::default(), None);
        let (fields, row, row_lines) = (Vec::new(), Vec::new(), Vec::new());
        Self { group, tools, dialect, limits, json, claims, tokeniser, fields, row, row_lines }
    }

    /// Converts a segment from its start on. `lines` of the text have been read before it.
    pub fn convert(
        &mut self,
        segment: &Segment,
        lines: u64,
        relief: &mut dyn Relief,
    ) -> Result<Done, ConvertError> {
        let mut done = Done { lines, ..Done::default() };
        let mut at = segment.start;
        while at < segment.end {
            at = self.block(segment, at, &mut done)?;
            if self.group.rows() >= self.limits.row_group_rows {
                self.end_group(&mut done)?;
            }
            if done.kept >= MOST_KEPT {
                relief.relieve(segment, &mut done.rejected)?;
                done.kept = 0;
            }
        }
        self.end_group(&mut done)?;
        if let Some(claims) = &mut self.claims {
            claims.lines += done.lines;
        }
        Ok(done)
    }

    /// Where the text behind about a block of rows begins, once they are taken or noted as bad.
    fn block(&mut self, segment: &Segment, at: usize, done: &mut Done) -> Result<usize, ConvertError> {
        let most_rows = self.free_rows();
        if let Some(json) = &mut self.json {
            let Self { group, tools, claims, .. } = self;
            return json.block(segment, at, most_rows, Taker { group, tools, claims }, done);
        }
        match self.fast_block(segment, at, done)? {
            Some(next) => Ok(next),
            None => self.general_block(segment, at, done),
        }
    }

    fn end_group(&mut self, done: &mut Done) -> Result<(), ConvertError> {
        if self.group.rows() > 0 {
            done.rows += self.group.rows() as u64;
            done.made.push(self.group.finish(&mut self.tools)?);
        }
        Ok(())
    }

    fn free_rows(&self) -> usize {
        self.limits.row_group_rows.saturating_sub(self.group.rows()).max(1)
    }

    /// Where the text behind a regular block begins, once its rows are taken.
    fn fast_block(
        &mut self,
        segment: &Segment,
        at: usize,
        done: &mut Done,
    ) -> Result<Option<usize>, ConvertError> {
        let text = segment.buffer.as_slice();
        let most_rows = self.free_rows();
        // Few rows are left in a small row group: there is no use in looking at a whole block.
        let bytes = BLOCK_BYTES.min(most_rows.saturating_mul(BLOCK_BYTES / 64));
        // Behind a last row without line end there is one that the segment put there.
        let text_end = segment.end + usize::from(text.get(segment.end - 1) != Some(&b'\n'));
        let to = text_end.min(at + bytes);
        let block = text.get(at..to).unwrap_or_default();
        let quote = self.dialect.grammar.quoting.quote.filter(|_| segment.quotes != Quotes::None);
        let quote = quote.filter(|quote| memchr::memchr(*quote, block).is_some());
        let irregular = quote.is_some() && segment.quotes == Quotes::Irregular;
        if irregular || segment.odd && self.dialect.is_odd(text, at..to) {
            return Ok(None);
        }
        let shape = Shape {
            delimiter: self.dialect.grammar.delimiter,
            columns: self.group.wanted(),
            quote,
            doubled: !self.dialect.grammar.quoting.has_backslashes(),
            longest_row_bytes: self.limits.longest_row_bytes,
            most_rows,
        };
        let Some(found) = self.tokeniser.rows(text, at, to, shape) else { return Ok(None) };
        let content = text.get(at..found.end.min(segment.end)).unwrap_or_default();
        if !found.ascii && simdutf8::basic::from_utf8(content).is_err() {
            return Ok(None);
        }
        let fields = match quote {
            Some(_) => Fields::Quoted(found.separators),
            None => Fields::Plain(found.separators),
        };
        let block = Block { text, rows: found.rows, columns: shape.columns, fields };
        let (rows, end) = (found.rows, found.end);
        if self.claims.as_mut().is_some_and(|claims| !claims.are_free(self.group.judge(), &block)) {
            return Ok(None);
        }
        if !self.group.append(&block, &mut self.tools)? {
            return Ok(None);
        }
        if let Some(claims) = &mut self.claims {
            block.row_lines(done.lines, &mut self.row_lines);
            claims.take_block(|row| self.row_lines.get(row).copied().unwrap_or_default())?;
        }
        done.lines += if quote.is_some() { rows::line_breaks(content) } else { rows as u64 };
        Ok(Some(end))
    }

    /// Where the text behind about a block of rows begins, once the good ones are taken and the
    /// others noted.
    fn general_block(
        &mut self,
        segment: &Segment,
        mut at: usize,
        done: &mut Done,
    ) -> Result<usize, ConvertError> {
        let until = segment.end.min(at + BLOCK_BYTES);
        let most_rows = self.free_rows();
        let mut rows = 0;
        self.fields.clear();
        while at < until && rows < most_rows {
            let rest = segment.buffer.get(at..segment.end).unwrap_or_default();
            let Some(mut row) = self.dialect.row(rest, true, &mut self.row) else { break };
            let raw = rest.get(..row.length).unwrap_or_default();
            if !self.dialect.is_no_row(&row) {
                let fault = row.fault.take().map(Refused::from);
                let mut refused = fault.or_else(|| self.group.judge_row(raw, &mut self.row));
                if let (true, Some(claims)) = (Refused::is_kept(refused.as_ref()), &mut self.claims) {
                    let duplicate = claims.take_row(self.group.judge(), raw, &self.row, done.lines)?;
                    refused = duplicate.map(Refused::from).or(refused);
                }
                if Refused::is_kept(refused.as_ref()) {
                    rows += 1;
                    self.fields.extend(self.row.iter().map(|field| field.moved(at)));
                }
                if let Some(refused) = refused {
                    done.reject(Rejected { line: done.lines, raw: at..at + row.length, refused });
                }
            }
            done.lines += row.lines;
            at += row.next;
        }
        self.take_placed(segment, rows)?;
        Ok(at)
    }

    fn take_placed(&mut self, segment: &Segment, rows: usize) -> Result<(), ConvertError> {
        let fields = std::mem::take(&mut self.fields);
        let columns = self.group.wanted();
        let block = Block { text: &segment.buffer, rows, columns, fields: Fields::Placed(&fields) };
        let taken = rows == 0 || self.group.append(&block, &mut self.tools)?;
        self.fields = fields;
        if taken { Ok(()) } else { Err(ConvertError::Spec("a checked row was refused".into())) }
    }
}
