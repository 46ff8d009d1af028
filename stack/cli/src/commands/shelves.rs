//! Where sets of a backup lie: in the lake's own ops bucket, in another bucket, in a folder.

use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;
use tarn_aws::S3;
use tarn_core::jobs::StoreShelf;
use tarn_core::ports::{ObjectStore, Shelf};
use tarn_core::{Result, RunKeys};
use tarn_lake::{Bucket, Names};
use tarn_local::FolderShelf;

use super::convert::remote::Address;
use crate::account;
use crate::arguments::{Common, Place};
use crate::failure::Failure;

/// A prefix of a bucket, with the store that it is in.
pub struct Prefix {
    store: Box<dyn ObjectStore>,
    bucket: String,
    prefix: String,
}

impl Prefix {
    /// Where a lake keeps its own sets.
    pub fn of_lake(store: Box<dyn ObjectStore>, names: &Names) -> Self {
        Self { store, bucket: names.bucket(&Bucket::Ops), prefix: RunKeys::BACKUPS.into() }
    }

    fn shelf(&self) -> StoreShelf<'_> {
        StoreShelf { store: &*self.store, bucket: self.bucket.clone(), prefix: self.prefix.clone() }
    }
}

#[async_trait]
impl Shelf for Prefix {
    async fn keys(&self) -> Result<Vec<String>> {
        self.shelf().keys().await
    }
    async fn read(&self, key: &str) -> Result<Bytes> {
        self.shelf().read(key).await
    }
    async fn write(&self, key: &str, bytes: Bytes) -> Result<()> {
        self.shelf().write(key, bytes).await
    }
}

/// The place that somebody named: a folder, or `s3://BUCKET/PREFIX/`.
pub async fn named(common: &Common, place: Place, path: &Path) -> Result<Box<dyn Shelf>, Failure> {
    let Some(address) = Address::of(path) else {
        let folder = std::path::absolute(path)
            .map_err(|error| Failure::bad_input(format!("{} cannot be found: {error}", path.display())))?;
        return Ok(Box::new(FolderShelf::new(folder)));
    };
    let store = Box::new(S3::new(&account::config(common, place).await?));
    let prefix = address.prefix();
    Ok(Box::new(Prefix { store, bucket: address.bucket, prefix }))
}
