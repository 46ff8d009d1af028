//! CloudFormation's stacks.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    Capability, ChangeAction, ChangeSetStatus, ChangeSetType, OperationEvent, Replacement, Stack, StackEvent,
    Tag, ValidationStatus,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tarn_deploy::{
    Action, ChangeRequest, ChangeSet, Effect, PortError, PortErrorKind, ResourceChange, ResourceEvent,
    StackState, StackStatus, Stacks, TemplateSource,
};

use crate::SdkConfig;
use crate::failure::failed;

/// CloudFormation says within seconds what a change set holds; it never took a minute.
const CHANGE_SET_POLLS: u32 = 600;
const CHANGE_SET_POLL: Duration = Duration::from_millis(500);

/// The account's stacks.
#[derive(Debug, Clone)]
pub struct CloudFormation {
    pub(crate) client: Client,
    region: String,
}

impl CloudFormation {
    /// Stacks of the configured account and region.
    pub fn new(config: &SdkConfig) -> Self {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        Self { client: Client::new(config), region }
    }

    /// How many stacks may stand in the account and region.
    pub async fn most_stacks(&self) -> Result<Option<usize>, PortError> {
        let mut pages = self.client.describe_account_limits().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed("asking CloudFormation for its limits"))?;
            let mut limits = page.account_limits.unwrap_or_default().into_iter();
            if let Some(limit) = limits.find(|limit| limit.name.as_deref() == Some("StackLimit")) {
                return Ok(limit.value.and_then(|value| usize::try_from(value).ok()));
            }
        }
        Ok(None)
    }

    /// Path style, since a bucket's name may hold what a host name may not.
    fn template_url(&self, bucket: &str, key: &str) -> String {
        format!("https://s3.{}.amazonaws.com/{bucket}/{key}", self.region)
    }

    /// All changes of a change set: CloudFormation tells them page by page.
    async fn changes(&self, doing: &str, change_set: &str) -> Result<Vec<ResourceChange>, PortError> {
        let mut changes = Vec::new();
        let mut next = None;
        loop {
            let call = self.client.describe_change_set().change_set_name(change_set).set_next_token(next);
            let page = call.send().await.map_err(failed(doing.to_owned()))?;
            let resources = page.changes.unwrap_or_default().into_iter().filter_map(|it| it.resource_change);
            changes.extend(resources.map(resource_change));
            next = page.next_token;
            if next.is_none() {
                return Ok(changes);
            }
        }
    }

    async fn settled_change_set(&self, request: &ChangeRequest, arn: String) -> Result<ChangeSet, PortError> {
        let doing = format!("reading the change set of stack {}", request.stack);
        for _ in 0..CHANGE_SET_POLLS {
            let sent = self.client.describe_change_set().change_set_name(&arn).send().await;
            let answer = sent.map_err(failed(doing.clone()))?;
            match answer.status {
                Some(ChangeSetStatus::CreateComplete) => {
                    let changes = self.changes(&doing, &arn).await?;
                    let stack_arn = answer.stack_id.unwrap_or_default();
                    return Ok(ChangeSet::Ready { arn, stack_arn, changes });
                }
                Some(ChangeSetStatus::Failed) => {
                    let reason = answer.status_reason.unwrap_or_default();
                    let sent = self.client.delete_change_set().change_set_name(&arn).send().await;
                    sent.map_err(failed(format!("removing the change set of stack {}", request.stack)))?;
                    return Ok(if is_empty(&reason) {
                        ChangeSet::Empty
                    } else {
                        ChangeSet::Refused { reason }
                    });
                }
                _ => tokio::time::sleep(CHANGE_SET_POLL).await,
            }
        }
        let reason = "it was not ready within five minutes; repeat the command".to_owned();
        Err(PortError { kind: PortErrorKind::Unavailable, doing, reason, source: None })
    }
}

/// How CloudFormation says that a template and a stack are the same.
fn is_empty(reason: &str) -> bool {
    reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
}

#[async_trait]
impl Stacks for CloudFormation {
    async fn describe(&self, name: &str) -> Result<Option<StackState>, PortError> {
        match self.client.describe_stacks().stack_name(name).send().await {
            Ok(answer) => Ok(answer.stacks.unwrap_or_default().into_iter().next().map(state)),
            Err(error) if says_no_such_stack(error.as_service_error()) => Ok(None),
            Err(error) => Err(failed(format!("looking at stack {name}"))(error)),
        }
    }

    async fn list(&self) -> Result<Vec<StackState>, PortError> {
        let mut pages = self.client.describe_stacks().into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed("listing the account's stacks"))?;
            found.extend(page.stacks.unwrap_or_default().into_iter().map(state));
        }
        found.retain(|stack: &StackState| stack.status.0 != "DELETE_COMPLETE");
        Ok(found)
    }

    async fn prepare(&self, request: &ChangeRequest) -> Result<ChangeSet, PortError> {
        let tags = request.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let kind = match request.action {
            Action::Create => ChangeSetType::Create,
            _ => ChangeSetType::Update,
        };
        let call = self
            .client
            .create_change_set()
            .stack_name(&request.stack)
            .change_set_name(change_set_name())
            .change_set_type(kind)
            .capabilities(Capability::CapabilityNamedIam)
            .set_role_arn(request.service_role.clone())
            .set_tags(Some(tags.collect()));
        let call = match &request.template {
            TemplateSource::Inline(body) => call.template_body(body),
            TemplateSource::Uploaded { bucket, key } => call.template_url(self.template_url(bucket, key)),
        };
        let answer =
            call.send().await.map_err(failed(format!("preparing the change of stack {}", request.stack)))?;
        self.settled_change_set(request, answer.id.unwrap_or_default()).await
    }

    async fn discard(&self, change_set: &str) -> Result<(), PortError> {
        let sent = self.client.delete_change_set().change_set_name(change_set).send().await;
        sent.map(|_| ()).map_err(failed("throwing a change set away"))
    }

    async fn continue_rollback(&self, stack_arn: &str) -> Result<(), PortError> {
        let sent = self.client.continue_update_rollback().stack_name(stack_arn).send().await;
        sent.map(|_| ()).map_err(failed("continuing the rollback of a stack"))
    }

    async fn execute(&self, change_set: &str) -> Result<(), PortError> {
        let sent = self.client.execute_change_set().change_set_name(change_set).send().await;
        sent.map(|_| ()).map_err(failed("executing a change set"))
    }

    async fn events(&self, stack_arn: &str, after: Option<&str>) -> Result<Vec<ResourceEvent>, PortError> {
        let mut pages = self.client.describe_stack_events().stack_name(stack_arn).into_paginator().send();
        let mut newest_first = Vec::new();
        'pages: while let Some(page) = pages.next().await {
            let page = match page {
                Err(error) if says_no_such_stack(error.as_service_error()) => break,
                page => page.map_err(failed("reading a stack's events"))?,
            };
            for event in page.stack_events.unwrap_or_default() {
                if event.event_id.as_deref() == after && after.is_some() {
                    break 'pages;
                }
                newest_first.push(resource_event(event));
            }
        }
        newest_first.reverse();
        Ok(newest_first)
    }

    async fn validation_faults(&self, stack_arn: &str) -> Result<Vec<ResourceEvent>, PortError> {
        let sent = self.client.describe_events().stack_name(stack_arn).send().await;
        let answer = sent.map_err(failed("reading what the validation found"))?;
        let is_fault = |event: &OperationEvent| event.validation_status == Some(ValidationStatus::Failed);
        Ok(answer
            .operation_events
            .unwrap_or_default()
            .into_iter()
            .filter(is_fault)
            .map(validation_fault)
            .collect())
    }

    async fn protect(&self, stack_arn: &str, on: bool) -> Result<(), PortError> {
        let request = self.client.update_termination_protection().stack_name(stack_arn);
        let sent = request.enable_termination_protection(on).send().await;
        sent.map(|_| ()).map_err(failed("changing a stack's protection against deletion"))
    }

    async fn delete(&self, stack_arn: &str) -> Result<(), PortError> {
        let sent = self.client.delete_stack().stack_name(stack_arn).send().await;
        sent.map(|_| ()).map_err(failed("deleting a stack"))
    }
}

/// A name of its own for each change set; the time is enough, since one process makes one a stack.
fn change_set_name() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("tarn-{}-{}", since.as_millis(), std::process::id())
}

/// CloudFormation has no name of its own for this error, only a sentence.
fn says_no_such_stack<E: ProvideErrorMetadata>(error: Option<&E>) -> bool {
    error.is_some_and(|error| {
        error.code() == Some("ValidationError")
            && error.message().is_some_and(|message| message.contains("does not exist"))
    })
}

fn resource_change(change: aws_sdk_cloudformation::types::ResourceChange) -> ResourceChange {
    let effect = match (change.action, change.replacement) {
        (Some(ChangeAction::Add | ChangeAction::Import), _) => Effect::Add,
        (Some(ChangeAction::Remove), _) => Effect::Remove,
        (_, Some(Replacement::True)) => Effect::Replace,
        (Some(ChangeAction::Modify), Some(Replacement::False) | None) => Effect::Modify,
        // What CloudFormation does not know, and what this tarn does not, is told as the worst.
        _ => Effect::MayReplace,
    };
    ResourceChange {
        logical_id: change.logical_resource_id.unwrap_or_default(),
        resource_type: change.resource_type.unwrap_or_default(),
        physical_id: change.physical_resource_id.unwrap_or_default(),
        effect,
    }
}

fn state(stack: Stack) -> StackState {
    let tags = stack.tags.unwrap_or_default().into_iter();
    let changed = stack.last_updated_time.or(stack.creation_time);
    StackState {
        changed: changed.map(|time| time.to_string()).unwrap_or_default(),
        protected: stack.enable_termination_protection.unwrap_or_default(),
        name: stack.stack_name.unwrap_or_default(),
        arn: stack.stack_id.unwrap_or_default(),
        status: StackStatus(stack.stack_status.map(|s| s.as_str().to_owned()).unwrap_or_default()),
        tags: tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect(),
    }
}

fn validation_fault(event: OperationEvent) -> ResourceEvent {
    ResourceEvent {
        id: event.event_id.unwrap_or_default(),
        logical_id: event.logical_resource_id.unwrap_or_default(),
        resource_type: event.resource_type.unwrap_or_default(),
        physical_id: event.physical_resource_id.unwrap_or_default(),
        status: "VALIDATION_FAILED".into(),
        reason: event.validation_status_reason.unwrap_or_default(),
    }
}

fn resource_event(event: StackEvent) -> ResourceEvent {
    ResourceEvent {
        id: event.event_id.unwrap_or_default(),
        logical_id: event.logical_resource_id.unwrap_or_default(),
        resource_type: event.resource_type.unwrap_or_default(),
        physical_id: event.physical_resource_id.unwrap_or_default(),
        status: event.resource_status.map(|s| s.as_str().to_owned()).unwrap_or_default(),
        reason: event.resource_status_reason.unwrap_or_default(),
    }
}
