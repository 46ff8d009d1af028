//! Row groups become a Parquet file, through the parquet crate's column writers.
//!
//! The file is begun with its first row group, because that decides the encodings.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType,
    Int32Type, Int64Type,
};
use parquet::errors::Result;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;
use tarn_lake::Layout;

use crate::columns::{Chunk, Texts};
use crate::schema;
use crate::table::Table;

/// Values that the column writer takes as objects are made in batches of so many.
const BATCH: usize = 4096;

/// The Parquet file.
pub(crate) struct Silver<'a, W: Write + Send> {
    layout: &'a Layout,
    schema: Arc<Type>,
    state: State<W>,
}

enum State<W: Write + Send> {
    Waiting(Counted<W>),
    Begun(SerializedFileWriter<Counted<W>>),
    /// Beginning the file failed; nothing can be written any more.
    Failed,
}

impl<'a, W: Write + Send> Silver<'a, W> {
    pub fn new(layout: &'a Layout, sink: W) -> Result<Self> {
        let state = State::Waiting(Counted { sink, bytes: 0 });
        Ok(Self { layout, schema: schema::of(layout)?, state })
    }

    /// Writes the table's rows as one row group and empties it.
    pub fn write(&mut self, table: &mut Table) -> Result<()> {
        let file = self.begun(table)?;
        let mut row_group = file.next_row_group()?;
        for (levels, chunk) in table.chunks() {
            if let Some(column) = row_group.next_column()? {
                write_column(column, levels, chunk)?;
            }
        }
        row_group.close()?;
        table.clear();
        Ok(())
    }

    /// Writes what is left and the footer; gives the file's size.
    pub fn finish(mut self, table: &mut Table) -> Result<u64> {
        if table.rows() > 0 {
            self.write(table)?;
        }
        let file = self.begun(table)?;
        file.finish()?;
        file.inner_mut().flush()?;
        Ok(file.inner().bytes)
    }

    fn begun(&mut self, table: &mut Table) -> Result<&mut SerializedFileWriter<Counted<W>>> {
        if let State::Waiting(_) = self.state
            && let State::Waiting(sink) = std::mem::replace(&mut self.state, State::Failed)
        {
            let properties = schema::properties(self.layout, table);
            self.state = State::Begun(SerializedFileWriter::new(sink, self.schema.clone(), properties)?);
        }
        match &mut self.state {
            State::Begun(file) => Ok(file),
            _ => Err(io::Error::other("the Parquet file could not be begun").into()),
        }
    }
}

fn write_column(mut column: SerializedColumnWriter<'_>, levels: &[i16], chunk: Chunk<'_>) -> Result<()> {
    match chunk {
        Chunk::Bool(values) => column.typed::<BoolType>().write_batch(values, Some(levels), None)?,
        Chunk::Int32(values) => column.typed::<Int32Type>().write_batch(values, Some(levels), None)?,
        Chunk::Int64(values) => column.typed::<Int64Type>().write_batch(values, Some(levels), None)?,
        Chunk::Float(values) => column.typed::<FloatType>().write_batch(values, Some(levels), None)?,
        Chunk::Double(values) => column.typed::<DoubleType>().write_batch(values, Some(levels), None)?,
        Chunk::Int128(values) => write_decimals(&mut column, levels, values)?,
        Chunk::Bytes(texts) => return write_texts(column, levels, texts),
    };
    column.close()
}

/// Texts are lent to the writer as slices of one shared buffer. The column is closed first, so
/// that the buffer comes back without a copy.
fn write_texts(mut column: SerializedColumnWriter<'_>, levels: &[i16], texts: &mut Texts) -> Result<()> {
    let shared = Bytes::from(std::mem::take(&mut texts.bytes));
    let mut ends = texts.ends.iter().map(|end| *end as usize);
    let mut start = 0;
    let mut batch: Vec<ByteArray> = Vec::with_capacity(BATCH);
    for levels in levels.chunks(BATCH) {
        batch.clear();
        batch.extend(ends.by_ref().take(present(levels)).map(|end| {
            let text = shared.slice(start..end);
            start = end;
            ByteArray::from(text)
        }));
        column.typed::<ByteArrayType>().write_batch(&batch, Some(levels), None)?;
    }
    drop(batch);
    column.close()?;
    texts.bytes = Vec::from(shared);
    Ok(())
}

fn write_decimals(column: &mut SerializedColumnWriter<'_>, levels: &[i16], values: &[i128]) -> Result<usize> {
    let writer = column.typed::<FixedLenByteArrayType>();
    let length = usize::try_from(writer.get_descriptor().type_length()).unwrap_or_default();
    let mut written = 0;
    for levels in levels.chunks(BATCH) {
        let batch = values.iter().skip(written).take(present(levels));
        let batch: Vec<_> = batch.map(|value| big_endian(*value, length)).collect();
        written += writer.write_batch(&batch, Some(levels), None)?;
    }
    Ok(written)
}

/// The last bytes of the number; those before them only repeat its sign.
fn big_endian(value: i128, length: usize) -> FixedLenByteArray {
    let bytes = value.to_be_bytes();
    let start = bytes.len().saturating_sub(length);
    FixedLenByteArray::from(bytes.get(start..).unwrap_or_default().to_vec())
}

fn present(levels: &[i16]) -> usize {
    levels.iter().filter(|level| **level == 1).count()
}

/// Counts what reaches the sink.
struct Counted<W> {
    sink: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.sink.write(bytes)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
