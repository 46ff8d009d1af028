//! Lines that are no rows: where they stand, what they hide, and that they still count as lines.

use tarn_lake::{Csv, Escape};

use super::{Bad, Outcome, Random, headerless, layout, run, run_with};
use crate::Limits;

fn commented() -> Csv {
    Csv { comment: Some('#'), ..headerless() }
}

fn read(text: &str) -> Outcome {
    run(&commented(), &layout(&["x string", "y string"]), text.as_bytes())
}

#[test]
fn a_line_that_begins_with_the_byte_is_no_row() {
    let cases: &[(&str, &str, &[[&str; 2]])] = &[
        ("between", "a,b\n# no row\nc,d\n", &[["a", "b"], ["c", "d"]]),
        ("first and last", "#\na,b\n#x", &[["a", "b"]]),
        ("CRLF", "# x\r\na,b\r\n#\r\nc,d\r\n", &[["a", "b"], ["c", "d"]]),
        ("CR", "# x\ra,b\r#\rc,d", &[["a", "b"], ["c", "d"]]),
        ("quotes in it mean nothing", "#,\"a\nb\",\"c\"\n", &[["b\"", "c"]]),
        ("quotes in it, balanced with the next line", "#,\"a\nb,\"c\"\n", &[["b", "c"]]),
        ("inside of quotes it is text", "\"a\n#b\",c\n", &[["a\n#b", "c"]]),
        ("behind a space it is text", " #a,b\n", &[[" #a", "b"]]),
        ("inside of a row it is text", "a#,#b\n", &[["a#", "#b"]]),
        ("in quotes at the front it is text", "\"#a\",b\n", &[["#a", "b"]]),
        ("behind an empty line", "a,b\n\n#c,d\n", &[["a", "b"]]),
    ];
    for (name, text, rows) in cases {
        assert_eq!(read(text).texts(), *rows, "{name}");
    }
}

#[test]
fn comments_stand_before_the_header_too() {
    let csv = Csv { header: true, ..commented() };
    let table = layout(&["x string", "y int64"]);
    let text = "# exported today\n#\n\nx,y\n# units: none\na,1\nb,bad\n";
    for row_group_bytes in [1, 10, 24 << 20] {
        let limits = Limits { row_group_bytes, ..Limits::default() };
        let outcome = run_with(&csv, &table, &table, limits, text.as_bytes());
        assert_eq!(outcome.rows().len(), 1, "{row_group_bytes}");
        let Bad { line, byte_offset, .. } = &outcome.rejects[0];
        assert_eq!((*line, *byte_offset), (7, text.find("b,bad").unwrap() as u64));
        assert_eq!(run_with(&csv, &table, &table, limits, b"# only\n#\n").kind(), "empty");
    }
    assert_eq!(
        run(&csv, &layout(&["#x string", "y int64"].map(|c| c.trim_start_matches('#'))), b"#x,y\na,1\n")
            .kind(),
        "header_mismatch"
    );
}

#[test]
fn an_escaped_comment_is_a_row() {
    let csv = Csv { escape: Escape::Backslash, ..commented() };
    let outcome = run(&csv, &layout(&["x string", "y string"]), b"\\#a,b\n#c\\\nd,e\n");
    assert_eq!(outcome.texts(), [["#a", "b"], ["d", "e"]], "a backslash in a comment means nothing");
}

#[test]
fn a_comment_longer_than_a_row_may_be_is_stepped_over() {
    let limits = Limits { longest_row_bytes: 20, ..Limits::default() };
    let table = layout(&["x int64", "y string"]);
    for length in [19, 20, 21, 22, 300, 700_000] {
        for row_group_bytes in [1, 64, 24 << 20] {
            let text = format!("1,a\n#{}\r\n3,b\nx,c\n", "y".repeat(length));
            let outcome =
                run_with(&commented(), &table, &table, Limits { row_group_bytes, ..limits }, text.as_bytes());
            assert_eq!(outcome.rows().len(), 2, "{length} {row_group_bytes}");
            assert_eq!((outcome.rejects[0].line, outcome.rejects.len()), (4, 1));
        }
    }
    let text = format!("1,a\n#{}", "y".repeat(600_000));
    assert_eq!(run_with(&commented(), &table, &table, limits, text.as_bytes()).rows().len(), 1);
}

#[test]
fn a_file_without_comments_is_read_as_if_none_were_declared() {
    let text = "1,\"a\n#x\"\n2,b#\n".repeat(3000);
    let table = layout(&["x int64", "y string"]);
    let with = run(&commented(), &table, text.as_bytes());
    assert!(with.rows() == run(&headerless(), &table, text.as_bytes()).rows());
}

/// Rows with comments between them, some of them many, and quotes in both.
#[test]
fn segments_and_blocks_of_any_size_give_the_same_rows() {
    let mut random = Random(31);
    let (mut text, mut rows, mut bad) = (String::new(), 0, Vec::new());
    for _ in 0..1500 {
        match random.below(12) {
            0 => text += ["# plain\n", "#\"open,\n", "#\n", "#,\"a\"\r\n"][random.below(4) as usize],
            1 => {
                bad.push((1 + text.matches('\n').count() as u64, text.len() as u64));
                text += "bad,row\n";
            }
            _ => {
                rows += 1;
                text += ["1,plain\n", "2,\"two\n#lines\"\n", "3,\"a,\"\"b\"\"\"\n"][random.below(3) as usize];
            }
        }
    }
    let table = layout(&["x int64", "y string"]);
    let whole = run(&commented(), &table, text.as_bytes());
    let places = |outcome: &Outcome| -> Vec<_> {
        outcome.rejects.iter().map(|bad| (bad.line, bad.byte_offset)).collect()
    };
    assert_eq!((whole.rows().len(), places(&whole)), (rows, bad));
    for row_group_bytes in (1..600).step_by(17).chain([5_000, 9_999]) {
        let limits = Limits { row_group_bytes, longest_row_bytes: 200, threads: 2, ..Limits::default() };
        let parts = run_with(&commented(), &table, &table, limits, text.as_bytes());
        assert_eq!(parts.rejects, whole.rejects, "{row_group_bytes}");
        assert!(parts.rows() == whole.rows(), "{row_group_bytes}");
    }
}
