//! Versioned buckets in memory.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::ops::Range;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;

use super::{ManualClock, locked};
use crate::ports::{Clock, Content, Created, Object, ObjectStore, ObjectVersion, Stored as Tagged};
use crate::{Error, Kind, Result, SourceVersion};

/// In bytes, as in S3.
const LONGEST_KEY: usize = 1_024;

/// Holds every version of every object, as a versioned bucket does.
#[derive(Debug)]
pub struct MemoryStore {
    clock: ManualClock,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    buckets: BTreeMap<String, Bucket>,
    versions_given: u64,
}

#[derive(Debug, Default)]
struct Bucket {
    /// The versions of every key, the oldest first. No list is empty.
    objects: BTreeMap<String, Vec<Version>>,
    uploads: usize,
    late: Vec<(String, Bytes)>,
    /// What somebody writes right before the next copy from here.
    before_copy: Option<(String, Bytes)>,
    /// After how many calls the bucket is gone, where it goes.
    calls_left: Option<u32>,
}

#[derive(Debug, Clone)]
struct Version {
    id: String,
    modified_millis: i64,
    /// Nothing for a delete marker.
    stored: Option<Stored>,
}

#[derive(Debug, Clone)]
struct Stored {
    bytes: Bytes,
    fingerprint: String,
}

impl MemoryStore {
    /// A store with those buckets, all empty.
    pub fn new(clock: ManualClock, buckets: impl IntoIterator<Item = String>) -> Self {
        let buckets = buckets.into_iter().map(|name| (name, Bucket::default())).collect();
        Self { clock, inside: Mutex::new(Inside { buckets, versions_given: 0 }) }
    }

    /// Takes a bucket away, with all it holds.
    pub fn remove_bucket(&self, bucket: &str) {
        locked(&self.inside).buckets.remove(bucket);
    }

    /// Takes a bucket away once so many more calls have seen it, as somebody else would between
    /// two calls of ours.
    pub fn remove_bucket_after(&self, bucket: &str, calls: u32) -> Result<()> {
        locked(&self.inside).bucket(bucket)?.calls_left = Some(calls);
        Ok(())
    }

    /// Puts an object into a bucket, as somebody else would.
    pub fn land(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) -> Result<SourceVersion> {
        let bytes: Bytes = bytes.into();
        let size_bytes = bytes.len() as u64;
        let stored = Some(Stored { bytes, fingerprint: String::new() });
        let version = locked(&self.inside).put(bucket, key, stored, self.clock.now_millis())?;
        let landed_millis = self.clock.now_millis();
        Ok(SourceVersion { bucket: bucket.into(), key: key.into(), version, size_bytes, landed_millis })
    }

    /// Puts an object into a bucket right after its versions are listed the next time, as a writer
    /// does that was still under way.
    pub fn land_after_listing(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) -> Result<()> {
        locked(&self.inside).bucket(bucket)?.late.push((key.into(), bytes.into()));
        Ok(())
    }

    /// Lets somebody write an object right before something is copied from its bucket the next time.
    pub fn land_before_copy(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) -> Result<()> {
        locked(&self.inside).bucket(bucket)?.before_copy = Some((key.into(), bytes.into()));
        Ok(())
    }

    /// Deletes an object the way that leaves a delete marker.
    pub fn delete(&self, bucket: &str, key: &str) -> Result<()> {
        locked(&self.inside).put(bucket, key, None, self.clock.now_millis()).map(|_| ())
    }

    /// Begins an upload that nobody finishes.
    pub fn begin_upload(&self, bucket: &str) -> Result<()> {
        locked(&self.inside).bucket(bucket)?.uploads += 1;
        Ok(())
    }

    /// Key and content of every object that a reader would find; nothing for a missing bucket.
    pub fn contents(&self, bucket: &str) -> BTreeMap<String, Bytes> {
        let mut inside = locked(&self.inside);
        let newest = |bucket: &mut Bucket| {
            let found = bucket.newest().map(|(key, _, stored)| (key.to_owned(), stored.bytes.clone()));
            found.collect()
        };
        inside.bucket(bucket).map(newest).unwrap_or_default()
    }

    /// How many versions and delete markers a bucket holds.
    pub fn versions(&self, bucket: &str) -> usize {
        let mut inside = locked(&self.inside);
        inside.bucket(bucket).map_or(0, |bucket| bucket.objects.values().map(Vec::len).sum())
    }

    async fn taken(&self, key: &str, content: Content, fingerprint: &str) -> Result<Stored> {
        let bytes = match content {
            Content::Joined(pieces) => self.read_pieces(&pieces).await?,
            content => content.into_bytes().map_err(|error| {
                Error::caused(Kind::Unavailable, format!("reading what goes to {key}"), error)
            })?,
        };
        Ok(Stored { bytes, fingerprint: fingerprint.into() })
    }
}

impl Inside {
    fn bucket(&mut self, name: &str) -> Result<&mut Bucket> {
        match self.buckets.get_mut(name).and_then(|bucket| bucket.calls_left.as_mut()) {
            Some(0) => drop(self.buckets.remove(name)),
            Some(calls) => *calls -= 1,
            None => {}
        }
        let missing = || Error::new(Kind::NotFound, format!("there is no bucket {name}"));
        self.buckets.get_mut(name).ok_or_else(missing)
    }

    fn put(
        &mut self,
        bucket: &str,
        key: &str,
        stored: Option<Stored>,
        modified_millis: i64,
    ) -> Result<String> {
        if key.len() > LONGEST_KEY {
            return Err(Error::new(Kind::Invalid, format!("a key of {} bytes is too long", key.len())));
        }
        self.versions_given += 1;
        let id = format!("v{:06}", self.versions_given);
        let versions = self.bucket(bucket)?.objects.entry(key.into()).or_default();
        versions.push(Version { id: id.clone(), modified_millis, stored });
        Ok(id)
    }

    fn newest(&mut self, bucket: &str, key: &str) -> Result<Stored> {
        let versions = self.bucket(bucket)?.objects.get(key);
        let newest = versions.and_then(|versions| versions.last()?.stored.clone());
        newest.ok_or_else(|| Error::new(Kind::NotFound, format!("there is no s3://{bucket}/{key}")))
    }

    /// The newest version's id, as another one stands for another content.
    fn tag(&mut self, bucket: &str, key: &str) -> Result<String> {
        let versions = self.bucket(bucket)?.objects.get(key);
        Ok(versions
            .and_then(|versions| versions.last())
            .map(|version| version.id.clone())
            .unwrap_or_default())
    }

    fn version(&mut self, source: &SourceVersion) -> Result<Stored> {
        let SourceVersion { bucket, key, version, .. } = source;
        let versions = self.bucket(bucket)?.objects.get(key);
        let found = versions.and_then(|versions| versions.iter().find(|found| found.id == *version));
        let missing =
            || Error::new(Kind::NotFound, format!("there is no version {version} of s3://{bucket}/{key}"));
        found.and_then(|found| found.stored.clone()).ok_or_else(missing)
    }
}

impl Bucket {
    fn newest(&self) -> impl Iterator<Item = (&str, &Version, &Stored)> {
        self.objects.iter().filter_map(|(key, versions)| {
            let newest = versions.last()?;
            Some((key.as_str(), newest, newest.stored.as_ref()?))
        })
    }
}

#[async_trait]
impl ObjectStore for MemoryStore {
    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Object>> {
        let mut inside = locked(&self.inside);
        let newest = inside.bucket(bucket)?.newest().filter(|(key, ..)| key.starts_with(prefix));
        Ok(newest.map(|(key, version, _)| object(key, version)).collect())
    }

    async fn list_versions(&self, bucket: &str, prefix: &str) -> Result<Vec<ObjectVersion>> {
        let mut inside = locked(&self.inside);
        let found = inside.bucket(bucket)?;
        let under = found.objects.iter().filter(|(key, _)| key.starts_with(prefix));
        let each = under.flat_map(|(key, versions)| versions.iter().rev().map(move |v| (key, v)));
        let listed = each.map(|(key, version)| ObjectVersion {
            object: object(key, version),
            version: version.id.clone(),
            delete_marker: version.stored.is_none(),
        });
        let listed = listed.collect();
        for (key, bytes) in std::mem::take(&mut found.late) {
            let stored = Some(Stored { bytes, fingerprint: String::new() });
            inside.put(bucket, &key, stored, self.clock.now_millis())?;
        }
        Ok(listed)
    }

    async fn read(&self, bucket: &str, key: &str) -> Result<Bytes> {
        Ok(locked(&self.inside).newest(bucket, key)?.bytes)
    }

    async fn open(&self, source: &SourceVersion) -> Result<Box<dyn Read + Send>> {
        Ok(Box::new(Cursor::new(locked(&self.inside).version(source)?.bytes)))
    }

    async fn open_range(&self, source: &SourceVersion, range: Range<u64>) -> Result<Box<dyn Read + Send>> {
        let bytes = locked(&self.inside).version(source)?.bytes;
        if range.end > bytes.len() as u64 || range.start > range.end {
            let what = format!("{} has no bytes {range:?}", source.key);
            return Err(Error::new(Kind::Invalid, what));
        }
        Ok(Box::new(Cursor::new(bytes.slice(range.start as usize..range.end as usize))))
    }

    async fn create(&self, bucket: &str, key: &str, content: Content, fingerprint: &str) -> Result<Created> {
        let stored = self.taken(key, content, fingerprint).await?;
        let mut inside = locked(&self.inside);
        match inside.newest(bucket, key) {
            Ok(_) => Ok(Created::AlreadyThere),
            Err(_) => {
                inside.put(bucket, key, Some(stored), self.clock.now_millis())?;
                Ok(Created::New)
            }
        }
    }

    async fn fingerprint(&self, bucket: &str, key: &str) -> Result<Option<String>> {
        let fingerprint = locked(&self.inside).newest(bucket, key)?.fingerprint;
        Ok(Some(fingerprint).filter(|text| !text.is_empty()))
    }

    async fn stored(&self, bucket: &str, key: &str) -> Result<Tagged> {
        let mut inside = locked(&self.inside);
        let fingerprint = inside.newest(bucket, key)?.fingerprint;
        Ok(Tagged { tag: inside.tag(bucket, key)?, fingerprint })
    }

    async fn replace_if(
        &self,
        bucket: &str,
        key: &str,
        content: Content,
        fingerprint: &str,
        tag: &str,
    ) -> Result<bool> {
        let stored = self.taken(key, content, fingerprint).await?;
        let mut inside = locked(&self.inside);
        if inside.tag(bucket, key)? != tag {
            return Ok(false);
        }
        inside.put(bucket, key, Some(stored), self.clock.now_millis()).map(|_| true)
    }

    async fn replace(&self, bucket: &str, key: &str, content: Content, fingerprint: &str) -> Result<()> {
        let stored = self.taken(key, content, fingerprint).await?;
        locked(&self.inside).put(bucket, key, Some(stored), self.clock.now_millis()).map(|_| ())
    }

    async fn copy(&self, from: &SourceVersion, bucket: &str, key: &str) -> Result<()> {
        let mut inside = locked(&self.inside);
        let stored = inside.version(from)?;
        inside.put(bucket, key, Some(stored), self.clock.now_millis()).map(|_| ())
    }

    async fn copy_newest(&self, from: (&str, &str), to: (&str, &str)) -> Result<()> {
        let mut inside = locked(&self.inside);
        if let Some((key, bytes)) = inside.bucket(from.0)?.before_copy.take() {
            let stored = Some(Stored { bytes, fingerprint: String::new() });
            inside.put(from.0, &key, stored, self.clock.now_millis())?;
        }
        let stored = inside.newest(from.0, from.1)?;
        inside.put(to.0, to.1, Some(stored), self.clock.now_millis()).map(|_| ())
    }

    async fn delete_versions(&self, bucket: &str, versions: &[(String, String)]) -> Result<()> {
        let mut inside = locked(&self.inside);
        let objects = &mut inside.bucket(bucket)?.objects;
        for (key, version) in versions {
            if let Some(there) = objects.get_mut(key) {
                there.retain(|known| known.id != *version);
            }
        }
        objects.retain(|_, versions| !versions.is_empty());
        Ok(())
    }

    async fn abort_uploads(&self, bucket: &str) -> Result<usize> {
        Ok(std::mem::take(&mut locked(&self.inside).bucket(bucket)?.uploads))
    }

    async fn bucket_exists(&self, bucket: &str) -> Result<bool> {
        Ok(locked(&self.inside).bucket(bucket).is_ok())
    }
}

fn object(key: &str, version: &Version) -> Object {
    Object {
        key: key.into(),
        size_bytes: version.stored.as_ref().map_or(0, |stored| stored.bytes.len() as u64),
        modified_millis: version.modified_millis,
        tag: version.id.clone(),
    }
}
