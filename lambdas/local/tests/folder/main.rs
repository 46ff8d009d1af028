//! The ports on a real folder: the contracts that the stand-ins and AWS keep too, and what only a
//! folder can be met with.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy spares only functions marked #[test], not their helpers"
)]

mod contracts;
mod homes;
mod landing;
mod ledgers;
mod odd_keys;
mod runs;

use std::path::Path;
use std::time::Duration;

use tarn_local::{FolderStore, Folders};

/// Two buckets, `one` and `two`; the first is a folder of that name.
fn folders(one: &str) -> Folders {
    let pairs = [("one", one), ("two", "zones/two")];
    pairs.map(|(bucket, folder)| (bucket.into(), folder.into())).into_iter().collect()
}

fn store(root: &Path, one: &str) -> FolderStore {
    FolderStore::new(root, folders(one), Duration::ZERO).unwrap()
}
