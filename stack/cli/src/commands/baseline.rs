//! A state of a lake to compare with: another lake.toml, or what `tarn render` once wrote.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tarn_lake::Lake;
use tarn_render::diff::Bodies;
use tarn_render::{Options, Target, TemplateSet};

use crate::arguments::Common;
use crate::failure::Failure;
use crate::project;

/// What lies beside rendered templates and says what they were rendered of.
const FILE: &str = "lake.baseline";

/// A lake as far as it is known, and its templates.
pub struct State {
    /// `None` of a folder that holds templates only.
    pub lake: Option<Lake>,
    pub bodies: Bodies,
}

#[derive(Serialize, Deserialize)]
struct Baseline {
    lake: Lake,
    local: bool,
    stacks: Vec<String>,
}

/// Reads a state from a file or a folder.
pub fn read(common: &Common, path: &Path, options: &Options) -> Result<State, Failure> {
    let config = if path.is_dir() { path.join(project::FILE) } else { path.to_owned() };
    match (config.is_file(), path.is_dir()) {
        (true, _) => of_config(common, &config, options),
        (false, true) => of_folder(path, options),
        (false, false) => Err(Failure::bad_input(format!("there is no {} to compare with", path.display()))
            .hint("name another lake.toml, or a folder that `tarn render --out` wrote")),
    }
}

fn of_config(common: &Common, file: &Path, options: &Options) -> Result<State, Failure> {
    let (files, environment) = (project::read(file)?, project::environment(common)?);
    let parsed = tarn_config::parse_files(&files, &environment).map_err(|faults| {
        project::show_faults(common, &faults, &files);
        Failure::shown()
    })?;
    let templates = tarn_render::render(&parsed.lake, options).map_err(|error| {
        Failure::failed(format!("the templates of {} cannot be rendered: {error}", file.display()))
    })?;
    Ok(State { lake: Some(parsed.lake), bodies: templates.bodies() })
}

fn of_folder(folder: &Path, options: &Options) -> Result<State, Failure> {
    let note = folder.join(FILE);
    if !note.is_file() {
        let bodies = bodies(&json_files(folder)?)?;
        return match bodies.is_empty() {
            true => {
                Err(Failure::bad_input(format!("{} holds no templates and no lake.toml", folder.display()))
                    .hint("name a folder that `tarn render --out` wrote"))
            }
            false => Ok(State { lake: None, bodies }),
        };
    }
    let unreadable = |why: String| Failure::bad_input(format!("{} cannot be read: {why}", note.display()));
    let text = fs::read_to_string(&note).map_err(|error| unreadable(error.to_string()))?;
    let baseline: Baseline = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    if baseline.local != (options.target == Target::LocalCloud) {
        let (is, way) = if baseline.local { ("with", "add") } else { ("without", "leave out") };
        return Err(Failure::bad_input(format!("{} was rendered {is} --local", folder.display()))
            .hint(format!("{way} --local here too: templates for the local cloud differ")));
    }
    let files: Vec<PathBuf> = baseline.stacks.iter().map(|stack| file_of(folder, stack)).collect();
    Ok(State { lake: Some(baseline.lake), bodies: bodies(&files)? })
}

/// Writes templates to a folder, with what they were rendered of; tells the templates' files.
pub fn write(
    folder: &Path,
    lake: &Lake,
    templates: &TemplateSet,
    target: Target,
) -> Result<Vec<String>, Failure> {
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, error))?;
    let mut files = Vec::new();
    for template in templates {
        let file = file_of(folder, &template.name);
        fs::write(&file, template.as_json()).map_err(|error| unwritable(&file, error))?;
        files.push(file.display().to_string());
    }
    let stacks = templates.iter().map(|template| template.name.clone()).collect();
    let baseline = Baseline { lake: lake.clone(), local: target == Target::LocalCloud, stacks };
    let note = folder.join(FILE);
    let text = serde_json::to_string_pretty(&baseline).map_err(|error| Failure::failed(error.to_string()))?;
    fs::write(&note, text + "\n").map_err(|error| unwritable(&note, error))?;
    Ok(files)
}

fn file_of(folder: &Path, stack: &str) -> PathBuf {
    folder.join(format!("{stack}.json"))
}

fn unwritable(path: &Path, error: std::io::Error) -> Failure {
    Failure::failed(format!("{} cannot be written: {error}", path.display()))
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries
        .map_err(|error| Failure::bad_input(format!("{} cannot be read: {error}", folder.display())))?;
    let paths = entries.into_iter().map(|entry| entry.path());
    Ok(paths.filter(|path| path.extension().is_some_and(|kind| kind == "json")).collect())
}

/// The templates among JSON files, by the names of their stacks.
fn bodies(files: &[PathBuf]) -> Result<Bodies, Failure> {
    let mut bodies = Bodies::new();
    for file in files {
        let unreadable =
            |why: String| Failure::bad_input(format!("{} cannot be read: {why}", file.display()));
        let text = fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
        let body: Value = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        let name = file.file_stem().map(|name| name.to_string_lossy().into_owned());
        if let (Some(name), true) = (name, body.get("Resources").is_some()) {
            bodies.insert(name, body);
        }
    }
    Ok(bodies)
}
