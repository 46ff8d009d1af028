//! How characters are written as bytes: byte order marks, declared encodings, and what cannot be
//! decoded.

use std::io::{self, Read};

use tarn_lake::{Csv, Encoding};

use super::{Bad, Collected, Outcome, gzip, headerless, layout, read_back, run};
use crate::{Spec, convert};

const INVALID: &str = "invalid encoding: the text in column 2 `y` cannot be decoded";

fn read(encoding: Encoding, bytes: &[u8]) -> Outcome {
    run(&Csv { encoding, ..headerless() }, &layout(&["x string", "y string"]), bytes)
}

fn utf16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn utf16be(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn bad(line: u64, byte_offset: u64, raw: &str, reason: &str) -> Bad {
    Bad { line, byte_offset, raw: raw.into(), reason: reason.into() }
}

#[test]
fn a_byte_order_mark_decides() {
    let text = "\u{feff}Zoë,日本 🦆\nb,\"c\n\"";
    for bytes in [text.as_bytes().to_vec(), utf16le(text), utf16be(text)] {
        for bytes in [gzip(&bytes), bytes] {
            let outcome = read(Encoding::Auto, &bytes);
            assert_eq!(outcome.texts(), [["Zoë", "日本 🦆"], ["b", "c\n"]]);
        }
    }
    assert_eq!(read(Encoding::Utf16, &utf16be("\u{feff}a,b\n")).texts(), [["a", "b"]]);
}

#[test]
fn only_the_first_mark_is_one() {
    assert_eq!(read(Encoding::Auto, "\u{feff}a,b\n\u{feff}c,d\n".as_bytes()).texts()[1][0], "\u{feff}c");
    assert_eq!(read(Encoding::Utf16Le, &utf16le("\u{feff}\u{feff}a,b\n")).texts(), [["\u{feff}a", "b"]]);
}

#[test]
fn a_declared_encoding_is_read() {
    let cases: &[(Encoding, &[u8], &str)] = &[
        (Encoding::Utf8, "é".as_bytes(), "é"),
        (Encoding::Latin1, b"\xe9\x80\x9f\xa4\xff", "é\u{80}\u{9f}¤ÿ"),
        (Encoding::Windows1252, b"\xe9\x80\x9f\x81\xff", "é€Ÿ\u{81}ÿ"),
        (Encoding::ShiftJis, b"\x93\xfa\x96\x7b \xb1\x5c\x7e", "日本 ｱ\\~"),
        // Trail bytes that look like a delimiter, a quote or a backslash elsewhere.
        (Encoding::ShiftJis, b"\x83\x5c\x83\x7c", "ソポ"),
    ];
    for (encoding, bytes, text) in cases {
        let row = [b"a,", *bytes, b"\n"].concat();
        assert_eq!(read(*encoding, &row).texts(), [["a", *text]], "{encoding:?}");
    }
    assert_eq!(read(Encoding::Utf16Le, &utf16le("a,é\n")).texts(), [["a", "é"]]);
    assert_eq!(read(Encoding::Utf16Be, &utf16be("a,é\n")).texts(), [["a", "é"]]);
}

#[test]
fn every_byte_of_latin1_is_the_character_of_its_number() {
    let bytes: Vec<u8> = (0x20..=0xff).filter(|byte| !b",\"".contains(byte)).collect();
    let wanted: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    assert_eq!(read(Encoding::Latin1, &[b"a,", &bytes[..]].concat()).texts(), [["a".into(), wanted]]);
}

#[test]
fn a_mark_that_contradicts_the_table_is_refused_with_both() {
    let cases = [
        (
            Encoding::Utf8,
            utf16le("\u{feff}a,b"),
            "\"utf-8\"`, and the file begins with the byte order mark of utf-16le",
        ),
        (
            Encoding::Utf16Be,
            utf16le("\u{feff}a,b"),
            "\"utf-16be\"`, and the file begins with the byte order mark of utf-16le",
        ),
        (
            Encoding::Utf16,
            b"\xef\xbb\xbfa,b".to_vec(),
            "\"utf-16\"`, and the file begins with the byte order mark of utf-8",
        ),
        (
            Encoding::Latin1,
            b"\xef\xbb\xbfa,b".to_vec(),
            "\"latin1\"`, and the file begins with the byte order mark of utf-8",
        ),
        (
            Encoding::Utf16,
            utf16le("a,b"),
            "\"utf-16\"`, and the file begins without a byte order mark; declare",
        ),
    ];
    for (encoding, bytes, words) in cases {
        let error = read(encoding, &bytes).result.unwrap_err();
        assert_eq!((error.kind(), error.is_the_files_fault()), ("encoding_mismatch", true));
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(read(Encoding::Utf16, b"").rows().is_empty());
}

#[test]
fn utf16_without_a_mark_is_refused_with_what_to_declare() {
    let text = "first,second\n1,2\n".repeat(50);
    for (bytes, word) in [(utf16le(&text), "utf-16le"), (utf16be(&text), "utf-16be")] {
        let error = read(Encoding::Auto, &bytes).result.unwrap_err();
        assert_eq!(error.kind(), "not_text");
        assert!(error.to_string().contains(&format!("declare `encoding = \"{word}\"`")), "{error}");
    }
    assert_eq!(read(Encoding::Auto, b"\xff\xfe\0\0a\0\0\0").kind(), "not_text");
}

#[test]
fn malformed_utf8_is_a_bad_row() {
    let cases: &[(&str, &[u8])] = &[
        ("latin-1 that nobody declared", b"caf\xe9"),
        ("a byte that no UTF-8 holds", b"\xff"),
        ("overlong", b"\xc0\xaf"),
        ("overlong, three bytes", b"\xe0\x80\xaf"),
        ("a surrogate", b"\xed\xa0\x80"),
        ("past the last character", b"\xf4\x90\x80\x80"),
        ("cut off", b"\xe6\x97"),
    ];
    for (name, bytes) in cases {
        let text = [b"a,b\nc,", *bytes, b"\nd,e\n"].concat();
        let outcome = read(Encoding::Auto, &text);
        assert_eq!(outcome.texts(), [["a", "b"], ["d", "e"]], "{name}");
        let raw = format!("c,{}", String::from_utf8_lossy(bytes));
        assert_eq!(outcome.rejects, [bad(2, 4, &raw, INVALID)], "{name}");
    }
}

#[test]
fn malformed_utf8_in_the_header_is_another_name() {
    let outcome = run(&Csv::default(), &layout(&["x string", "y string"]), b"x,\xff\n1,2\n");
    assert_eq!(outcome.kind(), "header_mismatch");
}

#[test]
fn malformed_utf16_is_a_bad_row_at_its_place_in_the_decoded_text() {
    let mut bytes = utf16le("\u{feff}ä,b\nc,?\nd,e\nf,g");
    let lone = bytes.iter().position(|byte| *byte == b'?').unwrap();
    bytes[lone..lone + 2].copy_from_slice(&[0x00, 0xd8]);
    bytes.push(b'h');
    let outcome = read(Encoding::Auto, &bytes);
    assert_eq!(outcome.texts(), [["ä", "b"], ["d", "e"]]);
    let half = bad(4, "ä,b\nc,?\nd,e\n".len() as u64, "f,g\u{fffd}", INVALID);
    assert_eq!(outcome.rejects, [bad(2, 5, "c,\u{fffd}", INVALID), half]);
}

#[test]
fn a_malformed_shift_jis_character_swallows_no_delimiter() {
    let outcome = read(Encoding::ShiftJis, b"\x93\xfa,b\nc,\x93\nd\x93,e\nf,g\n");
    assert_eq!(outcome.texts(), [["日", "b"], ["f", "g"]]);
    let first = bad(3, 8, "d\u{fffd},e", &INVALID.replace("2 `y`", "1 `x`"));
    assert_eq!(outcome.rejects, [bad(2, 6, "c,\u{fffd}", INVALID), Bad { byte_offset: 10, ..first }]);
}

#[test]
fn a_malformed_character_outside_of_text_is_no_value() {
    let table = layout(&["x int64", "y binary"]);
    let outcome = run(&headerless(), &table, b"1\xff,a\n2,\xff\n");
    assert_eq!(outcome.rejects[0].reason, "the value in column 1 `x` is no int64");
    assert_eq!(format!("{:?}", outcome.rows()[0][0]), "Long(2)");
}

/// A source that gives one byte at a time.
struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(1);
        self.0.read(&mut buffer[..count])
    }
}

#[test]
fn any_pieces_of_any_encoding_give_the_same_rows() {
    let row = |number: usize| format!("{number},日本é ソ{}\n", "x".repeat(number % 70));
    let text: String = (0..3000).map(row).collect();
    let sjis = encoding_rs::SHIFT_JIS.encode(&text.replace('é', "e")).0.into_owned();
    let cases = [
        (Encoding::Auto, utf16le(&format!("\u{feff}{text}"))),
        (Encoding::Utf16Be, utf16be(&text)),
        (Encoding::ShiftJis, sjis),
        (Encoding::Latin1, text.clone().into_bytes()),
        (Encoding::Windows1252, text.clone().into_bytes()),
        (Encoding::Utf8, text.clone().into_bytes()),
    ];
    for (encoding, bytes) in cases {
        let (csv, table) = (Csv { encoding, ..headerless() }, layout(&["x string", "y string"]));
        let spec = Spec::new(&csv, &table);
        let mut silver = Vec::new();
        let done = convert(&spec, Slow(&bytes), &mut silver, &mut Collected::default()).unwrap();
        assert_eq!((done.rows, done.text_bytes), (3000, bytes.len() as u64), "{encoding:?}");
        assert!(read_back(&silver) == read(encoding, &bytes).rows(), "{encoding:?}");
    }
}

#[test]
fn a_file_of_nothing_but_malformed_characters_ends() {
    let bytes = [0xff, 0x80, b'\n'].repeat(100_000);
    let outcome = read(Encoding::ShiftJis, &bytes);
    assert!(matches!(outcome.kind(), "fine" | "unmatched"));
    let outcome = run(&Csv { encoding: Encoding::ShiftJis, ..headerless() }, &layout(&["x string"]), &bytes);
    assert_eq!(outcome.rejects.len(), 100_000);
}
