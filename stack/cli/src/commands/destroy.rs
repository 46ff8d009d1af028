//! `tarn destroy`: the lake goes, and nothing of it stays.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tarn_aws::S3;
use tarn_cloud::{CloudFormation, Pipeline, Services};
use tarn_core::RunKeys;
use tarn_deploy::{Artifacts, Deployment, Destroyed, Destruction, Line, Standing};
use tarn_lake::{Bucket, Lake, Names, StackId};

use super::artifacts::S3Artifacts;
use super::deploy::{Prepared, Waiting, lock, prepare};
use crate::account::{Account, lake_formation};
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
    refuse_another_environment(lake, options)?;
    if lake.environment.protected {
        may_be_confirmed(lake, options)?;
    }
    let account = Account::of(options.place, &project.folder, lake).await?;
    let stacks = CloudFormation::new(&account.config);
    let artifacts = S3Artifacts(S3::new(&account.config));
    let destruction = Destruction { keep_data: options.keep_data, ..destruction(lake, &account.names) };
    let standing = tarn_deploy::standing(&destruction, &stacks, &artifacts).await?;
    let recorded = Recorded::of(&account, &artifacts).await?;
    let is_protected =
        lake.environment.protected || recorded.is_protected() || standing.protected().next().is_some();
    if is_protected {
        may_be_confirmed(lake, options)?;
    }
    if options.dry_run {
        would_go(common, options, &standing);
        return Ok(exit::done_if(true));
    }
    let reshaped = match is_protected || options.keep_data {
        true => reshaped(&project, options, recorded, &standing).await?,
        false => None,
    };
    if !options.yes {
        standing.told().iter().for_each(|line| console::note(format!("  {line}")));
        let question = format!(
            "This deletes the lake `{}`, environment `{}`, in account {} ({}): {}.",
            lake.name,
            lake.environment.name,
            account.names.account(),
            account.names.region(),
            if options.keep_data { "all but buckets, ledger and key" } else { "every file in every bucket" },
        );
        confirm::by_typing(lake.name.as_str(), &question)?;
    }
    if is_protected {
        confirm_protected(lake, options)?;
    }
    let progress = Progress::new(&account.names.prefix());
    let ops = account.names.bucket(&Bucket::Ops);
    let lake_formation = lake_formation(&account.config, options.place, &project.folder).await?;
    let services = Services::new(&account.config, &lake_formation, account.names.account());
    let destroying = async {
        // Only now: what somebody else deploys is not disturbed.
        stop_runs(&account).await?;
        if let Some(deployment) = &reshaped {
            let report = tarn_deploy::deploy(deployment, &stacks, &artifacts, &Waiting, &progress).await?;
            if !report.is_good() {
                return Ok(None);
            }
        }
        let destroyed =
            tarn_deploy::destroy(&destruction, &stacks, &artifacts, &services, &Waiting, &progress).await;
        Ok::<_, Failure>(Some(destroyed?))
    };
    let destroyed = lock(&account, &ops, &artifacts).held(destroying).await;
    progress.finish();
    let Some(destroyed) = destroyed?? else { return Err(not_reshaped()) };

    print(common, &destroyed);
    Ok(exit::done_if(destroyed.is_good()))
}

/// The tags by which a lake's stacks are found again.
pub(super) fn tags(lake: &Lake) -> Vec<(String, String)> {
    vec![
        ("tarn:lake".into(), lake.name.to_string()),
        ("tarn:environment".into(), lake.environment.name.to_string()),
    ]
}

/// A name that was given must be the right one, protected or not.
fn refuse_another_environment(lake: &Lake, options: &Destroy) -> Result<(), Failure> {
    let environment = lake.environment.name.as_str();
    match options.protected.as_deref() {
        Some(named) if named != environment => Err(Failure::bad_input(format!(
            "--protected names the environment `{named}`, and this one is `{environment}`; nothing was touched"
        ))),
        _ => Ok(()),
    }
}

/// A protected environment needs a word of its own, which somebody types or a flag says.
fn may_be_confirmed(lake: &Lake, options: &Destroy) -> Result<(), Failure> {
    if options.protected.is_some() || confirm::can_ask() {
        return Ok(());
    }
    let name = &lake.environment.name;
    Err(Failure::bad_input(format!("environment `{name}` is protected; nothing was touched"))
        .hint(format!("to take it down all the same, add --protected {name}; --yes does not stand for that")))
}

fn confirm_protected(lake: &Lake, options: &Destroy) -> Result<(), Failure> {
    if options.protected.is_some() {
        return Ok(());
    }
    let fate = if options.keep_data { "its data stays" } else { "its data goes too" };
    let name = lake.environment.name.as_str();
    confirm::by_typing(name, &format!("The environment `{name}` is protected; {fate}."))
}

/// The lake as the ops bucket has it.
struct Recorded(Option<(Lake, Vec<u8>)>);

impl Recorded {
    async fn of(account: &Account, artifacts: &S3Artifacts) -> Result<Self, Failure> {
        let ops = account.names.bucket(&Bucket::Ops);
        let Some(bytes) = artifacts.read(&ops, RunKeys::DEPLOYED_LAKE).await? else { return Ok(Self(None)) };
        let lake = serde_json::from_slice(&bytes).map_err(|error| {
            let document = RunKeys::DEPLOYED_LAKE;
            Failure::failed(format!("the deployed lake, {document} in {ops}, cannot be read: {error}"))
                .hint("nothing was touched; take the tarn that deployed it, or deploy again with this one")
        })?;
        Ok(Self(Some((lake, bytes))))
    }

    fn is_protected(&self) -> bool {
        self.0.as_ref().is_some_and(|(lake, _)| lake.environment.protected)
    }
}

/// The lake as it was deployed, with the stacks that stand of it, and with templates that let its data
/// go, or that retain it. What was recorded stays as it was, so that a repeat asks again.
async fn reshaped(
    project: &Project,
    options: &Destroy,
    Recorded(recorded): Recorded,
    standing: &Standing,
) -> Result<Option<Deployment>, Failure> {
    if standing.stacks.is_empty() {
        return Ok(None);
    }
    // Only a command that was killed leaves this: data was let go, and the ops bucket is empty already.
    if recorded.is_none() && !options.keep_data && standing.protected().next().is_none() {
        return Ok(None);
    }
    let Some((mut lake, document)) = recorded else {
        return Err(Failure::failed(
            "what was deployed is not recorded in the ops bucket; nothing was touched",
        )
        .hint("`tarn deploy` records it; what becomes of data follows from that"));
    };
    lake.environment.protected = options.keep_data;
    let (folder, files) = (project.folder.clone(), project.files.clone());
    let as_deployed = Project { folder, lake, files, warnings: 0, texts: BTreeMap::new() };
    let Prepared { mut deployment, .. } = prepare(&as_deployed, options.place, None, false).await?;
    let names: Vec<&String> = standing.stacks.iter().map(|stack| &stack.name).collect();
    refuse_strays(&deployment, &names)?;
    deployment.stacks.retain(|stack| standing.can_change(&stack.name));
    deployment.lake_document.1 = document;
    Ok((!deployment.stacks.is_empty()).then_some(deployment))
}

/// Of a stack that the deployed lake does not have, nobody knows how to keep or to let go its data.
fn refuse_strays(deployment: &Deployment, standing: &[&String]) -> Result<(), Failure> {
    let has = |name: &str| deployment.stacks.iter().any(|stack| stack.name == name);
    let strays: Vec<&str> = standing.iter().map(|name| name.as_str()).filter(|name| !has(name)).collect();
    if strays.is_empty() {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "these stacks are not of the lake as it was deployed last: {}; nothing was touched",
        strays.join(", ")
    ))
    .hint("take them down first: `tarn deploy --remove-zones`"))
}

fn not_reshaped() -> Failure {
    Failure::failed("the stacks could not be told what becomes of their data; nothing was deleted")
        .hint("mend the cause shown above and destroy again")
}

fn would_go(common: &Common, options: &Destroy, standing: &Standing) {
    let (buckets, kept) = match options.keep_data {
        true => (Vec::new(), standing.buckets.clone()),
        false => (standing.buckets.clone(), Vec::new()),
    };
    let standing = Standing { stacks: standing.stacks.clone(), buckets };
    if common.json {
        let stacks: Vec<_> = standing.stacks.iter().map(|stack| &stack.name).collect();
        return console::json(
            &serde_json::json!({ "stacks": stacks, "buckets": standing.buckets, "kept": kept }),
        );
    }
    match standing.told().as_slice() {
        [] => console::result("nothing stands of this lake"),
        told => {
            console::result("would go:");
            told.iter().for_each(|line| console::result(format!("  {line}")));
        }
    }
    if !kept.is_empty() {
        console::result("would stay, with the ledger and the key:");
        kept.iter().for_each(|bucket| console::result(format!("  bucket {bucket}")));
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
        keep_data: false,
    }
}

fn print(common: &Common, destroyed: &Destroyed) {
    let Destroyed { report, receipt } = destroyed;
    let left = report.left.iter().cloned().chain(receipt.told());
    // What the stacks' report names is in the receipt too, by another name.
    let left: Vec<String> = if receipt.is_clean() { left.collect() } else { receipt.told() };
    if common.json {
        let stacks = report.stacks.iter().map(
            |stack| serde_json::json!({ "stack": stack.name, "outcome": progress::word(&stack.outcome) }),
        );
        console::json(&serde_json::json!({
            "good": destroyed.is_good(), "stacks": stacks.collect::<Vec<_>>(),
            "removed": report.resources(), "left": left, "receipt": receipt.lines,
        }));
        return;
    }
    console::result("removed  left");
    for line in receipt.lines.iter().filter(|line| is_told(line)) {
        print_line(line);
    }
    print_kept(&receipt.lines);
    if destroyed.is_good() {
        return console::result(format!("left: {}", styled("nothing", GOOD)));
    }
    console::result(format!("left: {}", styled(left.len(), BAD)));
    left.iter().for_each(|what| console::result(format!("  {what}")));
    console::hint("what is done stays done; mend the cause shown above and destroy again");
}

fn print_kept(lines: &[Line]) {
    let kept = || lines.iter().flat_map(|line| line.kept.iter().map(move |name| (line.kind, name)));
    if kept().next().is_none() {
        return;
    }
    console::result("kept:");
    kept().for_each(|(kind, name)| console::result(format!("  {kind}: {name}")));
    console::hint(
        "whoever has rights on the key reads the buckets as before, for example `aws s3 ls s3://BUCKET`; a later \
         deployment of this lake does not adopt them: their names are taken, as `tarn doctor` tells, so move them \
         or take another environment",
    );
}

fn is_told(line: &Line) -> bool {
    line.removed > 0 || line.left > 0 || line.unknown.is_some() || !line.pending.is_empty()
}

fn print_line(line: &Line) {
    let left = if line.unknown.is_some() { "?".to_owned() } else { line.left.to_string() };
    let by = if line.by == "stacks" { "  (by CloudFormation's word)" } else { "" };
    console::result(format!("{:>7}  {left:>4}  {}{by}", line.removed, line.kind));
    for pending in &line.pending {
        console::result(format!("               goes by itself: {pending}"));
    }
}
