//! What AWS sends: decoded by the kind of envelope, never by guessing at its content.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

/// S3 "Object Created" events that came through EventBridge and SQS in one batch.
#[derive(Debug, Clone, Deserialize)]
pub struct S3Arrivals {
    /// The messages of the batch.
    #[serde(rename = "Records", default)]
    pub records: Vec<Message>,
}

/// One SQS message; its body is an EventBridge event that nothing here needs to read: a wake-up
/// plans whatever is new, whichever file it speaks of.
#[derive(Debug, Clone, Deserialize)]
pub struct Message {
    /// SQS's id of the message, the same when it is delivered again.
    #[serde(rename = "messageId")]
    pub id: String,
}

/// A request of CloudFormation to a custom resource.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CustomResourceRequest {
    /// Create, Update or Delete.
    pub request_type: RequestType,
    /// Where the answer goes. A secret: who holds it can forge the answer.
    #[serde(rename = "ResponseURL")]
    pub response_url: ResponseUrl,
    /// The stack's ARN, echoed.
    pub stack_id: String,
    /// The request's id, echoed.
    pub request_id: String,
    /// The resource's id in the template, echoed.
    pub logical_resource_id: String,
    /// Its type, such as `Custom::EmptyBucket`.
    #[serde(default)]
    pub resource_type: String,
    /// The resource's physical id; CloudFormation sends it with Update and Delete.
    pub physical_resource_id: Option<String>,
    /// What the template says.
    #[serde(default)]
    pub resource_properties: Value,
    /// What it said before; CloudFormation sends it with Update.
    #[serde(default)]
    pub old_resource_properties: Value,
}

/// What CloudFormation wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum RequestType {
    /// The resource is new.
    Create,
    /// Its properties changed.
    Update,
    /// It goes.
    Delete,
}

/// A presigned URL. It has no Display, and its Debug shows nothing.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct ResponseUrl(String);

impl ResponseUrl {
    /// The URL, for the one place that sends the answer.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ResponseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseUrl(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_url_never_shows() {
        let request: CustomResourceRequest = serde_json::from_value(serde_json::json!({
            "RequestType": "Delete", "ResponseURL": "https://secret.example", "StackId": "s",
            "RequestId": "r", "LogicalResourceId": "l", "PhysicalResourceId": "p", "ServiceToken": "t",
            "ResourceType": "Custom::EmptyBucket", "ResourceProperties": {"Bucket": "b"}
        }))
        .unwrap();
        assert!(!format!("{request:?}").contains("secret"));
        assert_eq!(request.response_url.reveal(), "https://secret.example");
    }
}
