//! The catalog as JSON documents, `catalog/DATABASE/TABLE.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tarn_core::ports::{Catalog, CatalogEntry, CatalogPartition, CatalogTable, Created, Registry};
use tarn_core::{Error, Kind, Result};
use tokio::task::block_in_place;

use crate::failure::on;
use crate::files::Staging;
use crate::folders::Folders;
use crate::keys;

/// Tables of a folder. Locations are paths below it, so that the folder can be moved.
#[derive(Debug)]
pub struct FolderCatalog {
    root: PathBuf,
    folders: Folders,
    staging: Staging,
    /// A document is read, changed and written under this lock.
    changing: Mutex<()>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    database: String,
    table: String,
    description: String,
    location: String,
    columns: Vec<Column>,
    partition_keys: Vec<Column>,
    partitions: Vec<Partition>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Column {
    name: String,
    r#type: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Partition {
    values: Vec<String>,
    location: String,
}

impl FolderCatalog {
    /// The catalog in `catalog/` below a lake's folder; files are staged in a folder that is there.
    pub fn new(root: &Path, staged: PathBuf, folders: Folders) -> Result<Self> {
        let root = root.join("catalog");
        fs::create_dir_all(&root).map_err(on("making the folder", &root))?;
        Ok(Self { root, folders, staging: Staging::new(staged), changing: Mutex::default() })
    }

    fn path(&self, database: &str, table: &str) -> Result<PathBuf> {
        Ok(self.root.join(keys::path_of(database)?).join(keys::path_of(&format!("{table}.json"))?))
    }

    fn document(&self, database: &str, table: &str) -> Result<Option<Document>> {
        let path = self.path(database, table)?;
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(on("reading", &path)(error)),
        };
        let unreadable =
            |error| Error::caused(Kind::Invalid, format!("{} is not what tarn wrote", path.display()), error);
        serde_json::from_slice(&bytes).map(Some).map_err(unreadable)
    }

    fn there(&self, database: &str, table: &str) -> Result<Document> {
        let missing = || Error::new(Kind::NotFound, format!("there is no table {table} in {database}"));
        self.document(database, table)?.ok_or_else(missing)
    }

    fn write(&self, document: &Document, create: bool) -> Result<Created> {
        let path = self.path(&document.database, &document.table)?;
        let bytes = serde_json::to_vec_pretty(document)
            .map_err(|error| Error::caused(Kind::Internal, "a table cannot be written as JSON", error))?;
        let write = || {
            fs::create_dir_all(path.parent().unwrap_or(&self.root))?;
            let staged = self.staging.write(bytes.into(), true)?;
            if create { staged.create(&path) } else { staged.replace(&path).map(|()| Created::New) }
        };
        write().map_err(on("writing", &path))
    }

    fn document_of(&self, table: &CatalogTable, partitions: Vec<Partition>) -> Document {
        let column = |(name, kind): &(String, String)| Column { name: name.clone(), r#type: kind.clone() };
        Document {
            database: table.database.clone(),
            table: table.name.clone(),
            description: table.description.clone(),
            location: self.folders.shorten(&table.location),
            columns: table.columns.iter().map(column).collect(),
            partition_keys: table.partition_keys.iter().map(column).collect(),
            partitions,
        }
    }

    fn table_of(&self, document: Document) -> CatalogTable {
        let columns = |columns: Vec<Column>| columns.into_iter().map(|c| (c.name, c.r#type)).collect();
        CatalogTable {
            database: document.database,
            name: document.table,
            description: document.description,
            location: self.folders.lengthen(&document.location),
            columns: columns(document.columns),
            partition_keys: columns(document.partition_keys),
        }
    }

    /// Runs a change with nobody else in between.
    fn alone<T>(&self, change: impl FnOnce() -> Result<T>) -> Result<T> {
        block_in_place(|| {
            let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
            change()
        })
    }
}

#[async_trait]
impl Catalog for FolderCatalog {
    async fn table(&self, database: &str, name: &str) -> Result<Option<CatalogTable>> {
        block_in_place(|| Ok(self.document(database, name)?.map(|document| self.table_of(document))))
    }

    async fn create(&self, table: &CatalogTable) -> Result<()> {
        self.alone(|| match self.write(&self.document_of(table, Vec::new()), true)? {
            Created::New => Ok(()),
            Created::AlreadyThere => {
                Err(Error::new(Kind::Conflict, format!("table {} is there already", table.name)))
            }
        })
    }

    async fn update(&self, table: &CatalogTable) -> Result<()> {
        self.alone(|| {
            let there = self.there(&table.database, &table.name)?;
            self.write(&self.document_of(table, there.partitions), false).map(|_| ())
        })
    }

    async fn partitions(&self, database: &str, name: &str) -> Result<BTreeSet<Vec<String>>> {
        let there = block_in_place(|| self.there(database, name))?;
        Ok(there.partitions.into_iter().map(|partition| partition.values).collect())
    }

    async fn put_partitions(&self, table: &CatalogTable, partitions: &[CatalogPartition]) -> Result<()> {
        self.alone(|| {
            let mut there = self.there(&table.database, &table.name)?;
            let known = there.partitions.into_iter().map(|known| (known.values, known.location));
            let put = partitions.iter().map(|put| (put.values.clone(), self.folders.shorten(&put.location)));
            let all: BTreeMap<Vec<String>, String> = known.chain(put).collect();
            there.partitions =
                all.into_iter().map(|(values, location)| Partition { values, location }).collect();
            self.write(&there, false).map(|_| ())
        })
    }

    async fn remove_partitions(&self, database: &str, name: &str, partitions: &[Vec<String>]) -> Result<()> {
        self.alone(|| {
            let Some(mut there) = self.document(database, name)? else { return Ok(()) };
            there.partitions.retain(|partition| !partitions.contains(&partition.values));
            self.write(&there, false).map(|_| ())
        })
    }

    async fn remove(&self, database: &str, name: &str) -> Result<()> {
        self.alone(|| {
            let path = self.path(database, name)?;
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(on("removing", &path)(error))
                }
                _ => Ok(()),
            }
        })
    }
}

#[async_trait]
impl Registry for FolderCatalog {
    async fn entries(&self, database: &str) -> Result<Vec<CatalogEntry>> {
        block_in_place(|| {
            let folder = self.root.join(keys::path_of(database)?);
            let names = match tables_in(&folder) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
                names => names.map_err(on("listing", &folder))?,
            };
            let found: Result<Vec<_>> = names.iter().map(|name| self.there(database, name)).collect();
            Ok(found?.into_iter().map(|found| CatalogEntry::from(&self.table_of(found))).collect())
        })
    }

    async fn folders(&self, database: &str, name: &str) -> Result<Vec<CatalogPartition>> {
        let Some(there) = block_in_place(|| self.document(database, name))? else { return Ok(Vec::new()) };
        let partition = |Partition { values, location }: Partition| CatalogPartition {
            values,
            location: self.folders.lengthen(&location),
        };
        Ok(there.partitions.into_iter().map(partition).collect())
    }

    /// A folder's catalog knows Parquet and nothing else, and no word on columns.
    async fn put(&self, entry: &CatalogEntry) -> Result<()> {
        let table = entry.table();
        if CatalogEntry::from(&table) != *entry {
            let what =
                format!("{}.{} is no table that a folder's catalog can hold", entry.database, entry.name);
            return Err(Error::new(Kind::Invalid, what));
        }
        self.alone(|| {
            let there = self.document(&table.database, &table.name)?;
            let partitions = there.map(|there| there.partitions).unwrap_or_default();
            self.write(&self.document_of(&table, partitions), false).map(|_| ())
        })
    }

    async fn put_folders(&self, entry: &CatalogEntry, partitions: &[CatalogPartition]) -> Result<()> {
        self.put_partitions(&entry.table(), partitions).await
    }
}

/// The names of the tables that a database's folder holds, in order.
fn tables_in(folder: &Path) -> std::io::Result<Vec<String>> {
    let entries: std::io::Result<Vec<_>> = fs::read_dir(folder)?.collect();
    let names = entries?.into_iter().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> =
        names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect();
    names.sort();
    Ok(names)
}
