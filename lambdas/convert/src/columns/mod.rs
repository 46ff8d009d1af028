//! Columns of one row group in the making: fields in, encoded pages out.
//!
//! A column takes all its fields of a block in one call, so that its type is looked at once a
//! block and not once a field. Values wait in a typed buffer until they fill a page.

mod dictionary;
mod fixed;
mod stored;
mod texts;

use parquet::errors::Result;
use parquet::schema::types::ColumnDescPtr;
use tarn_lake::{Column as Declared, ColumnType, Csv, TimeFormat};

use crate::block::Block;
use crate::encode::codec::Codec;
use crate::encode::{Chunk, Compressor, Finished, Levels, levels};
use crate::quoting::Quoting;
use crate::values::{
    BadPattern, Bools, Comma, Dates, Decimals, Floats32, Floats64, Ints32, Ints64, Parse, Timestamps, trimmed,
};

pub(crate) use fixed::Fixed;
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
    /// The page as it is written.
    pub page: Vec<u8>,
    /// Buffers of column chunks that have been written, to be used again: the system gives and
    /// takes large ones page by page, which costs more than compressing them.
    pub spare: Vec<Vec<u8>>,
}

impl Tools {
    pub fn new(codec: Codec) -> Result<Self> {
        Ok(Self {
            compressor: Compressor::new(codec)?,
            codec: codec.parquet(),
            values: Vec::new(),
            page: Vec::new(),
            spare: Vec::new(),
        })
    }
}

/// One column of a row group.
pub(crate) trait Column: Send {
    /// Why a field cannot be taken, or nothing.
    fn refusal(&self, text: &[u8], quoted: bool) -> Option<Refusal>;
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

/// Why a field is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Missing,
    NotUtf8,
    Unparsable,
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
        Self { nulls, required: declared.required, quoting, decimal_comma, pattern_may_hold_backslash }
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
}

impl Pages {
    fn new(column: ColumnDescPtr) -> Self {
        Self { levels: Levels::default(), chunk: Chunk::new(column.clone(), Vec::new()), column }
    }

    fn are_due(&self, bytes: usize) -> bool {
        self.levels.rows() >= PAGE_ROWS || bytes >= PAGE_BYTES
    }

    fn push_nulls(&mut self, rows: usize) {
        for first in (0..rows).step_by(64) {
            self.levels.push(0, (rows - first).min(64));
        }
    }

    fn take_chunk(&mut self, tools: &mut Tools) -> Chunk {
        let buffer = tools.spare.pop().unwrap_or_default();
        std::mem::replace(&mut self.chunk, Chunk::new(self.column.clone(), buffer))
    }
}

/// The column for a type. `declared` is the file's own declaration of it.
pub(crate) fn column(
    kind: ColumnType,
    declared: &Declared,
    rules: Rules,
    column: ColumnDescPtr,
) -> std::result::Result<Box<dyn Column>, BadPattern> {
    let pages = Pages::new(column);
    Ok(match kind {
        ColumnType::Bool => Box::new(Fixed::new(Bools, rules, pages)),
        ColumnType::Int32 => Box::new(Fixed::new(Ints32, rules, pages)),
        ColumnType::Int64 => Box::new(Fixed::new(Ints64, rules, pages)),
        ColumnType::Float32 => number(Floats32, rules, pages),
        ColumnType::Float64 => number(Floats64, rules, pages),
        ColumnType::Decimal { precision: precision @ ..=9, scale } => {
            number(Decimals::<i32>::new(precision, scale), rules, pages)
        }
        ColumnType::Decimal { precision: precision @ 10..=18, scale } => {
            number(Decimals::<i64>::new(precision, scale), rules, pages)
        }
        ColumnType::Decimal { precision, scale } => {
            number(Decimals::<i128>::new(precision, scale), rules, pages)
        }
        ColumnType::Date => Box::new(Fixed::new(Dates::new(&declared.format)?, rules, pages)),
        ColumnType::Timestamp(unit) => {
            Box::new(Fixed::new(Timestamps::new(unit, &declared.format)?, rules, pages))
        }
        ColumnType::String => Box::new(Texts::new(true, rules, pages)),
        ColumnType::Binary => Box::new(Texts::new(false, rules, pages)),
    })
}

/// A column of numbers that may have a fraction.
fn number<P: Parse + 'static>(parser: P, rules: Rules, pages: Pages) -> Box<dyn Column>
where
    P::Value: stored::Stored,
{
    if rules.decimal_comma {
        Box::new(Fixed::new(Comma(parser), rules, pages))
    } else {
        Box::new(Fixed::new(parser, rules, pages))
    }
}
