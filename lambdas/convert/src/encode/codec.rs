//! Compression of pages, once and in big pieces.

use std::io;

use parquet::basic::{Compression, ZstdLevel};
use zstd::zstd_safe::{CParameter, ParamSwitch};

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

/// A codec with its tables and its buffer, kept from page to page.
pub(crate) struct Compressor {
    codec: Tables,
    /// Only its beginning counts. It is not shortened, so that no byte is zeroed twice.
    out: Vec<u8>,
}

enum Tables {
    Zstd(zstd::bulk::Compressor<'static>),
    Snappy(Box<snap::raw::Encoder>),
}

impl Compressor {
    const ZSTD_LEVEL: i32 = 1;
    /// The matcher's table in 32 KB, that is in the L1 cache: 3 to 9 % faster than the level's own 64 KB,
    /// and 0.4 to 1 % larger, on texts of the benchmark.
    const ZSTD_HASH_LOG: u32 = 13;
    /// How far the matcher goes on where it finds nothing; the level's own is to look everywhere. On texts
    /// of the benchmark 7 takes 16 % less time and 3 to 6 % more room, 8 takes 19 % and 6 to 9 %, 12 takes
    /// 20 % and 24 %. The other parameters were tried too: shorter matches (4 to 6 bytes) are
    /// slower and larger, other windows and page sizes change nothing, a table of half the size goes well
    /// with 8 but costs another 4 %, and literals as they are, as negative levels have them, are 5 %
    /// faster and 18 % larger; hence the codec is told to compress them beside the step. Of a whole
    /// conversion of lineitem and wide all tables of 12 to 14 and steps of 7 to 10 take the same CPU
    /// within 2 %, and so does zstd compiled for newer processors.
    const ZSTD_STEP: u32 = 7;
    /// A page is first tried on so much of its middle.
    const SAMPLE_BYTES: usize = 16 << 10;

    pub fn new(codec: Codec) -> io::Result<Self> {
        let codec = match codec {
            Codec::Zstd => {
                let mut zstd = zstd::bulk::Compressor::new(Self::ZSTD_LEVEL)?;
                zstd.set_parameter(CParameter::HashLog(Self::ZSTD_HASH_LOG))?;
                zstd.set_parameter(CParameter::TargetLength(Self::ZSTD_STEP))?;
                zstd.set_parameter(CParameter::LiteralCompressionMode(ParamSwitch::Enable))?;
                Tables::Zstd(zstd)
            }
            Codec::Snappy => Tables::Snappy(Box::new(snap::raw::Encoder::new())),
        };
        Ok(Self { codec, out: Vec::new() })
    }

    /// The compressed page, or `None` when compression gains less than 1/32: a reader is better off
    /// with the page as it is. A large page is not compressed at all when a sample of it gains too
    /// little.
    pub fn compress(&mut self, page: &[u8]) -> io::Result<Option<&[u8]>> {
        if page.len() >= 4 * Self::SAMPLE_BYTES {
            let middle = page.len() / 2;
            let sample = page.get(middle..middle + Self::SAMPLE_BYTES).unwrap_or(page);
            if !pays(self.compressed(sample)?.len(), sample.len()) {
                return Ok(None);
            }
        }
        let compressed = self.compressed(page)?;
        Ok(pays(compressed.len(), page.len()).then_some(compressed))
    }

    /// The bytes compressed, whether that pays or not.
    pub fn compressed(&mut self, bytes: &[u8]) -> io::Result<&[u8]> {
        let bound = match self.codec {
            Tables::Zstd(_) => zstd::zstd_safe::compress_bound(bytes.len()),
            Tables::Snappy(_) => snap::raw::max_compress_len(bytes.len()),
        };
        if self.out.len() < bound {
            self.out.resize(bound, 0);
        }
        let written = match &mut self.codec {
            Tables::Zstd(zstd) => zstd.compress_to_buffer(bytes, self.out.as_mut_slice())?,
            Tables::Snappy(snappy) => snappy.compress(bytes, &mut self.out).map_err(io::Error::other)?,
        };
        Ok(self.out.get(..written).unwrap_or_default())
    }
}

fn pays(compressed: usize, plain: usize) -> bool {
    compressed + plain / 32 < plain
}
