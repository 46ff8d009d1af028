//! Unpacks gzip, zstd and bzip2, counted on both sides and limited.
//!
//! The name is not asked: a gzip file called `.csv` and a text file called `.csv.gz` are both
//! common, and both read right by their first bytes. A table that declares its compression is held
//! to it.

use std::io::{self, BufReader, Cursor, ErrorKind, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use tarn_lake::Compression;

use super::front::Front;
use super::magic;
use crate::{ConvertError, Limits};

/// Small files may be as dense as they like; a bomb is one that costs something.
const RATIO_COUNTS_FROM: u64 = 64 << 20;
const READ_BYTES: usize = 128 << 10;
/// Enough to tell text from anything else.
const PEEK_BYTES: usize = 8 << 10;
/// zstd remembers so much of the text: 32 MiB, what level 20 asks for. More would be more memory
/// than a small Lambda has, at the word of a file.
const ZSTD_WINDOW_LOG: u32 = 25;
/// How zstd calls a window that is larger.
const ZSTD_WINDOW_TOO_LARGE: &str = "Frame requires too much memory for decoding";

type Whole<R> = BufReader<io::Chain<Cursor<Vec<u8>>, Counted<R>>>;

/// The bytes of a source, unpacked.
pub(super) struct Packed<R: Read> {
    decoder: Decoder<R>,
    front: Front,
    text_bytes: u64,
    limits: Limits,
}

enum Decoder<R: Read> {
    Plain(Whole<R>),
    Gzip(Box<MultiGzDecoder<Whole<R>>>),
    Zstd(Box<zstd::Decoder<'static, Whole<R>>>),
    Bzip2(Box<MultiBzDecoder<Whole<R>>>),
}

impl<R: Read> Packed<R> {
    /// Packed as declared, or as the first bytes say; with `None` not packed, whatever they are.
    pub fn open(source: R, declared: Option<Compression>, limits: Limits) -> Result<Self, ConvertError> {
        let mut counted = Counted { source, bytes: 0, failed: false };
        let mut magic = Vec::with_capacity(magic::LONGEST);
        (&mut counted).take(magic::LONGEST as u64).read_to_end(&mut magic).map_err(ConvertError::Source)?;
        let compression = declared.map_or(Ok(Compression::None), |declared| compression(declared, &magic))?;
        let whole = BufReader::with_capacity(READ_BYTES, Cursor::new(magic).chain(counted));
        let decoder = Decoder::new(compression, whole).map_err(ConvertError::Source)?;
        Ok(Self { decoder, front: Front::default(), text_bytes: 0, limits })
    }

    pub fn is_packed(&self) -> bool {
        !matches!(self.decoder, Decoder::Plain(_))
    }

    /// The first bytes, which are still to be read. To be called once, before anything is read.
    pub fn peek(&mut self) -> Result<&[u8], ConvertError> {
        let mut bytes = vec![0; PEEK_BYTES];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read(rest)? {
                0 => break,
                count => filled += count,
            }
        }
        bytes.truncate(filled);
        self.front = Front::new(bytes);
        Ok(self.front.rest())
    }

    /// Drops bytes that were peeked at.
    pub fn skip(&mut self, count: usize) {
        self.front.skip(count);
    }

    /// Reads at least one byte, unless nothing is left.
    #[inline]
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ConvertError> {
        match self.front.take(buffer) {
            0 => self.unpack(buffer),
            count => Ok(count),
        }
    }

    /// Read so far, packed.
    pub fn bytes_in(&self) -> u64 {
        self.decoder.counted().bytes
    }

    /// Read so far, unpacked.
    pub fn text_bytes(&self) -> u64 {
        self.text_bytes
    }

    fn unpack(&mut self, buffer: &mut [u8]) -> Result<usize, ConvertError> {
        loop {
            match self.decoder.read(buffer) {
                Ok(count) => return self.admit(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fault(error)),
            }
        }
    }

    fn admit(&mut self, count: usize) -> Result<usize, ConvertError> {
        self.text_bytes += count as u64;
        let (text_bytes, bytes_in) = (self.text_bytes, self.bytes_in());
        let allowed = bytes_in.max(1).saturating_mul(self.limits.max_ratio).max(RATIO_COUNTS_FROM);
        let limit = match () {
            () if text_bytes > self.limits.max_text_bytes => format!("{} bytes", self.limits.max_text_bytes),
            () if self.is_packed() && text_bytes > allowed => format!("{} to 1", self.limits.max_ratio),
            () => return Ok(count),
        };
        Err(ConvertError::DecompressionBomb { bytes_in, text_bytes, limit })
    }

    fn fault(&self, error: io::Error) -> ConvertError {
        let (text_bytes, compression) = (self.text_bytes, self.decoder.compression());
        match () {
            () if !self.is_packed() || self.decoder.counted().failed => ConvertError::Source(error),
            () if error.kind() == ErrorKind::UnexpectedEof => {
                ConvertError::Truncated { compression, text_bytes }
            }
            () if error.to_string() == ZSTD_WINDOW_TOO_LARGE => ConvertError::NotSupported {
                what: "a zstd file with a window of more than 32 MiB",
                way_out: "compress it without `--ultra` and `--long`",
            },
            () => ConvertError::Corrupt { compression, text_bytes, detail: error.to_string() },
        }
    }
}

fn compression(declared: Compression, first: &[u8]) -> Result<Compression, ConvertError> {
    let found = magic::compression(first);
    match declared {
        Compression::Auto => Ok(found),
        // Nothing at all is an empty file, however it is packed.
        _ if declared == found || first.is_empty() => Ok(found),
        _ => Err(ConvertError::CompressionMismatch { declared, found }),
    }
}

impl<R: Read> Decoder<R> {
    fn new(compression: Compression, whole: Whole<R>) -> io::Result<Self> {
        Ok(match compression {
            Compression::Auto | Compression::None => Self::Plain(whole),
            Compression::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(whole))),
            Compression::Bzip2 => Self::Bzip2(Box::new(MultiBzDecoder::new(whole))),
            Compression::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(whole)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Self::Zstd(Box::new(decoder))
            }
        })
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(reader) => reader.read(buffer),
            Self::Gzip(reader) => reader.read(buffer),
            Self::Zstd(reader) => reader.read(buffer),
            Self::Bzip2(reader) => reader.read(buffer),
        }
    }

    fn compression(&self) -> Compression {
        match self {
            Self::Plain(_) => Compression::None,
            Self::Gzip(_) => Compression::Gzip,
            Self::Zstd(_) => Compression::Zstd,
            Self::Bzip2(_) => Compression::Bzip2,
        }
    }

    fn counted(&self) -> &Counted<R> {
        let whole = match self {
            Self::Plain(reader) => reader,
            Self::Gzip(reader) => reader.get_ref(),
            Self::Zstd(reader) => reader.get_ref(),
            Self::Bzip2(reader) => reader.get_ref(),
        };
        whole.get_ref().get_ref().1
    }
}

/// Counts the source's bytes and remembers whether the source itself failed, because the decoder
/// passes a source's error on as if it were its own.
struct Counted<R> {
    source: R,
    bytes: u64,
    failed: bool,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.source.read(buffer);
        match &result {
            Ok(count) => self.bytes += *count as u64,
            Err(error) => self.failed |= error.kind() != ErrorKind::Interrupted,
        }
        result
    }
}
