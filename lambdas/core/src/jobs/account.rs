//! Balances the account of a run: every file that landed is in exactly one class.

use serde::{Deserialize, Serialize};
use tarn_lake::{Bucket, Names};

use super::documents;
use crate::ports::{Ledger, ObjectStore};
use crate::{
    Error, Kind, Outcome, Plan, Record, Result, RunId, RunKeys, RunReport, SourceId, Status, WorkItem,
};

/// The job.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// How the lake's resources are called.
    pub names: &'a Names,
    /// Reads the plan, writes the report.
    pub store: &'a dyn ObjectStore,
    /// Knows what became of every source.
    pub ledger: &'a dyn Ledger,
}

/// Which run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRequest {
    /// Its id.
    pub run: RunId,
}

impl Account<'_> {
    /// Counts every source of the plan once, writes the report, and fails if it does not balance.
    pub async fn run(&self, request: &RunRequest) -> Result<RunReport> {
        let ops = self.names.bucket(&Bucket::Ops);
        let keys = RunKeys(&request.run);
        let plan: Plan = documents::read(self.store, &ops, &keys.plan()).await?;
        let report = self.report(plan).await?;
        documents::write(self.store, &ops, &keys.report(), &report).await?;
        if !report.balanced {
            let what = format!("the account of run {} does not balance: {report:?}", request.run);
            return Err(Error::new(Kind::Invalid, what));
        }
        Ok(report)
    }

    async fn report(&self, plan: Plan) -> Result<RunReport> {
        let sources: Vec<SourceId> = plan.work.iter().map(|item| item.source.id()).collect();
        let records = self.ledger.records(&sources).await?;
        let settled: Vec<SourceId> =
            plan.settled.iter().map(|settled| settled.record.source_id.clone()).collect();
        let noted = self.ledger.records(&settled).await?;

        let mut report = RunReport { run: plan.run.to_string(), landed: plan.landed, ..RunReport::default() };
        for (item, id) in plan.work.iter().zip(&sources) {
            let record = self.settled(item, records.get(id)).await?;
            report.count(item.source.size_bytes, Some(&record));
        }
        for settled in &plan.settled {
            report.count(settled.size_bytes, noted.get(&settled.record.source_id));
        }
        report.balance();
        Ok(report)
    }

    /// A source that no worker settled has failed: its workers died or were never let in. The
    /// record says so, and the next run tries again.
    async fn settled(&self, item: &WorkItem, record: Option<&Record>) -> Result<Record> {
        match record {
            Some(record) if record.status == Status::Leased && record.run == item.run => {
                let outcome =
                    Outcome::failed("its worker died or was stopped; see the convert function's log");
                let id = item.source.id();
                self.ledger.settle(&id, &item.run, record.attempt, Status::Failed, &outcome).await?;
                Ok(Record { status: Status::Failed, outcome, ..record.clone() })
            }
            Some(record) if record.run == item.run || !is_open(record) => Ok(record.clone()),
            open => {
                let record = never_started(item, open.map_or(0, |record| record.attempt));
                self.ledger.note(&record).await?;
                Ok(record)
            }
        }
    }
}

/// Whether another run left it for this one to work on.
fn is_open(record: &Record) -> bool {
    matches!(record.status, Status::Failed | Status::Skipped)
}

fn never_started(item: &WorkItem, attempt: u32) -> Record {
    Record {
        source_id: item.source.id(),
        key: item.source.key.clone(),
        version: item.source.version.clone(),
        table: Some(item.table.clone()),
        run: item.run.clone(),
        status: Status::Failed,
        attempt,
        lease_until_millis: 0,
        outcome: Outcome::failed("no worker took it up; see the run's execution history"),
    }
}
