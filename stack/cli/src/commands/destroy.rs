//! `tarn destroy`: the lake goes, and nothing of it stays.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use tarn_aws::S3;
use tarn_cloud::{CloudFormation, Pipeline};
use tarn_deploy::{Destruction, Report, Standing};
use tarn_lake::{Bucket, Lake, Names, StackId};

use super::artifacts::S3Artifacts;
use super::deploy::{Waiting, lock};
use crate::account::Account;
use crate::arguments::{Common, Destroy};
use crate::confirm;
use crate::console::{self, BAD, GOOD, styled};
use crate::exit;
use crate::failure::Failure;
use crate::progress::{self, Progress};
use crate::project::Project;

const LONGEST_PATIENCE: Duration = Duration::from_secs(60);

pub async fn run(common: &Common, options: &Destroy) -> Result<ExitCode, Failure> {
    let project = match &options.lake {
        Some(name) => Project::named(common, name)?,
        None => Project::load(common)?,
    };
    let lake = &project.lake;
    refuse_protected(lake)?;
    let account = Account::of(options.place, &project.folder, lake).await?;
    let stacks = CloudFormation::new(&account.config);
    let artifacts = S3Artifacts(S3::new(&account.config));
    let destruction = destruction(lake, &account.names);
    let standing = tarn_deploy::standing(&destruction, &stacks, &artifacts).await?;
    refuse_stacks_under_protection(&standing)?;
    if options.dry_run {
        would_go(common, &standing);
        return Ok(exit::done_if(true));
    }
    if !options.yes {
        standing.told().iter().for_each(|line| console::note(format!("  {line}")));
        let question = format!(
            "This deletes the lake `{}`, environment `{}`, in account {} ({}): every file in every bucket.",
            lake.name,
            lake.environment.name,
            account.names.account(),
            account.names.region(),
        );
        confirm::by_typing(lake.name.as_str(), &question)?;
    }
    stop_runs(&account).await?;

    let progress = Progress::new(&account.names.prefix());
    let ops = account.names.bucket(&Bucket::Ops);
    let destroying = tarn_deploy::destroy(&destruction, &stacks, &artifacts, &Waiting, &progress);
    let report = lock(&account, &ops, &artifacts).held(destroying).await;
    progress.finish();
    let report = report??;

    print(common, &report);
    Ok(exit::done_if(report.is_good()))
}

/// The tags by which a lake's stacks are found again.
pub(super) fn tags(lake: &Lake) -> Vec<(String, String)> {
    vec![
        ("tarn:lake".into(), lake.name.to_string()),
        ("tarn:environment".into(), lake.environment.name.to_string()),
    ]
}

fn refuse_protected(lake: &Lake) -> Result<(), Failure> {
    if !lake.environment.protected {
        return Ok(());
    }
    let name = &lake.environment.name;
    Err(Failure::bad_input(format!("environment `{name}` is protected; nothing was touched")).hint(format!(
        "to take it down all the same, set `protected = false` under [env.{name}], deploy, and repeat"
    )))
}

/// What the account says counts as much as what the file says.
fn refuse_stacks_under_protection(standing: &Standing) -> Result<(), Failure> {
    let protected: Vec<_> = standing.protected().collect();
    if protected.is_empty() {
        return Ok(());
    }
    Err(Failure::bad_input(format!(
        "these stacks are protected: {}; nothing was touched",
        protected.join(", ")
    ))
    .hint("deploy once with `protected = false` for this environment, and repeat"))
}

fn would_go(common: &Common, standing: &Standing) {
    if common.json {
        let stacks: Vec<_> = standing.stacks.iter().map(|stack| &stack.name).collect();
        return console::json(&serde_json::json!({ "stacks": stacks, "buckets": standing.buckets }));
    }
    match standing.told().as_slice() {
        [] => console::result("nothing stands of this lake"),
        told => {
            console::result("would go:");
            told.iter().for_each(|line| console::result(format!("  {line}")));
        }
    }
}

/// Nothing may write while buckets are emptied. Stopping a run does not stop the functions that it
/// called, so a run gets a minute to end by itself before it is stopped.
async fn stop_runs(account: &Account) -> Result<(), Failure> {
    let pipeline = Pipeline::new(&account.config, &account.names);
    let patience = Instant::now() + LONGEST_PATIENCE;
    let mut told = Vec::new();
    while Instant::now() < patience {
        let running = pipeline.running().await?;
        if running.is_empty() {
            return Ok(());
        }
        for run in running.into_iter().filter(|run| !told.contains(run)).collect::<Vec<_>>() {
            console::note(format!("run {} is under way; it gets a minute to end", last_part(&run)));
            told.push(run);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    for run in pipeline.running().await? {
        console::note(format!("stopping run {}", last_part(&run)));
        pipeline.stop(&run).await?;
    }
    Ok(())
}

fn last_part(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

fn destruction(lake: &Lake, names: &Names) -> Destruction {
    Destruction {
        prefix: format!("{}-", names.prefix()),
        account_and_region: format!("-{}-{}", names.account(), names.region()),
        tags: tags(lake),
        foundation: names.stack(&StackId::Foundation),
        storage: names.stack(&StackId::Storage),
        pipeline: names.stack(&StackId::Pipeline),
        last_buckets: vec![names.bucket(&Bucket::Ops), names.bucket(&Bucket::Logs)],
    }
}

fn print(common: &Common, report: &Report) {
    if common.json {
        let stacks = report.stacks.iter().map(
            |stack| serde_json::json!({ "stack": stack.name, "outcome": progress::word(&stack.outcome) }),
        );
        console::json(&serde_json::json!({
            "good": report.is_good(), "stacks": stacks.collect::<Vec<_>>(),
            "removed": report.resources(), "left": report.left,
        }));
        return;
    }
    if !report.resources().is_empty() {
        console::result("removed:");
        for (kind, count) in report.resources() {
            console::result(format!("  {count:>4}  {kind}"));
        }
    }
    match report.left.as_slice() {
        [] if report.is_good() => console::result(format!("left: {}", styled("nothing", GOOD))),
        [] => console::result(format!("left: {}", styled("unknown, since a stack failed", BAD))),
        left => {
            console::result(format!("left: {}", styled(left.len(), BAD)));
            left.iter().for_each(|what| console::result(format!("  {what}")));
            console::hint("what is done stays done; mend the cause shown above and destroy again");
        }
    }
}
