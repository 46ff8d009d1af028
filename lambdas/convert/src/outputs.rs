//! The Parquet files of a conversion, one for each folder, and the rows of small folders until they
//! are enough for a row group.
//!
//! What comes here comes in the order of the file, one thread at a time, so everything decided here
//! follows from the text alone. Row groups that are still to be made of kept rows are given out as
//! [`Job`]s; each has its place in the folder's file from the beginning, and is written when all
//! before it are.
//!
//! Rows are kept for all folders together up to the size of a row group's text. Beyond it the folder
//! that has most of them gives up its own. So a file with a few small folders has one row group in
//! each, and one with hundreds of equal ones has row groups of their share of that memory.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::sync::Arc;

use parquet::schema::types::Type;

use crate::kept::Kept;
use crate::parted::{self, Made, RowGroup};
use crate::silver::Silver;
use crate::{ConvertError, Spec};

/// A row group to be made of kept rows.
pub(crate) struct Job {
    number: u64,
    pub folder: Arc<str>,
    pub rows: Kept,
}

/// Gives a folder's file a place.
type Open<'a, W> = Box<dyn FnMut(&str) -> io::Result<W> + Send + 'a>;

/// All files of a conversion.
pub(crate) struct Outputs<'a, W: Write + Send> {
    spec: &'a Spec<'a>,
    schema: Arc<Type>,
    open: Open<'a, W>,
    files: BTreeMap<Arc<str>, File<W>>,
    kept: BTreeMap<Arc<str>, Kept>,
    kept_bytes: usize,
    most_kept: usize,
    jobs: VecDeque<Job>,
    /// Counts jobs.
    number: u64,
}

/// A file of one folder.
struct File<W: Write + Send> {
    silver: Silver<W>,
    rows: u64,
    /// Row groups that wait for those before them.
    queue: VecDeque<Place>,
}

/// The place of a row group in its file.
enum Place {
    Made(RowGroup),
    Job(u64),
}

/// A file that is whole.
#[derive(Debug)]
pub struct Output<W> {
    /// `event=view/`, empty in a table without folders.
    pub folder: String,
    /// Its rows, at least one in a table with folders.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// What it was written to.
    pub sink: W,
}

impl<'a, W: Write + Send> Outputs<'a, W> {
    pub fn new(
        spec: &'a Spec<'a>,
        schema: Arc<Type>,
        open: impl FnMut(&str) -> io::Result<W> + Send + 'a,
        most_kept: usize,
    ) -> Self {
        Self {
            spec,
            schema,
            open: Box::new(open),
            files: BTreeMap::new(),
            kept: BTreeMap::new(),
            kept_bytes: 0,
            most_kept,
            jobs: VecDeque::new(),
            number: 0,
        }
    }

    /// Takes what the next part of the text became.
    pub fn take(&mut self, made: Made, spare: &mut Vec<Vec<u8>>) -> Result<(), ConvertError> {
        for (folder, rows) in made.carried {
            self.carry(folder, rows);
        }
        for group in made.groups {
            let folder = group.folder.clone();
            self.give_out(&folder)?;
            self.file(&folder)?.queue.push_back(Place::Made(group));
            self.write(&folder, spare)?;
        }
        self.refuse_too_many()?;
        while self.kept_bytes > self.most_kept {
            // Of equal ones the last by name.
            let Some((folder, _)) = self.kept.iter().max_by_key(|(_, rows)| rows.bytes()) else { break };
            let folder = folder.clone();
            self.give_out(&folder)?;
        }
        Ok(())
    }

    fn carry(&mut self, folder: Arc<str>, rows: Kept) {
        self.kept_bytes += rows.bytes();
        match self.kept.get_mut(&folder) {
            Some(kept) => {
                self.kept_bytes -= kept.bytes() + rows.bytes();
                kept.append(&rows);
                self.kept_bytes += kept.bytes();
            }
            None => {
                self.kept.insert(folder, rows);
            }
        }
    }

    /// Makes a job of what is kept of a folder.
    fn give_out(&mut self, folder: &Arc<str>) -> Result<(), ConvertError> {
        let Some(rows) = self.kept.remove(folder) else { return Ok(()) };
        self.kept_bytes -= rows.bytes();
        let number = self.number;
        self.number += 1;
        self.file(folder)?.queue.push_back(Place::Job(number));
        self.jobs.push_back(Job { number, folder: folder.clone(), rows });
        Ok(())
    }

    /// Makes jobs of all that is kept: nothing more comes.
    pub fn give_out_all(&mut self) -> Result<(), ConvertError> {
        let folders: Vec<Arc<str>> = self.kept.keys().cloned().collect();
        folders.iter().try_for_each(|folder| self.give_out(folder))
    }

    /// A row group that somebody should make.
    pub fn job(&mut self) -> Option<Job> {
        self.jobs.pop_front()
    }

    /// Takes the row group of a job.
    pub fn done(&mut self, job: u64, group: RowGroup, spare: &mut Vec<Vec<u8>>) -> Result<(), ConvertError> {
        let folder = group.folder.clone();
        let queue = &mut self.file(&folder)?.queue;
        if let Some(place) =
            queue.iter_mut().find(|place| matches!(place, Place::Job(number) if *number == job))
        {
            *place = Place::Made(group);
        }
        self.write(&folder, spare)
    }

    /// Writes the row groups of a folder that wait for nothing.
    fn write(&mut self, folder: &Arc<str>, spare: &mut Vec<Vec<u8>>) -> Result<(), ConvertError> {
        let Some(file) = self.files.get_mut(folder) else { return Ok(()) };
        while let Some(Place::Made(_)) = file.queue.front() {
            if let Some(Place::Made(group)) = file.queue.pop_front() {
                file.rows += group.rows as u64;
                file.silver.write(group.columns, spare)?;
            }
        }
        Ok(())
    }

    /// The file of a folder, opened when it is new.
    pub fn open(&mut self, folder: &str) -> Result<(), ConvertError> {
        self.file(&folder.into()).map(|_| ())
    }

    fn file(&mut self, folder: &Arc<str>) -> Result<&mut File<W>, ConvertError> {
        if !self.files.contains_key(folder) {
            let sink = (self.open)(folder).map_err(ConvertError::Silver)?;
            let silver = Silver::new(self.spec, self.schema.clone(), sink)?;
            self.files.insert(folder.clone(), File { silver, rows: 0, queue: VecDeque::new() });
        }
        self.files.get_mut(folder).ok_or_else(|| ConvertError::Spec("a file is lost".into()))
    }

    fn refuse_too_many(&self) -> Result<(), ConvertError> {
        let limit = self.spec.placement.max_partitions as usize;
        let new = self.kept.keys().filter(|folder| !self.files.contains_key(*folder));
        if self.spec.placement.partition_by.is_empty() || self.files.len() + new.clone().count() <= limit {
            return Ok(());
        }
        let names: Vec<&str> = self.files.keys().chain(new).map(AsRef::as_ref).collect();
        Err(parted::too_many(self.spec, &names))
    }

    /// Writes all footers.
    pub fn finish(self) -> Result<Vec<Output<W>>, ConvertError> {
        let finish = |(folder, file): (Arc<str>, File<W>)| {
            let (bytes, sink) = file.silver.finish()?;
            Ok(Output { folder: folder.to_string(), rows: file.rows, bytes, sink })
        };
        self.files.into_iter().map(finish).collect()
    }
}

impl Job {
    /// Its number, for [`Outputs::done`].
    pub fn number(&self) -> u64 {
        self.number
    }
}
