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
use tarn_core::{Claim, Error, Kind, Lease, Outcome, Record, Result, RunId, SourceId, Status};

use crate::failure::on;

/// The ledger of a folder. Opened by one process at a time: the one that has the lake's lock.
#[derive(Debug)]
pub struct FolderLedger {
    path: PathBuf,
    inside: Mutex<Inside>,
}

#[derive(Debug)]
struct Inside {
    file: File,
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
        Ok(Self { path: path.into(), inside: Mutex::new(Inside { file, length, lines, records }) })
    }

    /// Writes the ledger anew, with one line for each source, in the order of keys and versions.
    pub fn compact(&self) -> Result<()> {
        let mut inside = self.inside();
        if inside.lines == inside.records.len() {
            return Ok(());
        }
        let mut all: Vec<&Record> = inside.records.values().collect();
        all.sort_by(|a, b| (&a.key, &a.version).cmp(&(&b.key, &b.version)));
        let mut text = Vec::new();
        for record in all {
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
        inside.file = write().map_err(on("writing the ledger", &self.path))?;
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
    /// Appends a line, or nothing: where a disk is full, half a line would spoil the next one.
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(line) {
            self.file.set_len(self.length)?;
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
        self.put(&mut inside, Record::leased(lease, attempt))?;
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

    async fn note(&self, record: &Record) -> Result<()> {
        let mut inside = self.inside();
        match inside.records.get(&record.source_id) {
            Some(known) if !known.may_be_noted_over() => Ok(()),
            _ => self.put(&mut inside, record.clone()),
        }
    }
}
