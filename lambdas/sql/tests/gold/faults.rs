//! Every call of every port fails, in every way; afterwards every row is there once.

use std::sync::Arc;

use serde_json::json;
use tarn_core::testing::{FailAt, Fault, MemoryPointers, MemoryStore};
use tarn_lake::Model;
use tarn_sql::{Ports, build, maintain};

use crate::support::{Lake, NEW_YEAR, job, model, places, ports, settings};

/// The ports of a lake with a fault at the n-th call of any of them. What the ports borrow lives on:
/// a test's memory is given back when it ends.
fn failing(lake: &Lake, nth: u32, fault: Fault) -> (Ports, &'static FailAt) {
    let faults: &'static FailAt = Box::leak(Box::new(FailAt::new(nth, fault)));
    let store: &'static Arc<MemoryStore> = Box::leak(Box::new(lake.store.clone()));
    let pointers: &'static Arc<MemoryPointers> = Box::leak(Box::new(lake.pointers.clone()));
    let (store, pointers) =
        (Arc::new(faults.before(store.as_ref())), Arc::new(faults.before(pointers.as_ref())));
    (ports(store, pointers, &lake.clock), faults)
}

fn models() -> Vec<Model> {
    let sql = "select id, price from sales";
    vec![
        model("m", &["sales"], sql, json!({})),
        model("m", &["sales"], sql, json!({"materialise": "append", "new_files_of": "sales"})),
        model("m", &["sales"], sql, json!({"materialise": "merge", "key": ["id"]})),
        model("m", &["sales"], sql, json!({"format": "parquet"})),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_call_fails_no_row_is_lost_or_doubled() {
    let mut struck = 0;
    for (model, fault) in models().iter().flat_map(|model| Fault::ALL.map(|fault| (model, fault))) {
        for nth in 1.. {
            assert!(nth < 100, "a build of this size does not make so many calls");
            let lake = Lake::new();
            lake.sell("1", &[(1, NEW_YEAR, "a", 10), (2, NEW_YEAR, "b", 20)]);
            lake.published(model).await;
            lake.sell("2", &[(2, NEW_YEAR, "b", 20), (3, NEW_YEAR, "c", 30)]);
            let distinct = "select distinct id, price from sales";
            let model = &Model { sql: distinct.into(), ..model.clone() };
            let (ports, faults) = failing(&lake, nth, fault);
            let outcome = build(&job(&lake.tables, model), &ports, &places()).await;
            if !faults.has_struck() {
                assert!(outcome.is_ok(), "{fault:?}: {outcome:?}");
                break;
            }
            struck += 1;
            let between = lake.rows(&[model], "select id, price from m").await;
            let (before, after) = (vec!["1|10", "2|20"], expected(model));
            assert!(between == before || between == after, "{fault:?} at {nth}: {between:?}");
            // The next run makes it good, without a fault and without being told.
            lake.build(model).await.unwrap();
            assert_eq!(lake.rows(&[model], "select id, price from m").await, after, "{fault:?} at {nth}");
            assert!(matches!(lake.build(model).await.unwrap(), tarn_sql::Built::Unchanged { .. }));
        }
    }
    assert!(struck > 100, "{struck} faults");
}

/// The append takes the second file as it is; the others give distinct rows.
fn expected(model: &Model) -> Vec<&'static str> {
    match model.new_files_of {
        Some(_) => vec!["1|10", "2|20", "2|20", "3|30"],
        None => vec!["1|10", "2|20", "3|30"],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_call_of_the_upkeep_fails_every_row_stays() {
    let mut struck = 0;
    for fault in Fault::ALL {
        for nth in 1.. {
            assert!(nth < 300, "an upkeep of this size does not make so many calls");
            let lake = Lake::new();
            let log = model(
                "m",
                &["sales"],
                "select id, price from sales",
                json!({"materialise": "append", "new_files_of": "sales"}),
            );
            for file in 1..=7 {
                lake.sell(&file.to_string(), &[(file, NEW_YEAR, "a", file)]);
                lake.published(&log).await;
            }
            lake.clock.advance(std::time::Duration::from_secs(30 * 86_400));
            let rows = lake.rows(&[&log], "select * from m").await;
            let (ports, faults) = failing(&lake, nth, fault);
            let _ = maintain(&ports, &places(), &log, &Default::default(), &settings()).await;
            if !faults.has_struck() {
                break;
            }
            struck += 1;
            assert_eq!(lake.rows(&[&log], "select * from m").await, rows, "{fault:?} at {nth}");
            maintain(&lake.ports, &places(), &log, &Default::default(), &settings()).await.unwrap();
            assert_eq!(lake.rows(&[&log], "select * from m").await, rows, "{fault:?} at {nth}");
            assert!(matches!(lake.build(&log).await.unwrap(), tarn_sql::Built::Unchanged { .. }));
        }
    }
    assert!(struck > 100, "{struck} faults");
}
