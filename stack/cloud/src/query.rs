//! SQL through Athena.

use std::time::Duration;

use aws_sdk_athena::Client;
use aws_sdk_athena::types::{QueryExecutionContext, QueryExecutionState, Row};
use tarn_deploy::{PortError, PortErrorKind};

use crate::SdkConfig;
use crate::failure::failed;

const FIRST_POLL: Duration = Duration::from_millis(50);
const LONGEST_POLL: Duration = Duration::from_secs(1);

/// Athena in the configured region.
#[derive(Debug, Clone)]
pub struct Queries {
    client: Client,
}

/// A query's answer; a `None` is SQL's NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Name and Athena type of every column.
    pub columns: Vec<(String, String)>,
    /// The rows.
    pub rows: Vec<Vec<Option<String>>>,
    /// What Athena bills.
    pub scanned_bytes: u64,
}

impl Queries {
    /// Athena of the configured account and region.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    /// Runs a statement in a workgroup over a database and waits for its answer.
    pub async fn run(&self, sql: &str, workgroup: &str, database: &str) -> Result<Answer, PortError> {
        let context = QueryExecutionContext::builder().database(database).build();
        let sent = self
            .client
            .start_query_execution()
            .query_string(sql)
            .work_group(workgroup)
            .query_execution_context(context)
            .send()
            .await;
        let started = sent.map_err(failed("starting the query"))?;
        let id = started.query_execution_id.unwrap_or_default();
        let scanned_bytes = self.wait(&id).await?;
        let (columns, rows) = self.rows(&id).await?;
        Ok(Answer { columns, rows, scanned_bytes })
    }

    async fn wait(&self, id: &str) -> Result<u64, PortError> {
        let mut poll = FIRST_POLL;
        loop {
            let sent = self.client.get_query_execution().query_execution_id(id).send().await;
            let found = sent.map_err(failed("waiting for the query"))?.query_execution;
            let status = found.as_ref().and_then(|query| query.status.as_ref());
            match status.and_then(|status| status.state.as_ref()) {
                Some(QueryExecutionState::Succeeded) => {
                    let statistics = found.and_then(|query| query.statistics);
                    return Ok(statistics.and_then(|s| s.data_scanned_in_bytes).unwrap_or_default() as u64);
                }
                Some(QueryExecutionState::Failed | QueryExecutionState::Cancelled) => {
                    let reason = status.and_then(|status| status.state_change_reason.clone());
                    return Err(refused(reason.unwrap_or_else(|| "it was cancelled".into())));
                }
                _ => tokio::time::sleep(poll).await,
            }
            poll = (poll * 2).min(LONGEST_POLL);
        }
    }

    async fn rows(&self, id: &str) -> Result<(Vec<(String, String)>, Vec<Vec<Option<String>>>), PortError> {
        let mut pages = self.client.get_query_results().query_execution_id(id).into_paginator().send();
        let (mut columns, mut rows) = (Vec::new(), Vec::new());
        while let Some(page) = pages.next().await {
            let set = page.map_err(failed("reading the query's answer"))?.result_set;
            let Some(set) = set else { continue };
            if columns.is_empty() {
                let infos = set.result_set_metadata.and_then(|meta| meta.column_info).unwrap_or_default();
                columns = infos.into_iter().map(|info| (info.name, info.r#type)).collect();
            }
            rows.extend(set.rows.unwrap_or_default().into_iter().map(values));
        }
        // Athena repeats the column names as the first row of a SELECT.
        let is_header = |row: &Vec<Option<String>>| {
            row.iter().map(Option::as_deref).eq(columns.iter().map(|(name, _)| Some(name.as_str())))
        };
        if rows.first().is_some_and(is_header) {
            rows.remove(0);
        }
        Ok((columns, rows))
    }
}

fn values(row: Row) -> Vec<Option<String>> {
    row.data.unwrap_or_default().into_iter().map(|datum| datum.var_char_value).collect()
}

fn refused(reason: String) -> PortError {
    PortError { kind: PortErrorKind::Refused, doing: "running the query".into(), reason, source: None }
}
