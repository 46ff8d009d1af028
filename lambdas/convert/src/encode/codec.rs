//! Compression of pages, once and in big pieces.

use std::io;

use parquet::basic::{Compression, ZstdLevel};
use zstd::zstd_safe::CParameter;

/// How pages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Codec {
    /// Zstandard at level 1: smaller than snappy and nearly as fast.
    #[default]
    Zstd,
    /// Snappy, for readers that know nothing newer.
    Snappy,
}

impl Codec {
    pub(crate) fn parquet(self) -> Compression {
        match self {
            Self::Zstd => Compression::ZSTD(ZstdLevel::default()),
            Self::Snappy => Compression::SNAPPY,
        }
    }
}

/// A codec with its tables, kept from page to page.
pub(crate) enum Compressor {
    Zstd(zstd::bulk::Compressor<'static>),
    Snappy(Box<snap::raw::Encoder>),
}

impl Compressor {
    const ZSTD_LEVEL: i32 = 1;
    /// The matcher's table in 32 KB, that is in the L1 cache: 3 to 9 % faster than the level's own 64 KB,
    /// and 0.4 to 1 % larger, on texts of the benchmark.
    const ZSTD_HASH_LOG: u32 = 13;
    /// A page is first tried on so much of its middle.
    const SAMPLE_BYTES: usize = 16 << 10;

    pub fn new(codec: Codec) -> io::Result<Self> {
        Ok(match codec {
            Codec::Zstd => {
                let mut zstd = zstd::bulk::Compressor::new(Self::ZSTD_LEVEL)?;
                zstd.set_parameter(CParameter::HashLog(Self::ZSTD_HASH_LOG))?;
                Self::Zstd(zstd)
            }
            Codec::Snappy => Self::Snappy(Box::new(snap::raw::Encoder::new())),
        })
    }

    /// Appends the compressed page and says true, or leaves `out` as it was and says false when
    /// compression gains less than 1/32: a reader is better off with the page as it is. A large
    /// page is not compressed at all when a sample of it gains too little.
    pub fn compress(&mut self, page: &[u8], out: &mut Vec<u8>) -> io::Result<bool> {
        let before = out.len();
        if page.len() >= 4 * Self::SAMPLE_BYTES {
            let middle = page.len() / 2;
            let sample = page.get(middle..middle + Self::SAMPLE_BYTES).unwrap_or(page);
            self.append(sample, out)?;
            let gains = pays(out.len() - before, sample.len());
            out.truncate(before);
            if !gains {
                return Ok(false);
            }
        }
        self.append(page, out)?;
        let gains = pays(out.len() - before, page.len());
        if !gains {
            out.truncate(before);
        }
        Ok(gains)
    }

    /// Appends the bytes compressed, whether that pays or not.
    pub fn append(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let start = out.len();
        let bound = match self {
            Self::Zstd(_) => zstd::zstd_safe::compress_bound(bytes.len()),
            Self::Snappy(_) => snap::raw::max_compress_len(bytes.len()),
        };
        out.resize(start + bound, 0);
        let free = out.get_mut(start..).unwrap_or_default();
        let written = match self {
            Self::Zstd(zstd) => zstd.compress_to_buffer(bytes, free)?,
            Self::Snappy(snappy) => snappy.compress(bytes, free).map_err(io::Error::other)?,
        };
        out.truncate(start + written);
        Ok(())
    }
}

fn pays(compressed: usize, plain: usize) -> bool {
    compressed + plain / 32 < plain
}
