//! One tarn at a time: two starts must not build the same environment, nor start the same local cloud twice.
//!
//! The lock is the operating system's (`flock`), which ends with its holder: a killed tarn leaves no lock behind,
//! and a file left behind locks nothing. The process id in the file is only for the message to those who wait.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::LocalCloudError;

const PAUSE: Duration = Duration::from_millis(100);

/// Held until dropped. The file stays: removing it would let two holders lock two files of one name.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock for as long as `patience`; `on_wait` hears once who holds it.
    pub fn acquire(
        path: &Path,
        patience: Duration,
        on_wait: impl FnOnce(String),
    ) -> Result<Self, LocalCloudError> {
        let mut file = open(path)?;
        let begun = Instant::now();
        let mut on_wait = Some(on_wait);
        while !try_lock(&file, path)? {
            if begun.elapsed() >= patience {
                return Err(locked(path, patience));
            }
            if let Some(tell) = on_wait.take() {
                tell(holder(path));
            }
            thread::sleep(PAUSE);
        }
        sign(&mut file).map_err(LocalCloudError::io("write the lock", path))?;
        Ok(Self { _file: file })
    }
}

fn open(path: &Path) -> Result<File, LocalCloudError> {
    // Not truncated: until the lock is ours, the content is its holder's.
    let opened = File::options().create(true).truncate(false).write(true).open(path);
    opened.map_err(LocalCloudError::io("open the lock", path))
}

fn try_lock(file: &File, path: &Path) -> Result<bool, LocalCloudError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(LocalCloudError::io("lock", path)(source)),
    }
}

fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())
}

fn holder(path: &Path) -> String {
    match fs::read_to_string(path).map(|content| content.trim().parse::<u32>()) {
        Ok(Ok(pid)) => format!("process {pid}"),
        _ => "process unknown".to_owned(),
    }
}

fn locked(path: &Path, patience: Duration) -> LocalCloudError {
    LocalCloudError::Locked {
        path: path.to_path_buf(),
        holder: holder(path),
        waited_seconds: patience.as_secs(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never_waits(holder: String) {
        panic!("waits for {holder}");
    }

    #[test]
    fn a_lock_file_left_behind_locks_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        fs::write(&path, "4194304\nand more than a pid\n").unwrap();
        let _lock = Lock::acquire(&path, Duration::ZERO, never_waits).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
    }

    #[test]
    fn a_held_lock_is_waited_for_and_the_holder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = Lock::acquire(&path, Duration::ZERO, never_waits).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let waiter = {
            let path = path.clone();
            thread::spawn(move || {
                Lock::acquire(&path, Duration::from_secs(20), |holder| tell.send(holder).unwrap())
            })
        };
        assert_eq!(told.recv().unwrap(), format!("process {}", std::process::id()));
        drop(held);
        waiter.join().unwrap().unwrap();
    }

    #[test]
    fn patience_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let _held = Lock::acquire(&path, Duration::ZERO, never_waits).unwrap();
        let refused = Lock::acquire(&path, Duration::from_millis(1), |_| ()).unwrap_err();
        assert!(matches!(refused, LocalCloudError::Locked { .. }), "{refused}");
    }
}
