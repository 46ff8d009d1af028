//! The fast way gives what the general way gives, wherever blocks and segments end, with any
//! number of threads.

use parquet::record::Field;
use tarn_lake::Escape;

use super::{Outcome, Random, headerless, layout, read_back, run_with};
use crate::Limits;
use crate::quoting::Quoting;
use crate::rows::Dialect;
use crate::scan::Grammar;
use crate::tokens::{SLACK, Shape, Tokeniser, regular_end};

const DIALECT: Dialect = Dialect {
    grammar: Grammar { delimiter: b',', quoting: Quoting { quote: Some(b'"'), escape: Escape::Doubled } },
    comment: None,
    longest_row_bytes: 90,
    empty_line_is_a_row: false,
};

fn shape(quotes: bool) -> Shape {
    let quote = quotes.then_some(b'"');
    Shape { delimiter: b',', columns: 3, quote, doubled: true, longest_row_bytes: 90, most_rows: usize::MAX }
}

/// Rows of three columns, most of them regular, at an offset and with slack behind them.
fn random_text(random: &mut Random) -> (Vec<u8>, usize) {
    const PIECES: [&str; 10] = ["a", "bcd", "é", "7", " ", "\"\"", "\n", ",", "\r", "\r\n"];
    let mut text = vec![b'x'; 64];
    let crlf = random.one_in(3);
    for _ in 0..random.below(30) {
        for column in 0..3 {
            let quoted = random.one_in(3);
            let pieces =
                (0..random.below(12)).map(|_| PIECES[random.below(if quoted { 10 } else { 5 }) as usize]);
            let content: String = pieces.collect();
            let field = if quoted { format!("\"{content}\"") } else { content };
            text.extend_from_slice(field.as_bytes());
            text.extend_from_slice(if column < 2 {
                b","
            } else if crlf {
                b"\r\n"
            } else {
                b"\n"
            });
        }
        if random.one_in(40) {
            text.extend_from_slice(
                [&b"\n"[..], b"5\" x,y,z\n", b"\0,,\n", b"a,b\n", b"\"a,b,c\n"][random.below(5) as usize],
            );
        }
    }
    let end = text.len();
    text.extend_from_slice(&[b'\n'; SLACK]);
    (text, end)
}

#[test]
fn the_tokeniser_finds_the_fields_that_the_general_way_finds() {
    let (mut random, mut tokeniser, mut regular) = (Random(11), Tokeniser::default(), 0);
    for _ in 0..4000 {
        let (text, end) = random_text(&mut random);
        let to = 64 + random.below((end - 64 + 1) as u64) as usize;
        let quotes = text[64..to].contains(&b'"');
        if quotes && regular_end(&text, 64, end, true, shape(true)).is_none() {
            continue;
        }
        let Some(found) = tokeniser.rows(&text, 64, to, shape(quotes)) else { continue };
        regular += 1;
        let (mut at, mut fields) = (64, Vec::new());
        let mut columns: Vec<_> = (0..3).map(|column| found.separators.quoted(&text, column, 3)).collect();
        for _ in 0..found.rows {
            let row = DIALECT.row(&text[at..end], true, &mut fields).unwrap();
            assert_eq!(row.fault, None);
            for (column, field) in columns.iter_mut().zip(&fields) {
                assert_eq!(column.next(), Some(field.moved(at)), "{:?}", String::from_utf8_lossy(&text));
            }
            at += row.next;
        }
        assert_eq!(at, found.end);
        assert!(at <= to || to == end);
    }
    assert!(regular > 500, "{regular}");
}

#[test]
fn regular_text_is_cut_where_a_row_ends() {
    let (mut random, mut cut) = (Random(12), 0);
    for _ in 0..4000 {
        let (text, end) = random_text(&mut random);
        let to = 64 + random.below((end - 64 + 1) as u64) as usize;
        let Some(cut_at) = regular_end(&text, 64, to, false, shape(true)) else { continue };
        cut += 1;
        let (mut at, mut fields) = (64, Vec::new());
        while at < cut_at {
            let row = DIALECT.row(&text[at..end], true, &mut fields).unwrap();
            assert_eq!(row.fault, None, "{:?}", String::from_utf8_lossy(&text));
            at += row.next;
        }
        assert_eq!(at, cut_at);
    }
    assert!(cut > 500, "{cut}");
}

/// Rows with nulls, quotes, repeated and unique values, and a bad row now and then.
fn mixed_text(random: &mut Random, rows: u64, bad: bool) -> String {
    let mut text = String::new();
    for row in 0..rows {
        let word = ["red", "green", "a longer colour", ""][random.below(4) as usize];
        let unique = random.next();
        let amount = if random.one_in(9) { String::new() } else { format!("{}.25", unique % 10_000) };
        let note = if random.one_in(20) { "\"line\none, \"\"two\"\"\"" } else { "plain" };
        text += &format!("{row},{word},u{unique},{amount},{note}\n");
        if bad && random.one_in(200) {
            text += ["x,a,b,1,c\n", "1,2\n", "7,\"open,b,1,c\n", "8,a 5\" b,c,1.5,d\r\n"]
                [random.below(4) as usize];
        }
    }
    text
}

const MIXED: &[&str] = &["id int64!", "word string", "unique string", "amount decimal(9,2)", "note string"];

fn converted(text: &str, limits: Limits) -> Outcome {
    run_with(&headerless(), &layout(MIXED), &layout(MIXED), limits, text.as_bytes())
}

#[test]
fn any_number_of_threads_gives_the_same_bytes_and_bad_rows() {
    for bad in [false, true] {
        let text = mixed_text(&mut Random(5), 30_000, bad);
        let with = |threads: usize| {
            let limits =
                Limits { threads, row_group_bytes: 50_000, longest_row_bytes: 500, ..Limits::default() };
            converted(&text, limits)
        };
        let one = with(1);
        assert!(one.result.is_ok() && one.rejects.is_empty() != bad);
        for threads in [2, 4] {
            let other = with(threads);
            assert!(other.silver == one.silver, "{threads} threads");
            assert_eq!(other.rejects, one.rejects);
            assert_eq!(other.result.as_ref().ok(), one.result.as_ref().ok());
        }
    }
}

#[test]
fn segments_of_any_size_give_the_same_rows_and_bad_rows() {
    let text = mixed_text(&mut Random(6), 400, true);
    let whole = converted(&text, Limits { longest_row_bytes: 200, ..Limits::default() });
    for row_group_bytes in (1..900).step_by(13).chain([4096, 10_000]) {
        let limits = Limits { row_group_bytes, longest_row_bytes: 200, ..Limits::default() };
        let parts = converted(&text, limits);
        assert_eq!(parts.rejects, whole.rejects, "{row_group_bytes}");
        assert!(parts.rows() == whole.rows(), "{row_group_bytes}");
    }
}

#[test]
fn pages_and_dictionaries_of_every_kind_come_back() {
    let columns =
        ["n int64", "few string", "many string", "late string", "rare int32", "none string", "f float64"];
    let mut random = Random(9);
    let (mut text, mut wanted) = (String::new(), Vec::new());
    for row in 0..300_000u64 {
        let n = random.next() as i64 >> random.below(64);
        let few = random.below(5);
        // Repeats at first, and then no more: the dictionary is left in the middle of a chunk.
        let late = if row < 150_000 { random.below(900) } else { random.next() };
        let rare = (row % 997 == 0).then(|| random.below(50) as i32);
        let rare_text = rare.map(|rare| rare.to_string()).unwrap_or_default();
        let f = random.below(4000) as f64 / 8.0;
        text += &format!("{n},w{few},m{row},{late},{rare_text},,{f}\n");
        wanted.push((n, few, late, rare, f));
    }
    let limits = Limits { row_group_rows: 200_000, ..Limits::default() };
    let outcome = run_with(&headerless(), &layout(&columns), &layout(&columns), limits, text.as_bytes());
    assert_eq!(outcome.result.unwrap().rows, 300_000);
    for (row, (found, (n, few, late, rare, f))) in read_back(&outcome.silver).iter().zip(&wanted).enumerate()
    {
        let rare = rare.map_or(Field::Null, Field::Int);
        let [few, many, late] = [format!("w{few}"), format!("m{row}"), late.to_string()].map(Field::Str);
        assert_eq!(
            *found,
            [Field::Long(*n), few, many, late, rare, Field::Null, Field::Double(*f)],
            "row {row}"
        );
    }
}
