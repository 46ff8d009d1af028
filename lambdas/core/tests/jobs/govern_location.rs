//! Registered buckets.

use serde_json::{Value, json};
use tarn_core::jobs::AnswerStatus;
use tarn_core::ports::Locations;
use tarn_core::testing::MemoryGovernance;

use crate::govern::{Resource, picture, role, survives_every_fault};

const SILVER: &str = "arn:aws:s3:::silver";

fn properties(location: &str, by: &str) -> Value {
    json!({"Location": location, "Role": role(by)})
}

fn silver() -> Resource {
    Resource::new("Custom::LakeFormationLocation", properties(SILVER, "location"))
}

#[tokio::test]
async fn a_bucket_is_registered_and_given_up() {
    let (account, mut resource) = (MemoryGovernance::default(), silver());
    account.knows_no_principal_for(3);
    let created = resource.create(&account).await;
    assert_eq!(created.physical_resource_id, format!("lake-formation-location:{SILVER}"));
    assert_eq!(account.locations_now().get(SILVER), Some(&role("location")));
    resource.create(&account).await;
    resource.delete(&account).await;
    assert!(account.locations_now().is_empty());
    resource.delete(&account).await;
}

#[tokio::test]
async fn another_role_takes_the_place_of_the_one_before() {
    let (account, mut resource) = (MemoryGovernance::default(), silver());
    resource.create(&account).await;
    let before = resource.id.clone();
    resource.update(&account, properties(SILVER, "location-2")).await;
    assert_eq!(account.locations_now().get(SILVER), Some(&role("location-2")));
    assert_eq!(resource.id, before);
}

#[tokio::test]
async fn another_bucket_is_another_resource() {
    let (account, mut resource) = (MemoryGovernance::default(), silver());
    resource.create(&account).await;
    resource.update(&account, properties("arn:aws:s3:::gold", "location")).await;
    assert_eq!(account.locations_now().into_keys().collect::<Vec<_>>(), ["arn:aws:s3:::gold"]);
}

/// Neither taken over, nor given up by the rollback.
#[tokio::test]
async fn a_bucket_of_somebody_else_stays_theirs() {
    let (account, mut resource) = (MemoryGovernance::default(), silver());
    account.register(SILVER, &role("theirs")).await.unwrap();
    let before = picture(&account);
    let refused = resource.answer(&account, "Create").await;
    assert_eq!(refused.status, AnswerStatus::Failed);
    assert!(
        refused.reason.contains(&role("theirs")) && refused.reason.contains(SILVER),
        "{}",
        refused.reason
    );
    resource.delete(&account).await;
    assert_eq!(picture(&account), before);
}

#[tokio::test]
async fn whatever_call_fails_no_bucket_stays_registered() {
    survives_every_fault(async || (MemoryGovernance::default(), silver())).await;
}
