//! `tarn doctor`: whether a deployment can begin, looked at before one does.

use std::process::ExitCode;

use tarn_aws::{LakeFormation, S3};
use tarn_cloud::{CloudFormation, SdkConfig};
use tarn_core::Kind;
use tarn_core::ports::{Administration, ObjectStore};
use tarn_deploy::{BucketName, Check, Facts, LockError, PortError, Room, StackState, Stacks, preflight};
use tarn_lake::{Bucket, Lake, StackId};

use super::artifacts::S3Artifacts;
use super::{deploy, destroy};
use crate::account::{self, Account};
use crate::arguments::{Common, Doctor};
use crate::console::{self, BAD, DIM, GOOD, styled};
use crate::exit;
use crate::failure::Failure;
use crate::handlers::Handlers;
use crate::project::Project;

pub async fn run(common: &Common, options: &Doctor) -> Result<ExitCode, Failure> {
    let project = Project::load(common)?;
    let checks = preflight(&facts(&project, options).await);
    let counts = |check: &&Check| check.way_out.is_some() && !options.ignore.contains(&check.number);
    let failed = checks.iter().filter(counts).count();
    if common.json {
        console::json(
            &serde_json::json!({ "good": failed == 0, "checks": checks, "ignored": options.ignore }),
        );
    } else {
        checks.iter().for_each(|check| show(check, options.ignore.contains(&check.number)));
    }
    Ok(exit::done_if(failed == 0))
}

fn show(check: &Check, ignored: bool) {
    let Check { number, what, found, way_out } = check;
    let mark = match (way_out, ignored) {
        (None, _) => styled("ok     ", GOOD),
        (Some(_), true) => styled("ignored", DIM),
        (Some(_), false) => styled("wrong  ", BAD),
    };
    console::result(format!("{number}  {mark} {what}: {found}"));
    if let Some(way_out) = way_out.as_ref().filter(|_| !ignored) {
        console::hint(way_out);
    }
}

/// Asks for everything; what cannot be answered is itself a finding.
async fn facts(project: &Project, options: &Doctor) -> Facts {
    let lake = &project.lake;
    let deployment = &lake.environment.deployment;
    let architecture = deploy::architecture(lake, options.place);
    let handlers = Handlers::find(options.handlers.as_deref(), lake, architecture).map(|_| ());
    let wanted = match options.place.local {
        true => (None, None),
        false => (deployment.account.clone(), deployment.region.clone()),
    };
    let mut facts = Facts {
        handlers: handlers.map_err(|failure| failure.message),
        place: Err(String::new()),
        wanted,
        stacks: Err("unknown without credentials".into()),
        buckets: Err("unknown without credentials".into()),
        administrators: Err("unknown without credentials".into()),
        lock: Err("unknown without credentials".into()),
        room: Err("unknown without credentials".into()),
        service_role: Err("unknown without credentials".into()),
    };
    match Account::of_whatever_place(options.place, &project.folder, lake).await {
        Ok(account) => ask(&mut facts, &account, project, options).await,
        Err(failure) => facts.place = Err(failure.message),
    }
    facts
}

async fn ask(facts: &mut Facts, account: &Account, project: &Project, options: &Doctor) {
    let store = S3::new(&account.config);
    facts.place = Ok((account.names.account().to_owned(), account.names.region().to_owned()));
    facts.stacks = stacks(&account.config, &project.lake).await;
    facts.buckets = buckets(&store, account, &project.lake).await;
    facts.administrators = administrators(account, project, options).await;
    facts.lock = lock(account, store).await;
    // The local cloud has neither.
    (facts.room, facts.service_role) = match options.place.local {
        true => (Ok(None), Ok(None)),
        false => (room(account, &project.lake).await, service_role(&account.config, &project.lake).await),
    };
}

async fn room(account: &Account, lake: &Lake) -> Result<Option<Room>, String> {
    let told = |error: PortError| error.to_string();
    let stacks = CloudFormation::new(&account.config);
    let Some(most) = stacks.most_stacks().await.map_err(told)? else { return Ok(None) };
    let standing = stacks.list().await.map_err(told)?;
    let zones = lake.zones.iter().map(|zone| StackId::Zone(zone.name.clone()));
    let wanted = StackId::SHARED.into_iter().chain(zones).map(|id| account.names.stack(&id));
    let missing = wanted.filter(|name| !standing.iter().any(|stack| stack.name == *name)).count();
    Ok(Some(Room { standing: standing.len(), missing, most }))
}

async fn service_role(config: &SdkConfig, lake: &Lake) -> Result<Option<(String, bool)>, String> {
    let Some(role) = &lake.environment.deployment.service_role else { return Ok(None) };
    let exists = tarn_cloud::role_exists(config, role.as_str()).await.map_err(|error| error.to_string())?;
    Ok(Some((role.as_str().to_owned(), exists)))
}

pub(super) async fn stacks(config: &SdkConfig, lake: &Lake) -> Result<Vec<StackState>, String> {
    let tags = destroy::tags(lake);
    let mut stacks = CloudFormation::new(config).list().await.map_err(|error| error.to_string())?;
    stacks.retain(|stack| tags.iter().all(|tag| stack.tags.contains(tag)));
    Ok(stacks)
}

async fn buckets(store: &S3, account: &Account, lake: &Lake) -> Result<Vec<(String, BucketName)>, String> {
    let zones = lake.zones.iter().map(|zone| Bucket::Zone(zone.name.clone()));
    let mut known = Vec::new();
    for bucket in lake.own_buckets().into_iter().chain(zones) {
        let name = account.names.bucket(&bucket);
        let state = match store.bucket_exists(&name).await {
            Ok(true) => BucketName::Here,
            Ok(false) => BucketName::Free,
            Err(error) if error.kind() == Kind::AccessDenied => BucketName::Elsewhere,
            Err(error) => return Err(error.chain()),
        };
        known.push((name, state));
    }
    Ok(known)
}

async fn administrators(
    account: &Account,
    project: &Project,
    options: &Doctor,
) -> Result<Vec<String>, String> {
    let config = account::lake_formation(&account.config, options.place, &project.folder).await;
    let config = config.map_err(|failure| failure.message)?;
    let settings = LakeFormation::new(&config, account.names.account()).settings().await;
    let settings = settings.map_err(|error| error.chain())?;
    Ok(settings.administrators().into_iter().map(str::to_owned).collect())
}

pub(super) async fn lock(account: &Account, store: S3) -> Result<Option<String>, String> {
    let (ops, artifacts) = (account.names.bucket(&Bucket::Ops), S3Artifacts(store));
    match deploy::lock(account, &ops, &artifacts).free().await {
        Ok(()) => Ok(None),
        Err(LockError::Locked(locked)) => Ok(Some(locked.to_string())),
        Err(LockError::Port(error)) => Err(error.to_string()),
    }
}
