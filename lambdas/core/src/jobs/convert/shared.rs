//! The place in silver that all versions of a key share, in a table with `on_overwrite`.
//!
//! A name without the version is what makes a second version a question. In a table that replaces, the
//! newest version has the place; in one that rejects, the first that got it. Nobody's clock and no
//! order of ids decides which is newest, but landing's own listing, at the moment of writing:
//!
//! 1. Look what is there, or take it that nothing is.
//! 2. Ask landing whether a newer version came. If so, give way.
//! 3. Write, held against what was seen at 1. If that is not there any more, begin again.
//!
//! A worker that was overtaken between two of these steps finds at 3 that the newer one has written,
//! and at 2 that it came. So a place never goes back, whoever dies or lives on, and a worker that is
//! alive longer than its lease does no harm.
//!
//! The name is that of a key, `key-ID.parquet`, and not that of a source: the janitor judges objects by the
//! source that they are named after, and these it never does.
//!
//! A table with `partition_by` has a place in each folder, and a newer version may have no rows for
//! some. So a worker first announces its folders in a document of the key, by the same three steps, and
//! then writes all that were ever announced: those it has no rows for as files without rows. A worker
//! that was overtaken cannot announce any more, and finds something in every folder that it had.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tarn_lake::{Bucket, OnOverwrite, Table};

use super::{Convert, Written, documents};
use crate::ports::{Content, Created, Stored};
use crate::source::digest;
use crate::standing::{rejected, replaced};
use crate::{Error, Kind, Outcome, Result, SourceId, SourceVersion, Status, WorkItem};

/// Each try but the last met somebody who was faster, so this many writers at once are not met.
const MOST_TRIES: usize = 20;

/// A source and the place of its key.
pub(super) struct Shared<'a> {
    job: &'a Convert<'a>,
    item: &'a WorkItem,
    table: &'a Table,
}

/// How asking for the place ended.
enum Asked<T> {
    Ours(T),
    /// Another version has it.
    Lost(Outcome),
}

/// The folders that versions of a key have, or had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Folders {
    /// Who announced last.
    source: SourceId,
    folders: BTreeSet<String>,
}

impl<'a> Shared<'a> {
    pub fn new(job: &'a Convert<'a>, item: &'a WorkItem, table: &'a Table) -> Self {
        Self { job, item, table }
    }

    /// What becomes of the source if another version already has its place for good. `holder` has
    /// written there last, where that is known.
    pub async fn outdone(&self, holder: Option<&SourceId>) -> Result<Option<Outcome>> {
        match self.table.arrival.on_overwrite {
            OnOverwrite::Append => Ok(None),
            OnOverwrite::Replace => Ok(self.newer().await?.map(|newer| replaced(&self.item.source, &newer))),
            OnOverwrite::Reject => {
                let other = holder.filter(|holder| **holder != self.item.source.id());
                Ok(other.map(|_| rejected(&self.item.source, &self.table.name)))
            }
        }
    }

    /// A newer version in landing. One that is empty or was refused is none: the rows of the last good
    /// one stay.
    async fn newer(&self) -> Result<Option<String>> {
        let SourceVersion { bucket, key, version, .. } = &self.item.source;
        let listed = self.job.store.versions_of(bucket, key).await?;
        let newer = listed.into_iter().take_while(|listed| listed.version != *version);
        let newer: Vec<SourceVersion> = newer
            .filter(|listed| !listed.delete_marker && listed.object.size_bytes > 0)
            .map(|listed| SourceVersion::listed(bucket, listed))
            .collect();
        let ids: Vec<SourceId> = newer.iter().map(SourceVersion::id).collect();
        let known = if ids.is_empty() { Default::default() } else { self.job.ledger.records(&ids).await? };
        let counts = |id: &SourceId| known.get(id).is_none_or(|record| record.status != Status::Quarantined);
        Ok(newer.into_iter().zip(ids).find(|(_, id)| counts(id)).map(|(source, _)| source.version))
    }

    /// Writes to all places of the key, unless another version has them.
    pub async fn publish(&self, written: Written, mark: &str, outcome: Outcome) -> Result<(Status, Outcome)> {
        let mut files = written.silver;
        let mut folders: BTreeSet<String> = files.iter().map(|(folder, _)| folder.clone()).collect();
        if !self.table.placement.partition_by.is_empty() {
            match self.announce(&folders).await? {
                Asked::Ours(announced) => folders = announced,
                Asked::Lost(outcome) => return Ok((Status::Skipped, outcome)),
            }
        }
        let mut outputs = Vec::new();
        for folder in folders {
            let place = files.iter().position(|(of, _)| *of == folder);
            let content = match place {
                Some(place) => files.swap_remove(place).1,
                None => self.no_rows()?,
            };
            let id = key_id(&self.item.source);
            let key = format!("{}/{folder}key-{id}.parquet", self.table.name);
            match self.write(&key, &content, mark).await? {
                Asked::Ours(()) => outputs.push(key),
                Asked::Lost(outcome) => return Ok((Status::Skipped, outcome)),
            }
        }
        Ok((Status::Done, Outcome { outputs, ..outcome }))
    }

    /// Writes one object.
    async fn write(&self, key: &str, content: &Content, mark: &str) -> Result<Asked<()>> {
        let (store, silver) = (self.job.store, self.job.names.bucket(&Bucket::Silver));
        let mut there: Option<Stored> = None;
        for _ in 0..MOST_TRIES {
            let holder = there.as_ref().and_then(holder);
            if let Some(outcome) = self.outdone(holder.as_ref()).await? {
                return Ok(Asked::Lost(outcome));
            }
            let content = content.again().map_err(|error| unreadable(key, error))?;
            let is_ours = match &there {
                None => store.create(&silver, key, content, mark).await? == Created::New,
                Some(there) if there.fingerprint == mark => true,
                Some(there) => {
                    self.retire(holder.as_ref()).await?;
                    store.replace_if(&silver, key, content, mark, &there.tag).await?
                }
            };
            if is_ours {
                return Ok(Asked::Ours(()));
            }
            there = Some(store.stored(&silver, key).await?);
        }
        Err(too_many_writers(key))
    }

    /// Adds folders to those of the key, and gives all of them.
    async fn announce(&self, folders: &BTreeSet<String>) -> Result<Asked<BTreeSet<String>>> {
        let (store, silver) = (self.job.store, self.job.names.bucket(&Bucket::Silver));
        let key = format!("_keys/{}/{}.json", self.table.name, key_id(&self.item.source));
        let mut there: Option<(Stored, Folders)> = None;
        for _ in 0..MOST_TRIES {
            let holder = there.as_ref().map(|(_, known)| &known.source);
            if let Some(outcome) = self.outdone(holder).await? {
                return Ok(Asked::Lost(outcome));
            }
            let known = there.iter().flat_map(|(_, known)| &known.folders);
            let all = Folders {
                source: self.item.source.id(),
                folders: folders.iter().chain(known).cloned().collect(),
            };
            let is_ours = match &there {
                None => store.create(&silver, &key, written(&key, &all)?, "").await? == Created::New,
                Some((_, known)) if *known == all => true,
                Some((stored, _)) => {
                    self.retire(holder).await?;
                    store.replace_if(&silver, &key, written(&key, &all)?, "", &stored.tag).await?
                }
            };
            if is_ours {
                return Ok(Asked::Ours(all.folders));
            }
            // The tag first: should another document come in between, the tag is the older one's.
            let stored = store.stored(&silver, &key).await?;
            there = Some((stored, documents::read(store, &silver, &key).await?));
        }
        Err(too_many_writers(&key))
    }

    /// The ledger learns what becomes of the rows that are there, and before they go: should this
    /// worker die now, the next one of this source does it again.
    async fn retire(&self, holder: Option<&SourceId>) -> Result<()> {
        let own = self.item.source.id();
        match holder.filter(|holder| **holder != own) {
            Some(older) => {
                let outcome = replaced(&self.item.source, &self.item.source.version);
                let outcome = outcome.at(self.job.clock.now_millis());
                self.job.ledger.retire(older, &outcome).await
            }
            None => Ok(()),
        }
    }

    fn no_rows(&self) -> Result<Content> {
        let spool = self.job.converter.no_rows(self.table, self.job.scratch)?;
        spool.finish().map_err(|error| unreadable("a file without rows", error))
    }
}

/// What stands with an object: what its bytes are a function of, and whose rows they are.
pub(super) fn mark(fingerprint: &str, source: &SourceVersion) -> String {
    format!("{fingerprint}-{}", source.id())
}

/// Whose rows an object has; nothing for one that somebody else wrote.
fn holder(there: &Stored) -> Option<SourceId> {
    there.fingerprint.split_once('-').map(|(_, source)| SourceId::from(source.to_owned()))
}

/// The identity of a key, whatever the version.
fn key_id(source: &SourceVersion) -> String {
    digest(&[&source.bucket, &source.key])
}

fn written(key: &str, folders: &Folders) -> Result<Content> {
    let bytes = serde_json::to_vec(folders);
    bytes.map(Content::from).map_err(|error| Error::caused(Kind::Internal, format!("writing {key}"), error))
}

fn unreadable(key: &str, error: std::io::Error) -> Error {
    Error::caused(Kind::Unavailable, format!("reading what was spooled for {key}"), error)
}

fn too_many_writers(key: &str) -> Error {
    Error::new(Kind::Conflict, format!("{key} was written by others {MOST_TRIES} times meanwhile"))
}
