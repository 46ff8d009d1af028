//! The story of a destruction: what stands on others goes first, the ops and logs buckets last. What
//! there is of the lake is looked for before and afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::apply::Hands;
use crate::graph::{self, Node};
use crate::inventory::Search;
use crate::{
    Artifacts, Clock, DeployError, Event, Inventory, Marks, Observer, PortError, Receipt, Report, Sighting,
    StackState, Stacks,
};

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
    /// Whether data stays: the stacks' templates retain it, and protection is lifted only for each
    /// stack as it goes.
    pub keep_data: bool,
}

/// What was taken down with what is left: the stacks' report and the account's receipt.
#[derive(Debug)]
pub struct Destroyed {
    /// What became of the stacks.
    pub report: Report,
    /// What became of everything.
    pub receipt: Receipt,
}

impl Destroyed {
    /// Whether everything is gone, and known to be.
    pub fn is_good(&self) -> bool {
        self.report.is_good() && self.receipt.is_clean()
    }
}

/// What was deleted a moment ago is still listed by some services: so often it is looked again.
const MOST_LOOKS: usize = 4;
const BETWEEN_LOOKS: Duration = Duration::from_secs(3);

/// Takes down everything that stands of a lake, then looks again and reports what is left.
pub async fn destroy(
    destruction: &Destruction,
    stacks: &dyn Stacks,
    artifacts: &dyn Artifacts,
    inventory: &dyn Inventory,
    clock: &dyn Clock,
    observer: &dyn Observer,
) -> Result<Destroyed, PortError> {
    let search = Search { destruction, stacks, artifacts, inventory };
    let before = search.look(&BTreeSet::new()).await?;
    let report = take_down(destruction, stacks, artifacts, clock, observer).await?;
    let receipt = account_for(&search, &before, clock).await?;
    Ok(Destroyed { report, receipt })
}

async fn account_for(
    search: &Search<'_>,
    before: &Sighting,
    clock: &dyn Clock,
) -> Result<Receipt, PortError> {
    let (known, keeps) = (before.names(), search.destruction.keep_data);
    let mut receipt = Receipt::of(before, &search.look(&known).await?, keeps);
    for _ in 1..MOST_LOOKS {
        if receipt.is_clean() {
            break;
        }
        clock.sleep(BETWEEN_LOOKS).await;
        receipt = Receipt::of(before, &search.look(&known).await?, keeps);
    }
    Ok(receipt)
}

async fn take_down(
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
        if destruction.keep_data {
            return hands.remove(&stack).await;
        }
        if stack.name == destruction.foundation
            && let Err(error) = empty(destruction, artifacts, observer).await
        {
            let outcome = crate::Outcome::Failed(DeployError::Port(error));
            return crate::StackReport { name: stack.name, outcome, resources: Default::default() };
        }
        hands.delete(&stack).await
    })
    .await;

    let mut standing = standing(destruction, stacks, artifacts).await?;
    if destruction.keep_data {
        standing.buckets.clear();
    }
    let left = standing.told();
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

    /// Whether a stack stands and can be given another template. One whose deletion has begun, or that
    /// was never whole, cannot: a deployment would make it anew.
    pub fn can_change(&self, name: &str) -> bool {
        self.stacks.iter().filter(|stack| stack.name == name).any(|stack| {
            let status = &stack.status;
            !status.0.starts_with("DELETE_") && !status.is_stillborn() && !status.is_only_reviewed()
        })
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
    Ok(stacks.list().await?.into_iter().filter(|stack| has_tags(stack, tags)).collect())
}

/// Whether a stack has all of these tags.
pub(crate) fn has_tags(stack: &StackState, tags: &[(String, String)]) -> bool {
    tags.iter().all(|tag| stack.tags.contains(tag))
}

impl Destruction {
    /// Whether a stack is the lake's.
    pub(crate) fn owns(&self, stack: &StackState) -> bool {
        self.tags.iter().all(|tag| stack.tags.contains(tag))
    }

    /// By what the lake's things are known among those of the account.
    pub(crate) fn marks(&self, all: &[StackState]) -> Marks {
        let base = self.prefix.trim_end_matches('-').to_owned();
        let tag = |stack: &StackState, key: &str| {
            stack.tags.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
        };
        let theirs = all.iter().filter(|stack| !self.owns(stack)).filter_map(|stack| {
            Some(format!("{}-{}", tag(stack, "tarn:lake")?, tag(stack, "tarn:environment")?))
        });
        let alike: BTreeSet<String> = theirs.filter(|other| other.starts_with(&self.prefix)).collect();
        Marks { base, bucket_end: self.account_and_region.clone(), others: alike.into_iter().collect() }
    }

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
