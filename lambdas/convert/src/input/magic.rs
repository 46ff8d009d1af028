//! What the first bytes of a file say it is.

use tarn_lake::{Compression, Encoding};

use crate::ConvertError;

/// No packed file needs more bytes to be known.
pub(super) const LONGEST: usize = 16;

/// How a file is packed, by its first bytes. No text begins with any of these.
pub(super) fn compression(first: &[u8]) -> Compression {
    match first {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
        // A frame to be skipped, which parallel zstd writes first.
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
        [b'B', b'Z', b'h', b'1'..=b'9', block @ ..] if begins_bzip2_block(block) => Compression::Bzip2,
        _ => Compression::None,
    }
}

/// A block's magic, pi, or that of the end, its square root; cut off where the file is.
fn begins_bzip2_block(bytes: &[u8]) -> bool {
    const MAGICS: [[u8; 6]; 2] = [*b"1AY&SY", [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]];
    let length = bytes.len().min(6);
    length > 0 && MAGICS.iter().any(|magic| bytes.get(..length) == magic.get(..length))
}

/// Files of many files. What is in them is for the sender to say.
const ARCHIVES: &[(usize, &[u8], &str)] = &[
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"PK\x05\x06", "an empty zip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
];
/// Names of the first file in a zip archive that is a workbook.
const WORKBOOK: &[(usize, &[u8])] = &[(30, b"[Content_Types].xml"), (30, b"_rels/.rels")];

const NO_TEXT: &[(&[u8], &str)] = &[
    (b"\xff\xfe\0\0", "UTF-32 text"),
    (b"\0\0\xfe\xff", "UTF-32 text"),
    (b"PAR1", "a Parquet file"),
    (b"ORC\x03", "an ORC file"),
    (b"ORC\n", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"ARROW1\0\0", "an Arrow file"),
    (b"%PDF-", "a PDF file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"\x04\x22\x4d\x18", "an LZ4 file"),
    (b"\xff\x06\0\0sNaPpY", "a Snappy file"),
    (b"\x1f\x9d", "a file of Unix `compress`"),
];

/// Refuses a file that is known to be something else than text.
pub(super) fn refuse_other_formats(first: &[u8], was_packed: bool) -> Result<(), ConvertError> {
    let has = |at: usize, magic: &[u8]| first.get(at..).is_some_and(|rest| rest.starts_with(magic));
    if has(0, b"PK\x03\x04") && WORKBOOK.iter().any(|(at, name)| has(*at, name)) {
        let (what, way_out) = ("an Excel workbook or another Office file", "save its sheets as CSV files");
        return Err(ConvertError::NotSupported { what, way_out });
    }
    if let Some((_, _, what)) = ARCHIVES.iter().find(|(at, magic, _)| has(*at, magic)) {
        let way_out = "unpack it and send the files in it";
        return Err(ConvertError::NotSupported { what, way_out });
    }
    let packed_twice = was_packed && compression(first) != Compression::None;
    let known = NO_TEXT.iter().find(|(magic, _)| first.starts_with(magic)).map(|(_, name)| *name);
    match known.or(packed_twice.then_some("a compressed file inside a compressed file")) {
        Some(looks_like) => Err(ConvertError::NotText { looks_like }),
        None => Ok(()),
    }
}

/// Refuses a file of one-byte characters that holds NUL bytes, and more than one of 16 bytes is a
/// control character that no text has. A single NUL is one bad row.
pub(super) fn refuse_binary(encoding: Encoding, first: &[u8]) -> Result<(), ConvertError> {
    let two_bytes = matches!(encoding, Encoding::Utf16 | Encoding::Utf16Le | Encoding::Utf16Be);
    let control = |byte: &&u8| matches!(byte, 0..=8 | 14..=25 | 28..=31);
    if two_bytes || !first.contains(&0) || first.iter().filter(control).count() * 16 <= first.len() {
        return Ok(());
    }
    Err(ConvertError::NotText {
        looks_like: utf16_without_mark(first).unwrap_or("binary data, with NUL bytes"),
    })
}

/// Western text in UTF-16 has a NUL in every other byte, and nearly none in between.
fn utf16_without_mark(first: &[u8]) -> Option<&'static str> {
    let zeros = |from: usize| first.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (high, low, most) = (zeros(0), zeros(1), first.len() / 4);
    match () {
        () if low > most && high * 16 < low => Some("UTF-16 text; declare `encoding = \"utf-16le\"`"),
        () if high > most && low * 16 < high => Some("UTF-16 text; declare `encoding = \"utf-16be\"`"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_begin_like_packed_files_are_texts() {
        for text in ["BZh9,a\n", "BZhello\n", "BZ", "BZh", "BZh9", "(a", "P*", ""] {
            assert_eq!(compression(text.as_bytes()), Compression::None, "{text}");
        }
    }
}
