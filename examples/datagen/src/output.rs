//! CSV files that appear whole or not at all, and the account of what was written.
//!
//! A lake may be watching the folder; a half-written file under its final name would be loaded as it stands.
//! So each file grows under a hidden name beside it and is renamed when it is complete.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Rows gather here before they go to the file in one call.
const BUFFER_BYTES: usize = 256 * 1024;

/// A CSV file in the making. Values are numbers and bare words, so nothing is ever quoted.
pub struct CsvFile {
    name: String,
    final_path: PathBuf,
    draft: Draft,
    file: File,
    buffer: Vec<u8>,
    rows: u64,
    bytes: u64,
}

impl CsvFile {
    /// Starts `name` in `folder` with its header line.
    pub fn create(folder: &Path, name: &str, header: &str) -> Result<Self, Failure> {
        fs::create_dir_all(folder)
            .map_err(|source| Failure::at("Cannot create the folder", folder, source))?;
        let path = folder.join(format!(".{name}.{}.partial", std::process::id()));
        let file = File::create(&path).map_err(|source| Failure::at("Cannot create", &path, source))?;
        let mut buffer = Vec::with_capacity(BUFFER_BYTES + 4096);
        buffer.extend_from_slice(header.as_bytes());
        buffer.push(b'\n');
        let final_path = folder.join(name);
        Ok(Self {
            name: name.to_owned(),
            final_path,
            draft: Draft(Some(path)),
            file,
            buffer,
            rows: 0,
            bytes: 0,
        })
    }

    /// Appends a whole number.
    pub fn number(&mut self, value: u64) -> &mut Self {
        let mut digits = [0; 20];
        let mut start = digits.len();
        let mut rest = value;
        loop {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.buffer.extend_from_slice(&digits[start..]);
        self
    }

    /// Appends text as it is.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.buffer.extend_from_slice(value.as_bytes());
        self
    }

    /// Ends a field that has another one behind it.
    pub fn comma(&mut self) -> &mut Self {
        self.buffer.push(b',');
        self
    }

    /// Ends the row.
    pub fn end_row(&mut self) -> Result<(), Failure> {
        self.buffer.push(b'\n');
        self.rows += 1;
        if self.buffer.len() >= BUFFER_BYTES { self.drain() } else { Ok(()) }
    }

    /// Gives the file its final name.
    pub fn finish(mut self, table: &'static str) -> Result<Written, Failure> {
        self.drain()?;
        let Self { name, final_path, mut draft, rows, bytes, .. } = self;
        draft.publish(&final_path)?;
        Ok(Written { name, table, rows, bytes })
    }

    fn drain(&mut self) -> Result<(), Failure> {
        self.file
            .write_all(&self.buffer)
            .map_err(|source| Failure::at("Cannot write", &self.final_path, source))?;
        self.bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

/// The hidden name of an unfinished file; the file goes with it unless it is published.
struct Draft(Option<PathBuf>);

impl Draft {
    fn publish(&mut self, final_path: &Path) -> Result<(), Failure> {
        if let Some(path) = &self.0 {
            fs::rename(path, final_path).map_err(|source| Failure::at("Cannot write", final_path, source))?;
        }
        self.0 = None;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // The failure that brought us here is already being reported.
            let _ = fs::remove_file(path);
        }
    }
}

/// A finished file. Rows are data rows; the header is not one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub name: String,
    pub table: &'static str,
    pub rows: u64,
    pub bytes: u64,
}

/// The account of a delivery; displays as one line of JSON.
///
/// Names of files and tables are chosen in this package and hold nothing that JSON would escape.
#[derive(Debug)]
pub struct Report {
    pub files: Vec<Written>,
}

impl Report {
    /// Rows per table, in the order of the files.
    fn tables(&self) -> Vec<(&'static str, u64)> {
        let mut tables: Vec<(&'static str, u64)> = Vec::new();
        for Written { table, rows, .. } in &self.files {
            match tables.iter_mut().find(|(known, _)| known == table) {
                Some((_, sum)) => *sum += rows,
                None => tables.push((table, *rows)),
            }
        }
        tables
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"{"files":["#)?;
        for (index, Written { name, table, rows, bytes }) in self.files.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, r#"{comma}{{"file":"{name}","table":"{table}","rows":{rows},"bytes":{bytes}}}"#)?;
        }
        f.write_str(r#"],"tables":{"#)?;
        for (index, (table, rows)) in self.tables().into_iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, r#"{comma}"{table}":{rows}"#)?;
        }
        f.write_str("}}")
    }
}

/// Something could not be written; displays as a sentence.
#[derive(Debug)]
pub struct Failure {
    action: &'static str,
    place: String,
    source: io::Error,
}

impl Failure {
    /// `action` begins the sentence and `place` ends it.
    pub fn new(action: &'static str, place: impl Into<String>, source: io::Error) -> Self {
        Self { action, place: place.into(), source }
    }

    fn at(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::new(action, path.display().to_string(), source)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}.", self.action, self.place, self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retail::tests::Folder;

    #[test]
    fn numbers_are_written_in_full() {
        let folder = Folder::new();
        let mut file = CsvFile::create(&folder.0, "n.csv", "a,b").unwrap();
        file.number(0).comma().number(u64::MAX).end_row().unwrap();
        let written = file.finish("n").unwrap();
        let text = fs::read_to_string(folder.0.join("n.csv")).unwrap();
        assert_eq!(text, "a,b\n0,18446744073709551615\n");
        assert_eq!((written.rows, written.bytes), (1, text.len() as u64));
    }

    #[test]
    fn an_unfinished_file_leaves_nothing_behind() {
        let folder = Folder::new();
        drop(CsvFile::create(&folder.0, "n.csv", "a").unwrap());
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
    }

    #[test]
    fn a_report_is_one_line_of_json() {
        let file = |name: &str, table, rows| Written { name: name.to_owned(), table, rows, bytes: 10 * rows };
        let report =
            Report { files: vec![file("a.csv", "a", 1), file("b1.csv", "b", 2), file("b2.csv", "b", 3)] };
        assert_eq!(
            report.to_string(),
            concat!(
                r#"{"files":[{"file":"a.csv","table":"a","rows":1,"bytes":10},"#,
                r#"{"file":"b1.csv","table":"b","rows":2,"bytes":20},"#,
                r#"{"file":"b2.csv","table":"b","rows":3,"bytes":30}],"tables":{"a":1,"b":5}}"#
            )
        );
    }
}
