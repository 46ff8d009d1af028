//! What a deployment needs from the world.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;

use crate::PortError;

/// The result of a port.
pub type PortResult<T> = Result<T, PortError>;

/// CloudFormation's stacks.
#[async_trait]
pub trait Stacks: Send + Sync {
    /// The stack of that name or ARN, or `None` if there is none. A deleted stack is found by its
    /// ARN only.
    async fn describe(&self, name: &str) -> PortResult<Option<StackState>>;

    /// All stacks that are not deleted.
    async fn list(&self) -> PortResult<Vec<StackState>>;

    /// Makes a change set and waits until it can be executed or has turned out empty.
    async fn prepare(&self, request: &ChangeRequest) -> PortResult<ChangeSet>;

    /// Throws a change set away that was only to be looked at, and the stack that was begun for it.
    async fn discard(&self, change_set: &str) -> PortResult<()>;

    /// Takes up a rollback of an update again where it failed.
    async fn continue_rollback(&self, stack_arn: &str) -> PortResult<()>;

    /// Executes a change set.
    async fn execute(&self, change_set: &str) -> PortResult<()>;

    /// The stack's events after the given one (its id), oldest first.
    async fn events(&self, stack_arn: &str, after: Option<&str>) -> PortResult<Vec<ResourceEvent>>;

    /// What CloudFormation's validation before a change found. It is not among the events: those
    /// only say that there is something to ask for.
    async fn validation_faults(&self, stack_arn: &str) -> PortResult<Vec<ResourceEvent>>;

    /// Turns the stack's protection against deletion on or off.
    async fn protect(&self, stack_arn: &str, on: bool) -> PortResult<()>;

    /// Begins to delete a stack.
    async fn delete(&self, stack_arn: &str) -> PortResult<()>;
}

/// The lake's ops bucket, as the control plane uses it, and the buckets that no function empties.
#[async_trait]
pub trait Artifacts: Send + Sync {
    /// Uploads a file unless the key is there: keys are named by content.
    async fn upload_file(&self, bucket: &str, key: &str, file: &Path) -> PortResult<()>;
    /// The document, or `None` if there is none, or no bucket.
    async fn read(&self, bucket: &str, key: &str) -> PortResult<Option<Vec<u8>>>;
    /// Writes a document only if there is none; whether it did.
    async fn create(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> PortResult<bool>;
    /// Writes a document only if it still reads as expected; whether it did. One that is gone, with or
    /// without its bucket, does not.
    async fn swap(&self, bucket: &str, key: &str, expected: &[u8], bytes: Vec<u8>) -> PortResult<bool>;
    /// Deletes a document; one that is gone is fine.
    async fn remove(&self, bucket: &str, key: &str) -> PortResult<()>;
    /// Writes a document, whatever is there.
    async fn write(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> PortResult<()>;
    /// Deletes every version of everything in a bucket. A bucket that is gone is empty.
    async fn empty(&self, bucket: &str) -> PortResult<()>;
    /// The names of all buckets that begin with the prefix.
    async fn buckets(&self, prefix: &str) -> PortResult<Vec<String>>;
}

/// Time, so that tests own it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Waits.
    async fn sleep(&self, duration: Duration);
    /// Seconds since 1970.
    fn now(&self) -> u64;
}

/// A stack as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackState {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Where it stands.
    pub status: StackStatus,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Whether it is protected against deletion.
    pub protected: bool,
    /// When it was last changed, or made, as CloudFormation writes it.
    pub changed: String,
}

/// CloudFormation's word for where a stack stands, such as `UPDATE_COMPLETE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackStatus(pub String);

impl StackStatus {
    /// Whether it is about to become something else.
    pub fn in_progress(&self) -> bool {
        self.0.ends_with("_IN_PROGRESS") && self.0 != "REVIEW_IN_PROGRESS"
    }

    /// Whether the stack is there but was never created whole, so that it must go before another try.
    pub fn is_stillborn(&self) -> bool {
        matches!(self.0.as_str(), "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "DELETE_FAILED")
    }

    /// Whether an update failed, and so did the way back.
    pub fn is_stuck(&self) -> bool {
        self.0 == "UPDATE_ROLLBACK_FAILED"
    }

    /// Whether nothing is there yet but a change set.
    pub fn is_only_reviewed(&self) -> bool {
        self.0 == "REVIEW_IN_PROGRESS"
    }
}

/// What is to be done with a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Make it.
    Create,
    /// Change it.
    Update,
    /// Take it down.
    Delete,
}

/// Where CloudFormation finds a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateSource {
    /// In the request, up to 51,200 bytes.
    Inline(String),
    /// In a bucket, up to 1 MB.
    Uploaded {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
}

/// What the change set is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRequest {
    /// The stack's name.
    pub stack: String,
    /// Create or Update.
    pub action: Action,
    /// The template.
    pub template: TemplateSource,
    /// The stack's tags.
    pub tags: Vec<(String, String)>,
    /// Whether the stack may be deleted only after its protection was lifted.
    pub protected: bool,
    /// The role that CloudFormation works under, now and whenever the stack is changed or deleted
    /// later; the caller's rights where there is none.
    pub service_role: Option<String>,
}

/// A change set that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeSet {
    /// Nothing differs.
    Empty,
    /// It can be executed.
    Ready {
        /// Its ARN.
        arn: String,
        /// The stack's ARN.
        stack_arn: String,
        /// What it does to which resources.
        changes: Vec<ResourceChange>,
    },
    /// CloudFormation will not do it.
    Refused {
        /// Its reason.
        reason: String,
    },
}

/// What a change set does to one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceChange {
    /// Its id in the template.
    pub logical_id: String,
    /// Its type, such as `AWS::S3::Bucket`.
    pub resource_type: String,
    /// What it is called in the account, empty where it is not there yet.
    pub physical_id: String,
    /// What becomes of it.
    pub effect: Effect,
}

/// What becomes of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It goes.
    Remove,
    /// Another takes its place, and it goes.
    Replace,
    /// CloudFormation knows only while it does it whether another takes its place.
    MayReplace,
    /// It is changed where it is.
    Modify,
    /// It is made.
    Add,
}

/// Something that happened to a resource of a stack, or to the stack itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceEvent {
    /// The event's id.
    pub id: String,
    /// The resource's id in the template; the stack's name for the stack itself.
    pub logical_id: String,
    /// Its type, such as `AWS::S3::Bucket`.
    pub resource_type: String,
    /// Its physical id.
    pub physical_id: String,
    /// Where it stands, such as `CREATE_FAILED`.
    pub status: String,
    /// CloudFormation's reason, empty when there is none.
    pub reason: String,
}

impl ResourceEvent {
    /// Whether it is about the stack and not about a resource.
    pub fn is_of_stack(&self, stack_arn: &str) -> bool {
        self.resource_type == "AWS::CloudFormation::Stack" && self.physical_id == stack_arn
    }

    /// Whether it is a cause: a failure that is not the mere consequence of another.
    pub fn is_cause_of_failure(&self) -> bool {
        self.status.ends_with("_FAILED")
            && !self.reason.is_empty()
            && !self.reason.starts_with("Resource creation cancelled")
            && !self.reason.starts_with("Resource update cancelled")
            && !self.reason.starts_with("The following resource(s) failed")
    }
}
