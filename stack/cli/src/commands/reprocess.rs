//! `tarn reprocess`: settled files are opened again, so that the next run converts them.

use std::process::ExitCode;

use serde_json::json;
use tarn_aws::SystemClock;
use tarn_core::jobs::{Left, Reopening};
use tarn_core::{Record, Selection, Status, jobs};

use super::files::run_id;
use super::run as runs;
use crate::arguments::{Common, Reprocess, Run};
use crate::confirm::Confirmation;
use crate::console;
use crate::exit;
use crate::failure::Failure;
use crate::site::Standing;

/// Files that are named before only their number is.
const MOST_NAMED: usize = 20;

pub async fn run(common: &Common, options: &Reprocess) -> Result<ExitCode, Failure> {
    let selection = selection(options)?;
    let done = reopen(common, options, &selection).await?;
    tell(common, options, &done);
    if options.now && !done.sources.is_empty() {
        let (place, dir) = (options.site.place, options.site.dir.clone());
        let options = Run { place, dir, tables: Vec::new(), follow: false };
        return runs::run(common, &options).await;
    }
    let is_refused = done.sources.is_empty() && (options.file.is_some() || !done.left.is_empty());
    Ok(exit::done_if(!is_refused))
}

/// What was opened, or would be. The folder's lock is given back at the end of this.
async fn reopen(common: &Common, options: &Reprocess, selection: &Selection) -> Result<Reopening, Failure> {
    let standing = match options.dry_run {
        true => Standing::look(common, &options.site).await?,
        false => Standing::change(common, &options.site, "tarn reprocess").await?,
    };
    let Standing { names, lake, store, ledger, by, .. } = &standing;
    let job = jobs::Reprocess { names, store: &**store, ledger: &**ledger, clock: &SystemClock, lake };
    let found = job.find(selection, options.file.as_deref()).await?;
    if options.dry_run || found.sources.is_empty() {
        return Ok(found);
    }
    if !options.yes {
        if !common.json {
            found.sources.iter().take(MOST_NAMED).for_each(named);
        }
        let files = counted(found.sources.len());
        let confirmation = Confirmation {
            question: &format!("The next run converts {files} again. Go on?"),
            missing: "reprocessing needs a confirmation, and nobody is there to give it",
            hint: "add --yes if you are sure, or look with --dry-run",
        };
        confirmation.obtain(common)?;
    }
    let opened = job.open(found.sources, by).await?;
    Ok(Reopening { left: [found.left, opened.left].concat(), ..opened })
}

fn selection(options: &Reprocess) -> Result<Selection, Failure> {
    if let Some(status) =
        options.status.filter(|status| !matches!(status, Status::Done | Status::Quarantined | Status::Failed))
    {
        let word = status.word();
        return Err(Failure::bad_input(format!("what is {word} cannot be opened again"))
            .hint("write done, quarantined or failed; every run looks at the others by itself"));
    }
    Ok(Selection {
        status: options.status,
        table: None,
        run: options.run.as_deref().map(run_id).transpose()?,
        prefix: options.file.clone().or_else(|| options.prefix.clone()).unwrap_or_default(),
    })
}

fn tell(common: &Common, options: &Reprocess, done: &Reopening) {
    if common.json {
        if !options.now {
            let short = |record: &Record| json!({ "key": record.key, "version": record.version, "was": record.status });
            let sources: Vec<_> = done.sources.iter().map(short).collect();
            console::json(&json!({ "reopened": sources, "left": done.left, "dry_run": options.dry_run }));
        }
        return;
    }
    done.sources.iter().take(MOST_NAMED).for_each(named);
    for Left { key, why, .. } in done.left.iter().take(MOST_NAMED) {
        console::note(format!("  {}: left as it is: {why}", key.escape_debug()));
    }
    if let Some(more) = done.left.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        console::note(format!("  and {} more are left as they are", counted(more)));
    }
    let files = counted(done.sources.len());
    console::result(match (options.dry_run, done.sources.len()) {
        (_, 0) => "nothing to open again".to_owned(),
        (true, _) => format!("{files} would be opened again"),
        (false, _) => format!("{files} opened again, for the next run"),
    });
}

fn named(record: &Record) {
    let (key, status, rows) = (record.key.escape_debug(), record.status.word(), record.outcome.rows);
    console::note(format!("  {key}: {status}, {rows} rows"));
}

fn counted(files: usize) -> String {
    if files == 1 { "1 file".into() } else { format!("{files} files") }
}
