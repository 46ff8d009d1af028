//! A clock that stands still.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use crate::ports::Clock;

/// More sleeps than any job needs; a job that sleeps on has lost its deadline.
const MOST_SLEEPS: u32 = 100_000;

/// Time that moves only when told to, or when somebody sleeps. Clones show the same time.
#[derive(Debug, Clone)]
pub struct ManualClock {
    millis: Arc<AtomicI64>,
    sleeps: Arc<AtomicU32>,
}

impl ManualClock {
    /// A clock that shows this moment.
    pub fn at(millis: i64) -> Self {
        Self { millis: Arc::new(AtomicI64::new(millis)), sleeps: Arc::default() }
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        self.millis.fetch_add(duration.as_millis() as i64, Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    /// 2025-06-01, 12:00 UTC.
    fn default() -> Self {
        Self::at(1_748_779_200_000)
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now_millis(&self) -> i64 {
        self.millis.load(Ordering::SeqCst)
    }

    async fn sleep(&self, duration: Duration) {
        let sleeps = self.sleeps.fetch_add(1, Ordering::SeqCst);
        assert!(sleeps < MOST_SLEEPS, "slept {MOST_SLEEPS} times: does this job know when to stop?");
        self.advance(duration);
    }
}
