//! The project: where `lake.toml` lies, what it says, and the folders beside it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use tarn_config::Files;
use tarn_lake::{Environment, EnvironmentName, Lake, LakeName};

use crate::arguments::Common;
use crate::console;
use crate::failure::Failure;

/// How the lake's file is called.
pub const FILE: &str = "lake.toml";

/// A project with its lake.
pub struct Project {
    /// The folder of the lake's file.
    pub folder: PathBuf,
    /// The lake, in the environment asked for.
    pub lake: Lake,
    /// What it was read from.
    pub files: Files,
    /// How many warnings were shown.
    pub warnings: usize,
    /// Its files by their paths below the folder, for backups; none where the file is of no interest.
    pub texts: BTreeMap<String, String>,
}

impl Project {
    /// Reads and checks the lake's file. Faults are shown, each under its line.
    pub fn load(common: &Common) -> Result<Self, Failure> {
        let environment = environment(common)?;
        let file = file(common)?;
        let files = read(&file)?;
        match tarn_config::parse_files(&files, &environment) {
            Ok(parsed) => {
                show(&parsed.warnings, &files);
                let warnings = parsed.warnings.len();
                let folder = folder_of(&file);
                Ok(Self { folder, lake: parsed.lake, files, warnings, texts: texts(&file)? })
            }
            Err(diagnostics) => {
                show_faults(common, &diagnostics, &files);
                Err(Failure::shown())
            }
        }
    }
}

impl Project {
    /// A lake whose file is gone, or is of no interest. Its folder is this one.
    pub fn named(common: &Common, name: &str) -> Result<Self, Failure> {
        let name = LakeName::new(name).map_err(|error| Failure::bad_input(error.to_string()))?;
        let lake = Lake::named(name, Environment::throwaway(environment(common)?));
        let folder = std::env::current_dir()
            .map_err(|error| Failure::bad_input(format!("the current folder cannot be found: {error}")))?;
        Ok(Self { folder, lake, files: Files::new(FILE, ""), warnings: 0, texts: BTreeMap::new() })
    }

    /// Its files as one document.
    pub fn document(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec_pretty(&self.texts)
    }
}

/// The folder of the lake's file, without reading the file.
pub fn folder(common: &Common) -> Result<PathBuf, Failure> {
    Ok(folder_of(&file(common)?))
}

/// The environment that was asked for.
pub fn environment(common: &Common) -> Result<EnvironmentName, Failure> {
    EnvironmentName::new(common.env.as_str())
        .map_err(|error| Failure::bad_input(error.to_string()).hint("write for example `--env dev`"))
}

/// The file that was named, or the nearest `lake.toml` in this folder or above.
pub fn file(common: &Common) -> Result<PathBuf, Failure> {
    if let Some(named) = &common.config {
        let file = if named.is_dir() { named.join(FILE) } else { named.clone() };
        return std::path::absolute(&file)
            .map_err(|error| Failure::bad_input(format!("{}: {error}", file.display())));
    }
    let here = std::env::current_dir()
        .map_err(|error| Failure::bad_input(format!("the current folder cannot be found: {error}")))?;
    let found = here.ancestors().map(|folder| folder.join(FILE)).find(|file| file.is_file());
    found.ok_or_else(|| {
        Failure::bad_input(format!("there is no {FILE} in {} or above", here.display()))
            .hint("name one with --config, or go to its folder; examples/retail has one to start from")
    })
}

fn folder_of(file: &Path) -> PathBuf {
    file.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The lake's file, and those of its tables, zones and models beside it.
pub fn read(file: &Path) -> Result<Files, Failure> {
    let mut files = Files::new(shown_path(file), &text_of(file)?);
    let folder = folder_of(file);
    for part in parts(&folder.join("tables"), "toml")? {
        files.add_tables(shown_path(&part), &text_of(&part)?);
    }
    for part in parts(&folder.join("zones"), "toml")? {
        files.add_zones(shown_path(&part), &text_of(&part)?);
    }
    for part in parts(&folder.join("models"), "sql")? {
        let name = part.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        files.add_model(shown_path(&part), name, &text_of(&part)?);
    }
    Ok(files)
}

/// What says what the lake is, text by text: the lake's file under the name that it usually has, and
/// what stands beside it. What a lake reads from further folders is added here.
fn texts(file: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let mut texts = BTreeMap::from([(FILE.to_owned(), text_of(file)?)]);
    for (name, kind) in [("tables", "toml"), ("zones", "toml"), ("models", "sql")] {
        for part in parts(&folder_of(file).join(name), kind)? {
            let below = part.file_name().unwrap_or_default().to_string_lossy().into_owned();
            texts.insert(format!("{name}/{below}"), text_of(&part)?);
        }
    }
    Ok(texts)
}

/// The lake's files with size and time of each, to notice when one changes. What cannot be read is
/// left out; whoever reads it says why.
pub fn stamps(common: &Common) -> Vec<(String, (u64, i64))> {
    let Ok(file) = file(common) else { return Vec::new() };
    let folder = folder_of(&file);
    let folders = [("tables", "toml"), ("zones", "toml"), ("models", "sql")].into_iter();
    let others = folders.flat_map(|(name, kind)| parts(&folder.join(name), kind).unwrap_or_default());
    let stamp = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok()?;
        let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some((path.display().to_string(), (metadata.len(), since.as_millis() as i64)))
    };
    std::iter::once(file).chain(others).filter_map(stamp).collect()
}

/// The files of a folder that end so, by name; none where there is no such folder. Files that begin
/// with a dot are an editor's.
fn parts(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: io::Error| unreadable(folder, &error);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(unreadable)?;
    let hidden = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    paths.retain(|path| path.extension().is_some_and(|kind| kind == ending) && !hidden(path));
    paths.sort();
    Ok(paths)
}

fn text_of(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::bad_input(format!("{} cannot be read: {error}", path.display()))
}

/// The path relative to the current folder where that is shorter.
pub fn shown_path(file: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    file.strip_prefix(&here).unwrap_or(file).display().to_string()
}

/// Shows faults, each under its line; for a script as JSON.
pub fn show_faults(common: &Common, diagnostics: &[tarn_config::Diagnostic], files: &Files) {
    if common.json {
        let faults: Vec<_> = diagnostics.iter().map(|fault| files.located(fault)).collect();
        console::json(&serde_json::json!({ "faults": faults }));
    } else {
        show(diagnostics, files);
    }
}

fn show(diagnostics: &[tarn_config::Diagnostic], files: &Files) {
    let colours = console::shows_colours();
    for diagnostic in diagnostics {
        console::note(format!("{}\n", files.render(diagnostic, colours)));
    }
}
