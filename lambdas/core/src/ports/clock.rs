//! Time, so that tests own it.

use std::time::Duration;

use async_trait::async_trait;

/// The clock of a job.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now, in milliseconds since 1970.
    fn now_millis(&self) -> i64;
    /// Waits.
    async fn sleep(&self, duration: Duration);
}
