//! Quotes other than `"`, none at all, and backslashes: what a text means, and that the fast way and
//! the general way agree on it wherever blocks and segments end.

use tarn_lake::{Csv, Escape};

use super::{Bad, Outcome, Random, headerless, layout, run, run_with};
use crate::Limits;

fn single() -> Csv {
    Csv { quote: Some('\''), ..headerless() }
}

fn unquoted() -> Csv {
    Csv { quote: None, ..headerless() }
}

fn backslash() -> Csv {
    Csv { escape: Escape::Backslash, ..headerless() }
}

fn read(csv: &Csv, text: &str) -> Outcome {
    run(csv, &layout(&["x string", "y string"]), text.as_bytes())
}

#[test]
fn any_ascii_byte_can_be_the_quote() {
    let cases: &[(char, &str, &[[&str; 2]])] = &[
        ('\'', "'a,b','it''s'\n", &[["a,b", "it's"]]),
        ('\'', "\"a\",b\n'c\nd',\"\n", &[["\"a\"", "b"], ["c\nd", "\""]]),
        ('|', "|a,b|,||||\n", &[["a,b", "|"]]),
        ('\x02', "\x02a\n\x02,\x02\x02\n", &[["a\n", ""]]),
        (' ', " a,b ,c\n", &[["a,b", "c"]]),
    ];
    for (quote, text, rows) in cases {
        assert_eq!(read(&Csv { quote: Some(*quote), ..headerless() }, text).texts(), *rows, "{quote:?}");
    }
}

#[test]
fn without_quotes_a_quote_is_text() {
    let outcome = read(&unquoted(), "\"a\",\"b\n\"\"c\",\\\n5\",x\n");
    assert_eq!(outcome.texts(), [["\"a\"", "\"b"], ["\"\"c\"", "\\"], ["5\"", "x"]]);
    assert_eq!(
        read(&unquoted(), ",\"\"\n").texts(),
        [["-", "\"\""]],
        "there is no way to write the empty text"
    );
}

#[test]
fn another_quote_goes_the_fast_way_and_means_the_same() {
    let mut random = Random(21);
    for limits in [Limits::default(), Limits { row_group_bytes: 5_000, threads: 1, ..Limits::default() }] {
        let text: String = (0..9_000).map(|row| row_of(&mut random, row)).collect();
        let table = layout(&["id int64", "note string", "price decimal(9,2)"]);
        let double = run_with(&headerless(), &table, &table, limits, text.as_bytes());
        let text = text.replace('"', "\t").replace('\'', "\"").replace('\t', "'");
        let single = run_with(&single(), &table, &table, limits, text.as_bytes());
        assert_eq!(double.rejects, []);
        assert!(double.rows().len() == 9_000);
        let swapped = |outcome: &Outcome| format!("{:?}", outcome.rows()).replace('"', "");
        assert_eq!(swapped(&double), swapped(&single).replace("\\'", "'"));
    }
}

/// A row whose texts hold no quote of either kind.
fn row_of(random: &mut Random, row: u64) -> String {
    let note = ["plain", "\"two\nlines\"", "\"a,b\"", "\"\"", ""][random.below(5) as usize];
    let price = if random.one_in(2) { "\"1.25\"" } else { "7.5" };
    format!("{row},{note},{price}\n")
}

#[test]
fn behind_a_backslash_any_byte_is_itself_inside_of_quotes() {
    let cases: &[(&str, [&str; 2])] = &[
        (r#""a \"b\" c",d"#, [r#"a "b" c"#, "d"]),
        (r#""a\\",b"#, [r"a\", "b"]),
        (r#""a\nb",\t"#, ["anb", "t"]),
        ("\"a\\\nb\",\"c\nd\"", ["a\nb", "c\nd"]),
        (r#""a\,b","c,d""#, ["a,b", "c,d"]),
        ("\"\\é\",\"\"", ["é", ""]),
    ];
    for (text, row) in cases {
        assert_eq!(read(&backslash(), text).texts(), [*row], "{text}");
    }
}

#[test]
fn behind_a_backslash_any_byte_is_itself_outside_of_quotes() {
    let cases: &[(&str, [&str; 2])] = &[
        (r"a\,b,c", ["a,b", "c"]),
        ("a\\\nb,c", ["a\nb", "c"]),
        ("a\\\r\\\nb,c", ["a\r\nb", "c"]),
        (r#"\"a,b\""#, ["\"a", "b\""]),
        (r"a\\,b", [r"a\", "b"]),
        ("a\\\\,\n", [r"a\", "-"]),
        (r"C:\\dir\\,\ ", [r"C:\dir\", " "]),
        ("a,b\\", ["a", "b\\"]),
    ];
    for (text, row) in cases {
        assert_eq!(read(&backslash(), text).texts(), [*row], "{text}");
        let unquoted = Csv { quote: None, ..backslash() };
        assert_eq!(read(&unquoted, text).texts(), [*row], "{text}");
    }
}

#[test]
fn beside_backslashes_a_doubled_quote_is_text_behind_a_quote() {
    let outcome = read(&backslash(), "\"a\"\"b\",c\nd,e\n");
    assert_eq!(outcome.texts(), [["d", "e"]]);
    let reason = "text follows a closing quote; a quote inside a quoted field is written behind a backslash";
    assert_eq!(outcome.rejects[0].reason, reason);
}

#[test]
fn a_null_spelling_with_a_backslash_is_taken_as_it_stands() {
    let csv = Csv { nulls: vec!["\\N".into(), "NULL".into()], ..backslash() };
    let outcome = run(
        &csv,
        &layout(&["x string", "y int64"]),
        b"\\N,\\N\n\\\\N,1\nN,2\n\\NULL,3\nNULL,NULL\n\"\\N\",4\n",
    );
    let rows: Vec<_> = outcome.rows().iter().map(|row| format!("{} {}", row[0], row[1])).collect();
    assert_eq!(rows, ["null null", "\"\\N\" 1", "\"N\" 2", "\"NULL\" 3", "null null", "null 4"]);
}

#[test]
fn values_of_every_type_may_hold_backslashes() {
    let columns = ["a int64", "b decimal(9,2)", "c date", "d date %d\\%m\\%Y", "e bool"];
    let outcome =
        run(&backslash(), &layout(&columns), b"1\\2,\"3\\.5\",2024\\-02-29,29\\\\02\\\\2024,\\true\n");
    assert_eq!(outcome.rejects, []);
    let row = format!("{:?}", outcome.rows()[0]);
    assert!(
        row.starts_with("[Long(12), Decimal") && row.ends_with("Date(19782), Date(19782), Bool(true)]"),
        "{row}"
    );
}

#[test]
fn lines_and_offsets_count_escaped_line_ends() {
    let outcome =
        run(&backslash(), &layout(&["x string", "y int64"]), b"a\\\nb,1\nc,bad\n\"d\\\n\n\",2\ne,bad\n");
    let places: Vec<_> =
        outcome.rejects.iter().map(|Bad { line, byte_offset, .. }| (*line, *byte_offset)).collect();
    assert_eq!(places, [(3, 7), (7, 22)]);
}

#[test]
fn an_unterminated_quote_beside_backslashes_costs_one_line() {
    let outcome = read(&backslash(), "a,b\nc,\"d\\\"\ne,f\n");
    assert_eq!(outcome.texts(), [["a", "b"], ["e", "f"]]);
    assert!(outcome.rejects[0].reason.starts_with("a quote is opened and not closed"));
}

/// Texts of random fields, each written in one of the ways that its dialect has, at every size of
/// segment: the rows are the same, and they are the right ones.
#[test]
fn segments_and_blocks_of_any_size_give_the_same_rows_of_escaped_text() {
    let mut random = Random(22);
    for quote in [Some('"'), None] {
        let csv = Csv { quote, ..backslash() };
        let (mut text, mut wanted) = (String::new(), Vec::new());
        for _ in 0..300 {
            let row = [some_text(&mut random), some_text(&mut random)];
            let written = row.each_ref().map(|field| escaped(&mut random, field, quote));
            text += &(written.join(",") + "\n");
            wanted.push(row);
        }
        let table = layout(&["x string", "y string"]);
        for row_group_bytes in (1..700).step_by(11).chain([4096, 1 << 20]) {
            let limits = Limits { row_group_bytes, longest_row_bytes: 200, threads: 2, ..Limits::default() };
            let outcome = run_with(&csv, &table, &table, limits, text.as_bytes());
            assert_eq!(outcome.rejects, []);
            assert!(outcome.texts() == wanted, "{quote:?} {row_group_bytes}");
        }
    }
}

fn some_text(random: &mut Random) -> String {
    const PIECES: [&str; 9] = ["a", "bc", "é", "\\", "\"", "\n", "\r\n", ",", "N"];
    let length = 1 + random.below(8);
    (0..length).map(|_| PIECES[random.below(9) as usize]).collect()
}

fn escaped(random: &mut Random, text: &str, quote: Option<char>) -> String {
    let quoted = quote.is_some() && random.one_in(2);
    let escape = |character: char| match character {
        '\\' | '"' => format!("\\{character}"),
        '\n' | '\r' | ',' if !quoted || random.one_in(4) => format!("\\{character}"),
        other => other.to_string(),
    };
    let written: String = text.chars().map(escape).collect();
    if quoted { format!("\"{written}\"") } else { written }
}

#[test]
fn characters_that_cannot_be_a_dialect_are_refused() {
    for csv in [
        Csv { quote: Some(','), ..headerless() },
        Csv { quote: Some('é'), ..headerless() },
        Csv { quote: Some('\n'), ..headerless() },
        Csv { comment: Some('"'), ..headerless() },
        Csv { comment: Some(','), ..headerless() },
        Csv { delimiter: '\\', ..backslash() },
        Csv { quote: Some('\\'), ..backslash() },
    ] {
        assert_eq!(read(&csv, "a,b\n").kind(), "spec", "{csv:?}");
    }
}
