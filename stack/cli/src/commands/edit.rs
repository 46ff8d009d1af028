//! What the commands share that write `lake.toml` and the files beside it: they are read, one is
//! changed by a pure edit, and put in its place in one step, or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use tarn_config::Files;
use tarn_config::edit::{self, Edited, Kind, Place, Refusal, Where};
use tarn_lake::{EnvironmentName, Lake};

use crate::arguments::{BlockRemove, Common};
use crate::console::{self, GOOD, styled};
use crate::exit;
use crate::failure::Failure;
use crate::project;

/// The files of a project as they are.
pub struct Editor<'c> {
    common: &'c Common,
    /// The lake's own file.
    path: PathBuf,
    pub files: Files,
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

impl<'c> Editor<'c> {
    pub fn open(common: &'c Common) -> Result<Self, Failure> {
        let environment = project::environment(common)?;
        let path = project::file(common)?;
        Ok(Self { common, files: project::read(&path)?, path, environment })
    }

    /// What the files say.
    pub fn lake(&self) -> Result<Lake, Refusal> {
        let parsed = tarn_config::parse_files(&self.files, &self.environment);
        parsed.map(|parsed| parsed.lake).map_err(Refusal::Before)
    }

    /// Adds a block, to `lake.toml` or in a file of its own beside it.
    pub fn add(&self, block: &str, own_file: bool, story: &Story) -> Result<ExitCode, Failure> {
        let own = self.own_file(story);
        let to = if own_file { Where::OwnFile(&own) } else { Where::Lake };
        let edited = edit::add(&self.files, &self.environment, (story.kind, story.name), block, to)
            .map_err(|refusal| self.refuse(story.kind, story.name, refusal))?;
        if own_file && fs::symlink_metadata(&own).is_ok() {
            return Err(Failure::bad_input(format!("{own} is there already"))
                .hint("move it away, or leave --own-file out"));
        }
        self.finish(&edited, story)
    }

    /// Takes a block out.
    pub fn remove(&self, story: &Story) -> Result<ExitCode, Failure> {
        let edited = edit::remove(&self.files, &self.environment, (story.kind, story.name))
            .map_err(|refusal| self.refuse(story.kind, story.name, refusal))?;
        self.finish(&edited, story)
    }

    fn own_file(&self, story: &Story) -> String {
        let folder = self.path.with_file_name(format!("{}s", story.kind.word()));
        project::shown_path(&folder.join(format!("{}.toml", story.name)))
    }

    /// Writes an edit, unless it is only to be looked at, and says so.
    fn finish(&self, edited: &Edited, story: &Story) -> Result<ExitCode, Failure> {
        let (path, word) = (Path::new(&edited.path), story.kind.word());
        match &edited.text {
            _ if story.dry_run => {}
            Some(text) => write(path, text.as_bytes())?,
            None => fs::remove_file(path).map_err(|error| unwritable(path, &error))?,
        }
        if self.common.json {
            console::json(&json!({
                "file": edited.path, story.done: story.name, "kind": word, "line": edited.line,
                "block": edited.block, "written": !story.dry_run, "notes": story.notes,
            }));
            return Ok(exit::done_if(true));
        }
        let gone = if edited.text.is_none() { ", the whole file" } else { "" };
        let would = if story.dry_run { "; nothing was written" } else { "" };
        let done = if story.dry_run { format!("would be {}", story.done) } else { styled(story.done, GOOD) };
        let (name, line) = (story.name, edited.line);
        console::note(format!("{done}: {word} `{name}`, {}:{line}{gone}{would}\n", edited.path));
        console::result(&edited.block);
        story.notes.iter().for_each(console::hint);
        Ok(exit::done_if(true))
    }

    /// Why an edit was not made, in words; faults are shown under their lines.
    pub fn refuse(&self, kind: Kind, name: &str, refusal: Refusal) -> Failure {
        let word = kind.word();
        match refusal {
            Refusal::Before(faults) => {
                project::show_faults(self.common, &faults, &self.files);
                Failure::shown().hint("the lake has faults already; nothing was written")
            }
            Refusal::After(files, faults) => {
                project::show_faults(self.common, &faults, &files);
                Failure::shown().hint("nothing was written")
            }
            Refusal::Exists(Place { path, line }) => {
                Failure::bad_input(format!("{path}:{line}: the {word} `{name}` is there already"))
                    .hint(format!("edit it there, or take another name for the new {word}"))
            }
            Refusal::Missing { names } if names.is_empty() => {
                Failure::bad_input(format!("the lake has no {word} at all, so none called `{name}`"))
            }
            Refusal::Missing { names } => Failure::bad_input(format!("the lake has no {word} `{name}`"))
                .hint(format!("it has {}", names.join(", "))),
            Refusal::InUse { zones } => {
                let zones = zones.join(", ");
                Failure::bad_input(format!("the table `{name}` is in use: zones that have it are {zones}"))
                    .hint("take it out of their `tables` first")
            }
            Refusal::Inline(Place { path, line }) => {
                Failure::bad_input(format!("{path}:{line}: the {word}s are written as one list"))
                    .hint(format!("write a `[[{word}]]` block for each, or edit the list by hand"))
            }
            Refusal::Scattered(Place { path, line }) => Failure::bad_input(format!(
                "{path}:{line}: lines of the {word} `{name}` stand among those of other blocks"
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
    let story = Story { done: "removed", kind, name: &options.name, dry_run: options.dry_run, notes };
    Editor::open(common)?.remove(&story)
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("{} cannot be written: {error}", path.display()))
}

/// Writes a file that is there, or a new one with its folder.
fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    if path.exists() {
        return replace(path, content);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder).and_then(|()| {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(content)
    });
    written.map_err(|error| unwritable(path, &error))
}

/// Puts a file in the place of another in one step: a reader sees the one or the other, and whoever
/// is killed here leaves the old one. What a link points to is replaced, not the link.
fn replace(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let path = fs::canonicalize(path).map_err(|error| unwritable(path, &error))?;
    let new = path.with_extension(format!("toml.{}.new", std::process::id()));
    let written = write_beside(&path, &new, content).and_then(|()| fs::rename(&new, &path));
    if written.is_err() {
        // The reason is told; the leftover is ours.
        let _ = fs::remove_file(&new);
    }
    written.map_err(|error| unwritable(&path, &error))
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
