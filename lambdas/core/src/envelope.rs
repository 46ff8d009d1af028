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

/// A request of CloudFormation to a custom resource. Its Debug shows no property: one may be a secret.
#[derive(Clone, Deserialize)]
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

impl CustomResourceRequest {
    /// What of a request is needed to answer that it makes no sense: nothing, if it does not say
    /// where to.
    pub fn only_to_answer(payload: &Value) -> Option<Self> {
        let text = |key: &str| payload.get(key).and_then(Value::as_str).map(str::to_owned);
        let request_type = match text("RequestType").as_deref() {
            Some("Create") => RequestType::Create,
            Some("Delete") => RequestType::Delete,
            // Keeps the id that came.
            _ => RequestType::Update,
        };
        Some(Self {
            request_type,
            response_url: ResponseUrl(text("ResponseURL")?),
            stack_id: text("StackId").unwrap_or_default(),
            request_id: text("RequestId").unwrap_or_default(),
            logical_resource_id: text("LogicalResourceId").unwrap_or_default(),
            resource_type: text("ResourceType").unwrap_or_default(),
            physical_resource_id: text("PhysicalResourceId"),
            resource_properties: Value::Null,
            old_resource_properties: Value::Null,
        })
    }
}

impl fmt::Debug for CustomResourceRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomResourceRequest")
            .field("request_type", &self.request_type)
            .field("stack_id", &self.stack_id)
            .field("request_id", &self.request_id)
            .field("logical_resource_id", &self.logical_resource_id)
            .field("resource_type", &self.resource_type)
            .field("physical_resource_id", &self.physical_resource_id)
            .finish_non_exhaustive()
    }
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
    fn neither_the_response_url_nor_a_property_ever_shows() {
        let request: CustomResourceRequest = serde_json::from_value(serde_json::json!({
            "RequestType": "Delete", "ResponseURL": "https://secret.example", "StackId": "s",
            "RequestId": "r", "LogicalResourceId": "l", "PhysicalResourceId": "p", "ServiceToken": "t",
            "ResourceType": "Custom::EmptyBucket", "ResourceProperties": {"Password": "secret"},
            "OldResourceProperties": {"Password": "secret too"}
        }))
        .unwrap();
        for shown in [format!("{request:?}"), format!("{request:#?}"), format!("{:?}", request.response_url)]
        {
            assert!(!shown.contains("secret"), "{shown}");
        }
        assert_eq!(request.response_url.reveal(), "https://secret.example");
    }
}
