//! Values of one size as Parquet stores them, and the choice of their encoding.
//!
//! The first page of a chunk decides: a dictionary for what repeats, if its codes are narrower
//! than differences; differences for other whole numbers; plain values for the rest. A chunk whose
//! dictionary grows past its bound goes on without.

use parquet::basic::Encoding;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescPtr;

use super::Worth;
use super::dictionary::{self, Distinct, Repeats};
use crate::encode::delta::{self, Integer};
use crate::encode::{Bounds, bits};

/// A value of one size.
pub(crate) trait Stored: Copy + Default + Send + 'static {
    /// The same for equal values and for no others, or nothing when values are not looked up.
    fn key(self) -> Option<u64>;
    /// Whether two values are one and the same; of floats, those of the same bits.
    fn same(&self, other: &Self) -> bool {
        match (self.key(), other.key()) {
            (Some(one), Some(other)) => one == other,
            _ => false,
        }
    }
    /// What the value is worth.
    fn worth(self) -> Worth<'static>;
    /// Differences between neighbours, for whole numbers.
    const DELTA: Option<Delta<Self>>;
    fn plain(values: &[Self], column: &ColumnDescPtr, out: &mut Vec<u8>);
    /// The least and the greatest value.
    fn bounds(values: &[Self]) -> Option<(Self, Self)>;
    fn least_and_greatest(bounds: [(Self, Self); 2]) -> Option<(Self, Self)> {
        let [(least, greatest), (other_least, other_greatest)] = bounds;
        Self::bounds(&[least, greatest, other_least, other_greatest])
    }
    fn statistics(bounds: Option<(Self, Self)>, nulls: u64, column: &ColumnDescPtr) -> Statistics;

    fn wider(bounds: Option<(Self, Self)>, others: Option<(Self, Self)>) -> Option<(Self, Self)> {
        match (bounds, others) {
            (Some(bounds), Some(others)) => Self::least_and_greatest([bounds, others]),
            (bounds, others) => bounds.or(others),
        }
    }

    fn stored_bounds((least, greatest): (Self, Self), column: &ColumnDescPtr) -> Bounds {
        let stored = |value: Self| {
            let mut out = Vec::new();
            Self::plain(&[value], column, &mut out);
            out
        };
        Bounds { least: stored(least), greatest: stored(greatest) }
    }
}

/// How whole numbers are encoded by their differences.
#[derive(Clone, Copy)]
pub(crate) struct Delta<T> {
    encode: fn(&[T], &mut Vec<u8>),
    bits_a_value: fn(&[T]) -> usize,
}

/// What a chunk does with its values.
pub(crate) struct Encoder<T> {
    choice: Choice,
    dictionary: Repeats<T>,
    codes: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq)]
enum Choice {
    Open,
    Dictionary,
    NoDictionary,
}

impl<T> Default for Encoder<T> {
    fn default() -> Self {
        Self { choice: Choice::Open, dictionary: Repeats::default(), codes: Vec::new() }
    }
}

impl<T: Stored> Encoder<T> {
    /// Appends a page's values, and says how they are encoded.
    pub fn encode(
        &mut self,
        values: &[T],
        column: &ColumnDescPtr,
        distinct: &mut Distinct,
        out: &mut Vec<u8>,
    ) -> Encoding {
        if values.is_empty() {
            return Encoding::PLAIN;
        }
        if self.choice == Choice::Open {
            self.choice = choice(values, distinct);
        }
        if self.choice == Choice::Dictionary {
            if self.dictionary.codes(values, &mut self.codes) {
                dictionary::encode_codes(&self.codes, self.dictionary.len(), out);
                return Encoding::RLE_DICTIONARY;
            }
            self.choice = Choice::NoDictionary;
        }
        match T::DELTA {
            Some(delta) => {
                (delta.encode)(values, out);
                Encoding::DELTA_BINARY_PACKED
            }
            None => {
                T::plain(values, column, out);
                Encoding::PLAIN
            }
        }
    }

    /// Ends the chunk: appends the dictionary's values, if it has one, and gives their number.
    pub fn finish(&mut self, column: &ColumnDescPtr, out: &mut Vec<u8>) -> Option<usize> {
        let values = self.dictionary.used();
        let count = values.len();
        T::plain(values, column, out);
        self.dictionary.clear();
        self.choice = Choice::Open;
        (count > 0).then_some(count)
    }
}

/// Looks at a sample of the first page, spread evenly.
fn choice<T: Stored>(values: &[T], distinct: &mut Distinct) -> Choice {
    const SAMPLE: usize = 4096;
    let step = values.len().div_ceil(SAMPLE).max(1);
    let keys = values.iter().step_by(step).map_while(|value| value.key());
    // How many values of the sample there must be for each different one.
    let repeats = if T::DELTA.is_some() { 4 } else { 2 };
    if T::default().key().is_none() {
        return Choice::NoDictionary;
    }
    let most = values.len().div_ceil(step) / repeats;
    let Some(distinct) = distinct.count(keys, most) else { return Choice::NoDictionary };
    let width = usize::from(bits::width((distinct as u64).saturating_sub(1)));
    match T::DELTA {
        Some(delta) if width >= (delta.bits_a_value)(values) => Choice::NoDictionary,
        _ => Choice::Dictionary,
    }
}

macro_rules! integers {
    ($($value:ty),*) => {
        $(impl Stored for $value {
            #[inline]
            fn key(self) -> Option<u64> {
                Some(self.bits())
            }
            fn worth(self) -> Worth<'static> {
                Worth::Whole(self.into())
            }
            const DELTA: Option<Delta<Self>> =
                Some(Delta { encode: delta::encode, bits_a_value: delta::bits_a_value });
            fn plain(values: &[Self], _: &ColumnDescPtr, out: &mut Vec<u8>) {
                Integer::extend_plain(values, out);
            }
            fn bounds(values: &[Self]) -> Option<(Self, Self)> {
                let first = *values.first()?;
                Some(values.iter().fold((first, first), |(least, greatest), value| {
                    (least.min(*value), greatest.max(*value))
                }))
            }
            fn statistics(bounds: Option<(Self, Self)>, nulls: u64, _: &ColumnDescPtr) -> Statistics {
                let (least, greatest) = bounds.unzip();
                Statistics::new(least, greatest, None, Some(nulls), false)
            }
        })*
    };
}
integers!(i32, i64);

macro_rules! floats {
    ($($value:ty),*) => {
        $(impl Stored for $value {
            #[inline]
            fn key(self) -> Option<u64> {
                Some(u64::from(self.to_bits()))
            }
            fn worth(self) -> Worth<'static> {
                Worth::Real(self.into())
            }
            const DELTA: Option<Delta<Self>> = None;
            fn plain(values: &[Self], _: &ColumnDescPtr, out: &mut Vec<u8>) {
                out.reserve(size_of_val(values));
                values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
            }
            /// Without those that are no number; a zero bound has the sign that includes both
            /// zeros, as Parquet asks for.
            fn bounds(values: &[Self]) -> Option<(Self, Self)> {
                let mut numbers = values.iter().copied().filter(|value| !value.is_nan());
                let first = numbers.next()?;
                let (least, greatest) = numbers.fold((first, first), |(least, greatest), value| {
                    (least.min(value), greatest.max(value))
                });
                let signed = |bound: $value, zero: $value| if bound == 0.0 { zero } else { bound };
                Some((signed(least, -0.0), signed(greatest, 0.0)))
            }
            fn statistics(bounds: Option<(Self, Self)>, nulls: u64, _: &ColumnDescPtr) -> Statistics {
                let (least, greatest) = bounds.unzip();
                Statistics::new(least, greatest, None, Some(nulls), false)
            }
        })*
    };
}
floats!(f32, f64);

impl Stored for bool {
    fn key(self) -> Option<u64> {
        None
    }
    fn worth(self) -> Worth<'static> {
        Worth::Whole(self.into())
    }
    const DELTA: Option<Delta<Self>> = None;
    fn plain(values: &[Self], _: &ColumnDescPtr, out: &mut Vec<u8>) {
        let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
        out.extend(values.chunks(8).map(byte));
    }
    fn bounds(values: &[Self]) -> Option<(Self, Self)> {
        (!values.is_empty()).then(|| (values.iter().all(|value| *value), values.iter().any(|value| *value)))
    }
    fn statistics(bounds: Option<(Self, Self)>, nulls: u64, _: &ColumnDescPtr) -> Statistics {
        let (least, greatest) = bounds.unzip();
        Statistics::new(least, greatest, None, Some(nulls), false)
    }
}

/// Decimals of more than 18 digits: the last bytes of the number, the highest first; those before
/// them only repeat its sign.
impl Stored for i128 {
    fn key(self) -> Option<u64> {
        None
    }
    fn worth(self) -> Worth<'static> {
        Worth::Whole(self)
    }
    const DELTA: Option<Delta<Self>> = None;
    fn plain(values: &[Self], column: &ColumnDescPtr, out: &mut Vec<u8>) {
        let skipped = size_of::<i128>().saturating_sub(column.type_length().max(0) as usize);
        for value in values {
            out.extend_from_slice(value.to_be_bytes().get(skipped..).unwrap_or_default());
        }
    }
    fn bounds(values: &[Self]) -> Option<(Self, Self)> {
        values.iter().min().copied().zip(values.iter().max().copied())
    }
    fn statistics(bounds: Option<(Self, Self)>, nulls: u64, column: &ColumnDescPtr) -> Statistics {
        let bounds = bounds.map(|bounds| Self::stored_bounds(bounds, column));
        let object = |bytes: Vec<u8>| FixedLenByteArray::from(ByteArray::from(bytes));
        let (least, greatest) =
            bounds.map(|Bounds { least, greatest }| (object(least), object(greatest))).unzip();
        Statistics::new(least, greatest, None, Some(nulls), false)
    }
}
