//! What is in a stack, and whether somebody changed it behind CloudFormation's back.

use std::time::Duration;

use aws_sdk_cloudformation::types::{
    StackDriftDetectionStatus, StackResourceDrift, StackResourceDriftStatus as Drift,
};
use tarn_deploy::{PortError, PortErrorKind};

use crate::CloudFormation;
use crate::failure::failed;

/// CloudFormation compares a stack within a minute or two.
const DRIFT_POLLS: u32 = 150;
const DRIFT_POLL: Duration = Duration::from_secs(2);

/// A resource that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackResource {
    /// What the template calls it.
    pub logical_id: String,
    /// Its type.
    pub kind: String,
    /// What it is called in the account.
    pub physical_id: String,
}

impl CloudFormation {
    /// Everything in a stack.
    pub async fn resources(&self, stack: &str) -> Result<Vec<StackResource>, PortError> {
        let mut pages = self.client.list_stack_resources().stack_name(stack).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed(format!("listing the resources of stack {stack}")))?;
            found.extend(page.stack_resource_summaries.unwrap_or_default().into_iter().map(|it| {
                StackResource {
                    logical_id: it.logical_resource_id.unwrap_or_default(),
                    kind: it.resource_type.unwrap_or_default(),
                    physical_id: it.physical_resource_id.unwrap_or_default(),
                }
            }));
        }
        Ok(found)
    }

    /// Lets CloudFormation compare a stack with its template, and gives what differs.
    pub async fn drift(&self, stack: &str) -> Result<Vec<String>, PortError> {
        let doing = || format!("looking for drift in stack {stack}");
        let begun = self.client.detect_stack_drift().stack_name(stack).send().await;
        let id = begun.map_err(failed(doing()))?.stack_drift_detection_id.unwrap_or_default();
        for _ in 0..DRIFT_POLLS {
            let asked = self.client.describe_stack_drift_detection_status().stack_drift_detection_id(&id);
            let answer = asked.send().await.map_err(failed(doing()))?;
            match answer.detection_status {
                Some(StackDriftDetectionStatus::DetectionInProgress) => tokio::time::sleep(DRIFT_POLL).await,
                Some(StackDriftDetectionStatus::DetectionComplete) => return self.drifted(stack).await,
                _ => {
                    let reason = answer.detection_status_reason.unwrap_or_else(|| "it failed".into());
                    return Err(unavailable(doing(), reason));
                }
            }
        }
        Err(unavailable(doing(), "it was not ready within five minutes; repeat the command".into()))
    }

    async fn drifted(&self, stack: &str) -> Result<Vec<String>, PortError> {
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let asked = self
                .client
                .describe_stack_resource_drifts()
                .stack_name(stack)
                .stack_resource_drift_status_filters(Drift::Modified)
                .stack_resource_drift_status_filters(Drift::Deleted)
                .set_next_token(next);
            let page = asked.send().await.map_err(failed(format!("reading the drift of stack {stack}")))?;
            found.extend(page.stack_resource_drifts.unwrap_or_default().iter().map(told));
            next = page.next_token;
            if next.is_none() {
                return Ok(found);
            }
        }
    }
}

fn told(drift: &StackResourceDrift) -> String {
    let id = drift.logical_resource_id.as_deref().unwrap_or_default();
    let kind = drift.resource_type.as_deref().unwrap_or_default();
    let differences = drift.property_differences.iter().flatten();
    let paths: Vec<&str> = differences.filter_map(|it| it.property_path.as_deref()).collect();
    match drift.stack_resource_drift_status {
        Some(Drift::Deleted) => format!("{id} ({kind}) was deleted"),
        _ => format!("{id} ({kind}) was changed: {}", paths.join(", ")),
    }
}

fn unavailable(doing: String, reason: String) -> PortError {
    PortError { kind: PortErrorKind::Unavailable, doing, reason, source: None }
}
