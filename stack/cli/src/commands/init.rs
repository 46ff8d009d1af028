//! `tarn init`: a first lake.toml, of flags, answers and files that are there.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use tarn_config::Files;
use tarn_config::edit::{self, NewLake};
use tarn_lake::{EnvironmentName, FilePattern, LakeName};

use super::inferred::Inferred;
use super::schema;
use crate::arguments::{Common, Init};
use crate::confirm::{ask, can_ask};
use crate::console::{self, GOOD, styled};
use crate::exit;
use crate::failure::Failure;
use crate::project::{self, FILE};

pub fn run(common: &Common, options: &Init) -> Result<ExitCode, Failure> {
    // What an object holds is waited for.
    tokio::task::block_in_place(|| init(common, options))
}

fn init(common: &Common, options: &Init) -> Result<ExitCode, Failure> {
    let environment = project::environment(common)?;
    let folder = options.dir.clone().unwrap_or_else(|| PathBuf::from("."));
    let file = folder.join(FILE);
    refuse_overwriting(&file)?;
    let answers = Answers::of(options, &folder)?;
    let tables = tables(common, options, &answers.from)?;
    let blocks: Vec<String> = tables.iter().map(|table| table.block.clone()).collect();
    let Answers { name, description, daily, .. } = &answers;
    let lake = NewLake { name, description, daily: daily.as_deref(), tables: &blocks };
    let text = lake.text(tables.first().map_or("events", |table| &table.name));
    refuse_faults(common, &text, &environment)?;
    write(&folder, &file, &text)?;
    tell(common, &file, &tables);
    Ok(exit::done_if(true))
}

/// What the flags say, and what was typed.
struct Answers {
    name: String,
    description: String,
    daily: Option<String>,
    from: Vec<PathBuf>,
}

impl Answers {
    fn of(options: &Init, folder: &Path) -> Result<Self, Failure> {
        let asks = can_ask() && !options.yes;
        let proposed = proposed_name(folder);
        let name = match &options.name {
            Some(name) => name.clone(),
            None if asks => ask("What is the lake called? Every resource name begins with it", &proposed)?,
            None if options.yes => proposed,
            None => return Err(nobody(&proposed)),
        };
        // Said before three more questions are asked in vain.
        LakeName::new(name.as_str()).map_err(|error| Failure::bad_input(error.to_string()))?;
        let typed = |flag: &Option<String>, question: &str| match flag {
            Some(text) => Ok(text.clone()),
            None if asks => ask(question, ""),
            None => Ok(String::new()),
        };
        let description = typed(&options.description, "What is it for? One sentence, or nothing")?;
        let daily =
            typed(&options.daily, "At which time is it to run daily, in UTC, such as 02:30? Or nothing")?;
        let mut from = options.from.clone();
        if from.is_empty() && asks {
            let answer = ask("A file as they will land, of which a table is made? Or nothing", "")?;
            from.extend((!answer.is_empty()).then(|| PathBuf::from(answer)));
        }
        Ok(Self { name, description, daily: Some(daily).filter(|daily| !daily.is_empty()), from })
    }
}

/// The folder's name as far as a lake can have it.
fn proposed_name(folder: &Path) -> String {
    let folder = std::path::absolute(folder).unwrap_or_default();
    let name = folder.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let words: Vec<&str> =
        name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let short: String = words.join("-").chars().take(LakeName::LONGEST).collect();
    let name = LakeName::new(short.trim_matches('-')).map(String::from);
    name.unwrap_or_else(|_| "lake".into())
}

fn nobody(proposed: &str) -> Failure {
    Failure::bad_input("the lake needs a name, and nobody is there to type one").hint(format!(
        "write for example `tarn init --name {proposed} --from data/orders.csv`, or --yes to call it `{proposed}`"
    ))
}

fn refuse_overwriting(file: &Path) -> Result<(), Failure> {
    if fs::symlink_metadata(file).is_err() {
        return Ok(());
    }
    Err(Failure::bad_input(format!("{} is there already, and init overwrites nothing", file.display())).hint(
        "`tarn table add` and `tarn zone add` add to it; for another lake name another folder: `tarn init DIR`",
    ))
}

/// A table and where it was inferred from.
struct Table {
    name: String,
    pattern: FilePattern,
    block: String,
    keys: Vec<String>,
    notes: Vec<String>,
}

/// A table for each kind of file. Files that one pattern takes are one table's.
fn tables(common: &Common, options: &Init, files: &[PathBuf]) -> Result<Vec<Table>, Failure> {
    let mut tables: Vec<Table> = Vec::new();
    for path in files {
        let inferred = Inferred::of(common, options.place, path)?;
        let table = table(&inferred, tables.len() + 1)?;
        let clash = tables.iter_mut().find(|other| {
            other.pattern.matches(&inferred.key).is_some()
                || other.name == table.name
                || other.keys.iter().any(|key| table.pattern.matches(key).is_some())
        });
        match clash {
            None => tables.push(table),
            Some(other) if other.block == table.block => other.keys.extend(table.keys),
            Some(other) => return Err(same_files(&other.name, &other.keys, path)),
        }
    }
    Ok(tables)
}

fn table(inferred: &Inferred, number: usize) -> Result<Table, Failure> {
    let files = inferred.pattern();
    let name = edit::table_name_of(&files).map_or_else(|| format!("table_{number}"), String::from);
    let pattern = FilePattern::new(files.as_str()).map_err(|error| Failure::failed(error.to_string()))?;
    let block = inferred.block(&name, "", &files);
    Ok(Table { name, pattern, block, keys: vec![inferred.key.clone()], notes: inferred.notes(&files) })
}

fn same_files(table: &str, keys: &[String], path: &Path) -> Failure {
    let (path, keys) = (path.display(), keys.join(", "));
    Failure::bad_input(format!(
        "{path} looks like files of the table `{table}` ({keys}) and has other columns"
    ))
    .hint(format!("leave it out here, then `tarn table add NAME --from {path} --files PATTERN`"))
}

fn refuse_faults(common: &Common, text: &str, environment: &EnvironmentName) -> Result<(), Failure> {
    tarn_config::parse(text, environment).map(drop).map_err(|faults| {
        project::show_faults(common, &faults, &Files::new("lake.toml, as it would be", text));
        Failure::shown().hint("nothing was written")
    })
}

/// Writes a file that was not there a moment ago, and must not be there now either.
fn write(folder: &Path, file: &Path, text: &str) -> Result<(), Failure> {
    let unwritable =
        |error: std::io::Error| Failure::failed(format!("{} cannot be written: {error}", file.display()));
    fs::create_dir_all(folder).map_err(unwritable)?;
    let mut new = fs::OpenOptions::new().write(true).create_new(true).open(file).map_err(unwritable)?;
    new.write_all(text.as_bytes()).map_err(unwritable)?;
    let schema = folder.join(schema::FILE);
    // Another file of that name is somebody's own.
    if schema.exists() { Ok(()) } else { schema::write(&schema).map_err(unwritable) }
}

fn tell(common: &Common, file: &Path, tables: &[Table]) {
    let shown = file.strip_prefix(".").unwrap_or(file).display().to_string();
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let notes: Vec<&String> = tables.iter().flat_map(|table| &table.notes).collect();
    if common.json {
        return console::json(&json!({ "file": shown, "tables": names, "notes": notes }));
    }
    console::result(format!("{} {shown}", styled("wrote", GOOD)));
    let mut told: Vec<&String> = Vec::new();
    for note in notes {
        if !told.contains(&note) {
            console::hint(note);
            told.push(note);
        }
    }
    console::hint(
        "look it through, then `tarn check`; `tarn run --dir DIR` tries it on files of this machine, `tarn local \
         start` and `tarn deploy --local` try the whole",
    );
}
