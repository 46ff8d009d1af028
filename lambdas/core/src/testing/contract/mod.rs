//! What every implementation of a port does. A suite panics where one does not.
//!
//! `make` gives a fresh, empty place for every case, so that cases do not see each other.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a suite says what is wrong by panicking")]

mod catalog;
mod governance;
mod ledger;
mod object_store;
mod pointers;
mod registry;

pub use catalog::{CatalogUnderTest, catalog};
pub use governance::{GovernanceUnderTest, governance};
pub use ledger::ledger;
pub use object_store::{StoreUnderTest, object_store};
pub use pointers::{PointersUnderTest, pointers};
pub use registry::{RegistryUnderTest, registry};

use crate::{Kind, Result};

fn kind_of<T>(result: Result<T>) -> Option<Kind> {
    result.err().map(|error| error.kind())
}
