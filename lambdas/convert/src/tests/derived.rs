//! Columns that are not in the file: constants, and parts of the file's name.

use parquet::record::Field;
use tarn_lake::{Captures, Column, ColumnSource, Csv, Layout};

use super::{Outcome, column, headerless, layout, run_spec};
use crate::{ConvertError, Spec};

fn derived(text: &str, source: ColumnSource) -> Column {
    Column { source, ..column(text) }
}

fn constant(text: &str, value: &str) -> Column {
    derived(text, ColumnSource::Constant(value.into()))
}

fn from_name(text: &str, word: &str) -> Column {
    derived(text, ColumnSource::Name(word.into()))
}

/// The columns that stand in the file, and among them those that do not.
fn with(layout: &mut Layout, index: usize, column: Column) {
    layout.columns.insert(index, column);
}

fn run(csv: &Csv, layout: &Layout, schema: &Layout, name: &Captures, text: &str) -> Outcome {
    run_spec(&Spec { schema, name, ..Spec::new(csv, layout) }, text.as_bytes())
}

/// The shop as `Display` shows the text `web, "1"`.
const SHOP: &str = "\"web, \"1\"\"";

#[test]
fn every_row_has_the_constant_and_what_the_name_says() {
    let mut columns = layout(&["id int32", "note string"]);
    with(&mut columns, 0, constant("shop string", "web, \"1\""));
    with(&mut columns, 2, from_name("day date", "date"));
    with(&mut columns, 3, from_name("at timestamp(ms)", "date"));
    with(&mut columns, 4, constant("price decimal(6,2)", "1.5"));
    with(&mut columns, 6, from_name("time string", "time"));
    let name: Captures = [("date", "1970-01-03"), ("time", "08:15:00")].into_iter().collect();
    let text = "id,note\n1,a\nx,b\n2,\"c\"\n".to_owned();
    let outcome = run(&Csv::default(), &columns, &columns, &name, &text);
    let texts = |row: &Vec<Field>| row.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let rows: Vec<String> = outcome.rows().iter().map(texts).collect();
    let wanted = |id: &str, note: &str| {
        format!("{SHOP}; {id}; 1970-01-03; 1970-01-03 00:00:00.000 +00:00; 1.50; \"{note}\"; \"08:15:00\"")
    };
    assert_eq!(rows, [wanted("1", "a"), wanted("2", "c")]);
    assert_eq!(
        outcome.rejects[0].reason, "the value in column 1 `id` is no int32",
        "columns count in the file"
    );
}

#[test]
fn the_tables_null_spellings_mean_fields_and_not_constants() {
    let mut columns = layout(&["id int32"]);
    with(&mut columns, 1, constant("shop string", "-"));
    let csv = Csv { nulls: vec!["-".into()], ..headerless() };
    let outcome = run(&csv, &columns, &columns, &Captures::none(), "-\n");
    assert_eq!(outcome.rows(), [[Field::Null, Field::Str("-".into())]]);
}

#[test]
fn a_layout_without_the_column_has_null() {
    let old = layout(&["id int32"]);
    let mut new = layout(&["id int32"]);
    with(&mut new, 1, constant("shop string", "web"));
    let outcome = run(&headerless(), &old, &new, &Captures::none(), "1\n");
    assert_eq!(outcome.rows(), [[Field::Int(1), Field::Null]]);
}

#[test]
fn a_column_that_a_later_layout_fixes_is_read_where_it_is_a_field() {
    let old = layout(&["id int32", "shop string"]);
    let mut new = layout(&["id int32"]);
    with(&mut new, 1, constant("shop string", "web"));
    let outcome = run(&headerless(), &old, &new, &Captures::none(), "1,paper\n");
    assert_eq!(outcome.rows(), [[Field::Int(1), Field::Str("paper".into())]]);
}

#[test]
fn a_name_that_says_nothing_or_no_value_refuses_the_file() {
    let mut columns = layout(&["id int32"]);
    with(&mut columns, 1, from_name("shop int32", "shop"));
    let with_name = |name: Captures| run(&headerless(), &columns, &columns, &name, "1\n");
    let unnamed = with_name(Captures::none());
    assert_eq!(unnamed.kind(), "unnamed");
    let unreadable = with_name([("shop", "seven")].into_iter().collect());
    assert_eq!(unreadable.kind(), "unreadable_name");
    for refused in [unnamed, unreadable] {
        assert!(refused.result.as_ref().is_err_and(ConvertError::is_the_files_fault));
    }
    assert_eq!(with_name([("shop", "7")].into_iter().collect()).rows(), [[Field::Int(1), Field::Int(7)]]);
}

#[test]
fn long_files_repeat_the_value_across_pages_and_row_groups() {
    let mut columns = layout(&["id int32"]);
    with(&mut columns, 0, constant("shop string", "web"));
    let text: String = (0..300_000).map(|row| format!("{row}\n")).collect();
    let outcome = run(&headerless(), &columns, &columns, &Captures::none(), &text);
    let rows = outcome.rows();
    assert_eq!(rows.len(), 300_000);
    let row = |(at, row): (usize, &Vec<Field>)| *row == [Field::Str("web".into()), Field::Int(at as i32)];
    assert!(rows.iter().enumerate().all(row));
}
