//! Brings a zone's copies up to date: what it may have of its tables, and their catalog entries after
//! them; and takes out of the zone what it may not have any more.
//!
//! What was synced is noted for each table ([`manifest`]), with its mark of change. A pass over a table
//! whose mark is still the same takes the reading of the notes, however many objects there are; once a
//! day, and where there is no mark, it takes a listing of each side and nothing for an object, and finds
//! what somebody else did there. The notes are memory and not truth: without them, objects are told apart
//! by their fingerprints, and the worst that a lost note costs is time. A table is copied within S3 where
//! the zone may have all of it, and written anew where it may not.

mod compare;
mod copies;
mod manifest;
mod present;
mod rule;
mod table;
mod taken;

use serde::{Deserialize, Serialize};
use tarn_lake::{Bucket, Lake, Names, View, Zone, ZoneName};

use super::{changes, documents};
use crate::ports::{Catalog, Clock, ObjectStore, Projector, Scratch};
use crate::{Error, Kind, Result, RunKeys, ZoneItem};
use manifest::Notes;
use present::Present;
use table::TableSync;

/// Time that is kept for the notes, the catalog and the answer.
const RESERVE_MILLIS: i64 = 60_000;

/// The job. It serves one zone, with rights on that zone only.
#[derive(Clone, Copy)]
pub struct SyncZone<'a> {
    /// How the lake's resources are called.
    pub names: &'a Names,
    /// The zone this function serves.
    pub zone: &'a ZoneName,
    /// Reads silver, writes the zone's bucket; keeps the notes in the ops bucket.
    pub store: &'a dyn ObjectStore,
    /// Where the zone's tables are registered.
    pub catalog: &'a dyn Catalog,
    /// Tells what is due, and when time is up.
    pub clock: &'a dyn Clock,
    /// Gives room for what is written anew.
    pub scratch: &'a dyn Scratch,
    /// Makes the part of a file that the zone may have.
    pub projector: &'a dyn Projector,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Synced {
    /// Objects copied, or written anew.
    pub copied: u64,
    /// Objects that were up to date.
    pub unchanged: u64,
    /// Bytes of what was copied.
    pub bytes: u64,
    /// Objects that left the zone.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub deleted: u64,
    /// What was taken away because the zone may not have it any more, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<String>,
}

impl SyncZone<'_> {
    /// Brings every copy of the zone up to date, as far as there is time.
    pub async fn run(&self, item: &ZoneItem, deadline_millis: i64) -> Result<Synced> {
        if item.zone != *self.zone {
            let what = format!("this function serves zone {}, not {}", self.zone, item.zone);
            return Err(Error::new(Kind::Invalid, what));
        }
        let ops = self.names.bucket(&Bucket::Ops);
        let lake = documents::lake_of(self.store, &ops, &item.run).await?;
        let (zone, views) = views(&lake, self.zone)?;
        // Before anything is listed: what changes from now on is seen, or has another mark.
        let marks = changes::marks(self.store, &ops).await?;
        let mut present = Present::default();
        let notes = Notes::list(self).await?;

        let mut synced = Synced::default();
        let mut refused = Vec::new();
        for (part, view) in views {
            let mark = marks.get(view.table.name.as_str());
            let sync = TableSync {
                job: self,
                zone,
                schedule: &lake.schedule,
                part,
                view,
                notes: &notes,
                mark,
                deadline_millis,
            };
            match sync.run(&mut present, &mut synced).await {
                Err(error) if error.kind() == Kind::Invalid => refused.push(error),
                done => done?,
            }
        }
        taken::tables(self, zone, &notes, present, &mut synced).await?;
        if !synced.taken.is_empty() {
            let key = RunKeys(&item.run).synced_zone(self.zone);
            documents::write(self.store, &ops, &key, &synced).await?;
        }
        match refused.into_iter().next() {
            Some(error) => Err(error),
            None => Ok(synced),
        }
    }

    fn bucket(&self) -> String {
        self.names.bucket(&Bucket::Zone(self.zone.clone()))
    }

    fn silver(&self) -> String {
        self.names.bucket(&Bucket::Silver)
    }

    fn ops(&self) -> String {
        self.names.bucket(&Bucket::Ops)
    }
}

type Copies<'l> = Vec<(&'l tarn_lake::ZoneTable, View<'l>)>;

/// The zone, and what it sees of the tables that it has copies of.
fn views<'l>(lake: &'l Lake, zone: &ZoneName) -> Result<(&'l Zone, Copies<'l>)> {
    let gone = || Error::new(Kind::Invalid, format!("the run's lake has no zone {zone}"));
    let zone = lake.zone(zone).ok_or_else(gone)?;
    let view = |part: &'l tarn_lake::ZoneTable| {
        let lost = || Error::new(Kind::Invalid, format!("the run's lake has no table {}", part.name));
        lake.table(&part.name).map(|table| (part, View::of(zone, part, table))).ok_or_else(lost)
    };
    let views: Result<Copies<'l>> = zone.copies().map(view).collect();
    Ok((zone, views?))
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
