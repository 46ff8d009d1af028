//! Finished column chunks become a Parquet file; footer and metadata are the parquet crate's.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{SchemaDescPtr, Type};

use crate::encode::Finished;

/// The parquet crate copies in pieces of 8 KB, each of which would be a call to the system.
const WRITE_BYTES: usize = 512 << 10;

/// The Parquet file.
pub(crate) struct Silver<W: Write + Send> {
    file: SerializedFileWriter<Counted<BufWriter<W>>>,
}

impl<W: Write + Send> Silver<W> {
    pub fn new(schema: Arc<Type>, sink: W) -> Result<Self> {
        let properties = Arc::new(WriterProperties::builder().set_created_by("tarn".into()).build());
        let sink = BufWriter::with_capacity(WRITE_BYTES, sink);
        let file = SerializedFileWriter::new(Counted { sink, bytes: 0 }, schema, properties)?;
        Ok(Self { file })
    }

    /// The columns, as column chunks must name them.
    pub fn schema(&self) -> SchemaDescPtr {
        self.file.schema_descr().clone().into()
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

    /// Writes the footer; gives the file's size.
    pub fn finish(&mut self) -> Result<u64> {
        self.file.finish()?;
        self.file.inner_mut().flush()?;
        Ok(self.file.inner().bytes)
    }
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
