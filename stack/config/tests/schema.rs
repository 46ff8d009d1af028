//! A table on its own: the same keys, the same words about faults.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy spares only functions marked #[test], not their helpers"
)]

use tarn_config::{Code, Source, parse_schema};

const BARE: &str = "delimiter = \"|\"\nheader = false\nnulls = [\"NULL\"]\n\n\
                    [columns]\nid = { type = \"int64\", required = true }\nprice = \"decimal(10,2)\"\n";

#[test]
fn a_schema_is_read_bare_and_as_a_table_of_a_lake() {
    let bare = parse_schema(BARE).unwrap();
    assert_eq!((bare.csv.delimiter, bare.csv.header), ('|', false));
    assert_eq!(bare.csv.nulls, ["NULL"]);
    assert_eq!(bare.layout.columns.len(), 2);
    assert!(bare.layout.columns[0].required);
    let block = BARE.replace("[columns]", "[table.columns]");
    let pasted = format!("[[table]]\nname = \"orders\"\nfiles = \"orders*.csv\"\n{block}");
    assert_eq!(parse_schema(&pasted).unwrap(), bare);
}

#[test]
fn faults_stand_under_their_lines() {
    let text = "delimeter = \"|\"\nheader = \"no\"\ncolumns = { id = \"int46\" }\n";
    let faults = parse_schema(text).unwrap_err();
    let source = Source { path: "orders.toml", text };
    let found: Vec<_> = faults.iter().map(|fault| (fault.code, fault.line(&source))).collect();
    assert_eq!(found, [(Code::UnknownKey, 1), (Code::WrongType, 2), (Code::InvalidValue, 3)]);
    assert!(faults[0].render(&source, false).contains("did you mean `delimiter`?"), "{:?}", faults[0]);
}

#[test]
fn a_schema_without_columns_or_with_two_tables_is_refused() {
    for (text, code) in [
        ("", Code::MissingKey),
        ("header = false\n", Code::MissingKey),
        ("columns = {}\n", Code::Empty),
        (
            "[[table]]\ncolumns = { a = \"bool\" }\n[[table]]\ncolumns = { a = \"bool\" }\n",
            Code::DuplicateName,
        ),
        ("columns = { a = \"bool\" \n", Code::Syntax),
    ] {
        let faults = parse_schema(text).unwrap_err();
        assert!(faults.iter().any(|fault| fault.code == code), "{text}\n{faults:?}");
    }
}
