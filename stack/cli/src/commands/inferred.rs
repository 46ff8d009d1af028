//! What a file that is there says of the table it could be of.

use std::path::Path;
use std::sync::Arc;

use tarn_config::edit::{self, NewTable};
use tarn_lake::FilePattern;

use super::convert::input::Input;
use super::convert::remote::{Address, Remote};
use crate::arguments::{Common, Place};
use crate::failure::Failure;

/// More than this and delimiter and header were judged by a part.
const SAMPLE_BYTES: u64 = 64 << 10;

/// A file's columns and format.
pub struct Inferred {
    /// What it is called in landing, as far as that is known.
    pub key: String,
    is_object: bool,
    bytes: u64,
    found: tarn_convert::Inferred,
}

impl Inferred {
    /// Reads a file of this machine, or an object. To be called where the thread may block.
    pub fn of(common: &Common, place: Place, path: &Path) -> Result<Self, Failure> {
        let path = path.to_path_buf();
        let remote = Remote::connect(common, place, [&path])?.map(Arc::new);
        let input = Input::find(&path, remote.as_ref())?;
        let shown = path.display();
        let (source, bytes) =
            input.open().map_err(|error| Failure::bad_input(format!("{shown} cannot be read: {error}")))?;
        let found = tarn_convert::infer(source).map_err(|error| {
            Failure::bad_input(format!("no columns can be inferred of {shown}: {error}"))
                .hint("take another file of the same kind, or write the [[table]] by hand")
        })?;
        let address = Address::of(&path);
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_object = address.is_some();
        Ok(Self { key: address.map_or(file, |address| address.key), is_object, bytes, found })
    }

    /// The pattern of files called like it.
    pub fn pattern(&self) -> String {
        edit::pattern_of(&self.key)
    }

    /// Its block.
    pub fn block(&self, name: &str, description: &str, files: &str) -> String {
        let tarn_convert::Inferred { csv, layout } = &self.found;
        NewTable { name, description, files, csv, layout }.block()
    }

    /// What is not certain of it.
    pub fn notes(&self, files: &str) -> Vec<String> {
        let mut notes = vec!["the types hold all values of this one file; others may have wider ones".into()];
        let is_packed = [".gz", ".zst", ".bz2"].iter().any(|ending| self.key.ends_with(ending));
        if is_packed || self.bytes > SAMPLE_BYTES {
            notes.push("delimiter and header were judged by the first 64 KiB of the file only".into());
        }
        if !self.found.csv.header {
            notes.push("no header was seen, so columns are called by their place; give them names".into());
        }
        if !FilePattern::new(files).is_ok_and(|pattern| pattern.matches(&self.key).is_some()) {
            notes.push(format!("`files = \"{files}\"` does not match `{}` itself", self.key));
        } else if !self.is_object {
            notes.push(
                "`files` is compared with the whole key in landing: where files lie in a folder there, write it \
                 before the name"
                    .into(),
            );
        }
        notes
    }
}
