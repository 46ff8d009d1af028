//! Balances the account of a run: every file that landed is in exactly one class, and every table,
//! zone or crawler that a step failed with is told.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use tarn_lake::{Bucket, Names};

use super::ops_tables::Rows;
use super::{Modelled, Synced, documents, due};
use crate::ports::{Clock, Ledger, ObjectStore};
use crate::{
    Error, Kind, Notice, Outcome, Plan, Record, Result, RunId, RunKeys, RunReport, Settled, SourceId, Status,
    StepFailure, WorkItem,
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
    /// Tells when what nobody settled has failed.
    pub clock: &'a dyn Clock,
    /// What is said of workers that settled nothing.
    pub ends: &'a Ends,
}

/// How the end of a worker is told that did not settle its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// Where it is known what it ended with: that.
    pub known: HashMap<SourceId, String>,
    /// Of one that had begun.
    pub died: &'static str,
    /// Of one that never began.
    pub never_began: &'static str,
}

impl Ends {
    /// In an account: Step Functions and the functions' logs know more, and the account does not read
    /// either.
    pub fn in_an_account() -> Self {
        Self {
            known: HashMap::new(),
            died: "its worker died or was stopped; see the convert function's log",
            never_began: "no worker took it up; see the run's execution history",
        }
    }

    fn reason(&self, id: &SourceId, otherwise: &str) -> String {
        self.known.get(id).map_or_else(|| otherwise.to_owned(), Clone::clone)
    }
}

/// Which run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRequest {
    /// Its id.
    pub run: RunId,
}

/// What the account is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AccountRequest {
    /// To note that a step failed with a table, a zone or a crawler; its neighbours go on.
    Note(Failed),
    /// To balance.
    Balance(RunRequest),
}

/// That a step of a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The run.
    pub run: RunId,
    /// With what, and why.
    pub failed: StepFailure,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Accounted {
    /// The account, and what is told of it.
    Report(Box<Told>),
    /// Where the note lies.
    Noted {
        /// Its key in the ops bucket.
        note: String,
    },
}

/// An account, and what is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The account.
    #[serde(flatten)]
    pub report: RunReport,
    /// The mail, which the state machine sends.
    pub notice: Notice,
}

impl Account<'_> {
    /// Balances, or notes what the balance will tell.
    pub async fn answer(&self, request: &AccountRequest) -> Result<Accounted> {
        match request {
            AccountRequest::Note(failed) => self.note(failed).await.map(|note| Accounted::Noted { note }),
            AccountRequest::Balance(run) => {
                let report = self.run(run).await?;
                let notice = report.notice(self.names);
                Ok(Accounted::Report(Box::new(Told { report, notice })))
            }
        }
    }

    /// Keeps a failure for the account, under a name of its own: noted twice, it is one.
    async fn note(&self, Failed { run, failed }: &Failed) -> Result<String> {
        let key = RunKeys(run).failure(&failed.step, &failed.what);
        documents::write(self.store, &self.names.bucket(&Bucket::Ops), &key, failed).await?;
        Ok(key)
    }

    /// Counts every source of the plan once, writes the report, and fails if it does not balance.
    pub async fn run(&self, request: &RunRequest) -> Result<RunReport> {
        let ops = self.names.bucket(&Bucket::Ops);
        let keys = RunKeys(&request.run);
        let plan: Plan = documents::read(self.store, &ops, &keys.plan()).await?;
        let mut report = RunReport {
            run: plan.run.to_string(),
            landed: plan.landed,
            began_millis: plan.began_millis,
            ..RunReport::default()
        };
        for note in self.store.list(&ops, &keys.failures()).await? {
            report.count_failure(&documents::read(self.store, &ops, &note.key).await?);
        }
        let (began_millis, takes) = (plan.began_millis, plan.takes.clone());
        let taken = keys.synced();
        for note in self.store.list(&ops, &taken).await? {
            let synced: Synced = documents::read(self.store, &ops, &note.key).await?;
            let zone = note.key.trim_start_matches(&taken).trim_end_matches(".json");
            report.count_taken(zone, &synced.taken);
        }
        self.count_models(&mut report, &ops, &keys).await?;
        let mut rows = Rows::default();
        self.count(&mut report, &mut rows, plan).await?;
        report.ended_millis = self.clock.now_millis();
        report.balance();
        due::note(self.store, &ops, &request.run, began_millis, &takes).await?;
        documents::write(self.store, &ops, &keys.report(), &report).await?;
        rows.write(self.store, self.names, &report).await?;
        if !report.balanced {
            let what = format!("the account of run {} does not balance: {report:?}", request.run);
            return Err(Error::new(Kind::Invalid, what));
        }
        Ok(report)
    }

    /// Where no model was noted there is no lake to be read either: those that failed are told already.
    async fn count_models(&self, report: &mut RunReport, ops: &str, keys: &RunKeys<'_>) -> Result<()> {
        let prefix = keys.modelled();
        for note in self.store.list(ops, &prefix).await? {
            let modelled: Modelled = documents::read(self.store, ops, &note.key).await?;
            let model = note.key.trim_start_matches(&prefix).trim_end_matches(".json");
            report.count_model(model, &modelled);
        }
        Ok(())
    }

    async fn count(&self, report: &mut RunReport, rows: &mut Rows, plan: Plan) -> Result<()> {
        plan.waiting.iter().for_each(|waiting| report.count_waiting(waiting));
        let sources: Vec<SourceId> = plan.work.iter().map(|item| item.source.id()).collect();
        let records = self.ledger.records(&sources).await?;
        let settled: Vec<SourceId> =
            plan.settled.iter().map(|settled| settled.record.source_id.clone()).collect();
        let noted = self.ledger.records(&settled).await?;

        for (item, id) in plan.work.iter().zip(&sources) {
            let record = self.settled(item, records.get(id)).await?;
            report.count(item.source.size_bytes, Some(&record));
            rows.file(report, item.source.size_bytes, &record);
        }
        for Settled { record, size_bytes } in &plan.settled {
            let record = noted.get(&record.source_id);
            report.count(*size_bytes, record);
            record.into_iter().for_each(|record| rows.file(report, *size_bytes, record));
        }
        Ok(())
    }

    /// A source that no worker settled has failed: its workers died or were never let in. The
    /// record says so, and the next run tries again.
    async fn settled(&self, item: &WorkItem, record: Option<&Record>) -> Result<Record> {
        match record {
            Some(record) if record.status == Status::Leased && record.run == item.run => {
                let reason = self.ends.reason(&record.source_id, self.ends.died);
                let outcome = Outcome::failed(reason).at(self.clock.now_millis());
                let id = item.source.id();
                self.ledger.settle(&id, &item.run, record.attempt, Status::Failed, &outcome).await?;
                Ok(Record { status: Status::Failed, outcome, ..record.clone() })
            }
            Some(record) if record.run == item.run || !record.may_be_noted_over() => Ok(record.clone()),
            open => {
                let reason = self.ends.reason(&item.source.id(), self.ends.never_began);
                let outcome = Outcome::failed(reason).at(self.clock.now_millis());
                let record = never_began(item, open.map_or(0, |record| record.attempt), outcome);
                self.ledger.note(&record).await?;
                Ok(record)
            }
        }
    }
}

fn never_began(item: &WorkItem, attempt: u32, outcome: Outcome) -> Record {
    Record {
        source_id: item.source.id(),
        key: item.source.key.clone(),
        version: item.source.version.clone(),
        table: Some(item.table.clone()),
        run: item.run.clone(),
        status: Status::Failed,
        attempt,
        lease_until_millis: 0,
        outcome,
        history: Vec::new(),
    }
}
