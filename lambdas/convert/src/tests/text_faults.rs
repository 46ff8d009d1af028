//! Characters that end a row elsewhere, ends of files, and lines before the table.

use tarn_lake::{Compression, Csv, Encoding};

use super::{Bad, Outcome, gzip, headerless, layout, run};

fn read(text: &[u8]) -> Outcome {
    run(&headerless(), &layout(&["x string", "y string"]), text)
}

#[test]
fn no_final_newline_loses_no_row() {
    assert_eq!(read(b"a,b\nc,d").texts(), [["a", "b"], ["c", "d"]]);
}

#[test]
fn two_final_newlines_add_no_row() {
    assert_eq!(read(b"a,b\n\n").texts(), [["a", "b"]]);
    assert_eq!(read(b"a,b\r\n\r\n").texts(), [["a", "b"]]);
}

#[test]
fn unicode_line_separators_end_no_row() {
    for separator in ['\u{2028}', '\u{2029}', '\u{85}', '\u{b}', '\u{c}', '\u{1e}'] {
        let text = format!("a{separator},{separator}b\n");
        assert_eq!(read(text.as_bytes()).texts(), [[format!("a{separator}"), format!("{separator}b")]]);
    }
}

#[test]
fn the_end_of_file_character_of_dos_is_a_bad_row_of_its_own() {
    let outcome = read(b"a,b\r\n\x1a");
    assert_eq!(outcome.texts(), [["a", "b"]]);
    let reason = "too few fields: the layout has 2, the row 1".into();
    assert_eq!(outcome.rejects, [Bad { line: 2, byte_offset: 5, raw: "\x1a".into(), reason }]);
    assert_eq!(read(b"a\x1a,\x1a\n").texts(), [["a\x1a", "\x1a"]]);
}

#[test]
fn a_nul_byte_is_a_bad_row_wherever_it_stands() {
    let text = [b"a,\0\n".to_vec(), b"c,d\n".repeat(40)].concat();
    let outcome = read(&text);
    assert_eq!(outcome.rows().len(), 40);
    assert_eq!(
        (outcome.rejects[0].line, outcome.rejects[0].reason.as_str()),
        (1, "the row holds a NUL byte")
    );
}

#[test]
fn a_file_full_of_nul_bytes_is_no_text() {
    assert_eq!(read(&[0; 10_000]).kind(), "not_text");
    assert_eq!(read(&[b"a,b\n".repeat(10), vec![0; 10]].concat()).kind(), "not_text");
}

fn with_preamble(lines: u32, text: &[u8]) -> Outcome {
    let csv = Csv { skip_lines: lines, ..Csv::default() };
    run(&csv, &layout(&["x string", "y int64"]), text)
}

#[test]
fn lines_before_the_header_are_dropped_and_places_stay_true() {
    for (text, line, byte_offset) in [
        (&b"Report, \"of\n\nx,y\na,1\nb,bad\n"[..], 5, 21),
        (b"Report\r\nof\r\nx,y\r\na,1\r\nb,bad\r\n", 5, 22),
        (b"Report\rof\rx,y\ra,1\rb,bad\r", 5, 18),
        (b"\xef\xbb\xbfReport\nof\nx,y\na,1\nb,bad\n", 5, 21),
    ] {
        for packed in [text.to_vec(), gzip(text)] {
            let outcome = with_preamble(2, &packed);
            assert_eq!(outcome.rows().len(), 1);
            let [bad] = &outcome.rejects[..] else { panic!("{:?}", outcome.rejects) };
            assert_eq!((bad.line, bad.byte_offset, bad.raw.as_str()), (line, byte_offset, "b,bad"));
        }
    }
}

#[test]
fn a_preamble_longer_than_a_block_is_dropped() {
    let text = format!("{}\n\nx,y\na,1\nb,bad\n", "title ".repeat(200_000));
    let outcome = with_preamble(2, text.as_bytes());
    assert_eq!(outcome.rows().len(), 1);
    assert_eq!(outcome.rejects[0].byte_offset, text.find("b,bad").unwrap() as u64);
}

#[test]
fn a_preamble_of_another_encoding_is_dropped() {
    let text = "\u{feff}Übersicht\n日本\nx,y\nä,1\nb,bad\n";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let outcome = with_preamble(2, &bytes);
    let offset = text.find("b,bad").unwrap() - '\u{feff}'.len_utf8();
    assert_eq!((outcome.rejects[0].line, outcome.rejects[0].byte_offset), (5, offset as u64));
}

#[test]
fn a_file_that_is_all_preamble_is_empty() {
    for text in [&b""[..], b"one", b"one\ntwo\n", b"one\r\ntwo\r\n"] {
        assert_eq!(with_preamble(2, text).kind(), "empty");
    }
    let csv = Csv { skip_lines: 9, ..headerless() };
    assert!(run(&csv, &layout(&["x string", "y int64"]), b"one\ntwo\n").rows().is_empty());
}

#[test]
fn everything_declared_at_once_is_read() {
    let csv = Csv {
        skip_lines: 1,
        encoding: Encoding::Windows1252,
        compression: Compression::Gzip,
        delimiter: ';',
        ..Csv::default()
    };
    let outcome = run(&csv, &layout(&["x string", "y string"]), &gzip(b"Preise in \x80\nx;y\n\xfc;\x80\n"));
    assert_eq!(outcome.texts(), [["ü", "€"]]);
}
