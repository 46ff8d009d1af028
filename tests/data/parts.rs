//! Any table with folders and an order is the same table when DuckDB and PyArrow read the folders that
//! `tarn convert` makes of it: every row once and in its folder, row groups sorted, filters without a
//! miss.

use tarn_tests::{Project, python};

const TABLES: usize = 60;
/// `TARN_SEED=...` tries other tables; a failing one is named by its number.
const SEED: &str = "parts";

#[test]
fn every_row_is_in_its_folder() {
    let seed = std::env::var("TARN_SEED").unwrap_or_else(|_| SEED.into());
    let project = Project::with("", "dev");
    let (texts, parquet) = (project.path("texts"), project.path("parquet"));
    let wrote = python("parts.py", &["write", texts.to_str().unwrap(), &seed, &TABLES.to_string()]);
    assert_eq!(wrote.code, 0, "{}", wrote.stderr);
    for number in 0..TABLES {
        convert(&project, number);
    }
    let compared = python("parts.py", &["compare", texts.to_str().unwrap(), parquet.to_str().unwrap()]);
    assert_eq!(compared.code, 0, "seed {seed}\n{}{}", compared.stdout, compared.stderr);
    let rows: u64 = compared.stdout.trim().trim_end_matches(" rows").parse().unwrap();
    assert!(rows > 20_000, "the tables are too small to say anything: {rows} rows");
}

fn convert(project: &Project, number: usize) {
    let name = format!("texts/t{number:03}");
    let (input, schema, out) =
        (format!("{name}.csv"), format!("{name}.toml"), format!("parquet/t{number:03}"));
    // Little memory makes many segments, and row groups of rows that were kept.
    let memory = if number.is_multiple_of(2) { "32K" } else { "256M" };
    let threads = (1 + number % 3).to_string();
    let settings = ["--memory", memory, "--threads", &threads];
    let report =
        project.json(&[&["convert", &input, "--schema", &schema, "--out", &out][..], &settings].concat());
    assert_eq!(report["files"][0]["bad_rows"], 0, "table {number}: {report}");
    assert_eq!(report["notices"].as_array().map(Vec::len), Some(0), "table {number}: {report}");
}
