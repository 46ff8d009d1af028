//! From the source's bytes to the text that the tokeniser reads: unpacked, decoded to UTF-8, and
//! without what stands before the first row.
//!
//! UTF-8 passes through without a copy. What cannot be decoded becomes a byte that no UTF-8 holds,
//! so that the one UTF-8 check behind the tokeniser refuses exactly the fields concerned, whatever
//! the encoding; malformed UTF-8 needs no replacing for that. Byte offsets count in the decoded
//! text: those of the unpacked file where it is UTF-8, of `iconv -t utf-8` where it is not.

mod encoding;
mod front;
mod magic;
mod packed;
mod preamble;

use std::io::Read;

use tarn_lake::Csv;

use crate::splits::{Part, Unsplit};
use crate::{ConvertError, Limits};
use encoding::{Charset, Transcoder};
use front::Front;
use packed::Packed;
use preamble::Preamble;

/// The text of a source.
pub(crate) struct Input<R: Read> {
    packed: Packed<R>,
    /// `None` for UTF-8.
    transcoder: Option<Transcoder>,
    /// What was read behind the preamble to find its end.
    front: Front,
    start: Start,
}

/// Where the text begins that [`Input::fill`] gives: behind byte order mark and preamble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start {
    /// Counted from 1.
    pub line: u64,
    pub byte_offset: u64,
}

impl<R: Read> Input<R> {
    /// Looks at the first bytes, refuses what is no text, and steps over what is not the table's.
    pub fn open(source: R, csv: &Csv, limits: Limits) -> Result<Self, ConvertError> {
        let mut packed = Packed::open(source, Some(csv.compression), limits)?;
        let was_packed = packed.is_packed();
        let first = packed.peek()?;
        magic::refuse_other_formats(first, was_packed)?;
        let Charset { encoding, mark_bytes } = Charset::choose(csv.encoding, first)?;
        magic::refuse_binary(encoding, first)?;
        packed.skip(mark_bytes);
        let transcoder = Transcoder::new(encoding);
        let mark_in_text = if transcoder.is_none() { mark_bytes } else { 0 };
        let start = Start { line: 1, byte_offset: mark_in_text as u64 };
        let mut input = Self { packed, transcoder, front: Front::default(), start };
        input.step_over(Preamble::new(csv.skip_lines))?;
        Ok(input)
    }

    /// A part of a file, which begins with a row. Only UTF-8 that is not packed has parts.
    pub fn part(source: R, part: &Part, limits: Limits) -> Result<Self, ConvertError> {
        let packed = Packed::open(source, None, limits)?;
        let start = Start { line: part.line, byte_offset: part.start };
        Ok(Self { packed, transcoder: None, front: Front::default(), start })
    }

    /// Why the source has no parts, if it has none.
    pub fn unsplit(&self) -> Option<Unsplit> {
        match () {
            () if self.packed.is_packed() => Some(Unsplit::Compressed),
            () => self.transcoder.as_ref().map(|_| Unsplit::Encoding),
        }
    }

    /// Where the text begins.
    pub fn start(&self) -> Start {
        self.start
    }

    /// Fills the buffer from its front; less than its length only at the end of the text.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ConvertError> {
        let mut filled = self.front.take(buffer);
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read(rest)? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }

    /// Read so far, as the source has it.
    pub fn bytes_in(&self) -> u64 {
        self.packed.bytes_in()
    }

    /// Read so far, unpacked and in the file's own encoding.
    pub fn text_bytes(&self) -> u64 {
        self.packed.text_bytes()
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ConvertError> {
        match &mut self.transcoder {
            None => self.packed.read(buffer),
            Some(transcoder) => transcoder.read(&mut self.packed, buffer),
        }
    }

    fn step_over(&mut self, mut preamble: Preamble) -> Result<(), ConvertError> {
        const CHUNK_BYTES: usize = 8 << 10;
        while !preamble.is_over() {
            let mut chunk = vec![0; CHUNK_BYTES];
            let count = self.read(&mut chunk)?;
            chunk.truncate(count);
            let stepped_over = preamble.take(&chunk);
            self.start.byte_offset += stepped_over as u64;
            if count == 0 || stepped_over < count {
                self.front = Front::new(chunk);
                self.front.skip(stepped_over);
                break;
            }
        }
        self.start.line += u64::from(preamble.lines());
        Ok(())
    }
}
