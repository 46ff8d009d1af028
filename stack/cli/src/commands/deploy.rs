//! `tarn deploy`: the account becomes what lake.toml says.

use std::path::Path;
use std::process::ExitCode;

use tarn_aws::{S3, SystemClock};
use tarn_cloud::CloudFormation;
use tarn_core::RunKeys;
use tarn_deploy::{Deployment, DesiredStack, Lock, Report, Upload};
use tarn_lake::{Architecture, Bucket, Lake};
use tarn_render::{Target, TemplateSet};

use super::artifacts::S3Artifacts;
use super::plan::Foreseen;
use crate::account::{self, Account};
use crate::arguments::{Common, Deploy, Place};
use crate::confirm;
use crate::console::{self, BAD, GOOD, styled};
use crate::exit;
use crate::failure::Failure;
use crate::handlers::{self, Handlers};
use crate::progress::{self, Progress};
use crate::project::Project;

pub async fn run(common: &Common, options: &Deploy) -> Result<ExitCode, Failure> {
    let project = Project::load(common)?;
    let Prepared { account, deployment } =
        prepare(&project, options.place, options.handlers.as_deref(), options.remove_zones).await?;
    if !options.yes {
        let foreseen = Foreseen::of(&project.lake, &account, &deployment).await?;
        agree(common, &project.lake, options, &foreseen)?;
    }

    let progress = Progress::new(&account.names.prefix());
    let stacks = CloudFormation::new(&account.config);
    let artifacts = S3Artifacts(S3::new(&account.config));
    let lock = lock(&account, &deployment.ops_bucket, &artifacts);
    let deploying = lock.held(tarn_deploy::deploy(&deployment, &stacks, &artifacts, &Waiting, &progress));
    let report = tokio::select! {
        report = deploying => report,
        _ = tokio::signal::ctrl_c() => {
            progress.finish();
            lock.give_back().await?;
            return Err(left_alone());
        }
    };
    progress.finish();
    let report = report??;

    print(common, &account, &report);
    Ok(exit::done_if(report.is_good()))
}

/// All that a deployment needs, and a plan of one.
pub(super) struct Prepared {
    pub account: Account,
    pub deployment: Deployment,
}

/// Renders the lake and finds the account.
pub(super) async fn prepare(
    project: &Project,
    place: Place,
    handlers: Option<&Path>,
    remove_strays: bool,
) -> Result<Prepared, Failure> {
    let handlers = Handlers::find(handlers, &project.lake, architecture(&project.lake, place))?;
    let target = if place.local { Target::LocalCloud } else { Target::Aws };
    let templates = tarn_render::render(&project.lake, &handlers.options(target))
        .map_err(|error| Failure::failed(format!("the templates cannot be rendered: {error}")))?;
    let account = Account::of(place, &project.folder, &project.lake).await?;
    let mut deployment = deployment(&project.lake, &account, &templates, &handlers, remove_strays)?;
    deployment.project_document = project_document(project)?;
    if place.local {
        // The local cloud has no such role.
        deployment.service_role = None;
    }
    Ok(Prepared { account, deployment })
}

/// Whose word a deployment needs.
#[derive(Debug, PartialEq, Eq)]
enum Consent {
    /// Nobody's.
    None,
    /// A yes.
    Yes,
    /// The lake's name, typed.
    Name,
    /// Somebody's, and nobody is there.
    Missing,
}

impl Consent {
    /// Where data may go, somebody must say so. Else a person is asked, but not about a cloud that is
    /// theirs alone.
    fn needed(risky: bool, somebody_answers: bool, is_local: bool) -> Self {
        match (risky, somebody_answers) {
            (true, true) => Self::Name,
            (true, false) => Self::Missing,
            (false, true) if !is_local => Self::Yes,
            (false, _) => Self::None,
        }
    }
}

fn agree(common: &Common, lake: &Lake, options: &Deploy, foreseen: &Foreseen) -> Result<(), Failure> {
    if foreseen.is_none() {
        return Ok(());
    }
    let risks = foreseen.risks(options.remove_zones);
    // Who asks for JSON is a script, whatever it is started from.
    let somebody_answers = confirm::can_ask() && !common.json;
    match Consent::needed(!risks.is_empty(), somebody_answers, options.place.local) {
        Consent::None => Ok(()),
        Consent::Yes => {
            foreseen.print(options.remove_zones);
            confirm::yes("Deploy this?")
        }
        Consent::Name => {
            foreseen.print(options.remove_zones);
            confirm::by_typing(lake.name.as_str(), "This takes data away, as shown above.")
        }
        Consent::Missing => {
            risks.iter().for_each(console::note);
            Err(Failure::bad_input("this deployment takes data away; nothing was done")
                .hint("see `tarn plan`; add --yes if that is what you want"))
        }
    }
}

fn left_alone() -> Failure {
    Failure::failed("no longer following: what CloudFormation has begun goes on, nothing further is begun")
        .hint("`tarn plan` tells what is left to do, and `tarn deploy` does it once the account is quiet")
}

/// The lake's lock, for this process.
pub(super) fn lock<'a>(account: &'a Account, bucket: &'a str, artifacts: &'a S3Artifacts) -> Lock<'a> {
    Lock { bucket, who: &account.who, is_dead: account::is_dead, artifacts, clock: &Waiting }
}

/// What handlers run on: the lake's choice on AWS, this machine on the local cloud.
pub(super) fn architecture(lake: &Lake, place: Place) -> Architecture {
    if place.local { handlers::of_this_machine() } else { lake.environment.deployment.architecture }
}

fn deployment(
    lake: &Lake,
    account: &Account,
    templates: &TemplateSet,
    handlers: &Handlers,
    remove_strays: bool,
) -> Result<Deployment, Failure> {
    let document = serde_json::to_vec_pretty(lake)
        .map_err(|error| Failure::failed(format!("the lake cannot be written as JSON: {error}")))?;
    let desired = templates.iter().map(|template| DesiredStack {
        id: template.id.clone(),
        name: template.name.clone(),
        template: template.as_json().to_owned(),
        resources: template.resources().count(),
        after: template.depends_on.iter().map(|id| account.names.stack(id)).collect(),
    });
    Ok(Deployment {
        stacks: desired.collect(),
        ops_bucket: account.names.bucket(&Bucket::Ops),
        uploads: uploads(handlers),
        lake_document: (RunKeys::DEPLOYED_LAKE.into(), document),
        project_document: None,
        identity: super::destroy::tags(lake),
        tags: lake.environment.tags.clone().into_iter().collect(),
        remove_strays,
        protected: lake.environment.protected,
        service_role: lake.environment.deployment.service_role.clone().map(String::from),
    })
}

fn uploads(handlers: &Handlers) -> Vec<Upload> {
    let upload = |what: &str, archive: &handlers::Archive| Upload {
        what: what.into(),
        key: archive.key.clone(),
        file: archive.file.clone(),
    };
    let gold = handlers.gold.iter().map(|gold| upload("the engine of models", gold));
    std::iter::once(upload("the handlers", &handlers.all)).chain(gold).collect()
}

/// The files of the project, where they are what is deployed.
fn project_document(project: &Project) -> Result<Option<(String, Vec<u8>)>, Failure> {
    if project.texts.is_empty() {
        return Ok(None);
    }
    let document = project.document();
    let document = document
        .map_err(|error| Failure::failed(format!("the lake's files cannot be written as JSON: {error}")))?;
    Ok(Some((RunKeys::PROJECT.into(), document)))
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
            "good": report.is_good(), "stacks": stacks.collect::<Vec<_>>(), "strays": report.strays,
        }));
        return;
    }
    let count = |wanted: &str| report.stacks.iter().filter(|s| progress::word(&s.outcome) == wanted).count();
    for stray in &report.strays {
        console::note(format!("{stray}: its zone is not in lake.toml any more; it stays, with its data"));
    }
    if !report.strays.is_empty() {
        console::hint("`tarn deploy --remove-zones` takes it down");
    }
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

    fn now(&self) -> u64 {
        use tarn_core::ports::Clock;
        u64::try_from(SystemClock.now_millis() / 1_000).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Consent;

    #[test]
    fn nothing_is_taken_away_without_a_word_and_nobody_is_asked_for_nothing() {
        for is_local in [false, true] {
            assert_eq!(Consent::needed(true, true, is_local), Consent::Name);
            assert_eq!(Consent::needed(true, false, is_local), Consent::Missing);
            assert_eq!(Consent::needed(false, false, is_local), Consent::None);
        }
        assert_eq!(Consent::needed(false, true, false), Consent::Yes);
        assert_eq!(Consent::needed(false, true, true), Consent::None);
    }
}
