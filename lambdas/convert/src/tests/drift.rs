//! Headers that are not the layout's, and columns whose type another layout widens.

use parquet::record::Field;
use tarn_lake::{
    BadRows, Column, ColumnName, ColumnSource, ColumnType, Csv, Layout, Placement, SchemaChange,
};

use super::{Outcome, headerless, layout, run_spec, run_with};
use crate::splits::{Unsplit, open};
use crate::{Drift, Limits, Spec, Unique};

fn of(rule: SchemaChange, columns: &Layout, text: &str) -> Outcome {
    let csv = Csv::default();
    run_spec(&Spec { schema_change: rule, ..Spec::new(&csv, columns) }, text.as_bytes())
}

fn drift(missing: &[&str], unknown: &[&str], twice: &[&str]) -> Drift {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Drift { missing: names(missing), unknown: names(unknown), twice: names(twice) }
}

#[test]
fn each_rule_takes_what_it_says_and_refuses_the_rest() {
    let columns = layout(&["a string", "b string!", "c string"]);
    let (strict, reorder, evolve) = (SchemaChange::Strict, SchemaChange::Reorder, SchemaChange::Evolve);
    for (header, row, rule, wanted) in [
        ("a,b,c", "1,2,3", strict, Ok("1 2 3")),
        ("a,b,c", "1,2,3", reorder, Ok("1 2 3")),
        ("a,b,c", "1,2,3", evolve, Ok("1 2 3")),
        ("c,a,b", "3,1,2", strict, Err("header_mismatch")),
        ("c,a,b", "3,1,2", reorder, Ok("1 2 3")),
        ("C, a ,\"B\"", "3,1,2", reorder, Ok("1 2 3")),
        ("c,a,b", "3,1,2", evolve, Ok("1 2 3")),
        ("a,b", "1,2", strict, Err("unmatched")),
        ("a,b", "1,2", reorder, Err("schema_changed")),
        ("b,a", "2,1", evolve, Ok("1 2 -")),
        ("a,c", "1,3", evolve, Err("schema_changed")),
        ("a,b,c,d", "1,2,3,4", strict, Err("unmatched")),
        ("a,b,c,d", "1,2,3,4", reorder, Err("schema_changed")),
        ("d,c,b,a", "4,3,2,1", evolve, Ok("1 2 3")),
        ("b,x,y", "2,4,5", evolve, Ok("- 2 -")),
        ("a,b,d", "1,2,4", reorder, Err("schema_changed")),
        ("a,b,b", "1,2,2", reorder, Err("schema_changed")),
        ("a,b,c,B", "1,2,3,2", evolve, Err("schema_changed")),
        ("x,y,z", "1,2,3", evolve, Err("schema_changed")),
        ("a;b;c", "1;2;3", evolve, Err("schema_changed")),
        ("a,\"b", "1,2", evolve, Err("unreadable_header")),
    ] {
        let outcome = of(rule, &columns, &format!("{header}\n{row}\n"));
        match wanted {
            Ok(values) => {
                assert_eq!(outcome.texts(), [values.split(' ').collect::<Vec<_>>()], "{rule:?} {header}")
            }
            Err(kind) => assert_eq!(outcome.kind(), kind, "{rule:?} {header}"),
        }
    }
}

#[test]
fn what_differed_is_told() {
    let columns = layout(&["a string", "b string", "c string"]);
    for (header, wanted, words) in [
        ("c,b,a", drift(&[], &[], &[]), "the columns stand in another order"),
        ("a,b", drift(&["c"], &[], &[]), "the file lacks `c`"),
        ("a,x,b,c,", drift(&[], &["x", ""], &[]), "the file has `x`, ``, which the layout has not"),
        (
            "x,b",
            drift(&["a", "c"], &["x"], &[]),
            "the file lacks `a`, `c`; the file has `x`, which the layout has not",
        ),
    ] {
        let done = of(SchemaChange::Evolve, &columns, &format!("{header}\n")).result.unwrap();
        let found = done.drift.unwrap();
        assert_eq!((found.to_string().as_str(), &found), (words, &wanted), "{header}");
    }
    assert_eq!(of(SchemaChange::Evolve, &columns, "a,b,c\n").result.unwrap().drift, None);
    let error = of(SchemaChange::Reorder, &columns, "a,b,b,d\n").result.unwrap_err().to_string();
    for part in ["lacks `c`", "has `d`", "has `b` twice", "schema_change"] {
        assert!(error.contains(part), "{error}");
    }
    let wide = (0..5_000).map(|n| format!("column_{n}_{}", "x".repeat(100))).collect::<Vec<_>>().join(",");
    let error = of(SchemaChange::Evolve, &columns, &format!("{wide}\n")).result.unwrap_err().to_string();
    assert!(error.len() < 1_000 && error.contains("4995 more"), "{error}");
}

#[test]
fn a_name_that_is_the_same_stands_before_one_that_is_alike() {
    let columns = layout(&["id string", "x string"]);
    let mut other = columns.clone();
    other.columns[1].from = Some("ID".into());
    for header in ["ID,id", "id,ID"] {
        let texts = of(SchemaChange::Reorder, &other, &format!("{header}\n1,2\n")).texts();
        let wanted = if header == "id,ID" { ["1", "2"] } else { ["2", "1"] };
        assert_eq!(texts, [wanted], "{header}");
    }
}

#[test]
fn columns_keep_what_is_theirs_wherever_they_stand() {
    let mut columns = layout(&["id int32!", "hidden string", "at date %d.%m.%Y", "fixed string"]);
    columns.columns[1].drop = true;
    columns.columns[3].source = ColumnSource::Constant("web".into());
    let text = "at,new,id\n31.01.2026,x,7\n01.02.2026,y,\n";
    let outcome = of(SchemaChange::Evolve, &columns, text);
    let rows = outcome.rows();
    assert_eq!(rows, [[Field::Int(7), Field::Date(20_484), Field::Str("web".into())]]);
    assert_eq!((outcome.rejects.len(), outcome.rejects[0].line), (1, 3), "`id` is required there too");
}

#[test]
fn a_file_that_evolved_is_the_same_with_any_threads_and_any_row_groups() {
    let columns = layout(&["a string", "b int64", "c string"]);
    let rows: String = (0..2_000).map(|n| format!("x{n},{n},\"y\n{n}\"\n")).collect();
    let text = format!("new,b,a\n{rows}");
    let csv = Csv::default();
    let run = |threads, row_group_bytes| {
        let limits = Limits { threads, row_group_bytes, ..Limits::default() };
        let schema_change = SchemaChange::Evolve;
        run_spec(&Spec { schema_change, limits, ..Spec::new(&csv, &columns) }, text.as_bytes())
    };
    assert_eq!(run(1, 4_000).silver, run(3, 4_000).silver);
    assert_eq!(run(1, 4_000).rows(), run(2, 1 << 20).rows());
    assert_eq!(run(1, 1 << 20).rows().len(), 2_000);
}

#[test]
fn a_key_of_a_column_that_is_missing_holds_no_row_back() {
    let columns = layout(&["a string", "b string"]);
    let unique = Unique::new(&[vec![ColumnName::new("b").unwrap()]]);
    let csv = Csv::default();
    let of = |text: &str| {
        let spec = Spec {
            schema_change: SchemaChange::Evolve,
            unique: Some(&unique),
            bad_rows: BadRows::default(),
            placement: &Placement::PLAIN,
            ..Spec::new(&csv, &columns)
        };
        run_spec(&spec, text.as_bytes()).result.unwrap()
    };
    assert_eq!(of("a\n1\n1\n").rows, 2);
    let done = of("b,a\n1,x\n1,y\n");
    assert_eq!((done.rows, done.bad_rows), (1, 1));
}

#[test]
fn only_a_file_with_its_layouts_own_header_is_split() {
    let columns = layout(&["a string", "b string"]);
    let csv = Csv::default();
    let spec = Spec { schema_change: SchemaChange::Evolve, ..Spec::new(&csv, &columns) };
    for (text, unsplit) in [("a,b\n1,2\n", None), ("b,a\n1,2\n", Some(Unsplit::Header))] {
        assert_eq!(open(&spec, text.as_bytes(), text.len() as u64).unwrap().unsplit, unsplit, "{text}");
    }
}

#[test]
fn every_value_of_a_type_is_one_of_those_it_is_promoted_to() {
    for (earlier, text, later, wanted) in [
        ("int32", "-2147483648", "int64", Field::Long(-2_147_483_648)),
        ("int32", "2147483647", "float64", Field::Double(2_147_483_647.0)),
        ("int64", "9223372036854775807", "string", Field::Str("9223372036854775807".into())),
        ("int32", "007", "string", Field::Str("007".into())),
        ("float32", "0.1", "float64", Field::Double(0.1)),
        ("bool", "yes", "string", Field::Str("yes".into())),
        ("date", "2026-01-31", "timestamp(ms)", Field::TimestampMillis(1_769_817_600_000)),
        ("date %d.%m.%Y", "31.01.2026", "timestamp(us)", Field::TimestampMicros(1_769_817_600_000_000)),
        (
            "timestamp(ms)",
            "2026-01-31 00:00:00.123",
            "timestamp(us)",
            Field::TimestampMicros(1_769_817_600_123_000),
        ),
        ("timestamp(ms)", "2026-01-31T00:00Z", "string", Field::Str("2026-01-31T00:00Z".into())),
    ] {
        let (of_file, newest) = (layout(&[&format!("x {earlier}")]), layout(&[&format!("x {later}")]));
        assert!(of_file.columns[0].kind.promotes_to(newest.columns[0].kind), "{earlier} to {later}");
        let outcome =
            run_with(&headerless(), &of_file, &newest, Limits::default(), format!("{text}\n").as_bytes());
        assert_eq!(outcome.rows(), [[wanted]], "{earlier} to {later}");
    }
    for (earlier, text, later) in
        [("int32", "2147483647", "decimal(10,0)"), ("decimal(9,2)", "1234567.89", "decimal(38,19)")]
    {
        let (of_file, newest) = (layout(&[&format!("x {earlier}")]), layout(&[&format!("x {later}")]));
        let outcome =
            run_with(&headerless(), &of_file, &newest, Limits::default(), format!("{text}\n").as_bytes());
        let Field::Decimal(_) = outcome.rows()[0][0] else { panic!("{earlier} to {later}") };
    }
}

#[test]
fn a_column_under_a_strangers_name_is_told_from_it() {
    let unknown = Column::new(ColumnName::new("unknown_1").unwrap(), ColumnType::String);
    let columns = Layout { from: None, columns: vec![unknown] };
    let texts = of(SchemaChange::Evolve, &columns, "x,y,unknown_1\n1,2,3\n").texts();
    assert_eq!(texts, [["3"]]);
}
