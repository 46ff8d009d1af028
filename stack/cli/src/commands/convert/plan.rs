//! Which file becomes which, checked before anything is written.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use tarn_convert::{Codec, HashKey, Limits, Unique};
use tarn_lake::{ColumnName, Placement};

use super::columns::Columns;
use super::output;
use crate::arguments::{self, Convert};
use crate::failure::Failure;

/// What is to be done.
pub struct Plan {
    /// In the order of the command line.
    pub files: Vec<File>,
    /// How each is converted.
    pub settings: Settings,
    /// Below which all outputs lie.
    pub folder: PathBuf,
}

/// A file and what becomes of it.
pub struct File {
    pub input: PathBuf,
    /// Where its Parquet file goes, or the folders that its rows go to ...
    pub folder: PathBuf,
    /// ... and how it is called there.
    pub name: String,
    pub rejects: PathBuf,
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
    pub fn new(options: &Convert, columns: &Columns) -> Result<Self, Failure> {
        let mut files = Vec::new();
        let mut writers: HashMap<PathBuf, &Path> = HashMap::new();
        for input in &options.inputs {
            check_input(input)?;
            let file = File::new(input, &options.out)?;
            if let Some(other) = writers.insert(file.output(""), input) {
                return Err(same_output(other, &file));
            }
            check_output(&file, options.overwrite)?;
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
        Ok(Self { files, settings, folder: options.out.clone() })
    }

    /// Sorts by a column that has too many values for folders, in all files, from the first one on.
    pub fn cluster(&mut self, column: &ColumnName, columns: &Columns) {
        self.settings.placement = self.settings.placement.clustered(column);
        self.settings.unique = columns.unique();
    }

    /// Makes the folder of the outputs.
    pub fn make_folder(&self) -> Result<(), Failure> {
        std::fs::create_dir_all(&self.folder).map_err(|error| {
            Failure::failed(format!("the folder {} cannot be made: {error}", self.folder.display()))
        })
    }
}

impl File {
    fn new(input: &Path, folder: &Path) -> Result<Self, Failure> {
        let name = input.file_name().and_then(|name| name.to_str()).map(stem);
        let name = name.ok_or_else(|| {
            Failure::bad_input(format!("the name of {} is not UTF-8; rename it", input.display()))
        })?;
        let rejects = folder.join(format!("{name}.rejects.jsonl"));
        Ok(Self { input: input.into(), folder: folder.into(), name: format!("{name}.parquet"), rejects })
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

fn check_input(input: &Path) -> Result<(), Failure> {
    if input.to_str().is_some_and(|text| text.starts_with("s3://")) {
        return Err(Failure::bad_input(format!(
            "{} lies in S3, and `tarn convert` reads files of this machine only",
            input.display()
        ))
        .hint("download it first, or let the lake convert it: `tarn push` and `tarn run`"));
    }
    match input.metadata() {
        Ok(metadata) if metadata.is_dir() => {
            Err(Failure::bad_input(format!("{} is a folder", input.display()))
                .hint(format!("name its files, for example {}/*.csv", input.display())))
        }
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::bad_input(format!("{} cannot be read: {error}", input.display()))),
    }
}

fn check_output(file: &File, overwrite: bool) -> Result<(), Failure> {
    output::earlier(&file.folder, &file.name)
        .iter()
        .try_for_each(|there| check_earlier(file, there, overwrite))
}

fn check_earlier(file: &File, output: &Path, overwrite: bool) -> Result<(), Failure> {
    if output.canonicalize().ok() == file.input.canonicalize().ok() {
        return Err(Failure::bad_input(format!("{} would be written over itself", output.display()))
            .hint("name another folder with --out"));
    }
    if output.is_dir() || !overwrite {
        return Err(Failure::bad_input(format!(
            "{} is there already; nothing was converted",
            output.display()
        ))
        .hint("replace it with --overwrite, or name another folder with --out"));
    }
    Ok(())
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

fn same_output(other: &Path, file: &File) -> Failure {
    let output = file.output("");
    let (input, output) = (file.input.display(), output.display());
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
