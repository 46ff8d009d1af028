//! The ledger's store. Check and write are one step in every implementation.

use std::collections::HashMap;

use async_trait::async_trait;

use crate::{Claim, Lease, Outcome, Record, Result, RunId, Selection, SourceId, Status};

/// The ledger.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// The records of those sources; one without a record is not in the map.
    async fn records(&self, ids: &[SourceId]) -> Result<HashMap<SourceId, Record>>;

    /// Takes a lease if [`Record::may_be_leased`] holds, or there is no record yet.
    async fn lease(&self, lease: &Lease) -> Result<Claim>;

    /// Settles a leased source. A `Conflict` if the attempt is not the newest one: somebody else
    /// has the lease now, and this worker's result does not count.
    async fn settle(
        &self,
        id: &SourceId,
        run: &RunId,
        attempt: u32,
        status: Status,
        outcome: &Outcome,
    ) -> Result<()>;

    /// Says of a source whose rows are in silver that they make room for those of another version of
    /// its file. Whatever else became of it stays.
    async fn retire(&self, id: &SourceId, outcome: &Outcome) -> Result<()>;

    /// Records a source that needs no work, unless somebody works on it or has settled it. What the
    /// ledger knew of how it was settled earlier stays.
    async fn note(&self, record: &Record) -> Result<()>;

    /// All records that are asked for, in the order of their keys and versions. It may read the whole
    /// ledger: it is for people, and no step of a run calls it.
    async fn select(&self, selection: &Selection) -> Result<Vec<Record>>;

    /// Opens a settled source again, so that the next run converts it; how it was settled goes into its
    /// history. A `Conflict` if the record is not any more as it was read, or cannot be opened
    /// ([`Record::reopened`]).
    async fn reopen(&self, record: &Record, now_millis: i64, by: &str) -> Result<()>;

    /// Puts a record as a backup has it in the place of the one that was read, or where none was. A
    /// `Conflict` if there is another by now ([`Record::is_still`]).
    async fn restore(&self, record: &Record, there: Option<&Record>) -> Result<()>;
}
