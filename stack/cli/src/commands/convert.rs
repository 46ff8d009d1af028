//! `tarn convert`: files of this machine become Parquet, with no account and no lake around them.

mod block;
mod columns;
mod file;
mod output;
mod plan;
mod progress;

use std::process::ExitCode;

use serde_json::{Value, json};
use tarn_convert::Conversion;

use crate::arguments::{Common, Convert};
use crate::console::{self, BAD, DIM, styled};
use crate::exit;
use crate::failure::Failure;

use columns::{Columns, Shape};
use file::{Done, Refused};
use plan::Plan;

pub fn run(common: &Common, options: &Convert) -> Result<ExitCode, Failure> {
    let columns = Columns::load(common, &options.columns)?;
    let plan = Plan::new(options, &columns)?;
    plan.make_folder()?;
    let mut report = Vec::new();
    let mut refused = 0;
    for file in &plan.files {
        let outcome = columns.of(&file.input).and_then(|shape| {
            announce(common, &shape);
            file::convert(file, shape, &plan.settings)
        });
        refused += usize::from(outcome.is_err());
        show(common, file, &outcome);
        report.push(entry(file, &outcome));
    }
    if common.json {
        console::json(&json!({ "files": report }));
    }
    Ok(exit::done_if(refused == 0))
}

/// The block that was inferred; with `--json` it stands in the report.
fn announce(common: &Common, shape: &Shape) {
    if let Some(block) = shape.inferred.as_ref().filter(|_| !common.json) {
        console::result(block);
    }
}

/// A line as soon as a file is done; with `--json` there is one document at the end.
fn show(common: &Common, file: &plan::File, outcome: &Result<Done, Refused>) {
    let input = file.input.display();
    match outcome {
        Err(Refused { class, reason, .. }) => {
            console::error(format!("{input}: {}: {reason}", styled(class, BAD)));
        }
        Ok(_) if common.json => {}
        Ok(done) => console::result(format!("{input} -> {}  {}", file.output.display(), figures(done))),
    }
    if let Some(rejects) =
        outcome.as_ref().map_or_else(|refused| refused.rejects.as_ref(), |d| d.rejects.as_ref())
    {
        console::warning(format!("bad rows of {input}, each with its reason: {}", rejects.display()));
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

fn entry(file: &plan::File, outcome: &Result<Done, Refused>) -> Value {
    let input = file.input.display().to_string();
    match outcome {
        Err(Refused { class, reason, rejects }) => {
            json!({ "in": input, "class": class, "reason": reason, "rejects": rejects })
        }
        Ok(Done { conversion, seconds, rejects, inferred }) => json!({
            "in": input, "out": file.output, "rejects": rejects, "inferred": inferred,
            "rows": conversion.rows, "bad_rows": conversion.bad_rows, "bytes_in": conversion.bytes_in,
            "nulled_rows": conversion.nulled_rows, "nulled_values": conversion.nulled_values,
            "text_bytes": conversion.text_bytes, "bytes_out": conversion.bytes_out, "seconds": seconds,
        }),
    }
}
