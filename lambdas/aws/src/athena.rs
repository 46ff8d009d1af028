//! Statements in Athena.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_athena::Client;
use aws_sdk_athena::types::{QueryExecution, QueryExecutionState, QueryExecutionStatus};
use tarn_core::ports::{Clock, Ended, Statement, Statements};
use tarn_core::{Error, Kind, Result};

use crate::failure::failed;
use crate::{SdkConfig, SystemClock};

const FIRST_POLL: Duration = Duration::from_millis(250);
const LONGEST_POLL: Duration = Duration::from_secs(5);

/// Athena's number for errors of its own.
/// Source: Athena API, `AthenaError`, `ErrorCategory`: 1 is the system, 2 the user, 3 other.
const OF_THE_SYSTEM: i32 = 1;

/// Errors that speak of the statement and of no row.
const OF_THE_TEXT: [&str; 9] = [
    "SYNTAX_ERROR",
    "TYPE_MISMATCH",
    "COLUMN_NOT_FOUND",
    "TABLE_NOT_FOUND",
    "SCHEMA_NOT_FOUND",
    "FUNCTION_NOT_FOUND",
    "AMBIGUOUS_NAME",
    "NOT_SUPPORTED",
    "PERMISSION_DENIED",
];

/// A workgroup of Athena in the configured region.
#[derive(Debug, Clone)]
pub struct Athena {
    client: Client,
    workgroup: String,
}

impl Athena {
    /// Statements in this workgroup.
    pub fn new(config: &SdkConfig, workgroup: impl Into<String>) -> Self {
        Self { client: Client::new(config), workgroup: workgroup.into() }
    }

    async fn begun(&self, statement: &Statement<'_>) -> Result<String> {
        let sent = self
            .client
            .start_query_execution()
            .client_request_token(statement.name)
            .query_string(statement.sql)
            .work_group(&self.workgroup)
            .send()
            .await;
        let id = sent.map_err(failed("beginning a statement in Athena"))?.query_execution_id;
        id.ok_or_else(|| Error::new(Kind::Internal, "Athena began a statement and gave it no id"))
    }

    async fn status(&self, id: &str) -> Result<Option<QueryExecutionStatus>> {
        let sent = self.client.get_query_execution().query_execution_id(id).send().await;
        let found = sent.map_err(failed(format!("asking Athena for the statement {id}")))?;
        Ok(found.query_execution.and_then(|QueryExecution { status, .. }| status))
    }
}

#[async_trait]
impl Statements for Athena {
    /// Athena gives one statement to equal tokens, so the name is the token.
    async fn run(&self, statement: &Statement<'_>) -> Result<Ended> {
        let id = self.begun(statement).await?;
        let mut poll = FIRST_POLL;
        loop {
            let status = self.status(&id).await?;
            if let Some(ended) = status.as_ref().and_then(|status| ended(&id, status)) {
                return Ok(ended);
            }
            if SystemClock.now_millis() >= statement.deadline_millis {
                return Err(Error::new(
                    Kind::OutOfTime,
                    format!("Athena is not done with the statement {id}"),
                ));
            }
            tokio::time::sleep(poll).await;
            poll = (poll * 2).min(LONGEST_POLL);
        }
    }
}

/// How it ended, if it has.
fn ended(id: &str, status: &QueryExecutionStatus) -> Option<Ended> {
    match status.state.as_ref()? {
        QueryExecutionState::Succeeded => Some(Ended::Done),
        QueryExecutionState::Cancelled => Some(Ended::Refused { reason: format!("somebody stopped {id}") }),
        QueryExecutionState::Failed => {
            let error = status.athena_error.as_ref();
            let is_of_the_system = error.and_then(|error| error.error_category) == Some(OF_THE_SYSTEM);
            let may_pass = is_of_the_system || error.is_some_and(|error| error.retryable);
            let reason = told(id, status.state_change_reason.as_deref().unwrap_or_default());
            Some(if may_pass { Ended::Broken { reason } } else { Ended::Refused { reason } })
        }
        _ => None,
    }
}

/// Athena's words, but for those that may hold a value: of these its name of the error alone.
fn told(id: &str, reason: &str) -> String {
    let name = reason.split(':').next().unwrap_or_default().trim();
    if OF_THE_TEXT.contains(&name) {
        return format!("{reason} (Athena, statement {id})");
    }
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let name = if is_name { name } else { "an error" };
    format!("{name} in Athena; `aws athena get-query-execution --query-execution-id {id}` says more")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::{StandIn, ok};

    const BEGUN: &str = r#"{"QueryExecutionId":"q-1"}"#;

    fn state(status: &str) -> String {
        ok(&format!(r#"{{"QueryExecution":{{"QueryExecutionId":"q-1","Status":{status}}}}}"#))
    }

    async fn run(answers: Vec<String>, deadline_millis: i64) -> (Result<Ended>, Vec<String>) {
        let server = StandIn::answering(answers);
        let name = "0123456789abcdef0123456789abcdef";
        let statement = Statement { name, sql: "UNLOAD (SELECT 1)", deadline_millis };
        let ended = Athena::new(&server.config(), "shop-dev").run(&statement).await;
        (ended, server.requests())
    }

    #[tokio::test]
    async fn a_statement_is_begun_under_its_name_and_waited_for() {
        let answers = vec![
            ok(BEGUN),
            state(r#"{"State":"QUEUED"}"#),
            state(r#"{"State":"RUNNING"}"#),
            state(r#"{"State":"SUCCEEDED"}"#),
        ];
        let (ended, requests) = run(answers, i64::MAX).await;
        assert_eq!(ended.unwrap(), Ended::Done);
        assert_eq!(requests.len(), 4);
        for wanted in ["0123456789abcdef0123456789abcdef", "shop-dev", "UNLOAD (SELECT 1)"] {
            assert!(requests[0].contains(wanted), "{}", requests[0]);
        }
    }

    #[tokio::test]
    async fn what_is_not_done_in_time_is_told_as_that() {
        let (ended, _) = run(vec![ok(BEGUN), state(r#"{"State":"RUNNING"}"#)], 0).await;
        assert_eq!(ended.unwrap_err().kind(), Kind::OutOfTime);
    }

    #[tokio::test]
    async fn a_failure_is_told_by_whose_it_is_and_without_values() {
        let failed = |reason: &str, error: &str| {
            state(&format!(
                r#"{{"State":"FAILED","StateChangeReason":"{reason}","AthenaError":{{{error}}}}}"#
            ))
        };
        let of_user = r#""ErrorCategory":2,"Retryable":false"#;
        for (answer, wanted) in [
            (
                failed("SYNTAX_ERROR: line 1:8: mismatched input", of_user),
                (false, "line 1:8: mismatched input"),
            ),
            (
                failed("INVALID_CAST_ARGUMENT: Cannot cast 'Ana' to INT", of_user),
                (false, "INVALID_CAST_ARGUMENT in"),
            ),
            (failed("Ana is no number", of_user), (false, "an error in Athena")),
            (
                failed("GENERIC_INTERNAL_ERROR: it broke", r#""ErrorCategory":1"#),
                (true, "GENERIC_INTERNAL_ERROR in"),
            ),
            (state(r#"{"State":"CANCELLED"}"#), (false, "somebody stopped q-1")),
        ] {
            let (ended, _) = run(vec![ok(BEGUN), answer], i64::MAX).await;
            let (may_pass, reason) = match ended.unwrap() {
                Ended::Refused { reason } => (false, reason),
                Ended::Broken { reason } => (true, reason),
                Ended::Done => panic!("it failed"),
            };
            assert_eq!(may_pass, wanted.0, "{reason}");
            assert!(reason.contains(wanted.1) && !reason.contains("Ana"), "{reason}");
        }
    }
}
