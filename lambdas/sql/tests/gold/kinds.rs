//! The ways in which a model's rows become a table's.

use serde_json::json;
use tarn_sql::Built;

use crate::support::{DAY, Lake, NEW_YEAR, Sale, fault, model};

const FIRST: [Sale; 3] = [(1, NEW_YEAR, "a", 10), (2, NEW_YEAR + 5, "b", 20), (3, NEW_YEAR + DAY, "a", 30)];

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_model_is_made_when_its_inputs_change_and_only_then() {
    let lake = Lake::new();
    let totals =
        model("totals", &["sales"], "select shop, sum(price) as total from sales group by shop", json!({}));
    lake.sell("1", &FIRST);
    let first = lake.published(&totals).await;
    assert_eq!((first.rows, first.files), (2, 1));
    assert!(first.scanned_bytes > 0);
    assert_eq!(lake.rows(&[&totals], "select * from totals").await, ["a|40", "b|20"]);
    let files = lake.keys();
    assert_eq!(lake.build(&totals).await.unwrap(), Built::Unchanged { version: first.version.clone() });
    assert_eq!(lake.keys(), files, "what is not due writes nothing");
    lake.sell("2", &[(4, NEW_YEAR, "c", 1)]);
    let second = lake.published(&totals).await;
    assert_ne!(first.version, second.version);
    assert_eq!(lake.rows(&[&totals], "select * from totals").await, ["a|40", "b|20", "c|1"]);
    // What its inputs were before, they can be again.
    lake.store.delete("silver", "sales/2.parquet").unwrap();
    lake.published(&totals).await;
    assert_eq!(lake.rows(&[&totals], "select * from totals").await, ["a|40", "b|20"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_text_of_the_sql_is_due_and_another_description_is_not() {
    let lake = Lake::new();
    lake.sell("1", &FIRST);
    let all = |sql: &str, more| model("ids", &["sales"], sql, more);
    lake.published(&all("select id from sales", json!({}))).await;
    let described = all("select id from sales", json!({"description": "Numbers"}));
    assert!(matches!(lake.build(&described).await.unwrap(), Built::Unchanged { .. }));
    lake.published(&all("select id from sales where id > 1", json!({}))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appended_model_takes_every_file_once() {
    let lake = Lake::new();
    let header = json!({"materialise": "append", "new_files_of": "sales"});
    let log = model("log", &["sales"], "select id, price * 2 as price from sales", header);
    lake.sell("1", &FIRST);
    assert_eq!(lake.published(&log).await.rows, 3);
    assert!(matches!(lake.build(&log).await.unwrap(), Built::Unchanged { .. }));
    lake.sell("2", &[(4, NEW_YEAR, "c", 1)]);
    lake.sell("3", &[(5, NEW_YEAR, "c", 2)]);
    assert_eq!(lake.published(&log).await.rows, 2);
    let rows = ["1|20", "2|40", "3|60", "4|2", "5|4"];
    assert_eq!(lake.rows(&[&log], "select * from log").await, rows);
    // A file that is written anew is no new file; it is told of.
    lake.sell("2", &[(4, NEW_YEAR, "c", 1)]);
    assert!(matches!(lake.build(&log).await.unwrap(), Built::Unchanged { .. }));
    lake.sell("4", &[(6, NEW_YEAR, "c", 3)]);
    let published = lake.published(&log).await;
    assert_eq!((published.rows, published.changed_inputs), (1, 1));
    assert_eq!(lake.rows(&[&log], "select count(*), count(distinct id) from log").await, ["6|6"]);
}

/// Nobody kept account of the files whose rows are there, so they make room.
#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_becomes_an_appended_one_has_each_row_once() {
    let lake = Lake::new();
    let sql = "select id, price from sales";
    let replaced = model("log", &["sales"], sql, json!({}));
    let appended = model("log", &["sales"], sql, json!({"materialise": "append", "new_files_of": "sales"}));
    lake.sell("1", &FIRST);
    lake.published(&replaced).await;
    lake.sell("2", &[(4, NEW_YEAR, "c", 1)]);
    for model in [&appended, &replaced, &appended] {
        lake.published(model).await;
        assert_eq!(lake.rows(&[model], "select count(*), count(distinct id) from log").await, ["4|4"]);
    }
    lake.sell("3", &[(5, NEW_YEAR, "c", 2)]);
    assert_eq!(lake.published(&appended).await.rows, 1);
    assert_eq!(lake.rows(&[&appended], "select count(*), count(distinct id) from log").await, ["5|5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_may_be_called_as_the_folder_of_its_metadata_is() {
    let lake = Lake::new();
    let model = model("metadata", &["sales"], "select id from sales", json!({}));
    lake.sell("1", &FIRST);
    lake.published(&model).await;
    assert!(matches!(lake.build(&model).await.unwrap(), Built::Unchanged { .. }));
    lake.sell("2", &[(4, NEW_YEAR, "c", 1)]);
    lake.published(&model).await;
    assert_eq!(lake.rows(&[&model], "select count(*) from metadata").await, ["4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_written_anew_are_not_appended() {
    let mut lake = Lake::new();
    let table = lake.tables.iter_mut().find(|table| table.name.as_str() == "sales").unwrap();
    table.arrival.on_overwrite = tarn_lake::OnOverwrite::Replace;
    let header = json!({"materialise": "append", "new_files_of": "sales"});
    let said = fault(lake.build(&model("log", &["sales"], "select id from sales", header)).await);
    assert!(said.contains("written anew") && said.contains("merge"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appended_model_without_files_is_an_empty_table() {
    let lake = Lake::new();
    let header = json!({"materialise": "append", "new_files_of": "sales"});
    let log = model("log", &["sales"], "select id from sales", header);
    assert_eq!(lake.published(&log).await.rows, 0);
    assert!(matches!(lake.build(&log).await.unwrap(), Built::Unchanged { .. }));
    assert_eq!(lake.rows(&[&log], "select count(*) from log").await, ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_model_replaces_rows_by_key() {
    let lake = Lake::new();
    let sql = "select id, max(price) as price, max(shop) as shop from sales group by id";
    let merged = model("newest", &["sales"], sql, json!({"materialise": "merge", "key": ["id"]}));
    lake.sell("1", &FIRST);
    lake.published(&merged).await;
    // Rows whose input is gone stay; those of the same key make room.
    lake.store.delete("silver", "sales/1.parquet").unwrap();
    lake.sell("2", &[(2, NEW_YEAR, "b", 99), (4, NEW_YEAR, "d", 40)]);
    let second = lake.published(&merged).await;
    assert_eq!(second.rows, 2);
    assert_eq!(lake.rows(&[&merged], "select * from newest").await, ["1|10|a", "2|99|b", "3|30|a", "4|40|d"]);
    // Keys that are not there leave all files alone.
    lake.store.delete("silver", "sales/2.parquet").unwrap();
    lake.sell("3", &[(7, NEW_YEAR, "e", 7)]);
    assert_eq!(lake.published(&merged).await.files, 1);
    assert_eq!(lake.rows(&[&merged], "select count(*), sum(price) from newest").await, ["5|186"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_several_columns_is_a_key() {
    let lake = Lake::new();
    let sql = "select shop, cast(at as date) as day, sum(price) as total from sales group by 1, 2";
    let merged = model("days", &["sales"], sql, json!({"materialise": "merge", "key": ["shop", "day"]}));
    lake.sell("1", &FIRST);
    lake.published(&merged).await;
    lake.store.delete("silver", "sales/1.parquet").unwrap();
    lake.sell("2", &[(9, NEW_YEAR + DAY, "a", 1), (9, NEW_YEAR + DAY, "b", 2)]);
    lake.published(&merged).await;
    let rows = ["a|2026-01-01|10", "a|2026-01-02|1", "b|2026-01-01|20", "b|2026-01-02|2"];
    assert_eq!(lake.rows(&[&merged], "select shop, day, total from days").await, rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_rows_share_no_key_and_have_one() {
    let lake = Lake::new();
    let header = json!({"materialise": "merge", "key": ["shop"]});
    lake.sell("1", &FIRST);
    let doubled = model("shops_seen", &["sales"], "select shop, price from sales", header.clone());
    let said = fault(lake.build(&doubled).await);
    assert!(said.contains("1 keys (shop) have more than one new row"), "{said}");
    let sql = "select nullif(shop, 'a') as shop, max(price) as price from sales group by 1";
    let said = fault(lake.build(&model("shops_seen", &["sales"], sql, header)).await);
    assert!(said.contains("1 of the new rows have a null in the key (shop)"), "{said}");
    assert!(lake.pointers.published("shop_gold", "shops_seen").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_new_rows_fall_into_are_replaced() {
    let lake = Lake::new();
    let header = json!({"materialise": "partition", "partition_by": [{"column": "at", "transform": "day"}]});
    let sql = "select id, at, price from sales";
    let days = model("days", &["sales"], sql, header);
    lake.sell("1", &FIRST);
    assert_eq!(lake.published(&days).await.files, 2, "a file for each day");
    lake.store.delete("silver", "sales/1.parquet").unwrap();
    lake.sell("2", &[(7, NEW_YEAR + 1, "a", 70), (8, NEW_YEAR + 3 * DAY, "a", 80)]);
    lake.published(&days).await;
    let rows = ["3|2026-01-02T00:00:00|30", "7|2026-01-01T00:00:00.001|70", "8|2026-01-04T00:00:00|80"];
    assert_eq!(lake.rows(&[&days], "select * from days").await, rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transform_makes_partitions() {
    let lake = Lake::new();
    let transforms = [
        (json!({"column": "at", "transform": "year"}), 2),
        (json!({"column": "at", "transform": "month"}), 3),
        (json!({"column": "at", "transform": "day"}), 4),
        (json!({"column": "at", "transform": "hour"}), 5),
        (json!({"column": "shop", "transform": "identity"}), 3),
        (json!({"column": "id", "transform": {"bucket": 4}}), 4),
        (json!({"column": "id", "transform": {"truncate": 100}}), 2),
        (json!({"column": "shop", "transform": {"truncate": 1}}), 2),
    ];
    let hour = DAY / 24;
    let moments = [NEW_YEAR - DAY, NEW_YEAR, NEW_YEAR + hour, NEW_YEAR + DAY, NEW_YEAR + 40 * DAY];
    let shops = ["a", "ab", "b", "a", "b"];
    let sale = |nth: usize| (nth as i64 * 30, moments[nth % 5] + nth as i64, shops[nth % 5], 1);
    lake.sell("1", &(0..5).map(sale).collect::<Vec<_>>());
    for (nth, (field, files)) in transforms.into_iter().enumerate() {
        let name = format!("parted_{nth}");
        let all = model(&name, &["sales"], "select * from sales", json!({"partition_by": [field]}));
        let published = lake.published(&all).await;
        assert!(published.files <= files, "{field}: {published:?}");
        assert!(published.files >= 2, "{field}: {published:?}");
        assert_eq!(
            lake.rows(&[&all], &format!("select count(*), count(distinct id) from {name}")).await,
            ["5|5"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_null_is_a_partition_of_its_own() {
    let lake = Lake::new();
    lake.sell("1", &FIRST);
    let header = json!({"partition_by": [{"column": "shop", "transform": "identity"}]});
    let all = model("all_sales", &["sales"], "select id, nullif(shop, 'a') as shop from sales", header);
    assert_eq!(lake.published(&all).await.files, 2);
    assert_eq!(lake.rows(&[&all], "select id, shop from all_sales").await, ["1|-", "2|b", "3|-"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_parquet_is_read_by_the_next_model() {
    let lake = Lake::new();
    lake.sell("1", &FIRST);
    let plain = model("plain", &["sales"], "select shop, at, price from sales", json!({"format": "parquet"}));
    let next = model(
        "next",
        &["plain"],
        "select shop, count(*) as n, max(at) as at from plain group by shop",
        json!({}),
    );
    lake.published(&plain).await;
    lake.published(&next).await;
    assert!(matches!(lake.build(&plain).await.unwrap(), Built::Unchanged { .. }));
    assert!(matches!(lake.build(&next).await.unwrap(), Built::Unchanged { .. }));
    assert_eq!(lake.rows(&[&next], "select shop, n from next").await, ["a|2", "b|1"]);
    lake.sell("2", &[(4, NEW_YEAR, "b", 1)]);
    lake.published(&plain).await;
    lake.published(&next).await;
    assert_eq!(lake.rows(&[&next], "select shop, n from next").await, ["a|2", "b|2"]);
    let none = model(
        "plain",
        &["sales"],
        "select shop, at, price from sales where id < 0",
        json!({"format": "parquet"}),
    );
    assert_eq!(lake.published(&none).await.rows, 0);
    assert_eq!(lake.rows(&[&none], "select count(*) from plain").await, ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_can_become_a_table_of_the_other_format() {
    let lake = Lake::new();
    lake.sell("1", &FIRST);
    for format in ["iceberg", "parquet", "iceberg", "parquet"] {
        let plain = model("plain", &["sales"], "select id, shop from sales", json!({"format": format}));
        lake.published(&plain).await;
        assert_eq!(lake.rows(&[&plain], "select id from plain").await, ["1", "2", "3"], "{format}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_test_publishes_nothing_and_says_how_many() {
    let lake = Lake::new();
    lake.sell("1", &FIRST);
    lake.shop("a", "Bonn");
    let tests = json!([
        {"unique": ["shop"]},
        {"not_null": ["id", "shop"]},
        {"accepted_values": {"column": "shop", "values": ["a"]}},
        {"relationship": {"column": "shop", "to": "shops", "field": "name"}},
        {"sql": "select * from tested where price > 15;"},
    ]);
    let sql = "select id, shop, price from sales";
    let tested = model("tested", &["sales", "shops"], sql, json!({"tests": tests}));
    let Built::Failed(failed) = lake.build(&tested).await.unwrap() else { panic!("it was published") };
    let failed: Vec<(String, u64)> = failed.into_iter().map(|failed| (failed.test, failed.rows)).collect();
    let wanted = [
        ("unique(shop)", 1),
        ("accepted_values(shop)", 1),
        ("relationship(shop in shops.name)", 1),
        ("sql(select * from tested where price > 15;)", 2),
    ];
    assert_eq!(failed, wanted.map(|(test, rows)| (test.to_owned(), rows)));
    assert!(lake.pointers.published("shop_gold", "tested").is_empty());
    // It is still due, and published as soon as it is good.
    let good =
        json!([{"unique": ["id"]}, {"relationship": {"column": "shop", "to": "shops", "field": "name"}}]);
    lake.shop("b", "Köln");
    lake.published(&model("tested", &["sales", "shops"], sql, json!({"tests": good}))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_see_all_of_a_table_that_is_taken_by_its_new_files() {
    let lake = Lake::new();
    let tests = json!([{"relationship": {"column": "id", "to": "sales", "field": "id"}}, {"unique": ["id"]}]);
    let header = json!({"materialise": "append", "new_files_of": "sales", "tests": tests});
    let log = model("log", &["sales"], "select id from sales", header);
    lake.sell("1", &FIRST);
    lake.published(&log).await;
    lake.sell("2", &[(4, NEW_YEAR, "c", 1)]);
    lake.published(&log).await;
    lake.sell("3", &[(4, NEW_YEAR, "c", 1)]);
    let Built::Failed(failed) = lake.build(&log).await.unwrap() else { panic!("it was published") };
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(lake.rows(&[&log], "select count(*) from log").await, ["4"]);
}
