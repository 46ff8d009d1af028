//! Objects of S3 in the place of files: read as streams, and written when all of them are whole.
//!
//! Parquet files are made in a folder of this machine first, because nothing of an object can be
//! seen before its upload ends, and because a file that is refused must leave nothing behind.

use std::collections::BTreeSet;
use std::fs::File;
use std::future::Future;
use std::io::Read;
use std::path::{Path, PathBuf};

use tarn_aws::S3;
use tarn_core::SourceVersion;
use tarn_core::ports::{Content, Object, ObjectStore, ObjectVersion};
use tokio::runtime::Handle;

use super::output::Earlier;
use super::plan::REJECTS;
use crate::account;
use crate::arguments::{Common, Place};
use crate::failure::Failure;

const SCHEME: &str = "s3://";

/// Bucket and key of an object, or of all objects below a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub bucket: String,
    pub key: String,
}

impl Address {
    /// What `s3://bucket/key` names; `None` for a path of this machine.
    pub fn of(path: &Path) -> Option<Self> {
        let (bucket, key) =
            path.to_str()?.strip_prefix(SCHEME).map(|rest| rest.split_once('/').unwrap_or((rest, "")))?;
        Some(Self { bucket: bucket.into(), key: key.into() })
    }

    /// The prefix of objects in a folder; the bucket itself has none.
    pub fn prefix(&self) -> String {
        let key = self.key.trim_end_matches('/');
        if key.is_empty() { String::new() } else { format!("{key}/") }
    }
}

/// The store, for commands that name an object.
pub struct Remote {
    store: S3,
    runtime: Handle,
}

impl Remote {
    /// Connects if any of the paths lies in S3. To be called where the thread may block.
    pub fn connect<'p>(
        common: &Common,
        place: Place,
        paths: impl IntoIterator<Item = &'p PathBuf>,
    ) -> Result<Option<Self>, Failure> {
        if !paths.into_iter().any(|path| Address::of(path).is_some()) {
            return Ok(None);
        }
        let runtime = Handle::current();
        let config = runtime.block_on(account::config(common, place))?;
        Ok(Some(Self { store: S3::new(&config), runtime }))
    }

    fn wait<T>(&self, work: impl Future<Output = tarn_core::Result<T>>) -> tarn_core::Result<T> {
        self.runtime.block_on(work)
    }

    /// The newest version of an object.
    pub fn find(&self, address: &Address) -> Result<SourceVersion, Failure> {
        let Address { bucket, key } = address;
        let none = || {
            Failure::bad_input(format!("there is no object {SCHEME}{bucket}/{key}"))
                .hint("name each object by its whole key; a prefix is none")
        };
        let versions = self.wait(self.store.versions_of(bucket, key))?;
        let newest = versions.into_iter().next().filter(|newest| !newest.delete_marker);
        let ObjectVersion { object, version, .. } = newest.ok_or_else(none)?;
        let Object { size_bytes, modified_millis, .. } = object;
        let (bucket, key) = (bucket.clone(), key.clone());
        Ok(SourceVersion { bucket, key, version, size_bytes, landed_millis: modified_millis })
    }

    /// The bytes of a version, one after the other.
    pub fn open(&self, source: &SourceVersion) -> tarn_core::Result<Box<dyn Read + Send>> {
        self.wait(self.store.open(source))
    }
}

/// Where outputs go that do not stay on this machine.
pub struct Target {
    address: Address,
    /// Where they are made.
    pub staging: PathBuf,
}

impl Target {
    /// A folder to make outputs in that go to an address.
    pub fn new(address: Address) -> Result<Self, Failure> {
        let staging = std::env::temp_dir().join(format!("tarn-convert-{}", std::process::id()));
        std::fs::create_dir(&staging).map_err(|error| {
            Failure::failed(format!("the folder {} cannot be made: {error}", staging.display()))
        })?;
        Ok(Self { address, staging })
    }

    /// How an output is called in the end.
    pub fn shown(&self, path: &Path) -> String {
        format!("{SCHEME}{}/{}", self.address.bucket, self.key(path))
    }

    fn key(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.staging).unwrap_or(path);
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        format!("{}{}", self.address.prefix(), parts.join("/"))
    }

    /// The objects that earlier conversions left, and the rejected rows beside them.
    pub fn earlier(&self, remote: &Remote) -> Result<Earlier<String>, Failure> {
        let prefix = self.address.prefix();
        let there = remote.wait(remote.store.list(&self.address.bucket, &prefix))?;
        let named = |key: String| {
            let below = key.strip_prefix(&prefix).unwrap_or(&key);
            let (folders, file) = below.rsplit_once('/').unwrap_or(("", below));
            let of_rows = file.strip_suffix(REJECTS).map(|stem| format!("{stem}.parquet"));
            let name = of_rows.unwrap_or_else(|| file.to_owned());
            folders.split_terminator('/').all(|folder| folder.contains('=')).then_some((name, key))
        };
        Ok(Earlier::of(there.into_iter().filter_map(|object| named(object.key))))
    }

    /// Writes outputs to their keys, each object as a whole, and removes those of earlier
    /// conversions that have no successor: a reader of all objects would see their rows twice.
    pub fn publish(&self, remote: &Remote, paths: &[PathBuf], earlier: &[String]) -> Result<(), Failure> {
        for path in paths {
            let unreadable = |error| Failure::failed(format!("{} cannot be read: {error}", path.display()));
            let content = Content::File(File::open(path).map_err(unreadable)?);
            remote.wait(remote.store.replace(&self.address.bucket, &self.key(path), content, ""))?;
        }
        let keys: BTreeSet<String> = paths.iter().map(|path| self.key(path)).collect();
        for stale in earlier.iter().filter(|key| !keys.contains(*key)) {
            remote.wait(remote.store.remove(&self.address.bucket, stale))?;
        }
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // It lies in the system's folder for what nobody needs.
        let _ = std::fs::remove_dir_all(&self.staging);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_from_a_path() {
        let address = |bucket: &str, key: &str| Some(Address { bucket: bucket.into(), key: key.into() });
        for (path, wanted) in [
            ("s3://b/a/k y.csv", address("b", "a/k y.csv")),
            ("s3://b/p/", address("b", "p/")),
            ("s3://b", address("b", "")),
            ("s3:/b", None),
            ("data/s3://b", None),
        ] {
            assert_eq!(Address::of(Path::new(path)), wanted, "{path}");
        }
    }

    #[test]
    fn outputs_keep_their_folders_below_the_prefix() {
        for (key, wanted) in
            [("p/q/", "s3://b/p/q/event=view/x.parquet"), ("", "s3://b/event=view/x.parquet")]
        {
            let address = Address { bucket: "b".into(), key: key.into() };
            let target = Target { address, staging: "/nowhere/of/ours".into() };
            assert_eq!(target.shown(Path::new("/nowhere/of/ours/event=view/x.parquet")), wanted);
        }
    }
}
