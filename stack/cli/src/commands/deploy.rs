//! `tarn deploy`: the account becomes what lake.toml says.

use std::process::ExitCode;

use tarn_aws::{S3, SystemClock};
use tarn_cloud::CloudFormation;
use tarn_core::RunKeys;
use tarn_deploy::{Deployment, DesiredStack, Report, Upload};
use tarn_lake::{Architecture, Bucket, Lake};
use tarn_render::{Options, Target, TemplateSet};

use super::artifacts::S3Artifacts;
use crate::account::Account;
use crate::arguments::{Common, Deploy};
use crate::console::{self, BAD, GOOD, styled};
use crate::exit;
use crate::failure::Failure;
use crate::handlers::{self, Handlers};
use crate::progress::{self, Progress};
use crate::project::Project;

pub async fn run(common: &Common, options: &Deploy) -> Result<ExitCode, Failure> {
    let project = Project::load_to_deploy(common)?;
    let handlers = Handlers::find(options.handlers.as_deref(), architecture(&project.lake, options))?;
    let target = if options.place.local { Target::LocalCloud } else { Target::Aws };
    let rendering = Options { handlers_key: handlers.key.clone(), target };
    let templates = tarn_render::render(&project.lake, &rendering)
        .map_err(|error| Failure::failed(format!("the templates cannot be rendered: {error}")))?;

    let account = Account::of(options.place, &project.folder, &project.lake).await?;
    let deployment = deployment(&project.lake, &account, &templates, &handlers)?;

    let progress = Progress::new(&account.names.prefix());
    let stacks = CloudFormation::new(&account.config);
    let artifacts = S3Artifacts(S3::new(&account.config));
    let report = tarn_deploy::deploy(&deployment, &stacks, &artifacts, &Waiting, &progress).await;
    progress.finish();
    let report = report?;

    print(common, &account, &report);
    Ok(exit::done_if(report.is_good()))
}

/// What handlers run on: the lake's choice on AWS, this machine on the local cloud.
fn architecture(lake: &Lake, options: &Deploy) -> Architecture {
    if options.place.local { handlers::of_this_machine() } else { lake.environment.deployment.architecture }
}

fn deployment(
    lake: &Lake,
    account: &Account,
    templates: &TemplateSet,
    handlers: &Handlers,
) -> Result<Deployment, Failure> {
    let document = serde_json::to_vec_pretty(lake)
        .map_err(|error| Failure::failed(format!("the lake cannot be written as JSON: {error}")))?;
    let desired = templates.iter().map(|template| DesiredStack {
        id: template.id.clone(),
        name: template.name.clone(),
        template: template.to_json(),
        after: template.depends_on.iter().map(|id| account.names.stack(id)).collect(),
    });
    Ok(Deployment {
        stacks: desired.collect(),
        ops_bucket: account.names.bucket(&Bucket::Ops),
        uploads: vec![Upload {
            what: "the handlers".into(),
            key: handlers.key.clone(),
            file: handlers.file.clone(),
        }],
        lake_document: (RunKeys::DEPLOYED_LAKE.into(), document),
        tags: super::destroy::tags(lake).into_iter().chain(lake.environment.tags.clone()).collect(),
        protected: lake.environment.protected,
    })
}

fn print(common: &Common, account: &Account, report: &Report) {
    if common.json {
        let stacks = report.stacks.iter().map(|stack| {
            serde_json::json!({
                "stack": stack.name, "outcome": progress::word(&stack.outcome), "resources": stack.resources,
            })
        });
        console::json(&serde_json::json!({
            "account": account.names.account(), "region": account.names.region(),
            "good": report.is_good(), "stacks": stacks.collect::<Vec<_>>(),
        }));
        return;
    }
    let count = |wanted: &str| report.stacks.iter().filter(|s| progress::word(&s.outcome) == wanted).count();
    let bad = report.stacks.iter().filter(|stack| !stack.outcome.is_good()).count();
    let summary = format!(
        "stacks: {} created, {} updated, {} unchanged, {bad} not done",
        count("created"),
        count("updated"),
        count("unchanged"),
    );
    if report.is_good() {
        console::result(format!("{} {summary}", styled("deployed", GOOD)));
    } else {
        console::result(format!("{} {summary}", styled("not deployed", BAD)));
        console::hint("what is done stays; mend the cause shown above and deploy again");
    }
}

/// Waits in real time.
pub(super) struct Waiting;

#[async_trait::async_trait]
impl tarn_deploy::Clock for Waiting {
    async fn sleep(&self, duration: std::time::Duration) {
        use tarn_core::ports::Clock;
        SystemClock.sleep(duration).await;
    }
}
