//! An AWS account as the control plane uses it: stacks, runs of the pipeline, SQL, who we are.
//! The only crate of the control plane that knows the SDK.

mod access;
mod failure;
mod inventory;
mod pipeline;
mod query;
mod resources;
mod roles;
mod stacks;
mod watch;

pub use access::{Access, Identity, connect, identity};
pub use aws_config::SdkConfig;
pub use inventory::Services;
pub use pipeline::{Pipeline, Progress, RunStatus, Started};
pub use query::{Answer, Queries};
pub use resources::StackResource;
pub use roles::role_exists;
pub use stacks::CloudFormation;
pub use watch::{Alarms, Queues};
