//! `tarn files`: what became of every file, as the ledger has it.

use std::collections::BTreeMap;
use std::process::ExitCode;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use serde_json::json;
use tarn_core::{Record, RunId, Selection, Status};
use tarn_lake::{Moment, TableName};

use crate::arguments::{Common, Files};
use crate::console;
use crate::exit;
use crate::failure::Failure;
use crate::since;
use crate::site::Standing;

/// How many files, rows and bytes stand so.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Count {
    files: u64,
    rows: u64,
    bad_rows: u64,
    bytes: u64,
}

pub async fn run(common: &Common, options: &Files) -> Result<ExitCode, Failure> {
    let since = options.since.as_deref().map(|text| since::moment(text, since::now())).transpose()?;
    let selection = selection(options)?;
    let standing = Standing::look(common, &options.site).await?;
    let mut records = standing.ledger.select(&selection).await?;
    records.retain(|record| since.is_none_or(|since| record.outcome.settled_millis >= since.0));
    if common.json {
        let files: Vec<_> = records.iter().map(file).collect();
        console::json(&json!({ "files": files, "counts": counts(&records) }));
        return Ok(exit::done_if(true));
    }
    if !records.is_empty() {
        console::result(table(&records));
    }
    for (status, Count { files, rows, bad_rows, bytes }) in counts(&records) {
        console::result(format!(
            "{status:<12} {files:>6} files {bytes:>14} bytes {rows:>12} rows {bad_rows:>8} bad"
        ));
    }
    if records.is_empty() {
        console::note("the ledger has no such file; `tarn why FILE` tells what waits for one");
    }
    Ok(exit::done_if(true))
}

fn selection(options: &Files) -> Result<Selection, Failure> {
    let table = options.table.as_deref().map(TableName::new).transpose();
    Ok(Selection {
        status: options.status,
        table: table.map_err(|error| Failure::bad_input(error.to_string()))?,
        run: options.run.as_deref().map(run_id).transpose()?,
        prefix: options.prefix.clone(),
    })
}

/// A run as it was typed.
pub fn run_id(text: &str) -> Result<RunId, Failure> {
    RunId::new(text).map_err(|error| Failure::bad_input(error.to_string()))
}

fn counts(records: &[Record]) -> BTreeMap<&'static str, Count> {
    let mut counts: BTreeMap<&'static str, Count> = BTreeMap::new();
    for record in records {
        let count = counts.entry(record.status.word()).or_default();
        count.files += 1;
        count.rows += record.outcome.rows;
        count.bad_rows += record.outcome.bad_rows;
        count.bytes += record.outcome.bytes_in;
    }
    counts
}

/// A file for scripts.
fn file(record: &Record) -> serde_json::Value {
    let outcome = &record.outcome;
    json!({
        "key": record.key, "version": record.version, "source_id": record.source_id, "table": record.table,
        "status": record.status, "class": outcome.class, "reason": outcome.reason, "rows": outcome.rows,
        "bad_rows": outcome.bad_rows, "nulled_values": outcome.nulled_values, "bytes_in": outcome.bytes_in,
        "bytes_out": outcome.bytes_out, "outputs": outcome.outputs, "run": record.run,
        "attempt": record.attempt, "settled": settled(record), "reopened": record.history.len(),
    })
}

/// When it was settled, if it was and that is known.
pub fn settled(record: &Record) -> Option<String> {
    let is_known = record.status != Status::Leased && record.outcome.settled_millis > 0;
    is_known.then(|| Moment(record.outcome.settled_millis).to_string())
}

fn table(records: &[Record]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["file", "table", "status", "rows", "bad", "settled", "run"]);
    for record in records {
        let Record { key, table: of, status, outcome, run, .. } = record;
        let status = match outcome.class.as_str() {
            "" | "FAILED" => status.word().to_owned(),
            class => format!("{}: {class}", status.word()),
        };
        table.add_row([
            key.escape_debug().to_string(),
            of.as_ref().map(ToString::to_string).unwrap_or_default(),
            status,
            outcome.rows.to_string(),
            outcome.bad_rows.to_string(),
            settled(record).unwrap_or_default(),
            run.to_string(),
        ]);
    }
    for number in [3, 4] {
        if let Some(column) = table.column_mut(number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
