//! A set of a backup: its parts, and the manifest, which is written last and makes a set of them.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tarn_lake::Names;

use crate::ports::Shelf;
use crate::{Error, Kind, Result};

/// What makes a set of parts.
pub const MANIFEST: &str = "manifest.json";

/// Of what a manifest says; a newer tarn counts on.
const FORMAT: u32 = 1;

/// Parts that are read at once.
pub(super) const AT_ONCE: usize = 16;

/// What a set holds, and of which lake.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// How to read it.
    pub format: u32,
    /// Which set this is.
    pub id: String,
    /// The version of tarn that wrote it.
    pub tarn: String,
    /// The lake.
    pub lake: String,
    /// Its environment.
    pub environment: String,
    /// The account that it stood in.
    pub account: String,
    /// And the region.
    pub region: String,
    /// When the last reading of everything began, in milliseconds since 1970.
    pub began_millis: i64,
    /// Parts that were not the same at the end of that reading as at its beginning: the set is of one
    /// moment but for these.
    pub moving: Vec<String>,
    /// Everything in it.
    pub parts: Vec<Part>,
    /// The SHA-256 of all of the above.
    pub seal: String,
}

/// A part of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its name below the set.
    pub name: String,
    /// Its bytes.
    pub size_bytes: u64,
    /// Their hash.
    pub sha256: String,
    /// How many things it tells of: records, tables, rights.
    pub count: u64,
}

/// A part, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub name: String,
    pub bytes: Bytes,
    pub count: u64,
}

impl Piece {
    pub fn new(name: impl Into<String>, bytes: impl Into<Bytes>, count: usize) -> Self {
        Self { name: name.into(), bytes: bytes.into(), count: count as u64 }
    }

    pub fn part(&self) -> Part {
        let (name, count) = (self.name.clone(), self.count);
        Part { name, size_bytes: self.bytes.len() as u64, sha256: sha256(&self.bytes), count }
    }
}

impl Manifest {
    pub(super) fn new(id: &str, names: &Names, began_millis: i64) -> Self {
        Self {
            format: FORMAT,
            id: id.to_owned(),
            tarn: env!("CARGO_PKG_VERSION").into(),
            lake: names.lake().to_string(),
            environment: names.environment().to_string(),
            account: names.account().to_owned(),
            region: names.region().to_owned(),
            began_millis,
            ..Self::default()
        }
    }

    /// Its bytes, sealed.
    pub(super) fn sealed(mut self) -> Result<Bytes> {
        self.seal = self.hash()?;
        let bytes = serde_json::to_vec_pretty(&self);
        bytes.map(Bytes::from).map_err(|error| Error::caused(Kind::Internal, "writing a manifest", error))
    }

    fn hash(&self) -> Result<String> {
        let unsealed = Self { seal: String::new(), ..self.clone() };
        let bytes = serde_json::to_vec(&unsealed);
        let bytes = bytes.map_err(|error| Error::caused(Kind::Internal, "hashing a manifest", error))?;
        Ok(sha256(&bytes))
    }

    /// Reads one, and believes it only where it is sealed and every name in it stays below the set.
    fn read(id: &str, bytes: &[u8]) -> Result<Self> {
        let broken = |why: String| Error::new(Kind::Invalid, format!("{MANIFEST} is broken: {why}"));
        let said: Value = serde_json::from_slice(bytes).map_err(|error| broken(error.to_string()))?;
        if let Some(newer) = said["format"].as_u64().filter(|format| *format > u64::from(FORMAT)) {
            return Err(broken(format!("it was written by a newer tarn (format {newer})")));
        }
        let manifest: Self = serde_json::from_value(said).map_err(|error| broken(error.to_string()))?;
        if manifest.seal != manifest.hash()? {
            return Err(broken("it is not what was written".into()));
        }
        if manifest.id != id {
            return Err(broken(format!("it is that of {}", manifest.id)));
        }
        match manifest.parts.iter().find(|part| !is_below(&part.name)) {
            Some(part) => Err(broken(format!("{:?} is no name of a part", part.name))),
            None => Ok(manifest),
        }
    }

    /// How large the set is.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.size_bytes).sum()
    }
}

/// Whether a name leads to a place below where it is looked up.
fn is_below(name: &str) -> bool {
    let is_plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
    name != MANIFEST && name.split('/').all(is_plain)
}

/// A set that lies on a shelf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Which.
    pub id: String,
    /// What it says of itself ...
    pub manifest: Option<Manifest>,
    /// ... or why it is none.
    pub fault: Option<String>,
}

/// Every set of a shelf, the oldest first. What has no manifest is none, and is left out.
pub async fn sets(shelf: &dyn Shelf) -> Result<Vec<Listed>> {
    let keys = shelf.keys().await?;
    let mut found = Vec::new();
    for id in keys.iter().filter_map(|key| key.strip_suffix(MANIFEST)?.strip_suffix('/')) {
        let read = Manifest::read(id, &shelf.read(&format!("{id}/{MANIFEST}")).await?);
        let (manifest, fault) = match read {
            Ok(manifest) => (Some(manifest), None),
            Err(error) => (None, Some(error.chain())),
        };
        found.push(Listed { id: id.to_owned(), manifest, fault });
    }
    Ok(found)
}

/// A set whose parts were all read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSet {
    /// What it says of itself.
    pub manifest: Manifest,
    /// What is in it, by name; only what is as it was written.
    pub parts: BTreeMap<String, Bytes>,
    /// What is not.
    pub broken: Vec<Broken>,
}

/// A part that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// Its name.
    pub part: String,
    /// What is wrong with it.
    pub why: String,
}

/// What became of a part.
enum ReadPart {
    Whole(String, Bytes),
    Broken(Broken),
}

impl BackupSet {
    /// Reads every part of a set and compares it with the manifest.
    pub async fn read(shelf: &dyn Shelf, id: &str) -> Result<Self> {
        let manifest = shelf.read(&format!("{id}/{MANIFEST}")).await.map_err(|error| match error.kind() {
            Kind::NotFound => Error::caused(Kind::NotFound, format!("there is no backup {id}"), error),
            _ => error,
        })?;
        let manifest = Manifest::read(id, &manifest)?;
        let read = stream::iter(manifest.parts.clone()).map(|part| read_part(shelf, id, part));
        let read: Vec<ReadPart> = read.buffered(AT_ONCE).try_collect().await?;
        let mut set = Self { manifest, parts: BTreeMap::new(), broken: Vec::new() };
        for part in read {
            match part {
                ReadPart::Whole(name, bytes) => drop(set.parts.insert(name, bytes)),
                ReadPart::Broken(broken) => set.broken.push(broken),
            }
        }
        Ok(set)
    }

    /// The same, or an error that names every broken part.
    pub async fn whole(shelf: &dyn Shelf, id: &str) -> Result<Self> {
        let set = Self::read(shelf, id).await?;
        if set.broken.is_empty() {
            return Ok(set);
        }
        let named: Vec<String> = set.broken.iter().map(|it| format!("{}: {}", it.part, it.why)).collect();
        Err(Error::new(Kind::Invalid, format!("the backup {id} is broken: {}", named.join("; "))))
    }

    /// Writes the set to another shelf, the manifest last.
    pub async fn copy_to(&self, shelf: &dyn Shelf) -> Result<()> {
        let id = &self.manifest.id;
        for (name, bytes) in &self.parts {
            shelf.write(&format!("{id}/{name}"), bytes.clone()).await?;
        }
        shelf.write(&format!("{id}/{MANIFEST}"), self.manifest.clone().sealed()?).await
    }
}

/// A part that cannot be asked for is an error, and none that is missing or has changed.
async fn read_part(shelf: &dyn Shelf, id: &str, part: Part) -> Result<ReadPart> {
    let broken = |why: String| ReadPart::Broken(Broken { part: part.name.clone(), why });
    let bytes = match shelf.read(&format!("{id}/{}", part.name)).await {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == Kind::NotFound => return Ok(broken("it is missing".into())),
        Err(error) => return Err(error),
    };
    if bytes.len() as u64 != part.size_bytes {
        return Ok(broken(format!("it has {} bytes, and {} were written", bytes.len(), part.size_bytes)));
    }
    if sha256(&bytes) != part.sha256 {
        return Ok(broken("its bytes are not those that were written".into()));
    }
    Ok(ReadPart::Whole(part.name, bytes))
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
