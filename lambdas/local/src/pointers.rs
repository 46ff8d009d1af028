//! Pointers as JSON documents, `catalog/DATABASE/TABLE.pointer.json`.
//!
//! Whoever has the lake's lock is the only process that moves one, and in the process one thread at a
//! time does. A number in the document tells a pointer from what it was.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tarn_core::ports::{Pointer, Pointers, Publication, Swapped, Target};
use tarn_core::{Error, Kind, Result};
use tokio::task::block_in_place;

use crate::failure::on;
use crate::files::Staging;
use crate::keys;

/// The pointers of a folder's gold tables.
#[derive(Debug)]
pub struct FolderPointers {
    root: PathBuf,
    staging: Staging,
    /// A document is read and written under this lock.
    moving: Mutex<()>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    database: String,
    table: String,
    description: String,
    location: String,
    columns: Vec<Column>,
    #[serde(default)]
    metadata: Option<String>,
    #[serde(default)]
    parquet: Option<String>,
    version: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Column {
    name: String,
    r#type: String,
}

impl FolderPointers {
    /// The pointers in `catalog/` below a lake's folder; files are staged in a folder that is there.
    pub fn new(root: &Path, staged: PathBuf) -> Result<Self> {
        let root = root.join("catalog");
        fs::create_dir_all(&root).map_err(on("making the folder", &root))?;
        Ok(Self { root, staging: Staging::new(staged), moving: Mutex::default() })
    }

    fn path(&self, database: &str, table: &str) -> Result<PathBuf> {
        let name = keys::path_of(&format!("{table}.pointer.json"))?;
        Ok(self.root.join(keys::path_of(database)?).join(name))
    }

    fn document(&self, path: &Path) -> Result<Option<Document>> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(on("reading", path)(error)),
        };
        let unreadable =
            |error| Error::caused(Kind::Invalid, format!("{} is not what tarn wrote", path.display()), error);
        serde_json::from_slice(&bytes).map(Some).map_err(unreadable)
    }

    fn write(&self, path: &Path, document: &Document) -> Result<()> {
        let bytes = serde_json::to_vec_pretty(document)
            .map_err(|error| Error::caused(Kind::Internal, "a pointer cannot be written as JSON", error))?;
        let write = || {
            fs::create_dir_all(path.parent().unwrap_or(&self.root))?;
            self.staging.write(bytes.into(), true)?.replace(path)
        };
        write().map_err(on("writing", path))
    }
}

fn pointer_of(document: &Document, path: &Path) -> Result<Pointer> {
    let target = match (&document.metadata, &document.parquet) {
        (Some(metadata), None) => Target::Iceberg(metadata.clone()),
        (None, Some(folder)) => Target::Parquet(folder.clone()),
        _ => return Err(Error::new(Kind::Invalid, format!("{} points to nothing", path.display()))),
    };
    Ok(Pointer { target, version: document.version.to_string() })
}

fn document_of(publication: &Publication, version: u64) -> Document {
    let (metadata, parquet) = match &publication.target {
        Target::Iceberg(metadata) => (Some(metadata.clone()), None),
        Target::Parquet(folder) => (None, Some(folder.clone())),
    };
    let column = |(name, kind): &(String, String)| Column { name: name.clone(), r#type: kind.clone() };
    Document {
        database: publication.database.clone(),
        table: publication.table.clone(),
        description: publication.description.clone(),
        location: publication.location.clone(),
        columns: publication.columns.iter().map(column).collect(),
        metadata,
        parquet,
        version,
    }
}

#[async_trait]
impl Pointers for FolderPointers {
    async fn pointer(&self, database: &str, table: &str) -> Result<Option<Pointer>> {
        block_in_place(|| {
            let path = self.path(database, table)?;
            self.document(&path)?.map(|document| pointer_of(&document, &path)).transpose()
        })
    }

    async fn swap(&self, from: Option<&Pointer>, publication: &Publication) -> Result<Swapped> {
        block_in_place(|| {
            let path = self.path(&publication.database, &publication.table)?;
            let _moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
            let there = self.document(&path)?;
            let pointer = there.as_ref().map(|document| pointer_of(document, &path)).transpose()?;
            if pointer.as_ref() != from {
                return Ok(Swapped::Lost);
            }
            let version = there.map_or(0, |document| document.version) + 1;
            self.write(&path, &document_of(publication, version))?;
            Ok(Swapped::Done)
        })
    }
}
