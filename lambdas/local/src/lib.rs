//! The ports of `tarn-core` on a folder, and the steps of a run over them.
//!
//! A lake in a folder is the lake of an account with other ports: the same jobs in the order of the
//! state machine, the same names of objects below a bucket, the same account at the end. What is
//! different is what a disk does differently: one process at a time works on a folder (`lock`), a
//! file has one version (`versions`), and people write into it as they like (`walk`). Nothing here
//! prints; an [`Observer`] is told.

mod catalog;
mod clock;
mod failure;
mod files;
mod folders;
mod home;
mod keys;
mod ledger;
mod lock;
mod notes;
mod pointers;
mod run;
mod scratch;
mod secret;
mod share;
mod shelf;
mod source;
mod store;
mod versions;
mod walk;

pub use catalog::FolderCatalog;
pub use clock::SystemClock;
pub use folders::Folders;
pub use home::{GoldPorts, Home, Ports, QUIET};
pub use ledger::FolderLedger;
pub use lock::{Holder, Lock, Locked};
pub use pointers::FolderPointers;
pub use run::{Ended, Engines, Observer, Run, Step};
pub use scratch::FolderScratch;
pub use shelf::FolderShelf;
pub use store::FolderStore;
pub use walk::{Found, LeftOut, Walk, Why};
