//! Jobs of Spark.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_emrserverless::Client;
use aws_sdk_emrserverless::types::{
    ConfigurationOverrides, JobDriver, JobRun, JobRunState, MonitoringConfiguration,
    S3MonitoringConfiguration, SparkSubmit,
};
use tarn_core::ports::{Clock, Ended, SparkApplications, SparkJob, SparkJobs};
use tarn_core::{Error, Kind, Result};

use super::EmrServerless;
use crate::failure::failed;
use crate::{SdkConfig, SystemClock};

const POLL: Duration = Duration::from_secs(5);

/// A job that takes longer is ended. So long, at most, a run waits for its models.
const LONGEST_MINUTES: i64 = 720;

/// What a driver and each executor have: the shape of worker that most accounts may have four of.
const WORKERS: &str = "--conf spark.driver.cores=4 --conf spark.driver.memory=14g --conf spark.executor.cores=4 \
                       --conf spark.executor.memory=14g";

/// Errors of Spark that speak of a query and of no row, by what their names begin with.
const OF_THE_TEXT: [&str; 9] = [
    "AMBIGUOUS_",
    "DATATYPE_MISMATCH",
    "MISSING_AGGREGATION",
    "NUM_COLUMNS_MISMATCH",
    "PARSE_SYNTAX_ERROR",
    "TABLE_OR_VIEW_NOT_FOUND",
    "UNRESOLVED_",
    "UNSUPPORTED_",
    "WRONG_NUM_ARGS",
];

/// Jobs in an application, under a role.
#[derive(Debug, Clone)]
pub struct Spark {
    client: Client,
    applications: EmrServerless,
    application: String,
    role: String,
}

impl Spark {
    /// Jobs in the application of that name, which have the role of that ARN.
    pub fn new(config: &SdkConfig, application: impl Into<String>, role: impl Into<String>) -> Self {
        let (application, role) = (application.into(), role.into());
        Self { client: Client::new(config), applications: EmrServerless::new(config), application, role }
    }

    async fn application(&self) -> Result<String> {
        let found = self.applications.named(&self.application).await?;
        let first = found.into_iter().next();
        first.map(|found| found.id).ok_or_else(|| {
            let what = format!("there is no Spark application {}; `tarn deploy` makes it", self.application);
            Error::new(Kind::NotFound, what)
        })
    }

    /// EMR gives one job to equal tokens, so the name is the token. Logs lie beside the script, encrypted as all of
    /// the lake.
    async fn begun(&self, application: &str, job: &SparkJob<'_>) -> Result<String> {
        let doing = || format!("beginning a job of Spark in the application {application}");
        let incomplete = |error| Error::caused(Kind::Internal, doing(), error);
        let submit = SparkSubmit::builder().entry_point(job.script).entry_point_arguments(job.request);
        let submit = submit.spark_submit_parameters(WORKERS).build().map_err(incomplete)?;
        let logs = S3MonitoringConfiguration::builder().log_uri(logs_beside(job.script)).build();
        let logs = MonitoringConfiguration::builder().s3_monitoring_configuration(logs).build();
        let sent = self
            .client
            .start_job_run()
            .application_id(application)
            .client_token(job.name)
            .name(job.name)
            .execution_role_arn(&self.role)
            .execution_timeout_minutes(LONGEST_MINUTES)
            .job_driver(JobDriver::SparkSubmit(submit))
            .configuration_overrides(ConfigurationOverrides::builder().monitoring_configuration(logs).build())
            .send()
            .await;
        Ok(sent.map_err(failed(doing()))?.job_run_id)
    }

    async fn seen(&self, application: &str, id: &str) -> Result<Option<JobRun>> {
        let sent = self.client.get_job_run().application_id(application).job_run_id(id).send().await;
        Ok(sent.map_err(failed(format!("asking EMR for the job {id}")))?.job_run)
    }
}

#[async_trait]
impl SparkJobs for Spark {
    async fn run(&self, job: &SparkJob<'_>) -> Result<Ended> {
        let application = self.application().await?;
        let id = self.begun(&application, job).await?;
        loop {
            let seen = self.seen(&application, &id).await?;
            if let Some(ended) = seen.as_ref().and_then(|seen| ended(seen, job)) {
                return Ok(ended);
            }
            if SystemClock.now_millis() + POLL.as_millis() as i64 > job.deadline_millis {
                return Err(Error::new(Kind::OutOfTime, format!("Spark is not done with the job {id}")));
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// How a job ended, if it has.
fn ended(seen: &JobRun, job: &SparkJob<'_>) -> Option<Ended> {
    match &seen.state {
        JobRunState::Success => Some(Ended::Done),
        JobRunState::Cancelled => {
            let reason = format!(
                "the job {} was ended, by somebody or after {LONGEST_MINUTES} minutes",
                seen.job_run_id
            );
            Some(Ended::Refused { reason })
        }
        JobRunState::Failed => Some(Ended::Refused { reason: told(seen, job) }),
        _ => None,
    }
}

/// Spark's name of the error, and its words where they can hold no value of a row.
fn told(seen: &JobRun, job: &SparkJob<'_>) -> String {
    let details = &seen.state_details;
    let logs = format!("the logs of the job {} lie below {}", seen.job_run_id, logs_beside(job.script));
    let Some((name, rest)) = class(details) else { return format!("an error in Spark; {logs}") };
    let is_of_the_text = OF_THE_TEXT.iter().any(|known| name.starts_with(known));
    if is_of_the_text {
        format!("[{name}]{rest} (Spark; {logs})")
    } else {
        format!("{name} in Spark; {logs}")
    }
}

/// The name in brackets that Spark's errors begin with, and what follows it.
fn class(details: &str) -> Option<(&str, &str)> {
    let is_name = |text: &str| {
        let known =
            |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'.';
        text.len() > 3 && text.bytes().all(known)
    };
    let opened = details.match_indices('[').filter_map(|(at, _)| details.get(at + 1..)?.split_once(']'));
    opened.into_iter().find(|(name, _)| is_name(name))
}

/// A folder beside the script.
fn logs_beside(script: &str) -> String {
    let folder = script.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/logs/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::{StandIn, ok};

    const LISTED: &str = r#"{"applications":[
        {"id":"other","name":"other-dev","arn":"a","state":"CREATED","releaseLabel":"emr-7.14.0","type":"SPARK","createdAt":0,"updatedAt":0},
        {"id":"gone","name":"shop-dev","arn":"a","state":"TERMINATED","releaseLabel":"emr-7.14.0","type":"SPARK","createdAt":0,"updatedAt":0},
        {"id":"ours","name":"shop-dev","arn":"a","state":"CREATED","releaseLabel":"emr-7.14.0","type":"SPARK","createdAt":0,"updatedAt":0}]}"#;
    const BEGUN: &str = r#"{"applicationId":"ours","jobRunId":"j-1","arn":"a"}"#;

    fn state(state: &str, details: &str) -> String {
        ok(&format!(
            r#"{{"jobRun":{{"applicationId":"ours","jobRunId":"j-1","arn":"a","createdBy":"c","createdAt":0,"updatedAt":0,
            "executionRole":"r","state":"{state}","stateDetails":"{details}","releaseLabel":"emr-7.14.0","jobDriver":{{"sparkSubmit":{{"entryPoint":"s"}}}}}}}}"#
        ))
    }

    async fn run(mut answers: Vec<String>, deadline_millis: i64) -> (Result<Ended>, Vec<String>) {
        answers.splice(0..0, [ok(LISTED), ok(BEGUN)]);
        let server = StandIn::answering(answers);
        let (script, request) =
            ("s3://ops/spark/models/days/x/model.py", "s3://ops/spark/models/days/x/request.json");
        let job = SparkJob { name: "0123456789abcdef", script, request, deadline_millis };
        let ended = Spark::new(&server.config(), "shop-dev", "arn:aws:iam::123456789012:role/shop-dev-spark")
            .run(&job)
            .await;
        (ended, server.requests())
    }

    #[tokio::test]
    async fn a_job_is_begun_under_its_name_in_the_application_that_is_there() {
        let (ended, requests) = run(vec![state("SUCCESS", "")], i64::MAX).await;
        assert_eq!(ended.unwrap(), Ended::Done);
        assert!(requests[1].starts_with("POST /applications/ours/jobruns"), "{}", requests[1]);
        for wanted in [
            "\"clientToken\":\"0123456789abcdef\"",
            "days/x/model.py",
            "days/x/request.json",
            "days/x/logs/",
            "shop-dev-spark",
        ] {
            assert!(requests[1].contains(wanted), "{wanted}: {}", requests[1]);
        }
        assert!(requests[2].starts_with("GET /applications/ours/jobruns/j-1"), "{}", requests[2]);
    }

    #[tokio::test]
    async fn what_is_not_done_in_time_is_told_as_that() {
        let (ended, _) = run(vec![state("PENDING", "")], 0).await;
        assert_eq!(ended.unwrap_err().kind(), Kind::OutOfTime);
    }

    #[tokio::test]
    async fn a_failure_is_told_without_values() {
        for (details, wanted) in [
            (
                "Job failed. AnalysisException: [UNRESOLVED_COLUMN.WITH_SUGGESTION] no column `x`",
                "no column `x`",
            ),
            (
                "Job failed. [CAST_INVALID_INPUT] The value 'Ana' cannot be cast",
                "CAST_INVALID_INPUT in Spark",
            ),
            ("ExitCode: 1. Ana is no number", "an error in Spark"),
        ] {
            let (ended, _) = run(vec![state("FAILED", details)], i64::MAX).await;
            let Ended::Refused { reason } = ended.unwrap() else { panic!("it failed") };
            assert!(reason.contains(wanted) && !reason.contains("Ana"), "{reason}");
            assert!(reason.contains("s3://ops/spark/models/days/x/logs/"), "{reason}");
        }
        let (ended, _) = run(vec![state("CANCELLED", "")], i64::MAX).await;
        assert!(matches!(ended.unwrap(), Ended::Refused { reason } if reason.contains("was ended")));
    }
}
