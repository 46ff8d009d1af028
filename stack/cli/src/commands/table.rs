//! `tarn table`: a table comes into lake.toml, or goes out of it.

use std::process::ExitCode;

use tarn_config::edit::Kind;
use tarn_lake::{FilePattern, Lake};

use super::edit::{Editor, Story, remove};
use super::inferred::Inferred;
use crate::arguments::{Common, Table, TableAdd};
use crate::failure::Failure;

pub fn run(common: &Common, options: &Table) -> Result<ExitCode, Failure> {
    match options {
        // What an object holds is waited for.
        Table::Add(options) => tokio::task::block_in_place(|| add(common, options)),
        Table::Remove(options) => remove(common, Kind::Table, options, stays(&options.name)),
    }
}

fn add(common: &Common, options: &TableAdd) -> Result<ExitCode, Failure> {
    let (editor, name, kind) = (Editor::open(common)?, options.name.as_str(), Kind::Table);
    let lake = editor.lake().map_err(|refusal| editor.refuse(kind, name, refusal))?;
    let inferred = Inferred::of(common, options.place, &options.from)?;
    let files = options.files.clone().unwrap_or_else(|| inferred.pattern());
    refuse_taken(&lake, name, &files, &inferred.key)?;
    let block = inferred.block(name, &options.description, &files);
    let mut notes = inferred.notes(&files);
    notes.push("look at the block, then `tarn zone add` or a zone's `tables` gives it to a zone".into());
    editor.add(
        &block,
        options.own_file,
        &Story { done: "added", kind, name, dry_run: options.dry_run, notes },
    )
}

/// A file that two tables take is skipped by every run.
fn refuse_taken(lake: &Lake, name: &str, files: &str, key: &str) -> Result<(), Failure> {
    let takes = |pattern: &FilePattern| pattern.matches(key).is_some();
    let is_new = FilePattern::new(files).is_ok_and(|pattern| takes(&pattern));
    let other = lake.tables.iter().find(|table| table.name.as_str() != name && takes(&table.files));
    let Some(other) = other.filter(|_| is_new) else { return Ok(()) };
    let (table, pattern) = (&other.name, &other.files);
    Err(Failure::bad_input(format!(
        "`{key}` belongs to the table `{table}` already: its `files` is `{pattern}`"
    ))
    .hint("a file of two tables is skipped; give the new one files of its own with --files"))
}

fn stays(name: &str) -> Vec<String> {
    vec![format!(
        "where `{name}` was deployed, what it has in bronze, silver and the catalog stays; files of it that land \
         after the next `tarn deploy` are skipped and named in the report"
    )]
}
