//! Gives a deployed lake back what a set of a backup says of it, and what is newer stays.
//!
//! A deployment makes the lake: stacks, buckets, databases, and the rights that its own file means. A
//! restoration adds what came to it since: tables and partitions, rights and tags that others gave, the
//! ledger, the reports of runs. So no right comes back that a newer `lake.toml` took away; what the
//! deployment should have given and has not is told.
//!
//! Every step compares first and writes what is missing, so that a restoration can be interrupted and
//! made again. What is there and is not what the set says is newer, and stays unless it is forced.

mod catalog;
mod copies;
mod ledger;
mod renamed;
mod rights;
mod strays;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tarn_lake::{Bucket, Lake, Names};

use super::backup::{BackupSet, Governance, ReportOfSet, is_report, part};
use super::documents;
use crate::ports::{Created, Ledger, ObjectStore, Registry};
use crate::{Error, Kind, Result, RunKeys};
use renamed::Renamed;

/// How many of what stayed are named.
const MOST_NAMED: usize = 20;

/// The job.
#[derive(Clone, Copy)]
pub struct Restore<'a> {
    /// How the resources of the lake are called that is restored.
    pub names: &'a Names,
    /// The lake that stands there, where it is no deployment that says it: in a folder.
    pub lake: Option<&'a Lake>,
    /// Its buckets.
    pub store: &'a dyn ObjectStore,
    /// Its ledger.
    pub ledger: &'a dyn Ledger,
    /// Its catalog.
    pub registry: &'a dyn Registry,
    /// Its part of Lake Formation; a lake in a folder has none.
    pub governance: Option<Governance<'a>>,
    /// Whether a file that is put back has the version that it had: in a folder, where a version is a
    /// hash, and not in a bucket.
    pub same_versions: bool,
    /// Whether what is newer is overwritten.
    pub force: bool,
    /// Whether it is only told what would be done.
    pub dry_run: bool,
    /// Is told how far it is.
    pub progress: &'a (dyn Fn(Restoring) + Send + Sync),
}

/// How far a restoration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restoring {
    /// Tables and partitions.
    Catalog,
    /// Rights, filters and tags.
    Rights,
    /// So many records of so many.
    Ledger {
        /// Looked at.
        done: usize,
        /// In the set.
        of: usize,
    },
    /// Files in landing that may be copies of what is in silver.
    Copies,
    /// Reports of runs.
    Reports,
}

/// What became of things of a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tallied {
    /// Written, or to be written.
    pub written: u64,
    /// There already.
    pub same: u64,
    /// Otherwise there, so newer, and left as they are.
    pub newer: u64,
    /// Some of these.
    pub named: Vec<String>,
}

/// What was given back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The set.
    pub id: String,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Tables.
    pub tables: Tallied,
    /// Partitions.
    pub partitions: Tallied,
    /// Rights that the lake's file does not mean.
    pub rights: Tallied,
    /// Tags that it does not mean.
    pub tags: Tallied,
    /// Records of the ledger.
    pub records: Tallied,
    /// Reports of runs.
    pub reports: Tallied,
    /// Records of files that are in landing and whose rows are not in silver: the next run converts them.
    pub reopened: u64,
    /// Files in landing that are copies of versions whose rows are in silver: no run takes them.
    pub copies: u64,
    /// Files that may be such copies, with nothing left to compare them with: no run takes them.
    pub perhaps_copies: Vec<String>,
    /// What the set has and the deployment did not give.
    pub lacks: Vec<String>,
    /// What could not be given back, and why.
    pub failed: Vec<String>,
}

impl Tallied {
    fn keep(&mut self, what: impl Into<String>) {
        self.newer += 1;
        if self.named.len() < MOST_NAMED {
            self.named.push(what.into());
        }
    }
}

/// A restoration that is under way.
struct Under<'a> {
    job: Restore<'a>,
    set: &'a BackupSet,
    /// The lake of the set.
    then: Lake,
    /// The lake that stands.
    now: Lake,
    /// How the set calls things.
    from: Names,
    renamed: Renamed,
    done: Restored,
}

impl<'a> Restore<'a> {
    /// Gives back what the set has.
    pub async fn run(&self, set: &'a BackupSet) -> Result<Restored> {
        let ops = self.names.bucket(&Bucket::Ops);
        let now: Lake = match self.lake {
            Some(lake) => lake.clone(),
            None => documents::read(self.store, &ops, RunKeys::DEPLOYED_LAKE).await?,
        };
        let then: Lake = document(set, part::LAKE)?;
        if then.name != now.name {
            let what = format!("the backup is of the lake `{}`, and this is `{}`", then.name, now.name);
            return Err(Error::new(Kind::Invalid, what));
        }
        let from = Names::new(
            then.name.clone(),
            then.environment.name.clone(),
            set.manifest.account.clone(),
            set.manifest.region.clone(),
        );
        let renamed = Renamed::new(&then, &from, self.names);
        let done = Restored { id: set.manifest.id.clone(), dry_run: self.dry_run, ..Restored::default() };
        let mut under = Under { job: *self, set, then, now, from, renamed, done };
        (self.progress)(Restoring::Catalog);
        under.catalog().await?;
        if let Some(governance) = self.governance.filter(|_| set.parts.contains_key(part::RIGHTS)) {
            (self.progress)(Restoring::Rights);
            under.govern(governance).await?;
        }
        under.ledger().await?;
        (self.progress)(Restoring::Reports);
        under.reports().await?;
        Ok(under.done)
    }
}

impl Under<'_> {
    /// A report is written once, by its run; one that is there is that one.
    async fn reports(&mut self) -> Result<()> {
        let ops = self.job.names.bucket(&Bucket::Ops);
        for ReportOfSet { key, report } in lines::<ReportOfSet>(self.set, part::REPORTS)? {
            if !is_report(&key) {
                self.done.failed.push(format!("{key:?} is no place of a report"));
                continue;
            }
            if self.job.dry_run {
                self.done.reports.written += 1;
                continue;
            }
            match self.job.store.create(&ops, &key, pretty(&report)?.into(), "").await? {
                Created::New => self.done.reports.written += 1,
                Created::AlreadyThere => self.done.reports.same += 1,
            }
        }
        Ok(())
    }
}

fn pretty(document: &Value) -> Result<Vec<u8>> {
    let bytes = serde_json::to_vec_pretty(document);
    bytes.map_err(|error| Error::caused(Kind::Internal, "a report cannot be written as JSON", error))
}

fn bytes_of<'s>(set: &'s BackupSet, name: &str) -> Result<&'s Bytes> {
    let missing = || Error::new(Kind::Invalid, format!("the backup {} has no {name}", set.manifest.id));
    set.parts.get(name).ok_or_else(missing)
}

fn document<T: DeserializeOwned>(set: &BackupSet, name: &str) -> Result<T> {
    serde_json::from_slice(bytes_of(set, name)?).map_err(|error| unreadable(set, name, error))
}

fn lines<T: DeserializeOwned>(set: &BackupSet, name: &str) -> Result<Vec<T>> {
    let lines = bytes_of(set, name)?.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).map_err(|error| unreadable(set, name, error))).collect()
}

/// It is as it was written, by its hash; so a newer tarn wrote it.
fn unreadable(set: &BackupSet, name: &str, error: serde_json::Error) -> Error {
    let tarn = &set.manifest.tarn;
    let what =
        format!("{name} of the backup {}, by tarn {tarn}, cannot be read by this tarn", set.manifest.id);
    Error::caused(Kind::Invalid, what, error)
}
