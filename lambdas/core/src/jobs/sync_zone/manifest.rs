//! What was synced of a table: a document in the ops bucket, `zones/ZONE/TABLE.json`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::SyncZone;
use crate::Result;
use crate::jobs::documents;

/// The notes on one table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Manifest {
    /// The rule that the objects were made by.
    pub rule: String,
    /// The last rule by which everything was made, old versions of another being gone.
    pub settled_rule: String,
    /// The columns that were folders.
    pub folders: Vec<String>,
    /// The columns that the zone saw.
    pub columns: BTreeSet<String>,
    /// Every column that was once kept from the zone. One that no layout has any more stays so.
    pub hidden: BTreeSet<String>,
    /// When all of it was up to date, in milliseconds since 1970.
    pub synced_millis: i64,
    /// The table's mark of change as it was before silver was listed, where all was brought up to date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// When silver and the zone were listed last, in milliseconds since 1970.
    #[serde(skip_serializing_if = "is_zero")]
    pub looked_millis: i64,
    /// Whether the zone has lost the table, and all of it is gone.
    pub gone: bool,
    /// Of each object in silver, what stands for it in the zone.
    pub objects: BTreeMap<String, Entry>,
}

fn is_zero(millis: &i64) -> bool {
    *millis == 0
}

/// What stands for an object: of which write of the original, and how large.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "(String, u64)", from = "(String, u64)")]
pub(super) struct Entry {
    /// The original's tag, as it was listed before it was read.
    pub tag: String,
    /// The copy's size; 0 where none of its rows may be seen, and so there is none.
    pub size_bytes: u64,
}

impl From<(String, u64)> for Entry {
    fn from((tag, size_bytes): (String, u64)) -> Self {
        Self { tag, size_bytes }
    }
}

impl From<Entry> for (String, u64) {
    fn from(entry: Entry) -> Self {
        (entry.tag, entry.size_bytes)
    }
}

/// Where the notes of a zone lie.
pub(super) fn prefix(job: &SyncZone) -> String {
    format!("zones/{}/", job.zone)
}

fn key(job: &SyncZone, table: &str) -> String {
    format!("{}{table}.json", prefix(job))
}

/// What is noted, by the keys. S3 says "access denied" of an object that is not there to a role that may
/// list parts of a bucket only, so nothing is read that was not listed.
pub(super) struct Notes(BTreeSet<String>);

impl Notes {
    /// Lists the notes of a zone.
    pub async fn list(job: &SyncZone<'_>) -> Result<Self> {
        let listed = job.store.list(&job.ops(), &prefix(job)).await?;
        Ok(Self(listed.into_iter().map(|object| object.key).collect()))
    }

    /// Whether there is an object of that key.
    pub fn has(&self, key: &str) -> bool {
        self.0.contains(key)
    }

    /// The tables that something is noted of.
    pub fn tables<'n>(&'n self, job: &SyncZone) -> impl Iterator<Item = &'n str> {
        let prefix = prefix(job);
        let table = move |key: &'n String| key.strip_prefix(&prefix)?.strip_suffix(".json");
        self.0.iter().filter_map(table).filter(|name| !name.contains('/'))
    }

    /// The notes on a table, if there are any.
    pub async fn load(&self, job: &SyncZone<'_>, table: &str) -> Result<Option<Manifest>> {
        let key = key(job, table);
        if !self.has(&key) {
            return Ok(None);
        }
        documents::read(job.store, &job.ops(), &key).await.map(Some)
    }
}

/// Writes the notes on a table.
pub(super) async fn save(job: &SyncZone<'_>, table: &str, manifest: &Manifest) -> Result<()> {
    documents::write(job.store, &job.ops(), &key(job, table), manifest).await
}
