//! Runs what depends on each other in order, and everything else side by side.

use std::future::Future;

use futures::stream::{FuturesUnordered, StreamExt};

use crate::{Outcome, StackReport};

/// A region changes some 2,500 resources at a time, whoever asks (source: CloudFormation's quota
/// of resources in concurrent stack operations), and answers slowly to too many questions. No
/// stack has more than some 40 resources, so this many leave room for others.
const MOST_AT_ONCE: usize = 40;

/// A stack to work on, and the names of those that must be good before.
pub(crate) struct Node<T> {
    pub name: String,
    pub after: Vec<String>,
    pub work: T,
}

/// Works on every node as soon as all nodes before it are good, on so many at once. A node behind a failed one is
/// skipped; one whose predecessor is not among the nodes does not wait for it.
pub(crate) async fn run<T, W>(mut waiting: Vec<Node<T>>, start: impl Fn(T) -> W) -> Vec<StackReport>
where
    W: Future<Output = StackReport>,
{
    let known: Vec<String> = waiting.iter().map(|node| node.name.clone()).collect();
    for node in &mut waiting {
        node.after.retain(|name| known.contains(name));
    }
    let mut running = FuturesUnordered::new();
    let mut settled: Vec<StackReport> = Vec::new();
    loop {
        let mut index = 0;
        while index < waiting.len() && running.len() < MOST_AT_ONCE {
            match readiness(&waiting[index].after, &settled) {
                Readiness::Ready => running.push(start(waiting.remove(index).work)),
                Readiness::Blocked(because) => {
                    settled.push(skipped(waiting.remove(index).name, because));
                    index = 0;
                }
                Readiness::Waits => index += 1,
            }
        }
        match running.next().await {
            Some(report) => settled.push(report),
            None => return settled,
        }
    }
}

enum Readiness {
    Ready,
    Waits,
    Blocked(String),
}

fn readiness(after: &[String], settled: &[StackReport]) -> Readiness {
    let found = |name: &String| settled.iter().find(|report| report.name == *name);
    if let Some(bad) = after.iter().find(|name| found(name).is_some_and(|report| !report.outcome.is_good())) {
        return Readiness::Blocked(bad.clone());
    }
    if after.iter().all(|name| found(name).is_some()) { Readiness::Ready } else { Readiness::Waits }
}

fn skipped(name: String, because: String) -> StackReport {
    StackReport { name, outcome: Outcome::Skipped { because }, resources: Default::default() }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_thousand_stacks_go_side_by_side_but_not_all_at_once() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let node = |number: usize| Node { name: format!("zone-{number}"), after: Vec::new(), work: number };
        let reports = run((0..1_000).map(node).collect(), |number| {
            let (running, most) = (&running, &most);
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                running.fetch_sub(1, Ordering::Relaxed);
                let name = format!("zone-{number}");
                StackReport { name, outcome: Outcome::Created, resources: Default::default() }
            }
        })
        .await;
        assert_eq!((reports.len(), most.into_inner()), (1_000, MOST_AT_ONCE));
    }
}
