//! Iceberg tables of gold: what stands in one, what is written to it, and how that becomes the table.
//!
//! Everything but the pointer is written once, under a name that an attempt has for itself. So nothing
//! that a reader may hold ever changes, and an attempt that dies leaves files that no snapshot names.

mod bounds;
mod commit;
mod compact;
mod home;
mod known;
mod layout;
mod maintain;
mod partition;
mod schema;
mod table;
mod write;

pub(crate) use commit::{Attempt, Change, OUTPUT, ROWS_OF, Staged, TAKEN, stage};
pub(crate) use compact::{compacted, small_files};
pub(crate) use home::Home;
pub use home::Place;
pub(crate) use layout::{Layout, begin};
pub(crate) use maintain::{expire, orphans};
pub(crate) use partition::{gathered, partition_faults};
pub use schema::Renamed;
pub(crate) use table::{FILE, Found, State, Table, find, provider};
pub(crate) use write::{Sink, write_all};

/// The size that files are written to.
pub(crate) const FILE_BYTES: usize = 128 << 20;
