//! Writes down what no other deployment brings back: catalog, rights, ledger, config, reports of runs.
//! The rows are not in it, nor the files that they were made of: they lie in buckets of their own.
//!
//! A set is of one moment. Nothing stops a run for it; everything is read twice, one reading after the
//! other, and where both say the same, all of it held at the moment between them. Records, grants and
//! tables do not go back to what they were without a trace (attempts only count up), so what is the
//! same twice was not another in between. While a run writes, the two differ, and it is tried again for
//! some minutes. A run that takes longer is not waited for: the set is made all the same, and its
//! manifest names the parts that moved. Such a set can be restored too: what the ledger does not know
//! yet is converted into the same objects, what the catalog does not have yet is registered by the next
//! run, and nobody has a lease any more.

mod collect;
mod ddl;
mod keep;
mod set;
mod shelf;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tarn_lake::{Bucket, Names};

pub use collect::{ReportOfSet, SettingsOfSet, TableOfSet, TagOfColumn, TagsOfSet, part};
pub(crate) use collect::{buckets, databases, is_report, is_role_of};
pub use set::{BackupSet, Broken, Listed, MANIFEST, Manifest, Part, sets};
pub use shelf::StoreShelf;

use crate::ports::{
    Administration, Clock, Content, Created, Filters, Ledger, Locations, ObjectStore, Registry, Rights,
    Shelf, Tags,
};
use crate::{Error, Kind, Result, RunKeys};
use set::{Piece, sha256};

/// How often it is looked for a moment at which nothing moves, and how long is waited in between.
const LOOKS: usize = 10;
const PAUSE: Duration = Duration::from_secs(20);

/// Left of the invocation when it stops looking: to read everything twice more, to write it and to read
/// it back.
const RESERVE_MILLIS: i64 = 300_000;

/// The job.
#[derive(Clone, Copy)]
pub struct Backup<'a> {
    /// How the lake's resources are called.
    pub names: &'a Names,
    /// Reads config and reports, writes sets.
    pub store: &'a dyn ObjectStore,
    /// Every record is in the set.
    pub ledger: &'a dyn Ledger,
    /// And every table.
    pub registry: &'a dyn Registry,
    /// And what Lake Formation has of the lake; a lake in a folder has none.
    pub governance: Option<Governance<'a>>,
    /// Names the set, and tells what is old.
    pub clock: &'a dyn Clock,
}

/// Lake Formation, as far as a backup and a restoration need it.
#[derive(Clone, Copy)]
pub struct Governance<'a> {
    /// Who administers.
    pub administration: &'a dyn Administration,
    /// Which buckets are looked after.
    pub locations: &'a dyn Locations,
    /// Who may do what.
    pub rights: &'a dyn Rights,
    /// Which rows of tables are granted.
    pub filters: &'a dyn Filters,
    /// How columns are tagged.
    pub tags: &'a dyn Tags,
}

/// What a backup is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupRequest {
    /// Whether sets stay that are more than are kept; they are told.
    #[serde(default)]
    pub keep_all: bool,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUp {
    /// The set.
    pub id: String,
    /// Its parts, the manifest not counted.
    pub parts: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Records of the ledger in it.
    pub records: u64,
    /// Tables in it.
    pub tables: u64,
    /// Parts that moved while it was made.
    pub moving: Vec<String>,
    /// Sets that are more than are kept, and what is left of those that were never finished.
    pub too_many: Vec<String>,
    /// Whether these are gone.
    pub removed: bool,
}

impl Backup<'_> {
    /// Writes a set, reads it back, and removes those that are more than are kept.
    pub async fn run(&self, request: &BackupRequest, deadline_millis: i64) -> Result<BackedUp> {
        let began_millis = self.clock.now_millis();
        let id = id_at(began_millis);
        let (pieces, moving) = self.settled(deadline_millis).await?;
        let mut manifest = Manifest::new(&id, self.names, began_millis);
        manifest.moving = moving;
        manifest.parts = pieces.iter().map(Piece::part).collect();
        for piece in &pieces {
            self.create(&id, &piece.name, Content::Bytes(piece.bytes.clone())).await?;
        }
        self.read_back(&manifest).await?;
        let done = told(&manifest);
        self.create(&id, MANIFEST, Content::Bytes(manifest.sealed()?)).await?;
        // The last look is that of whoever restores: through the manifest.
        BackupSet::whole(&self.shelf(), &id).await?;
        let too_many = self.tidy(&id, request.keep_all).await?;
        Ok(BackedUp { too_many, removed: !request.keep_all, ..done })
    }

    /// Where the lake keeps its sets.
    pub fn shelf(&self) -> StoreShelf<'_> {
        let bucket = self.names.bucket(&Bucket::Ops);
        StoreShelf { store: self.store, bucket, prefix: RunKeys::BACKUPS.into() }
    }

    /// Everything at a moment when nothing moved, or what moved.
    async fn settled(&self, deadline_millis: i64) -> Result<(Vec<Piece>, Vec<String>)> {
        let mut looks = 1;
        loop {
            let before = digests(&self.collect().await?);
            let pieces = self.collect().await?;
            let moving = differing(&before, &digests(&pieces));
            let is_late = self.clock.now_millis().saturating_add(RESERVE_MILLIS) > deadline_millis;
            if moving.is_empty() || looks == LOOKS || is_late {
                return Ok((pieces, moving));
            }
            looks += 1;
            self.clock.sleep(PAUSE).await;
        }
    }

    async fn create(&self, id: &str, name: &str, content: Content) -> Result<()> {
        let ops = self.names.bucket(&Bucket::Ops);
        match self.store.create(&ops, &format!("{}{id}/{name}", RunKeys::BACKUPS), content, "").await? {
            Created::New => Ok(()),
            Created::AlreadyThere => {
                let what = format!("the backup {id} is being made by somebody else; make another");
                Err(Error::new(Kind::Conflict, what))
            }
        }
    }

    /// What is on the shelf must be what is in the hand, before a manifest says so.
    async fn read_back(&self, manifest: &Manifest) -> Result<()> {
        for part in &manifest.parts {
            let bytes = self.shelf().read(&format!("{}/{}", manifest.id, part.name)).await?;
            if sha256(&bytes) != part.sha256 {
                let what =
                    format!("the backup {} was not written: {} came back otherwise", manifest.id, part.name);
                return Err(Error::new(Kind::Unavailable, what));
            }
        }
        Ok(())
    }
}

fn told(manifest: &Manifest) -> BackedUp {
    let count = |is: fn(&str) -> bool| {
        manifest.parts.iter().filter(|part| is(&part.name)).map(|part| part.count).sum::<u64>()
    };
    BackedUp {
        id: manifest.id.clone(),
        parts: manifest.parts.len() as u64,
        bytes: manifest.bytes(),
        records: count(|name| name == part::LEDGER),
        tables: count(|name| name.starts_with(part::CATALOG)),
        moving: manifest.moving.clone(),
        ..BackedUp::default()
    }
}

/// `20260131T023015123Z`: sets stand in the order of their making.
fn id_at(millis: i64) -> String {
    let moment = chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default();
    moment.format("%Y%m%dT%H%M%S%3fZ").to_string()
}

/// When a set was begun, by its name; nothing for what is no name of a set.
fn millis_of(id: &str) -> Option<i64> {
    let moment = chrono::NaiveDateTime::parse_from_str(id, "%Y%m%dT%H%M%S%3fZ").ok()?;
    Some(moment.and_utc().timestamp_millis())
}

fn digests(pieces: &[Piece]) -> BTreeMap<String, String> {
    pieces.iter().map(|piece| (piece.name.clone(), sha256(&piece.bytes))).collect()
}

/// What is not the same in both, or in one only.
fn differing(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let names = before.keys().chain(after.keys());
    let mut differing: Vec<String> =
        names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect();
    differing.sort();
    differing.dedup();
    differing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_named_by_its_moment() {
        assert_eq!(id_at(1_769_826_615_123), "20260131T023015123Z");
        assert_eq!(millis_of("20260131T023015123Z"), Some(1_769_826_615_123));
        for other in ["", "20260131", "notes", "20260131T023015Z"] {
            assert_eq!(millis_of(other), None, "{other}");
        }
    }
}
