//! What CloudFormation is told about a custom resource, and under which physical id.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CustomResourceRequest, Error, Kind, RequestType, Result};

/// CloudFormation refuses longer answers, in bytes. The ids must come back as they are; the reason
/// gets what they leave.
const LONGEST_ANSWER: usize = 4_096;

/// Nobody reads on.
const LONGEST_REASON: usize = 2_000;

/// CloudFormation takes physical ids of 1,024 bytes; this leaves room for a memo.
const LONGEST_SUBJECT: usize = 900;

/// The answer, as CloudFormation wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// SUCCESS or FAILED.
    pub status: AnswerStatus,
    /// Why it failed, or what is worth knowing although it did not.
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

/// What a resource did.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// What is worth knowing, or nothing.
    pub note: String,
    /// What the deletion must remember. CloudFormation keeps nothing of a resource but its id, so a
    /// word in the id is all the memory that there is.
    pub memo: Option<&'static str>,
}

/// Between what a resource is for and its memo; no bucket's name and no ARN holds it.
const MEMO: char = '#';
const NEVER_CREATED: &str = "tarn:never-created";

/// The types of resources: each is for something, and what is for something else is another
/// resource.
pub(crate) mod kind {
    pub(crate) const EMPTY_BUCKET: &str = "Custom::EmptyBucket";
    pub(crate) const SPARK_APPLICATION: &str = "Custom::SparkApplication";
    pub(crate) const LAKE_FORMATION_SETTINGS: &str = "Custom::LakeFormationSettings";
    pub(crate) const LAKE_FORMATION_LOCATION: &str = "Custom::LakeFormationLocation";
    pub(crate) const LAKE_FORMATION_GRANTS: &str = "Custom::LakeFormationGrants";
    pub(crate) const LAKE_FORMATION_TAGS: &str = "Custom::LakeFormationTags";
}

impl Answer {
    /// The answer of a job that could not finish.
    pub fn failed(request: &CustomResourceRequest, reason: impl Into<String>) -> Self {
        Self::new(request, AnswerStatus::Failed, &reason.into(), None)
    }

    /// The answer of a job that ended, well or not.
    pub(crate) fn of(request: &CustomResourceRequest, ended: Result<Done>) -> Self {
        match ended {
            Ok(done) => Self::new(request, AnswerStatus::Success, &done.note, done.memo),
            Err(error) => Self::failed(request, error.chain()),
        }
    }

    fn new(request: &CustomResourceRequest, status: AnswerStatus, reason: &str, memo: Option<&str>) -> Self {
        let silent = Self {
            status,
            reason: String::new(),
            physical_resource_id: physical_id(request, status, memo),
            stack_id: request.stack_id.clone(),
            request_id: request.request_id.clone(),
            logical_resource_id: request.logical_resource_id.clone(),
        };
        let taken = serde_json::to_vec(&silent).map_or(LONGEST_ANSWER, |bytes| bytes.len());
        let left = LONGEST_ANSWER.saturating_sub(taken).min(LONGEST_REASON);
        Self { reason: shortened(reason, left), ..silent }
    }
}

/// As much of a reason as fits into that many bytes of JSON.
fn shortened(reason: &str, mut left: usize) -> String {
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

/// An id follows from what the resource is for. So a resource that is for another bucket after an
/// update is another resource, and the old one's deletion takes care of the old bucket. What failed
/// to change and what goes keeps the id that came, and so does what is for the same as before.
fn physical_id(request: &CustomResourceRequest, status: AnswerStatus, memo: Option<&str>) -> String {
    let came = || request.physical_resource_id.clone();
    let derived = || match (identity(request), memo) {
        (Ok(identity), None) => identity,
        (Ok(identity), Some(memo)) => format!("{identity}{MEMO}{memo}"),
        (Err(_), _) => NEVER_CREATED.to_owned(),
    };
    let is_same = |id: &String| identity(request).is_ok_and(|new| new == split(id).0);
    match (request.request_type, status) {
        (RequestType::Create, _) => derived(),
        (RequestType::Update, AnswerStatus::Success) => came().filter(is_same).unwrap_or_else(derived),
        _ => came().unwrap_or_else(derived),
    }
}

fn split(id: &str) -> (&str, Option<&str>) {
    id.split_once(MEMO).map_or((id, None), |(identity, memo)| (identity, Some(memo)))
}

/// What the resource is for, behind a word for its type.
fn identity(request: &CustomResourceRequest) -> Result<String> {
    let word = word(&request.resource_type).ok_or_else(|| {
        let what = format!("`{}` is no resource that this function looks after", request.resource_type);
        Error::new(Kind::Invalid, what)
    })?;
    Ok(format!("{word}{}", subject(request)?))
}

fn word(resource_type: &str) -> Option<&'static str> {
    Some(match resource_type {
        kind::EMPTY_BUCKET => "empty-bucket:",
        kind::SPARK_APPLICATION => "spark-application:",
        kind::LAKE_FORMATION_SETTINGS => "lake-formation-administrator:",
        kind::LAKE_FORMATION_LOCATION => "lake-formation-location:",
        kind::LAKE_FORMATION_GRANTS => "lake-formation-grants:",
        kind::LAKE_FORMATION_TAGS => "lake-formation-tags:",
        _ => return None,
    })
}

fn subject(request: &CustomResourceRequest) -> Result<String> {
    let property = match request.resource_type.as_str() {
        kind::EMPTY_BUCKET => "BucketName",
        kind::SPARK_APPLICATION => "Name",
        kind::LAKE_FORMATION_SETTINGS => "Administrator",
        kind::LAKE_FORMATION_LOCATION => "Location",
        kind::LAKE_FORMATION_TAGS => "Key",
        _ => return Ok(request.logical_resource_id.clone()),
    };
    let value = request.resource_properties.get(property).and_then(Value::as_str);
    match value {
        Some(value) if value.len() <= LONGEST_SUBJECT => Ok(value.to_owned()),
        Some(_) => Err(Error::new(Kind::Invalid, format!("the property {property} is too long for an id"))),
        None => Err(Error::new(Kind::Invalid, format!("the resource needs the property {property}"))),
    }
}

/// What the resource was created for, and its memo. None after a Create that failed, or that
/// CloudFormation cancelled with an id of its own.
pub(crate) fn created_for(request: &CustomResourceRequest) -> Option<(&str, Option<&str>)> {
    let (identity, memo) = split(request.physical_resource_id.as_deref()?);
    Some((identity.strip_prefix(word(&request.resource_type)?)?, memo))
}

/// The deletion of what a cancelled Create was about to make. CloudFormation cancels a Create when
/// another resource of the stack fails, makes up a physical id, and deletes by it at once; the Create
/// may still be at work, and its answer comes to nobody. Whether an administrator who is no role of
/// the lake was there before is then not known, and who may have been stays.
pub(crate) fn cancelled(request: &CustomResourceRequest) -> Option<CustomResourceRequest> {
    let came = request.physical_resource_id.as_deref()?;
    let is_brought = request.resource_type == kind::LAKE_FORMATION_SETTINGS && !goes_with_the_lake(request);
    let is_ours = came == NEVER_CREATED || created_for(request).is_some();
    if request.request_type != RequestType::Delete || is_ours || is_brought {
        return None;
    }
    Some(CustomResourceRequest { physical_resource_id: Some(identity(request).ok()?), ..request.clone() })
}

/// Whether the administrator is a role of the lake, which is gone after it and would be a dead one.
pub(crate) fn goes_with_the_lake(request: &CustomResourceRequest) -> bool {
    request.resource_properties.get("OfTheLake").is_some_and(|value| value == "true" || value == true)
}

/// The properties of a resource, as its job wants them.
pub(crate) fn properties<P: DeserializeOwned>(request: &CustomResourceRequest) -> Result<P> {
    subject(request)?;
    serde_json::from_value(request.resource_properties.clone()).map_err(|error| {
        let what = format!("the properties of {} make no sense", request.logical_resource_id);
        Error::caused(Kind::Invalid, what, error)
    })
}
