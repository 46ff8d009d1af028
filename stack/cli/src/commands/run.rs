//! `tarn run`: starts the pipeline and follows it until its account is balanced.

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tarn_cloud::{Pipeline, RunState, RunStatus};
use tarn_core::RunReport;

use crate::account::Account;
use crate::arguments::{Common, Run};
use crate::console::{self, BAD, GOOD, styled};
use crate::exit;
use crate::failure::Failure;
use crate::progress::spinner;
use crate::project::Project;

const POLL: Duration = Duration::from_millis(500);

pub async fn run(common: &Common, options: &Run) -> Result<ExitCode, Failure> {
    let project = Project::load(common)?;
    let account = Account::of(options.place, &project.folder, &project.lake).await?;
    let pipeline = Pipeline::new(&account.config, &account.names);

    for other in pipeline.running().await? {
        console::note(format!("a run is under way already; waiting for it: {}", id_of(&other)));
        follow(&pipeline, &other).await?;
    }
    let run = pipeline.start(&new_id()).await?;
    console::note(format!("run {}", id_of(&run)));
    let ended = follow(&pipeline, &run).await?;

    let report = report_of(&ended)?;
    print(common, &report);
    Ok(exit::done_if(report.failed.files == 0))
}

/// `manual-` and the time, so that runs sort by it.
fn new_id() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("manual-{}", since.as_millis())
}

fn id_of(run_arn: &str) -> &str {
    run_arn.rsplit(':').next().unwrap_or(run_arn)
}

/// Waits for the end of a run and says, as it goes, which step it is in.
async fn follow(pipeline: &Pipeline, run: &str) -> Result<RunState, Failure> {
    let spinner = spinner();
    let mut told = None;
    let state = loop {
        let state = pipeline.state(run).await?;
        if state.status != RunStatus::Running {
            break state;
        }
        let progress = pipeline.progress(run).await?;
        if progress.step != told {
            let step = progress.step.clone().unwrap_or_default();
            spinner.suspend(|| console::note(format!("  {}", console::styled(step, console::DIM))));
            told = progress.step.clone();
        }
        if let Some((done, all)) = progress.items {
            spinner.set_message(format!("{} {done}/{all}", progress.step.unwrap_or_default()));
        }
        tokio::time::sleep(POLL).await;
    };
    spinner.finish_and_clear();
    Ok(state)
}

/// The report is the output of the run.
fn report_of(ended: &RunState) -> Result<RunReport, Failure> {
    if let RunStatus::Failed { error, cause } = &ended.status {
        return Err(Failure::failed(format!("the run failed: {error}: {}", readable(cause)))
            .hint("the execution's history and the functions' logs tell more; what was converted stays"));
    }
    let output = ended.output.as_deref().unwrap_or_default();
    serde_json::from_str(output)
        .map_err(|error| Failure::failed(format!("the run's report is not what tarn wrote: {error}")))
}

/// A cause is often a JSON error of a function; its message is what a person wants.
fn readable(cause: &str) -> String {
    let parsed: Option<serde_json::Value> = serde_json::from_str(cause).ok();
    let message = parsed.as_ref().and_then(|value| value.get("errorMessage")).and_then(|m| m.as_str());
    message.unwrap_or(cause).to_owned()
}

fn print(common: &Common, report: &RunReport) {
    if common.json {
        return console::json(report);
    }
    let classes = [
        ("landed", report.landed),
        ("converted", report.converted),
        ("quarantined", report.quarantined),
        ("duplicate", report.duplicate),
        ("skipped", report.skipped),
        ("failed", report.failed),
    ];
    for (class, tally) in classes {
        console::result(format!("{class:<12} {:>6} files {:>14} bytes", tally.files, tally.bytes));
    }
    console::result(format!("rows         {:>6} in silver, {} in quarantine", report.rows, report.bad_rows));
    report.remarks.iter().for_each(|remark| console::result(format!("  {remark}")));
    match report.failed.files {
        0 => console::result(format!("account {}", styled("balanced", GOOD))),
        _ => console::result(format!(
            "account balanced, with {}; the next run tries again",
            styled("failures", BAD)
        )),
    }
}
