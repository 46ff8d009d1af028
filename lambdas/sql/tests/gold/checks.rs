//! Models planned without data.

use serde_json::json;
use tarn_lake::Model;
use tarn_sql::{Checked, check};

use crate::support::{Lake, model};

async fn checked(models: &[Model]) -> Vec<Checked> {
    check(&Lake::new().tables, models).await.unwrap()
}

async fn faults(sql: &str, more: serde_json::Value) -> Vec<tarn_sql::Fault> {
    checked(&[model("m", &["sales"], sql, more)]).await.remove(0).faults
}

async fn fault(sql: &str) -> tarn_sql::Fault {
    let faults = faults(sql, json!({})).await;
    assert_eq!(faults.len(), 1, "{sql}: {faults:?}");
    faults.into_iter().next().unwrap()
}

#[tokio::test]
async fn every_column_has_a_name_and_a_type() {
    let first = model(
        "days",
        &["sales"],
        "select cast(at as date) as day, shop, count(*) as n, sum(price) as total, avg(price) as mean, \
         row_number() over (order by shop) as nth, min(at) as since, cast(1.5 as decimal(5,2)) as d, \
         now() as made, 1 = 1 as yes, cast(1 as real) as small from sales group by 1, 2",
        json!({"partition_by": [{"column": "day", "transform": "month"}]}),
    );
    let second = model(
        "last",
        &["days", "shops"],
        "select d.*, s.city from days d join shops s on d.shop = s.name",
        json!({}),
    );
    let checked = checked(&[first, second]).await;
    let columns = |nth: usize| -> Vec<String> {
        assert_eq!(checked[nth].faults, []);
        checked[nth].columns.iter().map(|column| format!("{} {}", column.name, column.kind)).collect()
    };
    let days = [
        "day date",
        "shop string",
        "n int64",
        "total int64",
        "mean float64",
        "nth int64",
        "since timestamp(us)",
        "d decimal(5,2)",
        "made timestamp(us)",
        "yes bool",
        "small float32",
    ];
    assert_eq!(columns(0), days);
    assert_eq!(columns(1)[11], "city string");
    assert_eq!(columns(1)[..11], days);
}

#[tokio::test]
async fn what_is_unknown_is_told_with_its_place() {
    let sql = "select id,\n  pricee\nfrom sales";
    let found = fault(sql).await;
    assert_eq!(found.place.map(|place| &sql[place]), Some("pricee"), "{}", found.message);
    assert!(found.message.contains("pricee") && !found.message.contains("datafusion"), "{}", found.message);
    for (sql, word) in [
        ("select id from salez", "salez"),
        ("select nonsense(id) from sales", "nonsense"),
        ("select id frm sales where x", "sales"),
        ("select id + shop[1] from sales", "array_element"),
        ("select sum(price), id from sales", "id"),
        ("select date_format(shop, '%Y') as y from sales where id in ('x', true)", ""),
    ] {
        let found = fault(sql).await;
        assert!(found.message.contains(word), "{sql}: {found}");
        assert!(!found.message.contains("Error") && !found.message.contains('\n'), "{sql}: {found}");
    }
}

#[tokio::test]
async fn columns_that_no_table_can_have_are_told_with_a_way_out() {
    for (sql, word) in [
        ("select count(*) from sales", "give the column one with `as`"),
        ("select id, price as id from sales", "two columns have one name"),
        ("select a.id, b.id from sales a join sales b on a.id = b.id", "two columns are called `id`"),
        ("select null as nothing from sales", "always null"),
        ("select array_agg(id) as ids from sales", "plain values"),
        ("select at - at as since from sales", "a span of time"),
        ("select id as \"Id\" from sales", "no name of a column"),
    ] {
        let found = fault(sql).await.to_string();
        assert!(found.contains(word), "{sql}: {found}");
    }
}

#[tokio::test]
async fn settings_speak_of_columns_that_are_there() {
    for (more, word) in [
        (json!({"materialise": "merge", "key": ["nr"]}), "`key` names `nr`"),
        (json!({"partition_by": [{"column": "day", "transform": "day"}]}), "`partition_by` names `day`"),
        (json!({"partition_by": [{"column": "shop", "transform": "day"}]}), "cannot be taken of `shop`"),
        (json!({"partition_by": [{"column": "mean", "transform": "identity"}]}), "cannot be taken of `mean`"),
        (json!({"materialise": "merge", "key": ["mean"]}), "floats are no keys"),
        (json!({"tests": [{"unique": ["nr"]}]}), "`unique` names `nr`"),
        (json!({"tests": [{"sql": "select nr from m"}]}), "nr"),
        (json!({"tests": [{"relationship": {"column": "id", "to": "shops", "field": "nr"}}]}), "nr"),
    ] {
        let found = faults("select id, shop, cast(price as double) as mean from sales", more.clone()).await;
        assert_eq!(found.len(), 1, "{more}: {found:?}");
        assert!(found[0].message.contains(word), "{more}: {}", found[0]);
    }
}

#[tokio::test]
async fn who_reads_a_faulty_model_is_told_so_and_nothing_else() {
    let models = [
        model("one", &["sales"], "select nr from sales", json!({})),
        model("two", &["one"], "select nr, x from one", json!({})),
        model("three", &["sales"], "select id from sales", json!({})),
    ];
    let checked = checked(&models).await;
    assert_eq!(checked[0].faults.len(), 1);
    assert_eq!(checked[1].faults[0].message, "it reads `one`, which has faults");
    assert_eq!(checked[1].faults.len(), 1);
    assert_eq!(checked[2].faults, []);
}

#[tokio::test]
async fn functions_of_athena_are_known() {
    let sql = "select date_parse(shop, '%d.%m.%Y') as day, date_format(at, '%Y-%m') as month, \
               count_if(price > 1) as many, date_diff('day', min(at), max(at)) as days from sales group by 1, 2";
    assert_eq!(faults(sql, json!({})).await, []);
}

#[tokio::test]
async fn partitions_that_no_table_can_have_together_are_told() {
    let sql = "select id, at, shop from sales";
    let field =
        |column: &str, transform: serde_json::Value| json!({"column": column, "transform": transform});
    let of = |fields: Vec<serde_json::Value>| faults(sql, json!({ "partition_by": fields }));
    for refused in [
        vec![field("at", json!("year")), field("at", json!("month"))],
        vec![field("at", json!("day")), field("at", json!("hour"))],
        vec![field("id", json!({"bucket": 4})), field("id", json!({"bucket": 8}))],
    ] {
        let found = of(refused.clone()).await;
        assert_eq!(found.len(), 1, "{refused:?}: {found:?}");
        assert!(found[0].message.contains("beside each other"), "{refused:?}: {found:?}");
    }
    let good = vec![
        field("at", json!("month")),
        field("id", json!({"bucket": 4})),
        field("shop", json!("identity")),
    ];
    assert_eq!(of(good).await, []);
}
