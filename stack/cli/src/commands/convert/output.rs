//! Files that appear under their names only when they are whole.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tarn_convert::{JsonLinesRejects, Reject, RejectSink};

/// A file under another name until it is kept; gone if it is not, with the folders that were made
/// for it.
pub struct Output {
    file: File,
    part: PathBuf,
    target: PathBuf,
    /// The innermost first.
    folders: Vec<PathBuf>,
    kept: bool,
}

impl Output {
    /// Begins to write a file, in a folder that may have to be made.
    pub fn create(target: &Path) -> io::Result<Self> {
        let folders: Vec<PathBuf> =
            target.ancestors().skip(1).take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
        if let Some(folder) = folders.first() {
            fs::create_dir_all(folder)?;
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let part = target.with_file_name(format!(".{name}.{}.part", std::process::id()));
        Ok(Self { file: File::create(&part)?, part, target: target.into(), folders, kept: false })
    }

    /// Puts the file in its place, and says where that is.
    pub fn keep(self) -> io::Result<PathBuf> {
        let target = self.target.clone();
        self.keep_as(target)
    }

    /// The same under another name in the same folder.
    pub fn keep_as(mut self, target: PathBuf) -> io::Result<PathBuf> {
        fs::rename(&self.part, &target)?;
        self.kept = true;
        Ok(target)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Removes a file below a folder, and the folders of it that are empty then.
pub fn remove(file: &Path, below: &Path) -> io::Result<()> {
    fs::remove_file(file)?;
    let inner = file.ancestors().skip(1).take_while(|folder| *folder != below);
    let _ = inner.map(fs::remove_dir).take_while(Result::is_ok).count();
    Ok(())
}

/// The name of one of several files, such as `events.part-00001.parquet`.
pub fn numbered(name: &str, number: usize) -> String {
    let stem = name.strip_suffix(PARQUET).unwrap_or(name);
    format!("{stem}{PART}{number:05}{PARQUET}")
}

const PART: &str = ".part-";
const PARQUET: &str = ".parquet";

/// The names that a file can be an output of: its own, and that of several which it is one of.
fn names_of(file: &str) -> impl Iterator<Item = String> {
    let (stem, number) = file.strip_suffix(PARQUET).and_then(|stem| stem.rsplit_once(PART)).unzip();
    let is_number = |digits: &&str| digits.len() >= 5 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let whole =
        stem.filter(|_| number.as_ref().is_some_and(is_number)).map(|stem| format!("{stem}{PARQUET}"));
    std::iter::once(file.to_owned()).chain(whole)
}

/// What earlier conversions left below a folder, by the names of outputs: in the folder itself, or in
/// folders such as `event=view/` inside of it. One listing serves all files of a command.
pub struct Earlier<P>(HashMap<String, Vec<P>>);

impl<P: Clone + Ord> Earlier<P> {
    /// Of all that lies there, each with the name of its file.
    pub fn of(all: impl IntoIterator<Item = (String, P)>) -> Self {
        let mut by_name: HashMap<String, Vec<P>> = HashMap::new();
        for (file, place) in all {
            names_of(&file).for_each(|name| by_name.entry(name).or_default().push(place.clone()));
        }
        by_name.values_mut().for_each(|places| places.sort());
        Self(by_name)
    }

    /// Those of one output, in order.
    pub fn named(&self, name: &str) -> Vec<P> {
        self.0.get(name).cloned().unwrap_or_default()
    }
}

impl Earlier<PathBuf> {
    /// Those below a folder of this machine.
    pub fn below(folder: &Path) -> Self {
        Self::of(files_below(folder))
    }
}

fn files_below(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, file) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if file.contains('=') && path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push((file, path));
        }
    }
    found
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.kept {
            // There is nobody left to tell, and what stays is named as a part.
            let _ = fs::remove_file(&self.part);
            // One that holds something by now stays.
            self.folders.iter().for_each(|folder| _ = fs::remove_dir(folder));
        }
    }
}

/// The bad rows of a file, in a file that is there only if there are any.
pub struct Rejects {
    target: PathBuf,
    lines: Option<JsonLinesRejects<BufWriter<File>>>,
    part: Option<Output>,
}

impl Rejects {
    /// None yet.
    pub fn new(target: &Path) -> Self {
        Self { target: target.into(), lines: None, part: None }
    }

    /// Puts them in their place, and says where that is. Those of an earlier run are gone.
    pub fn finish(self) -> io::Result<Option<PathBuf>> {
        let (Some(lines), Some(part)) = (self.lines, self.part) else {
            return match fs::remove_file(&self.target) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(None),
            };
        };
        lines.finish()?;
        part.keep().map(Some)
    }

    fn open(&mut self) -> io::Result<JsonLinesRejects<BufWriter<File>>> {
        let part = Output::create(&self.target)?;
        let file = part.file.try_clone()?;
        self.part = Some(part);
        Ok(JsonLinesRejects::new(BufWriter::new(file)))
    }
}

impl RejectSink for Rejects {
    fn reject(&mut self, reject: &Reject<'_>) -> io::Result<()> {
        let mut lines = match self.lines.take() {
            Some(lines) => lines,
            None => self.open()?,
        };
        lines.reject(reject)?;
        self.lines = Some(lines);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_name_are_known() {
        assert_eq!(numbered("events.parquet", 7), "events.part-00007.parquet");
        for file in ["events.parquet", "events.part-00000.parquet", "events.part-123456.parquet"] {
            assert!(names_of(file).any(|name| name == "events.parquet"), "{file}");
        }
        for file in
            ["events_2.parquet", "events.part-1.parquet", "events.part-0000x.parquet", "events.part-00001"]
        {
            assert!(names_of(file).all(|name| name != "events.parquet"), "{file}");
        }
    }
}
