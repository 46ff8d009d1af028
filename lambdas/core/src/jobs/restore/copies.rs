//! Files in landing that are copies of versions whose rows are in silver.
//!
//! A landing bucket that was filled again has the same files under other version ids, and a version is
//! what a source is: a run would convert them all, and every row would be in silver twice. Key and size
//! say what may be a copy, and the raw bytes in bronze whether it is one. Where bronze has them no
//! more, nobody can tell; then the file is left out of runs and named, since a row twice is found by
//! nobody, and a file that is left out by whoever reads this. To send it again has it converted.

use std::collections::HashMap;
use std::io::Read;

use tarn_lake::Bucket;

use super::Under;
use super::ledger::Facts;
use crate::jobs::convert::raw_key;
use crate::standing::{COPY, PERHAPS_COPY};
use crate::{Error, Kind, Outcome, Record, Result, SourceId, SourceVersion, Status};

/// What a version in landing is.
enum Likeness<'r> {
    Copy(&'r Record),
    Perhaps(&'r Record),
    None,
}

impl Under<'_> {
    pub(super) async fn copies(&mut self, records: &[Record], facts: &Facts) -> Result<()> {
        let strays = self.strays(records, facts).await?;
        let mut lost: HashMap<&str, Vec<&Record>> = HashMap::new();
        for record in records.iter().chain(&strays).filter(|record| is_lost(record, facts)) {
            lost.entry(&record.key).or_default().push(record);
        }
        let mut sources: Vec<(&SourceId, &SourceVersion)> =
            facts.landing.iter().filter(|(_, source)| lost.contains_key(source.key.as_str())).collect();
        sources.sort_by_key(|(_, source)| (&source.key, &source.version));
        let ids: Vec<SourceId> = sources.iter().map(|(id, _)| (*id).clone()).collect();
        let known = self.job.ledger.records(&ids).await?;
        for (id, source) in sources.into_iter().filter(|(id, _)| !known.contains_key(id)) {
            let of_key = lost.get(source.key.as_str()).map(Vec::as_slice).unwrap_or_default();
            match self.likeness(source, of_key).await? {
                Likeness::Copy(of) => {
                    self.done.copies += 1;
                    self.leave_out(id, source, of, COPY).await?;
                }
                Likeness::Perhaps(of) => {
                    self.done.perhaps_copies.push(source.key.clone());
                    self.leave_out(id, source, of, PERHAPS_COPY).await?;
                }
                Likeness::None => {}
            }
        }
        Ok(())
    }

    async fn likeness<'r>(&self, source: &SourceVersion, lost: &[&'r Record]) -> Result<Likeness<'r>> {
        let mut likeness = Likeness::None;
        for record in lost.iter().filter(|record| record.outcome.bytes_in == source.size_bytes) {
            match self.is_the_same(source, record).await? {
                Some(true) => return Ok(Likeness::Copy(record)),
                Some(false) => {}
                None => likeness = Likeness::Perhaps(record),
            }
        }
        Ok(likeness)
    }

    /// Whether bronze has the same bytes; `None` if it has none.
    async fn is_the_same(&self, source: &SourceVersion, record: &Record) -> Result<Option<bool>> {
        let Some(table) = &record.table else { return Ok(None) };
        let bronze = self.job.names.bucket(&Bucket::Bronze);
        let key = raw_key(table, &record.source_id, &record.key);
        let kept = self.job.store.list(&bronze, &key).await?.into_iter().find(|object| object.key == key);
        let Some(kept) = kept else { return Ok(None) };
        if kept.size_bytes != source.size_bytes {
            return Ok(Some(false));
        }
        let landed = self.job.store.open(source).await?;
        let kept = self.job.store.open_newest(&bronze, &key).await?;
        let same = tokio::task::block_in_place(|| same_bytes(landed, kept));
        same.map(Some).map_err(|error| {
            Error::caused(Kind::Unavailable, format!("comparing {} with bronze", source.key), error)
        })
    }

    async fn leave_out(&self, id: &SourceId, source: &SourceVersion, of: &Record, class: &str) -> Result<()> {
        let set = &self.done.id;
        let version = match of.version.as_str() {
            "" => "a version that came after the backup".to_owned(),
            version => format!("version {version}"),
        };
        let reason = match class {
            COPY => format!("a copy of {version}, whose rows are in silver; found by restoring {set}"),
            _ => format!(
                "it has key and size of {version}, whose rows are in silver, and bronze has nothing to compare it \
                 with; found by restoring {set}; send it again to have it converted"
            ),
        };
        let outcome =
            Outcome { class: class.into(), reason, bytes_in: source.size_bytes, ..Outcome::default() };
        let record = Record {
            source_id: id.clone(),
            key: source.key.clone(),
            version: source.version.clone(),
            table: of.table.clone(),
            run: of.run.clone(),
            status: Status::Skipped,
            attempt: 0,
            lease_until_millis: 0,
            outcome: outcome.at(self.set.manifest.began_millis),
            history: Vec::new(),
        };
        if self.job.dry_run { Ok(()) } else { self.job.ledger.note(&record).await }
    }
}

/// Whether landing has lost a version whose rows are in silver.
fn is_lost(record: &Record, facts: &Facts) -> bool {
    let has_rows = !record.outcome.outputs.is_empty() && facts.has_rows(record);
    record.settled_as() == Status::Done && has_rows && !facts.landing.contains_key(&record.source_id)
}

fn same_bytes(mut one: Box<dyn Read + Send>, mut other: Box<dyn Read + Send>) -> std::io::Result<bool> {
    const AT_ONCE: usize = 256 << 10;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        left.clear();
        right.clear();
        one.by_ref().take(AT_ONCE as u64).read_to_end(&mut left)?;
        other.by_ref().take(AT_ONCE as u64).read_to_end(&mut right)?;
        if left != right || left.is_empty() {
            return Ok(left == right);
        }
    }
}
