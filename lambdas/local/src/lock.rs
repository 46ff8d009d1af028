//! One process at a time works on a lake's folder.
//!
//! The kernel holds the lock and takes it from a process that dies, however it dies; so there is
//! nothing to clean up, and who gets it knows that nobody else works. What stands in the file is for
//! people.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use tarn_core::Result;

use crate::failure::on;

/// The right to work on a folder, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Who works on a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process.
    pub process: u32,
    /// What it does, such as `tarn watch`.
    pub doing: String,
}

/// An answer to who asks for the lock.
#[derive(Debug)]
pub enum Locked {
    /// It is ours.
    Ours(Lock),
    /// Somebody else has it; who, if that can be read.
    Theirs(Option<Holder>),
}

/// Takes the lock of a file, which is made if it is not there, or says who has it.
pub fn take(path: &Path, doing: &str) -> Result<Locked> {
    let open = File::options().create(true).truncate(false).read(true).write(true).open(path);
    let mut file = open.map_err(on("opening", path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let _ = file.read_to_string(&mut text);
            return Ok(Locked::Theirs(serde_json::from_str(&text).ok()));
        }
        Err(TryLockError::Error(error)) => return Err(on("locking", path)(error)),
    }
    let holder = Holder { process: std::process::id(), doing: doing.into() };
    let written = file.set_len(0).and_then(|()| file.write_all(&serde_json::to_vec(&holder)?));
    written.map_err(on("writing", path))?;
    Ok(Locked::Ours(Lock { _file: file }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_the_lock_and_the_other_is_told_who() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let ours = match take(&path, "tarn run").unwrap() {
            Locked::Ours(lock) => lock,
            theirs => panic!("{theirs:?}"),
        };
        match take(&path, "tarn watch").unwrap() {
            Locked::Theirs(holder) => {
                let wanted = Holder { process: std::process::id(), doing: "tarn run".into() };
                assert_eq!(holder, Some(wanted));
            }
            ours => panic!("{ours:?}"),
        }
        drop(ours);
        assert!(matches!(take(&path, "tarn watch").unwrap(), Locked::Ours(_)));
    }
}
