//! A large file in parts: cut where rows seem to begin, converted in parts, put together to one object.
//!
//! Every byte is read once. Where to cut is told by a look at a few bytes behind each boundary, and a look
//! into the middle of a file can be wrong: quotes that were opened before it, and line ends inside them.
//! So every part is surveyed while it is converted, and who puts the parts together goes on only if the
//! surveys say that each of them is whole rows. If not, it converts the file whole.
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
//! engine cannot split it, nobody cut it. And where the parts together break a rule of the table, who
//! gathers them converts it whole, to refuse it with the very words that it would have got.

use std::ops::Range;

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tarn_lake::{Bucket, Captures, Lake};

use super::{Called, Convert, Converted, Labelled, Target, Written, caught, documents};
use crate::ports::{
    Content, Conversion, ConvertFault, Form, Gathered, Object, Opened, PartDone, PartOf, Piece, Splitter,
    Spool, Stretch,
};
use crate::{Claim, Error, Kind, Result, RunKeys, Split, Status, WorkItem};

/// For how long a run keeps a file for itself from its beginning on. A run that ends gives it back
/// earlier, also one that fails; one that needs longer shares it with the next, and one of them settles.
const LEASE_MILLIS: i64 = 40 * 60_000;

/// Small documents, and windows of a file, that are read at once.
const READS_AT_ONCE: usize = 16;

/// What is looked at behind a boundary to find a row's beginning. A row that is longer moves the
/// boundary to the next one.
const WINDOW_BYTES: u64 = 256 << 10;

/// Where a file is cut.
#[derive(Serialize, Deserialize)]
struct Cut {
    /// What the engine says of its beginning.
    opening: Value,
    /// Where rows begin, or seem to; each with the bytes to the next is a part.
    starts: Vec<u64>,
}

impl Cut {
    fn parts(&self, size_bytes: u64) -> Vec<Range<u64>> {
        let ends = self.starts.iter().skip(1).copied().chain([size_bytes]);
        self.starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
    }
}

/// What became of a part. Written last, so that what it speaks of is there.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Note {
    /// Whether the part alone is reason enough to refuse the file.
    refused: bool,
    rows: u64,
    bad_rows: u64,
    nulled_values: u64,
    faulty_rows: u64,
    /// Whether rejected rows were written beside it.
    rejects: bool,
    /// How much of its file's end tells what is in it.
    end_bytes: u64,
    /// What its bytes say of the rows' beginnings.
    survey: Value,
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

    fn cut(&self) -> String {
        format!("{}cut.json", self.below)
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

    /// Begins with the file: takes the lease, keeps the raw bytes, and says where it is cut.
    pub(super) async fn survey(&self, split: &Split, deadline_millis: i64) -> Result<Called> {
        let lake = self.lake(&split.item).await?;
        let Some(large) = self.large(&lake, split)? else { return Ok(Called::default()) };
        let lease = self.lease(&split.item, deadline_millis.saturating_add(LEASE_MILLIS));
        if let Claim::Taken(_) = self.ledger.lease(&lease).await? {
            return Ok(Called { taken: 1, ..Called::default() });
        }
        self.keep_raw(&split.item).await?;
        if let Some(opened) = self.opened(&large).await? {
            let starts = self.starts(&large, opened.start).await?;
            let cut = Cut { opening: opened.document, starts };
            documents::write(self.store, &large.ops, &large.cut(), &cut).await?;
        }
        Ok(Called::default())
    }

    /// What the engine says of the file's beginning; `None` if it cannot be split.
    async fn opened(&self, large: &Large<'_>) -> Result<Option<Opened>> {
        let (range, size_bytes) = (large.split.range(), large.item().source.size_bytes);
        let mut source = self.store.open_range(&large.item().source, range.clone()).await?;
        let opened =
            tokio::task::block_in_place(|| large.splitter.open(large.form(), &mut *source, size_bytes));
        // A file that is refused at its beginning is refused with the same words when it is read whole.
        match opened {
            Ok(opened) => Ok(opened.filter(|opened| opened.start < range.end)),
            Err(ConvertFault::Rejected(_)) => Ok(None),
            Err(ConvertFault::Failed(error)) => Err(error),
        }
    }

    /// Where rows seem to begin: the first, and one behind each boundary. Of two that are near each
    /// other only one.
    async fn starts(&self, large: &Large<'_>, first: u64) -> Result<Vec<u64>> {
        let range_bytes = large.split.range_bytes;
        let boundaries = (1..large.split.of).map(|nth| u64::from(nth).saturating_mul(range_bytes));
        let found: Vec<Option<u64>> = stream::iter(boundaries.map(|at| self.row_start(large, at)))
            .buffered(READS_AT_ONCE)
            .try_collect()
            .await?;
        let mut starts = vec![first];
        for start in found.into_iter().flatten() {
            if starts.last().is_some_and(|last| start.saturating_sub(*last) >= range_bytes / 2) {
                starts.push(start);
            }
        }
        Ok(starts)
    }

    async fn row_start(&self, large: &Large<'_>, boundary: u64) -> Result<Option<u64>> {
        let source = &large.item().source;
        let window = boundary..boundary.saturating_add(WINDOW_BYTES).min(source.size_bytes);
        let mut bytes = self.store.open_range(source, window).await?;
        let found =
            tokio::task::block_in_place(|| large.splitter.row_start(large.form(), boundary, &mut *bytes));
        found.map_err(failed)
    }

    /// Converts a part. What stands in the way of parts makes the first one the whole file.
    pub(super) async fn part(&self, split: &Split, deadline_millis: i64) -> Result<Called> {
        let lake = self.lake(&split.item).await?;
        let large = self.large(&lake, split)?;
        let cut = match &large {
            Some(large) => self.cut(large).await?,
            None => None,
        };
        match (large, cut) {
            (Some(large), Some(cut)) => {
                let parts = cut.parts(split.item.source.size_bytes);
                match parts.get(split.nth as usize) {
                    Some(part) if self.has_lease(&split.item).await? => self.stage(&large, part).await,
                    _ => Ok(Called::default()),
                }
            }
            _ if split.nth == 0 => {
                self.one(&lake, &split.item, deadline_millis).await.map(|converted| Called::one(&converted))
            }
            _ => Ok(Called::default()),
        }
    }

    /// Where a file is cut; `None` if it is to be converted whole.
    async fn cut(&self, large: &Large<'_>) -> Result<Option<Cut>> {
        let there = self.store.list(&large.ops, &large.cut()).await?;
        if there.is_empty() {
            return Ok(None);
        }
        let cut: Cut = documents::read(self.store, &large.ops, &large.cut()).await?;
        Ok(Some(cut).filter(|cut| cut.starts.len() > 1))
    }

    async fn has_lease(&self, item: &WorkItem) -> Result<bool> {
        let id = item.source.id();
        let record = self.ledger.records(std::slice::from_ref(&id)).await?.remove(&id);
        Ok(record.is_some_and(|record| record.status == Status::Leased && record.run == item.run))
    }

    /// Converts a part and puts it where it is gathered.
    async fn stage(&self, large: &Large<'_>, part: &Range<u64>) -> Result<Called> {
        let mut source = self.store.open_range(&large.item().source, part.clone()).await?;
        let mut rejects = self.scratch.spool().map_err(|error| no_room(large.item(), error))?;
        let form = large.form();
        let done = tokio::task::block_in_place(|| {
            large.splitter.convert_part(form, part.clone(), &mut *source, self.scratch, &mut *rejects)
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
        let Some(cut) = self.cut(&large).await? else { return Ok(Called::default()) };
        if !self.has_lease(&split.item).await? {
            return Ok(Called { taken: 1, ..Called::default() });
        }
        let attempt = match self.ledger.lease(&self.lease(&split.item, deadline_millis)).await? {
            Claim::Granted { attempt } => attempt,
            Claim::Taken(_) => return Ok(Called { taken: 1, ..Called::default() }),
        };
        let gathered = caught(&split.item, self.gathered(&large, &cut, attempt)).await;
        if let Err(error) = &gathered {
            self.give_back(&split.item, attempt, error).await;
        }
        gathered.map(|converted| Called::one(&converted))
    }

    async fn gathered(&self, large: &Large<'_>, cut: &Cut, attempt: u32) -> Result<Converted> {
        let notes = self.notes(large, cut.starts.len()).await?;
        let sum = |count: fn(&Note) -> u64| notes.iter().map(count).sum::<u64>();
        let all_rows = sum(|note| note.rows + note.bad_rows);
        let faulty_rows = sum(|note| note.faulty_rows);
        let (item, Target { table, layout, .. }) = (large.item(), large.target);
        let tolerated = large.splitter.tolerates(table, all_rows, faulty_rows);
        let parts = confirmed(large, cut, &notes)?.filter(|_| tolerated);
        let Some(parts) = parts else { return self.work(item, large.target, attempt).await };
        let rejects = self.rejects(large, &notes, &parts).await?;
        let silver = self.silver(large, &notes).await?;
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
    async fn rejects(&self, large: &Large<'_>, notes: &[Note], parts: &[PartOf]) -> Result<Content> {
        let no_room = |error| no_room(large.item(), error);
        let mut all = Labelled::new(self.scratch.spool().map_err(no_room)?, large.item())?;
        for (nth, (part, _)) in parts.iter().zip(notes).enumerate().filter(|(_, (_, note))| note.rejects) {
            let rejects = self.store.read(&large.ops, &large.part(nth, "jsonl")).await?;
            tokio::task::block_in_place(|| large.splitter.place_rejects(part, &rejects, &mut all))
                .map_err(failed)?;
        }
        all.finish().map_err(no_room)
    }

    /// The rows of all parts as one file. They stay where they are staged until the store puts them
    /// together.
    async fn silver(&self, large: &Large<'_>, notes: &[Note]) -> Result<Content> {
        let staged = self.staged_files(large, notes.len()).await?;
        let mut all = large.splitter.gather(large.form()).map_err(failed)?;
        for (Object { key, size_bytes, tag, .. }, note) in staged.iter().zip(notes) {
            let end = size_bytes.saturating_sub(note.end_bytes)..*size_bytes;
            let end = self.store.read_range(&large.ops, key, end, tag).await?;
            tokio::task::block_in_place(|| all.append(*size_bytes, end)).map_err(failed)?;
        }
        let gathered = tokio::task::block_in_place(|| all.finish()).map_err(failed)?;
        let piece = |gathered| match gathered {
            Gathered::Own(bytes) => Some(Piece::Bytes(bytes)),
            Gathered::Of(nth, range) => staged.get(nth).map(|Object { key, tag, .. }| {
                let (bucket, key, tag) = (large.ops.clone(), key.clone(), tag.clone());
                Piece::Stored(Stretch { bucket, key, range, tag })
            }),
        };
        Ok(Content::Joined(gathered.into_iter().filter_map(piece).collect()))
    }

    /// The files of all parts, in order.
    async fn staged_files(&self, large: &Large<'_>, parts: usize) -> Result<Vec<Object>> {
        let there = self.store.list(&large.ops, &large.below).await?;
        let file = |nth: usize| {
            let key = large.part(nth, "parquet");
            let found = there.iter().find(|object| object.key == key).cloned();
            found.ok_or_else(|| Error::new(Kind::NotFound, format!("{key} is not there any more")))
        };
        (0..parts).map(file).collect()
    }
}

impl Note {
    fn of(done: &PartDone, rejects: bool) -> Self {
        let Conversion { rows, bad_rows, nulled_values, .. } = done.conversion;
        Self {
            rows,
            bad_rows,
            nulled_values,
            faulty_rows: done.faulty_rows,
            rejects,
            end_bytes: done.end_bytes,
            survey: done.survey.clone(),
            ..Self::default()
        }
    }

    fn refused() -> Self {
        Self { refused: true, ..Self::default() }
    }
}

/// The parts as they were cut, if none was refused and each is whole rows.
fn confirmed(large: &Large<'_>, cut: &Cut, notes: &[Note]) -> Result<Option<Vec<PartOf>>> {
    if notes.iter().any(|note| note.refused) {
        return Ok(None);
    }
    let surveys: Vec<Value> = notes.iter().map(|note| note.survey.clone()).collect();
    let parts = large.splitter.parts(&cut.opening, &surveys).map_err(failed)?;
    let as_cut = cut.parts(large.item().source.size_bytes);
    Ok(Some(parts).filter(|parts| parts.iter().map(|part| &part.range).eq(&as_cut)))
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
