//! What an account says, as rows that SQL can ask for: a line for the run, and one for each source.
//!
//! They are no second truth. Ledger and report are; these lines are made of both by the account, in the
//! same breath, under names that follow from the run. An account that is made again writes the same
//! objects, and a line is never changed by another run: what happens to a source later is a line of the
//! later run.

use serde::Serialize;
use tarn_lake::{Bucket, Day, Moment, Names, OpsTable};

use super::documents;
use crate::ports::ObjectStore;
use crate::{Class, Record, Result, RunReport};

/// The rows of a run.
#[derive(Debug, Default)]
pub(super) struct Rows {
    files: Vec<FileRow>,
}

#[derive(Debug, Serialize)]
struct RunRow<'a> {
    run: &'a str,
    began: String,
    ended: String,
    seconds: f64,
    balanced: bool,
    landed_files: u64,
    landed_bytes: u64,
    converted_files: u64,
    converted_bytes: u64,
    quarantined_files: u64,
    quarantined_bytes: u64,
    duplicate_files: u64,
    duplicate_bytes: u64,
    skipped_files: u64,
    skipped_bytes: u64,
    failed_files: u64,
    failed_bytes: u64,
    waiting_files: u64,
    waiting_bytes: u64,
    failed_steps: u64,
    rows: u64,
    bad_rows: u64,
    nulled_values: u64,
    bytes_out: u64,
    remarks: &'a [String],
}

#[derive(Debug, Serialize)]
struct FileRow {
    run: String,
    began: String,
    key: String,
    version: String,
    source_id: String,
    table_name: Option<String>,
    status: &'static str,
    class: String,
    reason: String,
    rows: u64,
    bad_rows: u64,
    nulled_values: u64,
    bytes: u64,
    bytes_out: u64,
    attempts: u32,
    settled: Option<String>,
    settled_by: String,
    outputs: Vec<String>,
}

impl Rows {
    /// Adds what became of a source.
    pub(super) fn file(&mut self, report: &RunReport, size_bytes: u64, record: &Record) {
        let Some(class) = Class::of(&report.run, record) else { return };
        let outcome = &record.outcome;
        // What another run did is counted there.
        let counts = class != Class::Duplicate;
        let counted = |count: u64| if counts { count } else { 0 };
        self.files.push(FileRow {
            run: report.run.clone(),
            began: timestamp(report.began_millis),
            key: record.key.clone(),
            version: record.version.clone(),
            source_id: record.source_id.to_string(),
            table_name: record.table.as_ref().map(ToString::to_string),
            status: class.word(),
            class: outcome.class.clone(),
            reason: outcome.reason.clone(),
            rows: counted(outcome.rows),
            bad_rows: counted(outcome.bad_rows),
            nulled_values: counted(outcome.nulled_values),
            bytes: size_bytes,
            bytes_out: counted(outcome.bytes_out),
            attempts: record.attempt,
            settled: (outcome.settled_millis > 0).then(|| timestamp(outcome.settled_millis)),
            settled_by: record.run.to_string(),
            outputs: outcome.outputs.clone(),
        });
    }

    /// Writes them, the run's own line last.
    pub(super) async fn write(
        &self,
        store: &dyn ObjectStore,
        names: &Names,
        report: &RunReport,
    ) -> Result<()> {
        let ops = names.bucket(&Bucket::Ops);
        if !self.files.is_empty() {
            documents::write_lines(store, &ops, &key(OpsTable::Files, report), &self.files).await?;
        }
        documents::write_lines(store, &ops, &key(OpsTable::Runs, report), &[run(report)]).await
    }
}

/// The object of a run in a table.
fn key(table: OpsTable, report: &RunReport) -> String {
    let day = Day::of_epoch_millis(report.began_millis).map(|day| day.to_string()).unwrap_or_default();
    format!("{}day={day}/{}.jsonl", table.prefix(), report.run)
}

fn run(report: &RunReport) -> RunRow<'_> {
    RunRow {
        run: &report.run,
        began: timestamp(report.began_millis),
        ended: timestamp(report.ended_millis),
        seconds: report.seconds(),
        balanced: report.balanced,
        landed_files: report.landed.files,
        landed_bytes: report.landed.bytes,
        converted_files: report.converted.files,
        converted_bytes: report.converted.bytes,
        quarantined_files: report.quarantined.files,
        quarantined_bytes: report.quarantined.bytes,
        duplicate_files: report.duplicate.files,
        duplicate_bytes: report.duplicate.bytes,
        skipped_files: report.skipped.files,
        skipped_bytes: report.skipped.bytes,
        failed_files: report.failed.files,
        failed_bytes: report.failed.bytes,
        waiting_files: report.waiting.files,
        waiting_bytes: report.waiting.bytes,
        failed_steps: report.failed_steps,
        rows: report.rows,
        bad_rows: report.bad_rows,
        nulled_values: report.nulled_values,
        bytes_out: report.bytes_out,
        remarks: &report.remarks,
    }
}

/// As Athena's reader of JSON takes a timestamp.
fn timestamp(millis: i64) -> String {
    Moment(millis).sql()
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;
    use crate::{Outcome, RunId, SourceId, Status};

    fn names(row: &impl Serialize) -> Vec<String> {
        let text = serde_json::to_string(row).unwrap();
        serde_json::from_str::<Map<String, Value>>(&text).unwrap().into_iter().map(|(name, _)| name).collect()
    }

    fn declared(table: OpsTable) -> Vec<String> {
        table.columns().iter().map(|(name, _, _)| (*name).to_owned()).collect()
    }

    /// The order is not looked at: a map of JSON has none.
    fn same(mut found: Vec<String>, mut due: Vec<String>) {
        found.sort();
        due.sort();
        assert_eq!(found, due);
    }

    #[test]
    fn rows_have_the_columns_that_are_declared() {
        let report = RunReport { run: "r".into(), ..RunReport::default() };
        let record = Record {
            source_id: SourceId::from("s".to_owned()),
            key: "k".into(),
            version: "v".into(),
            table: None,
            run: RunId::new("r").unwrap(),
            status: Status::Done,
            attempt: 1,
            lease_until_millis: 0,
            outcome: Outcome::default(),
            history: Vec::new(),
        };
        let mut rows = Rows::default();
        rows.file(&report, 1, &record);
        same(names(&rows.files[0]), declared(OpsTable::Files));
        same(names(&run(&report)), declared(OpsTable::Runs));
        assert_eq!(key(OpsTable::Runs, &report), "tables/runs/day=1970-01-01/r.jsonl");
    }
}
