//! Runs what depends on each other in order, and everything else side by side.

use std::future::Future;

use futures::stream::{FuturesUnordered, StreamExt};

use crate::{Outcome, StackReport};

/// A stack to work on, and the names of those that must be good before.
pub(crate) struct Node<T> {
    pub name: String,
    pub after: Vec<String>,
    pub work: T,
}

/// Works on every node as soon as all nodes before it are good. A node behind a failed one is
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
        while index < waiting.len() {
            match readiness(&waiting[index].after, &settled) {
                Readiness::Ready => running.push(start(waiting.swap_remove(index).work)),
                Readiness::Blocked(because) => {
                    settled.push(skipped(waiting.swap_remove(index).name, because));
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
