//! What a deployment would do, found out without doing it.
//!
//! CloudFormation itself is asked, by a change set for each stack that stands; it is thrown away when
//! it has been read. Templates that are too large for a request go to the ops bucket, under names that
//! nothing else has; nothing else is written.

use futures::stream::{self, StreamExt, TryStreamExt};
use tarn_lake::holds_data;

use crate::deploy::upload_template;
use crate::memory::Memory;
use crate::{
    Action, Artifacts, ChangeSet, Deployment, DesiredStack, Effect, PortError, ResourceChange, StackState,
    Stacks, TemplateSource,
};

/// How many stacks are asked about at the same time.
const AT_ONCE: usize = 10;

/// What CloudFormation takes inside a request, in bytes.
const MOST_INLINE: usize = 51_200;

/// What a deployment would do.
#[derive(Debug, Default)]
pub struct Plan {
    /// In the order of the deployment.
    pub stacks: Vec<StackPlan>,
    /// Stacks of the lake that its file does not have any more.
    pub strays: Vec<StackState>,
}

/// What it would do to one stack.
#[derive(Debug)]
pub struct StackPlan {
    /// Its name.
    pub name: String,
    /// What is to be done.
    pub step: Step,
}

/// What is to be done with a stack.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// It is made; `instead` is the status of what stands there and was never whole.
    Create {
        /// How many resources it has.
        resources: usize,
        /// What is taken away before.
        instead: Option<String>,
    },
    /// Some of its resources change.
    Update {
        /// Which, and how; those that go come first.
        changes: Vec<ResourceChange>,
    },
    /// It is as it should be.
    Nothing,
    /// Somebody changes it right now, so nobody can say.
    Busy {
        /// Its status.
        status: String,
    },
    /// It stands on something that this deployment makes first, so CloudFormation cannot say yet.
    Later {
        /// What CloudFormation misses.
        reason: String,
    },
    /// CloudFormation will not do it.
    Refused {
        /// Its reason.
        reason: String,
    },
}

/// Plans a deployment.
pub async fn plan(
    deployment: &Deployment,
    stacks: &dyn Stacks,
    artifacts: &dyn Artifacts,
) -> Result<Plan, PortError> {
    let memory = Memory::of(deployment, stacks, artifacts).await?;
    let planned = stream::iter(&deployment.stacks).map(async |desired| {
        let step = match memory.is_as_left(deployment, desired) {
            true => Step::Nothing,
            false => step(deployment, desired, stacks, artifacts).await?,
        };
        Ok::<_, PortError>(StackPlan { name: desired.name.clone(), step })
    });
    let planned = planned.buffered(AT_ONCE).try_collect().await?;
    Ok(Plan { stacks: planned, strays: memory.strays(deployment) })
}

async fn step(
    deployment: &Deployment,
    desired: &DesiredStack,
    stacks: &dyn Stacks,
    artifacts: &dyn Artifacts,
) -> Result<Step, PortError> {
    let resources = desired.resources;
    let Some(standing) = stacks.describe(&desired.name).await? else {
        return Ok(Step::Create { resources, instead: None });
    };
    let status = standing.status;
    if status.in_progress() {
        return Ok(Step::Busy { status: status.0 });
    }
    if status.is_stillborn() {
        return Ok(Step::Create { resources, instead: Some(status.0) });
    }
    if status.is_only_reviewed() {
        return Ok(Step::Create { resources, instead: None });
    }
    let template = match desired.template.len() {
        0..=MOST_INLINE => TemplateSource::Inline(desired.template.clone()),
        _ => {
            // Where a stack stands, foundation does, and with it the ops bucket.
            upload_template(deployment, desired, artifacts).await?;
            deployment.uploaded(desired)
        }
    };
    let mut request = deployment.request(desired, template);
    request.action = Action::Update;
    match stacks.prepare(&request).await? {
        ChangeSet::Empty => Ok(Step::Nothing),
        ChangeSet::Refused { reason } if reason.contains("No export named") => Ok(Step::Later { reason }),
        ChangeSet::Refused { reason } => Ok(Step::Refused { reason }),
        ChangeSet::Ready { arn, mut changes, .. } => {
            stacks.discard(&arn).await?;
            changes
                .sort_by(|one, other| (one.effect, &one.logical_id).cmp(&(other.effect, &other.logical_id)));
            Ok(Step::Update { changes })
        }
    }
}

impl Plan {
    /// Whether a deployment would leave everything as it is.
    pub fn is_empty(&self) -> bool {
        self.stacks.iter().all(|stack| stack.step == Step::Nothing) && self.strays.is_empty()
    }

    /// Whether a deployment could not go through.
    pub fn is_blocked(&self) -> bool {
        self.stacks.iter().any(|stack| matches!(stack.step, Step::Busy { .. } | Step::Refused { .. }))
    }

    /// What holds data and goes, or may go: the stack and the change.
    pub fn data_at_risk(&self) -> impl Iterator<Item = (&str, &ResourceChange)> {
        let changes = self.stacks.iter().filter_map(|stack| match &stack.step {
            Step::Update { changes } => Some((stack.name.as_str(), changes)),
            _ => None,
        });
        let each = changes.flat_map(|(stack, changes)| changes.iter().map(move |change| (stack, change)));
        each.filter(|(_, change)| change.effect <= Effect::MayReplace && holds_data(&change.resource_type))
    }
}
