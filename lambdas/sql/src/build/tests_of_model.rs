//! Tests of a model: a query for each that counts what must not be.

use tarn_lake::{ColumnName, ModelTest, TableName};

use super::FailedTest;
use crate::fault::Result;
use crate::session::{Session, quoted};

/// Runs the tests over a session in which the model's name is its new state.
pub(super) async fn failed(
    session: &Session,
    model: &TableName,
    tests: &[ModelTest],
) -> Result<Vec<FailedTest>> {
    let mut failed = Vec::new();
    for test in tests {
        let rows = session.count(&sql_of_test(model, test)).await?;
        if rows > 0 {
            failed.push(FailedTest { test: name_of_test(test), rows });
        }
    }
    Ok(failed)
}

/// The query that counts what a test forbids.
pub(crate) fn sql_of_test(model: &TableName, test: &ModelTest) -> String {
    let model = quoted(model.as_str());
    match test {
        ModelTest::Unique(columns) => {
            let there = joined(columns, " and ", |column| format!("{column} is not null"));
            let key = joined(columns, ", ", |column| column);
            format!(
                "select count(*) from (select 1 from {model} where {there} group by {key} having count(*) > 1) d"
            )
        }
        ModelTest::NotNull(columns) => {
            let missing = joined(columns, " or ", |column| format!("{column} is null"));
            format!("select count(*) from {model} where {missing}")
        }
        ModelTest::AcceptedValues { column, values } => {
            let column = quoted(column.as_str());
            let values: Vec<String> =
                values.iter().map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
            let among = format!("cast({column} as varchar) not in ({})", values.join(", "));
            let among = if values.is_empty() { "true".to_owned() } else { among };
            format!("select count(*) from {model} where {column} is not null and {among}")
        }
        ModelTest::Relationship { column, to, field } => {
            let (column, to, field) = (quoted(column.as_str()), quoted(to.as_str()), quoted(field.as_str()));
            format!(
                "select count(*) from {model} m left anti join {to} t on m.{column} = t.{field} \
                 where m.{column} is not null"
            )
        }
        ModelTest::Sql(sql) => {
            format!("select count(*) from ({}\n) forbidden", sql.trim().trim_end_matches(';'))
        }
    }
}

/// A test in words, without a value of a row.
pub(crate) fn name_of_test(test: &ModelTest) -> String {
    let names = |columns: &[ColumnName]| joined(columns, ", ", |column| column.replace('"', ""));
    match test {
        ModelTest::Unique(columns) => format!("unique({})", names(columns)),
        ModelTest::NotNull(columns) => format!("not_null({})", names(columns)),
        ModelTest::AcceptedValues { column, .. } => format!("accepted_values({column})"),
        ModelTest::Relationship { column, to, field } => format!("relationship({column} in {to}.{field})"),
        ModelTest::Sql(sql) => format!("sql({})", sql.split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}

fn joined(columns: &[ColumnName], between: &str, each: impl Fn(String) -> String) -> String {
    columns.iter().map(|column| each(quoted(column.as_str()))).collect::<Vec<_>>().join(between)
}
