//! The header before a data page, as Thrift's compact protocol has it.
//!
//! The parquet crate writes it too, but only together with a copy of the page.

use parquet::basic::Encoding;

use super::bits;

/// What a data page of version 2 says of itself.
pub(crate) struct Header {
    /// Its sizes, levels included, as it would be and as it is written.
    pub uncompressed: usize,
    pub written: usize,
    pub rows: usize,
    pub nulls: usize,
    pub encoding: Encoding,
    pub levels: usize,
    pub is_compressed: bool,
}

const DATA_PAGE_V2: i32 = 3;
/// A field of the next number that is a 32-bit integer.
const INTEGER: u8 = 0x15;
/// The struct that is field 8, behind field 3.
const OF_VERSION_2: u8 = 0x5c;
const IS_TRUE: u8 = 0x11;
const IS_FALSE: u8 = 0x12;
const END: u8 = 0;

impl Header {
    /// Appends it.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let Self { rows, nulls, encoding, levels, .. } = *self;
        integers([DATA_PAGE_V2, self.uncompressed as i32, self.written as i32], out);
        out.push(OF_VERSION_2);
        let repetition_levels = 0;
        integers([rows as i32, nulls as i32, rows as i32], out);
        integers([encoding as i32, levels as i32, repetition_levels], out);
        out.extend_from_slice(&[if self.is_compressed { IS_TRUE } else { IS_FALSE }, END, END]);
    }
}

fn integers(numbers: [i32; 3], out: &mut Vec<u8>) {
    for number in numbers {
        out.push(INTEGER);
        bits::varint(bits::zigzag(i64::from(number)), out);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::column::page::{CompressedPage, Page, PageWriter};
    use parquet::file::writer::{SerializedPageWriter, TrackedWrite};

    use super::*;

    /// The parquet crate's page, header and content.
    fn page_of_the_crate(header: &Header, content: Bytes) -> Vec<u8> {
        let page = Page::DataPageV2 {
            buf: content,
            num_values: header.rows as u32,
            encoding: header.encoding,
            num_nulls: header.nulls as u32,
            num_rows: header.rows as u32,
            def_levels_byte_len: header.levels as u32,
            rep_levels_byte_len: 0,
            is_compressed: header.is_compressed,
            statistics: None,
        };
        let mut sink = TrackedWrite::new(Vec::new());
        let page = CompressedPage::new(page, header.uncompressed);
        SerializedPageWriter::new(&mut sink).write_page(page).unwrap();
        sink.into_inner().unwrap()
    }

    #[test]
    fn a_header_is_what_the_parquet_crate_writes() {
        let sizes = [0, 1, 63, 64, 8191, 8192, 1 << 20];
        let encodings = [Encoding::PLAIN, Encoding::RLE_DICTIONARY, Encoding::DELTA_LENGTH_BYTE_ARRAY];
        for (at, written) in sizes.into_iter().enumerate() {
            for encoding in encodings {
                let (rows, nulls) = (written * 3, written / 7);
                let (uncompressed, levels, is_compressed) = (written * 5, written / 2, at % 2 == 0);
                let header = Header { uncompressed, written, rows, nulls, encoding, levels, is_compressed };
                let content = vec![7; written];
                let mut found = Vec::new();
                header.encode(&mut found);
                found.extend_from_slice(&content);
                assert_eq!(found, page_of_the_crate(&header, content.into()), "{written} bytes");
            }
        }
    }
}
