//! `tarn why`: everything that is known of one file.

use std::process::ExitCode;

use tarn_aws::SystemClock;
use tarn_core::jobs::{Fits, Rejections, Rows, Story, Version};
use tarn_core::{Record, Status, jobs};
use tarn_lake::Moment;

use super::files::settled;
use crate::arguments::{Common, Why};
use crate::console::{self, BOLD, DIM, styled};
use crate::exit;
use crate::failure::Failure;
use crate::site::Standing;

/// Rejected rows that are told.
const FIRST: usize = 5;

pub async fn run(common: &Common, options: &Why) -> Result<ExitCode, Failure> {
    let standing = Standing::look(common, &options.site).await?;
    let Standing { names, lake, store, ledger, .. } = &standing;
    let rows = Rows { most: FIRST, raw: options.rows };
    let job = jobs::Why { names, store: &**store, ledger: &**ledger, clock: &SystemClock, lake };
    let story = job.file(&options.file, rows).await?;
    let is_known = !story.versions.is_empty();
    if common.json {
        console::json(&story);
    } else {
        tell(&story);
    }
    Ok(exit::done_if(is_known))
}

fn tell(story: &Story) {
    console::result(styled(story.key.escape_debug(), BOLD));
    if story.versions.is_empty() {
        console::result(format!(
            "  there is no such file in landing, and no run has seen one; {}",
            would(&story.fits)
        ));
        return;
    }
    if story.deleted {
        console::result("  it was deleted in landing; its versions are deliveries all the same");
    }
    story.versions.iter().for_each(version);
}

fn would(fits: &Fits) -> String {
    match &fits.table {
        Some(table) => format!("its name fits table `{table}`{}", layout(fits)),
        None => format!("its name would be skipped: {}: {}", fits.class, fits.reason),
    }
}

fn layout(fits: &Fits) -> String {
    match fits.layout {
        Some((_, Some(from))) => format!(", layout from {from}"),
        Some((number, None)) if number > 0 => format!(", layout {}", number + 1),
        _ => String::new(),
    }
}

fn version(version: &Version) {
    let Version { landed, fits, record, .. } = version;
    console::result(format!("version {}", styled(&version.version, BOLD)));
    match landed {
        Some(landed) => line("landed", format!("{}, {} bytes", Moment(landed.millis), landed.size_bytes)),
        None => line("landed", "not in landing any more"),
    }
    if landed.is_some() {
        line(
            "fits",
            match &fits.table {
                Some(table) => format!("table `{table}`{}", layout(fits)),
                None => format!("{}: {}", fits.class, fits.reason),
            },
        );
    }
    match record {
        Some(record) => self::record(record, version),
        None => line("ledger", "nothing: no run has seen it"),
    }
    line("next", &version.next);
}

fn record(record: &Record, version: &Version) {
    for past in &record.history {
        let (run, reopened) = (&past.run, Moment(past.reopened_millis));
        line(
            "before",
            format!(
                "{}, run {run}, attempt {}; opened again {reopened} by {}",
                stood(past.status, &past.outcome),
                past.attempt,
                past.reopened_by
            ),
        );
    }
    line("ledger", stood(record.status, &record.outcome));
    let since = settled(record).map(|settled| format!(", {settled}")).unwrap_or_default();
    line("run", format!("{}, attempt {}{since}", record.run, record.attempt));
    if record.status == Status::Leased {
        line("lease", format!("until {}", Moment(record.lease_until_millis)));
    }
    if let Some(run) = &version.run {
        if !run.is_reported {
            line("report", "none: the run is under way, has died, or its papers have expired");
        }
        run.remarks.iter().for_each(|remark| line("report", remark));
    }
    for output in &version.outputs {
        match output.size_bytes {
            Some(bytes) => line("silver", format!("{}, {bytes} bytes", output.key)),
            None => line("silver", format!("{} is missing", output.key)),
        }
    }
    version.rejected.iter().for_each(rejected);
}

fn stood(status: Status, outcome: &tarn_core::Outcome) -> String {
    let counts = format!("{} rows, {} bad", outcome.rows, outcome.bad_rows);
    match (status, outcome.class.as_str()) {
        (Status::Done, "") | (Status::Reopened, "") => format!("{}: {counts}", status.word()),
        (status, "") => status.word().to_owned(),
        (status, class) => format!("{}: {class}: {}", status.word(), outcome.reason),
    }
}

fn rejected(rejections: &Rejections) {
    let rows = match rejections.rows {
        Some(1) => "1 row".to_owned(),
        Some(rows) => format!("{rows} rows"),
        None => "more rows than are read here".to_owned(),
    };
    line("quarantine", format!("{}, {rows}", rejections.key));
    for rejection in &rejections.first {
        line("", format!("line {}: {}", rejection.line, rejection.reason));
        if let Some(raw) = &rejection.raw {
            line("", styled(raw.escape_debug(), DIM));
        }
    }
}

fn line(what: &str, text: impl std::fmt::Display) {
    console::result(format!("  {what:<11} {text}"));
}
