//! Any table of values, as text in any dialect or as JSON Lines, is the same table when DuckDB and
//! PyArrow read the Parquet that `tarn convert` makes of it.

use std::sync::atomic::{AtomicUsize, Ordering};

use tarn_tests::{Project, python};

const TABLES: usize = 320;
/// `TARN_SEED=...` tries other tables; a failing one is named by its seed and number.
const SEED: &str = "tarn";

#[test]
fn every_table_comes_back() {
    round_trip("tables.py", "csv");
}

#[test]
fn every_table_of_json_lines_comes_back() {
    round_trip("lines.py", "jsonl");
}

/// Tables that a script writes into files with an ending.
fn round_trip(script: &str, ending: &str) {
    let seed = std::env::var("TARN_SEED").unwrap_or_else(|_| SEED.into());
    let project = Project::with("", "dev");
    let (texts, parquet) = (project.path("texts"), project.path("parquet"));
    let wrote = python(script, &["write", texts.to_str().unwrap(), &seed, &TABLES.to_string()]);
    assert_eq!(wrote.code, 0, "{}", wrote.stderr);

    convert_all(&project, ending);

    let compared = python("tables.py", &["compare", texts.to_str().unwrap(), parquet.to_str().unwrap()]);
    assert_eq!(compared.code, 0, "seed {seed}\n{}{}", compared.stdout, compared.stderr);
    let values: u64 = compared.stdout.trim().trim_end_matches(" values").parse().unwrap();
    assert!(values > 100_000, "the tables are too small to say anything: {values} values");
}

/// Each table in a process of its own, two at a time.
fn convert_all(project: &Project, ending: &str) {
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= TABLES {
                return;
            }
            convert(project, number, ending);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
}

fn convert(project: &Project, number: usize, ending: &str) {
    let names = ["", ".gz", ".zst", ".bz2"].map(|packing| format!("texts/t{number:04}.{ending}{packing}"));
    let input = names.iter().find(|name| project.path(name).exists()).unwrap();
    let schema = format!("texts/t{number:04}.toml");
    let codec = if number.is_multiple_of(3) { "snappy" } else { "zstd" };
    // Little memory makes many row groups even of small tables.
    let memory = if number.is_multiple_of(2) { "64K" } else { "256M" };
    let threads = (1 + number % 3).to_string();
    let report = project.json(&[
        "convert",
        input,
        "--schema",
        &schema,
        "--out",
        "parquet",
        "--codec",
        codec,
        "--memory",
        memory,
        "--threads",
        &threads,
    ]);
    assert_eq!(report["files"][0]["bad_rows"], 0, "table {number}: {report}");
}
