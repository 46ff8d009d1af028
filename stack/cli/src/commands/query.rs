//! `tarn query`: a question in SQL, answered by Athena, or over a folder by this machine.

use std::path::Path;
use std::process::ExitCode;

use comfy_table::{CellAlignment, Table, presets};
use tarn_cloud::{Answer, Queries};
use tarn_lake::{Database, Lake, ZoneName};

use crate::account::Account;
use crate::arguments::{Common, Format, Query};
use crate::console;
use crate::exit;
use crate::failure::Failure;
use crate::progress::spinner;
use crate::project::Project;
use crate::site;
use crate::sql::SqlEngine;

pub async fn run(common: &Common, options: &Query) -> Result<ExitCode, Failure> {
    let project = Project::load(common)?;
    if let Some(dir) = &options.dir {
        return in_folder(common, options, &project.lake, dir).await;
    }
    let zone = options.zone.as_deref().map(|name| zone_named(&project.lake, name)).transpose()?;
    let account = Account::of(options.place, &project.folder, &project.lake).await?;
    let workgroup = account.names.workgroup(zone.as_ref());
    let database = match &zone {
        _ if options.ops => account.names.ops_database(),
        None => account.names.database(&Database::Silver),
        Some(zone) => account.names.database(&Database::Zone(zone.clone())),
    };

    let spinner = spinner();
    let answer = Queries::new(&account.config).run(&options.sql, &workgroup, &database).await;
    spinner.finish_and_clear();
    print(common, options, &answer?);
    Ok(exit::done_if(true))
}

async fn in_folder(common: &Common, options: &Query, lake: &Lake, dir: &Path) -> Result<ExitCode, Failure> {
    let engine = SqlEngine::over(&site::home(dir, lake)?)?;
    if options.explain {
        console::result(engine.explain(lake, &options.sql).await?);
        return Ok(exit::done_if(true));
    }
    let tarn_sql::Answer { columns, rows, scanned_bytes } = engine.ask(lake, &options.sql).await?;
    print(common, options, &Answer { columns, rows, scanned_bytes });
    Ok(exit::done_if(true))
}

fn print(common: &Common, options: &Query, answer: &Answer) {
    match if common.json { Format::Json } else { options.format } {
        Format::Table => table(answer),
        Format::Csv => csv(answer),
        Format::Json => json(answer),
    }
}

fn zone_named(lake: &Lake, name: &str) -> Result<ZoneName, Failure> {
    let found = lake.zones.iter().find(|zone| zone.name.as_str() == name);
    found.map(|zone| zone.name.clone()).ok_or_else(|| {
        let names: Vec<&str> = lake.zones.iter().map(|zone| zone.name.as_str()).collect();
        Failure::bad_input(format!("the lake has no zone `{name}`"))
            .hint(format!("its zones are: {}", names.join(", ")))
    })
}

fn table(answer: &Answer) {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(answer.columns.iter().map(|(name, _)| name));
    for row in &answer.rows {
        table.add_row(row.iter().map(|value| value.as_deref().unwrap_or("NULL")));
    }
    for (column, (_, kind)) in table.column_iter_mut().zip(&answer.columns) {
        if is_number(kind) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    console::result(table);
    let count = answer.rows.len();
    let rows = if count == 1 { "row" } else { "rows" };
    console::note(format!("{count} {rows}, {} bytes scanned", answer.scanned_bytes));
}

fn is_number(kind: &str) -> bool {
    matches!(kind, "tinyint" | "smallint" | "integer" | "bigint" | "float" | "double" | "decimal")
}

fn csv(answer: &Answer) {
    let line = |fields: Vec<String>| console::result(fields.join(","));
    line(answer.columns.iter().map(|(name, _)| quoted(name)).collect());
    for row in &answer.rows {
        line(row.iter().map(|value| value.as_deref().map(quoted).unwrap_or_default()).collect());
    }
}

/// Quoted where RFC 4180 asks for it, and when empty, so that it differs from NULL.
fn quoted(value: &str) -> String {
    if value.is_empty() || value.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    }
}

fn json(answer: &Answer) {
    let row = |values: &Vec<Option<String>>| -> serde_json::Map<String, serde_json::Value> {
        let pairs = answer.columns.iter().zip(values);
        pairs.map(|((name, kind), value)| (name.clone(), typed(kind, value.as_deref()))).collect()
    };
    let rows: Vec<_> = answer.rows.iter().map(row).collect();
    console::json(&serde_json::json!({ "rows": rows, "scanned_bytes": answer.scanned_bytes }));
}

/// Whole numbers and truths as JSON has them; everything else, decimals included, as text.
fn typed(kind: &str, value: Option<&str>) -> serde_json::Value {
    let Some(value) = value else { return serde_json::Value::Null };
    match kind {
        "tinyint" | "smallint" | "integer" | "bigint" => {
            value.parse::<i64>().map_or_else(|_| value.into(), Into::into)
        }
        "boolean" => value.parse::<bool>().map_or_else(|_| value.into(), Into::into),
        _ => value.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_quotes_what_must_be_quoted() {
        assert_eq!(quoted("a"), "a");
        assert_eq!(quoted(""), "\"\"");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
    }

    #[test]
    fn decimals_stay_text() {
        assert_eq!(typed("bigint", Some("12")), serde_json::json!(12));
        assert_eq!(typed("decimal", Some("12.30")), serde_json::json!("12.30"));
        assert_eq!(typed("bigint", None), serde_json::Value::Null);
    }
}
