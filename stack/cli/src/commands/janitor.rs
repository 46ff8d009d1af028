//! `tarn janitor`: tells what no source has any more, and removes it if that is wished.

use std::path::Path;
use std::process::ExitCode;

use tarn_aws::{DynamoLedger, GlueCatalog, S3, SystemClock};
use tarn_core::Error;
use tarn_core::jobs::{Janitor as Job, JanitorRequest, Swept};

use super::folder;
use crate::account::Account;
use crate::arguments::{Common, Janitor};
use crate::confirm::Confirmation;
use crate::console;
use crate::exit;
use crate::failure::Failure;
use crate::project::Project;

const CONFIRMATION: Confirmation<'_> = Confirmation {
    question: "Remove them for good?",
    missing: "nobody is there to say that these may go; nothing was touched",
    hint: "add --yes if you are sure, or --dry-run to look only",
};

pub async fn run(common: &Common, options: &Janitor) -> Result<ExitCode, Failure> {
    if let Some(dir) = &options.dir {
        return in_folder(common, options, dir).await;
    }
    let project = Project::load(common)?;
    let Account { config, names, .. } = Account::of(options.place, &project.folder, &project.lake).await?;
    let (store, catalog) = (S3::new(&config), GlueCatalog::new(&config));
    let ledger = DynamoLedger::new(&config, names.ledger());
    let catalog = Some(&catalog as _);
    let job = Job { names: &names, store: &store, ledger: &ledger, catalog, clock: &SystemClock };
    sweep(common, options, &job, Failure::from).await
}

async fn in_folder(common: &Common, options: &Janitor, dir: &Path) -> Result<ExitCode, Failure> {
    let project = Project::load(common)?;
    let home = folder::home(dir, &project.lake)?;
    let lock = folder::lock(&home, "tarn janitor").await?;
    let ports = home.open(&lock).map_err(folder::failure)?;
    let tarn_local::Ports { names, store, ledger, catalog, clock, .. } = &ports;
    let job = Job { names, store, ledger, catalog: Some(catalog), clock };
    sweep(common, options, &job, folder::failure_after_a_run).await
}

/// Looks first, and removes only what was told, by whoever says yes to it.
async fn sweep(
    common: &Common,
    options: &Janitor,
    job: &Job<'_>,
    failure: fn(Error) -> Failure,
) -> Result<ExitCode, Failure> {
    let found = job.run(&JanitorRequest { dry_run: true }).await.map_err(failure)?;
    if options.dry_run || found.objects + found.partitions == 0 {
        return Ok(told(common, &found));
    }
    if !options.yes {
        print(common, &found);
        CONFIRMATION.obtain(common)?;
    }
    let swept = job.run(&JanitorRequest { dry_run: false }).await.map_err(failure)?;
    Ok(told(common, &swept))
}

/// What is doubtful is for a person to look at.
fn told(common: &Common, swept: &Swept) -> ExitCode {
    print(common, swept);
    exit::done_if(swept.doubtful.is_empty())
}

fn print(common: &Common, swept: &Swept) {
    if common.json {
        return console::json(swept);
    }
    swept.examples.iter().for_each(|example| console::result(format!("  {example}")));
    swept.doubtful.iter().for_each(|table| {
        console::warning(format!(
            "{table}; if the ledger was lost, nothing of them may go, so nothing was touched"
        ));
    });
    let verb = if swept.removed { "removed" } else { "found" };
    let Swept { objects, bytes, partitions, .. } = swept;
    console::result(format!(
        "{verb} {objects} objects of {bytes} bytes and {partitions} partitions without objects"
    ));
}
