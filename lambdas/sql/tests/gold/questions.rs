//! Queries of people: answers, what they read, and what they may take.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use serde_json::json;
use tarn_sql::{Error, Session, Settings, session};

use crate::support::{DAY, Lake, NEW_YEAR, model, places, settings, texts};

async fn one(sql: &str) -> Result<Vec<String>, Error> {
    let lake = Lake::new();
    let session = Session::new(&settings(), lake.store.clone())?;
    Ok(texts(session.query(sql).await?).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_of_athena_give_what_athena_gives() {
    for (sql, wanted) in [
        ("select date_parse('24.12.2025 08:05', '%d.%m.%Y %H:%i')", "2025-12-24T08:05:00"),
        ("select date_parse('2025-12-24', '%Y-%m-%d')", "2025-12-24T00:00:00"),
        ("select date_parse(cast(null as varchar), '%Y')", "-"),
        (
            "select date_format(timestamp '2025-12-24 08:05:09', '%e. %M %y, %H:%i:%s')",
            "24. December 25, 08:05:09",
        ),
        ("select date_format(date '2025-02-03', '%c/%d')", "2/03"),
        ("select date_diff('day', date '2025-12-24', date '2026-01-01')", "8"),
        ("select date_diff('hour', timestamp '2025-12-24 08:30:00', timestamp '2025-12-24 10:29:59')", "1"),
        ("select date_diff('month', date '2025-01-31', date '2025-02-28')", "1"),
        ("select date_diff('month', date '2025-01-15', date '2025-03-14')", "1"),
        ("select date_diff('month', date '2025-03-15', date '2025-01-15')", "-2"),
        ("select date_diff('year', date '2020-02-29', date '2026-02-28')", "6"),
        ("select count_if(x > 1) from (values (1), (2), (3), (null)) t(x)", "2"),
        ("select count_if(x > 9) from (select 1 as x where 1 = 2) t", "0"),
    ] {
        let found = one(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        // The last day of a month is a month after the last day of the one before.
        assert_eq!(found, [wanted], "{sql}");
    }
    for sql in ["select date_parse('24.13.2025', '%d.%m.%Y')", "select date_parse('1', '%Q')"] {
        let session = Session::new(&settings(), Lake::new().store.clone()).unwrap();
        let rows = match session.query(sql).await {
            Err(_) => continue,
            Ok(rows) => futures::TryStreamExt::try_collect::<Vec<_>>(rows.stream).await,
        };
        assert!(rows.is_err(), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nulls_come_last() {
    let sorted = |way: &str| format!("select x from (values (1), (null), (2)) t(x) order by x {way}");
    assert_eq!(one(&sorted("")).await.unwrap(), ["1", "2", "-"]);
    assert_eq!(one(&sorted("desc")).await.unwrap(), ["2", "1", "-"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_columns_and_only_those_wanted_are_read() {
    let lake = Lake::new();
    for (name, city) in [("a", "Bonn"), ("b", "K%C3%B6ln"), ("c", "__HIVE_DEFAULT_PARTITION__")] {
        lake.shop(name, city);
    }
    assert_eq!(lake.rows(&[], "select name, city from shops").await, ["a|Bonn", "b|Köln", "c|-"]);
    let read = async |sql: &str| {
        let session = session(&lake.ports, &places(), &lake.tables, &[], sql, &settings()).await.unwrap();
        let rows = texts(session.query(sql).await.unwrap()).await;
        (rows, session.scanned_bytes())
    };
    let (rows, some) = read("select name from shops where city = 'Köln'").await;
    assert_eq!(rows, ["b"]);
    let (_, all) = read("select name from shops").await;
    assert!(some > 0 && some * 2 < all, "{some} of {all} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_written_again_is_no_half_of_two() {
    let lake = Lake::new();
    lake.sell("1", &[(1, NEW_YEAR, "a", 1)]);
    let sql = "select * from sales";
    let session = session(&lake.ports, &places(), &lake.tables, &[], sql, &settings()).await.unwrap();
    lake.sell("1", &[(2, NEW_YEAR, "b", 2)]);
    let rows = session.query(sql).await.unwrap();
    let read: Result<Vec<_>, _> = futures::TryStreamExt::try_collect(rows.stream).await;
    assert!(read.unwrap_err().to_string().contains("written again"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sort_larger_than_memory_ends_and_what_cannot_spill_says_so() {
    let lake = Lake::new();
    let many =
        |seed: i64| Int64Array::from_iter_values((0..1_000_000).map(|n: i64| (n * 7_919 + seed) % 999_983));
    for file in 0..3 {
        let columns = [("id", 1), ("price", 5)].map(|(name, seed)| (name, Arc::new(many(seed)) as ArrayRef));
        lake.land(&format!("sales/{file}.parquet"), &RecordBatch::try_from_iter(columns).unwrap());
    }
    let spill = tempfile::tempdir().unwrap();
    let little = Settings::new(40 << 20, spill.path());
    let sorted = "select id, price from sales order by price, id";
    let session = session(&lake.ports, &places(), &lake.tables, &[], sorted, &little).await.unwrap();
    let mut rows = session.query(sorted).await.unwrap();
    let mut count = 0;
    while let Some(batch) = futures::StreamExt::next(&mut rows.stream).await {
        count += batch.unwrap().num_rows();
    }
    assert_eq!(count, 3_000_000);
    let whole = "select array_agg(id) as ids, array_agg(price) as prices from sales";
    let rows = session.query(whole).await.unwrap();
    let read = futures::TryStreamExt::try_collect::<Vec<_>>(rows.stream).await;
    let error = read.map_err(Error::from).unwrap_err();
    assert!(error.to_string().contains("more memory than it may take"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_can_be_looked_at() {
    let lake = Lake::new();
    lake.sell("1", &[(1, NEW_YEAR, "a", 1)]);
    let sql = "select shop, count(*) from sales group by shop";
    let session = session(&lake.ports, &places(), &lake.tables, &[], sql, &settings()).await.unwrap();
    let plan = session.explain(sql).await.unwrap();
    assert!(plan.contains("AggregateExec") && plan.contains("silver/sales/1.parquet"), "{plan}");
    let tables: Vec<String> = session.tables().await.unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(tables, ["sales"], "what is not mentioned is not looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn older_files_are_read_as_the_table_is_now() {
    let mut lake = Lake::new();
    lake.sell("1", &[(1, NEW_YEAR, "a", 1)]);
    lake.tables[0] = crate::support::table(
        "sales",
        &[("id", "decimal(20,0)"), ("at", "timestamp(us)"), ("price", "int64"), ("rebate", "float64")],
        &[],
    );
    let rows = lake.rows(&[], "select id, at, price, rebate from sales where price = 1").await;
    assert_eq!(rows, ["1|2026-01-01T00:00:00|1|-"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_of_files_leave_files_unread() {
    let lake = Lake::new();
    let days: Vec<_> = (0..20).map(|n| (n, NEW_YEAR + n * DAY, "a", n)).collect();
    lake.sell("1", &days);
    let header = json!({"partition_by": [{"column": "at", "transform": "day"}]});
    let all = model("all_sales", &["sales"], "select * from sales", header);
    assert_eq!(lake.published(&all).await.files, 20);
    let read = async |sql: &str| {
        let session =
            session(&lake.ports, &places(), &lake.tables, std::slice::from_ref(&all), sql, &settings())
                .await
                .unwrap();
        let rows = texts(session.query(sql).await.unwrap()).await;
        (rows, session.scanned_bytes())
    };
    let (rows, some) = read("select id from all_sales where at = timestamp '2026-01-03 00:00:00'").await;
    assert_eq!(rows, ["2"]);
    let (_, whole) = read("select id from all_sales").await;
    assert!(some > 0 && some * 5 < whole, "{some} of {whole} bytes");
}
