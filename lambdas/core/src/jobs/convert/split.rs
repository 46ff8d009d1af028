//! A large file in parts: looked at in ranges, converted in parts, put together to one object.
//!
//! Nobody sees a part of it. Parts are staged in the ops bucket, under their run; the last step makes
//! one Parquet file of them and writes it under the name that the file would have had in any case. So
//! all that holds for a file converted whole holds here: one object, one record, one lease, one
//! settling, and whoever repeats a step writes the same bytes under the same name.
//!
//! The lease is the run's. It is taken with the file's beginning and by who puts the parts together;
//! those in between look whether the run still has it. What they write is a function of the file and
//! of the run's lake, so two who do the same do no harm.
//!
//! Where anything stands in the way of parts, the first part's worker converts the file whole: the
//! engine cannot split it, a survey is missing. And where the parts together break a rule of the table,
//! who gathers them converts it whole, to refuse it with the very words that it would have got.

use std::io::Write;

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tarn_lake::{Bucket, Captures, Lake};

use super::{Called, Convert, Converted, Labelled, Target, Written, caught, documents};
use crate::ports::{Content, Conversion, ConvertFault, Form, PartDone, PartOf, Splitter, Spool};
use crate::{Claim, Error, Kind, Result, RunKeys, Split, Status, WorkItem};

/// For how long a run keeps a file for itself from its beginning on. A run that ends gives it back
/// earlier, also one that fails; one that needs longer shares it with the next, and one of them settles.
const LEASE_MILLIS: i64 = 40 * 60_000;

/// Small documents that are read at once.
const READS_AT_ONCE: usize = 16;

/// What the engine says of a file's beginning.
#[derive(Serialize, Deserialize)]
struct Beginning {
    document: Value,
}

/// What became of a part. Written last, so that what it speaks of is there.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Note {
    /// Whether the part alone is reason enough to refuse the file.
    refused: bool,
    rows: u64,
    bad_rows: u64,
    nulled_values: u64,
    faulty_rows: u64,
    /// Whether rejected rows were written beside it.
    rejects: bool,
}

/// A file, and where its parts lie.
struct Large<'a> {
    split: &'a Split,
    target: Target<'a>,
    name: Captures,
    splitter: &'a dyn Splitter,
    ops: String,
    below: String,
}

impl Large<'_> {
    fn form(&self) -> Form<'_> {
        Form { table: self.target.table, layout: self.target.layout, name: &self.name }
    }

    fn item(&self) -> &WorkItem {
        &self.split.item
    }

    fn beginning(&self) -> String {
        format!("{}beginning.json", self.below)
    }

    fn survey(&self, nth: u32) -> String {
        format!("{}survey-{nth:05}.json", self.below)
    }

    fn part(&self, nth: usize, ending: &str) -> String {
        format!("{}part-{nth:05}.{ending}", self.below)
    }
}

impl Convert<'_> {
    fn large<'a>(&'a self, lake: &'a Lake, split: &'a Split) -> Result<Option<Large<'a>>> {
        let target = Target::of(lake, &split.item)?;
        let Some(splitter) = self.converter.splitter() else { return Ok(None) };
        let source = &split.item.source;
        Ok(Some(Large {
            split,
            target,
            name: target.table.files.capture(&source.key).unwrap_or_default(),
            splitter,
            ops: self.names.bucket(&Bucket::Ops),
            below: RunKeys(&split.item.run).split(&source.id()),
        }))
    }

    /// Looks at one range. The first one begins with the file: with the lease, the raw bytes, and where
    /// the rows begin.
    pub(super) async fn survey(&self, split: &Split, deadline_millis: i64) -> Result<Called> {
        let lake = self.lake(&split.item).await?;
        let Some(large) = self.large(&lake, split)? else { return Ok(Called::default()) };
        let range = split.range();
        if split.nth > 0 {
            self.survey_from(&large, range.start).await?;
            return Ok(Called::default());
        }
        let lease = self.lease(&split.item, deadline_millis.saturating_add(LEASE_MILLIS));
        if let Claim::Taken(_) = self.ledger.lease(&lease).await? {
            return Ok(Called { taken: 1, ..Called::default() });
        }
        self.keep_raw(&split.item).await?;
        let mut source = self.store.open_range(&split.item.source, range.clone()).await?;
        let size_bytes = split.item.source.size_bytes;
        let opened =
            tokio::task::block_in_place(|| large.splitter.open(large.form(), &mut *source, size_bytes));
        // A file that is refused at its beginning is refused with the same words when it is read whole.
        let opened = match opened {
            Ok(opened) => opened.filter(|opened| opened.start < range.end),
            Err(ConvertFault::Rejected(_)) => None,
            Err(ConvertFault::Failed(error)) => return Err(error),
        };
        if let Some(opened) = opened {
            self.survey_from(&large, opened.start).await?;
            let beginning = Beginning { document: opened.document };
            documents::write(self.store, &large.ops, &large.beginning(), &beginning).await?;
        }
        Ok(Called::default())
    }

    async fn survey_from(&self, large: &Large<'_>, start: u64) -> Result<()> {
        let range = start..large.split.range().end;
        let mut source = self.store.open_range(&large.item().source, range).await?;
        let surveyed =
            tokio::task::block_in_place(|| large.splitter.survey(large.form(), start, &mut *source));
        let survey = surveyed.map_err(failed)?;
        documents::write(self.store, &large.ops, &large.survey(large.split.nth), &survey).await
    }

    /// Converts the part that begins in the range. What stands in the way of parts makes the first one
    /// the whole file.
    pub(super) async fn part(&self, split: &Split, deadline_millis: i64) -> Result<Called> {
        let lake = self.lake(&split.item).await?;
        let large = self.large(&lake, split)?;
        let parts = match &large {
            Some(large) => self.parts(large).await?,
            None => None,
        };
        match (large, parts) {
            (Some(large), Some(parts)) => match parts.get(split.nth as usize) {
                Some(part) if self.has_lease(&split.item).await? => self.stage(&large, part).await,
                _ => Ok(Called::default()),
            },
            _ if split.nth == 0 => {
                self.one(&lake, &split.item, deadline_millis).await.map(|converted| Called::one(&converted))
            }
            _ => Ok(Called::default()),
        }
    }

    /// The parts of a file; `None` if it is to be converted whole.
    async fn parts(&self, large: &Large<'_>) -> Result<Option<Vec<PartOf>>> {
        let keys: Vec<String> = (0..large.split.of).map(|nth| large.survey(nth)).collect();
        let there = self.store.list(&large.ops, &large.below).await?;
        let is_there = |key: &String| there.binary_search_by(|object| object.key.cmp(key)).is_ok();
        if !keys.iter().all(is_there) || !is_there(&large.beginning()) {
            return Ok(None);
        }
        let beginning: Beginning = documents::read(self.store, &large.ops, &large.beginning()).await?;
        let read = |key: String| async move { documents::read::<Value>(self.store, &large.ops, &key).await };
        let surveys: Vec<Value> =
            stream::iter(keys.into_iter().map(read)).buffered(READS_AT_ONCE).try_collect().await?;
        let range_bytes = large.split.range_bytes;
        let parts = large.splitter.parts(&beginning.document, &surveys, range_bytes).map_err(failed)?;
        Ok(Some(parts).filter(|parts| parts.len() > 1))
    }

    async fn has_lease(&self, item: &WorkItem) -> Result<bool> {
        let id = item.source.id();
        let record = self.ledger.records(std::slice::from_ref(&id)).await?.remove(&id);
        Ok(record.is_some_and(|record| record.status == Status::Leased && record.run == item.run))
    }

    /// Converts a part and puts it where it is gathered.
    async fn stage(&self, large: &Large<'_>, part: &PartOf) -> Result<Called> {
        let mut source = self.store.open_range(&large.item().source, part.range.clone()).await?;
        let mut rejects = self.scratch.spool().map_err(|error| no_room(large.item(), error))?;
        let form = large.form();
        let done = tokio::task::block_in_place(|| {
            large.splitter.convert_part(form, &part.document, &mut *source, self.scratch, &mut *rejects)
        });
        let note = match done {
            Ok(done) => self.staged(large, done, rejects).await?,
            Err(ConvertFault::Rejected(_)) => Note::refused(),
            Err(ConvertFault::Failed(error)) => return Err(error),
        };
        let key = large.part(large.split.nth as usize, "json");
        documents::write(self.store, &large.ops, &key, &note).await?;
        Ok(Called { rows: note.rows, bad_rows: note.bad_rows, ..Called::default() })
    }

    async fn staged(&self, large: &Large<'_>, done: PartDone, rejects: Box<dyn Spool>) -> Result<Note> {
        let nth = large.split.nth as usize;
        let note = Note::of(&done, !rejects.is_empty());
        let no_room = |error| no_room(large.item(), error);
        if note.rejects {
            let content = rejects.finish().map_err(no_room)?;
            self.store.replace(&large.ops, &large.part(nth, "jsonl"), content, "").await?;
        }
        let content = done.silver.spool.finish().map_err(no_room)?;
        self.store.replace(&large.ops, &large.part(nth, "parquet"), content, "").await?;
        Ok(note)
    }

    /// Puts the parts together and settles the file. Nothing is to be done where it was converted whole,
    /// or where another run has it.
    pub(super) async fn gather(&self, split: &Split, deadline_millis: i64) -> Result<Called> {
        let lake = self.lake(&split.item).await?;
        let Some(large) = self.large(&lake, split)? else { return Ok(Called::default()) };
        let Some(parts) = self.parts(&large).await? else { return Ok(Called::default()) };
        if !self.has_lease(&split.item).await? {
            return Ok(Called { taken: 1, ..Called::default() });
        }
        let attempt = match self.ledger.lease(&self.lease(&split.item, deadline_millis)).await? {
            Claim::Granted { attempt } => attempt,
            Claim::Taken(_) => return Ok(Called { taken: 1, ..Called::default() }),
        };
        let gathered = caught(&split.item, self.gathered(&large, &parts, attempt)).await;
        if let Err(error) = &gathered {
            self.give_back(&split.item, attempt, error).await;
        }
        gathered.map(|converted| Called::one(&converted))
    }

    async fn gathered(&self, large: &Large<'_>, parts: &[PartOf], attempt: u32) -> Result<Converted> {
        let notes = self.notes(large, parts.len()).await?;
        let sum = |count: fn(&Note) -> u64| notes.iter().map(count).sum::<u64>();
        let all_rows = sum(|note| note.rows + note.bad_rows);
        let faulty_rows = sum(|note| note.faulty_rows);
        let (item, Target { table, layout, .. }) = (large.item(), large.target);
        if notes.iter().any(|note| note.refused) || !large.splitter.tolerates(table, all_rows, faulty_rows) {
            return self.work(item, large.target, attempt).await;
        }
        let rejects = self.rejects(large, &notes).await?;
        let silver = self.silver(large, parts.len()).await?;
        let bytes_out = silver.len().map_err(|error| no_room(item, error))?;
        let conversion = Conversion {
            rows: sum(|note| note.rows),
            bad_rows: sum(|note| note.bad_rows),
            nulled_values: sum(|note| note.nulled_values),
            bytes_in: item.source.size_bytes,
            bytes_out,
            // A file with another header than its layout's is not split.
            drift: String::new(),
        };
        let written = Written { conversion, silver: vec![(String::new(), silver)], rejects: Some(rejects) };
        let fingerprint = self.fingerprint(item, table, layout, Some(large.split.range_bytes))?;
        let (status, outcome) = self.publish(item, table, written, &fingerprint, attempt).await?;
        self.settle(item, large.target, attempt, status, outcome).await
    }

    /// What became of all parts; an error if one is not there.
    async fn notes(&self, large: &Large<'_>, parts: usize) -> Result<Vec<Note>> {
        let there = self.store.list(&large.ops, &large.below).await?;
        let keys: Vec<String> = (0..parts).map(|nth| large.part(nth, "json")).collect();
        for (nth, key) in keys.iter().enumerate() {
            if there.binary_search_by(|object| object.key.cmp(key)).is_err() {
                let what =
                    format!("part {} of {parts} of {} was not converted", nth + 1, large.item().source.key);
                return Err(Error::new(Kind::NotFound, what));
            }
        }
        let read = |key: String| async move { documents::read(self.store, &large.ops, &key).await };
        stream::iter(keys.into_iter().map(read)).buffered(READS_AT_ONCE).try_collect().await
    }

    /// The rejected rows of all parts, in the order of the file.
    async fn rejects(&self, large: &Large<'_>, notes: &[Note]) -> Result<Content> {
        let no_room = |error| no_room(large.item(), error);
        let mut all = Labelled::new(self.scratch.spool().map_err(no_room)?, large.item())?;
        for (nth, _) in notes.iter().enumerate().filter(|(_, note)| note.rejects) {
            let part = self.store.read(&large.ops, &large.part(nth, "jsonl")).await?;
            tokio::task::block_in_place(|| all.write_all(&part)).map_err(no_room)?;
        }
        all.finish().map_err(no_room)
    }

    /// The rows of all parts as one file.
    async fn silver(&self, large: &Large<'_>, parts: usize) -> Result<Content> {
        let no_room = |error| no_room(large.item(), error);
        let spool = self.scratch.spool().map_err(no_room)?;
        let mut all = large.splitter.gather(large.form(), spool).map_err(failed)?;
        for nth in 0..parts {
            let part = self.store.read(&large.ops, &large.part(nth, "parquet")).await?;
            tokio::task::block_in_place(|| all.append(part)).map_err(failed)?;
        }
        tokio::task::block_in_place(|| all.finish()).map_err(failed)?.finish().map_err(no_room)
    }
}

impl Note {
    fn of(done: &PartDone, rejects: bool) -> Self {
        let PartDone { conversion, faulty_rows, .. } = done;
        let Conversion { rows, bad_rows, nulled_values, .. } = *conversion;
        Self { refused: false, rows, bad_rows, nulled_values, faulty_rows: *faulty_rows, rejects }
    }

    fn refused() -> Self {
        Self { refused: true, rows: 0, bad_rows: 0, nulled_values: 0, faulty_rows: 0, rejects: false }
    }
}

/// Of what cannot be a file's fault at that place.
fn failed(fault: ConvertFault) -> Error {
    match fault {
        ConvertFault::Failed(error) => error,
        ConvertFault::Rejected(rejected) => {
            Error::new(Kind::Invalid, format!("a file in parts: {}: {}", rejected.class, rejected.reason))
        }
    }
}

fn no_room(item: &WorkItem, error: std::io::Error) -> Error {
    Error::caused(Kind::Unavailable, format!("no room for the parts of {}", item.source.key), error)
}
