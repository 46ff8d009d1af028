//! Files of a port as DataFusion reads them: `object_store`'s trait over `tarn_core`'s.
//!
//! A session reads the files that it was given and no other, so this is a list of them. Nothing is
//! looked for, nothing is written, and a file that was written again since it was listed is an error
//! instead of half of one and half of the other.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use datafusion::datasource::listing::PartitionedFile;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tarn_core::Kind;
use tarn_core::ports::ObjectStore as Port;

/// Where DataFusion thinks that the files are.
pub(crate) const URL: &str = "tarn://lake/";

/// An error of the port, on its way through DataFusion.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Unreadable {
    pub kind: Kind,
    pub what: String,
}

/// A file as it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub bucket: String,
    pub key: String,
    pub size_bytes: u64,
    /// What another write of the key changes; empty for a file that is written once.
    pub tag: String,
}

/// The files that a session may read.
pub(crate) struct Shelf {
    port: Option<Arc<dyn Port>>,
    files: RwLock<HashMap<Path, Listed>>,
    scanned: AtomicU64,
}

impl Shelf {
    /// Over a store; without one, no file can be put on it that somebody reads.
    pub fn new(port: Option<Arc<dyn Port>>) -> Self {
        Self { port, files: RwLock::default(), scanned: AtomicU64::new(0) }
    }

    /// Bytes that were read through it so far.
    pub fn scanned(&self) -> u64 {
        self.scanned.load(Ordering::Relaxed)
    }

    /// Puts a file on the shelf.
    pub fn put(&self, file: Listed) -> PartitionedFile {
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        let mut path = Path::from(format!("{}/{}", file.bucket, file.key));
        // Two keys can look the same as a path, such as `a//b` and `a/b`.
        while files.get(&path).is_some_and(|there| *there != file) {
            path = Path::from(format!("{path}~"));
        }
        let meta = meta(&path, &file);
        files.insert(path, file);
        PartitionedFile::new_from_meta(meta)
    }

    fn find(&self, path: &Path) -> Result<Listed> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        let missing = || Error::NotFound { path: path.to_string(), source: "it is not on the shelf".into() };
        files.get(path).cloned().ok_or_else(missing)
    }

    async fn read(&self, file: &Listed, range: Range<u64>) -> Result<Bytes> {
        let port = self.port.as_ref().ok_or_else(|| read_only("read"))?;
        let read = port.read_range(&file.bucket, &file.key, range, &file.tag).await;
        let bytes = read.map_err(|error| Error::Generic {
            store: "tarn",
            source: Box::new(Unreadable { kind: error.kind(), what: error.chain() }),
        })?;
        self.scanned.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}

fn meta(path: &Path, file: &Listed) -> ObjectMeta {
    ObjectMeta {
        location: path.clone(),
        last_modified: DateTime::<Utc>::UNIX_EPOCH,
        size: file.size_bytes,
        e_tag: Some(file.tag.clone()).filter(|tag| !tag.is_empty()),
        version: None,
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shelf")
    }
}

impl fmt::Display for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lake's files")
    }
}

#[async_trait]
impl ObjectStore for Shelf {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let file = self.find(location)?;
        let whole = 0..file.size_bytes;
        let range = match &options.range {
            None => whole,
            Some(range) => range
                .as_range(file.size_bytes)
                .map_err(|error| Error::Generic { store: "tarn", source: Box::new(error) })?,
        };
        let bytes = if options.head { Bytes::new() } else { self.read(&file, range.clone()).await? };
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::once(async { Ok(bytes) }).boxed()),
            meta: meta(location, &file),
            range,
            attributes: Attributes::default(),
        })
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(read_only("put"))
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(read_only("put_multipart"))
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        stream::once(async { Err(read_only("delete")) }).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::once(async { Err(read_only("list")) }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(read_only("list"))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(read_only("copy"))
    }
}

fn read_only(operation: &str) -> Error {
    Error::NotImplemented { operation: operation.into(), implementer: "tarn".into() }
}
