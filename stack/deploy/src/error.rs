//! What can go wrong between a set of templates and an account.

use std::error::Error as StdError;

/// What can be done about a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortErrorKind {
    /// The caller lacks a right.
    AccessDenied,
    /// No credentials, or expired ones.
    Credentials,
    /// What the call is about is not there.
    NotFound,
    /// The service or network failed; trying again may help.
    Unavailable,
    /// The request was refused.
    Refused,
    /// Anything else.
    Unknown,
}

/// A call that failed, with what was being done.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {reason}")]
pub struct PortError {
    /// What can be done about it.
    pub kind: PortErrorKind,
    /// What was being done.
    pub doing: String,
    /// What the service said.
    pub reason: String,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Why a stack is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// A call failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// CloudFormation could not make or read the change set.
    #[error("CloudFormation refused the change of stack {stack}: {reason}")]
    Refused {
        /// Which stack.
        stack: String,
        /// CloudFormation's own reason.
        reason: String,
    },
    /// The change ended in another state than the wanted one.
    #[error("stack {stack} ended as {status}")]
    Failed {
        /// Which stack.
        stack: String,
        /// Its final status.
        status: String,
        /// CloudFormation's own reasons, `logical id (type): reason`, the first cause first.
        reasons: Vec<String>,
    },
    /// An update failed, and the way back fails too.
    #[error(
        "stack {stack} cannot be rolled back: mend what stands in the way and repeat; or give up the resources \
         named here: aws cloudformation continue-update-rollback --stack-name {stack} --resources-to-skip ID..."
    )]
    Stuck {
        /// Which stack.
        stack: String,
        /// CloudFormation's own reasons, `logical id (type): reason`.
        reasons: Vec<String>,
    },
    /// The change did not end in time.
    #[error(
        "stack {stack} did not settle within {minutes} minutes; it goes on without us: repeat the command to follow it"
    )]
    TimedOut {
        /// Which stack.
        stack: String,
        /// The bound.
        minutes: u64,
    },
}
