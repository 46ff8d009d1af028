//! Rules of columns: what is refused and why, what is changed, and in which order.

use std::num::NonZeroU8;

use parquet::record::Field;
use tarn_lake::{BadRows, Column, Csv, Disguise, Escape, Layout, OnBadRow, Quality, ValuePattern};

use super::{Outcome, Random, headerless, layout, read_back, run, run_spec, run_with};
use crate::{HashKey, Limits, Spec, Unique};

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

fn pattern(text: &str) -> Option<ValuePattern> {
    Some(ValuePattern::new(text).unwrap())
}

fn keep_last(characters: u8) -> Option<Disguise> {
    NonZeroU8::new(characters).map(Disguise::KeepLast)
}

/// A layout whose first column has rules.
fn ruled(columns: &[&str], quality: Quality) -> Layout {
    let mut layout = layout(columns);
    layout.columns[0].quality = quality;
    layout
}

/// Rows of a rule's column and a text that says which row it is.
fn checked(column: &str, quality: Quality, rows: &[&str]) -> Outcome {
    checked_in(&headerless(), column, quality, rows)
}

fn checked_in(csv: &Csv, column: &str, quality: Quality, rows: &[&str]) -> Outcome {
    let text: String = rows.iter().map(|row| format!("{row},x\n")).collect();
    run(csv, &ruled(&[column, "last string"], quality), text.as_bytes())
}

/// The values of the column that has rules, and the bad rows, each with its reason.
fn outcome(outcome: &Outcome) -> (Vec<String>, Vec<String>) {
    let text = |field: &Field| match field {
        Field::Str(text) => text.clone(),
        Field::Null => "-".into(),
        other => other.to_string(),
    };
    let values = outcome.rows().iter().map(|row| text(&row[0])).collect();
    let bad = outcome.rejects.iter().map(|bad| format!("{}: {}", bad.raw.trim_end_matches(",x"), bad.reason));
    (values, bad.collect())
}

#[track_caller]
fn expect(column: &str, quality: Quality, rows: &[&str], values: &[&str], bad: &[&str]) {
    let bad: Vec<String> = bad.iter().map(|bad| bad.replace("@", "the value in column 1 `c`")).collect();
    assert_eq!(outcome(&checked(column, quality, rows)), (texts(values), bad));
}

#[test]
fn allowed_compares_in_the_columns_own_type() {
    let allowed = |values: &[&str]| Quality { allowed: texts(values), ..Quality::default() };
    expect(
        "c string",
        allowed(&["view", "addtocart", ""]),
        &["view", "\"addtocart\"", "View", "", "\"\"", " view"],
        &["view", "addtocart", "-", ""],
        &["View: @ is not among those of `allowed`", " view: @ is not among those of `allowed`"],
    );
    expect(
        "c int64",
        allowed(&["10", "2"]),
        &["2", "010", "+2", "3", "", " 10 "],
        &["2", "10", "2", "-", "10"],
        &["3: @ is not among those of `allowed`"],
    );
    expect(
        "c decimal(6,2)",
        allowed(&["1.5"]),
        &["1.50", "1.51"],
        &["1.50"],
        &["1.51: @ is not among those of `allowed`"],
    );
    expect(
        "c bool",
        allowed(&["true"]),
        &["yes", "no"],
        &["true"],
        &["no: @ is not among those of `allowed`"],
    );
}

#[test]
fn min_and_max_compare_in_the_columns_own_type() {
    let range = |min: &str, max: &str| {
        let bound = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Quality { min: bound(min), max: bound(max), ..Quality::default() }
    };
    expect(
        "c int32",
        range("-1", "10"),
        &["-1", "10", "-2", "11", "9", ""],
        &["-1", "10", "9", "-"],
        &["-2: @ is less than `min`", "11: @ is greater than `max`"],
    );
    for kind in ["decimal(9,2)", "decimal(18,2)", "decimal(38,2)"] {
        expect(
            &format!("c {kind}"),
            range("0", "99.99"),
            &["0", "99.99", "-0.01", "100"],
            &["0.00", "99.99"],
            &["-0.01: @ is less than `min`", "100: @ is greater than `max`"],
        );
    }
    expect(
        "c float64",
        range("0", "1e3"),
        &["-0.0", "1000", "nan", "inf", "1000.1"],
        &["-0E0", "1000.0"],
        &["nan: @ is less than `min`", "inf: @ is greater than `max`", "1000.1: @ is greater than `max`"],
    );
    expect(
        "c date %d.%m.%Y",
        range("2024-02-29", ""),
        &["29.02.2024", "28.02.2024"],
        &["2024-02-29"],
        &["28.02.2024: @ is less than `min`"],
    );
    let (_, bad) =
        outcome(&checked("c timestamp(ms) epoch_s", range("", "2024-01-01"), &["1704067200", "1704067201"]));
    assert_eq!(bad, ["1704067201: the value in column 1 `c` is greater than `max`"]);
}

#[test]
fn a_pattern_is_of_the_whole_value() {
    expect(
        "c string",
        Quality { pattern: pattern("[A-Z]{2}[0-9]+|ß"), ..Quality::default() },
        &["AB1", "xAB1", "AB1x", "\"CD\"", "", "ß", "\"AB1\n\""],
        &["AB1", "-", "ß"],
        &[
            "xAB1: @ does not match `pattern`",
            "AB1x: @ does not match `pattern`",
            "\"CD\": @ does not match `pattern`",
            "\"AB1\n\": @ does not match `pattern`",
        ],
    );
}

#[test]
fn trim_comes_before_nulls_and_rules() {
    let csv = Csv { nulls: texts(&["NULL"]), ..headerless() };
    let quality = Quality { trim: true, allowed: texts(&["a b", ""]), ..Quality::default() };
    let rows = ["  a b\t", "\"\u{a0}a b \"", " NULL ", "\" NULL\"", "   ", "\"  \"", "a  b"];
    let (values, bad) = outcome(&checked_in(&csv, "c string", quality, &rows));
    assert_eq!(values, ["a b", "a b", "-", "-", "-", ""]);
    assert_eq!(bad, ["a  b: the value in column 1 `c` is not among those of `allowed`"]);
}

#[test]
fn without_trim_white_space_stays() {
    expect(
        "c string",
        Quality { fill: Some("?".into()), ..Quality::default() },
        &[" a ", " "],
        &[" a ", " "],
        &[],
    );
}

#[test]
fn fill_stands_in_the_place_of_null() {
    for (column, fill, rows, values) in [
        ("c string", "none", &["", "\"\"", "a"][..], &["none", "", "a"][..]),
        ("c string!", "none", &[""], &["none"]),
        ("c int64!", "-1", &["", " ", "7"], &["-1", "-1", "7"]),
        ("c float32", "0.5", &[""], &["0.5"]),
        ("c bool", "false", &["", "true"], &["false", "true"]),
        ("c decimal(10,2)", "1.5", &[""], &["1.50"]),
        ("c date %d.%m.%Y", "2024-02-29", &["", "01.01.1970"], &["2024-02-29", "1970-01-01"]),
        (
            "c timestamp(us) epoch_s",
            "1970-01-01T00:00:07",
            &["", "7"],
            &["1970-01-01 00:00:07.000000 +00:00"; 2],
        ),
    ] {
        expect(column, Quality { fill: Some(fill.into()), ..Quality::default() }, rows, values, &[]);
    }
}

#[test]
fn required_is_told_from_broken_rules() {
    let quality = || Quality { min: Some("1".into()), ..Quality::default() };
    let (values, bad) = outcome(&checked("c int64!", quality(), &["1", "", "0", "x"]));
    assert_eq!(values, ["1"]);
    let place = "column 1 `c`";
    assert_eq!(
        bad,
        [
            format!(": {place} is required and empty"),
            format!("0: the value in {place} is less than `min`"),
            format!("x: the value in {place} is no int64"),
        ]
    );
}

fn hashed(quality: Quality, rows: &[&str]) -> Vec<String> {
    let (csv, layout) = (headerless(), ruled(&["c string", "last string"], quality));
    let text: String = rows.iter().map(|row| format!("{row},x\n")).collect();
    let key = HashKey::new(b"a secret of 25 characters").unwrap();
    outcome(&run_spec(&Spec { hash_key: Some(&key), ..Spec::new(&csv, &layout) }, text.as_bytes())).0
}

#[test]
fn a_hash_is_keyed_and_of_the_trimmed_and_filled_value() {
    // printf ada | openssl dgst -sha256 -hmac 'a secret of 25 characters'
    const ADA: &str = "4eaaa93844e66426ccc73facc7568f1bd3c9c3b51da01bb5220d72987a9eeaab";
    let quality = Quality {
        trim: true,
        fill: Some("ada".into()),
        disguise: Some(Disguise::Sha256),
        ..Quality::default()
    };
    let values = hashed(quality.clone(), &["ada", " ada ", "\"ada\"", "", "\"\"", "Ada"]);
    assert!(
        values.iter().all(|value| value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit()))
    );
    assert!(values[..4].iter().all(|value| value == ADA));
    assert!(values[4] != values[0] && values[5] != values[0] && values[4] != values[5]);
    assert_eq!(hashed(Quality { disguise: Some(Disguise::Sha256), ..Quality::default() }, &[""]), ["-"]);
}

#[test]
fn a_hash_without_a_key_ends_the_conversion() {
    let quality = Quality { disguise: Some(Disguise::Sha256), ..Quality::default() };
    let outcome = checked("c string", quality, &["a"]);
    assert_eq!(outcome.kind(), "spec");
}

#[test]
fn rules_see_the_value_and_not_its_disguise() {
    let quality = Quality { pattern: pattern("[0-9 ]+"), disguise: keep_last(4), ..Quality::default() };
    expect(
        "c string",
        quality,
        &["4111 1111 1111 1234", "1234", "12345", "", "\"1\"\"2\""],
        &["****1234", "****", "****2345", "-"],
        &["\"1\"\"2\": @ does not match `pattern`"],
    );
    let quality = Quality {
        disguise: Some(Disguise::Text("hidden".into())),
        fill: Some(String::new()),
        ..Quality::default()
    };
    expect("c string", quality, &["a", "", "\"\""], &["hidden"; 3], &[]);
}

#[test]
fn a_value_that_breaks_a_rule_follows_on_bad_row() {
    let csv = headerless();
    let mut table = ruled(&["c int64", "n string"], Quality { min: Some("1".into()), ..Quality::default() });
    let bad_rows = BadRows { action: OnBadRow::Null, ..BadRows::default() };
    let with = |table: &Layout| run_spec(&Spec { bad_rows, ..Spec::new(&csv, table) }, b"0,a\n2,b\n");
    let nulled = with(&table);
    assert_eq!(outcome(&nulled).0, ["-", "2"]);
    assert_eq!(
        (nulled.rejects[0].reason.as_str(), nulled.nulled[0].as_str()),
        ("the value in column 1 `c` is less than `min`", "c")
    );
    // What became null is filled like any other.
    table.columns[0].quality.fill = Some("1".into());
    assert_eq!(outcome(&with(&table)).0, ["1", "2"]);
    table.columns[0].quality.fill = None;
    table.columns[0].required = true;
    assert_eq!(outcome(&with(&table)).0, ["2"]);
    let fail = BadRows { action: OnBadRow::Fail, ..BadRows::default() };
    assert!(run_spec(&Spec { bad_rows: fail, ..Spec::new(&csv, &table) }, b"0,a\n2,b\n").result.is_err());
}

#[test]
fn a_decimal_comma_is_the_files_and_not_the_rules() {
    let csv = Csv { decimal_comma: true, delimiter: ';', ..headerless() };
    let quality = Quality { min: Some("1.5".into()), fill: Some("2.25".into()), ..Quality::default() };
    let outcome_ =
        run(&csv, &ruled(&["c decimal(8,2)", "n string"], quality), b"1,50;x\n1,49;x\n;x\n1.000,00;x\n");
    let (values, bad) = outcome(&outcome_);
    assert_eq!(values, ["1.50", "2.25", "1000.00"]);
    assert_eq!(bad, ["1,49;x: the value in column 1 `c` is less than `min`"]);
}

#[test]
fn quotes_and_backslashes_are_no_part_of_a_value() {
    let quality = || Quality { allowed: texts(&["say \"hi\"", "a,b", "x\ny"]), ..Quality::default() };
    let (values, bad) =
        outcome(&checked("c string", quality(), &["\"say \"\"hi\"\"\"", "\"a,b\"", "\"x\ny\"", "\"x\""]));
    assert_eq!((values.len(), bad.len()), (3, 1));
    let csv = Csv { escape: Escape::Backslash, nulls: texts(&["\\N"]), ..headerless() };
    let quality = Quality { trim: true, fill: Some("a,b".into()), ..quality() };
    let (values, bad) =
        outcome(&checked_in(&csv, "c string", quality, &["\"say \\\"hi\\\"\"", "a\\,b ", " \\N ", "\\\\N"]));
    assert_eq!(values, ["say \"hi\"", "a,b", "a,b"]);
    assert_eq!(bad, ["\\\\N: the value in column 1 `c` is not among those of `allowed`"]);
}

#[test]
fn rules_see_decoded_characters() {
    let csv = Csv { encoding: tarn_lake::Encoding::Windows1252, ..headerless() };
    let quality = Quality { pattern: pattern("[€ß]+"), disguise: keep_last(1), ..Quality::default() };
    let outcome_ = run(&csv, &ruled(&["c string"], quality.clone()), b"\x80\xdf\n\x80\nx\n");
    let (values, bad) = outcome(&outcome_);
    assert_eq!(values, ["****ß", "****"]);
    assert_eq!(bad, ["x: the value in column 1 `c` does not match `pattern`"]);
    let broken = run(&headerless(), &ruled(&["c string", "last string"], quality), b"a\xff,x\n");
    assert_eq!(broken.rejects[0].reason, "invalid encoding: the text in column 1 `c` cannot be decoded");
}

#[test]
fn a_dropped_column_is_in_the_file_and_not_in_silver() {
    let mut columns = layout(&["id int64", "note string", "price decimal(6,2)"]);
    columns.columns[1].drop = true;
    let outcome = run(&Csv::default(), &columns, b"id,note,price\n1,anything \xff,2.5\n2,,3\nx,,1\n");
    let rows: Vec<_> = outcome.rows().iter().map(|row| format!("{} {}", row[0], row[1])).collect();
    assert_eq!(rows, ["1 2.50", "2 3.00"]);
    assert_eq!(outcome.rejects[0].reason, "the value in column 1 `id` is no int64");
    assert_eq!(run(&Csv::default(), &columns, b"id,price\n1,2.5\n").kind(), "unmatched");
}

#[test]
fn a_renamed_column_is_known_by_the_files_name() {
    let mut columns = layout(&["item_id int64", "name string"]);
    columns.columns[0].from = Some("Item ID".into());
    let outcome = run(&Csv::default(), &columns, b"\" item id \",NAME\n1,a\n");
    assert_eq!(outcome.rows().len(), 1);
    assert_eq!(run(&Csv::default(), &columns, b"item_id,name\n1,a\n").kind(), "header_mismatch");
}

#[test]
fn rules_are_those_of_the_files_layout() {
    let quality = Quality { min: Some("10".into()), fill: Some("10".into()), ..Quality::default() };
    let newest = ruled(&["id int64", "name string"], quality);
    let older = layout(&["name string"]);
    let outcome = run_with(&headerless(), &older, &newest, Limits::default(), b"a\n");
    assert_eq!(outcome.rows()[0][0], Field::Null);
    let older = layout(&["id int64", "name string"]);
    let outcome = run_with(&headerless(), &older, &newest, Limits::default(), b"5,a\n");
    assert_eq!(outcome.rows()[0][0], Field::Long(5));
}

#[test]
fn a_rule_that_the_type_has_not_ends_the_conversion() {
    for (column, quality) in [
        ("c int64", Quality { min: Some("x".into()), ..Quality::default() }),
        ("c int64", Quality { trim: true, ..Quality::default() }),
        ("c string", Quality { min: Some("1".into()), ..Quality::default() }),
        ("c binary", Quality { fill: Some("1".into()), ..Quality::default() }),
        ("c date", Quality { pattern: pattern("a"), ..Quality::default() }),
    ] {
        assert_eq!(checked(column, quality.clone(), &["1"]).kind(), "spec", "{column} {quality:?}");
    }
}

const RULED: &[&str] = &["id int64", "word string", "amount decimal(9,2)", "card string", "plain string"];

fn ruled_layout() -> Layout {
    let mut layout = layout(RULED);
    let rules = [
        Quality { max: Some("30000".into()), fill: Some("0".into()), ..Quality::default() },
        Quality {
            trim: true,
            allowed: texts(&["red", "green", "a \"longer\" colour"]),
            ..Quality::default()
        },
        Quality { min: Some("0.25".into()), ..Quality::default() },
        Quality {
            pattern: pattern("[0-9]{3,}"),
            disguise: keep_last(2),
            fill: Some("000".into()),
            ..Quality::default()
        },
        Quality::default(),
    ];
    layout.columns.iter_mut().zip(rules).for_each(|(column, rules): (&mut Column, _)| column.quality = rules);
    layout
}

fn ruled_text(random: &mut Random, rows: u64, bad: bool) -> String {
    let mut text = String::new();
    for row in 0..rows {
        let word = [" red", "green\t", "\"a \"\"longer\"\" colour \"", ""][random.below(4) as usize];
        let amount = if random.one_in(9) { String::new() } else { format!("{}.25", random.below(1000)) };
        let card = if random.one_in(7) { String::new() } else { format!("{}", 100 + random.below(5000)) };
        text += &format!("{},{word},{amount},{card},\"line\none\"\n", row % 30_000);
        if bad && random.one_in(300) {
            text += ["1,blue,1,100,x\n", "1,red,-1,100,x\n", "99999,red,1,100,x\n", "1,red,1,1a1,x\n"]
                [random.below(4) as usize];
        }
    }
    text
}

#[test]
fn blocks_and_threads_change_nothing() {
    let table = ruled_layout();
    for bad in [false, true] {
        let text = ruled_text(&mut Random(3), 40_000, bad);
        let with = |threads: usize, row_group_bytes: usize| {
            let limits = Limits { threads, row_group_bytes, ..Limits::default() };
            run_with(&headerless(), &table, &table, limits, text.as_bytes())
        };
        let whole = with(1, 1 << 30);
        assert!(whole.rejects.is_empty() != bad && whole.rows().len() > 39_000);
        for threads in [1, 3] {
            let other = with(threads, 90_000);
            assert_eq!(other.rejects, whole.rejects);
            assert!(read_back(&other.silver) == read_back(&whole.silver), "{threads} threads");
            assert!(other.silver == with(2, 90_000).silver, "{threads} threads");
        }
    }
}

#[test]
fn no_text_makes_rules_panic() {
    const PIECES: [&[u8]; 12] = [
        b"1",
        b"red",
        b",",
        b",",
        b"\n",
        b"\"",
        b" ",
        b"\xff",
        "\u{a0}".as_bytes(),
        b"999",
        b"\r\n",
        b"a \"\"longer",
    ];
    let (table, csv, mut random) = (ruled_layout(), headerless(), Random(21));
    let key = [vec![table.columns[3].name.clone(), table.columns[1].name.clone()]];
    for round in 0..2000 {
        let mut text = b"1,red,1,100,x\n".to_vec();
        (0..random.below(200)).for_each(|_| text.extend_from_slice(PIECES[random.below(12) as usize]));
        let action = if round % 2 == 0 { OnBadRow::Null } else { OnBadRow::Quarantine };
        let (unique, bad_rows) = (Unique::new(&key), BadRows { action, ..BadRows::default() });
        let limits = Limits { row_group_bytes: 1 + random.below(300) as usize, ..Limits::default() };
        let spec = Spec { limits, bad_rows, unique: Some(&unique), ..Spec::new(&csv, &table) };
        run_spec(&spec, &text).rows();
    }
}
