//! How long to try again.
//!
//! Lake Formation takes a while to know a new role, a new administrator or a registered bucket, and
//! answers meanwhile with whatever error comes first: an invalid principal, a missing right, a
//! concurrent change. None of them can be told from the real thing by its name; time can. So every
//! error is tried again, for a minute at most.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::ports::Clock;
use crate::{CustomResourceRequest, Error, Result};

/// Longer than Lake Formation takes to know what IAM knows.
const LONGEST_MILLIS: i64 = 60_000;

/// Left of the invocation when the job gives up, so that it can say so.
const RESERVE_MILLIS: i64 = 15_000;

const LONGEST_PAUSE_MILLIS: u64 = 8_000;

/// Patience with one request.
pub(super) struct Patience<'a> {
    pub clock: &'a dyn Clock,
    until_millis: i64,
    latest_millis: i64,
    has_worked: bool,
    pause_millis: u64,
    spread_millis: u64,
}

impl<'a> Patience<'a> {
    pub fn new(clock: &'a dyn Clock, request: &CustomResourceRequest, deadline_millis: i64) -> Self {
        let latest_millis = deadline_millis - RESERVE_MILLIS;
        let until_millis = (clock.now_millis() + LONGEST_MILLIS).min(latest_millis);
        // Stacks side by side would meet again at every try.
        let mut hasher = DefaultHasher::new();
        request.request_id.hash(&mut hasher);
        let spread_millis = hasher.finish() % 500;
        Self { clock, until_millis, latest_millis, has_worked: false, pause_millis: 0, spread_millis }
    }

    /// The same after a pass that changed something. The minute begins after the first one: many calls
    /// take longer than a minute without any of them failing.
    pub async fn after_work(&mut self, error: Error) -> Result<()> {
        if !std::mem::replace(&mut self.has_worked, true) {
            self.until_millis = (self.clock.now_millis() + LONGEST_MILLIS).min(self.latest_millis);
        }
        self.after(error).await
    }

    /// Waits for the next try, or gives the error back when there is no time for one. The first
    /// pause is none.
    pub async fn after(&mut self, error: Error) -> Result<()> {
        let pause = if self.pause_millis == 0 { 0 } else { self.pause_millis + self.spread_millis };
        if self.clock.now_millis() + pause as i64 > self.until_millis {
            return Err(error);
        }
        self.clock.sleep(Duration::from_millis(pause)).await;
        self.pause_millis = (self.pause_millis * 2).clamp(500, LONGEST_PAUSE_MILLIS);
        Ok(())
    }
}
