//! `tarn backup`: writes down what no other deployment brings back, and copies it to where it lasts.

use std::path::Path;
use std::process::ExitCode;

use comfy_table::{Table, presets};
use serde_json::json;
use tarn_aws::SystemClock;
use tarn_core::jobs::{BackedUp, Backup as Job, BackupRequest, BackupSet, Listed, sets};
use tarn_core::ports::Shelf;
use tarn_lake::Moment;

use super::shelves;
use crate::arguments::{Backup, BackupList, BackupVerb, Common, Site};
use crate::console;
use crate::exit;
use crate::failure::Failure;
use crate::progress::spinner;
use crate::whole::Whole;

pub async fn run(common: &Common, options: &Backup) -> Result<ExitCode, Failure> {
    if let Some(BackupVerb::List(list)) = &options.verb {
        return self::list(common, list).await;
    }
    let lake = Whole::of(common, &options.site, "tarn backup").await?;
    let Whole { names, store, ledger, registry, .. } = &lake;
    let governance = lake.governance();
    let (store, ledger, registry) = (&**store, &**ledger, &**registry);
    let job = Job { names, store, ledger, registry, governance, clock: &SystemClock };
    let made = match &options.id {
        Some(_) => None,
        None => Some(make(&job, options.prune).await?),
    };
    let id = options.id.clone().or_else(|| made.as_ref().map(|made| made.id.clone())).unwrap_or_default();
    if let Some(to) = &options.to {
        copy(common, &options.site, &job, &id, to).await?;
    }
    tell(common, &id, made.as_ref(), options.to.as_deref());
    Ok(exit::done_if(true))
}

async fn make(job: &Job<'_>, prune: bool) -> Result<BackedUp, Failure> {
    let spinner = spinner();
    spinner.set_message("reading everything twice, writing it, and reading it back");
    let made = job.run(&BackupRequest { keep_all: !prune }, i64::MAX).await;
    spinner.finish_and_clear();
    Ok(made?)
}

/// What is copied was read as a whole, and is read again where it came to.
async fn copy(common: &Common, site: &Site, job: &Job<'_>, id: &str, to: &Path) -> Result<(), Failure> {
    let set = BackupSet::whole(&job.shelf(), id).await.map_err(|error| broken(error, id))?;
    let shelf = shelves::named(common, site.place, to).await?;
    set.copy_to(&*shelf).await?;
    let copied = BackupSet::whole(&*shelf, id).await?;
    match copied == set {
        true => Ok(()),
        false => Err(Failure::failed(format!("the copy of {id} in {} is another", to.display()))),
    }
}

/// A set that is not there was misspelt; one that is broken says so itself.
pub fn broken(error: tarn_core::Error, id: &str) -> Failure {
    match error.kind() {
        tarn_core::Kind::NotFound => Failure::bad_input(format!("there is no backup {id}"))
            .hint("`tarn backup list` names those that there are"),
        tarn_core::Kind::Invalid => Failure::failed(error.chain()).hint("take another; nothing was changed"),
        _ => error.into(),
    }
}

fn tell(common: &Common, id: &str, made: Option<&BackedUp>, to: Option<&Path>) {
    if common.json {
        return console::json(&json!({ "id": id, "made": made, "to": to }));
    }
    if let Some(BackedUp { parts, bytes, records, tables, moving, too_many, removed, .. }) = made {
        console::result(format!(
            "backup {id}: {parts} parts, {bytes} bytes; {tables} tables, {records} records of files"
        ));
        if !moving.is_empty() {
            console::warning(format!("a run was under way, and these moved: {}", moving.join(", ")));
            console::hint(
                "it can be restored; make another when no run is under way for one of a single moment",
            );
        }
        let what = if *removed { "removed" } else { "more than are kept" };
        too_many.iter().for_each(|old| console::note(format!("{what}: {old}")));
    }
    match to {
        Some(to) => console::result(format!("copied to {}", to.display())),
        None => console::hint("it goes with the lake; --to copies it to a place of its own"),
    }
}

async fn list(common: &Common, options: &BackupList) -> Result<ExitCode, Failure> {
    let listed = sets(&*shelf(common, &options.site, options.from.as_deref()).await?).await?;
    if common.json {
        console::json(&json!({ "backups": listed }));
    } else if listed.is_empty() {
        console::note("there is no backup; `tarn backup` makes one");
    } else {
        console::result(table(&listed));
    }
    Ok(exit::done_if(listed.iter().all(|set| set.fault.is_none())))
}

/// The place that was named, or the lake's own.
pub async fn shelf(common: &Common, site: &Site, named: Option<&Path>) -> Result<Box<dyn Shelf>, Failure> {
    match named {
        Some(path) => shelves::named(common, site.place, path).await,
        None => {
            let standing = crate::site::Standing::look(common, site).await?;
            Ok(Box::new(shelves::Prefix::of_lake(standing.store, &standing.names)))
        }
    }
}

fn table(listed: &[Listed]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["backup", "made", "lake", "tarn", "parts", "bytes", "note"]);
    for Listed { id, manifest, fault } in listed {
        let Some(manifest) = manifest else {
            let fault = fault.clone().unwrap_or_default();
            table.add_row([
                id.clone(),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
                fault,
            ]);
            continue;
        };
        let note = match manifest.moving.len() {
            0 => String::new(),
            parts => format!("during a run; parts that moved: {parts}"),
        };
        table.add_row([
            id.clone(),
            Moment(manifest.began_millis).to_string(),
            format!("{}-{}", manifest.lake, manifest.environment),
            manifest.tarn.clone(),
            manifest.parts.len().to_string(),
            manifest.bytes().to_string(),
            note,
        ]);
    }
    table
}
