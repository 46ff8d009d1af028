//! `tarn status --repair`: gives back what Lake Formation lacks of a lake.
//!
//! It is the lake's own `govern` that does it, as at a deployment, but here and with the caller's
//! rights: what asks for a deployment has an answer to send, and a role that lost its place among the
//! administrators could not give it back to itself. Each list is handed over as one that did not
//! change, so nothing is revoked but what whoever IAM allows has on the lake's own databases.

use serde_json::{Value, json};
use tarn_aws::{GlueCatalog, LakeFormation, SystemClock};
use tarn_core::CustomResourceRequest;
use tarn_core::jobs::{AnswerStatus, Govern};
use tarn_core::ports::Clock;
use tarn_lake::{CellsFilter, Grant, Pii, TaggedTable};

use crate::failure::Failure;

/// Beyond what `govern` keeps in reserve, some seconds for what takes a while to be known.
const PATIENCE_MILLIS: i64 = 22_000;

const LACKING: &str = "of the caller it takes to be an administrator of Lake Formation, with \
                       lakeformation:GrantPermissions, RevokePermissions, RegisterResource, PutDataLakeSettings, \
                       CreateLFTag, UpdateLFTag and AddLFTagsToResource";

/// Something that Lake Formation lacks.
pub enum Lack {
    /// The role that governs is no administrator.
    Administrator(String),
    /// A bucket is not registered.
    Location { arn: String, role: String },
    /// Some of a stack's grants are missing, or its database is open.
    Grants { stack: String, grants: Vec<Grant<String>>, filters: Vec<CellsFilter> },
    /// Some of silver's columns are not tagged.
    Tags { key: String, tables: Vec<TaggedTable> },
}

/// Gives it back, and tells what was given.
pub async fn repair(
    governance: &LakeFormation,
    catalog: &GlueCatalog,
    lacks: &[Lack],
) -> Result<Vec<String>, Failure> {
    let mut done = Vec::new();
    for lack in lacks {
        let (kind, what, wanted) = match lack {
            Lack::Administrator(role) => {
                ("Settings", "the governor".to_owned(), json!({ "Administrator": role, "OfTheLake": "true" }))
            }
            Lack::Location { arn, role } => {
                ("Location", format!("the location {arn}"), json!({ "Location": arn, "Role": role }))
            }
            Lack::Grants { stack, grants, filters } => {
                let wanted = json!({ "Grants": grants, "Filters": filters });
                ("Grants", format!("the grants of {stack}"), wanted)
            }
            Lack::Tags { key, tables } => {
                let wanted = json!({ "Key": key, "Values": Pii::tag_values(), "Tables": tables });
                ("Tags", format!("the tags {key}"), wanted)
            }
        };
        done.push(apply(governance, catalog, kind, &what, wanted).await?);
    }
    Ok(done)
}

async fn apply(
    governance: &LakeFormation,
    catalog: &GlueCatalog,
    kind: &str,
    what: &str,
    properties: Value,
) -> Result<String, Failure> {
    let request: CustomResourceRequest = serde_json::from_value(json!({
        "RequestType": "Update", "ResponseURL": "", "StackId": "", "RequestId": what, "LogicalResourceId": what,
        "ResourceType": format!("Custom::LakeFormation{kind}"),
        "ResourceProperties": &properties, "OldResourceProperties": &properties,
    }))
    .map_err(|error| Failure::failed(format!("{what} cannot be asked for: {error}")))?;
    let (administration, locations, rights) = (governance, governance, governance);
    let (filters, tags, clock) = (governance, governance, &SystemClock);
    let govern = Govern { administration, locations, rights, filters, tags, catalog, clock };
    let answer = govern.run(&request, SystemClock.now_millis() + PATIENCE_MILLIS).await;
    match answer.status {
        AnswerStatus::Success => Ok(what.to_owned()),
        AnswerStatus::Failed => {
            Err(Failure::failed(format!("{what} could not be repaired: {}", answer.reason)).hint(LACKING))
        }
    }
}
