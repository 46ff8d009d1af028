//! The identity of what a model gives: a hash of the model and of what it reads.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use tarn_core::ports::{Content, Object};
use tarn_core::{Error, Kind};
use tarn_lake::{Materialise, Model};

use super::Input;
use crate::fault::Result;
use crate::iceberg::{Home, TAKEN, Table};

/// Raised when the same model over the same files gives other rows.
const CODE_VERSION: u32 = 1;

/// What tells one output from another. Tests and words about it are not part of it.
pub(super) fn id(model: &Model, inputs: &[Input], salt: Option<&str>) -> String {
    let inputs: Vec<_> = inputs.iter().map(|input| json!([input.name(), input.version()])).collect();
    let text = json!([
        CODE_VERSION,
        model.name,
        model.sql,
        model.materialise,
        model.key,
        model.new_files_of,
        model.format,
        model.partition_by,
        inputs,
        salt,
    ]);
    hex(&Sha256::digest(text.to_string())[..16])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The files that an appending model took so far, with the tags that they had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Taken {
    files: BTreeSet<(String, String)>,
}

impl Taken {
    /// Those of the newest snapshot; nothing where it does not stand for files of this model's table, as
    /// one that was made otherwise.
    pub async fn of(table: Option<&Table>, model: &Model) -> Result<Option<Self>> {
        let Some((table, path)) = table.and_then(|table| Some((table, table.property(TAKEN)?))) else {
            return Ok(None);
        };
        let bytes = table.home.read(&table.home.path(path)).await?;
        let unreadable = |error| Error::caused(Kind::Invalid, format!("{path} is no list of files"), error);
        let taken: Self = serde_json::from_slice(&bytes).map_err(unreadable)?;
        let folder = model.new_files_of.as_ref().map(|table| format!("{table}/")).unwrap_or_default();
        Ok(Some(taken).filter(|taken| taken.files.iter().all(|(key, _)| key.starts_with(&folder))))
    }

    /// Takes out of a list what was taken, and counts what was taken and is another file now. A file
    /// is known by its key: rows of one that was written anew would be there twice.
    pub fn leave_new(&self, files: &mut Vec<Object>) -> usize {
        let keys: BTreeSet<&str> = self.files.iter().map(|(key, _)| key.as_str()).collect();
        let is_changed = |file: &Object| !self.files.contains(&(file.key.clone(), file.tag.clone()));
        let changed =
            files.iter().filter(|file| keys.contains(file.key.as_str()) && is_changed(file)).count();
        files.retain(|file| !keys.contains(file.key.as_str()));
        changed
    }

    /// The same and these.
    pub fn with(mut self, files: &[Object]) -> Self {
        self.files.extend(files.iter().map(|file| (file.key.clone(), file.tag.clone())));
        self
    }

    /// Writes the list beside the metadata; gives its path below the table.
    pub async fn write(&self, home: &Home, name: &str) -> Result<String> {
        let below = format!("taken/{name}.json");
        let json = serde_json::to_vec(self)
            .map_err(|error| Error::caused(Kind::Internal, "a list of files cannot be written", error))?;
        home.write(&home.path(&below), Content::from(json)).await?;
        Ok(below)
    }
}

/// Whether a model takes only files that are new to it.
pub(super) fn takes_new_files(model: &Model) -> bool {
    model.materialise == Materialise::Append && model.new_files_of.is_some()
}
