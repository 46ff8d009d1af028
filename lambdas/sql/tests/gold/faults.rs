//! Every call of every port is the last of its worker, and once more fails in one of three other ways, in
//! turn; afterwards every row is there once.

use std::sync::Arc;

use serde_json::json;
use tarn_core::testing::{FailAt, Fault, MemoryPointers, MemoryStore};
use tarn_lake::Model;
use tarn_sql::{Ports, Rules, build, maintain};

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

/// A death after the effect, which is the worst of them, and one of the others in turn.
fn faults_of(nth: u32) -> [Fault; 2] {
    [Fault::DiesAfter, [Fault::Refused, Fault::AnswerLost, Fault::DiesBefore][nth as usize % 3]]
}

const M: &[(&str, &str)] = &[("shop_gold", "m")];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_call_fails_no_row_is_lost_or_doubled() {
    let mut struck = 0;
    for model in models() {
        let before = Lake::new();
        before.sell("1", &[(1, NEW_YEAR, "a", 10), (2, NEW_YEAR, "b", 20)]);
        before.published(&model).await;
        before.sell("2", &[(2, NEW_YEAR, "b", 20), (3, NEW_YEAR, "c", 30)]);
        let model = Model { sql: "select distinct id, price from sales".into(), ..model };
        let wanted = expected(&model);
        for (nth, fault) in (1..).flat_map(|nth| faults_of(nth).map(|fault| (nth, fault))) {
            assert!(nth < 100, "a build of this size does not make so many calls");
            let lake = before.again(M).await;
            let (ports, faults) = failing(&lake, nth, fault);
            let outcome = build(&job(&lake.tables, &model), &ports, &places()).await;
            if !faults.has_struck() {
                assert!(outcome.is_ok(), "{fault:?}: {outcome:?}");
                break;
            }
            struck += 1;
            let between = lake.rows(&[&model], "select id, price from m").await;
            assert!(between == ["1|10", "2|20"] || between == wanted, "{fault:?} at {nth}: {between:?}");
            // The next run makes it good, without a fault and without being told.
            lake.build(&model).await.unwrap();
            assert_eq!(lake.rows(&[&model], "select id, price from m").await, wanted, "{fault:?} at {nth}");
            assert!(matches!(lake.build(&model).await.unwrap(), tarn_sql::Built::Unchanged { .. }));
        }
    }
    assert!(struck > 60, "{struck} faults");
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
    let header = json!({"materialise": "append", "new_files_of": "sales"});
    let log = model("m", &["sales"], "select id, price from sales", header);
    let before = Lake::new();
    for file in 1..=3 {
        before.sell(&file.to_string(), &[(file, NEW_YEAR, "a", file)]);
        before.published(&log).await;
    }
    let rules = Rules { keep_newest: 1, ..Rules::default() };
    let mut struck = 0;
    for (nth, fault) in (1..).flat_map(|nth| faults_of(nth).map(|fault| (nth, fault))) {
        assert!(nth < 200, "an upkeep of this size does not make so many calls");
        let lake = before.again(M).await;
        lake.clock.advance(std::time::Duration::from_secs(30 * 86_400));
        let (ports, faults) = failing(&lake, nth, fault);
        let _ = maintain(&ports, &places(), &log, &rules, &settings()).await;
        if !faults.has_struck() {
            break;
        }
        struck += 1;
        let rows = ["1|1", "2|2", "3|3"];
        assert_eq!(lake.rows(&[&log], "select * from m").await, rows, "{fault:?} at {nth}");
        maintain(&lake.ports, &places(), &log, &rules, &settings()).await.unwrap();
        assert_eq!(lake.rows(&[&log], "select * from m").await, rows, "{fault:?} at {nth}");
        assert!(matches!(lake.build(&log).await.unwrap(), tarn_sql::Built::Unchanged { .. }));
    }
    assert!(struck > 40, "{struck} faults");
}
