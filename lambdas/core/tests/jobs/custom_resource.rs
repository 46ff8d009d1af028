//! Answers to CloudFormation: a bucket is emptied on Delete, and only then.

use serde_json::{Value, json};
use tarn_core::CustomResourceRequest;
use tarn_core::jobs::{Answer, AnswerStatus, CustomResource};
use tarn_core::ports::ObjectStore;
use tarn_core::testing::{FailAt, Fault, ManualClock, MemoryStore};

use crate::spark_application::Emr;

const ID: &str = "empty-bucket:doomed";

fn store() -> MemoryStore {
    let store = MemoryStore::new(ManualClock::default(), ["doomed".to_owned()]);
    store.land("doomed", "a", "x").unwrap();
    store
}

fn request(kind: &str, physical_id: Option<&str>, properties: &Value) -> CustomResourceRequest {
    serde_json::from_value(json!({
        "RequestType": kind, "ResponseURL": "https://secret.example", "StackId": "stack", "RequestId": "request",
        "LogicalResourceId": "EmptyLanding", "PhysicalResourceId": physical_id,
        "ResourceType": "Custom::EmptyBucket", "ResourceProperties": properties,
    }))
    .unwrap()
}

async fn answer(
    store: &dyn ObjectStore,
    kind: &str,
    physical_id: Option<&str>,
    properties: &Value,
) -> Answer {
    let (applications, clock) = (&Emr::default(), &ManualClock::default());
    CustomResource { store, applications, clock }.run(&request(kind, physical_id, properties), i64::MAX).await
}

#[tokio::test]
async fn only_a_delete_of_what_was_created_empties_the_bucket() {
    let good = json!({"BucketName": "doomed", "ServiceToken": "arn"});
    for (kind, physical_id, expected_id, is_emptied) in [
        ("Create", None, ID, false),
        ("Update", Some(ID), ID, false),
        ("Delete", Some("stack-EmptyLanding-1ABC"), "stack-EmptyLanding-1ABC", false),
        ("Delete", Some("tarn:never-created"), "tarn:never-created", false),
        ("Delete", Some(ID), ID, true),
    ] {
        let store = store();
        let answer = answer(&store, kind, physical_id, &good).await;
        assert_eq!(answer.status, AnswerStatus::Success, "{kind} {physical_id:?}: {}", answer.reason);
        assert_eq!(answer.physical_resource_id, expected_id, "{kind} {physical_id:?}");
        assert_eq!(store.versions("doomed") == 0, is_emptied, "{kind} {physical_id:?}");
    }
}

/// CloudFormation deletes the old resource when an update answers with another id.
#[tokio::test]
async fn a_resource_for_another_bucket_is_another_resource() {
    let store = MemoryStore::new(ManualClock::default(), ["doomed".to_owned(), "next".to_owned()]);
    for bucket in ["doomed", "next"] {
        store.land(bucket, "a", "x").unwrap();
    }
    let (old, new) = (json!({"BucketName": "doomed"}), json!({"BucketName": "next"}));
    let updated = answer(&store, "Update", Some(ID), &new).await;
    assert_eq!(
        (updated.status, updated.physical_resource_id.as_str()),
        (AnswerStatus::Success, "empty-bucket:next")
    );
    assert_eq!((store.versions("doomed"), store.versions("next")), (1, 1), "an update empties nothing");

    // Whichever properties come with the deletion, it is of the bucket in the id.
    for properties in [&old, &new] {
        store.land("doomed", "late", "x").unwrap();
        let deleted = answer(&store, "Delete", Some(ID), properties).await;
        assert_eq!((deleted.status, deleted.physical_resource_id.as_str()), (AnswerStatus::Success, ID));
        assert_eq!((store.versions("doomed"), store.versions("next")), (0, 1));
    }
}

#[tokio::test]
async fn an_update_that_failed_changes_no_resource() {
    let store = store();
    let failed = answer(&store, "Update", Some(ID), &json!({})).await;
    assert_eq!((failed.status, failed.physical_resource_id.as_str()), (AnswerStatus::Failed, ID));
    let request = request("Update", Some(ID), &json!({"BucketName": "next"}));
    assert_eq!(Answer::failed(&request, "out of time").physical_resource_id, ID);
}

#[tokio::test]
async fn a_create_that_failed_can_be_rolled_back() {
    let store = store();
    for bad in [json!({}), json!({"BucketName": 7}), Value::Null] {
        let created = answer(&store, "Create", None, &bad).await;
        assert_eq!(created.status, AnswerStatus::Failed);
        assert!(created.reason.contains("BucketName"), "{}", created.reason);
        let id = created.physical_resource_id;
        let deleted = answer(&store, "Delete", Some(&id), &bad).await;
        assert_eq!(deleted.status, AnswerStatus::Success, "{}", deleted.reason);
    }
    assert_eq!(store.versions("doomed"), 1);
}

#[tokio::test]
async fn a_bucket_that_is_gone_needs_no_emptying() {
    let store = store();
    store.remove_bucket("doomed");
    let answer = answer(&store, "Delete", Some(ID), &json!({"BucketName": "doomed"})).await;
    assert_eq!(answer.status, AnswerStatus::Success);
}

#[tokio::test]
async fn an_error_is_answered_with_its_reason() {
    let store = store();
    let faults = FailAt::new(1, Fault::Refused);
    let failing = faults.before(&store);
    let answer = answer(&failing, "Delete", Some(ID), &json!({"BucketName": "doomed"})).await;
    assert_eq!(answer.status, AnswerStatus::Failed);
    assert!(answer.reason.contains("made to fail"), "{}", answer.reason);
    assert_eq!(
        serde_json::to_value(&answer).unwrap(),
        json!({
            "Status": "FAILED", "Reason": answer.reason, "PhysicalResourceId": ID, "StackId": "stack",
            "RequestId": "request", "LogicalResourceId": "EmptyLanding",
        })
    );
}

/// Ids as long as AWS lets them be, reasons of any length and any characters.
#[test]
fn an_answer_fits_what_cloudformation_takes() {
    let lengths = [(128, 36, 255, 1_024), (1, 1, 1, 1), (2_000, 100, 255, 1_024), (3_700, 1, 1, 1)];
    let reasons = ["x", "\u{1f30a}", "\"\n\u{1}", "ü\\", "\u{2028}\u{7f}\t"];
    for (stack, request_id, logical, physical) in lengths {
        for (kind, reason) in
            ["Create", "Update", "Delete"].into_iter().zip(reasons.iter().cycle().skip(stack))
        {
            let mut request = request(kind, Some(&"p".repeat(physical)), &json!({"BucketName": "doomed"}));
            request.stack_id = "s".repeat(stack);
            request.request_id = "r".repeat(request_id);
            request.logical_resource_id = "l".repeat(logical);
            for count in [0, 1, 500, 100_000] {
                let answer = Answer::failed(&request, reason.repeat(count));
                let bytes = serde_json::to_vec(&answer).unwrap().len();
                assert!(bytes <= 4_096, "{bytes} bytes: {stack} {kind} {reason:?} {count}");
                assert_eq!(answer.reason.is_empty(), count == 0);
                assert_eq!(answer.stack_id, request.stack_id, "ids come back as they are");
            }
        }
    }
}

/// Nothing that a property holds makes an id that CloudFormation refuses.
#[tokio::test]
async fn what_is_too_long_for_an_id_is_refused() {
    let store = store();
    let created = answer(&store, "Create", None, &json!({"BucketName": "b".repeat(5_000)})).await;
    assert_eq!(created.status, AnswerStatus::Failed);
    assert_eq!(created.physical_resource_id, "tarn:never-created");
    assert!(created.reason.contains("too long"), "{}", created.reason);
}
