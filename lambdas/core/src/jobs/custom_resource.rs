//! Answers CloudFormation: empties a bucket when it is deleted, and only then.

use serde::Deserialize;

use super::answer::{Answer, Done, created_for, properties};
use super::empty_bucket;
use crate::ports::ObjectStore;
use crate::{CustomResourceRequest, RequestType, Result};

/// The job.
#[derive(Clone, Copy)]
pub struct CustomResource<'a> {
    /// Deletes what is in the bucket.
    pub store: &'a dyn ObjectStore,
}

#[derive(Deserialize)]
struct EmptyBucket {}

impl CustomResource<'_> {
    /// Does what is asked and says how it went; this never fails itself.
    pub async fn run(&self, request: &CustomResourceRequest) -> Answer {
        Answer::of(request, self.attempt(request).await.map(|()| Done::default()))
    }

    async fn attempt(&self, request: &CustomResourceRequest) -> Result<()> {
        match request.request_type {
            RequestType::Create | RequestType::Update => properties::<EmptyBucket>(request).map(|_| ()),
            RequestType::Delete => match created_for(request) {
                None => Ok(()),
                Some(_) if is_protected(request) => Ok(()),
                Some((bucket, _)) => empty_bucket(self.store, bucket).await.map(|_| ()),
            },
        }
    }
}

/// Whether the template says that the bucket's content outlives the resource. CloudFormation
/// does not send a Delete for what is retained; this is the second guard.
fn is_protected(request: &CustomResourceRequest) -> bool {
    request.resource_properties.get("Protected").is_some_and(|value| value == "true" || value == true)
}
