//! All files below a folder, and what is left out of them with the reason. Nothing that lies there
//! ends the walk: one odd file stops no other.

use std::fmt;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::keys;
use crate::versions::Stamp;

/// A file and its key.
#[derive(Debug)]
pub struct Found {
    /// The key that its path stands for.
    pub key: String,
    /// Where it lies.
    pub path: PathBuf,
    /// What the file system knew of it.
    pub metadata: Metadata,
}

impl Found {
    /// Its size, and when it was written in milliseconds since 1970.
    pub fn size_and_time(&self) -> (u64, i64) {
        (self.metadata.len(), Stamp::of(&self.metadata).modified_millis())
    }
}

/// Something that is not taken as an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Where it lies below the folder; bytes that are no UTF-8 are shown as `\u{fffd}`.
    pub path: String,
    /// Why.
    pub why: Why,
}

/// Why something is left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It was written a moment ago, and may be written still.
    Recent,
    /// A symbolic link.
    Link,
    /// A pipe, a socket or a device.
    NoFile,
    /// Its name is no UTF-8, so it cannot be a key.
    NotUtf8,
    /// No key has this path: `%~` begins names that tarn gives.
    Reserved,
    /// It cannot be read, with the reason.
    Unreadable(String),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Recent => "was written a moment ago; the next run takes it",
            Why::Link => "is a link, and none is followed; put the file itself there",
            Why::NoFile => "is no file",
            Why::NotUtf8 => "has a name that is not UTF-8; rename it",
            Why::Reserved => "has a name that begins with `%~`, which tarn keeps for itself; rename it",
            Why::Unreadable(why) => return write!(f, "cannot be read: {why}"),
        })
    }
}

/// What was found below a folder.
#[derive(Debug, Default)]
pub struct Walk {
    /// In the order of their keys.
    pub files: Vec<Found>,
    /// In the order of their paths.
    pub left_out: Vec<LeftOut>,
}

/// Which files a walk is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// Hidden files and folders are somebody's own business.
    LeftAlone,
    /// All of them.
    Taken,
}

/// Walks below a folder of `root`, which need not be there. Keys count from `root`.
pub fn walk(root: &Path, below: &Path, hidden: Hidden) -> Walk {
    let mut walk = Walk::default();
    let mut folders = vec![root.join(below)];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                walk.leave_out(root, &folder, Why::Unreadable(error.to_string()));
                continue;
            }
        };
        for entry in entries {
            match entry {
                Ok(entry) if hidden == Hidden::LeftAlone && is_hidden(&entry) => {}
                Ok(entry) => walk.take(root, entry.path(), &mut folders),
                Err(error) => walk.leave_out(root, &folder, Why::Unreadable(error.to_string())),
            }
        }
    }
    walk.files.sort_by(|a, b| a.key.cmp(&b.key));
    walk.left_out.sort();
    walk
}

/// Walks landing: without hidden files, and without those that were written within `quiet` before now.
pub fn walk_landing(root: &Path, below: &Path, quiet: Duration, now_millis: i64) -> Walk {
    let mut walk = walk(root, below, Hidden::LeftAlone);
    let quiet = quiet.as_millis() as i64;
    let is_recent = |found: &Found| {
        let age = now_millis - Stamp::of(&found.metadata).modified_millis();
        // A time that is far ahead says nothing; such a file must not be left for ever.
        (-quiet..quiet).contains(&age)
    };
    let (recent, settled): (Vec<Found>, _) = walk.files.into_iter().partition(is_recent);
    walk.files = settled;
    walk.left_out.extend(recent.into_iter().map(|found| LeftOut { path: found.key, why: Why::Recent }));
    walk.left_out.sort();
    walk
}

fn is_hidden(entry: &fs::DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

impl Walk {
    fn take(&mut self, root: &Path, path: PathBuf, folders: &mut Vec<PathBuf>) {
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            // It went while we looked.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return self.leave_out(root, &path, Why::Unreadable(error.to_string())),
        };
        if metadata.is_dir() {
            return folders.push(path);
        }
        match kind(root, &path, &metadata) {
            Ok(key) => self.files.push(Found { key, path, metadata }),
            Err(why) => self.leave_out(root, &path, why),
        }
    }

    fn leave_out(&mut self, root: &Path, path: &Path, why: Why) {
        let below = path.strip_prefix(root).unwrap_or(path);
        self.left_out.push(LeftOut { path: below.to_string_lossy().into_owned(), why });
    }
}

fn kind(root: &Path, path: &Path, metadata: &Metadata) -> Result<String, Why> {
    if metadata.is_symlink() {
        return Err(Why::Link);
    }
    if !metadata.is_file() {
        return Err(Why::NoFile);
    }
    let below = path.strip_prefix(root).unwrap_or(path);
    if below.to_str().is_none() {
        return Err(Why::NotUtf8);
    }
    keys::key_of(below).ok_or(Why::Reserved)
}
