//! The story of a destruction: what stands on others goes first, the ops and logs buckets last.

use crate::apply::Hands;
use crate::graph::{self, Node};
use crate::{Artifacts, Clock, DeployError, Event, Observer, PortError, Report, StackState, Stacks};

/// What is to go. Stacks are found in the account by tag, so that a zone that has left the config
/// goes too, and a lake whose names look alike does not.
#[derive(Debug, Clone)]
pub struct Destruction {
    /// What the lake's stack and bucket names begin with, dash included.
    pub prefix: String,
    /// What its bucket names end with.
    pub account_and_region: String,
    /// The tags of the lake's stacks.
    pub tags: Vec<(String, String)>,
    /// The stack that goes last.
    pub foundation: String,
    /// The stack that everything but the foundation stands on.
    pub storage: String,
    /// The stack that goes before the storage.
    pub pipeline: String,
    /// The foundation's buckets, which no function empties.
    pub last_buckets: Vec<String>,
}

/// Takes down everything that stands of a lake, then looks again and reports what is left.
pub async fn destroy(
    destruction: &Destruction,
    stacks: &dyn Stacks,
    artifacts: &dyn Artifacts,
    clock: &dyn Clock,
    observer: &dyn Observer,
) -> Result<Report, PortError> {
    let hands = Hands { stacks, clock, observer };
    let ours = destruction.standing(stacks).await?;
    let names: Vec<String> = ours.iter().map(|stack| stack.name.clone()).collect();
    let nodes = ours.into_iter().map(|stack| Node {
        name: stack.name.clone(),
        after: destruction.before(&stack.name, &names),
        work: stack,
    });
    let settled = graph::run(nodes.collect(), |stack: StackState| async move {
        if stack.name == destruction.foundation
            && let Err(error) = empty(destruction, artifacts, observer).await
        {
            let outcome = crate::Outcome::Failed(DeployError::Port(error));
            return crate::StackReport { name: stack.name, outcome, resources: Default::default() };
        }
        hands.delete(&stack).await
    })
    .await;

    let left = standing(destruction, stacks, artifacts).await?.told();
    Ok(Report { stacks: settled, left, ..Report::default() })
}

/// What stands of a lake.
#[derive(Debug, Default)]
pub struct Standing {
    /// Its stacks, by their tags.
    pub stacks: Vec<StackState>,
    /// Buckets that are called like its own, also those that no stack has any more.
    pub buckets: Vec<String>,
}

/// Looks for what stands of a lake.
pub async fn standing(
    destruction: &Destruction,
    stacks: &dyn Stacks,
    artifacts: &dyn Artifacts,
) -> Result<Standing, PortError> {
    let mut buckets = artifacts.buckets(&destruction.prefix).await?;
    buckets.retain(|bucket| bucket.ends_with(&destruction.account_and_region));
    Ok(Standing { stacks: destruction.standing(stacks).await?, buckets })
}

impl Standing {
    /// A line for each.
    pub fn told(&self) -> Vec<String> {
        let stacks = self.stacks.iter().map(|stack| format!("stack {} ({})", stack.name, stack.status.0));
        stacks.chain(self.buckets.iter().map(|bucket| format!("bucket {bucket}"))).collect()
    }

    /// The stacks that CloudFormation will not delete.
    pub fn protected(&self) -> impl Iterator<Item = &str> {
        self.stacks.iter().filter(|stack| stack.protected).map(|stack| stack.name.as_str())
    }
}

async fn empty(
    destruction: &Destruction,
    artifacts: &dyn Artifacts,
    observer: &dyn Observer,
) -> Result<(), PortError> {
    for bucket in &destruction.last_buckets {
        observer.tell(Event::Emptying { bucket });
        artifacts.empty(bucket).await?;
    }
    Ok(())
}

/// The lake's stacks, by tag.
pub(crate) async fn tagged(
    stacks: &dyn Stacks,
    tags: &[(String, String)],
) -> Result<Vec<StackState>, PortError> {
    let ours = |stack: &StackState| tags.iter().all(|tag| stack.tags.contains(tag));
    Ok(stacks.list().await?.into_iter().filter(ours).collect())
}

impl Destruction {
    async fn standing(&self, stacks: &dyn Stacks) -> Result<Vec<StackState>, PortError> {
        tagged(stacks, &self.tags).await
    }

    /// What must be gone before a stack may go: the reverse of the order of deployment.
    fn before(&self, name: &str, all: &[String]) -> Vec<String> {
        let others = |keep: &dyn Fn(&str) -> bool| -> Vec<String> {
            all.iter().filter(|other| *other != name && keep(other)).cloned().collect()
        };
        if name == self.foundation {
            others(&|_| true)
        } else if name == self.storage {
            others(&|other| other != self.foundation)
        } else if name == self.pipeline {
            Vec::new()
        } else {
            others(&|other| other == self.pipeline)
        }
    }
}
