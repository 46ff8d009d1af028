//! Keys that no two rows share.

use tarn_lake::{BadRows, ColumnName, ColumnSource, Csv, Disguise, Format, Layout, OnBadRow, Quality};

use super::{Outcome, Random, headerless, layout, run_spec};
use crate::{HashKey, Limits, Spec, Unique, splits};

fn keys(keys: &[&[&str]]) -> Vec<Vec<ColumnName>> {
    let name = |name: &&str| ColumnName::new(*name).unwrap();
    keys.iter().map(|key| key.iter().map(name).collect()).collect()
}

fn run_with(unique: &Unique, csv: &Csv, layout: &Layout, limits: Limits, text: &[u8]) -> Outcome {
    let hash_key = HashKey::new(&[7; 32]).unwrap();
    let spec = Spec { limits, unique: Some(unique), hash_key: Some(&hash_key), ..Spec::new(csv, layout) };
    run_spec(&spec, text)
}

fn run(unique: &[&[&str]], layout: &Layout, text: &str) -> Outcome {
    run_with(&Unique::new(&keys(unique)), &headerless(), layout, Limits::default(), text.as_bytes())
}

/// Line, raw row and reason of each bad row.
fn bad(outcome: &Outcome) -> Vec<String> {
    outcome.rejects.iter().map(|bad| format!("{} {} {}", bad.line, bad.raw, bad.reason)).collect()
}

#[test]
fn the_first_row_stays_and_later_ones_are_bad() {
    let outcome = run(&[&["id"]], &layout(&["id int64", "name string"]), "1,a\n2,b\n1,c\n\n2,d\n1,e\n3,f\n");
    assert_eq!(outcome.rows().len(), 3);
    let duplicate =
        |line: u64, raw: &str, of: u64| format!("{line} {raw} duplicate key: `id` as in line {of}");
    assert_eq!(bad(&outcome), [duplicate(3, "1,c", 1), duplicate(5, "2,d", 2), duplicate(6, "1,e", 1)]);
}

#[test]
fn keys_are_compared_in_the_type_of_their_column() {
    for (column, rows, kept) in [
        ("id int64", &["7", "007", "+7", "\"7\"", " 7 "][..], 1),
        ("id string", &["7", "007", "\"7\"", " 7"], 3),
        ("id decimal(6,2)", &["1.5", "1.50", "01.5"], 1),
        ("id float64", &["0.0", "-0.0", "nan", "NaN", "1e0", "1"], 3),
        ("id timestamp(ms)", &["2024-01-01", "2024-01-01T01:00:00+01:00"], 1),
        ("id bool", &["true", "yes", "0"], 2),
        ("id date", &["2024-01-01", "2024-01-02"], 2),
        ("id binary", &["a", "\"a\""], 1),
    ] {
        let outcome =
            run(&[&["id"]], &layout(&[column, "name string"]), &format!("{},x\n", rows.join(",x\n")));
        assert_eq!(outcome.rows().len(), kept, "{column} {rows:?}");
    }
}

#[test]
fn a_row_without_a_value_in_a_key_is_like_no_other() {
    let table = layout(&["a int64", "b string"]);
    let outcome = run(&[&["a", "b"]], &table, "1,\n1,\n,x\n,x\n1,\"\"\n1,\"\"\n");
    assert_eq!(bad(&outcome), ["6 1,\"\" duplicate key: `a`, `b` as in line 5"]);
}

#[test]
fn the_columns_of_a_key_do_not_run_into_each_other() {
    let table = layout(&["a string", "b string"]);
    let outcome = run(&[&["a", "b"]], &table, "ab,c\na,bc\n\"\",abc\n");
    assert_eq!(bad(&outcome), [""; 0]);
}

#[test]
fn each_of_several_keys_holds() {
    let table = layout(&["a int64", "b int64"]);
    let outcome = run(&[&["a"], &["b"]], &table, "1,1\n2,1\n1,2\n2,2\n3,1\n");
    assert_eq!(
        bad(&outcome),
        [
            "2 2,1 duplicate key: `b` as in line 1",
            "3 1,2 duplicate key: `a` as in line 1",
            "5 3,1 duplicate key: `b` as in line 1",
        ]
    );
}

#[test]
fn a_bad_row_takes_no_key_from_a_later_one() {
    let outcome = run(&[&["id"]], &layout(&["id int64", "price int64"]), "1,x\n1,5\n1,6\n");
    assert_eq!(
        bad(&outcome),
        [
            "1 1,x the value in column 2 `price` is no int64".to_owned(),
            "3 1,6 duplicate key: `id` as in line 2".to_owned(),
        ]
    );
}

#[test]
fn a_key_is_what_rules_make_of_it_before_it_is_hidden() {
    for disguise in [Disguise::Sha256, Disguise::Text("x".into())] {
        let mut table = layout(&["id string", "name string"]);
        table.columns[0].quality =
            Quality { trim: true, fill: Some("none".into()), disguise: Some(disguise), ..Quality::default() };
        let outcome = run(&[&["id"]], &table, "a,1\n a,2\nb,3\n,4\nnone,5\n");
        assert_eq!(
            bad(&outcome),
            ["2  a,2 duplicate key: `id` as in line 1", "5 none,5 duplicate key: `id` as in line 4"]
        );
    }
}

#[test]
fn lines_count_headers_and_line_breaks_in_quotes() {
    let table = layout(&["id int64", "name string"]);
    let text = "id,name\r\n1,\"a\r\nb\nc\"\r\n2,\"x\ny\"\r\n2,z\r\n1,\"\"\"\"\r\n";
    let unique = Unique::new(&keys(&[&["id"]]));
    let outcome = run_with(&unique, &Csv::default(), &table, Limits::default(), text.as_bytes());
    let reasons: Vec<_> = outcome.rejects.iter().map(|bad| (bad.line, bad.reason.as_str())).collect();
    assert_eq!(reasons, [(7, "duplicate key: `id` as in line 5"), (8, "duplicate key: `id` as in line 2")]);
}

#[test]
fn keys_hold_across_files_and_a_refused_file_has_none() {
    let table = layout(&["id int64", "name string"]);
    let unique = Unique::new(&keys(&[&["id"]]));
    let convert = |text: &str| run_with(&unique, &headerless(), &table, Limits::default(), text.as_bytes());
    assert_eq!(bad(&convert("1,a\n2,b\n")), [""; 0]);
    let strict = Limits { max_bad_rows: 0, ..Limits::default() };
    let refused = run_with(&unique, &headerless(), &table, strict, b"3,a\n4,b\nx,c\n");
    assert_eq!(refused.kind(), "too_many_bad_rows");
    assert_eq!(
        bad(&convert("3,a\n2,b\n3,c\n")),
        ["2 2,b duplicate key: `id` as in an earlier row", "3 3,c duplicate key: `id` as in line 1",]
    );
}

#[test]
fn a_key_of_a_column_that_the_file_has_not_holds_always() {
    let (older, newest) = (layout(&["name string"]), layout(&["id int64", "name string"]));
    let (csv, unique) = (headerless(), Unique::new(&keys(&[&["id", "name"], &["name"]])));
    let spec = Spec { schema: &newest, unique: Some(&unique), ..Spec::new(&csv, &older) };
    assert_eq!(bad(&run_spec(&spec, b"a\na\n")), ["2 a duplicate key: `name` as in line 1"]);
}

#[test]
fn a_value_that_became_null_makes_no_key() {
    let (csv, table) = (headerless(), layout(&["id int64", "name string"]));
    let unique = Unique::new(&keys(&[&["id"]]));
    let bad_rows = BadRows { action: OnBadRow::Null, ..BadRows::default() };
    let spec = Spec { bad_rows, unique: Some(&unique), ..Spec::new(&csv, &table) };
    let outcome = run_spec(&spec, b"x,1\nx,2\n7,3\n7,4\n");
    assert_eq!(
        (outcome.rows().len(), outcome.nulled),
        (3, vec!["id".to_owned(), "id".into(), String::new()])
    );
    assert_eq!(outcome.rejects[2].reason, "duplicate key: `id` as in line 3");
}

#[test]
fn a_column_of_the_files_name_can_be_in_a_key() {
    let csv = headerless();
    let mut table = layout(&["id int64", "shop string"]);
    table.columns[1].source = ColumnSource::Constant("a".into());
    let mut other = table.clone();
    other.columns[1].source = ColumnSource::Constant("b".into());
    let unique = Unique::new(&keys(&[&["id", "shop"]]));
    let convert =
        |table: &Layout| bad(&run_spec(&Spec { unique: Some(&unique), ..Spec::new(&csv, table) }, b"1\n"));
    assert_eq!(convert(&table), [""; 0]);
    assert_eq!(convert(&other), [""; 0]);
    assert_eq!(convert(&table), ["1 1 duplicate key: `id`, `shop` as in an earlier row"]);
}

#[test]
fn keys_and_rules_hold_for_json_lines() {
    let csv = Csv { format: Format::JsonLines, ..Csv::default() };
    let mut table = layout(&["id int64", "name string"]);
    table.columns[1].quality = Quality {
        trim: true,
        fill: Some("none".into()),
        allowed: vec!["a".into(), "none".into()],
        ..Quality::default()
    };
    let unique = Unique::new(&keys(&[&["id"]]));
    let text = "{\"id\":1,\"name\":\" a\"}\n{\"id\":2}\n{\"id\":2,\"name\":\"\\u0061\"}\n{\"id\":3,\"name\":\"b\"}\n{\"id\":3}\n";
    let outcome = run_spec(&Spec { unique: Some(&unique), ..Spec::new(&csv, &table) }, text.as_bytes());
    assert_eq!(
        outcome.rows().iter().map(|row| row[1].to_string().replace('"', "")).collect::<Vec<_>>(),
        ["a", "none", "none"]
    );
    let reasons: Vec<_> = outcome.rejects.iter().map(|bad| (bad.line, bad.reason.as_str())).collect();
    assert_eq!(
        reasons,
        [
            (3, "duplicate key: `id` as in line 2"),
            (4, "the value in column 2 `name` is not among those of `allowed`"),
        ]
    );
    let regular: String = (0..5000).map(|id| format!("{{\"id\":{id},\"name\":\"a\"}}\n")).collect();
    let again = run_spec(&Spec { unique: Some(&unique), ..Spec::new(&csv, &table) }, regular.as_bytes());
    assert_eq!((again.rows().len(), again.rejects.len()), (4997, 3));
}

#[test]
fn a_file_with_keys_is_not_split() {
    let (csv, table, unique) = (headerless(), layout(&["id int64"]), Unique::new(&keys(&[&["id"]])));
    let open = |spec: &Spec<'_>| splits::open(spec, &b"1\n2\n"[..], 4).unwrap().unsplit;
    assert_eq!(open(&Spec::new(&csv, &table)), None);
    assert_eq!(
        open(&Spec { unique: Some(&unique), ..Spec::new(&csv, &table) }),
        Some(splits::Unsplit::Unique)
    );
}

#[test]
fn more_keys_than_fit_refuse_the_file() {
    let table = layout(&["id int64", "name string"]);
    let text: String = (0..60_000).map(|row| format!("{row},x\n")).collect();
    let run = |unique_bytes: usize| {
        let limits = Limits { unique_bytes, ..Limits::default() };
        run_with(&Unique::new(&keys(&[&["id"]])), &headerless(), &table, limits, text.as_bytes())
    };
    assert_eq!(run(1 << 20).kind(), "too_many_keys");
    assert_eq!(run(4 << 20).rows().len(), 60_000);
}

#[test]
fn duplicates_are_found_wherever_blocks_end() {
    let table = layout(&["id int64", "name string", "note string"]);
    let mut random = Random(8);
    let mut text = String::new();
    let (mut seen, mut wanted, mut line) = (std::collections::HashMap::new(), Vec::new(), 0);
    for row in 0..60_000 {
        line += 1;
        let id = if random.one_in(500) { random.below(row + 1) } else { row };
        let note = if random.one_in(50) { "\"two\nlines\"" } else { "one" };
        text += &format!("{id},{row},{note}\n");
        match seen.get(&id) {
            Some(first) => wanted.push((line, format!("duplicate key: `id` as in line {first}"))),
            None => _ = seen.insert(id, line),
        }
        line += u64::from(note.len() > 3);
    }
    for (row_group_bytes, threads) in [(1 << 30, 1), (70_000, 1), (70_000, 4)] {
        let limits = Limits { row_group_bytes, threads, ..Limits::default() };
        let outcome =
            run_with(&Unique::new(&keys(&[&["id"]])), &headerless(), &table, limits, text.as_bytes());
        let found: Vec<_> = outcome.rejects.iter().map(|bad| (bad.line, bad.reason.clone())).collect();
        assert!(wanted.len() > 3 && found == wanted, "{row_group_bytes}");
    }
}
