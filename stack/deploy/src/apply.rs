//! Brings one stack to its template, or takes it down.

use std::collections::BTreeMap;

use crate::follow::{Followed, follow, newest_event};
use crate::{
    Action, ChangeRequest, ChangeSet, Clock, DeployError, Event, Observer, Outcome, StackReport, StackState,
    Stacks,
};

/// What a change of stacks works with.
#[derive(Clone, Copy)]
pub(crate) struct Hands<'a> {
    pub stacks: &'a dyn Stacks,
    pub clock: &'a dyn Clock,
    pub observer: &'a dyn Observer,
}

impl Hands<'_> {
    /// Creates or updates a stack; one that is as it should be is not touched.
    pub(crate) async fn apply(&self, request: ChangeRequest) -> StackReport {
        let (name, protected) = (request.stack.clone(), request.protected);
        self.observer.tell(Event::Preparing { stack: &name });
        let applied = match self.try_apply(request).await {
            Ok(done) => self.protect(&name, protected).await.map(|()| done),
            failed => failed,
        };
        self.report(name, applied)
    }

    /// A stack that is as it should be.
    pub(crate) fn leave(&self, name: &str) -> StackReport {
        self.report(name.to_owned(), Ok(Done::unchanged()))
    }

    /// Protection is no part of a template, so a change set without changes may still lack it.
    async fn protect(&self, name: &str, wanted: bool) -> Result<(), DeployError> {
        match self.stacks.describe(name).await? {
            Some(stack) if stack.protected != wanted => Ok(self.stacks.protect(&stack.arn, wanted).await?),
            _ => Ok(()),
        }
    }

    /// Deletes a stack that has left the lake, protected or not: its template says what of its data
    /// stays.
    pub(crate) async fn remove(&self, stack: &StackState) -> StackReport {
        match self.protect(&stack.name, false).await {
            Ok(()) => self.delete(stack).await,
            Err(error) => self.report(stack.name.clone(), Err(error)),
        }
    }

    /// Deletes a stack.
    pub(crate) async fn delete(&self, stack: &StackState) -> StackReport {
        let deleted = self.try_delete(stack).await;
        self.report(stack.name.clone(), deleted)
    }

    async fn try_apply(&self, mut request: ChangeRequest) -> Result<Done, DeployError> {
        request.action = self.action_for(&request.stack).await?;
        let stack = request.stack.clone();
        let (change_set, arn, resources) = match self.stacks.prepare(&request).await? {
            ChangeSet::Empty => return Ok(Done::unchanged()),
            ChangeSet::Refused { reason } => return Err(DeployError::Refused { stack, reason }),
            ChangeSet::Ready { arn, stack_arn, changes } => (arn, stack_arn, changes.len()),
        };
        let after = newest_event(self.stacks, &arn).await?;
        self.observer.tell(Event::Started {
            stack: &stack,
            action: request.action,
            resources: Some(resources),
        });
        self.stacks.execute(&change_set).await?;
        let seen = follow(self.stacks, self.clock, self.observer, (&stack, &arn), after).await?;
        let (wanted, outcome) = match request.action {
            Action::Create => ("CREATE_COMPLETE", Outcome::Created),
            _ => ("UPDATE_COMPLETE", Outcome::Updated),
        };
        match &seen.status {
            Some(status) if status.0 == wanted => Ok(Done { outcome, resources: seen.completed }),
            _ => Err(failed(stack, seen)),
        }
    }

    /// Create or update, by what stands there. What was never created whole goes first; an update
    /// that could not be taken back is taken back first.
    async fn action_for(&self, name: &str) -> Result<Action, DeployError> {
        let Some(stack) = self.settled(name).await? else { return Ok(Action::Create) };
        if stack.status.is_stuck() {
            self.unstick(&stack).await?;
        }
        if stack.status.is_stillborn() {
            self.try_delete(&stack).await?;
            return Ok(Action::Create);
        }
        Ok(if stack.status.is_only_reviewed() { Action::Create } else { Action::Update })
    }

    /// The stack once it is quiet. What is under way was begun by a command that was killed, or by
    /// hand: nobody else deploys while we hold the lock.
    async fn settled(&self, name: &str) -> Result<Option<StackState>, DeployError> {
        match self.stacks.describe(name).await? {
            Some(stack) if stack.status.in_progress() => {
                self.observer.tell(Event::Waiting { stack: name, status: &stack.status.0 });
                let after = newest_event(self.stacks, &stack.arn).await?;
                follow(self.stacks, self.clock, self.observer, (name, &stack.arn), after).await?;
                Ok(self.stacks.describe(name).await?)
            }
            settled => Ok(settled),
        }
    }

    async fn unstick(&self, stack: &StackState) -> Result<(), DeployError> {
        let after = newest_event(self.stacks, &stack.arn).await?;
        self.observer.tell(Event::RollingBack { stack: &stack.name });
        self.stacks.continue_rollback(&stack.arn).await?;
        let ids = (stack.name.as_str(), stack.arn.as_str());
        let seen = follow(self.stacks, self.clock, self.observer, ids, after).await?;
        match &seen.status {
            Some(status) if status.0 == "UPDATE_ROLLBACK_COMPLETE" => Ok(()),
            _ => Err(DeployError::Stuck { stack: stack.name.clone(), reasons: seen.reasons }),
        }
    }

    async fn try_delete(&self, stack: &StackState) -> Result<Done, DeployError> {
        // One that is just being made or changed cannot be deleted; one that goes already is followed.
        let goes_already = stack.status.0 == "DELETE_IN_PROGRESS";
        if stack.status.in_progress() && !goes_already {
            self.settled(&stack.arn).await?;
        }
        let after = newest_event(self.stacks, &stack.arn).await?;
        self.observer.tell(Event::Started { stack: &stack.name, action: Action::Delete, resources: None });
        if !goes_already {
            self.stacks.delete(&stack.arn).await?;
        }
        let ids = (stack.name.as_str(), stack.arn.as_str());
        let seen = follow(self.stacks, self.clock, self.observer, ids, after).await?;
        match &seen.status {
            None => Ok(Done { outcome: Outcome::Deleted, resources: seen.completed }),
            Some(status) if status.0 == "DELETE_COMPLETE" => {
                Ok(Done { outcome: Outcome::Deleted, resources: seen.completed })
            }
            Some(_) => Err(failed(stack.name.clone(), seen)),
        }
    }

    fn report(&self, name: String, done: Result<Done, DeployError>) -> StackReport {
        let done =
            done.unwrap_or_else(|error| Done { outcome: Outcome::Failed(error), resources: BTreeMap::new() });
        self.observer.tell(Event::Settled { stack: &name, outcome: &done.outcome });
        StackReport { name, outcome: done.outcome, resources: done.resources }
    }
}

struct Done {
    outcome: Outcome,
    resources: BTreeMap<String, usize>,
}

impl Done {
    fn unchanged() -> Self {
        Self { outcome: Outcome::Unchanged, resources: BTreeMap::new() }
    }
}

fn failed(stack: String, seen: Followed) -> DeployError {
    let status = seen.status.map_or_else(|| "gone".to_owned(), |status| status.0);
    DeployError::Failed { stack, status, reasons: seen.reasons }
}
