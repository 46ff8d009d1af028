//! Where sets of a backup lie: below a prefix of a bucket, or in a folder of a disk.

use async_trait::async_trait;
use bytes::Bytes;

use crate::Result;

/// The place. Keys are `ID/PART`.
#[async_trait]
pub trait Shelf: Send + Sync {
    /// What lies there, in the order of keys; nothing where there is no such place.
    async fn keys(&self) -> Result<Vec<String>>;
    /// The whole of one; `NotFound` if there is none.
    async fn read(&self, key: &str) -> Result<Bytes>;
    /// Writes one, whole or not at all, whatever is there.
    async fn write(&self, key: &str, bytes: Bytes) -> Result<()>;
}
