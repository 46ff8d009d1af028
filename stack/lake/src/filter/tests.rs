use super::*;

fn shown(text: &str) -> String {
    fn of(condition: &Condition) -> String {
        match condition {
            Condition::And(one, other) => format!("({} & {})", of(one), of(other)),
            Condition::Or(one, other) => format!("({} | {})", of(one), of(other)),
            Condition::Not(inner) => format!("!{}", of(inner)),
            Condition::Test(test) => {
                let literals: Vec<_> =
                    test.ask.literals().iter().map(|literal| literal.text.as_str()).collect();
                let ask = match &test.ask {
                    Ask::Compare(comparison, _) => format!("{comparison:?}"),
                    Ask::In(_) => "In".into(),
                    Ask::Between(..) => "Between".into(),
                    Ask::Like(_) => "Like".into(),
                    Ask::IsNull => "IsNull".into(),
                };
                format!("{}:{ask}[{}]", test.column, literals.join(" "))
            }
        }
    }
    of(RowFilter::new(text).unwrap().condition())
}

fn why(text: &str) -> (String, String) {
    let error = RowFilter::new(text).unwrap_err();
    (text[error.place].to_owned(), error.why)
}

#[test]
fn and_binds_tighter_than_or_and_not_tightest() {
    assert_eq!(shown("a = 1 OR b = 2 AND NOT c = 3"), "(a:Equal[1] | (b:Equal[2] & !c:Equal[3]))");
    assert_eq!(shown("(a = 1 or b = 2) and c = 3"), "((a:Equal[1] | b:Equal[2]) & c:Equal[3])");
    assert_eq!(shown("a = 1 AND b = 2 AND c = 3"), "((a:Equal[1] & b:Equal[2]) & c:Equal[3])");
}

#[test]
fn every_test_is_read() {
    for (text, wanted) in [
        ("a = 'it''s'", "a:Equal[it's]"),
        ("5 < a", "a:Greater[5]"),
        ("a<>-1.5", "a:NotEqual[-1.5]"),
        ("a != 1", "a:NotEqual[1]"),
        ("A >= 1", "a:GreaterOrEqual[1]"),
        ("\"order\" <= 1", "order:LessOrEqual[1]"),
        ("a IN (1, 2,3)", "a:In[1 2 3]"),
        ("a not in ('x')", "!a:In[x]"),
        ("a BETWEEN 1 AND 2 AND b = 3", "(a:Between[1 2] & b:Equal[3])"),
        ("a NOT BETWEEN 1 AND 2", "!a:Between[1 2]"),
        ("a LIKE 'x%'", "a:Like[x%]"),
        ("a IS NULL", "a:IsNull[]"),
        ("a is not null", "!a:IsNull[]"),
        ("a = TRUE", "a:Equal[true]"),
        ("date > DATE '2026-01-31'", "date:Greater[2026-01-31]"),
        ("at < timestamp '2026-01-31 08:15:00'", "at:Less[2026-01-31 08:15:00]"),
    ] {
        assert_eq!(shown(text), wanted, "{text}");
    }
}

#[test]
fn what_is_no_condition_is_told_with_its_place() {
    for (text, place, words) in [
        ("", "", "the name of a column is missing here"),
        ("a", "", "a comparison, `IN`, `BETWEEN`, `LIKE` or `IS NULL` is missing here"),
        ("a = ", "", "a value: a number, or a text in single quotes is missing here"),
        ("a = b", "b", "a value: a number, or a text in single quotes is missing here"),
        ("a = NULL", "NULL", "nothing compares with `NULL`; ask with `IS NULL`"),
        ("a = 1 b", "b", "the condition is complete before this"),
        ("(a = 1", "", "`)` is missing here"),
        ("a = 'x", "'", "this quote is never closed"),
        ("a = 1e5", "1", "this is no number"),
        ("a = 1; DROP TABLE b", ";", "this is no part of a condition"),
        ("a LIKE 1", "1", "`LIKE` wants a text in single quotes"),
        ("a LIKE 'x' ESCAPE '!'", "ESCAPE", "the condition is complete before this"),
        ("lower(a) = 'x'", "(", "a comparison, `IN`, `BETWEEN`, `LIKE` or `IS NULL` is missing here"),
        ("1 = 1", "1", "the name of a column is missing here"),
        ("a = 1 -- b", "-", "this is no number"),
        ("\"A b\" = 1", "\"A b\"", ""),
        ("a IN ()", ")", "a value: a number, or a text in single quotes is missing here"),
    ] {
        let (found, why) = why(text);
        assert_eq!(found, place, "{text}: {why}");
        assert!(why.starts_with(words), "{text}: {why}");
    }
}

#[test]
fn neither_depth_nor_length_is_without_end() {
    let deep = format!("{}a = 1{}", "(".repeat(33), ")".repeat(33));
    assert!(RowFilter::new(&deep).unwrap_err().why.contains("stand in each other"));
    let nots = "NOT ".repeat(500);
    assert!(RowFilter::new(&format!("{nots}a = 1")).is_err());
    let long = format!("a = '{}'", "x".repeat(RowFilter::LONGEST));
    assert!(RowFilter::new(&long).unwrap_err().why.contains("takes 2048"));
}

#[test]
fn a_test_must_fit_the_type_of_its_column() {
    let misfit = |text: &str, kind: &str| {
        let filter = RowFilter::new(text).unwrap();
        let found = filter.tests().into_iter().find_map(|test| test.misfit(kind.parse().unwrap()));
        found.map(|misfit| (text[misfit.place].to_owned(), misfit.why))
    };
    for (text, kind) in [
        ("a = 1", "int32"),
        ("a < 'x'", "string"),
        ("a LIKE 'x%'", "string"),
        ("a = 1.5", "decimal(6,2)"),
        ("a BETWEEN DATE '2026-01-01' AND DATE '2026-01-31'", "date"),
        ("a = TRUE", "bool"),
        ("a IS NULL", "binary"),
        ("a > TIMESTAMP '2026-01-01 00:00:00'", "timestamp(ms)"),
    ] {
        assert_eq!(misfit(text, kind), None, "{text}");
    }
    for (text, kind, place, words) in [
        ("a = '1'", "int32", "'1'", "the column's type is `int32`, and this is a text"),
        ("a = 1.5", "int32", "1.5", "this is no value of `int32`"),
        ("a = 1.555", "decimal(6,2)", "1.555", "this is no value of `decimal(6,2)`"),
        ("a = '2026-01-01'", "date", "'2026-01-01'", "the column's type is `date`, and this is a text"),
        ("a = DATE '2026-13-01'", "date", "DATE '2026-13-01'", "this is no value of `date`"),
        ("a < TRUE", "bool", "a", "values of `bool` have no order that `<` or `>` could ask for"),
        ("a LIKE 'x'", "int64", "'x'", "`LIKE` asks about texts, and the column's type is `int64`"),
        ("a = 'x'", "binary", "'x'", "values of `binary` cannot be written in a condition"),
    ] {
        assert_eq!(misfit(text, kind), Some((place.into(), words.into())), "{text}");
    }
}

#[test]
fn a_filter_is_stored_as_its_text() {
    let filter = RowFilter::new("a = 1 AND b IS NULL").unwrap();
    let stored = serde_json::to_string(&filter).unwrap();
    assert_eq!(stored, "\"a = 1 AND b IS NULL\"");
    assert_eq!(serde_json::from_str::<RowFilter>(&stored).unwrap(), filter);
    let columns: Vec<&str> = filter.columns().into_iter().map(ColumnName::as_str).collect();
    assert_eq!(columns, ["a", "b"]);
}

#[test]
fn a_condition_is_written_for_the_catalog_with_its_brackets_and_quotes() {
    for (text, wanted) in [
        ("a = 'it''s'", r#""a" = 'it''s'"#),
        ("5 < a", r#""a" > 5"#),
        ("a != -1.5", r#""a" <> -1.5"#),
        ("NOT a >= 1", r#"NOT ("a" >= 1)"#),
        ("a NOT IN ('x', 'y')", r#""a" NOT IN ('x', 'y')"#),
        ("NOT a BETWEEN 1 AND 2", r#""a" NOT BETWEEN 1 AND 2"#),
        ("NOT NOT a LIKE 'x%'", r#"NOT ("a" NOT LIKE 'x%')"#),
        ("a IS NULL OR a IS NOT NULL", r#"("a" IS NULL OR "a" IS NOT NULL)"#),
        (
            "a = 1 OR b = 2 AND NOT (c = true OR \"order\" = 3)",
            r#"("a" = 1 OR ("b" = 2 AND NOT (("c" = TRUE OR "order" = 3))))"#,
        ),
    ] {
        let written = RowFilter::new(text).unwrap().for_catalog();
        assert_eq!(written, wanted, "{text}");
        assert_eq!(shown(&written), shown(text), "it means the same");
    }
}

#[test]
fn what_the_catalog_cannot_be_asked_is_told_with_its_place() {
    let names = |text: &str| ColumnName::new(text).unwrap();
    let column = |name: &str, kind: &str| crate::Column::new(names(name), kind.parse().unwrap());
    let columns = vec![
        column("id", "int64"),
        column("day", "date"),
        column("at", "timestamp(ms)"),
        column("land", "string"),
        column("raw", "binary"),
    ];
    let stored = r#"{"name":"t","description":"","files":"*","csv":{"delimiter":",","header":true,"nulls":[]},"layouts":[]}"#;
    let mut table: crate::Table = serde_json::from_str(stored).unwrap();
    table.layouts = vec![crate::Layout { from: None, columns }];
    table.placement.partition_by = vec![names("land")];
    let places = |text: &str| -> Vec<String> {
        let beyond = RowFilter::new(text).unwrap().beyond_catalog(&table).into_iter();
        beyond.map(|misfit| text[misfit.place].to_owned()).collect()
    };
    assert_eq!(places("id = 1 AND land = 'CH' OR id IS NULL"), [""; 0]);
    assert_eq!(places("day > DATE '2026-01-01' AND id = 1 AND at IS NULL"), ["day", "at"]);
    assert_eq!(places("raw IS NULL OR land IS NOT NULL"), ["raw", "land"]);
    let long = format!("id IN ({})", vec!["1"; 1_010].join(","));
    assert!(long.len() <= RowFilter::LONGEST);
    assert_eq!(places(&long), [long.as_str()], "blanks and quotes make it longer");
}
