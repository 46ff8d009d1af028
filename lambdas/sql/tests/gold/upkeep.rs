//! Small files, old snapshots, and files that nothing names.

use std::time::Duration;

use serde_json::json;
use tarn_lake::Model;
use tarn_sql::{Built, Rules, Upkeep, maintain};

use crate::support::{GOLD, Lake, NEW_YEAR, model, places, settings};

const DAY: Duration = Duration::from_secs(86_400);

fn log() -> Model {
    let header = json!({
        "materialise": "append",
        "new_files_of": "sales",
        "partition_by": [{"column": "shop", "transform": "identity"}],
    });
    model("log", &["sales"], "select id, shop, price from sales", header)
}

async fn keep(lake: &Lake, model: &Model, rules: Rules) -> Upkeep {
    maintain(&lake.ports, &places(), model, &rules, &settings()).await.unwrap()
}

/// A table of eight snapshots, a day apart, each of a file for shop `a` and some for `b`.
async fn eight_days() -> Lake {
    let lake = Lake::new();
    for day in 1..=8 {
        let shop = if day % 4 == 0 { "b" } else { "a" };
        lake.sell(&day.to_string(), &[(day, NEW_YEAR, shop, day)]);
        lake.published(&log()).await;
        lake.clock.advance(DAY);
    }
    lake
}

#[tokio::test(flavor = "multi_thread")]
async fn small_files_become_one_for_each_partition_and_no_row_changes() {
    let lake = eight_days().await;
    let rows = lake.rows(&[&log()], "select * from log").await;
    let reader = model("reader", &["log"], "select count(*) as n from log", json!({}));
    lake.published(&reader).await;
    let done = keep(&lake, &log(), Rules::default()).await;
    assert_eq!((done.compacted, done.into), (8, 2));
    assert!(matches!(lake.build(&reader).await.unwrap(), Built::Unchanged { .. }), "the rows are the same");
    assert_eq!(lake.rows(&[&log()], "select * from log").await, rows);
    // It is no output: nothing is due by it, and what was taken stays taken.
    assert!(matches!(lake.build(&log()).await.unwrap(), Built::Unchanged { .. }));
    lake.sell("9", &[(9, NEW_YEAR, "a", 9)]);
    assert_eq!(lake.published(&log()).await.rows, 1);
    assert_eq!(lake.rows(&[&log()], "select count(*), count(distinct id) from log").await, ["9|9"]);
    let done = keep(&lake, &log(), Rules::default()).await;
    assert_eq!((done.compacted, done.into), (2, 1), "what is alone in its partition stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_snapshots_go_but_the_newest_five_and_their_files_go_after_them() {
    let lake = eight_days().await;
    lake.clock.advance(DAY * 20);
    let rows = lake.rows(&[&log()], "select * from log").await;
    let before = lake.store.contents(GOLD).len();
    let looked = keep(&lake, &log(), Rules { delete: false, small_bytes: 0, ..Rules::default() }).await;
    assert_eq!(looked.expired, 3);
    assert!(looked.orphans > 0 && looked.orphan_bytes > 0);
    assert!(lake.store.contents(GOLD).len() > before, "nothing is deleted by looking");
    let done = keep(&lake, &log(), Rules { small_bytes: 0, ..Rules::default() }).await;
    assert_eq!((done.expired, done.orphans), (0, looked.orphans));
    assert!(lake.store.contents(GOLD).len() < before);
    assert_eq!(lake.rows(&[&log()], "select * from log").await, rows);
    assert!(matches!(lake.build(&log()).await.unwrap(), Built::Unchanged { .. }));
    let again = keep(&lake, &log(), Rules { small_bytes: 0, ..Rules::default() }).await;
    assert_eq!(again, Upkeep::default(), "a second time there is nothing to do");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_young_is_no_orphan_and_of_what_was_never_published_nothing_goes() {
    let lake = eight_days().await;
    let stray = |name: &str| lake.store.land(GOLD, name, "x").unwrap();
    stray("log/data/of-a-dead-worker.parquet");
    stray("unpublished/data/of-a-dead-worker.parquet");
    keep(&lake, &log(), Rules::default()).await;
    assert!(lake.keys().contains(&"log/data/of-a-dead-worker.parquet".to_owned()), "it may be alive");
    lake.clock.advance(DAY * 4);
    let unpublished = model("unpublished", &["sales"], "select 1 as one from sales", json!({}));
    assert_eq!(keep(&lake, &unpublished, Rules::default()).await.orphans, 0);
    let done = keep(&lake, &log(), Rules::default()).await;
    assert!(done.orphans >= 1);
    let left = lake.keys();
    assert!(!left.contains(&"log/data/of-a-dead-worker.parquet".to_owned()));
    assert!(left.contains(&"unpublished/data/of-a-dead-worker.parquet".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_folders_of_parquet_the_one_that_is_read_stays() {
    let lake = Lake::new();
    let plain = model("plain", &["sales"], "select id from sales", json!({"format": "parquet"}));
    for file in 1..=3 {
        lake.sell(&file.to_string(), &[(file, NEW_YEAR, "a", 1)]);
        lake.published(&plain).await;
    }
    lake.clock.advance(DAY * 4);
    assert_eq!(keep(&lake, &plain, Rules::default()).await.orphans, 2);
    assert_eq!(lake.keys().len(), 1);
    assert_eq!(lake.rows(&[&plain], "select * from plain").await, ["1", "2", "3"]);
}
