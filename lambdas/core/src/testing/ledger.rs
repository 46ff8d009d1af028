//! A ledger in memory. Each call is one step under a lock.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;

use super::locked;
use crate::ports::Ledger;
use crate::{Claim, Error, Kind, Lease, Outcome, Record, Result, RunId, Selection, SourceId, Status};

/// Holds records by source.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    records: Mutex<HashMap<SourceId, Record>>,
}

impl MemoryLedger {
    /// All records, in the order of their keys and versions.
    pub fn all(&self) -> Vec<Record> {
        let mut all: Vec<Record> = locked(&self.records).values().cloned().collect();
        all.sort_by(|a, b| (&a.key, &a.version).cmp(&(&b.key, &b.version)));
        all
    }

    /// Forgets a source, as a ledger would whose records expire.
    pub fn forget(&self, id: &SourceId) {
        locked(&self.records).remove(id);
    }

    /// Settles a source whoever has the lease, as a ledger without fencing would.
    pub fn overrule(&self, id: &SourceId, run: &RunId, status: Status, outcome: &Outcome) -> Result<()> {
        let mut records = locked(&self.records);
        let missing = || Error::new(Kind::Conflict, format!("nobody has a lease on {id}"));
        let record = records.get_mut(id).ok_or_else(missing)?;
        (record.run, record.status, record.outcome) = (run.clone(), status, outcome.clone());
        Ok(())
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn records(&self, ids: &[SourceId]) -> Result<HashMap<SourceId, Record>> {
        let records = locked(&self.records);
        Ok(ids.iter().filter_map(|id| Some((id.clone(), records.get(id)?.clone()))).collect())
    }

    async fn lease(&self, lease: &Lease) -> Result<Claim> {
        let mut records = locked(&self.records);
        let known = records.get(&lease.source_id);
        if let Some(record) = known.filter(|record| !record.may_be_leased(&lease.run, lease.now_millis)) {
            return Ok(Claim::Taken(record.clone()));
        }
        let attempt = known.map_or(0, |record| record.attempt) + 1;
        let leased = Record::leased(lease, attempt, known);
        records.insert(lease.source_id.clone(), leased);
        Ok(Claim::Granted { attempt })
    }

    async fn settle(
        &self,
        id: &SourceId,
        run: &RunId,
        attempt: u32,
        status: Status,
        outcome: &Outcome,
    ) -> Result<()> {
        let mut records = locked(&self.records);
        let held = |record: &&mut Record| record.is_leased_by(attempt);
        let Some(record) = records.get_mut(id).filter(held) else {
            return Err(Error::new(Kind::Conflict, format!("attempt {attempt} has no lease on {id}")));
        };
        record.run = run.clone();
        record.status = status;
        record.outcome = outcome.clone();
        Ok(())
    }

    async fn retire(&self, id: &SourceId, outcome: &Outcome) -> Result<()> {
        let mut records = locked(&self.records);
        if let Some(record) = records.get_mut(id).filter(|record| record.may_be_retired()) {
            (record.status, record.outcome) = (Status::Skipped, outcome.clone());
        }
        Ok(())
    }

    async fn note(&self, record: &Record) -> Result<()> {
        let mut records = locked(&self.records);
        let known = records.get(&record.source_id);
        if known.is_none_or(Record::may_be_noted_over) {
            let noted = record.noted_over(known);
            records.insert(record.source_id.clone(), noted);
        }
        Ok(())
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<Record>> {
        Ok(self.all().into_iter().filter(|record| selection.has(record)).collect())
    }

    async fn reopen(&self, record: &Record, now_millis: i64, by: &str) -> Result<()> {
        let mut records = locked(&self.records);
        let known = records.get(&record.source_id).filter(|known| known.is_still(record));
        let Some(reopened) = known.and_then(|known| known.reopened(now_millis, by)) else {
            return Err(record.not_reopened());
        };
        records.insert(record.source_id.clone(), reopened);
        Ok(())
    }

    async fn restore(&self, record: &Record, there: Option<&Record>) -> Result<()> {
        let mut records = locked(&self.records);
        if !record.may_be_restored_over(records.get(&record.source_id), there) {
            return Err(record.not_restored());
        }
        records.insert(record.source_id.clone(), record.clone());
        Ok(())
    }
}
