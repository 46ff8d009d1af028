//! One Parquet file of the row groups of many, of which only the ends are read.
//!
//! Row groups move as they are, so all that changes is where they are: the footer, the page indexes and
//! the bloom filters are written anew, and everything else is named as a stretch of a part. Who has the
//! parts puts the file together without the bytes coming by here.
//!
//! The parquet crate's writer does it, with all that it knows of footers. It is given nothing instead of
//! row groups, as long as they are, and what it writes of that is left out.

use std::io::{self, Read, Write};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes};
use parquet::bloom_filter::Sbbf;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{
    ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader,
};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::properties::BloomFilterPosition;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::writer::SerializedFileWriter;
use tarn_core::ports::Gathered;

use crate::silver::properties;
use crate::{Spec, schema};

/// How a Parquet file begins, every one.
const MAGIC_BYTES: u64 = 4;

/// A file in the making.
pub(crate) struct Gatherer {
    file: SerializedFileWriter<Woven>,
    moved: Arc<Mutex<Vec<Moved>>>,
    parts: usize,
}

impl Gatherer {
    pub fn new(spec: &Spec<'_>) -> Result<Self> {
        let schema = schema::of(spec.file_columns())?;
        // The first bytes are those of the first part, so that nothing small stands before it.
        let magic = Moved { at: 0, part: 0, range: 0..MAGIC_BYTES };
        let moved = Arc::new(Mutex::new(vec![magic]));
        let sink = Woven { moved: Arc::clone(&moved), at: 0, pieces: Vec::new() };
        let file = SerializedFileWriter::new(sink, schema, properties(spec, BloomFilterPosition::End))?;
        Ok(Self { file, moved, parts: 0 })
    }

    /// Appends the row groups of a part, of which the end is given.
    pub fn append(&mut self, size_bytes: u64, end: Bytes) -> Result<()> {
        let part = PartFile { size_bytes, end };
        let whole = ParquetMetaDataOptions::new().with_encoding_stats_as_mask(false);
        let reader = ParquetMetaDataReader::new().with_metadata_options(Some(whole));
        let reader = reader.with_page_index_policy(PageIndexPolicy::Optional);
        let footer = reader.parse_and_finish(&part)?;
        for (nth, from) in footer.row_groups().iter().enumerate() {
            let mut at = self.file.bytes_written() as u64;
            let mut row_group = self.file.next_row_group()?;
            for (column, metadata) in from.columns().iter().enumerate() {
                let (start, length) = metadata.byte_range();
                let range = start..start + length;
                locked(&self.moved).push(Moved { at, part: self.parts, range });
                row_group.append_column(&part, closed(&part, &footer, (nth, column), metadata)?)?;
                at += length;
            }
            row_group.close()?;
        }
        self.parts += 1;
        Ok(())
    }

    /// What the file is made of, in order.
    pub fn finish(self) -> Result<Vec<Gathered>> {
        Ok(self.file.into_inner()?.finish())
    }
}

/// What the footer says of a column chunk, and its indexes and bloom filter.
fn closed(
    part: &PartFile,
    footer: &ParquetMetaData,
    (row_group, column): (usize, usize),
    metadata: &ColumnChunkMetaData,
) -> Result<ColumnCloseResult> {
    let pages = footer.column_index().and_then(|all| all.get(row_group)?.get(column)).cloned();
    Ok(ColumnCloseResult {
        bytes_written: metadata.compressed_size() as u64,
        rows_written: footer.row_group(row_group).num_rows() as u64,
        metadata: metadata.clone(),
        bloom_filter: Sbbf::read_from_column_chunk(metadata, part)?,
        column_index: pages.filter(|index| !matches!(index, ColumnIndexMetaData::NONE)),
        offset_index: footer.offset_index().and_then(|all| all.get(row_group)?.get(column)).cloned(),
    })
}

/// A part's file: its end, and nothing before it.
struct PartFile {
    size_bytes: u64,
    end: Bytes,
}

impl PartFile {
    /// What is there from a byte on; `None` for what is before the end.
    fn from(&self, start: u64) -> Option<Bytes> {
        let before = self.size_bytes.saturating_sub(self.end.len() as u64);
        let at = usize::try_from(start.checked_sub(before)?).ok()?;
        (at <= self.end.len()).then(|| self.end.slice(at..))
    }
}

impl Length for PartFile {
    fn len(&self) -> u64 {
        self.size_bytes
    }
}

impl ChunkReader for PartFile {
    type T = Box<dyn Read>;

    /// Of row groups, as many zeros as anybody wants.
    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.from(start).map_or_else(|| Box::new(io::repeat(0)) as Self::T, |end| Box::new(end.reader())))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let found = self.from(start).filter(|bytes| bytes.len() >= length).map(|bytes| bytes.slice(..length));
        found.ok_or_else(|| ParquetError::EOF(format!("{length} bytes from {start} on are not in the end")))
    }
}

/// A stretch of a part, and the byte of the file that it comes to.
struct Moved {
    at: u64,
    part: usize,
    range: Range<u64>,
}

/// Keeps what is written, but for what was moved: of that, where it came from.
struct Woven {
    moved: Arc<Mutex<Vec<Moved>>>,
    at: u64,
    pieces: Vec<Piece>,
}

enum Piece {
    Own(Vec<u8>),
    Of(usize, Range<u64>),
}

/// What the next byte is.
enum Next {
    /// The first of a stretch of a part.
    Of(usize, Range<u64>),
    /// One of the file's own, of which there are at most so many before the next stretch.
    Own(u64),
}

impl Woven {
    fn next(&self) -> Next {
        let moved = locked(&self.moved);
        let behind = moved.partition_point(|moved| moved.at <= self.at);
        let last = behind.checked_sub(1).and_then(|last| moved.get(last));
        match last.map(|last| (last.part, last.range.start + (self.at - last.at)..last.range.end)) {
            Some((part, range)) if !range.is_empty() => Next::Of(part, range),
            _ => Next::Own(moved.get(behind).map_or(u64::MAX, |next| next.at - self.at)),
        }
    }

    fn push_own(&mut self, bytes: &[u8]) {
        match self.pieces.last_mut() {
            Some(Piece::Own(before)) => before.extend_from_slice(bytes),
            _ => self.pieces.push(Piece::Own(bytes.to_vec())),
        }
    }

    fn push_of(&mut self, part: usize, range: Range<u64>) {
        match self.pieces.last_mut() {
            Some(Piece::Of(of, before)) if *of == part && before.end == range.start => before.end = range.end,
            _ => self.pieces.push(Piece::Of(part, range)),
        }
    }

    fn finish(self) -> Vec<Gathered> {
        let piece = |piece| match piece {
            Piece::Own(bytes) => Gathered::Own(bytes.into()),
            Piece::Of(part, range) => Gathered::Of(part, range),
        };
        self.pieces.into_iter().map(piece).collect()
    }
}

impl Write for Woven {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let at_most = |room: u64| bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        let taken = match self.next() {
            Next::Of(part, range) => {
                let taken = at_most(range.end - range.start);
                self.push_of(part, range.start..range.start + taken as u64);
                taken
            }
            Next::Own(room) => {
                let taken = at_most(room);
                self.push_own(bytes.get(..taken).unwrap_or_default());
                taken
            }
        };
        self.at += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a thread that panicked held is as whole as before: every change is one push.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
