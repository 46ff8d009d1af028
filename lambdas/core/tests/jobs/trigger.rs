//! Waking the pipeline.

use tarn_core::S3Arrivals;
use tarn_core::jobs::Trigger;
use tarn_core::testing::MemoryExecutions;

fn arrivals(ids: &[&str]) -> S3Arrivals {
    let records: Vec<_> =
        ids.iter().map(|id| serde_json::json!({"messageId": id, "body": "whatever"})).collect();
    serde_json::from_value(serde_json::json!({ "Records": records })).unwrap()
}

async fn trigger(executions: &MemoryExecutions, ids: &[&str]) -> Option<String> {
    Trigger { executions }.run(&arrivals(ids)).await.unwrap().run
}

#[tokio::test]
async fn a_batch_starts_one_run_however_often_it_comes() {
    let executions = MemoryExecutions::default();
    let run = trigger(&executions, &["m1", "m2"]).await.expect("a new run");
    assert!(run.starts_with("arrival-"), "{run}");
    assert_eq!(trigger(&executions, &["m1", "m2"]).await, None, "delivered again");
    assert_eq!(trigger(&executions, &["m2", "m1"]).await, None, "in another order");
    assert_eq!(executions.runs().len(), 1);
    assert_eq!(executions.runs()[0].as_str(), run);
}

#[tokio::test]
async fn other_batches_start_other_runs() {
    let executions = MemoryExecutions::default();
    for ids in [&["m1"][..], &["m2"], &["m1", "m2"], &["m1m2"]] {
        assert!(trigger(&executions, ids).await.is_some(), "{ids:?}");
    }
    assert_eq!(executions.runs().len(), 4);
}

#[tokio::test]
async fn an_empty_batch_starts_nothing() {
    let executions = MemoryExecutions::default();
    assert_eq!(trigger(&executions, &[]).await, None);
    assert!(executions.runs().is_empty());
}
