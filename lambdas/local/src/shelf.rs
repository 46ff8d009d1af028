//! A folder in which sets of a backup lie. It is nobody's lake, so nothing is kept beside the files.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use tarn_core::Result;
use tarn_core::ports::Shelf;
use tokio::task::block_in_place;

use crate::failure::on;

/// What a file is called until it is whole. No part of a set ends so.
const UNFINISHED: &str = ".unfinished";

/// The folder.
#[derive(Debug, Clone)]
pub struct FolderShelf {
    root: PathBuf,
}

impl FolderShelf {
    /// A folder; it is made by the first write.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn keys_below(&self, folder: &Path, into: &mut Vec<String>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let key = path.strip_prefix(&self.root).ok().and_then(Path::to_str).map(str::to_owned);
            // What no set was ever called is not one's.
            let Some(key) = key.filter(|key| !key.ends_with(UNFINISHED)) else { continue };
            match fs::metadata(&path)?.is_dir() {
                true => self.keys_below(&path, into)?,
                false => into.push(key),
            }
        }
        Ok(())
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(path.parent().unwrap_or(&self.root))?;
        let mut name = path.as_os_str().to_owned();
        name.push(UNFINISHED);
        let unfinished = PathBuf::from(name);
        let mut file = fs::File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    }
}

#[async_trait]
impl Shelf for FolderShelf {
    async fn keys(&self) -> Result<Vec<String>> {
        block_in_place(|| {
            let mut keys = Vec::new();
            match self.keys_below(&self.root, &mut keys) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && !self.root.exists() => {}
                listed => listed.map_err(on("listing", &self.root))?,
            }
            keys.sort();
            Ok(keys)
        })
    }

    async fn read(&self, key: &str) -> Result<Bytes> {
        let path = self.root.join(key);
        block_in_place(|| fs::read(&path).map(Bytes::from).map_err(on("reading", &path)))
    }

    async fn write(&self, key: &str, bytes: Bytes) -> Result<()> {
        let path = self.root.join(key);
        block_in_place(|| self.put(&path, &bytes).map_err(on("writing", &path)))
    }
}
