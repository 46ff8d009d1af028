//! `tarn restore`: looks whether a set of a backup is what was written, and gives a lake back what it has.

use std::process::ExitCode;

use indicatif::ProgressBar;
use serde_json::json;
use tarn_core::jobs::{BackupSet, Manifest, Restore as Job, Restored, Restoring, Tallied, sets};
use tarn_core::ports::Shelf;

use super::backup::{broken, shelf};
use crate::arguments::{Common, Restore};
use crate::confirm::Confirmation;
use crate::console::{self, BAD, GOOD, styled};
use crate::exit;
use crate::failure::Failure;
use crate::progress::spinner;
use crate::whole::Whole;

pub async fn run(common: &Common, options: &Restore) -> Result<ExitCode, Failure> {
    let shelf = shelf(common, &options.site, options.from.as_deref()).await?;
    let id = match &options.id {
        Some(id) => id.clone(),
        None => newest(&*shelf, &common.env).await?,
    };
    if options.check {
        return check(common, &*shelf, &id).await;
    }
    let set = BackupSet::whole(&*shelf, &id).await.map_err(|error| broken(error, &id))?;
    is_of(&set, &common.env)?;
    agreed(common, options)?;
    let target = Common { env: options.into.clone().unwrap_or_else(|| common.env.clone()), ..common.clone() };
    let lake = match options.dry_run {
        true => Whole::to_look(&target, &options.site, "tarn restore --dry-run").await?,
        false => Whole::to_restore(&target, &options.site, "tarn restore").await?,
    };
    let restored = restore(options, &lake, &set).await?;
    tell(common, &restored);
    Ok(exit::done_if(restored.failed.is_empty()))
}

/// The newest set of an environment that says what is in it.
async fn newest(shelf: &dyn Shelf, environment: &str) -> Result<String, Failure> {
    let listed = sets(shelf).await?;
    let is_its = |manifest: &Manifest| manifest.environment == environment;
    let newest = listed.into_iter().rev().find(|set| set.manifest.as_ref().is_some_and(is_its));
    newest.map(|set| set.id).ok_or_else(|| {
        Failure::bad_input(format!("there is no backup of the environment `{environment}` to restore"))
            .hint("--from names a place that has one, and --env whose it is")
    })
}

/// A set of another environment is given to this one only by who says so.
fn is_of(set: &BackupSet, environment: &str) -> Result<(), Failure> {
    let its = &set.manifest.environment;
    if its == environment {
        return Ok(());
    }
    let what =
        format!("the backup {} is of the environment `{its}`, not of `{environment}`", set.manifest.id);
    Err(Failure::bad_input(what).hint(format!("`--env {its} --into {environment}` gives it to this one")))
}

async fn check(common: &Common, shelf: &dyn Shelf, id: &str) -> Result<ExitCode, Failure> {
    let BackupSet { manifest, parts, broken: bad } =
        BackupSet::read(shelf, id).await.map_err(|error| broken(error, id))?;
    if common.json {
        console::json(&json!({ "id": id, "good": bad.is_empty(), "broken": bad, "manifest": manifest }));
        return Ok(exit::done_if(bad.is_empty()));
    }
    for part in &bad {
        console::result(format!("{} {}: {}", styled("broken", BAD), part.part, part.why));
    }
    if !manifest.moving.is_empty() {
        console::warning(format!("made during a run; these parts moved: {}", manifest.moving.join(", ")));
    }
    let verdict = if bad.is_empty() { styled("good", GOOD) } else { styled("broken", BAD) };
    console::result(format!(
        "backup {id}: {verdict}, {} of {} parts are what was written",
        parts.len(),
        manifest.parts.len()
    ));
    Ok(exit::done_if(bad.is_empty()))
}

/// Whoever overwrites what is newer says so.
fn agreed(common: &Common, options: &Restore) -> Result<(), Failure> {
    if !options.force || options.dry_run || options.yes {
        return Ok(());
    }
    let confirmation = Confirmation {
        question: "Overwrite tables, partitions, tags and records that are newer than the backup?",
        missing: "what is newer than the backup would be overwritten, and nobody is there to say yes",
        hint: "look with --dry-run; add --yes if that is what you want",
    };
    confirmation.obtain(common)
}

async fn restore(options: &Restore, lake: &Whole, set: &BackupSet) -> Result<Restored, Failure> {
    let spinner = spinner();
    let progress = |step| spinner.set_message(said(step));
    let Whole { names, in_folder, store, ledger, registry, .. } = lake;
    let job = Job {
        names,
        lake: in_folder.as_ref(),
        store: &**store,
        ledger: &**ledger,
        registry: &**registry,
        governance: lake.governance(),
        same_versions: options.site.dir.is_some(),
        force: options.force,
        dry_run: options.dry_run,
        progress: &progress,
    };
    let restored = job.run(set).await;
    end(&spinner);
    restored.map_err(|error| match error.kind() {
        tarn_core::Kind::Invalid => Failure::bad_input(error.chain()),
        tarn_core::Kind::NotFound => Failure::from(error),
        _ => Failure::from(error).hint("repeat it: what is there already stays, and the rest is written"),
    })
}

fn end(spinner: &ProgressBar) {
    spinner.finish_and_clear();
}

fn said(step: Restoring) -> String {
    match step {
        Restoring::Catalog => "tables and partitions".into(),
        Restoring::Rights => "rights and tags".into(),
        Restoring::Ledger { done, of } => format!("the ledger, {done} of {of} records"),
        Restoring::Copies => "looking for copies in landing".into(),
        Restoring::Reports => "reports of runs".into(),
    }
}

fn tell(common: &Common, restored: &Restored) {
    if common.json {
        return console::json(restored);
    }
    let Restored { id, dry_run, tables, partitions, rights, tags, records, reports, .. } = restored;
    let verb = if *dry_run { "to write" } else { "written" };
    let kinds = [
        ("tables", tables),
        ("partitions", partitions),
        ("rights", rights),
        ("tags", tags),
        ("records", records),
        ("reports", reports),
    ];
    for (kind, Tallied { written, same, newer, named }) in kinds {
        console::result(format!("{kind:<11} {written:>8} {verb}, {same:>8} there already, {newer:>6} newer"));
        named.iter().for_each(|what| console::note(format!("  left as it is: {what}")));
    }
    if restored.reopened > 0 {
        let files = restored.reopened;
        console::result(format!(
            "{files} files have no rows in silver any more; the next run converts them again"
        ));
    }
    if restored.copies > 0 {
        console::result(format!(
            "{} files in landing are copies of what is in silver; no run takes them",
            restored.copies
        ));
    }
    for key in &restored.perhaps_copies {
        console::warning(format!(
            "{}: may be a copy of what is in silver; no run takes it",
            key.escape_debug()
        ));
    }
    if !restored.perhaps_copies.is_empty() {
        console::hint(
            "bronze has nothing to compare them with; send again what is none, and it is converted",
        );
    }
    restored.lacks.iter().for_each(|what| console::warning(format!("not there: {what}")));
    if !restored.lacks.is_empty() {
        console::hint(
            "these come with a deployment: see `tarn status`, or compare lake.toml with that of the backup",
        );
    }
    restored.failed.iter().for_each(|what| console::error(format!("not given back: {what}")));
    let done = if *dry_run { "nothing was written; this would be restored" } else { "restored" };
    console::result(format!("{done}: {id}"));
}
