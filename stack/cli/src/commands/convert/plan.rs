//! Which file becomes which, checked before anything is written.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tarn_convert::{Codec, HashKey, Limits, Unique};
use tarn_lake::{ColumnName, Placement};

use super::columns::Columns;
use super::input::Input;
use super::output::{self, Earlier};
use super::remote::{Address, Remote, Target};
use crate::arguments::{self, Common, Convert};
use crate::failure::Failure;

/// What is to be done.
pub struct Plan {
    /// In the order of the command line.
    pub files: Vec<File>,
    /// How each is converted.
    pub settings: Settings,
    /// Below which all outputs lie.
    pub folder: PathBuf,
    /// Where they go from there, if that is not their place.
    target: Option<(Arc<Remote>, Target)>,
}

/// A file and what becomes of it.
pub struct File {
    pub input: Input,
    /// Where its Parquet file goes, or the folders that its rows go to ...
    pub folder: PathBuf,
    /// ... and how it is called there.
    pub name: String,
    pub rejects: PathBuf,
    /// Files that earlier conversions left under its name.
    pub earlier_files: Vec<PathBuf>,
    /// The same where outputs are objects.
    pub earlier_objects: Vec<String>,
}

/// How a file is converted.
pub struct Settings {
    pub limits: Limits,
    pub codec: Codec,
    /// Keys that no two rows share, with the rows of the files before.
    pub unique: Option<Unique>,
    /// The secret of columns that are hashed.
    pub hash_key: Option<HashKey>,
    /// Which folders rows go to, and in which order they stand.
    pub placement: Placement,
    /// About how large a Parquet file may become.
    pub file_bytes: u64,
    memory: Option<u64>,
}

impl Settings {
    /// The limits of files with so many columns. Every column costs a thread something, whatever is
    /// in it; where there are thousands, fewer threads fit into the memory that was asked for.
    pub fn limits(&self, columns: usize) -> Limits {
        const MANY_COLUMNS: usize = 1000;
        const COLUMN_BYTES: usize = 10 << 10;
        let Some(memory) = self.memory.filter(|_| columns >= MANY_COLUMNS) else { return self.limits };
        let thread = 2 * self.limits.row_group_bytes + columns * COLUMN_BYTES;
        let fitting = usize::try_from(memory).unwrap_or(usize::MAX) / thread;
        Limits { threads: self.limits.threads.min(fitting.max(1)), ..self.limits }
    }
}

impl Plan {
    /// Checks every input and output; what is wrong with any of them ends the command.
    pub fn new(common: &Common, options: &Convert, columns: &Columns) -> Result<Self, Failure> {
        let paths = options.inputs.iter().chain([&options.out]);
        let remote = Remote::connect(common, options.place, paths)?.map(Arc::new);
        let target = Address::of(&options.out).map(Target::new).transpose()?;
        let target = remote.clone().zip(target);
        let folder = target.as_ref().map_or(&options.out, |(_, target)| &target.staging).clone();
        let files_there = Earlier::below(&folder);
        let objects_there = target.as_ref().map(|(remote, target)| target.earlier(remote)).transpose()?;
        let mut files = Vec::new();
        let mut writers: HashMap<PathBuf, &Path> = HashMap::new();
        for input in &options.inputs {
            let mut file = File::new(Input::find(input, remote.as_ref())?, &folder)?;
            if let Some(other) = writers.insert(file.output(""), input) {
                return Err(same_output(other, &file, options));
            }
            file.earlier_files = files_there.named(&file.name);
            check_output(&file, options.overwrite)?;
            if let Some(there) = &objects_there {
                file.earlier_objects = there.named(&file.name);
            }
            let silver = file.earlier_objects.iter().find(|key| !key.ends_with(REJECTS));
            if let Some(there) = silver.filter(|_| !options.overwrite) {
                return Err(is_there(&format!("the object {there}")));
            }
            files.push(file);
        }
        let settings = Settings {
            limits: limits(options),
            codec: codec(options.codec),
            unique: columns.unique(),
            hash_key: hash_key(options.hash_key_file.as_deref(), columns.hashed())?,
            placement: placement(options, columns.placement())?,
            file_bytes: options.target_size,
            memory: options.memory,
        };
        Ok(Self { files, settings, folder, target })
    }

    /// Sorts by a column that has too many values for folders, in all files, from the first one on.
    pub fn cluster(&mut self, column: &ColumnName, columns: &Columns) {
        self.settings.placement = self.settings.placement.clustered(column);
        self.settings.unique = columns.unique();
    }

    /// How an output is called in the end.
    pub fn shown(&self, path: &Path) -> String {
        match &self.target {
            Some((_, target)) => target.shown(path),
            None => path.display().to_string(),
        }
    }

    /// Brings outputs to where they belong, if that is elsewhere, in the place of earlier ones.
    pub fn publish(&self, paths: &[PathBuf], earlier: &[String]) -> Result<(), Failure> {
        match &self.target {
            Some((remote, target)) => target.publish(remote, paths, earlier),
            None => Ok(()),
        }
    }

    /// Makes the folder of the outputs.
    pub fn make_folder(&self) -> Result<(), Failure> {
        std::fs::create_dir_all(&self.folder).map_err(|error| {
            Failure::failed(format!("the folder {} cannot be made: {error}", self.folder.display()))
        })
    }
}

/// How the bad rows beside a file are called.
pub const REJECTS: &str = ".rejects.jsonl";

impl File {
    fn new(input: Input, folder: &Path) -> Result<Self, Failure> {
        let path = &input.path;
        let name = path.file_name().and_then(|name| name.to_str()).map(stem);
        let name = name.ok_or_else(|| {
            Failure::bad_input(format!("the name of {} is not UTF-8; rename it", path.display()))
        })?;
        let rejects = folder.join(format!("{name}{REJECTS}"));
        let name = format!("{name}.parquet");
        Ok(Self {
            input,
            folder: folder.into(),
            name,
            rejects,
            earlier_files: Vec::new(),
            earlier_objects: Vec::new(),
        })
    }

    /// Where its rows of a folder go, such as `event=view/`.
    pub fn output(&self, folder: &str) -> PathBuf {
        self.folder.join(folder).join(&self.name)
    }

    /// The same where they are too many for one file.
    pub fn numbered(&self, folder: &str, number: usize) -> PathBuf {
        self.folder.join(folder).join(output::numbered(&self.name, number))
    }
}

/// `events.csv.gz` is `events`: a name without what says how it is packed and what it is.
fn stem(name: &str) -> &str {
    let unpacked = [".gz", ".zst", ".bz2"].iter().find_map(|ending| name.strip_suffix(ending));
    let name = unpacked.filter(|name| !name.is_empty()).unwrap_or(name);
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

fn check_output(file: &File, overwrite: bool) -> Result<(), Failure> {
    file.earlier_files.iter().try_for_each(|there| check_earlier(file, there, overwrite))
}

fn check_earlier(file: &File, output: &Path, overwrite: bool) -> Result<(), Failure> {
    if output.canonicalize().ok() == file.input.path.canonicalize().ok() {
        return Err(Failure::bad_input(format!("{} would be written over itself", output.display()))
            .hint("name another folder with --out"));
    }
    if output.is_dir() || !overwrite {
        return Err(is_there(&output.display().to_string()));
    }
    Ok(())
}

fn is_there(output: &str) -> Failure {
    Failure::bad_input(format!("{output} is there already; nothing was converted"))
        .hint("replace it with --overwrite, or name another folder with --out")
}

/// The secret in a file, without a line end behind it.
fn hash_key(file: Option<&Path>, hashed: Option<&ColumnName>) -> Result<Option<HashKey>, Failure> {
    let Some(file) = file else {
        return match hashed {
            None => Ok(None),
            Some(column) => {
                Err(Failure::bad_input(format!("the column `{column}` is hashed, and no key is given"))
                    .hint("name a file that holds a secret key with --hash-key-file"))
            }
        };
    };
    let shown = file.display();
    let bytes = std::fs::read(file)
        .map_err(|error| Failure::bad_input(format!("the key {shown} cannot be read: {error}")))?;
    let key = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let key = key.strip_suffix(b"\r").unwrap_or(key);
    let key = HashKey::new(key).map_err(|weak| {
        Failure::bad_input(format!("{shown}: {weak}"))
            .hint("make one, for example with `openssl rand -hex 32`")
    })?;
    Ok(Some(key))
}

/// What is written down, unless the command line says otherwise.
fn placement(options: &Convert, mut placement: Placement) -> Result<Placement, Failure> {
    let names = |written: &[String]| -> Result<Vec<ColumnName>, Failure> {
        let name = |text: &String| {
            ColumnName::new(text.clone())
                .map_err(|error| Failure::bad_input(format!("`{text}` is no column's name: {error}")))
        };
        written.iter().map(name).collect()
    };
    if !options.partition_by.is_empty() {
        placement.partition_by = names(&options.partition_by)?;
    }
    if !options.cluster_by.is_empty() {
        placement.cluster_by = names(&options.cluster_by)?;
    }
    Ok(placement)
}

fn same_output(other: &Path, file: &File, options: &Convert) -> Failure {
    let output = options.out.join(&file.name);
    let (input, output) = (file.input.path.display(), output.display());
    Failure::bad_input(format!("{} and {input} would both become {output}", other.display()))
        .hint("convert them one after the other, into different folders")
}

fn codec(codec: arguments::Codec) -> Codec {
    match codec {
        arguments::Codec::Zstd => Codec::Zstd,
        arguments::Codec::Snappy => Codec::Snappy,
    }
}

/// Each thread has the text of a row group, and once more as much for its values and pages. Keys of
/// `unique` may take half of the memory.
fn limits(options: &Convert) -> Limits {
    let default = Limits::default();
    let threads = options.threads.map_or(default.threads, NonZeroUsize::get);
    let each = options.memory.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX) / threads / 2);
    let row_group_bytes = each.map_or(default.row_group_bytes, |each| each.min(default.row_group_bytes));
    let unique_bytes = options.memory.map(|bytes| usize::try_from(bytes / 2).unwrap_or(usize::MAX));
    let unique_bytes = unique_bytes.unwrap_or(default.unique_bytes);
    Limits { threads, row_group_bytes, unique_bytes, ..default }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_says_how_they_are_packed() {
        for (name, wanted) in [
            ("events.csv.gz", "events"),
            ("events.csv", "events"),
            ("events.gz", "events"),
            ("a.b.tsv.zst", "a.b"),
            ("events", "events"),
            (".csv", ".csv"),
            (".gz", ".gz"),
        ] {
            assert_eq!(stem(name), wanted, "{name}");
        }
    }
}
