//! Converts one landing object: lease, keep the raw bytes, write Parquet, settle.
//!
//! Exactly once does not rest on the ledger. The silver object's name is derived from the source
//! version, and its content from bytes, table and code; so a worker that died, a zombie and a
//! repetition all write the same object, and rows are never doubled.
//!
//! A table with `partition_by` has one object in each folder that the source has rows for. Folders and
//! content follow from the same things, so all of that holds for each of them. They become visible one
//! after the other, as any writer of Hive folders makes them. A worker that dies between two of them,
//! and a later run with another `partition_by`, may leave an object in a folder that the source does
//! not go to any more; the ledger's outputs name those that it does, and the janitor goes by them.

mod calls;
mod shared;
mod split;

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use serde::{Deserialize, Serialize};
use tarn_lake::{Bucket, Lake, Layout, Names, SchemaChange, Table, TableName};

use shared::Shared;

use super::labelled::Labelled;
use super::{changes, documents};
use crate::ports::{
    Clock, Content, Conversion, ConvertFault, Converter, Created, Ledger, ObjectStore, Rejected, Scratch,
    SilverFile,
};
use crate::source::digest;
use crate::{Claim, Error, Kind, Lease, Outcome, Result, SourceId, SourceVersion, Status, WorkItem};

pub use calls::Called;

/// Counts up when the bytes of an output change for the same input and configuration.
const CODE_VERSION: &str = "3";

/// Added to a worker's last moment: after it, the worker is surely dead.
const LEASE_MARGIN_MILLIS: i64 = 60_000;

/// The job.
#[derive(Clone, Copy)]
pub struct Convert<'a> {
    /// How the lake's resources are called.
    pub names: &'a Names,
    /// Reads landing; writes bronze, silver and quarantine.
    pub store: &'a dyn ObjectStore,
    /// Gives and settles leases.
    pub ledger: &'a dyn Ledger,
    /// Tells the time for the lease.
    pub clock: &'a dyn Clock,
    /// Gives room for what is being written.
    pub scratch: &'a dyn Scratch,
    /// The engine.
    pub converter: &'a dyn Converter,
}

/// What became of the source, in under 1 KB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Converted {
    /// `done`, `quarantined`, or `taken` when another worker has it.
    pub status: String,
    /// Rows in silver.
    pub rows: u64,
    /// Rows in quarantine.
    pub bad_rows: u64,
}

impl Convert<'_> {
    /// Converts one source, unless somebody else has.
    pub async fn run(&self, item: &WorkItem, deadline_millis: i64) -> Result<Converted> {
        let lake = self.lake(item).await?;
        self.one(&lake, item, deadline_millis).await
    }

    async fn lake(&self, item: &WorkItem) -> Result<Lake> {
        documents::lake_of(self.store, &self.names.bucket(&Bucket::Ops), &item.run).await
    }

    async fn one(&self, lake: &Lake, item: &WorkItem, deadline_millis: i64) -> Result<Converted> {
        let target = Target::of(lake, item)?;
        let attempt = match self.ledger.lease(&self.lease(item, deadline_millis)).await? {
            Claim::Granted { attempt } => attempt,
            Claim::Taken(_) => return Ok(Converted { status: "taken".into(), rows: 0, bad_rows: 0 }),
        };
        let worked = caught(item, self.work(item, target, attempt)).await;
        if let Err(error) = &worked {
            self.give_back(item, attempt, error).await;
        }
        worked
    }

    async fn work(&self, item: &WorkItem, target: Target<'_>, attempt: u32) -> Result<Converted> {
        let (status, outcome) = match self.outcome_of(item, target, attempt).await {
            Err(error) if self.is_gone(item, &error).await? => (Status::Skipped, gone(item)),
            outcome => outcome?,
        };
        self.settle(item, target, attempt, status, outcome).await
    }

    /// Marks the table as changed, for zones that have copies of it, and tells the ledger.
    async fn settle(
        &self,
        item: &WorkItem,
        target: Target<'_>,
        attempt: u32,
        status: Status,
        outcome: Outcome,
    ) -> Result<Converted> {
        let (id, ops) = (item.source.id(), self.names.bucket(&Bucket::Ops));
        if status == Status::Done && target.is_copied {
            changes::mark(self.store, &ops, &item.table, &format!("{id} at attempt {attempt}")).await?;
        }
        let outcome = outcome.at(self.clock.now_millis());
        self.ledger.settle(&id, &item.run, attempt, status, &outcome).await?;
        Ok(Converted { status: status.word().into(), rows: outcome.rows, bad_rows: outcome.bad_rows })
    }

    async fn outcome_of(
        &self,
        item: &WorkItem,
        target: Target<'_>,
        attempt: u32,
    ) -> Result<(Status, Outcome)> {
        let Target { table, layout, .. } = target;
        if let Some(outcome) = Shared::new(self, item, table).outdone(None).await? {
            return Ok((Status::Skipped, outcome));
        }
        self.keep_raw(item).await?;
        match self.rows_of(item, table, layout).await {
            Ok(written) => {
                let fingerprint = self.fingerprint(item, table, layout, None)?;
                self.publish(item, table, written, &fingerprint, attempt).await
            }
            Err(ConvertFault::Rejected(rejected)) => {
                Ok((Status::Quarantined, self.quarantine(item, rejected).await?))
            }
            Err(ConvertFault::Failed(error)) => Err(error),
        }
    }

    /// Whether something was not found because the source is not in landing any more. Somebody took it
    /// away after it was planned, and that is no failure.
    async fn is_gone(&self, item: &WorkItem, error: &Error) -> Result<bool> {
        if error.kind() != Kind::NotFound {
            return Ok(false);
        }
        let SourceVersion { bucket, key, version, .. } = &item.source;
        let there = self.store.versions_of(bucket, key).await?;
        Ok(there.iter().all(|listed| listed.version != *version))
    }

    /// Ends the lease of a worker that failed but lives, with its reason, so that the state
    /// machine's next try gets one. If this fails too, the lease runs out in its own time.
    async fn give_back(&self, item: &WorkItem, attempt: u32, error: &Error) {
        let (id, outcome) = (item.source.id(), Outcome::failed(error.chain()).at(self.clock.now_millis()));
        let _ = self.ledger.settle(&id, &item.run, attempt, Status::Failed, &outcome).await;
    }

    fn lease(&self, item: &WorkItem, deadline_millis: i64) -> Lease {
        Lease {
            source_id: item.source.id(),
            key: item.source.key.clone(),
            version: item.source.version.clone(),
            table: item.table.clone(),
            run: item.run.clone(),
            now_millis: self.clock.now_millis(),
            until_millis: deadline_millis + LEASE_MARGIN_MILLIS,
        }
    }

    /// Bronze is the source as it came, byte for byte.
    async fn keep_raw(&self, item: &WorkItem) -> Result<()> {
        let key = raw_key(&item.table, &item.source.id(), &item.source.key);
        self.store.copy(&item.source, &self.names.bucket(&Bucket::Bronze), &key).await
    }

    /// Runs the engine on a thread that may block.
    async fn rows_of(
        &self,
        item: &WorkItem,
        table: &Table,
        layout: &Layout,
    ) -> Result<Written, ConvertFault> {
        let failed = |what: &str, error: std::io::Error| {
            ConvertFault::Failed(Error::caused(
                Kind::Unavailable,
                format!("{what} {}", item.source.key),
                error,
            ))
        };
        let mut source = self.store.open(&item.source).await.map_err(ConvertFault::Failed)?;
        let rejects = self.scratch.spool().map_err(|e| failed("no room to convert", e))?;
        let mut rejects = Labelled::new(rejects, item).map_err(ConvertFault::Failed)?;
        let name = table.files.capture(&item.source.key).unwrap_or_default();
        let (conversion, silver) = tokio::task::block_in_place(|| {
            self.converter.convert(table, layout, &name, &mut *source, self.scratch, &mut rejects)
        })?;
        refuse_too_many_keys(&silver)?;
        let finish = |file: SilverFile| Ok((file.folder, file.spool.finish()?));
        let silver: std::io::Result<Vec<_>> = silver.into_iter().map(finish).collect();
        Ok(Written {
            conversion,
            silver: silver.map_err(|e| failed("writing Parquet of", e))?,
            rejects: Some(rejects.finish().map_err(|e| failed("writing rejected rows of", e))?),
        })
    }

    /// Makes the rows visible: rejected rows first, so that a visible file is never without them.
    async fn publish(
        &self,
        item: &WorkItem,
        table: &Table,
        mut written: Written,
        fingerprint: &str,
        attempt: u32,
    ) -> Result<(Status, Outcome)> {
        let id = item.source.id();
        let Conversion { rows, bad_rows, nulled_values, bytes_in, bytes_out, drift } =
            std::mem::take(&mut written.conversion);
        let quarantine = self.names.bucket(&Bucket::Quarantine);
        let key = format!("rows/{}/{id}.jsonl", item.table);
        // What was converted before may have rejected rows that it has no more.
        let is_due =
            bad_rows + nulled_values > 0 || (attempt > 1 && self.is_there(&quarantine, &key).await?);
        if let Some(rejects) = written.rejects.take().filter(|_| is_due) {
            self.store.replace(&quarantine, &key, rejects, fingerprint).await?;
        }
        let class = if drift.is_empty() { "" } else { "SCHEMA_EVOLVED" };
        let counts = Outcome { rows, bad_rows, nulled_values, bytes_in, bytes_out, ..Outcome::default() };
        let outcome = Outcome { class: class.into(), reason: drift, ..counts };
        if table.arrival.on_overwrite.is_shared() {
            let mark = shared::mark(fingerprint, &item.source);
            return Shared::new(self, item, table).publish(written, &mark, outcome).await;
        }
        let mut outputs = Vec::new();
        for (folder, content) in written.silver.into_iter().filter(|_| rows > 0) {
            let key = format!("{}/{folder}part-{id}.parquet", item.table);
            self.put_once(&key, content, fingerprint).await?;
            outputs.push(key);
        }
        Ok((Status::Done, Outcome { outputs, ..outcome }))
    }

    async fn is_there(&self, bucket: &str, key: &str) -> Result<bool> {
        Ok(self.store.list(bucket, key).await?.iter().any(|object| object.key == key))
    }

    fn fingerprint(
        &self,
        item: &WorkItem,
        table: &Table,
        layout: &Layout,
        range_bytes: Option<u64>,
    ) -> Result<String> {
        let parts = range_bytes.map(|bytes| format!("cut into parts of {bytes}"));
        let hashes = layout.hashed().chain(table.newest_layout().hashed()).next().is_some();
        let secret = Some(self.converter.mark_of_secret()).filter(|mark| hashes && !mark.is_empty());
        let also: Vec<&str> = secret.into_iter().chain(parts.as_deref()).collect();
        fingerprint(&item.source, table, layout, &also)
    }

    /// Writes the silver object. One of the same fingerprint has the same bytes already; one of
    /// another was made by other code or another configuration, and the lease holder replaces it.
    async fn put_once(&self, key: &str, content: Content, fingerprint: &str) -> Result<()> {
        let silver = self.names.bucket(&Bucket::Silver);
        let again = content.again().map_err(|error| {
            Error::caused(Kind::Unavailable, format!("reading what was spooled for {key}"), error)
        })?;
        match self.store.create(&silver, key, content, fingerprint).await? {
            Created::New => Ok(()),
            Created::AlreadyThere => match self.store.fingerprint(&silver, key).await? {
                Some(there) if there == fingerprint => Ok(()),
                _ => self.store.replace(&silver, key, again, fingerprint).await,
            },
        }
    }

    /// Says in the quarantine bucket why a file was refused; its bytes stay in bronze.
    async fn quarantine(&self, item: &WorkItem, rejected: Rejected) -> Result<Outcome> {
        let quarantine = self.names.bucket(&Bucket::Quarantine);
        let key = format!("files/{}/{}.json", item.table, item.source.id());
        let notice = serde_json::json!({
            "run": item.run, "table": item.table, "key": item.source.key, "version": item.source.version,
            "class": rejected.class, "reason": rejected.reason,
        });
        documents::write(self.store, &quarantine, &key, &notice).await?;
        Ok(Outcome {
            class: rejected.class,
            reason: rejected.reason,
            bytes_in: item.source.size_bytes,
            ..Outcome::default()
        })
    }
}

/// The ledger's record of a source holds the keys of all its outputs, and has 400 KB.
fn refuse_too_many_keys(files: &[SilverFile]) -> Result<(), ConvertFault> {
    const MOST_BYTES: usize = 200_000;
    let bytes: usize = files.iter().map(|file| file.folder.len() + 150).sum();
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    Err(ConvertFault::Rejected(Rejected {
        class: "TOO_MANY_PARTITIONS".into(),
        reason: format!(
            "the rows go to {} folders, and the ledger has no room for all their names; partition by a column of \
             fewer or shorter values, or write `cluster_by` instead",
            files.len()
        ),
    }))
}

/// A panic is a mistake of ours, and no reason to leave the files behind this one undone.
async fn caught<T>(item: &WorkItem, work: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
        let texts =
            [panic.downcast_ref::<&str>().copied(), panic.downcast_ref::<String>().map(String::as_str)];
        let text = texts.into_iter().flatten().next().unwrap_or("without a word");
        Err(Error::new(Kind::Internal, format!("converting {} panicked: {text}", item.source.key)))
    })
}

struct Written {
    conversion: Conversion,
    /// What goes to each folder.
    silver: Vec<(String, Content)>,
    rejects: Option<Content>,
}

/// Where the raw bytes of a source lie. Its own name stands at the end, for people; of a long one the
/// end, and in front of one that would be a way to a folder, a mark.
pub(super) fn raw_key(table: &TableName, id: &SourceId, key: &str) -> String {
    const LONGEST_KEY: usize = 1_024;
    let folder = format!("{table}/{id}/");
    let name = key.rsplit('/').next().unwrap_or_default();
    let mark = if name.bytes().all(|byte| byte == b'.') { "_" } else { "" };
    let too_long = (folder.len() + name.len()).saturating_sub(LONGEST_KEY);
    let begins = (too_long..name.len()).find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    format!("{folder}{mark}{}", name.get(begins..).unwrap_or_default())
}

/// What became of a source that nobody can read any more.
fn gone(item: &WorkItem) -> Outcome {
    let reason = "it was taken out of landing after the run had found it".into();
    Outcome { class: "GONE".into(), reason, bytes_in: item.source.size_bytes, ..Outcome::default() }
}

/// What a source becomes.
#[derive(Clone, Copy)]
struct Target<'l> {
    table: &'l Table,
    layout: &'l Layout,
    /// Whether a zone has copies of the table.
    is_copied: bool,
}

impl<'l> Target<'l> {
    fn of(lake: &'l Lake, item: &WorkItem) -> Result<Self> {
        let is_copied = lake.is_copied(&item.table);
        let target =
            |table: &'l Table| Some(Self { table, layout: table.layouts.get(item.layout)?, is_copied });
        lake.table(&item.table).and_then(target).ok_or_else(|| {
            let what =
                format!("the lake of run {} has no layout {} of table {}", item.run, item.layout, item.table);
            Error::new(Kind::Invalid, what)
        })
    }
}

/// What the output's bytes are a function of: source, table, layout and code, and `also` what applies:
/// where columns are hashed, the secret; of a file in parts where they may begin, since a row group ends
/// with its part.
fn fingerprint(source: &SourceVersion, table: &Table, layout: &Layout, also: &[&str]) -> Result<String> {
    let newest = table.newest_layout();
    let words = serde_json::to_string(&(
        &table.csv,
        &table.bad_rows,
        &table.unique,
        &table.placement,
        layout,
        newest,
    ))
    .map_err(|error| Error::caused(Kind::Internal, "the table cannot be written as JSON", error))?;
    // What has its default is left out, so that it is the fingerprint of before there was a choice.
    let change = Some(table.arrival.schema_change).filter(|change| *change != SchemaChange::Strict);
    let change: Vec<&str> = change.map(SchemaChange::word).into_iter().collect();
    let source = source.id();
    Ok(digest(&[&[source.as_str(), CODE_VERSION, &words], also, &change].concat()))
}
