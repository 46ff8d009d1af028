//! How the last deployment left the stacks, so that the next one asks CloudFormation only about those
//! that are to change, or that somebody has changed since. One zone more then takes little longer among
//! many zones than among one.
//!
//! It is a document in the ops bucket, and no truth: what it does not know, or what does not fit, is
//! asked.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::destroy::has_tags;
use crate::{Artifacts, Deployment, DesiredStack, PortError, Report, StackState, Stacks};

const KEY: &str = "config/stacks.json";

/// What stands, and how the last deployment left it.
pub(crate) struct Memory {
    standing: BTreeMap<String, StackState>,
    left: BTreeMap<String, Left>,
}

/// How a stack was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Left {
    /// Another ARN under the same name is another stack.
    arn: String,
    /// When it was last changed; whoever changes it changes this.
    changed: String,
    /// A hash of all that was wished of it.
    wish: String,
}

impl Memory {
    pub async fn of(
        deployment: &Deployment,
        stacks: &dyn Stacks,
        artifacts: &dyn Artifacts,
    ) -> Result<Self, PortError> {
        let document = artifacts.read(&deployment.ops_bucket, KEY).await?;
        // One that cannot be read was written by another version, and is worth nothing.
        let left = document.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Ok(Self { standing: standing(stacks).await?, left })
    }

    /// Whether the stack stands as it is wished, and nobody has touched it since.
    pub fn is_as_left(&self, deployment: &Deployment, desired: &DesiredStack) -> bool {
        let (Some(standing), Some(left)) = (self.standing.get(&desired.name), self.left.get(&desired.name))
        else {
            return false;
        };
        standing.protected == deployment.protected
            && left_of(deployment, desired, standing).as_ref() == Some(left)
    }

    /// Stacks of the lake that its file does not have any more: zones that were taken out.
    pub fn strays(&self, deployment: &Deployment) -> Vec<StackState> {
        let wanted: HashSet<&str> = deployment.stacks.iter().map(|stack| stack.name.as_str()).collect();
        let is_stray = |stack: &&StackState| {
            has_tags(stack, &deployment.identity) && !wanted.contains(stack.name.as_str())
        };
        self.standing.values().filter(is_stray).cloned().collect()
    }

    /// Remembers every stack that is good now.
    pub async fn remember(
        deployment: &Deployment,
        report: &Report,
        stacks: &dyn Stacks,
        artifacts: &dyn Artifacts,
    ) -> Result<(), PortError> {
        let standing = standing(stacks).await?;
        let good = report.stacks.iter().filter(|stack| stack.outcome.is_good()).map(|stack| &stack.name);
        let desired = |name: &String| deployment.stacks.iter().find(|desired| desired.name == *name);
        let left = good.filter_map(|name| {
            Some((name.clone(), left_of(deployment, desired(name)?, standing.get(name)?)?))
        });
        let bytes = serde_json::to_vec(&left.collect::<BTreeMap<_, _>>()).unwrap_or_default();
        artifacts.write(&deployment.ops_bucket, KEY, bytes).await
    }
}

async fn standing(stacks: &dyn Stacks) -> Result<BTreeMap<String, StackState>, PortError> {
    Ok(stacks.list().await?.into_iter().map(|stack| (stack.name.clone(), stack)).collect())
}

/// How a stack is left when it stands like this; nothing for one that is not whole.
fn left_of(deployment: &Deployment, desired: &DesiredStack, standing: &StackState) -> Option<Left> {
    let whole = matches!(standing.status.0.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE");
    whole.then(|| Left {
        arn: standing.arn.clone(),
        changed: standing.changed.clone(),
        wish: wish(deployment, desired),
    })
}

fn wish(deployment: &Deployment, desired: &DesiredStack) -> String {
    let Deployment { identity, tags, service_role, .. } = deployment;
    let words = (&desired.template, identity, tags, service_role);
    let hash = Sha256::digest(serde_json::to_vec(&words).unwrap_or_default());
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
