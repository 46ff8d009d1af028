//! The ledger, held against what lies in landing and in silver.
//!
//! A record is a promise: its rows are in silver, so no run needs its file. It is given back as it was
//! where that holds. Where the rows are gone and the file is there, it is opened again, and the next run
//! converts it into the same objects. Where both are gone it is history, and does no harm: whatever
//! comes into a bucket has another version then, and is new. A folder would know the file again, so
//! there such a record is opened too. Whether a new version is a copy of an old one whose rows are
//! there still, `copies` finds out.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt, stream};
use tarn_lake::Bucket;

use super::{Restoring, Under, lines};
use crate::jobs::backup::part;
use crate::{Kind, Record, Result, SourceId, SourceVersion, Status};

/// Who opens records again, in their history.
const BY: &str = "tarn restore";

/// Records that are asked for, and told of, at a time; and how many are written at once.
const BATCH: usize = 1_000;
const AT_ONCE: usize = 16;

/// What is where.
pub(super) struct Facts {
    /// Every version in landing.
    pub landing: HashMap<SourceId, SourceVersion>,
    /// Every object in silver.
    pub silver: HashSet<String>,
}

impl Facts {
    pub fn has_rows(&self, record: &Record) -> bool {
        record.outcome.outputs.iter().all(|key| self.silver.contains(key))
    }
}

/// What becomes of a record.
enum Fate {
    Same,
    Newer,
    Write(Box<Option<Record>>),
}

impl Under<'_> {
    pub(super) async fn ledger(&mut self) -> Result<()> {
        let facts = self.facts().await?;
        let at = self.set.manifest.began_millis;
        let set: Vec<Record> = lines(self.set, part::LEDGER)?;
        let can_come_back = |id: &SourceId| self.job.same_versions || facts.landing.contains_key(id);
        let now = |record: Record| match record.status {
            // Nobody works on it any more, whoever did when the set was made.
            Status::Leased => Record { lease_until_millis: 0, ..record },
            Status::Done if !facts.has_rows(&record) && can_come_back(&record.source_id) => {
                record.reopened(at, BY).unwrap_or(record)
            }
            _ => record,
        };
        let records: Vec<Record> = set.into_iter().map(now).collect();
        let of = records.len();
        (self.job.progress)(Restoring::Ledger { done: 0, of });
        for (nth, batch) in records.chunks(BATCH).enumerate() {
            self.batch(batch).await?;
            (self.job.progress)(Restoring::Ledger { done: (nth * BATCH + batch.len()), of });
        }
        (self.job.progress)(Restoring::Copies);
        self.copies(&records, &facts).await
    }

    async fn facts(&self) -> Result<Facts> {
        let landing = self.job.names.bucket(&Bucket::Landing);
        let versions = self.job.store.list_versions(&landing, "").await?.into_iter();
        let sources = versions.filter(|version| !version.delete_marker);
        let sources = sources.map(|version| SourceVersion::listed(&landing, version));
        let silver = self.job.store.list(&self.job.names.bucket(&Bucket::Silver), "").await?;
        Ok(Facts {
            landing: sources.map(|source| (source.id(), source)).collect(),
            silver: silver.into_iter().map(|object| object.key).collect(),
        })
    }

    async fn batch(&mut self, batch: &[Record]) -> Result<()> {
        let ids: Vec<SourceId> = batch.iter().map(|record| record.source_id.clone()).collect();
        let mut there = self.job.ledger.records(&ids).await?;
        let (force, dry_run, ledger) = (self.job.force, self.job.dry_run, self.job.ledger);
        let fates: Vec<(&Record, Fate)> = batch
            .iter()
            .map(|record| (record, fate(record, there.remove(&record.source_id), force)))
            .collect();
        let writes = fates.iter().filter_map(|(record, fate)| match fate {
            Fate::Write(over) => Some((*record, over.as_ref().as_ref())),
            _ => None,
        });
        let writes: Vec<_> = if dry_run { Vec::new() } else { writes.collect() };
        let written = stream::iter(writes).map(|(record, over)| ledger.restore(record, over));
        let written: Vec<Result<()>> = written.buffer_unordered(AT_ONCE).collect().await;
        for failed in written.into_iter().filter_map(Result::err) {
            // A run has it by now, and knows better.
            match failed.kind() {
                Kind::Conflict => self.done.failed.push(failed.chain()),
                _ => return Err(failed),
            }
        }
        fates.iter().for_each(|(record, fate)| self.count(record, fate));
        Ok(())
    }

    fn count(&mut self, record: &Record, fate: &Fate) {
        match fate {
            Fate::Same => self.done.records.same += 1,
            Fate::Newer => self.done.records.keep(record.key.clone()),
            Fate::Write(_) => {
                self.done.records.written += 1;
                self.done.reopened += u64::from(was_opened_here(record));
            }
        }
    }
}

fn was_opened_here(record: &Record) -> bool {
    record.status == Status::Reopened && record.history.last().is_some_and(|past| past.reopened_by == BY)
}

fn fate(record: &Record, there: Option<Record>, force: bool) -> Fate {
    match there {
        Some(there) if there == *record => Fate::Same,
        Some(there) if !force && progress(&there) >= progress(record) => Fate::Newer,
        there => Fate::Write(Box::new(there)),
    }
}

/// What only ever grows in a record.
fn progress(record: &Record) -> (u32, usize, i64) {
    (record.attempt, record.history.len(), record.outcome.settled_millis)
}
