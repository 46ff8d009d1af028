//! Follows a stack until it settles, and tells every event once.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{Clock, DeployError, Event, Observer, ResourceEvent, StackStatus, Stacks};

const POLL: Duration = Duration::from_millis(1_000);
const FIRST_POLL: Duration = Duration::from_millis(100);
const LONGEST_WAIT_MINUTES: u64 = 60;

/// What was seen until the stack settled.
pub(crate) struct Followed {
    /// Its final status; `None` if it is gone.
    pub status: Option<StackStatus>,
    /// CloudFormation's reasons, the first cause first.
    pub reasons: Vec<String>,
    /// How many resources of which type reached a `..._COMPLETE`.
    pub completed: BTreeMap<String, usize>,
    /// Whether CloudFormation refused the change before it touched anything.
    refused_by_validation: bool,
}

/// Where following begins: the newest event before the change.
pub(crate) async fn newest_event(stacks: &dyn Stacks, arn: &str) -> Result<Option<String>, DeployError> {
    Ok(stacks.events(arn, None).await?.pop().map(|event| event.id))
}

/// Polls faster at first: a small change settles within a second, a stack takes minutes.
pub(crate) async fn follow(
    stacks: &dyn Stacks,
    clock: &dyn Clock,
    observer: &dyn Observer,
    stack: (&str, &str),
    mut after: Option<String>,
) -> Result<Followed, DeployError> {
    let (name, arn) = stack;
    let mut seen = Followed {
        status: None,
        reasons: Vec::new(),
        completed: BTreeMap::new(),
        refused_by_validation: false,
    };
    let mut waited = Duration::ZERO;
    let mut poll = FIRST_POLL;
    loop {
        // The status is read before the events, so that no event before the end is missed.
        let state = stacks.describe(arn).await?;
        for event in stacks.events(arn, after.as_deref()).await? {
            observer.tell(Event::Resource { stack: name, event: &event });
            seen.note(arn, &event);
            after = Some(event.id);
        }
        match state.map(|state| state.status) {
            Some(status) if status.in_progress() || status.is_only_reviewed() => {}
            settled => {
                seen.status = settled;
                break;
            }
        }
        if waited.as_secs() > LONGEST_WAIT_MINUTES * 60 {
            return Err(DeployError::TimedOut { stack: name.into(), minutes: LONGEST_WAIT_MINUTES });
        }
        clock.sleep(poll).await;
        waited += poll;
        poll = (poll * 2).min(POLL);
    }
    if seen.refused_by_validation {
        for fault in stacks.validation_faults(arn).await? {
            observer.tell(Event::Resource { stack: name, event: &fault });
            seen.note(arn, &fault);
        }
    }
    Ok(seen)
}

impl Followed {
    fn note(&mut self, arn: &str, event: &ResourceEvent) {
        if event.is_of_stack(arn) {
            self.refused_by_validation |= event.reason.starts_with("Validation failed");
            return;
        }
        if event.is_cause_of_failure() {
            self.reasons.push(format!("{} ({}): {}", event.logical_id, event.resource_type, event.reason));
        }
        if event.status.ends_with("_COMPLETE") {
            *self.completed.entry(event.resource_type.clone()).or_default() += 1;
        }
    }
}
