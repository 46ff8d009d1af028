//! Typed buffers of one row group, one for each column, reused from one row group to the next.
//!
//! A buffer takes a row's field or refuses it; a row that fails at a later column is taken back.

use crate::values::Parse;

/// The values of one column in a row group.
pub(crate) trait Column: Send {
    /// Takes a value; `false` when the text is none of the column's type.
    fn push(&mut self, text: &[u8]) -> bool;
    /// Takes back the last value.
    fn pop(&mut self);
    /// Makes it empty, keeping its memory.
    fn clear(&mut self);
    /// What the values take in memory.
    fn bytes(&self) -> usize;
    /// The values, for the encoder.
    fn chunk(&mut self) -> Chunk<'_>;
}

/// The present values of a column in a row group, by what Parquet stores.
pub(crate) enum Chunk<'a> {
    Bool(&'a [bool]),
    Int32(&'a [i32]),
    Int64(&'a [i64]),
    Float(&'a [f32]),
    Double(&'a [f64]),
    /// Decimals of more than 18 digits.
    Int128(&'a [i128]),
    Bytes(&'a mut Texts),
}

/// A column of values of one size.
pub(crate) struct Fixed<P: Parse> {
    parser: P,
    values: Vec<P::Value>,
}

/// A value that Parquet can store.
pub(crate) trait Stored: Sized {
    fn chunk(values: &[Self]) -> Chunk<'_>;
}

impl<P: Parse> Fixed<P> {
    pub fn new(parser: P) -> Self {
        Self { parser, values: Vec::new() }
    }
}

impl<P: Parse> Column for Fixed<P>
where
    P::Value: Stored,
{
    #[inline]
    fn push(&mut self, text: &[u8]) -> bool {
        let value = self.parser.parse(text);
        self.values.extend(value);
        value.is_some()
    }

    fn pop(&mut self) {
        self.values.pop();
    }

    fn clear(&mut self) {
        self.values.clear();
    }

    fn bytes(&self) -> usize {
        self.values.len() * size_of::<P::Value>()
    }

    fn chunk(&mut self) -> Chunk<'_> {
        P::Value::chunk(&self.values)
    }
}

/// A column of texts or bytes: all of them end to end, and where each ends.
#[derive(Default)]
pub(crate) struct Texts {
    pub bytes: Vec<u8>,
    /// At most 2 GiB, because a row group's bytes and a row's are limited to 1 GiB each.
    pub ends: Vec<u32>,
}

impl Column for Texts {
    #[inline]
    fn push(&mut self, text: &[u8]) -> bool {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u32);
        true
    }

    fn pop(&mut self) {
        self.ends.pop();
        self.bytes.truncate(self.ends.last().map_or(0, |end| *end as usize));
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn bytes(&self) -> usize {
        self.bytes.len() + self.ends.len() * size_of::<u32>()
    }

    fn chunk(&mut self) -> Chunk<'_> {
        Chunk::Bytes(self)
    }
}

macro_rules! stored {
    ($($value:ty => $chunk:ident),*) => {
        $(impl Stored for $value {
            fn chunk(values: &[Self]) -> Chunk<'_> {
                Chunk::$chunk(values)
            }
        })*
    };
}
stored!(bool => Bool, i32 => Int32, i64 => Int64, f32 => Float, f64 => Double, i128 => Int128);
