//! What is known of an object beside its bytes: the fingerprint that its writer gave it.
//!
//! A note lies in the hidden folder, since no reader of a table may trip over it, and names the very
//! file that it is about. A note of a file that was replaced, edited or copied is none; then the next
//! writer finds no fingerprint and writes the object again, which is always right.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::files::Staging;
use crate::versions::Stamp;

/// The notes of a store.
#[derive(Debug)]
pub struct Notes {
    folder: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct Note {
    /// For people; the file's name is a hash.
    object: String,
    fingerprint: String,
    stamp: Stamp,
}

impl Notes {
    /// Notes in a folder that is there.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The fingerprint of an object whose file has that stamp.
    pub fn get(&self, object: &Path, stamp: &Stamp) -> Option<String> {
        let note: Note = serde_json::from_slice(&fs::read(self.file(object)).ok()?).ok()?;
        (note.stamp == *stamp).then_some(note.fingerprint)
    }

    /// Notes a fingerprint; an empty one is none.
    pub fn put(&self, object: &Path, stamp: Stamp, fingerprint: &str, staging: &Staging) -> io::Result<()> {
        if fingerprint.is_empty() {
            return self.remove(object);
        }
        let note = Note { object: object.display().to_string(), fingerprint: fingerprint.into(), stamp };
        let file = self.file(object);
        fs::create_dir_all(file.parent().unwrap_or(&self.folder))?;
        staging.write(serde_json::to_vec(&note)?.into(), false)?.replace(&file)
    }

    /// Forgets an object.
    pub fn remove(&self, object: &Path) -> io::Result<()> {
        match fs::remove_file(self.file(object)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Object names are as long as keys, so a note is called by a hash; two letters of it are a
    /// folder, because a million files in one are slow.
    fn file(&self, object: &Path) -> PathBuf {
        let hash = Sha256::digest(object.as_os_str().as_encoded_bytes());
        let name: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let (first, rest) = name.split_at(2);
        self.folder.join(first).join(format!("{rest}.json"))
    }
}
