//! Files that appear under their names only when they are whole.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use tarn_convert::{JsonLinesRejects, Reject, RejectSink};

/// A file under another name until it is kept; gone if it is not.
pub struct Output {
    file: File,
    part: PathBuf,
    target: PathBuf,
    kept: bool,
}

impl Output {
    /// Begins to write a file.
    pub fn create(target: &Path) -> io::Result<Self> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let part = target.with_file_name(format!(".{name}.{}.part", std::process::id()));
        Ok(Self { file: File::create(&part)?, part, target: target.into(), kept: false })
    }

    /// Where to write.
    pub fn writer(&mut self) -> &mut File {
        &mut self.file
    }

    /// Puts the file in its place.
    pub fn keep(mut self) -> io::Result<()> {
        fs::rename(&self.part, &self.target)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.kept {
            // There is nobody left to tell, and what stays is named as a part.
            let _ = fs::remove_file(&self.part);
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
        part.keep()?;
        Ok(Some(self.target))
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
