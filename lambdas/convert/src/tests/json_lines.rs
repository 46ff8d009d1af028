//! JSON Lines: each rule by its name, and the careful way as judge of the fast one.

use parquet::record::Field;
use serde_json::{Map, Value};
use tarn_core::ports::{ConvertFault, Converter};
use tarn_core::testing::MemoryScratch;
use tarn_lake::{BadRows, Captures, Csv, Encoding, Format, OnBadRow, Table};

use super::{Bad, Outcome, Random, gzip, layout, read_back, run, run_spec, run_with};
use crate::{Engine, Limits, Spec};

fn json() -> Csv {
    Csv { format: Format::JsonLines, ..Csv::default() }
}

/// Rows as text, null as `Null`, and bad rows as their reasons.
fn converted(columns: &[&str], text: &str) -> (Vec<String>, Vec<String>) {
    let outcome = run(&json(), &layout(columns), text.as_bytes());
    let rows = outcome.rows().iter().map(|row| format!("{row:?}")).collect();
    (rows, outcome.rejects.into_iter().map(|bad| bad.reason).collect())
}

fn rows(columns: &[&str], text: &str) -> Vec<String> {
    let (rows, reasons) = converted(columns, text);
    assert!(reasons.is_empty(), "{text}: {reasons:?}");
    rows
}

fn reason(columns: &[&str], line: &str) -> String {
    // A good line before and behind, so that a bad one spoils nothing around it.
    let good = format!("{{\"{}\":null}}", columns[0].split(' ').next().unwrap());
    let (rows, reasons) = converted(columns, &format!("{good}\n{line}\n{good}\n"));
    assert_eq!((rows.len(), reasons.len()), (2, 1), "{line}: {rows:?} {reasons:?}");
    reasons.into_iter().next().unwrap()
}

#[test]
fn keys_come_in_any_order_and_any_subset() {
    let text = "{\"a\":1,\"b\":\"x\"}\n{\"b\":\"y\",\"a\":2}\n{\"b\":\"z\"}\n{\"a\":3}\n{}\n{\"a\":null,\"b\":null}\n";
    assert_eq!(
        rows(&["a int64", "b string"], text),
        [
            "[Long(1), Str(\"x\")]",
            "[Long(2), Str(\"y\")]",
            "[Null, Str(\"z\")]",
            "[Long(3), Null]",
            "[Null, Null]",
            "[Null, Null]"
        ]
    );
}

#[test]
fn missing_and_null_are_null_and_a_required_column_refuses_both() {
    for line in [r#"{"b":1}"#, r#"{"a":null,"b":1}"#] {
        let (rows, reasons) = converted(&["a int64!", "b int64"], line);
        assert!(rows.is_empty());
        assert_eq!(reasons, ["column 1 `a` is required and empty"]);
    }
}

#[test]
fn unknown_keys_are_ignored_but_a_row_of_nothing_else_is_bad() {
    let text = r#"{"x":[1,{"y":"}"}],"a":1,"z":{"a":9},"w":"\ud800 is of no account"}"#;
    assert_eq!(rows(&["a int64"], text), ["[Long(1)]"]);
    assert_eq!(reason(&["a int64"], r#"{"b":1,"c":2}"#), "no key of the object is the name of a column");
    assert_eq!(reason(&["a int64"], r#"{"x":{"a":1}}"#), "no key of the object is the name of a column");
}

#[test]
fn keys_name_columns_whatever_their_case_and_escapes() {
    let text = "{\"VisitorId\":1}\n{\"visitorid\":2}\n{\"visitor\\u0049d\":3}\n";
    assert_eq!(rows(&["visitorid int64"], text), ["[Long(1)]", "[Long(2)]", "[Long(3)]"]);
}

#[test]
fn a_key_twice_is_a_bad_row_unless_it_is_unknown() {
    let twice = "the key of column 1 `a` stands in the object twice";
    for line in [r#"{"a":1,"a":1}"#, r#"{"a":1,"b":2,"A":null}"#, r#"{ "a":1,"\u0061":2}"#] {
        assert_eq!(reason(&["a int64", "b int64"], line), twice);
    }
    // Also once both spellings have been seen apart.
    let (rows, reasons) =
        converted(&["a int64"], "{\"a\":1}\n{\"A\":2}\n{\"a\":1,\"A\":2}\n{\"a\":1,\"a\":2}\n");
    assert_eq!((rows.len(), reasons), (2, vec![twice.to_owned(); 2]));
    assert_eq!(self::rows(&["a int64"], r#"{"x":1,"x":2,"a":1}"#), ["[Long(1)]"]);
}

#[test]
fn strings_have_all_escapes() {
    let text = concat!(
        r#"{"a":"\"\\\/\b\f\n\r\t"}"#,
        "\n",
        r#"{"a":"A\u00e9\u20ac\ud83d\ude00"}"#,
        "\n",
        r#"{"a":"é日本😀"}"#,
        "\n",
        r#"{"a":""}"#,
        "\n",
        r#"{"a":"\\"}"#,
        "\n",
        r#"{"a":"\"\""}"#,
        "\n",
    );
    let wanted: Vec<_> = ["\"\\/\u{8}\u{c}\n\r\t", "Aé€😀", "é日本😀", "", "\\", "\"\""]
        .map(|text| vec![text.to_owned()])
        .into();
    assert_eq!(run(&json(), &layout(&["a string"]), text.as_bytes()).texts(), wanted);
}

#[test]
fn strings_that_are_no_text_are_bad_rows() {
    let invalid = "invalid encoding: the text in column 1 `a` cannot be decoded";
    for line in [r#"{"a":"\ud800"}"#, r#"{"a":"x\udc00\ud800"}"#, r#"{ "a":"\ud83dx\ude00"}"#] {
        assert_eq!(reason(&["a string"], line), invalid);
        assert_eq!(reason(&["a int64"], line), "the value in column 1 `a` is no int64");
        assert_eq!(rows(&["a binary"], line).len(), 1, "as the byte 0xFF");
    }
    for kind in ["string", "binary", "int64"] {
        assert_eq!(reason(&[&format!("a {kind}")], r#"{"a":"\u0000"}"#), "the row holds a NUL byte");
    }
    let bytes = b"{\"a\":\"x\"}\n{\"a\":\"caf\xe9\",\"b\":1}\n{\"a\":\"y\",\"x\":\"\xff\"}\n";
    let outcome = run(&json(), &layout(&["a string", "b int64"]), bytes);
    assert_eq!((outcome.rows().len(), outcome.rejects[0].reason.as_str()), (2, invalid));
    assert_eq!(run(&json(), &layout(&["a binary"]), bytes).rows().len(), 3);
}

#[test]
fn unreadable_values_become_null_where_the_table_wants_it() {
    let (csv, table) = (json(), layout(&["a string", "n int64", "r int64!"]));
    let bad_rows = BadRows { action: OnBadRow::Null, ..BadRows::default() };
    let text = concat!(
        r#"{"a":"\ud800","n":{"x":1},"r":1}"#,
        "\n",
        r#"{"a":"\"x\"","n":"y","r":2}"#,
        "\n",
        r#"{"a":"z","r":"w"}"#,
        "\n",
        r#"{"a":"z","r":3,"#,
        "\n",
        r#"{"a":"z","n":4,"r":4}"#,
        "\n",
    );
    let outcome = run_spec(&Spec { bad_rows, ..Spec::new(&csv, &table) }, text.as_bytes());
    let rows: Vec<_> = outcome.rows().iter().map(|row| format!("{row:?}")).collect();
    assert_eq!(
        rows,
        ["[Null, Null, Long(1)]", "[Str(\"\\\"x\\\"\"), Null, Long(2)]", "[Str(\"z\"), Long(4), Long(4)]"]
    );
    assert_eq!(outcome.nulled, ["a n", "n", "", ""]);
    assert_eq!(outcome.rejects.iter().map(|bad| bad.line).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn numbers_keep_every_digit() {
    let digits = "12345678901234567890123456789012345678";
    let text = format!(
        "{{\"i\":9223372036854775807,\"d\":{digits},\"s\":1.10,\"f\":0.1}}\n\
                        {{\"i\":-9007199254740993,\"d\":-0.0,\"s\":1e3,\"f\":-2.5e-3}}\n"
    );
    let found = rows(&["i int64", "d decimal(38,0)", "s string", "f float64"], &text);
    assert!(found[0].contains("Long(9223372036854775807)") && found[0].contains("Str(\"1.10\")"));
    assert!(found[1].contains("Long(-9007199254740993)") && found[1].contains("Str(\"1e3\")"));
    let wanted: i128 = digits.parse().unwrap();
    let silver = run(&json(), &layout(&["d decimal(38,0)"]), text.as_bytes());
    let Field::Decimal(found) = &silver.rows()[0][0] else { panic!() };
    assert_eq!(found.data(), wanted.to_be_bytes());
}

#[test]
fn a_number_is_what_its_columns_parser_takes() {
    for line in
        [r#"{"a":1.0}"#, r#"{"a":1e3}"#, r#"{"a":9223372036854775808}"#, r#"{"a":true}"#, r#"{"a":"x"}"#]
    {
        assert_eq!(reason(&["a int64"], line), "the value in column 1 `a` is no int64", "{line}");
    }
    assert_eq!(rows(&["a decimal(18,0)"], "{\"a\":1.0}\n").len(), 1, "the way out for `1.0`");
    assert_eq!(reason(&["a decimal(9,2)"], r#"{"a":1.555}"#), "the value in column 1 `a` is no decimal(9,2)");
    let text = "{\"n\":\"7\",\"b\":true,\"t\":1433221332117,\"d\":\"2024-02-29\",\"s\":false}\n\
                {\"n\":\" 8 \",\"b\":\"no\",\"t\":\"5\",\"d\":\"\",\"s\":0}\n";
    assert_eq!(
        rows(&["n int32", "b bool", "t timestamp(ms) epoch_ms", "d date", "s string"], text),
        [
            "[Int(7), Bool(true), TimestampMillis(1433221332117), Date(19782), Str(\"false\")]",
            "[Int(8), Bool(false), TimestampMillis(5), Null, Str(\"0\")]"
        ]
    );
}

#[test]
fn nested_values_are_kept_as_they_are_written_where_any_text_is_and_refused_elsewhere() {
    let text = "{\"a\": {\"x\": [1, 2.50],  \"y\":\"\\u00e9\"}, \"n\": 1}\n{\"n\":2,\"a\":[ ]}\n{\"a\":{},\"n\":3}\n";
    assert_eq!(
        run(&json(), &layout(&["a string"]), text.as_bytes()).texts(),
        [[r#"{"x": [1, 2.50],  "y":"\u00e9"}"#], ["[ ]"], ["{}"]]
    );
    assert_eq!(rows(&["n int64"], text).len(), 3);
    assert_eq!(rows(&["a binary"], text).len(), 3);
    for (column, kind) in [("a int64", "int64"), ("a date", "date"), ("a bool", "bool")] {
        let wanted = format!("the value in column 1 `a` is no {kind}");
        assert_eq!(reason(&[column], r#"{"a":[1]}"#), wanted);
        assert_eq!(reason(&[column], r#"{"b":"c","a":{"b":1}}"#), wanted);
    }
}

#[test]
fn null_spellings_hold_for_strings_and_numbers() {
    let csv = Csv { nulls: vec!["n/a".into(), "-1".into()], ..json() };
    let text = "{\"a\":\"n/a\",\"b\":-1}\n{\"a\":\"-1\",\"b\":\"n/a\"}\n{\"a\":\"x\",\"b\":1}\n";
    let found = run(&csv, &layout(&["a string", "b int64"]), text.as_bytes()).rows();
    let found: Vec<_> = found.iter().map(|row| format!("{row:?}")).collect();
    assert_eq!(found, ["[Null, Null]", "[Null, Null]", "[Str(\"x\"), Long(1)]"]);
}

#[test]
fn strings_of_blanks_are_texts_also_once_they_are_trimmed() {
    let text = "{\"a\":\"  \"}\n{\"a\":\"\\u00a0\\t\"}\n{\"a\":\"\u{3000}\"}\n{ \"a\" : \" x \" }\n{\"a\":\"\u{e9}  \"}\n";
    let plain = layout(&["a string"]);
    let wanted = [["  "], ["\u{a0}\t"], ["\u{3000}"], [" x "], ["\u{e9}  "]];
    assert_eq!(run(&json(), &plain, text.as_bytes()).texts(), wanted);
    let mut trimmed = plain.clone();
    trimmed.columns[0].quality.trim = true;
    assert_eq!(run(&json(), &trimmed, text.as_bytes()).texts(), [[""], [""], [""], ["x"], ["\u{e9}"]]);
    let quotes = "{\"a\":\"  \\\"\\\" \"}\n";
    assert_eq!(run(&json(), &plain, quotes.as_bytes()).texts(), [["  \"\" "]]);
}

#[test]
fn lines_end_at_lf_or_crlf_and_blank_ones_are_no_rows() {
    let text = "\r\n{\"a\":1}\r\n \t\n{\"a\":2}\n\n{\"a\":3}";
    let columns = ["a int64"];
    assert_eq!(rows(&columns, text), ["[Long(1)]", "[Long(2)]", "[Long(3)]"]);
    assert_eq!(rows(&columns, "\u{feff}{\"a\":1}\n"), ["[Long(1)]"]);
    for text in ["", "\n\n", "  "] {
        assert!(rows(&columns, text).is_empty());
    }
    let old = reason(&columns, "{\"a\":1}\r{\"a\":2}");
    assert_eq!(old, "the line is no JSON object: something behind the end of the object, at byte 9");
}

#[test]
fn whitespace_between_tokens_means_nothing() {
    let text = "  { \"a\" :\t1 , \"b\": \"x\" }  \r\n{\"a\": 2, \"b\": \"y\"}\n{\"a\":3,\r\"b\":\"z\"}\n";
    assert_eq!(
        rows(&["a int64", "b string"], text),
        ["[Long(1), Str(\"x\")]", "[Long(2), Str(\"y\")]", "[Long(3), Str(\"z\")]"]
    );
}

#[test]
fn a_line_that_is_no_object_is_a_bad_row_that_says_where() {
    for (line, what, byte) in [
        ("7", "it begins with something else than `{`", 1),
        (r#""a""#, "it begins with something else than `{`", 1),
        ("[{\"a\":1}]", "it begins with something else than `{`", 1),
        (r#"{"a":1,}"#, "a comma with nothing behind it", 7),
        (r#"{"a":NaN}"#, "a word that JSON does not know", 6),
        (r#"{"a":-Infinity}"#, "a number that is not written as in JSON", 6),
        (r#"{"a":007}"#, "a number that is not written as in JSON", 6),
        (r#"{"a":1} # comment"#, "something behind the end of the object", 9),
        (r#"{"a":/*1*/2}"#, "a comment, which JSON does not have", 6),
        (r#"{"a":"open}"#, "a string that is not closed", 6),
        (r#"{"a":1}{"a":2}"#, "something behind the end of the object", 8),
        (r#"{"a":1,"b":"#, "the line ends before the object does", 12),
        (r#"{"a":"tab	"}"#, "a control character in a string that is not escaped", 10),
        (r#"{"b":"\x","a":1}"#, "an escape that JSON does not know", 7),
        (r#"{'a':1}"#, "an unexpected character", 2),
        (r#"{a:1}"#, "a word that JSON does not know", 2),
    ] {
        let wanted = format!("the line is no JSON object: {what}, at byte {byte}");
        assert_eq!(reason(&["a int64", "b string"], line), wanted, "{line}");
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500));
    assert!(reason(&["a string"], &deep).contains("more than 128 deep"));
}

/// A scan takes 64 bytes a step, and what it knows at the end of one must reach the next.
#[test]
fn lines_are_read_alike_wherever_they_stand() {
    let lines = [
        r#"{"a":"x"y,"b":1}"#,
        r#"{"a":"x" "y","b":1}"#,
        r#"{"a":x"y","b":1}"#,
        r#"{"a":"x\","b":"\\\"","b":1}"#,
        "{\"a\":\"x\ty\",\"b\":1}",
        r#"{"a":"open,"b":1}"#,
        r#"{"a":"\q","b":1}"#,
        r#"{"a":1}}"#,
    ];
    for before in 0..130 {
        let good = format!("{{\"a\":\"{}\",\"b\":0}}", "-".repeat(before));
        for line in lines {
            let (rows, reasons) = converted(&["a string", "b string"], &format!("{good}\n{line}\n{good}\n"));
            assert_eq!((rows.len(), reasons.len()), (2, 1), "{before} {line}");
        }
        let line = r#"{"a":"\\","b":"\\\"\\"}"#;
        let (rows, _) = converted(&["a string", "b string"], &format!("{good}\n{line}\n{good}\n"));
        assert_eq!(rows[1], "[Str(\"\\\\\"), Str(\"\\\\\\\"\\\\\")]", "{before}");
    }
}

#[test]
fn bad_rows_have_their_line_and_place_and_text() {
    let text = "{\"a\":1}\r\n\nnonsense\r\n{\"a\":\"x\"}\n{\"a\":2}\n{\"a\":";
    let outcome = run(&json(), &layout(&["a int64"]), text.as_bytes());
    let found: Vec<_> = outcome
        .rejects
        .iter()
        .map(|Bad { line, byte_offset, raw, .. }| (*line, *byte_offset, &**raw))
        .collect();
    assert_eq!(found, [(3, 10, "nonsense"), (4, 20, "{\"a\":\"x\"}"), (6, 38, "{\"a\":")]);
    assert_eq!(outcome.rows().len(), 2);
}

#[test]
fn long_lines_are_bad_rows_and_take_no_memory() {
    let limits = Limits { longest_row_bytes: 40, row_group_bytes: 64, threads: 2, ..Limits::default() };
    let table = layout(&["a string"]);
    let line = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
    let run = |text: &str| run_with(&json(), &table, &table, limits, text.as_bytes());
    let cases = [
        (40, "\n", true),
        (40, "\r\n", true),
        (40, "", true),
        (41, "\n", false),
        (41, "\r\n", false),
        (42, "", false),
    ];
    for (length, end, good) in cases {
        let outcome = run(&format!("{}{end}", line(length)));
        assert_eq!((outcome.rows().len(), outcome.rejects.len()), (usize::from(good), usize::from(!good)));
    }
    for length in [41, 42, 43, 200, 5000] {
        let long = line(length);
        let outcome = run(&format!("{}\n{long}\r\n{}\n", line(20), line(21)));
        assert_eq!(outcome.rows().len(), 2, "{length}");
        let Bad { line, byte_offset, raw, reason } = &outcome.rejects[0];
        assert_eq!((*line, *byte_offset, raw.as_str()), (2, 21, &long[..40]));
        assert_eq!(reason, "the row is longer than 40 bytes");
    }
}

#[test]
fn other_shapes_of_json_are_refused_as_files() {
    let table = layout(&["a int64"]);
    for (text, message) in [
        ("[{\"a\":1},{\"a\":2}]", "jq -c '.[]'"),
        ("\n [\n  {\"a\":1}\n]\n", "jq -c '.[]'"),
        ("{\n  \"a\": 1\n}\n", "jq -c ."),
        ("{\"a\":\n1}\n", "jq -c ."),
    ] {
        for text in [text.as_bytes().to_vec(), gzip(text.as_bytes())] {
            let outcome = run(&json(), &table, &text);
            assert_eq!(outcome.kind(), "not_json_lines");
            let error = outcome.result.unwrap_err();
            assert!(error.to_string().contains(message) && error.is_the_files_fault(), "{error}");
        }
    }
    // Cut off in the middle of its only line: one bad row, as anywhere else.
    assert_eq!(run(&json(), &table, b"{\"a\":").rejects.len(), 1);
    assert_eq!(run(&json(), &table, b"{\"a\":\"x\n{\"a\":1}\n").rows().len(), 1);
}

#[test]
fn encodings_and_compressions_are_those_of_delimited_text() {
    let text = "{\"a\":\"Größe €\"}\n{\"a\":\"x\"}\n";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (encoding, bytes) in [(Encoding::Auto, text.as_bytes().to_vec()), (Encoding::Utf16Le, utf16)] {
        let csv = Csv { encoding, ..json() };
        for bytes in [gzip(&bytes), bytes] {
            assert_eq!(run(&csv, &layout(&["a string"]), &bytes).texts(), [["Größe €"], ["x"]]);
        }
    }
}

/// The way of the pipeline: a table as the lake stores it, and the converter that the job has.
#[test]
fn the_engine_of_the_pipeline_converts_a_table_of_json_lines() {
    let stored = r#"{"name":"clicks","description":"","files":"clicks*","csv":{"format":"jsonl"},
        "layouts":[{"from":null,"columns":[{"name":"id","type":"int64","format":"iso","required":true}]}]}"#;
    let table: Table = serde_json::from_str(stored).unwrap();
    let convert = |mut text: &[u8], rejects: &mut Vec<u8>| {
        let (layout, name) = (table.newest_layout(), Captures::none());
        Engine::default().convert(&table, layout, &name, &mut text, &MemoryScratch, rejects)
    };
    let mut rejects = Vec::new();
    let (done, mut files) = convert(b"{\"id\":7}\n{\"id\":null}\n", &mut rejects).unwrap();
    let silver = files.remove(0).spool.finish().unwrap().into_bytes().unwrap();
    assert_eq!((done.bad_rows, read_back(&silver)), (1, vec![vec![Field::Long(7)]]));
    assert!(String::from_utf8(rejects).unwrap().contains("is required and empty"));
    let refused = convert(b"[{\"id\":7}]", &mut Vec::new());
    assert!(matches!(refused, Err(ConvertFault::Rejected(why)) if why.class == "NOT_JSON_LINES"));
}

#[test]
fn an_old_file_gets_the_newest_schema() {
    let old = layout(&["id int32", "gone string", "day date %d.%m.%Y"]);
    let new = layout(&["day date", "id string", "added string!"]);
    let text =
        "{\"gone\":[1],\"id\":{\"x\":1}}\n{\"day\":\"02.01.1970\",\"gone\":\"\\ud800\"}\n{\"gone\":1}\n";
    let outcome = run_with(&json(), &old, &new, Limits::default(), text.as_bytes());
    let rows: Vec<_> = outcome.rows().iter().map(|row| format!("{row:?}")).collect();
    assert_eq!(rows, ["[Null, Str(\"{\\\"x\\\":1}\"), Null]", "[Date(1), Null, Null]", "[Null, Null, Null]"]);
}

const MIXED: &[&str] =
    &["id int64", "word string", "unique string", "amount decimal(9,2)", "note string", "flag bool"];

/// Rows in the ways of several machines and of none, with a bad one now and then.
fn mixed_text(random: &mut Random, rows: u64, bad: bool) -> String {
    let mut text = String::new();
    for row in 0..rows {
        let word = ["\"red\"", "\"green\"", "\"a longer colour\"", "null"][random.below(4) as usize];
        let unique = random.next();
        let amount = if random.one_in(9) { "null".into() } else { format!("{}.25", unique % 10_000) };
        let note = [
            "\"plain\"",
            "\"a \\\"b\\\" \\u00e9\\ud83d\\ude00\"",
            "{\"x\": [1, \"]\\\\\"]}",
            "\"\"",
            "\"é日本\"",
        ][random.below(5) as usize];
        let mut members = vec![
            ("id", row.to_string()),
            ("word", word.into()),
            ("unique", format!("\"u{unique}\"")),
            ("amount", amount),
            ("note", note.into()),
            ("flag", "true".into()),
            ("other", "[{}]".into()),
        ];
        if random.one_in(30) {
            let place = 1 + random.below(5) as usize;
            members.swap(place, 0);
        }
        if random.one_in(10) {
            members.truncate(1 + random.below(6) as usize);
        }
        let [open, colon, comma, close] = match random.below(12) {
            0 => ["{ ", " : ", " ,\t", " } "],
            1 => ["{", ": ", ", ", "}"],
            _ => ["{", ":", ",", "}"],
        };
        let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{key}\"{colon}{value}")).collect();
        text +=
            &format!("{open}{}{close}{}", members.join(comma), ["\n", "\r\n"][usize::from(random.one_in(9))]);
        if bad && random.one_in(20) {
            text += [
                "nonsense\n",
                "{\"id\":1,\"note\":\"open\n",
                "{\"id\":true}\n",
                "{\"id\":1,\"id\":2}\n",
                "\n",
                "{}\n",
                "{\"id\":1,\"word\":\"a\"b\"}\n",
                "{\"id\":1,\"amount\":[1]}\n",
                "{\"id\":1,}\n",
                "{\"id\":1,\"note\":\"\\ud800\"}\n",
            ][random.below(10) as usize];
        }
    }
    text
}

fn mixed(text: &[u8], limits: Limits) -> Outcome {
    run_with(&json(), &layout(MIXED), &layout(MIXED), limits, text)
}

#[test]
fn any_number_of_threads_gives_the_same_bytes_and_bad_rows() {
    for bad in [false, true] {
        let text = mixed_text(&mut Random(5), 20_000, bad);
        let with = |threads: usize| {
            let limits =
                Limits { threads, row_group_bytes: 50_000, longest_row_bytes: 500, ..Limits::default() };
            mixed(text.as_bytes(), limits)
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
    let text = mixed_text(&mut Random(6), 300, true);
    let whole = mixed(text.as_bytes(), Limits { longest_row_bytes: 150, ..Limits::default() });
    assert!(whole.rejects.len() > 10 && whole.rows().len() > 100);
    for row_group_bytes in (1..900).step_by(13).chain([4096, 10_000]) {
        for row_group_rows in [3, 1 << 20] {
            let limits =
                Limits { row_group_bytes, row_group_rows, longest_row_bytes: 150, ..Limits::default() };
            let parts = mixed(text.as_bytes(), limits);
            assert_eq!(parts.rejects, whole.rejects, "{row_group_bytes}");
            assert!(parts.rows() == whole.rows(), "{row_group_bytes}");
        }
    }
}

/// What serde_json makes of a line: the values of three string columns, or that it is a bad row.
fn judged(line: &str) -> Option<[Value; 3]> {
    let object: Map<String, Value> = serde_json::from_str(line).ok()?;
    let object: Map<String, Value> =
        object.into_iter().map(|(key, value)| (key.trim().to_owned(), value)).collect();
    let known = object.keys().any(|key| ["a", "b", "c"].contains(&key.as_str()));
    let value = |name: &str| object.get(name).cloned().unwrap_or_default();
    (known || object.is_empty()).then(|| ["a", "b", "c"].map(value))
}

/// Whether a text column holds what the judge has: the text itself, or the text of another value.
fn is_value(found: &Field, wanted: &Value) -> bool {
    match (found, wanted) {
        (Field::Null, wanted) => wanted.is_null(),
        (Field::Str(found), Value::String(wanted)) => found == wanted,
        (Field::Str(found), wanted) => serde_json::from_str(found).is_ok_and(|found: Value| found == *wanted),
        _ => false,
    }
}

#[test]
fn serde_json_reads_random_lines_the_same_way() {
    const VALUES: [&str; 18] = [
        "1",
        "-2.5",
        "null",
        "true",
        "\"x\"",
        "\"\"",
        "\"a,b\"",
        "\"{\\\"q\\\":1}\"",
        "\"\\\\\"",
        "[1,2]",
        "{\"a\":1}",
        "\"é\"",
        "\"\\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "[]",
        "1e5",
        "\"a\\\\\"",
        "\"long enough to go over a step of the scan\"",
    ];
    const KEYS: [&str; 5] = ["a", "b", "c", "other", "x"];
    const WRONG: [&str; 14] = ["\"", "\\", ",", "}", "{", ":", "]", " ", "1", "x", "\"\"", "\t", "[", "null"];
    let mut random = Random(21);
    let (mut good, mut bad) = (0, 0);
    for _ in 0..150 {
        let mut lines = Vec::new();
        for _ in 0..40 {
            let mut keys = KEYS.to_vec();
            let mut members = Vec::new();
            for _ in 0..random.below(6) {
                let key = keys.swap_remove(random.below(keys.len() as u64) as usize);
                members.push(format!("\"{key}\":{}", VALUES[random.below(18) as usize]));
            }
            let mut line = format!("{{{}}}", members.join([",", ", "][usize::from(random.one_in(5))]));
            if random.one_in(4) {
                let places: Vec<usize> = line.char_indices().map(|(at, _)| at).collect();
                let place = places[random.below(places.len() as u64) as usize];
                line.insert_str(place, WRONG[random.below(14) as usize]);
            }
            lines.push(line);
        }
        // The first line decides on the file; it shall be good.
        lines.insert(0, "{\"a\":1}".into());
        // A key twice is a bad row here and none there; half a character in a value that nobody
        // wants is a bad row there and none here.
        lines.retain(|line| !twice(line) && !line.replace("\\ud83d\\ude00", "").contains("\\u"));
        let outcome =
            run(&json(), &layout(&["a string", "b string", "c string"]), lines.join("\n").as_bytes());
        let wanted: Vec<_> = lines.iter().filter_map(|line| judged(line)).collect();
        let wrong: Vec<_> =
            lines.iter().filter(|line| !line.trim().is_empty() && judged(line).is_none()).collect();
        assert_eq!(outcome.rejects.iter().map(|bad| &bad.raw).collect::<Vec<_>>(), wrong);
        for (row, wanted) in outcome.rows().iter().zip(&wanted) {
            assert!(
                row.iter().zip(wanted).all(|(found, wanted)| is_value(found, wanted)),
                "{row:?} {wanted:?}"
            );
        }
        assert_eq!(outcome.rows().len(), wanted.len());
        (good, bad) = (good + wanted.len(), bad + wrong.len());
    }
    assert!(good > 3000 && bad > 500, "{good} {bad}");
}

fn twice(line: &str) -> bool {
    let line = line.replace([' ', '\t'], "");
    ["a", "b", "c"].iter().any(|key| line.matches(&format!("\"{key}\":")).count() > 1)
}
