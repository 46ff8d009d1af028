//! How much memory a conversion takes at its peak, by the kernel's count of the process: every kind
//! of file of the benchmark, and files that are large in one way each.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tarn_tests::{Project, program_path, python, repository};

/// At full speed, and with the option for little memory.
const SETTINGS: &[(&[&str], f64)] = &[(&[], 512.0), (&["--memory", "192M"], 192.0)];

/// What a release takes to convert a file of one row. This build takes more, by the pages of a program ten
/// times as large; that much is allowed beyond the settings (`--memory 192M` and 10,000 columns were measured:
/// 148 MiB in a release, 190 in this build).
const SMALLEST_OF_RELEASE_MIB: f64 = 15.0;

/// A folder of inputs, and the schema that each is read by.
struct Inputs {
    project: Project,
}

impl Inputs {
    fn new() -> Self {
        let project = Project::with("", "dev");
        std::fs::create_dir_all(project.path("in")).unwrap();
        Self { project }
    }

    fn folder(&self) -> PathBuf {
        self.project.path("in")
    }

    /// What is large in one way, by `large.py`.
    fn large(&self, name: &str) {
        let made = python("large.py", &[self.folder().to_str().unwrap(), name]);
        assert_eq!(made.code, 0, "{}", made.stderr);
    }

    /// Converts a file with every setting; its exit status must be the expected one.
    fn check(&self, file: &str, schema: &str, code: i64) {
        let more = (self.smallest() - SMALLEST_OF_RELEASE_MIB).max(0.0);
        self.project.write("schema.toml", schema);
        for (options, most_mib) in SETTINGS {
            let peak = self.peak(file, options);
            let found = peak["peak_mib"].as_f64().unwrap() - more;
            assert_eq!(peak["code"], code, "{file} {options:?}");
            assert!(found < *most_mib, "{file} {options:?}: {found:.0} MiB of at most {most_mib}");
        }
    }

    /// What this build takes for a file of one row.
    fn smallest(&self) -> f64 {
        self.project.write("in/smallest.csv", "1,a\n");
        self.project.write("schema.toml", TWO_COLUMNS);
        let peak = self.peak("smallest.csv", &[]);
        assert_eq!(peak["code"], 0, "{peak}");
        peak["peak_mib"].as_f64().unwrap()
    }

    fn peak(&self, file: &str, options: &[&str]) -> Value {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let (tarn, out) = (text(&program_path("tarn")), text(&self.project.path("out")));
        let (input, schema) = (text(&self.folder().join(file)), text(&self.project.path("schema.toml")));
        let convert = [&tarn, "convert", &input, "--schema", &schema, "--out", &out, "--overwrite"];
        let answer = python("peak.py", &[&convert, options].concat());
        let last = answer.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
    }
}

const TWO_COLUMNS: &str = "header = false\ncolumns = { id = \"int64\", name = \"string\" }\n";

#[test]
fn every_file_of_the_benchmark_fits() {
    let inputs = Inputs::new();
    let scripts = repository().join("scripts/bench.d/convert");
    let made = python(
        "large_inputs.py",
        &[
            scripts.to_str().unwrap(),
            inputs.folder().to_str().unwrap(),
            program_path("tarn-datagen").to_str().unwrap(),
        ],
    );
    assert_eq!(made.code, 0, "{}", made.stderr);
    let rows: Vec<Value> = serde_json::from_str(&made.stdout).unwrap();
    assert!(rows.len() >= 5, "{rows:?}");
    for row in rows {
        inputs.check(row["input"].as_str().unwrap(), row["schema"].as_str().unwrap(), 0);
    }
}

#[test]
fn a_row_of_300_mb_fits() {
    let inputs = Inputs::new();
    inputs.large("one_row");
    inputs.check("one_row.csv", TWO_COLUMNS, 0);
}

#[test]
fn a_quoted_text_of_100_mb_fits() {
    let inputs = Inputs::new();
    inputs.large("quoted_row");
    // Taken apart it is more bad rows than a file may have.
    inputs.check("quoted_row.csv", TWO_COLUMNS, 1);
}

#[test]
fn a_file_without_any_line_end_fits() {
    let inputs = Inputs::new();
    inputs.large("no_line_end");
    inputs.check("no_line_end.csv", TWO_COLUMNS, 0);
}

#[test]
fn ten_thousand_columns_fit() {
    let inputs = Inputs::new();
    inputs.large("many_columns");
    let columns: String = (0..10_000).map(|column| format!("c{column} = \"int64\"\n")).collect();
    inputs.check("many_columns.csv", &format!("header = false\n[columns]\n{columns}"), 0);
}

#[test]
fn lines_that_end_with_cr_fit() {
    let inputs = Inputs::new();
    inputs.large("carriage_returns");
    inputs.check("carriage_returns.csv", TWO_COLUMNS, 0);
}

#[test]
fn a_million_bad_rows_fit() {
    let inputs = Inputs::new();
    inputs.large("bad_rows");
    inputs.check("bad_rows.csv", TWO_COLUMNS, 0);
}

#[test]
fn a_gzip_bomb_is_refused_before_it_costs_anything() {
    let inputs = Inputs::new();
    inputs.large("bomb");
    inputs.check("bomb.csv", TWO_COLUMNS, 1);
}
