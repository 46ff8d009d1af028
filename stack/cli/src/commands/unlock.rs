//! `tarn unlock`: takes away the lock of a deployment that has died.

use std::process::ExitCode;

use serde_json::json;
use tarn_aws::S3;
use tarn_deploy::HeldLock;
use tarn_lake::{Bucket, Moment};
use tarn_local::Locked;

use super::artifacts::S3Artifacts;
use super::{deploy, folder};
use crate::account::Account;
use crate::arguments::{Common, Unlock};
use crate::confirm::Confirmation;
use crate::console;
use crate::exit;
use crate::failure::Failure;
use crate::project::Project;
use crate::site;

pub async fn run(common: &Common, options: &Unlock) -> Result<ExitCode, Failure> {
    match &options.site.dir {
        Some(dir) => in_folder(common, dir),
        None => in_account(common, options).await,
    }
}

async fn in_account(common: &Common, options: &Unlock) -> Result<ExitCode, Failure> {
    let project = Project::load(common)?;
    let account = Account::of(options.site.place, &project.folder, &project.lake).await?;
    let ops = account.names.bucket(&Bucket::Ops);
    let artifacts = S3Artifacts(S3::new(&account.config));
    let lock = deploy::lock(&account, &ops, &artifacts);
    let Some(held) = lock.look().await? else { return Ok(told(common, "nobody holds the lock", false)) };
    if held.alive.is_none() {
        confirmed(common, options, &held)?;
    }
    match lock.take_away(held).await? {
        true => Ok(told(common, "the lock is taken away", true)),
        false => Err(Failure::failed("the lock has changed hands meanwhile; look again")),
    }
}

fn confirmed(common: &Common, options: &Unlock, held: &HeldLock) -> Result<(), Failure> {
    let heard = held.holder.as_ref().map(|holder| Moment(holder.heard as i64 * 1_000));
    let heard = heard.map(|heard| format!(", last heard of {heard}")).unwrap_or_default();
    console::note(format!("held by {}{heard}", held.who()));
    if options.yes {
        return Ok(());
    }
    let confirmation = Confirmation {
        question: "Is it certain that no command changes this lake?",
        missing: "taking a lock away needs a confirmation, and nobody is there to give it",
        hint: "add --yes if you are sure that no command changes this lake",
    };
    confirmation.obtain(common)
}

/// The kernel gives the lock of a process that has died back, so there is nothing to take away.
fn in_folder(common: &Common, dir: &std::path::Path) -> Result<ExitCode, Failure> {
    let project = Project::load(common)?;
    let home = site::home(dir, &project.lake)?;
    match home.lock("tarn unlock").map_err(folder::failure)? {
        Locked::Ours(_) => Ok(told(common, "nobody holds the lock of this folder", false)),
        Locked::Theirs(holder) => {
            let who = holder.map(|holder| format!("{} (process {})", holder.doing, holder.process));
            let who = who.unwrap_or_else(|| "another process".into());
            Err(Failure::failed(format!("{who} is alive and works on this folder"))
                .hint("wait until it has ended, or end it; its lock ends with it"))
        }
    }
}

fn told(common: &Common, what: &str, unlocked: bool) -> ExitCode {
    if common.json {
        console::json(&json!({ "unlocked": unlocked }));
    } else {
        console::result(what);
    }
    exit::done_if(true)
}
