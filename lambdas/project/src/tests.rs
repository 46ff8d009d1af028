//! Files of the real engine, rewritten and read back by the `record` reader of the parquet crate.

use std::io::Cursor;

use parquet::file::reader::{FileReader, SerializedFileReader};
use tarn_convert::{JsonLinesRejects, Limits, Spec, convert};
use tarn_core::Kind;
use tarn_core::ports::{Content, Projection, Projector};
use tarn_core::testing::MemoryScratch;
use tarn_lake::{Column, ColumnName, Csv, Layout, RowFilter, Treatment};

use super::*;

const TEXT: &str = "\
id,email,city,born,paid
1,ana@example.com,Bern,1990-01-31,12.50
2,,Basel,,
3,bo@example.com,,2001-12-01,-3.05
4,cy@example.com,Bern,1969-12-31,0.00
";

fn name(text: &str) -> ColumnName {
    ColumnName::new(text).unwrap()
}

fn columns() -> Vec<Column> {
    let typed = [
        ("id", "int64"),
        ("email", "string"),
        ("city", "string"),
        ("born", "date"),
        ("paid", "decimal(8,2)"),
    ];
    typed.map(|(column, kind)| Column::new(name(column), kind.parse().unwrap())).to_vec()
}

/// The text as silver has it.
fn silver() -> Vec<u8> {
    let csv = Csv { header: true, ..Csv::default() };
    let layout = Layout { from: None, columns: columns() };
    let spec = Spec { limits: Limits::default(), ..Spec::new(&csv, &layout) };
    let mut parquet = Vec::new();
    convert(&spec, Cursor::new(TEXT), &mut parquet, &mut JsonLinesRejects::new(std::io::sink())).unwrap();
    parquet
}

fn projection(treatments: &[(&str, Treatment)], rows: &str) -> Projection {
    Projection {
        columns: treatments.iter().map(|(column, treatment)| (name(column), *treatment)).collect(),
        folders: Vec::new(),
        rows: (!rows.is_empty()).then(|| RowFilter::new(rows).unwrap()),
        filler: Column::new(name("id"), "int64".parse().unwrap()),
        key: Some(vec![7; 32]),
    }
}

fn bytes(content: Content) -> Vec<u8> {
    content.into_bytes().unwrap().to_vec()
}

fn made(projection: &Projection, folders: &[Option<String>]) -> (Vec<String>, Vec<u8>) {
    let projected = Rewriter.project(projection, folders, silver().into(), &MemoryScratch).unwrap();
    let Some(content) = projected.content else { return (Vec::new(), Vec::new()) };
    let parquet = bytes(content);
    assert_eq!(projected.size_bytes, parquet.len() as u64);
    Rewriter.check(projection, parquet.clone().into()).unwrap();
    let reader = SerializedFileReader::new(bytes::Bytes::from(parquet.clone())).unwrap();
    let rows: Vec<String> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
    assert_eq!(rows.len() as u64, projected.rows);
    (rows, parquet)
}

fn ids(rows: &str) -> Vec<String> {
    made(&projection(&[("id", Treatment::Clear)], rows), &[]).0
}

#[test]
fn only_what_may_be_seen_is_in_the_file() {
    let (rows, parquet) =
        made(&projection(&[("id", Treatment::Clear), ("born", Treatment::Clear)], "city = 'Bern'"), &[]);
    assert_eq!(rows, ["{id: 1, born: 1990-01-31}", "{id: 4, born: 1969-12-31}"]);
    for hidden in ["ana@", "bo@", "cy@", "Bern", "Basel", "email", "city"] {
        let found = parquet.windows(hidden.len()).any(|window| window == hidden.as_bytes());
        assert!(!found, "{hidden} is in the file");
    }
}

#[test]
fn what_is_masked_or_hashed_says_nothing() {
    let treatments = [
        ("email", Treatment::Masked),
        ("born", Treatment::Masked),
        ("city", Treatment::Hashed),
        ("paid", Treatment::Hashed),
    ];
    let (rows, _) = made(&projection(&treatments, ""), &[]);
    let hash = |text: &str| {
        let mut digits = Vec::new();
        tarn_convert::HashKey::new(&[7; 32]).unwrap().append_hex(text.as_bytes(), &mut digits);
        String::from_utf8(digits).unwrap()
    };
    let row = |email: &str, city: &str, paid: &str| {
        format!("{{email: {email}, city: {city}, born: null, paid: {paid}}}")
    };
    let quoted = |text: &str| format!("\"{}\"", hash(text));
    let mask = "\"****\"";
    let wanted = [
        row(mask, &quoted("Bern"), &quoted("12.50")),
        row("null", &quoted("Basel"), "null"),
        row(mask, "null", &quoted("-3.05")),
        row(mask, &quoted("Bern"), &quoted("0.00")),
    ];
    assert_eq!(rows, wanted);
}

#[test]
fn conditions_keep_the_rows_that_sql_keeps() {
    for (rows, wanted) in [
        ("id > 2", vec![3, 4]),
        ("city IS NULL", vec![3]),
        ("city <> 'Bern'", vec![2]),
        ("NOT city = 'Bern'", vec![2]),
        ("city = 'Bern' OR city IS NULL", vec![1, 3, 4]),
        ("email LIKE '%@example.com' AND paid <= 0.00", vec![3, 4]),
        ("born BETWEEN DATE '1969-12-31' AND DATE '1990-01-31'", vec![1, 4]),
        ("paid IN (12.50, 0.00)", vec![1, 4]),
        ("NOT paid IN (12.50, 0.00)", vec![3]),
        ("city NOT LIKE 'B_rn'", vec![2]),
        ("paid = 12.5 OR id = 2", vec![1, 2]),
        ("absent IS NULL", vec![1, 2, 3, 4]),
        ("NOT (absent = 1)", vec![]),
        ("id = 99", vec![]),
        ("city >= 'Basel' AND city < 'Bern'", vec![2]),
    ] {
        let wanted: Vec<String> = wanted.iter().map(|id| format!("{{id: {id}}}")).collect();
        assert_eq!(ids(rows), wanted, "{rows}");
    }
}

#[test]
fn folders_are_asked_about_like_columns() {
    let mut projection = projection(&[("id", Treatment::Clear)], "day >= DATE '2026-01-01' AND shop IS NULL");
    projection.folders =
        vec![(name("day"), "date".parse().unwrap()), (name("shop"), "string".parse().unwrap())];
    let rows = |day: &str, shop: &str| made(&projection, &[Some(day.into()), Some(shop.into())]).0.len();
    assert_eq!(rows("2026-01-31", "__HIVE_DEFAULT_PARTITION__"), 4);
    assert_eq!(rows("2025-12-31", "__HIVE_DEFAULT_PARTITION__"), 0);
    assert_eq!(rows("2026-01-31", "web"), 0);
}

#[test]
fn rows_of_which_no_column_may_be_seen_are_counted() {
    let mut projection = projection(&[("later", Treatment::Clear)], "id > 1");
    projection.filler = Column::new(name("later"), "string".parse().unwrap());
    assert_eq!(made(&projection, &[]).0, ["{later: null}"; 3]);
}

#[test]
fn what_must_not_be_there_is_found() {
    let hidden = projection(&[("id", Treatment::Clear)], "");
    let error = Rewriter.check(&hidden, silver().into()).unwrap_err();
    assert!(error.to_string().contains("not cleared for the column email"), "{error}");
    let all = |treatment| {
        let columns = ["id", "email", "city", "born", "paid"];
        projection(
            &columns.map(|column| (column, if column == "email" { treatment } else { Treatment::Clear })),
            "",
        )
    };
    for treatment in [Treatment::Masked, Treatment::Hashed] {
        let error = Rewriter.check(&all(treatment), silver().into()).unwrap_err();
        assert!(error.to_string().contains("a value in it can be read"), "{error}");
    }
    assert!(Rewriter.check(&all(Treatment::Clear), silver().into()).is_ok());
}

#[test]
fn the_end_of_a_file_tells_its_columns() {
    let silver = silver();
    let wanted = ["id", "email", "city", "born", "paid"];
    assert_eq!(Rewriter.columns(&silver).unwrap().unwrap(), wanted);
    let needed = Rewriter.columns(&silver[silver.len() - 10..]).unwrap().unwrap_err();
    assert_eq!(Rewriter.columns(&silver[silver.len() - needed..]).unwrap().unwrap(), wanted);
    assert_eq!(Rewriter.columns(b"PAR1").unwrap(), Err(8));
    assert!(Rewriter.columns(b"something that is no Parquet file").is_err());
}

#[test]
fn what_is_no_parquet_is_told_and_not_published() {
    let projection = projection(&[("id", Treatment::Clear)], "");
    for broken in [Vec::new(), b"PAR1PAR1".to_vec(), silver()[..100].to_vec()] {
        let made = Rewriter.project(&projection, &[], broken.into(), &MemoryScratch);
        assert_eq!(made.err().map(|error| error.kind()), Some(Kind::Invalid));
    }
}

#[test]
fn keys_are_long_and_each_is_another() {
    let (one, other) = (Rewriter.fresh_key().unwrap(), Rewriter.fresh_key().unwrap());
    assert_eq!((one.len(), one == other), (32, false));
}
