//! An input: a file of this machine, or an object of S3.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tarn_core::SourceVersion;

use super::remote::{Address, Remote};
use crate::failure::Failure;

/// What is converted, and known to be there.
pub struct Input {
    /// As it was written on the command line.
    pub path: PathBuf,
    object: Option<(Arc<Remote>, SourceVersion)>,
}

impl Input {
    /// Looks whether it is there.
    pub fn find(path: &Path, remote: Option<&Arc<Remote>>) -> Result<Self, Failure> {
        if let (Some(address), Some(remote)) = (Address::of(path), remote) {
            let object = Some((remote.clone(), remote.find(&address)?));
            return Ok(Self { path: path.into(), object });
        }
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => {
                Err(Failure::bad_input(format!("{} is a folder", path.display()))
                    .hint(format!("name its files, for example {}/*.csv", path.display())))
            }
            Ok(_) => Ok(Self { path: path.into(), object: None }),
            Err(error) => Err(Failure::bad_input(format!("{} cannot be read: {error}", path.display()))),
        }
    }

    /// Its bytes from the first on, and how many there are.
    pub fn open(&self) -> io::Result<(Box<dyn Read + Send>, u64)> {
        match &self.object {
            Some((remote, source)) => {
                let body = remote.open(source).map_err(io::Error::other)?;
                Ok((body, source.size_bytes))
            }
            None => {
                let file = File::open(&self.path)?;
                let bytes = file.metadata()?.len();
                Ok((Box::new(file), bytes))
            }
        }
    }
}
