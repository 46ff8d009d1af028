//! What the commands share that write `lake.toml`: the file is read, changed by a pure edit, and put
//! in its place in one step, or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use tarn_config::Files;
use tarn_config::edit::{Edited, Kind, Refusal};
use tarn_lake::{EnvironmentName, Lake};

use crate::arguments::{BlockRemove, Common};
use crate::console::{self, GOOD, styled};
use crate::exit;
use crate::failure::Failure;
use crate::project;

/// The lake's file as it is.
pub struct File {
    path: PathBuf,
    /// How messages call it.
    pub shown: String,
    pub text: String,
    pub environment: EnvironmentName,
}

/// What is about to be said of an edit.
pub struct Story<'a> {
    /// `added` or `removed`.
    pub done: &'a str,
    pub kind: Kind,
    pub name: &'a str,
    pub dry_run: bool,
    /// What follows from it, and what does not.
    pub notes: Vec<String>,
}

impl File {
    pub fn read(common: &Common) -> Result<Self, Failure> {
        let environment = project::environment(common)?;
        let path = project::file(common)?;
        let unreadable =
            |error: io::Error| Failure::bad_input(format!("{} cannot be read: {error}", path.display()));
        let text = fs::read_to_string(&path).map_err(unreadable)?;
        Ok(Self { shown: project::shown_path(&path), path, text, environment })
    }

    /// What the file says.
    pub fn lake(&self) -> Result<Lake, Refusal> {
        tarn_config::parse(&self.text, &self.environment).map(|parsed| parsed.lake).map_err(Refusal::Before)
    }

    /// Writes an edit, unless it is only to be looked at, and says so.
    pub fn finish(&self, common: &Common, edited: &Edited, story: &Story) -> Result<ExitCode, Failure> {
        if !story.dry_run {
            replace(&self.path, edited.text.as_bytes())?;
        }
        if common.json {
            console::json(&json!({
                "file": self.shown, story.done: story.name, "kind": story.kind.word(), "line": edited.line,
                "block": edited.block, "written": !story.dry_run, "notes": story.notes,
            }));
            return Ok(exit::done_if(true));
        }
        let (word, kind, name) = (story.kind.word(), styled(story.done, GOOD), story.name);
        let would = if story.dry_run { "; nothing was written" } else { "" };
        console::note(format!("{kind}: {word} `{name}`, {}:{}{would}\n", self.shown, edited.line));
        console::result(&edited.block);
        story.notes.iter().for_each(console::hint);
        Ok(exit::done_if(true))
    }

    /// Why an edit was not made, in words; faults are shown under their lines.
    pub fn refuse(&self, common: &Common, kind: Kind, name: &str, refusal: Refusal) -> Failure {
        let (word, file) = (kind.word(), &self.shown);
        match refusal {
            Refusal::Before(faults) => {
                project::show_faults(common, &faults, &Files::new(file, &self.text));
                Failure::shown().hint(format!("{file} has faults already; nothing was written"))
            }
            Refusal::After(text, faults) => {
                let path = format!("{file}, as it would be");
                project::show_faults(common, &faults, &Files::new(path, &text));
                Failure::shown().hint("nothing was written")
            }
            Refusal::Exists { line } => {
                Failure::bad_input(format!("{file}:{line}: the {word} `{name}` is there already"))
                    .hint(format!("edit it there, or take another name for the new {word}"))
            }
            Refusal::Missing { names } if names.is_empty() => {
                Failure::bad_input(format!("{file} has no {word} at all, so none called `{name}`"))
            }
            Refusal::Missing { names } => Failure::bad_input(format!("{file} has no {word} `{name}`"))
                .hint(format!("it has {}", names.join(", "))),
            Refusal::InUse { zones } => {
                let zones = zones.join(", ");
                Failure::bad_input(format!("the table `{name}` is in use: zones that have it are {zones}"))
                    .hint(format!("take it out of their `tables` in {file} first"))
            }
            Refusal::Inline { line } => {
                Failure::bad_input(format!("{file}:{line}: the {word}s are written as one list"))
                    .hint(format!("write a `[[{word}]]` block for each, or edit the list by hand"))
            }
            Refusal::Scattered { line } => Failure::bad_input(format!(
                "{file}:{line}: lines of the {word} `{name}` stand among those of other blocks"
            ))
            .hint("bring them together first; nothing was written"),
        }
    }
}

/// Takes a block out.
pub fn remove(
    common: &Common,
    kind: Kind,
    options: &BlockRemove,
    notes: Vec<String>,
) -> Result<ExitCode, Failure> {
    let (file, name) = (File::read(common)?, options.name.as_str());
    let edited = tarn_config::edit::remove(&file.text, &file.environment, kind, name)
        .map_err(|refusal| file.refuse(common, kind, name, refusal))?;
    let story = Story { done: "removed", kind, name, dry_run: options.dry_run, notes };
    file.finish(common, &edited, &story)
}

/// Puts a file in the place of another in one step: a reader sees the one or the other, and whoever
/// is killed here leaves the old one. What a link points to is replaced, not the link.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let unwritable = |error| Failure::failed(format!("{} cannot be written: {error}", path.display()));
    let path = fs::canonicalize(path).map_err(unwritable)?;
    let new = path.with_extension(format!("toml.{}.new", std::process::id()));
    let written = write_beside(&path, &new, content).and_then(|()| fs::rename(&new, &path));
    if written.is_err() {
        // The reason is told; the leftover is ours.
        let _ = fs::remove_file(&new);
    }
    written.map_err(unwritable)
}

fn write_beside(path: &Path, new: &Path, content: &[u8]) -> io::Result<()> {
    let mode = fs::metadata(path)?.permissions();
    // A rename would not ask whether the file may be written.
    fs::OpenOptions::new().write(true).open(path)?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(new)?;
    file.set_permissions(mode)?;
    file.write_all(content)?;
    file.sync_all()
}
