//! Rows that break a rule: their lines, offsets and reasons, and that the others go on.

use tarn_lake::Csv;

use super::{Bad, Outcome, headerless, layout, run, run_with};
use crate::{JsonLinesRejects, Limits, Spec, convert};

fn bad(line: u64, byte_offset: u64, raw: &str, reason: &str) -> Bad {
    Bad { line, byte_offset, raw: raw.into(), reason: reason.into() }
}

fn events(text: &[u8]) -> Outcome {
    run(&headerless(), &layout(&["id int32!", "name string", "price decimal(6,2)"]), text)
}

#[test]
fn each_reason_says_what_is_wrong() {
    let cases: &[(&[u8], &str)] = &[
        (b"1,a", "too few fields: the layout has 3, the row 2"),
        (b"1,a,2,", "too many fields: the layout has 3, the row 4"),
        (b"x,a,2", "the value in column 1 `id` is no int32"),
        (b"1,a,2.555", "the value in column 3 `price` is no decimal(6,2)"),
        (b",a,2", "column 1 `id` is required and empty"),
        (b" ,a,2", "column 1 `id` is required and empty"),
        (b"1,\xff,2", "invalid encoding: the text in column 2 `name` cannot be decoded"),
        (b"1,\"a\"b,2", "text follows a closing quote; a quote inside a quoted field is written twice"),
    ];
    for (row, reason) in cases {
        let text = [b"1,first,1\n", *row, b"\n2,last,2\n"].concat();
        let outcome = events(&text);
        assert_eq!(outcome.rows().len(), 2, "{reason}");
        assert_eq!(outcome.rejects, [bad(2, 10, &String::from_utf8_lossy(row), reason)]);
    }
}

#[test]
fn lines_and_offsets_are_those_of_the_text() {
    let csv = Csv::default();
    let text =
        "\u{feff}id,name,price\r\n1,\"two\nlines\r\nor three\",1\r\n\r\n2,bad,x\r\n\"3\n\",\"a\n\",x\n4,x,x";
    let outcome = run(&csv, &layout(&["id int32!", "name string", "price decimal(6,2)"]), text.as_bytes());
    let reason = "the value in column 3 `price` is no decimal(6,2)";
    let offset = |row: &str| text.find(row).unwrap() as u64;
    assert_eq!(
        outcome.rejects,
        [
            bad(6, offset("2,bad,x"), "2,bad,x", reason),
            bad(7, offset("\"3"), "\"3\n\",\"a\n\",x", "the value in column 1 `id` is no int32"),
            bad(10, offset("4,x,x"), "4,x,x", reason),
        ]
    );
    assert_eq!(outcome.rows().len(), 1);
}

#[test]
fn an_unterminated_quote_costs_one_line() {
    let outcome = events(b"1,a,1\n2,\"b,2\n3,c,3\n4,d,4\n");
    let limit = Limits::default().longest_row_bytes;
    let reason = format!("a quote is opened and not closed, to the end of the file or within {limit} bytes");
    assert_eq!(outcome.rejects, [bad(2, 6, "2,\"b,2", &reason)]);
    assert_eq!(outcome.rows().len(), 3);
}

#[test]
fn a_row_longer_than_the_limit_is_stepped_over() {
    let limits = Limits { longest_row_bytes: 20, ..Limits::default() };
    let table = layout(&["id int32!", "name string"]);
    for length in [19, 300, 700_000] {
        let text = format!("1,a\n2,{}\r\n3,b\n", "y".repeat(length));
        let outcome = run_with(&headerless(), &table, &table, limits, text.as_bytes());
        assert_eq!(outcome.rows().len(), 2, "{length}");
        let Bad { line, byte_offset, reason, .. } = &outcome.rejects[0];
        assert_eq!((*line, *byte_offset, reason.as_str()), (2, 4, "the row is longer than 20 bytes"));
    }
    let outcome =
        run_with(&headerless(), &table, &table, limits, format!("1,{}", "y".repeat(600_000)).as_bytes());
    assert_eq!((outcome.rows().len(), outcome.rejects.len()), (0, 1));
}

#[test]
fn a_nul_byte_behind_the_first_block_is_a_bad_row() {
    let mut text = b"1,a,1\n".repeat(100_000);
    text.extend_from_slice(b"2,\0,2\n3,c,3\n");
    let outcome = events(&text);
    assert_eq!(outcome.rejects, [bad(100_001, 600_000, "2,\0,2", "the row holds a NUL byte")]);
    assert_eq!(outcome.rows().len(), 100_001);
}

#[test]
fn a_row_that_fails_late_leaves_nothing_behind() {
    let outcome = events(b"1,a,1\n2,lost,x\n,lost,1\n3,c,\n4,lost,x\n");
    let rows: Vec<_> = outcome.rows().iter().map(|row| format!("{} {}", row[0], row[1])).collect();
    assert_eq!(rows, ["1 \"a\"", "3 \"c\""]);
}

#[test]
fn too_many_bad_rows_end_the_conversion() {
    let limits = Limits { max_bad_rows: 2, ..Limits::default() };
    let table = layout(&["id int32"]);
    assert_eq!(run_with(&headerless(), &table, &table, limits, b"x\nx\n1\n").kind(), "fine");
    assert_eq!(run_with(&headerless(), &table, &table, limits, b"x\nx\nx\n").kind(), "too_many_bad_rows");
}

#[test]
fn rejects_are_json_lines() {
    let (csv, table) = (headerless(), layout(&["id int32", "name string"]));
    let spec = Spec::new(&csv, &table);
    let mut rejects = JsonLinesRejects::new(Vec::new());
    convert(&spec, &b"1,a\nx,\"\xff\nb\"\"\"\n"[..], Vec::new(), &mut rejects).unwrap();
    let lines = String::from_utf8(rejects.finish().unwrap()).unwrap();
    let wanted = "{\"line\":2,\"byte_offset\":4,\"reason\":\"the value in column 1 `id` is no int32\",\
                  \"column_name\":\"id\",\"nulled\":[],\"raw\":\"x,\\\"\u{fffd}\\nb\\\"\\\"\\\"\"}\n";
    assert_eq!(lines, wanted);
}
