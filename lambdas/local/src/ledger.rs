//! The ledger as a file of JSON lines, `ledger.jsonl`.
//!
//! A line is a record, and the last line of a source counts. Lines are only ever appended, so a
//! process that is killed leaves whole lines and perhaps a torn last one, which is cut off when the
//! file is opened the next time. After a run the file is written anew with one line for each source,
//! so that people and SQL engines can read it as a table.
//!
//! Lines are not forced to the disk one by one. The objects are, before their line is written; so a
//! crash of the machine can lose what the ledger knows and never what it says. A source whose line was
//! lost is converted again, into the same object.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tarn_core::ports::Ledger;
use tarn_core::{Claim, Error, Kind, Lease, Outcome, Record, Result, RunId, Selection, SourceId, Status};

use crate::failure::on;

/// The ledger of a folder. Opened by one process at a time: the one that has the lake's lock.
#[derive(Debug)]
pub struct FolderLedger {
    path: PathBuf,
    inside: Mutex<Inside>,
}

#[derive(Debug)]
struct Inside {
    /// `None` for one who only looks.
    file: Option<File>,
    /// The end of the last whole line.
    length: u64,
    lines: usize,
    records: HashMap<SourceId, Record>,
}

impl FolderLedger {
    /// Opens the ledger, or begins one.
    ///
    /// Whoever opens it has the lake's lock, so nobody else works: what is still leased belongs to a
    /// process that is dead, and its lease ends here instead of in its own time.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).read(true).open(path);
        let file = file.map_err(on("opening the ledger", path))?;
        let bytes = fs::read(path).map_err(on("reading the ledger", path))?;
        let Read { mut records, lines, length } = read(path, &bytes)?;
        if length < bytes.len() as u64 {
            file.set_len(length).map_err(on("repairing the ledger", path))?;
        }
        for record in records.values_mut().filter(|record| record.status == Status::Leased) {
            record.lease_until_millis = 0;
        }
        let inside = Inside { file: Some(file), length, lines, records };
        Ok(Self { path: path.into(), inside: Mutex::new(inside) })
    }

    /// The ledger as it stands, for one who only looks and needs no lock: nothing is repaired, a line
    /// that somebody is writing right now does not count, and every write is refused.
    pub fn look(path: &Path) -> Result<Self> {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(on("reading the ledger", path))?,
        };
        let Read { records, lines, length } = read(path, &bytes)?;
        let inside = Inside { file: None, length, lines, records };
        Ok(Self { path: path.into(), inside: Mutex::new(inside) })
    }

    /// Writes the ledger anew, with one line for each source, in the order of keys and versions.
    pub fn compact(&self) -> Result<()> {
        let mut inside = self.inside();
        if inside.lines == inside.records.len() {
            return Ok(());
        }
        let mut text = Vec::new();
        for record in inside.in_order() {
            text.extend(line(record)?);
        }
        let anew = self.path.with_extension("jsonl.new");
        let write = || -> io::Result<File> {
            let mut file = File::create(&anew)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&anew, &self.path)?;
            File::options().append(true).open(&self.path)
        };
        inside.file = Some(write().map_err(on("writing the ledger", &self.path))?);
        inside.length = text.len() as u64;
        inside.lines = inside.records.len();
        Ok(())
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // A record changes after its line was written, in one assignment.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, inside: &mut Inside, record: Record) -> Result<()> {
        inside.append(&line(&record)?).map_err(on("writing the ledger", &self.path))?;
        inside.records.insert(record.source_id.clone(), record);
        Ok(())
    }
}

impl Inside {
    /// All records, in the order of keys and versions.
    fn in_order(&self) -> Vec<&Record> {
        let mut all: Vec<&Record> = self.records.values().collect();
        all.sort_by(|a, b| (&a.key, &a.version).cmp(&(&b.key, &b.version)));
        all
    }

    /// Appends a line, or nothing: where a disk is full, half a line would spoil the next one.
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let looking = || io::Error::new(io::ErrorKind::PermissionDenied, "it is open for looking only");
        let file = self.file.as_mut().ok_or_else(looking)?;
        if let Err(error) = file.write_all(line) {
            file.set_len(self.length)?;
            return Err(error);
        }
        self.length += line.len() as u64;
        self.lines += 1;
        Ok(())
    }
}

struct Read {
    records: HashMap<SourceId, Record>,
    lines: usize,
    /// Up to where it can be read.
    length: u64,
}

/// Reads all lines. What cannot be read at the end was torn by a crash and does not count; in the
/// middle it is somebody's edit, and guessing would convert files twice or never.
fn read(path: &Path, bytes: &[u8]) -> Result<Read> {
    let mut read = Read { records: HashMap::new(), lines: 0, length: 0 };
    let mut at = 0_u64;
    let mut torn = None;
    for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        at += line.len() as u64;
        let record = line.strip_suffix(b"\n").and_then(|line| serde_json::from_slice::<Record>(line).ok());
        match (record, torn) {
            (Some(record), None) => {
                read.records.insert(record.source_id.clone(), record);
                read.lines += 1;
                read.length = at;
            }
            (Some(_), Some(torn)) => return Err(damaged(path, torn)),
            (None, _) => torn = torn.or(Some(number + 1)),
        }
    }
    Ok(read)
}

fn damaged(path: &Path, line: usize) -> Error {
    Error::new(
        Kind::Invalid,
        format!(
            "line {line} of {} is not what tarn wrote there; restore the file, or take the line out: its file is \
             converted again then, into the same place",
            path.display()
        ),
    )
}

fn line(record: &Record) -> Result<Vec<u8>> {
    let mut line = serde_json::to_vec(record)
        .map_err(|error| Error::caused(Kind::Internal, "a record cannot be written as JSON", error))?;
    line.push(b'\n');
    Ok(line)
}

#[async_trait]
impl Ledger for FolderLedger {
    async fn records(&self, ids: &[SourceId]) -> Result<HashMap<SourceId, Record>> {
        let inside = self.inside();
        Ok(ids.iter().filter_map(|id| Some((id.clone(), inside.records.get(id)?.clone()))).collect())
    }

    async fn lease(&self, lease: &Lease) -> Result<Claim> {
        let mut inside = self.inside();
        let known = inside.records.get(&lease.source_id);
        if let Some(record) = known.filter(|record| !record.may_be_leased(&lease.run, lease.now_millis)) {
            return Ok(Claim::Taken(record.clone()));
        }
        let attempt = known.map_or(0, |record| record.attempt) + 1;
        let leased = Record::leased(lease, attempt, known);
        self.put(&mut inside, leased)?;
        Ok(Claim::Granted { attempt })
    }

    async fn settle(
        &self,
        id: &SourceId,
        run: &RunId,
        attempt: u32,
        status: Status,
        outcome: &Outcome,
    ) -> Result<()> {
        let mut inside = self.inside();
        let held = |record: &&Record| record.is_leased_by(attempt);
        let Some(record) = inside.records.get(id).filter(held) else {
            return Err(Error::new(Kind::Conflict, format!("attempt {attempt} has no lease on {id}")));
        };
        let settled = Record { run: run.clone(), status, outcome: outcome.clone(), ..record.clone() };
        self.put(&mut inside, settled)
    }

    async fn retire(&self, id: &SourceId, outcome: &Outcome) -> Result<()> {
        let mut inside = self.inside();
        let known = inside.records.get(id).filter(|record| record.may_be_retired()).cloned();
        match known {
            Some(record) => {
                let retired = Record { status: Status::Skipped, outcome: outcome.clone(), ..record };
                self.put(&mut inside, retired)
            }
            None => Ok(()),
        }
    }

    async fn note(&self, record: &Record) -> Result<()> {
        let mut inside = self.inside();
        let known = inside.records.get(&record.source_id);
        if known.is_some_and(|known| !known.may_be_noted_over()) {
            return Ok(());
        }
        let noted = record.noted_over(known);
        self.put(&mut inside, noted)
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<Record>> {
        let inside = self.inside();
        Ok(inside.in_order().into_iter().filter(|record| selection.has(record)).cloned().collect())
    }

    async fn reopen(&self, record: &Record, now_millis: i64, by: &str) -> Result<()> {
        let mut inside = self.inside();
        let known = inside.records.get(&record.source_id).filter(|known| known.is_still(record));
        let Some(reopened) = known.and_then(|known| known.reopened(now_millis, by)) else {
            return Err(record.not_reopened());
        };
        self.put(&mut inside, reopened)
    }

    async fn restore(&self, record: &Record, there: Option<&Record>) -> Result<()> {
        let mut inside = self.inside();
        if !record.may_be_restored_over(inside.records.get(&record.source_id), there) {
            return Err(record.not_restored());
        }
        self.put(&mut inside, record.clone())
    }
}
