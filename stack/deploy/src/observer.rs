//! What a deployment tells while it goes on.

use crate::{Action, Outcome, ResourceEvent};

/// Hears what happens. Called from one task, in order.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn tell(&self, event: Event<'_>);
}

/// What happens.
#[derive(Debug)]
pub enum Event<'a> {
    /// A stack is looked at.
    Preparing {
        /// Which stack.
        stack: &'a str,
    },
    /// Somebody is changing a stack, and it is waited until that has ended.
    Waiting {
        /// Which stack.
        stack: &'a str,
        /// Its status.
        status: &'a str,
    },
    /// A stack begins to change.
    Started {
        /// Which stack.
        stack: &'a str,
        /// How.
        action: Action,
        /// How many resources are concerned, where that is known.
        resources: Option<usize>,
    },
    /// An update that failed is taken back, at the second try.
    RollingBack {
        /// Of which stack.
        stack: &'a str,
    },
    /// A resource changed its status.
    Resource {
        /// Of which stack.
        stack: &'a str,
        /// What happened.
        event: &'a ResourceEvent,
    },
    /// A stack has settled.
    Settled {
        /// Which stack.
        stack: &'a str,
        /// How it went.
        outcome: &'a Outcome,
    },
    /// A bucket that no function empties is being emptied.
    Emptying {
        /// Which bucket.
        bucket: &'a str,
    },
    /// Handlers, templates or config go to the ops bucket.
    Uploading {
        /// What.
        what: &'a str,
    },
}
