//! Columns of values of one size.

use parquet::errors::Result;

use super::checked::Comparable;
use super::stored::{Encoder, Stored};
use super::{Column, Mark, Pages, Refusal, Rules, Tools, Worth, trimmed};
use crate::block::{Block, Fields, Places};
use crate::encode::{Finished, Page};
use crate::scan::Field;
use crate::values::Parse;

/// The values of one column since the last page.
pub(crate) struct Fixed<P: Parse>
where
    P::Value: Stored,
{
    parser: P,
    rules: Rules,
    /// Whether a field could be read as a value that it does not mean: there is a spelling of "no
    /// value" such as `-1`, or a pattern beside backslashes.
    look_twice: bool,
    values: Vec<P::Value>,
    pages: Pages,
    encoder: Encoder<P::Value>,
    bounds: Option<(P::Value, P::Value)>,
}

/// What a field is.
pub(super) enum Found<Value> {
    Value(Value),
    Null,
    Refused(Refusal),
}

impl<P: Parse> Fixed<P>
where
    P::Value: Stored,
{
    pub(super) fn new(parser: P, rules: Rules, pages: Pages) -> Self {
        let nulls_parse = rules.nulls.iter().any(|null| parser.parse(null).is_some());
        let look_twice = nulls_parse || rules.pattern_may_hold_backslash;
        Self {
            parser,
            rules,
            look_twice,
            values: Vec::new(),
            pages,
            encoder: Encoder::default(),
            bounds: None,
        }
    }

    /// Values go through a small buffer on the stack, so that the large one is neither zeroed before
    /// nor asked for room at every value.
    #[inline(always)]
    fn take(&mut self, text: &[u8], rows: usize, mut fields: impl Places) -> bool {
        let mut values = [P::Value::default(); 64];
        let mut left = rows;
        while left > 0 {
            let count = left.min(64);
            let mut present = 0u64;
            let mut taken = 0;
            for bit in 0..count {
                let Some(field) = fields.next() else { return false };
                let value = match self.value(text, field) {
                    Found::Value(value) => value,
                    Found::Null => continue,
                    Found::Refused(_) => return false,
                };
                values[taken % 64] = value;
                taken += 1;
                present |= 1 << bit;
            }
            self.values.extend_from_slice(values.get(..taken).unwrap_or_default());
            self.pages.levels.push(present, count);
            left -= count;
        }
        true
    }

    /// Takes values that were read before: `present` has a bit for each of `rows`, at most 64.
    pub(super) fn push(&mut self, values: &[P::Value], present: u64, rows: usize) {
        self.values.extend_from_slice(values);
        self.pages.levels.push(present, rows);
    }

    #[inline(always)]
    pub(super) fn value(&self, text: &[u8], field: Field) -> Found<P::Value> {
        let (start, end) = (field.start as usize, field.end as usize);
        if start == end && !self.rules.required {
            return Found::Null;
        }
        if !self.look_twice
            && let Some(value) = self.parser.parse_in(text, start, end)
        {
            return Found::Value(value);
        }
        self.slow(text.get(start..end).unwrap_or_default(), field.quoted)
    }

    /// Spaces and tabs around a value mean nothing, and an empty field is no value.
    #[cold]
    pub(super) fn slow(&self, text: &[u8], quoted: bool) -> Found<P::Value> {
        let meant = self.rules.quoting.meant(text, quoted);
        let meant = trimmed(&meant);
        if meant.is_empty() || self.rules.spells_null(trimmed(text), meant) {
            return if self.rules.required { Found::Refused(Refusal::Missing) } else { Found::Null };
        }
        match self.parser.parse(meant) {
            Some(value) => Found::Value(value),
            None => Found::Refused(Refusal::Unparsable),
        }
    }

    fn write_page(&mut self, tools: &mut Tools) -> Result<()> {
        tools.values.clear();
        let encoding =
            self.encoder.encode(&self.values, &self.pages.column, &mut tools.distinct, &mut tools.values);
        let bounds = P::Value::bounds(&self.values);
        let page = Page {
            levels: &self.pages.levels,
            encoding,
            values: &tools.values,
            bounds: bounds.map(|bounds| P::Value::stored_bounds(bounds, &self.pages.column)),
        };
        self.pages.chunk.page(page, &mut tools.compressor, &mut tools.levels)?;
        if let Some(filter) = &mut self.pages.filter {
            filter.insert_fixed(&self.values, &self.pages.column);
        }
        self.bounds = P::Value::wider(self.bounds, bounds);
        self.values.clear();
        self.pages.levels.clear();
        Ok(())
    }
}

impl<P: Parse> Column for Fixed<P>
where
    P::Value: Comparable,
{
    fn refusal(&self, text: &[u8], quoted: bool) -> Option<Refusal> {
        match self.slow(text, quoted) {
            Found::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    fn append_key(&self, text: &[u8], quoted: bool, key: &mut Vec<u8>) -> bool {
        let Found::Value(value) = self.slow(text, quoted) else { return false };
        value.append_key(key);
        true
    }

    fn append(&mut self, block: &Block<'_>, column: usize) -> bool {
        let Block { text, rows, columns, fields } = *block;
        match fields {
            Fields::Plain(places) => self.take(text, rows, places.plain(column, columns)),
            Fields::Quoted(places) => self.take(text, rows, places.quoted(text, column, columns)),
            Fields::Placed(fields) => {
                let fields = fields.iter().skip(column).step_by(columns).copied();
                self.take(text, rows, fields)
            }
            Fields::Same(field) => self.take(text, rows, std::iter::repeat_n(field, rows)),
        }
    }

    fn append_nulls(&mut self, rows: usize) {
        self.pages.push_nulls(rows);
    }

    fn mark(&self) -> Mark {
        Mark { levels: self.pages.levels.mark(), values: self.values.len(), entries: 0 }
    }

    fn back_to(&mut self, mark: Mark) {
        self.pages.levels.back_to(mark.levels);
        self.values.truncate(mark.values);
    }

    fn settle(&mut self, tools: &mut Tools) -> Result<()> {
        let due = self.pages.are_due(size_of_val(self.values.as_slice()));
        if due { self.write_page(tools) } else { Ok(()) }
    }

    fn worth<'t>(&'t self, text: &'t [u8], quoted: bool) -> std::result::Result<Worth<'t>, Refusal> {
        match self.slow(text, quoted) {
            Found::Value(value) => Ok(value.worth()),
            Found::Null => Ok(Worth::Null),
            Found::Refused(refusal) => Err(refusal),
        }
    }

    fn index(&mut self, page_rows: usize, filtered: Option<usize>) -> Result<()> {
        self.pages.index(page_rows, filtered)
    }

    fn finish(&mut self, tools: &mut Tools) -> Result<Finished> {
        if self.pages.levels.rows() > 0 {
            self.write_page(tools)?;
        }
        let chunk = self.pages.take_chunk(tools);
        let statistics = P::Value::statistics(self.bounds.take(), chunk.nulls(), &self.pages.column);
        tools.values.clear();
        let count = self.encoder.finish(&self.pages.column, &mut tools.values);
        let dictionary = count.map(|count| (tools.values.as_slice(), count));
        let finished = chunk.finish(dictionary, Some(statistics), tools.codec, &mut tools.compressor)?;
        Ok(finished.filtered(self.pages.filter.take()))
    }
}
