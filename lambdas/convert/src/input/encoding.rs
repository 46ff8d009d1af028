//! Decodes what is not UTF-8 into UTF-8, chunk by chunk.
//!
//! | declared | read as |
//! |---|---|
//! | `utf-16`, `utf-16le`, `utf-16be` | UTF-16; a lone surrogate and half a unit at the end are malformed |
//! | `latin1` | ISO 8859-1 exactly: each byte is the character of its number, 0x80 to 0x9F are controls; nothing is malformed |
//! | `windows-1252` | as browsers do: 0x80 is `€`; the five bytes without a character are controls; nothing is malformed |
//! | `shift-jis` | as browsers do, which is code page 932: 0x5C is `\`, 0x7E is `~`; a lead byte without its trail is malformed, and an ASCII byte behind it is kept |
//!
//! Each malformed sequence becomes one [`MALFORMED`] byte. In a `binary` column, which takes any
//! bytes, it stays there as a value.

use std::io::Read;

use encoding_rs::{DecoderResult, SHIFT_JIS, UTF_16BE, UTF_16LE, WINDOWS_1252};
use tarn_lake::Encoding;

use super::front::Front;
use super::packed::Packed;
use crate::ConvertError;

/// Stands for what cannot be decoded: no UTF-8 text holds this byte.
const MALFORMED: u8 = 0xff;
const CHUNK_BYTES: usize = 32 << 10;

/// The encoding that a file really has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charset {
    /// Neither `Auto` nor `Utf16`.
    pub encoding: Encoding,
    /// The length of the byte order mark.
    pub mark_bytes: usize,
}

impl Charset {
    /// What is declared, unless the byte order mark says otherwise: that is a mistake in one of the
    /// two, and guessing which would spoil every character that is not ASCII.
    pub fn choose(declared: Encoding, first: &[u8]) -> Result<Self, ConvertError> {
        let marked = marked(first);
        let unmarked = Self { encoding: declared, mark_bytes: 0 };
        let found = match (declared, marked) {
            (Encoding::Auto, None) => return Ok(Self { encoding: Encoding::Utf8, ..unmarked }),
            (Encoding::Auto, Some(marked)) => return Ok(marked),
            (Encoding::Utf16, None) if first.is_empty() => return Ok(unmarked),
            (Encoding::Utf16, None) => "without a byte order mark; declare `utf-16le` or `utf-16be`",
            (Encoding::Utf16, Some(marked)) if marked.encoding != Encoding::Utf8 => return Ok(marked),
            (_, None) => return Ok(unmarked),
            (_, Some(marked)) if marked.encoding == declared => return Ok(marked),
            (_, Some(marked)) => match marked.encoding {
                Encoding::Utf16Le => "with the byte order mark of utf-16le",
                Encoding::Utf16Be => "with the byte order mark of utf-16be",
                _ => "with the byte order mark of utf-8",
            },
        };
        Err(ConvertError::EncodingMismatch { declared, found })
    }
}

fn marked(first: &[u8]) -> Option<Charset> {
    let (encoding, mark_bytes) = match first {
        [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
        [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
        [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
        _ => return None,
    };
    Some(Charset { encoding, mark_bytes })
}

/// Reads another encoding as UTF-8.
pub(super) struct Transcoder {
    decoder: Decoder,
    chunk: Vec<u8>,
    text: Front,
    ended: bool,
}

enum Decoder {
    Latin1,
    Standard(Box<encoding_rs::Decoder>),
}

impl Transcoder {
    /// `None` for UTF-8, which needs none.
    pub fn new(encoding: Encoding) -> Option<Self> {
        let standard = match encoding {
            Encoding::Auto | Encoding::Utf8 => return None,
            Encoding::Latin1 => None,
            Encoding::Windows1252 => Some(WINDOWS_1252),
            Encoding::ShiftJis => Some(SHIFT_JIS),
            Encoding::Utf16 | Encoding::Utf16Le => Some(UTF_16LE),
            Encoding::Utf16Be => Some(UTF_16BE),
        };
        let standard = standard.map(|standard| Box::new(standard.new_decoder_without_bom_handling()));
        let decoder = standard.map_or(Decoder::Latin1, Decoder::Standard);
        Some(Self { decoder, chunk: vec![0; CHUNK_BYTES], text: Front::default(), ended: false })
    }

    /// Reads at least one byte of UTF-8, unless nothing is left.
    pub fn read<R: Read>(
        &mut self,
        packed: &mut Packed<R>,
        buffer: &mut [u8],
    ) -> Result<usize, ConvertError> {
        loop {
            let taken = self.text.take(buffer);
            if taken > 0 || self.ended {
                return Ok(taken);
            }
            let count = packed.read(&mut self.chunk)?;
            self.ended = count == 0;
            let mut text = std::mem::take(&mut self.text).into_bytes();
            self.decoder.decode(self.chunk.get(..count).unwrap_or_default(), &mut text);
            self.text = Front::new(text);
        }
    }
}

impl Decoder {
    /// Decodes the next bytes of the file; none are its end.
    fn decode(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        match self {
            Self::Latin1 => {
                text.resize(bytes.len() * 2, 0);
                let length = encoding_rs::mem::convert_latin1_to_utf8(bytes, text);
                text.truncate(length);
            }
            Self::Standard(decoder) => decode(decoder, bytes, text),
        }
    }
}

fn decode(decoder: &mut encoding_rs::Decoder, mut bytes: &[u8], text: &mut Vec<u8>) {
    let last = bytes.is_empty();
    let mut length = 0;
    // Three bytes for one are the most that any of these encodings needs, and some are held back.
    text.resize(bytes.len() * 3 + 16, 0);
    loop {
        let free = text.get_mut(length..).unwrap_or_default();
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(bytes, free, last);
        bytes = bytes.get(read..).unwrap_or_default();
        length += written;
        match result {
            DecoderResult::InputEmpty => break,
            DecoderResult::OutputFull => text.resize(text.len() * 2, 0),
            DecoderResult::Malformed(..) => {
                text.resize(text.len().max(length + 1), 0);
                text.iter_mut().skip(length).take(1).for_each(|byte| *byte = MALFORMED);
                length += 1;
            }
        }
    }
    text.truncate(length);
}
