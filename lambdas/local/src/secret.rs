//! The secret that a folder's lake hashes columns with: made once, and readable by its owner only.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Reads the secret, and makes it first where there is none. Only for who has the folder's lock.
pub fn read_or_make(file: &Path) -> io::Result<String> {
    match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(file),
        read => read,
    }
}

/// Under its name when it is whole: a half of it would be another secret.
fn make(file: &Path) -> io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let unfinished = file.with_extension("unfinished");
    let mut options = OpenOptions::new();
    let mut written = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    written.write_all(secret.as_bytes())?;
    written.sync_all()?;
    fs::rename(&unfinished, file)?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_nobody_else_reads_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("hash-key");
        let secret = read_or_make(&file).unwrap();
        assert_eq!(secret.len(), 64);
        assert_eq!(read_or_make(&file).unwrap(), secret);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_ne!(read_or_make(&folder.path().join("another")).unwrap(), secret);
    }
}
