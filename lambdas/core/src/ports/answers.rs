//! Where CloudFormation waits for the answer of a custom resource.

use std::time::Duration;

use async_trait::async_trait;

use crate::jobs::Answer;
use crate::{ResponseUrl, Result};

/// The way back to CloudFormation.
#[async_trait]
pub trait Answers: Send + Sync {
    /// Sends the answer, trying again when that fails, for as long as there is time. The URL is a
    /// secret and shows up nowhere.
    async fn send(&self, to: &ResponseUrl, answer: &Answer, within: Duration) -> Result<()>;
}
