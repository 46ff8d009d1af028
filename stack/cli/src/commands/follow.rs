//! Follows a run in an account until it has ended, and says how far it is.
//!
//! Which step it is in, Step Functions knows. How many files, rows and bytes are done, the ledger knows
//! of the sources on the run's plan: that is asked for with `--follow` only, since it reads a record of
//! every file that is not settled yet, again and again.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use tarn_aws::{DynamoLedger, S3};
use tarn_cloud::{Pipeline, RunStatus};
use tarn_core::ports::{Ledger, ObjectStore};
use tarn_core::{Kind, Plan, RunId, RunKeys, SourceId, Status};
use tarn_lake::Bucket;

use super::pace::Pace;
use crate::account::Account;
use crate::console;
use crate::failure::Failure;
use crate::progress::spinner;

const POLL: Duration = Duration::from_millis(500);
/// How often the ledger is asked.
const LOOK: Duration = Duration::from_secs(2);
/// How often a line is written where nobody watches.
const LOG: Duration = Duration::from_secs(5);

/// Waits for the end of a run.
pub async fn follow(
    account: &Account,
    pipeline: &Pipeline,
    run_arn: &str,
    closely: bool,
) -> Result<RunStatus, Failure> {
    let run = RunId::new(run_arn.rsplit(':').next().unwrap_or(run_arn))?;
    let mut teller = Teller { spinner: spinner(), step: None, logged: None };
    let mut count = closely.then(|| Count::new(account, run));
    let ended = loop {
        let status = pipeline.status(run_arn).await?;
        if status != RunStatus::Running {
            break status;
        }
        let progress = pipeline.progress(run_arn).await?;
        teller.step(progress.step.clone());
        let items = progress.items.map(|(done, all)| format!("{done}/{all}"));
        let pace = match &mut count {
            Some(count) => count.look().await?,
            None => None,
        };
        match (pace.filter(|_| progress.step.as_deref() == Some("Convert")), items) {
            (Some(pace), _) => teller.pace(&pace),
            (None, Some(items)) => teller.items(&items),
            (None, None) => {}
        }
        tokio::time::sleep(POLL).await;
    };
    teller.spinner.finish_and_clear();
    Ok(ended)
}

/// Says it: on a line that moves, or now and then in a log.
struct Teller {
    spinner: ProgressBar,
    step: Option<String>,
    logged: Option<Instant>,
}

impl Teller {
    fn step(&mut self, step: Option<String>) {
        if step != self.step {
            let name = step.clone().unwrap_or_default();
            self.spinner.suspend(|| console::note(format!("  {}", console::styled(name, console::DIM))));
            self.step = step;
        }
    }

    fn items(&self, items: &str) {
        self.spinner.set_message(format!("{} {items}", self.step.as_deref().unwrap_or_default()));
    }

    fn pace(&mut self, pace: &str) {
        self.spinner.set_message(pace.to_owned());
        if !console::is_watched() && self.logged.is_none_or(|logged| logged.elapsed() >= LOG) {
            console::note(format!("  {pace}"));
            self.logged = Some(Instant::now());
        }
    }
}

/// What is settled of a run's plan.
struct Count {
    ops: String,
    store: S3,
    ledger: DynamoLedger,
    run: RunId,
    /// Sources of the plan that are not settled yet, with their bytes; none before there is a plan.
    open: Option<Vec<(SourceId, u64)>>,
    pace: Pace,
    began: Instant,
    looked: Option<Instant>,
}

impl Count {
    fn new(account: &Account, run: RunId) -> Self {
        Self {
            ops: account.names.bucket(&Bucket::Ops),
            store: S3::new(&account.config),
            ledger: DynamoLedger::new(&account.config, account.names.ledger()),
            run,
            open: None,
            pace: Pace::default(),
            began: Instant::now(),
            looked: None,
        }
    }

    /// How far it is; nothing before there is a plan.
    async fn look(&mut self) -> Result<Option<String>, Failure> {
        if self.looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
            self.ask().await?;
            self.looked = Some(Instant::now());
        }
        Ok(self.open.as_ref().map(|_| self.pace.line(self.began.elapsed())))
    }

    async fn ask(&mut self) -> Result<(), Failure> {
        let open = match self.open.take() {
            Some(open) => open,
            None => match self.plan().await? {
                Some(open) => open,
                None => return Ok(()),
            },
        };
        let ids: Vec<SourceId> = open.iter().map(|(id, _)| id.clone()).collect();
        let records = self.ledger.records(&ids).await?;
        let (run, pace) = (&self.run, &mut self.pace);
        let still_open = open.into_iter().filter(|(id, bytes)| {
            let settled = records.get(id).filter(|record| match record.status {
                Status::Done | Status::Quarantined => true,
                _ => record.run == *run && record.status != Status::Leased,
            });
            if let Some(record) = settled {
                pace.files += 1;
                pace.bytes += bytes;
                pace.rows += if record.run == *run { record.outcome.rows } else { 0 };
            }
            settled.is_none()
        });
        self.open = Some(still_open.collect());
        Ok(())
    }

    async fn plan(&mut self) -> Result<Option<Vec<(SourceId, u64)>>, Failure> {
        let bytes = match self.store.read(&self.ops, &RunKeys(&self.run).plan()).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == Kind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let plan: Plan = serde_json::from_slice(&bytes)
            .map_err(|error| Failure::failed(format!("the run's plan is not what tarn wrote: {error}")))?;
        let open: Vec<_> = plan.work.iter().map(|item| (item.source.id(), item.source.size_bytes)).collect();
        self.pace = Pace {
            all_files: open.len() as u64,
            all_bytes: open.iter().map(|(_, bytes)| bytes).sum(),
            ..Pace::default()
        };
        self.began = Instant::now();
        Ok(Some(open))
    }
}
