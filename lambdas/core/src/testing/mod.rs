//! Stand-ins for the ports, in memory, and the contract that every implementation keeps.
//!
//! The stand-ins are as strict as what they stand for: buckets are versioned, leases are fenced,
//! time moves only when somebody moves it. What they cannot tell is whether AWS does the same; so
//! the suites in [`contract`] run against them and against every real implementation.

mod builder;
mod catalog;
mod clock;
pub mod contract;
mod converter;
mod crawlers;
mod dice;
mod executions;
mod faults;
mod governance;
mod lake;
mod ledger;
mod pointers;
mod projector;
mod scratch;
mod simulation;
mod store;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use builder::MemoryBuilder;
pub use catalog::MemoryCatalog;
pub use clock::ManualClock;
pub use converter::LineConverter;
pub use crawlers::{Crawl, MemoryCrawlers};
pub use dice::Dice;
pub use executions::MemoryExecutions;
pub use faults::{FailAt, Failing, Fault};
pub use governance::MemoryGovernance;
pub use lake::{names, small_lake, table};
pub use ledger::MemoryLedger;
pub use pointers::MemoryPointers;
pub use projector::SameFile;
pub use scratch::MemoryScratch;
pub use simulation::Simulation;
pub use store::MemoryStore;

/// A test that panicked has been reported; what it locked is no secret to the next one.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
