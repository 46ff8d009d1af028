//! Answers CloudFormation: empties a bucket when it is deleted, and only then.

use serde::{Deserialize, Serialize};

use super::empty_bucket;
use crate::ports::ObjectStore;
use crate::{CustomResourceRequest, Error, Kind, RequestType, Result};

/// CloudFormation refuses answers of more than 4,096 bytes; the reason is what can be long. Counted
/// in bytes of JSON, so that half of the answer is left for the ids.
const LONGEST_REASON: usize = 2_000;

/// The job.
#[derive(Clone, Copy)]
pub struct CustomResource<'a> {
    /// Deletes what is in the bucket.
    pub store: &'a dyn ObjectStore,
}

/// The answer, as CloudFormation wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// SUCCESS or FAILED.
    pub status: AnswerStatus,
    /// Why it failed.
    pub reason: String,
    /// Another id means another resource: CloudFormation then deletes the old one.
    pub physical_resource_id: String,
    /// Echoed.
    pub stack_id: String,
    /// Echoed.
    pub request_id: String,
    /// Echoed.
    pub logical_resource_id: String,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AnswerStatus {
    /// Well.
    Success,
    /// Not.
    Failed,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EmptyBucket {
    bucket_name: String,
}

impl CustomResource<'_> {
    /// Does what is asked and says how it went; this never fails itself.
    pub async fn run(&self, request: &CustomResourceRequest) -> Answer {
        match self.attempt(request).await {
            Ok(()) => answer(request, AnswerStatus::Success, String::new()),
            Err(error) => answer(request, AnswerStatus::Failed, error.chain()),
        }
    }

    async fn attempt(&self, request: &CustomResourceRequest) -> Result<()> {
        match request.request_type {
            RequestType::Create | RequestType::Update => bucket_name(request).map(|_| ()),
            RequestType::Delete => match created_for(request) {
                None => Ok(()),
                Some(_) if is_protected(request) => Ok(()),
                Some(bucket) => empty_bucket(self.store, bucket).await.map(|_| ()),
            },
        }
    }
}

/// The answer to a request; the runtime uses it too when time is up or the job panicked.
pub(crate) fn answer(request: &CustomResourceRequest, status: AnswerStatus, reason: String) -> Answer {
    Answer {
        status,
        reason: shortened(&reason),
        physical_resource_id: physical_id(request, status),
        stack_id: request.stack_id.clone(),
        request_id: request.request_id.clone(),
        logical_resource_id: request.logical_resource_id.clone(),
    }
}

fn shortened(reason: &str) -> String {
    let mut left = LONGEST_REASON;
    let fits = |character: &char| {
        let in_json = match character {
            '"' | '\\' => 2,
            control if control.is_control() => "\\u0000".len(),
            other => other.len_utf8(),
        };
        left.checked_sub(in_json).inspect(|rest| left = *rest).is_some()
    };
    reason.chars().take_while(fits).collect()
}

impl Answer {
    /// The answer of a job that could not finish.
    pub fn failed(request: &CustomResourceRequest, reason: impl Into<String>) -> Self {
        answer(request, AnswerStatus::Failed, reason.into())
    }
}

/// An id follows from the bucket. So a resource that is for another bucket after an update is
/// another resource, and the old one's deletion empties the old bucket. What failed to change and
/// what goes keeps the id that came.
fn physical_id(request: &CustomResourceRequest, status: AnswerStatus) -> String {
    let derived = || match bucket_name(request) {
        Ok(bucket) => format!("{CREATED_FOR}{bucket}"),
        Err(_) => NEVER_CREATED.to_owned(),
    };
    match (request.request_type, status) {
        (RequestType::Create, _) | (RequestType::Update, AnswerStatus::Success) => derived(),
        _ => request.physical_resource_id.clone().unwrap_or_else(derived),
    }
}

const CREATED_FOR: &str = "empty-bucket:";
const NEVER_CREATED: &str = "tarn:never-created";

/// The bucket that the resource was created for. None after a Create that failed, or that
/// CloudFormation cancelled with an id of its own.
fn created_for(request: &CustomResourceRequest) -> Option<&str> {
    request.physical_resource_id.as_deref()?.strip_prefix(CREATED_FOR)
}

/// Whether the template says that the bucket's content outlives the resource. CloudFormation
/// does not send a Delete for what is retained; this is the second guard.
fn is_protected(request: &CustomResourceRequest) -> bool {
    request.resource_properties.get("Protected").is_some_and(|value| value == "true" || value == true)
}

fn bucket_name(request: &CustomResourceRequest) -> Result<String> {
    serde_json::from_value(request.resource_properties.clone())
        .map(|properties: EmptyBucket| properties.bucket_name)
        .map_err(|error| Error::caused(Kind::Invalid, "the resource needs the property BucketName", error))
}
