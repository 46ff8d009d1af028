//! A prefix of a bucket as a shelf.

use async_trait::async_trait;
use bytes::Bytes;

use crate::Result;
use crate::ports::{ObjectStore, Shelf};

/// The place of sets in a bucket.
#[derive(Clone)]
pub struct StoreShelf<'a> {
    /// The store.
    pub store: &'a dyn ObjectStore,
    /// The bucket.
    pub bucket: String,
    /// What keys begin with; it ends with a slash, or is empty.
    pub prefix: String,
}

#[async_trait]
impl Shelf for StoreShelf<'_> {
    async fn keys(&self) -> Result<Vec<String>> {
        let listed = self.store.list(&self.bucket, &self.prefix).await?;
        let below = listed.into_iter().filter_map(|it| Some(it.key.strip_prefix(&self.prefix)?.to_owned()));
        Ok(below.collect())
    }

    async fn read(&self, key: &str) -> Result<Bytes> {
        self.store.read(&self.bucket, &format!("{}{key}", self.prefix)).await
    }

    async fn write(&self, key: &str, bytes: Bytes) -> Result<()> {
        let content = crate::ports::Content::Bytes(bytes);
        self.store.replace(&self.bucket, &format!("{}{key}", self.prefix), content, "").await
    }
}
