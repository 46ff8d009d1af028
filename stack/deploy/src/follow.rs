//! Follows a stack until it settles, and tells every event once.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{Clock, DeployError, Event, Observer, ResourceEvent, StackStatus, Stacks};

const FIRST_POLL: Duration = Duration::from_millis(100);
const LONGEST_WAIT_MINUTES: u64 = 60;

/// A stack's events say when it has ended, so the stack itself is looked at then, and now and then.
const LOOK_EVERY: u32 = 5;

/// What was seen until the stack settled.
#[derive(Default)]
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

/// Follows to the end. Polls are rarer with time: a small change settles within a second, a stack takes
/// minutes, and forty of them are followed side by side.
pub(crate) async fn follow(
    stacks: &dyn Stacks,
    clock: &dyn Clock,
    observer: &dyn Observer,
    stack: (&str, &str),
    mut after: Option<String>,
) -> Result<Followed, DeployError> {
    let (name, arn) = stack;
    let mut seen = Followed::default();
    let mut waited = Duration::ZERO;
    let mut poll = FIRST_POLL;
    let mut polls = 0;
    let mut said_end = false;
    loop {
        // The status is read before the events, so that no event before the end is missed.
        let looks = said_end || polls % LOOK_EVERY == 0;
        let state = if looks { Some(stacks.describe(arn).await?) } else { None };
        said_end = false;
        for event in stacks.events(arn, after.as_deref()).await? {
            observer.tell(Event::Resource { stack: name, event: &event });
            said_end |= event.is_of_stack(arn) && !StackStatus(event.status.clone()).in_progress();
            seen.note(arn, &event);
            after = Some(event.id);
        }
        match state.map(|state| state.map(|state| state.status)) {
            Some(Some(status)) if status.in_progress() || status.is_only_reviewed() => {}
            Some(settled) => {
                seen.status = settled;
                break;
            }
            None if said_end => continue,
            None => {}
        }
        if waited.as_secs() > LONGEST_WAIT_MINUTES * 60 {
            return Err(DeployError::TimedOut { stack: name.into(), minutes: LONGEST_WAIT_MINUTES });
        }
        clock.sleep(poll).await;
        waited += poll;
        polls += 1;
        poll = (poll * 2).min(longest_poll(waited));
    }
    if seen.refused_by_validation {
        for fault in stacks.validation_faults(arn).await? {
            observer.tell(Event::Resource { stack: name, event: &fault });
            seen.note(arn, &fault);
        }
    }
    Ok(seen)
}

fn longest_poll(waited: Duration) -> Duration {
    Duration::from_secs(match waited.as_secs() {
        0..15 => 1,
        15..60 => 2,
        _ => 5,
    })
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
