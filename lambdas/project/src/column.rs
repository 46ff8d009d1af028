//! One column of one row group in memory: which rows have a value, and the values.

use parquet::basic::Type as Physical;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
    FloatType, Int32Type, Int64Type,
};
use parquet::errors::{ParquetError, Result};
use parquet::file::writer::SerializedColumnWriter;

/// A column of a row group.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// Of every row, whether it has a value.
    pub present: Vec<bool>,
    /// The values there are, in order.
    pub values: Values,
}

/// Values as they are stored.
#[derive(Debug, Clone)]
pub(crate) enum Values {
    Bool(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
}

/// One value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scalar<'v> {
    Bool(bool),
    /// Integers, decimals in units of their last digit, dates in days, times in their unit.
    Whole(i128),
    Real(f64),
    Bytes(&'v [u8]),
}

impl Column {
    /// A column without any value.
    pub fn empty(physical: Physical, rows: usize) -> Self {
        let values = match physical {
            Physical::BOOLEAN => Values::Bool(Vec::new()),
            Physical::INT32 => Values::Int32(Vec::new()),
            Physical::INT64 => Values::Int64(Vec::new()),
            Physical::FLOAT => Values::Float(Vec::new()),
            Physical::DOUBLE => Values::Double(Vec::new()),
            Physical::FIXED_LEN_BYTE_ARRAY => Values::Fixed(Vec::new()),
            Physical::BYTE_ARRAY | Physical::INT96 => Values::Bytes(Vec::new()),
        };
        Self { present: vec![false; rows], values }
    }

    /// Reads all of it. Without definition levels every row has a value.
    pub fn read(reader: ColumnReader, rows: usize, optional: bool) -> Result<Self> {
        let (present, values) = match reader {
            ColumnReader::BoolColumnReader(reader) => split(read(reader, rows, optional)?, Values::Bool),
            ColumnReader::Int32ColumnReader(reader) => split(read(reader, rows, optional)?, Values::Int32),
            ColumnReader::Int64ColumnReader(reader) => split(read(reader, rows, optional)?, Values::Int64),
            ColumnReader::FloatColumnReader(reader) => split(read(reader, rows, optional)?, Values::Float),
            ColumnReader::DoubleColumnReader(reader) => split(read(reader, rows, optional)?, Values::Double),
            ColumnReader::ByteArrayColumnReader(reader) => {
                split(read(reader, rows, optional)?, Values::Bytes)
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                split(read(reader, rows, optional)?, Values::Fixed)
            }
            ColumnReader::Int96ColumnReader(_) => {
                return Err(ParquetError::NYI("silver has no column of 96-bit numbers".into()));
            }
        };
        Ok(Self { present, values })
    }

    /// The rows that are kept.
    pub fn kept(&self, rows: &[bool]) -> Self {
        let of_values: Vec<bool> =
            self.present.iter().zip(rows).filter(|(present, _)| **present).map(|(_, kept)| *kept).collect();
        let present = self.present.iter().zip(rows).filter(|(_, kept)| **kept).map(|(present, _)| *present);
        let values = match &self.values {
            Values::Bool(values) => Values::Bool(some(values, &of_values)),
            Values::Int32(values) => Values::Int32(some(values, &of_values)),
            Values::Int64(values) => Values::Int64(some(values, &of_values)),
            Values::Float(values) => Values::Float(some(values, &of_values)),
            Values::Double(values) => Values::Double(some(values, &of_values)),
            Values::Bytes(values) => Values::Bytes(some(values, &of_values)),
            Values::Fixed(values) => Values::Fixed(some(values, &of_values)),
        };
        Self { present: present.collect(), values }
    }

    /// Writes all of it.
    pub fn write(&self, writer: &mut SerializedColumnWriter<'_>) -> Result<()> {
        let levels: Vec<i16> = self.present.iter().map(|present| i16::from(*present)).collect();
        match &self.values {
            Values::Bool(values) => write(writer.typed::<BoolType>(), values, &levels),
            Values::Int32(values) => write(writer.typed::<Int32Type>(), values, &levels),
            Values::Int64(values) => write(writer.typed::<Int64Type>(), values, &levels),
            Values::Float(values) => write(writer.typed::<FloatType>(), values, &levels),
            Values::Double(values) => write(writer.typed::<DoubleType>(), values, &levels),
            Values::Bytes(values) => write(writer.typed::<ByteArrayType>(), values, &levels),
            Values::Fixed(values) => write(writer.typed::<FixedLenByteArrayType>(), values, &levels),
        }
    }
}

impl Values {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Values::Bool(values) => values.len(),
            Values::Int32(values) => values.len(),
            Values::Int64(values) => values.len(),
            Values::Float(values) => values.len(),
            Values::Double(values) => values.len(),
            Values::Bytes(values) => values.len(),
            Values::Fixed(values) => values.len(),
        }
    }

    /// One of them. `decimal` says that bytes are a number.
    pub fn get(&self, at: usize, decimal: bool) -> Option<Scalar<'_>> {
        match self {
            Values::Bool(values) => values.get(at).map(|value| Scalar::Bool(*value)),
            Values::Int32(values) => values.get(at).map(|value| Scalar::Whole((*value).into())),
            Values::Int64(values) => values.get(at).map(|value| Scalar::Whole((*value).into())),
            Values::Float(values) => values.get(at).map(|value| Scalar::Real((*value).into())),
            Values::Double(values) => values.get(at).map(|value| Scalar::Real(*value)),
            Values::Bytes(values) => values.get(at).map(|value| scalar(value.data(), decimal)),
            Values::Fixed(values) => values.get(at).map(|value| scalar(value.data(), decimal)),
        }
    }
}

fn scalar(bytes: &[u8], decimal: bool) -> Scalar<'_> {
    if !decimal {
        return Scalar::Bytes(bytes);
    }
    let sign = if bytes.first().is_some_and(|first| *first >= 0x80) { -1 } else { 0 };
    Scalar::Whole(bytes.iter().fold(sign, |number: i128, byte| (number << 8) | i128::from(*byte)))
}

/// Of every row whether it has a value, and the values.
fn read<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    optional: bool,
) -> Result<(Vec<bool>, Vec<T::T>)> {
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    let (records, ..) = reader.read_records(rows, optional.then_some(&mut levels), None, &mut values)?;
    if records != rows {
        return Err(ParquetError::General(format!("a column has {records} rows of {rows}")));
    }
    let present = if optional { levels.iter().map(|level| *level > 0).collect() } else { vec![true; rows] };
    Ok((present, values))
}

fn split<T>((present, values): (Vec<bool>, Vec<T>), into: fn(Vec<T>) -> Values) -> (Vec<bool>, Values) {
    (present, into(values))
}

fn some<T: Clone>(values: &[T], kept: &[bool]) -> Vec<T> {
    values.iter().zip(kept).filter(|(_, kept)| **kept).map(|(value, _)| value.clone()).collect()
}

fn write<T: DataType>(writer: &mut ColumnWriterImpl<'_, T>, values: &[T::T], levels: &[i16]) -> Result<()> {
    writer.write_batch(values, Some(levels), None).map(|_| ())
}
