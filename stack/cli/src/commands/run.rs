//! `tarn run`: starts the pipeline and follows it until its account is balanced.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use tarn_aws::S3;
use tarn_cloud::{Pipeline, RunStatus};
use tarn_core::ports::ObjectStore;
use tarn_core::{Kind, ModelTally, RunId, RunKeys, RunReport};
use tarn_lake::{Bucket, Lake, TableName};

use super::folder;
use super::follow::follow;
use crate::account::Account;
use crate::arguments::{Common, Run};
use crate::console::{self, BAD, GOOD, styled};
use crate::exit;
use crate::failure::Failure;
use crate::project::Project;

pub async fn run(common: &Common, options: &Run) -> Result<ExitCode, Failure> {
    if let Some(dir) = &options.dir {
        return folder::run(common, dir, options).await;
    }
    let project = Project::load(common)?;
    let input = input(tables(&project.lake, &options.tables)?);
    let account = Account::of(options.place, &project.folder, &project.lake).await?;
    let pipeline = Pipeline::new(&account.config, &account.names);

    for other in pipeline.running().await? {
        console::note(format!("a run is under way already; waiting for it: {}", id_of(&other)));
        follow(&account, &pipeline, &other, options.follow).await?;
    }
    let run = pipeline.start(&new_id("manual"), &input).await?;
    console::note(format!("run {}", id_of(&run)));
    let ended = follow(&account, &pipeline, &run, options.follow).await?;

    let report = report_of(&account, id_of(&run)).await?;
    if let Some(report) = &report {
        print(common, report);
    }
    let is_told = report.is_some_and(|report| report.failed.files + report.failed_steps > 0);
    match ended {
        RunStatus::Failed { error, cause } if !is_told => {
            Err(Failure::failed(format!("the run failed: {error}: {}", readable(&cause)))
                .hint("the execution's history and the functions' logs tell more; what was converted stays"))
        }
        ended => Ok(exit::done_if(ended == RunStatus::Succeeded)),
    }
}

/// The tables that were named, if any were.
pub(super) fn tables(lake: &Lake, named: &[String]) -> Result<Option<Vec<TableName>>, Failure> {
    let find = |name: &String| {
        let found = lake.tables.iter().find(|table| table.name.as_str() == name);
        found.map(|table| table.name.clone()).ok_or_else(|| {
            let names: Vec<&str> = lake.tables.iter().map(|table| table.name.as_str()).collect();
            Failure::bad_input(format!("the lake has no table `{name}`"))
                .hint(format!("its tables are: {}", names.join(", ")))
        })
    };
    let found: Vec<TableName> = named.iter().map(find).collect::<Result<_, _>>()?;
    Ok(Some(found).filter(|found| !found.is_empty()))
}

/// What the state machine is given.
fn input(tables: Option<Vec<TableName>>) -> String {
    match tables {
        Some(tables) => serde_json::json!({ "tables": tables }).to_string(),
        None => "{}".to_owned(),
    }
}

/// Why it was started and the time, so that runs sort by it.
pub fn new_id(why: &str) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{why}-{}", since.as_millis())
}

fn id_of(run_arn: &str) -> &str {
    run_arn.rsplit(':').next().unwrap_or(run_arn)
}

/// The report of the run, if it came as far as that: a run that failed has one too.
pub(super) async fn report_of(account: &Account, run: &str) -> Result<Option<RunReport>, Failure> {
    let run = RunId::new(run)?;
    let ops = account.names.bucket(&Bucket::Ops);
    match S3::new(&account.config).read(&ops, &RunKeys(&run).report()).await {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| Failure::failed(format!("the run's report is not what tarn wrote: {error}"))),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A cause is often a JSON error of a function; its message is what a person wants.
fn readable(cause: &str) -> String {
    let parsed: Option<serde_json::Value> = serde_json::from_str(cause).ok();
    let message = parsed.as_ref().and_then(|value| value.get("errorMessage")).and_then(|m| m.as_str());
    message.unwrap_or(cause).to_owned()
}

/// The account, for people or for scripts.
pub fn print(common: &Common, report: &RunReport) {
    if common.json {
        return console::json(report);
    }
    for (class, tally) in report.classes() {
        console::result(format!("{class:<12} {:>6} files {:>14} bytes", tally.files, tally.bytes));
    }
    console::result(format!("rows         {:>6} in silver, {} in quarantine", report.rows, report.bad_rows));
    if report.nulled_values > 0 {
        console::result(format!(
            "values       {:>6} in silver are null because unreadable",
            report.nulled_values
        ));
    }
    if !report.models.is_empty() {
        let ModelTally { built, unchanged, skipped, failed, .. } = report.models;
        console::result(format!(
            "models       {built:>6} built, {unchanged} unchanged, {skipped} skipped, {failed} failed"
        ));
    }
    report.remarks.iter().for_each(|remark| console::result(format!("  {remark}")));
    match report.failed.files + report.failed_steps {
        0 => console::result(format!("account {}", styled("balanced", GOOD))),
        _ => console::result(format!(
            "account balanced, with {}; the next run tries again",
            styled("failures", BAD)
        )),
    }
}
