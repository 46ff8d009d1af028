//! Columns that come, go, widen and are called otherwise; and old snapshots, which stay as they were.

use serde_json::json;
use tarn_lake::{ColumnName, Model};
use tarn_sql::{Built, Error, build};

use crate::support::{Lake, NEW_YEAR, fault, job, model, places};

fn log(sql: &str) -> Model {
    model("log", &["sales"], sql, json!({"materialise": "append", "new_files_of": "sales"}))
}

async fn renamed(lake: &Lake, model: &Model, new: &str, old: &str) -> Result<Built, Error> {
    let mut job = job(&lake.tables, model);
    job.renamed = [(ColumnName::new(new).unwrap(), ColumnName::new(old).unwrap())].into();
    build(&job, &lake.ports, &places()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_every_age_are_read_by_the_columns_of_today() {
    let lake = Lake::new();
    let sell = |file: &str, id: i64| lake.sell(file, &[(id, NEW_YEAR, "a", id * 10)]);
    sell("1", 1);
    lake.published(&log("select id, cast(price as int) as price, shop from sales")).await;
    sell("2", 2);
    // One more.
    lake.published(&log("select id, cast(price as int) as price, shop, 'new' as source from sales")).await;
    sell("3", 3);
    // Wider, and in another order.
    lake.published(&log("select source, id, price, shop from (select *, 'x' as source from sales)")).await;
    sell("4", 4);
    // One less.
    lake.published(&log("select 'y' as source, id, price from sales")).await;
    sell("5", 5);
    // Under another name, and a new one under the old name.
    let last = log("select 'z' as source, id, price as amount, 'old name' as price from sales");
    assert!(matches!(renamed(&lake, &last, "amount", "price").await, Ok(Built::Published(_))));
    sell("6", 6);
    assert!(matches!(renamed(&lake, &last, "amount", "price").await, Ok(Built::Published(_))));
    // What was dropped comes back without its values.
    sell("7", 7);
    let back = log("select 'z' as source, id, price as amount, 'old name' as price, shop from sales");
    assert!(matches!(renamed(&lake, &back, "amount", "price").await, Ok(Built::Published(_))));
    let rows = lake.rows(&[&back], "select id, source, amount, price, shop from log").await;
    let wanted = [
        "1|-|10|-|-",
        "2|new|20|-|-",
        "3|x|30|-|-",
        "4|y|40|-|-",
        "5|z|50|old name|-",
        "6|z|60|old name|-",
        "7|z|70|old name|a",
    ];
    assert_eq!(rows, wanted);
    // Filters find the same rows as the file calls them.
    let sql = "select id from log where amount >= 30 and (price is null or source = 'z') and shop is null";
    assert_eq!(lake.rows(&[&back], sql).await, ["3", "4", "5", "6"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn merged_rows_are_carried_over_into_the_columns_of_today() {
    let lake = Lake::new();
    let merged = |sql: &str| model("newest", &["sales"], sql, json!({"materialise": "merge", "key": ["id"]}));
    lake.sell("1", &[(1, NEW_YEAR, "a", 10), (2, NEW_YEAR, "b", 20)]);
    lake.published(&merged("select id, cast(price as int) as price, shop from sales")).await;
    lake.store.delete("silver", "sales/1.parquet").unwrap();
    lake.sell("2", &[(2, NEW_YEAR, "b", 99)]);
    let now = merged("select id, price as amount, 'x' as more from sales");
    assert!(matches!(renamed(&lake, &now, "amount", "price").await, Ok(Built::Published(_))));
    assert_eq!(lake.rows(&[&now], "select id, amount, more from newest").await, ["1|10|-", "2|99|x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_lose_values_is_refused_with_a_way_out() {
    let lake = Lake::new();
    lake.sell("1", &[(1, NEW_YEAR, "a", 10)]);
    lake.published(&log("select id, shop from sales")).await;
    lake.sell("2", &[(2, NEW_YEAR, "b", 10)]);
    let other = log("select cast(id as varchar) as id, shop from sales");
    let said = fault(lake.build(&other).await);
    assert!(
        said.contains("`id` was long and would be string") && said.contains("out of gold's database"),
        "{said}"
    );
    let mut anew = job(&lake.tables, &other);
    anew.rebuild = true;
    assert!(matches!(build(&anew, &lake.ports, &places()).await, Ok(Built::Published(_))));
    assert_eq!(lake.rows(&[&other], "select id, shop from log").await, ["1|a", "2|b"]);
    assert!(matches!(lake.build(&other).await.unwrap(), Built::Unchanged { .. }));
    lake.sell("3", &[(3, NEW_YEAR, "b", 10)]);
    assert_eq!(lake.published(&other).await.rows, 1);
    assert_eq!(lake.rows(&[&other], "select count(*) from log").await, ["3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_partitions_are_for_new_files_and_old_files_stay() {
    let lake = Lake::new();
    let parted = |fields: serde_json::Value| {
        let header = json!({"materialise": "append", "new_files_of": "sales", "partition_by": fields});
        model("log", &["sales"], "select id, shop, at from sales", header)
    };
    lake.sell("1", &[(1, NEW_YEAR, "a", 10), (2, NEW_YEAR, "b", 20)]);
    lake.published(&parted(json!([{"column": "shop", "transform": "identity"}]))).await;
    lake.sell("2", &[(3, NEW_YEAR, "a", 10), (4, NEW_YEAR, "b", 20)]);
    let now =
        parted(json!([{"column": "at", "transform": "month"}, {"column": "id", "transform": {"bucket": 2}}]));
    lake.published(&now).await;
    assert_eq!(lake.rows(&[&now], "select id, shop from log").await, ["1|a", "2|b", "3|a", "4|b"]);
    assert_eq!(lake.rows(&[&now], "select id from log where shop = 'a'").await, ["1", "3"]);
    let header =
        json!({"materialise": "partition", "partition_by": [{"column": "at", "transform": "month"}]});
    let said = fault(lake.build(&model("log", &["sales"], "select id, shop, at from sales", header)).await);
    assert!(said.contains("out of gold's database"), "{said}");
}
