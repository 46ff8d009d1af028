//! A window over the text that grows to the longest row and no further.

use std::io::Read;

use crate::ConvertError;
use crate::input::Input;

/// Big enough that refilling costs nothing, small enough to stay in the L2 cache.
const BLOCK_BYTES: usize = 256 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a file begins with that is no delimited text.
const NO_TEXT: &[(&[u8], &str)] = &[
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PAR1", "a Parquet file"),
    (b"ORC\x03", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (GZIP, "a gzip file inside a gzip file"),
];
const GZIP: &[u8] = b"\x1f\x8b\x08";

/// The text from the next row on, as far as it has been read.
pub(crate) struct Text<R: Read> {
    input: Input<R>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    ended: bool,
    plain: bool,
}

impl<R: Read> Text<R> {
    /// Reads the first block, refuses what is no text, and steps over a byte order mark.
    pub fn open(input: Input<R>) -> Result<Self, ConvertError> {
        let buffer = vec![0; BLOCK_BYTES];
        let mut text = Self { input, buffer, start: 0, end: 0, offset: 0, ended: false, plain: true };
        text.more()?;
        if let Some(looks_like) = no_text(text.window()) {
            return Err(ConvertError::NotText { looks_like });
        }
        if text.window().starts_with(BYTE_ORDER_MARK) {
            text.advance(BYTE_ORDER_MARK.len());
        }
        Ok(text)
    }

    /// The text from the next row on.
    pub fn window(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Where the window begins in the text.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether nothing comes after the window.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Whether the window is ASCII without NUL, as most are, so that no field needs a look.
    pub fn plain(&self) -> bool {
        self.plain
    }

    /// Steps over the first bytes of the window.
    pub fn advance(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        self.offset += count as u64;
    }

    /// Reads on behind the window. A window that fills the buffer doubles it, so that a long row
    /// costs time in proportion to its length.
    pub fn more(&mut self) -> Result<(), ConvertError> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end * 2 > self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        let count = self.input.fill(free)?;
        self.ended = count < free.len();
        self.end += count;
        self.plain = self.window().is_ascii() && !self.window().contains(&0);
        Ok(())
    }

    /// The input, for its counters.
    pub fn input(&self) -> &Input<R> {
        &self.input
    }
}

fn no_text(first_block: &[u8]) -> Option<&'static str> {
    let known = NO_TEXT.iter().find(|(magic, _)| first_block.starts_with(magic)).map(|(_, name)| *name);
    known.or_else(|| first_block.contains(&0).then_some("binary data, with NUL bytes"))
}
