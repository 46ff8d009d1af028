//! Object storage.

use std::io::{self, Read, Seek, Write};
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Error, Kind, Result, SourceVersion};

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key, not encoded.
    pub key: String,
    /// Its size.
    pub size_bytes: u64,
    /// When it was written, in milliseconds since 1970.
    pub modified_millis: i64,
    /// What another write of the key changes: S3's ETag. It tells that something was written, not what.
    pub tag: String,
}

/// A version of an object, or a delete marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectVersion {
    /// Key, size and time.
    pub object: Object,
    /// S3's version id.
    pub version: String,
    /// Whether it says "deleted" instead of holding bytes.
    pub delete_marker: bool,
}

/// What became of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// The object is new.
    New,
    /// An object of that key was there; nothing was written.
    AlreadyThere,
}

/// What a conditional write is held against: an object as it was when somebody looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Another one as soon as the object is written again; S3's ETag.
    pub tag: String,
    /// What `create` or `replace` stored with it; empty for none.
    pub fingerprint: String,
}

/// Bytes to write: in memory, spooled to a temporary file, or in the store already.
pub enum Content {
    /// In memory.
    Bytes(Bytes),
    /// In a file, from its beginning.
    File(std::fs::File),
    /// One behind the other. The store puts them together, and what it has itself need not travel.
    Joined(Vec<Piece>),
}

/// A piece of content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// In memory.
    Bytes(Bytes),
    /// In an object of the store that is written to.
    Stored(Stretch),
}

/// Bytes of an object's newest version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The object's bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Which bytes.
    pub range: Range<u64>,
    /// The tag that it must still have.
    pub tag: String,
}

impl Stretch {
    /// How many bytes it has.
    pub fn bytes(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }

    /// An object that has another tag by now is no conflict over the one that is written.
    pub fn changed(error: Error) -> Error {
        match error.kind() {
            Kind::Conflict => Error::caused(Kind::Unavailable, "a piece was written anew meanwhile", error),
            _ => error,
        }
    }
}

impl Piece {
    /// How many bytes it has.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Stored(stretch) => stretch.bytes(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A place to write before the whole is known; large content goes to a temporary file.
pub trait Spool: Write + Send {
    /// How many bytes were written.
    fn len(&self) -> u64;
    /// Whether nothing was written.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Ends the writing.
    fn finish(self: Box<Self>) -> io::Result<Content>;
}

/// Gives places to write.
pub trait Scratch: Send + Sync {
    /// An empty spool.
    fn spool(&self) -> io::Result<Box<dyn Spool>>;
}

/// The store. Every method names its bucket, since a job's rights are per bucket.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// The newest version of every object under a prefix, in order of keys.
    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>>;

    /// Every version and delete marker under a prefix. The versions of one key stand in the order of
    /// their age, the newest first.
    async fn list_versions(&self, bucket: &str, prefix: &str) -> Result<Vec<ObjectVersion>>;

    /// Every version and delete marker of one object, the newest first. Empty where there is none.
    async fn versions_of(&self, bucket: &str, key: &str) -> Result<Vec<ObjectVersion>> {
        let mut found = self.list_versions(bucket, key).await?;
        found.retain(|version| version.object.key == key);
        Ok(found)
    }

    /// The whole of a small object; `NotFound` if there is none.
    async fn read(&self, bucket: &str, key: &str) -> Result<Bytes>;

    /// A version's bytes as a stream. Reading blocks, so read on a thread of its own.
    async fn open(&self, source: &SourceVersion) -> Result<Box<dyn Read + Send>>;

    /// Those bytes of a version as a stream, exactly; a version that is shorter is an error of the stream.
    async fn open_range(&self, source: &SourceVersion, range: Range<u64>) -> Result<Box<dyn Read + Send>>;

    /// The newest version's bytes as a stream. Reading blocks.
    async fn open_newest(&self, bucket: &str, key: &str) -> Result<Box<dyn Read + Send>> {
        Ok(Box::new(io::Cursor::new(self.read(bucket, key).await?)))
    }

    /// The last bytes of the newest version, so many of them at most.
    async fn read_end(&self, bucket: &str, key: &str, at_most: usize) -> Result<Bytes> {
        let all = self.read(bucket, key).await?;
        Ok(all.slice(all.len().saturating_sub(at_most)..))
    }

    /// Those bytes of the newest version, exactly, if it still has the tag that a listing showed; an
    /// empty tag is any. `Conflict` if it has another one, `Invalid` if it is shorter.
    async fn read_range(&self, bucket: &str, key: &str, range: Range<u64>, tag: &str) -> Result<Bytes> {
        if !tag.is_empty() && self.stored(bucket, key).await?.tag != tag {
            return Err(Error::new(Kind::Conflict, format!("{key} was written again since it was listed")));
        }
        let all = self.read(bucket, key).await?;
        if range.start > range.end || range.end > all.len() as u64 {
            return Err(Error::new(Kind::Invalid, format!("{key} has no bytes {range:?}")));
        }
        Ok(all.slice(range.start as usize..range.end as usize))
    }

    /// Reads what is in pieces, for content that is small.
    async fn read_pieces(&self, pieces: &[Piece]) -> Result<Bytes> {
        let mut all = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Bytes(bytes) => all.extend_from_slice(bytes),
                Piece::Stored(Stretch { bucket, key, range, tag }) => {
                    let read = self.read_range(bucket, key, range.clone(), tag).await;
                    all.extend_from_slice(&read.map_err(Stretch::changed)?);
                }
            }
        }
        Ok(all.into())
    }

    /// Writes an object unless one of that key is there (`If-None-Match: *`), with its fingerprint
    /// as metadata.
    async fn create(&self, bucket: &str, key: &str, content: Content, fingerprint: &str) -> Result<Created>;

    /// The fingerprint that `create` or `replace` stored; `None` for an object without one.
    async fn fingerprint(&self, bucket: &str, key: &str) -> Result<Option<String>>;

    /// What is there, for a write that is held against it; `NotFound` if there is nothing.
    async fn stored(&self, bucket: &str, key: &str) -> Result<Stored>;

    /// Writes an object if the one that is there has that tag still (`If-Match`); whether it had.
    async fn replace_if(
        &self,
        bucket: &str,
        key: &str,
        content: Content,
        fingerprint: &str,
        tag: &str,
    ) -> Result<bool>;

    /// Writes an object, whatever is there.
    async fn replace(&self, bucket: &str, key: &str, content: Content, fingerprint: &str) -> Result<()>;

    /// Copies a version within the store, with its metadata.
    async fn copy(&self, from: &SourceVersion, bucket: &str, key: &str) -> Result<()>;

    /// Copies the newest version within the store, with its metadata.
    async fn copy_newest(&self, from: (&str, &str), to: (&str, &str)) -> Result<()>;

    /// Deletes versions and delete markers for good; an error of a single one is an error.
    async fn delete_versions(&self, bucket: &str, versions: &[(String, String)]) -> Result<()>;

    /// Ends all unfinished uploads and says how many there were.
    async fn abort_uploads(&self, bucket: &str) -> Result<usize>;

    /// Whether the bucket is there.
    async fn bucket_exists(&self, bucket: &str) -> Result<bool>;
}

impl Content {
    /// How many bytes it holds.
    pub fn len(&self) -> io::Result<u64> {
        match self {
            Content::Bytes(bytes) => Ok(bytes.len() as u64),
            Content::File(file) => Ok(file.metadata()?.len()),
            Content::Joined(pieces) => Ok(pieces.iter().map(Piece::len).sum()),
        }
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// All of it in memory, for small content and for stores that live there. An error of pieces, which
    /// only their store can read.
    pub fn into_bytes(self) -> io::Result<Bytes> {
        match self {
            Content::Bytes(bytes) => Ok(bytes),
            Content::File(mut file) => {
                let mut bytes = Vec::new();
                file.rewind()?;
                file.read_to_end(&mut bytes)?;
                Ok(bytes.into())
            }
            Content::Joined(_) => Err(io::Error::other("the pieces are in their store")),
        }
    }

    /// A handle on the same bytes, so that a write can be tried twice.
    pub fn again(&self) -> io::Result<Content> {
        match self {
            Content::Bytes(bytes) => Ok(Content::Bytes(bytes.clone())),
            Content::File(file) => Ok(Content::File(file.try_clone()?)),
            Content::Joined(pieces) => Ok(Content::Joined(pieces.clone())),
        }
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Content::Bytes(bytes.into())
    }
}
