//! Where a table's files lie: paths as Iceberg writes them, keys as the store has them.

use std::sync::Arc;

use bytes::Bytes;
use tarn_core::ports::{Content, ObjectStore};
use tarn_core::{Error, Kind, Result};
use tarn_lake::TableName;

use crate::store::Listed;

/// Where gold lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its bucket, as the store knows it.
    pub bucket: String,
    /// The same as other readers find it, without a slash at its end: `s3://BUCKET`, or
    /// `file:///home/me/lake/gold`.
    pub root: String,
    /// The database of its tables.
    pub database: String,
}

/// The files of one table.
#[derive(Clone)]
pub(crate) struct Home {
    pub store: Arc<dyn ObjectStore>,
    pub bucket: String,
    pub name: TableName,
    /// Where the table lies, as its metadata say. That of a folder that was moved is the old one, and
    /// keys are found all the same.
    pub location: String,
}

impl Home {
    /// The home of a table that is new, or whose metadata are not read yet.
    pub fn new(store: Arc<dyn ObjectStore>, place: &Place, name: &TableName) -> Self {
        let location = format!("{}/{name}", place.root);
        Self { store, bucket: place.bucket.clone(), name: name.clone(), location }
    }

    /// The same where the metadata say it is.
    pub fn at(&self, location: &str) -> Self {
        Self { location: location.trim_end_matches('/').into(), ..self.clone() }
    }

    /// The path of a file below the table.
    pub fn path(&self, below: &str) -> String {
        format!("{}/{below}", self.location)
    }

    /// The key of a path.
    pub fn key(&self, path: &str) -> Result<String> {
        let below = path.strip_prefix(&self.location).and_then(|rest| rest.strip_prefix('/'));
        let below = below.ok_or_else(|| {
            Error::new(Kind::Invalid, format!("a file of {} lies elsewhere: {path}", self.name))
        })?;
        Ok(format!("{}/{below}", self.name))
    }

    /// The key of what a pointer points to, whatever stands before the table's name. A table may be called
    /// `metadata`, as the folder of its metadata is.
    pub fn pointed(&self, path: &str) -> Result<String> {
        let (metadata, name) = (format!("/{}/metadata/", self.name), format!("/{}/", self.name));
        let found = path.rfind(&metadata).or_else(|| path.rfind(&name)).and_then(|at| path.get(at + 1..));
        let wrong = || Error::new(Kind::Invalid, format!("the pointer of {} points to {path}", self.name));
        found.map(str::to_owned).ok_or_else(wrong)
    }

    pub async fn read(&self, path: &str) -> Result<Bytes> {
        self.store.read(&self.bucket, &self.key(path)?).await
    }

    /// Writes a file under a name that nobody else gives. One that is there is ours: the store may
    /// try twice by itself, and then sees its own first try.
    pub async fn write(&self, path: &str, content: Content) -> Result<()> {
        self.store.create(&self.bucket, &self.key(path)?, content, "").await.map(|_| ())
    }

    /// A file that is never written again.
    pub fn listed(&self, path: &str, size_bytes: u64) -> Result<Listed> {
        Ok(Listed { bucket: self.bucket.clone(), key: self.key(path)?, size_bytes, tag: String::new() })
    }
}
