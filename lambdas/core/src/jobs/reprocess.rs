//! Opens settled sources again, so that the next run converts them.
//!
//! Nothing is taken out of silver: the next run writes the objects under the names that they have, so
//! rows are never doubled, and where neither the table nor the code has changed it finds that there is
//! nothing to write. So only what a run would convert is opened: a source whose rows are in silver must
//! not end as skipped.

use std::collections::HashMap;

use serde::Serialize;
use tarn_lake::{Bucket, Lake, Names};

use super::plan_run::{Class, classify};
use crate::ports::{Clock, Ledger, ObjectStore};
use crate::{Kind, Record, Result, Selection, SourceId, SourceVersion, Status};

/// The job.
#[derive(Clone, Copy)]
pub struct Reprocess<'a> {
    /// How the lake's resources are called.
    pub names: &'a Names,
    /// Tells what is still in landing.
    pub store: &'a dyn ObjectStore,
    /// Knows what became of every source.
    pub ledger: &'a dyn Ledger,
    /// Tells when a source was opened again.
    pub clock: &'a dyn Clock,
    /// The lake by which the next run will work.
    pub lake: &'a Lake,
}

/// What can be opened again, and what cannot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reopening {
    /// What can.
    pub sources: Vec<Record>,
    /// What cannot.
    pub left: Vec<Left>,
}

/// A source that is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Its landing key.
    pub key: String,
    /// Its version.
    pub version: String,
    /// Why.
    pub why: String,
}

impl Reprocess<'_> {
    /// Looks what can be opened again of what is selected; with a key, of the versions of that file only.
    pub async fn find(&self, selection: &Selection, key: Option<&str>) -> Result<Reopening> {
        let mut records = self.ledger.select(selection).await?;
        records.retain(|record| key.is_none_or(|key| record.key == key));
        let landed = self.landed(&selection.prefix).await?;
        let mut reopening = Reopening::default();
        for record in records {
            match self.obstacle(&record, landed.get(&record.source_id)) {
                None => reopening.sources.push(record),
                Some(why) => reopening.left.push(left(&record, why)),
            }
        }
        Ok(reopening)
    }

    /// Opens them, and tells which were changed since they were looked at.
    pub async fn open(&self, sources: Vec<Record>, by: &str) -> Result<Reopening> {
        let mut reopening = Reopening::default();
        for record in sources {
            match self.ledger.reopen(&record, self.clock.now_millis(), by).await {
                Ok(()) => reopening.sources.push(record),
                Err(error) if error.kind() == Kind::Conflict => {
                    let why = "a run took it up meanwhile, or somebody else opened it".to_owned();
                    reopening.left.push(left(&record, why));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(reopening)
    }

    async fn landed(&self, prefix: &str) -> Result<HashMap<SourceId, SourceVersion>> {
        let landing = self.names.bucket(&Bucket::Landing);
        let versions = self.store.list_versions(&landing, prefix).await?;
        let sources = versions.into_iter().filter(|version| !version.delete_marker);
        Ok(sources
            .map(|version| SourceVersion::listed(&landing, version))
            .map(|source| (source.id(), source))
            .collect())
    }

    /// What keeps a source from being opened again.
    fn obstacle(&self, record: &Record, source: Option<&SourceVersion>) -> Option<String> {
        match record.status {
            Status::Leased => return Some(format!("run {} works on it, or died working on it", record.run)),
            Status::Reopened => return Some("it is open already: the next run converts it".into()),
            Status::Skipped => {
                return Some(format!("it was skipped ({}), and every run looks again", record.outcome.class));
            }
            Status::Done | Status::Quarantined | Status::Failed => {}
        }
        let Some(source) = source else {
            return Some(
                "it is not in landing any more; its raw bytes are in bronze: send them again".into(),
            );
        };
        match classify(self.lake, source) {
            Class::Convert { .. } => None,
            Class::Skip { class, reason } => Some(format!("the next run would skip it: {class}: {reason}")),
        }
    }
}

fn left(record: &Record, why: String) -> Left {
    Left { key: record.key.clone(), version: record.version.clone(), why }
}
