//! One row group in the making: rows in, columns out, whole rows only.

use tarn_lake::{Column as Declared, ColumnType, Csv, Layout};

use crate::ConvertError;
use crate::columns::{Chunk, Column, Fixed, Texts};
use crate::rejects::{Place, Reason};
use crate::rows::Row;
use crate::scan::{Field, Quoting};
use crate::values::{
    BadPattern, Bools, Dates, Decimals, Floats32, Floats64, Ints32, Ints64, Timestamps, trimmed,
};

/// The rows since the last row group.
pub(crate) struct Table {
    columns: Vec<Slot>,
    wanted: usize,
    nulls: Vec<Vec<u8>>,
    rows: usize,
    scratch: Vec<u8>,
}

/// A column of the Parquet file and where it comes from.
struct Slot {
    /// `None` for a column that the file's layout does not have: always null.
    source: Option<Source>,
    values: Box<dyn Column>,
    /// Parquet's definition levels: 1 for a value, 0 for none.
    levels: Vec<i16>,
}

struct Source {
    index: usize,
    place: Place,
    required: bool,
    content: Content,
}

#[derive(Clone, Copy, PartialEq)]
enum Content {
    /// Spaces around it mean nothing.
    Value,
    Utf8,
    Bytes,
}

impl Table {
    /// A table with the schema's columns, fed by files of a layout: type and order are the
    /// schema's; place, format and `required` are the layout's.
    pub fn new(csv: &Csv, layout: &Layout, schema: &Layout) -> Result<Self, ConvertError> {
        let columns: Result<Vec<Slot>, _> =
            schema.columns.iter().map(|column| Slot::new(column, layout)).collect();
        let nulls = csv.nulls.iter().map(|text| text.as_bytes().to_vec()).collect();
        Ok(Self { columns: columns?, wanted: layout.columns.len(), nulls, rows: 0, scratch: Vec::new() })
    }

    /// Takes a row as a whole, or says why not.
    pub fn push(&mut self, row: &mut Row<'_>) -> Result<(), Reason> {
        self.check_shape(row)?;
        let Self { columns, nulls, scratch, .. } = self;
        for (done, slot) in columns.iter_mut().enumerate() {
            if let Err(refusal) = slot.push(row, nulls, scratch) {
                let reason = slot.reason(refusal);
                columns.iter_mut().take(done).for_each(Slot::pop);
                return Err(reason);
            }
        }
        self.rows += 1;
        Ok(())
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// What the values take in memory.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(|slot| slot.values.bytes() + slot.levels.len() * size_of::<i16>()).sum()
    }

    /// Each column's definition levels and values, in the schema's order.
    pub fn chunks(&mut self) -> impl Iterator<Item = (&[i16], Chunk<'_>)> {
        self.columns.iter_mut().map(|slot| (slot.levels.as_slice(), slot.values.chunk()))
    }

    pub fn clear(&mut self) {
        self.rows = 0;
        self.columns.iter_mut().for_each(Slot::clear);
    }

    fn check_shape(&self, row: &mut Row<'_>) -> Result<(), Reason> {
        let (wanted, found) = (self.wanted, row.fields.len());
        match row.fault.take() {
            Some(reason) => Err(reason),
            None if !row.plain && row.raw.contains(&0) => Err(Reason::NulByte),
            None if found < wanted => Err(Reason::TooFewFields { wanted, found }),
            None if found > wanted => Err(Reason::TooManyFields { wanted, found }),
            None => Ok(()),
        }
    }
}

/// Why a field is refused; small, because every field returns one or none.
#[derive(Clone, Copy)]
enum Refusal {
    Missing,
    NotUtf8,
    Unparsable,
}

impl Slot {
    fn new(column: &Declared, layout: &Layout) -> Result<Self, ConvertError> {
        let index = layout.columns.iter().position(|candidate| candidate.name == column.name);
        let declared = index.and_then(|index| layout.columns.get(index)).unwrap_or(column);
        let values = buffer(column.kind, declared).map_err(|BadPattern(pattern)| {
            ConvertError::Spec(format!("`{pattern}` of column `{}` is no strftime pattern", column.name))
        })?;
        let source = index.map(|index| Source {
            index,
            place: Place { column: index + 1, name: column.name.clone(), kind: column.kind },
            required: declared.required,
            content: content(column.kind),
        });
        Ok(Self { source, values, levels: Vec::new() })
    }

    #[inline]
    fn push(&mut self, row: &Row<'_>, nulls: &[Vec<u8>], scratch: &mut Vec<u8>) -> Result<(), Refusal> {
        let field = self.source.as_ref().and_then(|source| row.fields.get(source.index));
        let (Some(source), Some(field)) = (&self.source, field) else {
            self.levels.push(0);
            return Ok(());
        };
        let text = source.trim(row.text(*field, scratch));
        if source.is_null(text, *field, nulls) {
            if source.required {
                return Err(Refusal::Missing);
            }
            self.levels.push(0);
            return Ok(());
        }
        if source.content == Content::Utf8 && !row.plain && std::str::from_utf8(text).is_err() {
            return Err(Refusal::NotUtf8);
        }
        if !self.values.push(text) {
            return Err(Refusal::Unparsable);
        }
        self.levels.push(1);
        Ok(())
    }

    /// Only a column with a source refuses anything.
    #[cold]
    fn reason(&self, refusal: Refusal) -> Reason {
        let source = self.source.as_ref().map(|source| source.place.clone());
        #[allow(clippy::expect_used, reason = "`push` takes any row when there is no source")]
        let place = source.expect("a column that refuses a field has a source");
        match refusal {
            Refusal::Missing => Reason::MissingRequired(place),
            Refusal::NotUtf8 => Reason::InvalidUtf8(place),
            Refusal::Unparsable => Reason::Unparsable(place),
        }
    }

    fn pop(&mut self) {
        if self.levels.pop() == Some(1) {
            self.values.pop();
        }
    }

    fn clear(&mut self) {
        self.levels.clear();
        self.values.clear();
    }
}

impl Source {
    #[inline]
    fn trim<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        if self.content == Content::Value { trimmed(text) } else { text }
    }

    /// An empty field is no value, except that `""` is the empty text. The table's own spellings
    /// of "no value" count with and without quotes, because many exports quote everything.
    #[inline]
    fn is_null(&self, text: &[u8], field: Field, nulls: &[Vec<u8>]) -> bool {
        let empty = text.is_empty() && (self.content == Content::Value || field.quoting == Quoting::None);
        empty || (!nulls.is_empty() && nulls.iter().any(|null| null == text))
    }
}

fn content(kind: ColumnType) -> Content {
    match kind {
        ColumnType::String => Content::Utf8,
        ColumnType::Binary => Content::Bytes,
        _ => Content::Value,
    }
}

fn buffer(kind: ColumnType, declared: &Declared) -> Result<Box<dyn Column>, BadPattern> {
    Ok(match kind {
        ColumnType::Bool => Box::new(Fixed::new(Bools)),
        ColumnType::Int32 => Box::new(Fixed::new(Ints32)),
        ColumnType::Int64 => Box::new(Fixed::new(Ints64)),
        ColumnType::Float32 => Box::new(Fixed::new(Floats32)),
        ColumnType::Float64 => Box::new(Fixed::new(Floats64)),
        ColumnType::Decimal { precision: precision @ ..=9, scale } => {
            Box::new(Fixed::new(Decimals::<i32>::new(precision, scale)))
        }
        ColumnType::Decimal { precision: precision @ 10..=18, scale } => {
            Box::new(Fixed::new(Decimals::<i64>::new(precision, scale)))
        }
        ColumnType::Decimal { precision, scale } => {
            Box::new(Fixed::new(Decimals::<i128>::new(precision, scale)))
        }
        ColumnType::Date => Box::new(Fixed::new(Dates::new(&declared.format)?)),
        ColumnType::Timestamp(unit) => Box::new(Fixed::new(Timestamps::new(unit, &declared.format)?)),
        ColumnType::String | ColumnType::Binary => Box::new(Texts::default()),
    })
}
