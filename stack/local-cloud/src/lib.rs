//! A cloud on this computer, for `tarn local start|stop|status`, the end-to-end tests and the demo.
//!
//! Two Python programs on loopback stand in for AWS: MiniStack for nearly everything, with IAM enforced,
//! and moto for Lake Formation and Textract. This crate installs them once, starts them, finds them again
//! and ends them, together with the functions they started. It needs no Docker and no AWS account.
//!
//! What is in the local cloud lives in memory: **it is gone after `stop`**, stacks and objects alike.
//!
//! This crate prints nothing and knows no home directory: progress goes to an [`Observer`], the caller
//! names the directories. It does not speak to AWS either; a client gets [`Running::client_variables`].

mod cloud;
mod error;
mod health;
mod launch;
mod lock;
mod log;
mod ports;
mod process;
mod progress;
mod python;
mod service;
mod shutdown;
mod state;
mod venv;

pub use cloud::LocalCloud;
pub use error::LocalCloudError;
pub use progress::{Observer, Step};
pub use service::Service;
pub use shutdown::{Stopped, StoppedService};
pub use state::{Endpoint, Running};
