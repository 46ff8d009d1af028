//! Everything that is known of one file: what lies in landing, which table it fits, what the ledger
//! says, what came of it, and what happens to it next. Also of a file that no run has seen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tarn_lake::{Bucket, Day, Lake, Names, TableName};

use super::documents;
use super::plan_run::{Class, classify};
use crate::ports::{Clock, Ledger, ObjectStore};
use crate::{Kind, Plan, Record, Result, RunKeys, RunReport, Selection, SourceId, SourceVersion, Status};

/// Rejected rows are read whole; of more than so many bytes only the place is told.
const MOST_REJECTED_BYTES: u64 = 64 << 20;

/// The job.
#[derive(Clone, Copy)]
pub struct Why<'a> {
    /// How the lake's resources are called.
    pub names: &'a Names,
    /// Reads what lies there.
    pub store: &'a dyn ObjectStore,
    /// Knows what became of every source.
    pub ledger: &'a dyn Ledger,
    /// Tells which leases have run out.
    pub clock: &'a dyn Clock,
    /// The lake by which the next run will work.
    pub lake: &'a Lake,
}

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Story {
    /// Its landing key.
    pub key: String,
    /// What its name fits, whether or not it is there.
    pub fits: Fits,
    /// Whether it was deleted in landing; older versions are deliveries all the same.
    pub deleted: bool,
    /// Its versions, the newest first.
    pub versions: Vec<Version>,
}

/// What a file fits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Fits {
    /// The table.
    pub table: Option<TableName>,
    /// Which of the table's layouts, from 0, and since which day it holds.
    pub layout: Option<(usize, Option<Day>)>,
    /// Why it is not converted: the class.
    pub class: String,
    /// And in words.
    pub reason: String,
}

/// One version of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Its id.
    pub version: String,
    /// The identity by which the ledger and the names of objects know it.
    pub source_id: SourceId,
    /// Its size in landing, and when it landed; `None` once it is not there any more.
    pub landed: Option<Landed>,
    /// What the next run takes it for.
    pub fits: Fits,
    /// What the ledger says.
    pub record: Option<Record>,
    /// What it became in silver.
    pub outputs: Vec<Output>,
    /// Its rejected rows, where it has some.
    pub rejected: Option<Rejections>,
    /// What the run that wrote the record said of the file.
    pub run: Option<RunStory>,
    /// What happens next.
    pub next: String,
}

/// A version as it lies in landing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Landed {
    /// Its bytes.
    pub size_bytes: u64,
    /// Since when, in milliseconds since 1970.
    pub millis: i64,
}

/// An object in silver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Output {
    /// Its key.
    pub key: String,
    /// Its size; `None` if it is not there.
    pub size_bytes: Option<u64>,
}

/// The rejected rows of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejections {
    /// Where they lie in quarantine.
    pub key: String,
    /// How many there are; `None` where they were not read.
    pub rows: Option<u64>,
    /// The first of them.
    pub first: Vec<Rejection>,
}

/// A rejected row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The line it begins on.
    pub line: u64,
    /// Where it begins in the decompressed text.
    pub byte_offset: u64,
    /// What is wrong with it.
    pub reason: String,
    /// The row; only where it was asked for, since it holds what the file holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

/// What a run said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunStory {
    /// Which layout it read the file by, from 0, where its plan is still there.
    pub layout: Option<usize>,
    /// Whether it has a report.
    pub is_reported: bool,
    /// What its report says of the file.
    pub remarks: Vec<String>,
}

/// What of the rejected rows is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// How many of the first ones.
    pub most: usize,
    /// Whether the rows themselves are.
    pub raw: bool,
}

impl Why<'_> {
    /// Tells the story of a file.
    pub async fn file(&self, key: &str, rows: Rows) -> Result<Story> {
        let landing = self.names.bucket(&Bucket::Landing);
        let found = self.store.list_versions(&landing, key).await?;
        let found: Vec<_> = found.into_iter().filter(|version| version.object.key == key).collect();
        let newest =
            found.iter().max_by_key(|version| (version.object.modified_millis, version.delete_marker));
        let deleted = newest.is_some_and(|version| version.delete_marker);
        let sources = found.into_iter().filter(|version| !version.delete_marker);
        let landed: Vec<SourceVersion> =
            sources.map(|version| SourceVersion::listed(&landing, version)).collect();
        let of_key = Selection { prefix: key.to_owned(), ..Selection::default() };
        let records = self.ledger.select(&of_key).await?.into_iter().filter(|record| record.key == key);

        let mut known: BTreeMap<SourceId, (Option<SourceVersion>, Option<Record>)> = BTreeMap::new();
        for record in records {
            let story = known.entry(record.source_id.clone()).or_default();
            story.1 = Some(record);
        }
        for source in landed {
            let story = known.entry(source.id()).or_default();
            story.0 = Some(source);
        }
        let mut versions = Vec::with_capacity(known.len());
        for (source_id, (source, record)) in known {
            versions.push(self.version(source_id, source, record, rows).await?);
        }
        versions.sort_by_key(|version| std::cmp::Reverse(since(version)));
        Ok(Story {
            key: key.to_owned(),
            fits: self.fits(&imagined(&landing, key, self.clock)),
            deleted,
            versions,
        })
    }

    async fn version(
        &self,
        source_id: SourceId,
        source: Option<SourceVersion>,
        record: Option<Record>,
        rows: Rows,
    ) -> Result<Version> {
        let fits = source.as_ref().map(|source| self.fits(source)).unwrap_or_default();
        let landed = source
            .as_ref()
            .map(|source| Landed { size_bytes: source.size_bytes, millis: source.landed_millis });
        let version = source.map(|source| source.version);
        let version = version.or_else(|| record.as_ref().map(|record| record.version.clone()));
        let next = self.next(record.as_ref(), landed.is_some(), &fits);
        let (mut outputs, mut rejected, mut run) = (Vec::new(), None, None);
        if let Some(record) = &record {
            outputs = self.outputs(record).await?;
            rejected = self.rejected(record, rows).await?;
            run = Some(self.run(record).await?);
        }
        let version = version.unwrap_or_default();
        Ok(Version { version, source_id, landed, fits, record, outputs, rejected, run, next })
    }

    fn fits(&self, source: &SourceVersion) -> Fits {
        match classify(self.lake, source) {
            Class::Convert { table, layout } => {
                let from = self.lake.table(&table).and_then(|table| table.layouts.get(layout)?.from);
                Fits { table: Some(table), layout: Some((layout, from)), ..Fits::default() }
            }
            Class::Skip { class, reason } => Fits { class: class.to_owned(), reason, ..Fits::default() },
        }
    }

    async fn outputs(&self, record: &Record) -> Result<Vec<Output>> {
        let silver = self.names.bucket(&Bucket::Silver);
        let mut outputs = Vec::new();
        for key in &record.outcome.outputs {
            let there = self.store.list(&silver, key).await?;
            let size_bytes = there.iter().find(|object| object.key == *key).map(|object| object.size_bytes);
            outputs.push(Output { key: key.clone(), size_bytes });
        }
        Ok(outputs)
    }

    async fn rejected(&self, record: &Record, rows: Rows) -> Result<Option<Rejections>> {
        let outcome = &record.outcome;
        let Some(table) = record.table.as_ref().filter(|_| outcome.bad_rows + outcome.nulled_values > 0)
        else {
            return Ok(None);
        };
        let quarantine = self.names.bucket(&Bucket::Quarantine);
        let key = format!("rows/{table}/{}.jsonl", record.source_id);
        let there = self.store.list(&quarantine, &key).await?;
        if there.iter().all(|object| object.size_bytes > MOST_REJECTED_BYTES) {
            return Ok(Some(Rejections { key, rows: None, first: Vec::new() }));
        }
        let bytes = self.store.read(&quarantine, &key).await?;
        let lines = || bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let read = |line| serde_json::from_slice::<Rejection>(line).ok();
        let told = |rejection: Rejection| Rejection { raw: rejection.raw.filter(|_| rows.raw), ..rejection };
        let first = lines().take(rows.most).filter_map(read).map(told).collect();
        Ok(Some(Rejections { key, rows: Some(lines().count() as u64), first }))
    }

    async fn run(&self, record: &Record) -> Result<RunStory> {
        let ops = self.names.bucket(&Bucket::Ops);
        let keys = RunKeys(&record.run);
        let report: Option<RunReport> = found(documents::read(self.store, &ops, &keys.report()).await)?;
        let plan: Option<Plan> = found(documents::read(self.store, &ops, &keys.plan()).await)?;
        let item = |plan: Plan| plan.work.into_iter().find(|item| item.source.id() == record.source_id);
        let about = format!("{}: ", record.key);
        let is_reported = report.is_some();
        let remarks = report.map(|report| report.remarks).unwrap_or_default();
        let remarks = remarks.into_iter().filter_map(|remark| remark.strip_prefix(&about).map(str::to_owned));
        let layout = plan.and_then(item).map(|item| item.layout);
        Ok(RunStory { layout, is_reported, remarks: remarks.collect() })
    }

    fn next(&self, record: Option<&Record>, is_landed: bool, fits: &Fits) -> String {
        if !is_landed {
            return "nothing: this version is not in landing any more".into();
        }
        let would = match &fits.table {
            Some(_) => "the next run converts it".to_owned(),
            None => format!("the next run skips it: {}: {}", fits.class, fits.reason),
        };
        let Some(record) = record else { return would };
        match record.status {
            Status::Leased if record.lease_until_millis >= self.clock.now_millis() => {
                format!("run {} works on it", record.run)
            }
            Status::Leased => format!("its worker of run {} died; {would}", record.run),
            Status::Reopened => format!("it was opened again; {would}"),
            Status::Done => "nothing: its rows are in silver".into(),
            Status::Quarantined => {
                "nothing, until other bytes are sent, or it is opened again with `tarn reprocess`".into()
            }
            Status::Skipped => would,
            Status::Failed if record.attempt < record.most_attempts() => would,
            Status::Failed => format!(
                "nothing: it failed {} times; `tarn reprocess` lets it be tried again",
                record.attempt
            ),
        }
    }
}

/// Nothing, where a paper of a run is not there: the run is under way, or its papers have expired.
fn found<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(paper) => Ok(Some(paper)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A file of that name that landed now.
fn imagined(landing: &str, key: &str, clock: &dyn Clock) -> SourceVersion {
    SourceVersion {
        bucket: landing.into(),
        key: key.into(),
        version: String::new(),
        size_bytes: 1,
        landed_millis: clock.now_millis(),
    }
}

fn since(version: &Version) -> i64 {
    let settled = version.record.as_ref().map(|record| record.outcome.settled_millis);
    version.landed.map(|landed| landed.millis).or(settled).unwrap_or_default()
}
