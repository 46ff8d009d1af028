//! From the source's bytes to text: gzip by its magic bytes, counted on both sides, and limited.
//!
//! The name is not asked: a gzip file called `.csv` and a text file called `.csv.gz` are both
//! common, and both read right by their first two bytes. No text begins with them.

use std::io::{self, BufReader, Cursor, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;

use crate::{ConvertError, Limits};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Small files may be as dense as they like; a bomb is one that costs something.
const RATIO_COUNTS_FROM: u64 = 64 << 20;
const READ_BYTES: usize = 128 << 10;

type Whole<R> = BufReader<io::Chain<Cursor<Vec<u8>>, Counted<R>>>;

/// The text of a source.
pub(crate) struct Input<R: Read> {
    decoder: Decoder<R>,
    text_bytes: u64,
    limits: Limits,
}

enum Decoder<R: Read> {
    Plain(Whole<R>),
    Gzip(Box<MultiGzDecoder<Whole<R>>>),
}

impl<R: Read> Input<R> {
    pub fn open(source: R, limits: Limits) -> Result<Self, ConvertError> {
        let mut counted = Counted { source, bytes: 0, failed: false };
        let mut magic = Vec::with_capacity(GZIP_MAGIC.len());
        (&mut counted).take(GZIP_MAGIC.len() as u64).read_to_end(&mut magic).map_err(ConvertError::Source)?;
        let gzip = magic == GZIP_MAGIC;
        let whole = BufReader::with_capacity(READ_BYTES, Cursor::new(magic).chain(counted));
        let decoder =
            if gzip { Decoder::Gzip(Box::new(MultiGzDecoder::new(whole))) } else { Decoder::Plain(whole) };
        Ok(Self { decoder, text_bytes: 0, limits })
    }

    /// Fills the buffer from its front; less than its length only at the end of the text.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ConvertError> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read(rest)? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }

    /// Read so far, compressed.
    pub fn bytes_in(&self) -> u64 {
        self.counted().bytes
    }

    /// Read so far, decompressed.
    pub fn text_bytes(&self) -> u64 {
        self.text_bytes
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ConvertError> {
        loop {
            let result = match &mut self.decoder {
                Decoder::Plain(reader) => reader.read(buffer),
                Decoder::Gzip(reader) => reader.read(buffer),
            };
            match result {
                Ok(count) => return self.admit(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fault(error)),
            }
        }
    }

    fn admit(&mut self, count: usize) -> Result<usize, ConvertError> {
        self.text_bytes += count as u64;
        let allowed = self.bytes_in().max(1).saturating_mul(self.limits.max_ratio).max(RATIO_COUNTS_FROM);
        let (text_bytes, bytes_in) = (self.text_bytes, self.bytes_in());
        let too_dense = matches!(self.decoder, Decoder::Gzip(_)) && text_bytes > allowed;
        let limit = match () {
            () if text_bytes > self.limits.max_text_bytes => format!("{} bytes", self.limits.max_text_bytes),
            () if too_dense => format!("{} to 1", self.limits.max_ratio),
            () => return Ok(count),
        };
        Err(ConvertError::DecompressionBomb { bytes_in, text_bytes, limit })
    }

    fn fault(&self, error: io::Error) -> ConvertError {
        let text_bytes = self.text_bytes;
        match self.decoder {
            Decoder::Plain(_) => ConvertError::Source(error),
            Decoder::Gzip(_) if self.counted().failed => ConvertError::Source(error),
            Decoder::Gzip(_) if error.kind() == ErrorKind::UnexpectedEof => {
                ConvertError::TruncatedGzip { text_bytes }
            }
            Decoder::Gzip(_) => ConvertError::CorruptGzip { text_bytes, detail: error.to_string() },
        }
    }

    fn counted(&self) -> &Counted<R> {
        let whole = match &self.decoder {
            Decoder::Plain(reader) => reader,
            Decoder::Gzip(reader) => reader.get_ref(),
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
