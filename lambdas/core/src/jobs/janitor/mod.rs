//! Removes what no source has any more: objects that a dead worker left, folders that a source left,
//! staged parts, and partitions without objects.
//!
//! Nothing is removed that a run could still count on. A run takes an object that is there with the
//! fingerprint of its own for written; so only what is settled for good is judged: an object of a source
//! that is done and does not name it, or that was refused, or that nobody will try again. What is still
//! open waits for the run that settles it. And only what has been there for longer than any worker
//! lives, as it was when it was looked at: the record is read again before anything goes, and a version
//! that came in between stays.
//!
//! Bronze is never touched: raw files are what everything else is made of. Neither are zones, which
//! follow silver by their own function.

mod orphans;
mod scheduled;

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use tarn_lake::{Bucket, Database, Lake, Names, Table, TableName};

use super::{changes, commit, documents};
use crate::ports::{Catalog, Clock, Ledger, Object, ObjectStore};
use crate::{Record, Result, RunKeys, SourceId, SourceVersion};
pub(in crate::jobs) use orphans::source_of;
use orphans::{Place, Verdict};

/// Younger things are let alone. The longest lease is that of a large file, an hour; a run may take a
/// day, and everything of it is settled then.
const AGE_MILLIS: i64 = 2 * 24 * 3_600_000;

/// Left of its time when a pass ends, so that it can say what it did: no listing is known to take longer.
const RESERVE_MILLIS: i64 = 120_000;

/// Examples that an answer shows.
const MOST_EXAMPLES: usize = 20;

/// Objects that nobody knows of may be this many in a table, or less than this part of it. More look
/// like a ledger that has lost its records, and then they are not orphans.
const FEW_UNKNOWN: usize = 10;
const PART_UNKNOWN: usize = 10;

/// The job.
#[derive(Clone, Copy)]
pub struct Janitor<'a> {
    /// How the lake's resources are called.
    pub names: &'a Names,
    /// Lists all buckets of the lake but bronze, and removes from silver, quarantine and ops.
    pub store: &'a dyn ObjectStore,
    /// Knows what is settled.
    pub ledger: &'a dyn Ledger,
    /// Where partitions are registered; without it they are let alone.
    pub catalog: Option<&'a dyn Catalog>,
    /// Tells what is old.
    pub clock: &'a dyn Clock,
}

/// What the janitor is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JanitorRequest {
    /// Only to tell what would go.
    #[serde(default)]
    pub dry_run: bool,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swept {
    /// Objects that no source has.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Partitions without objects.
    pub partitions: u64,
    /// Whether they are gone.
    pub removed: bool,
    /// Some of them, `KEY: REASON`.
    pub examples: Vec<String>,
    /// Tables in which so much is unknown to the ledger that nothing of it was touched.
    pub doubtful: Vec<String>,
    /// The table at which the time was up, if it was; the next one begins there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<TableName>,
}

/// One look at everything.
struct Pass {
    dry_run: bool,
    /// When it has to have ended.
    deadline_millis: i64,
    swept: Swept,
    /// Whether an object of the table went from silver.
    has_changed: bool,
}

/// An object that may be nobody's.
struct Suspect {
    bucket: String,
    object: Object,
    place: Place,
    source: SourceId,
}

impl Janitor<'_> {
    /// Looks at everything, and removes what no source has unless it is only to be told.
    pub async fn run(&self, request: &JanitorRequest) -> Result<Swept> {
        self.pass(&self.lake().await?, request, i64::MAX).await
    }

    async fn lake(&self) -> Result<Lake> {
        documents::read(self.store, &self.names.bucket(&Bucket::Ops), RunKeys::DEPLOYED_LAKE).await
    }

    async fn pass(&self, lake: &Lake, request: &JanitorRequest, deadline_millis: i64) -> Result<Swept> {
        let swept = Swept { removed: !request.dry_run, ..Swept::default() };
        let mut pass = Pass { dry_run: request.dry_run, deadline_millis, swept, has_changed: false };
        self.sweep_parts(&mut pass).await?;
        for table in &lake.tables {
            self.sweep_objects(table, &mut pass).await?;
            if pass.swept.unfinished.is_some() {
                break;
            }
            if let Some(catalog) = self.catalog {
                self.sweep_partitions(catalog, table, &mut pass).await?;
            }
        }
        Ok(pass.swept)
    }

    /// Objects of a table in silver and in quarantine. Zones are told of silver's by a mark, also where
    /// the pass ends with an error.
    async fn sweep_objects(&self, table: &Table, pass: &mut Pass) -> Result<()> {
        pass.has_changed = false;
        let swept = self.sweep_suspects(table, pass).await;
        if pass.has_changed {
            let by = format!("the janitor at {}", self.clock.now_millis());
            changes::mark(self.store, &self.names.bucket(&Bucket::Ops), &table.name, &by).await?;
        }
        swept
    }

    async fn sweep_suspects(&self, table: &Table, pass: &mut Pass) -> Result<()> {
        if self.is_late(pass, table) {
            return Ok(());
        }
        let suspects = self.suspects(table).await?;
        let records = self.records(&suspects).await?;
        let landed = self.landed(&suspects, &records).await?;
        let judge = |suspect: &Suspect| {
            let record = records.get(&suspect.source);
            orphans::verdict(record, suspect.place, &suspect.object.key, landed.contains(&suspect.source))
        };
        let (unknown, all) =
            (suspects.iter().filter(|of| judge(of) == Verdict::Unknown).count(), suspects.len());
        let is_doubtful = unknown > FEW_UNKNOWN && unknown * PART_UNKNOWN > all;
        if is_doubtful {
            let what = format!("{}: the ledger knows nothing of {unknown} of {all} objects", table.name);
            pass.swept.doubtful.push(what);
        }
        for suspect in &suspects {
            let verdict = judge(suspect);
            let Some(reason) = verdict.reason().filter(|_| !is_doubtful || verdict != Verdict::Unknown)
            else {
                continue;
            };
            if self.is_late(pass, table) {
                break;
            }
            if pass.dry_run || self.remove(suspect, verdict, &landed).await? {
                pass.swept.count(&suspect.object, reason);
                pass.has_changed |= !pass.dry_run && suspect.place == Place::Silver;
            }
        }
        Ok(())
    }

    /// Whether the time is up, and if so, notes where.
    fn is_late(&self, pass: &mut Pass, table: &Table) -> bool {
        let is_late = self.clock.now_millis().saturating_add(RESERVE_MILLIS) > pass.deadline_millis;
        if is_late {
            pass.swept.unfinished = Some(table.name.clone());
        }
        is_late
    }

    /// Everything of a table that is old enough and named after a source.
    async fn suspects(&self, table: &Table) -> Result<Vec<Suspect>> {
        let mut suspects = Vec::new();
        for place in Place::ALL {
            let bucket = self.names.bucket(&place.bucket());
            for object in self.store.list(&bucket, &place.prefix(&table.name)).await? {
                if let Some(source) = orphans::source_of(&object.key).filter(|_| self.is_old(&object)) {
                    suspects.push(Suspect { bucket: bucket.clone(), object, place, source });
                }
            }
        }
        Ok(suspects)
    }

    fn is_old(&self, object: &Object) -> bool {
        object.modified_millis.saturating_add(AGE_MILLIS) < self.clock.now_millis()
    }

    async fn records(&self, suspects: &[Suspect]) -> Result<HashMap<SourceId, Record>> {
        let ids: BTreeSet<SourceId> = suspects.iter().map(|suspect| suspect.source.clone()).collect();
        self.ledger.records(&ids.into_iter().collect::<Vec<_>>()).await
    }

    /// What lies in landing, where there is something that the ledger does not know: the next run plans
    /// it, so it is no orphan.
    async fn landed(
        &self,
        suspects: &[Suspect],
        records: &HashMap<SourceId, Record>,
    ) -> Result<HashSet<SourceId>> {
        if suspects.iter().all(|suspect| records.contains_key(&suspect.source)) {
            return Ok(HashSet::new());
        }
        let landing = self.names.bucket(&Bucket::Landing);
        let versions = self.store.list_versions(&landing, "").await?;
        Ok(versions.into_iter().map(|version| SourceVersion::listed(&landing, version).id()).collect())
    }

    /// Removes an object for good, unless it or its record is another by now; whether it did.
    async fn remove(&self, suspect: &Suspect, verdict: Verdict, landed: &HashSet<SourceId>) -> Result<bool> {
        let Suspect { bucket, object, place, source } = suspect;
        let listed = self.store.list_versions(bucket, &object.key).await?;
        let versions: Vec<_> =
            listed.into_iter().filter(|version| version.object.key == object.key).collect();
        let newest = versions.iter().map(|version| version.object.modified_millis).max();
        let record = self.ledger.records(std::slice::from_ref(source)).await?.remove(source);
        let again = orphans::verdict(record.as_ref(), *place, &object.key, landed.contains(source));
        if newest.is_none_or(|newest| newest > object.modified_millis) || again != verdict {
            return Ok(false);
        }
        // All of them, or the one before would be seen again.
        let doomed: Vec<(String, String)> =
            versions.into_iter().map(|version| (version.object.key, version.version)).collect();
        self.store.delete_versions(bucket, &doomed).await.map(|()| true)
    }

    /// Partitions are listed before objects: one that is registered in between has an object then.
    async fn sweep_partitions(&self, catalog: &dyn Catalog, table: &Table, pass: &mut Pass) -> Result<()> {
        let wanted = commit::catalog_table(self.names, table, &Database::Silver, &Bucket::Silver);
        let is_there = catalog.table(&wanted.database, &wanted.name).await?.is_some();
        if !is_there || wanted.partition_keys.is_empty() {
            return Ok(());
        }
        let mut empty = catalog.partitions(&wanted.database, &wanted.name).await?;
        let silver = self.names.bucket(&Bucket::Silver);
        for object in self.store.list(&silver, &format!("{}/", table.name)).await? {
            if let Some(partition) = commit::partition_of(&object.key, table, &wanted) {
                empty.remove(&partition.values);
            }
        }
        let empty: Vec<Vec<String>> = empty.into_iter().collect();
        for values in &empty {
            pass.swept.tell(format!("{}/{}: a partition without objects", table.name, values.join("/")));
        }
        pass.swept.partitions += empty.len() as u64;
        if !pass.dry_run && !empty.is_empty() {
            catalog.remove_partitions(&wanted.database, &wanted.name, &empty).await?;
        }
        Ok(())
    }

    /// Parts of large files, of runs that ended long ago.
    async fn sweep_parts(&self, pass: &mut Pass) -> Result<()> {
        let ops = self.names.bucket(&Bucket::Ops);
        let listed = self.store.list(&ops, RunKeys::SPLITS).await?;
        let old: Vec<Object> = listed.into_iter().filter(|object| self.is_old(object)).collect();
        let keys: HashSet<&str> = old.iter().map(|object| object.key.as_str()).collect();
        if !pass.dry_run && !old.is_empty() {
            let versions = self.store.list_versions(&ops, RunKeys::SPLITS).await?;
            let doomed = versions.into_iter().filter(|version| keys.contains(version.object.key.as_str()));
            let doomed: Vec<(String, String)> =
                doomed.map(|version| (version.object.key, version.version)).collect();
            self.store.delete_versions(&ops, &doomed).await?;
        }
        for object in &old {
            pass.swept.count(object, "a part of a run that has ended");
        }
        Ok(())
    }
}

impl Swept {
    fn count(&mut self, object: &Object, reason: &str) {
        self.objects += 1;
        self.bytes += object.size_bytes;
        self.tell(format!("{}: {reason}", object.key));
    }

    fn tell(&mut self, example: String) {
        if self.examples.len() < MOST_EXAMPLES {
            self.examples.push(example);
        }
    }
}
