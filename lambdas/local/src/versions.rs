//! The version of a file: a hash of its bytes.
//!
//! Same bytes under the same key are the same version, whatever happened to the file in between: a
//! copy of the folder, a `touch`, a fresh checkout convert nothing again. Other bytes are another
//! version even where size and time stayed. Size and time alone would get both wrong, and a wrong
//! answer here is a row twice or never.
//!
//! Reading every file at every run would make that dear, so what was hashed is remembered with size,
//! both times and inode. The time of the last change of the inode (`ctime`) is what makes that safe:
//! no program can set it back.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What changes when a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    size_bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    inode: u64,
}

impl Stamp {
    /// That of a file.
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            size_bytes: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }

    /// Its size.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// When it was written, in milliseconds since 1970.
    pub fn modified_millis(&self) -> i64 {
        self.modified.0 * 1_000 + self.modified.1 / 1_000_000
    }

    /// All of it in one word.
    pub fn tag(&self) -> String {
        let Self { size_bytes, modified: (seconds, nanos), changed, inode } = self;
        format!("{inode:x}-{size_bytes:x}-{seconds:x}.{nanos:x}-{:x}.{:x}", changed.0, changed.1)
    }
}

/// Versions that are known, by bucket and key.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Versions {
    known: BTreeMap<String, BTreeMap<String, Known>>,
    #[serde(skip)]
    changed: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Known {
    stamp: Stamp,
    version: String,
}

impl Versions {
    /// Those that an earlier process remembered. A document that cannot be read costs time only.
    pub fn load(file: &Path) -> Self {
        fs::read(file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// The document for the next process, if it would be another than the last one.
    pub fn unsaved(&mut self) -> Option<Vec<u8>> {
        let text = self.changed.then(|| serde_json::to_vec(self).ok()).flatten();
        self.changed = false;
        text
    }

    /// The version of a file, if it was hashed since it was written.
    pub fn get(&self, bucket: &str, key: &str, stamp: &Stamp) -> Option<&str> {
        let known = self.known.get(bucket)?.get(key)?;
        (known.stamp == *stamp).then_some(known.version.as_str())
    }

    /// Remembers a version.
    pub fn put(&mut self, bucket: &str, key: &str, stamp: Stamp, version: String) {
        self.changed = true;
        self.known.entry(bucket.into()).or_default().insert(key.into(), Known { stamp, version });
    }

    /// Forgets the files of a bucket that are gone.
    pub fn keep(&mut self, bucket: &str, is_there: impl Fn(&str) -> bool) {
        let Some(known) = self.known.get_mut(bucket) else { return };
        let before = known.len();
        known.retain(|key, _| is_there(key));
        self.changed |= known.len() != before;
    }
}

/// What hashing a file gave: its stamp and version, or nothing if it was written meanwhile.
pub type Hashed = io::Result<Option<(Stamp, String)>>;

/// Hashes a file of that stamp.
pub fn hash(path: &Path, stamp: Stamp) -> Hashed {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hash.update(buffer.get(..read).unwrap_or_default()),
        }
    }
    let version = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let unchanged = Stamp::of(&file.metadata()?) == stamp;
    Ok(unchanged.then_some((stamp, version)))
}

/// Hashes files side by side; answers are in the order of the files.
pub fn hash_all(files: &[(PathBuf, Stamp)]) -> Vec<Hashed> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((place, (path, stamp))) = take(&next, files) {
            done.push((place, hash(path, *stamp)));
        }
        done
    };
    let mut hashed: Vec<(usize, Hashed)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let joined =
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        joined.flatten().collect()
    });
    hashed.sort_by_key(|(place, _)| *place);
    hashed.into_iter().map(|(_, hashed)| hashed).collect()
}

fn take<'f, T>(next: &AtomicUsize, files: &'f [T]) -> Option<(usize, &'f T)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    Some((place, files.get(place)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(path: &Path) -> Stamp {
        Stamp::of(&fs::metadata(path).unwrap())
    }

    #[test]
    fn the_same_bytes_are_the_same_version_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            hash(&path, stamp(&path)).unwrap().unwrap().1
        };
        assert_eq!(write("a", "rows"), write("b", "rows"));
        assert_ne!(write("a", "rows"), write("a", "sows"));
        assert_eq!(write("a", "rows").len(), 32);
    }

    #[test]
    fn a_change_is_noticed_although_size_and_time_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "rows").unwrap();
        let before = fs::metadata(&path).unwrap();
        let mut versions = Versions::default();
        versions.put("landing", "a", Stamp::of(&before), "v".into());
        assert_eq!(versions.get("landing", "a", &stamp(&path)), Some("v"));
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(&path, "sows").unwrap();
        File::open(&path).unwrap().set_modified(before.modified().unwrap()).unwrap();
        let after = fs::metadata(&path).unwrap();
        assert_eq!((after.len(), after.modified().unwrap()), (before.len(), before.modified().unwrap()));
        assert_eq!(versions.get("landing", "a", &stamp(&path)), None);
    }

    #[test]
    fn a_file_that_is_written_meanwhile_has_no_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "rows").unwrap();
        let before = stamp(&path);
        fs::write(&path, "more rows").unwrap();
        assert!(hash(&path, before).unwrap().is_none());
    }

    #[test]
    fn what_was_saved_is_known_again_and_what_is_gone_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let (path, file) = (folder.path().join("a"), folder.path().join("versions.json"));
        fs::write(&path, "rows").unwrap();
        let mut versions = Versions::load(&file);
        assert!(versions.unsaved().is_none());
        versions.put("landing", "a", stamp(&path), "v".into());
        fs::write(&file, versions.unsaved().unwrap()).unwrap();
        let mut again = Versions::load(&file);
        assert_eq!(again.get("landing", "a", &stamp(&path)), Some("v"));
        again.keep("landing", |_| true);
        assert!(again.unsaved().is_none());
        again.keep("landing", |key| key != "a");
        assert_eq!(again.get("landing", "a", &stamp(&path)), None);
        fs::write(&file, "no JSON").unwrap();
        assert_eq!(Versions::load(&file).get("landing", "a", &stamp(&path)), None);
    }

    #[test]
    fn many_files_are_hashed_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<(PathBuf, Stamp)> = (0..40)
            .map(|n| {
                let path = folder.path().join(n.to_string());
                fs::write(&path, n.to_string()).unwrap();
                (path.clone(), stamp(&path))
            })
            .collect();
        let together: Vec<String> = hash_all(&files).into_iter().map(|h| h.unwrap().unwrap().1).collect();
        let alone: Vec<String> =
            files.iter().map(|(path, stamp)| hash(path, *stamp).unwrap().unwrap().1).collect();
        assert_eq!(together, alone);
    }
}
