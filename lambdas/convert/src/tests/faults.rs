//! Every fault that files come with, and the test that has its expected result. What has no test
//! elsewhere has it here.
//!
//! # Compression
//! | fault | test |
//! |---|---|
//! | truncated gzip, zstd, bzip2 | `packed::a_truncated_file_is_refused` |
//! | bad checksum | `packed::a_wrong_checksum_is_refused` |
//! | trailing garbage | `packed::garbage_behind_the_end_is_refused` |
//! | many members, frames, streams | `packed::many_members_are_one_text` |
//! | gzip named `.csv`, text named `.gz` | `packed::packed_files_are_known_by_their_first_bytes_whatever_their_name`: no name reaches the engine |
//! | empty gzip | `packed::an_empty_packed_file_is_an_empty_file` |
//! | zstd, bzip2 | all of `packed` |
//! | zip with many entries, nested zip, names that climb out, links | `packed::archives_are_refused_as_not_supported`: none is ever opened |
//! | packed twice | `packed::a_packed_file_inside_a_packed_file_is_no_text` |
//! | a bomb, 10 MB to 10 GB | `packed::a_bomb_of_ten_gigabytes_is_refused_early`, `packed::a_limit_of_bytes_holds_however_the_file_is_packed` |
//! | flipped bits | `packed::flipped_bits_and_cuts_are_survived` |
//!
//! # Text
//! | fault | test |
//! |---|---|
//! | marks of UTF-8, UTF-16 in both orders | `encodings::a_byte_order_mark_decides` |
//! | Latin-1 | `encodings::every_byte_of_latin1_is_the_character_of_its_number` |
//! | invalid UTF-8 in data, overlong | `encodings::malformed_utf8_is_a_bad_row` |
//! | invalid UTF-8 in the header | `encodings::malformed_utf8_in_the_header_is_another_name` |
//! | lone surrogate | `encodings::malformed_utf16_is_a_bad_row_at_its_place_in_the_decoded_text` |
//! | NUL inside | `text_faults::a_nul_byte_is_a_bad_row_wherever_it_stands` |
//! | CR only, CRLF, mixed | `dialects::text_is_split_as_its_dialect_says` |
//! | CRLF across two reads | `crlf_across_two_reads_is_one_line_end` |
//! | no final newline, two | `text_faults::no_final_newline_loses_no_row`, `text_faults::two_final_newlines_add_no_row` |
//! | Unicode line separators | `text_faults::unicode_line_separators_end_no_row` |
//! | 0x1A | `text_faults::the_end_of_file_character_of_dos_is_a_bad_row_of_its_own` |
//!
//! # CSV shape
//! | fault | test |
//! |---|---|
//! | empty file, header only, blank lines | `whole_files::files_without_rows_are_parquet_files_without_rows`, `dialects::text_is_split_as_its_dialect_says` |
//! | ragged short and long, trailing delimiter | `bad_rows::each_reason_says_what_is_wrong` |
//! | duplicate, empty, 10,000 names in the header | `a_header_that_repeats_itself_or_has_holes_is_another_header`, `ten_thousand_columns_are_read`, `infer::names::tests::no_two_columns_share_a_name` |
//! | names equal after lower-casing | `names_equal_but_for_case_are_told_apart_by_place` |
//! | 10,000 columns | `ten_thousand_columns_are_read` |
//! | a line of a gigabyte | `a_line_without_end_is_one_bad_row` |
//! | a quoted field of 100 MB | `a_quoted_field_of_a_hundred_megabytes_is_read_where_rows_may_be_so_long` |
//! | a quote not closed at the end | `bad_rows::an_unterminated_quote_costs_one_line` |
//! | a quote in the middle, doubled, behind a backslash | `dialects::text_is_split_as_its_dialect_says`, all of `quotes` |
//! | wrong delimiter | `a_wrong_delimiter_refuses_the_file` |
//! | delimiter in quotes | `dialects::text_is_split_as_its_dialect_says` |
//! | preamble | `text_faults::lines_before_the_header_are_dropped_and_places_stay_true` |
//! | two tables in a file | `a_second_table_in_the_file_is_bad_rows` |
//! | comment lines | all of `comments` |
//! | header reordered, renamed, with a column less | `a_header_that_drifted_is_refused` |
//!
//! # Values
//! | fault | test |
//! |---|---|
//! | integers beyond 32 and 64 bits | `values_at_the_edges_of_their_types` |
//! | 1e309, NaN, infinity, `-0` | `values_at_the_edges_of_their_types` |
//! | leading zeros | `values_at_the_edges_of_their_types`, `infer::tests::the_narrowest_type_that_holds_every_value` |
//! | thousands separators, decimal comma | `values_at_the_edges_of_their_types`, `dialects::a_decimal_comma_is_one_in_columns_with_a_fraction_only` |
//! | decimals of 38 digits and more | `values_at_the_edges_of_their_types` |
//! | years 0000 and 9999, February 29, before 1582 | `values_at_the_edges_of_their_types` |
//! | timestamps with a zone, nanoseconds | `values_at_the_edges_of_their_types` |
//! | nothing, `""`, `NULL`, `"NULL"` | `dialects::nulls_have_the_spellings_of_the_table`, `dialects::text_is_split_as_its_dialect_says` |
//! | booleans yes, no, 1 | `values_at_the_edges_of_their_types` |
//! | another type from row 1,000,001 on | `a_type_that_changes_late_is_a_bad_row_and_inference_sees_it` |

use std::io::{self, Read};

use tarn_lake::Csv;

use super::{Collected, headerless, layout, run, run_with};
use crate::{Limits, Spec, convert, infer};

#[test]
fn every_test_that_the_tables_name_is_there() {
    let tests = [
        ("packed", include_str!("packed.rs")),
        ("encodings", include_str!("encodings.rs")),
        ("text_faults", include_str!("text_faults.rs")),
        ("dialects", include_str!("dialects.rs")),
        ("whole_files", include_str!("whole_files.rs")),
        ("bad_rows", include_str!("bad_rows.rs")),
        ("infer", concat!(include_str!("../infer.rs"), include_str!("../infer/names.rs"))),
        ("faults", include_str!("faults.rs")),
    ];
    let rows = include_str!("faults.rs").lines().filter_map(|line| line.strip_prefix("//! |"));
    let named = rows.flat_map(|row| row.split('`').skip(1).step_by(2)).filter(|name| name.contains('_'));
    let mut count = 0;
    for path in named.filter(|name| !name.ends_with("_faults")) {
        let (module, name) = path.rsplit_once("::").unwrap_or(("faults", path));
        let module = module.split("::").next().unwrap_or_default();
        let source = tests.iter().find(|(known, _)| *known == module).map(|(_, source)| *source);
        assert!(source.is_some_and(|source| source.contains(&format!("fn {name}()"))), "{path}");
        count += 1;
    }
    assert!(count > 30, "{count}");
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
fn crlf_across_two_reads_is_one_line_end() {
    let (csv, table) = (headerless(), layout(&["x string"]));
    let text = b"a\r\nb\rc\r\n\r\n\"d\r\n\"\r\ne\r";
    for row_group_bytes in [1, 2, 3, 5, 8, 1000] {
        let limits = Limits { row_group_bytes, ..Limits::default() };
        let mut silver = Vec::new();
        let spec = Spec { limits, ..Spec::new(&csv, &table) };
        let done = convert(&spec, Slow(text), &mut silver, &mut Collected::default()).unwrap();
        assert_eq!((done.rows, done.bad_rows), (6, 0), "{row_group_bytes}");
        let whole = run(&csv, &table, text).rows();
        assert!(super::read_back(&silver) == whole);
    }
}

#[test]
fn a_header_that_repeats_itself_or_has_holes_is_another_header() {
    let table = layout(&["a int64", "b int64", "c int64"]);
    for header in ["a,a,c", "a,b,", ",,", "a,b,b"] {
        let outcome = run(&Csv::default(), &table, format!("{header}\n1,2,3\n").as_bytes());
        assert_eq!(outcome.kind(), "header_mismatch", "{header}");
    }
    assert_eq!(run(&Csv::default(), &table, b"a,b,c,\n1,2,3,\n").kind(), "unmatched");
}

#[test]
fn names_equal_but_for_case_are_told_apart_by_place() {
    let mut table = layout(&["id int64", "id_2 int64"]);
    assert_eq!(run(&Csv::default(), &table, b"ID,Id\n1,2\n").kind(), "header_mismatch");
    table.columns[1].from = Some("Id".into());
    assert_eq!(format!("{:?}", run(&Csv::default(), &table, b"ID,Id\n1,2\n").rows()), "[[Long(1), Long(2)]]");
}

#[test]
fn ten_thousand_columns_are_read() {
    let names: Vec<String> = (0..10_000).map(|column| format!("c{column} int32")).collect();
    let table = layout(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let line = |cell: &dyn Fn(usize) -> String| (0..10_000).map(cell).collect::<Vec<_>>().join(",");
    let rows = line(&|column| column.to_string());
    let text = format!("{}\n{rows}\n{rows}\n", line(&|column| format!("C{column}")));
    let outcome = run(&Csv::default(), &table, text.as_bytes());
    assert_eq!((outcome.rows().len(), outcome.rejects.len()), (2, 0));
    assert_eq!(infer(text.as_bytes()).unwrap().layout.columns.len(), 10_000);
}

/// Many bytes of the same kind between a beginning and an end, never all in memory.
fn long(front: &'static [u8], bytes: u64, behind: &'static [u8]) -> impl Read + Send {
    front.chain(io::repeat(b'x').take(bytes)).chain(behind)
}

#[test]
fn a_line_without_end_is_one_bad_row() {
    let (csv, table) = (headerless(), layout(&["x int64"]));
    let spec = Spec::new(&csv, &table);
    let mut rejects = Collected::default();
    let source = long(b"1\n", 1 << 30, b"\n2\n");
    let done = convert(&spec, source, io::sink(), &mut rejects).unwrap();
    assert_eq!((done.rows, done.bad_rows), (2, 1));
    assert_eq!(rejects.rows[0].reason, "the row is longer than 1048576 bytes");
    assert!(rejects.rows[0].raw.len() <= 1 << 20, "only its beginning is kept");
}

#[test]
fn a_quoted_field_of_a_hundred_megabytes_is_read_where_rows_may_be_so_long() {
    let (csv, table) = (headerless(), layout(&["x string", "y int64"]));
    let source = || long(b"\"", 100 << 20, b"\n\",1\nb,2\n");
    let limits = Limits { longest_row_bytes: 128 << 20, ..Limits::default() };
    let spec = Spec { limits, ..Spec::new(&csv, &table) };
    let done = convert(&spec, source(), io::sink(), &mut Collected::default()).unwrap();
    assert_eq!((done.rows, done.bad_rows), (2, 0));
    let mut rejects = Collected::default();
    let done = convert(&Spec::new(&csv, &table), source(), io::sink(), &mut rejects).unwrap();
    assert_eq!(done.rows, 1, "{:?}", rejects.rows.iter().map(|bad| &bad.reason).collect::<Vec<_>>());
}

#[test]
fn a_wrong_delimiter_refuses_the_file() {
    let table = layout(&["a int64", "b int64"]);
    let error = run(&Csv::default(), &table, b"a;b\n1;2\n").result.unwrap_err();
    assert_eq!(error.kind(), "unmatched");
    assert!(error.to_string().contains("or correct `delimiter`"), "{error}");
}

#[test]
fn a_second_table_in_the_file_is_bad_rows() {
    let table = layout(&["a int64", "b string"]);
    let outcome = run(&Csv::default(), &table, b"a,b\n1,x\n\nname,city,zip\nAnn,Rome,1\na,b\n2,y\n");
    assert_eq!(outcome.rows().len(), 2);
    let reasons: Vec<_> = outcome.rejects.iter().map(|bad| (bad.line, bad.reason.as_str())).collect();
    let (many, no_int) =
        ("too many fields: the layout has 2, the row 3", "the value in column 1 `a` is no int64");
    assert_eq!(reasons, [(4, many), (5, many), (6, no_int)]);
}

#[test]
fn a_header_that_drifted_is_refused() {
    let table = layout(&["a int64", "b int64", "c int64"]);
    for (header, kind) in
        [("b,a,c", "header_mismatch"), ("a,b,x", "header_mismatch"), ("a,b", "unmatched"), ("A,b,C", "fine")]
    {
        assert_eq!(run(&Csv::default(), &table, format!("{header}\n").as_bytes()).kind(), kind, "{header}");
    }
}

/// A type, a field, and the value in the way of the parquet crate; `bad` for a bad row.
#[test]
fn values_at_the_edges_of_their_types() {
    let nines = "9".repeat(38);
    let decimal = format!("Decimal({nines})");
    let cases: &[(&str, &str, &str)] = &[
        ("int32", "2147483647", "Int(2147483647)"),
        ("int32", "2147483648", "bad"),
        ("int32", "-2147483649", "bad"),
        ("int64", "9223372036854775807", "Long(9223372036854775807)"),
        ("int64", "-9223372036854775809", "bad"),
        ("int64", "18446744073709551615", "bad"),
        ("int64", "007", "Long(7)"),
        ("string", "007", "Str(\"007\")"),
        ("int64", "\"1,234\"", "bad"),
        ("int64", "1 234", "bad"),
        ("decimal(9,2)", "\"1,234.50\"", "bad"),
        ("int64", "1.0", "bad"),
        ("float64", "1e308", "Double(1e308)"),
        ("float64", "1e309", "bad"),
        ("float64", "-1e309", "bad"),
        ("float32", "1e39", "bad"),
        ("float64", "5e-324", "Double(5e-324)"),
        ("float64", "1e-400", "Double(0.0)"),
        ("float64", "NaN", "Double(NaN)"),
        ("float64", "-Infinity", "Double(-inf)"),
        ("float64", "-0", "Double(-0.0)"),
        ("int64", "-0", "Long(0)"),
        ("float64", "\"1,5\"", "bad"),
        ("decimal(38,0)", &nines, &decimal),
        ("decimal(38,0)", "100000000000000000000000000000000000000", "bad"),
        ("decimal(9,2)", "1.005", "bad"),
        ("decimal(9,2)", "1e2", "bad"),
        ("date", "0000-01-01", "bad"),
        ("date", "0001-01-01", "Date(-719162)"),
        ("date", "9999-12-31", "Date(2932896)"),
        ("date", "10000-01-01", "bad"),
        ("date", "2024-02-29", "Date(19782)"),
        ("date", "2023-02-29", "bad"),
        ("date", "1900-02-29", "bad"),
        // Days before 1582 are Gregorian too, as in every engine that reads Parquet: 1500 has no leap day.
        ("date", "1582-10-10", "Date(-141432)"),
        ("date", "1500-02-29", "bad"),
        ("timestamp(ms)", "1970-01-01T01:00:00+01:00", "TimestampMillis(0)"),
        ("timestamp(us)", "1970-01-01 00:00:00.123456789", "TimestampMicros(123456)"),
        ("timestamp(ms)", "1970-01-01 00:00:60", "bad"),
        ("bool", "yes", "Bool(true)"),
        ("bool", "No", "Bool(false)"),
        ("bool", "1", "Bool(true)"),
        ("bool", "2", "bad"),
        ("bool", "ja", "bad"),
    ];
    for (kind, text, wanted) in cases {
        let outcome = run(
            &headerless(),
            &layout(&[&format!("x {kind}"), "y string"]),
            format!("{text},y\n").as_bytes(),
        );
        let found = match outcome.rejects.as_slice() {
            [] => outcome.rows().iter().map(|row| super::round_trip::shown(&row[0])).collect(),
            [bad] => bad.reason.replace(&format!("the value in column 1 `x` is no {kind}"), "bad"),
            _ => String::new(),
        };
        assert_eq!(found, *wanted, "{text} as {kind}");
    }
}

#[test]
fn a_type_that_changes_late_is_a_bad_row_and_inference_sees_it() {
    let text = "1,x\n".repeat(1_000_000) + "late,x\n";
    let table = layout(&["a int64", "b string"]);
    let outcome = run_with(&headerless(), &table, &table, Limits::default(), text.as_bytes());
    assert_eq!((outcome.result.unwrap().rows, outcome.rejects[0].line), (1_000_000, 1_000_001));
    let kinds: Vec<_> =
        infer(text.as_bytes()).unwrap().layout.columns.iter().map(|c| c.kind.to_string()).collect();
    assert_eq!(kinds, ["string", "string"]);
}
