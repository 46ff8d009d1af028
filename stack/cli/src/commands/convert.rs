//! `tarn convert`: files, of this machine or of S3, become Parquet with no lake around them.

mod block;
mod columns;
mod file;
pub mod input;
mod output;
mod plan;
mod progress;
pub mod remote;

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};
use tarn_convert::Conversion;
use tarn_lake::ColumnName;

use crate::arguments::{Common, Convert};
use crate::console::{self, BAD, DIM, styled};
use crate::exit;
use crate::failure::Failure;

use columns::{Columns, Shape};
use file::{Done, Part, Refused};
use plan::Plan;

pub fn run(common: &Common, options: &Convert) -> Result<ExitCode, Failure> {
    // The engine is synchronous, and waits for what a task fetches.
    tokio::task::block_in_place(|| convert(common, options))
}

fn convert(common: &Common, options: &Convert) -> Result<ExitCode, Failure> {
    let columns = Columns::load(common, &options.columns)?;
    let mut plan = Plan::new(common, options, &columns)?;
    plan.make_folder()?;
    let mut notices = Vec::new();
    let done = loop {
        match convert_all(common, &columns, &plan) {
            Ok(done) => break done,
            Err(TooMany { column, written }) => {
                notices.push(clustered_instead(&column, &plan));
                remove(&written, &plan)?;
                plan.cluster(&column, &columns);
            }
        }
    };
    let Converted { report, refused, written, earlier } = done;
    plan.publish(&written, &earlier)?;
    if common.json {
        console::json(&json!({ "files": report, "notices": notices }));
    }
    Ok(exit::done_if(refused == 0))
}

/// A column has too many values for folders in one of the files.
struct TooMany {
    column: ColumnName,
    /// The files before it.
    written: Vec<PathBuf>,
}

/// What became of all files.
#[derive(Default)]
struct Converted {
    report: Vec<Value>,
    refused: usize,
    written: Vec<PathBuf>,
    /// Objects of earlier conversions of the files that were not refused.
    earlier: Vec<String>,
}

/// Converts all files. All files lie in one
/// place and are read as one table, so where one has too many values for folders none may have any.
fn convert_all(common: &Common, columns: &Columns, plan: &Plan) -> Result<Converted, TooMany> {
    let mut all = Converted::default();
    for file in &plan.files {
        let outcome = columns.of(&file.input, &plan.settings.placement).and_then(|shape| {
            announce(common, &shape);
            file::convert(file, shape, &plan.settings)
        });
        if let Some(column) = outcome.as_ref().err().and_then(|refused| refused.too_many.clone()) {
            return Err(TooMany { column, written: all.written });
        }
        let parts = outcome.iter().flat_map(|done| &done.parts);
        all.written.extend(parts.map(|part| part.path.clone()).chain(rejects(&outcome).cloned()));
        all.earlier.extend(file.earlier_objects.iter().filter(|_| outcome.is_ok()).cloned());
        all.refused += usize::from(outcome.is_err());
        show(common, plan, file, &outcome);
        all.report.push(entry(plan, file, &outcome));
    }
    Ok(all)
}

fn remove(written: &[PathBuf], plan: &Plan) -> Result<(), Failure> {
    written.iter().try_for_each(|path| {
        output::remove(path, &plan.folder)
            .map_err(|error| Failure::failed(format!("{} cannot be removed: {error}", path.display())))
    })
}

fn clustered_instead(column: &ColumnName, plan: &Plan) -> String {
    let most = plan.settings.placement.max_partitions;
    let notice = format!(
        "`{column}` has more values than {most} folders; all files are sorted by it instead, as \
         `cluster_by = [\"{column}\"]` would"
    );
    console::warning(&notice);
    notice
}

/// The block that was inferred; with `--json` it stands in the report.
fn announce(common: &Common, shape: &Shape) {
    if let Some(block) = shape.inferred.as_ref().filter(|_| !common.json) {
        console::result(block);
    }
}

/// A line as soon as a file is done; with `--json` there is one document at the end.
fn show(common: &Common, plan: &Plan, file: &plan::File, outcome: &Result<Done, Refused>) {
    let input = file.input.path.display();
    match outcome {
        Err(Refused { class, reason, .. }) => {
            console::error(format!("{input}: {}: {reason}", styled(class, BAD)));
        }
        Ok(_) if common.json => {}
        Ok(done) => console::result(format!("{input} -> {}  {}", place(plan, file, done), figures(done))),
    }
    if let Some(rejects) = rejects(outcome) {
        console::warning(format!("bad rows of {input}, each with its reason: {}", plan.shown(rejects)));
    }
}

fn rejects(outcome: &Result<Done, Refused>) -> Option<&PathBuf> {
    outcome.as_ref().map_or_else(|refused| refused.rejects.as_ref(), |done| done.rejects.as_ref())
}

/// Where the rows are: a file, or a pattern of files.
fn place(plan: &Plan, file: &plan::File, done: &Done) -> String {
    match done.parts.as_slice() {
        [part] => plan.shown(&part.path),
        parts => {
            let folders = parts.first().map_or("", |part| part.folder.as_str());
            let levels = folders.split_terminator('/').filter_map(|level| level.split_once('='));
            let pattern: String = levels.map(|(column, _)| format!("{column}=*/")).collect();
            let mut folders: Vec<&str> = parts.iter().map(|part| part.folder.as_str()).collect();
            folders.dedup();
            match (folders.len(), parts.len()) {
                (1, files) => format!("{} and on, {files} files", plan.shown(&file.numbered(&pattern, 0))),
                (folders, files) if folders == files => {
                    format!("{} in {folders} folders", plan.shown(&file.output(&pattern)))
                }
                (folders, files) => {
                    format!("{} in {folders} folders, {files} files", plan.shown(&file.output(&pattern)))
                }
            }
        }
    }
}

fn figures(done: &Done) -> String {
    let Conversion { rows, bad_rows, nulled_values, text_bytes, bytes_out, .. } = done.conversion;
    let speed = text_bytes as f64 / 1e6 / done.seconds.max(1e-6);
    let bad = if bad_rows == 0 { String::new() } else { format!(", {bad_rows} bad") };
    let nulled =
        if nulled_values == 0 { String::new() } else { format!(", {nulled_values} unreadable values null") };
    let cost = styled(format!("{text_bytes} bytes of text to {bytes_out}, {speed:.0} MB/s"), DIM);
    let rows = if rows == 1 { "1 row".into() } else { format!("{rows} rows") };
    format!("{rows}{bad}{nulled}  {cost}")
}

fn entry(plan: &Plan, file: &plan::File, outcome: &Result<Done, Refused>) -> Value {
    let input = file.input.path.display().to_string();
    match outcome {
        Err(Refused { class, reason, rejects, .. }) => {
            json!({ "in": input, "class": class, "reason": reason, "rejects": shown(plan, rejects) })
        }
        Ok(Done { conversion, seconds, parts, rejects, inferred }) => json!({
            "in": input, "out": out(plan, parts), "outputs": outputs(plan, parts), "rejects": shown(plan, rejects), "inferred": inferred,
            "rows": conversion.rows, "bad_rows": conversion.bad_rows, "bytes_in": conversion.bytes_in,
            "nulled_rows": conversion.nulled_rows, "nulled_values": conversion.nulled_values,
            "text_bytes": conversion.text_bytes, "bytes_out": conversion.bytes_out, "seconds": seconds,
        }),
    }
}

/// The file, where there is only one.
fn out(plan: &Plan, parts: &[Part]) -> Option<String> {
    if let [part] = parts { Some(plan.shown(&part.path)) } else { None }
}

fn outputs(plan: &Plan, parts: &[Part]) -> Vec<Value> {
    let output = |part: &Part| {
        let file = plan.shown(&part.path);
        json!({ "file": file, "folder": part.folder, "rows": part.rows, "bytes": part.bytes })
    };
    parts.iter().map(output).collect()
}

fn shown(plan: &Plan, path: &Option<PathBuf>) -> Option<String> {
    path.as_ref().map(|path| plan.shown(path))
}
