//! Finished column chunks become a Parquet file; footer and metadata are the parquet crate's.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{BloomFilterPosition, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use tarn_lake::ColumnName;

use crate::Spec;
use crate::encode::Finished;

/// The parquet crate copies in pieces of 8 KB, each of which would be a call to the system.
const WRITE_BYTES: usize = 512 << 10;
/// The same where there may be hundreds of files at once.
const WRITE_BYTES_OF_MANY: usize = 32 << 10;

/// The Parquet file.
pub(crate) struct Silver<W: Write + Send> {
    file: SerializedFileWriter<Counted<BufWriter<W>>>,
}

impl<W: Write + Send> Silver<W> {
    pub fn new(spec: &Spec<'_>, schema: Arc<Type>, sink: W) -> Result<Self> {
        let capacity = if spec.placement.partition_by.is_empty() { WRITE_BYTES } else { WRITE_BYTES_OF_MANY };
        let sink = Counted { sink: BufWriter::with_capacity(capacity, sink), bytes: 0 };
        let filters = match spec.part {
            Some(_) => BloomFilterPosition::End,
            None => BloomFilterPosition::AfterRowGroup,
        };
        let file = SerializedFileWriter::new(sink, schema, properties(spec, filters))?;
        Ok(Self { file })
    }

    /// Writes one row group; its buffers can be used again.
    pub fn write(&mut self, columns: Vec<Finished>, spare: &mut Vec<Vec<u8>>) -> Result<()> {
        let mut row_group = self.file.next_row_group()?;
        for column in columns {
            row_group.append_column(&column, column.close.clone())?;
            spare.push(column.into_buffer());
        }
        row_group.close()?;
        Ok(())
    }

    /// How large the file is so far.
    pub fn bytes(&self) -> u64 {
        self.file.bytes_written() as u64
    }

    /// Writes the footer; gives the file's size, and what it was written to.
    pub fn finish(self) -> Result<(u64, W)> {
        let Counted { sink, bytes } = self.file.into_inner()?;
        let mut sink =
            sink.into_inner().map_err(|error| ParquetError::External(Box::new(error.into_error())))?;
        sink.flush()?;
        Ok((bytes, sink))
    }
}

/// How files are written. In parts, and in what is gathered of them, bloom filters stand behind all row
/// groups, so that these are one stretch of bytes.
pub(crate) fn properties(spec: &Spec<'_>, filters: BloomFilterPosition) -> Arc<WriterProperties> {
    let properties = WriterProperties::builder().set_created_by("tarn".into());
    let properties = properties.set_sorting_columns(sorting(spec)).set_bloom_filter_position(filters);
    Arc::new(properties.build())
}

/// What the footer says of the order of rows.
fn sorting(spec: &Spec<'_>) -> Option<Vec<SortingColumn>> {
    let position = |name: &ColumnName| spec.file_columns().position(|column| column.name == *name);
    let column = |at: usize| SortingColumn { column_idx: at as i32, descending: false, nulls_first: false };
    let columns = spec.placement.cluster_by.iter().filter_map(position).map(column);
    let columns: Vec<SortingColumn> = columns.collect();
    (!columns.is_empty()).then_some(columns)
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
