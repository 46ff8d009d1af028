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
//!
//! Where files have a greatest size, a row group that would make one larger begins the next.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::sync::Arc;

use parquet::file::reader::Length;
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

/// Gives a place to a folder's file of a number.
type Open<'a, W> = Box<dyn FnMut(&str, usize) -> io::Result<W> + Send + 'a>;

/// All files of a conversion.
pub(crate) struct Outputs<'a, W: Write + Send> {
    spec: &'a Spec<'a>,
    schema: Arc<Type>,
    open: Open<'a, W>,
    files: BTreeMap<Arc<str>, File<W>>,
    /// Files that others of their folder have followed.
    full: Vec<Output<W>>,
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
    /// Counts the files of the folder, from 0.
    number: usize,
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
    /// Counts the files of the folder, from 0.
    pub number: usize,
    /// Its rows, at least one in a table with folders.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Up to the end of its row groups. Of a part, what is behind them tells all that is in them.
    pub row_group_bytes: u64,
    /// What it was written to.
    pub sink: W,
}

impl<'a, W: Write + Send> Outputs<'a, W> {
    pub fn new(
        spec: &'a Spec<'a>,
        schema: Arc<Type>,
        open: impl FnMut(&str, usize) -> io::Result<W> + Send + 'a,
        most_kept: usize,
    ) -> Self {
        Self {
            spec,
            schema,
            open: Box::new(open),
            files: BTreeMap::new(),
            full: Vec::new(),
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
        let Some(mut file) = self.files.remove(folder) else { return Ok(()) };
        while let Some(Place::Made(group)) = file.queue.pop_front_if(|place| matches!(place, Place::Made(_)))
        {
            if self.spec.file_bytes.is_some_and(|most| file.is_full(&group, most)) {
                file = self.follow(folder, file)?;
            }
            file.rows += group.rows as u64;
            file.silver.write(group.columns, spare)?;
        }
        self.files.insert(folder.clone(), file);
        Ok(())
    }

    /// Ends a file, and begins the next one of its folder.
    fn follow(&mut self, folder: &Arc<str>, mut file: File<W>) -> Result<File<W>, ConvertError> {
        let queue = std::mem::take(&mut file.queue);
        let next = File { queue, ..self.new_file(folder, file.number + 1)? };
        self.full.push(file.finish(folder)?);
        Ok(next)
    }

    fn new_file(&mut self, folder: &str, number: usize) -> Result<File<W>, ConvertError> {
        let sink = (self.open)(folder, number).map_err(ConvertError::Silver)?;
        let silver = Silver::new(self.spec, self.schema.clone(), sink)?;
        Ok(File { silver, number, rows: 0, queue: VecDeque::new() })
    }

    /// The file of a folder, opened when it is new.
    pub fn open(&mut self, folder: &str) -> Result<(), ConvertError> {
        self.file(&folder.into()).map(|_| ())
    }

    fn file(&mut self, folder: &Arc<str>) -> Result<&mut File<W>, ConvertError> {
        if !self.files.contains_key(folder) {
            let file = self.new_file(folder, 0)?;
            self.files.insert(folder.clone(), file);
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

    /// Writes all footers. Files come in the order of their folders and numbers.
    pub fn finish(self) -> Result<Vec<Output<W>>, ConvertError> {
        let mut outputs = self.full;
        for (folder, file) in self.files {
            outputs.push(file.finish(&folder)?);
        }
        outputs.sort_by(|one, other| (&one.folder, one.number).cmp(&(&other.folder, other.number)));
        Ok(outputs)
    }
}

impl<W: Write + Send> File<W> {
    /// Whether a row group would make it larger than it may be. A single one may.
    fn is_full(&self, next: &RowGroup, most: u64) -> bool {
        let next_bytes: u64 = next.columns.iter().map(Length::len).sum();
        self.rows > 0 && self.silver.bytes() + next_bytes > most
    }

    fn finish(self, folder: &str) -> Result<Output<W>, ConvertError> {
        let Self { silver, number, rows, .. } = self;
        let row_group_bytes = silver.bytes();
        let (bytes, sink) = silver.finish()?;
        Ok(Output { folder: folder.into(), number, rows, bytes, row_group_bytes, sink })
    }
}

impl Job {
    /// Its number, for [`Outputs::done`].
    pub fn number(&self) -> u64 {
        self.number
    }
}
