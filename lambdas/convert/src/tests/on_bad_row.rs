//! What a table declares about its bad rows: `on_bad_row`, `max_bad_rows`, `max_bad_share`.

use tarn_lake::{BadRows, Layout, OnBadRow};

use super::{Bad, Outcome, Random, gzip, headerless, layout, run_spec};
use crate::{ConvertError, JsonLinesRejects, Limits, Spec, convert};

const NULL: BadRows = BadRows { action: OnBadRow::Null, max_rows: None, max_share: None };
const FAIL: BadRows = BadRows { action: OnBadRow::Fail, max_rows: None, max_share: None };

fn events() -> Layout {
    layout(&["id int32!", "name string", "price decimal(6,2)", "day date"])
}

fn read(bad_rows: BadRows, text: &[u8]) -> Outcome {
    read_with(bad_rows, Limits::default(), text)
}

fn read_with(bad_rows: BadRows, limits: Limits, text: &[u8]) -> Outcome {
    run_spec(&Spec { bad_rows, limits, ..Spec::new(&headerless(), &events()) }, text)
}

fn rows(outcome: &Outcome) -> Vec<String> {
    let shown =
        |row: Vec<parquet::record::Field>| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    outcome.rows().into_iter().map(shown).collect()
}

#[test]
fn with_null_an_unreadable_value_becomes_null_and_leaves_a_trace() {
    let outcome = read(NULL, b"1,a,1.5,2024-02-29\n2,\xff,x,2023-02-29\n3,c,3,2024-03-01\n");
    assert_eq!(rows(&outcome), ["1 \"a\" 1.50 2024-02-29", "2 null null null", "3 \"c\" 3.00 2024-03-01"]);
    let done = outcome.result.as_ref().unwrap();
    assert_eq!((done.rows, done.bad_rows, done.nulled_rows, done.nulled_values), (3, 0, 1, 3));
    let reason = "invalid encoding: the text in column 2 `name` cannot be decoded".into();
    let raw = "2,\u{fffd},x,2023-02-29".into();
    assert_eq!(outcome.rejects, [Bad { line: 2, byte_offset: 19, raw, reason }]);
    assert_eq!(outcome.nulled, ["name price day"]);
}

#[test]
fn with_null_a_row_that_cannot_do_without_goes_to_quarantine() {
    let cases: &[(&[u8], &str)] = &[
        (b"x,a,1,2024-01-01", "the value in column 1 `id` is no int32"),
        (b"x,a,y,2024-01-01", "the value in column 1 `id` is no int32"),
        (b",a,y,2024-01-01", "column 1 `id` is required and empty"),
        (b"1,a,1", "too few fields: the layout has 4, the row 3"),
        (b"1,a,y,2024-01-01,", "too many fields: the layout has 4, the row 5"),
        (
            b"1,\"a\"b,y,2024-01-01",
            "text follows a closing quote; a quote inside a quoted field is written twice",
        ),
        (b"1,\0,y,2024-01-01", "the row holds a NUL byte"),
    ];
    for (row, reason) in cases {
        let text = [&b"1,first,1,2024-01-01\n".repeat(30)[..], row, b"\n2,last,2,2024-01-01\n"].concat();
        let outcome = read(NULL, &text);
        assert_eq!(outcome.rows().len(), 31, "{reason}");
        assert_eq!((outcome.rejects[0].reason.as_str(), outcome.nulled[0].as_str()), (*reason, ""));
        assert_eq!(outcome.result.unwrap().bad_rows, 1);
    }
}

#[test]
fn with_null_a_required_column_that_the_schema_has_not_is_of_no_account() {
    let (old, new) = (layout(&["id int32", "gone int32!"]), layout(&["id int32"]));
    let csv = headerless();
    let spec = Spec { schema: &new, bad_rows: NULL, ..Spec::new(&csv, &old) };
    let outcome = run_spec(
        &spec, b"x,
1,y
",
    );
    assert_eq!(rows(&outcome), ["null", "1"]);
}

#[test]
fn the_trace_says_which_columns_became_null() {
    let (csv, table) = (headerless(), layout(&["id int32", "n int32"]));
    let spec = Spec { bad_rows: NULL, ..Spec::new(&csv, &table) };
    let mut rejects = JsonLinesRejects::new(Vec::new());
    convert(&spec, &b"1,x\n2\n"[..], Vec::new(), &mut rejects).unwrap();
    let lines = String::from_utf8(rejects.finish().unwrap()).unwrap();
    let kept = r#"{"line":1,"byte_offset":0,"reason":"the value in column 2 `n` is no int32","column_name":"n","nulled":["n"],"raw":"1,x"}"#;
    let lost = r#"{"line":2,"byte_offset":4,"reason":"too few fields: the layout has 2, the row 1","column_name":null,"nulled":[],"raw":"2"}"#;
    assert_eq!(lines, format!("{kept}\n{lost}\n"));
}

#[test]
fn with_fail_the_first_bad_row_refuses_the_file_and_is_named() {
    let outcome = read(FAIL, b"1,a,1,2024-01-01\n2,b,x,2024-01-01\n3\n");
    let error = outcome.result.unwrap_err();
    assert_eq!((error.kind(), error.is_the_files_fault()), ("bad_row", true));
    let message = "line 2, at byte 17: the value in column 3 `price` is no decimal(6,2); the table takes no bad rows \
                   (`on_bad_row = \"fail\"`)";
    assert_eq!(error.to_string(), message);
    assert_eq!(read(FAIL, b"1,a,1,2024-01-01\n").rows().len(), 1);
}

#[test]
fn the_fault_that_is_told_is_the_first_of_the_file_with_any_number_of_threads() {
    let mut random = Random(41);
    for _ in 0..30 {
        let good = |count: u64| "1,a,1,2024-01-01\n".repeat(count as usize);
        let (before, between) = (random.below(4000), random.below(4000));
        let text = format!("{}x,,,\n{}y,y\n{}", good(before), good(between), good(300));
        for threads in [1, 2, 4] {
            let limits = Limits { threads, row_group_bytes: 2_000, ..Limits::default() };
            let error = read_with(FAIL, limits, text.as_bytes()).result.unwrap_err();
            assert!(matches!(error, ConvertError::BadRow { line, .. } if line == before + 1), "{error}");
        }
    }
}

#[test]
fn a_bad_row_before_the_place_where_a_file_is_damaged_is_told_first() {
    let text: String =
        (0..60_000).map(|row| format!("{row},a,{}.25,2024-01-01\n", row * 7919 % 9973)).collect();
    let packed = gzip(format!("x,,,\n{text}").as_bytes());
    for threads in [1, 4] {
        let limits = Limits { threads, row_group_bytes: 40_000, ..Limits::default() };
        assert_eq!(read_with(FAIL, limits, &packed[..packed.len() - 20]).kind(), "bad_row");
    }
}

#[test]
fn the_tables_number_of_bad_rows_comes_before_the_engines() {
    for (max_rows, engine, bad, kind) in [
        (Some(2), 9, 2, "fine"),
        (Some(2), 9, 3, "too_many_bad_rows"),
        (Some(9), 2, 9, "fine"),
        (Some(0), 9, 1, "too_many_bad_rows"),
        (None, 2, 3, "too_many_bad_rows"),
    ] {
        let limits = Limits { max_bad_rows: engine, ..Limits::default() };
        let bad_rows = BadRows { max_rows, ..BadRows::default() };
        let outcome = read_with(bad_rows, limits, "x,,,\n".repeat(bad).as_bytes());
        assert_eq!(outcome.kind(), kind, "{max_rows:?} {engine} {bad}");
    }
    let bad_rows = BadRows { max_rows: Some(1), ..BadRows::default() };
    let error = read(bad_rows, b"1,a,1,2024-01-01\nx,,,\n2\n3\n").result.unwrap_err().to_string();
    let wanted = "more than 1 rows are bad, the first on line 2: the value in column 1 `id` is no int32; the layout may \
                  be wrong, or raise `max_bad_rows`";
    assert_eq!(error, wanted);
}

#[test]
fn the_share_of_bad_rows_is_judged_at_the_end() {
    let share = |max_share| BadRows { max_share: Some(max_share), ..BadRows::default() };
    for (max_share, bad, all, kind) in [
        (0.0, 0, 5, "fine"),
        (0.0, 1, 1000, "too_many_bad_rows"),
        (0.29, 29, 100, "fine"),
        (0.29, 30, 100, "too_many_bad_rows"),
        (0.5, 1, 2, "fine"),
        (0.5, 2, 3, "too_many_bad_rows"),
        (1.0, 7, 7, "fine"),
    ] {
        // The bad ones come first: half-way they are a greater share than at the end.
        let text = "x,,,\n".repeat(bad) + &"1,a,1,2024-01-01\n".repeat(all - bad);
        let outcome = run_spec(
            &Spec { bad_rows: share(max_share), ..Spec::new(&headerless(), &events()) },
            text.as_bytes(),
        );
        assert_eq!(outcome.kind(), kind, "{bad} of {all}, {max_share}");
    }
    assert_eq!(read(share(0.1), b"").kind(), "fine");
    let error = read(share(0.1), b"x,,,\n1,a,1,2024-01-01\n").result.unwrap_err().to_string();
    assert!(
        error.starts_with("1 of 2 rows are bad, a greater share than 0.1, the first on line 1: the value"),
        "{error}"
    );
}

#[test]
fn a_row_that_is_kept_without_a_value_counts_as_a_bad_one() {
    let bad_rows = BadRows { max_share: Some(0.4), ..NULL };
    assert_eq!(read(bad_rows, b"1,a,1,2024-01-01\n2,b,x,2024-01-01\n").kind(), "too_many_bad_rows");
    let bad_rows = BadRows { max_rows: Some(0), ..NULL };
    assert_eq!(read(bad_rows, b"1,a,1,x\n").kind(), "too_many_bad_rows");
}

#[test]
fn nothing_whole_is_written_of_a_refused_file() {
    for bad_rows in [FAIL, BadRows { max_share: Some(0.0), ..NULL }] {
        let outcome = read(bad_rows, b"1,a,1,2024-01-01\n2,b,x,2024-01-01\n");
        assert!(outcome.result.is_err());
        assert!(!outcome.silver.ends_with(b"PAR1") || outcome.silver.len() == 4, "{:?}", outcome.silver);
    }
}

#[test]
fn with_null_any_segments_and_threads_give_the_same() {
    let mut random = Random(43);
    let mut text = String::new();
    for row in 0..20_000 {
        text += &match random.below(30) {
            0 => format!("{row},a,x,y\n"),
            1 => format!("{row},\"b\n\",1,x\n"),
            2 => "lost\n".into(),
            _ => format!("{row},c,1.5,2024-01-01\n"),
        };
    }
    let with = |threads, row_group_bytes| {
        let limits = Limits { threads, row_group_bytes, ..Limits::default() };
        run_spec(&Spec { bad_rows: NULL, limits, ..Spec::new(&headerless(), &events()) }, text.as_bytes())
    };
    let one = with(1, 30_000);
    assert!(one.result.as_ref().unwrap().nulled_values > 1000);
    for (threads, row_group_bytes) in [(2, 30_000), (4, 30_000), (3, 700), (1, 1 << 20)] {
        let other = with(threads, row_group_bytes);
        assert_eq!((&other.rejects, &other.nulled), (&one.rejects, &one.nulled));
        assert!(other.rows() == one.rows());
        assert!(row_group_bytes != 30_000 || other.silver == one.silver);
    }
}
