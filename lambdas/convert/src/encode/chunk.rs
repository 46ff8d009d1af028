//! One column of one row group: its pages one after the other, and what the footer says of them.

use std::io::Read;

use bytes::{Buf, Bytes};
use parquet::basic::{Compression, Encoding, PageType};
use parquet::column::page::{CompressedPage, Page as RawPage, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result;
use parquet::file::metadata::{
    ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder, PageEncodingStats,
};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use super::header::Header;
use super::{Compressor, Filter, Levels};

/// The least and the greatest value of a page, as the page index stores them.
pub(crate) struct Bounds {
    pub least: Vec<u8>,
    pub greatest: Vec<u8>,
}

/// A page about to be written.
pub(crate) struct Page<'a> {
    pub levels: &'a Levels,
    pub encoding: Encoding,
    pub values: &'a [u8],
    /// `None` when there is no value, or none that can be compared.
    pub bounds: Option<Bounds>,
}

/// A column chunk in the making.
pub(crate) struct Chunk {
    column: ColumnDescPtr,
    pages: Vec<u8>,
    places: Vec<Place>,
    index: ColumnIndexBuilder,
    encodings: Vec<Encoding>,
    uncompressed: usize,
    rows: usize,
    nulls: usize,
}

/// Of a page: its offset behind the dictionary, its length and its rows.
type Place = (usize, usize, usize);

/// A column chunk, ready to be appended to a row group.
pub(crate) struct Finished {
    dictionary: Bytes,
    pages: Bytes,
    pub close: ColumnCloseResult,
}

impl Chunk {
    /// A chunk whose pages go to a buffer, empty and perhaps used before.
    pub fn new(column: ColumnDescPtr, buffer: Vec<u8>) -> Self {
        let index = ColumnIndexBuilder::new(column.physical_type());
        Self {
            column,
            pages: buffer,
            places: Vec::new(),
            index,
            encodings: Vec::new(),
            uncompressed: 0,
            rows: 0,
            nulls: 0,
        }
    }

    /// Appends a data page, of version 2: its levels are never compressed, and its values only
    /// where that pays.
    pub fn page(&mut self, page: Page<'_>, compressor: &mut Compressor, levels: &mut Vec<u8>) -> Result<()> {
        levels.clear();
        page.levels.encode(levels);
        let compressed = compressor.compress(page.values)?;
        let values = compressed.unwrap_or(page.values);
        let (rows, nulls, offset) = (page.levels.rows(), page.levels.nulls(), self.pages.len());
        let header = Header {
            uncompressed: levels.len() + page.values.len(),
            written: levels.len() + values.len(),
            rows,
            nulls,
            encoding: page.encoding,
            levels: levels.len(),
            is_compressed: compressed.is_some(),
        };
        header.encode(&mut self.pages);
        let header_bytes = self.pages.len() - offset;
        self.pages.extend_from_slice(levels);
        self.pages.extend_from_slice(values);
        self.uncompressed += header_bytes + header.uncompressed;
        self.places.push((offset, header_bytes + header.written, rows));
        self.encodings.push(page.encoding);
        self.note(page.bounds, rows, nulls);
        Ok(())
    }

    fn note(&mut self, bounds: Option<Bounds>, rows: usize, nulls: usize) {
        self.rows += rows;
        self.nulls += nulls;
        match bounds {
            Some(bounds) => self.index.append(false, bounds.least, bounds.greatest, nulls as i64),
            None if rows == nulls => self.index.append(true, Vec::new(), Vec::new(), nulls as i64),
            None => self.index.to_invalid(),
        }
    }

    pub fn nulls(&self) -> u64 {
        self.nulls as u64
    }

    /// Ends the chunk. A dictionary is its plain values and their number.
    pub fn finish(
        self,
        dictionary: Option<(&[u8], usize)>,
        statistics: Option<Statistics>,
        codec: Compression,
        compressor: &mut Compressor,
    ) -> Result<Finished> {
        let mut first = TrackedWrite::new(Vec::new());
        let mut uncompressed = self.uncompressed;
        if let Some((values, count)) = dictionary {
            uncompressed += write_dictionary(&mut first, values, count, compressor)?;
        }
        let behind = first.bytes_written();
        let mut offsets = OffsetIndexBuilder::new();
        for (offset, length, rows) in &self.places {
            offsets.append_row_count(*rows as i64);
            offsets.append_offset_and_size((behind + offset) as i64, *length as i32);
        }
        let compressed = behind + self.pages.len();
        let mut metadata = ColumnChunkMetaData::builder(self.column)
            .set_compression(codec)
            .set_encodings(encodings(&self.encodings, dictionary.is_some()))
            .set_page_encoding_stats(page_encodings(&self.encodings, dictionary.is_some()))
            .set_num_values(self.rows as i64)
            .set_total_compressed_size(compressed as i64)
            .set_total_uncompressed_size(uncompressed as i64)
            .set_dictionary_page_offset(dictionary.map(|_| 0))
            .set_data_page_offset(behind as i64);
        if let Some(statistics) = statistics {
            metadata = metadata.set_statistics(statistics);
        }
        let close = ColumnCloseResult {
            bytes_written: compressed as u64,
            rows_written: self.rows as u64,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: if self.index.valid() { Some(self.index.build()?) } else { None },
            offset_index: Some(offsets.build()),
        };
        let (dictionary, pages) = (first.into_inner()?.into(), self.pages.into());
        Ok(Finished { dictionary, pages, close })
    }
}

/// A dictionary is always compressed, because only data pages can say that they are not.
fn write_dictionary(
    sink: &mut TrackedWrite<Vec<u8>>,
    values: &[u8],
    count: usize,
    compressor: &mut Compressor,
) -> Result<usize> {
    let raw = RawPage::DictionaryPage {
        buf: Bytes::copy_from_slice(compressor.compressed(values)?),
        num_values: count as u32,
        encoding: Encoding::PLAIN,
        is_sorted: false,
    };
    let raw = CompressedPage::new(raw, values.len());
    Ok(SerializedPageWriter::new(sink).write_page(raw)?.uncompressed_size)
}

/// All encodings of a chunk; RLE is that of the levels.
fn encodings(pages: &[Encoding], dictionary: bool) -> Vec<Encoding> {
    let mut all = vec![Encoding::RLE];
    if dictionary {
        all.push(Encoding::PLAIN);
    }
    all.extend_from_slice(pages);
    all
}

fn page_encodings(pages: &[Encoding], dictionary: bool) -> Vec<PageEncodingStats> {
    let mut all = Vec::new();
    if dictionary {
        all.push(PageEncodingStats {
            page_type: PageType::DICTIONARY_PAGE,
            encoding: Encoding::PLAIN,
            count: 1,
        });
    }
    for run in pages.chunk_by(|before, after| before == after) {
        let encoding = run.first().copied().unwrap_or(Encoding::PLAIN);
        all.push(PageEncodingStats { page_type: PageType::DATA_PAGE_V2, encoding, count: run.len() as i32 });
    }
    all
}

impl Finished {
    /// The same with the bloom filter of its values.
    pub fn filtered(mut self, filter: Option<Filter>) -> Self {
        self.close.bloom_filter = filter.map(Filter::finish);
        self
    }

    /// The buffer of its pages, to be used again.
    pub fn into_buffer(self) -> Vec<u8> {
        let mut buffer = Vec::from(self.pages);
        buffer.clear();
        buffer
    }
}

impl Length for Finished {
    fn len(&self) -> u64 {
        (self.dictionary.len() + self.pages.len()) as u64
    }
}

impl ChunkReader for Finished {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let mut whole = self.dictionary.clone().chain(self.pages.clone());
        whole.advance((start as usize).min(whole.remaining()));
        Ok(Box::new(whole.reader()))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let mut bytes = Vec::with_capacity(length);
        self.get_read(start)?.take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }
}
