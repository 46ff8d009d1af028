//! Emptying real buckets. moto refuses to delete a bucket as long as anything is left in it.

use serde_json::json;
use tarn_core::jobs::{Emptied, empty_bucket};
use tarn_local_cloud::Service;

use crate::cloud::{Cloud, asked};

/// More than S3 lists or deletes in one call.
const VERSIONS: usize = 1_100;
const MARKERS: usize = 30;

async fn check(service: Service, uploads: usize) {
    let cloud = Cloud::shared();
    let (endpoint, bucket) = (cloud.endpoint(service), cloud.places(service, "bucket").next());
    let counts = [VERSIONS, MARKERS, uploads].map(|count| count.to_string());
    let mut arguments = vec![endpoint.as_str(), "fill", bucket.as_str()];
    arguments.extend(counts.iter().map(String::as_str));
    assert_eq!(asked("fill.py", &arguments), json!("filled"));
    let delete = || asked("fill.py", &[&endpoint, "delete-bucket", &bucket]);
    assert_eq!(delete(), json!("BucketNotEmpty"));

    let store = cloud.s3(service).await;
    let emptied = empty_bucket(&store, &bucket).await.unwrap();
    assert_eq!(emptied, Emptied { versions: VERSIONS + MARKERS, uploads });
    assert_eq!(delete(), json!("deleted"));
    assert_eq!(empty_bucket(&store, &bucket).await.unwrap(), Emptied::default(), "a bucket that is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_bucket_can_be_deleted_on_moto() {
    check(Service::Moto, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_bucket_can_be_deleted_on_ministack() {
    check(Service::MiniStack, 1_050).await;
}
