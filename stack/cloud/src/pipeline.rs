//! Runs of the pipeline in Step Functions.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::primitives::{DateTime, DateTimeFormat as Format};
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEventType};
use tarn_deploy::PortError;
use tarn_lake::Names;

use crate::SdkConfig;
use crate::failure::failed;

/// The lake's state machine.
#[derive(Debug, Clone)]
pub struct Pipeline {
    client: Client,
    arn: String,
}

/// Running, or how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunStatus {
    /// It goes on.
    Running,
    /// It ended well.
    Succeeded,
    /// It did not.
    Failed {
        /// The error's name.
        error: String,
        /// What happened.
        cause: String,
    },
}

/// Where a running run stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The step it is in, as the state machine calls it.
    pub step: Option<String>,
    /// Items done and all items of the step, where it works on many.
    pub items: Option<(u64, u64)>,
}

/// A run that was started, some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Its id.
    pub id: String,
    /// Step Functions' word for where it stands, such as `SUCCEEDED`.
    pub status: String,
    /// When it began, such as `2026-01-31T02:30:00Z`.
    pub began: String,
}

impl Pipeline {
    /// The pipeline of those names.
    pub fn new(config: &SdkConfig, names: &Names) -> Self {
        Self { client: Client::new(config), arn: names.state_machine_arn() }
    }

    /// Starts a run with what it is asked for, as JSON, and returns its ARN.
    pub async fn start(&self, run: &str, input: &str) -> Result<String, PortError> {
        let sent =
            self.client.start_execution().state_machine_arn(&self.arn).name(run).input(input).send().await;
        sent.map(|answer| answer.execution_arn).map_err(failed(format!("starting run {run}")))
    }

    /// How a run goes.
    pub async fn status(&self, run_arn: &str) -> Result<RunStatus, PortError> {
        let sent = self.client.describe_execution().execution_arn(run_arn).send().await;
        let answer = sent.map_err(failed("looking at the run"))?;
        Ok(match answer.status {
            ExecutionStatus::Running | ExecutionStatus::PendingRedrive => RunStatus::Running,
            ExecutionStatus::Succeeded => RunStatus::Succeeded,
            other => RunStatus::Failed {
                error: answer.error.unwrap_or_else(|| other.as_str().to_owned()),
                cause: answer.cause.unwrap_or_default(),
            },
        })
    }

    /// Where a run stands: its newest step, and the counts of that step's items.
    pub async fn progress(&self, run_arn: &str) -> Result<Progress, PortError> {
        let sent =
            self.client.get_execution_history().execution_arn(run_arn).reverse_order(true).max_results(50);
        let history = sent.send().await.map_err(failed("reading the run's history"))?;
        let entered = history.events.iter().find(|event| {
            matches!(event.r#type, HistoryEventType::TaskStateEntered | HistoryEventType::MapStateEntered)
        });
        let step = entered
            .and_then(|event| event.state_entered_event_details.as_ref())
            .map(|step| step.name.clone());
        let is_map = entered.is_some_and(|event| event.r#type == HistoryEventType::MapStateEntered);
        let items = if is_map { self.items(run_arn).await? } else { None };
        Ok(Progress { step, items })
    }

    /// The counts of the newest map run.
    async fn items(&self, run_arn: &str) -> Result<Option<(u64, u64)>, PortError> {
        let sent = self.client.list_map_runs().execution_arn(run_arn).send().await;
        let runs = sent.map_err(failed("reading the run's progress"))?.map_runs;
        let Some(newest) = runs.into_iter().max_by_key(|run| run.start_date.as_nanos()) else {
            return Ok(None);
        };
        let sent = self.client.describe_map_run().map_run_arn(newest.map_run_arn).send().await;
        let counts = sent.map_err(failed("reading the run's progress"))?.item_counts;
        Ok(counts.map(|c| ((c.succeeded + c.failed + c.timed_out + c.aborted) as u64, c.total as u64)))
    }

    /// The ARNs of runs under way; a state machine that is not there has none.
    pub async fn running(&self) -> Result<Vec<String>, PortError> {
        let sent = self
            .client
            .list_executions()
            .state_machine_arn(&self.arn)
            .status_filter(ExecutionStatus::Running)
            .send()
            .await;
        match sent {
            Ok(answer) => Ok(answer.executions.into_iter().map(|run| run.execution_arn).collect()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_state_machine_does_not_exist()) => {
                Ok(Vec::new())
            }
            Err(error) => Err(failed("listing the lake's runs")(error)),
        }
    }

    /// The newest runs, the newest first.
    pub async fn newest(&self) -> Result<Vec<Started>, PortError> {
        let sent = self.client.list_executions().state_machine_arn(&self.arn).max_results(20).send().await;
        let found = sent.map_err(failed("listing the lake's runs"))?.executions;
        let mut found: Vec<_> = found.into_iter().map(|run| (run.start_date.secs(), run)).collect();
        found.sort_by_key(|(began, _)| std::cmp::Reverse(*began));
        let runs = found.into_iter().map(|(began, run)| Started {
            id: run.name,
            status: run.status.as_str().to_owned(),
            began: DateTime::from_secs(began).fmt(Format::DateTime).unwrap_or_default(),
        });
        Ok(runs.collect())
    }

    /// Stops a run.
    pub async fn stop(&self, run_arn: &str) -> Result<(), PortError> {
        let sent = self.client.stop_execution().execution_arn(run_arn).cause("tarn destroy").send().await;
        sent.map(|_| ()).map_err(failed("stopping a run"))
    }
}
