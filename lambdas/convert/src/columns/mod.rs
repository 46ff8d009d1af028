//! Columns of one row group in the making: fields in, encoded pages out.
//!
//! A column takes all its fields of a block in one call, so that its type is looked at once a
//! block and not once a field. Values wait in a typed buffer until they fill a page.

mod checked;
mod dictionary;
mod disguise;
mod fixed;
mod prepared;
mod stored;
mod texts;

use std::borrow::Cow;

use parquet::errors::Result;
use parquet::schema::types::ColumnDescPtr;
use tarn_lake::{Column as Declared, ColumnType, Csv, Escape, TimeFormat};

use crate::HashKey;
use crate::block::Block;
use crate::encode::codec::Codec;
use crate::encode::{Chunk, Compressor, Filter, Finished, Levels, levels};
use crate::quoting::Quoting;
use crate::rejects::{Place, Reason, Rule};
use crate::values::{
    BadPattern, Bools, Comma, Dates, Decimals, Floats32, Floats64, Ints32, Ints64, Parse, Timestamps, trimmed,
};

use checked::{Checked, Checks, Comparable};
use prepared::Prepared;

pub(crate) use dictionary::{Distinct, TextDictionary};
pub(crate) use fixed::Fixed;
pub(crate) use stored::Stored;
pub(crate) use texts::Texts;

/// A page is written when it has so many rows ...
const PAGE_ROWS: usize = 128 << 10;
/// ... or so many bytes.
const PAGE_BYTES: usize = 1 << 20;

/// Buffers and tables that the columns of one thread share.
pub(crate) struct Tools {
    pub compressor: Compressor,
    pub codec: parquet::basic::Compression,
    /// The encoded values of the page in the making.
    pub values: Vec<u8>,
    /// Its encoded levels.
    pub levels: Vec<u8>,
    /// Counts the different values of a sample.
    pub distinct: Distinct,
    /// Buffers of column chunks that have been written, to be used again: the system gives and
    /// takes large ones page by page, which costs more than compressing them.
    spare: Vec<Vec<u8>>,
    /// Buffers asked for since the last refill.
    asked_for: usize,
}

impl Tools {
    pub fn new(codec: Codec) -> Result<Self> {
        Ok(Self {
            compressor: Compressor::new(codec)?,
            codec: codec.parquet(),
            values: Vec::new(),
            levels: Vec::new(),
            distinct: Distinct::default(),
            spare: Vec::new(),
            asked_for: 0,
        })
    }

    /// Takes as many buffers of those that have been written as were asked for last time; the others
    /// are for other threads, which would have to make new ones.
    pub fn refill(&mut self, written: &mut Vec<Vec<u8>>) {
        let wanted = std::mem::take(&mut self.asked_for).saturating_sub(self.spare.len());
        self.spare.extend(written.drain(written.len().saturating_sub(wanted)..));
    }

    fn buffer(&mut self) -> Vec<u8> {
        self.asked_for += 1;
        self.spare.pop().unwrap_or_default()
    }
}

/// One column of a row group.
pub(crate) trait Column: Send {
    /// Why a field cannot be taken, or nothing.
    fn refusal(&self, text: &[u8], quoted: bool) -> Option<Refusal>;
    /// Appends to a key the value that a field has when all rules but `hash` and `mask` are through
    /// with it: the same bytes for equal values and for no others. `false` when there is none.
    fn append_key(&self, text: &[u8], quoted: bool, key: &mut Vec<u8>) -> bool;
    /// Takes the fields of a column of a block. At the first one that is no value it gives up;
    /// then `back_to` must follow.
    fn append(&mut self, block: &Block<'_>, column: usize) -> bool;
    /// Takes rows without a value.
    fn append_nulls(&mut self, rows: usize);
    /// The place to come back to when a block fails in another column.
    fn mark(&self) -> Mark;
    fn back_to(&mut self, mark: Mark);
    /// Ends the page if it is full. It is the end of a block.
    fn settle(&mut self, tools: &mut Tools) -> Result<()>;
    /// What a field is worth, for who compares values or spells them.
    fn worth<'t>(&'t self, text: &'t [u8], quoted: bool) -> std::result::Result<Worth<'t>, Refusal>;
    /// Makes the next chunk one that a search can skip most of: with pages of at most so many rows,
    /// and with a bloom filter for so many values if there are any.
    fn index(&mut self, page_rows: usize, filtered: Option<usize>) -> Result<()>;
    /// Ends the column chunk and is empty again.
    fn finish(&mut self, tools: &mut Tools) -> Result<Finished>;
}

/// The state of a column before a block.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    levels: levels::Mark,
    values: usize,
    entries: usize,
}

/// What a field is worth.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Worth<'t> {
    Null,
    /// Of bools and of whatever is a whole number inside: decimals in units of their last digit,
    /// dates in days, timestamps in their unit.
    Whole(i128),
    Real(f64),
    Text(Cow<'t, [u8]>),
}

/// Why a field is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Missing,
    NotUtf8,
    Unparsable,
    Breaks(Rule),
}

/// Why a column cannot be made.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// A format is no strftime pattern.
    Format(String),
    /// A rule's value is none of the column's type, or the type has no such rule.
    Literal(String),
    /// A rule for texts stands at a column of another type.
    RuleOfTexts,
    /// Texts are to be hashed, and there is no key.
    NoHashKey,
}

impl From<BadPattern> for Unusable {
    fn from(BadPattern(pattern): BadPattern) -> Self {
        Self::Format(pattern)
    }
}

impl Refusal {
    /// The reason that a row is bad, for the column concerned.
    pub fn of(self, place: &Place) -> Reason {
        match self {
            Self::Missing => Reason::MissingRequired(place.clone()),
            Self::NotUtf8 => Reason::InvalidUtf8(place.clone()),
            Self::Unparsable => Reason::Unparsable(place.clone()),
            Self::Breaks(rule) => Reason::BrokenRule(place.clone(), rule),
        }
    }
}

/// Rules of a column that are not its type's.
#[derive(Clone)]
pub(crate) struct Rules {
    /// The table's own spellings of "no value", and the column's. They count with and without
    /// quotes, because many exports quote everything.
    nulls: Vec<Vec<u8>>,
    required: bool,
    quoting: Quoting,
    decimal_comma: bool,
    pattern_may_hold_backslash: bool,
}

impl Rules {
    pub fn new(csv: &Csv, declared: &Declared) -> Self {
        let nulls = csv.nulls.iter().chain(&declared.nulls);
        let nulls = nulls.map(|text| text.as_bytes().to_vec()).collect();
        let quoting = Quoting::of(csv);
        let pattern = matches!(declared.format, TimeFormat::Pattern(_));
        let pattern_may_hold_backslash = pattern && quoting.has_backslashes();
        let decimal_comma = csv.decimal_comma;
        // What is filled is never missing.
        let required = declared.required && declared.quality.fill.is_none();
        Self { nulls, required, quoting, decimal_comma, pattern_may_hold_backslash }
    }

    /// Those of fields that were prepared: nothing is left to be done to them.
    fn none() -> Self {
        let quoting = Quoting { quote: None, escape: Escape::Doubled };
        let (nulls, required, decimal_comma, pattern_may_hold_backslash) = (Vec::new(), false, false, false);
        Self { nulls, required, quoting, decimal_comma, pattern_may_hold_backslash }
    }

    /// Whether a field's text, trimmed or not as its type says, stands for nothing. Where there are
    /// backslashes its spelling decides and not what it means: `\N` is no value, `\\N` is a text.
    #[inline]
    fn spells_null(&self, written: &[u8], meant: &[u8]) -> bool {
        let text = if self.quoting.has_backslashes() { written } else { meant };
        !self.nulls.is_empty() && self.nulls.iter().any(|null| null == text)
    }
}

/// What all columns have: the page's levels and the chunk so far.
struct Pages {
    column: ColumnDescPtr,
    levels: Levels,
    chunk: Chunk,
    most_rows: usize,
    filter: Option<Filter>,
}

impl Pages {
    fn new(column: ColumnDescPtr) -> Self {
        let (levels, chunk) = (Levels::default(), Chunk::new(column.clone(), Vec::new()));
        Self { levels, chunk, column, most_rows: PAGE_ROWS, filter: None }
    }

    fn are_due(&self, bytes: usize) -> bool {
        self.levels.rows() >= self.most_rows || bytes >= PAGE_BYTES
    }

    fn index(&mut self, page_rows: usize, filtered: Option<usize>) -> Result<()> {
        self.most_rows = page_rows;
        self.filter = filtered.map(Filter::new).transpose()?;
        Ok(())
    }

    fn push_nulls(&mut self, rows: usize) {
        for first in (0..rows).step_by(64) {
            self.levels.push(0, (rows - first).min(64));
        }
    }

    fn take_chunk(&mut self, tools: &mut Tools) -> Chunk {
        let buffer = tools.buffer();
        std::mem::replace(&mut self.chunk, Chunk::new(self.column.clone(), buffer))
    }
}

/// A text in a key, behind its length so that two of them cannot be told apart otherwise.
fn append_text_key(text: &[u8], key: &mut Vec<u8>) {
    key.extend_from_slice(&text.len().to_le_bytes());
    key.extend_from_slice(text);
}

/// The column for a type. `declared` is the file's own declaration of it.
pub(crate) fn column(
    declared: &Declared,
    rules: Rules,
    key: Option<&HashKey>,
    column: ColumnDescPtr,
) -> std::result::Result<Box<dyn Column>, Unusable> {
    let made = Made { declared, rules, pages: Pages::new(column) };
    match declared.kind {
        ColumnType::Bool => made.fixed(Bools),
        ColumnType::Int32 => made.fixed(Ints32),
        ColumnType::Int64 => made.fixed(Ints64),
        ColumnType::Float32 => made.number(Floats32),
        ColumnType::Float64 => made.number(Floats64),
        ColumnType::Decimal { precision: precision @ ..=9, scale } => {
            made.number(Decimals::<i32>::new(precision, scale))
        }
        ColumnType::Decimal { precision: precision @ 10..=18, scale } => {
            made.number(Decimals::<i64>::new(precision, scale))
        }
        ColumnType::Decimal { precision, scale } => made.number(Decimals::<i128>::new(precision, scale)),
        ColumnType::Date => made.fixed(Dates::new(&declared.format)?),
        ColumnType::Timestamp(unit) => made.fixed(Timestamps::new(unit, &declared.format)?),
        ColumnType::String => made.texts(key),
        ColumnType::Binary if declared.quality.is_none() => {
            Ok(Box::new(Texts::new(false, made.rules, made.pages)))
        }
        ColumnType::Binary => Err(Unusable::RuleOfTexts),
    }
}

/// What every column is made of.
struct Made<'d> {
    declared: &'d Declared,
    rules: Rules,
    pages: Pages,
}

impl Made<'_> {
    /// A column of numbers that may have a fraction.
    fn number<P>(self, parser: P) -> std::result::Result<Box<dyn Column>, Unusable>
    where
        P: Parse + 'static,
        P::Value: Comparable,
    {
        if self.rules.decimal_comma { self.fixed(Comma(parser)) } else { self.fixed(parser) }
    }

    fn fixed<P>(self, parser: P) -> std::result::Result<Box<dyn Column>, Unusable>
    where
        P: Parse + 'static,
        P::Value: Comparable,
    {
        let checks = Checks::new(self.declared)?;
        let column = Fixed::new(parser, self.rules, self.pages);
        Ok(match checks {
            None => Box::new(column),
            Some(checks) => Box::new(Checked::new(column, checks)),
        })
    }

    fn texts(self, key: Option<&HashKey>) -> std::result::Result<Box<dyn Column>, Unusable> {
        if self.declared.quality.is_none() {
            return Ok(Box::new(Texts::new(true, self.rules, self.pages)));
        }
        let plain = Texts::new(true, Rules::none(), self.pages);
        Ok(Box::new(Prepared::new(plain, self.declared, self.rules, key)?))
    }
}
